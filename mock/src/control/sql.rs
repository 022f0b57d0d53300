//! `POST /__mock__/sql`: what the server's `sqlexec` would select and print for a script.

use serde_json::{Value, json};

use super::ControlError;
use crate::mock::Mock;
use crate::sql::isql;

/// `{"sql": "set list on; select ..."}` over the committed state: the last statement's columns and rows, and what isql
/// prints for all of them; `warnings` where rows that it asks for exist only in a waiting task.
pub fn run(mock: &Mock, command: &Value) -> Result<Value, ControlError> {
    let form = || ControlError::Invalid(r#"the body must be {"sql": "select ..."}"#.to_owned());
    let entries = command.as_object().filter(|entries| entries.len() == 1).ok_or_else(form)?;
    let text = entries.get("sql").and_then(Value::as_str).ok_or_else(form)?;
    let (script, early) = mock.sql(text);
    let printed = isql::render(&script);
    let mut answer = json!({ "stdout": printed.stdout, "stderr": printed.stderr, "exit": printed.exit });
    if let Some(early) = early {
        answer["warnings"] = json!([early]);
    }
    if let Some(error) = script.outcomes.iter().find_map(|outcome| outcome.error.as_ref()) {
        answer["error"] = json!(error.lines.join("; "));
        return Err(ControlError::Sql(Box::new(answer)));
    }
    let table = script.outcomes.into_iter().rev().find_map(|outcome| outcome.table).unwrap_or_default().to_json();
    answer["columns"] = table["columns"].clone();
    answer["rows"] = table["rows"].clone();
    Ok(answer)
}
