//! Runs a query: which rows answer it, how often each, in which order.
//!
//! A small planner starts from the most selective equality that an index serves, walks its links back to the model,
//! and asks the whole WHERE clause of those rows only; links are walked through indexes, never materialised.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};

use carbon_specs::FieldId;

use super::path::Hop;
use super::query::{AliasId, Condition, Query};
use crate::store::{Pk, Row, Store, Value};

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
    entries(store, &query.ordered()).into_iter().filter_map(|entry| entry.pk).collect()
}

/// The rows of `values()`: one value per selected column.
pub fn values(store: &Store, query: &Query) -> Vec<Vec<Value>> {
    entries(store, &query.ordered()).into_iter().map(|entry| entry.values).collect()
}

fn entries(store: &Store, query: &Query) -> Vec<Entry> {
    if query.empty {
        return Vec::new();
    }
    let plan = Plan::new(query);
    let mut found: Vec<Entry> = Vec::new();
    for (pk, row) in candidates(store, query) {
        let mut bound = vec![None; query.aliases.len()];
        bound[0] = Some(row);
        plan.visit(store, &mut bound, 0, &mut |bound| {
            let column = |alias: AliasId, field: FieldId| bound[alias].map_or(Value::Null, |row| row[field.0].clone());
            let selected = query.select.as_deref().unwrap_or_default();
            found.push(Entry {
                pk: query.select.is_none().then_some(pk),
                values: selected.iter().map(|selected| column(selected.alias, selected.field)).collect(),
                order: query.order.iter().map(|order| column(order.alias, order.field)).collect(),
            });
            true
        });
    }
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
    let columns_once = query.distinct && query.select.is_some();
    if query.aliases.len() == 1 && query.conditions.is_empty() && !query.empty && !columns_once {
        return store.table(query.model).len();
    }
    // Without the ordering, which could repeat rows.
    entries(store, query).len()
}

/// Whether a row answers the query.
fn answers(store: &Store, query: &Query, row: &Row) -> bool {
    let plan = Plan::new(query);
    let mut bound = vec![None; query.aliases.len()];
    bound[0] = Some(row);
    let mut found = false;
    plan.visit(store, &mut bound, 0, &mut |_| {
        found = true;
        false
    });
    found
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

/// The WHERE clause cut by the join after which each part can be asked.
struct Plan<'q> {
    query: &'q Query,
    /// The joins in use, in order; parents come before what hangs on them.
    joins: Vec<AliasId>,
    /// For each stage (0: the model's own row; n: after the n-th join) the conditions that can be asked then.
    stages: Vec<Vec<&'q Condition>>,
}

impl<'q> Plan<'q> {
    fn new(query: &'q Query) -> Self {
        let joins: Vec<AliasId> = (1..query.aliases.len()).filter(|alias| query.uses(*alias)).collect();
        let mut stages = vec![Vec::new(); joins.len() + 1];
        for condition in &query.conditions {
            let last = last_alias(condition);
            let stage = joins.iter().position(|alias| *alias == last).map_or(0, |place| place + 1);
            stages[stage].push(condition);
        }
        Self { query, joins, stages }
    }

    /// Calls `found` for each combination of rows that satisfies everything, until it answers false.
    fn visit<'s>(
        &self,
        store: &'s Store,
        bound: &mut Vec<Option<&'s Row>>,
        stage: usize,
        found: &mut dyn FnMut(&[Option<&'s Row>]) -> bool,
    ) -> bool {
        let holds = self.stages[stage].iter().all(|condition| truth(store, condition, bound) == Some(true));
        if !holds {
            return true;
        }
        let Some(alias) = self.joins.get(stage).copied() else { return found(bound) };
        let join = &self.query.aliases[alias];
        let mut any = false;
        if let (Some(from), Some(hop)) = (bound[join.parent], join.hop) {
            for row in linked(store, self.query.aliases[join.parent].model, from, hop) {
                any = true;
                bound[alias] = Some(row);
                if !self.visit(store, bound, stage + 1, found) {
                    return false;
                }
            }
        }
        bound[alias] = None;
        if !any && join.left {
            return self.visit(store, bound, stage + 1, found);
        }
        true
    }
}

/// The rows that a link leads to.
fn linked<'s>(store: &'s Store, from: carbon_specs::ModelId, row: &Row, hop: Hop) -> Vec<&'s Row> {
    match hop {
        Hop::Forward { field, to } => row[field.0].as_int().and_then(|pk| store.get(to, pk)).into_iter().collect(),
        Hop::Reverse { model, field } => {
            let pk = &row[store.model(from).pk.0];
            store.matching(model, field, pk).filter_map(|pk| store.get(model, pk)).collect()
        }
    }
}

