//! The call rewritten before the faithful mock carries it out: what a deviating server would take it for.

mod chains;
mod fields;
mod joins;
mod lookups;
mod methods;
mod writes;

use carbon_specs::Schema;

use crate::deviation::Deviations;
use crate::wire::Call;

pub(crate) use writes::before;

/// The call as a deviating server understands it.
///
/// # Errors
/// The text with which such a server refuses it.
pub(crate) fn rewrite(on: Deviations, schema: &Schema, mut call: Call) -> Result<Call, String> {
    // The chain as it is taken first, then what its methods take, then what its conditions mean.
    chains::order(on, &mut call);
    methods::check(on, schema, &mut call)?;
    fields::rewrite(on, schema, &mut call);
    writes::rewrite(on, schema, &mut call);
    if let Some(model) = schema.model(&call.model) {
        lookups::rewrite(on, schema, model, &mut call)?;
        joins::rewrite(on, schema, model, &mut call)?;
    }
    chains::rewrite(on, &mut call);
    Ok(call)
}
