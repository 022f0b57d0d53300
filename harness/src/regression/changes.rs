//! Compares two replies: their shapes, or their values too.

use std::collections::BTreeSet;

use carbon_specs::Schema;
use serde_json::{Map, Value};

use super::noise::Masks;
use super::shape::{Object, Shape, Spelling};
use crate::brief::plural;
use crate::exchange::nested;
use crate::redact::Redactor;

/// One difference between two replies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Change {
    /// Where: `Users.opt82` for a row's field, else the way through the reply, `result[].id`.
    pub at: String,
    /// What, as the end of a sentence: `is now a boolean (was a whole number)`.
    pub what: String,
    /// What was there before, and is expected.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub was: String,
    /// What is there now.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub is: String,
}

impl Change {
    /// Something changed at a place; the whole reply has none.
    pub fn new(at: &str, what: impl Into<String>) -> Self {
        let at = if at.is_empty() { "the reply" } else { at };
        Self { at: at.to_owned(), what: what.into(), was: String::new(), is: String::new() }
    }

    /// Something took the place of something else.
    pub fn moved(at: &str, was: impl Into<String>, is: impl Into<String>) -> Self {
        let (was, is) = (was.into(), is.into());
        Self { was: was.clone(), is: is.clone(), ..Self::new(at, format!("is now {is} (was {was})")) }
    }

    /// What was there is not any more.
    pub fn gone(at: &str) -> Self {
        Self { was: "there".to_owned(), is: "gone".to_owned(), ..Self::new(at, "is gone") }
    }

    /// What was not there is there now.
    pub fn added(at: &str) -> Self {
        Self { was: "not there".to_owned(), is: "there".to_owned(), ..Self::new(at, "is new") }
    }
}

/// How two shapes differ. What the contract calls nullable may be null or not; a list that was empty on either side says
/// nothing about its elements.
pub fn of_shapes(schema: &Schema, before: &Shape, after: &Shape) -> Vec<Change> {
    let mut changes = Vec::new();
    Comparison { schema, changes: &mut changes }.shapes("", false, before, after);
    changes
}

struct Comparison<'c> {
    schema: &'c Schema,
    changes: &'c mut Vec<Change>,
}

impl Comparison<'_> {
    fn tell(&mut self, change: Change) {
        self.changes.push(change);
    }

    fn shapes(&mut self, at: &str, nullable: bool, before: &Shape, after: &Shape) {
        if before.is_unknown() || after.is_unknown() {
            return;
        }
        let emptied = after.texts.contains(&Spelling::Empty) && !before.texts.contains(&Spelling::Empty);
        if before.null && !after.null && emptied {
            self.tell(Change {
                was: "null".to_owned(),
                is: "an empty text".to_owned(),
                ..Change::new(at, "is now an empty text where it was null")
            });
            return;
        }
        let (was, is) = (before.kinds(), after.kinds());
        if was.is_empty() != is.is_empty() {
            if !nullable {
                self.tell(Change::moved(at, in_words(&was), in_words(&is)));
            }
            return;
        }
        if is.iter().any(|kind| !was.contains(kind)) && !both_free(before, after) {
            self.tell(Change::moved(at, in_words(&was), in_words(&is)));
            return;
        }
        if after.null && !before.null && !nullable {
            self.tell(Change {
                was: "never null".to_owned(),
                is: "null at times".to_owned(),
                ..Change::new(at, "is now null at times (never was)")
            });
        }
        if let (Some(before), Some(after)) = (&before.list, &after.list) {
            self.shapes(&format!("{at}[]"), false, before, after);
        }
        if let (Some(before), Some(after)) = (&before.json, &after.json) {
            self.shapes(at, false, before, after);
        }
        if let (Some(before), Some(after)) = (&before.object, &after.object) {
            self.objects(at, None, before, after);
        }
    }

    /// Objects at a place; `columns` is the model whose columns their keys are.
    fn objects(&mut self, at: &str, columns: Option<&str>, before: &Object, after: &Object) {
        if before.model != after.model {
            let name = |object: &Object| object.model.clone().unwrap_or_else(|| "no row".to_owned());
            self.tell(Change::moved(at, format!("of {}", name(before)), format!("of {}", name(after))));
            return;
        }
        // A row is told by its model, wherever in a reply it stands.
        let at = before.model.as_deref().unwrap_or(at);
        let alike = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
        for (name, was) in &before.keys {
            let place = join(at, name);
            let Some(is) = after.keys.get(name) else {
                let other = after.keys.keys().find(|other| !before.keys.contains_key(*other) && alike(other, name));
                match other {
                    Some(other) => self.tell(Change {
                        was: name.clone(),
                        is: other.clone(),
                        ..Change::new(&place, format!("is now spelled `{other}`"))
                    }),
                    None => self.tell(Change::gone(&place)),
                }
                continue;
            };
            if was.seen == before.seen && is.seen < after.seen {
                self.tell(Change {
                    was: "always there".to_owned(),
                    is: "missing at times".to_owned(),
                    ..Change::new(&place, "is missing at times (always was there)")
                });
            }
            if let (Some(model), "fields", Some(one), Some(other)) =
                (&before.model, name.as_str(), &was.shape.object, &is.shape.object)
            {
                self.objects(model, Some(model), one, other);
            } else {
                let nullable = columns.is_some_and(|model| may_be_null(self.schema, model, name));
                self.shapes(&place, nullable, &was.shape, &is.shape);
            }
        }
        for name in after.keys.keys().filter(|name| !before.keys.contains_key(*name)) {
            if !before.keys.keys().any(|other| alike(other, name)) {
                self.tell(Change::added(&join(at, name)));
            }
        }
    }
}

