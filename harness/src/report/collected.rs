//! A run as the written reports need it: everything that came of it, in one place.

use std::time::Duration;

use carbon_specs::Provenance;
use serde_json::Value;

use super::Event;
use super::causes::{Cause, causes};
use crate::catalog::Form;
use crate::diff::Side;
use crate::exchange::{Exchange, Sent};
use crate::fault::Fault;
use crate::outcome::{CaseOutcome, ExampleOutcome, FormOutcome, Status};
use crate::regression::changes::Change;

/// So much of each reply is kept, in bytes.
pub(super) const KEPT: usize = 16 * 1024;

/// What came of a run.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// The server, or `embedded`: the embedded mock takes any free port, and a report must not differ for that.
    pub target: String,
    /// The examples.
    pub examples: Vec<ExampleOutcome>,
    /// The cases of rules.
    pub cases: Vec<CaseOutcome>,
}

/// One spelling of an example, or one case of a rule, as a report shows it.
#[derive(Clone, Debug)]
pub struct Item {
    /// `abonents-3.1 (corrected)`, or a rule's id.
    pub name: String,
    /// What it is about: the example's title, or the case's name.
    pub title: String,
    /// The section's heading, or `Rules`.
    pub section: String,
    /// `page line 85`, or a rule's standing.
    pub source: String,
    /// How sure we are of it.
    pub standing: Provenance,
    /// How it ended.
    pub status: Status,
    /// Why it was not run, or what the list of known faults says.
    pub reason: Option<String>,
    /// The request as a command to copy.
    pub request: Option<String>,
    /// The reply, or how it begins.
    pub reply: Option<String>,
    /// What is wrong.
    pub wrong: Vec<Wrong>,
    /// How long it took.
    pub elapsed: Duration,
}

/// One thing that is wrong, as a report shows it.
#[derive(Clone, Debug, Default)]
pub struct Wrong {
    /// Where, or what.
    pub at: String,
    /// What must hold; may be empty.
    pub expected: String,
    /// What was there; may be empty.
    pub got: String,
    /// Lines that differ, each with its sign: a blank, `-` or `+`.
    pub lines: Vec<(char, String)>,
}

impl Collected {
    /// Takes one event in.
    pub fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Started { target, is_ours, .. } => {
                self.target = if *is_ours { "embedded".to_owned() } else { (*target).to_owned() };
            }
            Event::Example(outcome) => {
                let mut outcome = (*outcome).clone();
                for exchange in outcome.forms.iter_mut().flat_map(|form| &mut form.exchanges) {
                    exchange.answer.body.truncate(KEPT);
                }
                self.examples.push(outcome);
            }
            Event::Case(outcome) => self.cases.push((*outcome).clone()),
            Event::Working { .. } | Event::Finished(_) => {}
        }
    }

    /// Everything, item by item, in the order it was run.
    pub fn items(&self) -> Vec<Item> {
        let examples =
            self.examples.iter().flat_map(|outcome| outcome.forms.iter().map(|form| self.form(outcome, form)));
        examples.chain(self.cases.iter().map(|outcome| self.case(outcome))).collect()
    }

    /// The errors that several findings come from.
    pub fn causes(&self) -> Vec<Cause> {
        let examples = self.examples.iter().flat_map(|outcome| {
            outcome.forms.iter().flat_map(|form| &form.faults).map(|fault| (outcome.id.as_str(), fault))
        });
        let cases = self.cases.iter().flat_map(|case| case.faults.iter().map(|fault| (case.rule.as_str(), fault)));
        let refusals = examples.chain(cases).filter_map(|(name, fault)| {
            fault.mismatch().filter(|mismatch| mismatch.is_refusal).map(|mismatch| (name, mismatch.observed.as_str()))
        });
        causes(refusals)
    }

    fn form(&self, outcome: &ExampleOutcome, form: &FormOutcome) -> Item {
        let spelling = match (outcome.erratum.is_some(), form.form) {
            (false, _) => "",
            (true, Form::Printed) => " (misprint, as printed)",
            (true, Form::Corrected) => " (corrected)",
        };
        let turn = form.faults.iter().find_map(|fault| match fault {
            Fault::Reply { turn, .. } => *turn,
            _ => None,
        });
        let exchange = form.exchanges.get(turn.map_or(0, |turn| turn.saturating_sub(1)));
        Item {
            name: format!("{}{spelling}", outcome.id),
            title: outcome.title.clone(),
            section: outcome.heading.clone(),
            source: if outcome.line > 0 { format!("page line {}", outcome.line) } else { "survey".to_owned() },
            standing: Provenance::Documented,
            status: form.status,
            reason: form.known.clone().or_else(|| form.reason.clone()),
            request: exchange.map(|exchange| self.curl(&exchange.sent)),
            reply: exchange.map(reply),
            wrong: form.faults.iter().map(wrong).collect(),
            elapsed: form.elapsed,
        }
    }

    fn case(&self, outcome: &CaseOutcome) -> Item {
        Item {
            name: outcome.rule.clone(),
            title: format!("{} ({})", outcome.says, outcome.name),
            section: "Rules".to_owned(),
            source: outcome.line.map_or_else(|| outcome.provenance.to_string(), |line| format!("page line {line}")),
            standing: outcome.provenance,
            status: outcome.status,
            reason: outcome.known.clone().or_else(|| outcome.reason.clone()),
            request: outcome.faults.iter().find_map(Fault::sent).map(|sent| self.curl(sent)),
            reply: None,
            wrong: outcome.faults.iter().map(wrong).collect(),
            elapsed: outcome.elapsed,
        }
    }

    fn curl(&self, sent: &Sent) -> String {
        let base = if self.target == "embedded" { "http://127.0.0.1:8082" } else { &self.target };
        let url = format!("{}{}", base.trim_end_matches('/'), sent.path);
        let quoted = |text: &str| shlex::try_quote(text).map_or_else(|_| format!("{text:?}"), Into::into);
        format!("curl -sS -XPOST {} -d {}", quoted(&url), quoted(&sent.body))
    }
}

