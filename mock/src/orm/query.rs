//! A QuerySet as Django builds it: joins with aliases, and a tree of conditions.
//!
//! This follows `django.db.models.sql.Query` step by step, because integrators see its consequences: one `filter()`
//! over a multi-valued relation shares its join, a second `filter()` joins again (and repeats rows), joins start as
//! LEFT where the link may lead nowhere and become INNER where a condition needs a row, `exclude()` over a
//! multi-valued relation asks a subquery. The names in the comments are Django's.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use carbon_specs::{FieldId, ModelId, Provenance, Schema};
use serde_json::{Map, Value as Json};

use super::effort::{MOST_JOINED, TooMuch};
use super::error::CallError;
use super::lookup::Lookup;
use super::path::{self, Hop};
use crate::tasks::Chance;

/// A place in [`Query::aliases`]; 0 is the model itself.
pub type AliasId = usize;

/// One table in the FROM clause.
#[derive(Clone, Debug)]
pub struct Alias {
    /// The alias it is joined to.
    pub parent: AliasId,
    /// The link; none for the model itself.
    pub hop: Option<Hop>,
    /// The table's model.
    pub model: ModelId,
    /// A LEFT join: no row is a row of NULLs.
    pub left: bool,
    /// The link may lead nowhere.
    nullable: bool,
    /// How many conditions use it; Django leaves an unused join out.
    uses: usize,
}

/// A condition, with SQL's three truth values.
#[derive(Clone, Debug)]
pub enum Condition {
    /// All of them.
    And(Vec<Condition>),
    /// Not.
    Not(Box<Condition>),
    /// A column compared.
    Compare {
        /// Whose column.
        alias: AliasId,
        /// Which column.
        field: FieldId,
        /// How.
        lookup: Lookup,
    },
    /// Some row of this query has the key of the row at hand.
    Exists(Box<Query>),
}

/// One part of an ordering as it was asked for.
#[derive(Clone, Debug)]
enum Asked {
    Column { hops: Vec<Hop>, field: FieldId, descending: bool },
    Shuffled { seed: u64 },
}

/// One part of an ordering, joined.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// What is sorted by.
    pub key: OrderKey,
    /// From the greatest down.
    pub descending: bool,
}

/// What a part of an ordering sorts by.
#[derive(Clone, Copy, Debug)]
pub enum OrderKey {
    /// A column.
    Column {
        /// Whose.
        alias: AliasId,
        /// Which.
        field: FieldId,
    },
    /// Chance, the same for the same seed: `order_by('?')`.
    Shuffled {
        /// The seed.
        seed: u64,
    },
}

/// A query for rows of one model.
#[derive(Clone, Debug)]
pub struct Query {
    schema: Arc<Schema>,
    /// The model.
    pub model: ModelId,
    /// The FROM clause.
    pub aliases: Vec<Alias>,
    /// The WHERE clause: all of these.
    pub conditions: Vec<Condition>,
    /// What it is to be ordered by; joined only by [`Query::ordered`].
    asked: Vec<Asked>,
    /// `reverse()`, an odd number of times.
    backwards: bool,
    /// The ORDER BY clause.
    pub order: Vec<Order>,
    /// Equal rows once.
    pub distinct: bool,
    /// `none()`: no row whatever the conditions.
    pub empty: bool,
    /// NULL is ordered as the greatest value, not as the least: no Firebird does so, a deviating server may.
    pub nulls_last: bool,
    /// `values()`, `values_list()`: columns instead of objects.
    pub select: Option<Select>,
    /// The weakest standing of what the conditions rest on.
    pub standing: Provenance,
}

/// What `values()` or `values_list()` asks for.
#[derive(Clone, Debug)]
pub struct Select {
    /// The columns, in the order they were asked for.
    pub columns: Vec<Selected>,
    /// Each row is an object, not a list.
    pub named: bool,
}

/// One column of `values()`.
#[derive(Clone, Debug)]
pub struct Selected {
    /// As it was asked for.
    pub name: String,
    /// Whose column.
    pub alias: AliasId,
    /// Which column.
    pub field: FieldId,
}

impl Query {
    /// All rows of a model.
    pub fn all(schema: &Arc<Schema>, model: ModelId) -> Self {
        let base = Alias { parent: 0, hop: None, model, left: false, nullable: false, uses: 1 };
        Self {
            schema: Arc::clone(schema),
            model,
            aliases: vec![base],
            conditions: Vec::new(),
            asked: Vec::new(),
            backwards: false,
            order: Vec::new(),
            distinct: false,
            empty: false,
            nulls_last: false,
            select: None,
            standing: Provenance::Documented,
        }
    }

    /// The models.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Whether a table is in the FROM clause.
    pub fn uses(&self, alias: AliasId) -> bool {
        self.aliases[alias].uses > 0
    }

    /// `filter(**kwargs)`.
    ///
    /// # Errors
    /// Django's, for names and values.
    pub fn filter(&mut self, kwargs: &Map<String, Json>) -> Result<(), CallError> {
        self.add_q(kwargs, false)
    }

