//! Whether what a server tells of its subscribers is shown.

use std::sync::Arc;

use carbon_specs::Schema;

use super::regression_args::given;
use crate::redact::Redactor;
use crate::regression::recording;

/// Values of a server that is not ours.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct PrivacyArgs {
    /// Show names, phones, addresses, passwords and the like on standard output, so that a command can be copied.
    ///
    /// Without it they are placeholders wherever a server other than the embedded mock is asked; in files, in JSON and in
    /// errors they always are. Files and JSON are written at the end, with all that was learned; lines are printed as they come,
    /// and a free text in one may hold a name that only a later reply shows to be one.
    #[arg(long)]
    pub show_values: bool,
}

/// What hides them, with the key of the environment, or one of this run alone.
pub fn redactor(schema: &Arc<Schema>) -> Redactor {
    Redactor::new(Arc::clone(schema), given().unwrap_or_else(recording::random_key))
}