/// A reply as a person reads it.
fn reply(exchange: &Exchange) -> String {
    let text = String::from_utf8_lossy(&exchange.answer.body).into_owned();
    match serde_json::from_str::<Value>(&text) {
        Ok(json) => serde_json::to_string_pretty(&json).unwrap_or(text),
        Err(_) => text,
    }
}

fn wrong(fault: &Fault) -> Wrong {
    let at = |text: &str| Wrong { at: text.to_owned(), ..Wrong::default() };
    match fault {
        Fault::Reply { mismatch, .. } | Fault::Before { mismatch } | Fault::After { mismatch } => Wrong {
            at: mismatch.at.clone(),
            expected: mismatch.expected.clone(),
            got: mismatch.observed.clone(),
            lines: Vec::new(),
        },
        Fault::NotJson { status, begins } => Wrong {
            at: "the reply".to_owned(),
            expected: "JSON".to_owned(),
            got: format!("{status}: {begins}"),
            ..Wrong::default()
        },
        Fault::ProvesNothing { at: read } => at(&format!("{read} holds before the task has run: it proves nothing")),
        Fault::Task { failed } => at(&format!("a task failed: {failed}")),
        Fault::Rows { missing, extra } => {
            let rows = |sign: char, rows: &[Vec<String>]| -> Vec<(char, String)> {
                rows.iter().map(|row| (sign, row.join(" "))).collect()
            };
            let lines = [rows('-', missing), rows('+', extra)].concat();
            Wrong { lines, ..at("the statement's rows are not the listed ones") }
        }
        Fault::Arrived { missing, extra } => {
            let calls = |sign: char, calls: &[Sent]| -> Vec<(char, String)> {
                calls.iter().map(|sent| (sign, format!("{} {}", sent.path, sent.body))).collect()
            };
            let lines = [calls('-', missing), calls('+', extra)].concat();
            Wrong { lines, ..at("something else than the contract says was sent") }
        }
        Fault::Shell { ended } => Wrong { got: ended.stderr.clone(), ..at(&ended.told()) },
        Fault::Snapshot { file, difference } => {
            let sign = |side: Side| match side {
                Side::Both => ' ',
                Side::Expected => '-',
                Side::Observed => '+',
            };
            let lines = difference.hunks.iter().flatten().map(|line| (sign(line.side), line.text.clone())).collect();
            Wrong { lines, ..at(&format!("differs from {file}")) }
        }
        Fault::NoSnapshot { file } => at(&format!("there is no {file} yet; `run --update` writes it")),
        Fault::Drift { change: Change { at: place, what, was, is } } => {
            // What a sentence says is shown side by side, too.
            let lines = |sign: char, text: &str| text.lines().map(|line| (sign, line.to_owned())).collect::<Vec<_>>();
            Wrong {
                expected: was.clone(),
                got: is.clone(),
                lines: [lines('-', was), lines('+', is)].concat(),
                ..at(&format!("{place} {what}"))
            }
        }
        Fault::Listed { text } | Fault::Trouble { text } => at(text),
    }
}
