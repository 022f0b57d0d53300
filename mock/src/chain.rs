//! The steps of one call, one after another: a model, then a QuerySet or an object, then what its methods answer.

use carbon_specs::{FieldId, ModelId, Schema};
use serde_json::{Map, Value as Json};

use crate::billing::{self, Answer};
use crate::deviate::Deviation;
use crate::orm::execute::Found;
use crate::orm::{CallError, Instance, Query, Tx, convert, execute, listing, python};
use crate::store::{Pk, Value};
use crate::tasks::{Change, Patch};
use crate::wire::Step;

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

/// The named arguments of a step.
fn kwargs(step: &Step) -> Result<&Map<String, Json>, CallError> {
    step.arg.as_object().ok_or_else(|| {
        CallError::Argument(format!(
            "{}() takes named arguments: arg{} must be a JSON object",
            step.method, step.number
        ))
    })
}

/// Who Python says that a method belongs to: the manager hands most of them on to a QuerySet.
fn owner(step: &Step) -> &'static str {
    if step.method == "objects.all" { "BaseManager" } else { "QuerySet" }
}

/// The method's name, without the manager's.
fn bare(step: &Step) -> &str {
    step.method.strip_prefix("objects.").unwrap_or(&step.method)
}

/// Python's TypeError for a name that the method does not have.
fn unexpected(step: &Step, name: &str) -> CallError {
    CallError::Argument(format!("{}.{}() got an unexpected keyword argument '{name}'", owner(step), bare(step)))
}

/// The positional arguments of a step: a JSON list of texts; no argument is none.
fn texts(step: &Step) -> Result<Vec<&str>, CallError> {
    let wrong = || {
        CallError::Argument(format!("{}() takes names: arg{} must be a JSON list of strings", step.method, step.number))
    };
    match &step.arg {
        Json::Array(items) => items.iter().map(|item| item.as_str().ok_or_else(wrong)).collect(),
        Json::Object(pairs) => match pairs.keys().next() {
            None => Ok(Vec::new()),
            Some(name) => Err(unexpected(step, name)),
        },
        _ => Err(wrong()),
    }
}

/// No argument at all.
fn nothing(step: &Step) -> Result<(), CallError> {
    match &step.arg {
        Json::Object(pairs) => pairs.keys().next().map_or(Ok(()), |name| Err(unexpected(step, name))),
        Json::Array(items) if items.is_empty() => Ok(()),
        Json::Array(items) => Err(CallError::Argument(format!(
            "{}.{}() takes 1 positional argument but {} were given",
            owner(step),
            bare(step),
            items.len() + 1
        ))),
        _ => Err(CallError::Argument(format!("{}() takes no arguments (arg{})", step.method, step.number))),
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

fn blank(tx: &Tx<'_>, model: ModelId) -> Result<Instance, CallError> {
    tx.blank(&tx.store.model(model).name)
}

fn create(tx: &mut Tx<'_>, object: &mut Instance) -> Result<(), CallError> {
    tx.rely_on(object.model().source.provenance());
    billing::before_create(tx, object)?;
    tx.save(object)?;
    billing::after_create(tx, object)
}

/// Fills in a new object; Django names all that it does not have at once.
fn fill(tx: &mut Tx<'_>, object: &mut Instance, values: &Map<String, Json>) -> Result<(), CallError> {
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
fn get_or_create(tx: &mut Tx<'_>, mut query: Query, method: &str, step: &Step) -> Result<Subject, CallError> {
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
fn update(tx: &mut Tx<'_>, query: &Query, step: &Step) -> Result<Subject, CallError> {
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

fn save(tx: &mut Tx<'_>, object: &mut Instance, args: &Map<String, Json>) -> Result<(), CallError> {
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
fn assign(tx: &mut Tx<'_>, object: &mut Instance, name: &str, value: &Json) -> Result<(), CallError> {
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
