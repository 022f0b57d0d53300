//! JSON as Python's `json.dumps` spells it: `", "` and `": "` between tokens, everything beyond ASCII as lower-case
//! `\uXXXX` (surrogate pairs beyond the basic plane), DEL as it is.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Python's spelling, for serde_json's serializer.
#[derive(Clone, Copy, Debug, Default)]
pub struct PythonFormatter;

impl Formatter for PythonFormatter {
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(float(value).as_bytes())
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.is_ascii() {
            return writer.write_all(fragment.as_bytes());
        }
        let mut units = [0_u16; 2];
        for symbol in fragment.chars() {
            if symbol.is_ascii() {
                writer.write_all(&[symbol as u8])?;
            } else {
                for unit in symbol.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

/// Python's `repr` of a float: the fewest digits that tell it from its neighbours, an exponent from 1e16 up and below 1e-4.
pub fn float(value: f64) -> String {
    let shortest = format!("{value:e}");
    match shortest.split_once('e').and_then(|(digits, power)| Some((digits, power.parse::<i32>().ok()?))) {
        Some((digits, power)) if value != 0.0 && !(-4..16).contains(&power) => {
            let sign = if power < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", power.abs())
        }
        // Rust's `Debug` writes `1.0` as Python does, and no exponents in this range.
        _ => format!("{value:?}"),
    }
}

/// Appends a value to a buffer in Python's spelling.
pub fn write(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    // Writing to memory cannot fail, and our values have text keys and finite numbers only.
    let result = value.serialize(&mut Serializer::with_formatter(&mut *out, PythonFormatter));
    debug_assert!(result.is_ok(), "{result:?}");
}

/// A value in Python's spelling.
pub fn to_string(value: &(impl Serialize + ?Sized)) -> String {
    let mut out = Vec::new();
    write(&mut out, value);
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn spells_as_python_does() {
        // python3 -c 'import json; print(json.dumps({"a":[1,"Ж\u007f😀\n/"],"b":None,"c":{},"d":1.5}))'
        let value = json!({"a": [1, "Ж\u{7f}😀\n/"], "b": null, "c": {}, "d": 1.5});
        assert_eq!(
            super::to_string(&value),
            "{\"a\": [1, \"\\u0416\u{7f}\\ud83d\\ude00\\n/\"], \"b\": null, \"c\": {}, \"d\": 1.5}"
        );
    }
}
