//! A form body as ordered pairs, as Django's `QueryDict` reads it, except that what Django would silently replace
//! (a broken `%`, bytes that are no UTF-8) is told.
//!
//! `serde_urlencoded` replaces silently too, so it only serves as the oracle of the tests.

use super::error::WireError;

/// One `key=value` of the body, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The key; all of the pair where there is no `=`.
    pub key: String,
    /// The value; empty where there is no `=`.
    pub value: String,
    /// Whether the client wrote a bare `+` in a value that is not percent-encoded otherwise: it arrives as a space,
    /// and was hardly meant so.
    pub bare_plus: bool,
    /// Whether there is a bare `;` in the value: Python 2, which old Djangos run on, takes it for a `&`.
    pub bare_semicolon: bool,
    /// Whether there was a `=`.
    pub has_equals: bool,
}

/// Splits on `&`, then on the first `=`; `+` is a space; percent-decoding; bare UTF-8 is accepted.
pub fn pairs(body: &[u8], most: usize) -> Result<Vec<Pair>, WireError> {
    let mut pairs = Vec::new();
    for segment in body.split(|byte| *byte == b'&').filter(|segment| !segment.is_empty()) {
        if pairs.len() == most {
            return Err(WireError::TooManyPairs { most });
        }
        let equals = segment.iter().position(|byte| *byte == b'=');
        let (raw_key, raw_value) = match equals {
            Some(at) => (&segment[..at], &segment[at + 1..]),
            None => (segment, &[][..]),
        };
        let key = decode(raw_key).map_err(|fault| fault.of("a key of the body", raw_key))?;
        let value = decode(raw_value).map_err(|fault| fault.of(&shown(&key), raw_value))?;
        // A client that encodes leaves no quotes, braces or spaces; one that does not encode means its `+` literally.
        let unencoded = raw_value.iter().any(|byte| matches!(byte, b'"' | b'{' | b'[' | b' '));
        let bare_plus = unencoded && raw_value.contains(&b'+');
        let bare_semicolon = raw_value.contains(&b';');
        pairs.push(Pair { key, value, bare_plus, bare_semicolon, has_equals: equals.is_some() });
    }
    Ok(pairs)
}

/// What is wrong with the encoding of a key or value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A `%` without two hexadecimal digits, at this byte.
    Percent(usize),
    /// The decoded bytes are no UTF-8 from this byte of theirs on.
    Utf8(usize),
}

impl Fault {
    fn of(self, place: &str, raw: &[u8]) -> WireError {
        let place = place.to_owned();
        match self {
            Self::Percent(at) => {
                let end = raw.len().min(at + 3);
                let found = String::from_utf8_lossy(&raw[at..end]).into_owned();
                WireError::Percent { place, at: at + 1, found }
            }
            Self::Utf8(at) => WireError::Utf8 { place, at: at + 1 },
        }
    }
}

/// Decodes one key or value.
pub fn decode(raw: &[u8]) -> Result<String, Fault> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(byte) = raw.get(at) {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digit = |place: usize| raw.get(place).and_then(|byte| char::from(*byte).to_digit(16));
                let (Some(high), Some(low)) = (digit(at + 1), digit(at + 2)) else {
                    return Err(Fault::Percent(at));
                };
                bytes.push((high * 16 + low) as u8);
                at += 2;
            }
            _ => bytes.push(*byte),
        }
        at += 1;
    }
    String::from_utf8(bytes).map_err(|error| Fault::Utf8(error.utf8_error().valid_up_to()))
}

/// A key or value for a message: in backticks, cut where it is long.
pub fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let mut cut: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    if text.chars().nth(MOST).is_some() {
        cut.push_str("...");
    }
    format!("`{}`", cut.replace("\\\"", "\"").replace("\\'", "'"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &[(&str, &str)]) {
        let pairs = pairs(body.as_bytes(), 100).unwrap();
        let pairs: Vec<_> = pairs.iter().map(|pair| (pair.key.as_str(), pair.value.as_str())).collect();
        assert_eq!(pairs, expected);
    }

    #[test]
    fn bodies_split_as_djangos_do() {
        check("a=1&b=2", &[("a", "1"), ("b", "2")]);
        check("a=1=2", &[("a", "1=2")]);
        check("&&a&=b&", &[("a", ""), ("", "b")]);
        check("a=%2B+%d0%96Ж", &[("a", "+ ЖЖ")]);
        check("arg2{\"x\":1}", &[("arg2{\"x\":1}", "")]);
        check("", &[]);
    }

    #[test]
    fn broken_encoding_is_told_with_its_place() {
        assert_eq!(decode(b"50%"), Err(Fault::Percent(2)));
        assert_eq!(decode(b"%4"), Err(Fault::Percent(0)));
        assert_eq!(decode(b"a%zz"), Err(Fault::Percent(1)));
        assert_eq!(decode(b"a%FF"), Err(Fault::Utf8(1)));
        assert_eq!(decode(b"\xd0"), Err(Fault::Utf8(0)));
    }

    #[test]
    fn a_bare_plus_is_noticed_only_in_a_body_that_is_not_encoded() {
        assert!(pairs(br#"arg1={"a":"+7"}"#, 9).unwrap()[0].bare_plus);
        assert!(!pairs(b"arg1=%7B%22a%22%3A+1%7D", 9).unwrap()[0].bare_plus);
        assert!(!pairs(br#"arg1={"a":"%2B7"}"#, 9).unwrap()[0].bare_plus);
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_what_is_accepted_is_what_serde_urlencoded_reads(
            body in proptest::collection::vec(any::<u8>(), 0..80)
        ) {
            if let Ok(pairs) = pairs(&body, 100) {
                let ours: Vec<(String, String)> = pairs.into_iter().map(|pair| (pair.key, pair.value)).collect();
                let theirs: Vec<(String, String)> = serde_urlencoded::from_bytes(&body).unwrap();
                prop_assert_eq!(ours, theirs);
            }
        }

        #[test]
        fn what_a_client_encodes_is_read_back(given in proptest::collection::vec((".*", ".*"), 0..6)) {
            let body = serde_urlencoded::to_string(&given).unwrap();
            let pairs = pairs(body.as_bytes(), 100).unwrap();
            let ours: Vec<(String, String)> = pairs.into_iter().map(|pair| (pair.key, pair.value)).collect();
            prop_assert_eq!(ours, given);
        }
    }
}