fn last_alias(condition: &Condition) -> AliasId {
    match condition {
        Condition::And(parts) => parts.iter().map(last_alias).max().unwrap_or(0),
        Condition::Not(inner) => last_alias(inner),
        Condition::Compare { alias, .. } => *alias,
        Condition::Exists(_) => 0,
    }
}

/// SQL's three truth values; `None` is unknown.
fn truth(store: &Store, condition: &Condition, bound: &[Option<&Row>]) -> Option<bool> {
    match condition {
        Condition::And(parts) => {
            let mut result = Some(true);
            for part in parts {
                match truth(store, part, bound) {
                    Some(false) => return Some(false),
                    None => result = None,
                    Some(true) => {}
                }
            }
            result
        }
        Condition::Not(inner) => truth(store, inner, bound).map(|truth| !truth),
        Condition::Compare { alias, field, lookup } => {
            lookup.holds(bound[*alias].map_or(&Value::Null, |row| &row[field.0]))
        }
        Condition::Exists(query) => bound[0].map(|row| answers(store, query, row)),
    }
}

/// Rows that may answer: through the most selective equality that an index serves, or all.
fn candidates<'s>(store: &'s Store, query: &Query) -> Box<dyn Iterator<Item = (Pk, &'s Row)> + 's> {
    // In steps, so that a condition that half of the rows satisfy is not followed where another one finds a few.
    let best = [FEW, 4096, usize::MAX].into_iter().find_map(|most| {
        let found = query.conditions.iter().filter_map(|condition| start(store, query, condition, most));
        found.min_by_key(BTreeSet::len)
    });
    match best {
        Some(keys) => {
            let table = store.table(query.model);
            Box::new(keys.into_iter().filter_map(move |pk| table.get(pk).map(|row| (pk, row))))
        }
        None => Box::new(store.table(query.model).iter()),
    }
}

/// So many rows are looked at in no time.
const FEW: usize = 64;

/// Whether an index leads to a few rows that alone can answer.
pub fn is_selective(store: &Store, query: &Query) -> bool {
    query.empty || query.conditions.iter().any(|condition| start(store, query, condition, FEW).is_some())
}

/// The model's keys from which a top-level equality can be reached; `None` where no index serves it, or where they are
/// more than `most`.
fn start(store: &Store, query: &Query, condition: &Condition, most: usize) -> Option<BTreeSet<Pk>> {
    let Condition::Compare { alias, field, lookup } = condition else { return None };
    let model = query.aliases[*alias].model;
    let served = store.table(model).is_indexed(*field) || store.model(model).pk == *field;
    let keys = lookup.keys().filter(|_| served)?;
    let mut rows = within(keys.iter().flat_map(|key| store.matching(model, *field, key)), most)?;
    // An equality never holds for a LEFT join's row of NULLs, so the way back is the way there.
    let mut alias = *alias;
    while let Some(hop) = query.aliases[alias].hop {
        let parent = query.aliases[alias].parent;
        let parent_model = query.aliases[parent].model;
        rows = match hop {
            Hop::Forward { field, .. } => {
                within(rows.iter().flat_map(|pk| store.matching(parent_model, field, &Value::Int(*pk))), most)?
            }
            Hop::Reverse { model, field } => {
                let parent = |pk: &Pk| store.get(model, *pk).and_then(|row| row[field.0].as_int());
                within(rows.iter().filter_map(parent), most)?
            }
        };
        alias = parent;
    }
    Some(rows)
}

/// The keys, unless there are more than so many.
fn within(keys: impl Iterator<Item = Pk>, most: usize) -> Option<BTreeSet<Pk>> {
    let mut found = BTreeSet::new();
    for pk in keys {
        found.insert(pk);
        if found.len() > most {
            return None;
        }
    }
    Some(found)
}
