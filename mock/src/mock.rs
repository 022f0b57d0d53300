//! [`Mock`]: one world behind a lock, answering calls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use carbon_specs::demo::{self, DemoError};
use carbon_specs::{Contract, LoadError, Provenance, Schema};
use jiff::Span;
use jiff::civil::DateTime;
use serde_json::{Value as Json, json};

use crate::answer::{self, Answered};
use crate::chain;
use crate::deviate::{self, Deviations};
use crate::journal::{self, Entry};
use crate::orm::CallError;
use crate::store::{StateError, Store};
use crate::tasks::{Clock, ClockError, Overlap, Profile};
use crate::verdict::Verdict;
use crate::wire::{Call, Outcome, Reply};
use crate::world::{Ran, World};

/// What a mock starts with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The contract it serves.
    pub contract: Arc<Contract>,
    /// The seed of everything random.
    pub seed: u64,
    /// The clock.
    pub clock: Clock,
    /// How long changes take.
    pub tasks: Profile,
    /// What happens when a save overlaps a waiting task.
    pub overlap: Overlap,
    /// Subscribers beyond those the page names.
    pub filler: usize,
    /// The state to start from, instead of the demo data.
    pub state: Option<Json>,
    /// How it misbehaves on purpose; usually not at all.
    pub deviations: Deviations,
}

impl Options {
    /// The embedded contract, the demo data, seed 1, the system's clock and the page's task times.
    ///
    /// # Errors
    /// An embedded contract that is not sound: a bug of ours.
    pub fn new() -> Result<Self, LoadError> {
        Ok(Self {
            contract: Arc::new(Contract::embedded()?),
            seed: 1,
            clock: Clock::system(),
            tasks: Profile::DOCUMENTED,
            overlap: Overlap::Faithful,
            filler: demo::DEFAULT_FILLER,
            state: None,
            deviations: Deviations::NONE,
        })
    }
}

/// Why a mock cannot start.
#[derive(Debug, thiserror::Error)]
pub enum MockError {
    /// The state is wrong.
    #[error("the state is refused: {0}")]
    State(#[from] StateError),
    /// The demo data is wrong.
    #[error("the demo data is refused: {0}")]
    Demo(#[from] DemoError),
}

/// What can be said of a call before it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prospect {
    /// It changes nothing.
    pub reads: bool,
    /// Answering it takes no time to speak of.
    pub quick: bool,
}

/// A server without a socket. Clones share one world.
#[derive(Clone, Debug)]
pub struct Mock(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    contract: Arc<Contract>,
    schema: Arc<Schema>,
    seed: u64,
    tasks: Profile,
    overlap: Overlap,
    deviations: Deviations,
    start: Mutex<(Store, Clock)>,
    world: Mutex<World>,
}

impl Mock {
    /// A mock with a state of its own.
    ///
    /// # Errors
    /// Where the state or the demo data is wrong.
    pub fn new(options: Options) -> Result<Self, MockError> {
        let schema = Arc::new(options.contract.schema.clone());
        let now = options.clock.now();
        let store = match &options.state {
            Some(state) => Store::from_state(&schema, state, now)?,
            None => {
                let filler = demo::filler(&schema, options.filler);
                let rows = options.contract.demo.iter().cloned().chain(filler);
                Store::from_rows(&schema, rows, now)?
            }
        };
        let (tasks, overlap) = deviate::pace(options.deviations, options.tasks, options.overlap);
        let world = World::new(store.clone(), options.clock.clone(), tasks, overlap, options.seed)
            .deviating(options.deviations);
        Ok(Self(Arc::new(Shared {
            contract: options.contract,
            schema,
            seed: options.seed,
            tasks,
            overlap,
            deviations: options.deviations,
            start: Mutex::new((store, options.clock)),
            world: Mutex::new(world),
        })))
    }

    /// The contract it serves.
    pub fn contract(&self) -> &Arc<Contract> {
        &self.0.contract
    }

    /// A task or request that panicked left the world as it was: it is changed by whole assignments only.
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it misbehaves on purpose.
    pub fn deviations(&self) -> Deviations {
        self.0.deviations
    }

