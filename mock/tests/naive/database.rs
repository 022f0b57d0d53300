//! Random small databases: a dozen models joined both ways, a handful of rows each.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use carbon_specs::{Contract, Field, FieldType, Model};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::cell::{Cell, ONE};

/// The contract, read once.
pub static CONTRACT: LazyLock<Arc<Contract>> = LazyLock::new(|| Arc::new(Contract::embedded().unwrap()));

/// The models that have rows, and their columns that vary; a model comes after those it cannot do without.
pub const LIVELY: &[(&str, &[&str])] = &[
    ("UserAttributes", &["name", "default_person"]),
    ("OperationTypes", &["name"]),
    ("Usluga", &["name", "summa", "period_days"]),
    ("Homes", &["city", "s_number"]),
    ("AdminAccounts", &["ostatok", "debit", "bonus_score", "unlimited"]),
    ("Tarif", &["name", "reserve_plan", "users_limit"]),
    (
        "Abonents",
        &["name", "parent", "deleted", "tarif", "tarif_next", "account", "home", "create_date", "activate_date", "sms"],
    ),
    ("Users", &["abonent", "login", "ip", "deleted", "router_vlan", "create_date"]),
    ("UsersUsluga", &["abonent", "usluga", "enabled", "enable_date", "comment"]),
    ("AbonentsBlock", &["abonent", "b_admin", "time_changed", "comment"]),
    ("FinanceOperations", &["abonent", "op_type", "op_summa", "op_date", "descr", "period_end_date"]),
    ("FinanceOperationsDetail", &["finance_operation", "usluga", "vv", "price"]),
    ("AttributeValues", &["attribute", "abonent", "user", "attribute_value"]),
];

/// The keys that rows may have, in their order.
const KEYS: [i64; 5] = [1, 2, 3, 7, 8];

/// Equal and nearly equal texts: cases, Cyrillic, blanks at the end, marks of patterns.
pub const TEXTS: &[&str] =
    &["", "a", "A", "a ", "a  ", "ab", "Жук", "жук", "ЖУК ", "100", "1", "a%b", "x_y", "1.1.1.1"];
/// Ends of months and years, a leap day, and the same day at several hours.
pub const MOMENTS: &[[i64; 6]] = &[
    [2019, 6, 1, 0, 0, 0],
    [2019, 6, 1, 12, 30, 45],
    [2019, 5, 31, 23, 59, 59],
    [2020, 2, 29, 0, 0, 0],
    [2021, 1, 3, 7, 5, 9],
    [2021, 12, 31, 23, 59, 59],
    [2022, 1, 1, 0, 0, 0],
];
/// Small numbers, many of them keys too.
pub const NUMBERS: &[i64] = &[0, 1, 2, 3, 7, 10, 100, -5];
/// Amounts, times [`ONE`].
pub const AMOUNTS: &[i128] = &[0, ONE, -ONE, ONE / 2, 50 * ONE + ONE / 2, -5000 * ONE, ONE / 100];

/// One row: its key and its columns by name (`abonent_id`), the key among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The key.
    pub pk: i64,
    /// The columns.
    pub cells: BTreeMap<String, Cell>,
}

/// The rows of each lively model, in the order of their keys.
#[derive(Clone)]
pub struct Database(pub BTreeMap<String, Vec<Row>>);

/// A model of the contract.
pub fn model(name: &str) -> &'static Model {
    CONTRACT.schema.model(name).unwrap()
}

/// Where a foreign key points.
pub fn target(field: &Field) -> Option<&'static Model> {
    field.to.map(|to| CONTRACT.schema.at(to))
}

/// The lively columns of a model, without its key.
pub fn lively(name: &str) -> Vec<&'static Field> {
    let (_, columns) = LIVELY.iter().find(|(model, _)| *model == name).unwrap();
    columns.iter().map(|column| model(name).field(column).unwrap()).collect()
}

impl Database {
    /// The rows of a model.
    pub fn rows(&self, name: &str) -> &[Row] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// The row of a key.
    pub fn row(&self, name: &str, pk: i64) -> Option<&Row> {
        self.rows(name).iter().find(|row| row.pk == pk)
    }

    /// As a state file of the mock.
    pub fn state(&self) -> Json {
        let models =
            self.0.iter().map(|(name, rows)| (name.clone(), rows.iter().map(|row| stored(name, row)).collect()));
        Json::Object(models.collect())
    }
}

