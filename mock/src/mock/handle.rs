//! Answering a call: from a snapshot where it only reads, else with the world in hand; and what is to be told of it.

use carbon_specs::{Provenance, Schema};

use super::Mock;
use crate::answer::{self, Answered, Question};
use crate::chain;
use crate::deviate;
use crate::deviation::Deviations;
use crate::foresight::{Otherwise, Stale};
use crate::hazards::Author;
use crate::journal::{self, Entry};
use crate::orm::CallError;
use crate::store::Store;
use crate::wire::{self, Call, Outcome, Reply};
use crate::world::{Forecast, Outlook};

/// A call that is carried out.
struct Done {
    answered: Result<Answered, CallError>,
    /// The task it became.
    task: Option<u64>,
    timing: Timing,
}

/// Whether a call had better waited.
enum Timing {
    /// It waited for what it is about.
    Fine,
    /// It changes nothing, and this task brings what it is about.
    TooEarly(Option<Author>),
    /// Its task will not do what was meant.
    Stale(Stale),
    /// Nobody looked.
    Unknown,
}

impl Mock {
    /// Answers a call. One that only reads works on a snapshot and holds up nobody.
    pub fn handle(&self, call: Call) -> Reply {
        let on = self.0.deviations;
        if on.is_empty() {
            return self.answer(call, None);
        }
        deviate::handle(
            on,
            &self.0.schema,
            &call,
            |meant| self.answer(meant, Some(&call)),
            |read| self.peek(read),
            |error| {
                self.struck(&call, "a fault on purpose: a deviation".to_owned(), Some(error.clone()));
                let outcome = Outcome::Error(error);
                let provenance = Provenance::Assumed;
                Reply { call: call.path.clone(), outcome, provenance, hazards: Vec::new() }
            },
        )
    }

    /// What a read answers now; no one hears of it.
    fn peek(&self, call: &Call) -> Option<Outcome> {
        let (store, now) = self.snapshot();
        let model = self.0.schema.model(&call.model)?.id;
        let steps = answer::steps_of(&self.0.schema, model, call).ok()?;
        let question = Question { call, model, steps: &steps, now, on: self.0.deviations };
        answer::reading(store, question, false).ok().map(|answered| answered.outcome)
    }

    /// Answers faithfully. Where something else is carried out than was asked, the journal tells what was asked.
    fn answer(&self, call: Call, asked: Option<&Call>) -> Reply {
        let (id, at) = {
            let mut world = self.world();
            world.run_due();
            (world.journal.reserve(), world.clock.now())
        };
        let schema = &self.0.schema;
        let model = schema.model(&call.model);
        let asked = asked.unwrap_or(&call);
        let words = journal::in_words(model.map_or(call.model.as_str(), |model| &model.name), asked);
        let unknown = || CallError::UnknownModel(unknown_model(schema, &call.model));
        let done = model.ok_or_else(unknown).and_then(|model| {
            let steps = answer::steps_of(schema, model.id, &call)?;
            let question = Question { call: &call, model: model.id, steps: &steps, now: at, on: self.0.deviations };
            let reads = chain::is_read(schema, model.id, &steps);
            Ok(if reads { self.read(question) } else { self.write(question, id, &words) })
        });
        let refused = |error| Done { answered: Err(error), task: None, timing: Timing::Unknown };
        let Done { answered, task, timing } = done.unwrap_or_else(refused);
        let mut violation = false;
        let (outcome, provenance, mut warnings) = match answered {
            Ok(answered) => (answered.outcome, answered.provenance, answered.warnings),
            Err(error) => {
                violation = breaks_contract(&error);
                let provenance = standing(&error);
                (Outcome::Error(error.to_string()), provenance, Vec::new())
            }
        };
        let error = match &outcome {
            Outcome::Error(text) => Some(text.clone()),
            _ => None,
        };
        match &error {
            Some(error) => tracing::error!(request = id, "{words}: {error}"),
            None => tracing::info!(request = id, task, "{words}"),
        }
        let steps = model.and_then(|model| answer::steps_of(schema, model.id, asked).ok()).unwrap_or_default();
        let mut world = self.world();
        match timing {
            Timing::Fine => world.was_waiting(&words),
            Timing::TooEarly(other) => warnings.push(world.too_early(Some(id), &words, other)),
            Timing::Stale(stale) => {
                world.was_waiting(&words);
                warnings.push(stale.says(&format!("request {id} ({words})")));
            }
            Timing::Unknown => {}
        }
        warnings.extend(call.warnings.iter().cloned());
        if asked.steps.is_empty() {
            // A pair of the body names the method; the others are lost.
            let others = asked.extra.iter().filter(|(key, _)| steps.iter().any(|step| step.method != *key));
            warnings.extend(others.map(|(key, _)| wire::unread(key)));
        }
        world.journal.push(Entry {
            id,
            at,
            path: call.path.clone(),
            call: words,
            methods: steps.iter().map(|step| step.method.clone()).collect(),
            arguments: steps.iter().map(|step| journal::names(&step.arg)).collect(),
            fields: asked.fields.clone().unwrap_or_default(),
            model: model.map_or_else(|| call.model.clone(), |model| model.name.clone()),
            error,
            violation,
            provenance,
            task,
            warnings: warnings.clone(),
        });
        drop(world);
        Reply { call: call.path, outcome, provenance, hazards: warnings }
    }

