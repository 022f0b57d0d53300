//! Answers by looking through columns.
//!
//! Where no index leads to a few rows, the joins are taken from their far ends towards the model. Of each table only the
//! columns that are compared are passed over, once and in the order they lie in memory; no row is fetched.

use std::collections::HashSet;

use carbon_specs::FieldId;

use super::lookup::Lookup;
use super::path::Hop;
use super::query::{AliasId, Condition, Query};
use crate::store::{Pk, Store, Stretch, Value};

/// The keys of rows that can take part, as the table that they are joined to sees them.
type Keys = HashSet<Pk, foldhash::fast::RandomState>;

/// Where a query can be answered from.
pub struct Narrowed {
    /// Every row that answers is among these keys of the model; ascending, each once.
    pub keys: Vec<Pk>,
    /// Each of them answers.
    pub exact: bool,
    /// Each of them answers once: no join repeats it.
    pub once: bool,
}

/// A comparison that every answer satisfies.
pub struct Compared<'q> {
    /// Whose column.
    pub alias: AliasId,
    /// Which column.
    pub field: FieldId,
    /// With what.
    pub lookup: &'q Lookup,
}

/// The comparisons that every answer satisfies, and whether there is nothing else in the WHERE clause.
pub fn compared(query: &Query) -> (Vec<Compared<'_>>, bool) {
    fn add<'q>(condition: &'q Condition, found: &mut Vec<Compared<'q>>, all: &mut bool) {
        match condition {
            Condition::And(parts) => parts.iter().for_each(|part| add(part, found, all)),
            Condition::Compare { alias, field, lookup } => {
                found.push(Compared { alias: *alias, field: *field, lookup });
            }
            Condition::Not(_) | Condition::Exists(_) => *all = false,
        }
    }
    let (mut found, mut all) = (Vec::new(), true);
    query.conditions.iter().for_each(|condition| add(condition, &mut found, &mut all));
    (found, all)
}

/// What is asked of one column.
enum Test<'t> {
    Holds(&'t Lookup),
    /// The foreign key leads to one of these.
    Leads(&'t Keys),
}

impl Test<'_> {
    fn passes(&self, value: &Value) -> bool {
        match self {
            Self::Holds(lookup) => lookup.holds(value) == Some(true),
            Self::Leads(keys) => value.as_int().is_some_and(|pk| keys.contains(&pk)),
        }
    }
}

/// Narrows a query by the columns that it compares; `None` where they exclude no row.
pub fn narrow(store: &Store, query: &Query) -> Option<Narrowed> {
    let (compared, mut exact) = compared(query);
    let mut once = true;
    let mut sets: Vec<Option<Keys>> = query.aliases.iter().map(|_| None).collect();
    // Passing over a table so much larger than the model's costs more than walking from the model into it.
    let most = store.table(query.model).len().saturating_mul(2);
    for alias in (0..query.aliases.len()).rev().filter(|alias| query.uses(*alias)) {
        let own = compared.iter().filter(|compared| compared.alias == alias);
        // What holds for NULL holds for a LEFT join's row too, which no column has.
        let (own, beside): (Vec<_>, Vec<_>) =
            own.partition(|compared| alias == 0 || compared.lookup.holds(&Value::Null) != Some(true));
        exact &= beside.is_empty();
        let place = Place { store, query, alias };
        let passing =
            if store.table(query.aliases[alias].model).len() > most { None } else { place.passing(&own, &sets) };
        if alias == 0 {
            return passing.map(|keys| Narrowed { keys, exact, once: exact && once });
        }
        once &= matches!(query.aliases[alias].hop, Some(Hop::Forward { .. }));
        exact &= passing.is_some();
        sets[alias] = passing.map(|keys| keys.into_iter().collect());
    }
    None
}

/// One table of the FROM clause.
struct Place<'p> {
    store: &'p Store,
    query: &'p Query,
    alias: AliasId,
}

impl Place<'_> {
    /// The keys of the rows that satisfy the comparisons and lead to rows that do, or, where the table points at the one
    /// it is joined to, the keys they point at. `None` where nothing is asked of it.
    fn passing(&self, compared: &[&Compared<'_>], sets: &[Option<Keys>]) -> Option<Vec<Pk>> {
        let alias = &self.query.aliases[self.alias];
        let table = self.store.table(alias.model);
        let mut tests: Vec<(FieldId, Test<'_>)> =
            compared.iter().map(|compared| (compared.field, Test::Holds(compared.lookup))).collect();
        // The keys that other tables point at.
        let mut pointed: Vec<&Keys> = Vec::new();
        for (joined, set) in self.query.aliases.iter().zip(sets).skip(self.alias + 1) {
            if let (true, Some(hop), Some(set)) = (joined.parent == self.alias, joined.hop, set) {
                match hop {
                    Hop::Forward { field, .. } => tests.push((field, Test::Leads(set))),
                    Hop::Reverse { .. } => pointed.push(set),
                }
            }
        }
        let own = |pk: Pk| pointed.iter().all(|keys| keys.contains(&pk));
        let back = match alias.hop {
            Some(Hop::Reverse { field, .. }) => Some(field),
            _ => None,
        };
        if !tests.is_empty() && !table.columns_pay() {
            let rows = table
                .iter()
                .filter(|(pk, row)| own(*pk) && tests.iter().all(|(field, test)| test.passes(&row[field.0])));
            return Some(match back {
                Some(field) => rows.filter_map(|(_, row)| row[field.0].as_int()).collect(),
                None => rows.map(|(pk, _)| pk).collect(),
            });
        }
        if !tests.is_empty() {
            let stretches = table.stretches();
            return Some(stretches.flat_map(|stretch| passing_in(stretch, &tests, own, back)).collect());
        }
        let first = pointed.first()?;
        let rows = first.iter().copied().filter(|pk| own(*pk)).filter_map(|pk| Some((pk, table.get(pk)?)));
        let mut keys: Vec<Pk> = match back {
            Some(field) => rows.filter_map(|(_, row)| row[field.0].as_int()).collect(),
            None => rows.map(|(pk, _)| pk).collect(),
        };
        keys.sort_unstable();
        Some(keys)
    }
}

/// Of one stretch the keys whose rows pass, or what `back` of them points at.
fn passing_in(
    stretch: Stretch<'_>,
    tests: &[(FieldId, Test<'_>)],
    own: impl Fn(Pk) -> bool,
    back: Option<FieldId>,
) -> Vec<Pk> {
    let keys = stretch.keys();
    let Some(((first, test), others)) = tests.split_first() else { return keys.to_vec() };
    let values = keys.iter().zip(stretch.column(*first)).enumerate();
    let mut places: Vec<usize> =
        values.filter(|(_, (pk, value))| own(**pk) && test.passes(value)).map(|(place, _)| place).collect();
    for (field, test) in others {
        if places.is_empty() {
            return Vec::new();
        }
        let column = stretch.column(*field);
        places.retain(|place| test.passes(&column[*place]));
    }
    match back {
        Some(field) => {
            let column = stretch.column(field);
            places.iter().filter_map(|place| column[*place].as_int()).collect()
        }
        None => places.iter().map(|place| keys[*place]).collect(),
    }
}
