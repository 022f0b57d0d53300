//! For each deviation, calls on the demo data that show it: answered otherwise than by the faithful mock.

mod conditions;
mod replies;
mod writes;

use crate::deviation::{Deviation, Group};

/// One step of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A call: the model as in the URL, and the form body.
    Call(&'static str, &'static str),
    /// Whatever waits is run.
    RunTasks,
}

impl Deviation {
    /// Calls that show it on the demo data, to be sent in order: one of them is answered otherwise.
    pub fn probe(self) -> &'static [Step] {
        match self.group() {
            Group::Lookups | Group::Joins | Group::Chains => conditions::probe(self),
            Group::Tasks | Group::Http => writes::probe(self),
            _ => replies::probe(self),
        }
    }
}
