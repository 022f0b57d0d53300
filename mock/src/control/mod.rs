//! The side door under `/__mock__/`: state, clock, tasks, journal and hazards, for tests and for people.
//!
//! It only says which command of [`crate::Mock`] a request is, and what its answer is; it decides nothing, and bytes and
//! connections are `http`'s. Errors here are JSON with honest statuses, unlike the vendor's API, which answers 200 to everything.
//!
//! | path | method | what it does |
//! |---|---|---|
//! | `/__mock__/` | GET | the console, for people |
//! | `health` | GET | `{"status": "ok", "version", "clock", "tasks": <waiting>}`; `deviations` where any is on |
//! | `state` | GET, PUT | the committed rows as a state file; replaces them and starts over |
//! | `reset` | POST | back to the start: state, clock, dice, tasks, journal, faults |
//! | `tasks` | GET | `{"pending": [...], "ran", "failed"}`; a failure of the nightly run has no `id`. A task that changes very many rows names the first, and counts the others as `more_changes` |
//! | `tasks/run` | POST | runs all that wait: `{"ran", "failed"}` |
//! | `clock` | GET, POST | `{"advance": "10m"}`, `{"set": "2022-03-01 00:00:00"}`, or `{"next": "task"}` |
//! | `journal` | GET | the calls so far, refused ones too, the hazards, and how many tasks wait; `?last=20` for the newest. A fault on purpose is told in `warnings`; `error` is none where it left the call without an answer |
//! | `hazards` | GET | overlaps, stale changes, calls too early, and what failed: see [`crate::hazards`]; `?last=20` for the newest |
//! | `verdict` | GET | the calls so far, judged: violations, hazards, documented calls exercised |
//! | `faults` | GET, POST, DELETE | what goes wrong on purpose: see [`crate::faults`] |
//! | `schema` | GET | models, fields, methods |
//! | `sql` | POST | `{"sql": "select ..."}`: `{"columns", "rows", "stdout", "stderr", "exit"}`, and `warnings` where it came too early |

pub mod moment;
mod sql;
mod state;

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::faults::{Fault, Faults};
use crate::mock::Mock;
use crate::store::Store;

pub use state::pieces as state_pieces;

/// Where the control API lives.
pub const ROOT: &str = "/__mock__/";

/// The console: one page, no external resources.
const CONSOLE: &str = include_str!("console.html");

/// What a path can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Console,
    Health,
    State,
    PutState,
    Reset,
    Tasks,
    RunTasks,
    Clock,
    MoveClock,
    Journal,
    Hazards,
    Faults,
    Verdict,
    AddFault,
    ClearFaults,
    Schema,
    Sql,
}

/// Every path below [`ROOT`] with its methods.
const ROUTES: &[(&str, &[(Method, Command)])] = &[
    ("", &[(Method::GET, Command::Console)]),
    ("health", &[(Method::GET, Command::Health)]),
    ("state", &[(Method::GET, Command::State), (Method::PUT, Command::PutState)]),
    ("reset", &[(Method::POST, Command::Reset)]),
    ("tasks", &[(Method::GET, Command::Tasks)]),
    ("tasks/run", &[(Method::POST, Command::RunTasks)]),
    ("clock", &[(Method::GET, Command::Clock), (Method::POST, Command::MoveClock)]),
    ("journal", &[(Method::GET, Command::Journal)]),
    ("hazards", &[(Method::GET, Command::Hazards)]),
    ("verdict", &[(Method::GET, Command::Verdict)]),
    (
        "faults",
        &[(Method::GET, Command::Faults), (Method::POST, Command::AddFault), (Method::DELETE, Command::ClearFaults)],
    ),
    ("schema", &[(Method::GET, Command::Schema)]),
    ("sql", &[(Method::POST, Command::Sql)]),
];

/// Why a command is refused.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No such command.
    #[error("there is no {ROOT}{0}; there are {list}", list = commands())]
    NotFound(String),
    /// Not with this method.
    #[error("{method} is not possible here, only {allowed}")]
    NotAllowed {
        /// The method used.
        method: Method,
        /// Those there are.
        allowed: String,
    },
    /// The body does not say what to do.
    #[error("{0}")]
    Invalid(String),
    /// The database refuses a statement; what was printed before is told with it.
    #[error("{}", .0["error"].as_str().unwrap_or_default())]
    Sql(Box<Value>),
    /// A bug of ours.
    #[error("internal error: a bug in the mock stopped this command")]
    Internal,
}

impl ControlError {
    /// The status that says so.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::NotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Invalid(_) | Self::Sql(_) => StatusCode::BAD_REQUEST,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// As it is told: `{"error": "..."}`, with what a script printed before its error.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Sql(answer) => (**answer).clone(),
            other => json!({ "error": other.to_string() }),
        }
    }
}

fn commands() -> String {
    let names: Vec<&str> = ROUTES.iter().map(|(name, _)| *name).filter(|name| !name.is_empty()).collect();
    names.join(", ")
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    command: Command,
    /// Only so many of the newest entries.
    last: Option<usize>,
}

impl Asked {
    /// What is asked for by a path below [`ROOT`], a method and a query.
    ///
    /// # Errors
    /// No such command, not with this method, or a query that says nothing here.
    pub fn of(rest: &str, method: &Method, query: &str) -> Result<Self, ControlError> {
        Ok(Self { command: find(rest, method)?, last: query_number(query, "last")? })
    }

    /// Whether the body may be as large as a state is; no other command's is.
    pub fn takes_a_state(self) -> bool {
        self.command == Command::PutState
    }

    /// What needs no body and is answered at once, whoever holds the world and however many wait for it.
    pub fn at_once(self, mock: &Mock) -> Option<Answer> {
        match self.command {
            Command::Console => Some(Answer::Page(CONSOLE)),
            Command::Health => Some(Answer::Json(health(mock))),
            _ => None,
        }
    }

