//! The program: arguments, first words, signals, exit codes.
//!
//! Exit codes: 0 done (a server ended by Ctrl-C or SIGTERM too), 1 it could not be done, 2 wrong usage (a file to be written
//! that cannot be, too). `sqlexec` exits as isql does, or with 3 if no mock answers; `exec` as its command does.

mod deviate;
mod exec;
mod keep;
pub mod sqlexec;

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use carbon_specs::{Contract, LoadError, demo};
use clap::{Args, Parser, Subcommand, ValueEnum};

use self::deviate::{DeviateArgs, ListArgs};
use self::exec::ExecError;
use self::keep::KeepError;
use self::sqlexec::Sqlexec;
use crate::control::{moment, state_pieces};
use crate::log::{self, Level, LogError};
use crate::mock::Start;
use crate::server::{Builder, CarbonMock, StartError};
use crate::store::Store;
use crate::tasks::{Overlap, Profile};

const EXAMPLES: &str = "\
Examples:
  carbon-mock serve
      Serve the demo data on 127.0.0.1:8082, the vendor's port.
  carbon-mock serve --clock '2022-02-01 10:00:00' --seed 7 --tasks instant
      Repeatable: same calls, same bytes. POST /__mock__/clock moves the time.
  carbon-mock serve --log-level info -v
      Log every call, and say in words what it asks for.
  carbon-mock demo-data --abonents 10000 > big.json && carbon-mock serve --state big.json
      A provider of ten thousand subscribers.
  carbon-mock serve --deviate dates-iso-t --deviate types-flags-as-booleans
      Misbehave on purpose, as an upgrade of the billing might. --list-deviations shows in which ways.";

/// A protocol-faithful mock of Carbon Billing 5's REST API v2.0.
#[derive(Debug, Parser)]
#[command(name = "carbon-mock", version, about, after_help = EXAMPLES, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API until Ctrl-C or SIGTERM.
    ///
    /// The first line on standard output is `listening on http://HOST:PORT`. The model browser is at /rest_api/v2/,
    /// the mock's own API and console at /__mock__/.
    #[command(after_help = EXAMPLES)]
    Serve(Serve),
    /// Print the models, their fields and methods, as JSON.
    Schema(SpecsArg),
    /// Print the state that `serve` would start with, as JSON; or check and complete a state file.
    State(StateArgs),
    /// Print demo data with so many subscribers beyond those that the page names, as a state file.
    DemoData(DemoArgs),
    /// Run a command against a mock of its own, on a free port, and judge its calls.
    ///
    /// The command finds the mock's address in CARBON_URL. When it has ended, waiting tasks are run and the verdict is
    /// printed: calls that break the contract, overlaps, and which documented calls were exercised. Ends with the
    /// command's exit code, or with 1 where it succeeded and there is a violation or a hazard. SIGTERM, SIGINT and SIGHUP
    /// are passed on to the command; ended by one, it counts as 128 and its number, as in a shell, and a command that
    /// cannot be found as 127.
    Exec(Exec),
    /// Ask a running mock in SQL, as the server's `sqlexec` does, and print what Firebird's isql prints.
    Sqlexec(Sqlexec),
}

