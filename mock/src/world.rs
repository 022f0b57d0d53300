//! One world: state, queue, clock, dice, journal. A value that can be reset and dropped; nothing is global.

use std::collections::HashSet;
use std::sync::Arc;

use carbon_specs::Schema;
use jiff::civil::{Date, DateTime, Time};
use serde_json::{Value as Json, json};

use crate::billing;
use crate::deviate::{self, Deviation, Deviations};
use crate::hazards::{self, Hazard, HazardKind, Writers};
use crate::journal::Journal;
use crate::orm::tx::Finished;
use crate::orm::{CallError, Keys, Leases, Tx};
use crate::store::Store;
use crate::store::value::show;
use crate::tasks::{Chance, Change, Clock, Overlap, Profile, Queue, Task};

/// The most hazards and failed tasks kept; later hazards are only counted.
const MAX_HAZARDS: usize = 10_000;

/// More tasks than this do not wait at once: the next change is refused.
const MOST_WAITING: usize = 1_000_000;

/// With more tasks waiting than this, nobody looks ahead for a row that is not there yet.
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
    hazards: Vec<Hazard>,
    hazards_total: u64,
    /// Calls that were too early so far.
    early: HashSet<String>,
    writers: Writers,
    /// Which waiting task changes a row last.
    waiting: Writers,
    overlap: Overlap,
    most_waiting: usize,
    deviations: Deviations,
    failed: Vec<(u64, String)>,
    ran: u64,
    /// The last day whose daily run is done.
    day: Date,
}

