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
use crate::sql::numeric;
use crate::sql::plan::{self, Aggregate, Arm, Grouping, Sort};
use crate::sql::types::{Cell, Kind};

/// One group: its keys, its first row, and what was counted so far.
struct Group<'s> {
    keys: Vec<Cell>,
    rows: Vec<RowRef<'s>>,
    totals: Vec<Total>,
    /// What went wrong in counting. It is nobody's concern before the groups in front of it were given.
    failed: Option<SqlError>,
}

/// A sort key that is a key of the groups.
pub(super) type SortedKey<'a> = (&'a Sort<plan::Key>, usize);

/// How `ORDER BY` sorts the groups, if making them in this order is enough: by the first keys, or by all of them.
pub(super) fn order<'a>(arm: &'a Arm, grouping: &Grouping) -> Option<Vec<SortedKey<'a>>> {
    // Firebird knows only columns again.
    let place = |sort: &Sort<plan::Key>| {
        let wanted = sort.key.of(&arm.items);
        let is_column = matches!(wanted.node, plan::Node::Column { .. });
        grouping.keys.iter().position(|key| is_column && key.of(&arm.items) == wanted)
    };
    let order = arm.order.iter().map(|sort| Some((sort, place(sort)?))).collect::<Option<Vec<_>>>()?;
    let leading = order.iter().enumerate().all(|(index, (_, place))| index == *place);
    let whole = (0..grouping.keys.len()).all(|key| order.iter().any(|(_, place)| *place == key));
    (leading || whole).then_some(order)
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

/// Makes the groups, in this order and that of their keys. Without keys there is always one. As Firebird sorts the rows
/// before it counts any, what goes wrong in finding them goes first; where counting fails, the groups end with that.
pub(super) fn run<'s>(
    walk: &Walk<'_, 's>,
    arm: &Arm,
    grouping: &Grouping,
    order: &[SortedKey<'_>],
) -> Result<Vec<Result<Candidate<'s>, SqlError>>, SqlError> {
    let context = walk.context;
    let mut groups: Vec<Group<'s>> = Vec::new();
    let mut places: HashMap<Vec<Key>, usize> = HashMap::new();
    let fresh = |keys, rows| {
        let totals = grouping.aggregates.iter().map(|_| Total::default()).collect();
        Group { keys, rows, totals, failed: None }
    };
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
                context.keep_found(rows.len())?;
                groups.push(fresh(keys, rows.clone()));
                *entry.insert(groups.len() - 1)
            }
        };
        let group = &mut groups[place];
        if group.failed.is_none() {
            let counted = grouping.aggregates.iter().zip(&mut group.totals);
            match counted.into_iter().try_for_each(|(aggregate, total)| add(context, aggregate, total, &frame)) {
                Err(error) if !error.is_limit() => group.failed = Some(error),
                other => other?,
            }
        }
        Ok(Flow::More)
    })?;
    if groups.is_empty() && grouping.keys.is_empty() {
        groups.push(fresh(Vec::new(), vec![RowRef::Null; arm.streams.len()]));
    }
    groups.sort_by(|left, right| {
        let by_order = |(sort, place): &SortedKey<'_>| compare::sorted(&left.keys[*place], &right.keys[*place], sort);
        let found = order.iter().map(by_order).find(|order| order.is_ne());
        found.unwrap_or_else(|| compare::rows(&left.keys, &right.keys))
    });
    let mut made = Vec::with_capacity(groups.len());
    for group in groups {
        match finish(walk, grouping, group).transpose() {
            Some(Ok(candidate)) => made.push(Ok(candidate)),
            Some(Err(error)) if error.is_limit() => return Err(error),
            Some(Err(error)) => {
                made.push(Err(error));
                break;
            }
            None => {}
        }
    }
    Ok(made)
}

/// What is selected from, if `HAVING` lets the group pass.
fn finish<'s>(walk: &Walk<'_, 's>, grouping: &Grouping, group: Group<'s>) -> Result<Option<Candidate<'s>>, SqlError> {
    if let Some(error) = group.failed {
        return Err(error);
    }
    let context = walk.context;
    let results = grouping.aggregates.iter().zip(group.totals);
    let aggregates = results.map(|(aggregate, total)| result(context, aggregate, total)).collect::<Result<_, _>>()?;
    let candidate = Candidate { rows: group.rows, aggregates };
    let frame = Frame { rows: &candidate.rows, aggregates: &candidate.aggregates, parent: walk.parent };
    let kept = match &grouping.having {
        Some(having) => eval::truth(context, having, &frame)? == Some(true),
        None => true,
    };
    Ok(kept.then_some(candidate))
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
            (Cell::Exact { raw, scale }, Kind::Int64) => {
                let raw = numeric::rescale(*raw, *scale, aggregate.ty.places())?;
                total.sum = total.sum.checked_add(raw).ok_or_else(SqlError::integer_overflow)?;
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

fn result(context: &Context<'_>, aggregate: &Aggregate, total: Total) -> Result<Cell, SqlError> {
    let exact = aggregate.ty.kind == Kind::Int64;
    let scale = aggregate.ty.places();
    Ok(match aggregate.kind {
        AggregateKind::Count => Cell::int(total.count),
        AggregateKind::Min | AggregateKind::Max => {
            convert::settle(total.extreme.unwrap_or(Cell::Null), aggregate.ty, context.now)?
        }
        _ if total.count == 0 => Cell::Null,
        AggregateKind::Sum if exact => Cell::Exact { raw: total.sum, scale },
        AggregateKind::Sum => Cell::Double(total.floating),
        AggregateKind::Avg if exact => Cell::Exact { raw: total.sum / total.count, scale },
        #[expect(clippy::cast_precision_loss, reason = "an average of floating-point numbers is one")]
        AggregateKind::Avg => Cell::Double(total.floating / total.count as f64),
    })
}
