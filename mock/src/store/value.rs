//! What a column holds.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use carbon_specs::{Field, FieldType};
use jiff::civil::{Date, DateTime, Time};
use rust_decimal::Decimal;
use serde_json::Value as Json;
use smol_str::SmolStr;

/// A stored value. Which variant a column may hold follows from its [`FieldType`]: integers, flags, foreign keys and
/// money (scaled by 10^10) are `Int`, all text is `Text`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// SQL's NULL.
    Null,
    /// An integer, flag, foreign key or amount of money in stored units.
    Int(i64),
    /// An exact decimal.
    Decimal(Decimal),
    /// A day.
    Date(Date),
    /// A moment.
    DateTime(DateTime),
    /// A text.
    Text(SmolStr),
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<SmolStr>) -> Self {
        Self::Text(text.into())
    }

    /// Whether this is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The integer, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The day, if it is one.
    pub fn as_date(&self) -> Option<Date> {
        match self {
            Self::Date(date) => Some(*date),
            _ => None,
        }
    }

    /// The moment, if it is one.
    pub fn as_datetime(&self) -> Option<DateTime> {
        match self {
            Self::DateTime(moment) => Some(*moment),
            _ => None,
        }
    }
}

impl Value {
    /// The value as a text; a text is not copied for it.
    pub fn shown(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            other => Cow::Owned(other.to_string()),
        }
    }

    /// The value as the database compares it: a text without its trailing blanks.
    pub fn key(&self) -> Self {
        match self {
            Self::Text(text) if text.ends_with(' ') => Self::text(text.trim_end_matches(' ')),
            other => other.clone(),
        }
    }

    /// Equality as the database sees it: trailing blanks do not count. NULL equals NULL here.
    pub fn key_eq(&self, other: &Self) -> bool {
        self.key_cmp(other).is_eq()
    }

    /// Order as the database sees it: NULL first, trailing blanks do not count.
    pub fn key_cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => one.trim_end_matches(' ').cmp(other.trim_end_matches(' ')),
            _ => self.cmp(other),
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Int(i64::from(flag))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<Date> for Value {
    fn from(date: Date) -> Self {
        Self::Date(date)
    }
}

impl From<DateTime> for Value {
    fn from(moment: DateTime) -> Self {
        Self::DateTime(moment)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The page's format of a moment.
pub const DATETIME_FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// A moment in the page's format, without fractions of a second.
pub fn show(moment: DateTime) -> String {
    moment.strftime(DATETIME_FORMAT).to_string()
}

/// A day or moment as the page writes it, e.g. `2022-01-31`, `2022-01-31 23:59:59`, `2022-01-31 23:59:59.0000`,
/// `2022-01-31T23:59`. Fractions of a second are dropped, as the database column has none.
pub fn parse_datetime(text: &str) -> Option<DateTime> {
    let text = text.trim();
    let (day, time) = match text.split_once([' ', 'T']) {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let date = parse_date(day)?;
    let Some(time) = time else { return Some(date.to_datetime(Time::midnight())) };
    let whole = time.split_once('.').map_or(time, |(whole, _)| whole);
    let mut parts = whole.split(':').map(|part| {
        (matches!(part.len(), 1 | 2) && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse::<i8>().ok())
    });
    let hour = parts.next()??.filter(|hour| *hour < 24)?;
    let minute = parts.next()??.filter(|minute| *minute < 60)?;
    let second = match parts.next() {
        Some(second) => second?.filter(|second| *second < 60)?,
        None => 0,
    };
    if parts.next().is_some() || (time.contains('.') && !fraction(time)) {
        return None;
    }
    Some(date.to_datetime(Time::new(hour, minute, second, 0).ok()?))
}

fn fraction(time: &str) -> bool {
    time.split_once('.')
        .is_some_and(|(_, rest)| (1..=6).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A day as Django reads it: four digits, then one or two, then one or two.
pub fn parse_date(text: &str) -> Option<Date> {
    let mut parts = text.splitn(3, '-');
    let mut number = |lengths: std::ops::RangeInclusive<usize>| {
        parts
            .next()
            .filter(|part| lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()))?
            .parse::<i16>()
            .ok()
    };
    let (year, month, day) = (number(4..=4)?, number(1..=2)?, number(1..=2)?);
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// Rubles for an amount in stored units, as Python prints `Decimal(v) / Decimal(10**10)`.
pub fn rubles(units: i64) -> Decimal {
    Decimal::from_i128_with_scale(i128::from(units), 10).normalize()
}

/// A value that does not fit its column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{column}` is {value}, not a {expected}")]
pub struct StateValueError {
    /// The column.
    pub column: String,
    /// What was given.
    pub value: String,
    /// The type it should have.
    pub expected: FieldType,
}

/// A value of the state file, which is strict: money in stored units, no text for numbers.
///
/// # Errors
/// Names column, value and the type expected.
pub fn from_state(field: &Field, json: &Json) -> Result<Value, StateValueError> {
    let wrong = || StateValueError { column: field.column.clone(), value: json.to_string(), expected: field.kind };
    if json.is_null() {
        return if field.null { Ok(Value::Null) } else { Err(wrong()) };
    }
    let value = match field.kind {
        FieldType::String | FieldType::Text | FieldType::Ip => json.as_str().map(Value::text),
        FieldType::Int | FieldType::BigInt | FieldType::Money | FieldType::Fk => json.as_i64().map(Value::Int),
        FieldType::Flag => {
            json.as_i64().or_else(|| json.as_bool().map(i64::from)).filter(|flag| matches!(flag, 0 | 1)).map(Value::Int)
        }
        FieldType::Decimal => match json {
            Json::String(text) => text.parse().ok().map(Value::Decimal),
            Json::Number(number) => number.to_string().parse().ok().map(Value::Decimal),
            _ => None,
        },
        FieldType::Date => json.as_str().and_then(parse_date).map(Value::Date),
        FieldType::DateTime => json.as_str().and_then(parse_datetime).map(Value::DateTime),
    };
    value.ok_or_else(wrong)
}

/// The value as the state file writes it: [`from_state`] reads it back.
pub fn to_state(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Int(number) => Json::from(*number),
        Value::Decimal(decimal) => Json::from(decimal.to_string()),
        Value::Date(date) => Json::from(date.to_string()),
        Value::DateTime(moment) => Json::from(show(*moment)),
        Value::Text(text) => Json::from(&**text),
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("None"),
            Self::Int(number) => number.fmt(f),
            Self::Decimal(decimal) => decimal.fmt(f),
            Self::Date(date) => date.fmt(f),
            Self::DateTime(moment) => moment.strftime(DATETIME_FORMAT).fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}
