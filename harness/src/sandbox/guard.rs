//! Whether a call may leave for a server that is not ours, when a sandbox is there: reads may; a write only if every
//! object it can touch belongs to the sandbox.
//!
//! An allow-list: what is not understood is refused. Nothing here trusts the layers that made the call.

use carbon_specs::schema::{Field, Model};
use carbon_specs::{FieldType, Schema};
use serde_json::{Map, Value};

use super::chain::{Chain, Link};
use super::scope::{Scope, key};
use crate::exchange::Sent;
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
/// A sentence that says what the call could touch.
pub fn guard(schema: &Schema, scope: &Scope, sent: &Sent) -> Result<Leave, String> {
    if safety::only_reads(schema, &sent.path, &sent.body).is_ok() {
        return Ok(Leave::Read);
    }
    let chain = Chain::parse(schema, sent)?;
    let model = schema.model(&chain.model).ok_or_else(|| format!("the contract has no model `{}`", chain.model))?;
    let Some((first, rest)) = chain.links.split_first() else { return Err("the call names no method".to_owned()) };
    let judge = Judge { schema, scope, model };
    if let Some((_, points)) = CABINET.iter().find(|(name, _)| *name == first.method) {
        let known = first.args.get("suid").is_some_and(|suid| scope.has_session(suid));
        if !known || model.name != "Users" || !rest.is_empty() {
            return Err(format!("`{}` is not for a session of the sandbox", first.method));
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
        other => return Err(format!("`{other}` can touch more than objects of the sandbox")),
    };
    for (index, link) in rest.iter().enumerate() {
        judge.step(link)?;
        // What another method answers may be of another model.
        if !matches!(link.method.as_str(), "set" | "save") && index + 1 < rest.len() {
            return Err(format!("what follows `{}` is not known to be of the sandbox", link.method));
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
    fn selects(&self, conditions: &Map<String, Value>) -> Result<(), String> {
        let pinned = conditions.iter().any(|(path, value)| self.pins(path, value));
        if pinned {
            Ok(())
        } else {
            let shown = Value::Object(conditions.clone());
            Err(format!("{} {shown} is not known to be of the sandbox", self.model.name))
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

    fn create(&self, args: &Map<String, Value>) -> Result<Map<String, Value>, String> {
        let name = self.model.name.as_str();
        let Some((_, mark)) = CREATED.iter().find(|(model, _)| *model == name) else {
            return Err(format!("a sandbox creates no {name}"));
        };
        for (argument, value) in args {
            let field = self.field(argument)?;
            if NAMES.contains(&(name, field.name.as_str())) {
                if !self.scope.is_marked(value) {
                    return Err(format!("{name}.{argument} {value} does not begin with `{}`", self.scope.mark()));
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
                return Err(format!("a new {name} without `{need}` would not be in the sandbox"));
            }
        }
        let mut by = Map::new();
        match mark {
            Some(mark) => {
                let value = args.get(*mark).ok_or_else(|| format!("a new {name} needs a `{mark}` with the mark"))?;
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

    fn step(&self, link: &Link) -> Result<(), String> {
        let name = self.model.name.as_str();
        match link.method.as_str() {
            "set" => link.args.iter().try_for_each(|(argument, value)| {
                let field = self.field(argument)?;
                if NAMES.contains(&(name, field.name.as_str())) {
                    return Err(format!("without its {argument}, the object could not be recognised any more"));
                }
                self.value(field, argument, value)
            }),
            "save" => self.points(link, &[], &["allow_set_none_manager"]),
            "delete" => self.points(link, &[], &["clean_links"]),
            method => {
                let known = METHODS.iter().find(|(model, known, _)| *model == name && *known == method);
                let Some((_, _, points)) = known else {
                    return Err(format!("`{method}` of {name} can touch more than objects of the sandbox"));
                };
                let spec = self.model.methods.get(method);
                let plain: Vec<&str> = spec.iter().flat_map(|spec| spec.args.keys()).map(String::as_str).collect();
                self.points(link, points, &plain)
            }
        }
    }

    /// Holds a method's arguments: those that point somewhere, and those that may be there.
    fn points(&self, link: &Link, points: &[(&str, &str)], plain: &[&str]) -> Result<(), String> {
        for (argument, value) in &link.args {
            match points.iter().find(|(name, _)| name == argument) {
                Some((_, model)) if !key(value).is_some_and(|pk| self.scope.may_point_at(model, pk)) => {
                    return Err(format!("`{argument}` {value} is not a {model} that the sandbox uses"));
                }
                None if !plain.contains(&argument.as_str()) => {
                    return Err(format!("`{}` has no argument `{argument}` that we know", link.method));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn field(&self, argument: &str) -> Result<&Field, String> {
        let field =
            self.model.field(argument).ok_or_else(|| format!("{} has no field `{argument}`", self.model.name))?;
        if field.id == self.model.pk {
            return Err(format!("{} keeps its key", self.model.name));
        }
        Ok(field)
    }

    fn value(&self, field: &Field, argument: &str, value: &Value) -> Result<(), String> {
        let name = self.model.name.as_str();
        if let Some(to) = field.to {
            let target = self.schema.at(to).name.as_str();
            let anchor = matches!(field.name.as_str(), "abonent" | "user" | "parent" | "account");
            return match key(value) {
                Some(pk) if self.scope.may_point_at(target, pk) => Ok(()),
                None if value.is_null() && !anchor => Ok(()),
                _ => Err(format!("{name}.{argument} {value} is not a {target} that the sandbox uses")),
            };
        }
        if value.is_object() || value.is_array() {
            return Err(format!("{name}.{argument} {value} is not a plain value"));
        }
        if field.name == "deleted" {
            return Err("objects are removed by `delete` alone".to_owned());
        }
        match REACHING.iter().find(|(reaching, _)| *reaching == field.name) {
            Some((_, why)) if !is_empty(field, value) => Err(format!("{name}.{argument} {value}: {why}")),
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
