//! One call answered on a view of the state: its steps, what follows from them, and the printing.

use std::borrow::Cow;

use carbon_specs::{ModelId, Provenance, Schema};
use jiff::civil::DateTime;
use serde_json::{Value as Json, json};

use crate::billing;
use crate::chain::{self, Subject};
use crate::deviate::Deviations;
use crate::orm::project::{ListPieces, Listed, Printer, Shape, shape};
use crate::orm::tx::Finished;
use crate::orm::{CallError, Keys, Leases, Query, Tx, execute, plan};
use crate::store::Store;
use crate::tasks::{Chance, Change};
use crate::wire::{Call, Outcome, Step};
use crate::world::World;

/// What a call came to.
pub(crate) struct Answered {
    /// What is replied.
    pub outcome: Outcome,
    /// The weakest standing of what it relies on.
    pub provenance: Provenance,
    /// What the caller should know.
    pub warnings: Vec<String>,
    /// Whether there was anything: not for an empty list, `null`, `false` or 0.
    pub found: bool,
    /// What it asks for.
    pub changes: Vec<Change>,
}

/// Answers a chain that only reads, on a snapshot: nobody waits for it, however long it takes.
pub(crate) fn reading(
    store: Store,
    now: DateTime,
    on: Deviations,
    model: ModelId,
    steps: &[Step],
    call: &Call,
) -> Result<Answered, CallError> {
    // A read draws no keys and throws no dice: what it would take comes from nowhere and goes nowhere.
    let (mut chance, mut keys, mut leases) = (Chance::new(0), Keys::default(), Leases::default());
    let mut tx = Tx::new(store, now, &mut chance, &mut keys, &mut leases, false);
    tx.deviations = on;
    let result = work(&mut tx, model, steps);
    let finished = tx.finish();
    let answered = print(finished, now, result?, call)?;
    if answered.changes.is_empty() {
        Ok(answered)
    } else {
        Err(CallError::Internal("a chain that the contract knows as a read asked for changes".to_owned()))
    }
}

/// Answers a chain that may change something. What it asks for is for the caller to queue.
pub(crate) fn writing(world: &mut World, model: ModelId, steps: &[Step], call: &Call) -> Result<Answered, CallError> {
    let (result, finished) = world.view(|tx| work(tx, model, steps));
    print(finished, world.clock.now(), result?, call)
}

/// Runs the steps and what follows. Only what was asked for counts as a change: what follows is derived again when the
/// task commits.
fn work(tx: &mut Tx<'_>, model: ModelId, steps: &[Step]) -> Result<(Subject, Vec<Change>), CallError> {
    let subject = chain::run(tx, model, steps)?;
    let changes = tx.changes().to_vec();
    billing::react(tx, &changes)?;
    let subject = match subject {
        Subject::Query(query) if query.select.is_some() => Subject::Bare(chain::rows(tx, &query, true)),
        other => other,
    };
    Ok((subject, changes))
}

fn print(
    finished: Finished,
    now: DateTime,
    (subject, changes): (Subject, Vec<Change>),
    call: &Call,
) -> Result<Answered, CallError> {
    let schema = std::sync::Arc::clone(finished.view.schema());
    let Rendered { outcome, named, found } = render(&schema, finished.view, now, subject, call)?;
    let provenance = finished.provenance.max(named);
    Ok(Answered { outcome, provenance, warnings: finished.warnings, found, changes })
}

/// The chain; without `methodN`, a method of the model that the body names directly (`get_version=True`).
pub(crate) fn steps_of<'c>(schema: &Schema, model: ModelId, call: &'c Call) -> Result<Cow<'c, [Step]>, CallError> {
    if !call.steps.is_empty() {
        return Ok(Cow::Borrowed(&call.steps));
    }
    let methods = &schema.at(model).model_methods;
    call.extra
        .iter()
        .find(|(name, _)| methods.contains_key(name))
        .map(|(name, _)| Cow::Owned(vec![Step { number: 1, method: name.clone(), arg: json!({}) }]))
        .ok_or_else(|| CallError::Malformed(call.no_method().to_string()))
}

