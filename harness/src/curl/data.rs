//! The body: `-d` and its relatives, joined by `&`.

use std::fmt::Write;

use super::Files;
use crate::shell::{Piece, Word};

/// What an option adds to the body, by curl's rules for that option.
///
/// A file that cannot be read adds nothing, which is what curl 7.88 does (with a warning; curl 8 gives up).
pub fn part(option: &str, value: &Word, files: Files<'_>) -> String {
    let text = value.text();
    match option {
        "data-raw" => text,
        "data-urlencode" => encoded(value, &text, files),
        "data-binary" | "json" => match text.strip_prefix('@') {
            Some(name) => read(name, files),
            None => text,
        },
        // Only what comes from a file loses its line ends; text on the command line is sent as it is.
        _ => match text.strip_prefix('@') {
            Some(name) => read(name, files).replace(['\r', '\n', '\0'], ""),
            None => text,
        },
    }
}

fn read(name: &str, files: Files<'_>) -> String {
    files(name).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// `content`, `=content`, `name=content`, `@file` or `name@file`: the name as it is, the content encoded.
fn encoded(value: &Word, text: &str, files: Files<'_>) -> String {
    let Some(sign) = text.find(['=', '@']) else { return encode_word(value) };
    let name = &text[..sign];
    let content = if text[sign..].starts_with('=') {
        encode_word(&value.skip(sign + 1))
    } else {
        match files(&text[sign + 1..]) {
            Some(bytes) => encode(&bytes),
            None => return String::new(),
        }
    };
    if name.is_empty() { content } else { format!("{name}={content}") }
}

/// Encodes a word, but leaves `$name` of a variable to be replaced later.
fn encode_word(word: &Word) -> String {
    word.pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text { text, .. } => encode(text.as_bytes()),
            other => other.text(),
        })
        .collect()
}

/// curl's own encoding: unreserved characters stay, a space is `+`, the rest is `%XX` in capitals.
fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(*byte)),
            b' ' => out.push('+'),
            other => {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn encoding_and_decoding_gives_the_pair_back(text in ".*") {
            let body = part("data-urlencode", &Word::from(format!("a={text}").as_str()), &crate::curl::no_files);
            let decoded: Vec<(String, String)> = serde_urlencoded::from_str(&body).unwrap();
            prop_assert_eq!(decoded, [("a".to_owned(), text)]);
        }
    }
}