    /// What can be said of a call before it is answered.
    pub fn prospect(&self, call: &Call) -> Prospect {
        let schema = &self.0.schema;
        if !self.0.deviations.is_empty() {
            return Prospect { reads: false, quick: false };
        }
        let steps = schema.model(&call.model).and_then(|model| {
            let steps = answer::steps_of(schema, model.id, call).ok()?;
            Some((model.id, steps))
        });
        // What is no call is refused at once.
        let Some((model, steps)) = steps else { return Prospect { reads: true, quick: true } };
        let store = self.world().store.clone();
        Prospect { reads: chain::is_read(schema, model, &steps), quick: answer::is_quick(&store, model, &steps, call) }
    }

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
                self.struck(&call, "a deviation", Some(&error));
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
        answer::reading(store, now, self.0.deviations, model, &steps, call).ok().map(|answered| answered.outcome)
    }

    /// Answers faithfully. Where something else is carried out than was asked, the journal tells what was asked.
    fn answer(&self, call: Call, asked: Option<&Call>) -> Reply {
        let (id, at, snapshot) = {
            let mut world = self.world();
            world.run_due();
            (world.journal.reserve(), world.clock.now(), world.store.clone())
        };
        let (schema, on) = (&self.0.schema, self.0.deviations);
        let model = schema.model(&call.model);
        let asked = asked.unwrap_or(&call);
        let words = journal::in_words(model.map_or(call.model.as_str(), |model| &model.name), asked);
        let answer = match model {
            Some(model) => answer::steps_of(schema, model.id, &call).and_then(|steps| {
                if chain::is_read(schema, model.id, &steps) {
                    answer::reading(snapshot, at, on, model.id, &steps, &call).map(|answered| (answered, None))
                } else {
                    let mut world = self.world();
                    let mut answered = answer::writing(&mut world, model.id, &steps, &call)?;
                    let changes = std::mem::take(&mut answered.changes);
                    world.admit(&changes)?;
                    let task = (!changes.is_empty()).then(|| world.enqueue(id, words.clone(), changes));
                    Ok((answered, task))
                }
            }),
            None => Err(CallError::UnknownModel(unknown_model(schema, &call.model))),
        };
        let mut violation = false;
        let mut early = None;
        match (&answer, model) {
            (Err(CallError::DoesNotExist { .. }) | Ok((Answered { found: false, .. }, None)), Some(model)) => {
                early = self.world().too_early(id, &words, |foreseen| {
                    let again = answer::steps_of(schema, model.id, &call)
                        .and_then(|steps| answer::reading(foreseen, at, on, model.id, &steps, &call));
                    match again {
                        Ok(again) => again.found,
                        Err(CallError::DoesNotExist { .. }) => false,
                        // It got far enough to want a change.
                        Err(_) => true,
                    }
                });
            }
            (Ok(_), _) => self.world().was_waiting(&words),
            (Err(_), _) => {}
        }
        let (outcome, provenance, task, mut warnings) = match answer {
            Ok((answer, task)) => (answer.outcome, answer.provenance, task, answer.warnings),
            Err(error) => {
                violation = breaks_contract(&error);
                let provenance = standing(&error);
                (Outcome::Error(error.to_string()), provenance, None, Vec::new())
            }
        };
        warnings.extend(early);
        warnings.extend(call.warnings.iter().cloned());
        let error = match &outcome {
            Outcome::Error(text) => Some(text.clone()),
            _ => None,
        };
        match &error {
            Some(error) => tracing::error!(request = id, "{words}: {error}"),
            None => tracing::info!(request = id, task, "{words}"),
        }
        let methods = asked.steps.iter().map(|step| step.method.clone()).collect();
        self.world().journal.push(Entry {
            id,
            at,
            path: call.path.clone(),
            call: words,
            methods,
            model: model.map_or_else(|| call.model.clone(), |model| model.name.clone()),
            error,
            violation,
            provenance,
            task,
            warnings: warnings.clone(),
        });
        Reply { call: call.path, outcome, provenance, hazards: warnings }
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

    /// Notes in the journal that a fault on purpose met a call, with the error it was given, if it was one. No violation:
    /// the call was not at fault.
    pub fn struck(&self, call: &Call, fault: &str, error: Option<&str>) {
        let model = self.0.schema.model(&call.model).map_or(call.model.as_str(), |model| &model.name);
        let mut world = self.world();
        let (id, at) = (world.journal.reserve(), world.clock.now());
        world.journal.push(Entry {
            id,
            at,
            path: call.path.clone(),
            call: journal::in_words(model, call),
            methods: Vec::new(),
            model: model.to_owned(),
            error: error.map(str::to_owned),
            violation: false,
            provenance: Provenance::Assumed,
            task: None,
            warnings: vec![format!("a fault on purpose: {fault}")],
        });
    }

    /// Back to the start: state, clock, dice, queue and journal.
    pub fn reset(&self) {
        let (store, clock) = self.0.start.lock().unwrap_or_else(PoisonError::into_inner).clone();
        *self.world() =
            World::new(store, clock, self.0.tasks, self.0.overlap, self.0.seed).deviating(self.0.deviations);
    }

    /// The committed state.
    pub fn state(&self) -> Json {
        // The copy is cheap; writing it out is not, and must not hold up the calls.
        let store = self.world().store.clone();
        store.to_state()
    }

    /// Replaces the state and starts over from it; `reset` comes back to it too.
    ///
    /// # Errors
    /// The first entry that is wrong; nothing is replaced then.
    pub fn put_state(&self, state: &Json) -> Result<(), StateError> {
        let now = self.world().clock.now();
        let store = Store::from_state(&self.0.schema, state, now)?;
        self.0.start.lock().unwrap_or_else(PoisonError::into_inner).0 = store;
        self.reset();
        Ok(())
    }

    /// A copy of the committed state and the moment it was taken at.
    pub fn snapshot(&self) -> (Store, DateTime) {
        let world = self.world();
        (world.store.clone(), world.clock.now())
    }

    /// How many tasks wait.
    pub fn waiting(&self) -> usize {
        self.world().queue.len()
    }

    /// The waiting tasks.
    pub fn tasks(&self) -> Json {
        self.world().tasks_json()
    }

    /// Runs every waiting task now.
    pub fn run_tasks(&self) -> Json {
        let Ran { ran, failed } = self.world().drain();
        let failed: Vec<Json> = failed.iter().map(|(id, error)| json!({ "id": id, "error": error })).collect();
        json!({ "ran": ran, "failed": failed })
    }

    /// Lets time pass.
    ///
    /// # Errors
    /// Where the calendar ends, or the span is too long.
    pub fn advance(&self, span: Span) -> Result<DateTime, ClockError> {
        let mut world = self.world();
        let moment = world.clock.after(span)?;
        world.advance_to(moment);
        Ok(world.clock.now())
    }

    /// Sets the clock; what falls in between happens.
    ///
    /// # Errors
    /// Where the moment is too far ahead.
    pub fn set_clock(&self, moment: DateTime) -> Result<(), ClockError> {
        let mut world = self.world();
        let moment = world.clock.reach(moment)?;
        world.advance_to(moment);
        Ok(())
    }

    /// Moves the clock to the next waiting task and runs it; the clock stays where nothing waits.
    ///
    /// # Errors
    /// Where the task is too far ahead.
    pub fn jump(&self) -> Result<(), ClockError> {
        let mut world = self.world();
        if let Some(due) = world.queue.next_due() {
            let moment = world.clock.reach(due)?;
            world.advance_to(moment);
        }
        Ok(())
    }

    /// The time.
    pub fn clock(&self) -> Json {
        let world = self.world();
        let kind = if matches!(world.clock, Clock::System { .. }) { "system" } else { "virtual" };
        json!({ "now": crate::store::Value::DateTime(world.clock.now()).to_string(), "clock": kind })
    }

    /// The calls so far, and what they spoilt.
    pub fn journal(&self) -> Json {
        let world = self.world();
        let mut journal = world.journal.to_json();
        journal["hazards"] = world.hazards_json()["hazards"].take();
        if !self.0.deviations.is_empty() {
            journal["deviations"] = self.0.deviations.names();
        }
        journal
    }

    /// The overlaps and failed tasks so far.
    pub fn hazards(&self) -> Json {
        self.world().hazards_json()
    }

    /// What was seen so far, judged.
    pub fn verdict(&self) -> Verdict {
        let world = self.world();
        let hazards = world.hazards().iter().map(|hazard| hazard.says.clone()).collect();
        world.journal.judge().verdict(&self.0.contract, hazards)
    }

    /// The models, for other tools.
    pub fn schema_json(&self) -> Json {
        self.0.schema.to_json()
    }

    /// When something happens next of itself.
    pub fn next_due(&self) -> Option<DateTime> {
        self.world().next_event()
    }

    /// Runs what is due.
    pub fn tick(&self) {
        self.world().run_due();
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