fn stored(name: &str, row: &Row) -> Json {
    let model = model(name);
    let fields = model.fields.iter().filter(|field| field.id != model.pk);
    let cells = fields.map(|field| (field.column.clone(), row.cells[&field.column].stored(field.kind, field.places)));
    json!({ "pk": row.pk, "fields": cells.collect::<serde_json::Map<_, _>>() })
}

/// As failures show it: the columns that vary, one row a line.
impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, rows) in &self.0 {
            for row in rows {
                let cells = lively(name).into_iter();
                let shown =
                    cells.map(|field| (field.column.clone(), row.cells[&field.column].shown(field.kind, field.places)));
                let shown = Json::Object(shown.filter(|(_, cell)| !cell.is_null()).collect());
                write!(f, "\n    {name} {} {shown}", row.pk)?;
            }
        }
        Ok(())
    }
}

/// What a row is made from: one small number for each lively column.
type RowSeed = Vec<u8>;

/// Databases; they shrink to fewer rows, more NULLs and plainer values.
pub fn databases() -> impl Strategy<Value = Database> {
    let rows_of = |columns: usize| {
        let some = move |rows| proptest::collection::vec(proptest::collection::vec(any::<u8>(), columns), rows);
        prop_oneof![1 => some(0..=1), 6 => some(2..=KEYS.len())]
    };
    let tables: Vec<_> = LIVELY.iter().map(|(_, columns)| rows_of(columns.len())).collect();
    tables.prop_map(|tables| build(&tables))
}

fn build(tables: &[Vec<RowSeed>]) -> Database {
    let mut database = Database(BTreeMap::new());
    for ((name, _), seeds) in LIVELY.iter().zip(tables) {
        let own: Vec<i64> = KEYS[..seeds.len()].to_vec();
        let rows = seeds.iter().zip(&own).filter_map(|(seed, pk)| row(&database, name, *pk, &own, seed)).collect();
        database.0.insert((*name).to_owned(), rows);
    }
    database
}

/// A row, unless it must point at a row and there is none.
fn row(database: &Database, name: &str, pk: i64, own: &[i64], seed: &RowSeed) -> Option<Row> {
    let model = model(name);
    let mut cells: BTreeMap<String, Cell> = model
        .fields
        .iter()
        .map(|field| (field.column.clone(), if field.null { Cell::Null } else { Cell::whole(0) }))
        .collect();
    for (field, seed) in lively(name).into_iter().zip(seed) {
        let targets: Vec<Cell> = match target(field) {
            Some(target) if target.name == name => own.iter().map(|pk| Cell::whole(*pk)).collect(),
            Some(target) => database.rows(&target.name).iter().map(|row| Cell::whole(row.pk)).collect(),
            None => Vec::new(),
        };
        let mut pool = if field.null { vec![Cell::Null, Cell::Null] } else { Vec::new() };
        pool.extend(if field.kind == FieldType::Fk { targets } else { values(field.kind) });
        let cell = pool.get(usize::from(*seed) % pool.len().max(1))?;
        cells.insert(field.column.clone(), cell.clone());
    }
    cells.insert(model.pk_field().column.clone(), Cell::whole(pk));
    Some(Row { pk, cells })
}

/// What a column of this type may hold here, besides NULL.
pub fn values(kind: FieldType) -> Vec<Cell> {
    match kind {
        FieldType::String | FieldType::Text | FieldType::Ip => {
            TEXTS.iter().map(|text| Cell::Text((*text).to_owned())).collect()
        }
        FieldType::Flag => vec![Cell::whole(0), Cell::whole(1)],
        FieldType::Int | FieldType::BigInt => NUMBERS.iter().map(|number| Cell::whole(*number)).collect(),
        FieldType::Fk => KEYS.iter().map(|pk| Cell::whole(*pk)).collect(),
        FieldType::Money | FieldType::Decimal => AMOUNTS.iter().map(|amount| Cell::Number(*amount)).collect(),
        FieldType::Date => {
            MOMENTS.iter().map(|[year, month, day, ..]| Cell::Time([*year, *month, *day, 0, 0, 0])).collect()
        }
        FieldType::DateTime => MOMENTS.iter().map(|moment| Cell::Time(*moment)).collect(),
    }
}
