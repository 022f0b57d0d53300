//! `POST /__mock__/sql`: what the server's `sqlexec` would print for a script.

use serde_json::{Value, json};

use super::ControlError;
use crate::mock::Mock;
use crate::sql::{self, isql};

/// `{"sql": "set list on; select ..."}` over the committed state.
pub fn run(mock: &Mock, command: &Value) -> Result<Value, ControlError> {
    let form = || ControlError::Invalid(r#"the body must be {"sql": "select ..."}"#.to_owned());
    let entries = command.as_object().filter(|entries| entries.len() == 1).ok_or_else(form)?;
    let script = entries.get("sql").and_then(Value::as_str).ok_or_else(form)?;
    let (store, now) = mock.snapshot();
    let printed = isql::render(&sql::run(&store, now, script));
    Ok(json!({ "stdout": printed.stdout, "stderr": printed.stderr, "exit": printed.exit }))
}
