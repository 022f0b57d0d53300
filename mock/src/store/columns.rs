//! Columns copied out of a table's rows, to be looked through.
//!
//! Where many rows are looked through, following each to one of its values costs several times as much as comparing it. The
//! keys are cut into stretches of about a thousand; each keeps the columns that were asked of it, until a row in it changes. So a
//! change costs the next look a thousand rows, not all of them.

use std::sync::{Arc, OnceLock};

use carbon_specs::FieldId;
use imbl::OrdMap;

use super::table::{Pk, Row};
use super::value::Value;

/// So many rows make a stretch when the keys are cut.
const WIDTH: usize = 1024;

/// The stretches of one table.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    /// By the key that no key of a stretch is below; the next stretch begins where one ends.
    cut: OnceLock<OrdMap<Pk, Arc<Copied>>>,
    /// Rows that have come since the keys were cut: they make a stretch longer.
    come: usize,
}

/// What is copied of one stretch.
#[derive(Debug, Default)]
struct Copied {
    keys: OnceLock<Box<[Pk]>>,
    columns: OnceLock<Vec<OnceLock<Box<[Value]>>>>,
}

impl Columns {
    /// The stretches, in the order of their keys.
    pub(super) fn stretches<'t>(&'t self, rows: &'t OrdMap<Pk, Row>) -> impl Iterator<Item = Stretch<'t>> {
        let cut = self.cut.get_or_init(|| {
            let starts = rows.keys().step_by(WIDTH).skip(1).copied();
            // Whatever key comes below those there are belongs to the first.
            std::iter::once(Pk::MIN).chain(starts).map(|from| (from, Arc::default())).collect()
        });
        let ends = cut.keys().skip(1).map(|next| Some(*next)).chain([None]);
        cut.iter().zip(ends).map(|((from, copied), until)| Stretch { from: *from, until, copied, rows })
    }

    /// The row of this key is another, has come or has gone.
    pub(super) fn changed(&mut self, pk: Pk, is_new: bool, rows: usize) {
        self.come += usize::from(is_new);
        if self.come > (8 * WIDTH).max(rows / 4) {
            *self = Self::default();
        }
        let Some(cut) = self.cut.get_mut() else { return };
        if let Some((from, _)) = cut.get_prev(&pk) {
            // Also where nothing is copied yet: an earlier version of the table may copy its own rows there.
            let from = *from;
            cut.insert(from, Arc::default());
        }
    }
}

/// Rows of neighbouring keys.
#[derive(Clone, Copy, Debug)]
pub struct Stretch<'t> {
    from: Pk,
    until: Option<Pk>,
    copied: &'t Copied,
    rows: &'t OrdMap<Pk, Row>,
}

impl<'t> Stretch<'t> {
    fn rows(&self) -> impl Iterator<Item = (&'t Pk, &'t Row)> + use<'t> {
        let until = self.until;
        self.rows.range(self.from..).take_while(move |(pk, _)| until.is_none_or(|until| **pk < until))
    }

    /// The keys, ascending.
    pub fn keys(&self) -> &'t [Pk] {
        self.copied.keys.get_or_init(|| self.rows().map(|(pk, _)| *pk).collect())
    }

    /// A column, in the order of the keys.
    pub fn column(&self, field: FieldId) -> &'t [Value] {
        // A stretch is known to hold copies by its keys.
        self.keys();
        let fields = || self.rows().next().map_or(0, |(_, row)| row.len());
        let columns = self.copied.columns.get_or_init(|| (0..fields()).map(|_| OnceLock::new()).collect());
        match columns.get(field.0) {
            Some(column) => column.get_or_init(|| self.rows().map(|(_, row)| row[field.0].clone()).collect()),
            None => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(number: i64) -> Row {
        Arc::from([Value::Int(number), Value::Int(number % 7)])
    }

    fn copied(columns: &Columns, rows: &OrdMap<Pk, Row>) -> Vec<(Pk, Value)> {
        let mut copied = Vec::new();
        for stretch in columns.stretches(rows) {
            copied.extend(stretch.keys().iter().copied().zip(stretch.column(FieldId(1)).iter().cloned()));
        }
        copied
    }

    fn first_difference(one: &[(Pk, Value)], other: &[(Pk, Value)]) -> String {
        let at = one.iter().zip(other).position(|(one, other)| one != other);
        format!("{at:?} {:?} {:?} of {} and {}", at.map(|at| &one[at]), at.map(|at| &other[at]), one.len(), other.len())
    }

    proptest! {
        /// Whatever comes, goes and changes, and however often it is looked at meanwhile, the copies are the rows.
        #[test]
        fn copies_are_the_rows(changes in prop::collection::vec((-3000_i64..9000, any::<Option<i64>>(), 0..40_u8), 1..300)) {
            let mut rows: OrdMap<Pk, Row> = (0..3000).map(|pk| (pk, row(pk))).collect();
            let mut columns = Columns::default();
            for (pk, number, look) in changes {
                let before = (look == 1).then(|| (columns.clone(), rows.clone()));
                let is_new = match number {
                    Some(number) => rows.insert(pk, row(number)).is_none(),
                    None => {
                        rows.remove(&pk);
                        false
                    }
                };
                columns.changed(pk, is_new, rows.len());
                let expected = |rows: &OrdMap<Pk, Row>| -> Vec<(Pk, Value)> {
                    rows.iter().map(|(pk, row)| (*pk, row[1].clone())).collect()
                };
                if let Some((columns, rows)) = before {
                    prop_assert!(copied(&columns, &rows) == expected(&rows), "an earlier version");
                }
                if look < 4 {
                    prop_assert!(copied(&columns, &rows) == expected(&rows), "{:?}", first_difference(&copied(&columns, &rows), &expected(&rows)));
                }
            }
        }
    }
}
