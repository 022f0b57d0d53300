//! Whether a call may leave for a server that is not ours, when a sandbox is there: reads may; a write only if every
//! object it can touch belongs to the sandbox.
//!
//! An allow-list: what is not understood is refused. Nothing here trusts the layers that made the call.

use carbon_specs::schema::{Field, Model};
use carbon_specs::{FieldType, Schema};
use serde_json::{Map, Value};

use super::scope::Scope;
use crate::chain::{Chain, ChainError, Link};
use crate::exchange::Sent;
use crate::exchange::key;
use crate::safety;

/// What a call that may leave is.
#[derive(Clone, Debug, PartialEq)]
pub enum Leave {
    /// It changes nothing.
    Read,
    /// It creates an object, which can be found by these fields.
    Create {
        /// Its model.
        model: String,
        /// How to find it.
        by: Map<String, Value>,
    },
    /// It changes objects of the sandbox.
    Write {
        /// The model.
        model: String,
        /// The chain's methods.
        methods: Vec<String>,
        /// The object's key, where the call names it.
        pk: Option<i64>,
    },
}

/// Why a write is not let go.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Beyond {
    /// It cannot be taken apart.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// Nothing is called.
    #[error("the call names no method")]
    NoMethod,
    /// A method of the cabinet, in a session that is somebody's.
    #[error("`{0}` is not for a session of the sandbox")]
    Session(String),
    /// A method that may reach further.
    #[error("`{method}` of {model} can touch more than objects of the sandbox")]
    Method {
        /// The model.
        model: String,
        /// The method.
        method: String,
    },
    /// What a method answers may be of another model.
    #[error("what follows `{0}` is not known to be of the sandbox")]
    Follows(String),
    /// Conditions that others satisfy.
    #[error("{model} {conditions} is not known to be of the sandbox")]
    Selects {
        /// The model.
        model: String,
        /// The conditions of its `get`.
        conditions: Value,
    },
    /// A model that a sandbox leaves alone.
    #[error("a sandbox creates no {0}")]
    Creates(String),
    /// A name by which the object could not be recognised.
    #[error("{field} {value} does not begin with `{mark}`")]
    Unmarked {
        /// Model and field.
        field: String,
        /// The name.
        value: Value,
        /// How names begin.
        mark: String,
    },
    /// A new object without a name.
    #[error("a new {model} needs a `{field}` with the mark")]
    Nameless {
        /// The model.
        model: String,
        /// The field that names it.
        field: String,
    },
    /// A new object that would hang on nothing.
    #[error("a new {model} without `{without}` would not be in the sandbox")]
    Outside {
        /// The model.
        model: String,
        /// The field.
        without: String,
    },
    /// A name that would be lost.
    #[error("without its {0}, the object could not be recognised any more")]
    Renames(String),
    /// A key that points at somebody's row.
    #[error("`{place}` {value} is not a {model} that the sandbox uses")]
    PointsAt {
        /// The argument, or model and field.
        place: String,
        /// The key.
        value: Value,
        /// Where it points.
        model: String,
    },
    /// An argument whose meaning is unknown.
    #[error("`{method}` has no argument `{argument}` that we know")]
    Argument {
        /// The method.
        method: String,
        /// The argument.
        argument: String,
    },
    /// A field whose meaning is unknown.
    #[error("{model} has no field `{field}`")]
    Field {
        /// The model.
        model: String,
        /// The field.
        field: String,
    },
    /// Another key is another object.
    #[error("{0} keeps its key")]
    Key(String),
    /// A list, or an object.
    #[error("{place} {value} is not a plain value")]
    NotPlain {
        /// Model and field.
        place: String,
        /// The value.
        value: Value,
    },
    /// `deleted`, set by hand.
    #[error("objects are removed by `delete` alone")]
    Removes,
    /// A field whose effect is not the object's alone.
    #[error("{place} {value}: {why}")]
    Reaches {
        /// Model and field.
        place: String,
        /// The value.
        value: Value,
        /// What it would reach.
        why: &'static str,
    },
}

