//! The steps of one call, one after another: a model, then a QuerySet or an object, then what its methods answer.

mod arguments;
mod writing;

use carbon_specs::{ModelId, Schema};
use serde_json::{Map, Value as Json};

use crate::billing::{self, Answer};
use crate::deviation::Deviation;
use crate::orm::execute::Found;
use crate::orm::{CallError, Instance, Query, Tx, execute, listing, python};
use crate::store::Pk;
use crate::wire::Step;
use arguments::{kwargs, nothing, texts, unexpected};
use writing::{assign, blank, create, fill, get_or_create, save, update};

/// The methods of every object.
const EVERY_OBJECTS: [&str; 3] = ["set", "save", "delete"];

/// What the chain has come to.
#[derive(Debug)]
pub enum Subject {
    /// The model itself: `objects.*` and its own methods can follow.
    Model(ModelId),
    /// A QuerySet, not run yet.
    Query(Box<Query>),
    /// An object.
    Object(Box<Instance>),
    /// An object, and whether it is new (`get_or_create`).
    Pair(Box<Instance>, bool),
    /// Rows that a method chose.
    Rows(ModelId, Vec<Pk>),
    /// Objects by key (`in_bulk`).
    Bulk(ModelId, Vec<Pk>),
    /// A bare value: nothing can follow.
    Bare(Json),
}

/// Runs the steps.
///
/// # Errors
/// The first refusal; what the earlier steps asked for is dropped with the view.
pub fn run(tx: &mut Tx<'_>, model: ModelId, steps: &[Step]) -> Result<Subject, CallError> {
    steps.iter().try_fold(Subject::Model(model), |subject, step| advance(tx, subject, step))
}

fn advance(tx: &mut Tx<'_>, subject: Subject, step: &Step) -> Result<Subject, CallError> {
    let schema = tx.schema();
    match subject {
        Subject::Model(model) => match step.method.strip_prefix("objects.") {
            Some(method) => {
                let mut query = Query::all(&schema, model);
                query.nulls_last = tx.deviations.contains(Deviation::ChainsNullsLast);
                queryset_step(tx, query, method, step, true)
            }
            None => model_step(tx, &schema, model, step),
        },
        Subject::Query(query) => queryset_step(tx, *query, &step.method, step, false),
        Subject::Object(object) => object_step(tx, *object, step),
        Subject::Pair(..) => Err(nothing_follows("tuple", step)),
        Subject::Rows(..) => Err(nothing_follows("list", step)),
        Subject::Bulk(..) => Err(nothing_follows("dict", step)),
        Subject::Bare(value) => Err(nothing_follows(python_type(&value), step)),
    }
}

fn nothing_follows(kind: &str, step: &Step) -> CallError {
    CallError::UnknownMethod(format!("'{kind}' object has no attribute '{}' (method{})", step.method, step.number))
}

fn python_type(value: &Json) -> &'static str {
    match value {
        Json::Null => "NoneType",
        Json::Bool(_) => "bool",
        Json::Number(_) => "int",
        Json::String(_) => "str",
        Json::Array(_) => "list",
        Json::Object(_) => "dict",
    }
}

fn model_step(tx: &mut Tx<'_>, schema: &Schema, model: ModelId, step: &Step) -> Result<Subject, CallError> {
    let spec = schema.at(model);
    if let Some(method) = spec.model_methods.get(&step.method) {
        tx.rely_on(method.source.provenance());
        if let Some(answer) = billing::model_method(tx, model, &step.method, kwargs(step)?) {
            return answer.map(subject_of);
        }
        return Err(CallError::Internal(format!("{}.{} is not implemented", spec.name, step.method)));
    }
    let hint = if schema.generic.queryset.contains_key(&step.method) || spec.methods.contains_key(&step.method) {
        format!(" (did you mean 'objects.{}', or 'objects.get' first?)", step.method)
    } else {
        String::new()
    };
    Err(CallError::UnknownMethod(format!("type object '{}' has no attribute '{}'{hint}", spec.name, step.method)))
}

fn subject_of(answer: Answer) -> Subject {
    match answer {
        Answer::Object(object) => Subject::Object(Box::new(object)),
        Answer::Objects(model, keys) => Subject::Rows(model, keys),
        Answer::Json(value) => Subject::Bare(value),
    }
}

