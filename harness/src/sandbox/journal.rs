//! The write-ahead file: what a sandbox run is about to create, what came of it, and what was removed again.
//!
//! One JSON value a line. A line is on the disk before the request leaves, so that nothing is ever left on the server
//! that this file does not list. The last line of a process that was killed may be torn; it was then not yet acted upon.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Entry {
    /// A run begins.
    Begin {
        /// Its id, part of every name.
        run: String,
        /// The server.
        target: String,
    },
    /// The greatest key that each model had before anything was created: what is not newer is somebody's.
    Before {
        /// By model.
        newest: BTreeMap<String, i64>,
    },
    /// An object is about to be created.
    Intent {
        /// Its number in this file.
        n: u64,
        /// Its model.
        model: String,
        /// How it can be found if its key is never learnt.
        by: Map<String, Value>,
    },
    /// It was created.
    Created {
        /// The intent's number.
        n: u64,
        /// Its model.
        model: String,
        /// Its key.
        pk: i64,
    },
    /// The server answered with an error. That does not prove that nothing was created.
    Refused {
        /// The intent's number.
        n: u64,
    },
    /// It is about to be removed.
    Removing {
        /// The intent's number.
        n: u64,
    },
    /// An object of the sandbox is about to be changed; what that creates hangs on the object.
    Write {
        /// The model.
        model: String,
        /// The chain's methods.
        methods: Vec<String>,
    },
    /// This came along with an object of the sandbox: an account, a session. The API cannot remove it.
    Along {
        /// Its model.
        model: String,
        /// Its key.
        pk: i64,
    },
    /// It was seen to be gone.
    Removed {
        /// The intent's number.
        n: u64,
    },
    /// Everything was seen to be gone.
    Done,
}

/// Why a write-ahead file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file cannot be read or written.
    #[error("{}: {error}", .file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A line is none of ours.
    #[error("{}, line {line}: not a line of a sandbox's file: {error}", .file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What the parser says.
        error: serde_json::Error,
    },
    /// The first line does not say which run this is.
    #[error("{}: it does not begin as a sandbox's file does", .0.display())]
    NoBegin(PathBuf),
    /// An earlier run's objects are still listed.
    #[error("{0} lists objects of an earlier run that were not removed; first: carbon-harness clean --journal {0}")]
    Unfinished(String),
    /// Another process holds the file.
    #[error("{}: another carbon-harness is working with it", .0.display())]
    Busy(PathBuf),
}

/// What a file tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// The run's id.
    pub run: String,
    /// The server.
    pub target: String,
    /// The greatest keys before; nothing in a file that does not tell them.
    pub newest: BTreeMap<String, i64>,
    /// Every object that may be there, in the order of creation.
    pub objects: Vec<Listed>,
    /// What came along with them: it goes with them, or stays in the books.
    pub along: Vec<(String, i64)>,
    /// Whether everything was removed.
    pub done: bool,
}

/// One object of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Its number.
    pub n: u64,
    /// Its model.
    pub model: String,
    /// How it can be found.
    pub by: Map<String, Value>,
    /// Its key, if it was learnt.
    pub pk: Option<i64>,
    /// Whether it must be there sooner or later: not refused, and no removal begun.
    pub expected: bool,
    /// Whether it was seen to be gone.
    pub gone: bool,
}

impl Listed {
    /// The name that the sandbox gave it; what hangs on a subscriber has none.
    pub fn name(&self) -> Option<&str> {
        let mut by = self.by.values();
        by.next().filter(|_| by.next().is_none()).and_then(Value::as_str)
    }
}

/// Its model and its name, `Abonents carbon-harness-3707cfa1-5`, or how else it is found.
impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.name() {
            return write!(f, "{} {name}", self.model);
        }
        let by = serde_json::to_string(&self.by).map_err(|_| fmt::Error)?;
        write!(f, "{} {by}", self.model)
    }
}

/// The open file. It is locked as long as it is open.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    next: u64,
}

impl Journal {
    /// Begins a file for a run.
    ///
    /// # Errors
    /// See [`JournalError`]; a file whose objects were not all removed is never overwritten.
    pub fn begin(path: &Path, run: &str, target: &str) -> Result<Self, JournalError> {
        let mut journal = Self::open(path)?;
        match read(path) {
            Ok(told) if !told.done && told.objects.iter().any(|listed| !listed.gone) => {
                return Err(JournalError::Unfinished(path.display().to_string()));
            }
            Ok(_) => {}
            // An empty file, or one that was never begun, lists nothing.
            Err(JournalError::NoBegin(_)) if std::fs::metadata(path).is_ok_and(|data| data.len() == 0) => {}
            Err(error) => return Err(error),
        }
        journal.file.set_len(0).map_err(|error| journal.trouble(error))?;
        journal.append(&Entry::Begin { run: run.to_owned(), target: target.to_owned() })?;
        // The name of a new file is on the disk only once its folder is.
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| journal.trouble(error))?;
        }
        Ok(journal)
    }

    /// Goes on with a file that was begun: what it tells, and the file to write to.
    ///
    /// # Errors
    /// See [`JournalError`].
    pub fn resume(path: &Path) -> Result<(Self, Told), JournalError> {
        // Not `open`: a file that is not there must not be created.
        let told = read(path)?;
        let mut journal = Self::open(path)?;
        journal.next = told.objects.iter().map(|listed| listed.n + 1).max().unwrap_or(1);
        journal.mend()?;
        Ok((journal, told))
    }

    fn open(path: &Path) -> Result<Self, JournalError> {
        let trouble = |error| JournalError::Io { file: path.to_owned(), error };
        let mut options = OpenOptions::new();
        options.create(true).read(true).append(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let file = options.open(path).map_err(trouble)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file, path: path.to_owned(), next: 1 }),
            Err(std::fs::TryLockError::WouldBlock) => Err(JournalError::Busy(path.to_owned())),
            Err(std::fs::TryLockError::Error(error)) => Err(trouble(error)),
        }
    }

    /// Cuts a torn last line off, so that the next line starts afresh.
    fn mend(&mut self) -> Result<(), JournalError> {
        let text = std::fs::read(&self.path).map_err(|error| self.trouble(error))?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
        if whole < text.len() {
            self.file.set_len(whole as u64).map_err(|error| self.trouble(error))?;
        }
        Ok(())
    }

    /// A number for the next intent.
    pub fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    /// Writes a line, and waits until it is on the disk.
    ///
    /// # Errors
    /// Those of the file system; the caller must not go on then.
    pub fn append(&mut self, entry: &Entry) -> Result<(), JournalError> {
        let mut line = serde_json::to_vec(entry).map_err(|error| self.trouble(error.into()))?;
        line.push(b'\n');
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        written.map_err(|error| self.trouble(error))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn trouble(&self, error: io::Error) -> JournalError {
        JournalError::Io { file: self.path.clone(), error }
    }
}

