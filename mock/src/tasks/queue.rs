//! The ordered queue between a reply and its commit. It has no runtime: it says what is due, somebody else waits.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::chance::Chance;
use super::change::Change;

/// How long changes take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The least and the greatest latency before a task starts, in milliseconds.
    pub latency_ms: (u64, u64),
    /// The time one changed object takes, in milliseconds.
    pub service_ms: u64,
}

impl Profile {
    /// Changes are made at once.
    pub const INSTANT: Self = Self { latency_ms: (0, 0), service_ms: 0 };
    /// As the page says: 5-10 seconds for one object (line 136), 10-30 minutes for a mass change (line 65), which is
    /// about a second for each of a thousand objects.
    pub const DOCUMENTED: Self = Self { latency_ms: (5_000, 10_000), service_ms: 1_000 };
    /// An overloaded server.
    pub const SLOW: Self = Self { latency_ms: (30_000, 60_000), service_ms: 3_000 };
}

/// What one request asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// The request in the journal that made it.
    pub request: u64,
    /// The call in words, for people.
    pub call: Arc<str>,
    /// What it does.
    pub changes: Vec<Change>,
    /// How many times the state had moved when the request was answered: what moved it later, the request did not see.
    pub seen: u64,
}

/// Changes of one request, waiting for their turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Its number, in the order of the requests.
    pub id: u64,
    /// What was asked for.
    pub order: Order,
    /// When it was queued.
    pub queued: DateTime,
    /// When it is done.
    pub due: DateTime,
}

/// Tasks run one after another, in the order of their requests.
#[derive(Clone, Debug)]
pub struct Queue {
    profile: Profile,
    pending: BTreeMap<(DateTime, u64), Arc<Task>>,
    next_id: u64,
    busy_until: Option<DateTime>,
}

impl Queue {
    /// An empty queue.
    pub fn new(profile: Profile) -> Self {
        Self { profile, pending: BTreeMap::new(), next_id: 1, busy_until: None }
    }

    /// How long changes take.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Queues what one request asks for; answers the task it became.
    pub fn push(&mut self, order: Order, now: DateTime, chance: &mut Chance) -> Arc<Task> {
        let (low, high) = self.profile.latency_ms;
        let latency = if high == 0 { 0 } else { chance.between(low, high) };
        let objects = order.changes.iter().map(Change::target).collect::<std::collections::BTreeSet<_>>().len();
        let service = self.profile.service_ms.saturating_mul(objects.max(1) as u64);
        let arrival = later(now, latency);
        let start = self.busy_until.map_or(arrival, |busy| busy.max(arrival));
        let due = later(start, service);
        self.busy_until = Some(due);
        let id = self.next_id;
        self.next_id += 1;
        let task = Arc::new(Task { id, order, queued: now, due });
        self.pending.insert((due, id), Arc::clone(&task));
        task
    }

    /// Takes the earliest task that is due by a moment.
    pub fn pop_due(&mut self, now: DateTime) -> Option<Arc<Task>> {
        let entry = self.pending.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    /// The newest waiting task instead of this one; each takes the other's time.
    pub fn newest_instead(&mut self, task: Arc<Task>) -> Arc<Task> {
        let newest = self.pending.keys().copied().max_by_key(|(_, id)| *id).filter(|(_, id)| *id > task.id);
        let Some(other) = newest.and_then(|key| self.pending.remove(&key)) else { return task };
        let (earlier, later) = (task.due, other.due);
        let at = |task: &Task, due| Arc::new(Task { due, ..task.clone() });
        self.pending.insert((later, task.id), at(&task, later));
        at(&other, earlier)
    }

    /// Tasks were taken before their time: the next one need not wait for them.
    pub fn rest(&mut self) {
        if self.pending.is_empty() {
            self.busy_until = None;
        }
    }

    /// When the next task is due.
    pub fn next_due(&self) -> Option<DateTime> {
        self.pending.keys().next().map(|(due, _)| *due)
    }

    /// The waiting tasks in their order.
    pub fn pending(&self) -> impl DoubleEndedIterator<Item = &Arc<Task>> + ExactSizeIterator {
        self.pending.values()
    }

    /// How many tasks wait.
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// Whether no task waits.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }
}

fn later(moment: DateTime, milliseconds: u64) -> DateTime {
    let span = SignedDuration::from_millis(i64::try_from(milliseconds).unwrap_or(i64::MAX));
    moment.checked_add(span).unwrap_or(DateTime::MAX)
}
