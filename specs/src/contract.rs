//! The whole contract, read and cross-checked.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;

use crate::demo::{self, DemoError, DemoRow};
use crate::errata::{self, ErrataFile, PageErratum};
use crate::example::{Example, ExamplesFile};
use crate::files::{self, Files};
use crate::inventory::{self, InventoryLine};
use crate::model::ModelFile;
use crate::rule::{Rule, RulesFile};
use crate::schema::{Generic, Schema, SchemaError};
use crate::source::{Provenance, Source};
use crate::validate;

/// Everything `specs/` says.
#[derive(Clone, Debug)]
pub struct Contract {
    /// The models.
    pub schema: Schema,
    /// The inventory of the page's calls.
    pub inventory: Vec<InventoryLine>,
    /// The documented calls with their section's heading, in the inventory's order.
    pub examples: Vec<Example>,
    /// Section (`abonents`) to its heading.
    pub sections: HashMap<String, String>,
    /// Statements about behaviour.
    pub rules: Vec<Rule>,
    /// Errata of the page's text, in the order of its lines.
    pub errata: Vec<PageErratum>,
    /// The hand-written demo rows.
    pub demo: Vec<DemoRow>,
}

/// Why the contract cannot be used: file, key and problem.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The directory cannot be read.
    #[error("cannot read the contract: {0}")]
    Io(#[from] io::Error),
    /// A file is not TOML, or not of the documented form.
    #[error("{file}: {error}")]
    Toml {
        /// The file.
        file: String,
        /// What the parser says.
        error: Box<toml::de::Error>,
    },
    /// The models do not fit together.
    #[error("models: {0}")]
    Schema(#[from] SchemaError),
    /// A demo row is wrong.
    #[error("{file}: {error}")]
    Demo {
        /// The file.
        file: String,
        /// What is wrong.
        error: DemoError,
    },
    /// An entry is wrong.
    #[error("{file}: {key}: {problem}")]
    Entry {
        /// The file.
        file: String,
        /// The entry.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Contract {
    /// The contract this crate was built with.
    ///
    /// # Errors
    /// See [`Contract::load`].
    pub fn embedded() -> Result<Self, LoadError> {
        Self::load(&files::embedded())
    }

    /// The contract in a `specs/` directory.
    ///
    /// # Errors
    /// See [`Contract::load`].
    pub fn read(root: &Path) -> Result<Self, LoadError> {
        Self::load(&files::read(root)?)
    }

    /// Reads and checks.
    ///
    /// # Errors
    /// The first thing that is wrong, with file and key: not TOML, a dangling foreign key, an unknown model, field or
    /// method in an example, a duplicate id, an inventory line that no example covers, an assumption without a reason.
    pub fn load(files: &Files) -> Result<Self, LoadError> {
        let schema = load_schema(files)?;
        let inventory = inventory::parse(named(files, inventory::FILE)?)
            .map_err(|(key, problem)| entry(inventory::FILE, key, problem))?;
        let (examples, sections) = load_examples(files, &schema, &inventory)?;
        let rules = load_rules(files, &schema, &examples)?;
        let errata = load_errata(files, &examples, &rules)?;
        let demo = load_demo(files, &schema)?;
        Ok(Self { schema, inventory, examples, sections, rules, errata, demo })
    }

    /// The example of this id.
    pub fn example(&self, id: &str) -> Option<&Example> {
        self.examples.iter().find(|example| example.id == id)
    }
}

fn entry(file: &str, key: impl Into<String>, problem: impl Into<String>) -> LoadError {
    LoadError::Entry { file: file.to_owned(), key: key.into(), problem: problem.into() }
}

fn parse<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<T, LoadError> {
    toml::from_str(text).map_err(|error| LoadError::Toml { file: file.to_owned(), error: Box::new(error) })
}

fn in_folder<'a>(files: &'a Files, folder: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let prefix = format!("{folder}/");
    files.iter().filter(move |(path, _)| path.starts_with(&prefix)).map(|(path, text)| (path.as_str(), text.as_str()))
}

fn named<'a>(files: &'a Files, name: &str) -> Result<&'a str, LoadError> {
    files.get(name).map(String::as_str).ok_or_else(|| entry(name, "file", "is missing"))
}

fn load_schema(files: &Files) -> Result<Schema, LoadError> {
    let mut models = Vec::new();
    for (path, text) in in_folder(files, "models") {
        let model: ModelFile = parse(path, text)?;
        if path != format!("models/{}.toml", model.name) {
            return Err(entry(path, "name", format!("is `{}`, not the file's name", model.name)));
        }
        check_reasons(path, &model)?;
        models.push(model);
    }
    let generic: Generic = parse("manager.toml", named(files, "manager.toml")?)?;
    Ok(Schema::build(models, generic)?)
}

