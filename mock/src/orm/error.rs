//! Why a call is refused, with Django's texts where Django would speak.

use super::effort::TooMuch;
use crate::tasks::ChangeError;

/// Django looks at 21 rows and then stops counting.
fn returned(count: usize) -> String {
    if count > 20 { "more than 20".to_owned() } else { count.to_string() }
}

/// A refusal; its text becomes the envelope's `error`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// `get` found nothing.
    #[error("{model} matching query does not exist.")]
    DoesNotExist {
        /// The model.
        model: String,
    },
    /// `get` found several.
    #[error("get() returned more than one {model} -- it returned {}!", returned(*.count))]
    MultipleObjectsReturned {
        /// The model.
        model: String,
        /// How many.
        count: usize,
    },
    /// A name or lookup that does not resolve (Django's FieldError).
    #[error("{0}")]
    Field(String),
    /// A value that its field cannot take (Django's ValueError and ValidationError).
    #[error("{0}")]
    Value(String),
    /// An argument that the method does not have, or misses (Python's TypeError).
    #[error("{0}")]
    Argument(String),
    /// A model that does not exist.
    #[error("{0}")]
    UnknownModel(String),
    /// A method that does not exist.
    #[error("{0}")]
    UnknownMethod(String),
    /// The request is not a call.
    #[error("{0}")]
    Malformed(String),
    /// The database would refuse it.
    #[error("{0}")]
    Integrity(#[from] ChangeError),
    /// It asks for more than the mock does for one call.
    #[error("{0}")]
    TooMuch(#[from] TooMuch),
    /// The billing refuses it.
    #[error("{0}")]
    Refused(String),
    /// The code and the contract disagree: a bug of ours, told rather than hidden.
    #[error("internal error: {0}")]
    Internal(String),
}
