//! From one type to another: casts, and the texts that stand for numbers and days.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};

use super::error::SqlError;
use super::numeric;
use super::text;
use super::types::{Cell, Kind, Type};

/// A value as this type.
///
/// # Errors
/// The text means no such value, or the value does not fit.
pub fn cast(cell: &Cell, ty: Type, now: DateTime) -> Result<Cell, SqlError> {
    if cell.is_null() {
        return Ok(Cell::Null);
    }
    Ok(match ty.kind {
        Kind::Short | Kind::Long | Kind::Int64 => exact(cell, ty)?,
        Kind::Double => Cell::Double(to_double(cell)?),
        Kind::Char | Kind::Varchar => Cell::text(fit(&text::display(cell), ty)?),
        Kind::Date => Cell::Date(match cell {
            Cell::Text(text) => parse_day(text, now)?,
            other => to_datetime(other, now)?.date(),
        }),
        Kind::Timestamp => Cell::Timestamp(to_datetime(cell, now)?),
        Kind::Time => Cell::Time(to_time(cell, now)?),
        Kind::Boolean => Cell::Bool(to_bool(cell)?),
    })
}

fn exact(cell: &Cell, ty: Type) -> Result<Cell, SqlError> {
    let raw = match cell {
        Cell::Exact { raw, scale } => numeric::rescale(*raw, *scale, ty.scale)?,
        Cell::Double(number) => {
            let scaled = number * 10_f64.powi(i32::from(ty.scale));
            let rounded = scaled.round();
            // The range of 64 bits, whose upper end has no exact double.
            if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&rounded) {
                return Err(SqlError::out_of_range());
            }
            #[expect(clippy::cast_possible_truncation, reason = "the range was just checked")]
            let raw = rounded as i64;
            raw
        }
        Cell::Text(text) => parse_exact(text, ty.scale)?,
        other => return Err(SqlError::conversion(&text::display(other))),
    };
    let fits = match ty.kind {
        Kind::Short => i16::try_from(raw).is_ok(),
        Kind::Long => i32::try_from(raw).is_ok(),
        _ => true,
    };
    if fits { Ok(Cell::Exact { raw, scale: ty.scale }) } else { Err(SqlError::out_of_range()) }
}

/// The number that a text means, rounded to a scale.
///
/// # Errors
/// It means none, or one too big.
pub fn parse_exact(text: &str, scale: u8) -> Result<i64, SqlError> {
    let wrong = || SqlError::conversion(text);
    let trimmed = text.trim_matches(' ');
    let (negative, digits) = match trimmed.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| wrong())?),
        None => (digits, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return Err(wrong());
    }
    let combined = format!("{whole}{fraction}");
    let significant = combined.trim_start_matches('0');
    let places = i32::try_from(fraction.len()).map_err(|_| wrong())?;
    let shift = i64::from(scale) - i64::from(places) + i64::from(exponent);
    if significant.is_empty() {
        return Ok(0);
    }
    // More than 38 digits overflow 128 bits, and 64 bits long before.
    if significant.len() > 38 {
        return Err(SqlError::out_of_range());
    }
    let value: i128 = significant.parse().map_err(|_| SqlError::out_of_range())?;
    let value = if negative { -value } else { value };
    let size = u32::try_from(shift.unsigned_abs()).unwrap_or(u32::MAX);
    if shift >= 0 {
        let grown = numeric::power(size).and_then(|unit| value.checked_mul(unit)).ok_or_else(SqlError::out_of_range)?;
        return numeric::narrow(grown);
    }
    match numeric::power(size) {
        Some(unit) => numeric::narrow(numeric::round_half_away(value, unit)),
        None => Ok(0),
    }
}

/// The floating-point number of a value.
///
/// # Errors
/// It is no number.
pub fn to_double(cell: &Cell) -> Result<f64, SqlError> {
    match cell {
        Cell::Double(number) => Ok(*number),
        Cell::Exact { raw, scale } => {
            #[expect(clippy::cast_precision_loss, reason = "that is what the conversion means")]
            let number = *raw as f64;
            Ok(number / 10_f64.powi(i32::from(*scale)))
        }
        Cell::Text(text) => {
            let trimmed = text.trim_matches(' ');
            let plain = trimmed.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
            trimmed.parse().ok().filter(|_| plain).ok_or_else(|| SqlError::conversion(text))
        }
        other => Err(SqlError::conversion(&text::display(other))),
    }
}

/// A text as a text type takes it: blanks too many are cut, other characters are an error.
fn fit(content: &str, ty: Type) -> Result<String, SqlError> {
    let length = content.chars().count();
    if length > ty.length {
        let kept: String = content.chars().take(ty.length).collect();
        if content[kept.len()..].bytes().any(|byte| byte != b' ') {
            return Err(SqlError::truncation(ty.length, length));
        }
        return Ok(kept);
    }
    match ty.kind {
        Kind::Char => Ok(format!("{content}{}", " ".repeat(ty.length - length))),
        _ => Ok(content.to_owned()),
    }
}

/// The truth of a value.
///
/// # Errors
/// It is none.
pub fn to_bool(cell: &Cell) -> Result<bool, SqlError> {
    match cell {
        Cell::Bool(flag) => Ok(*flag),
        Cell::Text(text) => match text.trim_matches(' ').to_ascii_uppercase().as_str() {
            "TRUE" => Ok(true),
            "FALSE" => Ok(false),
            _ => Err(SqlError::conversion(text)),
        },
        other => Err(SqlError::conversion(&text::display(other))),
    }
}

