//! The report for people: a line for each section, a block for each failure, a summary.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::causes::{Cause, causes};
use super::{Event, Reporter};
use crate::brief::chain;
use crate::catalog::Form;
use crate::check::Mismatch;
use crate::diff::{Difference, Line, Side};
use crate::embedded::{CLOCK, SEED};
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::literal::Isolation;
use crate::outcome::{CaseOutcome, ExampleOutcome, FormOutcome, Status, Summary, Tally};
use crate::regression::changes::Change;
use crate::regression::findings;

/// Lines of one difference that are shown unless everything is asked for.
const MOST_LINES: usize = 60;

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Failures and the summary.
    Quiet,
    /// A line for each section too.
    Normal,
    /// A line for each example too.
    Verbose,
}

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const EXPECTED: Style = AnsiColor::Red.on_default();
const OBSERVED: Style = AnsiColor::Green.on_default();
const WARNED: Style = AnsiColor::Yellow.on_default();
const QUIET: Style = Style::new().dimmed();
const HEADING: Style = Style::new().bold();

/// How headings look.
pub fn heading_style() -> Style {
    HEADING
}

/// Writes for people. Colours are always written; the stream strips them where they are not wanted.
pub struct Text<W> {
    out: W,
    detail: Detail,
    section: Option<Section>,
    /// What is not as it was recorded, by example.
    drift: Vec<(String, Change)>,
    /// Whose call was refused, and the error.
    refused: Vec<(String, String)>,
}

/// The section being told of.
struct Section {
    heading: String,
    calls: Tally,
    misprints: Tally,
    corrected: Tally,
}

impl<W: Write> Text<W> {
    /// Writes into `out`.
    pub fn new(out: W, detail: Detail) -> Self {
        Self { out, detail, section: None, drift: Vec::new(), refused: Vec::new() }
    }

    fn enter(&mut self, heading: &str) -> io::Result<()> {
        if self.section.as_ref().is_some_and(|section| section.heading == heading) {
            return Ok(());
        }
        self.leave()?;
        if self.detail == Detail::Verbose {
            writeln!(self.out, "{HEADING}{heading}{HEADING:#}")?;
        }
        self.section = Some(Section {
            heading: heading.to_owned(),
            calls: Tally::default(),
            misprints: Tally::default(),
            corrected: Tally::default(),
        });
        Ok(())
    }

    fn leave(&mut self) -> io::Result<()> {
        let Some(section) = self.section.take() else { return Ok(()) };
        if self.detail == Detail::Quiet {
            return Ok(());
        }
        let calls = section.calls;
        let style = match calls {
            Tally { fail: 1.., .. } | Tally { drift: 1.., .. } => BAD,
            Tally { warn: 1.., .. } | Tally { pass: 0, .. } => WARNED,
            _ => GOOD,
        };
        let mut line = format!("{style}{:>4} of {:<4}{style:#}", calls.pass, calls.total);
        line.push_str(&section.heading);
        if section.misprints.total > 0 {
            line.push_str(&format!(
                "{QUIET}  ({} misprinted; corrected: {} of {}){QUIET:#}",
                section.misprints.total,
                section.corrected.pass,
                section.corrected.run()
            ));
        }
        if calls.not_run > 0 {
            line.push_str(&format!("{WARNED}  {} not run{WARNED:#}", calls.not_run));
        }
        writeln!(self.out, "{line}")
    }

    fn example(&mut self, outcome: &ExampleOutcome) -> io::Result<()> {
        self.enter(&outcome.heading)?;
        if let Some(section) = &mut self.section {
            section.calls.count(outcome.status());
            for form in outcome.forms.iter().filter(|_| outcome.erratum.is_some()) {
                match form.form {
                    Form::Printed => section.misprints.count(form.status),
                    Form::Corrected => section.corrected.count(form.status),
                }
            }
        }
        for form in &outcome.forms {
            if self.detail == Detail::Verbose || form.status >= Status::Known || form.folder.is_some() {
                self.form_line(outcome, form)?;
            }
            for fault in &form.faults {
                if let Fault::Drift { change } = fault {
                    self.drift.push((outcome.id.clone(), change.clone()));
                }
                self.take_refusal(&outcome.id, fault);
            }
            // The same change is seen in many replies; it is told once, at the end.
            if form.status == Status::Fail || form.status == Status::Drift && self.detail == Detail::Verbose {
                self.failure(outcome, form)?;
            }
        }
        Ok(())
    }

    fn take_refusal(&mut self, name: &str, fault: &Fault) {
        if let Some(refusal) = fault.mismatch().filter(|mismatch| mismatch.is_refusal) {
            self.refused.push((name.to_owned(), refusal.observed.clone()));
        }
    }

