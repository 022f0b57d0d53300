//! One HTML file: every call with its request, what was expected, what came, and the difference; filters; nothing from elsewhere.

use std::io;

use askama::Template;

use super::causes::Cause;
use super::collected::{Collected, Item};
use crate::outcome::{Status, Summary};

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'p> {
    target: &'p str,
    conforms: bool,
    seconds: String,
    requests: usize,
    counts: Vec<(&'static str, usize)>,
    sections: Vec<&'p str>,
    causes: Vec<Cause>,
    items: Vec<Shown<'p>>,
}

struct Shown<'p> {
    item: &'p Item,
    status: &'static str,
    standing: String,
    open: bool,
}

/// The document.
///
/// # Errors
/// None in practice: those of writing into memory.
pub fn document(collected: &Collected, summary: &Summary) -> io::Result<String> {
    let items = collected.items();
    let mut sections: Vec<&str> = Vec::new();
    for item in &items {
        if !sections.contains(&item.section.as_str()) {
            sections.push(&item.section);
        }
    }
    let all = [Status::Fail, Status::Drift, Status::Warn, Status::Known, Status::NotRun, Status::Pass];
    let counts = all.map(|status| (word(status), items.iter().filter(|item| item.status == status).count()));
    let shown = items.iter().map(|item| Shown {
        item,
        status: word(item.status),
        standing: item.standing.to_string(),
        open: item.status.is_red(),
    });
    let page = Page {
        target: &collected.target,
        conforms: summary.conforms(),
        seconds: format!("{:.1}", summary.elapsed.as_secs_f64()),
        requests: summary.requests,
        counts: counts.into_iter().filter(|(_, count)| *count > 0).collect(),
        sections,
        causes: collected.causes(),
        items: shown.collect(),
    };
    page.render().map_err(io::Error::other)
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::NotRun => "not-run",
        Status::Known => "known",
        Status::Warn => "warn",
        Status::Drift => "drift",
        Status::Fail => "fail",
    }
}
