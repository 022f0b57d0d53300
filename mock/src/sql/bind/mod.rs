//! Names and types: from an [`ast`](super::ast) to a [`plan`](super::plan), with Firebird's errors of preparing.

mod expr;
mod function;
mod groups;
mod lookup;
mod scope;
mod select;
mod types;

use carbon_specs::Schema;
use jiff::civil::DateTime;

use super::ast::{Cte, Query};
use super::error::SqlError;
use super::plan::{Node, Plan, Typed};
use super::types::Type;

use scope::Level;

/// A statement that can be run.
#[derive(Debug)]
pub struct Bound {
    /// What to do.
    pub plan: Plan,
    /// The named queries that it makes no use of; isql tells.
    pub unused: Vec<String>,
}

/// Resolves a whole statement.
///
/// # Errors
/// The first name or type that does not fit.
pub fn bind(schema: &Schema, now: DateTime, query: &Query) -> Result<Bound, SqlError> {
    let mut binder = Binder {
        schema,
        now,
        levels: Vec::new(),
        ctes: Vec::new(),
        unused: Vec::new(),
        negated: false,
        plans: 0,
        reach: Vec::new(),
    };
    let plan = binder.query(query)?;
    if query.locks {
        groups::check_lock(&plan)?;
    }
    let mut unused: Vec<String> = Vec::new();
    for cte in binder.unused {
        if !unused.contains(&cte.name.text) {
            unused.push(cte.name.text.clone());
        }
    }
    Ok(Bound { plan, unused })
}

/// How many queries one statement may come to: a named query counts each time it is used.
const MAX_PLANS: usize = 300;

struct Binder<'a> {
    schema: &'a Schema,
    now: DateTime,
    /// The queries around the expression that is being bound, outermost first.
    levels: Vec<Level>,
    /// The named queries that can be seen.
    ctes: Vec<Named<'a>>,
    /// Those that turned out to be of no use.
    unused: Vec<&'a Cte>,
    /// Whether a NOT stands around the predicate that is being bound.
    negated: bool,
    /// How many plans there are so far.
    plans: usize,
    /// For each plan being bound, the outermost level that it looks at.
    reach: Vec<usize>,
}

/// A named query, as statements see it.
#[derive(Clone, Copy, Debug)]
struct Named<'a> {
    cte: &'a Cte,
    /// How many named queries there are up to the end of its `WITH`: all that it can see.
    seen: usize,
    /// Whether it is being bound: it cannot see itself.
    open: bool,
    used: bool,
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
        let seen = ctes + query.with.len();
        for cte in &query.with {
            if self.ctes[ctes..].iter().any(|earlier| earlier.cte.name.text == cte.name.text) {
                return Err(scope::alias_conflict(&cte.name.text));
            }
            self.ctes.push(Named { cte, seen, open: false, used: false });
        }
        let single = query.unions.is_empty();
        let (first, mut columns) = self.select(&query.first, if single { &query.order } else { &[] })?;
        let mut unions = Vec::new();
        for (all, select) in &query.unions {
            let (arm, others) = self.select(select, &[])?;
            types::merge_columns(&mut columns, &others, &query.first.items)?;
            unions.push((*all, arm));
        }
        let order = if single { Vec::new() } else { self.union_order(&query.order, &columns)? };
        let bounds = self.bounds(&query.bounds)?;
        self.leave_unused(ctes)?;
        self.ctes.truncate(ctes);
        let reached = self.reach.pop().unwrap_or(own_level);
        if let Some(outer) = self.reach.last_mut() {
            *outer = (*outer).min(reached);
        }
        let mut plan = Plan { id, correlated: reached < own_level, columns, first, unions, order, bounds };
        types::unify_arms(&mut plan);
        Ok(plan)
    }

    /// Notes the named queries from this place on that were not used. Even they must make sense; what they use does not
    /// count.
    fn leave_unused(&mut self, from: usize) -> Result<(), SqlError> {
        let unused: Vec<usize> = (from..self.ctes.len()).filter(|place| !self.ctes[*place].used).collect();
        let before = self.ctes.clone();
        for place in unused {
            let cte = self.ctes[place].cte;
            self.unused.push(cte);
            self.named_query(place)?;
            self.ctes.clone_from(&before);
        }
        Ok(())
    }

    /// The plan of a named query.
    fn named_query(&mut self, place: usize) -> Result<Plan, SqlError> {
        let named = self.ctes[place];
        if named.open {
            let line = format!("CTE '{}' has cyclic dependencies", named.cte.name.text);
            return Err(SqlError::dynamic("42000", -104, &[&line]));
        }
        self.ctes[place] = Named { open: true, used: true, ..named };
        let later = self.ctes.split_off(named.seen);
        let plan = self.derived(&named.cte.query);
        self.ctes.extend(later);
        self.ctes[place].open = false;
        plan
    }

    /// Notes that the query being bound looks at a level.
    fn reaches(&mut self, level: usize) {
        if let Some(reach) = self.reach.last_mut() {
            *reach = (*reach).min(level);
        }
    }
}

/// A node whose value is made what its type declares.
fn declared(node: Node, ty: Type) -> Typed {
    Typed { node: Node::Cast(boxed(Typed { node, ty })), ty }
}

/// An expression in a box.
fn boxed(expr: Typed) -> Box<Typed> {
    Box::new(expr)
}