/// Whether a call is answered in no time, so that nobody need be sent elsewhere meanwhile: all there is are a few rows,
/// or an index leads to the few that it is about and nothing beside them is asked for.
pub(crate) fn is_quick(store: &Store, model: ModelId, steps: &[Step], call: &Call) -> bool {
    const SMALL: usize = 10_000;
    if store.len() <= SMALL {
        return true;
    }
    let schema = store.schema();
    let plain = |path: &String| schema.at(model).field(path).is_some();
    let Some(Step { method, arg: Json::Object(conditions), .. }) = steps.first() else { return false };
    if !matches!(method.as_str(), "objects.get" | "objects.filter") || !call.fields.iter().flatten().all(plain) {
        return false;
    }
    let mut query = Query::all(schema, model);
    // What is refused is refused at once.
    query.filter(conditions).is_err() || plan::is_selective(store, &query)
}

/// The `result` of what a chain came to.
struct Rendered {
    outcome: Outcome,
    /// The standing of what `fields` names.
    named: Provenance,
    found: bool,
}

fn render(schema: &Schema, store: Store, now: DateTime, subject: Subject, call: &Call) -> Result<Rendered, CallError> {
    let shape_of = |model: ModelId| match call.fields.as_deref() {
        None | Some([]) => Ok((Shape::All, Provenance::Documented)),
        Some(paths) => shape(schema, model, paths),
    };
    let printer = Printer::new(store.clone(), now.date(), billing::property);
    let one = |object: &crate::orm::Instance| -> Result<(Vec<u8>, Provenance), CallError> {
        let (shape, named) = shape_of(object.model)?;
        let mut out = Vec::new();
        printer.instance(&mut out, object, &shape)?;
        Ok((out, named))
    };
    let piece = |out: Vec<u8>| Outcome::Stream(Box::new(std::iter::once(out)));
    match subject {
        Subject::Model(model) => {
            Err(CallError::UnknownMethod(format!("{}: no method was called", schema.at(model).name)))
        }
        Subject::Query(query) => {
            let rows = if query.is_whole() { Listed::all() } else { Listed::keys(execute::run(&store, &query)) };
            list(&store, printer, query.model, rows, shape_of(query.model)?)
        }
        Subject::Rows(model, keys) => list(&store, printer, model, Listed::keys(keys), shape_of(model)?),
        Subject::Object(object) => {
            one(&object).map(|(out, named)| Rendered { outcome: piece(out), named, found: true })
        }
        Subject::Pair(object, created) => {
            let (mut out, named) = one(&object)?;
            out.insert(0, b'[');
            out.extend_from_slice(if created { b", true]" } else { b", false]" });
            Ok(Rendered { outcome: piece(out), named, found: true })
        }
        Subject::Bulk(model, keys) => {
            let (shape, named) = shape_of(model)?;
            let mut out = b"{".to_vec();
            let found = !keys.is_empty();
            for (place, pk) in keys.into_iter().enumerate() {
                let separator = if place > 0 { ", " } else { "" };
                out.extend_from_slice(format!("{separator}\"{pk}\": ").as_bytes());
                printer.row(&mut out, model, pk, &shape)?;
            }
            out.push(b'}');
            Ok(Rendered { outcome: piece(out), named, found })
        }
        Subject::Bare(value) => {
            let found = !matches!(&value, Json::Null | Json::Bool(false))
                && value.as_f64() != Some(0.0)
                && value.as_array().is_none_or(|list| !list.is_empty());
            Ok(Rendered { outcome: Outcome::Value(value), named: Provenance::Documented, found })
        }
    }
}

fn list(
    store: &Store,
    printer: Printer,
    model: ModelId,
    rows: Listed,
    (shape, named): (Shape, Provenance),
) -> Result<Rendered, CallError> {
    let first = rows.peek(store.table(model));
    // The first object is printed once beforehand: what cannot be computed is an error, not half a reply.
    if let Some(pk) = first {
        printer.row(&mut Vec::new(), model, pk, &shape)?;
    }
    let pieces = ListPieces::new(printer, model, rows, shape);
    Ok(Rendered { outcome: Outcome::Stream(Box::new(pieces)), named, found: first.is_some() })
}
