//! The models with every name resolved: what the mock serves and what paths are checked against.

use std::collections::HashMap;
use std::fmt;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::{FieldFile, MethodFile, ModelFile, PropertyFile};
use crate::source::Source;

/// A model's place in [`Schema::models`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelId(pub usize);

/// A field's place in [`Model::fields`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(pub usize);

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// A short text.
    String,
    /// A long text.
    Text,
    /// A 32-bit integer.
    Int,
    /// A 64-bit integer.
    BigInt,
    /// A SMALLINT that is 0 or 1.
    Flag,
    /// An exact decimal with a fixed number of places.
    Decimal,
    /// Rubles, stored as an integer scaled by 10^10.
    Money,
    /// A day.
    Date,
    /// A moment without a time zone, to the second.
    DateTime,
    /// An IP address, stored as text.
    Ip,
    /// A foreign key.
    Fk,
}

impl FieldType {
    /// Whether the column holds text.
    pub fn is_text(self) -> bool {
        matches!(self, Self::String | Self::Text | Self::Ip)
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String => "string",
            Self::Text => "text",
            Self::Int => "int",
            Self::BigInt => "bigint",
            Self::Flag => "flag",
            Self::Decimal => "decimal",
            Self::Money => "money",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Ip => "ip",
            Self::Fk => "fk",
        })
    }
}

/// One column of a model.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its place in the model.
    pub id: FieldId,
    /// The ORM's name: `tarif`.
    pub name: String,
    /// The attribute that holds the value: `tarif_id` for a foreign key, else the name.
    pub column: String,
    /// The SQL column, lower case.
    pub sql: String,
    /// Its type.
    pub kind: FieldType,
    /// Where a foreign key points.
    pub to: Option<ModelId>,
    /// Whether NULL is allowed.
    pub null: bool,
    /// What `create` fills in.
    pub default: Option<Value>,
    /// Digits after the point, of a decimal.
    pub places: u32,
    /// Kept in an index.
    pub indexed: bool,
    /// Redacted before anything is written to disk.
    pub secret: bool,
    /// What it holds.
    pub doc: Option<String>,
    /// Where it is named.
    pub source: Source,
    /// Why we assume it.
    pub why: Option<String>,
}

/// A computed attribute.
pub type Property = PropertyFile;

/// A method.
pub type Method = MethodFile;

/// A reverse link: the rows of `model` whose `field` points here.
#[derive(Clone, Debug)]
pub struct Relation {
    /// `abonent_id_users`.
    pub name: String,
    /// The model that points here.
    pub model: ModelId,
    /// Its foreign key.
    pub field: FieldId,
}

/// One model.
#[derive(Clone, Debug)]
pub struct Model {
    /// Its place in the schema.
    pub id: ModelId,
    /// The vendor's spelling.
    pub name: String,
    /// The SQL table, lower case.
    pub table: String,
    /// What a row is.
    pub title: String,
    /// Where it is named.
    pub source: Source,
    /// Why we assume it.
    pub why: Option<String>,
    /// The primary key.
    pub pk: FieldId,
    /// All columns, in order.
    pub fields: Vec<Field>,
    /// Computed attributes.
    pub properties: IndexMap<String, Property>,
    /// Methods of one object.
    pub methods: IndexMap<String, Method>,
    /// Methods of the model.
    pub model_methods: IndexMap<String, Method>,
    /// Reverse links, in the order of the models that point here.
    pub relations: Vec<Relation>,
    names: HashMap<String, FieldId>,
}

impl Model {
    /// The field called by its name or its attribute (`tarif` or `tarif_id`).
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.names.get(name).map(|id| &self.fields[id.0])
    }

    /// The field at a place.
    pub fn at(&self, id: FieldId) -> &Field {
        &self.fields[id.0]
    }

    /// The reverse link of this name.
    pub fn relation(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| relation.name == name)
    }

    /// The primary key's field.
    pub fn pk_field(&self) -> &Field {
        &self.fields[self.pk.0]
    }
}

