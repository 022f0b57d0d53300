//! Names and types: from an [`ast`](super::ast) to a [`plan`](super::plan), with Firebird's errors of preparing.

mod expr;
mod function;
mod lookup;
mod scope;
mod select;
mod types;

use carbon_specs::Schema;
use jiff::civil::DateTime;

use super::ast::{Cte, Query};
use super::error::SqlError;
use super::plan::{Plan, Typed};

use scope::Level;

/// Resolves a whole statement.
///
/// # Errors
/// The first name or type that does not fit.
pub fn bind(schema: &Schema, now: DateTime, query: &Query) -> Result<Plan, SqlError> {
    let mut binder =
        Binder { schema, now, levels: Vec::new(), ctes: Vec::new(), negated: false, plans: 0, reach: Vec::new() };
    binder.query(query)
}

/// How many queries one statement may come to: a named query counts each time it is used.
const MAX_PLANS: usize = 300;

struct Binder<'a> {
    schema: &'a Schema,
    now: DateTime,
    /// The queries around the expression that is being bound, outermost first.
    levels: Vec<Level>,
    /// The named queries that can be seen.
    ctes: Vec<&'a Cte>,
    /// Whether a NOT stands around the predicate that is being bound.
    negated: bool,
    /// How many plans there are so far.
    plans: usize,
    /// For each plan being bound, the outermost level that it looks at.
    reach: Vec<usize>,
}

impl<'a> Binder<'a> {
    fn query(&mut self, query: &'a Query) -> Result<Plan, SqlError> {
        let negated = std::mem::replace(&mut self.negated, false);
        let plan = self.query_inside(query);
        self.negated = negated;
        plan
    }

    fn query_inside(&mut self, query: &'a Query) -> Result<Plan, SqlError> {
        self.plans += 1;
        if self.plans > MAX_PLANS {
            return Err(SqlError::limit("the statement has too many subqueries"));
        }
        let id = self.plans;
        let own_level = self.levels.len();
        self.reach.push(own_level);
        let ctes = self.ctes.len();
        self.ctes.extend(&query.with);
        let single = query.unions.is_empty();
        let (first, mut columns) = self.select(&query.first, if single { &query.order } else { &[] })?;
        let mut unions = Vec::new();
        for (all, select) in &query.unions {
            let (arm, others) = self.select(select, &[])?;
            types::merge_columns(&mut columns, &others)?;
            unions.push((*all, arm));
        }
        let order = if single { Vec::new() } else { self.union_order(&query.order, &columns)? };
        let bounds = self.bounds(&query.bounds)?;
        self.ctes.truncate(ctes);
        let reached = self.reach.pop().unwrap_or(own_level);
        if let Some(outer) = self.reach.last_mut() {
            *outer = (*outer).min(reached);
        }
        let mut plan = Plan { id, correlated: reached < own_level, columns, first, unions, order, bounds };
        types::unify_arms(&mut plan);
        Ok(plan)
    }

    /// Notes that the query being bound looks at a level.
    fn reaches(&mut self, level: usize) {
        if let Some(reach) = self.reach.last_mut() {
            *reach = (*reach).min(level);
        }
    }
}

/// An expression in a box.
fn boxed(expr: Typed) -> Box<Typed> {
    Box::new(expr)
}
