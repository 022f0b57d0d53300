//! `show`: everything known of one call.

use std::io::{self, Write};

use carbon_specs::Contract;
use carbon_specs::example::{Example, Variant};
use carbon_specs::step::{Check, Read, Step};
use serde_json::Value;

use super::args::ShowArgs;
use super::error::CliError;
use crate::brief::{chain, plural};
use crate::catalog::{self, SelectionError};
use crate::catalog::{Form, forms_of};
use crate::report::heading_style;
use crate::snapshot::Mode;

/// Rows of a loop that are shown.
const MOST_ROWS: usize = 10;

/// Carries out `show`.
///
/// # Errors
/// See [`CliError`].
pub fn show(args: &ShowArgs) -> Result<u8, CliError> {
    let contract = super::contract(args.specs.as_deref())?;
    let wanted = catalog::Wanted { ids: vec![args.id.clone()], ..Default::default() };
    let example = match catalog::select(&contract, &wanted)?.as_slice() {
        [example] => *example,
        several => {
            let ids: Vec<&str> = several.iter().map(|example| example.id.as_str()).collect();
            return Err(SelectionError::UnknownId(args.id.clone(), format!("; there are {}", ids.join(", "))).into());
        }
    };
    let snapshots = super::snapshots(args.snapshots.as_deref(), Mode::Compare)?;
    super::print(|out| {
        head(out, &contract, example)?;
        for (form, variant) in forms_of(example) {
            show_variant(out, example, form, variant)?;
            title(out, "Snapshot")?;
            match snapshots.text(&example.id, form) {
                Ok(Some(text)) => writeln!(out, "{}", text.trim_end())?,
                Ok(None) => writeln!(out, "none yet; `carbon-harness run --update` writes it")?,
                Err(error) => writeln!(out, "{error}")?,
            }
        }
        Ok(())
    })
}

fn head(out: &mut dyn Write, contract: &Contract, example: &Example) -> io::Result<()> {
    let style = heading_style();
    let heading = catalog::heading(contract, example.section());
    writeln!(out, "{style}{}{style:#}  page line {}  {heading}", example.id, example.line)?;
    writeln!(out, "{}", example.title)?;
    if let Some(erratum) = &example.erratum {
        let kind = serde_json::to_value(erratum.kind)?;
        title(out, &format!("Misprint: {}", kind.as_str().unwrap_or_default()))?;
        writeln!(out, "{}", erratum.text)?;
    }
    if !example.before.is_empty() {
        title(out, "Needs")?;
        steps(out, &example.before)?;
    }
    Ok(())
}

fn show_variant(out: &mut dyn Write, example: &Example, form: Form, variant: &Variant) -> io::Result<()> {
    title(
        out,
        match (example.erratum.is_some(), form) {
            (false, _) => "Command",
            (true, Form::Printed) => "Command, as printed",
            (true, Form::Corrected) => "Command, corrected",
        },
    )?;
    writeln!(out, "{}", variant.command.trim_end())?;
    if let Some(reason) = &variant.nothing_sent {
        title(out, "Nothing is sent")?;
        return writeln!(out, "{reason}");
    }
    if let Some(request) = &variant.request {
        title(out, "Sends")?;
        writeln!(out, "POST {}", request.path)?;
        writeln!(out, "{}", request.body)?;
        writeln!(out, "  = {}", chain(&request.body))?;
    }
    if let Some(turns) = &variant.turns {
        title(out, &plural(turns.rows.len(), "turn", "turns"))?;
        for row in turns.rows.iter().take(MOST_ROWS) {
            let row: Vec<String> =
                turns.variables.iter().zip(row).map(|(name, value)| format!("{name}={value}")).collect();
            writeln!(out, "  {}", row.join(" "))?;
        }
        if turns.rows.len() > MOST_ROWS {
            writeln!(out, "  ... {} more", turns.rows.len() - MOST_ROWS)?;
        }
    }
    title(out, "Expects of the reply")?;
    for check in &variant.reply {
        writeln!(out, "  {}", check_line(check)?)?;
    }
    if !variant.after.is_empty() {
        title(out, "Expects afterwards")?;
        steps(out, &variant.after)?;
    }
    Ok(())
}

fn title(out: &mut dyn Write, text: &str) -> io::Result<()> {
    let style = heading_style();
    writeln!(out, "\n{style}{text}{style:#}")
}

fn steps(out: &mut dyn Write, steps: &[Step]) -> io::Result<()> {
    for step in steps {
        match step {
            Step::Call { path, body, reply, .. } => {
                writeln!(out, "  call {path} {}", chain(body))?;
                for check in reply {
                    writeln!(out, "    {}", check_line(check)?)?;
                }
            }
            Step::Read(read) => writeln!(out, "  {}", read_line(read)?)?,
            Step::Settle => writeln!(out, "  wait until the tasks are done")?,
            Step::Advance { by } => writeln!(out, "  let {by} pass")?,
        }
    }
    Ok(())
}

/// `/result/pk equals 3`.
fn check_line(check: &Check) -> Result<String, serde_json::Error> {
    let at = if check.at.is_empty() { "the reply" } else { &check.at };
    Ok(format!("{at} {}", expectation(serde_json::to_value(check)?, &["at"])))
}

/// `Abonents {"id":45} name equals "x"`.
fn read_line(read: &Read) -> Result<String, serde_json::Error> {
    let filter = Value::Object(read.filter.clone());
    let field = read.field.as_deref().unwrap_or_default();
    let unchanged = if read.already { " (as before)" } else { "" };
    let expected = expectation(serde_json::to_value(read)?, &["model", "where", "field", "already"]);
    Ok(format!("{} {filter} {field} {expected}{unchanged}", read.model))
}

/// What is given besides the place: `equals 3`.
fn expectation(value: Value, besides: &[&str]) -> String {
    let Value::Object(pairs) = value else { return String::new() };
    let given = pairs.iter().filter(|(key, value)| !value.is_null() && !besides.contains(&key.as_str()));
    given.map(|(key, value)| format!("{key} {value}")).collect::<Vec<_>>().join(", ")
}
