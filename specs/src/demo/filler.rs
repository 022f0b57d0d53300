//! Subscribers beyond those the page names.

use super::DemoRow;
use crate::schema::Schema;

/// Rows for this many further subscribers, the same ones every time.
pub fn filler(_schema: &Schema, _abonents: usize) -> impl Iterator<Item = DemoRow> {
    std::iter::empty()
}
