//! What is taken of a date before it is compared (`create_date__year`), and what is compared then.

use carbon_specs::FieldType;
use jiff::civil::Weekday;

use crate::store::Value;

/// What a lookup compares: a column, or what a transform made of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A column, by its type; a relation's key under [`FieldType::Fk`].
    Column(FieldType),
    /// The model's own key.
    Key,
    /// A number taken of a date or a time.
    Number,
    /// The day of a moment.
    Day,
    /// The time of a moment.
    Time,
}

impl Kind {
    /// The class of Django's field.
    pub fn class(self) -> &'static str {
        match self {
            Self::Column(FieldType::String | FieldType::Ip) => "CharField",
            Self::Column(FieldType::Text) => "TextField",
            Self::Key => "AutoField",
            Self::Column(FieldType::Int) | Self::Number => "IntegerField",
            Self::Column(FieldType::BigInt | FieldType::Money) => "BigIntegerField",
            Self::Column(FieldType::Flag) => "SmallIntegerField",
            Self::Column(FieldType::Decimal) => "DecimalField",
            Self::Column(FieldType::Date) | Self::Day => "DateField",
            Self::Column(FieldType::DateTime) => "DateTimeField",
            Self::Column(FieldType::Fk) => "ForeignKey",
            Self::Time => "TimeField",
        }
    }

    /// Whether it is compared as a whole number that stands for itself, unlike a key of a relation.
    pub fn is_whole(self) -> bool {
        matches!(self, Self::Key | Self::Number | Self::Column(FieldType::Int | FieldType::BigInt | FieldType::Flag))
    }
}

/// What is taken of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Transform {
    Date,
    Year,
    /// The year that the ISO week belongs to.
    IsoYear,
    Quarter,
    Month,
    Day,
    /// 1 is Sunday, 7 is Saturday.
    WeekDay,
    /// 1 is Monday, 7 is Sunday.
    IsoWeekDay,
    Week,
    Time,
    Hour,
    Minute,
    Second,
}

impl Transform {
    /// The transform of this name, if this has it, and what it yields.
    pub fn parse(name: &str, of: Kind) -> Option<(Self, Kind)> {
        let dated = matches!(of, Kind::Day | Kind::Column(FieldType::Date | FieldType::DateTime));
        let timed = matches!(of, Kind::Time | Kind::Column(FieldType::DateTime));
        let number = |transform, has: bool| has.then_some((transform, Kind::Number));
        match name {
            "date" => (of == Kind::Column(FieldType::DateTime)).then_some((Self::Date, Kind::Day)),
            "time" => (of == Kind::Column(FieldType::DateTime)).then_some((Self::Time, Kind::Time)),
            "year" => number(Self::Year, dated),
            "iso_year" => number(Self::IsoYear, dated),
            "quarter" => number(Self::Quarter, dated),
            "month" => number(Self::Month, dated),
            "day" => number(Self::Day, dated),
            "week_day" => number(Self::WeekDay, dated),
            "iso_week_day" => number(Self::IsoWeekDay, dated),
            "week" => number(Self::Week, dated),
            "hour" => number(Self::Hour, timed),
            "minute" => number(Self::Minute, timed),
            "second" => number(Self::Second, timed),
            _ => None,
        }
    }

    /// What it takes of a day or a moment. A time of day is a text in ISO's spelling, which sorts as times do.
    pub fn apply(self, value: &Value) -> Value {
        let (date, time) = match value {
            Value::Date(date) => (*date, None),
            Value::DateTime(moment) => (moment.date(), Some(moment.time())),
            _ => return Value::Null,
        };
        let number = match self {
            Self::Date => return Value::Date(date),
            Self::Time => return time.map_or(Value::Null, |time| Value::text(time.to_string())),
            Self::Year => i64::from(date.year()),
            Self::IsoYear => i64::from(date.iso_week_date().year()),
            Self::Quarter => i64::from((date.month() - 1) / 3 + 1),
            Self::Month => i64::from(date.month()),
            Self::Day => i64::from(date.day()),
            Self::WeekDay => match date.weekday() {
                Weekday::Sunday => 1,
                day => i64::from(day.to_monday_one_offset()) + 1,
            },
            Self::IsoWeekDay => i64::from(date.weekday().to_monday_one_offset()),
            Self::Week => i64::from(date.iso_week_date().week()),
            Self::Hour => time.map_or(0, |time| i64::from(time.hour())),
            Self::Minute => time.map_or(0, |time| i64::from(time.minute())),
            Self::Second => time.map_or(0, |time| i64::from(time.second())),
        };
        Value::Int(number)
    }
}

/// Adds a transform to those before it. What is taken of a moment's time is taken of the moment.
pub fn push(transforms: &mut Vec<Transform>, transform: Transform) {
    if transforms.last() == Some(&Transform::Time) {
        transforms.pop();
    }
    transforms.push(transform);
}
