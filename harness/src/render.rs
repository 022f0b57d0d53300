//! Prints what was sent and answered so that a person can review it, and so that one changed byte shows.
//!
//! A reply is printed as pretty JSON. The server's own spelling is Python's `json.dumps`, so the pretty form stands for
//! exactly one sequence of bytes; a reply spelled otherwise is printed raw as well. Of long lists and loops the ends are
//! printed so, and each element between them on one line, so that a diff shows which has changed, and what in it.

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

use crate::exchange::{Answer, Exchange};
use crate::replay::Turn;

/// Lists and loops longer than this have elements of one line.
const LONG: usize = 40;
/// Those at its head are printed at length.
const HEAD: usize = 5;
/// And those at its tail.
const TAIL: usize = 2;

/// Whether an element of a list of this length is printed on one line.
fn is_short(index: usize, length: usize) -> bool {
    length > LONG && index >= HEAD && index + TAIL < length
}

/// A replay as its snapshot shows it. `nothing_sent` stands for a command that sends no request.
pub fn replayed(turns: &[Turn], nothing_sent: Option<&str>) -> String {
    if let Some(reason) = nothing_sent {
        return format!("nothing is sent: {reason}\n");
    }
    let mut text = String::new();
    for (index, one) in turns.iter().enumerate() {
        if is_short(index, turns.len()) {
            text.push_str(&short_turn(one));
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&turn(one));
    }
    text
}

/// A turn on one line.
fn short_turn(turn: &Turn) -> String {
    let Exchange { sent, answer } = &turn.exchange;
    let raw = String::from_utf8_lossy(&answer.body);
    let said = match answer.json() {
        Ok(value) if python(&value) == raw => value.to_string(),
        _ => format!("raw: {raw}"),
    };
    let kind = if answer.content_type == "application/json" { "" } else { &answer.content_type };
    let line = format!("{}POST {} {} -> {} {kind}{said}", row(turn), sent.path, sent.body, answer.status);
    format!("{}\n", line.replace('\n', "\\n"))
}

fn row(turn: &Turn) -> String {
    let row: Vec<String> = turn.row.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if row.is_empty() { String::new() } else { format!("# {} ", row.join(" ")) }
}

fn turn(turn: &Turn) -> String {
    let mut text = String::new();
    if !turn.row.is_empty() {
        text.push_str(row(turn).trim_end());
        text.push('\n');
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
            text.push_str(&listed(&shown));
            text.push('\n');
            for (place, inner) in inner {
                text.push_str(&format!("{place} is this JSON in a text:\n{}\n", listed(&inner)));
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

/// A replay's text without what two spellings of the same JSON differ in: keys are sorted, raw bytes left out.
pub fn unspelled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(line) = rest.split_inclusive('\n').next() {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        if let (true, Some(Ok(mut value))) = (line.starts_with(['{', '[']), values.next()) {
            rest = &rest[values.byte_offset()..];
            value.sort_all_objects();
            out.push_str(&listed(&value));
            continue;
        }
        match line.split_once(';').filter(|_| line.starts_with(|sign: char| sign.is_ascii_digit())) {
            // The status, and a content type with its charset.
            Some((media, _)) => out.push_str(&format!("{media}\n")),
            None if line.starts_with("raw: ") => {}
            None => out.push_str(line),
        }
        rest = &rest[line.len()..];
    }
    out
}

/// Pretty JSON, with long lists' elements on a line each.
fn listed(value: &Value) -> String {
    let mut out = String::new();
    list(&mut out, value, 0);
    out
}

fn list(out: &mut String, value: &Value, depth: usize) {
    let line = |out: &mut String, depth: usize| out.push_str(&format!("\n{}", "  ".repeat(depth)));
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                line(out, depth + 1);
                if is_short(index, items.len()) {
                    out.push_str(&item.to_string());
                } else {
                    list(out, item, depth + 1);
                }
            }
            line(out, depth);
            out.push(']');
        }
        Value::Object(pairs) if !pairs.is_empty() => {
            out.push('{');
            for (index, (key, item)) in pairs.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                line(out, depth + 1);
                out.push_str(&format!("{}: ", Value::from(key.as_str())));
                list(out, item, depth + 1);
            }
            line(out, depth);
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::exchange::Sent;

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
    fn a_changed_byte_anywhere_in_a_long_list_shows_as_one_line() {
        let text = |changed: usize| -> String {
            let name = |n: usize| if n == changed { "x" } else { "y" };
            let items: Vec<String> = (0..100).map(|n| format!("{{\"pk\": {n}, \"name\": \"{}\"}}", name(n))).collect();
            answer(&reply(&format!("{{\"result\": [{}]}}", items.join(", "))))
        };
        let before = text(1000);
        for changed in [5, 50, 97] {
            let after = text(changed);
            let differ: Vec<_> = before.lines().zip(after.lines()).filter(|(one, other)| one != other).collect();
            let line = |name: &str| format!("    {{\"pk\":{changed},\"name\":\"{name}\"}},");
            assert_eq!(differ, [(line("y").as_str(), line("x").as_str())]);
        }
        assert!(before.contains("    {\n      \"pk\": 99,\n"), "{before}");
    }

    #[test]
    fn the_order_of_keys_and_the_spelling_can_be_left_out() {
        let text = |body: &str| unspelled(&answer(&reply(body)));
        let one = text(r#"{"call": "/", "result": [{"a": {"b": "\u043d", "c": 2}}, {"a": 1}]}"#);
        assert_eq!(one, text(r#"{"result":[{"a":{"c":2,"b":"н"}},{"a":1}],"call":"/"}"#));
        assert_ne!(one, text(r#"{"result":[{"a":{"c":2,"b":"н"}},{"a":2}],"call":"/"}"#));
        assert_ne!(one, text(r#"{"result":[{"a":1},{"a":{"c":2,"b":"н"}}],"call":"/"}"#));
    }

    #[test]
    fn short_lists_are_pretty_json() {
        let value = serde_json::json!({"a": [], "b": {}, "c": [1, {"d": "\"é\""}], "e": null});
        assert_eq!(listed(&value), pretty(&value));
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
        let middle =
            "\n# line=50 POST /rest_api/v2/Abonents/ method1=objects.get&arg1={\"id\":50} -> 200 {\"call\":\"/\"}\n";
        assert!(text.contains(middle), "{text}");
        assert!(text.contains("# line=0\nPOST /rest_api/v2/Abonents/\n"), "{text}");
        assert!(text.contains("# line=99\n"), "{text}");
    }
}
