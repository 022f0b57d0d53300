//! Which rows a chain answers, by Django's rules, in nested loops.
//!
//! A QuerySet is a set of loops, one inside the other: over the model's rows, and for each link of each path over the
//! rows that the link leads to; a link that leads nowhere is walked once, with no row (all its columns are NULL).
//!
//! - A loop along a foreign key is shared by whoever names it: it never has more than one turn.
//! - The conditions of one `filter()` share their loops over many-valued links; another `filter()` has its own.
//! - `exclude()` loops over nothing that repeats rows: a condition over a many-valued link asks, on its own, whether some
//!   turn of loops from the row at hand would satisfy it; a row is left out if all conditions hold.
//! - `values()` and orderings use the newest loop there is over a link, and make one where there is none. Orderings are
//!   looked at last, whenever they were asked for, and only where rows are listed: `count`, `exists` and `get` know none.
//! - `reverse()` turns whatever ordering is in force in the end; twice is not at all.

use std::cmp::Ordering;

use super::call::{Call, Condition, End, Link, Order, Path, Step};
use super::cell::Cell;
use super::database::{Database, Row, model};
use super::lookup;

/// More turns than this are not worth the time.
const TOO_MANY: usize = 2_000;

/// A QuerySet grew beyond what a naive evaluator can do.
#[derive(Debug)]
pub struct TooMany;

/// What a chain answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Rows, in the order of their sort keys; rows with equal ones in any order.
    Rows(Vec<Sorted<i64>>),
    /// Rows of `values()` or `values_list()`, likewise.
    Values(Vec<Sorted<Vec<Cell>>>),
    /// A number.
    Count(usize),
    /// A truth value.
    Truth(bool),
    /// One of these rows.
    OneOf(Vec<i64>),
    /// None.
    Nothing,
    /// A refusal.
    Refused(String),
}

/// Something, and what it is ordered by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sorted<T> {
    /// The thing.
    pub item: T,
    /// Its sort keys, one for each part of the ordering.
    pub keys: Vec<Cell>,
}

/// One loop.
struct Loop {
    /// The loop whose row its link starts from.
    parent: usize,
    /// Its link; the first loop has none.
    link: Option<Link>,
    /// The `filter()` it belongs to, if it is one of many turns.
    owner: Option<usize>,
}

/// One turn of all loops: a row for each, or none.
type Turn<'d> = Vec<Option<&'d Row>>;

/// Loops and the turns that the conditions left.
struct Loops<'d> {
    database: &'d Database,
    loops: Vec<Loop>,
    turns: Vec<Turn<'d>>,
}

impl<'d> Loops<'d> {
    fn over(database: &'d Database, rows: impl Iterator<Item = &'d Row>) -> Self {
        let base = Loop { parent: 0, link: None, owner: None };
        Self { database, loops: vec![base], turns: rows.map(|row| vec![Some(row)]).collect() }
    }

    /// The loop that a path ends in. `owner` is the `filter()` that asks; without one any loop will do.
    fn walk(&mut self, links: &[Link], owner: Option<usize>) -> Result<usize, TooMany> {
        let mut here = 0;
        for link in links {
            let shared = (1..self.loops.len()).rev().find(|place| {
                let other = &self.loops[*place];
                other.parent == here
                    && other.link.as_ref() == Some(link)
                    && (owner.is_none() || !link.is_many() || other.owner == owner)
            });
            here = match shared {
                Some(place) => place,
                None => self.add(here, link, owner)?,
            };
        }
        Ok(here)
    }

    fn add(&mut self, parent: usize, link: &Link, owner: Option<usize>) -> Result<usize, TooMany> {
        let mut turns = Vec::new();
        for turn in &self.turns {
            let rows = turn[parent].map_or_else(Vec::new, |row| linked(self.database, row, link));
            let rows = if rows.is_empty() { vec![None] } else { rows.into_iter().map(Some).collect() };
            for row in rows {
                let mut turn = turn.clone();
                turn.push(row);
                turns.push(turn);
            }
            if turns.len() > TOO_MANY {
                return Err(TooMany);
            }
        }
        self.turns = turns;
        self.loops.push(Loop { parent, link: Some(link.clone()), owner });
        Ok(self.loops.len() - 1)
    }