fn queryset_step(
    tx: &mut Tx<'_>,
    mut query: Query,
    method: &str,
    step: &Step,
    manager: bool,
) -> Result<Subject, CallError> {
    let schema = tx.schema();
    let name = &schema.at(query.model).name;
    let generic = if manager { schema.generic.manager.get(&step.method) } else { schema.generic.queryset.get(method) };
    if let Some(generic) = generic {
        tx.rely_on(generic.source.provenance());
    }
    if query.select.is_some() && method == "delete" {
        return Err(CallError::Argument("Cannot call delete() after .values() or .values_list()".to_owned()));
    }
    Ok(match method {
        "all" => {
            nothing(step)?;
            Subject::Query(Box::new(query))
        }
        "filter" => {
            query.filter(kwargs(step)?)?;
            tx.rely_on(query.standing);
            Subject::Query(Box::new(query))
        }
        "exclude" => {
            query.exclude(kwargs(step)?)?;
            tx.rely_on(query.standing);
            Subject::Query(Box::new(query))
        }
        "none" => {
            nothing(step)?;
            query.empty = true;
            Subject::Query(Box::new(query))
        }
        "distinct" => {
            if !texts(step)?.is_empty() {
                let text = "DISTINCT ON fields is not supported by this database backend";
                return Err(CallError::Argument(text.to_owned()));
            }
            query.distinct = true;
            Subject::Query(Box::new(query))
        }
        "order_by" => {
            query.order_by(&texts(step)?, tx.chance)?;
            Subject::Query(Box::new(query))
        }
        "reverse" => {
            nothing(step)?;
            query.reverse();
            Subject::Query(Box::new(query))
        }
        "values" | "values_list" => {
            query.values(&texts(step)?, method == "values")?;
            Subject::Query(Box::new(query))
        }
        "count" => {
            nothing(step)?;
            Subject::Bare(Json::from(execute::count(&tx.store, &query)?))
        }
        "exists" => {
            nothing(step)?;
            Subject::Bare(Json::from(execute::exists(&tx.store, &query)?))
        }
        "get" => {
            query.filter(kwargs(step)?)?;
            tx.rely_on(query.standing);
            query.unordered();
            single(tx, &query)?
        }
        "first" | "last" => {
            nothing(step)?;
            query.order_by_pk_if_unordered();
            ends(tx, query, method == "last")?.unwrap_or(Subject::Bare(Json::Null))
        }
        "latest" | "earliest" => {
            let paths = texts(step)?;
            if paths.is_empty() {
                let text = "earliest() and latest() require either fields as positional arguments or 'get_latest_by' in the \
                            model's Meta.";
                return Err(CallError::Argument(text.to_owned()));
            }
            query.order_by(&paths, tx.chance)?;
            ends(tx, query, method == "latest")?.ok_or_else(|| CallError::DoesNotExist { model: name.clone() })?
        }
        "in_bulk" => in_bulk(tx, query, step)?,
        "create" => {
            let mut object = blank(tx, query.model)?;
            fill(tx, &mut object, kwargs(step)?)?;
            create(tx, &mut object)?;
            Subject::Object(Box::new(object))
        }
        "get_or_create" | "update_or_create" => get_or_create(tx, query, method, step)?,
        "update" => update(tx, &query, step)?,
        "delete" => {
            if manager {
                return Err(CallError::UnknownMethod("'Manager' object has no attribute 'delete'".to_owned()));
            }
            nothing(step)?;
            for pk in execute::keys(&tx.store, &query)? {
                if tx.store.get(query.model, pk).is_some() {
                    tx.delete_cascading(query.model, pk)?;
                }
            }
            Subject::Bare(Json::Null)
        }
        _ => {
            if let Some(why) = schema.generic.refused.get(method) {
                let objects = if manager { "objects." } else { "" };
                return Err(CallError::UnknownMethod(format!(
                    "{objects}{method}() cannot be called over this API: {why} (method{})",
                    step.number
                )));
            }
            let holder = if manager { "Manager" } else { "QuerySet" };
            let hint = if schema.at(query.model).methods.contains_key(method) || method == "save" || method == "set" {
                format!(" (an object of {name} has it: use objects.get first)")
            } else {
                String::new()
            };
            return Err(CallError::UnknownMethod(format!("'{holder}' object has no attribute '{method}'{hint}")));
        }
    })
}

/// `get()`: the one row, or Django's two refusals.
fn single(tx: &Tx<'_>, query: &Query) -> Result<Subject, CallError> {
    let found = execute::find(&tx.store, query)?;
    first(tx, query, &found).filter(|_| found.count() == 1).ok_or_else(|| not_one(tx, query, found.count()))
}

/// `get()`, where it is an object that is wanted.
fn single_object(tx: &Tx<'_>, query: &Query) -> Result<Instance, CallError> {
    let found = execute::keys(&tx.store, query)?;
    match found.as_slice() {
        [pk] => read(tx, query.model, *pk).ok_or_else(|| not_one(tx, query, 0)),
        others => Err(not_one(tx, query, others.len())),
    }
}

fn not_one(tx: &Tx<'_>, query: &Query, count: usize) -> CallError {
    let model = tx.store.model(query.model).name.clone();
    if count == 0 { CallError::DoesNotExist { model } } else { CallError::MultipleObjectsReturned { model, count } }
}

/// The first that was found: an object, or a row of `values()`.
fn first(tx: &Tx<'_>, query: &Query, found: &Found) -> Option<Subject> {
    match (found, &query.select) {
        (Found::Values(rows), Some(select)) => {
            rows.first().map(|row| Subject::Bare(listing::value(query, select, row)))
        }
        (Found::Objects(keys), _) => {
            read(tx, query.model, *keys.first()?).map(|object| Subject::Object(Box::new(object)))
        }
        (Found::Values(_), None) => None,
    }
}

