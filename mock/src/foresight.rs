//! Whether a call would have come to something else, had it waited for the tasks before it.
//!
//! While tasks wait, a call is answered twice: from the committed state, which is its answer, and from the state as it
//! will be when those tasks have run. Only what matters to the caller is compared. A read is too early where a refusal
//! will be an answer, nothing will be something, or rows will be there that it lacks (in a list, in a list inside an
//! object, in a count). A value that will be another one is no matter: that is what a client sees who reads until its
//! change is done. A change is stale where other rows would be written, or none, or where it would be refused.

use std::collections::HashSet;

use carbon_specs::ModelId;
use serde_json::Value as Json;

use crate::hazards::Author;
use crate::orm::CallError;
use crate::store::{Pk, Store};
use crate::tasks::Change;

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seen {
    /// Objects of a model.
    Objects(Vec<Pk>),
    /// So many rows of `values()`.
    Rows(usize),
    /// All rows of a model: how many, and the last key.
    Whole(usize, Option<Pk>),
    /// One object, and what is shown of it where that can hold lists.
    Object(ModelId, Option<Pk>, Json),
    /// A bare value.
    Value(Json),
}

/// Which rows would be written, in an order of its own. A row that is new has no key here: another one is given each time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wants(Vec<(u8, ModelId, Option<Pk>)>);

/// What a call came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Came {
    /// It was refused.
    Refused(CallError),
    /// It was answered.
    Answered(Seen, Wants),
}

/// In which way it would have come to something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Otherwise {
    /// It was refused or found too little, and changes nothing: it may ask again.
    TooEarly,
    /// It asks for a change, and would have been refused, with this text.
    Refused(String),
    /// It asks for a change, and would have changed nothing.
    Nothing,
    /// It asks for a change, and would have changed other rows.
    OtherRows,
}

/// A change asked for before a task was done that it rests on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stale {
    /// The task whose change makes the difference, where it is known.
    pub other: Option<Author>,
    /// The difference.
    pub otherwise: Otherwise,
}

impl Stale {
    fn other(&self) -> String {
        task_named(self.other.as_ref())
    }

    fn becomes(&self) -> String {
        match &self.otherwise {
            Otherwise::Refused(text) => format!("be refused: {text}"),
            Otherwise::Nothing => "change nothing".to_owned(),
            Otherwise::OtherRows | Otherwise::TooEarly => "change other rows".to_owned(),
        }
    }

    /// In one sentence, told of the request or of the task.
    pub fn says(&self, who: &str) -> String {
        let (other, becomes) = (self.other(), self.becomes());
        format!("{who} was asked for before {other} was done, after which it would {becomes}; wait until that is done")
    }

    /// The refusal, where such a change is refused.
    pub fn refusal(&self) -> String {
        format!("{} is not done yet, after which this would {}; wait until it is done", self.other(), self.becomes())
    }

    /// Whether nothing is left to do once the other task is done.
    pub fn is_moot(&self) -> bool {
        self.otherwise == Otherwise::Nothing
    }
}

/// A task, or that it is one.
pub(crate) fn task_named(task: Option<&Author>) -> String {
    task.map_or_else(|| "a waiting task".to_owned(), Author::to_string)
}

