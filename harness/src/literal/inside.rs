//! `literal-inside`: what stands between `literal` and a text, on the text's side.
//!
//! In a network of its own it brings the loopback up and hands on what is sent to the mock's usual address, through a
//! socket in the file system, which belongs to no network. It runs the text's program and ends as that does; when its
//! own standard input ends, whoever waited is gone, and all that the text has started ends with it.

use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus, Stdio};

use rustix::process::{Signal, getpgrp, kill_process_group};
use tokio::net::{TcpListener, UnixStream};
use tokio::process::Command;

/// The hidden command's name.
pub const NAME: &str = "literal-inside";

/// Where the relay is found in a network of its own: where the billing itself listens.
pub const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8082);

/// What `env` and its kind end with when they themselves fail.
const FAILED: u8 = 125;

/// Arguments of the hidden command.
#[derive(Debug, clap::Args)]
pub struct InsideArgs {
    /// The network is one of its own.
    #[arg(long)]
    isolated: bool,
    /// The relay's socket.
    #[arg(long)]
    socket: Option<PathBuf>,
    /// What to run.
    #[arg(required = true, last = true)]
    command: Vec<OsString>,
}

/// Why there is no door, or no program.
#[derive(Debug, thiserror::Error)]
enum InsideError {
    #[error("the loopback cannot be brought up: {0}")]
    Loopback(String),
    #[error("{ADDRESS} cannot be listened on: {0}")]
    Listen(io::Error),
    #[error("`{}` cannot be run: {error}", program.to_string_lossy())]
    Run { program: OsString, error: io::Error },
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs the program to its end.
pub fn run(args: InsideArgs) -> ExitCode {
    let isolated = args.isolated;
    std::thread::spawn(move || end_with_stdin(isolated));
    match try_run(args) {
        Ok(status) => ExitCode::from(code(status)),
        Err(error) => {
            eprintln!("{NAME}: {error}");
            ExitCode::from(FAILED)
        }
    }
}

/// Waits until nobody holds the other end of standard input, and ends everything.
fn end_with_stdin(isolated: bool) {
    // One that cannot be read is held by nobody.
    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
    if !isolated {
        // Only those that have left the group remain.
        let _ = kill_process_group(getpgrp(), Signal::KILL);
    }
    // We are the first process of the namespace: all the others end with us.
    std::process::exit(FAILED.into());
}

fn try_run(args: InsideArgs) -> Result<ExitStatus, InsideError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        if args.isolated {
            bring_loopback_up().await?;
            let listener = TcpListener::bind(ADDRESS).await.map_err(InsideError::Listen)?;
            if let Some(socket) = args.socket {
                tokio::spawn(hand_on(listener, socket));
            }
        }
        let [program, arguments @ ..] = args.command.as_slice() else { return Ok(ExitStatus::default()) };
        let failed = |error| InsideError::Run { program: program.clone(), error };
        let mut child = Command::new(program).args(arguments).stdin(Stdio::null()).spawn().map_err(failed)?;
        child.wait().await.map_err(failed)
    })
}

/// Passes every connection on to the socket.
async fn hand_on(listener: TcpListener, socket: PathBuf) {
    while let Ok((mut near, _)) = listener.accept().await {
        let socket = socket.clone();
        tokio::spawn(async move {
            // A relay that is gone hangs up; the text sees that as it would see it of a server.
            if let Ok(mut far) = UnixStream::connect(socket).await {
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            }
        });
    }
}

#[cfg(target_os = "linux")]
async fn bring_loopback_up() -> Result<(), InsideError> {
    /// In every network of its own the first link is the loopback.
    const LOOPBACK: u32 = 1;
    let (connection, handle, _) = rtnetlink::new_connection()?;
    tokio::spawn(connection);
    let up = rtnetlink::LinkUnspec::new_with_index(LOOPBACK).up().build();
    handle.link().set(up).execute().await.map_err(|error| InsideError::Loopback(error.to_string()))
}

#[cfg(not(target_os = "linux"))]
async fn bring_loopback_up() -> Result<(), InsideError> {
    Err(InsideError::Loopback("only Linux has networks of one's own".to_owned()))
}

/// As a shell has it: 128 and the number of the signal that ended a program.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(FAILED)
}
