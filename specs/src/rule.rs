//! Sentences of the page that state behaviour, and what proves each.

use serde::{Deserialize, Serialize};

use crate::source::Source;
use crate::step::Step;

/// `rules/<theme>.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesFile {
    /// The rules.
    #[serde(rename = "rule", default)]
    pub rules: Vec<Rule>,
}

/// One statement about behaviour.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Kebab-case, stable.
    pub id: String,
    /// Where it is stated.
    pub source: Source,
    /// The page's words, where it is documented.
    #[serde(default)]
    pub text: Option<String>,
    /// The rule in one English sentence.
    pub says: String,
    /// Why we assume it, where we do.
    #[serde(default)]
    pub why: Option<String>,
    /// Examples whose expectations prove it.
    #[serde(default)]
    pub examples: Vec<String>,
    /// Tests of this repository that prove what no call can show: `mock/tests/serve.rs::name_of_the_test`.
    #[serde(default)]
    pub tests: Vec<String>,
    /// Cases that prove it, each from the demo state.
    #[serde(default, rename = "case")]
    pub cases: Vec<Case>,
}

/// A short story from the demo state that shows the rule at work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// A sentence.
    pub name: String,
    /// What is done and what must hold.
    pub steps: Vec<Step>,
}
