//! `fields=[...]`: what of an object is printed, and the printing, straight to bytes.
//!
//! A path names a column, `<fk>_id`, a foreign key (expanded, with `<fk>_id` beside it), a property, a reverse link
//! (a list) or goes through links to any depth; paths under one link are merged, and one that is also asked for as a
//! whole is shown whole, with what the paths name beside its columns. Without `fields` every column but
//! the key is printed, foreign keys as `<fk>_id`.

use carbon_specs::{FieldId, Model, ModelId, Provenance, Schema};
use indexmap::IndexMap;
use jiff::civil::Date;
use serde_json::Value as Json;

use super::convert;
use super::effort::{MOST_BYTES, MOST_JOINED, TooMuch};
use super::error::CallError;
use super::instance::Instance;
use crate::pyjson;
use crate::store::{Pk, Row, Store, Value};

/// Computes properties; the billing does.
pub type Properties = fn(&Store, Date, ModelId, &Row, &str) -> Result<Json, CallError>;

/// What to print of an object of one model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shape {
    /// Every column.
    whole: bool,
    /// These parts, in the order they were first named.
    parts: IndexMap<String, Part>,
}

impl Shape {
    /// Every column and nothing more.
    pub fn whole() -> Self {
        Self { whole: true, parts: IndexMap::new() }
    }
}

/// One named part.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// The primary key, under whichever name.
    Key,
    /// A column.
    Column(FieldId),
    /// A computed property.
    Property,
    /// A foreign key, expanded.
    Forward(FieldId, ModelId, Shape),
    /// A reverse link.
    Reverse(FieldId, ModelId, Shape),
}

/// Reads `fields`. The weakest standing of what is named comes along.
///
/// # Errors
/// A path that names nothing.
pub fn shape(schema: &Schema, model: ModelId, paths: &[String]) -> Result<(Shape, Provenance), CallError> {
    let mut shape = Shape::default();
    let mut weakest = Provenance::Documented;
    for path in paths {
        let names: Vec<&str> = path.split("__").collect();
        if names.len() > MOST_JOINED {
            return Err(TooMuch::Joined.into());
        }
        add(schema, schema.at(model), &mut shape, &names, &mut weakest)?;
    }
    Ok((shape, weakest))
}

fn add(
    schema: &Schema,
    model: &Model,
    shape: &mut Shape,
    names: &[&str],
    weakest: &mut Provenance,
) -> Result<(), CallError> {
    let Some((name, rest)) = names.split_first() else {
        shape.whole = true;
        return Ok(());
    };
    let part = find(schema, model, name, rest, weakest)?;
    let entry = shape.parts.entry((*name).to_owned()).or_insert(part);
    match entry {
        Part::Forward(_, to, inner) | Part::Reverse(_, to, inner) => add(schema, schema.at(*to), inner, rest, weakest),
        _ => Ok(()),
    }
}

fn find(
    schema: &Schema,
    model: &Model,
    name: &str,
    rest: &[&str],
    weakest: &mut Provenance,
) -> Result<Part, CallError> {
    if let Some(relation) = model.relation(name) {
        *weakest = (*weakest).max(schema.at(relation.model).at(relation.field).source.provenance());
        return Ok(Part::Reverse(relation.field, relation.model, Shape::default()));
    }
    if let (Some(field), Some(to)) = (model.field(name), model.field(name).and_then(|field| field.to))
        && field.name == name
    {
        *weakest = (*weakest).max(field.source.provenance());
        return Ok(Part::Forward(field.id, to, Shape::default()));
    }
    if !rest.is_empty() {
        return Err(unknown(model, name));
    }
    if name == "pk" {
        return Ok(Part::Key);
    }
    if let Some(field) = model.field(name) {
        *weakest = (*weakest).max(field.source.provenance());
        return Ok(Part::Column(field.id));
    }
    if let Some(property) = model.properties.get(name) {
        *weakest = (*weakest).max(property.source.provenance());
        return Ok(Part::Property);
    }
    Err(unknown(model, name))
}

