//! Comparisons: the lookups at a path's end, their right-hand sides, and whether a value satisfies them.
//!
//! Under the ORM is Firebird: equality ignores trailing blanks, `exact`, `contains` and their like tell case apart,
//! the `i` forms compare upper-cased text, Cyrillic too. NULL satisfies nothing but `isnull`: the answer is unknown.

use std::borrow::Cow;

use carbon_specs::{Field, FieldType, Provenance, Schema};
use regex::{Regex, RegexBuilder};
use serde_json::Value as Json;

use super::convert::{self, Operand};
use super::error::CallError;
use super::python;
use super::transform::{Kind, Transform};
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

    /// Whether what is compared knows it: relations compare keys only.
    pub fn fits(self, kind: Kind) -> bool {
        kind != Kind::Column(FieldType::Fk)
            || matches!(self, Self::Exact | Self::In | Self::Gt | Self::Gte | Self::Lt | Self::Lte | Self::IsNull)
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
    /// Always, even for NULL: Django leaves such a condition out.
    Anything,
    Text {
        part: String,
        place: Place,
        any_case: bool,
    },
    Pattern(Regex),
    /// Never; under NOT always.
    Never,
    /// Neither true nor false, whatever is compared.
    Unknown,
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
        kind: Kind,
        lookup: LookupKind,
        rhs: &Json,
    ) -> Result<Self, CallError> {
        let test = Builder { schema, field, kind, by: transforms.last().copied() }.test(lookup, rhs)?;
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

    /// What the answer stands on: how the database folds letters beyond ASCII and which regular expressions it knows is a
    /// choice of ours (`specs/rules/choices.toml`).
    pub fn standing(&self) -> Provenance {
        match &self.test {
            Test::Text { any_case: true, part, .. } if !part.is_ascii() => Provenance::Assumed,
            Test::Pattern(_) => Provenance::Assumed,
            _ => Provenance::Documented,
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
        match self.test {
            Test::Never => return Some(false),
            Test::Anything => return Some(true),
            Test::Unknown => return None,
            _ => {}
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
            Test::IsNull(_) | Test::Never | Test::Anything | Test::Unknown => false,
        })
    }
}

/// Turns a right-hand side into a test.
struct Builder<'a> {
    schema: &'a Schema,
    field: &'a Field,
    kind: Kind,
    /// The last transform.
    by: Option<Transform>,
}