    /// `exclude(**kwargs)`.
    ///
    /// # Errors
    /// Django's, for names and values.
    pub fn exclude(&mut self, kwargs: &Map<String, Json>) -> Result<(), CallError> {
        self.add_q(kwargs, true)
    }

    /// `order_by(*paths)`: replaces the ordering. `-` before a path turns it around, no path clears it.
    ///
    /// # Errors
    /// Django's, for names.
    pub fn order_by(&mut self, paths: &[&str], chance: &mut Chance) -> Result<(), CallError> {
        self.asked.clear();
        for path in paths {
            let (path, descending) = match path.strip_prefix('-') {
                Some(path) => (path, true),
                None => (path.strip_prefix('+').unwrap_or(path), false),
            };
            if path == "?" {
                self.asked.push(Asked::Shuffled { seed: chance.bits() });
                continue;
            }
            let (hops, field) = path::resolve_column(&self.schema, self.model, path)?;
            self.asked.push(Asked::Column { hops, field, descending });
        }
        Ok(())
    }

    /// The query with its ordering joined. Django joins it last, when rows are listed, and so neither `count` nor `get`
    /// sees rows that the ordering repeats, nor does an ordering that another replaced repeat any.
    ///
    /// # Errors
    /// Where that joins too many tables.
    pub fn ordered(&self) -> Result<Cow<'_, Self>, TooMuch> {
        if self.asked.is_empty() {
            return Ok(Cow::Borrowed(self));
        }
        let mut query = self.clone();
        for asked in std::mem::take(&mut query.asked) {
            let order = match asked {
                Asked::Column { hops, field, descending } => {
                    // Ordering may use any join that is there, and never narrows the result.
                    let alias = query.join_all(&hops, None)?.last().copied().unwrap_or(0);
                    Order { key: OrderKey::Column { alias, field }, descending: descending != self.backwards }
                }
                Asked::Shuffled { seed } => Order { key: OrderKey::Shuffled { seed }, descending: false },
            };
            query.order.push(order);
        }
        Ok(Cow::Owned(query))
    }

    /// Whether it asks for every row of its model as it is, in any order.
    pub fn is_whole(&self) -> bool {
        let one_table = (1..self.aliases.len()).all(|alias| !self.uses(alias));
        one_table && self.conditions.is_empty() && self.asked.is_empty() && self.select.is_none() && !self.empty
    }

    /// `values(*paths)`, or where the columns are not `named`, `values_list(*paths)`: without paths every column,
    /// foreign keys as `<fk>_id`.
    ///
    /// # Errors
    /// Django's, for names.
    pub fn values(&mut self, paths: &[&str], named: bool) -> Result<(), CallError> {
        let schema = Arc::clone(&self.schema);
        let all: Vec<&str> = schema.at(self.model).fields.iter().map(|field| field.column.as_str()).collect();
        let paths = if paths.is_empty() { &all } else { paths };
        let mut columns = Vec::with_capacity(paths.len());
        for path in paths {
            let (hops, field) = path::resolve_column(&schema, self.model, path)?;
            let alias = self.join_all(&hops, None)?.last().copied().unwrap_or(0);
            columns.push(Selected { name: (*path).to_owned(), alias, field });
        }
        self.select = Some(Select { columns, named });
        Ok(())
    }

    /// `reverse()`: turns around whatever ordering is in force in the end, also one that is asked for later.
    pub fn reverse(&mut self) {
        self.backwards = !self.backwards;
    }

    /// Drops the ordering: `get()`.
    pub fn unordered(&mut self) {
        self.asked.clear();
    }

    /// Orders by primary key where nothing else is asked: `first()`, `last()`.
    pub fn order_by_pk_if_unordered(&mut self) {
        if self.asked.is_empty() {
            self.asked.push(Asked::Column {
                hops: Vec::new(),
                field: self.schema.at(self.model).pk,
                descending: false,
            });
        }
    }

    /// Django's `add_q`.
    fn add_q(&mut self, kwargs: &Map<String, Json>, negated: bool) -> Result<(), CallError> {
        if kwargs.is_empty() {
            return Ok(());
        }
        let inner_before: Vec<AliasId> = (1..self.aliases.len()).filter(|alias| !self.aliases[*alias].left).collect();
        let mut reusable = BTreeSet::new();
        let mut votes: Vec<(AliasId, usize)> = Vec::new();
        let mut parts = Vec::with_capacity(kwargs.len());
        let mut sorted: Vec<_> = kwargs.iter().collect();
        sorted.sort_by_key(|(path, _)| path.as_str());
        for (path, rhs) in &sorted {
            let (condition, needed) = self.build_filter(path, rhs, negated, &mut reusable)?;
            for alias in needed {
                match votes.iter_mut().find(|(voted, _)| *voted == alias) {
                    Some((_, count)) => *count += 1,
                    None => votes.push((alias, 1)),
                }
            }
            parts.push(condition);
        }
        // JoinPromoter: under NOT, AND works as OR does.
        let promote: Vec<AliasId> =
            votes.iter().filter(|(_, count)| negated && *count < sorted.len()).map(|(alias, _)| *alias).collect();
        let demote: Vec<AliasId> =
            votes.iter().filter(|(_, count)| !negated || *count == sorted.len()).map(|(alias, _)| *alias).collect();
        self.promote(promote);
        self.demote(demote);
        let all = Condition::And(parts);
        if negated {
            self.conditions.push(Condition::Not(Box::new(all)));
        } else if let Condition::And(parts) = all {
            self.conditions.extend(parts);
        }
        self.demote(inner_before);
        Ok(())
    }

    /// Django's `build_filter`: one condition, and the joins that must find a row for it to hold.
    fn build_filter(
        &mut self,
        text: &str,
        rhs: &Json,
        negated: bool,
        reusable: &mut BTreeSet<AliasId>,
    ) -> Result<(Condition, Vec<AliasId>), CallError> {
        let schema = Arc::clone(&self.schema);
        let path = path::resolve(&schema, self.model, text)?;
        let end = path::end_field(&schema, self.model, &path).clone();
        let lookup = Lookup::new(&schema, &end, path.transforms.clone(), path.kind, path.lookup, rhs)?;
        self.standing = self.standing.max(lookup.standing());
        if negated && path.hops.iter().any(|hop| hop.is_many()) {
            // split_exclude: rows for which a linked row of this kind exists.
            let mut inner = Self::all(&schema, self.model);
            let kwargs = Map::from_iter([(text.to_owned(), rhs.clone())]);
            inner.filter(&kwargs)?;
            return Ok((Condition::Exists(Box::new(inner)), Vec::new()));
        }
        let joins = self.join_all(&path.hops, Some(reusable))?;
        reusable.extend(joins.iter().copied());
        let alias = joins.last().copied().unwrap_or(0);
        let asks_null = lookup.null_asked();
        let compare = Condition::Compare { alias, field: path.field, lookup };
        if !negated {
            let needed = if asks_null == Some(true) { Vec::new() } else { joins };
            return Ok((compare, needed));
        }
        // Under NOT an unknown must not swallow the row: NOT (x = 1 AND x IS NOT NULL).
        let guarded = asks_null.is_none() && (end.null || self.aliases[alias].left);
        let condition = if guarded {
            let present = Condition::Compare { alias, field: path.field, lookup: Lookup::is_null(false) };
            Condition::And(vec![compare, present])
        } else {
            compare
        };
        let needed = if asks_null == Some(true) { joins } else { Vec::new() };
        Ok((condition, needed))
    }

    /// Django's `setup_joins`: an alias for each link. `reusable` says which joins over multi-valued links may be
    /// shared; without it any may.
    fn join_all(&mut self, hops: &[Hop], reusable: Option<&BTreeSet<AliasId>>) -> Result<Vec<AliasId>, TooMuch> {
        let mut parent = 0;
        let mut joins = Vec::with_capacity(hops.len());
        for hop in hops {
            let shared = (1..self.aliases.len()).rev().find(|alias| {
                let candidate = &self.aliases[*alias];
                candidate.parent == parent
                    && candidate.hop == Some(*hop)
                    && (!hop.is_many() || reusable.is_none_or(|reusable| reusable.contains(alias)))
            });
            let alias = match shared {
                Some(alias) => {
                    self.aliases[alias].uses += 1;
                    alias
                }
                None if self.aliases.len() >= MOST_JOINED => return Err(TooMuch::Joined),
                None => {
                    let nullable = path::nullable(&self.schema, self.aliases[parent].model, *hop);
                    let left = nullable || self.aliases[parent].left;
                    let model = hop.target();
                    self.aliases.push(Alias { parent, hop: Some(*hop), model, left, nullable, uses: 1 });
                    self.aliases.len() - 1
                }
            };
            joins.push(alias);
            parent = alias;
        }
        Ok(joins)
    }

    /// Django's `promote_joins`: INNER to LEFT, and what hangs on it too.
    fn promote(&mut self, mut todo: Vec<AliasId>) {
        while let Some(alias) = todo.pop() {
            if alias == 0 {
                continue;
            }
            let parent_left = self.aliases[self.aliases[alias].parent].left;
            if (self.aliases[alias].nullable || parent_left) && !self.aliases[alias].left {
                self.aliases[alias].left = true;
                todo.extend((1..self.aliases.len()).filter(|child| self.aliases[*child].parent == alias));
            }
        }
    }

    /// Django's `demote_joins`: LEFT to INNER, and the joins it hangs on too.
    fn demote(&mut self, mut todo: Vec<AliasId>) {
        while let Some(alias) = todo.pop() {
            if alias == 0 {
                continue;
            }
            if self.aliases[alias].left {
                self.aliases[alias].left = false;
                todo.push(self.aliases[alias].parent);
            } else {
                let parent = self.aliases[alias].parent;
                if parent != 0 && self.aliases[parent].left {
                    todo.push(parent);
                }
            }
        }
    }
}
