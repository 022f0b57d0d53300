//! Runs the program on a terminal, which `script` makes.

use std::io::Write;
use std::process::{Command, Stdio};

use super::Ended;

/// The program with these arguments (without spaces), and what is typed; nothing where the machine makes no terminals.
pub fn on_a_terminal(arguments: &[&str], typed: &str) -> Option<Ended> {
    let script = |command: &str| {
        let mut script = Command::new("script");
        script.args(["-qec", command, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        script
    };
    if !script("true").stdin(Stdio::null()).status().expect("`script` is there").success() {
        eprintln!("this machine makes no terminals: what is shown on one is not tested");
        return None;
    }
    let command = format!("{} {}", env!("CARGO_BIN_EXE_carbon-harness"), arguments.join(" "));
    let mut child = script(&command).spawn().expect("`script` starts");
    child.stdin.take().expect("it is piped").write_all(typed.as_bytes()).expect("it listens");
    let output = child.wait_with_output().expect("it ends");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(Ended { code: output.status.code().unwrap_or(-1), stdout, stderr: String::new() })
}