    fn filter(&mut self, conditions: &[Condition], owner: usize) -> Result<(), TooMany> {
        let mut places = Vec::new();
        for condition in conditions {
            places.push(self.walk(&condition.path.links, Some(owner))?);
        }
        self.turns.retain(|turn| {
            conditions
                .iter()
                .zip(&places)
                .all(|(condition, place)| lookup::holds(condition, &cell(turn[*place], &condition.path)))
        });
        Ok(())
    }

    fn exclude(&mut self, conditions: &[Condition]) -> Result<(), TooMany> {
        let mut places = Vec::new();
        for condition in conditions {
            let many = condition.path.links.iter().any(Link::is_many);
            places.push(if many { None } else { Some(self.walk(&condition.path.links, None)?) });
        }
        let mut kept = Vec::new();
        for turn in std::mem::take(&mut self.turns) {
            let mut all = true;
            for (condition, place) in conditions.iter().zip(&places) {
                all &= match place {
                    Some(place) => lookup::holds(condition, &cell(turn[*place], &condition.path)),
                    None => {
                        let mut inner = Self::over(self.database, turn[0].into_iter());
                        inner.filter(std::slice::from_ref(condition), 0)?;
                        !inner.turns.is_empty()
                    }
                };
            }
            if !all {
                kept.push(turn);
            }
        }
        self.turns = kept;
        Ok(())
    }
}

/// The rows that a link leads to: all rows of the other model are looked at.
fn linked<'d>(database: &'d Database, row: &Row, link: &Link) -> Vec<&'d Row> {
    let matching = |other: &&Row| match link {
        Link::Forward { column, .. } => row.cells[column] == Cell::whole(other.pk),
        Link::Reverse { column, .. } => other.cells[column] == Cell::whole(row.pk),
    };
    database.rows(link.target()).iter().filter(matching).collect()
}

fn cell(row: Option<&Row>, path: &Path) -> Cell {
    row.map_or(Cell::Null, |row| row.cells[&path.field.column].clone())
}

/// A QuerySet.
struct QuerySet<'d> {
    model: &'d str,
    loops: Loops<'d>,
    selected: Option<Vec<(usize, Path)>>,
    order: Vec<Order>,
    backwards: bool,
    distinct: bool,
}

/// What the call answers over these rows.
pub fn evaluate(database: &Database, call: &Call) -> Result<Answer, TooMany> {
    let mut set = QuerySet {
        model: &call.model,
        loops: Loops::over(database, database.rows(&call.model).iter()),
        selected: None,
        order: Vec::new(),
        backwards: false,
        distinct: false,
    };
    for (number, step) in call.steps.iter().enumerate() {
        match step {
            Step::All => {}
            Step::None => set.loops.turns.clear(),
            Step::Filter(conditions) => set.loops.filter(conditions, number)?,
            Step::Exclude(conditions) if conditions.is_empty() => {}
            Step::Exclude(conditions) => set.loops.exclude(conditions)?,
            Step::OrderBy(order) => set.order.clone_from(order),
            Step::Reverse => set.backwards = !set.backwards,
            Step::Distinct => set.distinct = true,
            Step::Values(paths) => set.values(paths)?,
        }
    }
    set.end(&call.end, call.steps.len())
}

