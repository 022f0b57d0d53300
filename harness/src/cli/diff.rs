//! `diff`: two recordings, or two servers, compared.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use carbon_specs::Contract;
use carbon_specs::example::Kind;
use serde_json::json;

use super::args::{Format, SelectionArgs};
use super::error::CliError;
use super::regression_args::{given, manifest};
use super::run::start;
use super::transport_args::TransportArgs;
use crate::bindings::file::PageBindings;
use crate::brief::plural;
use crate::catalog;
use crate::exit;
use crate::redact::{Redactor, Veil};
use crate::regression::findings::{self, Finding};
use crate::regression::noise::Masks;
use crate::regression::recording::{self, Depth, Recording};
use crate::regression::survey::{first_keys, survey};
use crate::replay::{Compare, Replayer};
use crate::report::{Recorder, Reporter, Shown};
use crate::run::{self, Judgement, Plan};
use crate::snapshot::{Mode, Snapshots};
use crate::target::{BaseUrl, Policy};

/// So many calls that only one side has are named.
const NAMED: usize = 10;

/// Arguments of `diff`.
#[derive(Clone, Debug, clap::Args)]
pub struct DiffArgs {
    /// Before: a folder that `run --save` wrote, a server's base URL, or `embedded`.
    #[arg(value_name = "BEFORE")]
    pub before: String,
    /// After: the same.
    #[arg(value_name = "AFTER")]
    pub after: String,
    /// Only these calls, where a server is asked: ids or patterns; may be repeated.
    #[arg(long, value_name = "ID")]
    pub only: Vec<String>,
    /// What stands on both servers for the rows that the page names, as `bind` writes it: of calls that name rows, nothing but
    /// refusals can be compared without it.
    #[arg(long, value_name = "FILE")]
    pub bindings: Option<PathBuf>,
    /// Compare values, too, but those that are masked or move by themselves.
    #[arg(long)]
    pub values: bool,
    /// Places whose values are left out.
    #[arg(long, value_name = "FILE", requires = "values")]
    pub masks: Option<PathBuf>,
    /// Write the masks that were used, with what was learned, to a file to be reviewed.
    #[arg(long, value_name = "FILE", requires = "values")]
    pub save_masks: Option<PathBuf>,
    /// Send each server at most so many requests; what would need more is not run.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_requests: Option<u64>,
    /// The way to the server.
    #[command(flatten)]
    pub transport: TransportArgs,
    /// A contract to use instead of the one built in.
    #[arg(long, value_name = "DIR")]
    pub specs: Option<PathBuf>,
    /// What is written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Where replies come from.
enum Side {
    Folder(PathBuf),
    Server(BaseUrl),
    Embedded,
}

impl Side {
    fn parse(text: &str) -> Result<Self, CliError> {
        if text == "embedded" {
            Ok(Self::Embedded)
        } else if text.contains("://") {
            Ok(Self::Server(BaseUrl::parse(text)?))
        } else if Path::new(text).is_dir() {
            Ok(Self::Folder(PathBuf::from(text)))
        } else {
            Err(CliError::Usage(format!(
                "`{text}` is neither a folder that `run --save` wrote, nor a base URL like http://192.0.2.1:8082, nor `embedded`"
            )))
        }
    }

    fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            _ => None,
        }
    }
}

/// Carries out `diff`.
///
/// # Errors
/// See [`CliError`].
pub fn diff(args: &DiffArgs, veil: &Veil) -> Result<u8, CliError> {
    let contract = Arc::new(super::contract(args.specs.as_deref())?);
    let (before, after) = (Side::parse(&args.before)?, Side::parse(&args.after)?);
    let masks = args.masks.as_deref().map(Masks::read).transpose()?;
    // A live side gets the placeholders of the recorded one.
    let key = match before.folder().or(after.folder()) {
        Some(folder) => recording::key(given().as_deref(), folder, false)?,
        None => given().unwrap_or_else(recording::random_key).into_bytes(),
    };
    let redactor = Redactor::new(Arc::new(contract.schema.clone()), key);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (mut before, after) = runtime.block_on(async {
        let is_asked = before.folder().is_none() || after.folder().is_none();
        let before = record(&contract, &before, args, (veil, &redactor), (is_asked, args.values)).await?;
        let after = record(&contract, &after, args, (veil, &redactor), (is_asked, false)).await?;
        Ok::<_, CliError>((before, after))
    })?;
    if let Some(masks) = &masks {
        before.masks.extend(masks);
    }
    if let Some(file) = &args.save_masks {
        fs::write(file, before.masks.text())?;
    }
    let depth = if args.values { Depth::Exact } else { Depth::Shape };
    let found = findings::grouped(after.changes(&contract.schema, &redactor, &before, depth));
    let missing = |from: &Recording, other: &Recording| -> Vec<String> {
        from.calls.keys().filter(|name| !other.calls.contains_key(*name)).cloned().collect()
    };
    let (gone, new) = (missing(&before, &after), missing(&after, &before));
    let compared = before.calls.len() - gone.len();
    if compared == 0 {
        return Err(CliError::Usage("the two sides have no call in common: there is nothing to compare".to_owned()));
    }
    if found.is_empty() && before.says_nothing() && after.says_nothing() {
        let answers = plural(compared, "reply", "replies");
        return Err(CliError::Nothing(format!(
            "{answers} of both sides: nothing could be compared, for none holds a result"
        )));
    }
    match args.format {
        Format::Json => super::print_through(veil, |out| {
            let report = json!({
                "before": before.manifest, "after": after.manifest, "compared": compared, "masked": before.masks.len(),
                "only_before": gone, "only_after": new, "findings": found,
            });
            serde_json::to_writer_pretty(&mut *out, &report)?;
            writeln!(out)
        })?,
        Format::Text => super::print_through(veil, |out| write(out, &before, &after, (&gone, &new), &found))?,
    };
    Ok(if found.is_empty() { exit::CONFORMS } else { exit::MISMATCH })
}