/// Reads a file.
///
/// # Errors
/// See [`JournalError`].
pub fn read(path: &Path) -> Result<Told, JournalError> {
    let text = std::fs::read(path).map_err(|error| JournalError::Io { file: path.to_owned(), error })?;
    let mut told = Told::default();
    let mut begun = false;
    for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if !line.ends_with(b"\n") {
            break;
        }
        let entry: Entry = serde_json::from_slice(line).map_err(|error| JournalError::Line {
            file: path.to_owned(),
            line: index + 1,
            error,
        })?;
        if !begun && !matches!(entry, Entry::Begin { .. }) {
            return Err(JournalError::NoBegin(path.to_owned()));
        }
        match entry {
            Entry::Begin { run, target } => {
                begun = true;
                told = Told { run, target, ..Told::default() };
            }
            Entry::Before { newest } => told.newest = newest,
            Entry::Intent { n, model, by } => {
                told.objects.push(Listed { n, model, by, pk: None, expected: true, gone: false });
            }
            Entry::Created { n, pk, .. } => told.change(n, |listed| listed.pk = Some(pk)),
            Entry::Refused { n } | Entry::Removing { n } => told.change(n, |listed| listed.expected = false),
            Entry::Removed { n } => told.change(n, |listed| listed.gone = true),
            Entry::Along { model, pk } => told.along.push((model, pk)),
            Entry::Write { .. } => {}
            Entry::Done => told.done = true,
        }
    }
    if begun { Ok(told) } else { Err(JournalError::NoBegin(path.to_owned())) }
}

impl Told {
    fn change(&mut self, n: u64, change: impl FnOnce(&mut Listed)) {
        if let Some(listed) = self.objects.iter_mut().find(|listed| listed.n == n) {
            change(listed);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn by(name: &str) -> Map<String, Value> {
        json!({"name": name}).as_object().unwrap().clone()
    }

    #[test]
    fn a_file_tells_what_may_be_there_whenever_it_was_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.jsonl");
        let mut journal = Journal::begin(&path, "r1", "http://a:1").unwrap();
        let first = journal.number();
        journal.append(&Entry::Intent { n: first, model: "Abonents".into(), by: by("x-1") }).unwrap();
        journal.append(&Entry::Created { n: first, model: "Abonents".into(), pk: 7 }).unwrap();
        let second = journal.number();
        journal.append(&Entry::Intent { n: second, model: "Homes".into(), by: by("x-2") }).unwrap();
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        for cut in 0..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let lines = whole[..cut].iter().filter(|byte| **byte == b'\n').count();
            let Ok(told) = read(&path) else {
                assert_eq!(lines, 0, "only a file without its first line tells nothing");
                continue;
            };
            assert_eq!((told.run.as_str(), told.target.as_str()), ("r1", "http://a:1"));
            assert_eq!(told.objects.len(), [0, 0, 1, 1, 2][lines]);
            assert_eq!(told.objects.first().and_then(|listed| listed.pk), [None, None, None, Some(7), Some(7)][lines]);
        }
        // A torn line is cut off before the file is written to again.
        std::fs::write(&path, &whole[..whole.len() - 3]).unwrap();
        let (journal, told) = Journal::resume(&path).unwrap();
        assert_eq!(told.objects.len(), 1);
        assert!(matches!(Journal::begin(&path, "r2", "http://a:1"), Err(JournalError::Busy(_))));
        drop(journal);
        assert!(matches!(Journal::begin(&path, "r2", "http://a:1"), Err(JournalError::Unfinished(_))));
        let (mut journal, _) = Journal::resume(&path).unwrap();
        journal.append(&Entry::Removed { n: 1 }).unwrap();
        drop(journal);
        let (mut journal, told) = Journal::resume(&path).unwrap();
        assert!(told.objects[0].gone);
        journal.append(&Entry::Done).unwrap();
        drop(journal);
        assert!(Journal::begin(&path, "r2", "http://a:1").is_ok());
    }

    #[test]
    fn other_files_are_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        std::fs::write(&path, "my notes\n").unwrap();
        let error = Journal::begin(&path, "r1", "http://a:1").unwrap_err();
        assert!(error.to_string().contains("notes.txt, line 1"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "my notes\n");
        assert!(Journal::resume(&folder.path().join("none")).is_err());
        assert!(!folder.path().join("none").exists());
    }
}
