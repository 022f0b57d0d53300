//! Runs a [`plan`](super::plan) over a store, within limits of time and size.

mod arm;
mod compare;
mod context;
mod eval;
mod functions;
mod group;
mod join;
mod moments;

use std::cmp::Ordering;
use std::collections::HashSet;

use super::ast::Comparison;
use super::convert;
use super::error::SqlError;
use super::plan::{Bounds, Plan, Typed};
use super::types::{Cell, Column};

pub use context::{Context, Limits};

use compare::Key;
use context::Frame;

/// Whether more rows are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    More,
    /// Enough.
    Enough,
}

/// Takes the rows of a query one by one.
pub type Sink<'k> = dyn FnMut(Vec<Cell>) -> Result<Flow, SqlError> + 'k;

/// Runs a whole statement.
///
/// # Errors
/// What goes wrong at a row; the rows before it have reached the sink.
pub fn run(context: &Context<'_>, plan: &Plan, sink: &mut Sink<'_>) -> Result<(), SqlError> {
    run_plan(context, plan, None, true, &mut |row| sink(settled(context, &plan.columns, row)?)).map(|_| ())
}

/// A row whose values are as its columns declare them.
fn settled(context: &Context<'_>, columns: &[Column], row: Vec<Cell>) -> Result<Vec<Cell>, SqlError> {
    row.into_iter().zip(columns).map(|(cell, column)| convert::settle(cell, column.ty, context.now)).collect()
}

fn run_plan<'s>(
    context: &Context<'s>,
    plan: &Plan,
    parent: Option<&Frame<'_, 's>>,
    top: bool,
    sink: &mut Sink<'_>,
) -> Result<Flow, SqlError> {
    let window = window(context, &plan.bounds, parent)?;
    let mut sink = windowed(window, sink);
    if plan.unions.is_empty() {
        return arm::run(context, &plan.first, parent, top, &mut sink);
    }
    // A sort sees all rows before the first one can be fetched.
    let sorts = !plan.order.is_empty() || plan.unions.iter().any(|(all, _)| !all);
    context.opened(top && !sorts);
    let mut rows = Vec::new();
    gather(context, parent, (plan, &plan.first), &mut rows)?;
    for (all, other) in &plan.unions {
        gather(context, parent, (plan, other), &mut rows)?;
        if !*all {
            distinct(&mut rows, |row| row);
        }
    }
    if !plan.order.is_empty() {
        rows.sort_by(|left, right| {
            plan.order
                .iter()
                .map(|sort| compare::sorted(&left[sort.key], &right[sort.key], sort))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        });
    }
    context.opened(top);
    for row in rows {
        if sink(row)? == Flow::Enough {
            return Ok(Flow::Enough);
        }
    }
    Ok(Flow::More)
}

fn gather<'s>(
    context: &Context<'s>,
    parent: Option<&Frame<'_, 's>>,
    (plan, part): (&Plan, &super::plan::Arm),
    rows: &mut Vec<Vec<Cell>>,
) -> Result<(), SqlError> {
    arm::run(context, part, parent, false, &mut |row| {
        let row = settled(context, &plan.columns, row)?;
        context.keep(&row)?;
        rows.push(row);
        Ok(Flow::More)
    })?;
    Ok(())
}

/// Leaves one of equal rows, sorted by all columns as Firebird's sort does.
fn distinct<T>(rows: &mut Vec<T>, cells: impl Fn(&T) -> &Vec<Cell>) {
    let mut seen: HashSet<Vec<Key>> = HashSet::with_capacity(rows.len());
    rows.retain(|row| seen.insert(cells(row).iter().map(compare::key).collect()));
    rows.sort_by(|left, right| compare::rows(cells(left), cells(right)));
}

/// Rows to pass over, and to take.
struct Window {
    skip: u64,
    take: Option<u64>,
}

fn window<'s>(context: &Context<'s>, bounds: &Bounds, parent: Option<&Frame<'_, 's>>) -> Result<Window, SqlError> {
    let value = |expr: &Typed| -> Result<i64, SqlError> {
        let frame = Frame { rows: &[], aggregates: &[], parent };
        compare::whole(&eval::eval(context, expr, &frame)?)
    };
    let natural = |number: i64, words: &str| {
        u64::try_from(number).map_err(|_| {
            let state = if words.starts_with("FETCH") { "HY000" } else { "42000" };
            SqlError::new(state, &[&format!("Invalid parameter to {words}. Only integers >= 0 are allowed.")])
        })
    };
    let mut window = Window { skip: 0, take: None };
    if let Some(first) = &bounds.first {
        window.take = Some(natural(value(first)?, "FETCH or FIRST")?);
    }
    if let Some(skip) = &bounds.skip {
        window.skip = natural(value(skip)?, "OFFSET or SKIP")?;
    }
    if let Some((from, to)) = &bounds.rows {
        let from = value(from)?;
        match to {
            None => window.take = Some(natural(from, "FETCH or FIRST")?),
            Some(to) => {
                let to = value(to)?;
                window.skip = natural(from.saturating_sub(1), "OFFSET or SKIP")?;
                window.take = Some(natural(to.saturating_sub(from).saturating_add(1), "FETCH or FIRST")?);
            }
        }
    }
    Ok(window)
}

fn windowed<'k>(mut window: Window, sink: &'k mut Sink<'_>) -> impl FnMut(Vec<Cell>) -> Result<Flow, SqlError> + 'k {
    move |row| {
        if window.take == Some(0) {
            return Ok(Flow::Enough);
        }
        if window.skip > 0 {
            window.skip -= 1;
            return Ok(Flow::More);
        }
        let flow = sink(row)?;
        if let Some(take) = &mut window.take {
            *take -= 1;
            if *take == 0 {
                return Ok(Flow::Enough);
            }
        }
        Ok(flow)
    }
}

/// Whether an order is what a comparison asks for.
fn holds(comparison: Comparison, order: Ordering) -> bool {
    match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterEqual => order.is_ge(),
    }
}