/// Whether both sides are texts only, and not each of one spelling: a free text may happen to look like a date.
fn both_free(before: &Shape, after: &Shape) -> bool {
    let only_texts = |shape: &Shape| Shape { texts: BTreeSet::new(), null: false, ..shape.clone() }.is_unknown();
    let spelled =
        |shape: &Shape| shape.texts.iter().copied().filter(|text| *text != Spelling::Empty).collect::<Vec<_>>();
    let (was, is) = (spelled(before), spelled(after));
    only_texts(before) && only_texts(after) && (was.len() != 1 || is.len() != 1 || was == [Spelling::Plain])
}

/// Whether null and a value are both right in a model's column: it is nullable, a property or a link.
fn may_be_null(schema: &Schema, model: &str, name: &str) -> bool {
    schema.model(model).is_some_and(|model| model.field(name).is_none_or(|field| field.null))
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

fn in_words(kinds: &[&str]) -> String {
    if kinds.is_empty() { "null".to_owned() } else { kinds.join(" or ") }
}

/// How the values of two replies differ. Rows are paired by their keys, other elements by their places; what the masks
/// name is left out, and what one side shows and the other hides, for less was known when the one was taken.
pub fn of_values(masks: &Masks, redactor: &Redactor, before: &Value, after: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    Values { masks, redactor, into: &mut changes }.values("", before, after);
    changes
}

struct Values<'c> {
    masks: &'c Masks,
    redactor: &'c Redactor,
    into: &'c mut Vec<Change>,
}

impl Values<'_> {
    fn values(&mut self, at: &str, before: &Value, after: &Value) {
        if before == after || self.masks.covers(at) {
            return;
        }
        match (before, after) {
            (Value::Object(one), Value::Object(other)) => self.pairs(at, one, other),
            (Value::Array(one), Value::Array(other)) => self.lists(at, one, other),
            (Value::String(one), Value::String(other)) => match (nested(one), nested(other)) {
                (Some(one), Some(other)) => self.values(at, &one, &other),
                _ if self.redactor.same(before, after) => {}
                _ => self.into.push(Change::moved(at, before.to_string(), after.to_string())),
            },
            _ if self.redactor.same(before, after) => {}
            _ => self.into.push(Change::moved(at, brief(before), brief(after))),
        }
    }

    fn pairs(&mut self, at: &str, before: &Map<String, Value>, after: &Map<String, Value>) {
        let model = |pairs: &Map<String, Value>| {
            pairs.get("fields").and(pairs.get("model")).and_then(Value::as_str).map(str::to_owned)
        };
        let root = model(before).filter(|model_before| model(after).as_ref() == Some(model_before));
        let at = root.as_deref().unwrap_or(at);
        for (name, was) in before {
            let place = if root.is_some() && name == "fields" { at.to_owned() } else { join(at, name) };
            match after.get(name) {
                Some(is) => self.values(&place, was, is),
                None if self.masks.covers(&place) => {}
                None => self.into.push(Change::gone(&place)),
            }
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            let place = join(at, name);
            if !self.masks.covers(&place) {
                self.into.push(Change::added(&place));
            }
        }
    }

    fn lists(&mut self, at: &str, before: &[Value], after: &[Value]) {
        let inside = format!("{at}[]");
        let key = |item: &Value| item.get("pk").cloned();
        if before.iter().chain(after).all(|item| key(item).is_some()) {
            let place =
                before.first().or(after.first()).and_then(|row| row["model"].as_str()).unwrap_or(&inside).to_owned();
            for was in before {
                match after.iter().find(|is| key(is) == key(was)) {
                    Some(is) => self.values(&inside, was, is),
                    None => self.into.push(Change::new(&place, format!("{} is no longer in the list", was["pk"]))),
                }
            }
            for is in after.iter().filter(|is| !before.iter().any(|was| key(was) == key(is))) {
                self.into.push(Change::new(&place, format!("{} is new in the list", is["pk"])));
            }
            let order = |items: &[Value], others: &[Value]| -> Vec<Value> {
                items
                    .iter()
                    .filter_map(key)
                    .filter(|pk| others.iter().any(|other| key(other).as_ref() == Some(pk)))
                    .collect()
            };
            let (mut was, mut is) = (order(before, after), order(after, before));
            if was != is {
                let spelled = |keys: &mut Vec<Value>| keys.sort_by_key(Value::to_string);
                spelled(&mut was);
                spelled(&mut is);
                let what = if was == is { "rows come in another order" } else { "rows come more or less often" };
                self.into.push(Change::new(&place, what));
            }
            return;
        }
        for (was, is) in before.iter().zip(after) {
            self.values(&inside, was, is);
        }
        if before.len() != after.len() {
            self.into.push(Change::new(
                &inside,
                format!("{} (were {})", plural(after.len(), "element", "elements"), before.len()),
            ));
        }
    }
}

