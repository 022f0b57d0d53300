//! Names, paths, QuerySets, objects and projections, with Django's semantics.
//!
//! [`path`] resolves names, [`transform`] takes parts of dates, [`lookup`] compares, [`query`] builds joins and conditions as Django does, [`plan`]
//! and [`execute`] run them within [`effort`], [`project`] prints objects and [`listing`] lists of them. [`convert`] is how
//! fields take and show values, [`moments`] how they read dates, [`python`] what JSON is to Python. [`instance`] is one object in a chain and [`tx`] the view of the state a request works on.

pub mod columns;
pub mod convert;
pub mod effort;
pub mod error;
pub mod execute;
pub mod instance;
pub mod listing;
pub mod lookup;
pub mod moments;
pub mod path;
pub mod plan;
pub mod project;
pub mod python;
pub mod query;
pub mod transform;

pub mod tx;
pub mod unsupported;

pub use error::CallError;
pub use instance::Instance;
pub use query::Query;
pub use tx::{Keys, Leases, Tx};
