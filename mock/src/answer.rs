//! One call answered on a view of the state: its steps, what follows from them, and the printing.

use std::borrow::Cow;

use carbon_specs::{ModelId, Provenance, Schema};
use jiff::civil::DateTime;
use serde_json::{Value as Json, json};

use crate::billing;
use crate::chain::{self, Subject};
use crate::deviation::Deviations;
use crate::foresight::{Came, Seen, Wants};
use crate::orm::execute::Found;
use crate::orm::listing::{Form, Listed};
use crate::orm::project::{Printer, Shape, shape};
use crate::orm::query::Select;
use crate::orm::tx::Finished;
use crate::orm::{CallError, Instance, Keys, Leases, Query, Tx, execute, listing, plan};
use crate::store::{Pk, Store, Value};
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
    /// What was found, where somebody wants to compare.
    pub seen: Option<Seen>,
    /// What it asks for.
    pub changes: Vec<Change>,
}

/// What a call has come to on this state. What was kept for comparing is used up.
pub(crate) fn came(answered: &mut Result<Answered, CallError>, state: &Store) -> Came {
    match answered {
        Ok(Answered { seen, changes, .. }) => {
            Came::Answered(seen.take().unwrap_or(Seen::Value(Json::Null)), Wants::of(changes, state))
        }
        Err(error) => Came::Refused(error.clone()),
    }
}

/// A call as it is answered, from whatever state.
#[derive(Clone, Copy)]
pub(crate) struct Question<'c> {
    /// The call.
    pub call: &'c Call,
    /// Its model.
    pub model: ModelId,
    /// Its steps.
    pub steps: &'c [Step],
    /// The moment.
    pub now: DateTime,
    /// How the server misbehaves on purpose.
    pub on: Deviations,
}

impl Question<'_> {
    /// Runs the steps on a state and throws away what they ask for. It draws no keys and throws no dice: what it would
    /// take comes from nowhere and goes nowhere.
    fn try_out(&self, store: Store) -> Result<(Finished, (Subject, Vec<Change>)), CallError> {
        let (mut chance, mut keys, mut leases) = (Chance::new(0), Keys::default(), Leases::default());
        let mut tx = Tx::new(store, self.now, &mut chance, &mut keys, &mut leases, false);
        tx.deviations = self.on;
        let result = work(&mut tx, self.model, self.steps);
        let finished = tx.finish();
        Ok((finished, result?))
    }

    /// What it comes to on a state.
    pub fn came(&self, store: &Store) -> Came {
        let came = self.try_out(store.clone()).and_then(|(finished, (subject, changes))| {
            let rendering = Rendering::new(finished.view, self.now, self.call);
            let seen = rendering.seen(&rendering.settle(subject)?)?;
            Ok(Came::Answered(seen, Wants::of(&changes, store)))
        });
        came.unwrap_or_else(Came::Refused)
    }
}

/// Answers a chain that only reads, on a snapshot: nobody waits for it, however long it takes.
pub(crate) fn reading(store: Store, question: Question<'_>, compare: bool) -> Result<Answered, CallError> {
    let (finished, came) = question.try_out(store)?;
    let answered = print(finished, question.now, came, question.call, compare)?;
    if answered.changes.is_empty() {
        Ok(answered)
    } else {
        Err(CallError::Internal("a chain that the contract knows as a read asked for changes".to_owned()))
    }
}

/// Answers a chain that may change something. What it asks for is for the caller to queue.
pub(crate) fn writing(world: &mut World, question: Question<'_>, compare: bool) -> Result<Answered, CallError> {
    let (result, finished) = world.view(|tx| work(tx, question.model, question.steps));
    print(finished, question.now, result?, question.call, compare)
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
    compare: bool,
) -> Result<Answered, CallError> {
    let rendering = Rendering::new(finished.view, now, call);
    let settled = rendering.settle(subject)?;
    let seen = compare.then(|| rendering.seen(&settled)).transpose()?;
    let (outcome, named) = rendering.render(settled)?;
    let provenance = finished.provenance.max(named);
    Ok(Answered { outcome, provenance, warnings: finished.warnings, seen, changes })
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
        "objects.get" => further.is_empty(),
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

/// What a chain came to, its query run.
enum Settled {
    /// Every row of a model.
    Whole(ModelId),
    /// Objects of these keys.
    Objects(ModelId, Vec<Pk>, Form),
    /// The rows of `values()`.
    Values(Box<Query>, Select, Vec<Vec<Value>>),
    /// One object.
    Object(Box<Instance>),
    /// An object, and whether it is new.
    Pair(Box<Instance>, bool),
    /// A bare value.
    Bare(Json),
}

/// The `result` of a call, in the making.
struct Rendering<'c> {
    store: Store,
    printer: Printer,
    call: &'c Call,
}

