//! Walks the steps of a story: calls, reads, waiting, time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Instant;

use carbon_specs::step::{Check, Read, Step};
use serde_json::Value;

use super::{Replayer, Stop, anywhere, is_about_error, is_about_shape, not_json, refused};
use crate::bindings::Bindings;
use crate::brief::cut;
use crate::check::{self, Mismatch};
use crate::control;
use crate::exchange::{Exchange, Sent};
use crate::fault::Fault;
use crate::sandbox;

/// Where in a story a step stands; decides what a mismatch is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Putting in place what the call needs.
    Before,
    /// What must hold afterwards.
    After,
}

impl Stage {
    fn fault(self, mismatch: Mismatch) -> Fault {
        match self {
            Self::Before => Fault::Before { mismatch },
            Self::After => Fault::After { mismatch },
        }
    }
}

/// Whether a check can be held on a server with other rows than the demo's.
fn holds_anywhere(check: &Check) -> bool {
    is_about_shape(check) || is_about_error(check)
}

/// Whether a story proves something on a server with other rows than the demo's.
pub fn proves_anywhere(steps: &[Step]) -> bool {
    let checks = steps.iter().flat_map(|step| match step {
        Step::Call { reply, .. } => reply.as_slice(),
        _ => &[],
    });
    checks.into_iter().any(holds_anywhere)
}

/// The steps' surroundings: whom to ask, what names mean, where faults go.
pub(super) struct Stories<'a> {
    pub(super) replayer: &'a Replayer,
    pub(super) bindings: &'a mut Bindings,
    pub(super) faults: &'a mut Vec<Fault>,
}

impl Stories<'_> {
    /// Walks the steps in order.
    pub(super) async fn walk(&mut self, steps: &[Step], stage: Stage) -> Result<(), Stop> {
        for (index, step) in steps.iter().enumerate() {
            let known = self.faults.len();
            match step {
                Step::Call { path, body, reply, save } => {
                    let sent = Sent { path: self.bindings.text(path), body: self.bindings.text(body) };
                    let exchange = self.replayer.client.call(sent).await?;
                    self.take(&exchange, reply, save, stage);
                    if steps.len() > 1 {
                        // A read says what it asked; of several calls one could not tell which it was.
                        self.faults[known..]
                            .iter_mut()
                            .for_each(|fault| fault.locate(&format!("step {}: ", index + 1)));
                    }
                }
                Step::Read(read) => {
                    if let Err(mismatch) = self.see(read).await? {
                        self.refuse(stage, mismatch);
                    }
                }
                Step::Settle => self.settle().await?,
                Step::Advance { by } => control::advance(&self.replayer.client, by).await?,
            }
        }
        Ok(())
    }

    /// Holds a call's answer to its checks, and keeps what later steps need of it.
    fn take(&mut self, exchange: &Exchange, checks: &[Check], save: &BTreeMap<String, String>, stage: Stage) {
        let Ok(answer) = exchange.answer.json() else {
            self.faults.push(not_json(exchange));
            return;
        };
        if let Some(refusal) = refused(checks, &answer) {
            self.refuse(stage, refusal.asked(&exchange.sent));
            return;
        }
        if let Some(pk) = answer.pointer("/result/pk") {
            self.bindings.bind("pk", pk.clone());
        }
        let mut wrong = Vec::new();
        for (name, pointer) in save {
            match answer.pointer(pointer) {
                Some(value) => self.bindings.bind(name.as_str(), value.clone()),
                None => {
                    wrong.push(Mismatch::new(pointer.as_str(), format!("a value for ${name}"), answer.to_string()));
                }
            }
        }
        let by_value = self.replayer.compare.is_by_value();
        let held = checks.iter().filter_map(|check| {
            if by_value || is_about_error(check) {
                Some(Cow::Borrowed(check))
            } else if is_about_shape(check) {
                anywhere(check, &answer)
            } else {
                None
            }
        });
        wrong.extend(held.filter_map(|check| check::hold(&check, &answer, self.bindings).err()));
        self.faults.extend(wrong.into_iter().map(|mismatch| stage.fault(mismatch.asked(&exchange.sent))));
    }

    /// Notes a mismatch. That one step after the other is refused for the same reason tells nothing new.
    fn refuse(&mut self, stage: Stage, mismatch: Mismatch) {
        let told = |fault: &Fault| {
            fault.mismatch().is_some_and(|known| known.is_refusal && known.observed == mismatch.observed)
        };
        if !(mismatch.is_refusal && self.faults.iter().any(told)) {
            self.faults.push(stage.fault(mismatch));
        }
    }

    /// Waits until every task is done.
    pub(super) async fn settle(&mut self) -> Result<(), Stop> {
        if !self.replayer.client.is_ours() {
            return Ok(());
        }
        let ran = control::run_tasks(&self.replayer.client).await?;
        self.faults.extend(ran.failed.into_iter().map(|failed| Fault::Task { failed }));
        Ok(())
    }

    /// Insists that no read of the steps holds yet, up to the first further call: what comes after that is about the
    /// further call. Reads marked `already` are left out.
    pub(super) async fn insist_nothing_holds_yet(&mut self, steps: &[Step]) -> Result<(), Stop> {
        let until_call = steps.iter().take_while(|step| !matches!(step, Step::Call { .. }));
        for step in until_call {
            if let Step::Read(read) = step
                && !read.already
                && self.read(read).await?.is_ok()
            {
                let filter = self.bindings.value(&Value::Object(read.filter.clone()));
                let field = read.field.as_deref().unwrap_or("count");
                self.faults.push(Fault::ProvesNothing { at: format!("{} {filter} {field}", read.model) });
            }
        }
        Ok(())
    }

    /// Reads until it is as it must be, or the deadline has passed, where tasks of a foreign server must be waited for.
    async fn see(&mut self, read: &Read) -> Result<check::Verdict, Stop> {
        let started = Instant::now();
        let mut pauses = sandbox::pauses();
        loop {
            let verdict = self.read(read).await?;
            let waits = self.replayer.client.may_write() && started.elapsed() < self.replayer.settle;
            match pauses.next().filter(|_| verdict.is_err() && waits) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Ok(verdict),
            }
        }
    }

    async fn read(&mut self, read: &Read) -> Result<check::Verdict, Stop> {
        let question = check::question(read, self.bindings);
        let exchange = self.replayer.client.call(question).await?;
        let verdict = match exchange.answer.json() {
            Ok(answer) => check::observe(read, &answer).and_then(|found| check::hold_read(read, &found, self.bindings)),
            Err(_) => {
                let body = String::from_utf8_lossy(&exchange.answer.body);
                Err(Mismatch::new(format!("read of {}", read.model), "JSON", cut(&body, 200)))
            }
        };
        Ok(verdict.map_err(|mismatch| mismatch.asked(&exchange.sent)))
    }
}
