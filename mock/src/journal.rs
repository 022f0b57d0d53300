//! What was asked and answered, kept for the control API, the console and `verify`. Bounded.

use std::collections::VecDeque;

use carbon_specs::Provenance;
use jiff::civil::DateTime;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value as Json, json};

use crate::store::value::show;
use crate::verdict::Judge;
use crate::wire::Call;

/// The most entries kept; older ones go.
pub const CAPACITY: usize = 10_000;

/// The longest text of an entry, in characters.
const LONGEST_TEXT: usize = 2000;

/// The most methods, arguments of one, fields and warnings that an entry keeps.
const LONGEST_LIST: usize = 100;

/// One answered call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 1.
    pub id: u64,
    /// When.
    #[serde(serialize_with = "written", deserialize_with = "read")]
    pub at: DateTime,
    /// The path.
    pub path: String,
    /// The chain in words: `Abonents.objects.get({"id":"45"}).set({...}).save()`.
    pub call: String,
    /// The methods, in order.
    pub methods: Vec<String>,
    /// For each method, the names that it is given.
    #[serde(default)]
    pub arguments: Vec<Vec<String>>,
    /// What `fields` asks for.
    #[serde(default)]
    pub fields: Vec<String>,
    /// The model, in the vendor's spelling if it is one.
    pub model: String,
    /// The refusal, if it was one. None where a fault on purpose left the call without an answer (`refuse`, `hangup`,
    /// `status`): then `warnings` tells of the fault.
    pub error: Option<String>,
    /// Whether it is refused because it is no call of this API, rather than for what the state holds.
    pub violation: bool,
    /// The weakest standing of what the answer relies on.
    pub provenance: Provenance,
    /// The task it became.
    pub task: Option<u64>,
    /// What the caller should know.
    pub warnings: Vec<String>,
}

impl Entry {
    /// Cuts what a client may have made long, so that the journal's memory is bounded whatever is sent.
    fn shorten(&mut self) {
        let names = [&mut self.methods, &mut self.fields, &mut self.warnings].into_iter().chain(&mut self.arguments);
        for list in names {
            list.truncate(LONGEST_LIST);
            list.iter_mut().for_each(shorten);
        }
        self.arguments.truncate(LONGEST_LIST);
        [&mut self.path, &mut self.call, &mut self.model].into_iter().chain(&mut self.error).for_each(shorten);
    }
}

fn shorten(text: &mut String) {
    if let Some((at, _)) = text.char_indices().nth(LONGEST_TEXT) {
        text.truncate(at);
        text.push('…');
    }
}

/// A journal as the control API tells it, and as it is saved: all that a verdict needs.
#[derive(Clone, Debug, Deserialize)]
pub struct Saved {
    /// The calls kept, oldest first.
    pub journal: Vec<Entry>,
    /// What was spoilt.
    pub hazards: Vec<Told>,
    /// How many calls there were.
    pub total: u64,
    /// How many tasks waited.
    #[serde(default)]
    pub waiting: usize,
}

/// A hazard, as told.
#[derive(Clone, Debug, Deserialize)]
pub struct Told {
    /// In one sentence.
    pub says: String,
}

/// The last calls.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    entries: VecDeque<Entry>,
    last: u64,
    judge: Judge,
}

impl Journal {
    /// A number for a call that is about to be answered.
    pub fn reserve(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Adds an entry, as calls are done with.
    pub fn push(&mut self, mut entry: Entry) {
        entry.shorten();
        self.judge.see(&entry);
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// The entries kept, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// What was seen of all calls.
    pub fn judge(&self) -> &Judge {
        &self.judge
    }

    /// How many calls there were, those no longer kept among them.
    pub fn total(&self) -> u64 {
        self.last
    }

    /// For the control API, oldest first.
    pub fn to_json(&self) -> Json {
        json!({ "journal": self.entries, "total": self.last })
    }
}

fn written<S: Serializer>(at: &DateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&show(*at))
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

/// A call in words, for people: long arguments are cut.
pub fn in_words(model: &str, call: &Call) -> String {
    let mut text = model.to_owned();
    for step in &call.steps {
        let arg = match &step.arg {
            Json::Object(pairs) if pairs.is_empty() => String::new(),
            other => other.to_string(),
        };
        let shown: String = arg.chars().take(200).collect();
        let cut = if shown.len() < arg.len() { "…" } else { "" };
        text.push_str(&format!(".{}({shown}{cut})", step.method));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_makes_long_is_cut() {
        let mut entry = Entry {
            id: 1,
            at: DateTime::default(),
            path: "/".into(),
            call: "я".repeat(1_000_000),
            methods: vec!["m".repeat(1_000_000); 5000],
            arguments: vec![vec!["a".into(); 5000]; 5000],
            fields: vec!["f".into(); 5000],
            model: "M".into(),
            error: Some("e".repeat(1_000_000)),
            violation: true,
            provenance: Provenance::Assumed,
            task: None,
            warnings: Vec::new(),
        };
        entry.shorten();
        assert!(serde_json::to_string(&entry).unwrap().len() < 300_000);
        assert_eq!(entry.call.chars().count(), LONGEST_TEXT + 1);
    }
}