/// The moment of a value; a day is its midnight.
///
/// # Errors
/// It is none.
pub fn to_datetime(cell: &Cell, now: DateTime) -> Result<DateTime, SqlError> {
    match cell {
        Cell::Timestamp(moment) => Ok(*moment),
        Cell::Date(day) => Ok(day.to_datetime(Time::midnight())),
        Cell::Time(time) => Ok(now.date().to_datetime(*time)),
        Cell::Text(text) => parse_datetime(text, now).ok_or_else(|| SqlError::conversion(text)),
        other => Err(SqlError::conversion(&text::display(other))),
    }
}

/// The day that a text means; a time behind it is one word too many.
///
/// # Errors
/// It means none.
pub fn parse_day(text: &str, now: DateTime) -> Result<Date, SqlError> {
    let alone = !text.trim_matches(' ').contains(' ');
    parse_datetime(text, now).filter(|_| alone).map(|moment| moment.date()).ok_or_else(|| SqlError::conversion(text))
}

fn to_time(cell: &Cell, now: DateTime) -> Result<Time, SqlError> {
    match cell {
        Cell::Time(time) => Ok(*time),
        Cell::Timestamp(moment) => Ok(moment.time()),
        Cell::Text(text) => parse_time(text.trim_matches(' '))
            .or_else(|| parse_datetime(text, now).map(|moment| moment.time()))
            .ok_or_else(|| SqlError::conversion(text)),
        other => Err(SqlError::conversion(&text::display(other))),
    }
}

/// `2020-01-31`, `31.01.2020`, `01/31/2020`, each with a time behind it or not, and the words for today.
fn parse_datetime(text: &str, now: DateTime) -> Option<DateTime> {
    let trimmed = text.trim_matches(' ');
    let midnight = |day: Date| day.to_datetime(Time::midnight());
    match trimmed.to_ascii_uppercase().as_str() {
        "NOW" => return Some(now),
        "TODAY" => return Some(midnight(now.date())),
        "TOMORROW" => return now.date().checked_add(1.day()).ok().map(midnight),
        "YESTERDAY" => return now.date().checked_sub(1.day()).ok().map(midnight),
        _ => {}
    }
    let (day, rest) = match trimmed.split_once(' ') {
        Some((day, rest)) => (day, rest.trim_start_matches(' ')),
        None => (trimmed, ""),
    };
    let time = if rest.is_empty() { Time::midnight() } else { parse_time(rest)? };
    Some(parse_date(day)?.to_datetime(time))
}

fn parse_date(text: &str) -> Option<Date> {
    let (sign, order) =
        [('-', [0, 1, 2]), ('.', [2, 1, 0]), ('/', [2, 0, 1])].into_iter().find(|(sign, _)| text.contains(*sign))?;
    let parts: Vec<i16> = text.split(sign).map(digits).collect::<Option<_>>()?;
    let [a, b, c]: [i16; 3] = parts.try_into().ok()?;
    let parts = [a, b, c];
    let part = |index: usize| i8::try_from(parts[order[index]]).ok();
    Date::new(parts[order[0]], part(1)?, part(2)?).ok().filter(|day| day.year() >= 1)
}

fn parse_time(text: &str) -> Option<Time> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let parts: Vec<i16> = clock.split(':').map(digits).collect::<Option<_>>()?;
    let part = |index: usize| parts.get(index).map_or(Some(0), |part| i8::try_from(*part).ok());
    if !(2..=3).contains(&parts.len()) || fraction.len() > 4 {
        return None;
    }
    let fraction = if fraction.is_empty() { 0 } else { i32::from(digits(&format!("{fraction:0<4}"))?) * 100_000 };
    Time::new(part(0)?, part(1)?, part(2)?, fraction).ok()
}

fn digits(text: &str) -> Option<i16> {
    let fine = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if fine { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_numbers_rounded_to_the_scale() {
        assert_eq!(parse_exact("2001 ", 0).unwrap(), 2001);
        assert_eq!(parse_exact("0100", 0).unwrap(), 100);
        assert_eq!(parse_exact("-1.005", 2).unwrap(), -101);
        assert_eq!(parse_exact("1e3", 0).unwrap(), 1000);
        assert_eq!(parse_exact("1e-99", 2).unwrap(), 0);
        for wrong in ["", " ", "a", "1a", ".", "-", "1e", "e1", "1 1"] {
            assert_eq!(parse_exact(wrong, 0).unwrap_err().sqlstate, "22018", "{wrong}");
        }
        assert_eq!(parse_exact("9999999999999999999", 0).unwrap_err().sqlstate, "22003");
        assert_eq!(parse_exact("1e2147483647", 18).unwrap_err().sqlstate, "22003");
    }

    #[test]
    fn days_are_read_in_three_orders() {
        let now = jiff::civil::date(2022, 2, 1).at(10, 0, 0, 0);
        let read = |text: &str| parse_datetime(text, now).map(text::timestamp);
        for day in ["2020-01-31", "31.01.2020", "1/31/2020", " 2020-1-31 "] {
            assert_eq!(read(day).as_deref(), Some("2020-01-31 00:00:00.0000"), "{day}");
        }
        assert_eq!(read("2019-06-01 12:30:45.6789").as_deref(), Some("2019-06-01 12:30:45.6789"));
        assert_eq!(read("yesterday").as_deref(), Some("2022-01-31 00:00:00.0000"));
        assert_eq!(read("2020-02-30"), None);
        assert_eq!(read("x"), None);
    }
}
