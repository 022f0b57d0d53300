//! Runs `literal`, in a network of its own where this machine gives one, and gives tests what they need around it.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, mpsc};
use std::time::{Duration, Instant};

use super::{Ended, Folder, program};

/// How long anything may take on a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Whether this machine gives a program a network of its own, asked without our program.
pub static NAMESPACES: LazyLock<bool> = LazyLock::new(|| {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "true"]);
    command.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
});

/// `literal` with the machine's programs on PATH.
pub fn literal() -> Command {
    let mut command = program();
    command.env("PATH", std::env::var("PATH").unwrap_or_default()).arg("literal");
    command
}

/// The same, isolated where that is possible.
pub fn literal_anywhere() -> Command {
    let mut command = literal();
    if !*NAMESPACES {
        command.arg("--no-isolation");
    }
    command
}

/// Runs a command to its end.
#[track_caller]
pub fn ended(command: &mut Command) -> Ended {
    let output = command.output().expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it is UTF-8");
    let code = output.status.code().expect("no signal ended it");
    Ended { code, stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Writes a script that is not executable, so bash runs it.
pub fn script(folder: &Folder, name: &str, text: &str) -> String {
    let path = folder.0.join(name);
    std::fs::write(&path, text).expect("the script can be written");
    path.to_str().expect("the path is UTF-8").to_owned()
}

/// A pipe in the file system that a script and all its children hold open.
pub struct Held {
    heard: mpsc::Receiver<&'static str>,
}

impl Held {
    /// Makes it at a path; `exec 9>PATH` in a script waits until it is heard.
    pub fn at(path: &Path) -> Self {
        let made = Command::new("mkfifo").arg(path).status().expect("mkfifo runs");
        assert!(made.success());
        let (tell, heard) = mpsc::channel();
        let path = path.to_owned();
        std::thread::spawn(move || {
            let mut pipe = std::fs::File::open(path).expect("the pipe can be opened");
            let _ = tell.send("opened");
            let _ = pipe.read_to_end(&mut Vec::new());
            let _ = tell.send("closed");
        });
        Self { heard }
    }

    /// Waits until the script has opened it.
    #[track_caller]
    pub fn opened(&self) {
        assert_eq!(self.heard.recv_timeout(PATIENCE), Ok("opened"), "the script never began");
    }

    /// Waits until nobody holds it any more.
    #[track_caller]
    pub fn closed(&self) {
        assert_eq!(self.heard.recv_timeout(PATIENCE), Ok("closed"), "something of the script still runs");
    }
}

/// The exit code of a program that must end soon.
#[track_caller]
pub fn ends(child: &mut Child) -> Option<i32> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            return status.code();
        }
        assert!(started.elapsed() < PATIENCE, "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends a signal.
pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
}
