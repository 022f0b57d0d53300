//! JSON values as Python sees them: how it writes them, reads numbers from them and walks over them.

use std::fmt::Write;

use serde_json::Value as Json;

use super::error::CallError;
use crate::pyjson;

/// Python's `repr(value)`.
pub fn repr(json: &Json) -> String {
    match json {
        Json::String(text) => quoted(text),
        Json::Array(items) => format!("[{}]", items.iter().map(repr).collect::<Vec<_>>().join(", ")),
        Json::Object(pairs) => {
            let pairs: Vec<String> =
                pairs.iter().map(|(key, value)| format!("{}: {}", quoted(key), repr(value))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        plain => text(plain),
    }
}

/// Python's `str(value)`.
pub fn text(json: &Json) -> String {
    match json {
        Json::Null => "None".to_owned(),
        Json::Bool(true) => "True".to_owned(),
        Json::Bool(false) => "False".to_owned(),
        Json::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => pyjson::float(float),
            None => number.to_string(),
        },
        Json::String(text) => text.clone(),
        Json::Array(_) | Json::Object(_) => repr(json),
    }
}

fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut shown = String::with_capacity(text.len() + 2);
    shown.push(quote);
    for sign in text.chars() {
        // Writing to memory cannot fail.
        let _ = match sign {
            '\\' => shown.write_str("\\\\"),
            '\n' => shown.write_str("\\n"),
            '\r' => shown.write_str("\\r"),
            '\t' => shown.write_str("\\t"),
            _ if sign == quote => write!(shown, "\\{sign}"),
            _ if sign.is_control() => write!(shown, "\\x{:02x}", u32::from(sign)),
            _ => shown.write_char(sign),
        };
    }
    shown.push(quote);
    shown
}

/// Python's `int(value)`, where it is one: blanks around and single underscores within the digits are allowed, a fraction of a number is
/// cut off. What 128 bits cannot hold is the greatest or least that they can. Digits of other scripts, which Python takes, are none.
pub fn whole(json: &Json) -> Option<i128> {
    match json {
        Json::Bool(flag) => Some(i128::from(*flag)),
        // A float beyond 128 bits becomes the nearest that they hold.
        Json::Number(number) => number
            .as_i64()
            .map(i128::from)
            .or_else(|| number.as_u64().map(i128::from))
            .or_else(|| number.as_f64().map(|float| float as i128)),
        Json::String(text) => {
            let text = text.trim();
            let (digits, negative) = match text.strip_prefix(['+', '-']) {
                Some(digits) => (digits, text.starts_with('-')),
                None => (text, false),
            };
            let sound = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            if !digits.split('_').all(sound) {
                return None;
            }
            let sum = digits.bytes().filter(u8::is_ascii_digit).fold(0_i128, |sum, digit| {
                let digit = i128::from(digit - b'0');
                sum.saturating_mul(10).saturating_add(if negative { -digit } else { digit })
            });
            Some(sum)
        }
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// What a `for` over the value yields: the items of a list, the symbols of a text, the keys of an object.
///
/// # Errors
/// Python's TypeError for what cannot be walked.
pub fn items(json: &Json) -> Result<Vec<Json>, CallError> {
    let name = match json {
        Json::Array(items) => return Ok(items.clone()),
        Json::String(text) => return Ok(text.chars().map(|symbol| Json::from(symbol.to_string())).collect()),
        Json::Object(pairs) => return Ok(pairs.keys().map(|key| Json::from(key.as_str())).collect()),
        Json::Null => "NoneType",
        Json::Bool(_) => "bool",
        Json::Number(number) if number.is_f64() => "float",
        Json::Number(_) => "int",
    };
    Err(CallError::Value(format!("'{name}' object is not iterable")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Recorded from Python 3.11: `[repr(v) for v in ...]`.
    #[test]
    fn values_are_written_as_python_writes_them() {
        let value =
            json!([null, true, 1, 1.0, 1.5, 1e23, 1e-5, 123456789012345680.0, "it's", "a\"'b", "\u{7}\n\\", {"a": []}]);
        assert_eq!(
            repr(&value),
            r#"[None, True, 1, 1.0, 1.5, 1e+23, 1e-05, 1.2345678901234568e+17, "it's", 'a"\'b', '\x07\n\\', {'a': []}]"#
        );
        assert_eq!(text(&json!("it's")), "it's");
    }

    #[test]
    fn whole_numbers_are_read_as_python_reads_them() {
        let read = |json: Json| whole(&json);
        assert_eq!(read(json!(" -4_5 ")), Some(-45));
        assert_eq!(read(json!("+7")), Some(7));
        assert_eq!(read(json!(-1.9)), Some(-1));
        assert_eq!(read(json!(true)), Some(1));
        assert_eq!(read(json!(u64::MAX)), Some(i128::from(u64::MAX)));
        assert_eq!(read(json!("9".repeat(1000))), Some(i128::MAX));
        for none in [json!("1__0"), json!("_1"), json!("1.0"), json!("0x1"), json!(""), json!("- 1"), json!([1])] {
            assert_eq!(whole(&none), None, "{none}");
        }
    }
}
