//! What methods answer, in another form.

use serde_json::{Value as Json, json};

use super::envelope::is_missing;
use super::objects;
use super::{Said, Saying};
use crate::chain;
use crate::deviate::steps::method;
use crate::deviation::Deviation as D;

/// Changes what the last method answered.
pub fn change(saying: &Saying<'_>, said: Said) -> Said {
    let on = saying.on;
    let last = saying.last();
    let said = match said {
        Err(text) if is_missing(&text) && on.contains(D::ChainsGetNoneNull) => Ok(Json::Null),
        // `first()` was asked instead of `get()`.
        Ok(Json::Null) if last == "get" && on.contains(D::ChainsGetFirstOfSeveral) => Err(missing(saying)),
        Err(text) if on.contains(D::ChainsGetFirstOfSeveral) && text.starts_with("'NoneType' object") => {
            Err(missing(saying))
        }
        Ok(Json::Null) if matches!(last, "first" | "last") && on.contains(D::ChainsFirstNoneError) => {
            Err(missing(saying))
        }
        other => other,
    };
    said.map(|result| form(saying, last, result))
}

fn missing(saying: &Saying<'_>) -> String {
    format!("{} matching query does not exist.", saying.model_name())
}

fn form(saying: &Saying<'_>, last: &str, mut result: Json) -> Json {
    let on = saying.on;
    match (last, &result) {
        ("exists", Json::Bool(found)) if on.contains(D::ChainsExistsAsNumber) => json!(u8::from(*found)),
        ("exists", Json::Bool(true)) if on.contains(D::ChainsExistsAsText) => json!("True"),
        ("exists", Json::Bool(false)) if on.contains(D::ChainsExistsAsText) => json!("False"),
        ("count", Json::Number(_)) if on.contains(D::ChainsCountAsObject) => json!({ "count": result }),
        ("count", Json::Number(count)) if on.contains(D::LimitsCountHundred) => {
            json!(count.as_u64().unwrap_or(0).min(100))
        }
        ("first" | "last", Json::Object(_)) if on.contains(D::ChainsFirstAsList) => json!([result]),
        ("get", Json::Object(_)) if on.contains(D::ChainsGetAsList) => json!([result]),
        ("in_bulk", Json::Object(found)) if on.contains(D::ChainsInBulkAsList) => found.values().cloned().collect(),
        ("create", Json::Object(_)) if on.contains(D::TasksCreateWithoutKey) => {
            if let Some(pk) = result.get_mut("pk") {
                *pk = Json::Null;
            }
            result
        }
        ("delete", Json::Null) if on.contains(D::TasksDeleteCounts) => json!([1, { saying.model_name(): 1 }]),
        ("update", Json::Number(_)) if on.contains(D::TasksUpdateUncounted) => Json::Null,
        _ => list(saying, last, result),
    }
}

/// Lists, of QuerySets and of methods.
fn list(saying: &Saying<'_>, last: &str, result: Json) -> Json {
    let on = saying.on;
    let Json::Array(mut items) = result else { return result };
    // What the cabinet says is a list with one text, and no list of rows.
    if last.starts_with("web_cabinet.") {
        return Json::Array(items);
    }
    match items.len() {
        0 if on.contains(D::ChainsEmptyAsNull) => return Json::Null,
        1 if on.contains(D::ChainsSingleUnwrapped) => return items.remove(0),
        _ => {}
    }
    if on.contains(D::ChainsListAsObject) {
        let keyed = |(place, item): (usize, Json)| (place.to_string(), item);
        return Json::Object(items.into_iter().enumerate().map(keyed).collect());
    }
    if on.contains(D::LimitsPages) {
        let count = items.len();
        items.truncate(20);
        return json!({ "count": count, "next": if count > 20 { json!("?page=2") } else { Json::Null }, "results": items });
    }
    if on.contains(D::LimitsHundredRows) {
        items.truncate(100);
    }
    Json::Array(items)
}

/// Whether the call can change something.
pub fn is_write(saying: &Saying<'_>) -> bool {
    let Some(call) = saying.asked else { return false };
    saying.schema.model(&call.model).is_some_and(|model| !chain::is_read(saying.schema, model.id, &call.steps))
}

impl Saying<'_> {
    /// The last method, without `objects.`.
    pub fn last(&self) -> &str {
        self.asked.and_then(|call| call.steps.last()).map_or("", method)
    }

    /// The model in the vendor's spelling.
    pub fn model_name(&self) -> &str {
        let asked = self.asked.map_or("", |call| call.model.as_str());
        self.schema.model(asked).map_or(asked, |model| &model.name)
    }
}

/// Texts of columns cut where they are long.
pub fn cut(saying: &Saying<'_>, result: &mut Json) {
    const MOST: usize = 50;
    objects::columns(saying.schema, saying.asked, result, &mut |column, value| {
        if let (true, Json::String(text)) = (column.kind.is_text(), &value)
            && text.chars().count() > MOST
        {
            *value = Json::from(text.chars().take(MOST).collect::<String>());
        }
    });
}
