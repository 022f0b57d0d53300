//! `run`: puts the pieces together and turns the summary into an exit code.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use carbon_specs::Contract;
use carbon_specs::example::Example;
use carbon_specs::rule::Rule;
use globset::Glob;

use super::args::{CompareArg, Format, ReportArg, RunArgs};
use super::error::CliError;
use super::writes_args::{self, WritesArg};
use crate::catalog::{self, SelectionError};
use crate::control;
use crate::embedded::Embedded;
use crate::exit;
use crate::outcome::Summary;
use crate::regression::survey::survey;
use crate::replay::{Compare, Replayer};
use crate::report::{Detail, Document, GithubJob, Json, Redacted, Reporter, Shown, Text};
use crate::run::{self, Plan};
use crate::sandbox::Sandbox;
use crate::snapshot::{self, Mode, Snapshots};
use crate::target::{BaseUrl, Client, Policy};

/// Carries out `run`.
///
/// # Errors
/// See [`CliError`].
pub fn run(args: &RunArgs) -> Result<u8, CliError> {
    let contract = Arc::new(super::contract(args.specs.as_deref())?);
    // A recording shows every model, not only those that the page reads.
    let survey = if args.regression.records() { survey(&contract.schema) } else { Vec::new() };
    let mut plan = plan(&contract, &survey, args)?;
    let target = args.target.as_deref().map(BaseUrl::parse).transpose()?;
    args.writes.check(target.as_ref())?;
    if let Some(target) = &target
        && args.writes.writes == WritesArg::None
        && !(plan.examples.is_empty() && plan.rules.is_empty())
        && all_refused(&plan)
    {
        return Err(CliError::OnlyWrites(target.to_string()));
    }
    let folder = super::snapshots(args.snapshots.as_deref())?;
    let snapshots = Snapshots::new(folder, if args.update { Mode::Update } else { Mode::Compare });
    let schema = Arc::new(contract.schema.clone());
    plan.judgement.baseline = args.regression.baseline(&schema)?;
    let shown = Shown::new(reporters(args.format, detail(args.quiet, args.verbose), &args.report)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let summary = runtime.block_on(async {
        // The embedded mock lives until the run is over.
        let (client, _embedded, sandbox) = connect(&contract, target, args).await?;
        let compare = compare(&client, args.compare).await?;
        let (compare, page) = args.writes.bound(&contract, &client, args.compare, compare)?;
        if compare == Compare::Exact && !args.update && !plan.examples.is_empty() && !snapshots.folder().is_dir() {
            let folder = snapshots.folder().display();
            return Err(CliError::Usage(format!(
                "there are no snapshots in {folder}: run in the repository, or name their folder with --snapshots"
            )));
        }
        if compare == Compare::Exact {
            tell_orphans(&contract, &snapshots);
        }
        // On real data no report tells what is personal.
        let shown: Box<dyn Reporter> = match compare {
            Compare::Exact => Box::new(shown),
            Compare::Shape | Compare::Rules => Box::new(Redacted::new(shown, args.regression.redactor(&schema)?)),
        };
        let mut reporter = vec![shown];
        if let Some(recorder) = args.regression.recorder(&schema, &client).await? {
            plan.twice = !client.is_ours();
            reporter.push(Box::new(recorder));
        }
        let session = sandbox.map(|sandbox| args.writes.session(&client, sandbox, args.quiet));
        let replayer =
            Replayer::new(client, compare).in_sandbox(session.clone()).bound(page).patient(args.writes.patience());
        match session {
            None => {
                // A signal that cannot be heard ends the program as it always does.
                let interrupted = async {
                    if tokio::signal::ctrl_c().await.is_err() {
                        std::future::pending::<()>().await;
                    }
                };
                let run = run::until(&plan, &replayer, &snapshots, &mut reporter, interrupted);
                Ok::<Summary, CliError>(run.await?)
            }
            Some(session) => {
                let run = run::run(&plan, &replayer, &snapshots, &mut reporter);
                writes_args::around(&session, &args.writes.journal, run).await
            }
        }
    })?;
    if summary.interrupted {
        return Ok(exit::INTERRUPTED);
    }
    Ok(if summary.conforms() { exit::CONFORMS } else { exit::MISMATCH })
}

/// Snapshots that no call of the contract owns are never compared, and would be taken for what is held.
fn tell_orphans(contract: &Contract, snapshots: &Snapshots) {
    let owned: Vec<String> = contract
        .examples
        .iter()
        .flat_map(|example| run::forms_of(example).map(|(form, _)| snapshot::name(&example.id, form)))
        .collect();
    for path in snapshots.orphans(&owned) {
        anstream::eprintln!("warning: {} belongs to no call: remove it", path.display());
    }
}

fn plan<'a>(contract: &'a Contract, survey: &'a [Example], args: &RunArgs) -> Result<Plan<'a>, CliError> {
    let (mut examples, rules) = if args.only_rules {
        (Vec::new(), rules(contract, &args.selection.ids)?)
    } else {
        let examples = catalog::select(contract, &args.selection.wanted())?;
        let rules =
            if args.no_rules || args.selection.narrows() { Vec::new() } else { contract.rules.iter().collect() };
        (examples, rules)
    };
    if !args.selection.narrows() {
        examples.extend(survey);
    }
    let judgement = args.judgement.judgement(contract)?;
    let mut plan = Plan { contract, examples, rules, fail_fast: args.fail_fast, shell: None, judgement, twice: false };
    args.choice.choice()?.cut(&mut plan)?;
    Ok(plan)
}

/// Whether nothing of the plan may be sent to a server that is not ours.
fn all_refused(plan: &Plan<'_>) -> bool {
    let mut examples =
        plan.examples.iter().flat_map(|example| run::forms_of(example).map(move |(_, form)| (example, form)));
    let mut cases = plan.rules.iter().flat_map(|rule| &rule.cases);
    examples.all(|(example, form)| run::obstacle(plan.contract, example, form).is_some())
        && cases.all(|case| !run::is_harmless(plan.contract, case))
}

/// The rules with cases of their own; those that examples prove are held by the examples.
fn rules<'a>(contract: &'a Contract, ids: &[String]) -> Result<Vec<&'a Rule>, CliError> {
    let mut globs = Vec::new();
    for id in ids {
        let glob = Glob::new(id)
            .map_err(|error| CliError::Usage(format!("`{id}` is neither an id nor a pattern: {}", error.kind())))?
            .compile_matcher();
        if !contract.rules.iter().any(|rule| glob.is_match(&rule.id)) {
            return Err(CliError::Usage(format!("no rule is called `{id}`; `carbon-harness rules` lists them")));
        }
        globs.push(glob);
    }
    let chosen: Vec<&Rule> = contract
        .rules
        .iter()
        .filter(|rule| !rule.cases.is_empty())
        .filter(|rule| globs.is_empty() || globs.iter().any(|glob| glob.is_match(&rule.id)))
        .collect();
    if chosen.is_empty() { Err(SelectionError::Empty.into()) } else { Ok(chosen) }
}

