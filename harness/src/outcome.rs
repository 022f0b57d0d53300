//! What came of each example and each case, and of the run: plain values for the reports.

use std::collections::BTreeMap;
use std::time::Duration;

use carbon_specs::Provenance;
use carbon_specs::example::{Erratum, Kind};
use serde::{Deserialize, Serialize, Serializer};

use crate::catalog::Form;
use crate::exchange::{Exchange, Sent};
use crate::fault::Fault;
use crate::literal::Ended;

/// How something ended, the harmless first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// As it should be.
    Pass,
    /// Not run; the reason is beside it.
    NotRun,
    /// Wrong as the list of known faults says this server is; the entry is beside it.
    Known,
    /// Not as observed elsewhere, or as we assume: this server owes us nothing there.
    Warn,
    /// Keeps what the contract says, but its shape is not the snapshot's.
    Drift,
    /// Not as it should be.
    Fail,
}

impl Status {
    /// Whether it makes the run end badly.
    pub fn is_red(self) -> bool {
        matches!(self, Self::Fail | Self::Drift)
    }
}

/// One spelling of a call, replayed.
#[derive(Clone, Debug, Serialize)]
pub struct FormOutcome {
    /// Which spelling.
    pub form: Form,
    /// How it ended.
    pub status: Status,
    /// Why it was not run, or why nothing is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was sent and answered, turn by turn.
    #[serde(rename = "sent", serialize_with = "sent")]
    pub exchanges: Vec<Exchange>,
    /// The same, asked a second time to see what moves by itself.
    #[serde(skip)]
    pub again: Vec<Exchange>,
    /// What the list of known faults says, where it excuses this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// What is wrong.
    pub faults: Vec<Fault>,
    /// Whether the baseline has this call, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_baseline: Option<bool>,
    /// The snapshot that was rewritten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// How its shell text ended, where one was run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<Ended>,
    /// The folder that its shell text ran in, where it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// How long it took.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub elapsed: Duration,
}

impl FormOutcome {
    /// A spelling that was not run.
    pub fn not_run(form: Form, reason: String) -> Self {
        Self {
            form,
            status: Status::NotRun,
            reason: Some(reason),
            exchanges: Vec::new(),
            again: Vec::new(),
            known: None,
            faults: Vec::new(),
            in_baseline: None,
            updated: None,
            shell: None,
            folder: None,
            elapsed: Duration::ZERO,
        }
    }
}

/// One documented call, in all its spellings.
#[derive(Clone, Debug, Serialize)]
pub struct ExampleOutcome {
    /// The id.
    pub id: String,
    /// The page's line.
    pub line: u32,
    /// The section's short name.
    pub section: String,
    /// Its heading on the page.
    pub heading: String,
    /// What the call is for.
    pub title: String,
    /// The model.
    pub model: String,
    /// Read or write.
    pub kind: Kind,
    /// The misprint, where there is one.
    pub erratum: Option<Erratum>,
    /// As printed, and as corrected.
    pub forms: Vec<FormOutcome>,
}

impl ExampleOutcome {
    /// The worst of its spellings.
    pub fn status(&self) -> Status {
        self.forms.iter().map(|form| form.status).max().unwrap_or(Status::NotRun)
    }
}

/// One case of a rule.
#[derive(Clone, Debug, Serialize)]
pub struct CaseOutcome {
    /// The rule's id.
    pub rule: String,
    /// The page's line, where it is documented.
    pub line: Option<u32>,
    /// How sure we are of the rule.
    pub provenance: Provenance,
    /// The rule.
    pub says: String,
    /// The case.
    pub name: String,
    /// How it ended.
    pub status: Status,
    /// Why it was not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the list of known faults says, where it excuses this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// What is wrong.
    pub faults: Vec<Fault>,
    /// How many calls it made.
    pub requests: usize,
    /// How long it took.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub elapsed: Duration,
}

/// Counts of one kind of thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// All of them.
    pub total: usize,
    /// See [`Status::Pass`].
    pub pass: usize,
    /// See [`Status::Fail`].
    pub fail: usize,
    /// See [`Status::Drift`].
    pub drift: usize,
    /// See [`Status::Warn`].
    pub warn: usize,
    /// See [`Status::Known`].
    pub known: usize,
    /// See [`Status::NotRun`].
    pub not_run: usize,
}

