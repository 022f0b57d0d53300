//! Lists, printed piece by piece while they are sent: of objects, of objects by key, of the rows of `values()`.

use carbon_specs::ModelId;
use serde_json::Value as Json;

use super::convert;
use super::error::CallError;
use super::project::{Printer, Shape};
use super::query::{Query, Select};
use crate::pyjson;
use crate::store::{Pk, Table, Value};

/// Which rows a list is made of.
pub enum Listed {
    /// These, in this order.
    Keys(std::vec::IntoIter<Pk>),
    /// All of the model from this key on; none past the greatest key there can be. No list of them is held.
    From(Option<Pk>),
}

impl Listed {
    /// Rows of these keys.
    pub fn keys(keys: Vec<Pk>) -> Self {
        Self::Keys(keys.into_iter())
    }

    /// Every row.
    pub fn all() -> Self {
        Self::From(Some(Pk::MIN))
    }

    /// The next row's key, which stays the next.
    pub fn peek(&self, table: &Table) -> Option<Pk> {
        match self {
            Self::Keys(keys) => keys.as_slice().first().copied(),
            Self::From(least) => table.key_from((*least)?),
        }
    }

    fn next(&mut self, table: &Table) -> Option<Pk> {
        let next = self.peek(table)?;
        match self {
            Self::Keys(keys) => keys.next(),
            Self::From(least) => {
                *least = next.checked_add(1);
                Some(next)
            }
        }
    }
}

/// How a list of objects is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One after another.
    List,
    /// Each under its key: `in_bulk()`.
    ByKey,
}

/// A list of objects: pieces of JSON, the brackets among them.
///
/// # Errors
/// An object that cannot be printed ends the list.
pub fn objects(
    printer: Printer,
    model: ModelId,
    mut rows: Listed,
    shape: Shape,
    form: Form,
) -> impl Iterator<Item = Result<Vec<u8>, CallError>> + Send {
    let print = move || -> Option<Result<Vec<u8>, CallError>> {
        let pk = rows.next(printer.store().table(model))?;
        let mut out = Vec::with_capacity(512);
        if form == Form::ByKey {
            out.extend_from_slice(format!("\"{pk}\": ").as_bytes());
        }
        Some(printer.row(&mut out, model, pk, &shape).map(|()| out))
    };
    bracketed(if form == Form::ByKey { *b"{}" } else { *b"[]" }, std::iter::from_fn(print))
}

/// The rows of `values()`: objects, or for `values_list()` lists.
pub fn values(
    query: Query,
    select: Select,
    rows: Vec<Vec<Value>>,
) -> impl Iterator<Item = Result<Vec<u8>, CallError>> + Send {
    let print = move |row: Vec<Value>| {
        let mut out = Vec::new();
        pyjson::write(&mut out, &value(&query, &select, &row));
        Ok(out)
    };
    bracketed(*b"[]", rows.into_iter().map(print))
}

/// One row of `values()`.
pub fn value(query: &Query, select: &Select, row: &[Value]) -> Json {
    let schema = query.schema();
    let cells = row.iter().zip(&select.columns).map(|(value, column)| {
        let kind = schema.at(query.aliases[column.alias].model).at(column.field).kind;
        (column.name.clone(), convert::to_json(kind, value))
    });
    if select.named { Json::Object(cells.collect()) } else { cells.map(|(_, value)| value).collect() }
}

/// Pieces between brackets, separated as Python does. Nothing follows a failure.
fn bracketed(
    [open, close]: [u8; 2],
    pieces: impl Iterator<Item = Result<Vec<u8>, CallError>> + Send,
) -> impl Iterator<Item = Result<Vec<u8>, CallError>> + Send {
    let mut first = true;
    let separated = pieces.map(move |piece| {
        let separator: &[u8] = if std::mem::replace(&mut first, false) { b"" } else { b", " };
        piece.map(|piece| [separator, &piece].concat())
    });
    let bracket = |bracket| std::iter::once(Ok(vec![bracket]));
    let mut failed = false;
    bracket(open).chain(separated).chain(bracket(close)).take_while(move |piece| {
        let goes_on = !failed;
        failed |= piece.is_err();
        goes_on
    })
}
