//! What changes rows in a chain: new objects, columns of many rows, attributes and `save`.

use carbon_specs::{FieldId, ModelId};
use serde_json::{Map, Value as Json};

use super::arguments::kwargs;
use super::{Subject, no_field, single_object};
use crate::billing;
use crate::orm::{CallError, Instance, Query, Tx, convert, execute, python};
use crate::store::Value;
use crate::tasks::{Change, Patch};
use crate::wire::Step;

pub(super) fn blank(tx: &Tx<'_>, model: ModelId) -> Result<Instance, CallError> {
    tx.blank(&tx.store.model(model).name)
}

pub(super) fn create(tx: &mut Tx<'_>, object: &mut Instance) -> Result<(), CallError> {
    tx.rely_on(object.model().source.provenance());
    billing::before_create(tx, object)?;
    tx.save(object)?;
    billing::after_create(tx, object)
}

/// Fills in a new object; Django names all that it does not have at once.
pub(super) fn fill(tx: &mut Tx<'_>, object: &mut Instance, values: &Map<String, Json>) -> Result<(), CallError> {
    let unknown = unknown_names(object, values);
    if !unknown.is_empty() {
        let model = &object.model().name;
        return Err(CallError::Argument(format!("{model}() got unexpected keyword arguments: {unknown}")));
    }
    values.iter().try_for_each(|(name, value)| assign(tx, object, name, value))
}

/// The names that are no columns, as Python lists them.
fn unknown_names<'n>(object: &Instance, names: impl IntoIterator<Item = (&'n String, &'n Json)>) -> String {
    let model = object.model();
    let unknown = names.into_iter().map(|(name, _)| name).filter(|name| *name != "pk" && model.field(name).is_none());
    unknown.map(|name| python::repr(&Json::from(name.as_str()))).collect::<Vec<_>>().join(", ")
}

/// `get_or_create(defaults=None, **kwargs)` and `update_or_create(defaults=None, create_defaults=None, **kwargs)`.
pub(super) fn get_or_create(
    tx: &mut Tx<'_>,
    mut query: Query,
    method: &str,
    step: &Step,
) -> Result<Subject, CallError> {
    let mut given = kwargs(step)?.clone();
    let mut values = |name: &str| match given.shift_remove(name) {
        Some(Json::Object(values)) => Ok(Some(values)),
        None | Some(Json::Null) => Ok(None),
        Some(_) => Err(CallError::Argument(format!("{method}(): `{name}` must be a JSON object"))),
    };
    let updates = method == "update_or_create";
    let defaults = values("defaults")?.unwrap_or_default();
    let new = if updates { values("create_defaults")? } else { None };
    query.filter(&given)?;
    match single_object(tx, &query) {
        Ok(mut object) => {
            if updates {
                for (name, value) in &defaults {
                    assign(tx, &mut object, name, value)?;
                }
                save(tx, &mut object, &Map::new())?;
            }
            Ok(Subject::Pair(Box::new(object), false))
        }
        Err(CallError::DoesNotExist { .. }) => {
            let mut object = blank(tx, query.model)?;
            let plain = given.into_iter().filter(|(name, _)| !name.contains("__"));
            let values: Map<String, Json> = plain.chain(new.unwrap_or(defaults)).collect();
            let unknown = unknown_names(&object, &values);
            if !unknown.is_empty() {
                let model = &object.model().name;
                return Err(CallError::Field(format!("Invalid field name(s) for model {model}: {unknown}.")));
            }
            fill(tx, &mut object, &values)?;
            create(tx, &mut object)?;
            Ok(Subject::Pair(Box::new(object), true))
        }
        Err(other) => Err(other),
    }
}

/// `update(**columns)`: these columns of every row, whatever the others are; answers how many rows.
pub(super) fn update(tx: &mut Tx<'_>, query: &Query, step: &Step) -> Result<Subject, CallError> {
    let schema = tx.schema();
    let model = schema.at(query.model);
    let mut columns: Vec<(FieldId, Patch)> = Vec::new();
    for (name, value) in kwargs(step)? {
        let field = model.field(name).ok_or_else(|| no_field(&model.name, name))?;
        if field.id == model.pk {
            return Err(CallError::Argument(format!(
                "update() does not change a primary key over this API: create the object under the new key (arg{})",
                step.number
            )));
        }
        columns.push((field.id, Patch::Set(convert::to_column(&schema, field, value)?)));
    }
    if columns.is_empty() {
        return Ok(Subject::Bare(Json::from(0)));
    }
    let mut keys = execute::keys(&tx.store, query)?;
    keys.sort_unstable();
    keys.dedup();
    // The database minds a NULL only where there is a row for it.
    let missing = columns.iter().find(|(id, patch)| *patch == Patch::Set(Value::Null) && !model.at(*id).null);
    if let Some((id, _)) = missing.filter(|_| !keys.is_empty()) {
        return Err(CallError::Value(format!("{}.{} may not be NULL", model.name, model.at(*id).column)));
    }
    for pk in &keys {
        tx.apply(Change::Patch { model: query.model, pk: *pk, columns: columns.clone() })?;
    }
    Ok(Subject::Bare(Json::from(keys.len())))
}

pub(super) fn save(tx: &mut Tx<'_>, object: &mut Instance, args: &Map<String, Json>) -> Result<(), CallError> {
    let allowed = object.model().methods.get("save").map(|method| &method.args);
    if let Some(name) = args.keys().find(|name| allowed.is_none_or(|allowed| !allowed.contains_key(*name))) {
        return Err(CallError::Argument(format!("save() got an unexpected keyword argument '{name}'")));
    }
    if object.pk.is_none() {
        return create(tx, object);
    }
    billing::before_save(tx, object, args)?;
    tx.save(object)?;
    Ok(())
}

/// Sets one attribute: a column, `<fk>_id`, or a foreign key by its target's key; `null` clears it.
pub(super) fn assign(tx: &mut Tx<'_>, object: &mut Instance, name: &str, value: &Json) -> Result<(), CallError> {
    let schema = tx.schema();
    let model = schema.at(object.model);
    let field = if name == "pk" { Some(model.pk_field()) } else { model.field(name) };
    let Some(field) = field else {
        return Err(CallError::Argument(format!("'{}' object has no attribute '{name}'", model.name)));
    };
    tx.rely_on(field.source.provenance());
    let value = convert::to_column(&schema, field, value)?;
    if let (Some(to), Value::Int(pk)) = (field.to, &value)
        && tx.store.get(to, *pk).is_none()
    {
        let target = &schema.at(to).name;
        tx.warnings.push(format!(
            "{}.{} names {target} {pk}, which does not exist (yet): the task fails if it still does not when its turn comes",
            model.name, field.column
        ));
    }
    if field.id == model.pk {
        object.pk = value.as_int();
    }
    object.values[field.id.0] = value;
    Ok(())
}