impl Wants {
    /// Those of changes asked for on this state.
    pub fn of(changes: &[Change], state: &Store) -> Self {
        let mut wants: Vec<_> = changes
            .iter()
            .map(|change| {
                let (model, pk) = change.target();
                let kind = match change {
                    Change::Insert { .. } => 0,
                    Change::Write { .. } => 1,
                    Change::Patch { .. } => 2,
                    Change::Delete { .. } => 3,
                };
                (kind, model, state.get(model, pk).map(|_| pk))
            })
            .collect();
        wants.sort_unstable();
        Self(wants)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Came {
    /// How it would have come to something else, had it come to `then`; `state` is the one that this was answered from.
    pub fn otherwise(&self, then: &Self, state: &Store) -> Option<Otherwise> {
        let too_early = |early: bool| early.then_some(Otherwise::TooEarly);
        match (self, then) {
            (Self::Refused(now), Self::Refused(then)) => too_early(is_another(now, then)),
            (Self::Refused(_), Self::Answered(..)) => Some(Otherwise::TooEarly),
            (Self::Answered(_, wants), Self::Refused(then)) if wants.is_empty() => {
                // One more row: it is there, and this call found only the other.
                too_early(matches!(then, CallError::MultipleObjectsReturned { .. }))
            }
            (Self::Answered(seen, wants), Self::Answered(then, other)) if wants.is_empty() => {
                too_early(!other.is_empty() || seen.lacks(then, state))
            }
            (Self::Answered(..), Self::Refused(then)) => Some(Otherwise::Refused(then.to_string())),
            (Self::Answered(_, wants), Self::Answered(then, other)) => match then.refusal() {
                Some(text) => Some(Otherwise::Refused(text)),
                None if other.is_empty() => Some(Otherwise::Nothing),
                None => (wants != other).then_some(Otherwise::OtherRows),
            },
        }
    }
}

/// Whether a refusal tells of something else. How many rows are too many does not matter.
fn is_another(now: &CallError, then: &CallError) -> bool {
    let several = |error: &CallError| matches!(error, CallError::MultipleObjectsReturned { .. });
    now != then && !(several(now) && several(then))
}

impl Seen {
    /// Whether something is there that this lacks.
    fn lacks(&self, then: &Self, state: &Store) -> bool {
        match (self, then) {
            (Self::Rows(now), Self::Rows(then)) => then > now,
            (Self::Objects(now), Self::Objects(then)) => {
                let there: HashSet<&Pk> = now.iter().collect();
                now != then && then.iter().any(|pk| !there.contains(pk))
            }
            (Self::Whole(now, last), Self::Whole(then, later)) => then > now || later > last,
            (Self::Object(_, now, shown), Self::Object(model, then, later)) => {
                if now == then {
                    has_longer_list(shown, later)
                } else {
                    then.is_some_and(|pk| state.get(*model, pk).is_none())
                }
            }
            (Self::Value(now), Self::Value(then)) => lacks(now, then),
            // `first` of nothing is null.
            (Self::Value(_), _) => true,
            _ => false,
        }
    }

    /// The refusal that the personal cabinet encodes into its answer.
    fn refusal(&self) -> Option<String> {
        match self {
            Self::Value(value) => refusal(&decoded(value)?),
            _ => None,
        }
    }
}

fn lacks(now: &Json, then: &Json) -> bool {
    if let (Some(now), Some(then)) = (decoded(now), decoded(then)) {
        return match (refusal(&now), refusal(&then)) {
            (Some(now), Some(then)) => now != then,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => has_longer_list(&now, &then),
        };
    }
    match (now, then) {
        (Json::Number(now), Json::Number(then)) => then.as_f64() > now.as_f64(),
        (Json::Null | Json::Bool(false), then) => !matches!(then, Json::Null | Json::Bool(false)),
        (now, then) => has_longer_list(now, then),
    }
}

/// What the cabinet encoded twice: a list with one text, which is JSON itself.
fn decoded(value: &Json) -> Option<Json> {
    match value.as_array()?.as_slice() {
        [Json::String(text)] => serde_json::from_str(text).ok(),
        _ => None,
    }
}

fn refusal(inner: &Json) -> Option<String> {
    Some(inner.get("error")?.as_str()?.to_owned())
}

/// Whether some list in `then` is longer than the one in its place.
fn has_longer_list(now: &Json, then: &Json) -> bool {
    match (now, then) {
        (Json::Array(now), Json::Array(then)) => {
            then.len() > now.len() || now.iter().zip(then).any(|(now, then)| has_longer_list(now, then))
        }
        (Json::Object(now), Json::Object(then)) => {
            now.iter().any(|(key, now)| then.get(key).is_some_and(|then| has_longer_list(now, then)))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::lacks;

    #[test]
    fn what_is_still_to_come_is_told_from_what_will_be_another_value() {
        for (now, then) in [
            (json!(14), json!(15)),
            (json!(false), json!(true)),
            (json!(null), json!("x")),
            (json!([]), json!([1])),
            (json!({ "list": [{ "inner": [1] }] }), json!({ "list": [{ "inner": [1, 2] }] })),
            (json!([r#"{"error": "the session has ended"}"#]), json!([r#"{"balance": "0"}"#])),
            (json!([r#"{"error": "one"}"#]), json!([r#"{"error": "another"}"#])),
            (json!([r#"[[], [1]]"#]), json!([r#"[[], [1, 2]]"#])),
        ] {
            assert!(lacks(&now, &then), "{now} lacks something of {then}");
            assert!(!lacks(&now, &now), "{now}");
        }
        for (now, then) in [
            (json!(15), json!(14)),
            (json!("0"), json!("10")),
            (json!(["a"]), json!(["b"])),
            (json!([r#"{"balance": "0"}"#]), json!([r#"{"balance": "10"}"#])),
            (json!([r#"{"balance": "0"}"#]), json!([r#"{"error": "the session has ended"}"#])),
        ] {
            assert!(!lacks(&now, &then), "{now} lacks nothing of {then}");
        }
    }
}
