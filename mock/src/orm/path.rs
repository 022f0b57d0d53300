//! Turns `abonent_id_users__ip__in` into links to walk, a column at their end and a comparison.
//!
//! Django's way: names are taken as fields as long as they are some; what is left over are transforms and a lookup.

use carbon_specs::{Field, FieldId, FieldType, Model, ModelId, Schema};

use super::error::CallError;
use super::lookup::LookupKind;
use super::transform::{self, Kind, Transform};
use super::unsupported::{End, unsupported};

/// One link of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hop {
    /// Along a foreign key of the row at hand: one row or none.
    Forward {
        /// The foreign key.
        field: FieldId,
        /// Where it leads.
        to: ModelId,
    },
    /// To the rows whose foreign key points at the row at hand: any number.
    Reverse {
        /// The model that points here.
        model: ModelId,
        /// Its foreign key.
        field: FieldId,
    },
}

impl Hop {
    /// The model it leads to.
    pub fn target(self) -> ModelId {
        match self {
            Self::Forward { to, .. } => to,
            Self::Reverse { model, .. } => model,
        }
    }

    /// Whether it may lead to several rows.
    pub fn is_many(self) -> bool {
        matches!(self, Self::Reverse { .. })
    }
}

/// A resolved path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The links, in order.
    pub hops: Vec<Hop>,
    /// The column at their end, of the last link's model.
    pub field: FieldId,
    /// Whether the path ends at a relation (`abonent`, `abonent_id_users`) rather than at a plain column.
    pub at_relation: bool,
    /// What is done to the column before it is compared.
    pub transforms: Vec<Transform>,
    /// What is compared then.
    pub kind: Kind,
    /// The comparison.
    pub lookup: LookupKind,
}

/// Resolves a filter's path.
///
/// # Errors
/// Django's FieldError for a name or a lookup that does not exist.
pub fn resolve(schema: &Schema, model: ModelId, path: &str) -> Result<Path, CallError> {
    if path.is_empty() {
        return Err(CallError::Field("Cannot parse keyword query ''".to_owned()));
    }
    let parts: Vec<&str> = path.split("__").collect();
    let walk = walk(schema, model, &parts)?;
    let rest = &parts[walk.used..];
    let mut transforms = Vec::new();
    // `abonent` and `abonent_id` compare as relations, `abonent__id` as the number it is.
    let mut kind = if walk.relation.is_some() { Kind::Column(FieldType::Fk) } else { walk.kind };
    let mut lookup = LookupKind::Exact;
    for (place, name) in rest.iter().enumerate() {
        let last = place + 1 == rest.len();
        if let Some(found) = LookupKind::parse(name).filter(|found| last && found.fits(kind)) {
            lookup = found;
        } else if let Some((transform, result)) = Transform::parse(name, kind) {
            transform::push(&mut transforms, transform);
            kind = result;
        } else {
            return Err(unsupported(&rest[place..], walk.relation.unwrap_or(End::Column(kind))));
        }
    }
    Ok(Path { hops: walk.hops, field: walk.field, at_relation: walk.relation.is_some(), transforms, kind, lookup })
}

/// Resolves a path that names a column and nothing more (for ordering and `values`).
///
/// # Errors
/// Django's FieldError.
pub fn resolve_column(schema: &Schema, model: ModelId, path: &str) -> Result<(Vec<Hop>, FieldId), CallError> {
    let parts: Vec<&str> = path.split("__").collect();
    let walk = walk(schema, model, &parts)?;
    match parts.get(walk.used) {
        None => Ok((walk.hops, walk.field)),
        // After a link the names of its model are missed; after a column nothing can follow.
        Some(name) if walk.relation.is_some() => Err(cannot_resolve(schema.at(walk.reached), name)),
        Some(name) => {
            let column = parts.get(walk.used.saturating_sub(1)).copied().unwrap_or_default();
            Err(CallError::Field(format!(
                "Cannot resolve keyword '{name}' into field. Join on '{column}' not permitted."
            )))
        }
    }
}

