//! Comparisons: the lookups at a path's end, their right-hand sides, and whether a value satisfies them.
//!
//! Under the ORM is Firebird: equality ignores trailing blanks, `exact`, `contains` and their like tell case apart,
//! the `i` forms compare upper-cased text, Cyrillic too. NULL satisfies nothing but `isnull`: the answer is unknown.

use std::borrow::Cow;

use carbon_specs::{Field, FieldType, Schema};
use jiff::civil::Weekday;
use regex::{Regex, RegexBuilder};
use serde_json::Value as Json;

use super::convert;
use super::error::CallError;
use crate::store::Value;

/// The name of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupKind {
    /// Equal.
    Exact,
    /// Equal in any letter case.
    IExact,
    /// Holds a part.
    Contains,
    /// Holds a part, in any letter case.
    IContains,
    /// Begins so.
    StartsWith,
    /// Begins so, in any letter case.
    IStartsWith,
    /// Ends so.
    EndsWith,
    /// Ends so, in any letter case.
    IEndsWith,
    /// One of.
    In,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// Between two, both included.
    Range,
    /// NULL, or not.
    IsNull,
    /// Matches a regular expression.
    Regex,
    /// Matches one in any letter case.
    IRegex,
}

impl LookupKind {
    /// The lookup of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "exact" => Self::Exact,
            "iexact" => Self::IExact,
            "contains" => Self::Contains,
            "icontains" => Self::IContains,
            "startswith" => Self::StartsWith,
            "istartswith" => Self::IStartsWith,
            "endswith" => Self::EndsWith,
            "iendswith" => Self::IEndsWith,
            "in" => Self::In,
            "gt" => Self::Gt,
            "gte" => Self::Gte,
            "lt" => Self::Lt,
            "lte" => Self::Lte,
            "range" => Self::Range,
            "isnull" => Self::IsNull,
            "regex" => Self::Regex,
            "iregex" => Self::IRegex,
            _ => return None,
        })
    }

    /// Whether a field of this type knows it: relations compare keys only.
    pub fn fits(self, kind: FieldType) -> bool {
        kind != FieldType::Fk
            || matches!(self, Self::Exact | Self::In | Self::Gt | Self::Gte | Self::Lt | Self::Lte | Self::IsNull)
    }
}

/// What is taken of a date before it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Transform {
    Date,
    Year,
    Quarter,
    Month,
    Day,
    /// 1 is Sunday, 7 is Saturday.
    WeekDay,
    Week,
    Hour,
    Minute,
    Second,
}

impl Transform {
    /// The transform of this name, if a field of this type has it, and the type of what it yields.
    pub fn parse(name: &str, kind: FieldType) -> Option<(Self, FieldType)> {
        let found = match (name, kind) {
            ("date", FieldType::DateTime) => return Some((Self::Date, FieldType::Date)),
            ("year", FieldType::Date | FieldType::DateTime) => Self::Year,
            ("quarter", FieldType::Date | FieldType::DateTime) => Self::Quarter,
            ("month", FieldType::Date | FieldType::DateTime) => Self::Month,
            ("day", FieldType::Date | FieldType::DateTime) => Self::Day,
            ("week_day", FieldType::Date | FieldType::DateTime) => Self::WeekDay,
            ("week", FieldType::Date | FieldType::DateTime) => Self::Week,
            ("hour", FieldType::DateTime) => Self::Hour,
            ("minute", FieldType::DateTime) => Self::Minute,
            ("second", FieldType::DateTime) => Self::Second,
            _ => return None,
        };
        Some((found, FieldType::Int))
    }

    fn result(self) -> FieldType {
        if self == Self::Date { FieldType::Date } else { FieldType::Int }
    }

    fn apply(self, value: &Value) -> Value {
        let (date, time) = match value {
            Value::Date(date) => (*date, None),
            Value::DateTime(moment) => (moment.date(), Some(moment.time())),
            _ => return Value::Null,
        };
        let number = match self {
            Self::Date => return Value::Date(date),
            Self::Year => i64::from(date.year()),
            Self::Quarter => i64::from((date.month() - 1) / 3 + 1),
            Self::Month => i64::from(date.month()),
            Self::Day => i64::from(date.day()),
            Self::WeekDay => match date.weekday() {
                Weekday::Sunday => 1,
                day => i64::from(day.to_monday_one_offset()) + 1,
            },
            Self::Week => i64::from(date.iso_week_date().week()),
            Self::Hour => time.map_or(0, |time| i64::from(time.hour())),
            Self::Minute => time.map_or(0, |time| i64::from(time.minute())),
            Self::Second => time.map_or(0, |time| i64::from(time.second())),
        };
        Value::Int(number)
    }
}

