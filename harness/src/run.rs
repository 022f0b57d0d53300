//! One run: examples, then rules, each replayed and compared; tells a reporter as it goes.

use std::future::Future;
use std::io;
use std::time::{Duration, Instant};

use carbon_specs::example::{Example, Kind, Variant};
use carbon_specs::rule::{Case, Rule};
use carbon_specs::{Contract, Provenance};
use jiff::civil::Date;

use crate::catalog::{self, Form, forms_of};
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::known::{KnownList, Part};
use crate::laws::unnamed;
use crate::literal::Shell;
use crate::outcome::{CaseOutcome, ExampleOutcome, FormOutcome, Status, Summary};
use crate::regression::baseline::Baseline;
use crate::regression::survey;
use crate::render;
use crate::replay::{Compare, Replayer, changes_nothing, proves_anywhere};
use crate::report::{Event, Reporter};
use crate::safety;
use crate::snapshot::{self, Compared, SnapshotError, Snapshots, Spelling};
use crate::target::Unreachable;
use crate::version;

/// What is run.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The contract.
    pub contract: &'a Contract,
    /// Its examples, as selected.
    pub examples: Vec<&'a Example>,
    /// Its rules, as selected.
    pub rules: Vec<&'a Rule>,
    /// Stop at the first mismatch.
    pub fail_fast: bool,
    /// Run the page's own text under this shell, instead of sending the requests ourselves.
    pub shell: Option<Shell>,
    /// By what it is judged.
    pub judgement: Judgement,
    /// Send the requests of reads a second time, to see what moves by itself.
    pub twice: bool,
}

impl Plan<'_> {
    fn has(&self, id: &str) -> bool {
        self.examples.iter().any(|example| example.id == id)
    }
}

/// By what a run is judged.
#[derive(Debug, Default)]
pub struct Judgement {
    /// The weakest standing that counts as a failure. By default `derived` where the server is not ours, and
    /// `assumed` where it is.
    pub strict: Option<Provenance>,
    /// What the server is known to get wrong.
    pub known: KnownList,
    /// The day by which entries of that list expire.
    pub today: Date,
    /// Earlier replies, which those of now are held against.
    pub baseline: Option<Baseline>,
}

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Nobody answers.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// A snapshot file is broken or cannot be written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The report cannot be written.
    #[error("the report cannot be written: {0}")]
    Report(#[from] io::Error),
}

/// Runs a plan.
///
/// # Errors
/// See [`RunError`]. A mismatch is none: it is in the summary.
pub async fn run(
    plan: &Plan<'_>,
    replayer: &Replayer,
    snapshots: &Snapshots,
    reporter: &mut dyn Reporter,
) -> Result<Summary, RunError> {
    until(plan, replayer, snapshots, reporter, std::future::pending()).await
}

