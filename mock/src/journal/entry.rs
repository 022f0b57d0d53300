//! One answered call, as it is kept and told. Bounded.

use carbon_specs::Provenance;
use jiff::civil::DateTime;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

use crate::store::value::show;
use crate::wire::Call;

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
    pub(super) fn shorten(&mut self) {
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
