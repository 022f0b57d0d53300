//! Django's refusal of a lookup that a field does not have, with the names that it may have meant.

use carbon_specs::FieldType;

use super::error::CallError;
use super::lookup::LookupKind;
use super::transform::{Kind, Transform};

/// The lookups and transforms that Django's fields have, as far as we have them.
const NAMES: [&str; 30] = [
    "contains",
    "date",
    "day",
    "endswith",
    "exact",
    "gt",
    "gte",
    "hour",
    "icontains",
    "iendswith",
    "iexact",
    "in",
    "iregex",
    "isnull",
    "iso_week_day",
    "iso_year",
    "istartswith",
    "lt",
    "lte",
    "minute",
    "month",
    "quarter",
    "range",
    "regex",
    "second",
    "startswith",
    "time",
    "week",
    "week_day",
    "year",
];

/// Python's `difflib.get_close_matches` with its usual bounds.
const MOST: usize = 3;
const ALIKE: f32 = 0.6;
/// No name is so long that a longer word could be like it; and comparing takes the square of the length.
const LONGEST: usize = 64;

/// What a name comes after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A column, or what was taken of it.
    Column(Kind),
    /// A foreign key.
    Forward,
    /// A reverse link.
    Reverse,
}

/// Django's FieldError (`Query.try_transform`) for the first of these names; those after it are told with it.
pub fn unsupported(names: &[&str], end: End) -> CallError {
    let name = names.first().copied().unwrap_or_default();
    let (class, kind) = match end {
        End::Forward => ("ForeignKey", Kind::Column(FieldType::Fk)),
        End::Reverse => ("ManyToOneRel", Kind::Column(FieldType::Fk)),
        End::Column(kind) => (kind.class(), kind),
    };
    let known = |known: &&str| {
        LookupKind::parse(known).is_some_and(|lookup| lookup.fits(kind)) || Transform::parse(known, kind).is_some()
    };
    // Of those that are alike to the same degree Python takes the last in the alphabet first.
    let known: Vec<&str> = NAMES.into_iter().rev().filter(known).collect();
    let meant = if name.len() <= LONGEST { difflib::get_close_matches(name, known, MOST, ALIKE) } else { Vec::new() };
    let ending = if meant.is_empty() { ".".to_owned() } else { format!(", perhaps you meant {}?", meant.join(" or ")) };
    CallError::Field(format!(
        "Unsupported lookup '{}' for {class} or join on the field not permitted{ending}",
        names.join("__")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from Django 5.2.19.
    #[test]
    fn names_that_are_near_are_told_as_django_tells_them() {
        let told = |name: &str, end: End| unsupported(&[name], end).to_string();
        assert_eq!(
            told("isnul", End::Column(Kind::Column(FieldType::Int))),
            "Unsupported lookup 'isnul' for IntegerField or join on the field not permitted, perhaps you meant isnull?"
        );
        assert_eq!(
            told("contain", End::Column(Kind::Column(FieldType::String))),
            "Unsupported lookup 'contain' for CharField or join on the field not permitted, perhaps you meant contains or \
             icontains?"
        );
        assert_eq!(
            told("startwith", End::Column(Kind::Column(FieldType::Text))),
            "Unsupported lookup 'startwith' for TextField or join on the field not permitted, perhaps you meant startswith or \
             istartswith?"
        );
        assert_eq!(
            told("nosuch", End::Reverse),
            "Unsupported lookup 'nosuch' for ManyToOneRel or join on the field not permitted."
        );
        assert!(told(&"x".repeat(1_000_000), End::Forward).ends_with("permitted."));
    }
}