/// Runs a plan until it is done, or until `interrupted` is: then the summary says so, and tells of what was done.
///
/// # Errors
/// As for [`run`].
pub async fn until(
    plan: &Plan<'_>,
    replayer: &Replayer,
    snapshots: &Snapshots,
    reporter: &mut dyn Reporter,
    interrupted: impl Future<Output = ()>,
) -> Result<Summary, RunError> {
    let mut interrupted = std::pin::pin!(interrupted);
    let started = Instant::now();
    let mut summary = Summary::default();
    let cases = plan.rules.iter().map(|rule| rule.cases.len()).sum();
    let target = replayer.client().base().to_string();
    let is_ours = replayer.client().is_ours();
    let allowed = replayer.client().allowed();
    let shell = plan.shell.as_ref().map(Shell::isolation);
    reporter.event(&Event::Started {
        target: &target,
        is_ours,
        allowed,
        shell,
        examples: plan.examples.len(),
        cases,
    })?;
    let version = match plan.judgement.known.asks_for_version() {
        true => version::ask(replayer.client()).await.map_err(Unreachable::from)?,
        false => None,
    };
    for example in &plan.examples {
        reporter.event(&Event::Working { name: &example.id })?;
        let mut outcome = tokio::select! {
            outcome = run_example(plan, example, replayer, snapshots) => outcome?,
            () = &mut interrupted => {
                summary.interrupted = true;
                break;
            }
        };
        let parts = outcome.forms.iter_mut().map(|form| Part {
            label: form.form.name(),
            status: &mut form.status,
            faults: &mut form.faults,
            known: &mut form.known,
        });
        plan.judgement.known.judge(&example.id, parts.collect(), version.as_deref(), plan.judgement.today);
        summary.count_example(&outcome);
        reporter.event(&Event::Example(&outcome))?;
        if plan.fail_fast && outcome.status().is_red() {
            summary.stopped_early = true;
            break;
        }
    }
    for rule in &plan.rules {
        if summary.stopped_early || summary.interrupted {
            break;
        }
        reporter.event(&Event::Working { name: &rule.id })?;
        let outcomes = tokio::select! {
            outcomes = run_rule(plan, rule, replayer, version.as_deref()) => outcomes?,
            () = &mut interrupted => {
                summary.interrupted = true;
                break;
            }
        };
        for outcome in outcomes {
            summary.count_case(&outcome);
            reporter.event(&Event::Case(&outcome))?;
            summary.stopped_early |= plan.fail_fast && outcome.status.is_red();
        }
    }
    if replayer.compare().is_by_value() && plan.contract.examples.iter().all(|known| plan.has(&known.id)) {
        let forms = plan.examples.iter().flat_map(|example| forms_of(example).map(move |(form, _)| (example, form)));
        let names: Vec<String> = forms.map(|(example, form)| snapshot::name(&example.id, form)).collect();
        summary.orphans = snapshots.orphans(&names).iter().map(|file| file.display().to_string()).collect();
    }
    summary.elapsed = started.elapsed();
    reporter.event(&Event::Finished(&summary))?;
    Ok(summary)
}

async fn run_example(
    plan: &Plan<'_>,
    example: &Example,
    replayer: &Replayer,
    snapshots: &Snapshots,
) -> Result<ExampleOutcome, RunError> {
    let mut forms = Vec::new();
    for (form, variant) in forms_of(example) {
        forms.push(run_form(plan, example, form, variant, replayer, snapshots).await?);
    }
    Ok(ExampleOutcome {
        id: example.id.clone(),
        line: example.line,
        section: example.section().to_owned(),
        heading: catalog::heading(plan.contract, example.section()).to_owned(),
        title: example.title.clone(),
        model: example.model.clone(),
        kind: example.kind,
        erratum: example.erratum.clone(),
        forms,
    })
}