    fn form_line(&mut self, outcome: &ExampleOutcome, form: &FormOutcome) -> io::Result<()> {
        let (style, word) = word(form.status);
        let spelling = spelling(outcome, form.form);
        write!(self.out, "{style}{word:<7}{style:#} {HEADING}{}{HEADING:#}{spelling}", outcome.id)?;
        if outcome.line > 0 {
            write!(self.out, "  page line {}", outcome.line)?;
        }
        match (&form.reason, form.status) {
            (Some(reason), Status::NotRun) => write!(self.out, "  {QUIET}{reason}{QUIET:#}")?,
            (Some(_), _) => write!(self.out, "  {QUIET}nothing is sent{QUIET:#}")?,
            (None, Status::Known) => {
                write!(self.out, "  {QUIET}{}{QUIET:#}", form.known.as_deref().unwrap_or_default())?;
            }
            (None, _) if form.exchanges.len() != 1 => {
                let sent = form.exchanges.len();
                write!(self.out, "  {QUIET}{sent} {}{QUIET:#}", plural(sent, "request"))?
            }
            (None, _) => {}
        }
        if let Some(ended) = form.shell.as_ref().filter(|ended| form.status == Status::Pass && !ended.is_clean()) {
            write!(self.out, "  {QUIET}{}{QUIET:#}", ended.with)?;
        }
        if form.updated.is_some() {
            write!(self.out, "  {WARNED}snapshot written{WARNED:#}")?;
        }
        if let Some(folder) = &form.folder {
            write!(self.out, "  {QUIET}{folder}{QUIET:#}")?;
        }
        writeln!(self.out)
    }

    fn failure(&mut self, outcome: &ExampleOutcome, form: &FormOutcome) -> io::Result<()> {
        let out = &mut self.out;
        writeln!(out, "  {QUIET}for{QUIET:#}     {}", outcome.title)?;
        let turn = form.faults.iter().find_map(|fault| match fault {
            Fault::Reply { turn, .. } => *turn,
            _ => None,
        });
        if let Some(Exchange { sent, .. }) = form.exchanges.get(turn.map_or(0, |turn| turn - 1)) {
            writeln!(out, "  {QUIET}sent{QUIET:#}    {}  {}", sent.path, chain(&sent.body))?;
        }
        for fault in &form.faults {
            write_fault(out, fault, self.detail)?;
        }
        if outcome.line > 0 {
            let command = if form.shell.is_some() { "literal" } else { "run" };
            writeln!(out, "  {QUIET}again{QUIET:#}   carbon-harness {command} {}", outcome.id)?;
        }
        writeln!(out)
    }

