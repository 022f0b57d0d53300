//! JUnit's XML, which GitLab, Jenkins and GitHub's tools read: a suite for each section.

use std::io;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::collected::{Collected, Item};
use crate::outcome::{Status, Summary};

/// The document.
///
/// # Errors
/// What cannot be spelled as XML; control characters are left out before.
pub fn document(collected: &Collected, summary: &Summary) -> io::Result<String> {
    let mut report = Report::new(format!("carbon-harness on {}", collected.target));
    report.set_time(summary.elapsed);
    let mut suite: Option<TestSuite> = None;
    let mut time = Duration::ZERO;
    for item in collected.items() {
        if suite.as_ref().is_none_or(|suite| suite.name.as_str() != item.section) {
            report.add_test_suites(suite.take());
            suite = Some(TestSuite::new(item.section.clone()));
            time = Duration::ZERO;
        }
        if let Some(suite) = &mut suite {
            time += item.elapsed;
            suite.set_time(time);
            suite.add_test_case(case(&item));
        }
    }
    report.add_test_suites(suite);
    report.to_string().map_err(io::Error::other)
}

fn case(item: &Item) -> TestCase {
    let reason = item.reason.clone().unwrap_or_default();
    let status = match item.status {
        Status::Pass => TestCaseStatus::success(),
        Status::NotRun | Status::Known | Status::Warn => {
            let mut skipped = TestCaseStatus::skipped();
            let told = if reason.is_empty() {
                item.wrong.iter().map(|wrong| wrong.at.clone()).collect()
            } else {
                vec![reason]
            };
            skipped.set_message(told.join("; "));
            skipped.set_type(format!("{:?}", item.status).to_lowercase());
            skipped
        }
        Status::Drift | Status::Fail => {
            let mut failed = TestCaseStatus::non_success(NonSuccessKind::Failure);
            failed.set_type(if item.status == Status::Drift { "drift" } else { "fail" });
            failed.set_message(item.wrong.first().map(|wrong| wrong.at.clone()).unwrap_or_default());
            failed.set_description(description(item));
            failed
        }
    };
    let mut case = TestCase::new(format!("{}: {}", item.name, item.title), status);
    case.set_classname(format!("{}, {}", item.section, item.source));
    case.set_time(item.elapsed);
    case
}

fn description(item: &Item) -> String {
    let mut text = item.request.clone().unwrap_or_default();
    for wrong in &item.wrong {
        text.push_str(&format!("\n{}", wrong.at));
        if !(wrong.expected.is_empty() && wrong.got.is_empty()) {
            text.push_str(&format!("\n-expected {}\n+got      {}", wrong.expected, wrong.got));
        }
        for (sign, line) in &wrong.lines {
            text.push_str(&format!("\n{sign}{line}"));
        }
    }
    text
}
