//! Looking ahead: the state as it will be when the waiting tasks have run.

use std::collections::HashSet;
use std::sync::Arc;

use super::Manner;
use crate::deviation::Deviation;
use crate::hazards::Author;
use crate::orm::{Keys, Leases, Tx};
use crate::store::{Pk, Store};
use crate::tasks::{Chance, Task};

/// Keys of rows that follow from tasks which have not run: far from those that requests are given meanwhile.
const FORESEEN_KEYS: Pk = 1 << 40;

/// Among more waiting tasks than this, nobody looks for the one that makes a difference.
const MOST_NAMED: usize = 1_000;

/// The state as it will be. It grows with each task that is queued, and stays true as these run.
#[derive(Clone, Debug)]
pub(super) struct Ahead {
    /// That state.
    pub store: Store,
    /// The last task that is in it.
    pub last: u64,
    /// Tasks that will fail.
    doomed: HashSet<u64>,
}

impl Ahead {
    /// With no task in it yet.
    pub fn of(store: Store) -> Self {
        Self { store, last: 0, doomed: HashSet::new() }
    }

    /// Takes the next task in.
    pub fn take(&mut self, manner: Manner, task: &Task) {
        if !imagine(manner, &mut self.store, task) {
            self.doomed.insert(task.id);
        }
        self.last = task.id;
    }

    /// Whether a task that has run is in it, and ended as foreseen.
    pub fn foresaw(&mut self, task: u64, succeeded: bool) -> bool {
        task <= self.last && self.doomed.remove(&task) != succeeded
    }
}

/// Makes a task on a copy; nobody else's keys, dice or addresses are used up. Answers whether it will succeed.
fn imagine(manner: Manner, store: &mut Store, task: &Task) -> bool {
    let (mut chance, mut keys, mut leases) = (Chance::new(0), Keys::above(FORESEEN_KEYS), Leases::default());
    let mut tx = Tx::new(store.clone(), task.due, &mut chance, &mut keys, &mut leases, true);
    let succeeds = manner.make(&mut tx, task, |_, _| {}).is_ok();
    let view = tx.finish().view;
    if succeeds && !manner.on.contains(Deviation::TasksLost) {
        *store = view;
    }
    succeeds
}

/// The state, and what waits.
pub(crate) struct Outlook {
    store: Store,
    tasks: Vec<Arc<Task>>,
    manner: Manner,
}

impl Outlook {
    /// On this state these tasks wait; of too many, none is looked at.
    pub(super) fn new<'t>(store: Store, tasks: impl ExactSizeIterator<Item = &'t Arc<Task>>, manner: Manner) -> Self {
        let tasks = if tasks.len() <= MOST_NAMED { tasks.cloned().collect() } else { Vec::new() };
        Self { store, tasks, manner }
    }

    /// The task whose change makes the difference: after it the state differs, before it did not. None where it has run
    /// meanwhile, or too many wait.
    pub fn culprit(mut self, differs: impl Fn(&Store) -> bool) -> Option<Author> {
        let states: Vec<Store> = self
            .tasks
            .iter()
            .map(|task| {
                imagine(self.manner, &mut self.store, task);
                self.store.clone()
            })
            .collect();
        let first = states.partition_point(|state| !differs(state));
        self.tasks.get(first).map(|task| Author::of(task))
    }
}
