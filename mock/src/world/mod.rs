//! One world: state, queue, clock, dice, journal. A value that can be reset and dropped; nothing is global.

mod ahead;
mod told;
mod trouble;

use std::collections::HashMap;
use std::sync::Arc;

use carbon_specs::{ModelId, Schema};
use jiff::civil::{Date, DateTime, Time};

use crate::billing;
use crate::counted::plural;
use crate::deviate;
use crate::deviation::{Deviation, Deviations};
use crate::foresight::Stale;
use crate::hazards::{Author, Authors, Hazards, overlap};
use crate::journal::Journal;
use crate::orm::tx::{Failure, Finished};
use crate::orm::{CallError, Keys, Leases, Tx};
use crate::store::{Pk, Store};
use crate::tasks::{Chance, Change, Clock, Order, Overlap, Profile, Queue, Task};

use ahead::Ahead;
pub(crate) use ahead::Outlook;

/// More tasks than this do not wait at once: the next change is refused.
const MOST_WAITING: usize = 1_000_000;

/// More tasks than this are not foreseen at once.
const MOST_FORESEEN: usize = 10_000;

/// Everything one server knows.
#[derive(Clone, Debug)]
pub struct World {
    /// What is committed: what everybody sees.
    pub store: Store,
    /// What waits.
    pub queue: Queue,
    /// The time.
    pub clock: Clock,
    /// What was asked.
    pub journal: Journal,
    chance: Chance,
    keys: Keys,
    leases: Leases,
    hazards: Hazards,
    /// Whether it is told that nobody looks ahead.
    unforeseen: bool,
    authors: Authors,
    /// Which waiting task changes a row last.
    waiting: HashMap<(ModelId, Pk), Arc<Task>>,
    /// Waiting tasks that would not be asked for, or not so, once those before them are done.
    stale: HashMap<u64, Stale>,
    ahead: Option<Ahead>,
    manner: Manner,
    most_waiting: usize,
    most_foreseen: usize,
    failed: Vec<Failed>,
    ran: u64,
    /// How many times the state has moved on.
    moved: u64,
    /// The last day whose daily run is done.
    day: Date,
}

/// How tasks are made here.
#[derive(Clone, Copy, Debug)]
struct Manner {
    overlap: Overlap,
    on: Deviations,
}

impl Manner {
    /// Makes the changes of a task and what follows from them. `look` sees each change with the state that it meets.
    fn make(self, tx: &mut Tx<'_>, task: &Task, mut look: impl FnMut(&Store, &Change)) -> Result<(), CallError> {
        for change in &task.order.changes {
            look(&tx.store, change);
            tx.apply(deviate::made(self.on, self.overlap.made(change)))?;
        }
        if self.on.contains(Deviation::TasksNothingFollows) {
            return Ok(());
        }
        billing::react(tx, &task.order.changes)
    }
}

/// What could not be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The task; none for a part of the nightly run.
    pub task: Option<u64>,
    /// Why.
    pub error: String,
}

/// What is to come.
pub(crate) enum Forecast {
    /// Nothing waits.
    Nothing,
    /// The state as it will be.
    Ahead(Store),
    /// Too much waits.
    Unknown,
}

impl Forecast {
    /// Whether it is known what is to come.
    pub fn is_ahead(&self) -> bool {
        matches!(self, Self::Ahead(_))
    }
}

/// What became of tasks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ran {
    /// How many ran.
    pub ran: u64,
    /// What failed.
    pub failed: Vec<Failed>,
}

impl World {
    /// A fresh world over a state.
    pub fn new(store: Store, clock: Clock, profile: Profile, overlap: Overlap, seed: u64) -> Self {
        let day = clock.now().date();
        Self {
            store,
            queue: Queue::new(profile),
            clock,
            journal: Journal::default(),
            chance: Chance::new(seed),
            keys: Keys::default(),
            leases: Leases::default(),
            hazards: Hazards::default(),
            unforeseen: false,
            authors: Authors::default(),
            waiting: HashMap::new(),
            stale: HashMap::new(),
            ahead: None,
            manner: Manner { overlap, on: Deviations::NONE },
            most_waiting: MOST_WAITING,
            most_foreseen: MOST_FORESEEN,
            failed: Vec::new(),
            ran: 0,
            moved: 0,
            day,
        }
    }

