//! Goes through the laws: case by case, every law once before any law twice, so that a bound cuts all of them alike.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use carbon_specs::{ModelId, Provenance, Schema};

use super::ask::{Asker, Bounds, Stop};
use super::call::Call;
use super::dice::Dice;
use super::law::{Law, Standing};
use super::look::{self, Wanted};
use super::reply::{Reply, Said};
use super::sample::Sample;
use super::shrink::{self, Failing};
use super::unnamed;
use super::verdict::Judged;
use crate::outcome::Status;
use crate::target::{Client, TargetError};

/// What is checked.
#[derive(Clone, Debug)]
pub struct Options {
    /// The laws.
    pub laws: Vec<Law>,
    /// The laws about every reply.
    pub standing: Vec<Standing>,
    /// These models; nothing means all.
    pub models: Vec<ModelId>,
    /// The seed.
    pub seed: u64,
    /// Cases per law.
    pub cases: usize,
    /// The bounds.
    pub bounds: Bounds,
    /// Whether personal columns may be used in conditions.
    pub personal: bool,
    /// Set when the user has enough: no more is asked, and what was found is told.
    pub interrupted: Arc<AtomicBool>,
}

/// What became of one law.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub says: &'static str,
    /// Where that is said.
    pub source: carbon_specs::Source,
    /// How it ended.
    pub status: Status,
    /// Cases, or replies, that it judged.
    pub cases: usize,
    /// Cases that said nothing.
    pub vacuous: usize,
    /// Why it was not tried.
    pub why: Option<String>,
    /// The smallest case that breaks it.
    pub failing: Option<Failing>,
}

/// What became of one model.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// How many rows there are.
    pub count: Option<u64>,
    /// How many were looked at.
    pub looked_at: usize,
    /// Why none were.
    pub note: Option<String>,
}

/// What became of everything.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The seed.
    pub seed: u64,
    /// Requests sent.
    pub requests: usize,
    /// The models.
    pub models: Vec<Seen>,
    /// The laws.
    pub laws: Vec<Held>,
    /// Why it ended early.
    pub stopped: Option<String>,
    /// Cases that failed once and not again: the data moved.
    pub unsteady: usize,
}

impl Checked {
    /// Whether no law is broken.
    pub fn conforms(&self) -> bool {
        !self.laws.iter().any(|law| law.status.is_red())
    }

    /// How many laws ended so.
    pub fn count(&self, status: Status) -> usize {
        self.laws.iter().filter(|law| law.status == status).count()
    }
}

/// One law on its way.
struct Way {
    law: Law,
    cases: usize,
    vacuous: usize,
    why: Option<String>,
    failing: Option<Failing>,
}

/// Checks a server. `progress` hears the name of each law that is tried, and how many of how many cases are done.
///
/// # Errors
/// The server is gone.
pub async fn check(
    client: &Client,
    schema: &Arc<Schema>,
    options: &Options,
    progress: &mut dyn FnMut(&str, usize, usize),
) -> Result<Checked, TargetError> {
    let mut asker = Asker::new(client, schema, options.bounds, &options.standing, &options.interrupted);
    let mut ways: Vec<Way> =
        options.laws.iter().map(|law| Way { law: *law, cases: 0, vacuous: 0, why: None, failing: None }).collect();
    let wanted = Wanted { models: options.models.clone(), personal: options.personal, seed: options.seed };
    let mut unsteady = 0;
    let mut models = Vec::new();
    progress("the first look", 0, options.cases * ways.len());
    let stopped = match look::look(&mut asker, schema, &wanted).await {
        Ok(sample) => {
            models = sample.tables.iter().map(seen).collect();
            go(&mut asker, &sample, options, &mut ways, &mut unsteady, progress).await.err()
        }
        Err(stop) => Some(stop),
    };
    let stopped = match stopped {
        Some(Stop::Unreachable(error)) => return Err(error),
        Some(stop) => Some(stop.to_string()),
        None => None,
    };
    let mut laws = standing(&mut asker, schema).await?;
    laws.extend(ways.into_iter().map(|way| held(way, stopped.as_deref())));
    Ok(Checked { seed: options.seed, requests: asker.sent(), models, laws, stopped, unsteady })
}

fn seen(table: &super::sample::Table) -> Seen {
    Seen { name: table.name.clone(), count: table.count, looked_at: table.rows.len(), note: table.note.clone() }
}

