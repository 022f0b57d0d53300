//! What may stand above groups: their keys, aggregates, and what is made of these.

use crate::sql::error::SqlError;
use crate::sql::plan::{Grouping, Key, Node, Plan, Sort, Source, Typed};

/// Everything above the groups must come from a key or an aggregate.
pub(super) fn check(grouping: &Grouping, items: &[Typed], sorts: &[Sort<Key>]) -> Result<(), SqlError> {
    let wrong = |clause: &str, why: &str| {
        SqlError::dynamic("42000", -104, &[&format!("Invalid expression in the {clause} ({why})")])
    };
    let uncovered = "not contained in either an aggregate function or the GROUP BY clause";
    let keys: Vec<&Typed> = grouping.keys.iter().map(|key| key.of(items)).collect();
    if grouping.keys.iter().any(|key| has_aggregate(key.of(items))) {
        let line = "Cannot use an aggregate or window function in a GROUP BY clause";
        return Err(SqlError::dynamic("42000", -104, &[line]));
    }
    if !items.iter().all(|item| covered(item, &keys, 0)) {
        return Err(wrong("select list", uncovered));
    }
    if grouping.having.as_ref().is_some_and(|having| !covered(having, &keys, 0)) {
        return Err(wrong("HAVING clause", "neither an aggregate function nor a part of the GROUP BY clause"));
    }
    if !sorts.iter().all(|sort| covered(sort.key.of(items), &keys, 0)) {
        return Err(wrong("ORDER BY clause", uncovered));
    }
    Ok(())
}

/// `WITH LOCK` is for the rows of one table, as they are.
pub(super) fn check_lock(plan: &Plan) -> Result<(), SqlError> {
    let arm = &plan.first;
    let line = if !plan.unions.is_empty() || !matches!(arm.streams.as_slice(), [Source::Table(_)]) {
        "WITH LOCK can be used only with a single physical table"
    } else if arm.distinct {
        "WITH LOCK cannot be used with DISTINCT"
    } else if arm.grouping.is_some() {
        "WITH LOCK cannot be used with aggregates"
    } else {
        return Ok(());
    };
    Err(SqlError::dynamic("42000", -104, &[line]))
}

fn has_aggregate(expr: &Typed) -> bool {
    matches!(expr.node, Node::Aggregate(_)) || expr.children().into_iter().any(has_aggregate)
}

/// Whether an expression, so many queries further in, looks at nothing of the groups' rows but their keys. A key that is a
/// subquery is none to Firebird.
fn covered(expr: &Typed, keys: &[&Typed], depth: usize) -> bool {
    let subquery = expr.subquery();
    if depth == 0 && !has_subquery(expr) && keys.contains(&expr) {
        return true;
    }
    if let Node::Column { depth: reach, stream, column } = expr.node {
        // A subquery may repeat a key that is computed; its columns are enough of a sign.
        return reach != depth || depth > 0 && keys.iter().any(|key| mentions(key, (stream, column)));
    }
    subquery.is_none_or(|plan| covered_plan(plan, keys, depth + 1))
        && expr.children().into_iter().all(|child| covered(child, keys, depth))
}

fn covered_plan(plan: &Plan, keys: &[&Typed], depth: usize) -> bool {
    // A derived table stands where its query stands.
    plan.exprs().into_iter().all(|expr| covered(expr, keys, depth))
        && plan.derived().all(|derived| covered_plan(derived, keys, depth))
}

fn has_subquery(expr: &Typed) -> bool {
    expr.subquery().is_some() || expr.children().into_iter().any(has_subquery)
}

fn mentions(key: &Typed, place: (usize, usize)) -> bool {
    match key.node {
        Node::Column { depth: 0, stream, column } => (stream, column) == place,
        _ => key.children().into_iter().any(|child| mentions(child, place)),
    }
}