    /// One that misbehaves on purpose.
    #[must_use]
    pub fn deviating(mut self, deviations: Deviations) -> Self {
        self.manner.on = deviations;
        self
    }

    /// The models.
    pub fn schema(&self) -> Arc<Schema> {
        Arc::clone(self.store.schema())
    }

    /// Lets a request work on a view of the committed state. What it leaves behind is not committed: queue it.
    pub fn view<T>(
        &mut self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, CallError>,
    ) -> (Result<T, CallError>, Finished) {
        let now = self.clock.now();
        let store = self.store.clone();
        let mut tx = Tx::new(store, now, &mut self.chance, &mut self.keys, &mut self.leases, false);
        tx.deviations = self.manner.on;
        let result = work(&mut tx);
        (result, tx.finish())
    }

    /// Queues the changes of a request; with the profile `instant` they are made at once.
    pub(crate) fn enqueue(&mut self, request: u64, call: &str, changes: Vec<Change>, stale: Option<Stale>) -> u64 {
        let order = Order { request, call: call.into(), changes, seen: self.moved };
        let task = self.queue.push(order, self.clock.now(), &mut self.chance);
        let rows = task.order.changes.iter().map(Change::target);
        self.waiting.extend(rows.map(|row| (row, Arc::clone(&task))));
        self.stale.extend(stale.map(|stale| (task.id, stale)));
        self.run_due();
        task.id
    }

    /// Refuses changes while too many wait already. Where the world is so minded, it also refuses a change of a row that
    /// a waiting task is about to change, and one that would be another one once the waiting tasks are done. What only
    /// adds to a row spoils nothing.
    ///
    /// # Errors
    /// Says how many tasks wait, or names the row and the task.
    pub(crate) fn admit(&self, changes: &[Change], stale: Option<&Stale>) -> Result<(), CallError> {
        if self.queue.len() >= self.most_waiting && !changes.is_empty() {
            return Err(CallError::Refused(format!(
                "{} already: wait until some are done",
                plural(self.queue.len(), "task waits", "tasks wait")
            )));
        }
        if self.manner.overlap != Overlap::Refuse {
            return Ok(());
        }
        for (model, pk) in changes.iter().filter(|change| change.replaces()).map(Change::target) {
            if let Some(task) = self.waiting.get(&(model, pk)) {
                let name = &self.store.model(model).name;
                return Err(CallError::Refused(format!(
                    "{name} {pk} is about to be changed by {}: wait until it is done",
                    Author::of(task)
                )));
            }
        }
        stale.map_or(Ok(()), |stale| Err(CallError::Refused(stale.refusal())))
    }

    /// The state as it will be when all that waits is done. Where too much would have to be looked at, nobody looks, and
    /// that is told.
    pub(crate) fn ahead(&mut self) -> Forecast {
        if self.queue.is_empty() {
            return Forecast::Nothing;
        }
        let mut ahead = self.ahead.take().unwrap_or_else(|| Ahead::of(self.store.clone()));
        // Tasks are queued in the order of their numbers: the new ones are at the end.
        let new = self.queue.pending().rev().take_while(|task| task.id > ahead.last).take(self.most_foreseen + 1);
        let new: Vec<&Arc<Task>> = new.collect();
        if new.len() > self.most_foreseen {
            self.tell_unforeseen();
            return Forecast::Unknown;
        }
        new.into_iter().rev().for_each(|task| ahead.take(self.manner, task));
        let store = ahead.store.clone();
        self.ahead = Some(ahead);
        Forecast::Ahead(store)
    }

    /// Whether so little waits that looking ahead takes no time to speak of.
    pub(crate) fn looks_ahead_at_once(&self) -> bool {
        const FEW: usize = 100;
        self.queue.pending().take(FEW + 1).map(|task| task.order.changes.len().max(1)).sum::<usize>() <= FEW
    }

