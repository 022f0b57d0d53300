//! The folder that a text runs in: its programs, its home, an empty place to work.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Programs of the page that do nothing here: waiting is not needed, and the machine is not the billing server.
const STUBS: [&str; 5] = ["sleep", "yum", "service", "vim", "chroot"];

/// A folder of its own, removed when it is dropped.
pub(super) struct Stage {
    folder: PathBuf,
    kept: bool,
}

impl Stage {
    /// Sets up a folder. Whatever host curl is told, it connects to `relay`.
    pub(super) fn set(name: &str, relay: &str) -> io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("carbon-literal-{}-{name}", std::process::id()));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let stage = Self { folder, kept: false };
        fs::create_dir_all(stage.work())?;
        fs::create_dir_all(stage.programs())?;
        for stub in STUBS {
            executable(&stage.programs().join(stub), "#!/bin/sh\nexit 0\n")?;
        }
        let program = std::env::current_exe()?;
        let program = program.to_string_lossy().replace('\'', "'\\''");
        executable(&stage.programs().join("sqlexec"), &format!("#!/bin/sh\nexec '{program}' sqlexec \"$@\"\n"))?;
        let address = relay.trim_start_matches("http://");
        fs::write(stage.home().join(".curlrc"), format!("connect-to = \"::{address}\"\n"))?;
        Ok(stage)
    }

    /// The home folder, where curl finds its settings.
    pub(super) fn home(&self) -> &Path {
        &self.folder
    }

    /// Where the text runs: empty.
    pub(super) fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    /// The replaced programs.
    pub(super) fn programs(&self) -> PathBuf {
        self.folder.join("bin")
    }

    /// Leaves the folder behind and says where it is.
    pub(super) fn keep(mut self) -> PathBuf {
        self.kept = true;
        self.folder.clone()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed lies in the system's temporary folder.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn executable(path: &Path, text: &str) -> io::Result<()> {
    fs::write(path, text)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
