//! Walks the joined rows of a `SELECT`: the left side row by row, the right side by index where there is an equality.

use std::rc::Rc;

use super::context::{Context, Frame, Opened, RowRef};
use super::{Flow, compare, eval};
use crate::sql::ast::JoinKind;
use crate::sql::error::SqlError;
use crate::sql::plan::{Arm, Lookup, Source, Tree, Typed};

/// Takes each combination of rows, one row per stream.
pub(super) type Found<'k, 's> = dyn FnMut(&mut Vec<RowRef<'s>>) -> Result<Flow, SqlError> + 'k;

pub(super) struct Walk<'w, 's> {
    pub(super) context: &'w Context<'s>,
    pub(super) streams: Vec<Rc<Opened<'s>>>,
    pub(super) parent: Option<&'w Frame<'w, 's>>,
}

impl<'w, 's> Walk<'w, 's> {
    /// Opens the streams of an arm.
    pub(super) fn open(
        context: &'w Context<'s>,
        arm: &Arm,
        parent: Option<&'w Frame<'w, 's>>,
    ) -> Result<Self, SqlError> {
        let mut streams = Vec::with_capacity(arm.streams.len());
        for source in &arm.streams {
            streams.push(match source {
                Source::Table(model) => context.table(*model),
                Source::One => {
                    Rc::new(Opened::new(vec![RowRef::Made(Rc::new(vec![crate::sql::types::Cell::int(128)]))]))
                }
                Source::Derived(plan) => {
                    let known = context.derived.borrow().get(&plan.id).cloned();
                    match known {
                        Some(opened) => opened,
                        None => {
                            let mut rows = Vec::new();
                            super::run_plan(context, plan, parent, false, &mut |row| {
                                context.keep(&row)?;
                                rows.push(RowRef::Made(Rc::new(row)));
                                Ok(Flow::More)
                            })?;
                            let opened = Rc::new(Opened::new(rows));
                            if !plan.correlated {
                                context.derived.borrow_mut().insert(plan.id, Rc::clone(&opened));
                            }
                            opened
                        }
                    }
                }
            });
        }
        Ok(Self { context, streams, parent })
    }

    /// Finds the value by which an index will be asked, before any row is fetched.
    pub(super) fn prepare(&self, arm: &Arm) -> Result<(), SqlError> {
        if let Some(start) = arm.start.as_ref().filter(|start| start.indexed) {
            let frame = Frame { rows: &[], aggregates: &[], parent: self.parent };
            eval::eval(self.context, &start.value, &frame)?;
        }
        Ok(())
    }

    /// Walks everything that passes the joins and the filter.
    pub(super) fn all(&self, arm: &Arm, found: &mut Found<'_, 's>) -> Result<Flow, SqlError> {
        let mut rows = vec![RowRef::Null; self.streams.len()];
        self.side(&arm.tree, arm.start.as_ref(), &mut rows, &mut |rows| {
            let passes = match &arm.filter {
                Some(filter) => self.holds(filter, rows)?,
                None => true,
            };
            if passes { found(rows) } else { Ok(Flow::More) }
        })
    }

    fn holds(&self, condition: &Typed, rows: &[RowRef<'s>]) -> Result<bool, SqlError> {
        let frame = Frame { rows, aggregates: &[], parent: self.parent };
        Ok(eval::truth(self.context, condition, &frame)? == Some(true))
    }

    fn side(
        &self,
        tree: &Tree,
        lookup: Option<&Lookup>,
        rows: &mut Vec<RowRef<'s>>,
        found: &mut Found<'_, 's>,
    ) -> Result<Flow, SqlError> {
        match tree {
            Tree::Leaf(stream) => self.leaf(*stream, lookup, rows, found),
            Tree::Join { kind: JoinKind::Full, left, right, on, .. } => {
                self.full(left, right, on.as_ref(), rows, found)
            }
            Tree::Join { kind, left, right, on, lookup: by } => self.side(left, lookup, rows, &mut |rows| {
                let mut matched = false;
                let flow = self.side(right, by.as_ref(), rows, &mut |rows| {
                    if let Some(on) = on
                        && !self.holds(on, rows)?
                    {
                        return Ok(Flow::More);
                    }
                    matched = true;
                    found(rows)
                })?;
                if flow == Flow::Enough || matched || *kind != JoinKind::Left {
                    return Ok(flow);
                }
                clear(right, rows);
                found(rows)
            }),
        }
    }

    fn leaf(
        &self,
        stream: usize,
        lookup: Option<&Lookup>,
        rows: &mut Vec<RowRef<'s>>,
        found: &mut Found<'_, 's>,
    ) -> Result<Flow, SqlError> {
        let opened = &self.streams[stream];
        let Some(lookup) = lookup else {
            for row in &opened.rows {
                self.context.tick()?;
                rows[stream] = row.clone();
                if found(rows)? == Flow::Enough {
                    return Ok(Flow::Enough);
                }
            }
            return Ok(Flow::More);
        };
        let frame = Frame { rows: rows.as_slice(), aggregates: &[], parent: self.parent };
        let wanted = eval::eval(self.context, &lookup.value, &frame)?;
        self.context.tick()?;
        if wanted.is_null() {
            return Ok(Flow::More);
        }
        let index = opened.index(self.context, lookup.column, lookup.ty)?;
        for place in index.get(&compare::key(&wanted)).into_iter().flatten() {
            self.context.tick()?;
            rows[stream] = opened.rows[*place].clone();
            if found(rows)? == Flow::Enough {
                return Ok(Flow::Enough);
            }
        }
        Ok(Flow::More)
    }

    fn full(
        &self,
        left: &Tree,
        right: &Tree,
        on: Option<&Typed>,
        rows: &mut Vec<RowRef<'s>>,
        found: &mut Found<'_, 's>,
    ) -> Result<Flow, SqlError> {
        let mut of_right = Vec::new();
        streams(right, &mut of_right);
        let mut partners: Vec<(Vec<RowRef<'s>>, bool)> = Vec::new();
        self.side(right, None, rows, &mut |rows| {
            self.context.keep_found(of_right.len())?;
            partners.push((of_right.iter().map(|stream| rows[*stream].clone()).collect(), false));
            Ok(Flow::More)
        })?;
        let flow = self.side(left, None, rows, &mut |rows| {
            let mut matched = false;
            for (partner, met) in &mut partners {
                self.context.tick()?;
                for (stream, row) in of_right.iter().zip(partner.iter()) {
                    rows[*stream] = row.clone();
                }
                if let Some(on) = on
                    && !self.holds(on, rows)?
                {
                    continue;
                }
                (matched, *met) = (true, true);
                if found(rows)? == Flow::Enough {
                    return Ok(Flow::Enough);
                }
            }
            if matched {
                return Ok(Flow::More);
            }
            clear(right, rows);
            found(rows)
        })?;
        if flow == Flow::Enough {
            return Ok(flow);
        }
        clear(left, rows);
        for (partner, _) in partners.into_iter().filter(|(_, met)| !met) {
            for (stream, row) in of_right.iter().zip(partner) {
                rows[*stream] = row;
            }
            if found(rows)? == Flow::Enough {
                return Ok(Flow::Enough);
            }
        }
        Ok(Flow::More)
    }
}

fn streams(tree: &Tree, all: &mut Vec<usize>) {
    match tree {
        Tree::Leaf(stream) => all.push(*stream),
        Tree::Join { left, right, .. } => {
            streams(left, all);
            streams(right, all);
        }
    }
}

fn clear(tree: &Tree, rows: &mut [RowRef<'_>]) {
    let mut all = Vec::new();
    streams(tree, &mut all);
    for stream in all {
        rows[stream] = RowRef::Null;
    }
}
