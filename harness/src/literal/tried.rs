//! What a script did, for people and for machines.

use std::fmt;
use std::process::ExitStatus;

use serde::Serialize;
use serde_json::Value;

use super::relay::{Statement, Traffic};
use super::{Isolation, running};
use crate::brief::{chain, plural};
use crate::exchange::Exchange;

/// The most hazards that people are told.
const MOST_HAZARDS: usize = 10;

/// What a script did.
#[derive(Clone, Debug, Serialize)]
pub struct Tried {
    /// The script, as it was named.
    pub script: String,
    /// Whether it ended well, nothing that it asked for was refused, and nothing overlapped.
    pub clean: bool,
    /// `exit code 0`, or which signal.
    pub ended: String,
    /// Whether it could reach nothing but the mock.
    pub isolated: bool,
    /// How many calls it made.
    pub calls: usize,
    /// Those that were answered with an error.
    pub refused_calls: Vec<Refused>,
    /// How many scripts it handed to `sqlexec`.
    pub statements: usize,
    /// Those that failed.
    pub refused_statements: Vec<Refused>,
    /// What it sent and was no call.
    pub strange: Vec<String>,
    /// Its tasks.
    pub tasks: TasksOf,
    /// Overlaps, a sentence each.
    pub hazards: Vec<String>,
    /// What works but is hardly meant, a sentence each.
    pub warnings: Vec<String>,
}

/// Something that was refused.
#[derive(Clone, Debug, Serialize)]
pub struct Refused {
    /// What was asked.
    pub asked: String,
    /// Why not.
    pub error: String,
}

/// The tasks of a script.
#[derive(Clone, Debug, Serialize)]
pub struct TasksOf {
    /// How many were done when it had ended.
    pub done: u64,
    /// How many waited.
    pub waited: usize,
    /// When it had ended, by the mock's clock.
    pub ended_at: String,
    /// When the last of those that waited is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_done_at: Option<String>,
    /// Those that failed.
    pub failed: Vec<Value>,
}

impl Tried {
    /// Puts together what is known of it.
    pub(super) fn new(
        script: String,
        isolation: Isolation,
        status: ExitStatus,
        traffic: Traffic,
        tasks: TasksOf,
        hazards: Vec<String>,
        warnings: Vec<String>,
    ) -> Self {
        let refused_calls: Vec<Refused> = traffic.exchanges.iter().filter_map(refused_call).collect();
        let statements = traffic.statements.len();
        let refused_statements: Vec<Refused> = traffic.statements.into_iter().filter_map(refused_statement).collect();
        let clean = status.success()
            && refused_calls.is_empty()
            && refused_statements.is_empty()
            && traffic.strange.is_empty()
            && tasks.failed.is_empty()
            && hazards.is_empty();
        Self {
            script,
            clean,
            ended: running::told(status),
            isolated: isolation.is_isolated(),
            calls: traffic.exchanges.len(),
            refused_calls,
            statements,
            refused_statements,
            strange: traffic.strange,
            tasks,
            hazards,
            warnings,
        }
    }
}

fn refused_call(exchange: &Exchange) -> Option<Refused> {
    let answer = exchange.answer.json().ok();
    let error = match answer.as_ref().and_then(|answer| answer.get("error")) {
        Some(Value::String(error)) => error.clone(),
        Some(error) => error.to_string(),
        None if (200..300).contains(&exchange.answer.status) => return None,
        None => format!("HTTP status {}", exchange.answer.status),
    };
    Some(Refused { asked: format!("{}  {}", exchange.sent.path, chain(&exchange.sent.body)), error })
}

fn refused_statement(statement: Statement) -> Option<Refused> {
    Some(Refused { asked: format!("sqlexec {:?}", statement.sql), error: statement.error? })
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Refused { asked, error } in self.refused_calls.iter().chain(&self.refused_statements) {
            writeln!(f, "REFUSED    {asked}\n           {error}")?;
        }
        for text in &self.strange {
            writeln!(f, "STRANGE    {text}")?;
        }
        for task in &self.tasks.failed {
            writeln!(f, "FAILED     a task: {task}")?;
        }
        for hazard in self.hazards.iter().take(MOST_HAZARDS) {
            writeln!(f, "HAZARD     {hazard}")?;
        }
        if self.hazards.len() > MOST_HAZARDS {
            writeln!(f, "           and {} more", self.hazards.len() - MOST_HAZARDS)?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning    {warning}")?;
        }
        if !self.isolated {
            writeln!(f, "warning    it ran in the machine's network: only curl was pointed at the mock")?;
        }
        let TasksOf { done, waited, ended_at, last_done_at, .. } = &self.tasks;
        write!(f, "tasks      {done} were done when it had ended at {ended_at}, {waited} waited")?;
        if let Some(last) = last_done_at {
            write!(f, "; the last is done at {last}")?;
        }
        writeln!(f)?;
        write!(
            f,
            "{} ended with {}: {}, {} refused; {}, {} refused; {}",
            self.script,
            self.ended,
            plural(self.calls, "call", "calls"),
            self.refused_calls.len(),
            plural(self.statements, "SQL statement", "SQL statements"),
            self.refused_statements.len(),
            plural(self.hazards.len(), "hazard", "hazards")
        )
    }
}
