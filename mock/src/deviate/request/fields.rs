//! `fields` taken for something else.

use carbon_specs::Schema;

use crate::deviation::{Deviation as D, Deviations};
use crate::orm::project;
use crate::wire::Call;

/// Changes what is to be shown.
pub fn rewrite(on: Deviations, schema: &Schema, call: &mut Call) {
    if on.contains(D::ProjectionFieldsIgnored) {
        call.fields = None;
    }
    let plain = call.steps.iter().all(|step| {
        let generic = &schema.generic;
        generic.manager.contains_key(&step.method) || generic.queryset.contains_key(&step.method)
    });
    let Some(paths) = &mut call.fields else { return };
    if on.contains(D::ProjectionUnknownIgnored)
        && plain
        && let Some(model) = schema.model(&call.model)
    {
        paths.retain(|path| project::shape(schema, model.id, std::slice::from_ref(path)).is_ok());
    }
    if on.contains(D::ProjectionFirstLinkOnly) {
        for path in paths.iter_mut() {
            // A name may begin with underscores.
            if let Some(end) = path.find("__").filter(|end| *end > 0) {
                path.truncate(end);
            }
        }
    }
    if on.contains(D::LimitsFiveFields) {
        paths.truncate(5);
    }
}
