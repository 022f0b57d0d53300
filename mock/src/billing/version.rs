//! `Version`: which billing answers, and what time it is there.

use serde_json::json;

use super::{Answer, Given, ModelMethod};
use crate::orm::{CallError, Tx};
use crate::store::value::DATETIME_FORMAT;

/// The methods of the model.
pub const MODEL_METHODS: &[(&str, ModelMethod)] = &[("get_version", get_version)];

fn get_version(tx: &mut Tx<'_>, _: &Given<'_>) -> Result<Answer, CallError> {
    let versions = tx.all_where("Version", &[])?;
    let version = versions.last().map(|row| row.text("version")).transpose()?;
    Ok(Answer::Json(json!({
        "version": version,
        "server_time": tx.now.strftime(DATETIME_FORMAT).to_string(),
    })))
}
