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
use super::signals::Signals;
use super::writes_args::{self, WritesArg};
use crate::bindings::file::PageBindings;
use crate::catalog::{self, SelectionError};
use crate::control;
use crate::embedded::Embedded;
use crate::exit;
use crate::redact::Veil;
use crate::regression::survey::{FirstKeys, first_keys, survey};
use crate::replay::{Compare, Replayer};
use crate::report::{Detail, Document, GithubJob, Held, Json, Redacted, Reporter, Shown, Text};
use crate::run::{self, Plan};
use crate::sandbox::Sandbox;
use crate::snapshot::Mode;
use crate::target::{BaseUrl, Client, Policy};

/// Carries out `run`.
///
/// # Errors
/// See [`CliError`].
pub fn run(args: &RunArgs, veil: &Veil) -> Result<u8, CliError> {
    let contract = Arc::new(super::contract(args.specs.as_deref())?);
    // A recording shows every model, not only those that the page reads.
    let surveyed = |keys: &FirstKeys| match args.regression.records() {
        true => survey(&contract.schema, keys),
        false => Vec::new(),
    };
    let foreseen = surveyed(&FirstKeys::new());
    let foreseen = plan(&contract, &foreseen, args)?;
    let target = args.target.as_deref().map(BaseUrl::parse).transpose()?;
    args.writes.check(target.as_ref())?;
    if let Some(target) = &target
        && args.writes.writes == WritesArg::None
        && !(foreseen.examples.is_empty() && foreseen.rules.is_empty())
        && all_refused(&foreseen)
    {
        return Err(CliError::OnlyWrites(target.to_string()));
    }
    let mode = if args.update { Mode::Update } else { Mode::Compare };
    let snapshots = super::snapshots(args.snapshots.as_deref(), mode)?;
    let schema = Arc::new(contract.schema.clone());
    let baseline = args.regression.baseline(&schema)?;
    let terminal = terminal(args.format, detail(args.quiet, args.verbose));
    let files = files(&args.report)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (summary, code) = runtime.block_on(async {
        // The embedded mock lives until the run is over.
        let (client, _embedded, sandbox) = connect(&contract, target, args, veil).await?;
        let compare = compare(&client, args.compare).await?;
        let (compare, page) = args.writes.bound(&contract, &client, args.compare, compare)?;
        let survey = match args.regression.records() {
            true => surveyed(&first_keys(&client, &contract.schema).await?),
            false => Vec::new(),
        };
        let mut plan = plan(&contract, &survey, args)?;
        let is_bound = page.as_ref().is_some_and(|page| **page != PageBindings::default());
        if let Some(baseline) = &baseline {
            baseline.asked_like(is_bound).map_err(CliError::Usage)?;
        }
        plan.judgement.baseline = baseline;
        if compare.is_by_value()
            && !args.update
            && !plan.examples.is_empty()
            && let Some(folder) = snapshots.folder().filter(|folder| !folder.is_dir())
        {
            let folder = folder.display();
            return Err(CliError::Usage(format!(
                "there are no snapshots in {folder}: name their folder with --snapshots, or none for those built in"
            )));
        }
        let is_open = args.privacy.show_values && args.format == Format::Text;
        let terminal = match args.format {
            _ if is_open => terminal,
            Format::Text => hide(terminal, veil),
            Format::Json => hide_late(terminal, veil),
        };
        let mut reporter: Vec<Box<dyn Reporter>> =
            vec![Box::new(Shown::new(terminal)), hide_late(Box::new(files), veil)];
        if let Some(recorder) = args.regression.recorder(&schema, &client, is_bound).await? {
            plan.twice = !client.is_ours();
            reporter.push(Box::new(recorder.with_all(veil.redactor().cloned())));
        }
        let session = sandbox.map(|sandbox| args.writes.session(&client, sandbox, args.quiet, veil));
        let replayer =
            Replayer::new(client, compare).in_sandbox(session.clone()).bound(page).patient(args.writes.patience());
        let signals = Signals::listen();
        let run = run::until(&plan, &replayer, &snapshots, &mut reporter, signals.one());
        let summary = match session {
            None => run.await?,
            Some(session) => writes_args::around(&session, &args.writes.journal, &signals, run).await?,
        };
        Ok::<_, CliError>((summary, signals.code()))
    })?;
    if summary.interrupted {
        return Ok(code.unwrap_or(exit::INTERRUPTED));
    }
    Ok(if summary.conforms() { exit::CONFORMS } else { exit::MISMATCH })
}

/// On real data no report tells what is personal.
fn hide(reporter: Box<dyn Reporter>, veil: &Veil) -> Box<dyn Reporter> {
    match veil.redactor() {
        Some(redactor) => Box::new(Redacted::new(reporter, redactor.clone())),
        None => reporter,
    }
}

/// The same for what is written at the end: with all that was learned until then.
fn hide_late(reporter: Box<dyn Reporter>, veil: &Veil) -> Box<dyn Reporter> {
    match veil.redactor() {
        Some(redactor) => hide(Box::new(Held::new(reporter, redactor.clone())), veil),
        None => reporter,
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
        plan.examples.iter().flat_map(|example| catalog::forms_of(example).map(move |(_, form)| (example, form)));
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
    veil: &Veil,
) -> Result<(Client, Option<Embedded>, Option<Arc<Sandbox>>), CliError> {
    let Some(base) = target else {
        let (client, embedded) = start(contract, args.transport.patience()).await?;
        return Ok((client, Some(embedded), None));
    };
    let schema = Arc::new(contract.schema.clone());
    let redactor = args.regression.redactor(&schema)?;
    let (policy, sandbox) = args.writes.policy(&schema, &base)?;
    let client = args.transport.client(base, policy, args.max_requests, (veil, redactor))?;
    client.get("/rest_api/v2/").await?;
    Ok((client, None, sandbox))
}

/// How replies are compared. What a server says of itself is believed only of this machine, and no server's word opens the
/// veil: a billing server may answer anything, and a tunnel to one is this machine, too.
async fn compare(client: &Client, wanted: CompareArg) -> Result<Compare, CliError> {
    Ok(match wanted {
        CompareArg::Shape => Compare::Shape,
        CompareArg::Rules => Compare::Rules,
        CompareArg::Auto | CompareArg::Exact if client.is_ours() => Compare::Exact,
        // On another machine nobody's word is taken that it is a mock.
        CompareArg::Auto | CompareArg::Exact if client.base().is_loopback() && control::is_mock(client).await? => {
            Compare::Exact
        }
        CompareArg::Exact => Compare::Values,
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

/// Standard output in its format.
pub(super) fn terminal(format: Format, detail: Detail) -> Box<dyn Reporter> {
    match format {
        Format::Text => Box::new(Text::new(anstream::AutoStream::auto(io::stdout()), detail)),
        Format::Json => Box::new(Json::new(io::stdout())),
    }
}

/// A file for each report asked for, and what GitHub reads. A file that cannot be written is told of before anything is sent.
fn files(wanted: &[ReportArg]) -> Result<Vec<Box<dyn Reporter>>, CliError> {
    let mut reporters: Vec<Box<dyn Reporter>> = Vec::new();
    for report in wanted {
        let document = Document::new(report.kind, &report.file);
        reporters.push(Box::new(document.map_err(|error| CliError::Usage(format!("--report: {error}")))?));
    }
    if GithubJob::is_one() {
        reporters.push(Box::new(GithubJob::default()));
    }
    Ok(reporters)
}
