//! The vendor's envelope: a form body becomes a [`Call`], a [`Reply`] becomes bytes.
//!
//! Owns the grammar of the body (pairs, `methodN`/`argN`, `fields`) and Python's JSON spelling of the answer. Knows no
//! models, no state and no HTTP. Start at [`parse`] and [`body`].

mod call;
mod error;
mod form;
mod json;
mod multipart;
mod path;
mod reply;

pub use call::{Call, Limits, Step, parse, parse_as, parse_within, unread};
pub use error::WireError;
pub use path::{call_path, decode_path, model_in};
pub use reply::{BrokenOff, CHUNK, Outcome, Pieces, Reply, Spelled, body};

/// Where the vendor's API lives.
pub const ROOT: &str = "/rest_api/v2/";
