//! Runs a query: which rows answer it, how often each, in which order. [`super::plan`] finds them.

use std::cmp::Ordering;
use std::collections::HashSet;

use carbon_specs::FieldId;

use super::effort::{Effort, MOST_FOUND, TooMuch};
use super::plan::Plan;
use super::query::{AliasId, OrderKey, Query};
use crate::store::{Pk, Store, Value};
use crate::tasks::Chance;

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

/// What a query answers, in order, repeated as SQL repeats it.
#[derive(Clone, Debug)]
pub enum Found {
    /// The keys of objects.
    Objects(Vec<Pk>),
    /// The rows of `values()`: one value per selected column.
    Values(Vec<Vec<Value>>),
}

impl Found {
    /// How many.
    pub fn count(&self) -> usize {
        match self {
            Self::Objects(keys) => keys.len(),
            Self::Values(rows) => rows.len(),
        }
    }
}

/// What a query answers.
///
/// # Errors
/// Where that is more than one call may ask.
pub fn find(store: &Store, query: &Query) -> Result<Found, TooMuch> {
    if query.select.is_none() {
        return keys(store, query).map(Found::Objects);
    }
    let query = query.ordered()?;
    Ok(Found::Values(entries(store, &query)?.into_iter().map(|entry| entry.values).collect()))
}

/// The keys of the rows that answer, in order, repeated as SQL repeats them; whatever `values()` asks for.
///
/// # Errors
/// Where that is more than one call may ask.
pub fn keys(store: &Store, query: &Query) -> Result<Vec<Pk>, TooMuch> {
    let query = &*query.ordered()?;
    if query.distinct || !query.order.is_empty() {
        return Ok(entries(store, query)?.into_iter().filter_map(|entry| entry.pk).collect());
    }
    if query.empty {
        return Ok(Vec::new());
    }
    let plan = Plan::new(query);
    if let Some(keys) = plan.keys(store) {
        return Ok(keys.to_vec());
    }
    let mut keys = Vec::new();
    plan.each(store, &Effort::full(), &mut |pk, _| keep(&mut keys, pk))?;
    Ok(keys)
}

/// One more to be held until it is sent.
fn keep<T>(found: &mut Vec<T>, one: T) -> Result<bool, TooMuch> {
    if found.len() >= MOST_FOUND {
        return Err(TooMuch::Found);
    }
    found.push(one);
    Ok(true)
}

fn entries(store: &Store, query: &Query) -> Result<Vec<Entry>, TooMuch> {
    if query.empty {
        return Ok(Vec::new());
    }
    let mut found: Vec<Entry> = Vec::new();
    let mut place = 0_u64;
    let selected = query.select.as_ref().map_or(&[][..], |select| &select.columns);
    Plan::new(query).each(store, &Effort::full(), &mut |pk, bound| {
        let column = |alias: AliasId, field: FieldId| bound[alias].map_or(Value::Null, |row| row[field.0].clone());
        place += 1;
        let order = query.order.iter().map(|order| match order.key {
            OrderKey::Column { alias, field } => column(alias, field),
            OrderKey::Shuffled { seed } => Value::Int(Chance::new(seed.wrapping_add(place)).bits().cast_signed()),
        });
        keep(
            &mut found,
            Entry {
                pk: query.select.is_none().then_some(pk),
                values: selected.iter().map(|selected| column(selected.alias, selected.field)).collect(),
                order: order.collect(),
            },
        )
    })?;
    if query.distinct {
        let mut seen = HashSet::new();
        found.retain(|entry| seen.insert(entry.key()));
    }
    if !query.order.is_empty() {
        found.sort_by(|one, other| compare(query, &one.order, &other.order));
    }
    Ok(found)
}

/// How many rows [`find`] would answer.
///
/// # Errors
/// Where counting them is more than one call may ask.
pub fn count(store: &Store, query: &Query) -> Result<usize, TooMuch> {
    if query.empty {
        return Ok(0);
    }
    if query.distinct {
        return Ok(entries(store, query)?.len());
    }
    if query.aliases.len() == 1 && query.conditions.is_empty() {
        return Ok(store.table(query.model).len());
    }
    // Without the ordering, which could repeat rows.
    let plan = Plan::new(query);
    if let Some(keys) = plan.keys(store) {
        return Ok(keys.len());
    }
    let mut rows = 0;
    plan.each(store, &Effort::full(), &mut |_, _| {
        rows += 1;
        Ok(true)
    })?;
    Ok(rows)
}

/// Whether [`find`] would answer any row.
///
/// # Errors
/// Where finding one is more than one call may ask.
pub fn exists(store: &Store, query: &Query) -> Result<bool, TooMuch> {
    let mut any = false;
    if !query.empty {
        Plan::new(query).each(store, &Effort::full(), &mut |_, _| {
            any = true;
            Ok(false)
        })?;
    }
    Ok(any)
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
