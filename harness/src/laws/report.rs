//! Tells people and machines what became of the laws.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::run::{Checked, Held};
use super::shrink::Failing;
use crate::brief::plural;
use crate::outcome::Status;

/// For people: what is broken, with commands to copy; then what was not tried; then the sum.
///
/// # Errors
/// Those of the writer.
pub fn text(out: &mut dyn Write, base: &str, checked: &Checked, verbose: bool) -> io::Result<()> {
    for law in &checked.laws {
        match (&law.failing, law.status) {
            (Some(failing), status) => {
                let word = if status == Status::Warn { "WARN" } else { "FAIL" };
                // A law may be sure where what it was tried on is not.
                let weaker = failing.wrong.standing.filter(|standing| *standing > law.source.provenance());
                let weaker =
                    weaker.map(|standing| format!("; here it rests on what is {standing}")).unwrap_or_default();
                writeln!(out, "{word}  {}  ({}{weaker})", law.name, law.source)?;
                writeln!(out, "  law       {}", law.says)?;
                for (call, reply) in failing.calls.iter().zip(&failing.replies) {
                    writeln!(out, "  sent      {}", call.curl(base))?;
                    writeln!(out, "  answered  {}", reply.short())?;
                }
                writeln!(out, "  expected  {}", failing.wrong.expected)?;
                writeln!(out, "  got       {}\n", failing.wrong.got)?;
            }
            (None, Status::Pass) if verbose => {
                writeln!(out, "pass  {}  {}", law.name, plural(law.cases, "case", "cases"))?
            }
            _ => {}
        }
    }
    for law in checked.laws.iter().filter(|law| law.status == Status::NotRun) {
        writeln!(out, "not run  {}: {}", law.name, law.why.as_deref().unwrap_or("no reason"))?;
    }
    let blind: Vec<String> =
        checked.models.iter().filter_map(|model| Some(format!("{} ({})", model.name, model.note.as_ref()?))).collect();
    if !blind.is_empty() {
        writeln!(out, "models without rows: {}", blind.join("; "))?;
    }
    if let Some(stopped) = &checked.stopped {
        writeln!(out, "ended early: {stopped}")?;
    }
    if checked.unsteady > 0 {
        let cases = plural(checked.unsteady, "case", "cases");
        writeln!(out, "{cases} failed once and not again: the data moved")?;
    }
    let count = |status| checked.count(status);
    writeln!(
        out,
        "{}: {} hold, {} broken, {}, {} not run   {}, {}, seed {}",
        plural(checked.laws.len(), "law", "laws"),
        count(Status::Pass),
        count(Status::Fail),
        plural(count(Status::Warn), "warning", "warnings"),
        count(Status::NotRun),
        plural(checked.laws.iter().map(|law| law.cases).sum::<usize>(), "case", "cases"),
        plural(checked.requests, "request", "requests"),
        checked.seed
    )
}

/// For machines.
pub fn json(base: &str, checked: &Checked) -> Value {
    let models: Vec<Value> = checked
        .models
        .iter()
        .map(
            |model| json!({"name": model.name, "count": model.count, "looked_at": model.looked_at, "note": model.note}),
        )
        .collect();
    json!({
        "target": base,
        "seed": checked.seed,
        "requests": checked.requests,
        "stopped": checked.stopped,
        "unsteady": checked.unsteady,
        "conforms": checked.conforms(),
        "models": models,
        "laws": checked.laws.iter().map(|law| held(base, law)).collect::<Vec<_>>(),
    })
}

fn held(base: &str, law: &Held) -> Value {
    let mut value = json!({
        "name": law.name,
        "says": law.says,
        "source": law.source,
        "status": law.status,
        "cases": law.cases,
        "vacuous": law.vacuous,
    });
    if let Some(why) = &law.why {
        value["why"] = json!(why);
    }
    if let Some(Failing { calls, replies, wrong }) = &law.failing {
        let calls: Vec<Value> = calls
            .iter()
            .zip(replies)
            .map(|(call, reply)| json!({"sent": call.sent(), "curl": call.curl(base), "answered": reply.short()}))
            .collect();
        value["calls"] = json!(calls);
        value["expected"] = json!(wrong.expected);
        value["got"] = json!(wrong.got);
        if let Some(standing) = wrong.standing {
            value["rests_on"] = json!(standing);
        }
    }
    value
}

/// The list of laws.
///
/// # Errors
/// Those of the writer.
pub fn list(out: &mut dyn Write, laws: &[(&str, &str, carbon_specs::Source)]) -> io::Result<()> {
    let width = laws.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
    for (name, says, source) in laws {
        writeln!(out, "{name:width$}  {says} ({source})")?;
    }
    Ok(())
}
