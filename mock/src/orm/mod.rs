//! Names, paths, QuerySets, objects and projections, with Django's semantics.
//!
//! [`path`] resolves names, [`lookup`] compares, [`query`] builds joins and conditions as Django does, [`plan`]
//! and [`execute`] run them within [`effort`], [`project`] prints objects and [`listing`] lists of them. [`convert`] is how
//! fields take and show values. [`instance`] is one object in a chain and [`tx`] the view of the state a request works on.

pub mod columns;
pub mod convert;
pub mod effort;
pub mod error;
pub mod execute;
pub mod instance;
pub mod listing;
pub mod lookup;
pub mod path;
pub mod plan;
pub mod project;
pub mod query;
pub mod tx;
pub mod unsupported;

pub use error::CallError;
pub use instance::Instance;
pub use query::Query;
pub use tx::{Keys, Leases, Tx};
