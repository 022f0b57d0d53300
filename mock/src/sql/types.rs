//! What an expression is (its SQL type) and what a cell of a result holds.

use std::sync::Arc;

use carbon_specs::{Field, FieldType};
use jiff::civil::{Date, DateTime, Time};
use serde_json::Value as Json;

use super::numeric::Scale;
use crate::store::Value;

/// The characters that a `VARCHAR` of a model's `text` column takes.
pub const TEXT_LENGTH: usize = 8191;

/// A family of types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 16 bits, exact.
    Short,
    /// 32 bits, exact.
    Long,
    /// 64 bits, exact.
    Int64,
    /// 32-bit floating point.
    Float,
    /// 64-bit floating point.
    Double,
    /// `CHAR(n)`: padded with blanks.
    Char,
    /// `VARCHAR(n)`.
    Varchar,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A moment.
    Timestamp,
    /// True or false.
    Boolean,
}

/// An SQL type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Type {
    /// The family.
    pub kind: Kind,
    /// Digits after the point, of an exact number; of a floating-point literal 1, for which isql prints more digits.
    pub scale: u8,
    /// Characters, of a text.
    pub length: usize,
    /// Bytes per character: 4 in UTF8, 1 where Firebird needs no character set of its own.
    pub bytes: usize,
}

impl Type {
    /// A type that needs no more than its family.
    pub const fn of(kind: Kind) -> Self {
        Self { kind, scale: 0, length: 0, bytes: 1 }
    }

    /// An exact number with digits after the point.
    pub const fn exact(kind: Kind, scale: u8) -> Self {
        Self { kind, scale, length: 0, bytes: 1 }
    }

    /// A floating-point number as written in a statement.
    pub const fn literal_double() -> Self {
        Self { kind: Kind::Double, scale: 1, length: 0, bytes: 1 }
    }

    /// `VARCHAR(n)` in UTF8.
    pub const fn varchar(length: usize) -> Self {
        Self { kind: Kind::Varchar, scale: 0, length, bytes: 4 }
    }

    /// `CHAR(n)` in UTF8.
    pub const fn char(length: usize) -> Self {
        Self { kind: Kind::Char, scale: 0, length, bytes: 4 }
    }

    /// The type of a model's column.
    pub fn of_field(field: &Field) -> Self {
        match field.kind {
            FieldType::String => Self::varchar(255),
            FieldType::Text => Self::varchar(TEXT_LENGTH),
            FieldType::Ip => Self::varchar(45),
            FieldType::Int | FieldType::Fk => Self::of(Kind::Long),
            FieldType::BigInt | FieldType::Money => Self::of(Kind::Int64),
            FieldType::Flag => Self::of(Kind::Short),
            FieldType::Decimal => Self::exact(Kind::Int64, u8::try_from(field.places).unwrap_or(18).min(18)),
            FieldType::Date => Self::of(Kind::Date),
            FieldType::DateTime => Self::of(Kind::Timestamp),
        }
    }

    /// Whether it is an integer or numeric.
    pub fn is_exact(self) -> bool {
        matches!(self.kind, Kind::Short | Kind::Long | Kind::Int64)
    }

    /// Whether it is a floating-point number.
    pub fn is_floating(self) -> bool {
        matches!(self.kind, Kind::Float | Kind::Double)
    }

    /// Whether it is a number.
    pub fn is_number(self) -> bool {
        self.is_exact() || self.is_floating()
    }

    /// The declared digits after the point, as values count them.
    pub fn places(self) -> Scale {
        Scale::from(self.scale)
    }

    /// Whether it is a text.
    pub fn is_text(self) -> bool {
        matches!(self.kind, Kind::Char | Kind::Varchar)
    }

    /// Whether it is a day, time or moment.
    pub fn is_temporal(self) -> bool {
        matches!(self.kind, Kind::Date | Kind::Time | Kind::Timestamp)
    }

    /// As the control API names it.
    pub fn name(self) -> String {
        let scaled = |plain: &str, digits: u8| match self.scale {
            0 => plain.to_owned(),
            scale => format!("NUMERIC({digits},{scale})"),
        };
        match self.kind {
            Kind::Short => scaled("SMALLINT", 4),
            Kind::Long => scaled("INTEGER", 9),
            Kind::Int64 => scaled("BIGINT", 18),
            Kind::Float => "FLOAT".into(),
            Kind::Double => "DOUBLE PRECISION".into(),
            Kind::Char => format!("CHAR({})", self.length),
            Kind::Varchar => format!("VARCHAR({})", self.length),
            Kind::Date => "DATE".into(),
            Kind::Time => "TIME".into(),
            Kind::Timestamp => "TIMESTAMP".into(),
            Kind::Boolean => "BOOLEAN".into(),
        }
    }
}

/// A value while a statement runs, and in its result.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Unknown.
    Null,
    /// An exact number: `raw` / 10^`scale`.
    Exact {
        /// All digits.
        raw: i64,
        /// How many of them stand after the point.
        scale: Scale,
    },
    /// A floating-point number of 32 bits.
    Float(f32),
    /// A floating-point number.
    Double(f64),
    /// A text.
    Text(Arc<str>),
    /// A day.
    Date(Date),
    /// A time of day.
    Time(Time),
    /// A moment.
    Timestamp(DateTime),
    /// True or false.
    Bool(bool),
}

impl Cell {
    /// A whole number.
    pub const fn int(raw: i64) -> Self {
        Self::Exact { raw, scale: 0 }
    }

    /// A text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// Whether it is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it is a day, time or moment.
    pub fn is_temporal(&self) -> bool {
        matches!(self, Self::Date(_) | Self::Time(_) | Self::Timestamp(_))
    }

    /// What a column of a row holds. A decimal of more places than its column has is cut, one beyond 64 bits is NULL.
    pub fn of_value(value: &Value, ty: Type) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Int(raw) => Self::int(*raw),
            Value::Decimal(number) => {
                let mut number = *number;
                number.rescale(u32::from(ty.scale));
                i64::try_from(number.mantissa()).map_or(Self::Null, |raw| Self::Exact { raw, scale: ty.places() })
            }
            Value::Date(day) => Self::Date(*day),
            Value::DateTime(moment) => Self::Timestamp(*moment),
            Value::Text(text) => Self::Text(Arc::from(text.as_str())),
        }
    }

    /// As JSON: whole and floating numbers as numbers, other exact numbers as text with their scale.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Exact { raw, scale: 0 } => Json::from(*raw),
            Self::Float(number) => Json::from(*number),
            Self::Double(number) => Json::from(*number),
            Self::Bool(flag) => Json::from(*flag),
            other => Json::from(super::text::display(other)),
        }
    }
}

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// As isql heads it; may be empty.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

/// Columns and rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// As the control API answers it: names with types, and rows.
    pub fn to_json(&self) -> Json {
        let columns: Vec<Json> = self
            .columns
            .iter()
            .map(|column| serde_json::json!({ "name": column.name, "type": column.ty.name() }))
            .collect();
        let rows: Vec<Vec<Json>> = self.rows.iter().map(|row| row.iter().map(Cell::to_json).collect()).collect();
        serde_json::json!({ "columns": columns, "rows": rows })
    }
}
