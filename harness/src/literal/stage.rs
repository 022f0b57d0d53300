//! The folder that a text runs in: its programs, its home, an empty place to work.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::inside;
use crate::embedded::{CLOCK, SEED};

/// Programs of the page that do nothing here: waiting is not needed, and the machine is not the billing server.
const STUBS: [&str; 5] = ["sleep", "yum", "service", "vim", "chroot"];

/// The hidden command that lets the mock's time pass.
pub(super) const SLEEP: &str = "literal-sleep";

/// A folder of its own, removed when it is dropped, unless it is to be kept.
pub(super) struct Stage {
    folder: TempDir,
}

impl Stage {
    /// Makes the folder, with `sqlexec` among its programs.
    fn new(name: &str, keep: bool) -> io::Result<Self> {
        let mut folder = tempfile::Builder::new().prefix(&format!("carbon-literal-{name}-")).tempdir()?;
        folder.disable_cleanup(keep);
        let stage = Self { folder };
        fs::create_dir_all(stage.work())?;
        fs::create_dir_all(stage.programs())?;
        stage.program("sqlexec", "sqlexec")?;
        Ok(stage)
    }

    /// For a text of the page. Programs of it that are not on this machine leave their names where [`Self::missed`] finds them.
    pub(super) fn for_page(name: &str, missing: &[&str], keep: bool) -> io::Result<Self> {
        let stage = Self::new(name, keep)?;
        for stub in STUBS {
            stage.executable(stub, "exit 0")?;
        }
        for name in missing {
            let note = quoted(&stage.missing_file());
            stage.executable(name, &format!("echo {name} >>{note}\necho '{name}: not installed' >&2\nexit 127"))?;
        }
        Ok(stage)
    }

    /// For a script of one's own: `sleep` lets the mock's time pass instead of ours.
    pub(super) fn for_script() -> io::Result<Self> {
        let stage = Self::new("script", false)?;
        stage.program("sleep", SLEEP)?;
        Ok(stage)
    }

    /// Whatever host curl is told, it connects to `authority`.
    pub(super) fn point_curl_at(&self, authority: &str) -> io::Result<()> {
        let settings = format!("connect-to = \"::{authority}\"\nproto = \"=http,https\"\nno-progress-meter\n");
        fs::write(self.home().join(".curlrc"), settings)
    }

    /// Writes a text to be run.
    pub(super) fn write_script(&self, text: &str) -> io::Result<()> {
        fs::write(self.home().join("script"), text)
    }

    /// Leaves what is needed to run the text again by hand, against a mock at its usual address, and what it printed.
    pub(super) fn leave(self, text: &str, stdout: &[u8], stderr: &[u8]) -> io::Result<PathBuf> {
        self.point_curl_at(&inside::ADDRESS.to_string())?;
        self.write_script(text)?;
        fs::write(self.home().join("stdout"), stdout)?;
        fs::write(self.home().join("stderr"), stderr)?;
        let again = format!(
            "# Runs the script again, in the machine's network, against the mock at CARBON_MOCK_URL.\n\
             # First: carbon-mock serve --clock '{CLOCK}' --seed {SEED}\n\
             mock=${{CARBON_MOCK_URL:-http://{address}}}\n\
             home=$(cd \"$(dirname \"$0\")\" && pwd)\n\
             sed \"s|::[^\\\"]*|::${{mock#http://}}|\" \"$home/.curlrc\" >\"$home/.curlrc.new\" && mv \"$home/.curlrc.new\" \"$home/.curlrc\"\n\
             cd \"$home/work\" && exec env -i PATH=\"$home/bin:$PATH\" HOME=\"$home\" LC_ALL=C.UTF-8 CARBON_MOCK_URL=\"$mock\" bash ../script",
            address = inside::ADDRESS
        );
        executable(&self.home().join("again"), &again)?;
        Ok(self.home().to_owned())
    }

    /// Programs that the text called and this machine does not have.
    pub(super) fn missed(&self) -> Vec<String> {
        let names = fs::read_to_string(self.missing_file()).unwrap_or_default();
        let mut names: Vec<String> = names.lines().map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The home folder, where curl finds its settings.
    pub(super) fn home(&self) -> &Path {
        self.folder.path()
    }

    /// Where the page's texts run: empty.
    pub(super) fn work(&self) -> PathBuf {
        self.home().join("work")
    }

    /// The replaced programs.
    pub(super) fn programs(&self) -> PathBuf {
        self.home().join("bin")
    }

    /// Where the relay listens for texts in a network of their own.
    pub(super) fn socket(&self) -> PathBuf {
        self.home().join("relay")
    }

    fn missing_file(&self) -> PathBuf {
        self.home().join("missing")
    }

    /// A program that is a command of this one.
    fn program(&self, name: &str, command: &str) -> io::Result<()> {
        let this = quoted(&std::env::current_exe()?);
        self.executable(name, &format!("exec {this} {command} \"$@\""))
    }

    fn executable(&self, name: &str, body: &str) -> io::Result<()> {
        executable(&self.programs().join(name), body)
    }
}

fn executable(path: &Path, body: &str) -> io::Result<()> {
    fs::write(path, format!("#!/bin/sh\n{body}\n"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', "'\\''"))
}
