//! `literal`: the page's own shell text, or a script of one's own, under bash against a mock.

use std::cell::Cell;
use std::future::Future;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use carbon_specs::Contract;

use super::args::{Format, LiteralArgs, SleepArgs};
use super::error::CliError;
use super::run::{detail, start, terminal};
use super::signals;
use crate::catalog;
use crate::catalog::{Form, forms_of};
use crate::control;
use crate::curl::point_at;
use crate::embedded::Signals;
use crate::exit;
use crate::literal::{Isolation, Shell, inside, script, sleep};
use crate::outcome::Summary;
use crate::replay::{Compare, Replayer};
use crate::report::Shown;
use crate::run::{self, Judgement, Plan};
use crate::snapshot::{Mode, Snapshots};
use crate::target::{BaseUrl, Client, Policy};

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How long an ended text may take to be gone.
const END: Duration = Duration::from_secs(10);

/// Carries out `literal`.
///
/// # Errors
/// See [`CliError`].
pub fn literal(args: &LiteralArgs) -> Result<u8, CliError> {
    let contract = Arc::new(super::contract(args.specs.as_deref())?);
    if args.dry_run {
        return dry_run(&contract, args);
    }
    // The first that is sent ends what runs, and what it has started.
    let told = Cell::new(None);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let interrupted = async {
            told.set(Some(signals.next().await));
        };
        match &args.script {
            Some(script) => try_script(&contract, script, args, interrupted).await,
            None => page(&contract, args, interrupted).await,
        }
    });
    runtime.shutdown_timeout(END);
    match told.get() {
        Some(signal) => Ok(signals::code(signal)),
        None => code,
    }
}

fn dry_run(contract: &Contract, args: &LiteralArgs) -> Result<u8, CliError> {
    let examples = catalog::select(contract, &args.selection.wanted())?;
    super::print(|out| {
        for example in &examples {
            for (form, variant) in forms_of(example) {
                let form = if form == Form::Corrected { " (corrected)" } else { "" };
                let script = point_at(variant.command.trim(), &format!("http://{}", inside::ADDRESS));
                writeln!(out, "# {}{form}\n{script}\n", example.id)?;
            }
        }
        Ok(())
    })
}

fn isolation(args: &LiteralArgs) -> Result<Isolation, CliError> {
    Ok(if args.no_isolation { Isolation::Machine } else { Isolation::namespace()? })
}

async fn page(
    contract: &Arc<Contract>,
    args: &LiteralArgs,
    interrupted: impl Future<Output = ()>,
) -> Result<u8, CliError> {
    let plan = Plan {
        contract,
        examples: catalog::select(contract, &args.selection.wanted())?,
        rules: Vec::new(),
        fail_fast: args.fail_fast,
        shell: Some(Shell::new(isolation(args)?, args.keep)?),
        judgement: Judgement::default(),
        twice: false,
    };
    // The replay's snapshots are not asked here; the folder only has to have a name.
    let snapshots = Snapshots::new("snapshots".into(), Mode::Compare);
    let mut reporter = Shown::new(terminal(args.format, detail(args.quiet, args.verbose)));
    let (client, _embedded) = start(contract, TIMEOUT).await?;
    let replayer = Replayer::new(client, Compare::Exact);
    let summary: Summary = run::until(&plan, &replayer, &snapshots, &mut reporter, interrupted).await?;
    Ok(if summary.conforms() { exit::CONFORMS } else { exit::MISMATCH })
}

async fn try_script(
    contract: &Arc<Contract>,
    script: &Path,
    args: &LiteralArgs,
    interrupted: impl Future<Output = ()>,
) -> Result<u8, CliError> {
    let isolation = isolation(args)?;
    let (client, _embedded) = match &args.mock {
        None => {
            let (client, embedded) = start(contract, TIMEOUT).await?;
            (client, Some(embedded))
        }
        Some(mock) => {
            let client = Client::new(BaseUrl::parse(mock)?, Policy::Everything, TIMEOUT)?;
            if !control::is_mock(&client).await? {
                return Err(CliError::NoMock(mock.clone()));
            }
            (client, None)
        }
    };
    let tried = tokio::select! {
        tried = script::run(isolation, script, &args.arguments, &client) => tried?,
        () = interrupted => {
            writeln!(io::stderr(), "interrupted: {} and what it had started is ended", script.display())?;
            return Ok(exit::INTERRUPTED);
        }
    };
    // The script's own output has the other stream to itself.
    match args.format {
        Format::Json => writeln!(io::stderr(), "{}", serde_json::to_string(&tried).map_err(io::Error::from)?)?,
        Format::Text if args.quiet && tried.clean => {}
        Format::Text => writeln!(io::stderr(), "{tried}")?,
    }
    Ok(if tried.clean { exit::CONFORMS } else { exit::MISMATCH })
}

/// Carries out what `sleep` is for a script.
///
/// # Errors
/// See [`CliError`].
pub fn sleep(args: &SleepArgs) -> Result<u8, CliError> {
    let span = sleep::span(&args.spans).map_err(|error| CliError::Usage(error.to_string()))?;
    let client = Client::new(BaseUrl::parse(&args.mock)?, Policy::Everything, TIMEOUT)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(sleep::sleep(&client, span)).map_err(|error| CliError::Usage(error.to_string()))?;
    Ok(exit::CONFORMS)
}
