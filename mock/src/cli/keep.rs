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

/// Whether the files can be written: better known at the start than at the end.
///
/// # Errors
/// The first that cannot.
pub fn check(journal: Option<&Path>, state: Option<&Path>) -> Result<(), KeepError> {
    for (what, path) in [("journal", journal), ("state", state)] {
        let Some(path) = path else { continue };
        try_out(path).map_err(failed(what, path))?;
    }
    Ok(())
}

fn try_out(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let beside = beside(path);
    File::create(&beside)?;
    fs::remove_file(beside)
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
    let beside = beside(path);
    let mut file = File::create(&beside)?;
    for piece in pieces {
        file.write_all(piece.as_ref())?;
    }
    file.sync_all()?;
    fs::rename(&beside, path)
}

fn beside(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    beside.into()
}
