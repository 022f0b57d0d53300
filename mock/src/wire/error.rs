//! Why a body is no call.

use super::ROOT;

/// Why a body is no call; its text becomes the envelope's `error`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The path names no model.
    #[error("{0} is not {ROOT}<Model>/")]
    Path(String),
    /// There is nothing to call.
    #[error("no method1: the body must be a form like method1=objects.get&arg1={{\"id\":1}}{}", hint(.found))]
    NoMethod {
        /// What the body held instead.
        found: String,
    },
    /// A method without a name.
    #[error("{name} is empty: it must name a method, like objects.filter")]
    EmptyMethod {
        /// `methodN`.
        name: String,
    },
    /// A number beyond bounds.
    #[error("{0}: the number is too large")]
    Number(String),
    /// Too many methods.
    #[error("the chain has more than {most} methods")]
    TooManySteps {
        /// The bound.
        most: usize,
    },
    /// Too many pairs.
    #[error("the body has more than {most} pairs")]
    TooManyPairs {
        /// The bound.
        most: usize,
    },
    /// A `%` that encodes nothing.
    #[error("{place}: broken percent-encoding `{found}` at byte {at} (a literal % is sent as %25)")]
    Percent {
        /// The key.
        place: String,
        /// From 1, in the value as sent.
        at: usize,
        /// What is there.
        found: String,
    },
    /// Not UTF-8.
    #[error("{place} is not UTF-8 (byte {at} after decoding)")]
    Utf8 {
        /// The key.
        place: String,
        /// From 1.
        at: usize,
    },
    /// A multipart form that is none.
    #[error("the multipart form is broken: {problem}")]
    Multipart {
        /// What is wrong.
        problem: String,
    },
    /// Not a form at all.
    #[error("the body is {found}: it must be a form (application/x-www-form-urlencoded)")]
    NotAForm {
        /// Its content type.
        found: String,
    },
    /// An argument or `fields` is no JSON.
    #[error("{name} is not JSON: {problem} (character {column}, near {near})")]
    NotJson {
        /// `argN` or `fields`.
        name: String,
        /// The character, from 1.
        column: usize,
        /// What was expected.
        problem: String,
        /// The text around it.
        near: String,
    },
    /// An argument of the wrong kind.
    #[error("{name} must be a JSON object or list, not {found}")]
    NotAnArgument {
        /// `argN`.
        name: String,
        /// What it is.
        found: &'static str,
    },
    /// `fields` of the wrong kind.
    #[error("fields must be a JSON list of names, like [\"id\", \"name\"]: {problem}")]
    Fields {
        /// What is wrong.
        problem: String,
    },
}

fn hint(found: &str) -> String {
    if found.is_empty() { "; it is empty".to_owned() } else { format!("; it has {found}") }
}