async fn go(
    asker: &mut Asker<'_>,
    sample: &Sample,
    options: &Options,
    ways: &mut [Way],
    unsteady: &mut usize,
    progress: &mut dyn FnMut(&str, usize, usize),
) -> Result<(), Stop> {
    let all = options.cases * ways.len();
    let mut done = 0;
    for case in 0..options.cases {
        for way in ways.iter_mut() {
            done += 1;
            progress(way.law.name, done, all);
            // A law that is broken is broken: its requests are better spent on the others.
            if way.failing.is_none() {
                try_one(asker, sample, options, way, case, unsteady).await?;
            }
        }
    }
    Ok(())
}

async fn try_one(
    asker: &mut Asker<'_>,
    sample: &Sample,
    options: &Options,
    way: &mut Way,
    case: usize,
    unsteady: &mut usize,
) -> Result<(), Stop> {
    let mut dice = Dice::new(options.seed, way.law.name, case);
    let pick = match (way.law.make)(sample, &mut dice) {
        Ok(pick) => pick,
        Err(why) => {
            way.why = Some(why.to_owned());
            return Ok(());
        }
    };
    let calls = (way.law.calls)(sample, &pick);
    let replies = asker.ask_all(&calls).await?;
    match way.law.judged(sample, &pick, &replies) {
        Judged::Holds => way.cases += 1,
        Judged::Vacuous(why) => {
            way.vacuous += 1;
            way.why = Some(why.to_owned());
        }
        Judged::Fails(_) => {
            if let Some(method) = lacking(asker, sample, &calls, &replies).await? {
                way.vacuous += 1;
                way.why = Some(unnamed::told(&method));
                return Ok(());
            }
            way.cases += 1;
            // Once may be somebody's change between two of our reads; only what fails again is told.
            let replies = asker.ask_all(&calls).await?;
            match way.law.judged(sample, &pick, &replies) {
                Judged::Fails(wrong) => {
                    let failing = Failing { calls, replies, wrong };
                    way.failing = Some(failing.clone());
                    way.failing = Some(shrink::smallest(asker, sample, &way.law, pick, failing).await?);
                }
                _ => *unsteady += 1,
            }
        }
    }
    Ok(())
}

/// A method that the page never calls and that this server refuses whatever it is asked: the calls that it refused say
/// nothing about the law then.
async fn lacking(
    asker: &mut Asker<'_>,
    sample: &Sample,
    calls: &[Call],
    replies: &[Reply],
) -> Result<Option<String>, Stop> {
    let refused = calls.iter().zip(replies).filter(|(_, reply)| matches!(reply.said, Said::Error(_)));
    for (call, _) in refused {
        for method in unnamed::unnamed(&sample.schema, call.steps.iter().map(|step| step.method.as_str())) {
            let probed = asker.ask(&unnamed::probe(&call.model, method)).await?;
            if matches!(probed.said, Said::Error(_)) {
                return Ok(Some(method.to_owned()));
            }
        }
    }
    Ok(None)
}

fn status(source: carbon_specs::Source, wrong: Option<Provenance>) -> Status {
    let standing = wrong.map_or(source.provenance(), |wrong| wrong.max(source.provenance()));
    if standing <= Provenance::Derived { Status::Fail } else { Status::Warn }
}

fn held(way: Way, stopped: Option<&str>) -> Held {
    let law = way.law;
    let status = match (&way.failing, way.cases) {
        (Some(failing), _) => status(law.source, failing.wrong.standing),
        (None, 0) => Status::NotRun,
        _ => Status::Pass,
    };
    let why = (status == Status::NotRun).then(|| match (&way.why, stopped) {
        (Some(why), _) => why.clone(),
        (None, Some(stopped)) => stopped.to_owned(),
        (None, None) => "no cases were asked for".to_owned(),
    });
    let (cases, vacuous) = (way.cases, way.vacuous);
    Held { name: law.name, says: law.says, source: law.source, status, cases, vacuous, why, failing: way.failing }
}

async fn standing(asker: &mut Asker<'_>, schema: &Schema) -> Result<Vec<Held>, TargetError> {
    let mut held = Vec::new();
    for tried in std::mem::take(&mut asker.standing) {
        let law = tried.law;
        let failing = match tried.smallest {
            None => None,
            Some((call, reply, wrong)) => match shrink::smallest_call(asker, schema, &law, call, reply, wrong).await {
                Ok(failing) => Some(failing),
                Err(Stop::Unreachable(error)) => return Err(error),
                Err(_) => None,
            },
        };
        let status = match &failing {
            Some(failing) => status(law.source, failing.wrong.standing),
            None if tried.replies == 0 => Status::NotRun,
            None => Status::Pass,
        };
        held.push(Held {
            name: law.name,
            says: law.says,
            source: law.source,
            status,
            cases: tried.replies,
            vacuous: 0,
            why: (status == Status::NotRun).then(|| "no reply could be judged".to_owned()),
            failing,
        });
    }
    Ok(held)
}
