//! Texts made short for people: cut, counted, said in one line.

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

/// A form body in one line, as a person would say it:
/// `objects.get {"id":"45"} . set {"a_home_number":"3"} . save {}  fields=["id"]`.
pub fn chain(body: &str) -> String {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(body).unwrap_or_default();
    let mut steps: Vec<(u64, String)> = Vec::new();
    let mut rest = String::new();
    for (key, value) in &pairs {
        let number = |prefix: &str| key.strip_prefix(prefix).and_then(|number| number.parse::<u64>().ok());
        if let Some(number) = number("method") {
            let argument = pairs.iter().rev().find(|(key, _)| *key == format!("arg{number}"));
            let argument = argument.map(|(_, value)| format!(" {value}")).unwrap_or_default();
            steps.retain(|(known, _)| *known != number);
            steps.push((number, format!("{value}{argument}")));
        } else if !number("arg").is_some_and(|number| pairs.iter().any(|(key, _)| *key == format!("method{number}"))) {
            rest.push_str(&format!("  {key}={value}"));
        }
    }
    steps.sort_by_key(|(number, _)| *number);
    let steps: Vec<String> = steps.into_iter().map(|(_, step)| step).collect();
    format!("{}{rest}", steps.join(" . ")).trim().to_owned()
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

    #[test]
    fn a_chain_reads_in_order_with_what_belongs_to_no_step_at_the_end() {
        let body = "method1=objects.get&arg1={\"id\":4084}&method3=save&arg2={}&fields=[\"id\"]";
        assert_eq!(chain(body), "objects.get {\"id\":4084} . save  arg2={}  fields=[\"id\"]");
        assert_eq!(chain("get_version=True"), "get_version=True");
    }
}
