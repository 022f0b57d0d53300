//! Which rows of the demo data a documented call names: ids, and texts by which a row is found. On another server they
//! mean somebody else or nobody, so each is replaced by one of that server's, or the call is not sent.

use std::fmt;

use carbon_specs::example::{Example, Kind, Variant};
use carbon_specs::rule::{Case, Rule};
use carbon_specs::schema::Model;
use carbon_specs::step::Step;
use carbon_specs::{Contract, FieldType, Schema};
use serde_json::{Map, Value};

use crate::chain::{Chain, ChainError};
use crate::exchange::Sent;
use crate::safety;

/// A row as the page names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageId {
    /// The model, as the contract spells it.
    pub model: String,
    /// The field that names the row: the primary key, or a text.
    pub field: String,
    /// Its value on the page.
    pub value: String,
    /// Whether the field is the model's key.
    pub is_key: bool,
}

impl fmt::Display for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_key {
            write!(f, "{} {}", self.model, self.value)
        } else {
            write!(f, "{}.{} {}", self.model, self.field, self.value)
        }
    }
}

/// Why a call is not sent to a server that is not the page's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbound {
    /// Nothing stands for a row of the page.
    #[error("no binding for {0}")]
    Missing(PageId),
    /// We cannot tell which rows it names.
    #[error("it cannot be told which rows it names: {0}")]
    Unclear(#[from] ChainError),
}

/// Models that `get_user_by_suid` and the cabinet find by a session.
const SESSION: (&str, &str) = ("DynamicSessions", "suid");

/// The call with each row of the page replaced by what `find` gives for it. A call that names none stays as it is, to the
/// byte.
///
/// # Errors
/// See [`Unbound`].
pub fn bind(schema: &Schema, sent: &Sent, mut find: impl FnMut(&PageId) -> Option<Value>) -> Result<Sent, Unbound> {
    let mut chain = Chain::parse(schema, sent)?;
    let Some(model) = schema.model(&chain.model) else { return Err(ChainError::Model(chain.model).into()) };
    let mut changed = false;
    for link in &mut chain.links {
        let selects = matches!(
            link.method.as_str(),
            "objects.get" | "objects.filter" | "objects.exclude" | "filter" | "exclude" | "get"
        );
        let together = if selects { of_one_row(model, &link.args) } else { Vec::new() };
        for (argument, value) in &mut link.args {
            let place = if selects {
                match together.contains(argument) {
                    true => model.field(argument).map(|field| (model.name.clone(), field.column.clone(), false)),
                    false => place(schema, model, argument),
                }
            } else if argument == "suid" {
                Some((SESSION.0.to_owned(), SESSION.1.to_owned(), false))
            } else {
                None
            };
            let Some((model, field, is_key)) = place else { continue };
            let mut one = |value: &mut Value| -> Result<(), Unbound> {
                let Some(text) = name_of(value) else { return Ok(()) };
                // A place for the reader's own value (`<ID>`, `$suid`), printed as it stands: it names nobody anywhere.
                if text.starts_with('$') || (is_key && text.parse::<i64>().is_err()) {
                    return Ok(());
                }
                let id = PageId { model: model.clone(), field: field.clone(), value: text, is_key };
                let found = find(&id).ok_or(Unbound::Missing(id))?;
                *value = like(value, found);
                changed = true;
                Ok(())
            };
            match value {
                Value::Array(items) => items.iter_mut().try_for_each(&mut one)?,
                value => one(value)?,
            }
        }
    }
    Ok(if changed { chain.sent() } else { sent.clone() })
}

/// Conditions on several columns of one model that find a row together; they must come of one row of the server.
fn of_one_row(model: &Model, conditions: &Map<String, Value>) -> Vec<String> {
    let names: Vec<String> = conditions
        .iter()
        .filter(|(path, value)| {
            let field = model.field(path).filter(|field| field.id != model.pk);
            let kind = field.map(|field| field.kind);
            name_of(value).is_some()
                && matches!(
                    kind,
                    Some(FieldType::Fk | FieldType::Int | FieldType::String | FieldType::Text | FieldType::Ip)
                )
        })
        .map(|(path, _)| path.clone())
        .collect();
    if names.len() > 1 { names } else { Vec::new() }
}

