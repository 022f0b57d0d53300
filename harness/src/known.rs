//! The list of what a given server is known to get wrong: `known.toml`.
//!
//! ```toml
//! [[known]]
//! id = "users-13.*"            # an example, a rule, or a pattern; `users-13.1:printed` for one spelling or case
//! reason = "opt82 is not saved before 5.12"
//! link = "https://tracker.example.com/1234"
//! versions = ["5.10*", "5.11*"]
//! until = 2027-03-01           # the last day on which it is accepted
//!
//! [[flaky]]
//! id = "abonents-7.1"
//! reason = "the report is rebuilt at night"
//! rate = 0.1                   # how often it fails
//! ```
//!
//! A listed case must fail: one that passes, and one whose last day is over, is red. A flaky one may do either.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use carbon_specs::Contract;
use globset::{Glob, GlobMatcher};
use jiff::civil::Date;
use serde::Deserialize;

use crate::catalog::forms_of;
use crate::fault::Fault;
use crate::outcome::Status;

/// Why a list is refused.
#[derive(Debug, thiserror::Error)]
pub enum KnownError {
    /// It cannot be read.
    #[error("{} cannot be read: {error}", file.display())]
    Read {
        /// The list.
        file: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It is no TOML, or not what a list holds.
    #[error("{} is no list of known faults: {error}", file.display())]
    Toml {
        /// The list.
        file: PathBuf,
        /// Line and reason.
        error: Box<toml::de::Error>,
    },
    /// An entry is wrong.
    #[error("{}: `{id}`: {reason}", file.display())]
    Entry {
        /// The list.
        file: PathBuf,
        /// The entry's id.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// What a server is known to get wrong.
#[derive(Debug, Default)]
pub struct KnownList {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    id: String,
    glob: GlobMatcher,
    reason: String,
    link: Option<String>,
    versions: Vec<GlobMatcher>,
    until: Option<Date>,
    /// How often it fails, where it does not always.
    rate: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    known: Vec<WrittenEntry>,
    #[serde(default)]
    flaky: Vec<WrittenEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEntry {
    id: String,
    reason: String,
    link: Option<String>,
    #[serde(default)]
    versions: Vec<String>,
    until: Option<toml::value::Datetime>,
    rate: Option<f64>,
}

/// One spelling of an example or one case of a rule, as far as the list is concerned.
#[derive(Debug)]
pub struct Part<'a> {
    /// `printed`, `corrected`, or the case's name.
    pub label: &'a str,
    /// How it ended.
    pub status: &'a mut Status,
    /// What is wrong with it.
    pub faults: &'a mut Vec<Fault>,
    /// What the list says of it.
    pub known: &'a mut Option<String>,
}

impl KnownList {
    /// Reads a list, and checks that each entry names something of the contract.
    ///
    /// # Errors
    /// See [`KnownError`].
    pub fn read(file: &Path, contract: &Contract) -> Result<Self, KnownError> {
        let text = fs::read_to_string(file).map_err(|error| KnownError::Read { file: file.to_owned(), error })?;
        Self::parse(file, &text, contract)
    }

    fn parse(file: &Path, text: &str, contract: &Contract) -> Result<Self, KnownError> {
        let written: Written =
            toml::from_str(text).map_err(|error| KnownError::Toml { file: file.to_owned(), error: Box::new(error) })?;
        let known = written.known.into_iter().map(|entry| (entry, false));
        let flaky = written.flaky.into_iter().map(|entry| (entry, true));
        let mut entries = Vec::new();
        for (written, is_flaky) in known.chain(flaky) {
            let id = written.id.clone();
            let refused = |reason: String| KnownError::Entry { file: file.to_owned(), id: id.clone(), reason };
            let entry = Entry::new(written, is_flaky).map_err(refused)?;
            if !names(contract).iter().any(|(name, label)| entry.is_about(name, label)) {
                return Err(refused("no example or rule is called that".to_owned()));
            }
            entries.push(entry);
        }
        Ok(Self { entries })
    }

    /// Whether an entry depends on the server's version.
    pub fn asks_for_version(&self) -> bool {
        self.entries.iter().any(|entry| !entry.versions.is_empty())
    }

    /// Judges the parts of one example or rule by the list.
    pub fn judge(&self, name: &str, mut parts: Vec<Part<'_>>, version: Option<&str>, today: Date) {
        for entry in &self.entries {
            let mut about: Vec<&mut Part<'_>> = parts
                .iter_mut()
                .filter(|part| *part.status != Status::NotRun && entry.is_about(name, part.label))
                .collect();
            if about.is_empty() || !entry.applies_to(version) {
                continue;
            }
            if let Some(until) = entry.until.filter(|until| *until < today) {
                let text = format!("the entry `{}` ({}) was accepted until {until}", entry.id, entry.reason);
                about.iter_mut().for_each(|part| part.turn_red(text.clone()));
            } else if about.iter().any(|part| part.status.is_red()) {
                let failing = about.iter_mut().filter(|part| part.status.is_red());
                failing.for_each(|part| {
                    *part.status = Status::Known;
                    *part.known = Some(entry.says());
                });
            } else if entry.rate.is_none()
                && let Some(last) = about.last_mut().filter(|part| *part.status != Status::Known)
            {
                let text = format!("it passes, and the entry `{}` says that it fails: {}", entry.id, entry.reason);
                last.turn_red(text);
            }
        }
    }
}

impl Part<'_> {
    fn turn_red(&mut self, text: String) {
        *self.status = Status::Fail;
        self.faults.push(Fault::Listed { text });
    }
}

impl Entry {
    fn new(written: WrittenEntry, is_flaky: bool) -> Result<Self, String> {
        let pattern = |text: &str| {
            let glob = Glob::new(text).map_err(|error| format!("`{text}` is no pattern: {}", error.kind()))?;
            Ok::<_, String>(glob.compile_matcher())
        };
        if written.reason.trim().is_empty() {
            return Err("it needs a reason".to_owned());
        }
        match written.rate {
            Some(_) if !is_flaky => return Err("a rate belongs to a [[flaky]] entry".to_owned()),
            None if is_flaky => return Err("a [[flaky]] entry needs its rate, like 0.1".to_owned()),
            Some(rate) if !(rate > 0.0 && rate < 1.0) => return Err(format!("the rate {rate} is not between 0 and 1")),
            _ => {}
        }
        let until = written.until.map(|until| {
            let date = until.to_string();
            date.parse::<Date>().map_err(|_| format!("`until` is {date}, and must be a date like 2027-03-01"))
        });
        Ok(Self {
            glob: pattern(&written.id)?,
            id: written.id,
            reason: written.reason,
            link: written.link,
            versions: written.versions.iter().map(|text| pattern(text)).collect::<Result<_, _>>()?,
            until: until.transpose()?,
            rate: written.rate,
        })
    }

    fn is_about(&self, name: &str, label: &str) -> bool {
        self.glob.is_match(name) || self.glob.is_match(format!("{name}:{label}"))
    }

    /// An entry for versions does not apply to a server whose version is not known.
    fn applies_to(&self, version: Option<&str>) -> bool {
        self.versions.is_empty()
            || version.is_some_and(|version| self.versions.iter().any(|glob| glob.is_match(version)))
    }

    fn says(&self) -> String {
        let rate = self.rate.map(|rate| format!(" (fails in {:.0} % of runs)", rate * 100.0)).unwrap_or_default();
        let link = self.link.as_ref().map(|link| format!(", see {link}")).unwrap_or_default();
        let until = self.until.map(|until| format!(", until {until}")).unwrap_or_default();
        format!("{}{rate}{link}{until}", self.reason)
    }
}

/// Everything that an entry can name: examples with their spellings, rules with their cases.
fn names(contract: &Contract) -> Vec<(&str, String)> {
    let examples = contract
        .examples
        .iter()
        .flat_map(|example| forms_of(example).map(|(form, _)| (example.id.as_str(), form.name().to_owned())));
    let rules =
        contract.rules.iter().flat_map(|rule| rule.cases.iter().map(|case| (rule.id.as_str(), case.name.clone())));
    examples.chain(rules).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn list(text: &str) -> Result<KnownList, String> {
        let contract = Contract::embedded().unwrap();
        KnownList::parse(Path::new("known.toml"), text, &contract).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn judged(text: &str, name: &str, statuses: &[(&str, Status)], version: Option<&str>) -> Vec<Status> {
        let list = list(text).unwrap();
        let mut kept: Vec<(Status, Vec<Fault>, Option<String>)> =
            statuses.iter().map(|(_, status)| (*status, Vec::new(), None)).collect();
        let parts = statuses.iter().zip(&mut kept).map(|((label, _), (status, faults, known))| Part {
            label,
            status,
            faults,
            known,
        });
        list.judge(name, parts.collect(), version, date(2026, 11, 23));
        for (status, faults, known) in &kept {
            assert_eq!(known.is_some(), *status == Status::Known);
            assert!(faults.is_empty() || *status == Status::Fail);
        }
        kept.into_iter().map(|(status, _, _)| status).collect()
    }

    const ENTRY: &str = "[[known]]\nid = \"abonents-*\"\nreason = \"broken\"\n";

    #[test]
    fn a_listed_case_must_fail() {
        assert_eq!(judged(ENTRY, "abonents-2.1", &[("printed", Status::Fail)], None), [Status::Known]);
        assert_eq!(judged(ENTRY, "abonents-2.1", &[("printed", Status::Drift)], None), [Status::Known]);
        assert_eq!(judged(ENTRY, "abonents-2.1", &[("printed", Status::Pass)], None), [Status::Fail]);
        assert_eq!(judged(ENTRY, "abonents-2.1", &[("printed", Status::NotRun)], None), [Status::NotRun]);
        assert_eq!(judged(ENTRY, "users-2.1", &[("printed", Status::Fail)], None), [Status::Fail]);
    }

    #[test]
    fn one_failing_spelling_is_enough() {
        let both = [("printed", Status::Pass), ("corrected", Status::Fail)];
        assert_eq!(judged(ENTRY, "abonents-3.1", &both, None), [Status::Pass, Status::Known]);
        let one = "[[known]]\nid = \"abonents-3.1:printed\"\nreason = \"broken\"\n";
        assert_eq!(judged(one, "abonents-3.1", &both, None), [Status::Fail, Status::Fail]);
    }

    #[test]
    fn an_entry_ends_on_its_last_day() {
        let until = |day: &str| format!("{ENTRY}until = {day}\n");
        assert_eq!(judged(&until("2026-11-23"), "abonents-2.1", &[("printed", Status::Fail)], None), [Status::Known]);
        assert_eq!(judged(&until("2026-11-22"), "abonents-2.1", &[("printed", Status::Fail)], None), [Status::Fail]);
    }

    #[test]
    fn an_entry_can_be_about_some_versions() {
        let entry = format!("{ENTRY}versions = [\"5.1*\"]\n");
        let failing = [("printed", Status::Fail)];
        assert_eq!(judged(&entry, "abonents-2.1", &failing, Some("5.12")), [Status::Known]);
        assert_eq!(judged(&entry, "abonents-2.1", &failing, Some("6.0")), [Status::Fail]);
        assert_eq!(judged(&entry, "abonents-2.1", &failing, None), [Status::Fail]);
    }

    #[test]
    fn a_flaky_case_may_do_either() {
        let entry = "[[flaky]]\nid = \"abonents-2.1\"\nreason = \"busy\"\nrate = 0.1\n";
        assert_eq!(judged(entry, "abonents-2.1", &[("printed", Status::Fail)], None), [Status::Known]);
        assert_eq!(judged(entry, "abonents-2.1", &[("printed", Status::Pass)], None), [Status::Pass]);
    }

    #[test]
    fn a_wrong_entry_is_told_by_its_id() {
        let refusal = |text: &str| list(text).unwrap_err();
        assert!(refusal("[[known]]\nid = \"abonnents-*\"\nreason = \"x\"\n").contains("`abonnents-*`: no example"));
        assert!(refusal("[[known]]\nid = \"abonents-*\"\nreason = \" \"\n").contains("needs a reason"));
        assert!(refusal("[[flaky]]\nid = \"abonents-*\"\nreason = \"x\"\n").contains("needs its rate"));
        assert!(refusal(&format!("{ENTRY}rate = 0.5\n")).contains("belongs to a [[flaky]]"));
        assert!(refusal(&format!("{ENTRY}until = 12:00:00\n")).contains("must be a date"));
        assert!(refusal(&format!("{ENTRY}untill = 2026-01-01\n")).contains("unknown field `untill`"));
    }
}
