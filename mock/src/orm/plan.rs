//! How a query is carried out: in which rows it starts, which links are walked, and where each condition can be asked.
//!
//! A small planner starts from the condition that leads to the fewest rows of the model through an index, or looks
//! through the columns that are compared. Where that does not settle it, the whole WHERE clause is asked of the rows
//! found. Links are walked through indexes, never materialised.

use std::cell::{Cell, OnceCell};

use carbon_specs::{FieldId, ModelId};

use super::columns::{Compared, Narrowed, compared, narrow};
use super::effort::{Effort, TooMuch};
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
    /// Where to look, once it has been asked for; none where all rows have to be looked at.
    starts: OnceCell<Option<Narrowed>>,
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
}

impl<'q> Exists<'q> {
    fn new(query: &'q Query) -> Self {
        Self { plan: Plan::new(query), asked: Cell::new(0) }
    }

    fn holds(&self, store: &Store, row: &Row, effort: &Effort) -> Result<bool, TooMuch> {
        self.asked.set(self.asked.get() + 1);
        if self.asked.get() > FEW {
            let starts = self.plan.starts(store);
            let pk = row[store.model(self.plan.query.model).pk.0].as_int();
            if let (Some(starts), Some(pk)) = (starts, pk) {
                let among = starts.keys.binary_search(&pk).is_ok();
                if starts.exact || !among {
                    return Ok(among);
                }
            }
        }
        self.plan.answers(store, row, effort)
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
    fn truth(&self, store: &Store, bound: &Bound<'_>, effort: &Effort) -> Result<Option<bool>, TooMuch> {
        Ok(match self {
            Self::And(parts) => {
                let mut result = Some(true);
                for part in parts {
                    match part.truth(store, bound, effort)? {
                        Some(false) => return Ok(Some(false)),
                        None => result = None,
                        Some(true) => {}
                    }
                }
                result
            }
            Self::Not(inner) => inner.truth(store, bound, effort)?.map(|truth| !truth),
            Self::Compare { alias, field, lookup } => {
                lookup.holds(bound[*alias].map_or(&Value::Null, |row| &row[field.0]))
            }
            Self::Exists(exists) => match bound[0] {
                Some(row) => Some(exists.holds(store, row, effort)?),
                None => None,
            },
        })
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
        Self { query, joins, stages, starts: OnceCell::new() }
    }

    fn starts(&self, store: &Store) -> Option<&Narrowed> {
        self.starts.get_or_init(|| starts(store, self.query)).as_ref()
    }

    /// Calls `found` for each combination of rows that satisfies everything, in the order of the model's keys, until it
    /// answers false.
    ///
    /// # Errors
    /// Where that takes more than `effort` allows, or `found` has too much.
    pub fn each<'s>(
        &self,
        store: &'s Store,
        effort: &Effort,
        found: &mut dyn FnMut(Pk, &Bound<'s>) -> Result<bool, TooMuch>,
    ) -> Result<(), TooMuch> {
        let mut bound = vec![None; self.query.aliases.len()];
        let mut visit = |pk: Pk, row: &'s Row| {
            bound[0] = Some(row);
            self.visit(store, effort, &mut bound, 0, &mut |bound| found(pk, bound))
        };
        let table = store.table(self.query.model);
        match self.starts(store) {
            Some(starts) => {
                for pk in &starts.keys {
                    if let Some(row) = table.get(*pk)
                        && !visit(*pk, row)?
                    {
                        break;
                    }
                }
            }
            None => {
                for (pk, row) in table.iter() {
                    if !visit(pk, row)? {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// The keys of the rows that answer, where columns alone tell them, each as often as it answers.
    pub fn keys(&self, store: &Store) -> Option<&[Pk]> {
        self.starts(store).filter(|starts| starts.exact && starts.once).map(|starts| starts.keys.as_slice())
    }

    /// Whether a row answers the query.
    fn answers(&self, store: &Store, row: &Row, effort: &Effort) -> Result<bool, TooMuch> {
        let mut bound = vec![None; self.query.aliases.len()];
        bound[0] = Some(row);
        let mut found = false;
        self.visit(store, effort, &mut bound, 0, &mut |_| {
            found = true;
            Ok(false)
        })?;
        Ok(found)
    }

    /// Walks the joins from a stage on; false if `found` has had enough.
    fn visit<'s>(
        &self,
        store: &'s Store,
        effort: &Effort,
        bound: &mut Vec<Option<&'s Row>>,
        stage: usize,
        found: &mut dyn FnMut(&Bound<'s>) -> Result<bool, TooMuch>,
    ) -> Result<bool, TooMuch> {
        effort.spend()?;
        for test in &self.stages[stage] {
            if test.truth(store, bound, effort)? != Some(true) {
                return Ok(true);
            }
        }
        let Some(alias) = self.joins.get(stage).copied() else { return found(bound) };
        let join = &self.query.aliases[alias];
        let mut any = false;
        if let (Some(from), Some(hop)) = (bound[join.parent], join.hop) {
            let mut follow = |row: &'s Row| {
                any = true;
                bound[alias] = Some(row);
                self.visit(store, effort, bound, stage + 1, found)
            };
            match hop {
                Hop::Forward { field, to } => {
                    if let Some(row) = from[field.0].as_int().and_then(|pk| store.get(to, pk))
                        && !follow(row)?
                    {
                        return Ok(false);
                    }
                }
                Hop::Reverse { model, field } => {
                    let own = &from[store.model(self.query.aliases[join.parent].model).pk.0];
                    for row in store.matching(model, field, own).filter_map(|pk| store.get(model, pk)) {
                        if !follow(row)? {
                            return Ok(false);
                        }
                    }
                }
            }
        }
        bound[alias] = None;
        if !any && join.left {
            return self.visit(store, effort, bound, stage + 1, found);
        }
        Ok(true)
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
    query.empty || compared(query).0.iter().any(|compared| compared.by_index(store, query, FEW).is_some())
}

/// Where to look; `None` where all rows have to be looked at.
fn starts(store: &Store, query: &Query) -> Option<Narrowed> {
    let (compared, _) = compared(query);
    let all = store.table(query.model).len();
    // In steps, so that a condition that half of the rows satisfy is not followed where another one finds a few.
    let indexed = [FEW, 4096, all].into_iter().find_map(|most| {
        compared.iter().filter_map(|compared| compared.by_index(store, query, most)).min_by_key(Vec::len)
    });
    let indexed = indexed.map(|keys| Narrowed { keys, exact: false, once: false });
    match indexed {
        Some(few) if few.keys.len() <= 4096 => Some(few),
        many => match narrow(store, query) {
            Some(narrowed) if narrowed.exact || narrowed.keys.len() < all / 2 => Some(narrowed),
            _ => many,
        },
    }
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