/// Every assumption says why.
fn check_reasons(path: &str, model: &ModelFile) -> Result<(), LoadError> {
    let reason = |key: String, source: Source, why: &Option<String>| {
        if source.provenance() == Provenance::Assumed && why.as_ref().is_none_or(|why| why.trim().is_empty()) {
            return Err(entry(path, key, "is assumed and does not say `why`"));
        }
        Ok(())
    };
    reason("model".into(), model.source, &model.why)?;
    for (name, field) in &model.fields {
        reason(format!("fields.{name}"), field.source, &field.why)?;
    }
    for (name, property) in &model.properties {
        reason(format!("properties.{name}"), property.source, &property.why)?;
    }
    for (name, method) in model.methods.iter().chain(&model.model_methods) {
        reason(format!("methods.{name}"), method.source, &method.why)?;
        for (arg, spec) in &method.args {
            reason(format!("methods.{name}.args.{arg}"), spec.source, &spec.why)?;
        }
    }
    Ok(())
}

type Sections = HashMap<String, String>;

fn load_examples(
    files: &Files,
    schema: &Schema,
    inventory: &[InventoryLine],
) -> Result<(Vec<Example>, Sections), LoadError> {
    let mut found: HashMap<String, Example> = HashMap::new();
    let mut sections = Sections::new();
    for (path, text) in in_folder(files, "examples") {
        let file: ExamplesFile = parse(path, text)?;
        for example in file.examples {
            validate::example(&example, schema, inventory)
                .map_err(|problem| entry(path, example.id.as_str(), problem))?;
            sections.insert(example.section().to_owned(), file.section.clone());
            let id = example.id.clone();
            if found.insert(id.clone(), example).is_some() {
                return Err(entry(path, id, "is there twice"));
            }
        }
    }
    let examples = inventory
        .iter()
        .map(|line| {
            found.remove(&line.id).ok_or_else(|| entry("inventory.tsv", line.id.as_str(), "is covered by no example"))
        })
        .collect::<Result<_, _>>()?;
    Ok((examples, sections))
}

fn load_rules(files: &Files, schema: &Schema, examples: &[Example]) -> Result<Vec<Rule>, LoadError> {
    let known: HashSet<&str> = examples.iter().map(|example| example.id.as_str()).collect();
    let mut ids = HashSet::new();
    let mut rules = Vec::new();
    for (path, text) in in_folder(files, "rules") {
        let file: RulesFile = parse(path, text)?;
        for rule in file.rules {
            let wrong = |problem: String| entry(path, rule.id.as_str(), problem);
            if !ids.insert(rule.id.clone()) {
                return Err(wrong("is there twice".into()));
            }
            if rule.cases.is_empty() && rule.examples.is_empty() && rule.tests.is_empty() {
                return Err(wrong("nothing proves it".into()));
            }
            if rule.source.provenance() == Provenance::Assumed && rule.why.is_none() {
                return Err(wrong("is assumed and does not say `why`".into()));
            }
            if known.len() == 148
                && let Some(id) = rule.examples.iter().find(|id| !known.contains(id.as_str()))
            {
                return Err(wrong(format!("`{id}` is no example")));
            }
            for case in &rule.cases {
                validate::steps(&case.steps, schema).map_err(|problem| wrong(format!("{}: {problem}", case.name)))?;
            }
            rules.push(rule);
        }
    }
    Ok(rules)
}

fn load_errata(files: &Files, examples: &[Example], rules: &[Rule]) -> Result<Vec<PageErratum>, LoadError> {
    let Some(text) = files.get(errata::FILE) else { return Ok(Vec::new()) };
    let mut found = parse::<ErrataFile>(errata::FILE, text)?.errata;
    errata::check(&found, examples, rules).map_err(|(key, problem)| entry(errata::FILE, key, problem))?;
    found.sort_by_key(|erratum| erratum.line);
    Ok(found)
}

fn load_demo(files: &Files, schema: &Schema) -> Result<Vec<DemoRow>, LoadError> {
    let mut rows = Vec::new();
    for (path, text) in in_folder(files, "demo") {
        let parsed = demo::parse(schema, text).map_err(|error| LoadError::Demo { file: path.to_owned(), error })?;
        rows.extend(parsed);
    }
    demo::check(schema, &rows).map_err(|error| LoadError::Demo { file: "demo".to_owned(), error })?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_contract_is_sound() {
        let contract = Contract::embedded().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(contract.examples.len(), 148);
    }
}