struct Walk {
    hops: Vec<Hop>,
    model: ModelId,
    field: FieldId,
    /// The column that was named, before the path was trimmed.
    kind: Kind,
    /// The relation that the names end at, if it is no column.
    relation: Option<End>,
    /// The model that the names led to, before the path was trimmed.
    reached: ModelId,
    used: usize,
}

/// Walks the names as far as they are fields.
fn walk(schema: &Schema, start: ModelId, parts: &[&str]) -> Result<Walk, CallError> {
    let mut hops = Vec::new();
    let mut model = schema.at(start);
    let mut used = 0;
    // The column that the names so far end at, if they end at one.
    let mut end: Option<(FieldId, bool)> = None;
    for part in parts {
        let step = step_of(model, part);
        match (step, &end) {
            // After a plain column nothing but transforms and lookups can follow.
            (_, Some((_, false))) => break,
            (Some(Step::Column(field)), _) => {
                end = Some((field, false));
            }
            (Some(Step::Link(hop)), _) => {
                hops.push(hop);
                model = schema.at(hop.target());
                end = Some((model.pk, true));
            }
            (None, Some(_)) => break,
            (None, None) => return Err(cannot_resolve(model, part)),
        }
        used += 1;
    }
    let (field, at_relation) = end.ok_or_else(|| cannot_resolve(model, parts.first().unwrap_or(&"")))?;
    let relation = at_relation.then(|| match hops.last() {
        Some(Hop::Reverse { .. }) => End::Reverse,
        _ => End::Forward,
    });
    let kind = if field == model.pk { Kind::Key } else { Kind::Column(model.at(field).kind) };
    let walk = Walk { hops, model: model.id, field, kind, relation, reached: model.id, used };
    Ok(trim(schema, start, walk))
}

enum Step {
    Column(FieldId),
    Link(Hop),
}

fn step_of(model: &Model, name: &str) -> Option<Step> {
    if name == "pk" {
        return Some(Step::Column(model.pk));
    }
    if let Some(field) = model.field(name) {
        // Under its column's name too: Django walks `abonent_id__name`.
        return Some(match field.to {
            Some(to) => Step::Link(Hop::Forward { field: field.id, to }),
            None => Step::Column(field.id),
        });
    }
    let relation = model.relation(name)?;
    Some(Step::Link(Hop::Reverse { model: relation.model, field: relation.field }))
}

/// Django's `trim_joins`: a foreign key followed only to its target's key is the foreign key's own column.
fn trim(schema: &Schema, start: ModelId, mut walk: Walk) -> Walk {
    while let Some(Hop::Forward { field, to }) = walk.hops.last().copied() {
        if walk.field != schema.at(to).pk {
            break;
        }
        walk.hops.pop();
        walk.field = field;
        walk.model = walk.hops.last().map_or(start, |hop| hop.target());
    }
    walk
}

/// Django's text for a name that is no field, with the names that are.
pub fn cannot_resolve(model: &Model, name: &str) -> CallError {
    let mut choices: Vec<&str> = model
        .fields
        .iter()
        .flat_map(|field| [field.name.as_str(), field.column.as_str()])
        .chain(model.relations.iter().map(|relation| relation.name.as_str()))
        .collect();
    choices.sort_unstable();
    choices.dedup();
    CallError::Field(format!("Cannot resolve keyword '{name}' into field. Choices are: {}", choices.join(", ")))
}

/// Whether a link can lead to no row: a foreign key that may be NULL, or any reverse link.
pub fn nullable(schema: &Schema, from: ModelId, hop: Hop) -> bool {
    match hop {
        Hop::Forward { field, .. } => schema.at(from).at(field).null,
        Hop::Reverse { .. } => true,
    }
}

/// The field at the end of a path from a model.
pub fn end_field<'s>(schema: &'s Schema, start: ModelId, path: &Path) -> &'s Field {
    let model = path.hops.last().map_or(start, |hop| hop.target());
    schema.at(model).at(path.field)
}
