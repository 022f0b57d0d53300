//! Looks on a server, by reads alone, for rows that can stand for the page's: counts first, then a few rows with the few
//! fields that matter, never a whole table.

use std::collections::BTreeMap;

use carbon_specs::schema::Model;
use carbon_specs::{Contract, Schema};
use serde_json::{Map, Value, json};

use super::page::{PageId, names};
use crate::ask::{self, AskError, Row};
use crate::brief::plural;
use crate::target::Client;

/// How many rows are tried for a text that only one row may have.
const TRIES: usize = 10;

/// Models of which the page asks for what points at them, and by which column.
const REFERRED: [(&str, &str, &str); 1] = [("FinanceOperations", "FinanceOperationsDetail", "finance_operation_id")];

/// What the user says: `abonent=45`, `Abonents.contract_number=A-17`, `suid=1234`.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    model: String,
    /// Nothing for the key.
    field: Option<String>,
    value: Value,
}

impl Said {
    /// Understands `NAME=VALUE`.
    ///
    /// # Errors
    /// A sentence that says which names there are.
    pub fn parse(schema: &Schema, text: &str) -> Result<Self, String> {
        let (name, value) = text
            .split_once('=')
            .filter(|(_, value)| !value.is_empty())
            .ok_or_else(|| format!("`{text}`: give a name and a value, like abonent=45"))?;
        let value = value.parse::<i64>().map_or_else(|_| Value::from(value), Value::from);
        let (name, field) = match name.split_once('.') {
            Some((name, field)) => (name, Some(field)),
            None => (name, None),
        };
        if name == "suid" && field.is_none() {
            return Ok(Self {
                model: "DynamicSessions".into(),
                field: Some("suid".into()),
                value: value_text(&value).into(),
            });
        }
        // `abonent` is what foreign keys to a subscriber are called.
        let linked = || {
            let mut fields = schema.models.iter().flat_map(|model| &model.fields);
            fields
                .find(|field| field.name.eq_ignore_ascii_case(name))
                .and_then(|field| field.to)
                .map(|to| schema.at(to))
        };
        let model = schema.model(name).or_else(linked).ok_or_else(|| {
            format!(
                "`{name}` is neither a model nor the name of a link to one; try abonent, user, tarif or a model's name"
            )
        })?;
        let field = match field {
            None => None,
            Some(field) => {
                let found = model.field(field).ok_or_else(|| format!("{} has no field `{field}`", model.name))?;
                (found.id != model.pk).then(|| found.name.clone())
            }
        };
        if field.is_none() && value.as_i64().is_none() {
            return Err(format!("`{text}`: the key of {} is a number", model.name));
        }
        Ok(Self { model: model.name.clone(), field, value })
    }
}

/// What came of one row of the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The page's row.
    pub id: PageId,
    /// What stands for it; nothing if nothing can.
    pub value: Option<Value>,
    /// Why this, or why nothing.
    pub why: String,
}

/// Finds what can stand for each row that the page's reads name.
///
/// # Errors
/// The server cannot be asked. What it refuses to answer is a finding.
pub async fn discover(client: &Client, contract: &Contract, said: &[Said]) -> Result<Vec<Finding>, AskError> {
    let mut by_model: BTreeMap<String, Vec<PageId>> = BTreeMap::new();
    for id in names(contract) {
        by_model.entry(id.model.clone()).or_default().push(id);
    }
    let mut found = Vec::new();
    // The subscriber is chosen first: rows of other models are its own, where it has some.
    let mut subscriber = None;
    let mut order: Vec<(String, Vec<PageId>)> = by_model.into_iter().collect();
    order.sort_by_key(|(model, _)| model != "Abonents");
    for (name, ids) in order {
        let Some(model) = contract.schema.model(&name) else { continue };
        let search = Search { client, model, said, subscriber };
        let findings = match search.model(&ids).await {
            Ok(findings) => findings,
            Err(AskError::Answer { what, answer }) => {
                let why = format!("{what}: the server answered {answer}");
                ids.into_iter().map(|id| Finding { id, value: None, why: why.clone() }).collect()
            }
            Err(error) => return Err(error),
        };
        if name == "Abonents" {
            subscriber = findings
                .iter()
                .filter(|finding| finding.id.is_key)
                .find_map(|finding| finding.value.as_ref()?.as_i64());
        }
        found.extend(findings);
    }
    found.sort_by(|left, right| left.id.cmp(&right.id));
    Ok(found)
}

