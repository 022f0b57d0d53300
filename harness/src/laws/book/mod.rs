//! The laws, one file for each part of the protocol.

mod lookups;
mod sets;
mod single;

use super::law::Law;

/// All laws about calls of their own, in the order in which they are shown.
pub fn all() -> Vec<Law> {
    [lookups::LAWS, sets::LAWS, single::LAWS].concat()
}
