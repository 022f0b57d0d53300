//! Scalar functions of values.

use jiff::ToSpan;
use jiff::civil::{DateTime, Weekday};

use super::compare;
use crate::sql::ast::{Arithmetic, Part, TrimSide};
use crate::sql::convert;
use crate::sql::error::SqlError;
use crate::sql::numeric;
use crate::sql::plan::Function;
use crate::sql::text;
use crate::sql::types::{Cell, Kind, TEXT_LENGTH, Type};

const NANOS_PER_DAY: i128 = 86_400_000_000_000;

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
        Function::Upper => bounded(content(0).to_uppercase(), ty),
        Function::Lower => bounded(content(0).to_lowercase(), ty),
        Function::CharLength => Ok(int(content(0).chars().count())),
        Function::OctetLength => Ok(int(content(0).len())),
        Function::Substring => substring(&content(0), whole(1)?, args.get(2).map(compare::whole).transpose()?),
        Function::Trim(side) => {
            let blank = if args.len() > 1 { content(1) } else { " ".into() };
            Ok(Cell::text(trim(&content(0), &blank, side)))
        }
        Function::Extract(part) => extract(part, first, now),
        Function::Position => position(&content(0), &content(1), if args.len() > 2 { whole(2)? } else { 1 }),
        Function::Replace => {
            let (from, to) = (content(1), content(2));
            if from.is_empty() {
                return Ok(Cell::text(content(0)));
            }
            bounded(content(0).replace(&from, &to), ty)
        }
        Function::Left => Ok(Cell::text(content(0).chars().take(characters(whole(1)?)).collect::<String>())),
        Function::Right => {
            let all: Vec<char> = content(0).chars().collect();
            let kept = characters(whole(1)?).min(all.len());
            Ok(Cell::text(all[all.len() - kept..].iter().collect::<String>()))
        }
        Function::Lpad | Function::Rpad => {
            let filler = if args.len() > 2 { content(2) } else { " ".into() };
            pad(&content(0), whole(1)?, &filler, function == Function::Lpad)
        }
        Function::Reverse => Ok(Cell::text(content(0).chars().rev().collect::<String>())),
        Function::Round | Function::Trunc => {
            let places = if args.len() > 1 { whole(1)? } else { 0 };
            rounded(first, places, function == Function::Round, ty)
        }
        Function::Floor | Function::Ceil => to_whole(first, function == Function::Ceil),
        Function::Abs => match first {
            Cell::Exact { raw, scale } => {
                let raw = raw.checked_abs().ok_or_else(SqlError::integer_overflow)?;
                Ok(Cell::Exact { raw, scale: *scale })
            }
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
            convert::cast(best, ty, now)
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
        let line = "The start position for POSITION must be positive";
        return Err(SqlError::new("42000", &["expression evaluation not supported", line]));
    }
    let skipped = characters(from - 1);
    let Some(start) = content.char_indices().map(|(index, _)| index).chain([content.len()]).nth(skipped) else {
        return Ok(Cell::int(0));
    };
    let found = content[start..].find(part).map(|index| content[..start + index].chars().count() + 1);
    Ok(Cell::int(found.map_or(0, |place| i64::try_from(place).unwrap_or(i64::MAX))))
}

