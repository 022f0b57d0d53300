//! Overlaps: what a task is about to do to a row that another changed since the task's request was answered.
//!
//! A task that saves an object carries the row as it was read and as it will be. When its turn comes, a column that
//! it did not touch and that differs from what was read belongs to somebody else, whose change is lost. A task that
//! sets single columns (`update`) loses nothing but what somebody else put there.

use carbon_specs::{Field, ModelId, Schema};
use serde_json::Value as Json;

use super::{Author, Authors, Hazard, HazardKind};
use crate::billing;
use crate::orm::convert;
use crate::store::value::show;
use crate::store::{Pk, Row, Store, Value};
use crate::tasks::{Change, Overlap, Patch, Task};

/// One column that somebody else changed.
struct Clash<'a> {
    kind: HazardKind,
    by: &'a Author,
    field: &'a Field,
    now: &'a Value,
    written: &'a Value,
}

/// What a change of a task spoils in the state that it meets: the one that the task's earlier changes have made already.
pub fn overlaps(
    schema: &Schema,
    state: &Store,
    authors: &Authors,
    mode: Overlap,
    task: &Task,
    change: &Change,
) -> Vec<Hazard> {
    let seen = task.order.seen;
    let (model, pk) = change.target();
    let Some(current) = state.get(model, pk) else {
        let saved = matches!(change, Change::Write { .. });
        let deleted = authors.of_deletion(model, pk, seen).filter(|_| saved);
        return deleted.map(|by| resurrected(schema, task, (model, pk), by)).into_iter().collect();
    };
    let name = &schema.at(model).name;
    let author = |field: &Field| {
        // What follows from other rows is made up for when the task has run.
        let kept = billing::follows_from_rows(name, &field.column);
        authors.of(model, pk, field.id, seen).filter(|_| !kept)
    };
    let fields = &schema.at(model).fields;
    let clashes: Vec<Clash<'_>> = match change {
        Change::Write { base, row, .. } => {
            fields.iter().filter_map(|field| clash_of_row(field, base, current, row, author(field)?)).collect()
        }
        Change::Patch { columns, .. } => columns
            .iter()
            .filter_map(|(field, patch)| {
                let Patch::Set(written) = patch else { return None };
                let (field, now) = (&fields[field.0], &current[field.0]);
                let kind = if written == now { HazardKind::Repeated } else { HazardKind::Conflict };
                Some(Clash { kind, by: author(field)?, field, now, written })
            })
            .collect(),
        Change::Insert { .. } | Change::Delete { .. } => Vec::new(),
    };
    told(schema, mode, task, (model, pk), &clashes)
}

fn clash_of_row<'a>(field: &'a Field, base: &Row, current: &'a Row, row: &'a Row, by: &'a Author) -> Option<Clash<'a>> {
    let (read, now, written) = (&base[field.id.0], &current[field.id.0], &row[field.id.0]);
    let kind = if now == read {
        return None;
    } else if written == read {
        HazardKind::LostUpdate
    } else if written == now {
        HazardKind::Repeated
    } else {
        HazardKind::Conflict
    };
    Some(Clash { kind, by, field, now, written })
}

/// One hazard for each kind and each author.
fn told(schema: &Schema, mode: Overlap, task: &Task, (model, pk): (ModelId, Pk), clashes: &[Clash<'_>]) -> Vec<Hazard> {
    let name = &schema.at(model).name;
    let mut hazards: Vec<Hazard> = Vec::new();
    for kind in [HazardKind::LostUpdate, HazardKind::Conflict, HazardKind::Repeated] {
        let mut left: Vec<&Clash<'_>> = clashes.iter().filter(|clash| clash.kind == kind).collect();
        while let Some(by) = left.first().map(|clash| clash.by) {
            let (own, others): (Vec<_>, Vec<_>) = left.into_iter().partition(|clash| clash.by == by);
            left = others;
            let names: Vec<&str> = own.iter().map(|clash| clash.field.column.as_str()).collect();
            let says = sentence(kind, mode, task, &format!("{name} {pk}"), &names.join(", "), by);
            hazards.push(Hazard {
                columns: own.iter().map(|clash| column(clash)).collect(),
                ..hazard(kind, task, (name.clone(), pk), by, says)
            });
        }
    }
    hazards
}

fn sentence(kind: HazardKind, mode: Overlap, task: &Task, row: &str, names: &str, by: &Author) -> String {
    let task = Author::of(task);
    match kind {
        HazardKind::Conflict => format!("{task} and {by} both changed {names} of {row}; the later one won"),
        HazardKind::Repeated => {
            format!(
                "{task} set {names} of {row} as {by} had just done: it was asked for again before the first was done"
            )
        }
        _ => {
            let kept = match mode {
                Overlap::Serialize => " (only here was nothing lost: this mock serializes overlaps)",
                Overlap::Faithful | Overlap::Refuse => "",
            };
            format!(
                "{task} wrote {row} back as it had read it and undid {names} made by {by}: wait until that is done{kept}"
            )
        }
    }
}

fn column(clash: &Clash<'_>) -> (String, Json, Json) {
    let kind = clash.field.kind;
    (clash.field.column.clone(), convert::to_json(kind, clash.now), convert::to_json(kind, clash.written))
}

fn resurrected(schema: &Schema, task: &Task, (model, pk): (ModelId, Pk), by: &Author) -> Hazard {
    let name = &schema.at(model).name;
    let says = format!("{} saved {name} {pk}, which {by} had deleted, and so brought it back", Author::of(task));
    hazard(HazardKind::Resurrected, task, (name.clone(), pk), by, says)
}

fn hazard(kind: HazardKind, task: &Task, row: (String, Pk), by: &Author, says: String) -> Hazard {
    Hazard {
        kind,
        at: show(task.due),
        task: Some(task.id),
        request: Some(task.order.request),
        call: task.order.call.to_string(),
        other: Some(by.clone()),
        row: Some(row),
        columns: Vec::new(),
        says,
    }
}