fn brief(value: &Value) -> String {
    match value {
        Value::Object(pairs) => format!("an object of {}", plural(pairs.len(), "key", "keys")),
        Value::Array(items) => format!("a list of {}", items.len()),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use carbon_specs::Contract;
    use serde_json::json;

    use super::*;

    fn told(before: &Value, after: &Value) -> Vec<String> {
        let contract = Contract::embedded().unwrap();
        let changes = of_shapes(&contract.schema, &Shape::of(before), &Shape::of(after));
        changes.into_iter().map(|change| format!("{} {}", change.at, change.what)).collect()
    }

    fn home(fields: &Value) -> Value {
        json!({ "call": "/", "result": [{ "pk": 1, "model": "Homes", "fields": fields }] })
    }

    #[test]
    fn other_values_of_the_same_shape_are_no_change() {
        let one = home(&json!({ "city": "Сочи", "deleted": 0, "s_number": "7" }));
        let other = home(&json!({ "s_number": "7а", "city": "Тула", "deleted": 1 }));
        assert!(told(&one, &other).is_empty());
        assert!(told(&one, &json!({ "call": "/", "result": [] })).is_empty());
    }

    #[test]
    fn a_field_is_told_by_its_model() {
        let one = home(&json!({ "deleted": 0, "city": "Сочи" }));
        assert_eq!(
            told(&one, &home(&json!({ "deleted": false, "city": "Сочи" }))),
            ["Homes.deleted is now a boolean (was a whole number)"]
        );
        assert_eq!(told(&one, &home(&json!({ "deleted": 0, "City": "Сочи" }))), ["Homes.city is now spelled `City`"]);
        assert_eq!(told(&one, &home(&json!({ "city": "Сочи" }))), ["Homes.deleted is gone"]);
        assert_eq!(told(&one, &home(&json!({ "deleted": 0, "city": "Сочи", "x": 1 }))), ["Homes.x is new"]);
    }

    #[test]
    fn null_is_a_change_where_the_contract_does_not_allow_it() {
        let abonent = |deleted: Value, tarif: Value| json!({ "result": { "pk": 1, "model": "Abonents", "fields": { "deleted": deleted, "tarif_id": tarif } } });
        assert!(told(&abonent(json!(0), json!(1)), &abonent(json!(0), json!(null))).is_empty());
        assert_eq!(
            told(&abonent(json!(0), json!(1)), &abonent(json!(null), json!(1))),
            ["Abonents.deleted is now null (was a whole number)"]
        );
    }

    #[test]
    fn dates_and_empty_texts() {
        let report = |date: Value| json!({ "result": [{ "date": date }, { "date": null }] });
        assert_eq!(
            told(&report(json!("2021-02-01 10:00:00")), &report(json!("2021-02-01T10:00:00"))),
            ["result[].date is now a moment spelled otherwise (was a moment)"]
        );
        let emptied = json!({ "result": [{ "date": "2021-02-01 10:00:00" }, { "date": "" }] });
        assert_eq!(
            told(&report(json!("2021-02-01 10:00:00")), &emptied),
            ["result[].date is now an empty text where it was null"]
        );
    }

    #[test]
    fn an_error_is_another_shape() {
        let fine = json!({ "call": "/", "result": 1 });
        assert_eq!(told(&fine, &json!({ "call": "/", "error": "no" })), ["result is gone", "error is new"]);
    }

    #[test]
    fn rows_are_paired_by_their_keys() {
        let row = |pk: i64, house: &str| json!({ "pk": pk, "model": "Homes", "fields": { "s_number": house } });
        let masks = Masks::default();
        let schema = std::sync::Arc::new(Contract::embedded().unwrap().schema);
        let redactor = Redactor::new(schema, "key");
        let values = |one: &Value, other: &Value| {
            let changes = of_values(&masks, &redactor, one, other);
            changes.into_iter().map(|change| format!("{} {}", change.at, change.what)).collect::<Vec<_>>()
        };
        let before = json!([row(1, "7"), row(2, "9")]);
        assert_eq!(
            values(&before, &json!([row(1, "8"), row(3, "9")])),
            [
                "Homes.s_number is now \"8\" (was \"7\")",
                "Homes 2 is no longer in the list",
                "Homes 3 is new in the list",
            ]
        );
        assert_eq!(values(&before, &json!([row(2, "9"), row(1, "7")])).len(), 1);
    }
}
