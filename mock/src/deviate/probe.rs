//! For each deviation, calls on the demo data that show it: answered differently than by the faithful mock.

use super::Deviation;
use super::Deviation as D;

/// One step of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A call: the model as in the URL, and the form body.
    Call(&'static str, &'static str),
    /// Whatever waits is run.
    RunTasks,
}

use Step::Call;

const ONE: &[Step] = &[Call("Abonents", "method1=objects.get&arg1={\"id\":\"3\"}&fields=[\"id\",\"name\"]")];
const MISSING: &[Step] = &[Call("Abonents", "method1=objects.get&arg1={\"id\":999999}")];

impl Deviation {
    /// Calls that show it, to be sent in order.
    pub fn probe(self) -> &'static [Step] {
        match self {
            D::EnvelopeErrorAsObject
            | D::EnvelopeErrorBesideNull
            | D::HttpErrors500
            | D::HttpMissing404
            | D::HttpErrorsAsPages => MISSING,
            D::EscapingHtml => {
                &[Call("AdminCustomReports", "method1=objects.filter&arg1={\"sql__contains\":\"'\"}&fields=[\"sql\"]")]
            }
            _ => ONE,
        }
    }
}
