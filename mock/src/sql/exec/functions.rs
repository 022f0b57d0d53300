//! Scalar functions of values.

use jiff::civil::DateTime;

use super::{compare, moments};
use crate::sql::ast::TrimSide;
use crate::sql::convert;
use crate::sql::error::SqlError;
use crate::sql::numeric::{self, Scale};
use crate::sql::plan::Function;
use crate::sql::text;
use crate::sql::types::{Cell, TEXT_LENGTH, Type};

/// Calls a function; NULL among its arguments makes NULL.
pub(super) fn call(function: Function, args: &[Cell], ty: Type, now: DateTime) -> Result<Cell, SqlError> {
    if args.iter().any(Cell::is_null) {
        return Ok(Cell::Null);
    }
    let first = args.first().unwrap_or(&Cell::Null);
    let content = |place: usize| args.get(place).map(text::display).unwrap_or_default();
    let whole = |place: usize| args.get(place).map_or(Ok(0), compare::whole);
    let int = |length: usize| Cell::int(i64::try_from(length).unwrap_or(i64::MAX));
    match function {
        Function::Upper => bounded(text::upper(&content(0)), ty),
        Function::Lower => bounded(text::lower(&content(0)), ty),
        Function::CharLength => Ok(int(content(0).chars().count())),
        Function::OctetLength => Ok(int(content(0).len())),
        Function::BitLength => Ok(int(content(0).len() * 8)),
        Function::Substring => substring(&content(0), whole(1)?, args.get(2).map(compare::whole).transpose()?),
        Function::Trim(side) => {
            let blank = if args.len() > 1 { content(1) } else { " ".into() };
            Ok(Cell::text(trim(&content(0), &blank, side)))
        }
        Function::Extract(part) => moments::extract(part, first, now),
        Function::DateAdd(part) => moments::add(part, first, args.get(1).unwrap_or(&Cell::Null)),
        Function::DateDiff(part) => moments::difference(part, first, args.get(1).unwrap_or(&Cell::Null)),
        Function::Position => position(&content(0), &content(1), if args.len() > 2 { whole(2)? } else { 1 }),
        Function::Replace => {
            let (from, to) = (content(1), content(2));
            if from.is_empty() {
                return Ok(Cell::text(content(0)));
            }
            bounded(content(0).replace(&from, &to), ty)
        }
        Function::Overlay => overlay(&content(0), &content(1), whole(2)?, args.get(3).map(compare::whole).transpose()?),
        Function::Left => substring(&content(0), 1, Some(whole(1)?)),
        Function::Right => {
            let (all, length) = (content(0), whole(1)?);
            let from = i64::try_from(all.chars().count()).unwrap_or(i64::MAX).saturating_sub(length).max(0);
            substring(&all, from.saturating_add(1), Some(length))
        }
        Function::Lpad | Function::Rpad => {
            let filler = if args.len() > 2 { content(2) } else { " ".into() };
            let (length, left) = (whole(1)?, function == Function::Lpad);
            if length < 0 {
                return Err(SqlError::argument(2, if left { "LPAD" } else { "RPAD" }, "zero or positive"));
            }
            pad(&content(0), characters(length), &filler, left)
        }
        Function::Reverse => Ok(Cell::text(content(0).chars().rev().collect::<String>())),
        Function::Round | Function::Trunc => {
            let places = if args.len() > 1 { whole(1)? } else { 0 };
            let round = function == Function::Round;
            let places = scale(places, if round { "ROUND" } else { "TRUNC" })?;
            if round { rounded(first, places) } else { truncated(first, places) }
        }
        Function::Floor | Function::Ceil => to_whole(first, function == Function::Ceil),
        Function::Abs => match first {
            Cell::Exact { raw, scale } => {
                let raw = raw.checked_abs().ok_or_else(SqlError::out_of_range)?;
                Ok(Cell::Exact { raw, scale: *scale })
            }
            Cell::Float(number) => Ok(Cell::Float(number.abs())),
            other => Ok(Cell::Double(convert::to_double(other)?.abs())),
        },
        Function::Sign => match first {
            Cell::Exact { raw, .. } => Ok(Cell::int(raw.signum())),
            other => {
                let number = convert::to_double(other)?;
                Ok(Cell::int(i64::from(number > 0.0) - i64::from(number < 0.0)))
            }
        },
        Function::Mod => {
            let divisor = whole(1)?;
            if divisor == 0 {
                return Err(SqlError::division_by_zero());
            }
            // The one case that does not fit is -2^63 mod -1, which is 0.
            Ok(Cell::int(whole(0)?.checked_rem(divisor).unwrap_or(0)))
        }
        Function::MinValue | Function::MaxValue => {
            let mut best = first;
            for cell in &args[1..] {
                let order = compare::compare(cell, best, now)?;
                let better = |order: std::cmp::Ordering| match function {
                    Function::MinValue => order.is_lt(),
                    _ => order.is_gt(),
                };
                if order.is_some_and(better) {
                    best = cell;
                }
            }
            Ok(best.clone())
        }
    }
}

/// A made text, unless it is longer than its type.
pub(super) fn bounded(content: String, ty: Type) -> Result<Cell, SqlError> {
    let length = content.chars().count();
    let limit = if ty.is_text() { ty.length } else { TEXT_LENGTH };
    if length > limit { Err(SqlError::truncation(limit, length)) } else { Ok(Cell::text(content)) }
}

