//! Keeps what is personal out of every report on a server whose data are real.

use std::io;

use bytes::Bytes;

use super::{Event, Reporter};
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::regression::redact::Redactor;

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

    fn exchange(&mut self, exchange: &mut Exchange) {
        // The reply first: what its fields hide is then hidden in sentences, too.
        exchange.answer.body = match exchange.answer.json() {
            Ok(reply) => Bytes::from(self.redactor.value(&reply).to_string()),
            Err(_) => Bytes::from(self.redactor.text(&String::from_utf8_lossy(&exchange.answer.body))),
        };
        exchange.sent.body = self.redactor.body(&exchange.sent.body);
    }

    fn faults(&mut self, faults: &mut [Fault]) {
        for fault in faults {
            fault.each_text(&mut |text| *text = self.redactor.sentence(text));
        }
    }
}

impl<R: Reporter> Reporter for Redacted<R> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Example(outcome) => {
                let mut outcome = (*outcome).clone();
                for form in &mut outcome.forms {
                    form.exchanges.iter_mut().for_each(|exchange| self.exchange(exchange));
                    self.faults(&mut form.faults);
                }
                self.inner.event(&Event::Example(&outcome))
            }
            Event::Case(outcome) => {
                let mut outcome = (*outcome).clone();
                self.faults(&mut outcome.faults);
                self.inner.event(&Event::Case(&outcome))
            }
            other => self.inner.event(other),
        }
    }
}