    /// The state and what waits, to find the task that makes a difference.
    pub(crate) fn outlook(&self) -> Outlook {
        Outlook::new(self.store.clone(), self.queue.pending(), self.manner)
    }

    /// Runs what is due by now, daily runs among it.
    pub fn run_due(&mut self) {
        self.run_until(self.clock.now());
    }

    /// Moves the clock and lets everything happen that falls in between, in its order.
    pub fn advance_to(&mut self, moment: DateTime) {
        if moment < self.clock.now() {
            self.clock.set(moment);
            self.day = moment.date();
            return;
        }
        while let Some(next) = self.next_event().filter(|next| *next <= moment) {
            if next > self.clock.now() {
                self.clock.set(next);
            }
            self.run_until(next);
        }
        self.clock.set(moment);
        self.run_until(moment);
    }

    /// Runs every waiting task. A clock of its own moves to the last one's time; the system's stays, and the tasks run
    /// before theirs.
    pub fn drain(&mut self) -> Ran {
        let (ran, failed) = (self.ran, self.failed.len());
        self.run_due();
        while let Some(due) = self.queue.next_due() {
            if matches!(self.clock, Clock::Virtual { .. }) {
                self.advance_to(due);
            } else if let Some(task) = self.next_task(due) {
                self.commit(&task);
            }
        }
        self.queue.rest();
        self.forget_if_idle();
        Ran { ran: self.ran - ran, failed: self.failed[failed..].to_vec() }
    }

    /// When something happens next: a task or the day's run.
    pub fn next_event(&self) -> Option<DateTime> {
        let midnight = self.day.tomorrow().ok()?.to_datetime(Time::midnight());
        Some(self.queue.next_due().map_or(midnight, |due| due.min(midnight)))
    }

    fn run_until(&mut self, moment: DateTime) {
        loop {
            let midnight = self.day.tomorrow().ok().map(|day| day.to_datetime(Time::midnight()));
            let next_day = midnight.filter(|midnight| *midnight <= moment);
            let next_task = self.queue.next_due().filter(|due| *due <= moment);
            match (next_day, next_task) {
                (Some(midnight), task) if task.is_none_or(|due| midnight <= due) => {
                    self.day = midnight.date();
                    self.daily(midnight);
                }
                (_, Some(due)) => {
                    let Some(task) = self.next_task(due) else { break };
                    self.commit(&task);
                }
                _ => break,
            }
        }
        self.forget_if_idle();
    }

    /// With nothing waiting, every promised address is in the state, and no read can be older than the last write.
    fn forget_if_idle(&mut self) {
        if self.queue.is_empty() {
            self.leases.clear();
            self.authors.clear();
            self.ahead = None;
        }
    }

    /// Takes the task that runs at a moment.
    fn next_task(&mut self, due: DateTime) -> Option<Arc<Task>> {
        let task = self.queue.pop_due(due)?;
        let reversed = self.manner.on.contains(Deviation::TasksReversed);
        Some(if reversed { self.queue.newest_instead(task) } else { task })
    }

    /// Makes the changes of a task, all or none, and what follows from them.
    fn commit(&mut self, task: &Task) {
        let (schema, manner) = (self.schema(), self.manner);
        let store = self.store.clone();
        let mut tx = Tx::new(store, task.due, &mut self.chance, &mut self.keys, &mut self.leases, true);
        let mut overlaps = Vec::new();
        let result = manner.make(&mut tx, task, |state, change| {
            overlaps.extend(overlap::overlaps(&schema, state, &self.authors, manner.overlap, task, change));
        });
        let finished = tx.finish();
        self.ran += 1;
        for change in &task.order.changes {
            if self.waiting.get(&change.target()).is_some_and(|last| last.id == task.id) {
                self.waiting.remove(&change.target());
            }
        }
        // Rows that follow got their keys now: the ones foreseen have others.
        let followed = finished.changes.iter().skip(task.order.changes.len());
        let surprise = followed.into_iter().any(|change| matches!(change, Change::Insert { .. }));
        if self.ahead.as_mut().is_some_and(|ahead| surprise || !ahead.foresaw(task.id, result.is_ok())) {
            self.ahead = None;
        }
        let stale = self.stale.remove(&task.id);
        match (result, stale) {
            (Ok(()), _) if manner.on.contains(Deviation::TasksLost) => {}
            (Ok(()), stale) => {
                self.move_on(Author::of(task), finished);
                // What really happened tells more than what could be foreseen.
                match (overlaps.is_empty(), stale) {
                    (true, Some(stale)) => self.tell_stale(task, stale),
                    _ => overlaps.into_iter().for_each(|hazard| self.hazards.report(hazard)),
                }
            }
            // There was nothing left to do.
            (Err(_), Some(stale)) if stale.is_moot() => self.tell_stale(task, stale),
            (Err(error), stale) => self.fail(task, &error, stale),
        }
    }