fn pad(content: &str, length: i64, filler: &str, left: bool) -> Result<Cell, SqlError> {
    let wanted = characters(length);
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

/// `ROUND` and `TRUNC`: digits beyond `places` become zeros; the scale is the type's.
fn rounded(cell: &Cell, places: i64, round: bool, ty: Type) -> Result<Cell, SqlError> {
    let Cell::Exact { raw, scale } = cell else {
        let unit = 10_f64.powi(i32::try_from(places.clamp(-300, 300)).unwrap_or(0));
        let number = convert::to_double(cell)? * unit;
        let number = if round { number.round() } else { number.trunc() } / unit;
        return if number.is_finite() { Ok(Cell::Double(number)) } else { Err(SqlError::out_of_range()) };
    };
    // Beyond this every digit goes, or more are asked for than there can be.
    let dropped = i64::from(*scale) - places.clamp(-1000, 1000);
    let value = i128::from(*raw);
    let kept = match u32::try_from(dropped) {
        Ok(digits) => match numeric::power(digits) {
            Some(unit) if round => numeric::round_half_away(value, unit) * unit,
            Some(unit) => value / unit * unit,
            None => 0,
        },
        // Nothing is dropped; but Firebird computes with as many digits as it is asked for.
        Err(_) if !round => value,
        Err(_) if dropped < 0 => {
            let digits = u32::try_from(-dropped).unwrap_or(u32::MAX);
            let grown = numeric::power(digits).and_then(|unit| value.checked_mul(unit));
            grown.and_then(|grown| i64::try_from(grown).ok()).ok_or_else(SqlError::out_of_range)?;
            value
        }
        Err(_) => 0,
    };
    let shrink = numeric::power(u32::from(scale.saturating_sub(ty.scale))).unwrap_or(1);
    Ok(Cell::Exact { raw: numeric::narrow(kept / shrink)?, scale: ty.scale })
}

fn to_whole(cell: &Cell, up: bool) -> Result<Cell, SqlError> {
    match cell {
        Cell::Exact { raw, scale } => {
            let unit = numeric::power(u32::from(*scale)).unwrap_or(1);
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

fn extract(part: Part, cell: &Cell, now: DateTime) -> Result<Cell, SqlError> {
    let moment = convert::to_datetime(cell, now)?;
    let day = moment.date();
    let tenths = i64::from(moment.subsec_nanosecond() / 100_000);
    Ok(match part {
        Part::Year => Cell::int(day.year().into()),
        Part::Month => Cell::int(day.month().into()),
        Part::Day => Cell::int(day.day().into()),
        Part::Hour => Cell::int(moment.hour().into()),
        Part::Minute => Cell::int(moment.minute().into()),
        Part::Second => Cell::Exact { raw: i64::from(moment.second()) * 10_000 + tenths, scale: 4 },
        Part::Millisecond => Cell::Exact { raw: tenths, scale: 1 },
        Part::Weekday => Cell::int(match day.weekday() {
            Weekday::Sunday => 0,
            weekday => weekday.to_monday_one_offset().into(),
        }),
        Part::Yearday => Cell::int(i64::from(day.day_of_year()) - 1),
        Part::Week => Cell::int(day.iso_week_date().week().into()),
    })
}

/// Days and moments in sums and differences: numbers count in days.
pub(super) fn temporal(operation: Arithmetic, left: &Cell, right: &Cell, ty: Type) -> Result<Cell, SqlError> {
    match (left, right) {
        (Cell::Date(a), Cell::Date(b)) => {
            let days = a.since(*b).map_err(|_| SqlError::temporal_range("dates"))?.get_days();
            Ok(Cell::int(days.into()))
        }
        (Cell::Date(day), Cell::Time(time)) | (Cell::Time(time), Cell::Date(day)) => {
            Ok(Cell::Timestamp(day.to_datetime(*time)))
        }
        (Cell::Time(a), Cell::Time(b)) => {
            let tenths = a.duration_since(*b).as_nanos() / 100_000;
            Ok(Cell::Exact { raw: numeric::narrow(tenths)?, scale: 4 })
        }
        (Cell::Timestamp(a), Cell::Timestamp(b)) => {
            let nanos = a.duration_since(*b).as_nanos();
            let raw = numeric::round_half_away(nanos * 1_000_000_000, NANOS_PER_DAY);
            Ok(Cell::Exact { raw: numeric::narrow(raw)?, scale: 9 })
        }
        // Firebird prepares a difference of a day and a moment, and fails when it computes it.
        (a, b) if a.is_temporal() && b.is_temporal() => Err(SqlError::new(
            "42000",
            &[
                "expression evaluation not supported",
                "Invalid data type in DATE/TIME/TIMESTAMP addition or subtraction in add_datettime()",
            ],
        )),
        (moment, number) if moment.is_temporal() => shift(moment, number, operation == Arithmetic::Subtract, ty),
        (number, moment) => shift(moment, number, false, ty),
    }
}

fn shift(moment: &Cell, by: &Cell, back: bool, ty: Type) -> Result<Cell, SqlError> {
    let out_of_range = || SqlError::temporal_range(if ty.kind == Kind::Date { "dates" } else { "timestamps" });
    let sign = if back { -1 } else { 1 };
    if let (Cell::Date(day), Kind::Date) = (moment, ty.kind) {
        let days = compare::whole(&convert::cast(by, Type::of(Kind::Int64), DateTime::default())?)?;
        let span = 0.days().try_days(days.saturating_mul(sign)).map_err(|_| out_of_range())?;
        let shifted = day.checked_add(span).map_err(|_| out_of_range())?;
        return if shifted.year() >= 1 { Ok(Cell::Date(shifted)) } else { Err(out_of_range()) };
    }
    // Moments move by fractions of a day, times by seconds.
    let unit = if ty.kind == Kind::Time { 1_000_000_000 } else { NANOS_PER_DAY };
    let nanos = match by {
        Cell::Exact { raw, scale } => {
            let divisor = numeric::power(u32::from(*scale)).unwrap_or(1);
            i128::from(*raw).checked_mul(unit).map(|nanos| nanos / divisor).ok_or_else(out_of_range)?
        }
        other => {
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a float saturates")]
            let nanos = (convert::to_double(other)? * unit as f64) as i128;
            nanos
        }
    };
    // The database keeps tenths of a millisecond.
    let nanos = nanos / 100_000 * 100_000 * i128::from(sign);
    let span = i64::try_from(nanos).ok().and_then(|nanos| 0.nanoseconds().try_nanoseconds(nanos).ok());
    match moment {
        Cell::Time(time) => {
            let seconds = span.ok_or_else(out_of_range)?;
            Ok(Cell::Time(time.wrapping_add(seconds)))
        }
        Cell::Timestamp(at) => {
            let days = i64::try_from(nanos / NANOS_PER_DAY).map_err(|_| out_of_range())?;
            let rest = i64::try_from(nanos % NANOS_PER_DAY).map_err(|_| out_of_range())?;
            let days = 0.days().try_days(days).map_err(|_| out_of_range())?;
            let rest = 0.nanoseconds().try_nanoseconds(rest).map_err(|_| out_of_range())?;
            let moved = at.checked_add(days).and_then(|at| at.checked_add(rest)).map_err(|_| out_of_range())?;
            if moved.year() >= 1 { Ok(Cell::Timestamp(moved)) } else { Err(out_of_range()) }
        }
        other => Err(SqlError::conversion(&text::display(other))),
    }
}
