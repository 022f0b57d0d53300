//! Prints what was sent and answered so that a person can review it, and so that one changed byte shows.
//!
//! A reply is printed as pretty JSON. The server's own spelling is Python's `json.dumps`, so the pretty form stands for
//! exactly one sequence of bytes; a reply spelled otherwise is printed raw as well. Long lists and loops keep their
//! ends, and a line that tells how long the rest is and a hash of its bytes.

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

use crate::exchange::Answer;
use crate::replay::Turn;

/// Lists and loops longer than this are abbreviated.
const LONG: usize = 40;
/// What remains of a long one at its head.
const HEAD: usize = 5;
/// And at its tail.
const TAIL: usize = 2;

/// A replay as its snapshot shows it. `nothing_sent` stands for a command that sends no request.
pub fn replayed(turns: &[Turn], nothing_sent: Option<&str>) -> String {
    if let Some(reason) = nothing_sent {
        return format!("nothing is sent: {reason}\n");
    }
    let entries: Vec<String> = turns.iter().map(turn).collect();
    let mut text = String::new();
    for entry in abbreviated(&entries) {
        if !text.is_empty() {
            text.push('\n');
        }
        match entry {
            Kept::Item(_, entry) => text.push_str(entry),
            Kept::Left(left) => text.push_str(&format!("... {left}\n", left = left.describe("turns"))),
        }
    }
    text
}

fn turn(turn: &Turn) -> String {
    let mut text = String::new();
    if !turn.row.is_empty() {
        let row: Vec<String> = turn.row.iter().map(|(name, value)| format!("{name}={value}")).collect();
        text.push_str(&format!("# {}\n", row.join(" ")));
    }
    let exchange = &turn.exchange;
    text.push_str(&format!("POST {}\n{}\n\n", exchange.sent.path, exchange.sent.body));
    text.push_str(&answer(&exchange.answer));
    text
}

/// Status and body.
pub fn answer(answer: &Answer) -> String {
    let mut text = format!("{} {}\n", answer.status, answer.content_type);
    let raw = String::from_utf8_lossy(&answer.body);
    match answer.json() {
        Ok(value) => {
            let mut shown = value.clone();
            let mut inner = Vec::new();
            take_out(&mut shown, "", &mut inner);
            text.push_str(&pretty(&abbreviate(&shown)));
            text.push('\n');
            for (place, inner) in inner {
                text.push_str(&format!("{place} is this JSON in a text:\n{}\n", pretty(&abbreviate(&inner))));
            }
            if python(&value).as_bytes() != &*answer.body {
                text.push_str(&format!("raw: {raw}\n"));
            }
        }
        Err(_) => text.push_str(&format!("{raw}\n")),
    }
    text
}

/// Takes out texts that are JSON themselves (the cabinet's replies) in Python's spelling, so that they can be shown
/// decoded: the decoded form stands for exactly one text.
fn take_out(value: &mut Value, place: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::String(text) if text.starts_with(['{', '[']) => {
            if let Ok(inner) = serde_json::from_str::<Value>(text)
                && python(&inner) == *text
            {
                found.push((place.to_owned(), inner));
                *text = "(JSON, below)".to_owned();
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                take_out(item, &format!("{place}/{index}"), found);
            }
        }
        Value::Object(pairs) => {
            for (key, item) in pairs.iter_mut() {
                take_out(item, &format!("{place}/{key}"), found);
            }
        }
        _ => {}
    }
}

/// Pretty JSON.
pub fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// As Python's `json.dumps` spells it.
pub fn python(value: &Value) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, Python);
    if value.serialize(&mut serializer).is_err() {
        return String::new();
    }
    String::from_utf8(bytes).unwrap_or_default()
}

struct Python;