/// A comparison with its right-hand side, ready to be asked.
#[derive(Clone, Debug)]
pub struct Lookup {
    transforms: Vec<Transform>,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Equal(Value),
    OneOf(Vec<Value>),
    /// Lower and upper bound, each with whether it is included.
    Between(Option<(Value, bool)>, Option<(Value, bool)>),
    IsNull(bool),
    Text {
        part: String,
        place: Place,
        any_case: bool,
    },
    Pattern(Regex),
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Whole,
    Anywhere,
    Start,
    End,
}

impl Lookup {
    /// Makes the comparison of a field with a JSON value.
    ///
    /// # Errors
    /// Where the value is none that the field or the lookup takes.
    pub fn new(
        schema: &Schema,
        field: &Field,
        transforms: Vec<Transform>,
        kind: LookupKind,
        rhs: &Json,
    ) -> Result<Self, CallError> {
        let test = Builder {
            schema,
            field,
            kind: transforms.last().map_or(field.kind, |last| last.result()),
            transforms: &transforms,
        }
        .test(kind, rhs)?;
        Ok(Self { transforms, test })
    }

    /// `IS NULL` or `IS NOT NULL`.
    pub fn is_null(null: bool) -> Self {
        Self { transforms: Vec::new(), test: Test::IsNull(null) }
    }

    /// Whether this asks for NULL.
    pub fn null_asked(&self) -> Option<bool> {
        match self.test {
            Test::IsNull(null) => Some(null),
            _ => None,
        }
    }

    /// The values of which one must be equal, where the comparison is that and an index can serve it.
    pub fn keys(&self) -> Option<Vec<Value>> {
        if !self.transforms.is_empty() {
            return None;
        }
        match &self.test {
            Test::Equal(value) => Some(vec![value.clone()]),
            Test::OneOf(values) => Some(values.clone()),
            Test::Never => Some(Vec::new()),
            _ => None,
        }
    }

    /// Whether a value satisfies it; `None` is SQL's unknown.
    pub fn holds(&self, value: &Value) -> Option<bool> {
        if let Test::IsNull(null) = self.test {
            return Some(value.is_null() == null);
        }
        if let Test::Never = self.test {
            return Some(false);
        }
        if value.is_null() {
            return None;
        }
        let taken;
        let value = if self.transforms.is_empty() {
            value
        } else {
            taken = self.transforms.iter().fold(value.clone(), |value, transform| transform.apply(&value));
            &taken
        };
        Some(match &self.test {
            Test::Equal(other) => value.key_eq(other),
            Test::OneOf(others) => others.iter().any(|other| value.key_eq(other)),
            Test::Between(low, high) => {
                low.as_ref().is_none_or(|(low, included)| {
                    let order = value.key_cmp(low);
                    order.is_gt() || (*included && order.is_eq())
                }) && high.as_ref().is_none_or(|(high, included)| {
                    let order = value.key_cmp(high);
                    order.is_lt() || (*included && order.is_eq())
                })
            }
            Test::Text { part, place, any_case } => {
                let text = value.shown();
                let text = if *any_case { Cow::Owned(text.to_uppercase()) } else { text };
                match place {
                    Place::Whole => text.trim_end_matches(' ') == part.trim_end_matches(' '),
                    Place::Anywhere => text.contains(part.as_str()),
                    Place::Start => text.starts_with(part.as_str()),
                    Place::End => text.ends_with(part.as_str()),
                }
            }
            Test::Pattern(pattern) => pattern.is_match(&value.shown()),
            Test::IsNull(_) | Test::Never => false,
        })
    }
}

/// Turns a right-hand side into a test.
struct Builder<'a> {
    schema: &'a Schema,
    field: &'a Field,
    kind: FieldType,
    transforms: &'a [Transform],
}

