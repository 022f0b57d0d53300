//! Asking a server for rows: narrow questions, and their answers as plain values.

use serde_json::{Map, Value, json};

use crate::brief::cut;
use crate::chain::Chain;
use crate::exchange::{Sent, key};
use crate::target::{Client, TargetError};

/// Why there are no rows.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// No answer, or not sent.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The server says no, or something we cannot read.
    #[error("{what}: the server answered {answer}")]
    Answer {
        /// What was asked.
        what: String,
        /// What it said.
        answer: String,
    },
}

/// A row as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its key.
    pub pk: i64,
    /// Its fields.
    pub fields: Map<String, Value>,
}

impl Row {
    /// Whether it is there only as a thing in the trash.
    pub fn is_deleted(&self) -> bool {
        match self.fields.get("deleted") {
            Some(Value::Bool(deleted)) => *deleted,
            Some(value) => key(value).is_some_and(|flag| flag != 0),
            None => false,
        }
    }
}

/// Sends a call and takes its result.
///
/// # Errors
/// See [`AskError`].
pub async fn result(client: &Client, chain: &Chain) -> Result<Value, AskError> {
    let exchange = client.call(chain.sent()).await?;
    let what = || {
        let methods: Vec<&str> = chain.links.iter().map(|link| link.method.as_str()).collect();
        format!("{} {}", chain.model, methods.join(", "))
    };
    let told = |answer: String| AskError::Answer { what: what(), answer };
    let mut reply =
        exchange.answer.json().map_err(|_| told(format!("status {} and no JSON", exchange.answer.status)))?;
    if let Some(error) = reply.get("error").filter(|error| !error.is_null()) {
        return Err(told(cut(&error.to_string(), 300)));
    }
    match reply.get_mut("result") {
        Some(result) => Ok(result.take()),
        None => Err(told("neither a result nor an error".to_owned())),
    }
}

/// The greatest key of a model, `None` where it has no row.
///
/// # Errors
/// See [`AskError`].
pub async fn newest(client: &Client, model: &str) -> Result<Option<i64>, AskError> {
    let body = r#"method1=objects.order_by&arg1=["-pk"]&method2=first"#.to_owned();
    let sent = Sent { path: Chain::on(model).path, body };
    let told = |answer: String| AskError::Answer { what: format!("{model} objects.order_by, first"), answer };
    let answer = client.call(sent).await?.answer;
    let reply = answer.json().map_err(|_| told(format!("status {} and no JSON", answer.status)))?;
    match reply.get("result") {
        Some(Value::Null) => Ok(None),
        Some(row) => row.get("pk").and_then(key).map(Some).ok_or_else(|| told("no object".into())),
        None => Err(told(cut(&reply["error"].to_string(), 300))),
    }
}

/// How many rows there are.
///
/// # Errors
/// See [`AskError`].
pub async fn count(client: &Client, model: &str, filter: Value) -> Result<u64, AskError> {
    let chain = Chain::on(model).then("objects.filter", filter).then("count", json!({}));
    let result = result(client, &chain).await?;
    result.as_u64().ok_or_else(|| AskError::Answer { what: format!("{model} count"), answer: result.to_string() })
}

/// The rows of a filter that is known to find few; without names of fields, with all of them.
///
/// # Errors
/// See [`AskError`].
pub async fn rows(client: &Client, model: &str, filter: Value, fields: &[&str]) -> Result<Vec<Row>, AskError> {
    let mut chain = Chain::on(model).then("objects.filter", filter);
    if !fields.is_empty() {
        chain = chain.fields(fields);
    }
    let result = result(client, &chain).await?;
    let strange = || AskError::Answer { what: format!("{model} objects.filter"), answer: "no list of objects".into() };
    let list = result.as_array().ok_or_else(strange)?;
    list.iter()
        .map(|row| {
            let pk = row.get("pk").and_then(key)?;
            Some(Row { pk, fields: row.get("fields").and_then(Value::as_object).cloned().unwrap_or_default() })
        })
        .collect::<Option<Vec<Row>>>()
        .ok_or_else(strange)
}

/// A few rows out of what may be many: counts narrow the range of keys first, so that no whole table is ever sent.
///
/// # Errors
/// See [`AskError`].
pub async fn some(
    client: &Client,
    model: &str,
    pk: &str,
    filter: &Map<String, Value>,
    fields: &[&str],
) -> Result<Vec<Row>, AskError> {
    /// As many as are fetched at once.
    const FEW: u64 = 50;
    let up_to = |most: Option<i64>| {
        let mut filter = filter.clone();
        filter.extend(most.map(|most| (format!("{pk}__lte"), Value::from(most))));
        Value::Object(filter)
    };
    let all = count(client, model, up_to(None)).await?;
    if all == 0 {
        return Ok(Vec::new());
    }
    if all <= FEW {
        return rows(client, model, up_to(None), fields).await;
    }
    // Halving the keys: between `none` (nothing there) and `many` (too much).
    let (mut none, mut many) = (i64::from(i32::MIN), i64::from(i32::MAX));
    while many - none > 1 {
        let middle = none + (many - none) / 2;
        match count(client, model, up_to(Some(middle))).await? {
            0 => none = middle,
            found if found <= FEW => return rows(client, model, up_to(Some(middle)), fields).await,
            _ => many = middle,
        }
    }
    Ok(Vec::new())
}
