//! The reviewed replies: `snapshots/<id>.snap` for a call as printed, `<id>.corrected.snap` for its corrected form.
//!
//! The files are insta's, so that `cargo insta review` and the command line work on the same ones. They are read with
//! insta, and written here in its format, for insta writes only from within a test.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use crate::catalog::Form;
use crate::diff::{Difference, difference};
use crate::render;

/// Those of the repository that the program was built in: an installed program has no other.
static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../snapshots");

/// Where snapshots live, and what is done about differences.
#[derive(Clone, Debug)]
pub struct Snapshots {
    /// Nothing for those that are built in.
    folder: Option<PathBuf>,
    mode: Mode,
}

/// What is done about differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are reported.
    Compare,
    /// The files are rewritten.
    Update,
}

/// What a comparison came to.
#[derive(Debug, PartialEq)]
pub enum Compared {
    /// Equal.
    Same,
    /// Different, and left as it is.
    Different {
        /// The file.
        file: PathBuf,
        /// How they differ.
        difference: Difference,
    },
    /// Not there.
    Missing(PathBuf),
    /// Written anew.
    Updated(PathBuf),
}

/// Why a snapshot cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Not a snapshot file.
    #[error("{file}: {reason}")]
    Unreadable {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It could not be written.
    #[error("{file}: {error}")]
    Unwritable {
        /// The file.
        file: String,
        /// Why.
        error: io::Error,
    },
}

/// Whether it counts how a reply's JSON is spelled, and in which order its keys stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// As Python spells it, to the byte: a mock's promise.
    Counts,
    /// JSON is JSON.
    IsFree,
}

impl Snapshots {
    /// The snapshots in a folder.
    pub fn new(folder: PathBuf, mode: Mode) -> Self {
        Self { folder: Some(folder), mode }
    }

    /// The snapshots that the program was built with.
    pub fn built_in() -> Self {
        Self { folder: None, mode: Mode::Compare }
    }

    /// The nearest `snapshots` folder from a directory upwards.
    pub fn nearest(from: &Path) -> Option<PathBuf> {
        from.ancestors().map(|folder| folder.join("snapshots")).find(|folder| folder.is_dir())
    }

    /// The folder, where they are in one.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The text of a call's snapshot, if there is one.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn text(&self, id: &str, form: Form) -> Result<Option<String>, SnapshotError> {
        let name = format!("{}.snap", name(id, form));
        match &self.folder {
            Some(folder) => {
                let file = folder.join(name);
                if file.exists() { read(&file).map(Some) } else { Ok(None) }
            }
            // What insta writes above the text ends with the second line of dashes.
            None => Ok(BUILT_IN
                .get_file(name)
                .and_then(|file| file.contents_utf8()?.splitn(3, "---\n").nth(2).map(str::to_owned))),
        }
    }

    /// Compares a text with its snapshot; in [`Mode::Update`] rewrites a snapshot that differs.
    ///
    /// # Errors
    /// The file is there and cannot be read, or cannot be written.
    pub fn compare(
        &self,
        id: &str,
        form: Form,
        title: &str,
        observed: &str,
        spelling: Spelling,
    ) -> Result<Compared, SnapshotError> {
        let known = self.text(id, form)?;
        let folder = self.folder.as_deref().unwrap_or(Path::new("snapshots"));
        let file = folder.join(format!("{}.snap", name(id, form)));
        if known.as_deref().is_some_and(|known| known.trim_end() == observed.trim_end()) {
            return Ok(Compared::Same);
        }
        if self.mode == Mode::Update {
            write(&file, title, observed)
                .map_err(|error| SnapshotError::Unwritable { file: file.display().to_string(), error })?;
            return Ok(Compared::Updated(file));
        }
        let Some(known) = known else { return Ok(Compared::Missing(file)) };
        let (known, observed) = match spelling {
            Spelling::Counts => (known, observed.to_owned()),
            Spelling::IsFree => (render::unspelled(&known), render::unspelled(observed)),
        };
        if known.trim_end() == observed.trim_end() {
            return Ok(Compared::Same);
        }
        Ok(Compared::Different { file, difference: difference(&lined(&known), &lined(&observed)) })
    }

    /// Snapshot files of calls that are not among the given names.
    pub fn orphans(&self, names: &[String]) -> Vec<PathBuf> {
        let Some(Ok(entries)) = self.folder.as_ref().map(fs::read_dir) else { return Vec::new() };
        let mut found: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| {
                path.file_name()
                    .and_then(|name| name.to_str())
                    .and_then(|name| name.strip_suffix(".snap"))
                    .is_some_and(|name| !names.iter().any(|known| known == name))
            })
            .collect();
        found.sort();
        found
    }
}

/// A snapshot's name without its ending.
pub fn name(id: &str, form: Form) -> String {
    match form {
        Form::Printed => id.to_owned(),
        Form::Corrected => format!("{id}.corrected"),
    }
}

/// The text that a snapshot file holds.
///
/// # Errors
/// It cannot be read, or is no snapshot of insta's.
pub fn read(file: &Path) -> Result<String, SnapshotError> {
    let wrong = |reason: String| SnapshotError::Unreadable { file: file.display().to_string(), reason };
    let snapshot = insta::Snapshot::from_file(file).map_err(|error| wrong(error.to_string()))?;
    let text = snapshot.as_text().ok_or_else(|| wrong("is no text snapshot".to_owned()))?;
    Ok(text.to_string())
}

fn write(file: &Path, title: &str, text: &str) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let title = serde_json::to_string(title)?;
    fs::write(file, format!("---\nsource: harness/tests/page.rs\ndescription: {title}\n---\n{}\n", text.trim_end()))
}

fn lined(text: &str) -> String {
    format!("{}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_in_is_what_is_in_the_repository() {
        let folder = Snapshots::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../snapshots"), Mode::Compare);
        for (id, form) in
            [("abonents-1.1", Form::Printed), ("abonents-3.1", Form::Corrected), ("no-such", Form::Printed)]
        {
            let (one, other) = (folder.text(id, form).unwrap(), Snapshots::built_in().text(id, form).unwrap());
            assert_eq!(one.as_deref().map(str::trim_end), other.as_deref().map(str::trim_end), "{id}");
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_one_byte_makes_a_difference() {
        let folder = std::env::temp_dir().join(format!("carbon-snapshots-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let text = "POST /rest_api/v2/Abonents/\nmethod1=objects.all\n\n200\n{\n  \"result\": \"---\"\n}\n";
        let title = "Вывести \"абонентов\"";
        let update = Snapshots::new(folder.clone(), Mode::Update);
        let compare = Snapshots::new(folder.clone(), Mode::Compare);
        let ask = |snapshots: &Snapshots, text: &str| {
            snapshots.compare("abonents-1.1", Form::Corrected, title, text, Spelling::Counts)
        };
        assert!(matches!(ask(&compare, text), Ok(Compared::Missing(_))));
        assert!(matches!(ask(&update, text), Ok(Compared::Updated(_))));
        assert!(matches!(ask(&update, text), Ok(Compared::Same)));
        assert!(matches!(ask(&compare, text), Ok(Compared::Same)));
        let Ok(Compared::Different { difference, .. }) = ask(&compare, &text.replace("200", "201")) else {
            panic!("no difference found");
        };
        assert_eq!(difference.hunks.len(), 1);
        assert_eq!(compare.orphans(&["abonents-1.1".into()]).len(), 1);
        assert!(compare.orphans(&["abonents-1.1.corrected".into()]).is_empty());
        let _ = fs::remove_dir_all(&folder);
    }
}
