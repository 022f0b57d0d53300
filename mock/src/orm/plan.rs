//! How a query is carried out: in which rows it starts, which links are walked, and where each condition can be asked.
//!
//! A small planner starts from the condition that leads to the fewest rows of the model: through an index, or by looking
//! through a whole column and walking back from the rows that hold. The whole WHERE clause is asked of those rows
//! only. Links are walked through indexes, never materialised.

use std::cell::{Cell, OnceCell};

use carbon_specs::{FieldId, ModelId};

use super::lookup::Lookup;
use super::path::Hop;
use super::query::{AliasId, Condition, Query};
use crate::store::{Pk, Row, Store, Value};

/// The rows bound to the aliases of a query; none for those not reached yet, and for a LEFT join's row of NULLs.
pub type Bound<'s> = [Option<&'s Row>];

/// So many rows are looked at in no time.
const FEW: usize = 64;

/// The WHERE clause cut by the join after which each part can be asked.
pub struct Plan<'q> {
    query: &'q Query,
    /// The joins in use, in order; parents come before what hangs on them.
    joins: Vec<AliasId>,
    /// For each stage (0: the model's own row; n: after the n-th join) the conditions that can be asked then.
    stages: Vec<Vec<Test<'q>>>,
}

/// A condition, with the plans of its subqueries.
enum Test<'q> {
    And(Vec<Test<'q>>),
    Not(Box<Test<'q>>),
    Compare { alias: AliasId, field: FieldId, lookup: &'q Lookup },
    Exists(Exists<'q>),
}

/// A subquery, asked for one row after another.
struct Exists<'q> {
    plan: Plan<'q>,
    asked: Cell<usize>,
    /// The keys of the rows that may answer, once it is worth while to know them; none where all have to be asked.
    starts: OnceCell<Option<Vec<Pk>>>,
}

impl<'q> Exists<'q> {
    fn new(query: &'q Query) -> Self {
        Self { plan: Plan::new(query), asked: Cell::new(0), starts: OnceCell::new() }
    }

    fn holds(&self, store: &Store, row: &Row) -> bool {
        self.asked.set(self.asked.get() + 1);
        if self.asked.get() > FEW {
            let starts = self.starts.get_or_init(|| starts(store, self.plan.query));
            let pk = row[store.model(self.plan.query.model).pk.0].as_int();
            if let (Some(starts), Some(pk)) = (starts, pk)
                && starts.binary_search(&pk).is_err()
            {
                return false;
            }
        }
        self.plan.answers(store, row)
    }
}

impl<'q> Test<'q> {
    fn new(condition: &'q Condition) -> Self {
        match condition {
            Condition::And(parts) => Self::And(parts.iter().map(Self::new).collect()),
            Condition::Not(inner) => Self::Not(Box::new(Self::new(inner))),
            Condition::Compare { alias, field, lookup } => Self::Compare { alias: *alias, field: *field, lookup },
            Condition::Exists(query) => Self::Exists(Exists::new(query)),
        }
    }

    /// SQL's three truth values; `None` is unknown.
    fn truth(&self, store: &Store, bound: &Bound<'_>) -> Option<bool> {
        match self {
            Self::And(parts) => {
                let mut result = Some(true);
                for part in parts {
                    match part.truth(store, bound) {
                        Some(false) => return Some(false),
                        None => result = None,
                        Some(true) => {}
                    }
                }
                result
            }
            Self::Not(inner) => inner.truth(store, bound).map(|truth| !truth),
            Self::Compare { alias, field, lookup } => {
                lookup.holds(bound[*alias].map_or(&Value::Null, |row| &row[field.0]))
            }
            Self::Exists(exists) => bound[0].map(|row| exists.holds(store, row)),
        }
    }
}

impl<'q> Plan<'q> {
    /// Plans a query.
    pub fn new(query: &'q Query) -> Self {
        let joins: Vec<AliasId> = (1..query.aliases.len()).filter(|alias| query.uses(*alias)).collect();
        let mut stages: Vec<Vec<Test<'q>>> = std::iter::repeat_with(Vec::new).take(joins.len() + 1).collect();
        for condition in &query.conditions {
            let last = last_alias(condition);
            let stage = joins.iter().position(|alias| *alias == last).map_or(0, |place| place + 1);
            stages[stage].push(Test::new(condition));
        }
        Self { query, joins, stages }
    }

    /// Calls `found` for each combination of rows that satisfies everything, in the order of the model's keys, until it
    /// answers false.
    pub fn each<'s>(&self, store: &'s Store, found: &mut dyn FnMut(Pk, &Bound<'s>) -> bool) {
        let mut bound = vec![None; self.query.aliases.len()];
        let mut visit = |pk: Pk, row: &'s Row| {
            bound[0] = Some(row);
            self.visit(store, &mut bound, 0, &mut |bound| found(pk, bound))
        };
        let table = store.table(self.query.model);
        match starts(store, self.query) {
            Some(keys) => {
                let mut rows = keys.into_iter().filter_map(|pk| table.get(pk).map(|row| (pk, row)));
                rows.all(|(pk, row)| visit(pk, row));
            }
            None => {
                table.iter().all(|(pk, row)| visit(pk, row));
            }
        }
    }

    /// Whether a row answers the query.
    fn answers(&self, store: &Store, row: &Row) -> bool {
        let mut bound = vec![None; self.query.aliases.len()];
        bound[0] = Some(row);
        let mut found = false;
        self.visit(store, &mut bound, 0, &mut |_| {
            found = true;
            false
        });
        found
    }

    /// Walks the joins from a stage on; false if `found` has had enough.
    fn visit<'s>(
        &self,
        store: &'s Store,
        bound: &mut Vec<Option<&'s Row>>,
        stage: usize,
        found: &mut dyn FnMut(&Bound<'s>) -> bool,
    ) -> bool {
        if !self.stages[stage].iter().all(|test| test.truth(store, bound) == Some(true)) {
            return true;
        }
        let Some(alias) = self.joins.get(stage).copied() else { return found(bound) };
        let join = &self.query.aliases[alias];
        let mut any = false;
        if let (Some(from), Some(hop)) = (bound[join.parent], join.hop) {
            let mut follow = |row: &'s Row| {
                any = true;
                bound[alias] = Some(row);
                self.visit(store, bound, stage + 1, found)
            };
            let more = match hop {
                Hop::Forward { field, to } => {
                    from[field.0].as_int().and_then(|pk| store.get(to, pk)).is_none_or(&mut follow)
                }
                Hop::Reverse { model, field } => {
                    let own = &from[store.model(self.query.aliases[join.parent].model).pk.0];
                    store.matching(model, field, own).filter_map(|pk| store.get(model, pk)).all(&mut follow)
                }
            };
            if !more {
                return false;
            }
        }
        bound[alias] = None;
        if !any && join.left {
            return self.visit(store, bound, stage + 1, found);
        }
        true
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

/// Whether an index leads to a few rows that alone can answer.
pub fn is_selective(store: &Store, query: &Query) -> bool {
    query.empty || compared(query).iter().any(|compared| compared.by_index(store, query, FEW).is_some())
}

/// The keys of the rows that may answer, ascending; `None` where all have to be looked at.
fn starts(store: &Store, query: &Query) -> Option<Vec<Pk>> {
    let compared = compared(query);
    let all = store.table(query.model).len();
    // In steps, so that a condition that half of the rows satisfy is not followed where another one finds a few.
    let indexed = [FEW, 4096, all].into_iter().find_map(|most| {
        compared.iter().filter_map(|compared| compared.by_index(store, query, most)).min_by_key(Vec::len)
    });
    let mut best = indexed;
    if best.as_ref().is_none_or(|keys| keys.len() > 4096) {
        for compared in &compared {
            // Beyond a quarter of the rows, walking back costs as much as it saves.
            let worth = if compared.alias == 0 { all / 2 } else { all / 4 };
            let most = best.as_ref().map_or(worth, |keys| keys.len().min(worth));
            best = compared.by_scan(store, query, most).or(best);
        }
    }
    best
}

/// A comparison that every answer satisfies.
struct Compared<'q> {
    alias: AliasId,
    field: FieldId,
    lookup: &'q Lookup,
}

/// The comparisons that every answer satisfies, those of a subquery not among them.
fn compared(query: &Query) -> Vec<Compared<'_>> {
    fn add<'q>(condition: &'q Condition, into: &mut Vec<Compared<'q>>) {
        match condition {
            Condition::And(parts) => parts.iter().for_each(|part| add(part, into)),
            Condition::Compare { alias, field, lookup } => {
                into.push(Compared { alias: *alias, field: *field, lookup });
            }
            Condition::Not(_) | Condition::Exists(_) => {}
        }
    }
    let mut found = Vec::new();
    query.conditions.iter().for_each(|condition| add(condition, &mut found));
    found
}