/// The model and field that a condition's path ends at, where its value names a row; and whether that is the key.
fn place(schema: &Schema, model: &Model, path: &str) -> Option<(String, String, bool)> {
    let mut at = model;
    let mut field = None;
    for part in path.split("__") {
        if field.is_some() {
            // Behind a column stands a lookup. Only equality names a row.
            if matches!(part, "exact" | "iexact" | "in") {
                continue;
            }
            return None;
        }
        if part == "pk" {
            field = Some(at.pk_field());
        } else if let Some(found) = at.field(part) {
            match found.to {
                Some(to) if found.name == part => at = schema.at(to),
                Some(to) => {
                    at = schema.at(to);
                    field = Some(at.pk_field());
                }
                None => field = Some(found),
            }
        } else if let Some(relation) = at.relation(part) {
            at = schema.at(relation.model);
        } else if matches!(part, "exact" | "in") {
            field = Some(at.pk_field());
        } else {
            return None;
        }
    }
    let field = field.unwrap_or_else(|| at.pk_field());
    let is_key = field.id == at.pk;
    (is_key || field.kind.is_text()).then(|| (at.name.clone(), field.name.clone(), is_key))
}

/// What names a row: a number or a text. Nothing, nobody (-1), yes and no name none.
fn name_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if number.as_i64().is_some_and(|number| number >= 0) => Some(number.to_string()),
        _ => None,
    }
}

/// The server's value, spelled as the page spells its own: a number in quotes stays one.
fn like(page: &Value, server: Value) -> Value {
    match (page, server) {
        (Value::String(_), Value::Number(number)) => number.to_string().into(),
        (Value::Number(_), Value::String(text)) => text.parse::<i64>().map_or(Value::String(text), Value::from),
        (_, server) => server,
    }
}

/// An example, or a case of a rule, that names the server's rows instead of the page's.
pub trait Rebind: Sized {
    /// With each request bound by `find`.
    ///
    /// # Errors
    /// See [`Unbound`].
    fn rebind(&self, schema: &Schema, find: &dyn Fn(&PageId) -> Option<Value>) -> Result<Self, Unbound>;
}

impl Rebind for Variant {
    fn rebind(&self, schema: &Schema, find: &dyn Fn(&PageId) -> Option<Value>) -> Result<Self, Unbound> {
        let mut bound = self.clone();
        if let Some(request) = &mut bound.request {
            let sent = Sent { path: request.path.clone(), body: request.body.clone() };
            request.body = bind(schema, &sent, find)?.body;
        }
        // What reads must find afterwards are the page's own values.
        bound.after.retain(|step| !matches!(step, Step::Read(_)));
        bind_steps(&mut bound.after, schema, find)?;
        Ok(bound)
    }
}

impl Rebind for Case {
    fn rebind(&self, schema: &Schema, find: &dyn Fn(&PageId) -> Option<Value>) -> Result<Self, Unbound> {
        let mut bound = self.clone();
        bind_steps(&mut bound.steps, schema, find)?;
        Ok(bound)
    }
}

fn bind_steps(steps: &mut [Step], schema: &Schema, find: &dyn Fn(&PageId) -> Option<Value>) -> Result<(), Unbound> {
    for step in steps {
        if let Step::Call { path, body, .. } = step {
            let sent = Sent { path: path.clone(), body: body.clone() };
            match bind(schema, &sent, find) {
                Ok(sent) => *body = sent.body,
                // A case may well say a call wrongly on purpose: such a call names no row.
                Err(Unbound::Unclear(_)) => {}
                Err(missing) => return Err(missing),
            }
        }
    }
    Ok(())
}

/// Every row that the page's reads name, each once, in order; rules that only read are among them.
pub fn names(contract: &Contract) -> Vec<PageId> {
    let mut found = Vec::new();
    for sent in reads(contract) {
        // What cannot be taken apart is a misprint; it is not bound, and not sent.
        let _ = bind(&contract.schema, &sent, |id| {
            found.push(id.clone());
            Some(Value::from(id.value.clone()))
        });
    }
    found.sort();
    found.dedup();
    found
}