struct Search<'a> {
    client: &'a Client,
    model: &'a Model,
    said: &'a [Said],
    subscriber: Option<i64>,
}

impl Search<'_> {
    async fn model(&self, ids: &[PageId]) -> Result<Vec<Finding>, AskError> {
        let key = self.said.iter().find(|said| said.model == self.model.name && said.field.is_none());
        let columns = self.columns(ids);
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        let (row, why) = match key {
            Some(said) => {
                let rows = ask::rows(self.client, &self.model.name, json!({"pk": said.value}), &names).await?;
                match rows.into_iter().next() {
                    Some(row) => (Ok(row), "as told".to_owned()),
                    None => (Err(format!("there is no {} {}", self.model.name, said.value)), String::new()),
                }
            }
            None => match own_reason(&self.model.name) {
                Some(reason) => (Err(reason.to_owned()), String::new()),
                None => match self.referred(&names).await? {
                    Some(found) => found,
                    None => self.choose(&columns).await?,
                },
            },
        };
        let mut findings = Vec::new();
        let mut texts: BTreeMap<&str, (Option<Value>, String)> = BTreeMap::new();
        for id in ids {
            let said = self.said.iter().find(|said| said.model == id.model && said.field.as_deref() == Some(&id.field));
            let (value, why) = match (&row, said) {
                (_, Some(said)) => (Some(said.value.clone()), "as told".to_owned()),
                (Err(reason), None) => (None, reason.clone()),
                (Ok(row), None) if id.is_key => (Some(row.pk.into()), why.clone()),
                (Ok(row), None) => match texts.get(id.field.as_str()) {
                    Some(known) => known.clone(),
                    None => {
                        let found = self.text(&id.field, row, &columns).await?;
                        texts.insert(&id.field, found.clone());
                        found
                    }
                },
            };
            findings.push(Finding { id: id.clone(), value, why });
        }
        Ok(findings)
    }

    /// The fields that matter: those that the page names rows by, and an account where one is asked for.
    fn columns(&self, ids: &[PageId]) -> Vec<String> {
        let mut columns = vec![self.model.pk_field().name.clone()];
        let named = ids.iter().filter(|id| !id.is_key).map(|id| id.field.clone());
        let account = (self.model.name == "Abonents").then(|| "account_id".to_owned());
        for column in named.chain(account) {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        columns
    }

    /// A row that others point at, where the page asks for those others.
    async fn referred(&self, names: &[&str]) -> Result<Option<(Result<Row, String>, String)>, AskError> {
        let Some((_, by, column)) = REFERRED.iter().find(|(model, _, _)| *model == self.model.name) else {
            return Ok(None);
        };
        let found = ask::some(self.client, by, "id", &Map::new(), &[column]).await;
        let key = match found {
            Ok(rows) => rows.iter().find_map(|row| row.fields.get(*column)?.as_i64()),
            Err(AskError::Answer { .. }) => None,
            Err(error) => return Err(error),
        };
        let Some(key) = key else { return Ok(None) };
        let rows = ask::rows(self.client, &self.model.name, json!({"pk": key}), names).await?;
        Ok(rows.into_iter().next().map(|row| (Ok(row), format!("the first that has {by}"))))
    }

    /// The row that has the most of the fields that matter.
    async fn choose(&self, columns: &[String]) -> Result<(Result<Row, String>, String), AskError> {
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        let mut rows = Vec::new();
        let mut of = String::new();
        if let (Some(subscriber), Some(link)) = (self.subscriber, self.model.field("abonent")) {
            let mut filter = self.live();
            filter.insert(link.column.clone(), subscriber.into());
            rows = self.some(&filter, &names).await?;
            of = format!(" of Abonents {subscriber}");
        }
        if rows.is_empty() {
            of = String::new();
            rows = self.some(&self.live(), &names).await?;
        }
        let seen = rows.len();
        let has = |row: &Row| columns.iter().filter(|column| is_there(row.fields.get(*column))).count();
        let best = rows.into_iter().max_by_key(|row| (has(row), row.pk >= 0, std::cmp::Reverse(row.pk)));
        Ok(match best {
            None => (Err(format!("the server shows no {}", self.model.name)), String::new()),
            Some(row) => {
                let rest = columns.iter().skip(1);
                let there: Vec<&str> =
                    rest.filter(|column| is_there(row.fields.get(*column))).map(String::as_str).collect();
                let with = if there.is_empty() { String::new() } else { format!(" with {}", there.join(", ")) };
                let why = format!("the first{with} of {} looked at{of}", plural(seen, "row", "rows"));
                (Ok(row), why)
            }
        })
    }

    async fn some(&self, filter: &Map<String, Value>, names: &[&str]) -> Result<Vec<Row>, AskError> {
        let pk = &self.model.pk_field().name;
        match ask::some(self.client, &self.model.name, pk, filter, names).await {
            // `deleted` of some models is our assumption.
            Err(AskError::Answer { .. }) if filter.contains_key("deleted") => {
                let mut filter = filter.clone();
                filter.remove("deleted");
                ask::some(self.client, &self.model.name, pk, &filter, names).await
            }
            other => other,
        }
    }

    /// Not in the trash, and no folder.
    fn live(&self) -> Map<String, Value> {
        let flags = ["deleted", "is_folder"].into_iter().filter(|flag| self.model.field(flag).is_some());
        flags.map(|flag| (flag.to_owned(), 0.into())).collect()
    }

    /// A value of a field: the chosen row's, if it has one that nobody else has, else another row's.
    async fn text(&self, field: &str, row: &Row, columns: &[String]) -> Result<(Option<Value>, String), AskError> {
        let is_text = self.model.field(field).is_some_and(|field| field.kind.is_text());
        let of = |row: &Row| format!("of {} {}", self.model.name, row.pk);
        if let Some(value) = row.fields.get(field).filter(|value| is_there(Some(value))) {
            if !is_text || self.is_alone(field, value).await? {
                return Ok((Some(value.clone()), of(row)));
            }
        } else if !is_text {
            return Ok((None, format!("the chosen row, {}, has none", of(row))));
        }
        let mut filter = self.live();
        filter.insert(format!("{field}__gt"), "".into());
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        let others = self.some(&filter, &names).await?;
        for other in others.iter().take(TRIES) {
            if let Some(value) = other.fields.get(field).filter(|value| is_there(Some(value)))
                && self.is_alone(field, value).await?
            {
                return Ok((Some(value.clone()), of(other)));
            }
        }
        let why = if others.is_empty() { "no row has one" } else { "of the rows looked at, none has one to itself" };
        Ok((None, why.to_owned()))
    }

    async fn is_alone(&self, field: &str, value: &Value) -> Result<bool, AskError> {
        let filter = Value::Object(Map::from_iter([(field.to_owned(), value.clone())]));
        Ok(ask::count(self.client, &self.model.name, filter).await? == 1)
    }
}

