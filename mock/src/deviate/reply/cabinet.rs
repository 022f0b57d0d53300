//! The personal cabinet's replies: a list with one text, which is JSON itself.

use serde_json::{Value as Json, json};

use super::{Said, Saying};
use crate::deviation::Deviation as D;
use crate::pyjson;

/// Changes what the cabinet says.
pub fn change(saying: &Saying<'_>, said: Said) -> Said {
    let on = saying.on;
    let Some(mut inner) = said.as_ref().ok().and_then(|result| inner(saying, result)) else { return said };
    if on.contains(D::CabinetErrorsInEnvelope)
        && let Some(text) = inner.get("error").and_then(Json::as_str)
    {
        return Err(text.to_owned());
    }
    if on.contains(D::CabinetDigitsAsNumbers) {
        numbers(&mut inner);
    }
    if on.contains(D::CabinetSingleEncoding) {
        return Ok(inner);
    }
    let text = pyjson::to_string(&inner);
    if on.contains(D::CabinetBareText) {
        return Ok(json!(text));
    }
    Ok(json!([text]))
}

fn inner(saying: &Saying<'_>, result: &Json) -> Option<Json> {
    saying.last().starts_with("web_cabinet.").then_some(())?;
    let [Json::String(text)] = result.as_array()?.as_slice() else { return None };
    serde_json::from_str(text).ok()
}

fn numbers(value: &mut Json) {
    match value {
        Json::String(text) => {
            if let Ok(number) = text.parse::<i64>() {
                *value = Json::from(number);
            }
        }
        Json::Array(items) => items.iter_mut().for_each(numbers),
        Json::Object(entries) => entries.values_mut().for_each(numbers),
        _ => {}
    }
}
