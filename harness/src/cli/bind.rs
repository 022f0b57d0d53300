//! `bind`: looks on a server for rows that can stand for the page's, and writes them into a file.

mod asking;

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

use super::error::CliError;
use super::privacy_args::redactor;
use super::transport_args::TransportArgs;
use crate::ask::AskError;
use crate::bindings::discover::{Finding, Said, discover};
use crate::bindings::file::PageBindings;
use crate::bindings::page::{PageId, names};
use crate::brief::plural;
use crate::exit;
use crate::redact::Veil;
use crate::target::{BaseUrl, Policy, TargetError};

/// Arguments of `bind`.
#[derive(Debug, clap::Args)]
pub struct BindArgs {
    /// The server.
    #[arg(long, value_name = "URL")]
    pub target: String,
    /// The file to write.
    #[arg(long, value_name = "FILE", default_value = "bindings.toml")]
    pub out: PathBuf,
    /// Write it even if it is there already.
    #[arg(long)]
    pub force: bool,
    /// What shall stand for the page's rows: abonent=45, Abonents.contract_number=A-17, suid=1234; may be repeated. On a
    /// terminal, what is found neither here nor on the server is asked for.
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Send at most so many requests.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_requests: Option<u64>,
    /// The way to the server.
    #[command(flatten)]
    pub transport: TransportArgs,
    /// A contract to use instead of the one built in.
    #[arg(long, value_name = "DIR")]
    pub specs: Option<PathBuf>,
}

/// Carries out `bind`.
///
/// # Errors
/// See [`CliError`].
pub fn bind(args: &BindArgs, veil: &Veil) -> Result<u8, CliError> {
    let contract = super::contract(args.specs.as_deref())?;
    let said = args.set.iter().map(|text| Said::parse(&contract.schema, text)).collect::<Result<Vec<_>, _>>();
    let mut said = said.map_err(|why| CliError::Usage(format!("--set {why}")))?;
    let base = BaseUrl::parse(&args.target)?;
    if args.out.exists() && !args.force {
        let out = args.out.display();
        return Err(CliError::Usage(format!("{out} is there already; --force writes it anew, --out another")));
    }
    let target = base.to_string();
    let schema = Arc::new(contract.schema.clone());
    // The values of the page itself are nobody's.
    let redactor = names(&contract).iter().fold(redactor(&schema), |redactor, id| redactor.sparing(&id.value));
    let client = args.transport.client(base, Policy::ReadsOnly(schema), args.max_requests, (veil, redactor))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let look = |said: &[Said]| match runtime.block_on(discover(&client, &contract, said)) {
        Err(AskError::Target(error @ TargetError::Exhausted(_))) => {
            let out = args.out.display();
            Err(CliError::Nothing(format!("{error}, and not all rows are found: {out} is not written")))
        }
        found => Ok(found?),
    };
    let mut findings = look(&said)?;
    let missing: BTreeSet<Name> = missing(&findings).collect();
    if !missing.is_empty() && io::stdin().is_terminal() && io::stderr().is_terminal() {
        let more = asking::ask(&contract.schema, &missing, &mut io::stdin().lock(), &mut io::stderr())?;
        if !more.is_empty() {
            said.extend(more);
            findings = look(&said)?;
        }
    }
    let mut bindings = PageBindings::of(&target);
    for finding in &findings {
        if let Some(value) = &finding.value {
            bindings.set(&finding.id.model, &finding.id.field, &finding.id.value, value.clone());
        }
    }
    let ids: Vec<PageId> = findings.iter().map(|finding| finding.id.clone()).collect();
    let why_not = |id: &PageId| {
        findings.iter().find(|finding| finding.id == *id).map(|finding| veil.sentence(&finding.why)).unwrap_or_default()
    };
    std::fs::write(&args.out, bindings.write(&ids, why_not))?;
    super::print_through(veil, |out| write(out, &findings, args))?;
    let any = findings.iter().any(|finding| finding.value.is_some());
    Ok(if any { exit::CONFORMS } else { exit::MISMATCH })
}

/// How `--set` names a row, and what is to be given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    name: String,
    wants: &'static str,
}

impl Name {
    fn of(PageId { model, field, is_key, .. }: &PageId) -> Self {
        match (model.as_str(), field.as_str()) {
            ("DynamicSessions", "suid") => Self { name: "suid".to_owned(), wants: "SUID" },
            _ if *is_key => Self { name: model.clone(), wants: "ID" },
            _ => Self { name: format!("{model}.{field}"), wants: "VALUE" },
        }
    }
}

/// The rows for which nothing stands.
fn missing(findings: &[Finding]) -> impl Iterator<Item = Name> {
    findings.iter().filter(|finding| finding.value.is_none()).map(|finding| Name::of(&finding.id))
}

/// What was chosen and why. Texts of subscribers are not shown: the row that they are of says enough.
fn write(out: &mut dyn Write, findings: &[Finding], args: &BindArgs) -> io::Result<()> {
    for finding in findings {
        let id = finding.id.to_string();
        match &finding.value {
            Some(value) if finding.id.is_key => writeln!(out, "{id:<36} {value:<12} {}", finding.why)?,
            Some(_) => writeln!(out, "{id:<36} {:<12} {}", "bound", finding.why)?,
            None => writeln!(out, "{id:<36} {:<12} {}", "not found", finding.why)?,
        }
    }
    let bound = findings.iter().filter(|finding| finding.value.is_some()).count();
    writeln!(
        out,
        "{bound} of {} that the page names are bound: {}",
        plural(findings.len(), "row", "rows"),
        args.out.display()
    )?;
    let flags: BTreeSet<String> =
        missing(findings).map(|Name { name, wants }| format!("--set {name}={wants}")).collect();
    if !flags.is_empty() {
        let flags = flags.into_iter().collect::<Vec<_>>().join(" ");
        writeln!(out, "what was not found can be said, with --force: {flags}")?;
    }
    writeln!(out, "next: carbon-harness run --target {} --bindings {}", args.target, args.out.display())
}
