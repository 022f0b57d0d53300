//! Values as text, and the rules of comparing and matching texts.

use std::cmp::Ordering;

use jiff::civil::{Date, DateTime, Time};

use super::numeric::Scale;
use super::types::Cell;

/// The significant digits that 32-bit floating-point numbers are written with.
pub const FLOAT_DIGITS: usize = 8;

/// Those of 64-bit ones.
pub const DOUBLE_DIGITS: usize = 16;

/// A value as `CAST(... AS VARCHAR)` and isql write it; NULL as isql does.
pub fn display(cell: &Cell) -> String {
    match cell {
        Cell::Null => "<null>".into(),
        Cell::Exact { raw, scale } => exact(*raw, *scale),
        Cell::Float(number) => double(f64::from(*number), FLOAT_DIGITS),
        // A zero has no sign.
        Cell::Double(number) => double(*number + 0.0, DOUBLE_DIGITS),
        Cell::Text(text) => text.to_string(),
        Cell::Date(day) => date(*day),
        Cell::Time(moment) => time(*moment),
        Cell::Timestamp(moment) => timestamp(*moment),
        Cell::Bool(flag) => if *flag { "TRUE" } else { "FALSE" }.into(),
    }
}

/// An exact number with its point; never `-0.00`. Zeros that are not written down are put behind the digits, even behind
/// a 0.
pub fn exact(raw: i64, scale: Scale) -> String {
    let places = usize::from(scale.unsigned_abs());
    if scale <= 0 {
        return format!("{raw}{}", "0".repeat(places));
    }
    let sign = if raw < 0 { "-" } else { "" };
    let scale = places;
    let digits = format!("{:0>width$}", raw.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

/// A floating-point number with this many significant digits, as C's `%#.*g` writes it.
pub fn double(number: f64, significant: usize) -> String {
    if !number.is_finite() {
        return if number.is_nan() {
            "NaN"
        } else if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .into();
    }
    let significant = significant.max(1);
    // The exponent must be that of the rounded number: 9.9999... may become 10.
    let scientific = format!("{number:.*e}", significant - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let places = i32::try_from(significant).unwrap_or(i32::MAX) - 1;
    if exponent < -4 || exponent > places {
        let sign = if exponent < 0 { '-' } else { '+' };
        let point = if mantissa.contains('.') { "" } else { "." };
        return format!("{mantissa}{point}e{sign}{:02}", exponent.abs());
    }
    let decimals = usize::try_from(places - exponent).unwrap_or(0);
    let text = format!("{number:.decimals$}");
    if decimals == 0 { format!("{text}.") } else { text }
}

/// As [`double`], without zeros at the end: C's `%.*g`.
pub fn double_trimmed(number: f64, significant: usize) -> String {
    let written = double(number, significant);
    let (mantissa, exponent) = match written.find('e') {
        Some(at) => written.split_at(at),
        None => (written.as_str(), ""),
    };
    let mantissa = if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    format!("{mantissa}{exponent}")
}

/// `2020-01-15`.
pub fn date(day: Date) -> String {
    format!("{:04}-{:02}-{:02}", day.year(), day.month(), day.day())
}

/// `12:30:45.6789`.
pub fn time(moment: Time) -> String {
    let fraction = moment.subsec_nanosecond() / 100_000;
    format!("{:02}:{:02}:{:02}.{fraction:04}", moment.hour(), moment.minute(), moment.second())
}

/// `2019-06-01 12:30:45.6789`.
pub fn timestamp(moment: DateTime) -> String {
    format!("{} {}", date(moment.date()), time(moment.time()))
}

/// Compares as if the shorter text were padded with blanks. UTF8's binary order is that of its bytes.
pub fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let common = left.len().min(right.len());
    match left[..common].cmp(&right[..common]) {
        Ordering::Equal => {}
        different => return different,
    }
    let against_blanks = |rest: &[u8]| rest.iter().map(|byte| byte.cmp(&b' ')).find(|order| order.is_ne());
    let left_rest = against_blanks(&left[common..]);
    let right_rest = against_blanks(&right[common..]).map(Ordering::reverse);
    left_rest.or(right_rest).unwrap_or(Ordering::Equal)
}

/// In upper case, character by character: what would become two stays as it is.
pub fn upper(text: &str) -> String {
    text.chars().map(|char| alone(char.to_uppercase()).unwrap_or(char)).collect()
}

/// In lower case, likewise.
pub fn lower(text: &str) -> String {
    // The dot of a Turkish capital I is the only thing that lower case makes a character of its own.
    text.chars().map(|char| alone(char.to_lowercase()).unwrap_or(if char == 'İ' { 'i' } else { char })).collect()
}

fn alone(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    mapped.next().filter(|_| mapped.next().is_none())
}

/// The text without the blanks that no comparison sees.
pub fn key(text: &str) -> &str {
    text.trim_end_matches(' ')
}

/// `LIKE`: `%` is any run, `_` one character. `None` if the escape character stands before anything but these and
/// itself, which Firebird refuses.
pub fn like(text: &str, pattern: &str, escape: Option<char>) -> Option<bool> {
    enum Part {
        One(char),
        Any,
        Run,
    }
    let mut parts = Vec::new();
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        parts.push(if Some(char) == escape {
            let next = chars.next()?;
            if next != '%' && next != '_' && Some(next) != escape {
                return None;
            }
            Part::One(next)
        } else {
            match char {
                '%' => Part::Run,
                '_' => Part::Any,
                char => Part::One(char),
            }
        });
    }
    let text: Vec<char> = text.chars().collect();
    // The usual two-pointer match: on a mismatch, the latest `%` takes one character more.
    let (mut at, mut part, mut retry) = (0, 0, None);
    while at < text.len() {
        match parts.get(part) {
            Some(Part::Run) => {
                retry = Some((part, at));
                part += 1;
            }
            Some(Part::Any) => {
                at += 1;
                part += 1;
            }
            Some(Part::One(char)) if *char == text[at] => {
                at += 1;
                part += 1;
            }
            _ => match retry {
                Some((run, from)) => {
                    retry = Some((run, from + 1));
                    at = from + 1;
                    part = run + 1;
                }
                None => return Some(false),
            },
        }
    }
    Some(parts[part..].iter().all(|part| matches!(part, Part::Run)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_numbers_keep_their_scale() {
        assert_eq!(exact(-50_000, 5), "-0.50000");
        assert_eq!(exact(0, 2), "0.00");
        assert_eq!(exact(i64::MIN, 1), "-922337203685477580.8");
        assert_eq!(exact(-7, 0), "-7");
        assert_eq!(exact(2, -1), "20");
        assert_eq!(exact(0, -1), "00");
    }

    #[test]
    fn doubles_print_as_in_c() {
        assert_eq!(double(1.5, 16), "1.500000000000000");
        assert_eq!(double(1e10, 16), "10000000000.00000");
        assert_eq!(double(1e-10, 16), "1.000000000000000e-10");
        assert_eq!(double(123_456_789_012_345_678.0, 16), "1.234567890123457e+17");
        assert_eq!(double(1.0 / 3.0, 16), "0.3333333333333333");
        assert_eq!(double_trimmed(1.5, 8), "1.5");
        assert_eq!(double_trimmed(1e30, 8), "1e+30");
        assert_eq!(double_trimmed(16_777_216.0, 8), "16777216");
        assert_eq!(double_trimmed(0.0, 8), "0");
    }

    #[test]
    fn case_changes_character_by_character() {
        assert_eq!(upper("straße йёщ ﬁ"), "STRAßE ЙЁЩ ﬁ");
        assert_eq!(lower("ΑΣ İẞ ЙЁЩ"), "ασ iß йёщ");
    }

    #[test]
    fn comparison_pads_with_blanks() {
        assert_eq!(compare("test  ", "test"), Ordering::Equal);
        assert_eq!(compare("", "   "), Ordering::Equal);
        assert_eq!(compare(" test", "test"), Ordering::Less);
        assert_eq!(compare("a\t", "a"), Ordering::Less);
        assert_eq!(compare("b", "a "), Ordering::Greater);
    }

    #[test]
    fn like_matches_runs_and_single_characters() {
        assert_eq!(like("предоплате2017-12-31", "предоплате%2017-12-31%", None), Some(true));
        assert_eq!(like("a", "a ", None), Some(false));
        assert_eq!(like("abcbd", "%b_", None), Some(true));
        assert_eq!(like("тих", "т_х", None), Some(true));
        assert_eq!(like("a%b", "a\\%b", Some('\\')), Some(true));
        assert_eq!(like("axb", "a\\%b", Some('\\')), Some(false));
        assert_eq!(like("a", "\\a", Some('\\')), None);
        assert_eq!(like("", "", None), Some(true));
    }
}
