//! What the control API tells of a world.

use serde_json::{Value as Json, json};

use super::{Failed, World};
use crate::hazards::Hazard;
use crate::store::value::show;
use crate::tasks::Change;

/// The most rows that are named of a task; a mass change has many.
const MOST_ROWS: usize = 100;

impl Failed {
    /// For the control API.
    pub fn to_json(&self) -> Json {
        json!({ "id": self.task, "error": self.error })
    }
}

impl World {
    /// The hazards so far.
    pub fn hazards_json(&self) -> Json {
        let hazards: Vec<Json> = self.hazards().list().iter().map(Hazard::to_json).collect();
        json!({ "hazards": hazards, "total": self.hazards().total() })
    }

    /// The tasks that wait, and what became of the others.
    pub fn tasks_json(&self) -> Json {
        let schema = self.schema();
        let pending: Vec<Json> = self
            .queue
            .pending()
            .map(|task| {
                let changes = &task.order.changes;
                let rows: Vec<Json> = changes
                    .iter()
                    .take(MOST_ROWS)
                    .map(|change| {
                        let (model, pk) = change.target();
                        json!({ "change": change_name(change), "model": schema.at(model).name, "pk": pk })
                    })
                    .collect();
                let mut told = json!({
                    "id": task.id,
                    "request": task.order.request,
                    "call": &*task.order.call,
                    "queued": show(task.queued),
                    "due": show(task.due),
                    "changes": rows,
                });
                if changes.len() > MOST_ROWS {
                    told["more_changes"] = (changes.len() - MOST_ROWS).into();
                }
                told
            })
            .collect();
        let failed: Vec<Json> = self.failed.iter().map(Failed::to_json).collect();
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
