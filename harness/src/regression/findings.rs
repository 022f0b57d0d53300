//! The same change, seen in many replies, told once.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::Serialize;

use super::changes::Change;
use crate::brief::plural;

/// So many calls are named for each finding.
const NAMED: usize = 5;

/// One change, and the calls that show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What changed, and where.
    #[serde(flatten)]
    pub change: Change,
    /// The ids of the calls whose replies show it.
    pub calls: Vec<String>,
}

impl Finding {
    /// In one line: `Users.opt82 is now a boolean (was a whole number) in 37 replies: users-1.1, users-1.2 ...`.
    pub fn sentence(&self) -> String {
        let named: Vec<&str> = self.calls.iter().take(NAMED).map(String::as_str).collect();
        let more = if self.calls.len() > NAMED { " ..." } else { "" };
        let replies = plural(self.calls.len(), "reply", "replies");
        format!("{} {} in {replies}: {}{more}", self.change.at, self.change.what, named.join(", "))
    }
}

/// Groups changes; what most replies show comes first.
pub fn grouped(changes: impl IntoIterator<Item = (String, Change)>) -> Vec<Finding> {
    let mut groups: BTreeMap<Change, Vec<String>> = BTreeMap::new();
    for (call, change) in changes {
        let calls = groups.entry(change).or_default();
        if !calls.contains(&call) {
            calls.push(call);
        }
    }
    let mut findings: Vec<Finding> = groups.into_iter().map(|(change, calls)| Finding { change, calls }).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.calls.len()));
    findings
}

/// From so many places on, one change of theirs is told of all of them together: a format of dates is one change.
const TOGETHER: usize = 3;

/// Findings as they are told: those of the same words at several places together.
pub fn told(findings: &[Finding]) -> Vec<String> {
    let mut groups: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for finding in findings {
        let what = finding.change.what.as_str();
        // What came or went is told by its name.
        let known = groups.iter_mut().find(|(known, _)| *known == what && !finding.change.was.is_empty());
        match known.filter(|_| !is_existence(&finding.change)) {
            Some((_, group)) => group.push(finding),
            None => groups.push((what, vec![finding])),
        }
    }
    groups
        .into_iter()
        .flat_map(|(what, group)| match group.len() {
            ..TOGETHER => group.into_iter().map(Finding::sentence).collect(),
            places => {
                let calls: BTreeSet<&String> = group.iter().flat_map(|finding| &finding.calls).collect();
                let names: Vec<&str> = group.iter().map(|finding| finding.change.at.as_str()).collect();
                let replies = plural(calls.len(), "reply", "replies");
                vec![format!("each of {places} {what} in {replies}: {}", names.join(", "))]
            }
        })
        .collect()
}

fn is_existence(change: &Change) -> bool {
    change.what == Change::gone("").what || change.what == Change::added("").what
}

/// Writes findings, a line each.
///
/// # Errors
/// Those of writing.
pub fn write(out: &mut dyn Write, findings: &[Finding]) -> io::Result<()> {
    told(findings).iter().try_for_each(|sentence| writeln!(out, "{sentence}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_change_of_many_columns_is_told_of_all_together() {
        let moved = |at: &str| Change::moved(at, "a moment", "a date");
        let seen = [("a-1", moved("A.x")), ("a-1", moved("A.y")), ("b-1", moved("B.z")), ("b-1", Change::gone("B.q"))];
        let findings = grouped(seen.map(|(call, change)| (call.to_owned(), change)));
        assert_eq!(findings.len(), 4, "a program sees each");
        let told = told(&findings);
        assert_eq!(
            told,
            ["each of 3 is now a date (was a moment) in 2 replies: A.x, A.y, B.z", "B.q is gone in 1 reply: b-1"]
        );
    }

    #[test]
    fn the_same_change_is_told_once() {
        let change = Change::gone;
        let seen = [("b-1", "Users.a"), ("a-1", "Homes.x"), ("a-2", "Users.a"), ("a-2", "Users.a")];
        let findings = grouped(seen.map(|(call, at)| (call.to_owned(), change(at))));
        let told: Vec<String> = findings.iter().map(Finding::sentence).collect();
        assert_eq!(told, ["Users.a is gone in 2 replies: b-1, a-2", "Homes.x is gone in 1 reply: a-1"]);
    }
}
