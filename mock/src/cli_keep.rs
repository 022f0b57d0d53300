//! Files that the program leaves behind: the state and the journal. Each is whole at every moment.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::control::state_pieces;
use crate::mock::Mock;

/// A file cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot save the {what} to {}: {error}", path.display())]
pub struct KeepError {
    what: &'static str,
    path: PathBuf,
    error: io::Error,
}

/// Saves the committed state; tasks that still wait are not in it.
///
/// # Errors
/// Where the file cannot be written; the old one stays then.
pub fn state(mock: &Mock, path: &Path) -> Result<(), KeepError> {
    replace(path, state_pieces(mock.snapshot().0)).map_err(failed("state", path))
}

/// Saves the journal, with the hazards, as `carbon-harness verify --journal` reads it.
///
/// # Errors
/// Where the file cannot be written; the old one stays then.
pub fn journal(mock: &Mock, path: &Path) -> Result<(), KeepError> {
    replace(path, std::iter::once(mock.journal().to_string())).map_err(failed("journal", path))
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeepError {
    let path = path.to_owned();
    move |error| KeepError { what, path, error }
}

/// Writes a file beside the old one first, and then puts it in its place.
fn replace(path: &Path, pieces: impl Iterator<Item = impl AsRef<[u8]>>) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file = File::create(&beside)?;
    for piece in pieces {
        file.write_all(piece.as_ref())?;
    }
    file.sync_all()?;
    fs::rename(&beside, path)
}
