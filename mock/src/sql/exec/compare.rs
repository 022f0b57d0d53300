//! Order and equality of values, with the conversions that Firebird makes on the way.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::civil::{Date, DateTime, Time};

use crate::sql::convert;
use crate::sql::error::SqlError;
use crate::sql::numeric::{self, Scale};
use crate::sql::plan::Sort;
use crate::sql::text;
use crate::sql::types::Cell;

/// A value as far as equality within one family of types goes: equal values have equal keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Null,
    Exact(i64, Scale),
    Double(u64),
    Text(Arc<str>),
    Date(Date),
    Time(Time),
    Timestamp(DateTime),
    Bool(bool),
}

pub(super) fn key(cell: &Cell) -> Key {
    match cell {
        Cell::Null => Key::Null,
        Cell::Exact { raw, scale } => {
            if *raw == 0 {
                return Key::Exact(0, 0);
            }
            let (mut raw, mut scale) = (*raw, *scale);
            while raw % 10 == 0 {
                raw /= 10;
                scale -= 1;
            }
            Key::Exact(raw, scale)
        }
        Cell::Float(number) => double_key(f64::from(*number)),
        Cell::Double(number) => double_key(*number),
        Cell::Text(content) => {
            let trimmed = text::key(content);
            Key::Text(if trimmed.len() == content.len() { Arc::clone(content) } else { trimmed.into() })
        }
        Cell::Date(day) => Key::Date(*day),
        Cell::Time(time) => Key::Time(*time),
        Cell::Timestamp(moment) => Key::Timestamp(*moment),
        Cell::Bool(flag) => Key::Bool(*flag),
    }
}

fn double_key(number: f64) -> Key {
    // Both zeros are one.
    Key::Double(if number == 0.0 { 0 } else { number.to_bits() })
}

/// How two values stand; nothing if one is NULL.
pub(super) fn compare(left: &Cell, right: &Cell, now: DateTime) -> Result<Option<Ordering>, SqlError> {
    Ok(Some(match (left, right) {
        (Cell::Null, _) | (_, Cell::Null) => return Ok(None),
        (Cell::Exact { raw: a, scale: x }, Cell::Exact { raw: b, scale: y }) => {
            numeric::compare_fitting((*a, *x), (*b, *y))?
        }
        (Cell::Text(a), Cell::Text(b)) => text::compare(a, b),
        (Cell::Date(a), Cell::Date(b)) => a.cmp(b),
        // A text beside a day is a day, without a time.
        (Cell::Date(a), Cell::Text(b)) => a.cmp(&convert::parse_day(b, now)?),
        (Cell::Text(a), Cell::Date(b)) => convert::parse_day(a, now)?.cmp(b),
        (Cell::Time(_), Cell::Time(_) | Cell::Text(_)) | (Cell::Text(_), Cell::Time(_)) => {
            convert::to_time(left, now)?.cmp(&convert::to_time(right, now)?)
        }
        (Cell::Bool(_), _) | (_, Cell::Bool(_)) => convert::to_bool(left)?.cmp(&convert::to_bool(right)?),
        (Cell::Double(_), _) | (_, Cell::Double(_)) => {
            let (a, b) = (convert::to_double(left)?, convert::to_double(right)?);
            a.partial_cmp(&b).unwrap_or(Ordering::Equal)
        }
        (Cell::Float(_), _) | (_, Cell::Float(_)) => {
            let (a, b) = (convert::to_float(left)?, convert::to_float(right)?);
            a.partial_cmp(&b).unwrap_or(Ordering::Equal)
        }
        // A text beside a number is read as a number of the same scale.
        (Cell::Exact { raw, scale }, Cell::Text(content)) => raw.cmp(&convert::parse_exact(content, *scale)?),
        (Cell::Text(content), Cell::Exact { raw, scale }) => convert::parse_exact(content, *scale)?.cmp(raw),
        // A time becomes a moment of today beside a moment, but nothing beside a day.
        (day @ Cell::Date(_), Cell::Time(_)) | (Cell::Time(_), day @ Cell::Date(_)) => {
            return Err(SqlError::conversion(&text::display(day)));
        }
        _ => convert::to_datetime(left, now)?.cmp(&convert::to_datetime(right, now)?),
    }))
}

/// The order of values of one type, NULL before all others.
pub(super) fn total(left: &Cell, right: &Cell) -> Ordering {
    match (left, right) {
        (Cell::Null, Cell::Null) => Ordering::Equal,
        (Cell::Null, _) => Ordering::Less,
        (_, Cell::Null) => Ordering::Greater,
        (Cell::Exact { raw: a, scale: x }, Cell::Exact { raw: b, scale: y }) => numeric::compare((*a, *x), (*b, *y)),
        (Cell::Double(a), Cell::Double(b)) => a.total_cmp(b),
        (Cell::Text(a), Cell::Text(b)) => text::compare(a, b),
        (Cell::Date(a), Cell::Date(b)) => a.cmp(b),
        (Cell::Time(a), Cell::Time(b)) => a.cmp(b),
        (Cell::Timestamp(a), Cell::Timestamp(b)) => a.cmp(b),
        (Cell::Bool(a), Cell::Bool(b)) => a.cmp(b),
        // One column holds one type; exact and floating numbers may still meet.
        _ => match (convert::to_double(left), convert::to_double(right)) {
            (Ok(a), Ok(b)) => a.total_cmp(&b),
            _ => text::compare(&text::display(left), &text::display(right)),
        },
    }
}

/// The order of whole rows.
pub(super) fn rows(left: &[Cell], right: &[Cell]) -> Ordering {
    left.iter().zip(right).map(|(a, b)| total(a, b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// The order under a sort key.
pub(super) fn sorted<K>(left: &Cell, right: &Cell, sort: &Sort<K>) -> Ordering {
    match (left.is_null(), right.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) if sort.nulls_first => Ordering::Less,
        (true, false) => Ordering::Greater,
        (false, true) if sort.nulls_first => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) if sort.descending => total(right, left),
        (false, false) => total(left, right),
    }
}

/// A whole number, rounded; NULL is 0.
pub(super) fn whole(cell: &Cell) -> Result<i64, SqlError> {
    if cell.is_null() { Ok(0) } else { convert::to_raw(cell, 0) }
}
