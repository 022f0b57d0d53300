//! Django's refusal of a lookup that a field does not have, with the names that it may have meant.

use carbon_specs::FieldType;

use super::error::CallError;
use super::lookup::{LookupKind, Transform};

/// The lookups and transforms that Django's fields have, as far as we have them.
const NAMES: [&str; 27] = [
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
    /// A column of this type.
    Column(FieldType),
    /// A foreign key.
    Forward,
    /// A reverse link.
    Reverse,
}

/// Django's FieldError (`Query.try_transform`).
pub fn unsupported(name: &str, end: End) -> CallError {
    let (class, kind) = match end {
        End::Forward => ("ForeignKey", FieldType::Fk),
        End::Reverse => ("ManyToOneRel", FieldType::Fk),
        End::Column(kind) => (class(kind), kind),
    };
    let known = |known: &&str| {
        LookupKind::parse(known).is_some_and(|lookup| lookup.fits(kind)) || Transform::parse(known, kind).is_some()
    };
    // Of those that are alike to the same degree Python takes the last in the alphabet first.
    let known: Vec<&str> = NAMES.into_iter().rev().filter(known).collect();
    // Of several names at once none is thought to be meant.
    let alone = name.len() <= LONGEST && !name.contains("__");
    let meant = if alone { difflib::get_close_matches(name, known, MOST, ALIKE) } else { Vec::new() };
    let ending = if meant.is_empty() { ".".to_owned() } else { format!(", perhaps you meant {}?", meant.join(" or ")) };
    CallError::Field(format!("Unsupported lookup '{name}' for {class} or join on the field not permitted{ending}"))
}

fn class(kind: FieldType) -> &'static str {
    match kind {
        FieldType::String | FieldType::Ip => "CharField",
        FieldType::Text => "TextField",
        FieldType::Int => "IntegerField",
        FieldType::BigInt | FieldType::Money => "BigIntegerField",
        FieldType::Flag => "SmallIntegerField",
        FieldType::Decimal => "DecimalField",
        FieldType::Date => "DateField",
        FieldType::DateTime => "DateTimeField",
        FieldType::Fk => "ForeignKey",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from Django 5.2.19.
    #[test]
    fn names_that_are_near_are_told_as_django_tells_them() {
        let told = |name: &str, end: End| unsupported(name, end).to_string();
        assert_eq!(
            told("isnul", End::Column(FieldType::Int)),
            "Unsupported lookup 'isnul' for IntegerField or join on the field not permitted, perhaps you meant isnull?"
        );
        assert_eq!(
            told("contain", End::Column(FieldType::String)),
            "Unsupported lookup 'contain' for CharField or join on the field not permitted, perhaps you meant contains or \
             icontains?"
        );
        assert_eq!(
            told("startwith", End::Column(FieldType::Text)),
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
