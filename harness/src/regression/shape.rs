//! What a reply looks like, whatever its values: which keys, which types, which may be null, how dates are written.
//!
//! Shapes of many objects merge into one. The order of keys, lengths of lists, ids and times leave no trace.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::exchange::nested;

/// How a text is spelled. Numbers as texts and other texts are not told apart: a house may be 7 or 7a.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spelling {
    /// No character.
    Empty,
    /// `2021-02-01`.
    Date,
    /// `2021-02-01 10:00:00`.
    DateTime,
    /// A moment spelled otherwise: with a `T`, fractions, a time zone, or the day first.
    OtherTime,
    /// Anything else.
    Plain,
}

/// What has been seen at one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// JSON null.
    pub null: bool,
    /// True or false.
    pub truth: bool,
    /// A whole number.
    pub integer: bool,
    /// A number with a fraction.
    pub fraction: bool,
    /// Texts, by their spelling.
    pub texts: BTreeSet<Spelling>,
    /// A list, and what its elements look like.
    pub list: Option<Box<Shape>>,
    /// An object.
    pub object: Option<Object>,
    /// A text that is itself JSON (the cabinet's replies), and what that looks like.
    pub json: Option<Box<Shape>>,
}

/// What objects at one place look like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// How many were seen.
    pub seen: usize,
    /// The model that they name, where they are rows of one.
    pub model: Option<String>,
    /// Their keys. Numbers as keys (`in_bulk`) are one key, `*`.
    pub keys: BTreeMap<String, Key>,
}

/// One key of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Key {
    /// In how many of them it was seen.
    pub seen: usize,
    /// What it holds.
    pub shape: Shape,
}

impl Shape {
    /// The shape of one value.
    pub fn of(value: &Value) -> Self {
        let mut shape = Self::default();
        shape.take(value);
        shape
    }

    /// Takes one more value in.
    pub fn take(&mut self, value: &Value) {
        match value {
            Value::Null => self.null = true,
            Value::Bool(_) => self.truth = true,
            Value::Number(number) if number.is_f64() => self.fraction = true,
            Value::Number(_) => self.integer = true,
            Value::String(text) => match nested(text) {
                Some(inner) => self.json.get_or_insert_default().take(&inner),
                None => {
                    self.texts.insert(spelling(text));
                }
            },
            Value::Array(items) => {
                let elements = self.list.get_or_insert_default();
                items.iter().for_each(|item| elements.take(item));
            }
            Value::Object(pairs) => {
                let object = self.object.get_or_insert_default();
                object.seen += 1;
                if let (Some(Value::String(model)), true) = (pairs.get("model"), pairs.contains_key("fields")) {
                    object.model = Some(model.clone());
                }
                for (key, value) in pairs {
                    let key = if is_number(key) { "*" } else { key };
                    let entry = object.keys.entry(key.to_owned()).or_default();
                    entry.seen += 1;
                    entry.shape.take(value);
                }
            }
        }
    }

    /// Whether nothing has been seen.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    /// The kinds seen, but null, in words.
    pub fn kinds(&self) -> Vec<&'static str> {
        let text = |spelling: &Spelling| match spelling {
            Spelling::Empty | Spelling::Plain => "a text",
            Spelling::Date => "a date",
            Spelling::DateTime => "a moment",
            Spelling::OtherTime => "a moment spelled otherwise",
        };
        let mut kinds = Vec::new();
        kinds.extend(self.truth.then_some("a boolean"));
        kinds.extend(self.integer.then_some("a whole number"));
        kinds.extend(self.fraction.then_some("a number with a fraction"));
        kinds.extend(self.texts.iter().map(text));
        kinds.extend(self.json.as_ref().map(|_| "JSON in a text"));
        kinds.extend(self.list.as_ref().map(|_| "a list"));
        kinds.extend(self.object.as_ref().map(|_| "an object"));
        kinds.dedup();
        kinds
    }
}

fn is_number(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit())
}

fn spelling(text: &str) -> Spelling {
    let pattern = |pattern: &str| {
        text.len() >= pattern.len()
            && pattern.bytes().zip(text.bytes()).all(|(sign, byte)| match sign {
                b'0' => byte.is_ascii_digit(),
                sign => sign == byte,
            })
    };
    let is = |sample: &str| text.len() == sample.len() && pattern(sample);
    if text.is_empty() {
        Spelling::Empty
    } else if is("0000-00-00") {
        Spelling::Date
    } else if is("0000-00-00 00:00:00") {
        Spelling::DateTime
    } else if pattern("0000-00-00T00:00")
        || pattern("0000-00-00 00:00:00")
        || pattern("00.00.0000")
        || pattern("00/00/0000")
    {
        Spelling::OtherTime
    } else {
        Spelling::Plain
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;

    #[test]
    fn dates_are_told_apart_by_their_spelling() {
        assert_eq!(spelling("2021-02-01"), Spelling::Date);
        assert_eq!(spelling("2021-02-01 10:00:00"), Spelling::DateTime);
        assert_eq!(spelling("2021-02-01T10:00:00"), Spelling::OtherTime);
        assert_eq!(spelling("2021-02-01 10:00:00.0000"), Spelling::OtherTime);
        assert_eq!(spelling("01.02.2021"), Spelling::OtherTime);
        assert_eq!(spelling("7"), Spelling::Plain);
        assert_eq!(spelling("7a"), Spelling::Plain);
    }

    #[test]
    fn objects_merge_and_count_their_keys() {
        let shape = Shape::of(&json!([{ "a": 1, "b": null }, { "a": 2.5 }]));
        let object = shape.list.unwrap().object.unwrap();
        assert_eq!(object.seen, 2);
        assert_eq!(object.keys["a"].seen, 2);
        assert_eq!(object.keys["b"].seen, 1);
        assert!(object.keys["a"].shape.integer && object.keys["a"].shape.fraction);
    }

    #[test]
    fn keys_that_are_numbers_are_one_key() {
        let shape = Shape::of(&json!({ "1": { "pk": 1 }, "20": { "pk": 20 } }));
        assert_eq!(shape.object.unwrap().keys.keys().collect::<Vec<_>>(), ["*"]);
    }

    #[test]
    fn json_in_a_text_is_looked_into() {
        let shape = Shape::of(&json!(["{\"result\": true}"]));
        assert!(shape.list.unwrap().json.unwrap().object.unwrap().keys["result"].shape.truth);
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z0-9 .:-]{0,20}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c1-3]{1,2}", inner, 0..4)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    /// The same value with its keys and elements in the opposite order.
    fn reversed(value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().rev().map(reversed).collect(),
            Value::Object(pairs) => {
                let turned: Map<String, Value> =
                    pairs.iter().rev().map(|(key, value)| (key.clone(), reversed(value))).collect();
                Value::Object(turned)
            }
            other => other.clone(),
        }
    }

    proptest! {
        #[test]
        fn order_leaves_no_trace(value in values()) {
            prop_assert_eq!(Shape::of(&value), Shape::of(&reversed(&value)));
        }
    }
}