impl Builder<'_> {
    fn test(&self, kind: LookupKind, rhs: &Json) -> Result<Test, CallError> {
        if rhs.is_null() {
            return match kind {
                LookupKind::Exact | LookupKind::IExact => Ok(Test::IsNull(true)),
                LookupKind::IsNull => Err(not_a_flag()),
                _ => Err(CallError::Value("Cannot use None as a query value".to_owned())),
            };
        }
        Ok(match kind {
            LookupKind::Exact => Test::Equal(self.value(rhs)?),
            LookupKind::In => self.one_of(rhs)?,
            LookupKind::Gt => Test::Between(Some((self.value(rhs)?, false)), None),
            LookupKind::Gte => Test::Between(Some((self.rounded_up(rhs)?, true)), None),
            LookupKind::Lt => Test::Between(None, Some((self.rounded_up(rhs)?, false))),
            LookupKind::Lte => Test::Between(None, Some((self.value(rhs)?, true))),
            LookupKind::Range => self.range(rhs)?,
            LookupKind::IsNull => match rhs {
                Json::Bool(null) => Test::IsNull(*null),
                Json::Number(number) => Test::IsNull(number.as_f64() != Some(0.0)),
                _ => return Err(not_a_flag()),
            },
            LookupKind::IExact => text(rhs, Place::Whole, true)?,
            LookupKind::Contains => text(rhs, Place::Anywhere, false)?,
            LookupKind::IContains => text(rhs, Place::Anywhere, true)?,
            LookupKind::StartsWith => text(rhs, Place::Start, false)?,
            LookupKind::IStartsWith => text(rhs, Place::Start, true)?,
            LookupKind::EndsWith => text(rhs, Place::End, false)?,
            LookupKind::IEndsWith => text(rhs, Place::End, true)?,
            LookupKind::Regex => pattern(rhs, false)?,
            LookupKind::IRegex => pattern(rhs, true)?,
        })
    }

    /// Django's `IntegerFieldFloatRounding`: from 2.5 up is from 3 up, and below 2.5 is below 3.
    fn rounded_up(&self, rhs: &Json) -> Result<Value, CallError> {
        let by_year = matches!(self.transforms.last(), Some(Transform::Year));
        match rhs.as_f64().filter(|_| rhs.is_f64()) {
            Some(bound) if matches!(self.kind, FieldType::Int | FieldType::BigInt) && !by_year => {
                self.value(&Json::from(bound.ceil()))
            }
            _ => self.value(rhs),
        }
    }

    fn value(&self, rhs: &Json) -> Result<Value, CallError> {
        if self.transforms.is_empty() {
            return convert::to_value(self.schema, self.field, rhs);
        }
        // What a transform yields is compared as a field of its own type would be.
        let taken = Field { kind: self.kind, to: None, ..self.field.clone() };
        let value = convert::to_value(self.schema, &taken, rhs)?;
        match (self.transforms.last(), &value) {
            // Django asks for the first and last day of the year, and the calendar has no such year.
            (Some(Transform::Year), Value::Int(year)) if !(1..=9999).contains(year) => {
                Err(CallError::Value(format!("year {year} is out of range")))
            }
            _ => Ok(value),
        }
    }

    fn one_of(&self, rhs: &Json) -> Result<Test, CallError> {
        let items: Vec<Json> = match rhs {
            Json::Array(items) => items.clone(),
            // Python walks a text character by character.
            Json::String(text) => text.chars().map(|symbol| Json::from(symbol.to_string())).collect(),
            Json::Object(pairs) => pairs.keys().map(|key| Json::from(key.as_str())).collect(),
            Json::Number(number) => {
                let name = if number.is_f64() { "float" } else { "int" };
                return Err(CallError::Value(format!("'{name}' object is not iterable")));
            }
            Json::Bool(_) => return Err(CallError::Value("'bool' object is not iterable".to_owned())),
            Json::Null => return Err(CallError::Value("Cannot use None as a query value".to_owned())),
        };
        let values =
            items.iter().filter(|item| !item.is_null()).map(|item| self.value(item)).collect::<Result<Vec<_>, _>>()?;
        Ok(if values.is_empty() { Test::Never } else { Test::OneOf(values) })
    }

    fn range(&self, rhs: &Json) -> Result<Test, CallError> {
        let Some([low, high]) = rhs.as_array().map(Vec::as_slice) else {
            return Err(CallError::Value(format!(
                "{}__range takes a list of two values, not {}",
                self.field.name,
                convert::python(rhs)
            )));
        };
        if low.is_null() || high.is_null() {
            return Err(CallError::Value("Cannot use None as a query value".to_owned()));
        }
        Ok(Test::Between(Some((self.value(low)?, true)), Some((self.value(high)?, true))))
    }
}

fn not_a_flag() -> CallError {
    CallError::Value("The QuerySet value for an isnull lookup must be True or False.".to_owned())
}

fn as_text(rhs: &Json) -> Result<String, CallError> {
    match rhs {
        Json::String(text) => Ok(text.clone()),
        Json::Number(number) => Ok(number.to_string()),
        Json::Bool(_) => Ok(convert::python(rhs)),
        _ => Err(CallError::Value(format!("a text was expected, not {}", convert::python(rhs)))),
    }
}

fn text(rhs: &Json, place: Place, any_case: bool) -> Result<Test, CallError> {
    let part = as_text(rhs)?;
    let part = if any_case { part.to_uppercase() } else { part };
    Ok(Test::Text { part, place, any_case })
}

fn pattern(rhs: &Json, any_case: bool) -> Result<Test, CallError> {
    let source = as_text(rhs)?;
    RegexBuilder::new(&source)
        .case_insensitive(any_case)
        .size_limit(1 << 20)
        .build()
        .map(Test::Pattern)
        .map_err(|error| CallError::Value(format!("`{source}` is no regular expression: {error}")))
}
