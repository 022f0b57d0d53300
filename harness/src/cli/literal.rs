//! `literal`: the page's own shell text, under bash.

use std::sync::Arc;
use std::time::Duration;

use super::args::LiteralArgs;
use super::error::CliError;
use super::run::{detail, start, terminal};
use crate::catalog;
use crate::curl::point_at;
use crate::exit;
use crate::literal::Shell;
use crate::outcome::Summary;
use crate::replay::{Compare, Form, Replayer};
use crate::report::Shown;
use crate::run::{self, Judgement, Plan};
use crate::snapshot::{Mode, Snapshots};

/// Where `--dry-run` points the scripts: where `carbon-mock serve` listens.
const USUAL: &str = "http://127.0.0.1:8082";

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Carries out `literal`.
///
/// # Errors
/// See [`CliError`].
pub fn literal(args: &LiteralArgs) -> Result<u8, CliError> {
    let contract = Arc::new(super::contract(args.specs.as_deref())?);
    let examples = catalog::select(&contract, &args.selection.wanted())?;
    if args.dry_run {
        return super::print(|out| {
            for example in &examples {
                for (form, variant) in run::forms_of(example) {
                    let form = if form == Form::Corrected { " (corrected)" } else { "" };
                    writeln!(out, "# {}{form}\n{}\n", example.id, point_at(variant.command.trim(), USUAL))?;
                }
            }
            Ok(())
        });
    }
    let shell = Shell::new(args.keep)?;
    let plan = Plan {
        contract: &contract,
        examples,
        rules: Vec::new(),
        fail_fast: args.fail_fast,
        shell: Some(shell),
        judgement: Judgement::default(),
        twice: false,
    };
    // The replay's snapshots are not asked here; the folder only has to have a name.
    let snapshots = Snapshots::new("snapshots".into(), Mode::Compare);
    let mut reporter = Shown::new(terminal(args.format, detail(args.quiet, args.verbose)));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let summary = runtime.block_on(async {
        let (client, _embedded) = start(&contract, TIMEOUT).await?;
        let replayer = Replayer::new(client, Compare::Exact);
        Ok::<Summary, CliError>(run::run(&plan, &replayer, &snapshots, &mut reporter).await?)
    })?;
    Ok(if summary.conforms() { exit::CONFORMS } else { exit::MISMATCH })
}
