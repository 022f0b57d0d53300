//! A protocol-faithful mock of Carbon Billing 5's REST API v2.0.
//!
//! The way of a request, top to bottom: [`http`] accepts bytes, [`wire`] turns the form body into a call, [`Mock`]
//! answers it with the help of [`billing`] (what the models' methods mean) and [`orm`] (names, paths, QuerySets,
//! projection); changes wait in [`tasks`] and are made in [`store`]. [`control`] is the side door under `/__mock__/`.
//! A layer names only those below it. [`deviate`] stands around all of it and is usually off: it misbehaves on purpose.
//!
//! As a library it is a server for tests, each with a state, a clock and a seed of its own:
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use carbon_mock::CarbonMock;
//!
//! let mock = CarbonMock::builder().clock("2022-02-01 10:00:00").seed(7).start().await?;
//! let url = format!("{}/rest_api/v2/Abonents/", mock.url());
//! // ... point your client at `url`, let it change something ...
//! mock.mock().run_tasks(); // the queue is drained: what was asked for has happened
//! let hazards = mock.mock().hazards(); // and nothing overlapped
//! assert_eq!(hazards["total"], 0);
//! mock.shutdown().await;
//! # assert!(url.starts_with("http://127.0.0.1:"));
//! # Ok(())
//! # }
//! ```

mod answer;
pub mod billing;
pub mod chain;
pub mod cli;
pub mod control;
mod counted;
pub mod deviate;
pub mod deviation;
pub mod faults;
mod foresight;
pub mod hazards;
pub mod http;
pub mod journal;
pub mod log;
pub mod mock;
pub mod orm;
pub mod pyjson;
pub mod server;
pub mod signals;
pub mod sql;
pub mod store;
pub mod tasks;
pub mod wire;
pub mod world;

pub use deviation::{Deviation, Deviations};
pub use mock::{Mock, MockError, Options, Start};
pub use server::{CarbonMock, StartError};
pub use tasks::Profile;
