//! The envelope of an answer, written piece by piece.

use std::fmt;

use bytes::{Bytes, BytesMut};
use carbon_specs::Provenance;
use serde_json::Value;

use crate::pyjson;

/// About how many bytes are handed to the connection at once.
pub const CHUNK: usize = 32 * 1024;

/// The answer to a call.
#[derive(Debug)]
pub struct Reply {
    /// The path it answers.
    pub call: String,
    /// What it says.
    pub outcome: Outcome,
    /// The weakest standing of what it relies on.
    pub provenance: Provenance,
    /// What would go wrong on a real server: overlapping tasks, arguments that are not used.
    pub hazards: Vec<String>,
}

/// Pieces of a text that is made while it is sent. Nothing follows a failure.
pub type Pieces = Box<dyn Iterator<Item = Result<Vec<u8>, BrokenOff>> + Send>;

/// Why an answer ends in its midst.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the reply breaks off: {0}")]
pub struct BrokenOff(pub String);

/// What an answer says.
pub enum Outcome {
    /// A refusal.
    Error(String),
    /// A value, small enough to be held.
    Value(Value),
    /// The text of `result` in pieces, in Python's spelling already.
    Stream(Pieces),
    /// All of it as it goes out: an answer that deviates on purpose, perhaps from the envelope too.
    Spelled(Box<Spelled>),
}

/// A whole answer, spelled already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelled {
    /// The HTTP status it comes with.
    pub status: u16,
    /// Its content type.
    pub content_type: &'static str,
    /// Its bytes.
    pub body: Vec<u8>,
    /// The refusal, if it is one.
    pub error: Option<String>,
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(text) => f.debug_tuple("Error").field(text).finish(),
            Self::Value(value) => f.debug_tuple("Value").field(value).finish(),
            Self::Spelled(spelled) => f.debug_tuple("Spelled").field(spelled).finish(),
            Self::Stream(_) => f.write_str("Stream(..)"),
        }
    }
}

/// The bytes of an answer: `{"call": ..., "result": ...}` or `{"call": ..., "error": ...}`, in chunks of about
/// [`CHUNK`] bytes. Nothing follows a failure.
pub fn body(reply: Reply) -> impl Iterator<Item = Result<Bytes, BrokenOff>> + Send {
    let whole = |piece: Vec<u8>| -> Pieces { Box::new(std::iter::once(Ok(piece))) };
    let (key, pieces) = match reply.outcome {
        Outcome::Error(text) => (Some("error"), whole(spelled(&text))),
        Outcome::Value(value) => (Some("result"), whole(spelled(&value))),
        Outcome::Stream(pieces) => (Some("result"), pieces),
        Outcome::Spelled(spelled) => (None, whole(spelled.body)),
    };
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    if let Some(key) = key {
        head.extend_from_slice(b"{\"call\": ");
        pyjson::write(&mut head, &reply.call);
        head.extend_from_slice(format!(", \"{key}\": ").as_bytes());
        tail.push(b'}');
    }
    chunks(whole(head).chain(pieces).chain(whole(tail)))
}

fn spelled(value: &(impl serde::Serialize + ?Sized)) -> Vec<u8> {
    let mut out = Vec::new();
    pyjson::write(&mut out, value);
    out
}

/// Gathers small pieces into chunks; a piece larger than that goes on as it is.
fn chunks(
    mut pieces: impl Iterator<Item = Result<Vec<u8>, BrokenOff>> + Send,
) -> impl Iterator<Item = Result<Bytes, BrokenOff>> + Send {
    let mut broken = false;
    std::iter::from_fn(move || {
        if broken {
            return None;
        }
        let mut chunk = BytesMut::new();
        for piece in pieces.by_ref() {
            match piece {
                Ok(piece) if chunk.is_empty() && piece.len() >= CHUNK => return Some(Ok(Bytes::from(piece))),
                Ok(piece) => chunk.extend_from_slice(&piece),
                Err(error) => {
                    broken = true;
                    return Some(Err(error));
                }
            }
            if chunk.len() >= CHUNK {
                break;
            }
        }
        (!chunk.is_empty()).then(|| Ok(chunk.freeze()))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reply(outcome: Outcome) -> Reply {
        Reply { call: "/rest_api/v2/Users/".into(), outcome, provenance: Provenance::Documented, hazards: Vec::new() }
    }

    #[track_caller]
    fn check(outcome: Outcome, expected: &str) {
        let bytes: Vec<u8> = body(reply(outcome)).flat_map(Result::unwrap).collect();
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }

    #[test]
    fn envelopes_are_spelled_as_the_page_prints_them() {
        // Page line 623.
        check(
            Outcome::Value(json!({"pk": null, "model": "DynamicSessions",
                "fields": {"ttype": "None", "id": 12200, "suid": "144997776676316356"}})),
            r#"{"call": "/rest_api/v2/Users/", "result": {"pk": null, "model": "DynamicSessions", "fields": {"ttype": "None", "id": 12200, "suid": "144997776676316356"}}}"#,
        );
        check(
            Outcome::Error("нет \"x\"".into()),
            r#"{"call": "/rest_api/v2/Users/", "error": "\u043d\u0435\u0442 \"x\""}"#,
        );
        check(Outcome::Value(json!([])), r#"{"call": "/rest_api/v2/Users/", "result": []}"#);
        check(
            Outcome::Stream(Box::new(["[1", ", 2", "]"].into_iter().map(|piece| Ok(piece.as_bytes().to_vec())))),
            r#"{"call": "/rest_api/v2/Users/", "result": [1, 2]}"#,
        );
    }

    #[test]
    fn a_long_answer_comes_in_chunks_as_it_is_asked_for() {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicUsize, Ordering};

        let made = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&made);
        let pieces = (0..1000).map(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok(vec![b'x'; 1024])
        });
        let mut chunks = body(reply(Outcome::Stream(Box::new(pieces))));
        let first = chunks.next().unwrap().unwrap();
        assert!((CHUNK..CHUNK + 2048).contains(&first.len()), "{}", first.len());
        assert!(made.load(Ordering::Relaxed) <= 33, "{made:?}");
        assert_eq!(first.len() + chunks.map(|chunk| chunk.unwrap().len()).sum::<usize>(), 1000 * 1024 + 43);
    }
}
