//! What moves by itself: places whose values are left out of comparisons, in a file that can be reviewed.

use std::fs;
use std::path::{Path, PathBuf};

use globset::{Glob, GlobMatcher};
use serde::{Deserialize, Serialize};

/// One place whose values say nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mask {
    /// A place, as changes name it, or a pattern: `DynamicSessions.suid`, `result[].time`, `*.balance`.
    pub at: String,
    /// Why.
    pub reason: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "mask")]
    masks: Vec<Mask>,
}

/// Why a file of masks cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", .file.display())]
pub struct MasksError {
    file: PathBuf,
    problem: String,
}

/// The places to leave out.
#[derive(Clone, Debug, Default)]
pub struct Masks {
    masks: Vec<(Mask, GlobMatcher)>,
}

impl Masks {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, is no TOML, or has a pattern that is none.
    pub fn read(file: &Path) -> Result<Self, MasksError> {
        let wrong = |problem: String| MasksError { file: file.to_owned(), problem };
        let text = fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
        let read: File = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let mut masks = Self::default();
        for mask in read.masks {
            let at = mask.at.clone();
            masks.add(mask).map_err(|error| wrong(format!("`{at}` is no pattern: {error}")))?;
        }
        Ok(masks)
    }

    /// Adds one, unless it is there.
    ///
    /// # Errors
    /// The pattern is none.
    pub fn add(&mut self, mask: Mask) -> Result<(), globset::Error> {
        if !self.masks.iter().any(|(known, _)| known.at == mask.at) {
            // `[]` stands for a list's elements here, not for a set of letters.
            let matcher = Glob::new(&mask.at.replace("[]", "\\[\\]"))?.compile_matcher();
            self.masks.push((mask, matcher));
        }
        Ok(())
    }

    /// Takes a place that moved between two reads of the same server.
    pub fn learn(&mut self, at: &str, reason: &str) {
        // A place holds no sign of a pattern but the `[]` that is quoted.
        let _ = self.add(Mask { at: at.to_owned(), reason: reason.to_owned() });
    }

    /// Takes those of another in.
    pub fn extend(&mut self, other: &Self) {
        for (mask, matcher) in &other.masks {
            if !self.masks.iter().any(|(known, _)| known.at == mask.at) {
                self.masks.push((mask.clone(), matcher.clone()));
            }
        }
    }

    /// Whether a place is left out.
    pub fn covers(&self, at: &str) -> bool {
        self.masks.iter().any(|(_, matcher)| matcher.is_match(at))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.masks.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.masks.is_empty()
    }

    /// The file's text, sorted, so that it can be reviewed and compared.
    pub fn text(&self) -> String {
        let mut masks: Vec<Mask> = self.masks.iter().map(|(mask, _)| mask.clone()).collect();
        masks.sort();
        let body = toml::to_string(&File { masks }).unwrap_or_default();
        format!(
            "# Places whose values are left out of comparisons. Review what was learned: a value that moves may matter.\n\n{body}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_patterns() {
        let mut masks = Masks::default();
        masks.learn("result[].time", "moved");
        masks.add(Mask { at: "*.balance".to_owned(), reason: "by hand".to_owned() }).unwrap();
        assert!(masks.covers("result[].time"));
        assert!(masks.covers("AdminAccounts.balance"));
        assert!(!masks.covers("result[].name"));
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("masks.toml");
        let mut masks = Masks::default();
        masks.learn("result[].time", "moved");
        fs::write(&file, masks.text()).unwrap();
        let read = Masks::read(&file).unwrap();
        assert_eq!(read.len(), 1);
        assert!(read.covers("result[].time"));
        fs::write(&file, "[[mask]]\nat = 'x'\nwhy = 'y'\n").unwrap();
        assert!(Masks::read(&file).unwrap_err().to_string().contains("unknown field `why`"));
    }
}