fn write(
    out: &mut dyn Write,
    before: &Recording,
    after: &Recording,
    (gone, new): (&[String], &[String]),
    found: &[Finding],
) -> io::Result<()> {
    for (side, recording) in [("before", before), ("after ", after)] {
        let of = &recording.manifest;
        let version = of.server_version.as_deref().unwrap_or("untold");
        writeln!(
            out,
            "{side}  {}  version {version}, {}, {}",
            of.target,
            of.date,
            plural(recording.calls.len(), "call", "calls")
        )?;
    }
    findings::write(out, found)?;
    for (what, names) in [("only before", gone), ("only after", new)] {
        if !names.is_empty() {
            let more = if names.len() > NAMED { format!(" and {} more", names.len() - NAMED) } else { String::new() };
            let named: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
            writeln!(out, "not compared, {what}: {}{more}", named.join(", "))?;
        }
    }
    let compared = before.calls.len() - gone.len();
    let masked = match before.masks.len() {
        0 => String::new(),
        masked => format!(", {} masked", plural(masked, "place", "places")),
    };
    let calls = plural(compared, "call", "calls");
    match found.len() {
        0 => writeln!(out, "{calls} compared{masked}: nothing changed"),
        findings => writeln!(out, "{calls} compared{masked}: {}", plural(findings, "finding", "findings")),
    }
}

/// The replies of one side: read from its folder, or asked for.
async fn record(
    contract: &Arc<Contract>,
    side: &Side,
    args: &DiffArgs,
    (veil, redactor): (&Veil, &Redactor),
    (is_asked, twice): (bool, bool),
) -> Result<Recording, CliError> {
    let schema = Arc::new(contract.schema.clone());
    let (client, _embedded) = match side {
        Side::Folder(folder) => {
            let recording = Recording::read(folder)?;
            // Two folders ask nobody.
            if is_asked {
                recording.manifest.asked_like(args.bindings.is_some()).map_err(CliError::Usage)?;
            }
            return Ok(recording);
        }
        Side::Embedded => {
            let (client, embedded) = start(contract, args.transport.patience()).await?;
            (client, Some(embedded))
        }
        Side::Server(base) => {
            let client = args.transport.client(
                base.clone(),
                Policy::ReadsOnly(Arc::clone(&schema)),
                args.max_requests,
                (veil, redactor.clone()),
            )?;
            client.get("/rest_api/v2/").await?;
            (client, None)
        }
    };
    let selection = SelectionArgs { ids: args.only.clone(), ..SelectionArgs::default() };
    let mut examples = catalog::select(contract, &selection.wanted())?;
    examples.retain(|example| example.kind == Kind::Read);
    let survey = survey(&contract.schema, &first_keys(&client, &contract.schema).await?);
    let page = args.bindings.as_deref().map(|file| PageBindings::read(file, contract)).transpose()?;
    if args.only.is_empty() {
        examples.extend(&survey);
    }
    let mut recorder = Recorder::new(manifest(&client, redactor, page.is_some()).await?, redactor.afresh(), None);
    let plan = Plan {
        contract,
        examples,
        rules: Vec::new(),
        fail_fast: false,
        shell: None,
        judgement: Judgement::default(),
        twice,
    };
    // What the contract says of the replies is `run`'s affair.
    let snapshots = Snapshots::new(PathBuf::from("snapshots"), Mode::Compare);
    let replayer = Replayer::new(client, Compare::Shape).bound(page.map(Arc::new));
    let quiet: Vec<Box<dyn Reporter>> = Vec::new();
    let mut reporter = (Shown::new(quiet), &mut recorder);
    run::run(&plan, &replayer, &snapshots, &mut reporter).await?;
    Ok(recorder.into_recording())
}
