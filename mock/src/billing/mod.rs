//! What the models' own methods, properties and events mean.
//!
//! The ORM knows rows; this layer knows subscribers, accounts, services, blocks and the cabinet. It is asked at five
//! points: a method of an object, a method of a model, a computed property, an object about to be created, saved or
//! deleted, and what follows from committed changes or from the passing of a day.
//!
//! One file per family; `registry` lists what each of them offers. A method runs at request time on the request's
//! own view. Where Django would save the object, the whole row is written; what the billing itself does beside that
//! (money, blocks, logs) touches single columns, so that two payments that overlap both count.

mod abonents;
mod accounts;
mod addresses;
mod args;
mod blocks;
mod books;
mod cabinet;
mod calendar;
mod cards;
mod daily;
mod finance;
mod forecast;
mod links;
mod look;
mod messages;
mod money;
mod properties;
mod react;
mod registry;
mod reports;
mod services;
pub mod sound;
mod touched;
mod unique;
mod users;
mod version;

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod moves;
#[cfg(test)]
mod testing;

use carbon_specs::{Method, ModelId};
use jiff::civil::Date;
use serde_json::{Map, Value as Json};

use crate::orm::{CallError, Instance, Tx};
use crate::store::{Pk, Row, Store, Value};
use crate::tasks::Change;
use args::Given;

/// What a method answers.
#[derive(Clone, Debug)]
pub enum Answer {
    /// An object: the chain goes on with it, and `fields` applies.
    Object(Instance),
    /// Rows of a model.
    Objects(ModelId, Vec<Pk>),
    /// A bare value.
    Json(Json),
}

/// The arguments of a method: an object (`argN={...}`).
pub type Args = Map<String, Json>;

/// The code behind a method of an object.
type ObjectMethod = fn(&mut Tx<'_>, &mut Instance, &Given<'_>) -> Result<Answer, CallError>;

/// The code behind a method of a model.
type ModelMethod = fn(&mut Tx<'_>, &Given<'_>) -> Result<Answer, CallError>;

/// The code behind a computed property.
type PropertyCode = fn(&Store, Date, &Instance) -> Result<Json, CallError>;