/// Models that may be created, and the field that carries the mark; the others hang on a subscriber of the sandbox.
const CREATED: [(&str, Option<&str>); 9] = [
    ("Abonents", Some("name")),
    ("Users", Some("login")),
    ("Homes", Some("street")),
    ("UserAttributes", Some("name")),
    ("AttributeValues", None),
    ("UsersUsluga", None),
    ("AccountStack", None),
    ("FinanceOperations", None),
    ("MsgStack", None),
];

/// Fields by which an object is recognised. Given at creation, with the mark, and never changed.
const NAMES: [(&str, &str); 5] = [
    ("Abonents", "name"),
    ("Abonents", "contract_number"),
    ("Users", "login"),
    ("Homes", "street"),
    ("UserAttributes", "name"),
];

/// Fields that reach beyond the object, and why they are not set.
const REACHING: [(&str, &str); 8] = [
    ("default_individual", "an automatic attribute concerns every subscriber"),
    ("default_person", "an automatic attribute concerns every subscriber"),
    ("ip", "an address may be somebody else's"),
    ("snatip", "an address may be somebody else's"),
    ("sms", "a message could reach somebody"),
    ("email", "a message could reach somebody"),
    ("phone", "a message could reach somebody"),
    ("is_folder", "a subscriber stays one"),
];

/// Arguments of a method that point at rows, and of which model.
type Points = &'static [(&'static str, &'static str)];

/// Methods of an object that touch nothing but the object and what hangs on it; an argument's model is where it points.
const METHODS: [(&str, &str, Points); 15] = [
    ("Abonents", "add_service", &[("usluga_id", "Usluga")]),
    ("Abonents", "add_payment", &[]),
    ("Abonents", "set_object_status", &[("status_id", "ObjectStatuses")]),
    ("Abonents", "move_to", &[("target", "Abonents")]),
    ("Abonents", "restore", &[]),
    ("Abonents", "block", &[]),
    ("Abonents", "unblock", &[]),
    ("Abonents", "storno_credit", &[]),
    ("Abonents", "send_message", &[("tmpl_id", "AdminMsg")]),
    ("Abonents", "init_userattributes", &[]),
    ("Abonents", "change_activation_date", &[]),
    ("Users", "set_password", &[]),
    ("Users", "get_or_create_dynamic_session", &[]),
    ("FinanceOperations", "storno_op", &[]),
    ("ArchAccountStack", "storno_it", &[]),
];

/// The cabinet's methods that change only what belongs to the session's subscriber.
const CABINET: [(&str, Points); 3] = [
    ("web_cabinet.add_promise_pay", &[("promise_pay_id", "Usluga")]),
    ("web_cabinet.set_user_usluga", &[("usluga_id", "Usluga")]),
    ("web_cabinet.remove_user_usluga", &[("usluga_id", "Usluga")]),
];

/// Decides.
///
/// # Errors
/// What the call could touch.
pub fn guard(schema: &Schema, scope: &Scope, sent: &Sent) -> Result<Leave, Beyond> {
    if safety::only_reads(schema, &sent.path, &sent.body).is_ok() {
        return Ok(Leave::Read);
    }
    let chain = Chain::parse(schema, sent)?;
    let model = schema.model(&chain.model).ok_or_else(|| ChainError::Model(chain.model.clone()))?;
    let Some((first, rest)) = chain.links.split_first() else { return Err(Beyond::NoMethod) };
    let judge = Judge { schema, scope, model };
    if let Some((_, points)) = CABINET.iter().find(|(name, _)| *name == first.method) {
        let known = first.args.get("suid").is_some_and(|suid| scope.has_session(suid));
        if !known || model.name != "Users" || !rest.is_empty() {
            return Err(Beyond::Session(first.method.clone()));
        }
        judge.points(first, points, &["suid"])?;
        return Ok(Leave::Write { model: chain.model.clone(), methods: vec![first.method.clone()], pk: None });
    }
    let leave = match first.method.as_str() {
        "objects.create" => Leave::Create { model: model.name.clone(), by: judge.create(&first.args)? },
        "objects.get" => {
            judge.selects(&first.args)?;
            let methods = chain.links.iter().map(|link| link.method.clone()).collect();
            let pk = [&model.pk_field().name, "pk"].into_iter().find_map(|name| first.args.get(name)).and_then(key);
            Leave::Write { model: model.name.clone(), methods, pk }
        }
        other => return Err(Beyond::Method { model: model.name.clone(), method: other.to_owned() }),
    };
    for (index, link) in rest.iter().enumerate() {
        judge.step(link)?;
        // What another method answers may be of another model.
        if !matches!(link.method.as_str(), "set" | "save") && index + 1 < rest.len() {
            return Err(Beyond::Follows(link.method.clone()));
        }
    }
    Ok(leave)
}