impl Formatter for Python {
    fn begin_array_value<W: ?Sized + std::io::Write>(&mut self, writer: &mut W, first: bool) -> std::io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(&mut self, writer: &mut W, first: bool) -> std::io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + std::io::Write>(&mut self, writer: &mut W, text: &str) -> std::io::Result<()> {
        for character in text.chars() {
            // Python escapes everything but printable ASCII; control characters never come here.
            if (' '..='~').contains(&character) {
                writer.write_all(&[character as u8])?;
            } else {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

/// The value with its long lists cut.
fn abbreviate(value: &Value) -> Value {
    match value {
        Value::Array(items) if items.len() > LONG => {
            let texts: Vec<String> = items.iter().map(python).collect();
            let kept = abbreviated(&texts).into_iter().map(|kept| match kept {
                Kept::Item(index, _) => abbreviate(&items[index]),
                Kept::Left(left) => Value::String(format!("... {}", left.describe("elements"))),
            });
            kept.collect()
        }
        Value::Array(items) => items.iter().map(abbreviate).collect(),
        Value::Object(pairs) => {
            Value::Object(pairs.iter().map(|(key, value)| (key.clone(), abbreviate(value))).collect())
        }
        other => other.clone(),
    }
}

enum Kept<'a> {
    /// An entry and its place.
    Item(usize, &'a str),
    /// Everything between head and tail.
    Left(Left),
}

/// What an abbreviation leaves out.
struct Left {
    count: usize,
    bytes: usize,
    hash: u64,
}

impl Left {
    fn describe(&self, what: &str) -> String {
        format!("{} {what} more, {} bytes, fnv1a {:016x}", self.count, self.bytes, self.hash)
    }
}

fn abbreviated(entries: &[String]) -> Vec<Kept<'_>> {
    let mut kept: Vec<Kept<'_>> =
        entries.iter().enumerate().map(|(index, text)| Kept::Item(index, text.as_str())).collect();
    if entries.len() <= LONG {
        return kept;
    }
    let left = &entries[HEAD..entries.len() - TAIL];
    let summary = Left {
        count: left.len(),
        bytes: left.iter().map(String::len).sum(),
        hash: left.iter().fold(FNV_START, |hash, text| fnv1a(fnv1a(hash, text.as_bytes()), &[0xff])),
    };
    kept.splice(HEAD..entries.len() - TAIL, [Kept::Left(summary)]);
    kept
}

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a: every step is one-to-one, so a single changed byte always changes the hash.
fn fnv1a(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::exchange::{Exchange, Sent};

    fn reply(body: &str) -> Answer {
        Answer { status: 200, content_type: "application/json".into(), body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    #[test]
    fn a_reply_in_pythons_spelling_is_printed_once() {
        let text = answer(&reply(r#"{"call": "/", "result": [1, "\u0441\ud83d\ude00\n\u007f"]}"#));
        assert!(!text.contains("raw:"), "{text}");
        assert!(text.starts_with("200 application/json\n{\n  \"call\": \"/\","));
    }

    #[test]
    fn a_text_that_is_json_is_shown_decoded() {
        let text = answer(&reply(r#"{"call": "/", "result": ["{\"error\": \"\\u043d\"}"]}"#));
        assert!(text.ends_with("/result/0 is this JSON in a text:\n{\n  \"error\": \"н\"\n}\n"), "{text}");
        let other = answer(&reply(r#"{"call": "/", "result": ["{\"error\":\"\\u043d\"}"]}"#));
        assert!(!other.contains("this JSON in a text"), "{other}");
    }

    #[test]
    fn another_spelling_shows_raw() {
        for body in
            [r#"{"call":"/"}"#, r#"{"call": "\u0421", "call": 1}"#, "{\"call\": \"С\"}", "{\"call\": \"\\u041F\"}"]
        {
            assert!(answer(&reply(body)).contains("raw: "), "{body}");
        }
    }

    #[test]
    fn a_long_list_keeps_its_ends_and_every_byte_counts() {
        let list = |changed: usize| -> String {
            let items: Vec<String> =
                (0..100).map(|n| if n == changed { "\"x\"".into() } else { format!("{n}") }).collect();
            answer(&reply(&format!("{{\"result\": [{}]}}", items.join(", "))))
        };
        let text = list(1000);
        assert!(text.contains("    4,\n    \"... 93 elements more, "), "{text}");
        assert!(text.contains("    98,\n    99\n"), "{text}");
        assert_eq!(text.lines().count(), 13);
        assert_ne!(list(50), list(51));
    }

    #[test]
    fn a_long_loop_keeps_its_ends() {
        let turns: Vec<Turn> = (0..100)
            .map(|n| Turn {
                row: vec![("line".into(), n.to_string())],
                exchange: Exchange {
                    sent: Sent {
                        path: "/rest_api/v2/Abonents/".into(),
                        body: format!("method1=objects.get&arg1={{\"id\":{n}}}"),
                    },
                    answer: reply("{\"call\": \"/\"}"),
                },
            })
            .collect();
        let text = replayed(&turns, None);
        assert!(text.contains("\n... 93 turns more, "), "{text}");
        assert!(text.contains("# line=0\nPOST /rest_api/v2/Abonents/\n"), "{text}");
        assert!(text.contains("# line=99\n"), "{text}");
    }
}
