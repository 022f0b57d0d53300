//! A protocol-faithful mock of Carbon Billing 5's REST API v2.0.
//!
//! The way of a request, top to bottom: [`http`] accepts bytes, [`wire`] turns the form body into a call, [`Mock`]
//! answers it with the help of [`billing`] (what the models' methods mean) and [`orm`] (names, paths, QuerySets,
//! projection); changes wait in [`tasks`] and are made in [`store`]. [`control`] is the side door under `/__mock__/`.
//! A layer names only those below it.

pub mod billing;
pub mod chain;
pub mod cli;
pub mod control;
pub mod hazards;
pub mod http;
pub mod journal;
pub mod log;
pub mod mock;
pub mod orm;
pub mod pyjson;
pub mod server;
pub mod sql;
pub mod store;
pub mod tasks;
pub mod wire;
pub mod world;

pub use mock::{Mock, MockError, Options};
pub use server::{CarbonMock, StartError};
pub use tasks::Profile;
