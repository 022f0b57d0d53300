//! One `SELECT`: rows, groups, `DISTINCT`, sorting and the select list. Rows stream unless something must see them all.

use std::cmp::Ordering;

use super::context::{Context, Frame, RowRef};
use super::join::Walk;
use super::{Flow, Sink, compare, distinct, eval, group, window, windowed};
use crate::sql::error::SqlError;
use crate::sql::plan::Arm;
use crate::sql::types::Cell;

/// What a row of the result is made from: rows of the streams, and aggregates where there are groups.
pub(super) struct Candidate<'s> {
    pub(super) rows: Vec<RowRef<'s>>,
    pub(super) aggregates: Vec<Cell>,
}

pub(super) fn run<'s>(
    context: &Context<'s>,
    arm: &Arm,
    parent: Option<&Frame<'_, 's>>,
    top: bool,
    sink: &mut Sink<'_>,
) -> Result<Flow, SqlError> {
    let mut sink = windowed(window(context, &arm.bounds, parent)?, sink);
    let walk = Walk::open(context, arm, parent)?;
    let grouped_at_once = arm.grouping.as_ref().is_some_and(|grouping| grouping.keys.is_empty());
    let sorts = !arm.order.is_empty() || arm.distinct || (arm.grouping.is_some() && !grouped_at_once);
    if top {
        walk.prepare(arm)?;
    }
    context.opened(top && !sorts);
    if let Some(grouping) = &arm.grouping {
        let order = group::order(arm, grouping);
        let groups = group::run(&walk, arm, grouping, order.as_deref().unwrap_or_default())?;
        if order.is_none() || arm.distinct {
            // They are sorted once more: all of them must be there before the first row.
            let groups = groups.into_iter().collect::<Result<Vec<_>, _>>()?;
            return finish(context, arm, groups, parent, top, &mut sink);
        }
        context.opened(top);
        for group in groups {
            let group = group?;
            if sink(project(context, arm, &group.rows, &group.aggregates, parent, top)?)? == Flow::Enough {
                return Ok(Flow::Enough);
            }
        }
        return Ok(Flow::More);
    }
    if arm.order.is_empty() && !arm.distinct {
        return walk.all(arm, &mut |rows| sink(project(context, arm, rows, &[], parent, top)?));
    }
    let mut candidates = Vec::new();
    walk.all(arm, &mut |rows| {
        context.keep_found(rows.len())?;
        candidates.push(Candidate { rows: rows.clone(), aggregates: Vec::new() });
        Ok(Flow::More)
    })?;
    finish(context, arm, candidates, parent, top, &mut sink)
}

fn project<'s>(
    context: &Context<'s>,
    arm: &Arm,
    rows: &[RowRef<'s>],
    aggregates: &[Cell],
    parent: Option<&Frame<'_, 's>>,
    top: bool,
) -> Result<Vec<Cell>, SqlError> {
    let frame = Frame { rows, aggregates, parent };
    let value = |item| eval::eval(context, item, &frame);
    // Firebird computes what it gives out last to first, as the error tells where several values fail.
    if top && !arm.distinct {
        let mut row = arm.items.iter().rev().map(value).collect::<Result<Vec<_>, _>>()?;
        row.reverse();
        return Ok(row);
    }
    arm.items.iter().map(value).collect()
}

/// Sorts, leaves out equal rows, and makes the result's rows.
fn finish<'s>(
    context: &Context<'s>,
    arm: &Arm,
    candidates: Vec<Candidate<'s>>,
    parent: Option<&Frame<'_, 's>>,
    top: bool,
    sink: &mut Sink<'_>,
) -> Result<Flow, SqlError> {
    let mut keyed: Vec<(Vec<Cell>, Candidate<'s>)> = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let frame = Frame { rows: &candidate.rows, aggregates: &candidate.aggregates, parent };
        let keys = arm
            .order
            .iter()
            .map(|sort| eval::eval(context, sort.key.of(&arm.items), &frame))
            .collect::<Result<Vec<Cell>, _>>()?;
        context.keep(&keys)?;
        keyed.push((keys, candidate));
    }
    let by_keys = |left: &[Cell], right: &[Cell]| {
        arm.order
            .iter()
            .zip(left.iter().zip(right))
            .map(|(sort, (left, right))| compare::sorted(left, right, sort))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    };
    if arm.distinct {
        let mut rows = Vec::with_capacity(keyed.len());
        for (keys, candidate) in keyed {
            let row = project(context, arm, &candidate.rows, &candidate.aggregates, parent, top)?;
            context.keep(&row)?;
            rows.push((keys, row));
        }
        distinct(&mut rows, |(_, row)| row);
        rows.sort_by(|(left, _), (right, _)| by_keys(left, right));
        context.opened(top);
        for (_, row) in rows {
            if sink(row)? == Flow::Enough {
                return Ok(Flow::Enough);
            }
        }
        return Ok(Flow::More);
    }
    keyed.sort_by(|(left, _), (right, _)| by_keys(left, right));
    context.opened(top);
    for (_, candidate) in keyed {
        let row = project(context, arm, &candidate.rows, &candidate.aggregates, parent, top)?;
        if sink(row)? == Flow::Enough {
            return Ok(Flow::Enough);
        }
    }
    Ok(Flow::More)
}
