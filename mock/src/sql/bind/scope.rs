//! What a name can mean at a place in the statement.

use super::Binder;
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
                .collect();
            match *found {
                [] => {}
                [(stream, column)] => {
                    let ty = level.streams[stream].columns[column].ty;
                    self.reaches(index);
                    let depth = self.levels.len() - 1 - index;
                    return Ok(Typed { node: Node::Column { depth, stream, column }, ty });
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

fn ambiguous(tables: &[&str], name: &Name) -> SqlError {
    // The blank at the end of the line is Firebird's.
    let line = format!("Ambiguous field name between {} ", tables.join(" and "));
    SqlError::dynamic("42702", -204, &[&line, &name.text])
}