impl Compared<'_> {
    /// The model's keys from which an equality can be reached; `None` where no index serves it, or where they are more
    /// than `most`.
    fn by_index(&self, store: &Store, query: &Query, most: usize) -> Option<Vec<Pk>> {
        let model = query.aliases[self.alias].model;
        let served = store.table(model).is_indexed(self.field) || store.model(model).pk == self.field;
        let keys = self.lookup.keys().filter(|_| served)?;
        let rows = within(keys.iter().flat_map(|key| store.matching(model, self.field, key)), most)?;
        self.back(store, query, rows, most)
    }

    /// The model's keys from which the comparison holds, where a whole column is looked through for it; `None` where
    /// they are more than `most`, or looking costs more than looking through the model itself.
    fn by_scan(&self, store: &Store, query: &Query, most: usize) -> Option<Vec<Pk>> {
        let table = store.table(query.aliases[self.alias].model);
        let dear = table.len() > store.table(query.model).len().saturating_mul(2);
        // What holds for NULL holds for a LEFT join's row too, which no column has.
        if dear || self.lookup.holds(&Value::Null) == Some(true) {
            return None;
        }
        let holding = table.column(self.field).iter().filter(|(_, value)| self.lookup.holds(value) == Some(true));
        let rows = within(holding.map(|(pk, _)| *pk), most)?;
        self.back(store, query, rows, most)
    }

    /// Walks from rows of the alias back to the model. The comparison never holds for a LEFT join's row of NULLs, so the
    /// way back is the way there.
    fn back(&self, store: &Store, query: &Query, mut rows: Vec<Pk>, most: usize) -> Option<Vec<Pk>> {
        let mut alias = self.alias;
        while let Some(hop) = query.aliases[alias].hop {
            let parent = query.aliases[alias].parent;
            rows = match hop {
                Hop::Forward { field, .. } => {
                    let model: ModelId = query.aliases[parent].model;
                    within(rows.iter().flat_map(|pk| store.matching(model, field, &Value::Int(*pk))), most)?
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
}

/// The keys, ascending and each once, unless there are more than so many.
fn within(keys: impl Iterator<Item = Pk>, most: usize) -> Option<Vec<Pk>> {
    let mut found = Vec::new();
    for pk in keys {
        found.push(pk);
        // Twice the same row counts once, so that too many may still be few.
        if found.len() > most.saturating_mul(2) {
            tidy(&mut found);
            if found.len() > most {
                return None;
            }
        }
    }
    tidy(&mut found);
    (found.len() <= most).then_some(found)
}

fn tidy(keys: &mut Vec<Pk>) {
    keys.sort_unstable();
    keys.dedup();
}