fn unknown(model: &Model, name: &str) -> CallError {
    let mut choices: Vec<&str> = model
        .fields
        .iter()
        .flat_map(|field| [field.name.as_str(), field.column.as_str()])
        .chain(model.properties.keys().map(String::as_str))
        .chain(model.relations.iter().map(|relation| relation.name.as_str()))
        .collect();
    choices.sort_unstable();
    choices.dedup();
    CallError::Field(format!("{} has no '{name}' to show in fields. Choices are: {}", model.name, choices.join(", ")))
}

/// Prints objects of one state.
#[derive(Clone, Debug)]
pub struct Printer {
    store: Store,
    today: Date,
    properties: Properties,
}

impl Printer {
    /// The state it prints.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// A printer over a state on a day.
    pub fn new(store: Store, today: Date, properties: Properties) -> Self {
        Self { store, today, properties }
    }

    /// Prints the row of a key.
    ///
    /// # Errors
    /// A property that cannot be computed: a bug of ours. An object too large to be sent.
    pub fn row(&self, out: &mut Vec<u8>, model: ModelId, pk: Pk, shape: &Shape) -> Result<(), CallError> {
        match self.store.get(model, pk) {
            Some(row) => self.object(out, model, Some(pk), row, shape),
            None => {
                out.extend_from_slice(b"null");
                Ok(())
            }
        }
    }

    /// Prints an object as it is in hand, saved or not.
    ///
    /// # Errors
    /// A property that cannot be computed: a bug of ours. An object too large to be sent.
    pub fn instance(&self, out: &mut Vec<u8>, object: &Instance, shape: &Shape) -> Result<(), CallError> {
        self.object(out, object.model, object.pk, &object.row(), shape)
    }

    fn object(
        &self,
        out: &mut Vec<u8>,
        model: ModelId,
        pk: Option<Pk>,
        row: &Row,
        shape: &Shape,
    ) -> Result<(), CallError> {
        if out.len() > MOST_BYTES {
            return Err(TooMuch::Bytes.into());
        }
        let model = self.store.schema().at(model);
        out.extend_from_slice(b"{\"pk\": ");
        pyjson::write(out, &pk);
        out.extend_from_slice(b", \"model\": ");
        pyjson::write(out, &model.name);
        out.extend_from_slice(b", \"fields\": {");
        let mut first = true;
        if shape.whole {
            for field in model.fields.iter().filter(|field| field.id != model.pk) {
                key(out, &mut first, &field.column);
                convert::print(out, field.kind, &row[field.id.0]);
            }
        }
        for (name, part) in &shape.parts {
            self.part(out, &mut first, model, row, name, part, shape)?;
        }
        out.extend_from_slice(b"}}");
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one object's printing")]
    fn part(
        &self,
        out: &mut Vec<u8>,
        first: &mut bool,
        model: &Model,
        row: &Row,
        name: &str,
        part: &Part,
        of: &Shape,
    ) -> Result<(), CallError> {
        if of.whole && matches!(part, Part::Column(field) if *field != model.pk) {
            return Ok(());
        }
        key(out, first, name);
        match part {
            Part::Key => convert::print(out, model.pk_field().kind, &row[model.pk.0]),
            Part::Column(field) => convert::print(out, model.at(*field).kind, &row[field.0]),
            Part::Property => pyjson::write(out, &(self.properties)(&self.store, self.today, model.id, row, name)?),
            Part::Forward(field, to, inner) => {
                match row[field.0].as_int() {
                    Some(pk) => self.row(out, *to, pk, inner)?,
                    None => out.extend_from_slice(b"null"),
                }
                let column = &model.at(*field).column;
                if !of.whole && !of.parts.contains_key(column) {
                    key(out, first, column);
                    convert::print(out, model.at(*field).kind, &row[field.0]);
                }
            }
            Part::Reverse(field, from, inner) => {
                out.push(b'[');
                let own = Value::Int(row[model.pk.0].as_int().unwrap_or_default());
                for (place, pk) in self.store.matching(*from, *field, &own).enumerate() {
                    if place > 0 {
                        out.extend_from_slice(b", ");
                    }
                    self.row(out, *from, pk, inner)?;
                }
                out.push(b']');
            }
        }
        Ok(())
    }
}

fn key(out: &mut Vec<u8>, first: &mut bool, name: &str) {
    if !std::mem::replace(first, false) {
        out.extend_from_slice(b", ");
    }
    pyjson::write(out, name);
    out.extend_from_slice(b": ");
}