/// Starts the embedded mock, which lives as long as the second value.
pub(super) async fn start(contract: &Arc<Contract>, timeout: Duration) -> Result<(Client, Embedded), CliError> {
    let embedded = Embedded::start(Arc::clone(contract)).await?;
    let client = Client::new(BaseUrl::parse(&embedded.url())?, Policy::Everything, timeout)?;
    Ok((client, embedded))
}

async fn connect(
    contract: &Arc<Contract>,
    target: Option<BaseUrl>,
    args: &RunArgs,
) -> Result<(Client, Option<Embedded>, Option<Arc<Sandbox>>), CliError> {
    let Some(base) = target else {
        let (client, embedded) = start(contract, args.transport.patience()).await?;
        return Ok((client, Some(embedded), None));
    };
    let (policy, sandbox) = args.writes.policy(&Arc::new(contract.schema.clone()), &base)?;
    let client = args.transport.client(base, policy, args.max_requests.and_then(|most| usize::try_from(most).ok()))?;
    client.get("/rest_api/v2/").await?;
    Ok((client, None, sandbox))
}

async fn compare(client: &Client, wanted: CompareArg) -> Result<Compare, CliError> {
    Ok(match wanted {
        CompareArg::Exact => Compare::Exact,
        CompareArg::Shape => Compare::Shape,
        CompareArg::Rules => Compare::Rules,
        CompareArg::Auto if client.is_ours() => Compare::Exact,
        CompareArg::Auto if control::is_mock(client).await? => Compare::Exact,
        CompareArg::Auto => Compare::Shape,
    })
}

/// How much is shown.
pub(super) fn detail(quiet: bool, verbose: bool) -> Detail {
    match (quiet, verbose) {
        (true, _) => Detail::Quiet,
        (_, true) => Detail::Verbose,
        _ => Detail::Normal,
    }
}

/// Standard output in its format, and a file for each report asked for.
pub(super) fn reporters(format: Format, detail: Detail, files: &[ReportArg]) -> io::Result<Vec<Box<dyn Reporter>>> {
    let mut reporters: Vec<Box<dyn Reporter>> = vec![match format {
        Format::Text => Box::new(Text::new(anstream::AutoStream::auto(io::stdout()), detail)),
        Format::Json => Box::new(Json::new(io::stdout())),
    }];
    for report in files {
        reporters.push(Box::new(Document::new(report.kind, &report.file)?));
    }
    if GithubJob::is_one() {
        reporters.push(Box::new(GithubJob::default()));
    }
    Ok(reporters)
}
