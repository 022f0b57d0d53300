//! `list`: the documented calls.

use serde_json::{Value, json};

use super::args::{Format, ListArgs};
use super::error::CliError;
use crate::catalog;
use crate::report::heading_style;

/// Carries out `list`.
///
/// # Errors
/// See [`CliError`].
pub fn list(args: &ListArgs) -> Result<u8, CliError> {
    let contract = super::contract(args.specs.as_deref())?;
    let examples = catalog::select(&contract, &args.selection.wanted())?;
    super::print(|out| {
        if args.format == Format::Json {
            let entries: Vec<Value> = examples
                .iter()
                .map(|example| {
                    json!({
                        "id": example.id,
                        "line": example.line,
                        "section": example.section(),
                        "model": example.model,
                        "methods": example.methods,
                        "kind": example.kind,
                        "erratum": example.erratum.as_ref().map(|erratum| erratum.kind),
                    })
                })
                .collect();
            serde_json::to_writer_pretty(&mut *out, &entries)?;
            return writeln!(out);
        }
        let mut section = "";
        for example in &examples {
            if example.section() != section {
                section = example.section();
                let style = heading_style();
                writeln!(out, "{style}{}{style:#} ({section})", catalog::heading(&contract, section))?;
            }
            let misprint = if example.erratum.is_some() { "  misprint" } else { "" };
            let kind = match example.kind {
                carbon_specs::example::Kind::Read => "read",
                carbon_specs::example::Kind::Write => "write",
            };
            let methods = example.methods.join(" . ");
            writeln!(
                out,
                "  {:<18} line {:<4} {kind:<5}  {} {methods}{misprint}",
                example.id, example.line, example.model
            )?;
        }
        Ok(())
    })
}
