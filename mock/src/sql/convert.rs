//! From one type to another: casts, and the texts that stand for numbers and days.

use jiff::civil::{Date, DateTime, Time};

use super::dates::{self, Wanted};
use super::error::SqlError;
use super::numeric::{self, Scale};
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
        Kind::Float => Cell::Float(to_float(cell)?),
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

/// A computed value as its type declares it: `ROUND` and others leave numbers of other scales than they are declared with.
///
/// # Errors
/// It does not fit.
pub fn settle(cell: Cell, ty: Type, now: DateTime) -> Result<Cell, SqlError> {
    match cell {
        Cell::Exact { .. } | Cell::Float(_) | Cell::Double(_) => cast(&cell, ty, now),
        // As many bytes are no more characters.
        Cell::Text(text) if ty.is_text() && text.len() > ty.length => {
            let length = text.chars().count();
            if length > ty.length { Err(SqlError::truncation(ty.length, length)) } else { Ok(Cell::Text(text)) }
        }
        other => Ok(other),
    }
}

/// The digits of a value's number in this scale.
///
/// # Errors
/// It means no number, or one that does not fit.
pub fn to_raw(cell: &Cell, scale: Scale) -> Result<i64, SqlError> {
    match cell {
        Cell::Exact { raw, scale: own } => numeric::rescale(*raw, *own, scale),
        Cell::Float(number) => numeric::from_double(f64::from(*number), scale, FLOAT_NUDGE),
        Cell::Double(number) => numeric::from_double(*number, scale, DOUBLE_NUDGE),
        Cell::Text(text) => parse_exact(text, scale),
        other => Err(SqlError::conversion(&text::display(other))),
    }
}

/// What Firebird adds to floating-point numbers before it cuts them: see [`numeric::from_double`].
const FLOAT_NUDGE: f64 = 1e-5;
const DOUBLE_NUDGE: f64 = 1e-14;

fn exact(cell: &Cell, ty: Type) -> Result<Cell, SqlError> {
    let raw = to_raw(cell, ty.places())?;
    let fits = match ty.kind {
        Kind::Short => i16::try_from(raw).is_ok(),
        Kind::Long => i32::try_from(raw).is_ok(),
        _ => true,
    };
    if fits { Ok(Cell::Exact { raw, scale: ty.places() }) } else { Err(SqlError::out_of_range()) }
}

/// The number that a text means, rounded to a scale.
///
/// # Errors
/// It means none, or one too big.
pub fn parse_exact(text: &str, scale: Scale) -> Result<i64, SqlError> {
    let wrong = || SqlError::conversion(text);
    let trimmed = text.trim_matches(' ');
    if let Some(digits) = trimmed.strip_prefix("0x").or_else(|| trimmed.strip_prefix("0X")) {
        return numeric::rescale(hexadecimal(digits).ok_or_else(wrong)?, 0, scale);
    }
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

/// The number that hexadecimal digits mean: eight are 32 bits, and more are 64, with a sign.
pub fn hexadecimal(digits: &str) -> Option<i64> {
    if !(1..=16).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    match digits.len() {
        8 => u32::from_str_radix(digits, 16).ok().map(|bits| i64::from(bits.cast_signed())),
        _ => u64::from_str_radix(digits, 16).ok().map(u64::cast_signed),
    }
}

/// The floating-point number of a value.
///
/// # Errors
/// It is no number.
pub fn to_double(cell: &Cell) -> Result<f64, SqlError> {
    match cell {
        Cell::Float(number) => Ok(f64::from(*number)),
        Cell::Double(number) => Ok(*number),
        Cell::Exact { raw, scale } => Ok(numeric::to_double(*raw, *scale)),
        Cell::Text(text) => {
            let trimmed = text.trim_matches(' ');
            let plain = trimmed.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
            let number: f64 = trimmed.parse().ok().filter(|_| plain).ok_or_else(|| SqlError::conversion(text))?;
            if number.is_finite() { Ok(number) } else { Err(SqlError::out_of_range()) }
        }
        other => Err(SqlError::conversion(&text::display(other))),
    }
}

/// The 32-bit floating-point number of a value.
///
/// # Errors
/// It is no number, or one too big.
pub fn to_float(cell: &Cell) -> Result<f32, SqlError> {
    #[expect(clippy::cast_possible_truncation, reason = "that is what the conversion means")]
    let number = to_double(cell)? as f32;
    if number.is_finite() { Ok(number) } else { Err(SqlError::out_of_range()) }
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
        Cell::Text(text) => dates::read(text, Wanted::Timestamp, now),
        other => Err(SqlError::conversion(&text::display(other))),
    }
}

/// The day that a text means.
///
/// # Errors
/// It means none.
pub fn parse_day(text: &str, now: DateTime) -> Result<Date, SqlError> {
    dates::read(text, Wanted::Date, now).map(DateTime::date)
}

/// The time of day of a value.
///
/// # Errors
/// It is none.
pub fn to_time(cell: &Cell, now: DateTime) -> Result<Time, SqlError> {
    match cell {
        Cell::Time(time) => Ok(*time),
        Cell::Timestamp(moment) => Ok(moment.time()),
        Cell::Text(text) => dates::read(text, Wanted::Time, now).map(DateTime::time),
        other => Err(SqlError::conversion(&text::display(other))),
    }
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
        assert_eq!(parse_exact("0x1F", 2).unwrap(), 3100);
        assert_eq!(parse_exact("0xg", 0).unwrap_err().sqlstate, "22018");
    }
}
