//! What the models' own methods, properties and events mean.
//!
//! The ORM knows rows; this layer knows subscribers, accounts, services, blocks and the cabinet. It is asked at five
//! points: a method of an object, a method of a model, a computed property, an object about to be created, saved or
//! deleted, and what follows from committed changes or from the passing of a day.

use carbon_specs::ModelId;
use jiff::civil::Date;
use serde_json::{Map, Value as Json};

use crate::orm::{CallError, Instance, Tx};
use crate::store::{Pk, Row, Store};
use crate::tasks::Change;

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

/// Calls a method of an object that the billing defines; `None` where it defines none of this name.
pub fn object_method(
    _tx: &mut Tx<'_>,
    _object: &mut Instance,
    _method: &str,
    _args: &Args,
) -> Option<Result<Answer, CallError>> {
    None
}

/// Calls a method of a model (`web_cabinet.login`); `None` where the billing defines none of this name.
pub fn model_method(
    _tx: &mut Tx<'_>,
    _model: ModelId,
    _method: &str,
    _args: &Args,
) -> Option<Result<Answer, CallError>> {
    None
}

/// Called after `objects.create` has filled in a new object, before it is written: what the billing adds (account,
/// contract number, password). May write other rows first.
///
/// # Errors
/// A refusal.
pub fn before_create(_tx: &mut Tx<'_>, _object: &mut Instance) -> Result<(), CallError> {
    Ok(())
}

/// Called after a new object was written.
///
/// # Errors
/// A refusal.
pub fn after_create(_tx: &mut Tx<'_>, _object: &mut Instance) -> Result<(), CallError> {
    Ok(())
}

/// Called before `save` writes an object that exists (`args` are those of `save`): allots addresses, checks dates.
///
/// # Errors
/// A refusal.
pub fn before_save(_tx: &mut Tx<'_>, _object: &mut Instance, _args: &Args) -> Result<(), CallError> {
    Ok(())
}

/// Deletes an object in the billing's own way; `None` where a plain delete will do.
pub fn delete(_tx: &mut Tx<'_>, _object: &mut Instance, _args: &Args) -> Option<Result<Answer, CallError>> {
    None
}

/// A computed property of a row, as JSON.
///
/// # Errors
/// Where the model has none of this name: the contract names one that is not implemented.
pub fn property(_store: &Store, _now: Date, model: ModelId, _row: &Row, name: &str) -> Result<Json, CallError> {
    Err(CallError::Internal(format!("property `{name}` of model {} is not implemented", model.0)))
}

/// What follows from changes just made (a block that comes with a negative balance, and goes with it). Called for a
/// request's own view, so that its reply shows it, and again when the task commits.
///
/// # Errors
/// None that the state can cause.
pub fn react(_tx: &mut Tx<'_>, _changes: &[Change]) -> Result<(), CallError> {
    Ok(())
}

/// The daily run just after midnight of a day: planned changes, charges, expiries.
///
/// # Errors
/// None that the state can cause.
pub fn daily(_tx: &mut Tx<'_>, _day: Date) -> Result<(), CallError> {
    Ok(())
}
