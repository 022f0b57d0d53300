//! The form of a call, read strictly: model, numbered methods, numbered arguments, `fields`.
//!
//! Strict where servers are lenient. What decides whether a call may leave must not read it otherwise than the server does,
//! so a form that can be read in two ways (`method02`, `method 2`, `METHOD2`, a number twice) is not read at all.

/// Where the models live.
pub const API: &str = "/rest_api/v2/";

/// The one call of the page that has no `methodN`.
const GET_VERSION: &str = "get_version";

/// Why a form is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// A bare `;`.
    #[error("the form holds a bare `;`, at which older servers cut it as at `&`: send it as %3B")]
    Semicolon,
    /// It is no form.
    #[error("the form cannot be read: {0}")]
    Unreadable(String),
    /// A method that is none, or not the only one of its number.
    #[error("`{0}` is empty, padded or there twice")]
    Method(String),
    /// A key whose number can be read in two ways, or not at all.
    #[error("`{0}` has no plain number")]
    Number(String),
    /// A key that a call does not have.
    #[error("the form holds `{0}`, which is no part of a call")]
    Key(String),
    /// The path is not a model's, or has more to it (`?`, `%`).
    #[error("`{0}` is not the path of a model")]
    Path(String),
}

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
    /// See [`FormError`].
    pub fn parse(body: &str) -> Result<Self, FormError> {
        if body.contains(';') {
            return Err(FormError::Semicolon);
        }
        let pairs: Vec<(String, String)> =
            serde_urlencoded::from_str(body).map_err(|error| FormError::Unreadable(error.to_string()))?;
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
                    return Err(FormError::Method(key));
                }
                form.methods.push((number, value));
            } else if let Some(number) = key.strip_prefix("arg") {
                form.args.push((numbered(&key, number)?, value));
            } else {
                return Err(FormError::Key(key));
            }
        }
        form.methods.sort_by_key(|(number, _)| *number);
        Ok(form)
    }
}

/// The model that a path names, in its spelling there.
///
/// # Errors
/// [`FormError::Path`].
pub fn model_in(path: &str) -> Result<&str, FormError> {
    path.strip_prefix(API)
        .map(|rest| rest.strip_suffix('/').unwrap_or(rest))
        .filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
        .ok_or_else(|| FormError::Path(path.to_owned()))
}

/// The number of `method3`: plain digits without a leading zero, so that no two spellings mean one number.
fn numbered(key: &str, digits: &str) -> Result<u32, FormError> {
    let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain).ok_or_else(|| FormError::Number(key.to_owned()))
}
