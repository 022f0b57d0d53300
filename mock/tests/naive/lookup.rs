//! Whether a cell satisfies a comparison.
//!
//! Two truth values do: NULL satisfies nothing but `isnull`, and `exclude` keeps what does not satisfy its conditions.
//! (SQL's third truth value never shows, for Django guards NULLs under NOT.)

use carbon_specs::FieldType;
use serde_json::Value as Json;

use super::call::{Condition, Lookup, Part};
use super::cell::{Cell, as_text};

/// A pattern, and whether a text matches it.
type Pattern = (&'static str, fn(&str) -> bool);

/// The patterns that the calls use, and what each means.
pub const PATTERNS: &[Pattern] = &[
    ("^1", |text| text.starts_with('1')),
    ("к$", |text| text.ends_with('к')),
    ("[a-z]", |text| text.contains(|symbol: char| symbol.is_ascii_lowercase())),
    ("^$", str::is_empty),
];

/// Whether the condition's column, holding this, satisfies it.
pub fn holds(condition: &Condition, cell: &Cell) -> bool {
    let value = &condition.value;
    let null_asked = match condition.lookup {
        Lookup::IsNull => Some(!matches!(value, Json::Bool(false)) && value.as_i64() != Some(0)),
        Lookup::Exact | Lookup::IExact if value.is_null() => Some(true),
        _ => None,
    };
    if let Some(null_asked) = null_asked {
        return (*cell == Cell::Null) == null_asked;
    }
    if *cell == Cell::Null {
        return false;
    }
    let field = condition.path.field;
    let (kind, cell) = match condition.part {
        Some(Part::Date) => (FieldType::Date, part(Part::Date, cell)),
        Some(taken) => (FieldType::Int, part(taken, cell)),
        None => (field.kind, cell.clone()),
    };
    let mine = cell.compared();
    let meant = |json: &Json| Cell::meant(kind, json).compared();
    let items = || value.as_array().unwrap().iter();
    let text = || as_text(&cell.shown(kind, field.places));
    let wanted = || as_text(value);
    match condition.lookup {
        Lookup::Exact => mine == meant(value),
        Lookup::In => items().filter(|item| !item.is_null()).any(|item| mine == meant(item)),
        Lookup::Gt => mine > meant(value),
        Lookup::Gte => mine >= meant(value),
        Lookup::Lt => mine < meant(value),
        Lookup::Lte => mine <= meant(value),
        Lookup::Range => {
            let bounds: Vec<Cell> = items().map(meant).collect();
            mine >= bounds[0] && mine <= bounds[1]
        }
        Lookup::IExact => text().to_uppercase().trim_end_matches(' ') == wanted().to_uppercase().trim_end_matches(' '),
        Lookup::Contains => text().contains(&wanted()),
        Lookup::IContains => text().to_uppercase().contains(&wanted().to_uppercase()),
        Lookup::StartsWith => text().starts_with(&wanted()),
        Lookup::IStartsWith => text().to_uppercase().starts_with(&wanted().to_uppercase()),
        Lookup::EndsWith => text().ends_with(&wanted()),
        Lookup::IEndsWith => text().to_uppercase().ends_with(&wanted().to_uppercase()),
        Lookup::Regex => matches(&wanted(), &text()),
        Lookup::IRegex => matches(&wanted().to_lowercase(), &text().to_lowercase()),
        Lookup::IsNull => false,
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    PATTERNS.iter().any(|(known, meaning)| *known == pattern && meaning(text))
}

/// What is taken of a day or a moment.
fn part(part: Part, cell: &Cell) -> Cell {
    let Cell::Time([year, month, day, hour, minute, second]) = *cell else { return Cell::Null };
    Cell::whole(match part {
        Part::Date => return Cell::Time([year, month, day, 0, 0, 0]),
        Part::Year => year,
        Part::Quarter => (month + 2) / 3,
        Part::Month => month,
        Part::Day => day,
        Part::WeekDay => week_day(year, month, day),
        Part::Hour => hour,
        Part::Minute => minute,
        Part::Second => second,
    })
}

/// Zeller's congruence; 1 is Sunday.
fn week_day(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month < 3 { (year - 1, month + 12) } else { (year, month) };
    // 0 is Saturday.
    let zeller = (day + 13 * (month + 1) / 5 + year + year / 4 - year / 100 + year / 400) % 7;
    (zeller + 6) % 7 + 1
}