fn reads(contract: &Contract) -> Vec<Sent> {
    let schema = &contract.schema;
    let reads = |example: &&Example| example.kind == Kind::Read;
    let forms = |example: &Example| [Some(example.printed.clone()), example.corrected.clone()];
    let requests = contract.examples.iter().filter(reads).flat_map(forms).flatten().filter_map(|form| form.request);
    let calls = contract.rules.iter().flat_map(|rule: &Rule| &rule.cases).flat_map(|case| &case.steps);
    let calls = calls.filter_map(|step| match step {
        Step::Call { path, body, .. } => Some(Sent { path: path.clone(), body: body.clone() }),
        _ => None,
    });
    requests
        .map(|request| Sent { path: request.path, body: request.body })
        .chain(calls)
        .filter(|sent| safety::only_reads(schema, &sent.path, &sent.body).is_ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(model: &str, body: &str) -> Vec<String> {
        let contract = Contract::embedded().unwrap();
        let sent = Sent { path: format!("/rest_api/v2/{model}/"), body: body.to_owned() };
        let mut found = Vec::new();
        let bound = bind(&contract.schema, &sent, |id| {
            found.push(id.to_string());
            Some(Value::from(7))
        });
        assert!(bound.is_ok(), "{bound:?}");
        if found.is_empty() {
            assert_eq!(bound, Ok(sent), "what names nothing stays as it is");
        }
        found
    }

    #[test]
    fn a_call_names_rows_by_keys_and_by_texts() {
        let get = |model: &str, conditions: &str| named(model, &format!("method1=objects.get&arg1={conditions}"));
        assert_eq!(get("Abonents", r#"{"id":"45"}"#), ["Abonents 45"]);
        assert_eq!(get("Users", r#"{"abonent__pk":"1234"}"#), ["Abonents 1234"]);
        assert_eq!(get("Users", r#"{"abonent_id":1234,"deleted":0}"#), ["Abonents 1234"]);
        assert_eq!(get("AdminAccounts", r#"{"account_id_abonents":"2003"}"#), ["Abonents 2003"]);
        assert_eq!(get("AdminAccounts", r#"{"account_id_abonents__id__in":[3,"4"]}"#), ["Abonents 3", "Abonents 4"]);
        assert_eq!(get("Abonents", r#"{"abonent_id_users__ip":"127.1.2.3"}"#), ["Users.ip 127.1.2.3"]);
        assert_eq!(get("tarif", r#"{"name":"Другой"}"#), ["Tarif.name Другой"]);
        assert_eq!(
            get("SwitchPorts", r#"{"switch_id":"1114","num":"8"}"#),
            ["SwitchPorts.switch_id 1114", "SwitchPorts.num 8"]
        );
        assert_eq!(named("Users", r#"method1=get_user_by_suid&arg1={"suid": "14"}"#), ["DynamicSessions.suid 14"]);
    }

    #[test]
    fn dates_flags_and_nobody_name_no_row() {
        let filter = |model: &str, conditions: &str| named(model, &format!("method1=objects.filter&arg1={conditions}"));
        for (model, conditions) in [
            ("Abonents", r#"{"is_folder":0}"#),
            ("Abonents", r#"{"id":-1}"#),
            ("VoipLog", r#"{"s_time__gte":"2017-11-20"}"#),
            ("Users", r#"{"abonent__deleted": 0, "abonent__abonent_id_abonentsblock__b_negbal": 1 }"#),
            ("Users", r#"{"abonent__abonent_id_abonentsblock__isnull": 1}"#),
            ("Abonents", r#"{"name__contains":"50"}"#),
            ("Abonents", r#"{"id":"<ID>"}"#),
        ] {
            assert!(filter(model, conditions).is_empty(), "{model} {conditions}");
        }
    }

    #[test]
    fn the_servers_value_is_spelled_as_the_pages() {
        let schema = Contract::embedded().unwrap().schema;
        let bound = |body: &str| {
            let sent = Sent { path: "/rest_api/v2/Abonents/".into(), body: body.to_owned() };
            let sent = bind(&schema, &sent, |_| Some(Value::from(17))).unwrap();
            Chain::parse(&schema, &sent).unwrap().links[0].args["id"].clone()
        };
        assert_eq!(bound(r#"method1=objects.get&arg1={"id":"45"}"#), "17");
        assert_eq!(bound(r#"method1=objects.get&arg1={"id":45}"#), 17);
    }

    #[test]
    fn every_documented_read_is_understood() {
        let contract = Contract::embedded().unwrap();
        for example in contract.examples.iter().filter(|example| example.kind == Kind::Read) {
            for (printed, variant) in [(true, Some(&example.printed)), (false, example.corrected.as_ref())] {
                let Some(request) = variant.and_then(|variant| variant.request.as_ref()) else { continue };
                let sent = Sent { path: request.path.clone(), body: request.body.clone() };
                let bound = bind(&contract.schema, &sent, |id| Some(id.value.clone().into()));
                let misprint = printed && example.erratum.is_some();
                assert!(bound.is_ok() || misprint, "{}: {bound:?}", example.id);
            }
        }
        assert!(names(&contract).len() > 30);
    }
}