impl QuerySet<'_> {
    fn values(&mut self, paths: &[Path]) -> Result<(), TooMany> {
        let mut selected = Vec::new();
        for path in paths {
            selected.push((self.loops.walk(&path.links, None)?, path.clone()));
        }
        self.selected = Some(selected);
        Ok(())
    }

    fn end(mut self, end: &End, number: usize) -> Result<Answer, TooMany> {
        Ok(match end {
            End::Rows if self.selected.is_some() => Answer::Values(self.list()?),
            End::Rows => Answer::Rows(self.keys()?),
            End::ValuesList(paths) => {
                self.values(paths)?;
                Answer::Values(self.list()?)
            }
            End::Count => {
                self.order.clear();
                Answer::Count(self.list()?.len())
            }
            End::Exists => Answer::Truth(!self.loops.turns.is_empty()),
            End::First | End::Last => {
                self.backwards ^= matches!(end, End::Last);
                if self.order.is_empty() {
                    self.order = vec![Order { path: self.pk(), descending: false }];
                }
                self.foremost()?.unwrap_or(Answer::Nothing)
            }
            End::Latest(order) | End::Earliest(order) => {
                self.backwards ^= matches!(end, End::Latest(_));
                self.order.clone_from(order);
                self.foremost()?.unwrap_or_else(|| Answer::Refused(self.missing()))
            }
            End::Get(conditions) => {
                self.loops.filter(conditions, number)?;
                self.order.clear();
                match self.keys()?.as_slice() {
                    [] => Answer::Refused(self.missing()),
                    [only] => Answer::OneOf(vec![only.item]),
                    several => {
                        // Django looks at 21 rows and no further.
                        let count = match several.len() {
                            21.. => "more than 20".to_owned(),
                            count => count.to_string(),
                        };
                        Answer::Refused(format!("get() returned more than one {} -- it returned {count}!", self.model))
                    }
                }
            }
        })
    }

    fn missing(&self) -> String {
        format!("{} matching query does not exist.", self.model)
    }

    fn pk(&self) -> Path {
        Path { links: Vec::new(), field: model(self.model).pk_field(), relation: false, text: "pk".to_owned() }
    }

    /// The rows that may come first.
    fn foremost(&mut self) -> Result<Option<Answer>, TooMany> {
        let rows = self.keys()?;
        let first = rows.first().map(|row| row.keys.clone());
        let ties = first.map(|keys| rows.iter().filter(|row| row.keys == keys).map(|row| row.item).collect());
        Ok(ties.map(Answer::OneOf))
    }

    /// The keys of the rows.
    fn keys(&mut self) -> Result<Vec<Sorted<i64>>, TooMany> {
        self.selected = None;
        let rows = self.list()?;
        let key = |row: Sorted<Vec<Cell>>| Sorted { item: row.item[0].as_whole().unwrap(), keys: row.keys };
        Ok(rows.into_iter().map(key).collect())
    }

    /// The selected columns of the rows (their key, where none are), ordered.
    fn list(&mut self) -> Result<Vec<Sorted<Vec<Cell>>>, TooMany> {
        let mut order = Vec::new();
        for part in &self.order {
            order.push((self.loops.walk(&part.path.links, None)?, part.clone()));
        }
        let selected = self.selected.clone().unwrap_or_else(|| vec![(0, self.pk())]);
        let mut rows = Vec::new();
        for turn in &self.loops.turns {
            let row: Sorted<Vec<Cell>> = Sorted {
                item: selected.iter().map(|(place, path)| cell(turn[*place], path)).collect(),
                keys: order.iter().map(|(place, part)| cell(turn[*place], &part.path).compared()).collect(),
            };
            // What is ordered by is selected too, and takes part in DISTINCT.
            let same = |other: &Sorted<Vec<Cell>>| {
                other.keys == row.keys && other.item.iter().map(Cell::compared).eq(row.item.iter().map(Cell::compared))
            };
            if !(self.distinct && rows.iter().any(same)) {
                rows.push(row);
            }
        }
        rows.sort_by(|one, other| {
            let mut keys = order.iter().zip(one.keys.iter().zip(&other.keys));
            let decided = keys.find_map(|((_, part), (one, other))| {
                let ordering = one.cmp(other);
                let ordering = if part.descending != self.backwards { ordering.reverse() } else { ordering };
                ordering.is_ne().then_some(ordering)
            });
            decided.unwrap_or(Ordering::Equal)
        });
        Ok(rows)
    }
}
