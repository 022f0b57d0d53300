//! Days, times and moments: sums and differences, `DATEADD` and `DATEDIFF`, and their parts.

use jiff::ToSpan;
use jiff::civil::{DateTime, Time, Weekday};

use crate::sql::ast::{Arithmetic, Part};
use crate::sql::convert;
use crate::sql::error::SqlError;
use crate::sql::numeric;
use crate::sql::text;
use crate::sql::types::{Cell, Kind, Type};

const NANOS_PER_DAY: i128 = 86_400_000_000_000;
const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// The database keeps tenths of a millisecond.
const NANOS_PER_TICK: i128 = 100_000;

/// `EXTRACT`.
pub(super) fn extract(part: Part, cell: &Cell, now: DateTime) -> Result<Cell, SqlError> {
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
pub(super) fn arithmetic(operation: Arithmetic, left: &Cell, right: &Cell, ty: Type) -> Result<Cell, SqlError> {
    match (left, right) {
        (Cell::Date(a), Cell::Date(b)) => {
            let days = a.since(*b).map_err(|_| SqlError::temporal_range("dates"))?.get_days();
            Ok(Cell::int(days.into()))
        }
        (Cell::Date(day), Cell::Time(time)) | (Cell::Time(time), Cell::Date(day)) => {
            Ok(Cell::Timestamp(day.to_datetime(*time)))
        }
        (Cell::Time(a), Cell::Time(b)) => {
            let ticks = a.duration_since(*b).as_nanos() / NANOS_PER_TICK;
            Ok(Cell::Exact { raw: numeric::narrow(ticks)?, scale: 4 })
        }
        (Cell::Timestamp(a), Cell::Timestamp(b)) => {
            let nanos = a.duration_since(*b).as_nanos();
            let raw = numeric::round_half_away(nanos * 1_000_000_000, NANOS_PER_DAY);
            Ok(Cell::Exact { raw: numeric::narrow(raw)?, scale: 9 })
        }
        // Firebird prepares a difference of a day and a moment, and fails when it computes it.
        (a, b) if a.is_temporal() && b.is_temporal() => {
            Err(unsupported("Invalid data type in DATE/TIME/TIMESTAMP addition or subtraction in add_datettime()"))
        }
        (moment, number) if moment.is_temporal() => shift(moment, number, operation == Arithmetic::Subtract, ty),
        (number, moment) => shift(moment, number, false, ty),
    }
}

fn shift(moment: &Cell, by: &Cell, back: bool, ty: Type) -> Result<Cell, SqlError> {
    let what = if ty.kind == Kind::Date { "dates" } else { "timestamps" };
    let out_of_range = || SqlError::temporal_range(what);
    let sign = if back { -1 } else { 1 };
    if let (Cell::Date(day), Kind::Date) = (moment, ty.kind) {
        let days = i128::from(convert::to_raw(by, 0)?) * sign;
        let moved = moved(day.to_datetime(Time::midnight()), days * NANOS_PER_DAY, what)?;
        return Ok(Cell::Date(moved.date()));
    }
    // Moments move by fractions of a day, times by seconds.
    let unit = if ty.kind == Kind::Time { NANOS_PER_SECOND } else { NANOS_PER_DAY };
    let nanos = match by {
        Cell::Exact { raw, scale } if *scale >= 0 => {
            let divisor = numeric::power(u32::from(scale.unsigned_abs())).ok_or_else(out_of_range)?;
            i128::from(*raw).checked_mul(unit).map(|nanos| nanos / divisor).ok_or_else(out_of_range)?
        }
        other => {
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a float saturates")]
            let nanos = (convert::to_double(other)? * unit as f64) as i128;
            nanos
        }
    };
    let nanos = nanos / NANOS_PER_TICK * NANOS_PER_TICK * sign;
    match moment {
        Cell::Time(time) => Ok(Cell::Time(around(*time, nanos))),
        Cell::Timestamp(at) => moved(*at, nanos, what).map(Cell::Timestamp),
        other => Err(SqlError::conversion(&text::display(other))),
    }
}

/// A moment so much later, between the years 1 and 9999.
fn moved(at: DateTime, nanos: i128, what: &str) -> Result<DateTime, SqlError> {
    let out_of_range = || SqlError::temporal_range(what);
    let days = i64::try_from(nanos / NANOS_PER_DAY).map_err(|_| out_of_range())?;
    let rest = i64::try_from(nanos % NANOS_PER_DAY).map_err(|_| out_of_range())?;
    let days = 0.days().try_days(days).map_err(|_| out_of_range())?;
    let moved = at.checked_add(days).and_then(|at| at.checked_add(rest.nanoseconds())).map_err(|_| out_of_range())?;
    if moved.year() >= 1 { Ok(moved) } else { Err(out_of_range()) }
}

/// A time of day so much later; it begins anew at midnight.
fn around(time: Time, nanos: i128) -> Time {
    let within = i64::try_from(nanos % NANOS_PER_DAY).unwrap_or(0);
    time.wrapping_add(within.nanoseconds())
}

/// `DATEADD`: a whole number of parts later; of milliseconds, tenths count too.
pub(super) fn add(part: Part, by: &Cell, moment: &Cell) -> Result<Cell, SqlError> {
    const RANGE: &str = "timestamps";
    let unit = match part {
        Part::Weekday | Part::Yearday => {
            return Err(unsupported(&format!(
                "Invalid part {} to be added to a DATE/TIME/TIMESTAMP value in DATEADD",
                part.name()
            )));
        }
        Part::Year | Part::Month => 0,
        Part::Week => NANOS_PER_DAY * 7,
        Part::Day => NANOS_PER_DAY,
        Part::Hour => NANOS_PER_SECOND * 3600,
        Part::Minute => NANOS_PER_SECOND * 60,
        Part::Second => NANOS_PER_SECOND,
        Part::Millisecond => NANOS_PER_TICK,
    };
    let count = convert::to_raw(by, if part == Part::Millisecond { 1 } else { 0 })?;
    let nanos = i128::from(count) * unit;
    let start = match moment {
        Cell::Time(time) => {
            if part.is_of_day() {
                return Ok(Cell::Time(around(*time, nanos)));
            }
            let line = "Only HOUR, MINUTE, SECOND and MILLISECOND can be added to TIME values in DATEADD";
            return Err(unsupported(line));
        }
        Cell::Date(day) => day.to_datetime(Time::midnight()),
        Cell::Timestamp(at) => *at,
        _ => return Err(unsupported("Invalid data type in addition of part to DATE/TIME/TIMESTAMP in DATEADD")),
    };
    let is_day = matches!(moment, Cell::Date(_));
    let end = match part {
        Part::Year | Part::Month => {
            let months = if part == Part::Year { count.checked_mul(12) } else { Some(count) };
            let span = months.and_then(|months| 0.months().try_months(months).ok());
            // The last day of a month stands for those that the month does not have. Parts of a second get lost.
            let end = span.and_then(|span| start.checked_add(span).ok()).filter(|end| end.year() >= 1);
            let end = end.ok_or_else(|| SqlError::temporal_range(RANGE))?;
            // Forward from 29 February, into a year that has none, Firebird comes to the last day of whatever month.
            let is_leap_day = start.month() == 2 && start.day() == 29;
            let last = part == Part::Month && count >= 0 && is_leap_day && !end.date().in_leap_year();
            let end = if last { end.last_of_month() } else { end };
            end.with().subsec_nanosecond(0).build().map_err(|_| SqlError::temporal_range(RANGE))?
        }
        // A day moves by whole days, whatever part of one is left over.
        _ if is_day => moved(start, nanos / NANOS_PER_DAY * NANOS_PER_DAY, RANGE)?,
        _ => moved(start, nanos, RANGE)?,
    };
    Ok(if is_day { Cell::Date(end.date()) } else { Cell::Timestamp(end) })
}

/// `DATEDIFF`: how many borders between parts lie between two moments. Milliseconds have one digit after the point.
pub(super) fn difference(part: Part, from: &Cell, to: &Cell) -> Result<Cell, SqlError> {
    let kinds = [from, to].map(|cell| match cell {
        Cell::Date(_) => Some(Kind::Date),
        Cell::Time(_) => Some(Kind::Time),
        Cell::Timestamp(_) => Some(Kind::Timestamp),
        _ => None,
    });
    let [Some(a), Some(b)] = kinds else {
        return Err(unsupported("Expected DATE/TIME/TIMESTAMP type as first and second argument to DATEDIFF"));
    };
    let times = [a, b].iter().filter(|kind| **kind == Kind::Time).count();
    if matches!(part, Part::Weekday | Part::Yearday) {
        return Err(unsupported(&format!(
            "Invalid part {} to express the difference between two DATE/TIME/TIMESTAMP values in DATEDIFF",
            part.name()
        )));
    }
    if !part.is_of_day() && times > 0 {
        return Err(unsupported(
            "The result of TIME-<value> in DATEDIFF cannot be expressed in YEAR, MONTH, DAY or WEEK",
        ));
    }
    if times == 1 {
        let with_day = "The result of DATE-TIME or TIME-DATE in DATEDIFF cannot be expressed in HOUR, MINUTE, SECOND \
                        and MILLISECOND";
        let with_moment = "The result of TIME-TIMESTAMP or TIMESTAMP-TIME in DATEDIFF cannot be expressed in HOUR, \
                           MINUTE, SECOND or MILLISECOND";
        return Err(unsupported(if [a, b].contains(&Kind::Date) { with_day } else { with_moment }));
    }
    // Two times are of one day.
    let [from, to] = [from, to].map(|cell| convert::to_datetime(cell, DateTime::constant(2000, 1, 1, 0, 0, 0, 0)));
    let (from, to) = (from?, to?);
    let days = || from.date().until(to.date()).map_or(0, |span| i64::from(span.get_days()));
    let months = |at: DateTime| i64::from(at.year()) * 12 + i64::from(at.month());
    let unit = match part {
        Part::Year => return Ok(Cell::int(i64::from(to.year()) - i64::from(from.year()))),
        Part::Month => return Ok(Cell::int(months(to) - months(from))),
        Part::Day => return Ok(Cell::int(days())),
        Part::Week => return Ok(Cell::int(days() / 7)),
        Part::Hour => NANOS_PER_SECOND * 3600,
        Part::Minute => NANOS_PER_SECOND * 60,
        Part::Second => NANOS_PER_SECOND,
        _ => NANOS_PER_TICK,
    };
    // What is smaller than the part does not count on either side.
    let parts = |at: DateTime| at.duration_since(DateTime::constant(1, 1, 1, 0, 0, 0, 0)).as_nanos() / unit;
    let raw = numeric::narrow(parts(to) - parts(from))?;
    Ok(Cell::Exact { raw, scale: if part == Part::Millisecond { 1 } else { 0 } })
}

fn unsupported(line: &str) -> SqlError {
    SqlError::new("42000", &["expression evaluation not supported", line])
}
