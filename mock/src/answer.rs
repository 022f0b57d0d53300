//! One call answered on a view of the state: its steps, what follows from them, and the printing.

use std::borrow::Cow;

use carbon_specs::{ModelId, Provenance, Schema};
use jiff::civil::DateTime;
use serde_json::{Value as Json, json};

use crate::billing;
use crate::chain::{self, Subject};
use crate::deviate::Deviations;
use crate::orm::execute::Found;
use crate::orm::listing::{Form, Listed};
use crate::orm::project::{Printer, Shape, shape};
use crate::orm::tx::Finished;
use crate::orm::{CallError, Keys, Leases, Query, Tx, execute, listing, plan};
use crate::store::Store;
use crate::tasks::{Chance, Change};
use crate::wire::{BrokenOff, Call, Outcome, Pieces, Step};
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

/// Whether a call is answered in no time, so that nobody need be sent elsewhere meanwhile: an index leads to the few rows
/// that it is about, nothing beside them is joined or shown, and no further condition is asked of them.
pub(crate) fn is_quick(store: &Store, model: ModelId, steps: &[Step], call: &Call) -> bool {
    /// A reverse link, or a link and another.
    const JOINS: usize = 2;
    let schema = store.schema();
    let plain = |path: &String| schema.at(model).field(path).is_some();
    let Some((Step { method, arg: Json::Object(conditions), .. }, further)) = steps.split_first() else { return false };
    let ends = match method.as_str() {
        "objects.get" => true,
        "objects.filter" => further.iter().all(|step| matches!(step.method.as_str(), "count" | "exists" | "first")),
        _ => false,
    };
    if !ends || !call.fields.iter().flatten().all(plain) {
        return false;
    }
    let mut query = Query::all(schema, model);
    // What is refused is refused at once.
    query.filter(conditions).is_err() || query.aliases.len() <= 1 + JOINS && plan::is_selective(store, &query)
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
    let piece = |out: Vec<u8>| Outcome::Stream(Box::new(std::iter::once(Ok(out))));
    match subject {
        Subject::Model(model) => {
            Err(CallError::UnknownMethod(format!("{}: no method was called", schema.at(model).name)))
        }
        Subject::Query(query) if query.is_whole() => {
            list(printer, query.model, Listed::all(), shape_of(query.model)?, Form::List)
        }
        Subject::Query(query) => match (execute::find(&store, &query)?, query.select.clone()) {
            (Found::Values(rows), Some(select)) => {
                let found = !rows.is_empty();
                let outcome = Outcome::Stream(pieces(listing::values(*query, select, rows)));
                Ok(Rendered { outcome, named: Provenance::Documented, found })
            }
            (Found::Values(_), None) => Err(CallError::Internal("values() without columns".to_owned())),
            (Found::Objects(keys), _) => {
                list(printer, query.model, Listed::keys(keys), shape_of(query.model)?, Form::List)
            }
        },
        Subject::Rows(model, keys) => list(printer, model, Listed::keys(keys), shape_of(model)?, Form::List),
        Subject::Object(object) => {
            one(&object).map(|(out, named)| Rendered { outcome: piece(out), named, found: true })
        }
        Subject::Pair(object, created) => {
            let (mut out, named) = one(&object)?;
            out.insert(0, b'[');
            out.extend_from_slice(if created { b", true]" } else { b", false]" });
            Ok(Rendered { outcome: piece(out), named, found: true })
        }
        Subject::Bulk(model, keys) => list(printer, model, Listed::keys(keys), shape_of(model)?, Form::ByKey),
        Subject::Bare(value) => {
            let found = !matches!(&value, Json::Null | Json::Bool(false))
                && value.as_f64() != Some(0.0)
                && value.as_array().is_none_or(|list| !list.is_empty());
            Ok(Rendered { outcome: Outcome::Value(value), named: Provenance::Documented, found })
        }
    }
}

fn list(
    printer: Printer,
    model: ModelId,
    rows: Listed,
    (shape, named): (Shape, Provenance),
    form: Form,
) -> Result<Rendered, CallError> {
    let first = rows.peek(printer.store().table(model));
    // The first object is printed once beforehand: what cannot be computed is an error, not half a reply.
    if let Some(pk) = first {
        printer.row(&mut Vec::new(), model, pk, &shape)?;
    }
    let outcome = Outcome::Stream(pieces(listing::objects(printer, model, rows, shape, form)));
    Ok(Rendered { outcome, named, found: first.is_some() })
}

/// What cannot be printed breaks the reply off where it has begun already: half of a list must not look like all of it.
fn pieces(list: impl Iterator<Item = Result<Vec<u8>, CallError>> + Send + 'static) -> Pieces {
    Box::new(list.map(|piece| piece.map_err(|error| BrokenOff(error.to_string()))))
}
