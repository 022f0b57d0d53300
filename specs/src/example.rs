//! The page's calls as data: what is printed, what it really sends, and what must come of it.

use serde::{Deserialize, Serialize};

use crate::step::{Check, Step};

/// `examples/<section>.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExamplesFile {
    /// The section's heading on the page.
    pub section: String,
    /// Its calls, in the page's order.
    #[serde(rename = "example", default)]
    pub examples: Vec<Example>,
}

/// Whether a call can change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Changes nothing.
    Read,
    /// May make a task.
    Write,
}

/// One documented call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The inventory's id, e.g. `abonents-2.1`.
    pub id: String,
    /// The page's line.
    pub line: u32,
    /// What the page says the call is for, in its words.
    pub title: String,
    /// Read or write.
    pub kind: Kind,
    /// The inventory's model, spelled as there (may be empty).
    pub model: String,
    /// The inventory's methods, in order.
    pub methods: Vec<String>,
    /// Steps that put in place what the call needs beyond the demo data (an earlier call of the same script, say).
    #[serde(default)]
    pub before: Vec<Step>,
    /// The call as the page prints it.
    pub printed: Variant,
    /// Why it cannot work as printed.
    #[serde(default)]
    pub erratum: Option<Erratum>,
    /// The call as it should have been printed; present exactly when there is an erratum.
    #[serde(default)]
    pub corrected: Option<Variant>,
}

impl Example {
    /// The section part of the id: `abonents` of `abonents-2.1`.
    pub fn section(&self) -> &str {
        self.id.split_once('-').map_or(self.id.as_str(), |(section, _)| section)
    }
}

/// One spelling of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// The command, verbatim.
    pub command: String,
    /// Why no request leaves the machine, where none does (the shell or curl refuses the command).
    #[serde(default)]
    pub nothing_sent: Option<String>,
    /// What arrives at the server. In a loop: the body of one turn, with `$variable` where the shell puts the row in.
    #[serde(default)]
    pub request: Option<Request>,
    /// The loop around the request.
    #[serde(default, rename = "loop")]
    pub turns: Option<Loop>,
    /// What must hold in the reply (in a loop: in each).
    #[serde(default)]
    pub reply: Vec<Check>,
    /// What must hold afterwards. A `settle` comes first on its own.
    #[serde(default)]
    pub after: Vec<Step>,
}

/// A request as the server receives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The URL's path, as spelled: `/rest_api/v2/tarif/`.
    pub path: String,
    /// The form body, byte for byte.
    pub body: String,
}

/// A shell loop: the rows it walks and the variables it puts into the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loop {
    /// What the page hands to `sqlexec`, verbatim; absent for a loop that counts by itself.
    #[serde(default)]
    pub sql: Option<String>,
    /// The loop's variables, as the request spells them after `$`.
    pub variables: Vec<String>,
    /// The values of each turn. Behind `sqlexec`: exactly what the statement selects from the demo data (any order).
    pub rows: Vec<Vec<String>>,
}

/// A misprint: why the call cannot work as printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erratum {
    /// What kind of misprint.
    pub kind: ErratumKind,
    /// What really happens as printed, and what is mended: one or two English sentences.
    pub text: String,
}

/// The kinds of misprint found on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErratumKind {
    /// The command names no URL.
    NoUrl,
    /// The URL is given to `-d` and so becomes part of the body.
    UrlAsData,
    /// A quote too many.
    StrayQuote,
    /// A quote too few.
    MissingQuote,
    /// An option without the argument it takes.
    MissingOptionArgument,
    /// `argN{...}` without `=`.
    MissingEquals,
    /// A shell variable where the shell does not replace it.
    UnexpandedVariable,
    /// A wiki macro's error text stands where the argument was.
    MacroError,
    /// A field the model does not have.
    UnknownField,
    /// `+` unescaped in a form body, where it means a space.
    UnescapedPlus,
    /// The chain changes an object and never saves it.
    NeverSaves,
    /// A placeholder to be replaced by the reader stands inside the request.
    Placeholder,
    /// The SQL statement is not valid.
    InvalidSql,
    /// Steps are numbered so that an argument reaches no method.
    MisnumberedSteps,
    /// Not a shell command, and not valid in its own language either.
    NotACommand,
    /// The page contradicts itself.
    Contradiction,
}
