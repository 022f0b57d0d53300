//! The report for machines: one JSON document at the end.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::collected::Collected;
use super::{Event, Reporter};
use crate::outcome::Summary;

/// The form of the document: raised when a program that reads it would have to be changed.
const FORM: u32 = 1;

/// Collects everything and writes one JSON object when the run is over.
pub struct Json<W> {
    out: W,
    collected: Collected,
}

impl<W: Write> Json<W> {
    /// Writes into `out`.
    pub fn new(out: W) -> Self {
        Self { out, collected: Collected::default() }
    }
}

impl<W: Write> Reporter for Json<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.collected.take(event);
        let Event::Finished(summary) = event else { return Ok(()) };
        serde_json::to_writer_pretty(&mut self.out, &document(&self.collected, summary)?)?;
        writeln!(self.out)?;
        self.out.flush()
    }
}

/// The document.
///
/// # Errors
/// What cannot be spelled as JSON.
pub fn document(collected: &Collected, summary: &Summary) -> io::Result<Value> {
    let mut examples = Vec::with_capacity(collected.examples.len());
    for outcome in &collected.examples {
        let mut entry = serde_json::to_value(outcome)?;
        entry["status"] = serde_json::to_value(outcome.status())?;
        examples.push(entry);
    }
    Ok(json!({
        "form": FORM,
        "harness": env!("CARGO_PKG_VERSION"),
        "target": collected.target,
        "conforms": summary.conforms(),
        "summary": summary,
        "examples": examples,
        "rules": collected.cases,
    }))
}