/// What became of tasks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ran {
    /// How many ran.
    pub ran: u64,
    /// Those that failed: number and reason.
    pub failed: Vec<(u64, String)>,
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
            hazards: Vec::new(),
            hazards_total: 0,
            early: HashSet::new(),
            writers: Writers::new(),
            waiting: Writers::new(),
            overlap,
            most_waiting: MOST_WAITING,
            deviations: Deviations::NONE,
            failed: Vec::new(),
            ran: 0,
            day,
        }
    }

    /// One that misbehaves on purpose.
    #[must_use]
    pub fn deviating(mut self, deviations: Deviations) -> Self {
        self.deviations = deviations;
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
        tx.deviations = self.deviations;
        let result = work(&mut tx);
        (result, tx.finish())
    }

    /// Queues the changes of a request; with the profile `instant` they are made at once.
    pub fn enqueue(&mut self, request: u64, call: String, changes: Vec<Change>) -> u64 {
        let now = self.clock.now();
        let rows: Vec<_> = changes.iter().map(Change::target).collect();
        let id = self.queue.push(request, call.clone(), changes, now, &mut self.chance);
        self.waiting.extend(rows.into_iter().map(|row| (row, (id, call.clone()))));
        self.run_due();
        id
    }

    /// Refuses changes while too many wait already; and a save of a row that a waiting task is about to change, where
    /// the world is so minded.
    ///
    /// # Errors
    /// Says how many tasks wait, or names the row and the task.
    pub fn admit(&self, changes: &[Change]) -> Result<(), CallError> {
        if self.queue.len() >= self.most_waiting && !changes.is_empty() {
            return Err(CallError::Refused(format!(
                "{} tasks wait already: wait until some are done",
                self.queue.len()
            )));
        }
        if self.overlap != Overlap::Refuse {
            return Ok(());
        }
        let saves = changes.iter().filter(|change| matches!(change, Change::Write { .. }));
        for (model, pk) in saves.map(Change::target) {
            if let Some((task, call)) = self.waiting.get(&(model, pk)) {
                let name = &self.store.model(model).name;
                return Err(CallError::Refused(format!(
                    "{name} {pk} is about to be changed by task {task} ({call}): wait until it is done"
                )));
            }
        }
        Ok(())
    }

    /// Whether a call that found nothing would have found it, had it waited for the tasks; a hazard then, until the same
    /// call is made again and finds it: then it was waiting, as one should.
    pub fn too_early(&mut self, request: u64, call: &str, ask: impl FnOnce(Store) -> bool) -> Option<String> {
        if self.queue.is_empty() || self.queue.len() > MOST_FORESEEN {
            return None;
        }
        let mut foreseen = self.store.clone();
        for change in self.queue.pending().flat_map(|task| &task.changes) {
            // A task that will fail is reported when it does.
            let _ = change.apply(&mut foreseen);
        }
        if !ask(foreseen) {
            return None;
        }
        let other = self.queue.pending().next_back().map(|task| (task.id, task.call.clone()));
        let says = format!(
            "request {request} ({call}) asked for a row that so far exists only in a waiting task: wait until it is done"
        );
        if self.early.len() >= MAX_HAZARDS || !self.early.insert(call.to_owned()) {
            return Some(says);
        }
        self.report(Hazard {
            kind: HazardKind::TooEarly,
            at: show(self.clock.now()),
            task: other.as_ref().map_or(0, |(id, _)| *id),
            request,
            call: call.to_owned(),
            other,
            row: None,
            columns: Vec::new(),
            says: says.clone(),
        });
        Some(says)
    }

    /// A call found something: if it was too early before, it was only waiting, and no harm is done.
    pub fn was_waiting(&mut self, call: &str) {
        if self.early.remove(call) {
            let told = self.hazards.len();
            self.hazards.retain(|hazard| hazard.kind != HazardKind::TooEarly || hazard.call != call);
            self.hazards_total -= (told - self.hazards.len()) as u64;
        }
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
            self.writers.clear();
        }
    }

    /// Takes the task that runs at a moment.
    fn next_task(&mut self, due: DateTime) -> Option<Task> {
        let task = self.queue.pop_due(due)?;
        let reversed = self.deviations.contains(Deviation::TasksReversed);
        Some(if reversed { self.queue.newest_instead(task) } else { task })
    }

    /// Makes the changes of a task, all or none, and what follows from them.
    fn commit(&mut self, task: &Task) {
        let schema = self.schema();
        for mut hazard in hazards::overlaps(&schema, &self.store, &self.writers, task) {
            if self.overlap == Overlap::Serialize {
                hazard.says.push_str(" (only here was nothing lost: this mock serializes overlaps)");
            }
            self.report(hazard);
        }
        let store = self.store.clone();
        let mut tx = Tx::new(store, task.due, &mut self.chance, &mut self.keys, &mut self.leases, true);
        let (on, overlap) = (self.deviations, self.overlap);
        let result =
            task.changes.iter().try_for_each(|change| tx.apply(deviate::made(on, overlap.made(change)))).and_then(
                |()| match on.contains(Deviation::TasksNothingFollows) {
                    true => Ok(()),
                    false => billing::react(&mut tx, &task.changes),
                },
            );
        let finished = tx.finish();
        self.ran += 1;
        for change in &task.changes {
            if self.waiting.get(&change.target()).is_some_and(|(id, _)| *id == task.id) {
                self.waiting.remove(&change.target());
            }
        }
        match result {
            Ok(()) if self.deviations.contains(Deviation::TasksLost) => {}
            Ok(()) => {
                self.store = finished.view;
                for change in &task.changes {
                    self.writers.insert(change.target(), (task.id, task.call.clone()));
                }
            }
            Err(error) => self.fail(task, &error),
        }
    }

    fn fail(&mut self, task: &Task, error: &CallError) {
        tracing::error!(task = task.id, call = %task.call, "task failed: {error}");
        if self.failed.len() < MAX_HAZARDS {
            self.failed.push((task.id, error.to_string()));
        }
        let says = format!("task {} ({}) failed and changed nothing: {error}", task.id, task.call);
        self.report(Hazard {
            kind: HazardKind::FailedTask,
            at: show(task.due),
            task: task.id,
            request: task.request,
            call: task.call.clone(),
            other: None,
            row: None,
            columns: Vec::new(),
            says,
        });
    }

    fn report(&mut self, hazard: Hazard) {
        tracing::warn!(kind = hazard.kind.name(), "{}", hazard.says);
        self.hazards_total += 1;
        if self.hazards.len() < MAX_HAZARDS {
            self.hazards.push(hazard);
        }
    }

    fn daily(&mut self, midnight: DateTime) {
        let store = self.store.clone();
        let mut tx = Tx::new(store, midnight, &mut self.chance, &mut self.keys, &mut self.leases, true);
        let result = billing::daily(&mut tx, midnight.date()).and_then(|()| {
            let changes = tx.changes().to_vec();
            billing::react(&mut tx, &changes)
        });
        let finished = tx.finish();
        match result {
            Ok(()) => self.store = finished.view,
            Err(error) => tracing::error!(day = %midnight.date(), "the daily run failed: {error}"),
        }
    }

    /// The overlaps and failures so far.
    pub fn hazards(&self) -> &[Hazard] {
        &self.hazards
    }

    /// For the control API.
    pub fn hazards_json(&self) -> Json {
        let hazards: Vec<Json> = self.hazards.iter().map(Hazard::to_json).collect();
        json!({ "hazards": hazards, "total": self.hazards_total })
    }

    /// For the control API.
    pub fn tasks_json(&self) -> Json {
        let schema = self.schema();
        let pending: Vec<Json> = self
            .queue
            .pending()
            .map(|task| {
                let rows: Vec<Json> = task
                    .changes
                    .iter()
                    .map(|change| {
                        let (model, pk) = change.target();
                        json!({ "change": change_name(change), "model": schema.at(model).name, "pk": pk })
                    })
                    .collect();
                json!({
                    "id": task.id,
                    "request": task.request,
                    "call": task.call,
                    "queued": show(task.queued),
                    "due": show(task.due),
                    "changes": rows,
                })
            })
            .collect();
        let failed: Vec<Json> = self.failed.iter().map(|(id, error)| json!({ "id": id, "error": error })).collect();
        json!({ "pending": pending, "ran": self.ran, "failed": failed })
    }
}

fn change_name(change: &Change) -> &'static str {
    match change {
        Change::Insert { .. } => "insert",
        Change::Write { .. } => "write",
        Change::Patch { .. } => "patch",
        Change::Delete { .. } => "delete",
    }
}

#[cfg(test)]
mod tests {
    use carbon_specs::Contract;

    use super::*;

    #[test]
    fn a_full_queue_takes_no_more_changes_until_some_are_made() {
        let schema = Arc::new(Contract::embedded().unwrap().schema);
        let now = jiff::civil::date(2022, 2, 1).at(10, 0, 0, 0);
        let store = Store::from_rows(&schema, std::iter::empty(), now).unwrap();
        let mut world = World::new(store, Clock::Virtual { now }, Profile::DOCUMENTED, Overlap::Faithful, 1);
        world.most_waiting = 2;
        let model = schema.model("Operators").unwrap().id;
        let change = || vec![Change::Delete { model, pk: 1 }];
        for request in 1..=2 {
            world.admit(&change()).unwrap();
            world.enqueue(request, String::new(), change());
        }
        assert_eq!(world.admit(&change()).unwrap_err().to_string(), "2 tasks wait already: wait until some are done");
        assert!(world.admit(&[]).is_ok());
        world.drain();
        assert!(world.admit(&change()).is_ok());
    }
}