    fn case(&mut self, outcome: &CaseOutcome) -> io::Result<()> {
        self.enter("Rules")?;
        if let Some(section) = &mut self.section {
            section.calls.count(outcome.status);
        }
        if self.detail == Detail::Verbose || outcome.status >= Status::Known {
            let (style, word) = word(outcome.status);
            let source = match outcome.line {
                Some(line) => format!("page line {line}"),
                None => outcome.provenance.to_string(),
            };
            writeln!(
                self.out,
                "{style}{word:<7}{style:#} {HEADING}{}{HEADING:#}  {source}  {}",
                outcome.rule, outcome.name
            )?;
        }
        if let Some(known) = &outcome.known {
            return writeln!(self.out, "  {QUIET}known{QUIET:#}   {known}\n");
        }
        if !outcome.faults.is_empty() {
            writeln!(self.out, "  {QUIET}rule{QUIET:#}    {}", outcome.says)?;
            for fault in &outcome.faults {
                self.take_refusal(&outcome.rule, fault);
                write_fault(&mut self.out, fault, self.detail)?;
            }
            writeln!(self.out, "  {QUIET}again{QUIET:#}   carbon-harness run --only-rules {}", outcome.rule)?;
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        self.leave()?;
        let changed = findings::grouped(self.drift.drain(..));
        if !changed.is_empty() {
            writeln!(self.out, "{HEADING}changed since the baseline{HEADING:#}")?;
            findings::write(&mut self.out, &changed)?;
            writeln!(self.out)?;
        }
        let refused = std::mem::take(&mut self.refused);
        let causes = causes(refused.iter().map(|(name, error)| (name.as_str(), error.as_str())));
        if !causes.is_empty() {
            writeln!(self.out, "{HEADING}one cause behind several findings{HEADING:#}")?;
            for Cause { error, findings, names } in &causes {
                writeln!(self.out, "{findings:>4}  {error}\n      {QUIET}{}{QUIET:#}", names.join(", "))?;
            }
            writeln!(self.out)?;
        }
        if !summary.reasons.is_empty() {
            writeln!(self.out, "{WARNED}not run{WARNED:#}")?;
            for reason in summary.told_reasons() {
                writeln!(self.out, "  {QUIET}{reason}{QUIET:#}")?;
            }
            writeln!(self.out)?;
        }
        let Summary { examples, misprints, corrected, cases, .. } = summary;
        let style = if summary.conforms() { GOOD } else { BAD };
        let mut parts = Vec::new();
        if examples.total > 0 {
            parts.push(format!("{} {}: {}", examples.total, plural(examples.total, "example"), tally(examples)));
        }
        if misprints.total > 0 {
            parts.push(format!(
                "{} {} replayed as printed, {} of {} corrected forms pass",
                misprints.run(),
                plural(misprints.total, "misprint"),
                corrected.pass,
                corrected.run()
            ));
        }
        if cases.total > 0 {
            let standing = summary.standings.iter().map(|(standing, tally)| match tally.red() + tally.warn {
                0 => format!("{} {standing}", tally.total),
                wrong => format!("{} {standing}, {wrong} of them wrong", tally.total),
            });
            let standing = standing.collect::<Vec<_>>().join(", ");
            let cases_of = plural(cases.total, "case");
            parts.push(format!("{} {cases_of} of rules: {} ({standing})", cases.total, tally(cases)));
        }
        if summary.updated > 0 {
            parts.push(format!("{} {} written", summary.updated, plural(summary.updated, "snapshot")));
        }
        if summary.not_in_baseline > 0 {
            parts.push(format!("{} not in the baseline", summary.not_in_baseline));
        }
        if !summary.orphans.is_empty() {
            let orphans = plural(summary.orphans.len(), "snapshot");
            parts.push(format!("{} {orphans} of no call: {}", summary.orphans.len(), summary.orphans.join(", ")));
        }
        if summary.stopped_early {
            parts.push("stopped at the first failure".to_owned());
        }
        if summary.interrupted {
            parts.push("interrupted: the rest was not run".to_owned());
        }
        writeln!(
            self.out,
            "{style}{}{style:#}   {} {}, {:.1} s",
            parts.join("; "),
            summary.requests,
            plural(summary.requests, "request"),
            summary.elapsed.as_secs_f64()
        )?;
        self.out.flush()
    }
}

impl<W: Write> Reporter for Text<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Started { target, is_ours, allowed, shell, .. } if self.detail > Detail::Quiet => {
                let target = if *is_ours {
                    format!("the embedded mock (clock {CLOCK}, seed {SEED})")
                } else {
                    format!("{target} ({allowed})")
                };
                let (style, doing) = match shell {
                    None => (QUIET, "replaying the page"),
                    Some(Isolation::Namespace { .. }) => (QUIET, "running the page's text, in a network of its own,"),
                    Some(Isolation::Machine) => {
                        (WARNED, "running the page's text, not isolated (only curl is pointed at the mock),")
                    }
                };
                writeln!(self.out, "{style}{doing} against {target}{style:#}")
            }
            Event::Started { .. } | Event::Working { .. } => Ok(()),
            Event::Example(outcome) => self.example(outcome),
            Event::Case(outcome) => self.case(outcome),
            Event::Finished(summary) => self.summary(summary),
        }
    }
}

/// `148 pass, 0 fail`, and what else there is.
fn tally(tally: &Tally) -> String {
    let more = [(tally.drift, "drift"), (tally.warn, "warn"), (tally.known, "known"), (tally.not_run, "not run")];
    let more = more.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!(", {count} {word}"));
    format!("{} pass, {} fail{}", tally.pass, tally.fail, more.collect::<String>())
}

fn word(status: Status) -> (Style, &'static str) {
    match status {
        Status::Pass => (GOOD, "pass"),
        Status::Fail => (BAD, "FAIL"),
        Status::Drift => (BAD, "DRIFT"),
        Status::Warn => (WARNED, "warn"),
        Status::Known => (WARNED, "known"),
        Status::NotRun => (WARNED, "not run"),
    }
}

fn spelling(outcome: &ExampleOutcome, form: Form) -> &'static str {
    match (outcome.erratum.is_some(), form) {
        (false, _) => "",
        (true, Form::Printed) => " (misprint, as printed)",
        (true, Form::Corrected) => " (corrected)",
    }
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

