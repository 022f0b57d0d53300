//! Markdown for a pull request's comment or a job's summary: the verdict, a table by section, then what is wrong.

use std::fmt::Write;

use super::causes::Cause;
use super::collected::{Collected, Item};
use crate::outcome::{Status, Summary, Tally};

/// A comment on GitHub holds 65,536 characters; this leaves room for what surrounds it. In bytes.
const MOST: usize = 60_000;

/// So many causes of several findings are told.
const MOST_CAUSES: usize = 20;

/// The document.
pub fn document(collected: &Collected, summary: &Summary) -> String {
    let items = collected.items();
    let verdict = if summary.conforms() { "conforms" } else { "does not conform" };
    let mut text = format!("## `{}` {verdict}\n\n", collected.target);
    text.push_str("| | pass | fail | drift | warn | known | not run |\n|---|---:|---:|---:|---:|---:|---:|\n");
    let mut sections: Vec<(&str, Tally)> = Vec::new();
    for item in &items {
        let place = sections.iter().position(|(name, _)| *name == item.section).unwrap_or_else(|| {
            sections.push((&item.section, Tally::default()));
            sections.len() - 1
        });
        sections[place].1.count(item.status);
    }
    for (name, tally) in &sections {
        row(&mut text, &escaped(name), tally);
    }
    for (standing, tally) in &summary.standings {
        row(&mut text, &format!("*rules, {standing}*"), tally);
    }
    if !summary.reasons.is_empty() {
        let _ = writeln!(text, "\nNot run: {}.", escaped(&summary.told_reasons().join("; ")));
    }
    let causes = collected.causes();
    if !causes.is_empty() {
        text.push_str("\nOne cause behind several findings:\n\n");
        for Cause { error, findings, names } in causes.iter().take(MOST_CAUSES) {
            let _ = writeln!(text, "- {findings}: {} ({})", escaped(error), escaped(&names.join(", ")));
        }
    }
    let told: Vec<&Item> = items.iter().filter(|item| item.status.is_red() || item.status == Status::Warn).collect();
    for (place, item) in told.iter().enumerate() {
        let block = block(item);
        if text.len() + block.len() > MOST {
            let _ = write!(text, "\n*{} more are in the whole report.*\n", told.len() - place);
            break;
        }
        text.push_str(&block);
    }
    text
}

fn row(text: &mut String, name: &str, tally: &Tally) {
    let Tally { pass, fail, drift, warn, known, not_run, .. } = tally;
    let _ = writeln!(text, "| {name} | {pass} | {fail} | {drift} | {warn} | {known} | {not_run} |");
}

fn block(item: &Item) -> String {
    let mut lines = Vec::new();
    for wrong in &item.wrong {
        lines.push(format!("  {}", wrong.at));
        if !(wrong.expected.is_empty() && wrong.got.is_empty()) {
            lines.push(format!("- expected {}", wrong.expected));
            lines.push(format!("+ got      {}", wrong.got));
        }
        lines.extend(wrong.lines.iter().take(40).map(|(sign, line)| format!("{sign} {line}")));
    }
    let status = format!("{:?}", item.status).to_lowercase();
    let title = escaped(&item.title);
    let mut text =
        format!("\n<details><summary><b>{status}</b> {} - {title} ({})</summary>\n\n", item.name, item.source);
    if let Some(request) = &item.request {
        text.push_str(&fenced("sh", request));
    }
    text.push_str(&fenced("diff", &lines.join("\n")));
    text.push_str("</details>\n");
    text
}

/// A block of code whose fence is longer than any within.
fn fenced(language: &str, code: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for sign in code.chars() {
        run = if sign == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(3.max(longest + 1));
    let cut: String = code.chars().take(4_000).collect();
    format!("{fence}{language}\n{cut}\n{fence}\n")
}

/// A text that no sign of Markdown or HTML takes effect in.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '\n' | '\r' => shown.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '@' => {
                shown.push('\\');
                shown.push(sign);
            }
            _ => shown.push(sign),
        }
    }
    shown
}
