//! What a world has to tell of trouble: failures, stale changes, calls that came too early.

use jiff::civil::DateTime;

use super::{Failed, World};
use crate::counted::plural;
use crate::foresight::{Stale, task_named};
use crate::hazards::{Author, Hazard, HazardKind, Hazards};
use crate::orm::CallError;
use crate::store::Pk;
use crate::store::value::show;
use crate::tasks::Task;

/// The most failures kept.
const MAX_FAILED: usize = 10_000;

impl World {
    /// The hazards so far.
    pub fn hazards(&self) -> &Hazards {
        &self.hazards
    }

    /// A call came too early for what this task brings: a hazard, until the same call is made again and is not too early
    /// any more. Says what is wrong.
    pub fn too_early(&mut self, request: Option<u64>, call: &str, other: Option<Author>) -> String {
        let who = request.map_or_else(|| call.to_owned(), |request| format!("request {request} ({call})"));
        let task = task_named(other.as_ref());
        let says =
            format!("{who} came too early: what it is about so far exists only in {task}; wait until that is done");
        let at = self.clock.now();
        let hazard = Hazard { request, other, ..of_no_task(HazardKind::TooEarly, at, call.to_owned(), says.clone()) };
        self.hazards.report_early(hazard);
        says
    }

    /// A call is not too early: if it was before, it was only waiting, and no harm is done.
    pub fn was_waiting(&mut self, call: &str) {
        self.hazards.was_waiting(call);
    }

    pub(super) fn tell_unforeseen(&mut self) {
        if std::mem::replace(&mut self.unforeseen, true) {
            return;
        }
        let says = format!(
            "more than {}: nobody looks whether calls come too early until fewer wait",
            plural(self.most_foreseen, "task waits", "tasks wait")
        );
        let at = self.clock.now();
        self.hazards.report(of_no_task(HazardKind::Unforeseen, at, String::new(), says));
    }

    /// A change was made, or was not worth making, that was asked for too soon.
    pub(super) fn tell_stale(&mut self, task: &Task, stale: Stale) {
        let says = stale.says(&Author::of(task).to_string());
        self.report(HazardKind::Stale, task, stale.other, says);
    }

    /// A task could not be carried out.
    pub(super) fn fail(&mut self, task: &Task, error: &CallError, stale: Option<Stale>) {
        tracing::error!(task = task.id, call = %task.order.call, "task failed: {error}");
        self.note_failed(Some(task.id), error.to_string());
        let mut says = format!("{} failed and changed nothing: {error}", Author::of(task));
        let other = stale.and_then(|stale| stale.other);
        if let Some(other) = &other {
            says.push_str(&format!("; it was asked for before {other} was done"));
        }
        self.report(HazardKind::FailedTask, task, other, says);
    }

    fn note_failed(&mut self, task: Option<u64>, error: String) {
        if self.failed.len() < MAX_FAILED {
            self.failed.push(Failed { task, error });
        }
    }

    fn report(&mut self, kind: HazardKind, task: &Task, other: Option<Author>, says: String) {
        self.hazards.report(Hazard {
            kind,
            at: show(task.due),
            task: Some(task.id),
            request: Some(task.order.request),
            call: task.order.call.to_string(),
            other,
            row: None,
            columns: Vec::new(),
            says,
        });
    }

    /// A part of the nightly run could not be carried out.
    pub(super) fn fail_at_night(&mut self, midnight: DateTime, row: Option<(String, Pk)>, error: &CallError) {
        let night = Author::Night(midnight.date());
        let what = row.as_ref().map_or_else(String::new, |(model, pk)| format!(" for {model} {pk}"));
        let says = format!("{night} failed{what}, where it changed nothing: {error}");
        tracing::error!("{says}");
        self.note_failed(None, says.clone());
        let hazard = of_no_task(HazardKind::FailedTask, midnight, night.call(), says);
        self.hazards.report(Hazard { row, ..hazard });
    }
}

/// Trouble that comes from no task.
fn of_no_task(kind: HazardKind, at: DateTime, call: String, says: String) -> Hazard {
    let at = show(at);
    Hazard { kind, at, task: None, request: None, call, other: None, row: None, columns: Vec::new(), says }
}
