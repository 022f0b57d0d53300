//! Names, paths, QuerySets, objects and projections, with Django's semantics.

pub mod error;
pub mod instance;
pub mod tx;

pub use error::CallError;
pub use instance::Instance;
pub use tx::{Keys, Leases, Tx};
