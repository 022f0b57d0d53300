//! What the first look found: rows, columns with their values, links with their families. Bounded, and read only.

use std::collections::HashMap;
use std::sync::Arc;

use carbon_specs::{FieldId, FieldType, Model, ModelId, Schema};
use serde_json::{Map, Value};

use super::dice::Dice;
use super::pick::Scope;

/// Different values kept of a column.
const MOST_VALUES: usize = 200;
/// Longer texts are not used in conditions.
const LONGEST_TEXT: usize = 2000;

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampled {
    /// Its key.
    pub pk: Value,
    /// Its columns, as they were shown.
    pub fields: Map<String, Value>,
}

/// What is known of one model.
#[derive(Clone, Debug)]
pub struct Table {
    /// The model.
    pub model: ModelId,
    /// Its name.
    pub name: String,
    /// How many rows there are, if the server says so.
    pub count: Option<u64>,
    /// The rows that were looked at.
    pub rows: Vec<Sampled>,
    /// Ranges of keys whose rows are all among them; empty if all rows are.
    pub windows: Vec<(Value, Value)>,
    /// Why nothing is known, if so.
    pub note: Option<String>,
}

/// A column with real values.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its table's place.
    pub table: usize,
    /// The field.
    pub field: FieldId,
    /// The ORM's name: `tarif`.
    pub name: String,
    /// The attribute: `tarif_id`.
    pub column: String,
    /// Its type.
    pub kind: FieldType,
    /// Different values, without NULL.
    pub values: Vec<Value>,
    /// How many rows have a NULL.
    pub nulls: usize,
    /// How many have none.
    pub filled: usize,
}

/// A reverse link with the families that were seen.
#[derive(Clone, Debug)]
pub struct Link {
    /// The table it leads from.
    pub parent: usize,
    /// The table it leads to.
    pub child: usize,
    /// The child's foreign key.
    pub field: FieldId,
    /// `abonent_id_users`.
    pub name: String,
    /// Parents' keys and the places of their rows, the largest families first.
    pub families: Vec<(Value, Vec<usize>)>,
}

/// Everything that was seen.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The contract's models.
    pub schema: Arc<Schema>,
    /// In the order of the schema; those asked for only.
    pub tables: Vec<Table>,
    /// Columns that have values.
    pub columns: Vec<Column>,
    /// Links that lead to rows.
    pub links: Vec<Link>,
}

impl Table {
    /// Whether the server has the model at all.
    pub fn is_served(&self) -> bool {
        self.count.is_some() || !self.rows.is_empty()
    }

    /// Whether every row was looked at.
    pub fn is_whole(&self) -> bool {
        self.count == Some(self.rows.len() as u64)
    }

    /// The rows' keys.
    pub fn keys(&self) -> Vec<Value> {
        self.rows.iter().map(|row| row.pk.clone()).collect()
    }

    /// A part of the table that is small enough to be listed.
    pub fn scope(&self, dice: &mut Dice) -> Scope {
        match (self.is_whole(), dice.pick(&self.windows)) {
            (true, _) if !dice.one_in(3) => Scope::All,
            (false, Some((low, high))) if !dice.one_in(3) => Scope::Range(low.clone(), high.clone()),
            _ => {
                let most = 2 + dice.below(30);
                Scope::Keys(dice.some(&self.keys(), most))
            }
        }
    }
}

impl Sample {
    /// Puts the tables in order.
    pub fn new(schema: Arc<Schema>, tables: Vec<Table>) -> Self {
        let columns = columns(&schema, &tables);
        let links = links(&schema, &tables);
        Self { schema, tables, columns, links }
    }

    /// A table's model.
    pub fn model(&self, table: usize) -> &Model {
        self.schema.at(self.tables[table].model)
    }

