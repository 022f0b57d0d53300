//! `explain`: what a curl command really sends, and what will go wrong.

use std::io::{self, Read};

use super::args::{ExplainArgs, Format};
use super::error::CliError;
use crate::exit;
use crate::explain::{self, Severity};

/// Carries out `explain`. A command with an error ends like anything that does not conform.
///
/// # Errors
/// See [`CliError`].
pub fn explain(args: &ExplainArgs) -> Result<u8, CliError> {
    let command = match args.command.as_slice() {
        [dash] if dash == "-" => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text)?;
            text
        }
        [text] => text.clone(),
        // The caller's own shell has already taken the quotes away, so they are put back.
        words => {
            shlex::try_join(words.iter().map(String::as_str)).map_err(|error| CliError::Usage(error.to_string()))?
        }
    };
    let contract = super::contract(args.specs.as_deref())?;
    let explanation = explain::explain(&command, &contract);
    super::print(|out| match args.format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &explanation)?;
            writeln!(out)
        }
        Format::Text => write!(out, "{explanation}"),
    })?;
    let fails = explanation.pitfalls.iter().any(|pitfall| pitfall.severity == Severity::Error);
    Ok(if fails { exit::MISMATCH } else { exit::CONFORMS })
}
