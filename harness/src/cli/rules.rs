//! `rules`: what is stated about behaviour, where, and what proves it.

use serde_json::{Value, json};

use super::args::{Format, RulesArgs};
use super::error::CliError;
use crate::report::heading_style;

/// Carries out `rules`.
///
/// # Errors
/// See [`CliError`].
pub fn rules(args: &RulesArgs) -> Result<u8, CliError> {
    let contract = super::contract(args.specs.as_deref())?;
    super::print(|out| {
        if args.format == Format::Json {
            let entries: Vec<Value> = contract
                .rules
                .iter()
                .map(|rule| {
                    json!({
                        "id": rule.id,
                        "line": rule.source.line(),
                        "provenance": rule.source.provenance(),
                        "text": rule.text,
                        "says": rule.says,
                        "why": rule.why,
                        "examples": rule.examples,
                        "tests": rule.tests,
                        "cases": rule.cases.iter().map(|case| case.name.as_str()).collect::<Vec<_>>(),
                    })
                })
                .collect();
            serde_json::to_writer_pretty(&mut *out, &entries)?;
            return writeln!(out);
        }
        let style = heading_style();
        for rule in &contract.rules {
            writeln!(out, "{style}{}{style:#}  {}", rule.id, rule.source)?;
            writeln!(out, "  {}", rule.says)?;
            for case in &rule.cases {
                writeln!(out, "  case: {}", case.name)?;
            }
            if !rule.examples.is_empty() {
                writeln!(out, "  proved by {}", rule.examples.join(", "))?;
            }
            for test in &rule.tests {
                writeln!(out, "  test: {test}")?;
            }
        }
        Ok(())
    })
}
