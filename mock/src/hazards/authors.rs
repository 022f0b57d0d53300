//! Who changed which column of which row, while tasks wait that were asked for before.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use carbon_specs::{FieldId, ModelId};
use jiff::civil::Date;

use crate::store::{Pk, Store};
use crate::tasks::Task;

/// Who made a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// A task, by its number and its call in words.
    Task(u64, Arc<str>),
    /// The run just after midnight of this day.
    Night(Date),
}

impl Author {
    /// A task as an author.
    pub fn of(task: &Task) -> Self {
        Self::Task(task.id, Arc::clone(&task.order.call))
    }

    /// The task's number.
    pub fn task(&self) -> Option<u64> {
        match self {
            Self::Task(id, _) => Some(*id),
            Self::Night(_) => None,
        }
    }

    /// The call, or what else it was.
    pub fn call(&self) -> String {
        match self {
            Self::Task(_, call) => call.to_string(),
            Self::Night(day) => format!("the nightly run of {day}"),
        }
    }
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task(id, call) => write!(f, "task {id} ({call})"),
            Self::Night(_) => f.write_str(&self.call()),
        }
    }
}

/// An author, and which move of the state it was.
#[derive(Debug)]
struct Stamp {
    author: Author,
    moved: u64,
}

/// What was done to one row.
#[derive(Clone, Debug, Default)]
struct Touched {
    columns: Vec<(FieldId, Arc<Stamp>)>,
    gone: Option<Arc<Stamp>>,
}

/// Who changed what. Only what a waiting task may not have seen is of interest: it is cleared when nothing waits.
#[derive(Clone, Debug, Default)]
pub struct Authors(HashMap<(ModelId, Pk), Touched>);

impl Authors {
    /// Notes what the state's `moved`-th move did to these rows.
    pub fn note(
        &mut self,
        author: Author,
        moved: u64,
        before: &Store,
        after: &Store,
        rows: impl IntoIterator<Item = (ModelId, Pk)>,
    ) {
        let stamp = Arc::new(Stamp { author, moved });
        for (model, pk) in rows {
            match (before.get(model, pk), after.get(model, pk)) {
                (Some(before), Some(after)) if Arc::ptr_eq(before, after) => {}
                (Some(before), Some(after)) => {
                    let touched = self.0.entry((model, pk)).or_default();
                    let changed = (0..after.len()).filter(|place| before[*place] != after[*place]).map(FieldId);
                    for field in changed {
                        touched.columns.retain(|(known, _)| *known != field);
                        touched.columns.push((field, Arc::clone(&stamp)));
                    }
                }
                (Some(_), None) => self.0.entry((model, pk)).or_default().gone = Some(Arc::clone(&stamp)),
                // A new row was seen by nobody before.
                (None, _) => {}
            }
        }
    }

    /// Who changed a column after this move.
    pub fn of(&self, model: ModelId, pk: Pk, field: FieldId, seen: u64) -> Option<&Author> {
        let (_, stamp) = self.0.get(&(model, pk))?.columns.iter().find(|(known, _)| *known == field)?;
        (stamp.moved > seen).then_some(&stamp.author)
    }

    /// Who deleted a row after this move.
    pub fn of_deletion(&self, model: ModelId, pk: Pk, seen: u64) -> Option<&Author> {
        let stamp = self.0.get(&(model, pk))?.gone.as_ref()?;
        (stamp.moved > seen).then_some(&stamp.author)
    }

    /// Nothing waits any more.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