/// The methods every model has.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generic {
    /// `objects.X`, by full name.
    #[serde(default)]
    pub manager: IndexMap<String, Method>,
    /// Methods of a QuerySet.
    #[serde(default)]
    pub queryset: IndexMap<String, Method>,
    /// Methods of an object.
    #[serde(default)]
    pub instance: IndexMap<String, Method>,
    /// Methods that Django's QuerySets have and no call can use, with the reason.
    #[serde(default)]
    pub refused: IndexMap<String, String>,
}

/// All models.
#[derive(Clone, Debug)]
pub struct Schema {
    /// In the order of their names.
    pub models: Vec<Model>,
    /// What every model can do.
    pub generic: Generic,
    names: HashMap<String, ModelId>,
    tables: HashMap<String, ModelId>,
}

/// Why the models do not fit together.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// Two models of one name or table.
    #[error("model `{0}` or its table is there twice")]
    DuplicateModel(String),
    /// A field's target is missing or wrong.
    #[error("{model}.{field}: {problem}")]
    Field {
        /// The model.
        model: String,
        /// The field.
        field: String,
        /// What is wrong.
        problem: String,
    },
}

impl Schema {
    /// Resolves the models' names.
    ///
    /// # Errors
    /// Names the model and field whose target, key or default is wrong.
    pub fn build(files: Vec<ModelFile>, generic: Generic) -> Result<Self, SchemaError> {
        let mut names = HashMap::new();
        let mut tables = HashMap::new();
        for (index, file) in files.iter().enumerate() {
            let fresh = names.insert(file.name.to_lowercase(), ModelId(index)).is_none();
            if tables.insert(file.table.clone(), ModelId(index)).is_some() || !fresh {
                return Err(SchemaError::DuplicateModel(file.name.clone()));
            }
        }
        let mut models = Vec::with_capacity(files.len());
        for (index, file) in files.into_iter().enumerate() {
            models.push(resolve(ModelId(index), file, &names)?);
        }
        link(&mut models)?;
        Ok(Self { models, generic, names, tables })
    }

    /// The model of this name, in any letter case.
    pub fn model(&self, name: &str) -> Option<&Model> {
        self.names.get(&name.to_lowercase()).map(|id| &self.models[id.0])
    }

    /// The model at a place.
    pub fn at(&self, id: ModelId) -> &Model {
        &self.models[id.0]
    }

    /// The model behind an SQL table, in any letter case.
    pub fn table(&self, name: &str) -> Option<&Model> {
        self.tables.get(&name.to_lowercase()).map(|id| &self.models[id.0])
    }

    /// The schema as other tools read it (`carbon-mock schema`).
    pub fn to_json(&self) -> Value {
        let models: serde_json::Map<String, Value> =
            self.models.iter().map(|model| (model.name.clone(), self.model_json(model))).collect();
        json!({ "models": models })
    }

    fn model_json(&self, model: &Model) -> Value {
        let fields: serde_json::Map<String, Value> = model
            .fields
            .iter()
            .map(|field| {
                let mut entry = json!({ "type": field.kind, "null": field.null, "source": field.source });
                if let Some(to) = field.to {
                    entry["to"] = json!(self.at(to).name);
                    entry["column"] = json!(field.column);
                    entry["related_name"] = json!(related_name(&field.column, &model.name));
                }
                if let Some(default) = &field.default {
                    entry["default"] = default.clone();
                }
                if field.kind == FieldType::Decimal {
                    entry["places"] = json!(field.places);
                }
                (field.name.clone(), entry)
            })
            .collect();
        let methods: serde_json::Map<String, Value> = model
            .methods
            .iter()
            .chain(&model.model_methods)
            .map(|(name, method)| {
                let args: serde_json::Map<String, Value> = method
                    .args
                    .iter()
                    .map(|(name, arg)| (name.clone(), json!({ "type": arg.kind, "required": arg.required })))
                    .collect();
                (
                    name.clone(),
                    json!({ "kind": method.kind, "args": args, "returns": method.returns, "source": method.source }),
                )
            })
            .collect();
        json!({
            "table": model.table,
            "pk": model.pk_field().name,
            "fields": fields,
            "properties": model.properties.keys().collect::<Vec<_>>(),
            "methods": methods,
        })
    }
}

