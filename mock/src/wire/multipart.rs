//! `multipart/form-data`, which Django reads as it reads a plain form: PHP's curl sends it for an array of fields.

use super::error::WireError;
use super::form::{Pair, shown};

/// The boundary in a content type; none if it is no multipart form.
pub fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (name.trim().eq_ignore_ascii_case("boundary") && !value.is_empty()).then_some(value)
    })
}

/// The fields of the form. Files are not fields: Django keeps them elsewhere, and so they do not count.
pub fn pairs(body: &[u8], boundary: &str, most: usize) -> Result<Vec<Pair>, WireError> {
    let wrong = |problem: &str| WireError::Multipart { problem: problem.to_owned() };
    let delimiter = format!("--{boundary}");
    // Every delimiter but the first stands at the start of a line.
    let mut rest = body.strip_prefix(b"\r\n").unwrap_or(body);
    rest = rest.strip_prefix(delimiter.as_bytes()).ok_or_else(|| wrong("it does not start with its boundary"))?;
    let between = format!("\r\n{delimiter}");
    let mut pairs = Vec::new();
    while !rest.starts_with(b"--") {
        let part = rest.strip_prefix(b"\r\n").ok_or_else(|| wrong("a boundary does not end its line"))?;
        let end = find(part, between.as_bytes()).ok_or_else(|| wrong("it breaks off before its last boundary"))?;
        rest = &part[end + between.len()..];
        let part = &part[..end];
        let head = find(part, b"\r\n\r\n").ok_or_else(|| wrong("a part has no empty line after its headers"))?;
        let headers = String::from_utf8_lossy(&part[..head]);
        let disposition = headers
            .split("\r\n")
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition"))
            .map(|(_, value)| value.to_owned())
            .ok_or_else(|| wrong("a part has no Content-Disposition"))?;
        if parameter(&disposition, "filename").is_some() {
            continue;
        }
        let key = parameter(&disposition, "name").ok_or_else(|| wrong("a part has no name"))?;
        let value = &part[head + 4..];
        let value = String::from_utf8(value.to_vec())
            .map_err(|error| WireError::Utf8 { place: shown(&key), at: error.utf8_error().valid_up_to() + 1 })?;
        if pairs.len() == most {
            return Err(WireError::TooManyPairs { most });
        }
        pairs.push(Pair { key, value, bare_plus: false, bare_semicolon: false, has_equals: true });
    }
    Ok(pairs)
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// `name` in `form-data; name="arg1"`.
fn parameter(disposition: &str, wanted: &str) -> Option<String> {
    disposition.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        (name.trim() == wanted).then(|| value.trim().trim_matches('"').to_owned())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // What `curl -F method1=objects.get -F 'arg1={"sms":"+7"}'` sends, and a file.
    const BODY: &str = "--X1\r\nContent-Disposition: form-data; name=\"method1\"\r\n\r\nobjects.get\r\n\
        --X1\r\nContent-Disposition: form-data; name=\"arg1\"\r\nContent-Type: text/plain\r\n\r\n{\"sms\":\"+7\"}\r\n\
        --X1\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f.txt\"\r\n\r\n\0\r\n--X1--\r\n";

    #[test]
    fn fields_are_taken_as_they_are_and_files_left() {
        let pairs = pairs(BODY.as_bytes(), "X1", 9).unwrap();
        let pairs: Vec<_> = pairs.iter().map(|pair| (pair.key.as_str(), pair.value.as_str())).collect();
        assert_eq!(pairs, [("method1", "objects.get"), ("arg1", "{\"sms\":\"+7\"}")]);
    }

    #[test]
    fn the_boundary_comes_from_the_content_type() {
        assert_eq!(boundary("multipart/form-data; boundary=X1"), Some("X1"));
        assert_eq!(boundary("Multipart/Form-Data; charset=utf-8; boundary=\"X 1\""), Some("X 1"));
        assert_eq!(boundary("multipart/form-data"), None);
        assert_eq!(boundary("application/x-www-form-urlencoded; boundary=1"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(cut in 0..BODY.len(), change in any::<u8>(), at in 0..BODY.len()) {
            let mut body = BODY.as_bytes().to_vec();
            body[at] = change;
            let _ = pairs(&body, "X1", 9);
            prop_assert!(pairs(&BODY.as_bytes()[..cut.min(BODY.len() - 5)], "X1", 9).is_err());
        }
    }
}
