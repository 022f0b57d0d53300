//! What a running statement shares: the rows it has opened, results that cannot change, and its limits.

use std::cell::{Cell as Counter, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

use carbon_specs::ModelId;
use jiff::civil::DateTime;

use super::compare::{self, Key};
use crate::sql::error::SqlError;
use crate::sql::types::{Cell, Type};
use crate::store::{Row, Store};

/// What one call may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long it may run.
    pub time: Duration,
    /// How much it may hold, and isql print for it with all its padding, in bytes.
    pub bytes: usize,
}

/// What a row that is kept takes beside its values: the vector, and the room that the allocator leaves.
const ROW: usize = 64;

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(10), bytes: 128 << 20 }
    }
}

/// A row of a stream.
#[derive(Clone, Debug)]
pub(super) enum RowRef<'s> {
    /// NULL in every column: an outer join found no partner.
    Null,
    /// A stored row.
    Stored(&'s Row),
    /// A row of a derived table.
    Made(Rc<Vec<Cell>>),
}

impl RowRef<'_> {
    pub(super) fn cell(&self, column: usize, ty: Type) -> Cell {
        match self {
            Self::Null => Cell::Null,
            Self::Stored(row) => row.get(column).map_or(Cell::Null, |value| Cell::of_value(value, ty)),
            Self::Made(cells) => cells.get(column).cloned().unwrap_or(Cell::Null),
        }
    }
}

/// The row that an expression looks at, and those of the queries around it.
pub(super) struct Frame<'f, 's> {
    pub(super) rows: &'f [RowRef<'s>],
    pub(super) aggregates: &'f [Cell],
    pub(super) parent: Option<&'f Frame<'f, 's>>,
}

/// Places of the rows that hold each value of a column.
type Index = HashMap<Key, Vec<usize>>;

/// The rows of a stream, with indexes made when first needed.
#[derive(Debug)]
pub(super) struct Opened<'s> {
    pub(super) rows: Vec<RowRef<'s>>,
    indexes: RefCell<HashMap<usize, Rc<Index>>>,
}

impl<'s> Opened<'s> {
    pub(super) fn new(rows: Vec<RowRef<'s>>) -> Self {
        Self { rows, indexes: RefCell::default() }
    }

    /// The index of a column.
    pub(super) fn index(&self, context: &Context<'_>, column: usize, ty: Type) -> Result<Rc<Index>, SqlError> {
        if let Some(index) = self.indexes.borrow().get(&column) {
            return Ok(Rc::clone(index));
        }
        let mut index = Index::with_capacity(self.rows.len());
        for (place, row) in self.rows.iter().enumerate() {
            context.tick()?;
            let cell = row.cell(column, ty);
            if !cell.is_null() {
                index.entry(compare::key(&cell)).or_default().push(place);
            }
        }
        let index = Rc::new(index);
        self.indexes.borrow_mut().insert(column, Rc::clone(&index));
        Ok(index)
    }
}

/// The values of a subquery's only column.
#[derive(Debug, Default)]
pub(super) struct Values {
    pub(super) cells: Vec<Cell>,
    pub(super) keys: HashSet<Key>,
    pub(super) has_null: bool,
}

/// A running statement.
#[derive(Debug)]
pub struct Context<'s> {
    pub(super) store: &'s Store,
    pub(super) now: DateTime,
    limits: Limits,
    deadline: Instant,
    ticks: Counter<u32>,
    bytes: Counter<usize>,
    opening: Counter<bool>,
    tables: RefCell<HashMap<ModelId, Rc<Opened<'s>>>>,
    /// Derived tables that look at nothing outside, by the id of their plan.
    pub(super) derived: RefCell<HashMap<usize, Rc<Opened<'s>>>>,
    /// Subqueries in predicates, likewise.
    pub(super) values: RefCell<HashMap<usize, Rc<Values>>>,
    /// `EXISTS` and `SINGULAR`, likewise: how many rows there are, two meaning two or more.
    pub(super) counts: RefCell<HashMap<usize, u8>>,
}

impl<'s> Context<'s> {
    /// A statement that begins now.
    pub fn new(store: &'s Store, now: DateTime, limits: Limits) -> Self {
        Self {
            store,
            now,
            limits,
            deadline: Instant::now() + limits.time,
            ticks: Counter::new(0),
            bytes: Counter::new(0),
            opening: Counter::new(true),
            tables: RefCell::default(),
            derived: RefCell::default(),
            values: RefCell::default(),
            counts: RefCell::default(),
        }
    }

    /// The rows it runs over.
    pub fn store(&self) -> &'s Store {
        self.store
    }

    /// What it takes for the present.
    pub fn now(&self) -> DateTime {
        self.now
    }

    /// Whether no row could be fetched yet: what goes wrong now, isql says before it prints anything.
    pub fn is_opening(&self) -> bool {
        self.opening.get()
    }

    /// The result is open: from here on rows come.
    pub(super) fn opened(&self, whole_statement: bool) {
        if whole_statement {
            self.opening.set(false);
        }
    }

    /// The rows of a model.
    pub(super) fn table(&self, model: ModelId) -> Rc<Opened<'s>> {
        if let Some(opened) = self.tables.borrow().get(&model) {
            return Rc::clone(opened);
        }
        let rows = self.store.table(model).iter().map(|(_, row)| RowRef::Stored(row)).collect();
        let opened = Rc::new(Opened::new(rows));
        self.tables.borrow_mut().insert(model, Rc::clone(&opened));
        opened
    }

    /// Counts a step; looks at the clock now and then.
    pub(super) fn tick(&self) -> Result<(), SqlError> {
        let ticks = self.ticks.get().wrapping_add(1);
        self.ticks.set(ticks);
        if ticks.is_multiple_of(512) && Instant::now() > self.deadline {
            return Err(SqlError::limit("the statement runs longer than it may: 10 seconds, with those before it"));
        }
        Ok(())
    }

    /// Counts a row that is kept as it was found: so many rows of tables.
    ///
    /// # Errors
    /// There is too much.
    pub(super) fn keep_found(&self, rows: usize) -> Result<(), SqlError> {
        self.take(ROW + rows * size_of::<RowRef<'_>>())
    }

    /// Counts a row that is kept, with its texts.
    ///
    /// # Errors
    /// There is too much.
    pub(super) fn keep(&self, row: &[Cell]) -> Result<(), SqlError> {
        let text = |cell: &Cell| if let Cell::Text(text) = cell { text.len() } else { 0 };
        self.take(ROW + size_of_val(row) + row.iter().map(text).sum::<usize>())
    }

    /// Counts a row that is to be printed in so many bytes.
    ///
    /// # Errors
    /// There is too much.
    pub fn give(&self, row: &[Cell], printed: usize) -> Result<(), SqlError> {
        self.keep(row)?;
        self.take(printed)
    }

    /// How many bytes it has taken so far.
    pub fn taken(&self) -> usize {
        self.bytes.get()
    }

    fn take(&self, bytes: usize) -> Result<(), SqlError> {
        let all = self.bytes.get().saturating_add(bytes);
        self.bytes.set(all);
        if all > self.limits.bytes {
            let line = "the statement holds or prints more than it may: 128 MiB, with those before it";
            return Err(SqlError::limit(line));
        }
        Ok(())
    }
}
