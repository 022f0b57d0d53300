//! Errata of the page's text and of the replies it prints. Misprints of calls are told with the calls
//! ([`crate::example::Erratum`]), where their corrected forms are.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::example::Example;
use crate::rule::Rule;

/// Its file. A contract of other models needs none.
pub const FILE: &str = "errata.toml";

/// `errata.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrataFile {
    /// The errata.
    #[serde(rename = "erratum", default)]
    pub errata: Vec<PageErratum>,
}

/// A place of the page that is wrong, contradicts another, or can be read in two ways.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageErratum {
    /// Kebab-case, stable.
    pub id: String,
    /// The page's line.
    pub line: u32,
    /// The page's words.
    pub text: String,
    /// What is wrong with them.
    pub wrong: String,
    /// What holds instead; absent for a slip of the pen on which no behaviour hangs.
    #[serde(default)]
    pub holds: Option<String>,
    /// Rules that show what holds.
    #[serde(default)]
    pub rules: Vec<String>,
    /// Calls whose expectations show it.
    #[serde(default)]
    pub examples: Vec<String>,
    /// The ways to read it, where there are several: all are tried.
    #[serde(default, rename = "reading")]
    pub readings: Vec<Reading>,
}

/// One way to read an ambiguous place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// The rule that this way is tried by.
    pub rule: String,
    /// Its case.
    pub case: String,
}

/// Whether each erratum is complete and what it refers to is there; the key and the problem of the first that is not.
pub(crate) fn check(errata: &[PageErratum], examples: &[Example], rules: &[Rule]) -> Result<(), (String, String)> {
    let mut ids = HashSet::new();
    for erratum in errata {
        let one =
            if ids.insert(&erratum.id) { self::one(erratum, examples, rules) } else { Err("is there twice".into()) };
        one.map_err(|problem| (erratum.id.clone(), problem))?;
    }
    Ok(())
}

fn one(erratum: &PageErratum, examples: &[Example], rules: &[Rule]) -> Result<(), String> {
    if erratum.text.trim().is_empty() || erratum.wrong.trim().is_empty() {
        return Err("quotes nothing, or does not say what is wrong".into());
    }
    let shown = !(erratum.rules.is_empty() && erratum.examples.is_empty() && erratum.readings.is_empty());
    if erratum.holds.is_some() != shown {
        return Err("says what holds and shows it, or neither".into());
    }
    if erratum.readings.len() == 1 {
        return Err("can be read in one way only, and so is no matter of readings".into());
    }
    let rule_of = |id: &str| rules.iter().find(|rule| rule.id == id).ok_or_else(|| format!("`{id}` is no rule"));
    erratum.rules.iter().try_for_each(|id| rule_of(id).map(|_| ()))?;
    for Reading { rule, case } in &erratum.readings {
        if !rule_of(rule)?.cases.iter().any(|known| known.name == *case) {
            return Err(format!("rule `{rule}` has no case `{case}`"));
        }
    }
    if let Some(id) = erratum.examples.iter().find(|id| examples.iter().all(|example| example.id != **id)) {
        return Err(format!("`{id}` is no example"));
    }
    // The page's words are known where a call is printed.
    let printed = examples.iter().find(|example| example.line == erratum.line);
    if printed.is_some_and(|example| !example.printed.command.contains(&erratum.text)) {
        return Err(format!("line {} does not hold the words it quotes", erratum.line));
    }
    Ok(())
}