#[derive(Debug, Args)]
struct Serve {
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

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  carbon-mock exec -- pytest tests/billing
      The tests find the mock at $CARBON_URL.
  carbon-mock exec --tasks instant --seed 7 -- sh -c 'curl -ss $CARBON_URL/rest_api/v2/Nas/ -d method1=objects.all'")]
struct Exec {
    #[command(flatten)]
    world: WorldArgs,
    /// Write the journal to this file at the end; `carbon-harness verify --journal` judges it.
    #[arg(long, value_name = "FILE")]
    save_journal: Option<PathBuf>,
    /// The command, after `--`.
    #[arg(required = true, last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// What a mock starts with.
#[derive(Debug, Args)]
struct WorldArgs {
    /// Start from this state instead of the demo data.
    #[arg(long, value_name = "FILE", conflicts_with = "abonents")]
    state: Option<PathBuf>,
    /// Seed of passwords, session ids and codes.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// `system`, or a moment like '2022-02-01 10:00:00' at which a clock of its own stands until it is moved.
    #[arg(long, default_value = "system", value_name = "system|MOMENT", value_parser = clock)]
    clock: String,
    /// How long changes wait before they are made.
    #[arg(long, value_enum, default_value_t = Tasks::Documented)]
    tasks: Tasks,
    /// What happens when a change overlaps a task that still waits.
    #[arg(long, value_enum, default_value_t = Overlaps::Faithful)]
    overlap: Overlaps,
    /// Subscribers in the demo data beyond those that the page names.
    #[arg(long, default_value_t = demo::DEFAULT_FILLER, value_name = "N")]
    abonents: usize,
    #[command(flatten)]
    deviate: DeviateArgs,
    #[command(flatten)]
    specs: SpecsArg,
}

#[derive(Debug, Args)]
struct SpecsArg {
    /// Read the contract from this `specs` directory instead of the one built in.
    #[arg(long, value_name = "DIR")]
    specs: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct StateArgs {
    /// The state file to check; columns left out get their defaults.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// The moment that defaults like "now" take.
    #[arg(long, default_value = "2022-02-01 10:00:00", value_name = "system|MOMENT", value_parser = clock)]
    clock: String,
    #[command(flatten)]
    specs: SpecsArg,
}

#[derive(Debug, Args)]
struct DemoArgs {
    /// How many subscribers to add.
    #[arg(long, default_value_t = demo::DEFAULT_FILLER, value_name = "N")]
    abonents: usize,
    #[command(flatten)]
    specs: SpecsArg,
}

/// Task times, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tasks {
    /// Changes are made at once.
    Instant,
    /// 5-10 seconds, and about a second for each object.
    Documented,
    /// 30-60 seconds, and three for each object.
    Slow,
}

impl Tasks {
    fn profile(self) -> Profile {
        match self {
            Self::Instant => Profile::INSTANT,
            Self::Documented => Profile::DOCUMENTED,
            Self::Slow => Profile::SLOW,
        }
    }
}

/// Treatments of overlaps, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Overlaps {
    /// As on the real server: the earlier change is lost.
    Faithful,
    /// Only changed columns are written: nothing is lost, and the overlap is still reported.
    Serialize,
    /// A change that overlaps a waiting one, or would be another one after it, is refused until that is done.
    Refuse,
}

impl Overlaps {
    fn mode(self) -> Overlap {
        match self {
            Self::Faithful => Overlap::Faithful,
            Self::Serialize => Overlap::Serialize,
            Self::Refuse => Overlap::Refuse,
        }
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let mut found = text.to_socket_addrs().map_err(|error| format!("write it like 127.0.0.1:8082: {error}"))?;
    found.next().ok_or_else(|| "the host has no address".to_owned())
}

fn clock(text: &str) -> Result<String, String> {
    match text {
        "system" => Ok(text.to_owned()),
        _ => moment::parse(text).map(|_| text.to_owned()).map_err(|error| format!("{error}, or `system`")),
    }
}

/// Why the program failed.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("the contract cannot be read: {0}")]
    Contract(#[from] LoadError),
    #[error("cannot read {}: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    /// Found at the start.
    #[error(transparent)]
    CannotKeep(KeepError),
    /// All that could not be saved at the end.
    #[error("{}", .0.iter().map(KeepError::to_string).collect::<Vec<_>>().join("\nerror: "))]
    NotKept(Vec<KeepError>),
    #[error(transparent)]
    Exec(#[from] ExecError),
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl CliError {
    fn code(&self) -> u8 {
        match self {
            Self::CannotKeep(_) => 2,
            Self::Exec(error) => error.code(),
            _ => 1,
        }
    }
}

/// Parses the command line, runs it, and says what failed.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some(options) = sqlexec::called_so(&arguments) {
        return sqlexec::run(&options);
    }
    let cli = Cli::parse_from(arguments);
    let result = match cli.command {
        Command::Serve(options) => serve(options),
        Command::Schema(options) => schema(&options),
        Command::State(options) => state(&options),
        Command::DemoData(options) => demo_data(&options),
        Command::Sqlexec(options) => return sqlexec::run(&options),
        Command::Exec(options) => match exec(&options) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // `carbon-mock state | head` has seen enough.
        Err(CliError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::from(error.code())
        }
    }
}

impl SpecsArg {
    fn builder(&self) -> Result<Builder, CliError> {
        let builder = CarbonMock::builder();
        Ok(match &self.specs {
            Some(root) => builder.contract(Arc::new(Contract::read(root)?)),
            None => builder,
        })
    }
}

impl WorldArgs {
    fn builder(&self) -> Result<Builder, CliError> {
        let builder = self
            .specs
            .builder()?
            .clock(&self.clock)
            .seed(self.seed)
            .tasks(self.tasks.profile())
            .overlap(self.overlap.mode())
            .abonents(self.abonents);
        let builder = self.deviate.apply(builder);
        Ok(match &self.state {
            Some(path) => builder.state(read_state(path)?),
            None => builder,
        })
    }
}

fn read_state(path: &Path) -> Result<Start, CliError> {
    let text = fs::read(path).map_err(|error| CliError::Read { path: path.to_owned(), error })?;
    Ok(Start::File { name: path.display().to_string(), text })
}

fn serve(options: Serve) -> Result<(), CliError> {
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
        let end = end()?;
        let carbon = builder.start().await?;
        // Nobody may be reading: that is no reason not to serve.
        let _ = greet(&carbon);
        end.await;
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
        let where_not = state.map_or_else(String::new, |path| format!(" and is not in {}", path.display()));
        let _ = writeln!(io::stderr(), "{tasks} tasks still waited: what they were to change is lost{where_not}");
    }
}

fn exec(options: &Exec) -> Result<ExitCode, CliError> {
    keep::check(options.save_journal.as_deref(), None).map_err(CliError::CannotKeep)?;
    options.world.deviate.warn();
    Ok(exec::run(options.world.builder()?, &options.command, options.save_journal.as_deref())?)
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

/// Listens for Ctrl-C and SIGTERM from now on; what it returns resolves at the first.
#[cfg(unix)]
fn end() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Listens for Ctrl-C; what it returns resolves then.
#[cfg(not(unix))]
fn end() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

fn schema(options: &SpecsArg) -> Result<(), CliError> {
    let mock = options.builder()?.abonents(0).build()?;
    let mut out = BufWriter::new(io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, &mock.schema_json()).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

fn state(options: &StateArgs) -> Result<(), CliError> {
    let mut builder = options.specs.builder()?.clock(&options.clock);
    if let Some(path) = &options.state {
        builder = builder.state(read_state(path)?);
    }
    print_state(builder.build()?.snapshot().0)
}

fn demo_data(options: &DemoArgs) -> Result<(), CliError> {
    print_state(options.specs.builder()?.abonents(options.abonents).build()?.snapshot().0)
}

fn print_state(store: Store) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    for piece in state_pieces(store) {
        out.write_all(&piece)?;
    }
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_clock_is_checked_before_anything_starts() {
        assert!(Cli::try_parse_from(["carbon-mock", "serve", "--clock", "2022-02-01 10:00:00"]).is_ok());
        let error = Cli::try_parse_from(["carbon-mock", "serve", "--clock", "noon"]).unwrap_err().to_string();
        assert!(error.contains("`noon` is no moment"), "{error}");
    }
}
