//! Runs a query: which rows answer it, how often each, in which order. [`super::plan`] finds them.

use std::cmp::Ordering;
use std::collections::HashSet;

use carbon_specs::FieldId;

use super::plan::Plan;
use super::query::{AliasId, Query};
use crate::store::{Pk, Store, Value};

/// One row of a result.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Entry {
    /// The model's key; none where `values()` asks for columns only.
    pk: Option<Pk>,
    /// The columns of `values()`.
    values: Vec<Value>,
    /// What it is ordered by; SQL's DISTINCT counts these too.
    order: Vec<Value>,
}

impl Entry {
    /// The row as DISTINCT compares it: trailing blanks do not count.
    fn key(&self) -> Self {
        let keys = |values: &[Value]| values.iter().map(Value::key).collect();
        Self { pk: self.pk, values: keys(&self.values), order: keys(&self.order) }
    }
}

/// The keys of the rows that answer, in order, repeated as SQL repeats them.
pub fn run(store: &Store, query: &Query) -> Vec<Pk> {
    let query = &*query.ordered();
    if query.distinct || !query.order.is_empty() || query.select.is_some() {
        return entries(store, query).into_iter().filter_map(|entry| entry.pk).collect();
    }
    if query.empty {
        return Vec::new();
    }
    let plan = Plan::new(query);
    if let Some(keys) = plan.keys(store) {
        return keys.to_vec();
    }
    let mut keys = Vec::new();
    plan.each(store, &mut |pk, _| {
        keys.push(pk);
        true
    });
    keys
}

/// The rows of `values()`: one value per selected column.
pub fn values(store: &Store, query: &Query) -> Vec<Vec<Value>> {
    entries(store, &query.ordered()).into_iter().map(|entry| entry.values).collect()
}

fn entries(store: &Store, query: &Query) -> Vec<Entry> {
    if query.empty {
        return Vec::new();
    }
    let mut found: Vec<Entry> = Vec::new();
    Plan::new(query).each(store, &mut |pk, bound| {
        let column = |alias: AliasId, field: FieldId| bound[alias].map_or(Value::Null, |row| row[field.0].clone());
        let selected = query.select.as_deref().unwrap_or_default();
        found.push(Entry {
            pk: query.select.is_none().then_some(pk),
            values: selected.iter().map(|selected| column(selected.alias, selected.field)).collect(),
            order: query.order.iter().map(|order| column(order.alias, order.field)).collect(),
        });
        true
    });
    if query.distinct {
        let mut seen = HashSet::new();
        found.retain(|entry| seen.insert(entry.key()));
    }
    if !query.order.is_empty() {
        found.sort_by(|one, other| compare(query, &one.order, &other.order));
    }
    found
}

/// How many rows [`run`] would answer.
pub fn count(store: &Store, query: &Query) -> usize {
    if query.empty {
        return 0;
    }
    if query.distinct {
        return entries(store, query).len();
    }
    if query.aliases.len() == 1 && query.conditions.is_empty() {
        return store.table(query.model).len();
    }
    // Without the ordering, which could repeat rows.
    let plan = Plan::new(query);
    if let Some(keys) = plan.keys(store) {
        return keys.len();
    }
    let mut rows = 0;
    plan.each(store, &mut |_, _| {
        rows += 1;
        true
    });
    rows
}

/// Whether [`run`] would answer any row.
pub fn exists(store: &Store, query: &Query) -> bool {
    let mut any = false;
    if !query.empty {
        Plan::new(query).each(store, &mut |_, _| {
            any = true;
            false
        });
    }
    any
}

/// Firebird sorts NULL first ascending, last descending.
fn compare(query: &Query, one: &[Value], other: &[Value]) -> Ordering {
    for ((order, one), other) in query.order.iter().zip(one).zip(other) {
        let ordering = if query.nulls_last && one.is_null() != other.is_null() {
            one.is_null().cmp(&other.is_null())
        } else {
            one.key_cmp(other)
        };
        let ordering = if order.descending { ordering.reverse() } else { ordering };
        if ordering.is_ne() {
            return ordering;
        }
    }
    Ordering::Equal
}
