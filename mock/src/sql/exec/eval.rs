//! Values of expressions at one row, in three-valued logic.

use std::rc::Rc;

use super::context::{Context, Frame, Values};
use super::{Flow, compare, functions, holds, moments, run_plan};
use crate::sql::ast::{Arithmetic, Comparison, Match};
use crate::sql::convert;
use crate::sql::error::SqlError;
use crate::sql::numeric;
use crate::sql::plan::{Function, Node, Plan, Typed};
use crate::sql::text;
use crate::sql::types::{Cell, Kind, TEXT_LENGTH, Type};

/// The value of an expression, of the expression's type.
pub(super) fn eval<'s>(context: &Context<'s>, expr: &Typed, frame: &Frame<'_, 's>) -> Result<Cell, SqlError> {
    let now = context.now;
    match &expr.node {
        Node::Const(cell) => Ok(cell.clone()),
        Node::Column { depth, stream, column } => {
            let mut at = Some(frame);
            for _ in 0..*depth {
                at = at.and_then(|frame| frame.parent);
            }
            Ok(at.and_then(|frame| frame.rows.get(*stream)).map_or(Cell::Null, |row| row.cell(*column, expr.ty)))
        }
        Node::Aggregate(place) => Ok(frame.aggregates.get(*place).cloned().unwrap_or(Cell::Null)),
        Node::Negate(inner) => match eval(context, inner, frame)? {
            Cell::Exact { raw, scale } => {
                let raw = raw.checked_neg().ok_or_else(SqlError::integer_overflow)?;
                Ok(Cell::Exact { raw, scale })
            }
            Cell::Float(number) => Ok(Cell::Float(-number)),
            Cell::Double(number) => Ok(Cell::Double(-number)),
            other => Ok(other),
        },
        Node::Arithmetic(operation, left, right) => {
            let (left, right) = (eval(context, left, frame)?, eval(context, right, frame)?);
            arithmetic(*operation, &left, &right, expr.ty)
        }
        Node::Concat(left, right) => {
            let (left, right) = (eval(context, left, frame)?, eval(context, right, frame)?);
            if left.is_null() || right.is_null() {
                return Ok(Cell::Null);
            }
            let whole = text::display(&left) + &text::display(&right);
            functions::bounded(whole, Type::varchar(TEXT_LENGTH))
        }
        Node::Case(arms, otherwise) => {
            for (when, then) in arms {
                if truth(context, when, frame)? == Some(true) {
                    return eval(context, then, frame);
                }
            }
            match otherwise {
                Some(otherwise) => eval(context, otherwise, frame),
                None => Ok(Cell::Null),
            }
        }
        Node::CaseOf(operand, arms, otherwise) => {
            let operand = eval(context, operand, frame)?;
            for (when, then) in arms {
                let key = eval(context, when, frame)?;
                if compare::compare(&operand, &key, now)?.is_some_and(|order| order.is_eq()) {
                    return eval(context, then, frame);
                }
            }
            match otherwise {
                Some(otherwise) => eval(context, otherwise, frame),
                None => Ok(Cell::Null),
            }
        }
        Node::NullIf(left, right) => {
            let (left, right) = (eval(context, left, frame)?, eval(context, right, frame)?);
            let equal = compare::compare(&left, &right, now)?.is_some_and(|order| order.is_eq());
            Ok(if equal { Cell::Null } else { left })
        }
        Node::Coalesce(list) => {
            for item in list {
                let value = eval(context, item, frame)?;
                if !value.is_null() {
                    return Ok(value);
                }
            }
            Ok(Cell::Null)
        }
        Node::Cast(inner) => convert::cast(&eval(context, inner, frame)?, expr.ty, now),
        Node::Call(function, args) => {
            // Most functions look no further than at the first NULL.
            let looks_on = matches!(function, Function::Substring | Function::Trim(_));
            let mut values = Vec::with_capacity(args.len());
            for arg in args {
                let value = eval(context, arg, frame)?;
                if value.is_null() && !looks_on {
                    return Ok(Cell::Null);
                }
                values.push(value);
            }
            functions::call(*function, &values, expr.ty, now)
        }
        Node::Scalar(plan) => scalar(context, plan, frame),
        _ => Ok(truth(context, expr, frame)?.map_or(Cell::Null, Cell::Bool)),
    }
}

