//! How Python's `json.dumps` spells: judged byte by byte, for a parser would forgive everything.

use super::super::reply::brief_text;
use super::super::verdict::{Wrong, must};

/// Nothing beyond ASCII.
pub fn ascii(body: &[u8]) -> Result<(), Wrong> {
    match body.iter().position(|byte| !byte.is_ascii()) {
        None => Ok(()),
        Some(place) => Err(Wrong::new("ASCII only", format!("{} at byte {place}", around(body, place)))),
    }
}

/// Blanks only after `,` and `:`, one each; escapes only where Python writes them.
pub fn python(body: &[u8]) -> Result<(), Wrong> {
    let mut place = 0;
    while let Some(byte) = body.get(place) {
        match byte {
            b'"' => place = text(body, place + 1)?,
            b',' | b':' => {
                let one = body.get(place + 1) == Some(&b' ')
                    && body.get(place + 2).is_none_or(|next| !next.is_ascii_whitespace());
                must(one, "one blank after `,` and `:`", around(body, place))?;
                place += 2;
            }
            byte if byte.is_ascii_whitespace() => {
                return Err(Wrong::new("no blanks but after `,` and `:`", around(body, place)));
            }
            _ => place += 1,
        }
    }
    Ok(())
}

/// Walks through a text whose opening quote is behind us; answers where it is over.
fn text(body: &[u8], mut place: usize) -> Result<usize, Wrong> {
    loop {
        match body.get(place) {
            None | Some(b'"') => return Ok(place + 1),
            Some(b'\\') => {
                let expected =
                    "`\\\" \\\\ \\n \\r \\t \\b \\f`, and lower-case `\\uXXXX` for what has no other spelling";
                let fine = match body.get(place + 1) {
                    Some(b'"' | b'\\' | b'n' | b'r' | b't' | b'b' | b'f') => true,
                    Some(b'u') => body.get(place + 2..place + 6).is_some_and(is_needed),
                    _ => false,
                };
                must(fine, expected, around(body, place))?;
                place += 2;
            }
            Some(_) => place += 1,
        }
    }
}

/// Four lower-case digits of a letter that Python escapes so.
fn is_needed(digits: &[u8]) -> bool {
    let lower = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let code = std::str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, 16).ok());
    lower && code.is_some_and(|code| !(0x20..0x7f).contains(&code) && !matches!(code, 8..=10 | 12 | 13))
}

/// What stands around a place: the sign that is wrong, and of the rest its form, for it may be anybody's name.
fn around(body: &[u8], place: usize) -> String {
    let part = |from: usize, to: usize| String::from_utf8_lossy(body.get(from..to.min(body.len())).unwrap_or_default());
    let form =
        |text: &str| -> String { text.chars().map(|sign| if sign.is_alphanumeric() { 'x' } else { sign }).collect() };
    // An escape is at most six signs.
    let end = if body.get(place) == Some(&b'\\') { place + 6 } else { place + 1 };
    let (before, here, after) = (part(place.saturating_sub(16), place), part(place, end), part(end, end + 12));
    brief_text(&format!("{}{here}{}", form(&before), form(&after)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_writes_passes() {
        for body in [
            r#"{"call": "/a/", "result": [1, -2.5, null, true, {"a b": "\u043f, :\"\\\n\u0001\u007f"}, [], {}]}"#,
            "3",
            r#""""#,
        ] {
            assert_eq!(python(body.as_bytes()), Ok(()), "{body}");
        }
    }

    #[test]
    fn what_python_does_not_write_is_found() {
        for body in [
            r#"{"a":1}"#,
            r#"{"a" : 1}"#,
            r#"[1,2]"#,
            r#"[1,  2]"#,
            "[1,\n2]",
            "[\n1]",
            r#"["\/"]"#,
            r#"["\u043F"]"#,
            r#"["\u0041"]"#,
            r#"["\u000a"]"#,
            r#"["\x41"]"#,
        ] {
            assert!(python(body.as_bytes()).is_err(), "{body}");
        }
        assert!(ascii("[\"й\"]".as_bytes()).is_err());
    }
}
