//! The side door of a mock of ours: reset, tasks, clock and SQL under `/__mock__/`.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::target::{Client, TargetError};

/// Why a control call failed.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No answer.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// An answer that says no, or one we cannot read.
    #[error("/__mock__/{path} answered {status}: {text}")]
    Answer {
        /// Which call.
        path: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        text: String,
    },
}

/// What running the tasks came to.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Ran {
    /// How many tasks ran.
    pub ran: u64,
    /// Those that failed, with their errors.
    #[serde(default)]
    pub failed: Vec<Value>,
}

/// What an SQL statement came to.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Selected {
    /// Values, row by row; nothing where the server does not offer them.
    #[serde(default)]
    pub rows: Option<Vec<Vec<Value>>>,
}

/// Back to the demo state: rows, clock, seed, tasks and journal.
///
/// # Errors
/// See [`ControlError`].
pub async fn reset(client: &Client) -> Result<(), ControlError> {
    post(client, "reset", &json!({})).await.map(drop)
}

/// Runs every task that waits.
///
/// # Errors
/// See [`ControlError`].
pub async fn run_tasks(client: &Client) -> Result<Ran, ControlError> {
    read("tasks/run", post(client, "tasks/run", &json!({})).await?)
}

/// Lets virtual time pass.
///
/// # Errors
/// See [`ControlError`].
pub async fn advance(client: &Client, by: &str) -> Result<(), ControlError> {
    post(client, "clock", &json!({ "advance": by })).await.map(drop)
}

/// What an SQL statement selects from the committed state.
///
/// # Errors
/// See [`ControlError`].
pub async fn sql(client: &Client, statement: &str) -> Result<Selected, ControlError> {
    read("sql", post(client, "sql", &json!({ "sql": statement })).await?)
}

async fn post(client: &Client, path: &str, body: &Value) -> Result<Value, ControlError> {
    let answer = client.post_json(&format!("/__mock__/{path}"), &body.to_string()).await?;
    let refusal = || ControlError::Answer {
        path: path.to_owned(),
        status: answer.status,
        text: String::from_utf8_lossy(&answer.body).trim().to_owned(),
    };
    if !(200..300).contains(&answer.status) {
        return Err(refusal());
    }
    if answer.body.is_empty() {
        return Ok(Value::Null);
    }
    answer.json().map_err(|_| refusal())
}

fn read<T: serde::de::DeserializeOwned>(path: &str, value: Value) -> Result<T, ControlError> {
    serde_json::from_value(value.clone()).map_err(|error| ControlError::Answer {
        path: path.to_owned(),
        status: 200,
        text: format!("{value} ({error})"),
    })
}