/// Whether a predicate holds; nothing for unknown.
pub(super) fn truth<'s>(context: &Context<'s>, expr: &Typed, frame: &Frame<'_, 's>) -> Result<Option<bool>, SqlError> {
    let now = context.now;
    match &expr.node {
        Node::And(terms) => {
            let mut result = Some(true);
            for term in terms {
                match truth(context, term, frame)? {
                    Some(false) => return Ok(Some(false)),
                    None => result = None,
                    Some(true) => {}
                }
            }
            Ok(result)
        }
        Node::Or(terms) => {
            let mut result = Some(false);
            for term in terms {
                match truth(context, term, frame)? {
                    Some(true) => return Ok(Some(true)),
                    None => result = None,
                    Some(false) => {}
                }
            }
            Ok(result)
        }
        Node::Not(inner) => match &inner.node {
            Node::Between(value, low, high) => outside(context, (value, low, high), frame),
            _ => Ok(truth(context, inner, frame)?.map(|truth| !truth)),
        },
        Node::Compare(comparison, left, right) => {
            let (left, right) = (eval(context, left, frame)?, eval(context, right, frame)?);
            Ok(compare::compare(&left, &right, now)?.map(|order| holds(*comparison, order)))
        }
        Node::IsNull(inner) => Ok(Some(eval(context, inner, frame)?.is_null())),
        Node::IsTruth(inner, wanted) => Ok(Some(truth(context, inner, frame)? == *wanted)),
        Node::Distinct(left, right) => {
            let (left, right) = (eval(context, left, frame)?, eval(context, right, frame)?);
            if left.is_null() || right.is_null() {
                return Ok(Some(left.is_null() != right.is_null()));
            }
            Ok(compare::compare(&left, &right, now)?.map(|order| order.is_ne()))
        }
        Node::Between(value, low, high) => {
            let value = eval(context, value, frame)?;
            let low = compare::compare(&value, &eval(context, low, frame)?, now)?;
            let high = eval(context, high, frame)?;
            // One NULL makes it unknown, even where the other bound alone would decide.
            match low {
                None => Ok(None),
                Some(_) if high.is_null() => Ok(None),
                Some(low) if low.is_lt() => Ok(Some(false)),
                Some(_) => Ok(compare::compare(&value, &high, now)?.map(|order| order.is_le())),
            }
        }
        Node::Match(kind, left, right, escape) => {
            let (left, right) = (eval(context, left, frame)?, eval(context, right, frame)?);
            let escape = match escape {
                Some(escape) => Some(eval(context, escape, frame)?),
                None => None,
            };
            matches(*kind, &left, &right, escape.as_ref())
        }
        Node::InList(left, list) => {
            let left = eval(context, left, frame)?;
            let mut result = Some(false);
            for item in list {
                let item = eval(context, item, frame)?;
                match compare::compare(&left, &item, now)? {
                    Some(order) if order.is_eq() => return Ok(Some(true)),
                    Some(_) => {}
                    None => result = None,
                }
            }
            Ok(result)
        }
        Node::Quantified(comparison, all, left, plan) => {
            let value = eval(context, left, frame)?;
            quantified(context, (*comparison, *all), (&value, left.ty), plan, frame)
        }
        Node::Exists(plan) => Ok(Some(count(context, plan, frame)? > 0)),
        Node::Singular(plan) => Ok(Some(count(context, plan, frame)? == 1)),
        _ => match eval(context, expr, frame)? {
            Cell::Null => Ok(None),
            value => convert::to_bool(&value).map(Some),
        },
    }
}

/// `NOT BETWEEN` is below or above: one bound can decide it, though the other be NULL.
fn outside<'s>(
    context: &Context<'s>,
    (value, low, high): (&Typed, &Typed, &Typed),
    frame: &Frame<'_, 's>,
) -> Result<Option<bool>, SqlError> {
    let value = eval(context, value, frame)?;
    let below = compare::compare(&value, &eval(context, low, frame)?, context.now)?.map(|order| order.is_lt());
    if below == Some(true) {
        return Ok(below);
    }
    let above = compare::compare(&value, &eval(context, high, frame)?, context.now)?.map(|order| order.is_gt());
    Ok(if above == Some(true) { above } else { below.and(above) })
}

fn arithmetic(operation: Arithmetic, left: &Cell, right: &Cell, ty: Type) -> Result<Cell, SqlError> {
    match (left, right) {
        (Cell::Null, _) | (_, Cell::Null) => Ok(Cell::Null),
        (Cell::Exact { raw: a, scale: x }, Cell::Exact { raw: b, scale: y }) if ty.kind != Kind::Double => {
            let raw = numeric::apply(operation, (*a, *x), (*b, *y), ty.places())?;
            Ok(Cell::Exact { raw, scale: ty.places() })
        }
        (left, right) if ty.kind == Kind::Double => {
            let (a, b) = (convert::to_double(left)?, convert::to_double(right)?);
            let result = match operation {
                Arithmetic::Add => a + b,
                Arithmetic::Subtract => a - b,
                Arithmetic::Multiply => a * b,
                Arithmetic::Divide if b == 0.0 => return Err(SqlError::floating_division_by_zero()),
                Arithmetic::Divide => a / b,
            };
            if result.is_finite() { Ok(Cell::Double(result)) } else { Err(SqlError::floating_overflow()) }
        }
        (left, right) => moments::arithmetic(operation, left, right, ty),
    }
}

