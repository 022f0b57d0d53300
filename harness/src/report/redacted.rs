//! Keeps what is personal out of every report on a server whose data are real.

use std::io;

use super::{Event, Reporter};
use crate::fault::Fault;
use crate::outcome::{CaseOutcome, ExampleOutcome, FormOutcome};
use crate::redact::Redactor;

/// Hides it from the reporters behind it.
#[derive(Debug)]
pub struct Redacted<R> {
    inner: R,
    redactor: Redactor,
}

impl<R: Reporter> Redacted<R> {
    /// In front of a reporter.
    pub fn new(inner: R, redactor: Redactor) -> Self {
        Self { inner, redactor }
    }

    // Both name every part of what they take: a new one is to be thought of here.

    fn form(&self, outcome: &FormOutcome) -> FormOutcome {
        let FormOutcome {
            form,
            status,
            reason,
            exchanges,
            again: _,
            known,
            faults,
            in_baseline,
            updated,
            shell,
            folder,
            elapsed,
        } = outcome.clone();
        let hidden = |mut exchange| {
            self.redactor.exchange(&mut exchange);
            exchange
        };
        FormOutcome {
            form,
            status,
            // The exchanges first: what they hide is hidden in sentences, too.
            exchanges: exchanges.into_iter().map(hidden).collect(),
            // No report shows them.
            again: Vec::new(),
            reason: self.told(reason),
            known: self.told(known),
            faults: self.faults(faults),
            in_baseline,
            updated,
            shell: shell.map(|mut ended| {
                ended.stderr = self.redactor.sentence(&ended.stderr);
                ended
            }),
            folder,
            elapsed,
        }
    }

    fn case(&self, outcome: &CaseOutcome) -> CaseOutcome {
        let CaseOutcome { rule, line, provenance, says, name, status, reason, known, faults, requests, elapsed } =
            outcome.clone();
        let (reason, known, faults) = (self.told(reason), self.told(known), self.faults(faults));
        CaseOutcome { rule, line, provenance, says, name, status, reason, known, faults, requests, elapsed }
    }

    fn told(&self, text: Option<String>) -> Option<String> {
        text.map(|text| self.redactor.sentence(&text))
    }

    fn faults(&self, mut faults: Vec<Fault>) -> Vec<Fault> {
        for fault in &mut faults {
            if let Some(sent) = fault.sent_mut() {
                self.redactor.sent(sent);
            }
            fault.each_text(&mut |text| *text = self.redactor.sentence(text));
        }
        faults
    }
}

impl<R: Reporter> Reporter for Redacted<R> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Example(outcome) => {
                let forms = outcome.forms.iter().map(|form| self.form(form)).collect();
                let outcome = ExampleOutcome { forms, ..(*outcome).clone() };
                self.inner.event(&Event::Example(&outcome))
            }
            Event::Case(outcome) => self.inner.event(&Event::Case(&self.case(outcome))),
            // The program's own words: the target as it was typed, ids, counts.
            Event::Started { .. } | Event::Working { .. } | Event::Finished(_) => self.inner.event(event),
        }
    }
}
