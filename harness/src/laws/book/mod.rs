//! The laws, one file for each part of the protocol.

mod links;
mod lookups;
mod orders;
mod sets;
mod single;

use super::law::Law;

/// All laws about calls of their own, in the order in which they are shown.
pub fn all() -> Vec<Law> {
    [lookups::LAWS, sets::LAWS, links::LAWS, orders::LAWS, single::LAWS].concat()
}
