//! Explains a curl command for this API: what arrives at the server, what the chain does, and what will go wrong.
//!
//! The way of a command: [`crate::shell`] and [`crate::curl`] say what is sent; `form` decodes it into a chain; `words`
//! says each step in a sentence; `sending` (shell and curl), `sql` (statements before
//! a loop), `body` (the form) and `meaning` (models, methods, fields and values, held to the
//! contract) look for [`Pitfall`]s. Nothing is sent.

mod body;
mod form;
mod meaning;
mod mend;
mod names;
mod sending;
mod sql;
mod values;
mod words;

use std::fmt;
use std::sync::LazyLock;

use carbon_specs::Contract;
use regex::Regex;
use serde::Serialize;

use crate::curl::{self, Curl, Request};
use crate::shell::{Command, Script, Word};

/// Everything there is to say of a command.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// What is sent, in order.
    pub requests: Vec<ExplainedRequest>,
    /// What would be sent if what keeps the command from being sent were mended.
    pub mended: Vec<ExplainedRequest>,
    /// What will go wrong, worst first.
    pub pitfalls: Vec<Pitfall>,
}

/// A request and what it means.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplainedRequest {
    /// The HTTP method.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// The path that arrives.
    pub path: String,
    /// The body that arrives; variables of the shell are kept as `$name`.
    pub body: String,
    /// Variables that the shell replaces in it.
    pub variables: Vec<String>,
    /// The model, in the vendor's spelling.
    pub model: Option<String>,
    /// The chain, in the order of its numbers.
    pub steps: Vec<ExplainedStep>,
    /// What the answer is limited to.
    pub fields: Option<Vec<String>>,
}

/// A step of the chain.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplainedStep {
    /// Its number.
    pub number: u64,
    /// `objects.get`.
    pub method: String,
    /// Its argument, decoded, as text.
    pub argument: String,
    /// What it does, in words.
    pub says: String,
}

/// How bad a pitfall is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The command does not do what it is meant to.
    Error,
    /// It may not.
    Warning,
    /// It does; there is something to know.
    Note,
}

/// Something that goes wrong, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pitfall {
    /// How bad.
    pub severity: Severity,
    /// A short name that stays the same: `set-without-save`.
    pub code: &'static str,
    /// What happens.
    pub says: String,
    /// What to write instead.
    pub fix: String,
}

impl Pitfall {
    fn error(code: &'static str, says: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code, says: says.into(), fix: fix.into() }
    }

    fn warning(code: &'static str, says: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, says, fix) }
    }

    fn note(code: &'static str, says: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::error(code, says, fix) }
    }
}

/// The host of a documented URL that its reader is to replace.
#[expect(clippy::unwrap_used, reason = "the pattern is a constant, and a test uses it")]
static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)(https?://)<[^<>\s]*>").unwrap());

/// Explains the curl commands in a piece of shell text.
pub fn explain(command: &str, contract: &Contract) -> Explanation {
    let mut pitfalls = Vec::new();
    // Left as it is, an unquoted `<ip>` would be a redirection, and there would be nothing else to say.
    let replaced = PLACEHOLDER.replace_all(command, "${1}billing");
    if replaced != command {
        pitfalls.push(Pitfall::note(
            "placeholder",
            "The URL's host is a placeholder; unquoted, bash would even take `<...>` for a redirection.",
            "Put the server's address in its place, e.g. http://127.0.0.1:8082. It is shown as `billing` here.",
        ));
    }
    let script = Script::parse(&replaced);
    pitfalls.extend(sending::script(&script, &replaced));
    pitfalls.extend(sql::check(&script, contract));
    let (mut requests, mut mended) = (Vec::new(), Vec::new());
    for found in script.curls() {
        let arguments: Vec<Word> = found.curl_arguments().unwrap_or_default().to_vec();
        let parsed = curl::parse(&arguments, &curl::no_files);
        pitfalls.extend(sending::command(found, &arguments, &parsed));
        match parsed {
            Ok(curl) => {
                requests
                    .extend(curl.requests().map(|request| explained(found, request, &curl, contract, &mut pitfalls)));
            }
            Err(error) => {
                let arguments = mend::arguments(arguments, &error);
                let curl = arguments.and_then(|arguments| curl::parse(&arguments, &curl::no_files).ok());
                let request = curl.as_ref().and_then(|curl| Some((curl, curl.requests().next()?)));
                mended.extend(request.map(|(curl, request)| explained(found, request, curl, contract, &mut pitfalls)));
            }
        }
    }
    if let Some(error) = &script.error
        && requests.is_empty()
        && let Some(text) = mend::text(&replaced, error)
    {
        let whole = explain(&text, contract);
        mended.extend(whole.requests);
        mended.extend(whole.mended);
        pitfalls.extend(whole.pitfalls);
    }
    pitfalls.sort_by_key(|pitfall| pitfall.severity);
    let mut seen: Vec<Pitfall> = Vec::new();
    pitfalls.retain(|pitfall| {
        let fresh = !seen.contains(pitfall);
        seen.push(pitfall.clone());
        fresh
    });
    Explanation { requests, mended, pitfalls }
}

fn explained(
    command: &Command,
    request: &Request,
    curl: &Curl,
    contract: &Contract,
    pitfalls: &mut Vec<Pitfall>,
) -> ExplainedRequest {
    pitfalls.extend(sending::request(request));
    let variables = form::variables(command);
    let chain = form::Chain::read(request, &variables);
    pitfalls.extend(body::check(request, &chain, curl.options.contains(&"data-urlencode")));
    let model = meaning::model(request, contract);
    pitfalls.extend(meaning::check(request, &chain, model, contract));
    let steps = chain
        .steps
        .iter()
        .map(|step| ExplainedStep {
            number: step.number,
            method: step.method.clone(),
            argument: step.argument.clone(),
            says: words::sentence(step, model, contract),
        })
        .collect();
    ExplainedRequest {
        method: request.method.clone(),
        url: format!("{}://{}{}", request.url.scheme, request.url.authority, request.url.target()),
        path: request.url.path.clone(),
        body: form::text(request),
        variables,
        model: model.map(|model| model.name.clone()),
        steps,
        fields: chain.field_names(),
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.requests.is_empty() {
            writeln!(f, "Nothing is sent.")?;
        }
        for request in &self.requests {
            write!(f, "{request}")?;
        }
        for request in &self.mended {
            write!(f, "\nMended, it would send:\n{request}")?;
        }
        for pitfall in &self.pitfalls {
            let severity = match pitfall.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            };
            writeln!(f, "\n{severity}: {} [{}]", pitfall.says, pitfall.code)?;
            writeln!(f, "  fix: {}", pitfall.fix)?;
        }
        Ok(())
    }
}

impl fmt::Display for ExplainedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.method, self.url)?;
        if !self.body.is_empty() {
            writeln!(f, "{}", self.body)?;
        }
        if !self.variables.is_empty() {
            let names: Vec<String> = self.variables.iter().map(|name| format!("${name}")).collect();
            writeln!(f, "with {} replaced by the shell", names.join(", "))?;
        }
        if let Some(model) = &self.model {
            writeln!(f, "\nOn {model}:")?;
        }
        for step in &self.steps {
            writeln!(f, "  {}. {}", step.number, step.says)?;
        }
        if let Some(fields) = &self.fields {
            writeln!(f, "The answer holds only {}.", fields.join(", "))?;
        }
        Ok(())
    }
}
