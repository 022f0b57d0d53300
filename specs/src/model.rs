//! A model as its TOML file writes it, before names are resolved: see [`crate::schema`] for the resolved form.

use indexmap::IndexMap;
use serde::Deserialize;

use crate::schema::FieldType;
use crate::source::Source;

/// `models/<name>.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// As the vendor spells it in URLs and replies.
    pub name: String,
    /// The SQL table, lower case.
    pub table: String,
    /// The primary key's field.
    pub pk: String,
    /// One line: what a row is.
    pub title: String,
    /// Where the model is named.
    pub source: Source,
    /// Why we assume it, where we do.
    #[serde(default)]
    pub why: Option<String>,
    /// In declaration order, which is the order of keys in replies.
    pub fields: IndexMap<String, FieldFile>,
    /// Computed attributes that `fields=[...]` can ask for.
    #[serde(default)]
    pub properties: IndexMap<String, PropertyFile>,
    /// Methods of one object (`methodN=block`).
    #[serde(default)]
    pub methods: IndexMap<String, MethodFile>,
    /// Methods of the model itself (`method1=web_cabinet.login`), beside `objects.*`.
    #[serde(default)]
    pub model_methods: IndexMap<String, MethodFile>,
}

/// One column.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldFile {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// The model a foreign key points at.
    #[serde(default)]
    pub to: Option<String>,
    /// Whether NULL is allowed.
    #[serde(default)]
    pub null: bool,
    /// What `create` fills in; `"now"` for a date or datetime is the moment of creation. Without one: NULL if allowed,
    /// else `""` for text, else the value is required.
    #[serde(default)]
    pub default: Option<serde_json::Value>,
    /// Digits after the point of a `decimal`.
    #[serde(default)]
    pub places: Option<u32>,
    /// Looked up often: kept in an index. Foreign keys always are.
    #[serde(default)]
    pub index: bool,
    /// A password, token or personal datum: redacted before anything is written to disk.
    #[serde(default)]
    pub secret: bool,
    /// The SQL column, lower case, where it is not the attribute's name.
    #[serde(default)]
    pub sql: Option<String>,
    /// What it holds, where the name does not say.
    #[serde(default)]
    pub doc: Option<String>,
    /// Where the field is named.
    pub source: Source,
    /// Why we assume it, where we do.
    #[serde(default)]
    pub why: Option<String>,
}

/// One computed attribute.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PropertyFile {
    /// What it answers: a field type, `list` or `object`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Personal or secret: never written to a snapshot or report.
    #[serde(default)]
    pub secret: bool,
    /// What it means.
    #[serde(default)]
    pub doc: Option<String>,
    /// Where it is named.
    pub source: Source,
    /// Why we assume it, where we do.
    #[serde(default)]
    pub why: Option<String>,
}

/// One method.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MethodFile {
    /// Whether calling it can change anything.
    pub kind: crate::example::Kind,
    /// Named arguments.
    #[serde(default)]
    pub args: IndexMap<String, ArgFile>,
    /// What it answers: `object`, `list`, `flag`, a field type, `none`, or `cabinet` (a list with one JSON string).
    pub returns: String,
    /// What it does.
    pub doc: String,
    /// Where it is named.
    pub source: Source,
    /// Why we assume it, where we do.
    #[serde(default)]
    pub why: Option<String>,
}

/// One named argument of a method.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArgFile {
    /// A field type, or `json`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The call is refused without it.
    #[serde(default)]
    pub required: bool,
    /// What it means.
    #[serde(default)]
    pub doc: Option<String>,
    /// Where it is named.
    pub source: Source,
    /// Why we assume it, where we do.
    #[serde(default)]
    pub why: Option<String>,
}