    /// Answers from a snapshot; the world is held only to take it.
    fn read(&self, question: Question<'_>) -> Done {
        let (store, forecast) = {
            let mut world = self.world();
            (world.store.clone(), world.ahead())
        };
        let mut answered = answer::reading(store.clone(), question, forecast.is_ahead());
        let outlook = || self.world().outlook();
        let timing = timing(question, &mut answered, &store, forecast, outlook);
        Done { answered, task: None, timing }
    }

    /// Answers and queues what is asked for, with the world in hand.
    fn write(&self, question: Question<'_>, id: u64, words: &str) -> Done {
        let mut world = self.world();
        let (store, forecast) = (world.store.clone(), world.ahead());
        let mut answered = answer::writing(&mut world, question, forecast.is_ahead());
        let timing = timing(question, &mut answered, &store, forecast, || world.outlook());
        let stale = match &timing {
            Timing::Stale(stale) => Some(stale.clone()),
            _ => None,
        };
        let mut task = None;
        let admitted = answered.and_then(|mut answered| {
            let changes = std::mem::take(&mut answered.changes);
            world.admit(&changes, stale.as_ref())?;
            task = (!changes.is_empty()).then(|| world.enqueue(id, words, changes, stale));
            Ok(answered)
        });
        match (&admitted, &timing) {
            // What is refused for being stale spoils nothing.
            (Err(_), Timing::Stale(_)) => Done { answered: admitted, task, timing: Timing::Unknown },
            _ => Done { answered: admitted, task, timing },
        }
    }

    /// The refusal of a body that is no call; the journal shows it too.
    pub fn refuse(&self, path: String, error: String) -> Reply {
        let mut world = self.world();
        let (id, at) = (world.journal.reserve(), world.clock.now());
        world.journal.push(Entry {
            id,
            at,
            path: path.clone(),
            call: path.clone(),
            methods: Vec::new(),
            arguments: Vec::new(),
            fields: Vec::new(),
            model: String::new(),
            error: Some(error.clone()),
            violation: true,
            provenance: Provenance::Assumed,
            task: None,
            warnings: Vec::new(),
        });
        drop(world);
        let outcome = Outcome::Error(error);
        let reply = Reply { call: path, outcome, provenance: Provenance::Assumed, hazards: Vec::new() };
        match self.0.deviations {
            Deviations::NONE => reply,
            on => deviate::reply(on, &self.0.schema, None, reply),
        }
    }

    /// Notes in the journal what met a call instead of being carried out, with the error it was given, if it was one. No
    /// violation: the call was not at fault.
    pub fn struck(&self, call: &Call, told: String, error: Option<String>) {
        let model = self.0.schema.model(&call.model).map_or(call.model.as_str(), |model| &model.name);
        let mut world = self.world();
        let (id, at) = (world.journal.reserve(), world.clock.now());
        world.journal.push(Entry {
            id,
            at,
            path: call.path.clone(),
            call: journal::in_words(model, call),
            methods: Vec::new(),
            arguments: Vec::new(),
            fields: Vec::new(),
            model: model.to_owned(),
            error,
            violation: false,
            provenance: Provenance::Assumed,
            task: None,
            warnings: vec![told],
        });
    }
}

/// Asks the question again of the state as it will be, and of those on the way there for the task that makes a difference.
fn timing(
    question: Question<'_>,
    answered: &mut Result<Answered, CallError>,
    store: &Store,
    forecast: Forecast,
    outlook: impl FnOnce() -> Outlook,
) -> Timing {
    let ahead = match forecast {
        Forecast::Nothing => return Timing::Fine,
        Forecast::Unknown => return Timing::Unknown,
        Forecast::Ahead(ahead) => ahead,
    };
    let now = answer::came(answered, store);
    let otherwise = |state: &Store| now.otherwise(&question.came(state), store);
    let culprit = || outlook().culprit(|state| otherwise(state).is_some());
    match otherwise(&ahead) {
        None => Timing::Fine,
        Some(Otherwise::TooEarly) => Timing::TooEarly(culprit()),
        Some(otherwise) => Timing::Stale(Stale { other: culprit(), otherwise }),
    }
}

fn unknown_model(schema: &Schema, name: &str) -> String {
    let names: Vec<&str> = schema.models.iter().map(|model| model.name.as_str()).collect();
    format!("Unknown model '{name}'. Models are: {}", names.join(", "))
}

/// Whether a refusal tells of a call that no server of this API would take, whatever its state.
fn breaks_contract(error: &CallError) -> bool {
    matches!(
        error,
        CallError::Field(_)
            | CallError::Value(_)
            | CallError::Argument(_)
            | CallError::UnknownModel(_)
            | CallError::UnknownMethod(_)
            | CallError::Malformed(_)
            | CallError::TooMuch(_)
    )
}

/// How sure we are of a refusal's words: Django's follow from Django, the others are ours.
fn standing(error: &CallError) -> Provenance {
    match error {
        CallError::DoesNotExist { .. } | CallError::MultipleObjectsReturned { .. } | CallError::Field(_) => {
            Provenance::Derived
        }
        _ => Provenance::Assumed,
    }
}
