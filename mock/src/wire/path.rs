//! Paths of the API: `/rest_api/v2/<Model>/`.

use super::{ROOT, form};

/// The model that a path names, decoded, with or without a slash at its end.
pub fn model_in(path: &str) -> Option<String> {
    let name = path.strip_prefix(ROOT)?;
    let name = name.strip_suffix('/').unwrap_or(name);
    (!name.is_empty() && !name.contains('/')).then(|| decode_path(name)).flatten()
}

/// A part of a path, percent-decoded (a `+` stays one there); none where that is broken.
pub fn decode_path(part: &str) -> Option<String> {
    form::decode(part.replace('+', "%2B").as_bytes()).ok()
}

/// What a reply echoes as `call`.
pub fn call_path(model: &str) -> String {
    format!("{ROOT}{model}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_one_model() {
        assert_eq!(model_in("/rest_api/v2/tarif"), Some("tarif".into()));
        assert_eq!(model_in("/rest_api/v2/%D0%96/"), Some("Ж".into()));
        for path in ["/rest_api/v2/", "/rest_api/v2/a/b/", "/rest_api/v1/Users/", "/", "/rest_api/v2/%zz/"] {
            assert_eq!(model_in(path), None, "{path}");
        }
    }
}
