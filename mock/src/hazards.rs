//! Overlaps: a whole row written back over what another task changed meanwhile.
//!
//! A task that saves an object carries the row as it was read and as it will be. When its turn comes, a column that
//! it did not touch and that differs from what was read belongs to somebody else, whose change is lost.

use std::collections::HashMap;

use carbon_specs::{ModelId, Schema};
use serde_json::{Value as Json, json};

use crate::orm::convert;
use crate::store::value::show;
use crate::store::{Pk, Store};
use crate::tasks::{Change, Task};

/// What kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HazardKind {
    /// A task undid another's change.
    LostUpdate,
    /// Two tasks wrote the same column; the later one won.
    Conflict,
    /// Two tasks made the same change: the second was asked for before the first was done.
    Repeated,
    /// A task wrote a row that had been deleted, and so brought it back.
    Resurrected,
    /// A call asked for a row that so far exists only in a task.
    TooEarly,
    /// A task could not be carried out.
    FailedTask,
}

impl HazardKind {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::LostUpdate => "lost-update",
            Self::Conflict => "conflict",
            Self::Repeated => "repeated",
            Self::Resurrected => "resurrected",
            Self::TooEarly => "too-early",
            Self::FailedTask => "failed-task",
        }
    }
}

/// One detected trouble.
#[derive(Clone, Debug, PartialEq)]
pub struct Hazard {
    /// What kind.
    pub kind: HazardKind,
    /// When the task ran.
    pub at: String,
    /// The task that did it.
    pub task: u64,
    /// The request that made the task.
    pub request: u64,
    /// The call, in words.
    pub call: String,
    /// The other task and its call, where there is one.
    pub other: Option<(u64, String)>,
    /// The row: model and key.
    pub row: Option<(String, Pk)>,
    /// Column, value lost, value written.
    pub columns: Vec<(String, Json, Json)>,
    /// In one sentence.
    pub says: String,
}

impl Hazard {
    /// For the control API.
    pub fn to_json(&self) -> Json {
        let columns: Vec<Json> = self
            .columns
            .iter()
            .map(|(column, lost, written)| json!({ "column": column, "lost": lost, "written": written }))
            .collect();
        json!({
            "kind": self.kind.name(),
            "at": self.at,
            "task": self.task,
            "request": self.request,
            "call": self.call,
            "other_task": self.other.as_ref().map(|(task, _)| task),
            "other_call": self.other.as_ref().map(|(_, call)| call),
            "model": self.row.as_ref().map(|(model, _)| model),
            "pk": self.row.as_ref().map(|(_, pk)| pk),
            "columns": columns,
            "says": self.says,
        })
    }
}

/// Which task wrote a row last.
pub type Writers = HashMap<(ModelId, Pk), (u64, String)>;

/// What a task is about to spoil, seen just before it runs.
pub fn overlaps(schema: &Schema, store: &Store, writers: &Writers, task: &Task) -> Vec<Hazard> {
    task.changes.iter().flat_map(|change| overlap(schema, store, writers, task, change)).collect()
}

fn overlap(schema: &Schema, store: &Store, writers: &Writers, task: &Task, change: &Change) -> Vec<Hazard> {
    let Change::Write { model, pk, base, row } = change else { return Vec::new() };
    let spec = schema.at(*model);
    let other = writers.get(&(*model, *pk)).filter(|(other, _)| *other != task.id).cloned();
    let by = other.as_ref().map_or_else(|| "an earlier change".to_owned(), |(id, call)| format!("task {id} ({call})"));
    let hazard = |kind, columns, says| Hazard {
        kind,
        at: show(task.due),
        task: task.id,
        request: task.request,
        call: task.call.clone(),
        other: other.clone(),
        row: Some((spec.name.clone(), *pk)),
        columns,
        says,
    };
    let Some(current) = store.get(*model, *pk) else {
        // A row of the same task is not there yet, and was not there before.
        let fresh =
            task.changes.iter().any(|other| matches!(other, Change::Insert { .. }) && other.target() == (*model, *pk));
        let says = format!(
            "task {} ({}) saved {} {pk}, which had been deleted, and so brought it back",
            task.id, task.call, spec.name
        );
        return if fresh { Vec::new() } else { vec![hazard(HazardKind::Resurrected, Vec::new(), says)] };
    };
    let mut lost = Vec::new();
    let mut both = Vec::new();
    let mut same = Vec::new();
    for field in &spec.fields {
        let (read, now, written) = (&base[field.id.0], &current[field.id.0], &row[field.id.0]);
        if now == read {
            continue;
        }
        let entry = (field.column.clone(), convert::to_json(field.kind, now), convert::to_json(field.kind, written));
        if written == read {
            lost.push(entry);
        } else if written == now {
            same.push(entry);
        } else {
            both.push(entry);
        }
    }
    let names = |columns: &[(String, Json, Json)]| {
        columns.iter().map(|(column, _, _)| column.as_str()).collect::<Vec<_>>().join(", ")
    };
    let mut hazards = Vec::new();
    if !lost.is_empty() {
        let says = format!(
            "task {} ({}) wrote {} {pk} back as it had read it and undid {} made by {by}: wait until the first task is done",
            task.id,
            task.call,
            spec.name,
            names(&lost)
        );
        hazards.push(hazard(HazardKind::LostUpdate, lost, says));
    }
    if !both.is_empty() {
        let says = format!(
            "task {} ({}) and {by} both changed {} of {} {pk}; the later one won",
            task.id,
            task.call,
            names(&both),
            spec.name
        );
        hazards.push(hazard(HazardKind::Conflict, both, says));
    }
    if !same.is_empty() {
        let says = format!(
            "task {} ({}) set {} of {} {pk} as {by} had just done: it was asked for again before the first was done",
            task.id,
            task.call,
            names(&same),
            spec.name
        );
        hazards.push(hazard(HazardKind::Repeated, same, says));
    }
    hazards
}