fn matches(kind: Match, left: &Cell, right: &Cell, escape: Option<&Cell>) -> Result<Option<bool>, SqlError> {
    if left.is_null() || right.is_null() || escape.is_some_and(Cell::is_null) {
        return Ok(None);
    }
    let (content, pattern) = (text::display(left), text::display(right));
    Ok(Some(match kind {
        Match::Starting => content.starts_with(&pattern),
        Match::Containing => text::upper(&content).contains(&text::upper(&pattern)),
        Match::Like => {
            let invalid = || SqlError::new("22025", &["Invalid ESCAPE sequence"]);
            let escape = escape.map(text::display);
            let special = |char: char| char == '%' || char == '_' || escape.as_ref().is_some_and(|e| e.contains(char));
            let prefix = pattern.split(special).next().unwrap_or_default();
            // Firebird looks at the beginning first, and at the escape character only if that fits.
            if !content.starts_with(prefix) {
                return Ok(Some(false));
            }
            let escape = match escape {
                None => None,
                Some(escape) => {
                    let mut chars = escape.chars();
                    match (chars.next(), chars.next()) {
                        (Some(only), None) => Some(only),
                        _ => return Err(invalid()),
                    }
                }
            };
            text::like(&content, &pattern, escape).ok_or_else(invalid)?
        }
    }))
}

/// All values of a subquery's only column; kept if they cannot change.
fn values<'s>(context: &Context<'s>, plan: &Plan, frame: &Frame<'_, 's>) -> Result<Rc<Values>, SqlError> {
    if let Some(known) = context.values.borrow().get(&plan.id) {
        return Ok(Rc::clone(known));
    }
    let mut values = Values::default();
    run_plan(context, plan, Some(frame), false, &mut |row| {
        context.keep(&row)?;
        let cell = row.into_iter().next().unwrap_or(Cell::Null);
        values.has_null |= cell.is_null();
        values.keys.insert(compare::key(&cell));
        values.cells.push(cell);
        Ok(Flow::More)
    })?;
    let values = Rc::new(values);
    context.values.borrow_mut().insert(plan.id, Rc::clone(&values));
    Ok(values)
}

fn quantified<'s>(
    context: &Context<'s>,
    (comparison, all): (Comparison, bool),
    (value, ty): (&Cell, Type),
    plan: &Plan,
    frame: &Frame<'_, 's>,
) -> Result<Option<bool>, SqlError> {
    // ANY is true at the first match, ALL false at the first mismatch; a NULL on the way makes the rest unknown.
    let decisive = !all;
    let mut result = Some(all);
    let mut look = |cell: &Cell| -> Result<Flow, SqlError> {
        context.tick()?;
        match compare::compare(value, cell, context.now)?.map(|order| holds(comparison, order)) {
            Some(holds) if holds == decisive => {
                result = Some(decisive);
                Ok(Flow::Enough)
            }
            Some(_) => Ok(Flow::More),
            None => {
                result = None;
                Ok(Flow::More)
            }
        }
    };
    if plan.correlated {
        run_plan(context, plan, Some(frame), false, &mut |row| look(row.first().unwrap_or(&Cell::Null)))?;
        return Ok(result);
    }
    let values = values(context, plan, frame)?;
    let by_key = plan.columns.first().is_some_and(|column| hashable(ty, column.ty));
    if comparison == Comparison::Equal && !all && by_key && !value.is_null() {
        let found = values.keys.contains(&compare::key(value));
        return Ok(if found { Some(true) } else { (!values.has_null).then_some(false) });
    }
    for cell in &values.cells {
        if look(cell)? == Flow::Enough {
            break;
        }
    }
    Ok(result)
}

fn hashable(left: Type, right: Type) -> bool {
    (left.is_exact() && right.is_exact()) || (left.is_text() && right.is_text())
}

/// The rows of a subquery: none, one, or two for more.
fn count<'s>(context: &Context<'s>, plan: &Plan, frame: &Frame<'_, 's>) -> Result<u8, SqlError> {
    if !plan.correlated
        && let Some(known) = context.counts.borrow().get(&plan.id)
    {
        return Ok(*known);
    }
    let mut found = 0_u8;
    run_plan(context, plan, Some(frame), false, &mut |_| {
        found += 1;
        Ok(if found >= 2 { Flow::Enough } else { Flow::More })
    })?;
    if !plan.correlated {
        context.counts.borrow_mut().insert(plan.id, found);
    }
    Ok(found)
}

fn scalar<'s>(context: &Context<'s>, plan: &Plan, frame: &Frame<'_, 's>) -> Result<Cell, SqlError> {
    let several = || SqlError::new("21000", &["multiple rows in singleton select"]);
    if !plan.correlated {
        let values = values(context, plan, frame)?;
        return match values.cells.as_slice() {
            [] => Ok(Cell::Null),
            [only] => Ok(only.clone()),
            _ => Err(several()),
        };
    }
    let mut only = None;
    run_plan(context, plan, Some(frame), false, &mut |row| {
        if only.is_some() {
            return Err(several());
        }
        only = row.into_iter().next();
        Ok(Flow::More)
    })?;
    Ok(only.unwrap_or(Cell::Null))
}
