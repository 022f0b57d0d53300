//! Where the contract's files come from: embedded in the binary, or a directory given by the user.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use include_dir::{Dir, include_dir};

use crate::errata;

static MODELS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/models");
static EXAMPLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/examples");
static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");
static DEMO: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/demo");
static MANAGER: &str = include_str!("../manager.toml");
static INVENTORY: &str = include_str!("../inventory.tsv");
static ERRATA: &str = include_str!("../errata.toml");

/// The files of a contract: path relative to `specs/` (with `/`) to text, in the order of their names.
pub type Files = BTreeMap<String, String>;

/// The folders a contract is read from.
const FOLDERS: [&str; 4] = ["models", "examples", "rules", "demo"];

/// The files this crate was built with.
pub fn embedded() -> Files {
    let mut files = Files::new();
    for (folder, dir) in FOLDERS.iter().zip([&MODELS, &EXAMPLES, &RULES, &DEMO]) {
        for file in dir.files() {
            if let (Some(name), Some(text)) = (file.path().file_name(), file.contents_utf8())
                && file.path().extension().is_some_and(|ending| ending == "toml")
            {
                files.insert(format!("{folder}/{}", name.to_string_lossy()), text.to_owned());
            }
        }
    }
    files.insert("manager.toml".to_owned(), MANAGER.to_owned());
    files.insert("inventory.tsv".to_owned(), INVENTORY.to_owned());
    files.insert(errata::FILE.to_owned(), ERRATA.to_owned());
    files
}

/// The files of a `specs/` directory on disk.
///
/// # Errors
/// Those of reading it.
pub fn read(root: &Path) -> io::Result<Files> {
    let mut files = Files::new();
    for folder in FOLDERS {
        for entry in fs::read_dir(root.join(folder))? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "toml")
                && let Some(name) = path.file_name()
            {
                files.insert(format!("{folder}/{}", name.to_string_lossy()), fs::read_to_string(&path)?);
            }
        }
    }
    for name in ["manager.toml", "inventory.tsv"] {
        files.insert(name.to_owned(), fs::read_to_string(root.join(name))?);
    }
    match fs::read_to_string(root.join(errata::FILE)) {
        Ok(text) => drop(files.insert(errata::FILE.to_owned(), text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(files)
}