    /// Takes a new state over, and notes who made it where somebody waits who has not seen it.
    fn move_on(&mut self, author: Author, finished: Finished) {
        self.moved += 1;
        if !self.queue.is_empty() {
            let rows = finished.changes.iter().map(Change::target);
            self.authors.note(author, self.moved, &self.store, &finished.view, rows);
        }
        self.store = finished.view;
    }

    /// The run just after midnight. What fails for one object is told, and the others are served.
    fn daily(&mut self, midnight: DateTime) {
        let store = self.store.clone();
        let mut tx = Tx::new(store, midnight, &mut self.chance, &mut self.keys, &mut self.leases, true);
        let result = billing::daily(&mut tx, midnight.date());
        let mut finished = tx.finish();
        for Failure { model, pk, error } in std::mem::take(&mut finished.failures) {
            let row = (self.store.model(model).name.clone(), pk);
            self.fail_at_night(midnight, Some(row), &error);
        }
        match result {
            Ok(()) if finished.changes.is_empty() => {}
            Ok(()) => {
                self.ahead = None;
                self.move_on(Author::Night(midnight.date()), finished);
            }
            Err(error) => self.fail_at_night(midnight, None, &error),
        }
    }
}

#[cfg(test)]
mod tests {
    use carbon_specs::Contract;

    use super::*;
    use crate::hazards::HazardKind;

    fn world(schema: &Arc<Schema>) -> World {
        let now = jiff::civil::date(2022, 2, 1).at(10, 0, 0, 0);
        let store = Store::from_rows(schema, std::iter::empty(), now).unwrap();
        World::new(store, Clock::Virtual { now }, Profile::DOCUMENTED, Overlap::Faithful, 1)
    }

    #[test]
    fn where_too_much_waits_to_be_foreseen_that_is_told_once_until_it_is_less() {
        let schema = Arc::new(Contract::embedded().unwrap().schema);
        let mut world = world(&schema);
        world.most_foreseen = 2;
        let model = schema.model("Operators").unwrap().id;
        for request in 1..=3 {
            world.enqueue(request, "", vec![Change::Delete { model, pk: 1 }], None);
        }
        for _ in 0..2 {
            assert!(matches!(world.ahead(), Forecast::Unknown));
        }
        let kinds: Vec<_> = world.hazards().list().iter().map(|hazard| hazard.kind).collect();
        assert_eq!(kinds, [HazardKind::Unforeseen]);
        let due = world.queue.next_due().unwrap();
        world.advance_to(due);
        assert!(matches!(world.ahead(), Forecast::Ahead(_)));
        world.drain();
        assert!(matches!(world.ahead(), Forecast::Nothing));
    }

    #[test]
    fn a_full_queue_takes_no_more_changes_until_some_are_made() {
        let schema = Arc::new(Contract::embedded().unwrap().schema);
        let mut world = world(&schema);
        world.most_waiting = 2;
        let model = schema.model("Operators").unwrap().id;
        let change = || vec![Change::Delete { model, pk: 1 }];
        for request in 1..=2 {
            world.admit(&change(), None).unwrap();
            world.enqueue(request, "", change(), None);
        }
        assert_eq!(
            world.admit(&change(), None).unwrap_err().to_string(),
            "2 tasks wait already: wait until some are done"
        );
        assert!(world.admit(&[], None).is_ok());
        world.drain();
        assert!(world.admit(&change(), None).is_ok());
    }
}
