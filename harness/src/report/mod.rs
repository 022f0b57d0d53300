//! Reports: the same events told to people and to machines.

mod causes;
mod collected;
mod document;
mod event;
mod github;
mod held;
mod html;
mod json;
mod junit;
mod markdown;
mod progress;
mod record;
mod redacted;
mod text;

pub use document::{Document, DocumentKind, GithubJob};
pub use event::{Event, Reporter};
pub use held::Held;
pub use json::Json;
pub use progress::Shown;
pub use record::Recorder;
pub use redacted::Redacted;
pub use text::{Detail, Text, heading_style, paint_difference};