impl Builder<'_> {
    fn test(&self, lookup: LookupKind, rhs: &Json) -> Result<Test, CallError> {
        Ok(match lookup {
            LookupKind::Exact | LookupKind::IExact if rhs.is_null() => Test::IsNull(true),
            LookupKind::In => self.one_of(rhs)?,
            LookupKind::Range => self.range(rhs)?,
            _ if rhs.is_null() => return Err(CallError::Value("Cannot use None as a query value".to_owned())),
            LookupKind::IsNull => match rhs {
                Json::Bool(null) => Test::IsNull(*null),
                // The page writes flags as numbers; Django takes truth values alone.
                Json::Number(number) if matches!(number.as_u64(), Some(0 | 1)) => {
                    Test::IsNull(number.as_u64() == Some(1))
                }
                _ => {
                    let text = "The QuerySet value for an isnull lookup must be True or False.";
                    return Err(CallError::Value(text.to_owned()));
                }
            },
            LookupKind::Exact => match self.bound(rhs)? {
                Bound::At(value) => Test::Equal(value),
                Bound::Below | Bound::Above => Test::Never,
            },
            LookupKind::Gt => from(self.bound(rhs)?, false),
            LookupKind::Gte => from(self.bound(&self.rounded_up(rhs))?, true),
            LookupKind::Lt => up_to(self.bound(&self.rounded_up(rhs))?, false),
            LookupKind::Lte => up_to(self.bound(rhs)?, true),
            LookupKind::IExact => text(rhs, Place::Whole, true),
            LookupKind::Contains => text(rhs, Place::Anywhere, false),
            LookupKind::IContains => text(rhs, Place::Anywhere, true),
            LookupKind::StartsWith => text(rhs, Place::Start, false),
            LookupKind::IStartsWith => text(rhs, Place::Start, true),
            LookupKind::EndsWith => text(rhs, Place::End, false),
            LookupKind::IEndsWith => text(rhs, Place::End, true),
            LookupKind::Regex => pattern(rhs, false)?,
            LookupKind::IRegex => pattern(rhs, true)?,
        })
    }

    /// Django's `IntegerFieldFloatRounding`: from 2.5 up is from 3 up, and below 2.5 is below 3.
    fn rounded_up(&self, rhs: &Json) -> Json {
        match rhs.as_f64().filter(|_| rhs.is_f64()) {
            Some(bound) if self.kind.is_whole() && !self.is_year() => Json::from(bound.ceil()),
            _ => rhs.clone(),
        }
    }

    fn is_year(&self) -> bool {
        matches!(self.by, Some(Transform::Year | Transform::IsoYear))
    }

    /// One side of a comparison. Django's `IntegerFieldOverflow`: what no column can hold is compared all the same.
    fn bound(&self, rhs: &Json) -> Result<Bound, CallError> {
        let operand = convert::operand(self.schema, self.field, self.kind, rhs)?;
        if self.is_year() {
            self.within_the_calendar(&operand)?;
        }
        match operand {
            Operand::Value(value) => Ok(Bound::At(value)),
            Operand::Below if self.kind.is_whole() => Ok(Bound::Below),
            Operand::Above if self.kind.is_whole() => Ok(Bound::Above),
            Operand::Below | Operand::Above => Err(convert::out_of_range()),
            Operand::Null => Err(CallError::Value("Cannot use None as a query value".to_owned())),
        }
    }

    /// Django compares with the first and last day of the year, and the calendar has no others.
    fn within_the_calendar(&self, operand: &Operand) -> Result<(), CallError> {
        let year = match operand {
            Operand::Value(Value::Int(year)) => Some(*year),
            _ => None,
        };
        // Of an ISO year the last day is found from the next year's first.
        let last = if self.by == Some(Transform::IsoYear) { 9998 } else { 9999 };
        let small = year.and_then(|year| i32::try_from(year).ok());
        match (self.by, small) {
            (_, Some(year)) if (1..=last).contains(&year) => Ok(()),
            (Some(Transform::IsoYear), Some(year)) => {
                let year = if year == 9999 { 10000 } else { year };
                Err(CallError::Value(format!("Year is out of range: {year}")))
            }
            (Some(Transform::IsoYear), None) => Err(CallError::Value("ISO calendar component out of range".to_owned())),
            (_, Some(year)) => Err(CallError::Value(format!("year {year} is out of range"))),
            (_, None) => Err(convert::out_of_range()),
        }
    }

    /// A value that goes to the database as it is.
    fn value(&self, rhs: &Json) -> Result<Value, CallError> {
        match convert::operand(self.schema, self.field, self.kind, rhs)? {
            Operand::Null => Ok(Value::Null),
            Operand::Value(value) => Ok(value),
            Operand::Below | Operand::Above => Err(convert::out_of_range()),
        }
    }

    fn one_of(&self, rhs: &Json) -> Result<Test, CallError> {
        let values = python::items(rhs)?.iter().map(|item| self.value(item)).collect::<Result<Vec<_>, _>>()?;
        let values: Vec<Value> = values.into_iter().filter(|value| !value.is_null()).collect();
        Ok(if values.is_empty() { Test::Never } else { Test::OneOf(values) })
    }

    fn range(&self, rhs: &Json) -> Result<Test, CallError> {
        let values = python::items(rhs)?.iter().map(|item| self.value(item)).collect::<Result<Vec<_>, _>>()?;
        match <[Value; 2]>::try_from(values) {
            Ok([low, high]) if low.is_null() || high.is_null() => Ok(Test::Unknown),
            Ok([low, high]) => Ok(Test::Between(Some((low, true)), Some((high, true)))),
            Err(values) if values.is_empty() => {
                Err(CallError::Value("not enough values to unpack (expected 2, got 0)".to_owned()))
            }
            Err(values) if values.len() < 2 => Err(CallError::Value("tuple index out of range".to_owned())),
            Err(values) => {
                Err(CallError::Value(format!("{}__range takes two values, not {}", self.field.name, values.len())))
            }
        }
    }
}

/// One side of a comparison.
enum Bound {
    At(Value),
    /// Less than any column can hold.
    Below,
    /// More than any column can hold.
    Above,
}

fn from(bound: Bound, included: bool) -> Test {
    match bound {
        Bound::At(value) => Test::Between(Some((value, included)), None),
        Bound::Below => Test::Anything,
        Bound::Above => Test::Never,
    }
}

fn up_to(bound: Bound, included: bool) -> Test {
    match bound {
        Bound::At(value) => Test::Between(None, Some((value, included))),
        Bound::Below => Test::Never,
        Bound::Above => Test::Anything,
    }
}

fn text(rhs: &Json, place: Place, any_case: bool) -> Test {
    let part = python::text(rhs);
    let part = if any_case { part.to_uppercase() } else { part };
    Test::Text { part, place, any_case }
}

fn pattern(rhs: &Json, any_case: bool) -> Result<Test, CallError> {
    let source = python::text(rhs);
    RegexBuilder::new(&source)
        .case_insensitive(any_case)
        .size_limit(1 << 20)
        .build()
        .map(Test::Pattern)
        .map_err(|error| CallError::Value(format!("`{source}` is no regular expression: {error}")))
}
