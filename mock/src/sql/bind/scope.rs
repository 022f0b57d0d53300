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
            let mut found: Option<(usize, usize)> = None;
            for (stream_index, stream) in level.streams.iter().enumerate() {
                if table.is_some_and(|table| table.text != stream.alias) {
                    continue;
                }
                let Some(column) = stream.columns.iter().position(|column| column.name == name.text) else { continue };
                if let Some((earlier, _)) = found {
                    return Err(ambiguous(&level.streams[earlier], stream, name));
                }
                found = Some((stream_index, column));
            }
            if let Some((stream, column)) = found {
                let ty = level.streams[stream].columns[column].ty;
                self.reaches(index);
                let depth = self.levels.len() - 1 - index;
                return Ok(Typed { node: Node::Column { depth, stream, column }, ty });
            }
        }
        let (full, at) = match table {
            Some(table) => (format!("{}.{}", table.text, name.text), table.at),
            None => (name.text.clone(), name.at),
        };
        Err(SqlError::column_unknown(&full, at))
    }
}

fn ambiguous(left: &Stream, right: &Stream, name: &Name) -> SqlError {
    // The blank at the end of the line is Firebird's.
    let line = format!("Ambiguous field name between {} and {} ", left.table, right.table);
    SqlError::dynamic("42702", -204, &[&line, &name.text])
}