/// Why a model's rows are not chosen without being told.
fn own_reason(model: &str) -> Option<&'static str> {
    match model {
        "AdminCustomReports" => Some("a report's arguments are its own: name one that takes the page's"),
        "DynamicSessions" => Some("a cabinet session is somebody's: name one of a test user"),
        _ => None,
    }
}

fn is_there(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(_) => true,
    }
}

fn value_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_says_is_understood() {
        let schema = Contract::embedded().unwrap().schema;
        let said = |text: &str| Said::parse(&schema, text);
        let key = |model: &str, value: i64| Ok(Said { model: model.into(), field: None, value: value.into() });
        assert_eq!(said("abonent=45"), key("Abonents", 45));
        assert_eq!(said("Abonents=45"), key("Abonents", 45));
        assert_eq!(said("tarif.id=7"), key("Tarif", 7));
        let sms = Said { model: "Abonents".into(), field: Some("sms".into()), value: "+79".into() };
        assert_eq!(said("abonent.sms=+79").map(|said| said.field), Ok(sms.field.clone()));
        let suid = Said { model: "DynamicSessions".into(), field: Some("suid".into()), value: "14".into() };
        assert_eq!(said("suid=14"), Ok(suid));
        for wrong in ["abonent", "abonent=", "nobody=1", "abonent=x", "abonent.nothing=1"] {
            assert!(said(wrong).is_err(), "{wrong}");
        }
    }
}