fn write_fault(out: &mut impl Write, fault: &Fault, detail: Detail) -> io::Result<()> {
    let label = |text: &str| format!("  {QUIET}{text:<7}{QUIET:#} ");
    match fault {
        Fault::Reply { turn, mismatch } => {
            let turn = turn.map(|turn| format!("  (turn {turn})")).unwrap_or_default();
            write_mismatch(out, &label("at"), &format!("{}{turn}", mismatch.at), &mismatch.expected, &mismatch.observed)
        }
        Fault::Before { mismatch } => {
            write_sent(out, mismatch)?;
            write_mismatch(out, &label("before"), &mismatch.at, &mismatch.expected, &mismatch.observed)
        }
        Fault::After { mismatch } => {
            write_sent(out, mismatch)?;
            write_mismatch(out, &label("after"), &mismatch.at, &mismatch.expected, &mismatch.observed)
        }
        Fault::NotJson { status, begins } => {
            writeln!(out, "{}the reply ({status}) is not JSON: {begins}", label("at"))
        }
        Fault::ProvesNothing { at } => writeln!(
            out,
            "{}{at}\n          holds before the task has run, so it proves nothing (the contract's fault)",
            label("after")
        ),
        Fault::Task { failed } => writeln!(out, "{}failed: {failed}", label("task")),
        Fault::Rows { missing, extra } => {
            writeln!(out, "{}the statement's rows are not the listed ones", label("sql"))?;
            for (style, sign, rows, what) in [(EXPECTED, '-', missing, "expected"), (OBSERVED, '+', extra, "selected")]
            {
                for row in rows.iter().take(10) {
                    writeln!(out, "          {style}{sign}{what} {}{style:#}", row.join(" "))?;
                }
                if rows.len() > 10 {
                    writeln!(out, "          {style}{sign}... {} more{style:#}", rows.len() - 10)?;
                }
            }
            Ok(())
        }
        Fault::Arrived { missing, extra } => {
            writeln!(out, "{}something else than the contract says", label("sent"))?;
            for (style, sign, list, what) in [(EXPECTED, '-', missing, "expected"), (OBSERVED, '+', extra, "arrived")] {
                for sent in list.iter().take(5) {
                    writeln!(out, "          {style}{sign}{what} {} {}{style:#}", sent.path, sent.body)?;
                }
                if list.len() > 5 {
                    writeln!(out, "          {style}{sign}... {} more{style:#}", list.len() - 5)?;
                }
            }
            Ok(())
        }
        Fault::Shell { ended } => {
            writeln!(out, "{}{}", label("shell"), ended.told())?;
            ended.stderr.lines().try_for_each(|line| writeln!(out, "          {line}"))
        }
        Fault::Snapshot { file, difference } => {
            writeln!(out, "{}{file}", label("differs"))?;
            let most = if detail == Detail::Verbose { usize::MAX } else { MOST_LINES };
            paint_difference(out, difference, most)
        }
        Fault::NoSnapshot { file } => {
            writeln!(out, "{}there is no {file} yet; `run --update` writes it", label("differs"))
        }
        Fault::Drift { change } => writeln!(out, "{}{} {}", label("drift"), change.at, change.what),
        Fault::Listed { text } => writeln!(out, "{}{text}", label("known")),
        Fault::Trouble { text } => writeln!(out, "{}{text}", label("trouble")),
    }
}

fn write_sent(out: &mut impl Write, mismatch: &Mismatch) -> io::Result<()> {
    match &mismatch.sent {
        Some(sent) => writeln!(out, "  {QUIET}sent{QUIET:#}    {}  {}", sent.path, chain(&sent.body)),
        None => Ok(()),
    }
}

fn write_mismatch(out: &mut impl Write, label: &str, at: &str, expected: &str, observed: &str) -> io::Result<()> {
    writeln!(out, "{label}{at}")?;
    writeln!(out, "          {EXPECTED}-expected {expected}{EXPECTED:#}")?;
    writeln!(out, "          {OBSERVED}+observed {observed}{OBSERVED:#}")
}

/// Writes a difference, with the changed parts of a line set off, up to a number of lines.
///
/// # Errors
/// Those of writing.
pub fn paint_difference(out: &mut impl Write, difference: &Difference, most: usize) -> io::Result<()> {
    let total: usize = difference.hunks.iter().map(Vec::len).sum();
    let mut shown = 0;
    for (index, hunk) in difference.hunks.iter().enumerate() {
        if index > 0 && shown < most {
            writeln!(out, "          {QUIET}...{QUIET:#}")?;
        }
        for line in hunk.iter().take(most - shown) {
            paint_line(out, line)?;
            shown += 1;
        }
    }
    if shown < total {
        let left = total - shown;
        writeln!(out, "          {QUIET}... {left} {} more; -v shows all{QUIET:#}", plural(left, "line"))?;
    }
    Ok(())
}

fn paint_line(out: &mut impl Write, line: &Line) -> io::Result<()> {
    let (style, sign) = match line.side {
        Side::Both => (QUIET, ' '),
        Side::Expected => (EXPECTED, '-'),
        Side::Observed => (OBSERVED, '+'),
    };
    write!(out, "          {style}{sign}")?;
    let mut at = 0;
    for range in &line.changed {
        let strong = style.bold().underline();
        write!(out, "{}{style:#}{strong}{}{strong:#}{style}", &line.text[at..range.start], &line.text[range.clone()])?;
        at = range.end;
    }
    writeln!(out, "{}{style:#}", &line.text[at..])
}