    /// The table of a model's name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// What is known of the model that a foreign key leads to: nothing, where it was not looked at.
    pub fn target(&self, column: &Column) -> Option<(&Model, Option<&Table>)> {
        let to = self.model(column.table).at(column.field).to?;
        Some((self.schema.at(to), self.tables.iter().find(|table| table.model == to)))
    }

    /// Whether a column is a foreign key to a model that the server has: another server may keep a plain number there.
    pub fn is_link(&self, column: &Column) -> bool {
        self.target(column).is_some_and(|(_, table)| table.is_none_or(Table::is_served))
    }

    /// A table that has rows and satisfies a condition.
    pub fn any_table(&self, dice: &mut Dice, fits: impl Fn(&Table) -> bool) -> Option<usize> {
        let fitting: Vec<usize> = (0..self.tables.len())
            .filter(|place| !self.tables[*place].rows.is_empty() && fits(&self.tables[*place]))
            .collect();
        dice.pick(&fitting).copied()
    }

    /// A column that has values and satisfies a condition. Kinds take turns, so that few cases see many kinds.
    pub fn any_column(&self, dice: &mut Dice, fits: impl Fn(&Column) -> bool) -> Option<&Column> {
        let fitting: Vec<&Column> = self.columns.iter().filter(|column| fits(column)).collect();
        let mut kinds: Vec<FieldType> = Vec::new();
        for column in &fitting {
            if !kinds.contains(&column.kind) {
                kinds.push(column.kind);
            }
        }
        let kind = *kinds.get(dice.case % kinds.len().max(1))?;
        let of_kind: Vec<&Column> = fitting.into_iter().filter(|column| column.kind == kind).collect();
        dice.pick(&of_kind).copied()
    }
}

fn columns(schema: &Schema, tables: &[Table]) -> Vec<Column> {
    let mut columns = Vec::new();
    for (place, table) in tables.iter().enumerate() {
        let model = schema.at(table.model);
        for field in model.fields.iter().filter(|field| field.id != model.pk) {
            let mut column = Column {
                table: place,
                field: field.id,
                name: field.name.clone(),
                column: field.column.clone(),
                kind: field.kind,
                values: Vec::new(),
                nulls: 0,
                filled: 0,
            };
            for row in &table.rows {
                match row.fields.get(&field.column) {
                    None => {}
                    Some(Value::Null) => column.nulls += 1,
                    Some(value) => {
                        column.filled += 1;
                        let usable = !value.is_array()
                            && !value.is_object()
                            && value.as_str().is_none_or(|text| text.len() <= LONGEST_TEXT && !text.trim().is_empty());
                        if usable && column.values.len() < MOST_VALUES && !column.values.contains(value) {
                            column.values.push(value.clone());
                        }
                    }
                }
            }
            if !column.values.is_empty() {
                columns.push(column);
            }
        }
    }
    columns
}

fn links(schema: &Schema, tables: &[Table]) -> Vec<Link> {
    let mut links = Vec::new();
    for (parent, table) in tables.iter().enumerate().filter(|(_, table)| table.is_served()) {
        for relation in &schema.at(table.model).relations {
            let Some(child) = tables.iter().position(|table| table.model == relation.model) else { continue };
            let column = &schema.at(relation.model).at(relation.field).column;
            let mut by_parent: HashMap<String, (Value, Vec<usize>)> = HashMap::new();
            for (place, row) in tables[child].rows.iter().enumerate() {
                if let Some(key) = row.fields.get(column).filter(|key| !key.is_null()) {
                    by_parent.entry(key.to_string()).or_insert_with(|| (key.clone(), Vec::new())).1.push(place);
                }
            }
            let mut families: Vec<(Value, Vec<usize>)> = by_parent.into_values().collect();
            families.sort_by_key(|(key, rows)| (usize::MAX - rows.len(), key.to_string()));
            if !families.is_empty() {
                links.push(Link { parent, child, field: relation.field, name: relation.name.clone(), families });
            }
        }
    }
    links
}
