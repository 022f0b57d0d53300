//! [`Mock`]: one world behind a lock. How it answers calls is in `handle`; here is what else can be done with it.

mod handle;
mod held;
mod sql;

use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use carbon_specs::demo::{self, DemoError};
use carbon_specs::{Contract, LoadError, Schema};
use jiff::Span;
use jiff::civil::DateTime;
use serde_json::{Value as Json, json};

use crate::answer;
use crate::billing;
use crate::chain;
use crate::deviate;
use crate::deviation::Deviations;
use crate::journal::Verdict;
use crate::store::{StateError, Store};
use crate::tasks::{Clock, ClockError, Overlap, Profile};
use crate::wire::Call;
use crate::world::{Failed, Ran, World};
use held::{Held, Pulse};

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
    pub state: Option<Start>,
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

/// A state to start from.
#[derive(Clone, Debug)]
pub enum Start {
    /// As JSON in hand.
    Rows(Json),
    /// As the text of a state file, of which never more than a row is held as JSON.
    File {
        /// What an error calls it.
        name: String,
        /// The text.
        text: Vec<u8>,
    },
}

impl From<Json> for Start {
    fn from(rows: Json) -> Self {
        Self::Rows(rows)
    }
}

/// Why a mock cannot start.
#[derive(Debug, thiserror::Error)]
pub enum MockError {
    /// The state is wrong.
    #[error("the state is refused: {0}")]
    State(#[from] StateError),
    /// The state file is wrong.
    #[error("{name} is refused: {error}")]
    File {
        /// The file.
        name: String,
        /// Why.
        error: StateError,
    },
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
    pulse: Mutex<Pulse>,
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
            Some(Start::Rows(state)) => Store::from_state(&schema, state, now)?,
            Some(Start::File { name, text }) => {
                Store::from_text(&schema, text, now).map_err(|error| MockError::File { name: name.clone(), error })?
            }
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
            pulse: Mutex::new(Pulse::of(&world)),
            world: Mutex::new(world),
        })))
    }

    /// The contract it serves.
    pub fn contract(&self) -> &Arc<Contract> {
        &self.0.contract
    }

    /// A task or request that panicked left the world as it was: it is changed by whole assignments only.
    fn world(&self) -> Held<'_> {
        Held::new(self.0.world.lock().unwrap_or_else(PoisonError::into_inner), &self.0.pulse)
    }

    /// Holds the world up, as a long computation does.
    #[cfg(test)]
    pub(crate) fn hold(&self) -> Held<'_> {
        self.world()
    }

    fn pulse(&self) -> Pulse {
        self.0.pulse.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How it misbehaves on purpose.
    pub fn deviations(&self) -> Deviations {
        self.0.deviations
    }

    /// What can be said of a call before it is answered. Waits for nobody.
    pub fn prospect(&self, call: &Call) -> Prospect {
        let schema = &self.0.schema;
        if !self.0.deviations.is_empty() {
            return Prospect { reads: false, quick: false };
        }
        let world = match self.0.world.try_lock() {
            Ok(world) => Some(world),
            Err(TryLockError::Poisoned(world)) => Some(world.into_inner()),
            // Whoever holds the world may take a while.
            Err(TryLockError::WouldBlock) => None,
        };
        let store = world.filter(|world| world.looks_ahead_at_once()).map(|world| world.store.clone());
        let steps = schema.model(&call.model).and_then(|model| {
            let steps = answer::steps_of(schema, model.id, call).ok()?;
            Some((model.id, steps))
        });
        // What is no call is refused at once.
        let Some((model, steps)) = steps else { return Prospect { reads: true, quick: store.is_some() } };
        Prospect {
            reads: chain::is_read(schema, model, &steps),
            quick: store.is_some_and(|store| answer::is_quick(&store, model, &steps, call)),
        }
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

    /// Refuses a state that calls could not have made: one that was written by hand.
    ///
    /// # Errors
    /// The first row that is wrong.
    pub fn check_state(&self) -> Result<(), StateError> {
        billing::sound::check(&self.snapshot().0)
    }

    /// Replaces the state and starts over from it; `reset` comes back to it too.
    ///
    /// # Errors
    /// The first entry that is wrong; nothing is replaced then.
    pub fn put_state(&self, state: &Json) -> Result<(), StateError> {
        let now = self.world().clock.now();
        self.start_from(Store::from_state(&self.0.schema, state, now)?)
    }

    /// As [`Self::put_state`], from the text of a state file.
    ///
    /// # Errors
    /// The first entry that is wrong, or where the text is no JSON; nothing is replaced then.
    pub fn read_state(&self, text: &[u8]) -> Result<(), StateError> {
        let now = self.world().clock.now();
        self.start_from(Store::from_text(&self.0.schema, text, now)?)
    }

    fn start_from(&self, store: Store) -> Result<(), StateError> {
        billing::sound::check(&store)?;
        self.0.start.lock().unwrap_or_else(PoisonError::into_inner).0 = store;
        self.reset();
        Ok(())
    }

    /// A copy of the committed state and the moment it was taken at.
    pub fn snapshot(&self) -> (Store, DateTime) {
        let world = self.world();
        (world.store.clone(), world.clock.now())
    }

    /// How many tasks wait. Whoever holds the world, the answer comes at once: it is what was when it was taken.
    pub fn waiting(&self) -> usize {
        self.pulse().waiting
    }

    /// The waiting tasks.
    pub fn tasks(&self) -> Json {
        self.world().tasks_json()
    }

    /// Runs every waiting task now.
    pub fn run_tasks(&self) -> Json {
        let Ran { ran, failed } = self.world().drain();
        let failed: Vec<Json> = failed.iter().map(Failed::to_json).collect();
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

    /// The time; it too is told at once.
    pub fn clock(&self) -> Json {
        let clock = self.pulse().clock;
        let kind = if matches!(clock, Clock::System { .. }) { "system" } else { "virtual" };
        json!({ "now": crate::store::Value::DateTime(clock.now()).to_string(), "clock": kind })
    }

    /// The calls so far, and what they spoilt.
    pub fn journal(&self) -> Json {
        let world = self.world();
        let mut journal = world.journal.to_json();
        journal["hazards"] = world.hazards_json()["hazards"].take();
        journal["waiting"] = world.queue.len().into();
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
        let hazards = world.hazards().list().iter().map(|hazard| hazard.says.clone()).collect();
        world.journal.judge().verdict(&self.0.contract, hazards, world.queue.len())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire;

    #[test]
    fn who_holds_the_world_keeps_nobody_from_knowing_the_time() {
        let mut options = Options::new().unwrap();
        options.clock = Clock::Virtual { now: jiff::civil::date(2022, 2, 1).at(10, 0, 0, 0) };
        options.filler = 0;
        let mock = Mock::new(options).unwrap();
        let get = wire::parse("/rest_api/v2/Homes/", br#"method1=objects.get&arg1={"id":1201}"#).unwrap();
        assert!(mock.prospect(&get).quick);
        let held = mock.world();
        assert_eq!(mock.clock()["now"], "2022-02-01 10:00:00");
        assert_eq!(mock.waiting(), 0);
        assert!(!mock.prospect(&get).quick, "it would have to wait");
        drop(held);
        assert!(mock.prospect(&get).quick);
    }
}
