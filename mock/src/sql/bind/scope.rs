//! What a name can mean at a place in the statement.

use super::{Binder, types};
use crate::sql::ast::Name;
use crate::sql::error::SqlError;
use crate::sql::plan::{Aggregate, Node, Typed};
use crate::sql::types::Column;

/// One query's tables, as its expressions see them.
#[derive(Debug, Default)]
pub(super) struct Level {
    /// The streams so far.
    pub(super) streams: Vec<Stream>,
    /// The streams in the order in which Firebird lists them when a name is ambiguous: each join reverses its own.
    pub(super) order: Vec<usize>,
    /// The aggregates met so far.
    pub(super) aggregates: Vec<Aggregate>,
    /// Which clause is being bound.
    pub(super) clause: Clause,
    /// Whether an aggregate's argument is being bound.
    pub(super) in_aggregate: bool,
    /// Columns that `USING` made one.
    pub(super) merged: Vec<Merged>,
}

/// Columns of one name that `USING` made one: the first that is not NULL.
#[derive(Debug)]
pub(super) struct Merged {
    /// Their streams and places, the first that was named before all others.
    pub(super) sides: Vec<(usize, usize)>,
}

impl Level {
    /// Where this column was made one with others.
    pub(super) fn merged(&self, stream: usize, column: usize) -> Option<&Merged> {
        self.merged.iter().find(|merged| merged.sides.contains(&(stream, column)))
    }

    /// The value of a column as the level shows it: one for those that `USING` made one.
    pub(super) fn value(&self, depth: usize, stream: usize, column: usize) -> Result<Typed, SqlError> {
        let alone = |(stream, column): (usize, usize)| {
            let ty = self.streams[stream].columns[column].ty;
            Typed { node: Node::Column { depth, stream, column }, ty }
        };
        let Some(merged) = self.merged(stream, column) else { return Ok(alone((stream, column))) };
        let sides: Vec<Typed> = merged.sides.iter().map(|side| alone(*side)).collect();
        let ty = types::common("COALESCE", &sides.iter().collect::<Vec<_>>())?;
        Ok(super::declared(Node::Coalesce(sides), ty))
    }
}

/// A clause, as far as aggregates are concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Clause {
    /// No aggregate yet: `ON`, `WHERE`.
    #[default]
    Where,
    /// `GROUP BY`.
    Group,
    /// Aggregates are welcome.
    Select,
}

/// One table or derived table.
#[derive(Debug)]
pub(super) struct Stream {
    /// What the statement calls it.
    pub(super) alias: String,
    /// Whether that is a name given there, not the table's own.
    pub(super) named: bool,
    /// What it is, for error texts.
    pub(super) table: String,
    /// Its columns.
    pub(super) columns: Vec<Column>,
    /// Which of them the database keeps in an index.
    pub(super) indexed: Vec<usize>,
}

impl Binder<'_> {
    pub(super) fn level(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    /// The column of this name: in the innermost query that has one.
    pub(super) fn column(&mut self, table: Option<&Name>, name: &Name) -> Result<Typed, SqlError> {
        for index in (0..self.levels.len()).rev() {
            let level = &self.levels[index];
            let found: Vec<(usize, usize)> = level
                .order
                .iter()
                .filter(|stream| table.is_none_or(|table| table.text == level.streams[**stream].alias))
                .filter_map(|stream| {
                    let columns = &level.streams[*stream].columns;
                    Some((*stream, columns.iter().position(|column| column.name == name.text)?))
                })
                // Of columns that were made one, the first stands for all.
                .filter(|found| {
                    table.is_some() || level.merged(found.0, found.1).is_none_or(|merged| merged.sides[0] == *found)
                })
                .collect();
            match *found {
                [] => {}
                [(stream, column)] => {
                    let depth = self.levels.len() - 1 - index;
                    let ty = level.streams[stream].columns[column].ty;
                    let value = match table {
                        None => level.value(depth, stream, column)?,
                        Some(_) => Typed { node: Node::Column { depth, stream, column }, ty },
                    };
                    self.reaches(index);
                    return Ok(value);
                }
                _ => {
                    let tables: Vec<&str> =
                        found.iter().map(|(stream, _)| level.streams[*stream].table.as_str()).collect();
                    return Err(ambiguous(&tables, name));
                }
            }
        }
        let (full, at) = match table {
            Some(table) => (format!("{}.{}", table.text, name.text), table.at),
            None => (name.text.clone(), name.at),
        };
        Err(SqlError::column_unknown(&full, at))
    }
}

/// A name that is given twice.
pub(super) fn alias_conflict(alias: &str) -> SqlError {
    let line = format!("alias {alias} conflicts with an alias in the same statement");
    SqlError::dynamic("08001", -204, &[&line])
}

fn ambiguous(tables: &[&str], name: &Name) -> SqlError {
    // The blank at the end of the line is Firebird's.
    let line = format!("Ambiguous field name between {} ", tables.join(" and "));
    SqlError::dynamic("42702", -204, &[&line, &name.text])
}