/// The code that runs before an object is created or saved.
type Hook = fn(&mut Tx<'_>, &mut Instance) -> Result<(), CallError>;

/// Calls a method of an object that the billing defines; `None` where it defines none of this name.
pub fn object_method(
    tx: &mut Tx<'_>,
    object: &mut Instance,
    method: &str,
    args: &Args,
) -> Option<Result<Answer, CallError>> {
    let schema = tx.schema();
    let model = schema.at(object.model);
    let code = registry::object_method(&model.name, method)?;
    let Some(spec) = model.methods.get(method) else { return Some(Err(undeclared(&model.name, method))) };
    Some(run(tx, method, spec, args, |tx, given| code(tx, object, given)))
}

/// Calls a method of a model (`web_cabinet.login`); `None` where the billing defines none of this name.
pub fn model_method(tx: &mut Tx<'_>, model: ModelId, method: &str, args: &Args) -> Option<Result<Answer, CallError>> {
    let schema = tx.schema();
    let model = schema.at(model);
    let code = registry::model_method(&model.name, method)?;
    let Some(spec) = model.model_methods.get(method) else { return Some(Err(undeclared(&model.name, method))) };
    Some(run(tx, method, spec, args, code))
}

fn undeclared(model: &str, method: &str) -> CallError {
    CallError::Internal(format!("the contract has no method `{method}` of {model}"))
}

fn run(
    tx: &mut Tx<'_>,
    name: &str,
    spec: &Method,
    args: &Args,
    code: impl FnOnce(&mut Tx<'_>, &Given<'_>) -> Result<Answer, CallError>,
) -> Result<Answer, CallError> {
    if registry::OPEN.contains(&name) {
        tx.rely_on(spec.source.provenance());
        return code(tx, &Given::open(name, spec, args));
    }
    let given = Given::check(name, spec, args)?;
    tx.rely_on(given.provenance());
    let answer = code(tx, &given)?;
    given.finish()?;
    Ok(answer)
}

/// Called after `objects.create` has filled in a new object, before it is written: what the billing adds (account,
/// contract number, password). May write other rows first.
///
/// # Errors
/// A refusal.
pub fn before_create(tx: &mut Tx<'_>, object: &mut Instance) -> Result<(), CallError> {
    match registry::before_create(&object.model().name) {
        Some(hook) => hook(tx, object),
        None => Ok(()),
    }
}

/// Called after a new object was written.
///
/// # Errors
/// A refusal.
pub fn after_create(tx: &mut Tx<'_>, object: &mut Instance) -> Result<(), CallError> {
    match registry::after_create(&object.model().name) {
        Some(hook) => hook(tx, object),
        None => Ok(()),
    }
}

/// Called before `save` writes an object that exists (`args` are those of `save`): allots addresses, makes a password.
///
/// # Errors
/// A refusal.
pub fn before_save(tx: &mut Tx<'_>, object: &mut Instance, args: &Args) -> Result<(), CallError> {
    let schema = tx.schema();
    let model = schema.at(object.model);
    if let Some(spec) = model.methods.get("save") {
        let given = Given::check("save", spec, args)?;
        tx.rely_on(given.provenance());
        if model.name == "UsersUsluga" {
            services::check_manager(object, &given)?;
        }
        given.finish()?;
    }
    match registry::before_save(&model.name) {
        Some(hook) => hook(tx, object),
        None => Ok(()),
    }
}

/// Deletes an object in the billing's own way; `None` where a plain delete will do.
pub fn delete(tx: &mut Tx<'_>, object: &mut Instance, args: &Args) -> Option<Result<Answer, CallError>> {
    let schema = tx.schema();
    let model = schema.at(object.model);
    let code = registry::delete(&model.name)?;
    let Some(spec) = model.methods.get("delete").or_else(|| schema.generic.instance.get("delete")) else {
        return Some(Err(undeclared(&model.name, "delete")));
    };
    Some(run(tx, "delete", spec, args, |tx, given| code(tx, object, given)))
}

/// A computed property of a row, as JSON.
///
/// # Errors
/// Where the model has none of this name: the contract names one that is not implemented.
pub fn property(store: &Store, now: Date, model: ModelId, row: &Row, name: &str) -> Result<Json, CallError> {
    let model = store.model(model);
    let code = registry::property(&model.name, name)
        .ok_or_else(|| CallError::Internal(format!("property `{name}` of {} is not implemented", model.name)))?;
    let Some(Value::Int(pk)) = row.get(model.pk.0) else {
        return Err(CallError::Internal(format!("a row of {} without a key", model.name)));
    };
    code(store, now, &Instance::of_row(store.schema(), model.id, *pk, row))
}

/// What follows from changes just made (a block that comes with a negative balance, and goes with it). Called for a
/// request's own view, so that its reply shows it, and again when the task commits.
///
/// # Errors
/// None that the state can cause.
pub fn react(tx: &mut Tx<'_>, changes: &[Change]) -> Result<(), CallError> {
    // In a request's own view, what follows is only shown: its rows get their keys when the task commits.
    let keys = (!tx.committing).then(|| tx.keys.clone());
    let result = react::react(tx, changes);
    if let Some(keys) = keys {
        *tx.keys = keys;
    }
    result
}

/// Whether a column follows from other rows, whatever a saved row says of it: nothing of it is lost where a row is
/// written back whole.
pub fn follows_from_rows(model: &str, column: &str) -> bool {
    model == "AdminAccounts" && books::KEPT.iter().any(|(kept, _)| *kept == column)
}

/// The daily run just after midnight of a day: planned changes, charges, expiries, and what follows from them. What fails
/// for one object is left undone and noted among the view's failures.
///
/// # Errors
/// None that the state can cause.
pub fn daily(tx: &mut Tx<'_>, day: Date) -> Result<(), CallError> {
    // A contract of somebody's own may have no subscribers.
    if tx.store.schema().model("Abonents").is_none() {
        return Ok(());
    }
    daily::run(tx, day)
}
