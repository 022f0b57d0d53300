//! Which examples are run: by id, glob, section, model, reading or writing; and in which spellings.

use carbon_specs::Contract;
use carbon_specs::example::{Example, Kind, Variant};
use globset::{Glob, GlobMatcher};
use serde::Serialize;

/// Which spelling of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// As the page prints it.
    Printed,
    /// As it should have been printed.
    Corrected,
}

impl Form {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Printed => "printed",
            Self::Corrected => "corrected",
        }
    }
}

/// The spellings of a call: as printed, and as corrected where the page is wrong.
pub fn forms_of(example: &Example) -> impl Iterator<Item = (Form, &Variant)> {
    let corrected = example.corrected.iter().map(|variant| (Form::Corrected, variant));
    std::iter::once((Form::Printed, &example.printed)).chain(corrected)
}

/// What was asked for. Empty lists ask for everything; ids and globs are alternatives, the rest narrows.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Ids or globs: `abonents-2.1`, `users-*`.
    pub ids: Vec<String>,
    /// Sections: `abonents`, or the page's heading.
    pub sections: Vec<String>,
    /// Models, in any letter case.
    pub models: Vec<String>,
    /// Reading or writing only.
    pub kind: Option<Kind>,
}

/// Why a selection is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// Not a glob.
    #[error("`{0}` is neither an id nor a pattern: {1}")]
    BadGlob(String, String),
    /// No example has this id.
    #[error("no example is called `{0}`{1}")]
    UnknownId(String, String),
    /// There is no such section.
    #[error("there is no section `{0}`; the sections are {1}")]
    UnknownSection(String, String),
    /// No example uses the model.
    #[error("no example calls the model `{0}`")]
    UnknownModel(String),
    /// All of it together leaves nothing.
    #[error("the selection is empty: no example is all of that at once")]
    Empty,
}

/// The examples asked for, in the page's order.
///
/// # Errors
/// Names the part that selects nothing; an empty selection is an error too, for a gate that checks nothing is open.
pub fn select<'a>(contract: &'a Contract, wanted: &Wanted) -> Result<Vec<&'a Example>, SelectionError> {
    let globs = wanted.ids.iter().map(|id| glob(contract, id)).collect::<Result<Vec<_>, _>>()?;
    for section in &wanted.sections {
        if !contract.examples.iter().any(|example| in_section(contract, example, section)) {
            return Err(SelectionError::UnknownSection(section.clone(), sections(contract).join(", ")));
        }
    }
    for model in &wanted.models {
        if !contract.examples.iter().any(|example| example.model.eq_ignore_ascii_case(model)) {
            return Err(SelectionError::UnknownModel(model.clone()));
        }
    }
    let chosen: Vec<&Example> = contract
        .examples
        .iter()
        .filter(|example| globs.is_empty() || globs.iter().any(|glob| glob.is_match(&example.id)))
        .filter(|example| any(&wanted.sections, |section| in_section(contract, example, section)))
        .filter(|example| any(&wanted.models, |model| example.model.eq_ignore_ascii_case(model)))
        .filter(|example| wanted.kind.is_none_or(|kind| kind == example.kind))
        .collect();
    if chosen.is_empty() { Err(SelectionError::Empty) } else { Ok(chosen) }
}

/// The sections, in the page's order.
pub fn sections(contract: &Contract) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for example in &contract.examples {
        if found.last().map(String::as_str) != Some(example.section()) {
            found.push(example.section().to_owned());
        }
    }
    found
}

/// A section's heading on the page.
pub fn heading<'a>(contract: &'a Contract, section: &'a str) -> &'a str {
    contract.sections.get(section).map_or(section, String::as_str)
}

fn any(list: &[String], holds: impl Fn(&str) -> bool) -> bool {
    list.is_empty() || list.iter().any(|item| holds(item))
}

fn in_section(contract: &Contract, example: &Example, section: &str) -> bool {
    example.section() == section || heading(contract, example.section()) == section
}

fn glob(contract: &Contract, id: &str) -> Result<GlobMatcher, SelectionError> {
    let glob = Glob::new(id)
        .map_err(|error| SelectionError::BadGlob(id.to_owned(), error.kind().to_string()))?
        .compile_matcher();
    if contract.examples.iter().any(|example| glob.is_match(&example.id)) {
        return Ok(glob);
    }
    let longer: Vec<&str> = contract
        .examples
        .iter()
        .map(|example| example.id.as_str())
        .filter(|known| known.strip_prefix(id).is_some_and(|rest| rest.starts_with(['.', '-'])))
        .collect();
    let hint = if longer.is_empty() { String::new() } else { format!("; there are {}", longer.join(", ")) };
    Err(SelectionError::UnknownId(id.to_owned(), hint))
}