async fn run_form(
    plan: &Plan<'_>,
    example: &Example,
    form: Form,
    variant: &Variant,
    replayer: &Replayer,
    snapshots: &Snapshots,
) -> Result<FormOutcome, RunError> {
    if example.kind == Kind::Write
        && let Some(sandbox) = replayer.sandbox()
    {
        return Ok(sandbox.play(plan.contract, example, form, variant).await?);
    }
    if !replayer.client().is_ours()
        && !replayer.client().may_write()
        && let Some(reason) = obstacle(plan.contract, example, variant)
    {
        return Ok(FormOutcome::not_run(form, reason));
    }
    // The survey names no row of the page's.
    let bound = match replayer.rebind(&plan.contract.schema, variant).or_else(|unbound| match example.section() {
        survey::SECTION => Ok(None),
        _ => Err(unbound),
    }) {
        Ok(bound) => bound.map(|variant| with_form(example, form, variant)),
        Err(unbound) => return Ok(FormOutcome::not_run(form, unbound.to_string())),
    };
    let example = bound.as_ref().unwrap_or(example);
    if let Some(reason) = replayer.client().exhausted() {
        return Ok(FormOutcome::not_run(form, reason));
    }
    let started = Instant::now();
    let replayed = match &plan.shell {
        Some(shell) => replayer.literal(example, form, shell).await?,
        None => replayer.variant(example, form).await?,
    };
    let elapsed = started.elapsed();
    let mut faults = replayed.faults;
    // What broke off for want of requests was not asked, so it is not wrong.
    if let Some(reason) = replayer.client().exhausted()
        && faults.iter().any(|fault| matches!(fault, Fault::Trouble { .. }))
    {
        return Ok(FormOutcome::not_run(form, reason));
    }
    let mut updated = None;
    // A replay that broke off has nothing to compare; its fault says why.
    let broke_off = faults.iter().any(|fault| matches!(fault, Fault::Trouble { .. }));
    // A loop's turns come in the server's order there: the snapshots are the replay's.
    let has_snapshot = match replayer.compare() {
        Compare::Exact => true,
        Compare::Values => !(form == Form::Printed && example.erratum.is_some()),
        Compare::Shape | Compare::Rules => false,
    };
    // Where an error came instead, a snapshot shows the same once more, at length.
    if plan.shell.is_none() && has_snapshot && !broke_off && !faults.iter().any(Fault::is_refusal) {
        let text = render::replayed(&replayed.turns, variant.nothing_sent.as_deref());
        let spelling = if replayer.compare() == Compare::Exact { Spelling::Counts } else { Spelling::IsFree };
        match snapshots.compare(&example.id, form, &example.title, &text, spelling)? {
            Compared::Same => {}
            Compared::Updated(file) => updated = Some(file.display().to_string()),
            Compared::Missing(file) => faults.push(Fault::NoSnapshot { file: file.display().to_string() }),
            Compared::Different { file, difference } => {
                faults.push(Fault::Snapshot { file: file.display().to_string(), difference });
            }
        }
    }
    let exchanges: Vec<Exchange> = replayed.turns.into_iter().map(|turn| turn.exchange).collect();
    let again = match plan.twice && example.kind == Kind::Read && !broke_off {
        true => ask_again(&exchanges, replayer).await?,
        false => Vec::new(),
    };
    let mut status = if faults.is_empty() { Status::Pass } else { Status::Fail };
    let mut in_baseline = None;
    let comparable = !broke_off && !exchanges.is_empty() && replayer.compare() != Compare::Rules;
    if let Some(baseline) = plan.judgement.baseline.as_ref().filter(|_| comparable) {
        let changes = baseline.changes(&snapshot::name(&example.id, form), &exchanges);
        in_baseline = Some(changes.is_some());
        let drift = changes.unwrap_or_default();
        if !drift.is_empty() {
            status = status.max(Status::Drift);
        }
        faults.extend(drift.into_iter().map(|change| Fault::Drift { change }));
    }
    Ok(FormOutcome {
        form,
        status,
        reason: variant.nothing_sent.clone(),
        exchanges,
        again,
        known: None,
        faults,
        in_baseline,
        updated,
        shell: replayed.shell,
        folder: replayed.folder.map(|folder| folder.display().to_string()),
        elapsed,
    })
}

/// Sends the same reads once more.
async fn ask_again(exchanges: &[Exchange], replayer: &Replayer) -> Result<Vec<Exchange>, RunError> {
    let mut again = Vec::with_capacity(exchanges.len());
    for exchange in exchanges {
        match replayer.client().call(exchange.sent.clone()).await {
            Ok(exchange) => again.push(exchange),
            // What moves by itself can wait; the run cannot.
            Err(error) if !error.is_unreachable() => return Ok(Vec::new()),
            Err(error) => return Err(Unreachable::from(error).into()),
        }
    }
    Ok(again)
}

/// All cases of a rule: the list of known faults speaks of them together.
async fn run_rule(
    plan: &Plan<'_>,
    rule: &Rule,
    replayer: &Replayer,
    version: Option<&str>,
) -> Result<Vec<CaseOutcome>, RunError> {
    let mut outcomes = Vec::new();
    for case in &rule.cases {
        outcomes.push(run_case(plan, rule, case, replayer).await?);
    }
    let parts = outcomes.iter_mut().map(|case| Part {
        label: &case.name,
        status: &mut case.status,
        faults: &mut case.faults,
        known: &mut case.known,
    });
    plan.judgement.known.judge(&rule.id, parts.collect(), version, plan.judgement.today);
    Ok(outcomes)
}