struct Judge<'a> {
    schema: &'a Schema,
    scope: &'a Scope,
    model: &'a Model,
}

impl Judge<'_> {
    /// Whether the conditions of a `get` can only hold of the sandbox's objects. One that does is enough: the others
    /// narrow.
    fn selects(&self, conditions: &Map<String, Value>) -> Result<(), Beyond> {
        let pinned = conditions.iter().any(|(path, value)| self.pins(path, value));
        if pinned {
            Ok(())
        } else {
            let conditions = Value::Object(conditions.clone());
            Err(Beyond::Selects { model: self.model.name.clone(), conditions })
        }
    }

    fn pins(&self, path: &str, value: &Value) -> bool {
        let name = self.model.name.as_str();
        let owned = |model: &str| key(value).is_some_and(|pk| self.scope.owns(model, pk));
        if path == "pk" || path == self.model.pk_field().name {
            return owned(name);
        }
        if name == "AdminAccounts" && path == "account_id_abonents" {
            return owned("Abonents");
        }
        let Some(field) = self.model.field(path) else { return false };
        match field.to.map(|to| self.schema.at(to).name.as_str()) {
            Some(target @ ("Abonents" | "Users")) if matches!(field.name.as_str(), "abonent" | "user") => owned(target),
            Some(_) => false,
            None => NAMES.contains(&(name, field.name.as_str())) && self.scope.is_marked(value),
        }
    }

    fn create(&self, args: &Map<String, Value>) -> Result<Map<String, Value>, Beyond> {
        let name = self.model.name.as_str();
        let Some((_, mark)) = CREATED.iter().find(|(model, _)| *model == name) else {
            return Err(Beyond::Creates(name.to_owned()));
        };
        for (argument, value) in args {
            let field = self.field(argument)?;
            if NAMES.contains(&(name, field.name.as_str())) {
                if !self.scope.is_marked(value) {
                    return Err(Beyond::Unmarked {
                        field: format!("{name}.{argument}"),
                        value: value.clone(),
                        mark: self.scope.mark().to_owned(),
                    });
                }
            } else if !(name == "Abonents" && (field.name == "is_folder" || self.is_root(field, value, args))) {
                self.value(field, argument, value)?;
            }
        }
        let needs: &[&str] = match name {
            "Abonents" => &["parent"],
            "Homes" | "UserAttributes" => &[],
            _ => &["abonent"],
        };
        for need in needs {
            let given = args.iter().any(|(argument, value)| {
                self.model.field(argument).is_some_and(|field| field.name == *need) && !value.is_null()
            });
            // A server without a folder for everything holds the sandbox's folder at the top.
            let top = name == "Abonents" && self.scope.root().is_none() && is_folder(args);
            if !given && !top {
                return Err(Beyond::Outside { model: name.to_owned(), without: (*need).to_owned() });
            }
        }
        let mut by = Map::new();
        match mark {
            Some(mark) => {
                let value = args
                    .get(*mark)
                    .ok_or_else(|| Beyond::Nameless { model: name.to_owned(), field: (*mark).to_owned() })?;
                by.insert((*mark).to_owned(), value.clone());
            }
            None => {
                let links = args.iter().filter(|(argument, value)| {
                    !value.is_null() && self.model.field(argument).is_some_and(|field| field.to.is_some())
                });
                by.extend(links.map(|(argument, value)| (argument.clone(), value.clone())));
            }
        }
        Ok(by)
    }

    /// Only the sandbox's own folder lies in a folder that is not the sandbox's.
    fn is_root(&self, field: &Field, value: &Value, args: &Map<String, Value>) -> bool {
        field.name == "parent" && is_folder(args) && key(value).is_some() && key(value) == self.scope.root()
    }

    fn step(&self, link: &Link) -> Result<(), Beyond> {
        let name = self.model.name.as_str();
        match link.method.as_str() {
            "set" => link.args.iter().try_for_each(|(argument, value)| {
                let field = self.field(argument)?;
                if NAMES.contains(&(name, field.name.as_str())) {
                    return Err(Beyond::Renames(argument.clone()));
                }
                self.value(field, argument, value)
            }),
            "save" => self.points(link, &[], &["allow_set_none_manager"]),
            "delete" => self.points(link, &[], &["clean_links"]),
            method => {
                let known = METHODS.iter().find(|(model, known, _)| *model == name && *known == method);
                let Some((_, _, points)) = known else {
                    return Err(Beyond::Method { model: name.to_owned(), method: method.to_owned() });
                };
                let spec = self.model.methods.get(method);
                let plain: Vec<&str> = spec.iter().flat_map(|spec| spec.args.keys()).map(String::as_str).collect();
                self.points(link, points, &plain)
            }
        }
    }

    /// Holds a method's arguments: those that point somewhere, and those that may be there.
    fn points(&self, link: &Link, points: &[(&str, &str)], plain: &[&str]) -> Result<(), Beyond> {
        for (argument, value) in &link.args {
            match points.iter().find(|(name, _)| name == argument) {
                Some((_, model)) if !key(value).is_some_and(|pk| self.scope.may_point_at(model, pk)) => {
                    return Err(Beyond::PointsAt {
                        place: argument.clone(),
                        value: value.clone(),
                        model: (*model).to_owned(),
                    });
                }
                None if !plain.contains(&argument.as_str()) => {
                    return Err(Beyond::Argument { method: link.method.clone(), argument: argument.clone() });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn field(&self, argument: &str) -> Result<&Field, Beyond> {
        let field = self
            .model
            .field(argument)
            .ok_or_else(|| Beyond::Field { model: self.model.name.clone(), field: argument.to_owned() })?;
        if field.id == self.model.pk {
            return Err(Beyond::Key(self.model.name.clone()));
        }
        Ok(field)
    }

    fn value(&self, field: &Field, argument: &str, value: &Value) -> Result<(), Beyond> {
        let name = self.model.name.as_str();
        if let Some(to) = field.to {
            let target = self.schema.at(to).name.as_str();
            let anchor = matches!(field.name.as_str(), "abonent" | "user" | "parent" | "account");
            return match key(value) {
                Some(pk) if self.scope.may_point_at(target, pk) => Ok(()),
                None if value.is_null() && !anchor => Ok(()),
                _ => Err(Beyond::PointsAt {
                    place: format!("{name}.{argument}"),
                    value: value.clone(),
                    model: target.to_owned(),
                }),
            };
        }
        if value.is_object() || value.is_array() {
            return Err(Beyond::NotPlain { place: format!("{name}.{argument}"), value: value.clone() });
        }
        if field.name == "deleted" {
            return Err(Beyond::Removes);
        }
        match REACHING.iter().find(|(reaching, _)| *reaching == field.name) {
            Some((_, why)) if !is_empty(field, value) => {
                Err(Beyond::Reaches { place: format!("{name}.{argument}"), value: value.clone(), why })
            }
            _ => Ok(()),
        }
    }
}

fn is_folder(args: &Map<String, Value>) -> bool {
    args.get("is_folder").is_some_and(|value| matches!(key(value), Some(1)) || *value == Value::Bool(true))
}

fn is_empty(field: &Field, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty() || (field.kind == FieldType::Flag && text == "0"),
        Value::Number(number) => field.kind == FieldType::Flag && number.as_i64() == Some(0),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