fn characters(wanted: i64) -> usize {
    usize::try_from(wanted).unwrap_or(0)
}

fn substring(content: &str, from: i64, length: Option<i64>) -> Result<Cell, SqlError> {
    if from < 1 {
        return Err(SqlError::substring_offset(from));
    }
    if let Some(length) = length.filter(|length| *length < 0) {
        return Err(SqlError::substring_length(length));
    }
    let take = length.map_or(usize::MAX, characters);
    Ok(Cell::text(content.chars().skip(characters(from - 1)).take(take).collect::<String>()))
}

/// `OVERLAY(content PLACING part FROM from FOR length)`: of as many characters as the part has, if not said otherwise.
fn overlay(content: &str, part: &str, from: i64, length: Option<i64>) -> Result<Cell, SqlError> {
    if from < 1 {
        return Err(SqlError::argument(3, "OVERLAY", "positive"));
    }
    if length.is_some_and(|length| length < 0) {
        return Err(SqlError::argument(4, "OVERLAY", "zero or positive"));
    }
    let before = characters(from - 1);
    let covered = length.map_or_else(|| part.chars().count(), characters);
    let head = content.chars().take(before);
    let tail = content.chars().skip(before.saturating_add(covered));
    Ok(Cell::text(head.chain(part.chars()).chain(tail).collect::<String>()))
}

fn trim<'c>(content: &'c str, blank: &str, side: TrimSide) -> &'c str {
    let mut rest = content;
    if blank.is_empty() {
        return rest;
    }
    if side != TrimSide::Trailing {
        while let Some(cut) = rest.strip_prefix(blank) {
            rest = cut;
        }
    }
    if side != TrimSide::Leading {
        while let Some(cut) = rest.strip_suffix(blank) {
            rest = cut;
        }
    }
    rest
}

fn position(part: &str, content: &str, from: i64) -> Result<Cell, SqlError> {
    if from < 1 {
        return Err(SqlError::argument(3, "POSITION", "positive"));
    }
    let skipped = characters(from - 1);
    let Some(start) = content.char_indices().map(|(index, _)| index).chain([content.len()]).nth(skipped) else {
        return Ok(Cell::int(0));
    };
    let found = content[start..].find(part).map(|index| content[..start + index].chars().count() + 1);
    Ok(Cell::int(found.map_or(0, |place| i64::try_from(place).unwrap_or(i64::MAX))))
}

fn pad(content: &str, wanted: usize, filler: &str, left: bool) -> Result<Cell, SqlError> {
    if wanted > TEXT_LENGTH {
        return Err(SqlError::truncation(TEXT_LENGTH, wanted));
    }
    let own = content.chars().count();
    if own >= wanted {
        return Ok(Cell::text(content.chars().take(wanted).collect::<String>()));
    }
    let added: String = filler.chars().cycle().take(wanted - own).collect();
    Ok(Cell::text(if left { format!("{added}{content}") } else { format!("{content}{added}") }))
}

/// The scale that `ROUND` and `TRUNC` are asked for.
fn scale(places: i64, function: &str) -> Result<Scale, SqlError> {
    // Firebird counts the other way round, in one byte with a sign.
    if (-127..=128).contains(&places)
        && let Ok(scale) = Scale::try_from(places)
    {
        return Ok(scale);
    }
    let line = format!("The numeric scale must be between -128 and 127 in {function}");
    Err(SqlError::new("42000", &["expression evaluation not supported", &line]))
}

/// `ROUND` makes an exact number with as many digits as were asked for, whatever it is declared with.
fn rounded(cell: &Cell, scale: Scale) -> Result<Cell, SqlError> {
    Ok(Cell::Exact { raw: convert::to_raw(cell, scale)?, scale })
}

/// `TRUNC` cuts digits off and adds none.
fn truncated(cell: &Cell, scale: Scale) -> Result<Cell, SqlError> {
    if let Cell::Exact { raw, scale: own } = cell {
        let (raw, scale) = numeric::truncate(*raw, *own, scale);
        return Ok(Cell::Exact { raw, scale });
    }
    let number = convert::to_double(cell)?;
    // More digits than these a floating-point number does not have.
    let unit = 10_f64.powi(i32::from(scale.unsigned_abs()).min(18));
    Ok(Cell::Double(if scale < 0 {
        (number / unit).trunc() * unit
    } else {
        number.trunc() + (number.fract() * unit).trunc() / unit
    }))
}

fn to_whole(cell: &Cell, up: bool) -> Result<Cell, SqlError> {
    match cell {
        // Firebird looks at the digits alone where zeros behind them are not written down: CEIL(ROUND(15, -1)) is 3.
        Cell::Exact { raw, scale } if *scale < 0 => {
            let beyond = if up { raw.signum().max(0) } else { raw.signum().min(0) };
            Ok(Cell::int(raw.checked_add(beyond).ok_or_else(SqlError::integer_overflow)?))
        }
        Cell::Exact { raw, scale } => {
            let unit = numeric::power(u32::from(scale.unsigned_abs())).unwrap_or(1);
            let value = i128::from(*raw);
            let floor = value.div_euclid(unit);
            let up = up && value.rem_euclid(unit) != 0;
            Ok(Cell::int(numeric::narrow(floor + i128::from(up))?))
        }
        other => {
            let number = convert::to_double(other)?;
            Ok(Cell::Double(if up { number.ceil() } else { number.floor() }))
        }
    }
}