async fn run_case(plan: &Plan<'_>, rule: &Rule, case: &Case, replayer: &Replayer) -> Result<CaseOutcome, RunError> {
    let before = replayer.client().calls();
    let outcome = |status, reason, faults, elapsed: Duration| CaseOutcome {
        requests: replayer.client().calls() - before,
        rule: rule.id.clone(),
        line: rule.source.line(),
        provenance: rule.source.provenance(),
        says: rule.says.clone(),
        name: case.name.clone(),
        status,
        reason,
        known: None,
        faults,
        elapsed,
    };
    let is_ours = replayer.client().is_ours();
    if !is_ours && !replayer.client().may_write() && !is_harmless(plan.contract, case) {
        let reason = "it writes, and this server is not ours".to_owned();
        return Ok(outcome(Status::NotRun, Some(reason), Vec::new(), Duration::ZERO));
    }
    if !replayer.compare().is_by_value() && !proves_anywhere(&case.steps) {
        let reason = "it speaks of the demo data, and this server's are others; `check` proves the like on any data";
        return Ok(outcome(Status::NotRun, Some(reason.to_owned()), Vec::new(), Duration::ZERO));
    }
    let bound = match replayer.rebind(&plan.contract.schema, case) {
        Ok(bound) => bound,
        Err(unbound) => return Ok(outcome(Status::NotRun, Some(unbound.to_string()), Vec::new(), Duration::ZERO)),
    };
    if let Some(reason) = replayer.client().exhausted() {
        return Ok(outcome(Status::NotRun, Some(reason), Vec::new(), Duration::ZERO));
    }
    let started = Instant::now();
    let replayed = replayer.case(bound.as_ref().unwrap_or(case)).await?;
    if let Some(reason) = replayer.client().exhausted()
        && replayed.faults.iter().any(|fault| matches!(fault, Fault::Trouble { .. }))
    {
        return Ok(outcome(Status::NotRun, Some(reason), Vec::new(), Duration::ZERO));
    }
    if !is_ours
        && !replayed.faults.is_empty()
        && let Some(method) = lacking(plan.contract, &replayed.faults, replayer).await?
    {
        return Ok(outcome(Status::NotRun, Some(unnamed::told(&method)), Vec::new(), started.elapsed()));
    }
    // On a real server only what is documented, or follows from Django, is an obligation.
    let usual = if is_ours { Provenance::Assumed } else { Provenance::Derived };
    let obliges = rule.source.provenance() <= plan.judgement.strict.unwrap_or(usual);
    let status = match (replayed.faults.is_empty(), obliges) {
        (true, _) => Status::Pass,
        (false, true) => Status::Fail,
        (false, false) => Status::Warn,
    };
    Ok(outcome(status, None, replayed.faults, started.elapsed()))
}

/// A method that the page never calls, that the calls of these faults use, and that the server refuses whatever it is asked.
async fn lacking(contract: &Contract, faults: &[Fault], replayer: &Replayer) -> Result<Option<String>, RunError> {
    for sent in faults.iter().filter_map(Fault::sent) {
        let methods = unnamed::methods_of(&sent.body);
        let model = sent.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        for method in unnamed::unnamed(&contract.schema, methods.iter().map(String::as_str)) {
            match replayer.client().call(unnamed::probe(model, method).sent()).await {
                Ok(exchange) if exchange.answer.json().is_ok_and(|reply| unnamed::refuses(&reply)) => {
                    return Ok(Some(method.to_owned()));
                }
                Ok(_) => {}
                Err(error) if !error.is_unreachable() => {}
                Err(error) => return Err(Unreachable::from(error).into()),
            }
        }
    }
    Ok(None)
}

/// The example with another spelling in place of one of its own.
fn with_form(example: &Example, form: Form, variant: Variant) -> Example {
    let mut example = example.clone();
    match form {
        Form::Printed => example.printed = variant,
        Form::Corrected => example.corrected = Some(variant),
    }
    example
}

/// Why a call is not sent to a server that is not ours, if it is not.
pub fn obstacle(contract: &Contract, example: &Example, variant: &Variant) -> Option<String> {
    if example.kind == Kind::Write {
        return Some("it writes, and this server is not ours".to_owned());
    }
    if !example.before.is_empty() {
        return Some("it needs other calls first that write, and this server is not ours".to_owned());
    }
    let request = variant.request.as_ref()?;
    safety::only_reads(&contract.schema, &request.path, &request.body).err().map(|refusal| refusal.to_string())
}

/// Whether a case can be run on a server that is not ours: it changes nothing and needs no clock.
pub fn is_harmless(contract: &Contract, case: &Case) -> bool {
    changes_nothing(&case.steps, |path, body| safety::only_reads(&contract.schema, path, body).is_ok())
}
