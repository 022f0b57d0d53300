//! `clean`: removes what a sandbox run left behind.

use std::path::PathBuf;
use std::sync::Arc;

use super::error::CliError;
use super::privacy_args::redactor;
use super::transport_args::TransportArgs;
use super::writes_args::{JOURNAL, patience};
use crate::brief::plural;
use crate::exit;
use crate::redact::Veil;
use crate::sandbox::journal::Journal;
use crate::sandbox::removal::{self, Removal};
use crate::sandbox::{Sandbox, SandboxError, Scope};
use crate::target::{BaseUrl, Policy, TargetError};

/// Arguments of `clean`.
#[derive(Debug, clap::Args)]
pub struct CleanArgs {
    /// The file that lists what the sandbox created.
    #[arg(long, value_name = "FILE", default_value = JOURNAL)]
    pub journal: PathBuf,
    /// The server; by default the one that the file names. Another one is refused.
    #[arg(long, value_name = "URL")]
    pub target: Option<String>,
    /// How long one change may take to come true; an object that was asked for may appear as late as that.
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=7200))]
    pub settle: u64,
    /// Send at most so many requests; what would need more stays listed.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_requests: Option<u64>,
    /// The way to the server.
    #[command(flatten)]
    pub transport: TransportArgs,
    /// A contract to use instead of the one built in.
    #[arg(long, value_name = "DIR")]
    pub specs: Option<PathBuf>,
    /// Say nothing but the result.
    #[arg(short, long)]
    pub quiet: bool,
}

/// Carries out `clean`.
///
/// # Errors
/// See [`CliError`].
pub fn clean(args: &CleanArgs, veil: &Veil) -> Result<u8, CliError> {
    let schema = Arc::new(super::contract(args.specs.as_deref())?.schema);
    let (journal, told) = Journal::resume(&args.journal).map_err(SandboxError::from)?;
    let base = BaseUrl::parse(&told.target)?;
    if let Some(target) = &args.target
        && BaseUrl::parse(target)? != base
    {
        return Err(CliError::OtherTarget {
            journal: args.journal.clone(),
            listed: told.target,
            target: target.clone(),
        });
    }
    if told.done {
        return super::print(|out| writeln!(out, "{}: everything was removed already", args.journal.display()));
    }
    let redactor = redactor(&schema);
    let mut scope = Scope::new(&told.run);
    scope.note_newest(told.newest);
    let sandbox = Arc::new(Sandbox::new(schema, scope, journal));
    let policy = Policy::Guarded(sandbox.clone());
    let client = args.transport.client(base, policy, args.max_requests, (veil, redactor))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let patience = patience(args.settle, args.quiet, veil);
    let removal = match runtime.block_on(removal::remove(&client, &sandbox, &patience)) {
        Ok(removal) => removal,
        // Whoever is not there, or whose file cannot be read, is told by itself.
        Err(error) if error.target().is_some_and(TargetError::is_unreachable) => return Err(error.into()),
        Err(error @ SandboxError::Journal(_)) => return Err(error.into()),
        Err(error) => return Err(CliError::left(&args.journal, &error, &sandbox.told().map_err(SandboxError::from)?)),
    };
    super::print_through(veil, |out| write(out, &removal, args))?;
    Ok(if removal.left.is_empty() { exit::CONFORMS } else { exit::MISMATCH })
}

fn write(out: &mut dyn std::io::Write, removal: &Removal, args: &CleanArgs) -> std::io::Result<()> {
    writeln!(out, "{} gone", plural(removal.gone, "listed object is", "listed objects are"))?;
    let waited = plural(args.settle, "second", "seconds");
    for never in &removal.never {
        writeln!(out, "  never seen within {waited}, so probably never created: {never}")?;
    }
    for left in &removal.left {
        writeln!(out, "  still there: {left}")?;
    }
    if !removal.along.is_empty() {
        writeln!(out, "  in the server's books for good: {}", removal.along.join(", "))?;
    }
    match removal.left.len() {
        0 => writeln!(out, "nothing is left"),
        left => writeln!(
            out,
            "left: {}; run clean again, or remove by hand what {} lists",
            plural(left, "object", "objects"),
            args.journal.display()
        ),
    }
}
