//! The report for machines: one JSON document at the end.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Event, Reporter};

/// Collects everything and writes one JSON object when the run is over.
pub struct Json<W> {
    out: W,
    target: Value,
    examples: Vec<Value>,
    cases: Vec<Value>,
}

impl<W: Write> Json<W> {
    /// Writes into `out`.
    pub fn new(out: W) -> Self {
        Self { out, target: Value::Null, examples: Vec::new(), cases: Vec::new() }
    }
}

impl<W: Write> Reporter for Json<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Started { target, is_ours, .. } => {
                // The embedded mock takes any free port; a report must not differ for that.
                self.target = if *is_ours { json!("embedded") } else { json!(target) };
            }
            Event::Working { .. } => {}
            Event::Example(outcome) => {
                let mut entry = serde_json::to_value(outcome)?;
                entry["status"] = serde_json::to_value(outcome.status())?;
                self.examples.push(entry);
            }
            Event::Case(outcome) => self.cases.push(serde_json::to_value(outcome)?),
            Event::Finished(summary) => {
                let report = json!({
                    "target": self.target,
                    "conforms": summary.conforms(),
                    "summary": summary,
                    "examples": self.examples,
                    "rules": self.cases,
                });
                serde_json::to_writer_pretty(&mut self.out, &report)?;
                writeln!(self.out)?;
                self.out.flush()?;
            }
        }
        Ok(())
    }
}
