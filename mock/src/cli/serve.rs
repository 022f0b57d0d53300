//! `carbon-mock serve`: the first words, until a signal ends it, and what is kept then.

use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

use clap::Args;

use super::CliError;
use super::deviate::{self, ListArgs};
use super::keep::{self, KeepError};
use super::world::WorldArgs;
use crate::counted::plural;
use crate::log::{self, Level};
use crate::server::CarbonMock;
use crate::signals::Signals;

#[derive(Debug, Args)]
pub struct Serve {
    /// Address and port; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:8082", value_name = "HOST:PORT", value_parser = address)]
    listen: SocketAddr,
    #[command(flatten)]
    world: WorldArgs,
    #[command(flatten)]
    list: ListArgs,
    /// Write the state to this file at the end, replacing it at once; `--state` reads it back. What tasks that still wait
    /// would change is not in it.
    #[arg(long, value_name = "FILE")]
    save_on_exit: Option<PathBuf>,
    /// Write the journal to this file at the end; `carbon-harness verify --journal` judges it.
    #[arg(long, value_name = "FILE")]
    save_journal: Option<PathBuf>,
    /// Append the log to this file instead of standard error.
    #[arg(long, value_name = "FILE")]
    log_file: Option<PathBuf>,
    /// What to log: failing calls, or every call.
    #[arg(long, value_enum, default_value_t = Level::Error)]
    log_level: Level,
    /// Say in the log, in words, what each call asks for.
    #[arg(short, long)]
    verbose: bool,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let mut found = text.to_socket_addrs().map_err(|error| format!("write it like 127.0.0.1:8082: {error}"))?;
    found.next().ok_or_else(|| "the host has no address".to_owned())
}

/// Carries out `serve`.
///
/// # Errors
/// See [`CliError`].
pub fn serve(options: Serve) -> Result<(), CliError> {
    if let Some(format) = options.list.wanted() {
        return Ok(deviate::list(&mut io::stdout().lock(), format)?);
    }
    let (journal, state) = (options.save_journal.as_deref(), options.save_on_exit.as_deref());
    keep::check(journal, state).map_err(CliError::CannotKeep)?;
    options.world.deviate.warn();
    log::start(&log::Options { level: options.log_level, words: options.verbose, file: options.log_file })?;
    let builder = options.world.builder()?.listen(options.listen);
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        // Before the first line is out: whoever reads it may end us at once.
        let mut signals = Signals::listen()?;
        let carbon = builder.start().await?;
        // Nobody may be reading: that is no reason not to serve.
        let _ = greet(&carbon);
        signals.next().await;
        let mock = carbon.mock().clone();
        carbon.shutdown().await;
        mock.tick();
        tell_waiting(mock.waiting(), state);
        // One that fails must not cost the other.
        let saved = [journal.map(|path| keep::journal(&mock, path)), state.map(|path| keep::state(&mock, path))];
        let failed: Vec<KeepError> = saved.into_iter().flatten().filter_map(Result::err).collect();
        if failed.is_empty() { Ok(()) } else { Err(CliError::NotKept(failed)) }
    })
}

/// Tasks that the end of the program cuts off.
fn tell_waiting(tasks: usize, state: Option<&Path>) {
    if tasks > 0 {
        let tasks = plural(tasks, "task", "tasks");
        let where_not = state.map_or_else(String::new, |path| format!(" and is not in {}", path.display()));
        let _ = writeln!(io::stderr(), "{tasks} still waited: what was to be changed is lost{where_not}");
    }
}

fn greet(carbon: &CarbonMock) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening on {}", carbon.url())?;
    // An address that means "every interface" can be listened on but not called.
    let mut addr = carbon.addr();
    if addr.ip().is_unspecified() {
        addr.set_ip(if addr.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() });
    }
    writeln!(out, "console: http://{addr}/__mock__/   models: http://{addr}/rest_api/v2/")?;
    writeln!(out, "try:")?;
    writeln!(
        out,
        "  curl -ss -XPOST 'http://{addr}/rest_api/v2/Abonents/' -d 'method1=objects.get&arg1={{\"id\":\"3\"}}&fields=[\"name\"]' | jq ."
    )?;
    out.flush()
}
