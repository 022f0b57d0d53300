//! The form of a call, read strictly: model, numbered methods, numbered arguments, `fields`.
//!
//! Strict where servers are lenient. What decides whether a call may leave must not read it otherwise than the server does,
//! so a form that can be read in two ways (`method02`, `method 2`, `METHOD2`, a number twice) is not read at all.

/// Where the models live.
pub const API: &str = "/rest_api/v2/";

/// The one call of the page that has no `methodN`.
const GET_VERSION: &str = "get_version";

/// A form, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// The methods in the order of their numbers, each number once.
    pub methods: Vec<(u32, String)>,
    /// The arguments as they stand, in the order they were sent; a number may be there twice.
    pub args: Vec<(u32, String)>,
    /// The values of `fields`.
    pub fields: Vec<String>,
}

impl Form {
    /// Reads a body.
    ///
    /// # Errors
    /// A sentence: a key that is no part of a call, a number that is not plain, a method that is empty, padded or there twice.
    pub fn parse(body: &str) -> Result<Self, String> {
        if body.contains(';') {
            return Err("the form holds a bare `;`, at which older servers cut it as at `&`: send it as %3B".to_owned());
        }
        let pairs: Vec<(String, String)> =
            serde_urlencoded::from_str(body).map_err(|error| format!("the form cannot be read: {error}"))?;
        let mut form = Self::default();
        for (key, value) in pairs {
            if key == "fields" {
                form.fields.push(value);
            } else if key == GET_VERSION {
                form.methods.push((0, key));
            } else if let Some(number) = key.strip_prefix("method") {
                let number = numbered(&key, number)?;
                let twice = form.methods.iter().any(|(known, _)| *known == number);
                if value.trim().is_empty() || value.trim() != value || twice {
                    return Err(format!("`{key}` is empty, padded or there twice"));
                }
                form.methods.push((number, value));
            } else if let Some(number) = key.strip_prefix("arg") {
                form.args.push((numbered(&key, number)?, value));
            } else {
                return Err(format!("the form holds `{key}`, which is no part of a call"));
            }
        }
        form.methods.sort_by_key(|(number, _)| *number);
        Ok(form)
    }
}

/// The model that a path names, in its spelling there.
///
/// # Errors
/// A sentence: a path that is not a model's, or has more to it (`?`, `%`).
pub fn model_in(path: &str) -> Result<&str, String> {
    path.strip_prefix(API)
        .map(|rest| rest.strip_suffix('/').unwrap_or(rest))
        .filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
        .ok_or_else(|| format!("`{path}` is not the path of a model"))
}

/// The number of `method3`: plain digits without a leading zero, so that no two spellings mean one number.
fn numbered(key: &str, digits: &str) -> Result<u32, String> {
    let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain).ok_or_else(|| format!("`{key}` has no plain number"))
}
