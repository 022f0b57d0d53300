//! curl's command line: what a `curl` with these arguments sends. Sends nothing itself.
//!
//! The rules are those of curl 7.88, written down from recordings of it: `tests/curl/recorded.tsv` holds what the real
//! program did with each line of `tests/curl/cases.txt`, and a test replays them. [`parse`] goes from words to
//! [`Curl`]: `arguments` finds options and URLs, `data` joins the body, `url` reads the addresses, `transfer` puts them
//! together. [`point_at`] puts another server in place of the documentation's.

mod arguments;
mod data;
mod error;
mod host;
mod options;
mod transfer;
mod url;

pub use error::{CurlError, UrlError};
pub use host::point_at;
pub use transfer::{Body, Curl, Request, Transfer};
pub use url::Url;

use crate::shell::Word;

/// The files that `@name` reads; `-` is standard input. Nothing stands for a file that cannot be read.
pub type Files<'a> = &'a dyn Fn(&str) -> Option<Vec<u8>>;

/// No files at all: what `@name` reads where there is no folder to look in.
pub fn no_files(_: &str) -> Option<Vec<u8>> {
    None
}

/// What `curl` does when it is called with these arguments (without its own name).
///
/// # Errors
/// Why curl gives up before it sends anything. A bad URL is found only when its turn comes: see [`Transfer::sent`].
pub fn parse(arguments: &[Word], files: Files<'_>) -> Result<Curl, CurlError> {
    let groups = arguments::read(arguments)?;
    transfer::build(&groups, files)
}