impl<'c> Rendering<'c> {
    fn new(store: Store, now: DateTime, call: &'c Call) -> Self {
        Self { printer: Printer::new(store.clone(), now.date(), billing::property), store, call }
    }

    fn settle(&self, subject: Subject) -> Result<Settled, CallError> {
        Ok(match subject {
            Subject::Model(model) => {
                let name = &self.store.model(model).name;
                return Err(CallError::UnknownMethod(format!("{name}: no method was called")));
            }
            Subject::Query(query) if query.is_whole() => Settled::Whole(query.model),
            Subject::Query(query) => match (execute::find(&self.store, &query)?, query.select.clone()) {
                (Found::Values(rows), Some(select)) => Settled::Values(query, select, rows),
                (Found::Values(_), None) => {
                    return Err(CallError::Internal("values() without columns".to_owned()));
                }
                (Found::Objects(keys), _) => Settled::Objects(query.model, keys, Form::List),
            },
            Subject::Rows(model, keys) => Settled::Objects(model, keys, Form::List),
            Subject::Bulk(model, keys) => Settled::Objects(model, keys, Form::ByKey),
            Subject::Object(object) => Settled::Object(object),
            Subject::Pair(object, created) => Settled::Pair(object, created),
            Subject::Bare(value) => Settled::Bare(value),
        })
    }

    /// What is replied, and the standing of what `fields` names.
    fn render(self, settled: Settled) -> Result<(Outcome, Provenance), CallError> {
        let piece = |out: Vec<u8>| Outcome::Stream(Box::new(std::iter::once(Ok(out))));
        match settled {
            Settled::Whole(model) => self.list(model, Listed::all(), Form::List),
            Settled::Objects(model, keys, form) => self.list(model, Listed::keys(keys), form),
            Settled::Values(query, select, rows) => {
                Ok((Outcome::Stream(pieces(listing::values(*query, select, rows))), Provenance::Documented))
            }
            Settled::Object(object) => self.one(&object).map(|(out, named)| (piece(out), named)),
            Settled::Pair(object, created) => {
                let (mut out, named) = self.one(&object)?;
                out.insert(0, b'[');
                out.extend_from_slice(if created { b", true]" } else { b", false]" });
                Ok((piece(out), named))
            }
            Settled::Bare(value) => Ok((Outcome::Value(value), Provenance::Documented)),
        }
    }

    /// What is found, for comparing.
    fn seen(&self, settled: &Settled) -> Result<Seen, CallError> {
        Ok(match settled {
            Settled::Whole(model) => {
                let table = self.store.table(*model);
                Seen::Whole(table.len(), table.last_pk())
            }
            Settled::Objects(_, keys, _) => Seen::Objects(keys.clone()),
            Settled::Values(_, _, rows) => Seen::Rows(rows.len()),
            Settled::Object(object) | Settled::Pair(object, _) => {
                // Without `fields`, columns are all there is to see.
                let shown = match self.call.fields {
                    Some(_) => serde_json::from_slice(&self.one(object)?.0).unwrap_or_default(),
                    None => Json::Null,
                };
                Seen::Object(object.model, object.pk, shown)
            }
            Settled::Bare(value) => Seen::Value(value.clone()),
        })
    }

    fn one(&self, object: &Instance) -> Result<(Vec<u8>, Provenance), CallError> {
        let (shape, named) = self.shape_of(object.model)?;
        let mut out = Vec::new();
        self.printer.instance(&mut out, object, &shape)?;
        Ok((out, named))
    }

    fn list(self, model: ModelId, rows: Listed, form: Form) -> Result<(Outcome, Provenance), CallError> {
        let (shape, named) = self.shape_of(model)?;
        // The first object is printed once beforehand: what cannot be computed is an error, not half a reply.
        if let Some(pk) = rows.peek(self.store.table(model)) {
            self.printer.row(&mut Vec::new(), model, pk, &shape)?;
        }
        Ok((Outcome::Stream(pieces(listing::objects(self.printer, model, rows, shape, form))), named))
    }

    fn shape_of(&self, model: ModelId) -> Result<(Shape, Provenance), CallError> {
        match self.call.fields.as_deref() {
            None | Some([]) => Ok((Shape::whole(), Provenance::Documented)),
            Some(paths) => shape(self.store.schema(), model, paths),
        }
    }
}

/// What cannot be printed breaks the reply off where it has begun already: half of a list must not look like all of it.
fn pieces(list: impl Iterator<Item = Result<Vec<u8>, CallError>> + Send + 'static) -> Pieces {
    Box::new(list.map(|piece| piece.map_err(|error| BrokenOff(error.to_string()))))
}
