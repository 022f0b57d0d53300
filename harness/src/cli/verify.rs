//! `verify`: what a mock has seen of an integration, judged: a running mock's, or a journal that one saved.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::args::Format;
use super::error::CliError;
use crate::embedded::{self, Verdict};
use crate::exit;
use crate::target::{BaseUrl, Client, Policy};

/// Where a mock tells its verdict.
const VERDICT: &str = "/__mock__/verdict";

/// How long the mock may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// The mock to ask.
    #[arg(long, value_name = "URL", env = "CARBON_MOCK_URL", default_value = "http://127.0.0.1:8082")]
    pub mock: String,
    /// A saved journal to judge instead, `-` for standard input: what `/__mock__/journal` answers.
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// What is written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Carries out `verify`.
///
/// # Errors
/// See [`CliError`].
pub fn verify(args: &VerifyArgs) -> Result<u8, CliError> {
    let verdict = match &args.journal {
        Some(file) => saved(file)?,
        None => asked(&args.mock)?,
    };
    super::print(|out| match args.format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &verdict)?;
            writeln!(out)
        }
        Format::Text => writeln!(out, "{verdict}"),
    })?;
    Ok(if verdict.is_clean() { exit::CONFORMS } else { exit::MISMATCH })
}

fn asked(mock: &str) -> Result<Verdict, CliError> {
    let base = BaseUrl::parse(mock)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(Client::new(base, Policy::Everything, TIMEOUT)?.get(VERDICT))?;
    let no_mock = || CliError::Usage(format!("{mock} is no carbon-mock: it tells no verdict at {VERDICT}"));
    let mut told: Value = answer.json().map_err(|_| no_mock())?;
    serde_json::from_value(told["verdict"].take()).map_err(|_| no_mock())
}

fn saved(file: &Path) -> Result<Verdict, CliError> {
    let wrong = |error: String| {
        let how = "it must be what /__mock__/journal answers, or `carbon-mock serve --save-journal` writes";
        CliError::Usage(format!("{} cannot be judged: {error}; {how}", file.display()))
    };
    let mut text = Vec::new();
    let read = match file.to_str() {
        Some("-") => std::io::stdin().read_to_end(&mut text),
        _ => std::fs::File::open(file).and_then(|mut file| file.read_to_end(&mut text)),
    };
    read.map_err(|error| wrong(error.to_string()))?;
    embedded::judge(&super::contract(None)?, &text).map_err(|error| wrong(error.to_string()))
}
