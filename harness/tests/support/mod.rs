//! Runs the program as a program: its own exit codes, both streams, a clean environment.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::expect_used, reason = "a helper of tests fails the test")]

pub mod foreign;
pub mod proxy;
pub mod shell;
pub mod terminal;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run of the program came to.
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// The program, in the repository's root, with nothing in its environment but `NO_COLOR`.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_carbon-harness"));
    command.env_clear().env("NO_COLOR", "1").current_dir(root()).stdin(Stdio::null());
    command
}

/// Runs the program to its end.
#[track_caller]
pub fn harness(arguments: &[&str]) -> Ended {
    let output = program().args(arguments).output().expect("the program runs");
    Ended {
        code: output.status.code().expect("no signal ended it"),
        stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
    }
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository").to_owned()
}

/// A folder of this test's own, removed when it is dropped.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("carbon-harness-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the folder can be made");
        Self(path)
    }

    /// Copies the files and folders below `from` into it.
    pub fn copy(&self, from: &Path) -> &Self {
        copy(from, &self.0);
        self
    }

    pub fn path(&self) -> &str {
        self.0.to_str().expect("the path is UTF-8")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("the folder can be made");
    for entry in std::fs::read_dir(from).expect("the folder can be read").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("the file can be copied");
        }
    }
}

/// Everything below a folder, in one text.
pub fn everything(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).expect("the folder can be read").flatten() {
        if entry.path().is_dir() {
            text.push_str(&everything(&entry.path()));
        } else {
            text.push_str(&String::from_utf8_lossy(&std::fs::read(entry.path()).expect("the file can be read")));
        }
    }
    text
}

/// Waits until something is so, and fails the test if it never is.
#[track_caller]
pub fn until(mut is_so: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !is_so() {
        assert!(started.elapsed() < std::time::Duration::from_secs(60), "it is not so yet");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