    /// Carries it out. A day's run or a large state takes its time.
    ///
    /// # Errors
    /// The body does not say what to do, or it cannot be done.
    pub fn carry_out(self, mock: &Mock, faults: &Faults, body: &[u8]) -> Result<Answer, ControlError> {
        self.at_once(mock).map_or_else(|| execute(self.command, mock, faults, body, self.last), Ok)
    }
}

/// What a command answers.
#[derive(Debug)]
pub enum Answer {
    /// A page for people.
    Page(&'static str),
    /// JSON.
    Json(Value),
    /// The rows of a snapshot, as [`state_pieces`] writes them: there may be many.
    State(Store),
}

fn health(mock: &Mock) -> Value {
    let mut health = json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "clock": mock.clock(),
        "tasks": mock.waiting(),
    });
    if !mock.deviations().is_empty() {
        health["deviations"] = mock.deviations().names();
    }
    health
}

fn find(rest: &str, method: &Method) -> Result<Command, ControlError> {
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (_, methods) = ROUTES
        .iter()
        .find(|(name, _)| *name == rest)
        .ok_or_else(|| ControlError::NotFound(rest.escape_debug().to_string()))?;
    let wanted = if method == Method::HEAD { &Method::GET } else { method };
    methods.iter().find(|(known, _)| known == wanted).map(|(_, command)| *command).ok_or_else(|| {
        let allowed: Vec<&str> = methods.iter().map(|(known, _)| known.as_str()).collect();
        ControlError::NotAllowed { method: method.clone(), allowed: allowed.join(", ") }
    })
}

/// `?last=20`: only the newest entries of a list.
fn query_number(query: &str, name: &str) -> Result<Option<usize>, ControlError> {
    if query.is_empty() {
        return Ok(None);
    }
    let number = query.split_once('=').filter(|(key, _)| *key == name).and_then(|(_, value)| value.parse().ok());
    number.map(Some).ok_or_else(|| ControlError::Invalid(format!("the query can only be `{name}=<number>`")))
}

fn execute(
    command: Command,
    mock: &Mock,
    faults: &Faults,
    bytes: &[u8],
    last: Option<usize>,
) -> Result<Answer, ControlError> {
    Ok(Answer::Json(match command {
        Command::Console | Command::Health => Value::Null,
        Command::State => return Ok(Answer::State(mock.snapshot().0)),
        Command::PutState => {
            mock.read_state(bytes).map_err(|error| ControlError::Invalid(error.to_string()))?;
            json!({ "status": "ok" })
        }
        Command::Reset => {
            mock.reset();
            faults.clear();
            json!({ "status": "ok" })
        }
        Command::Tasks => mock.tasks(),
        Command::RunTasks => mock.run_tasks(),
        Command::Clock => mock.clock(),
        Command::MoveClock => {
            moment::move_clock(mock, &object(bytes)?)?;
            mock.clock()
        }
        Command::Journal => newest(mock.journal(), "journal", last),
        Command::Hazards => newest(mock.hazards(), "hazards", last),
        Command::Verdict => {
            let verdict = mock.verdict();
            json!({ "clean": verdict.is_clean(), "verdict": verdict, "text": verdict.to_string() })
        }
        Command::Schema => mock.schema_json(),
        Command::Faults => faults.to_json(),
        Command::AddFault => {
            let fault = Fault::read(&mock.contract().schema, object(bytes)?).map_err(ControlError::Invalid)?;
            faults.add(fault);
            faults.to_json()
        }
        Command::ClearFaults => {
            faults.clear();
            faults.to_json()
        }
        Command::Sql => sql::run(mock, &object(bytes)?)?,
    }))
}

/// An answer whose list keeps only its newest entries.
fn newest(mut answer: Value, list: &str, last: Option<usize>) -> Value {
    if let (Some(Value::Array(items)), Some(last)) = (answer.get_mut(list), last) {
        items.drain(..items.len().saturating_sub(last));
    }
    answer
}

/// The body as a JSON object.
fn object(bytes: &[u8]) -> Result<Value, ControlError> {
    match serde_json::from_slice(bytes) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(ControlError::Invalid("the body must be a JSON object".to_owned())),
        Err(error) => Err(not_json(&error)),
    }
}

fn not_json(error: &serde_json::Error) -> ControlError {
    ControlError::Invalid(format!("the body is not JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_says_what_would_do() {
        assert_eq!(find("tasks/", &Method::GET).unwrap(), Command::Tasks);
        assert_eq!(find("state", &Method::PUT).unwrap(), Command::PutState);
        assert_eq!(find("", &Method::HEAD).unwrap(), Command::Console);
        let error = find("state", &Method::DELETE).unwrap_err();
        assert_eq!(error.to_string(), "DELETE is not possible here, only GET, PUT");
        let error = find("tusks", &Method::GET).unwrap_err().to_string();
        assert!(error.contains("no /__mock__/tusks") && error.contains("tasks/run"), "{error}");
    }

    #[test]
    fn a_list_can_be_cut_to_its_newest_entries() {
        assert_eq!(query_number("last=2", "last").unwrap(), Some(2));
        assert!(query_number("last=x", "last").is_err() && query_number("lust=2", "last").is_err());
        let list = |items: &[i32]| json!({ "journal": items, "total": 3 });
        assert_eq!(newest(list(&[1, 2, 3]), "journal", Some(2)), list(&[2, 3]));
        assert_eq!(newest(list(&[1]), "journal", Some(2)), list(&[1]));
        assert_eq!(newest(list(&[1, 2]), "journal", None), list(&[1, 2]));
    }
}
