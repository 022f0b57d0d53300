//! Keeps what came of a run until its end, and takes what was learned meanwhile out of it, before any report is written.

use std::io;

use super::collected::KEPT;
use super::{Event, Reporter};
use crate::fault::Fault;
use crate::outcome::{CaseOutcome, ExampleOutcome};
use crate::redact::Redactor;

/// As much of each reply is held: more than reports show, so that what was cut in the middle of a name is not shown, however
/// much shorter placeholders make the rest.
const HELD: usize = 4 * KEPT;

/// Hands everything on at the end. What it is given has been redacted already, with what was known then.
#[derive(Debug)]
pub struct Held<R> {
    inner: R,
    redactor: Redactor,
    kept: Vec<Kept>,
}

#[derive(Debug)]
enum Kept {
    Example(Box<ExampleOutcome>),
    Case(Box<CaseOutcome>),
}

impl<R: Reporter> Held<R> {
    /// In front of a reporter that writes at the end.
    pub fn new(inner: R, redactor: Redactor) -> Self {
        Self { inner, redactor, kept: Vec::new() }
    }

    fn hand_on(&mut self, kept: Kept) -> io::Result<()> {
        match kept {
            Kept::Example(mut outcome) => {
                for form in &mut outcome.forms {
                    form.exchanges.iter_mut().for_each(|exchange| self.redactor.exchange_again(exchange));
                    self.again(form.reason.iter_mut().chain(&mut form.known), &mut form.faults);
                    if let Some(ended) = &mut form.shell {
                        ended.stderr = self.redactor.text(&ended.stderr);
                    }
                }
                self.inner.event(&Event::Example(&outcome))
            }
            Kept::Case(mut outcome) => {
                let outcome = &mut *outcome;
                self.again(outcome.reason.iter_mut().chain(&mut outcome.known), &mut outcome.faults);
                self.inner.event(&Event::Case(outcome))
            }
        }
    }

    fn again<'t>(&self, told: impl Iterator<Item = &'t mut String>, faults: &mut [Fault]) {
        let hide = |text: &mut String| *text = self.redactor.text(text);
        told.for_each(hide);
        faults.iter_mut().for_each(|fault| fault.each_text(&mut |text| *text = self.redactor.text(text)));
    }
}

impl<R: Reporter> Reporter for Held<R> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Example(outcome) => {
                let mut outcome = (*outcome).clone();
                for exchange in outcome.forms.iter_mut().flat_map(|form| &mut form.exchanges) {
                    exchange.answer.body.truncate(HELD);
                }
                self.kept.push(Kept::Example(Box::new(outcome)));
                Ok(())
            }
            Event::Case(outcome) => {
                self.kept.push(Kept::Case(Box::new((*outcome).clone())));
                Ok(())
            }
            Event::Finished(_) => {
                for kept in std::mem::take(&mut self.kept) {
                    self.hand_on(kept)?;
                }
                self.inner.event(event)
            }
            Event::Started { .. } | Event::Working { .. } => self.inner.event(event),
        }
    }
}
