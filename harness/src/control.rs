//! The side door of a mock of ours: reset, tasks, clock and SQL under `/__mock__/`.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::exchange::Answer;
use crate::target::{Client, TargetError};

/// Where the side door is.
const ROOT: &str = "/__mock__/";
/// Where a mock says that it is one.
const HEALTH: &str = "/__mock__/health";

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

/// A task that waits.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Pending {
    /// When it is done.
    pub due: String,
}

/// The tasks that wait.
#[derive(Clone, Debug, PartialEq)]
pub struct Tasks {
    /// What time it is there.
    pub now: String,
    /// How many have run so far.
    pub ran: u64,
    /// The tasks, in order.
    pub pending: Vec<Pending>,
}

/// What a mock says of the calls it has seen.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Judged {
    /// Overlaps and failed tasks, a sentence each.
    pub hazards: Vec<String>,
    /// What works but is hardly meant, a sentence each.
    pub warnings: Vec<String>,
}

/// Whether a server says of itself that it is a mock.
///
/// # Errors
/// Nobody answers.
pub async fn is_mock(client: &Client) -> Result<bool, TargetError> {
    // A server may answer anything it is asked for with a page of its own.
    Ok(client.get(HEALTH).await?.json().is_ok_and(|told| told["status"] == "ok"))
}

/// The tasks that wait now.
///
/// # Errors
/// See [`ControlError`].
pub async fn tasks(client: &Client) -> Result<Tasks, ControlError> {
    let mut told = get(client, "tasks").await?;
    let now = get(client, "clock").await?["now"].as_str().unwrap_or_default().to_owned();
    let ran = told["ran"].as_u64().unwrap_or_default();
    Ok(Tasks { now, ran, pending: read("tasks", told["pending"].take())? })
}

/// What the mock says of the calls so far.
///
/// # Errors
/// See [`ControlError`].
pub async fn verdict(client: &Client) -> Result<Judged, ControlError> {
    read("verdict", get(client, "verdict").await?["verdict"].take())
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

async fn get(client: &Client, path: &str) -> Result<Value, ControlError> {
    accepted(path, &client.get(&format!("{ROOT}{path}")).await?)
}

async fn post(client: &Client, path: &str, body: &Value) -> Result<Value, ControlError> {
    let answer = client.post_json(&format!("{ROOT}{path}"), &body.to_string()).await?;
    accepted(path, &answer)
}

fn accepted(path: &str, answer: &Answer) -> Result<Value, ControlError> {
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
