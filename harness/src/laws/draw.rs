//! Drawing conditions from real values.

use carbon_specs::FieldType;
use serde_json::{Value, json};

use super::dice::Dice;
use super::sample::{Column, Sample};

/// Whether values of this kind are ordered the same way everywhere.
pub fn is_ordered(kind: FieldType) -> bool {
    !kind.is_text()
}

/// A column of texts and one of its values; long, Cyrillic and unusual texts take turns with any.
pub fn text<'s>(
    sample: &'s Sample,
    dice: &mut Dice,
    fits: impl Fn(&Column, &str) -> bool,
) -> Option<(&'s Column, String)> {
    let wanted: &[fn(&str) -> bool] = &[
        |text| text.chars().any(|letter| !letter.is_ascii() && letter.is_alphabetic()),
        |text| text.contains(['\'', '"', '&', '<', '>', '\\', '%', '_', '\n']),
        |text| text.chars().count() > 50,
        |text| text.chars().any(|letter| letter.is_ascii_alphabetic()),
        |text| text.ends_with(' ') || text.starts_with(' '),
        |_| true,
    ];
    // Those that nothing fits are passed over.
    for turn in 0..wanted.len() {
        let class = wanted[(dice.case + turn) % wanted.len()];
        let found: Vec<(&Column, &str)> = sample
            .columns
            .iter()
            .filter(|column| column.kind.is_text())
            .flat_map(|column| column.values.iter().filter_map(Value::as_str).map(move |value| (column, value)))
            .filter(|(column, value)| class(value) && fits(column, value))
            .collect();
        if let Some((column, value)) = dice.pick(&found) {
            return Some((column, (*value).to_owned()));
        }
    }
    None
}

/// A part of a text: from the start, to the end, or from the middle.
pub fn part(dice: &mut Dice, text: &str, place: Place) -> String {
    let letters: Vec<char> = text.chars().collect();
    let length = 1 + dice.below(letters.len().saturating_sub(1).clamp(1, 12));
    let length = length.min(letters.len());
    let start = match place {
        Place::Start => 0,
        Place::End => letters.len() - length,
        Place::Middle => dice.below(letters.len() - length + 1),
    };
    letters[start..start + length].iter().collect()
}

/// Where a part is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The beginning.
    Start,
    /// The end.
    End,
    /// Anywhere.
    Middle,
}

/// The other letter case, if there is one: `Тест` and `тЕСТ`. Letters that do not come back are left alone.
pub fn other_case(text: &str) -> String {
    text.chars()
        .map(|letter| {
            let mut swapped = String::new();
            if letter.is_uppercase() {
                swapped.extend(letter.to_lowercase())
            } else {
                swapped.extend(letter.to_uppercase())
            }
            let mut letters = swapped.chars();
            match (letters.next(), letters.next()) {
                (Some(one), None) if one.to_uppercase().eq(letter.to_uppercase()) => one,
                _ => letter,
            }
        })
        .collect()
}

/// Some condition on a column of a table or on one it links to, each row of which is reached at most once.
pub fn condition(sample: &Sample, dice: &mut Dice, table: usize) -> Option<(String, Value)> {
    let own: Vec<&Column> = sample.columns.iter().filter(|column| column.table == table).collect();
    let column = *dice.pick(&own)?;
    if column.kind == FieldType::Fk && dice.one_in(2) {
        // Along the key, to a column of what it points at.
        let to = sample.schema.at(sample.tables[table].model).at(column.field).to?;
        let there: Vec<&Column> =
            sample.columns.iter().filter(|other| sample.tables[other.table].model == to).collect();
        if let Some(target) = dice.pick(&there) {
            let (path, value) = on(dice, target)?;
            return Some((format!("{}__{path}", column.name), value));
        }
    }
    on(dice, column)
}

/// Some condition on a column.
pub fn on(dice: &mut Dice, column: &Column) -> Option<(String, Value)> {
    let value = dice.pick(&column.values)?.clone();
    let other = dice.pick(&column.values)?.clone();
    let name = if column.kind == FieldType::Fk && dice.one_in(2) { &column.column } else { &column.name };
    let lookups: &[&str] = match column.kind {
        FieldType::String | FieldType::Text | FieldType::Ip => &[
            "",
            "__iexact",
            "__contains",
            "__icontains",
            "__startswith",
            "__istartswith",
            "__endswith",
            "__in",
            "__isnull",
        ],
        FieldType::Fk => &["", "__in", "__isnull"],
        FieldType::Flag => &["", "__in", "__gt"],
        FieldType::Date | FieldType::DateTime => {
            &["", "__gt", "__gte", "__lt", "__lte", "__range", "__year", "__isnull"]
        }
        _ => &["", "__gt", "__gte", "__lt", "__lte", "__range", "__in", "__isnull"],
    };
    let lookup = *dice.pick(lookups)?;
    let value = match (lookup, value.as_str()) {
        ("__in", _) => json!([value, other]),
        ("__range", _) => json!([value, other]),
        ("__isnull", _) => json!(dice.one_in(2)),
        ("__year", Some(text)) => json!(text.get(..4)?.parse::<u16>().ok()?),
        ("__contains" | "__icontains", Some(text)) => json!(part(dice, text, Place::Middle)),
        ("__startswith" | "__istartswith", Some(text)) => json!(part(dice, text, Place::Start)),
        ("__endswith", Some(text)) => json!(part(dice, text.trim_end_matches(' '), Place::End)),
        _ => value,
    };
    Some((format!("{name}{lookup}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_case_is_another_spelling_of_the_same_letters() {
        assert_eq!(other_case("Тест abC 1"), "тЕСТ ABc 1");
        for text in ["ß", "ı", "ﬁ", "Ё"] {
            assert_eq!(other_case(text).to_uppercase(), text.to_uppercase());
        }
    }

    #[test]
    fn parts_are_parts() {
        for case in 0..40 {
            let mut dice = Dice::new(3, "parts", case);
            let text = "Подключение услуги";
            assert!(text.starts_with(&part(&mut dice, text, Place::Start)));
            assert!(text.ends_with(&part(&mut dice, text, Place::End)));
            assert!(text.contains(&part(&mut dice, text, Place::Middle)));
            assert_eq!(part(&mut dice, "я", Place::Middle), "я");
        }
    }
}
