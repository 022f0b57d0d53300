//! `bindings.toml`: which row of a server stands for which row of the page.
//!
//! ```toml
//! target = "http://192.0.2.1:8082"
//!
//! [Abonents.id]
//! 45 = 1017
//! # 1321: not found: ...
//!
//! [Tarif.name]
//! "Тестовый" = "Основной"
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use carbon_specs::Contract;
use serde_json::Value;

use super::page::{PageId, names};

/// What stands for the page's rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PageBindings {
    /// The server that it is about, if the file says so.
    pub target: Option<String>,
    values: BTreeMap<(String, String, String), Value>,
}

/// Why a bindings file cannot be used. Each names the file, and the key where there is one.
#[derive(Debug, thiserror::Error)]
pub enum BindingsError {
    /// It cannot be read.
    #[error("{}: {error}", .file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It is not TOML.
    #[error("{}: {error}", .file.display())]
    Toml {
        /// The file.
        file: PathBuf,
        /// What the parser says.
        error: Box<toml::de::Error>,
    },
    /// A key that means nothing here, or a value that names no row.
    #[error("{}: `{key}`: {problem}", .file.display())]
    Entry {
        /// The file.
        file: PathBuf,
        /// The key.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl PageBindings {
    /// None yet, for a server.
    pub fn of(target: &str) -> Self {
        Self { target: Some(target.to_owned()), values: BTreeMap::new() }
    }

    /// Reads a file and holds it to the page.
    ///
    /// # Errors
    /// See [`BindingsError`].
    pub fn read(file: &Path, contract: &Contract) -> Result<Self, BindingsError> {
        let text = std::fs::read_to_string(file).map_err(|error| BindingsError::Io { file: file.to_owned(), error })?;
        Self::parse(&text, file, contract)
    }

    /// Reads a file's text; the file's name is for errors.
    ///
    /// # Errors
    /// See [`BindingsError`].
    pub fn parse(text: &str, file: &Path, contract: &Contract) -> Result<Self, BindingsError> {
        let entry = |key: String, problem: String| BindingsError::Entry { file: file.to_owned(), key, problem };
        let table: toml::Table =
            text.parse().map_err(|error| BindingsError::Toml { file: file.to_owned(), error: Box::new(error) })?;
        let known = names(contract);
        let mut bindings = Self::default();
        for (name, value) in table {
            if name == "target" {
                let target = value.as_str().ok_or_else(|| entry(name, "expected a URL in quotes".into()))?;
                bindings.target = Some(target.to_owned());
                continue;
            }
            let Some(model) = contract.schema.model(&name).filter(|model| model.name == name) else {
                return Err(entry(name, "the contract has no such model".into()));
            };
            let Some(fields) = value.as_table() else {
                return Err(entry(
                    name.clone(),
                    format!("expected a table of a field, like [{name}.{}]", model.pk_field().name),
                ));
            };
            for (field, values) in fields {
                let key = format!("{name}.{field}");
                if model.field(field).is_none() {
                    return Err(entry(key, format!("{name} has no such field")));
                }
                let Some(values) = values.as_table() else {
                    return Err(entry(key, "expected a table: the page's value = the server's value".into()));
                };
                for (page, server) in values {
                    let key = format!("{key}.{page}");
                    if !known.iter().any(|id| id.model == name && id.field == *field && id.value == *page) {
                        return Err(entry(key, format!("no read of the page names a row of {name} by this value")));
                    }
                    let server = match server {
                        toml::Value::Integer(number) => Value::from(*number),
                        toml::Value::String(text) if !text.is_empty() => Value::from(text.as_str()),
                        other => {
                            return Err(entry(key, format!("expected a number or a text, not {other}")));
                        }
                    };
                    bindings.set(&name, field, page, server);
                }
            }
        }
        Ok(bindings)
    }

    /// Lets a value of the server stand for one of the page.
    pub fn set(&mut self, model: &str, field: &str, page: &str, server: Value) {
        self.values.insert((model.to_owned(), field.to_owned(), page.to_owned()), server);
    }

    /// What stands for a row of the page.
    pub fn get(&self, id: &PageId) -> Option<&Value> {
        self.values.get(&(id.model.clone(), id.field.clone(), id.value.clone()))
    }

    /// As a file: each of the page's rows in order, those without a binding as a comment that says why.
    pub fn write(&self, names: &[PageId], why_not: impl Fn(&PageId) -> String) -> String {
        let mut text = String::from(
            "# Which rows of a server stand for the rows that the page's examples name: page's value = server's value.\n\
             # Written by `carbon-harness bind`; used by `carbon-harness run --bindings`. It may hold contract numbers and\n\
             # phones of the server's subscribers: keep it where such data may be kept.\n",
        );
        if let Some(target) = &self.target {
            text.push_str(&format!("target = {}\n", toml::Value::from(target.as_str())));
        }
        let mut table = None;
        for id in names {
            if table != Some((&id.model, &id.field)) {
                text.push_str(&format!("\n[{}.{}]\n", id.model, id.field));
                table = Some((&id.model, &id.field));
            }
            let key = if id.value.bytes().all(|byte| byte.is_ascii_digit()) {
                id.value.clone()
            } else {
                toml::Value::from(id.value.as_str()).to_string()
            };
            match self.get(id) {
                Some(Value::String(server)) => {
                    text.push_str(&format!("{key} = {}\n", toml::Value::from(server.as_str())))
                }
                Some(server) => text.push_str(&format!("{key} = {server}\n")),
                None => text.push_str(&format!("# {key}: not found: {}\n", why_not(id).replace(['\n', '\r'], " "))),
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<PageBindings, String> {
        PageBindings::parse(text, Path::new("my.toml"), &Contract::embedded().unwrap())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_written_is_read_again() {
        let contract = Contract::embedded().unwrap();
        let names = names(&contract);
        let mut bindings = PageBindings::of("http://h:1");
        for (index, id) in names.iter().enumerate().filter(|(index, _)| index % 3 != 0) {
            let value =
                if index % 3 == 1 { Value::from(index) } else { Value::from(format!("Тариф \"{index}\"\\")) };
            bindings.set(&id.model, &id.field, &id.value, value);
        }
        let text = bindings.write(&names, |id| format!("no {id}"));
        assert_eq!(parse(&text), Ok(bindings));
        assert!(text.contains("not found: no "), "{text}");
    }

    #[test]
    fn errors_name_the_file_and_the_key() {
        for (text, says) in [
            ("[Abonentz.id]\n45 = 1", "my.toml: `Abonentz`: the contract has no such model"),
            ("[abonents.id]\n45 = 1", "my.toml: `abonents`: the contract has no such model"),
            ("Abonents = 1", "my.toml: `Abonents`: expected a table"),
            ("[Abonents]\nid = 1", "my.toml: `Abonents.id`: expected a table"),
            ("[Abonents.idd]\n1111 = 1", "my.toml: `Abonents.idd`: Abonents has no such field"),
            ("[Abonents.id]\n999999 = 1", "my.toml: `Abonents.id.999999`: no read of the page"),
            ("[Abonents.id]\n1111 = [1]", "my.toml: `Abonents.id.1111`: expected a number or a text"),
            ("[Abonents.id]\n1111 = \"\"", "my.toml: `Abonents.id.1111`: expected a number or a text"),
            ("target = 1", "my.toml: `target`: expected a URL"),
            ("[Abonents.id\n", "my.toml: "),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
        assert!(PageBindings::read(Path::new("none.toml"), &Contract::embedded().unwrap()).is_err());
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,60}") {
            let _ = parse(&text);
        }
    }
}
