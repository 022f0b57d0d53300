//! The program: arguments, first words, signals, exit codes.
//!
//! Exit codes: 0 done (a server ended by Ctrl-C or SIGTERM too), 1 it could not be done, 2 wrong usage (a file to be written
//! that cannot be, too). `sqlexec` exits as isql does, or with 3 if no mock answers; `exec` as its command does.

mod deviate;
mod exec;
mod keep;
mod serve;
pub mod sqlexec;
mod world;

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use carbon_specs::{LoadError, demo};
use clap::{Args, Parser, Subcommand};

use self::exec::ExecError;
use self::keep::KeepError;
use self::serve::{Serve, serve};
use self::sqlexec::Sqlexec;
use self::world::{SpecsArg, WorldArgs, clock, read_state};
use crate::control::state_pieces;
use crate::log::LogError;
use crate::server::StartError;
use crate::store::Store;

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

fn exec(options: &Exec) -> Result<ExitCode, CliError> {
    keep::check(options.save_journal.as_deref(), None).map_err(CliError::CannotKeep)?;
    options.world.deviate.warn();
    Ok(exec::run(options.world.builder()?, &options.command, options.save_journal.as_deref())?)
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
