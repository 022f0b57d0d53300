//! `--deviate NAME` and `--list-deviations`: the mock misbehaves on purpose, and says so.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use crate::deviate::probe::Step;
use crate::deviation::{Deviation, Deviations, Shows};
use crate::server::Builder;
use crate::wire;

/// How a server may misbehave.
#[derive(Debug, Args)]
pub struct DeviateArgs {
    /// Misbehave in this way, as an upgrade of the billing might; can be given several times.
    #[arg(long, value_name = "NAME")]
    deviate: Vec<Deviation>,
}

/// What prints the list instead of serving.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Print every deviation (name, whether reads alone can show it, what it does) and end.
    #[arg(long, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    list_deviations: Option<Format>,
    /// The form of --list-deviations.
    #[arg(long, value_enum, requires = "list_deviations", conflicts_with = "deviate")]
    format: Option<Format>,
}

/// A form of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

impl DeviateArgs {
    /// The builder of a server that misbehaves so.
    pub fn apply(&self, builder: Builder) -> Builder {
        self.deviate.iter().fold(builder, |builder, deviation| builder.deviate(*deviation))
    }

    /// Says on standard error that the server is not faithful, where it is not.
    pub fn warn(&self) {
        let on: Deviations = self.deviate.iter().copied().collect();
        if !on.is_empty() {
            let names: Vec<&str> = on.iter().map(Deviation::name).collect();
            let _ = writeln!(io::stderr(), "warning: this mock misbehaves on purpose: {}", names.join(", "));
        }
    }
}

impl ListArgs {
    /// The form in which the list is asked for, if it is.
    pub fn wanted(&self) -> Option<Format> {
        self.list_deviations.map(|inline| self.format.unwrap_or(inline))
    }
}

/// Prints the list.
///
/// # Errors
/// Where the output cannot be written.
pub fn list(out: &mut impl Write, format: Format) -> io::Result<()> {
    match format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &listing())?;
            writeln!(out)
        }
        Format::Text => text(out),
    }
}

fn listing() -> Json {
    let entries: Vec<Json> = Deviation::all()
        .map(|deviation| {
            json!({
                "name": deviation.name(),
                "group": deviation.group().name(),
                "shows": deviation.shows().name(),
                "only_in_bytes": deviation.only_in_bytes(),
                "summary": deviation.summary(),
                "probe": deviation.probe().iter().map(step).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({ "deviations": entries })
}

/// A step of a probe: a call, or the side door's command that runs what waits.
fn step(step: &Step) -> Json {
    match step {
        Step::Call(model, body) => json!({ "path": format!("{}{model}/", wire::ROOT), "body": body }),
        Step::RunTasks => json!({ "path": "/__mock__/tasks/run", "body": "" }),
    }
}

fn text(out: &mut impl Write) -> io::Result<()> {
    let width = Deviation::all().map(|deviation| deviation.name().len()).max().unwrap_or(0);
    let mut group = None;
    for deviation in Deviation::all() {
        if group.replace(deviation.group()) != Some(deviation.group()) {
            writeln!(out, "{}", deviation.group())?;
        }
        let (name, shows) = (deviation.name(), deviation.shows().name());
        writeln!(out, "  {name:width$}  {shows:6}  {}", deviation.summary())?;
    }
    let reads = Deviation::all().filter(|deviation| deviation.shows() == Shows::Reads).count();
    writeln!(out, "{} deviations, {reads} of them shown by reads alone", Deviation::all().len())
}
