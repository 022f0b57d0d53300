//! The contract of Carbon Billing 5's "API REST v2.0", as data and the types that read it.
//!
//! The data lives beside this crate as TOML: `models/` (what exists), `manager.toml` (the methods every model has),
//! `examples/` (every call of the documentation page), `rules/` (every sentence of it that states behaviour), `errata.toml`
//! (where its text is wrong) and `demo/` (the demo subscriber base). [`Contract::load`] reads it all, checks every name against every other, and says
//! file and key of what is wrong. It knows nothing of HTTP, of the mock or of the harness.
//!
//! Reading order: [`source`] (how sure we are), [`model`] and [`schema`] (models as written, and resolved), [`step`]
//! (what a check can do), [`example`], [`rule`], [`errata`], [`demo`], [`contract`] (all of it together), [`page`] (whether
//! it cites the page rightly).

pub mod contract;
pub mod demo;
pub mod documents;
pub mod errata;
pub mod example;
pub mod files;
pub mod inventory;
pub mod model;
pub mod page;
pub mod path;
pub mod rule;
pub mod schema;
pub mod source;
pub mod step;
mod validate;

pub use contract::{Contract, LoadError};
pub use schema::{Field, FieldId, FieldType, Method, Model, ModelId, Property, Relation, Schema};
pub use source::{Provenance, Source};
