//! Long texts, cut to be shown; things, counted.

use std::fmt::Display;

/// The beginning of a text, with a word on its length. It is cut between words where there are any: half a value would be
/// taken for another one.
pub fn cut(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let begins = &text[..end];
    let between = begins.rfind([' ', ',', '"', '\n']).filter(|place| *place > end / 2).unwrap_or(end);
    format!("{}... ({} characters)", &begins[..between], text.chars().count())
}

/// `1 call`, `2 calls`.
pub fn plural<N: Display + PartialEq + From<u8>>(count: N, one: &str, many: &str) -> String {
    let word = if count == N::from(1) { one } else { many };
    format!("{count} {word}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_words() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("one two three", 10), "one two... (13 characters)");
        assert_eq!(cut("абвгдежз", 4), "абвг... (8 characters)");
    }
}
