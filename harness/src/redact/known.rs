//! Values that a field has shown to be personal: hidden wherever else they stand.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// So many are remembered.
const MOST: usize = 50_000;
/// As much of a value that a report has cut is recognised by its beginning.
const CUT: usize = 4;

/// Remembered values, found in a text in one pass: by their first words.
#[derive(Debug, Default)]
pub(super) struct Known {
    values: HashSet<String>,
    by_first_word: HashMap<String, Vec<String>>,
}

impl Known {
    /// Remembers a value; whatever surrounds its words says nothing.
    pub(super) fn add(&mut self, value: &str) {
        let value = value.trim_matches(|sign| !is_word(sign));
        let Some(first) = first_word(value) else { return };
        if self.values.len() < MOST && self.values.insert(value.to_owned()) {
            let alike = self.by_first_word.entry(first.to_owned()).or_default();
            alike.push(value.to_owned());
            // The longest first, for one may begin as another does.
            alike.sort_by_key(|value| std::cmp::Reverse(value.len()));
        }
    }

    pub(super) fn contains(&self, value: &str) -> bool {
        self.values.contains(value)
    }

    /// A text with the remembered values in it replaced.
    pub(super) fn replace(&self, text: &str, placeholder: &dyn Fn(&str) -> String) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut at = 0;
        let mut rest = 0;
        while let Some(word) = next_word(text, at) {
            match self.value_at(text, &word) {
                Some((end, value)) => {
                    shown.push_str(&text[rest..word.start]);
                    shown.push_str(&placeholder(value));
                    (rest, at) = (end, end);
                }
                None => at = word.end,
            }
        }
        shown.push_str(&text[rest..]);
        shown
    }

    /// The value that begins with this word, and where it ends in the text.
    fn value_at(&self, text: &str, word: &Range<usize>) -> Option<(usize, &str)> {
        let here = &text[word.start..];
        self.by_first_word.get(&text[word.clone()])?.iter().find_map(|value| {
            if here.starts_with(value.as_str()) {
                let ends = !here[value.len()..].chars().next().is_some_and(is_word);
                return ends.then_some((word.start + value.len(), value.as_str()));
            }
            let shared = here.bytes().zip(value.bytes()).take_while(|(one, other)| one == other).count();
            let cut = here.get(shared..).is_some_and(|after| after.starts_with("...") || after.starts_with('…'));
            (cut && shared >= CUT).then_some((word.start + shared, value.as_str()))
        })
    }
}

fn is_word(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_'
}

fn first_word(text: &str) -> Option<&str> {
    next_word(text, 0).map(|word| &text[word])
}

fn next_word(text: &str, from: usize) -> Option<Range<usize>> {
    let start = from + text.get(from..)?.find(is_word)?;
    let length = text[start..].find(|sign| !is_word(sign)).unwrap_or(text.len() - start);
    Some(start..start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(values: &[&str]) -> Known {
        let mut known = Known::default();
        values.iter().for_each(|value| known.add(value));
        known
    }

    #[test]
    fn values_are_found_as_whole_words_the_longest_first() {
        let known = known(&["makarov", "makarov 1", "+79990001122", "Иванов Иван"]);
        let shown = |text: &str| known.replace(text, &|value| format!("<{}>", value.len()));
        assert_eq!(shown("makarov 1, makarov, makarov_2, xmakarov"), "<9>, <7>, makarov_2, xmakarov");
        assert_eq!(shown("sms=+79990001122;"), "sms=+<11>;");
        assert_eq!(shown("Иванов Иван Иванович"), "<21> Иванович");
        assert_eq!(shown("Иванов Ив... (400 characters)"), "<21>... (400 characters)");
        assert_eq!(shown(""), "");
    }
}
