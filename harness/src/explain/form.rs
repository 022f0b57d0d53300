//! Decodes a request's body into its chain: numbered methods with their arguments, and `fields`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::curl::{Body, Request};
use crate::shell::{Command, Word};

#[expect(clippy::unwrap_used, reason = "the pattern is a constant, and tests use it")]
static KEY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(method|arg)(\d+)$").unwrap());

/// A decoded body.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chain {
    /// The steps, in the order of their numbers.
    pub steps: Vec<Step>,
    /// `fields`, decoded, as text.
    pub fields: Option<String>,
    /// Arguments whose number no method has.
    pub stray: Vec<u64>,
    /// Names that are given more than once.
    pub repeated: Vec<String>,
    /// Names the API does not know.
    pub unknown: Vec<String>,
    /// Parts of the body without `=`.
    pub bare: Vec<String>,
    variables: Vec<String>,
}

/// A method and its argument.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The number both carry.
    pub number: u64,
    /// The method's name.
    pub method: String,
    /// The argument, decoded, as text; `{}` where there is none.
    pub argument: String,
    /// The argument as JSON; `None` if it is none.
    pub json: Option<Value>,
    /// Where it stops being JSON.
    pub problem: Option<String>,
}

/// The variables that the shell replaces in a command.
pub fn variables(command: &Command) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in command.words.iter().flat_map(Word::variables) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The body as text: `-F` parts are shown as the form fields they become.
pub fn text(request: &Request) -> String {
    match &request.body {
        Body::Empty => String::new(),
        Body::Text(text) | Body::File(text) => text.clone(),
        Body::Multipart(parts) => parts.join("&"),
    }
}

impl Chain {
    /// Decodes a body.
    pub fn read(request: &Request, variables: &[String]) -> Self {
        let mut chain = Self { variables: variables.to_vec(), ..Self::default() };
        let mut methods: BTreeMap<u64, String> = BTreeMap::new();
        let mut arguments: BTreeMap<u64, String> = BTreeMap::new();
        let mut seen: Vec<String> = Vec::new();
        for (part, key, value) in pairs(request) {
            let Some(value) = value else {
                chain.bare.push(part);
                continue;
            };
            if seen.contains(&key) {
                chain.repeated.push(key.clone());
            }
            seen.push(key.clone());
            if key == "fields" {
                chain.fields = Some(value);
                continue;
            }
            let number = KEY.captures(&key).and_then(|found| Some((found[1].to_owned(), found[2].parse().ok()?)));
            match number {
                Some((kind, number)) if kind == "method" => drop(methods.insert(number, value)),
                Some((_, number)) => drop(arguments.insert(number, value)),
                None => chain.unknown.push(key),
            }
        }
        for (number, method) in methods {
            let argument = arguments.remove(&number).unwrap_or_default();
            chain.steps.push(chain.step(number, method, argument));
        }
        chain.stray = arguments.into_keys().collect();
        chain
    }

    fn step(&self, number: u64, method: String, argument: String) -> Step {
        let text = if argument.trim().is_empty() { "{}".to_owned() } else { argument };
        match self.json(&text) {
            Ok(json) => Step { number, method, argument: text, json: Some(json), problem: None },
            Err(problem) => Step { number, method, argument: text, json: None, problem: Some(problem) },
        }
    }

    /// Reads JSON in which a variable of the shell may stand where a number will.
    fn json(&self, text: &str) -> Result<Value, String> {
        let error = match serde_json::from_str(text) {
            Ok(value) => return Ok(value),
            Err(error) => error.to_string(),
        };
        let mut replaced = text.to_owned();
        for name in &self.variables {
            for before in [":", ": ", "[", "[ ", ",", ", "] {
                replaced = replaced.replace(&format!("{before}${name}"), &format!("{before}\"${name}\""));
            }
        }
        serde_json::from_str(&replaced).map_err(|_| error)
    }

    /// `fields` as a list of names, if it is one.
    pub fn field_names(&self) -> Option<Vec<String>> {
        serde_json::from_str(self.fields.as_deref()?).ok()
    }
}

/// The parts of a body: as written, the name decoded, and the value decoded where there is `=`.
fn pairs(request: &Request) -> Vec<(String, String, Option<String>)> {
    let split = |part: &str, decode: &dyn Fn(&str) -> String| {
        let (key, value) = part.split_once('=').map_or((part, None), |(key, value)| (key, Some(value)));
        (part.to_owned(), decode(key), value.map(decode))
    };
    match &request.body {
        Body::Text(text) => text.split('&').filter(|part| !part.is_empty()).map(|part| split(part, &decode)).collect(),
        Body::Multipart(parts) => parts.iter().map(|part| split(part, &|text| text.to_owned())).collect(),
        Body::Empty | Body::File(_) => Vec::new(),
    }
}

/// `+` is a space and `%XX` a byte.
fn decode(text: &str) -> String {
    // As the only value of a form, so that the decoding is the form's own.
    let pair: Result<Vec<(String, String)>, _> = serde_urlencoded::from_str(&format!("x={text}"));
    pair.ok().and_then(|pairs| pairs.into_iter().next()).map_or_else(|| text.to_owned(), |(_, value)| value)
}
