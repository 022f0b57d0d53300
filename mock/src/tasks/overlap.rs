//! What happens when a save overlaps a task that still waits.

use super::change::{Change, Patch};

/// How overlapping saves are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlap {
    /// As on the real server: the whole row is written back, and the earlier change is lost.
    #[default]
    Faithful,
    /// Only the columns that a request changed are written: nothing is lost. The overlap is still reported.
    Serialize,
    /// A change of a row that a waiting task is about to change is refused, and one that would be another one afterwards.
    Refuse,
}

impl Overlap {
    /// The change as it is made: under [`Overlap::Serialize`] a whole row becomes the columns that differ from what was read.
    pub fn made(self, change: &Change) -> Change {
        match (self, change) {
            (Self::Serialize, Change::Write { model, pk, base, row }) => {
                let changed = base.iter().zip(row.iter()).enumerate().filter(|(_, (base, value))| base != value);
                let columns = changed
                    .map(|(place, (_, value))| (carbon_specs::FieldId(place), Patch::Set(value.clone())))
                    .collect();
                Change::Patch { model: *model, pk: *pk, columns }
            }
            _ => change.clone(),
        }
    }
}
