//! Reads texts that are spelled for a URL, for JSON or for HTML: `%40`, `\u0418`, `&#1048;` hide a value from a pattern,
//! and from nobody else.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// JSON within JSON escapes twice.
const DEEP: usize = 3;

static ESCAPES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:\\+u(?P<unit>[0-9A-Fa-f]{4}))+|&#(?P<number>\d{1,7});|&#[xX](?P<hex>[0-9A-Fa-f]{1,6});|(?:%[0-9A-Fa-f]{2})+|\\+[nrt]").ok()
});

/// The text as it is meant; nothing if it is spelled plainly.
pub(super) fn read(text: &str) -> Option<String> {
    let escapes = ESCAPES.as_ref().filter(|escapes| escapes.is_match(text))?;
    let mut read = text.to_owned();
    for _ in 0..DEEP {
        let again = escapes.replace_all(&read, meant).into_owned();
        if again == read {
            break;
        }
        read = again;
    }
    (read != text).then_some(read)
}

fn meant(found: &Captures<'_>) -> String {
    let all = &found[0];
    let letter = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    if let Some(number) = found.name("number") {
        return letter(number.as_str(), 10).map_or_else(|| all.to_owned(), String::from);
    }
    if let Some(hex) = found.name("hex") {
        return letter(hex.as_str(), 16).map_or_else(|| all.to_owned(), String::from);
    }
    if all.ends_with(['n', 'r', 't']) {
        // The end of a line is where a value ends; a report's lines are its own.
        return "; ".to_owned();
    }
    if all.starts_with('%') {
        let bytes: Vec<u8> = all.split('%').filter_map(|digits| u8::from_str_radix(digits, 16).ok()).collect();
        return String::from_utf8(bytes).unwrap_or_else(|_| all.to_owned());
    }
    let units: Vec<u16> =
        all.split('u').filter_map(|digits| u16::from_str_radix(digits.trim_end_matches('\\'), 16).ok()).collect();
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_read() {
        for spelled in
            ["\\u0418\\u0432\\u0430\\u043d", "\\\\u0418\\\\u0432ан", "%D0%98%D0%B2%D0%B0%D0%BD", "&#1048;&#x432;ан"]
        {
            assert_eq!(read(spelled).as_deref(), Some("Иван"), "{spelled}");
        }
        assert_eq!(read("one\\n\\\\t2").as_deref(), Some("one; ; 2"));
        for plain in ["plain", "50%, 100 %ab", "c:\\users"] {
            assert_eq!(read(plain), None, "{plain}");
        }
    }
}