impl Tally {
    /// How many were run.
    pub fn run(&self) -> usize {
        self.total - self.not_run
    }

    /// Counts one more.
    pub fn count(&mut self, status: Status) {
        self.total += 1;
        match status {
            Status::Pass => self.pass += 1,
            Status::NotRun => self.not_run += 1,
            Status::Known => self.known += 1,
            Status::Warn => self.warn += 1,
            Status::Drift => self.drift += 1,
            Status::Fail => self.fail += 1,
        }
    }

    /// How many make the run end badly.
    pub fn red(&self) -> usize {
        self.fail + self.drift
    }
}

/// The whole run in numbers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Documented calls; one counts as matching when all its spellings do.
    pub examples: Tally,
    /// Calls that cannot work as printed, replayed as printed.
    pub misprints: Tally,
    /// Corrected forms.
    pub corrected: Tally,
    /// Cases of rules.
    pub cases: Tally,
    /// The same by the rules' standing; what the page prints as calls is all documented.
    pub standings: BTreeMap<Provenance, Tally>,
    /// Why what was not run was not, and how often: spellings of examples and cases of rules.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons: BTreeMap<String, usize>,
    /// Requests sent for the calls themselves, and calls of rules.
    pub requests: usize,
    /// Snapshots rewritten.
    pub updated: usize,
    /// Replies that the baseline has no counterpart of.
    pub not_in_baseline: usize,
    /// Snapshot files that no call owns, where all calls were run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub orphans: Vec<String>,
    /// Whether `--fail-fast` left things out.
    pub stopped_early: bool,
    /// Whether the user ended it before it was done.
    pub interrupted: bool,
    /// How long it took.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub elapsed: Duration,
}

impl Summary {
    /// Takes an example in.
    pub fn count_example(&mut self, outcome: &ExampleOutcome) {
        self.examples.count(outcome.status());
        for form in &outcome.forms {
            self.requests += form.exchanges.len();
            self.count_reason(form.status, form.reason.as_deref());
            self.updated += usize::from(form.updated.is_some());
            self.not_in_baseline += usize::from(form.in_baseline == Some(false));
            if outcome.erratum.is_some() {
                match form.form {
                    Form::Printed => self.misprints.count(form.status),
                    Form::Corrected => self.corrected.count(form.status),
                }
            }
        }
    }

    /// Takes a case in.
    pub fn count_case(&mut self, outcome: &CaseOutcome) {
        self.cases.count(outcome.status);
        self.count_reason(outcome.status, outcome.reason.as_deref());
        self.requests += outcome.requests;
        self.standings.entry(outcome.provenance).or_default().count(outcome.status);
    }

    fn count_reason(&mut self, status: Status, reason: Option<&str>) {
        if status != Status::NotRun {
            return;
        }
        // Without what is one call's own: the row that has no binding, what a parser says.
        let reason = reason.unwrap_or("no reason is known");
        let end = [": ", " for "].iter().filter_map(|mark| reason.find(mark)).min().unwrap_or(reason.len());
        *self.reasons.entry(reason[..end].to_owned()).or_default() += 1;
    }

    /// Why what was not run was not, the most frequent first: `119 it writes, and this server is not ours`.
    pub fn told_reasons(&self) -> Vec<String> {
        let mut reasons: Vec<(&String, &usize)> = self.reasons.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        reasons.into_iter().map(|(reason, count)| format!("{count} {reason}")).collect()
    }

    /// Whether everything that was run conforms.
    pub fn conforms(&self) -> bool {
        self.examples.red() == 0 && self.cases.red() == 0
    }
}

fn sent<S: Serializer>(exchanges: &[Exchange], serializer: S) -> Result<S::Ok, S::Error> {
    let sent: Vec<&Sent> = exchanges.iter().map(|exchange| &exchange.sent).collect();
    sent.serialize(serializer)
}

fn seconds<S: Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((elapsed.as_secs_f64() * 1000.0).round() / 1000.0)
}