/// The server's rule for the name of a reverse link.
pub fn related_name(column: &str, model: &str) -> String {
    format!("{column}_{}", model.to_lowercase())
}

fn resolve(id: ModelId, file: ModelFile, names: &HashMap<String, ModelId>) -> Result<Model, SchemaError> {
    let wrong = |field: &str, problem: String| SchemaError::Field {
        model: file.name.clone(),
        field: field.to_owned(),
        problem,
    };
    let mut fields = Vec::with_capacity(file.fields.len());
    let mut by_name = HashMap::new();
    for (index, (name, field)) in file.fields.iter().enumerate() {
        let to = match (field.kind, &field.to) {
            (FieldType::Fk, Some(target)) => Some(
                *names
                    .get(&target.to_lowercase())
                    .ok_or_else(|| wrong(name, format!("points at `{target}`, which is no model")))?,
            ),
            (FieldType::Fk, None) => return Err(wrong(name, "is a foreign key without `to`".into())),
            (_, Some(_)) => return Err(wrong(name, "has `to` but is no foreign key".into())),
            (_, None) => None,
        };
        let field = build_field(FieldId(index), name, field, to, name == &file.pk);
        for key in [name.clone(), field.column.clone()] {
            if by_name.insert(key.clone(), field.id).is_some_and(|earlier| earlier != field.id) {
                return Err(wrong(&key, "is the name of two fields".into()));
            }
        }
        fields.push(field);
    }
    let pk = *by_name.get(&file.pk).ok_or_else(|| wrong(&file.pk, "is the primary key but no field".into()))?;
    for name in file.properties.keys() {
        if by_name.contains_key(name) {
            return Err(wrong(name, "is both a field and a property".into()));
        }
    }
    Ok(Model {
        id,
        name: file.name,
        table: file.table,
        title: file.title,
        source: file.source,
        why: file.why,
        pk,
        fields,
        properties: file.properties,
        methods: file.methods,
        model_methods: file.model_methods,
        relations: Vec::new(),
        names: by_name,
    })
}

fn build_field(id: FieldId, name: &str, file: &FieldFile, to: Option<ModelId>, is_pk: bool) -> Field {
    let column = if to.is_some() { format!("{name}_id") } else { name.to_owned() };
    Field {
        id,
        name: name.to_owned(),
        sql: file.sql.clone().unwrap_or_else(|| column.to_lowercase()),
        column,
        kind: file.kind,
        to,
        null: file.null,
        default: file.default.clone(),
        places: file.places.unwrap_or(2),
        indexed: (file.index || to.is_some()) && !is_pk,
        secret: file.secret,
        doc: file.doc.clone(),
        source: file.source,
        why: file.why.clone(),
    }
}

fn link(models: &mut [Model]) -> Result<(), SchemaError> {
    let links: Vec<(ModelId, Relation)> = models
        .iter()
        .flat_map(|model| {
            model.fields.iter().filter_map(|field| {
                let name = related_name(&field.column, &model.name);
                Some((field.to?, Relation { name, model: model.id, field: field.id }))
            })
        })
        .collect();
    for (target, relation) in links {
        let model = &mut models[target.0];
        if model.names.contains_key(&relation.name) || model.relation(&relation.name).is_some() {
            return Err(SchemaError::Field {
                model: model.name.clone(),
                field: relation.name,
                problem: "is the name of a reverse link and of something else".into(),
            });
        }
        model.relations.push(relation);
    }
    Ok(())
}
