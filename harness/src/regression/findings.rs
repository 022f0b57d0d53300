//! The same change, seen in many replies, told once.

use std::collections::BTreeMap;
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

/// Writes findings, a line each.
///
/// # Errors
/// Those of writing.
pub fn write(out: &mut dyn Write, findings: &[Finding]) -> io::Result<()> {
    findings.iter().try_for_each(|finding| writeln!(out, "{}", finding.sentence()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_change_is_told_once() {
        let change = Change::gone;
        let seen = [("b-1", "Users.a"), ("a-1", "Homes.x"), ("a-2", "Users.a"), ("a-2", "Users.a")];
        let findings = grouped(seen.map(|(call, at)| (call.to_owned(), change(at))));
        let told: Vec<String> = findings.iter().map(Finding::sentence).collect();
        assert_eq!(told, ["Users.a is gone in 2 replies: b-1, a-2", "Homes.x is gone in 1 reply: a-1"]);
    }
}
