//! The command line: what can be asked, and how an answer ends the process.

mod args;
mod bind;
mod check;
mod choice_args;
mod clean;
mod config;
mod diff;
mod docs;
mod error;
mod explain;
mod list;
mod literal;
mod manual;
mod privacy_args;
mod regression_args;
mod rules;
mod run;
mod show;
mod signals;
mod transport_args;
mod verify;
mod writes_args;

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use carbon_specs::Contract;
use clap::Parser;

pub use args::{Args, Command};
pub use error::CliError;

use crate::embedded;
use crate::exit;
use crate::literal::inside;
use crate::redact::Veil;
use crate::snapshot::{Mode, Snapshots};

/// Runs the program with its arguments (the first is its own name) and says how it ended.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match config::expand(arguments.into_iter().collect()) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = writeln!(anstream::stderr(), "error: {error}");
            return ExitCode::from(error.exit_code());
        }
    };
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => {
            // If not even this can be printed, the exit code has to do.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::CONFORMS });
        }
    };
    let veil = Veil::default();
    dispatch(args, &veil).unwrap_or_else(|error| {
        if !error.is_broken_pipe() {
            let told = error.to_string();
            let told = if error.tells_of_a_server() { veil.sentence(&told) } else { told };
            let _ = writeln!(anstream::stderr(), "error: {told}");
        }
        ExitCode::from(error.exit_code())
    })
}

/// Commands that ask servers get the veil; what they show of one goes through it, and so do errors.
fn dispatch(args: Args, veil: &Veil) -> Result<ExitCode, CliError> {
    let code = match args.command.unwrap_or(Command::Run(Box::new(args.run))) {
        Command::Run(args) => run::run(&args, veil)?,
        Command::List(args) => list::list(&args)?,
        Command::Show(args) => show::show(&args)?,
        Command::Rules(args) => rules::rules(&args)?,
        Command::Explain(args) => explain::explain(&args)?,
        Command::Literal(args) => literal::literal(&args)?,
        // It ends as the program does that it runs.
        Command::LiteralInside(args) => return Ok(inside::run(args)),
        Command::LiteralSleep(args) => literal::sleep(&args)?,
        Command::Verify(args) => verify::verify(&args)?,
        Command::Bind(args) => bind::bind(&args, veil)?,
        Command::Clean(args) => clean::clean(&args, veil)?,
        Command::Check(args) => check::check(&args, veil)?,
        Command::Diff(args) => diff::diff(&args, veil)?,
        Command::Completions(args) => manual::completions(&args)?,
        Command::Man(args) => manual::man(&args)?,
        Command::Docs(args) => docs::docs(&args)?,
        // It ends as isql does.
        Command::Sqlexec(options) => return Ok(embedded::sqlexec(&options)),
    };
    Ok(ExitCode::from(code))
}

/// The contract of a directory, or the one compiled in.
fn contract(specs: Option<&Path>) -> Result<Contract, CliError> {
    let contract = match specs {
        Some(folder) => Contract::read(folder),
        None => Contract::embedded(),
    };
    contract.map_err(|error| CliError::Contract { folder: specs.map(Path::to_path_buf), error: Box::new(error) })
}

/// The snapshots: of the folder that is given, of the nearest one, or, where nothing is to be written, those built in.
fn snapshots(given: Option<&Path>, mode: Mode) -> io::Result<Snapshots> {
    if let Some(folder) = given {
        return Ok(Snapshots::new(folder.to_owned(), mode));
    }
    let here = env::current_dir()?;
    Ok(match (Snapshots::nearest(&here), mode) {
        (Some(found), _) => Snapshots::new(found.strip_prefix(&here).map(Path::to_owned).unwrap_or(found), mode),
        (None, Mode::Update) => Snapshots::new(PathBuf::from("snapshots"), mode),
        (None, Mode::Compare) => Snapshots::built_in(),
    })
}

/// Prints what tells of a server, through the veil.
fn print_through(veil: &Veil, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<u8, CliError> {
    let mut text = Vec::new();
    write(&mut text)?;
    print(|out| out.write_all(veil.text(&String::from_utf8_lossy(&text)).as_bytes()))
}

/// Prints through a function, to a stdout that drops colours where they are not wanted.
fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<u8, CliError> {
    let mut out = anstream::AutoStream::auto(io::stdout());
    write(&mut out)?;
    out.flush()?;
    Ok(exit::CONFORMS)
}
