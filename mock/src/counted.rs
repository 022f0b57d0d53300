//! Things, counted: `1 call`, `2 calls`.

use std::fmt::Display;

/// A number and its word.
pub(crate) fn plural<N: Display + PartialEq + From<u8>>(count: N, one: &str, many: &str) -> String {
    let word = if count == N::from(1) { one } else { many };
    format!("{count} {word}")
}
