//! Reports: the same events told to people and to machines.

mod event;
mod json;
mod progress;
mod sentence;
mod text;

pub use event::{Event, Reporter};
pub use json::Json;
pub use progress::Shown;
pub use sentence::chain;
pub use text::{Detail, Text, heading_style, paint_difference};
