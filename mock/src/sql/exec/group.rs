//! `GROUP BY` and the aggregates.

use std::collections::{HashMap, HashSet};

use super::arm::Candidate;
use super::compare::{self, Key};
use super::context::{Context, Frame, RowRef};
use super::join::Walk;
use super::{Flow, eval};
use crate::sql::ast::AggregateKind;
use crate::sql::convert;
use crate::sql::error::SqlError;
use crate::sql::plan::{Aggregate, Arm, Grouping};
use crate::sql::types::{Cell, Kind};

/// One group: its keys, its first row, and what was counted so far.
struct Group<'s> {
    keys: Vec<Cell>,
    rows: Vec<RowRef<'s>>,
    totals: Vec<Total>,
}

/// What an aggregate has seen.
#[derive(Default)]
struct Total {
    count: i64,
    sum: i64,
    floating: f64,
    extreme: Option<Cell>,
    seen: HashSet<Key>,
}

/// Makes the groups, in the order of their keys. Without keys there is always one.
pub(super) fn run<'s>(walk: &Walk<'_, 's>, arm: &Arm, grouping: &Grouping) -> Result<Vec<Candidate<'s>>, SqlError> {
    let context = walk.context;
    let mut groups: Vec<Group<'s>> = Vec::new();
    let mut places: HashMap<Vec<Key>, usize> = HashMap::new();
    let fresh =
        |keys, rows| Group { keys, rows, totals: grouping.aggregates.iter().map(|_| Total::default()).collect() };
    walk.all(arm, &mut |rows| {
        let frame = Frame { rows, aggregates: &[], parent: walk.parent };
        let keys = grouping
            .keys
            .iter()
            .map(|key| eval::eval(context, key.of(&arm.items), &frame))
            .collect::<Result<Vec<Cell>, _>>()?;
        let place = match places.entry(keys.iter().map(compare::key).collect()) {
            std::collections::hash_map::Entry::Occupied(entry) => *entry.get(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                context.keep(&keys)?;
                context.count(rows.len())?;
                groups.push(fresh(keys, rows.clone()));
                *entry.insert(groups.len() - 1)
            }
        };
        for (aggregate, total) in grouping.aggregates.iter().zip(&mut groups[place].totals) {
            add(context, aggregate, total, &frame)?;
        }
        Ok(Flow::More)
    })?;
    if groups.is_empty() && grouping.keys.is_empty() {
        groups.push(fresh(Vec::new(), vec![RowRef::Null; arm.streams.len()]));
    }
    groups.sort_by(|left, right| compare::rows(&left.keys, &right.keys));
    let mut candidates = Vec::with_capacity(groups.len());
    for group in groups {
        let aggregates =
            grouping.aggregates.iter().zip(group.totals).map(|(aggregate, total)| result(aggregate, total)).collect();
        let candidate = Candidate { rows: group.rows, aggregates };
        let frame = Frame { rows: &candidate.rows, aggregates: &candidate.aggregates, parent: walk.parent };
        let kept = match &grouping.having {
            Some(having) => eval::truth(context, having, &frame)? == Some(true),
            None => true,
        };
        if kept {
            candidates.push(candidate);
        }
    }
    Ok(candidates)
}

fn add<'s>(
    context: &Context<'s>,
    aggregate: &Aggregate,
    total: &mut Total,
    frame: &Frame<'_, 's>,
) -> Result<(), SqlError> {
    let Some(of) = &aggregate.of else {
        total.count += 1;
        return Ok(());
    };
    let value = eval::eval(context, of, frame)?;
    if value.is_null() {
        return Ok(());
    }
    if aggregate.distinct {
        context.keep(std::slice::from_ref(&value))?;
        if !total.seen.insert(compare::key(&value)) {
            return Ok(());
        }
    }
    total.count += 1;
    match aggregate.kind {
        AggregateKind::Count => {}
        AggregateKind::Sum | AggregateKind::Avg => match (&value, aggregate.ty.kind) {
            (Cell::Exact { raw, .. }, Kind::Int64) => {
                total.sum = total.sum.checked_add(*raw).ok_or_else(SqlError::integer_overflow)?;
            }
            (other, _) => total.floating += convert::to_double(other)?,
        },
        AggregateKind::Min | AggregateKind::Max => {
            let better = match &total.extreme {
                None => true,
                Some(best) => {
                    let order = compare::total(&value, best);
                    if aggregate.kind == AggregateKind::Min { order.is_lt() } else { order.is_gt() }
                }
            };
            if better {
                total.extreme = Some(value);
            }
        }
    }
    Ok(())
}

fn result(aggregate: &Aggregate, total: Total) -> Cell {
    let exact = aggregate.ty.kind == Kind::Int64;
    let scale = aggregate.ty.scale;
    match aggregate.kind {
        AggregateKind::Count => Cell::int(total.count),
        AggregateKind::Min | AggregateKind::Max => total.extreme.unwrap_or(Cell::Null),
        _ if total.count == 0 => Cell::Null,
        AggregateKind::Sum if exact => Cell::Exact { raw: total.sum, scale },
        AggregateKind::Sum => Cell::Double(total.floating),
        AggregateKind::Avg if exact => Cell::Exact { raw: total.sum / total.count, scale },
        #[expect(clippy::cast_precision_loss, reason = "an average of floating-point numbers is one")]
        AggregateKind::Avg => Cell::Double(total.floating / total.count as f64),
    }
}
