//! What a column holds.

use carbon_specs::FieldType;
use serde_json::Value as Json;

/// One of anything is this many: numbers are exact to ten decimal places, as money is.
pub const ONE: i128 = 10_000_000_000;

/// The content of one column of one row. NULL comes first, as the database orders it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// NULL.
    Null,
    /// Any number, a flag or a key, times [`ONE`].
    Number(i128),
    /// A text.
    Text(String),
    /// A day or a moment: year, month, day, hour, minute, second.
    Time([i64; 6]),
}

impl Cell {
    /// A whole number.
    pub fn whole(number: i64) -> Self {
        Self::Number(i128::from(number) * ONE)
    }

    /// The cell as the database compares it: blanks at the end of a text do not count.
    pub fn compared(&self) -> Self {
        match self {
            Self::Text(text) => Self::Text(text.trim_end_matches(' ').to_owned()),
            other => other.clone(),
        }
    }

    /// The whole number it is, if it is one.
    pub fn as_whole(&self) -> Option<i64> {
        match self {
            Self::Number(number) => i64::try_from(number / ONE).ok(),
            _ => None,
        }
    }

    /// What a right-hand side in a call means to a field of this type; all spellings that the calls here use.
    pub fn meant(kind: FieldType, json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(flag) => Self::whole(i64::from(*flag)),
            _ if kind.is_text() => Self::Text(json.as_str().map_or_else(|| json.to_string(), str::to_owned)),
            _ if matches!(kind, FieldType::Date | FieldType::DateTime) => Self::Time(moment(&as_text(json))),
            _ => Self::Number(number(&as_text(json))),
        }
    }

    /// As the state file writes it.
    pub fn stored(&self, kind: FieldType, places: u32) -> Json {
        match self {
            Self::Number(number) if kind == FieldType::Money => Json::from(i64::try_from(*number).unwrap()),
            _ => self.shown(kind, places),
        }
    }

    /// As a reply prints it.
    pub fn shown(&self, kind: FieldType, places: u32) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Number(number) if kind == FieldType::Money => {
                let text = decimal(*number, 10);
                Json::from(text.trim_end_matches('0').trim_end_matches('.'))
            }
            Self::Number(number) if kind == FieldType::Decimal => Json::from(decimal(*number, places as usize)),
            Self::Number(number) => Json::from(i64::try_from(number / ONE).unwrap()),
            Self::Text(text) => Json::from(text.as_str()),
            Self::Time([year, month, day, ..]) if kind == FieldType::Date => {
                Json::from(format!("{year:04}-{month:02}-{day:02}"))
            }
            Self::Time([year, month, day, hour, minute, second]) => {
                Json::from(format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"))
            }
        }
    }
}

/// A JSON value without its quotes.
pub fn as_text(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

/// `"-2.5"`, times [`ONE`].
fn number(text: &str) -> i128 {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: i128 = whole.parse().unwrap();
    let fraction: i128 = format!("{fraction:0<10}").parse().unwrap();
    sign * (whole * ONE + fraction)
}

/// A number times [`ONE`], with this many decimal places.
fn decimal(number: i128, places: usize) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let number = number.unsigned_abs();
    let one = ONE.unsigned_abs();
    let fraction = format!("{:010}", number % one);
    format!("{sign}{}.{}", number / one, &fraction[..places])
}

/// `"2019-06-01"` (midnight) or `"2019-06-01 12:30:45"`.
fn moment(text: &str) -> [i64; 6] {
    let mut parts = text.split(['-', ' ', ':']).map(|part| part.parse().unwrap());
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}