fn read(tx: &Tx<'_>, model: ModelId, pk: Pk) -> Option<Instance> {
    let row = tx.store.get(model, pk)?;
    Some(Instance::of_row(tx.store.schema(), model, pk, row))
}

/// `first()` and its like: the first of an ordering or, where it is turned around, the last; null of none.
fn ends(tx: &Tx<'_>, mut query: Query, last: bool) -> Result<Option<Subject>, CallError> {
    if last {
        query.reverse();
    }
    let found = execute::find(&tx.store, &query)?;
    Ok(first(tx, &query, &found))
}

/// `in_bulk(id_list=None, field_name='pk')`. The list may also be the whole argument.
fn in_bulk(tx: &Tx<'_>, mut query: Query, step: &Step) -> Result<Subject, CallError> {
    if query.select.is_some() {
        return Err(CallError::Argument("in_bulk() cannot be used with values() or values_list().".to_owned()));
    }
    let ids = match &step.arg {
        Json::Array(ids) => match ids.as_slice() {
            [] => &Json::Null,
            [Json::Array(_)] => &ids[0],
            _ => &step.arg,
        },
        Json::Object(pairs) => {
            if let Some(unknown) = pairs.keys().find(|key| !matches!(key.as_str(), "id_list" | "field_name")) {
                return Err(unexpected(step, unknown));
            }
            unique(&tx.schema(), query.model, pairs.get("field_name"))?;
            pairs.get("id_list").unwrap_or(&Json::Null)
        }
        _ => return Err(CallError::Argument(format!("in_bulk() takes a list of keys in arg{}", step.number))),
    };
    if !ids.is_null() {
        query.filter(&Map::from_iter([("pk__in".to_owned(), ids.clone())]))?;
    }
    Ok(Subject::Bulk(query.model, execute::keys(&tx.store, &query)?))
}

/// Rows are told apart by their key alone: no other column is known to be unique.
fn unique(schema: &Schema, model: ModelId, name: Option<&Json>) -> Result<(), CallError> {
    let model = schema.at(model);
    let name = match name {
        None => return Ok(()),
        Some(name) => python::text(name),
    };
    match model.field(&name) {
        _ if name == "pk" => Ok(()),
        Some(field) if field.id == model.pk => Ok(()),
        Some(_) => Err(CallError::Value(format!("in_bulk()'s field_name must be a unique field but '{name}' isn't."))),
        None => Err(no_field(&model.name, &name)),
    }
}

fn no_field(model: &str, name: &str) -> CallError {
    CallError::Field(format!("{model} has no field named '{name}'"))
}

fn object_step(tx: &mut Tx<'_>, mut object: Instance, step: &Step) -> Result<Subject, CallError> {
    let schema = tx.schema();
    let model = schema.at(object.model);
    if let Some(method) = model.methods.get(&step.method) {
        tx.rely_on(method.source.provenance());
    }
    match step.method.as_str() {
        "set" => {
            for (name, value) in kwargs(step)? {
                assign(tx, &mut object, name, value)?;
            }
            Ok(Subject::Object(Box::new(object)))
        }
        "save" => {
            save(tx, &mut object, kwargs(step)?)?;
            Ok(Subject::Object(Box::new(object)))
        }
        "delete" => {
            if let Some(answer) = billing::delete(tx, &mut object, kwargs(step)?) {
                return answer.map(subject_of);
            }
            nothing(step)?;
            let pk = object.pk.ok_or_else(|| {
                CallError::Value(format!("{} object can't be deleted because its pk is set to None.", model.name))
            })?;
            tx.delete_cascading(object.model, pk)?;
            Ok(Subject::Bare(Json::Null))
        }
        method => match billing::object_method(tx, &mut object, method, kwargs(step)?) {
            Some(answer) => answer.map(subject_of),
            None => {
                let own = model.methods.keys().map(String::as_str).filter(|own| !EVERY_OBJECTS.contains(own));
                let known: Vec<&str> = EVERY_OBJECTS.into_iter().chain(own).collect();
                Err(CallError::UnknownMethod(format!(
                    "'{}' object has no attribute '{method}'. Its methods are: {}",
                    model.name,
                    known.join(", ")
                )))
            }
        },
    }
}

/// Whether these steps can change nothing: decided by the contract's methods.
pub fn is_read(schema: &Schema, model: ModelId, steps: &[Step]) -> bool {
    use carbon_specs::example::Kind;
    let model = schema.at(model);
    steps.iter().all(|step| {
        let name = step.method.as_str();
        let method = model
            .model_methods
            .get(name)
            .or_else(|| model.methods.get(name))
            .or_else(|| schema.generic.manager.get(name))
            .or_else(|| schema.generic.queryset.get(name))
            .or_else(|| schema.generic.instance.get(name));
        method.is_some_and(|method| method.kind == Kind::Read)
    })
}
