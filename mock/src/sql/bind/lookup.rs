//! Equalities by which rows are looked up instead of walked through. The conditions they come from are applied all the
//! same: a lookup may find too much, never too little.

use super::scope::Stream;
use crate::sql::ast::{Comparison, JoinKind};
use crate::sql::plan::{Lookup, Node, Tree, Typed};
use crate::sql::types::{Cell, Kind, Type};

/// Finds the lookups of all joins; answers that of the stream which is walked first.
pub(super) fn find(tree: &mut Tree, filter: Option<&Typed>, streams: &[Stream]) -> Option<Lookup> {
    joins(tree, filter, &mut Vec::new(), streams);
    filter.and_then(|filter| equality(filter, first_stream(tree)?, &[], streams))
}

/// `WHERE` helps where the join is an inner one.
fn joins(tree: &mut Tree, filter: Option<&Typed>, known: &mut Vec<usize>, streams: &[Stream]) {
    match tree {
        Tree::Leaf(stream) => known.push(*stream),
        Tree::Join { kind, left, right, on, lookup } => {
            joins(left, filter, known, streams);
            if let Tree::Leaf(stream) = **right {
                let helpful = if *kind == JoinKind::Inner { filter } else { None };
                *lookup = on.iter().chain(helpful).find_map(|condition| equality(condition, stream, known, streams));
                known.push(stream);
            } else {
                joins(right, filter, known, streams);
            }
        }
    }
}

/// The stream that is walked first, unless a full join may put NULLs in its place.
fn first_stream(tree: &Tree) -> Option<usize> {
    match tree {
        Tree::Leaf(stream) => Some(*stream),
        Tree::Join { kind: JoinKind::Full, .. } => None,
        Tree::Join { left, .. } => first_stream(left),
    }
}

/// `stream.column = something known before`, anywhere among conditions that must all hold.
fn equality(condition: &Typed, stream: usize, known: &[usize], streams: &[Stream]) -> Option<Lookup> {
    match &condition.node {
        Node::And(terms) => terms.iter().find_map(|term| equality(term, stream, known, streams)),
        Node::Compare(Comparison::Equal, left, right) => {
            [(left, right), (right, left)].into_iter().find_map(|(side, other)| match side.node {
                Node::Column { depth: 0, stream: own, column }
                    if own == stream
                        && other.node != Node::Const(Cell::Null)
                        && other.streams().is_some_and(|used| used.iter().all(|used| known.contains(used))) =>
                {
                    let value = key(side.ty, other)?;
                    let indexed = streams.get(stream).is_some_and(|stream| stream.indexed.contains(&column));
                    Some(Lookup { column, ty: side.ty, indexed, value })
                }
                _ => None,
            })
        }
        _ => None,
    }
}

/// The value to look up in a column of this type. A text is read as a number of the column's scale, as in comparing.
fn key(column: Type, value: &Typed) -> Option<Typed> {
    if column.is_exact() && value.ty.is_text() {
        let ty = Type::exact(Kind::Int64, column.scale);
        return Some(Typed { node: Node::Cast(Box::new(value.clone())), ty });
    }
    let same_family = (column.is_exact() && value.ty.is_exact())
        || (column.is_text() && value.ty.is_text())
        || (column.kind == value.ty.kind && column.is_temporal());
    same_family.then(|| value.clone())
}
