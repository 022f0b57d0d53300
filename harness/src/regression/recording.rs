//! A folder of replies: one file for each call, and a manifest. What is personal is taken out before it is written, lists are
//! cut, and the text is the same for the same replies, so that git can tell what changed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use carbon_specs::Schema;
use rand::RngExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::changes::{self, Change};
use super::noise::{Masks, MasksError};
use super::shape::Shape;
use crate::brief::{cut as cut_text, plural};
use crate::check::error_of;
use crate::exchange::Exchange;
use crate::redact::Redactor;

/// So many elements of each list are kept.
const KEPT: usize = 100;

/// Longer texts of errors are cut where they are told.
const LONGEST_ERROR: usize = 200;

const BEYOND_ASCII: &str = "letters beyond ASCII";

const MANIFEST: &str = "manifest.json";
const KEY: &str = "redaction.key";
const MASKS: &str = "masks.toml";

/// What a recording was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The harness's version.
    pub harness: String,
    /// The server: its base URL, or `embedded`.
    pub target: String,
    /// The server's word for its version.
    pub server_version: Option<String>,
    /// The day it was made.
    pub date: String,
    /// Whether rows of the server stood for the page's: with `--bindings`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bound: bool,
}

impl Manifest {
    /// That a server is asked as this recording was: else the replies are to other questions.
    ///
    /// # Errors
    /// What is to be given.
    pub fn asked_like(&self, is_bound: bool) -> Result<(), String> {
        match (self.bound, is_bound) {
            (true, false) => Err(format!(
                "the replies of {} were recorded with bindings: give the same ones with --bindings, or the questions differ",
                self.target
            )),
            (false, true) => Err(format!(
                "the replies of {} were recorded without bindings: leave --bindings out, or the questions differ",
                self.target
            )),
            _ => Ok(()),
        }
    }
}

/// One call: what was sent and answered, turn by turn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// The turns.
    pub turns: Vec<Turn>,
}

/// One request and its answer, as far as they may be written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// The path.
    pub path: String,
    /// The pairs of the form.
    pub request: Value,
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: String,
    /// The reply, where it is JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Value>,
    /// How it begins, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// How its JSON is spelled: see [`spelling`].
    #[serde(default)]
    pub spelling: Vec<String>,
    /// How many elements `result` had, where it was cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_from: Option<usize>,
}

/// How much of two recordings is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Shapes only.
    Shape,
    /// Values too, but those that are masked.
    Exact,
}

/// Replies by the name of their call: `abonents-2.1`, `abonents-2.1.corrected`.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// What it was made of.
    pub manifest: Manifest,
    /// The calls.
    pub calls: BTreeMap<String, Recorded>,
    /// What moves by itself.
    pub masks: Masks,
}

/// Why a recording cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// A file.
    #[error("{}: {error}", .file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Not as this program writes it.
    #[error("{}: is no recording: {error}", .file.display())]
    Form {
        /// Which.
        file: PathBuf,
        /// Why.
        error: serde_json::Error,
    },
    /// The file of masks.
    #[error(transparent)]
    Masks(#[from] MasksError),
}

fn at(file: &Path) -> impl FnOnce(io::Error) -> RecordingError {
    let file = file.to_owned();
    move |error| RecordingError::File { file, error }
}

impl Recording {
    /// Takes the exchanges of a call in. Nothing that must not be written is kept.
    pub fn take(&mut self, name: &str, exchanges: &[Exchange], redactor: &Redactor) {
        let turns = exchanges.iter().map(|exchange| turn(exchange, redactor)).collect();
        self.calls.insert(name.to_owned(), Recorded { turns });
    }

    /// Takes out what was learned since the calls were taken in: a later reply may show whose name stands in an earlier text.
    pub fn redact_again(&mut self, redactor: &Redactor) {
        for turn in self.calls.values_mut().flat_map(|call| &mut call.turns) {
            turn.request = redactor.value_again(&turn.request);
            turn.reply = turn.reply.take().map(|reply| redactor.value_again(&reply));
            for text in [&mut turn.path, &mut turn.content_type].into_iter().chain(&mut turn.text) {
                *text = redactor.text(text);
            }
        }
    }

    /// Reads a folder.
    ///
    /// # Errors
    /// It is no recording, or cannot be read.
    pub fn read(folder: &Path) -> Result<Self, RecordingError> {
        let manifest: Manifest = read_json(&folder.join(MANIFEST))?;
        let mut calls = BTreeMap::new();
        for entry in fs::read_dir(folder).map_err(at(folder))? {
            let file = entry.map_err(at(folder))?.path();
            let name = file.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".json"));
            if let Some(name) = name.filter(|name| *name != "manifest") {
                calls.insert(name.to_owned(), read_json(&file)?);
            }
        }
        let masks = folder.join(MASKS);
        let masks = if masks.exists() { Masks::read(&masks)? } else { Masks::default() };
        Ok(Self { manifest, calls, masks })
    }

    /// Writes the folder; calls of an earlier recording there that this one has not are removed.
    ///
    /// # Errors
    /// Those of writing.
    pub fn write(&self, folder: &Path) -> Result<(), RecordingError> {
        fs::create_dir_all(folder).map_err(at(folder))?;
        if folder.join(MANIFEST).exists() {
            let earlier = Self::read(folder)?;
            for name in earlier.calls.keys().filter(|name| !self.calls.contains_key(*name)) {
                let file = folder.join(format!("{name}.json"));
                fs::remove_file(&file).map_err(at(&file))?;
            }
        }
        for (name, call) in &self.calls {
            write_json(&folder.join(format!("{name}.json")), call)?;
        }
        if !self.masks.is_empty() {
            write(&folder.join(MASKS), self.masks.text().as_bytes())?;
        }
        // Whoever has the key can try whether a placeholder stands for a phone number that he knows.
        write(&folder.join(".gitignore"), format!("{KEY}\n").as_bytes())?;
        write_json(&folder.join(MANIFEST), &self.manifest)
    }

    /// Whether no reply tells anything but an error: then there is nothing to compare with.
    pub fn says_nothing(&self) -> bool {
        let turns = self.calls.values().flat_map(|call| &call.turns);
        !turns.filter_map(|turn| turn.reply.as_ref()).any(|reply| reply.get("result").is_some())
    }

    /// How this one differs from an earlier one: the name of a call, and what changed. Calls that only one of them
    /// has are not compared.
    pub fn changes(&self, schema: &Schema, redactor: &Redactor, earlier: &Self, depth: Depth) -> Vec<(String, Change)> {
        let mut found = Vec::new();
        for (name, is) in &self.calls {
            if let Some(was) = earlier.calls.get(name) {
                let changes = is.changes(schema, redactor, was, depth, &earlier.masks);
                found.extend(changes.into_iter().map(|change| (name.clone(), change)));
            }
        }
        found
    }
}

impl Recorded {
    /// How this one differs from an earlier one.
    pub fn changes(
        &self,
        schema: &Schema,
        redactor: &Redactor,
        earlier: &Self,
        depth: Depth,
        masks: &Masks,
    ) -> Vec<Change> {
        let mut found = Vec::new();
        let mut tell = |change: Change| found.push(change);
        if self.turns.len() != earlier.turns.len() {
            tell(Change::new(
                "the call",
                format!("sends {} (sent {})", plural(self.turns.len(), "request", "requests"), earlier.turns.len()),
            ));
        }
        let mut inner = Vec::new();
        for (is, was) in self.turns.iter().zip(&earlier.turns) {
            if is.status != was.status {
                tell(Change::moved("the HTTP status", was.status.to_string(), is.status.to_string()));
            }
            if is.content_type != was.content_type {
                let quoted = |turn: &Turn| format!("`{}`", turn.content_type);
                tell(Change::moved("the Content-Type", quoted(was), quoted(is)));
            }
            match (&is.reply, &was.reply) {
                (Some(is), Some(was)) if answered(is) != answered(was) => {
                    tell(Change::moved("the reply", in_words(was), in_words(is)));
                }
                (Some(is), Some(was)) => {
                    let shapes = changes::of_shapes(schema, &Shape::of(was), &Shape::of(is));
                    let told: Vec<String> = shapes.iter().map(|change| change.at.clone()).collect();
                    inner.extend(shapes);
                    if depth == Depth::Exact {
                        let values = changes::of_values(masks, redactor, was, is);
                        inner.extend(values.into_iter().filter(|change| !told.contains(&change.at)));
                        let (spelled, before) = (is.to_string(), was.to_string());
                        if is == was && spelled != before {
                            tell(Change::new("the reply", "has its keys in another order"));
                        }
                    }
                }
                (None, Some(_)) => tell(Change::new("the reply", "is no JSON any more")),
                (Some(_), None) => tell(Change::new("the reply", "is now JSON (was not)")),
                (None, None) if depth == Depth::Exact && is.text != was.text => {
                    tell(Change::new("the reply", "has another text"));
                }
                (None, None) => {}
            }
            if depth == Depth::Exact {
                let (is, was) = comparable(&is.spelling, &was.spelling);
                if is != was {
                    let with = |marks: &[&str]| format!("spelled with {}", marks.join(", "));
                    tell(Change::moved("the reply", with(&was), with(&is)));
                }
            }
        }
        found.extend(inner);
        found.sort();
        found.dedup();
        found
    }
}

/// Whether a reply holds a result, or an error; nothing, where that cannot be told.
fn answered(reply: &Value) -> Option<bool> {
    match (reply.get("result"), error_of(reply)) {
        (Some(_), None) => Some(true),
        (None, Some(_)) => Some(false),
        _ => None,
    }
}

fn in_words(reply: &Value) -> String {
    match error_of(reply) {
        Some(error) => format!("the error {}", cut_text(&error.to_string(), LONGEST_ERROR)),
        None if reply.get("result").is_some() => "a result".to_owned(),
        None => "neither result nor error".to_owned(),
    }
}

/// The marks of two spellings that can be compared: a reply without a letter beyond ASCII does not show how it would spell one.
fn comparable<'m>(one: &'m [String], other: &'m [String]) -> (Vec<&'m str>, Vec<&'m str>) {
    let is_letter = |mark: &str| mark == BEYOND_ASCII || mark.starts_with("\\u");
    let shows = |marks: &[String]| marks.iter().any(|mark| is_letter(mark));
    let both = shows(one) && shows(other);
    let kept = |marks: &'m [String]| -> Vec<&'m str> {
        marks.iter().map(String::as_str).filter(|mark| both || !is_letter(mark)).collect()
    };
    (kept(one), kept(other))
}

/// How a JSON text is spelled, beyond what it says: a program that cuts replies with `sed` sees it.
pub fn spelling(text: &str) -> Vec<String> {
    let marks = [
        (BEYOND_ASCII, !text.is_ascii()),
        ("\\u and lower-case digits", escapes(text, |digit| digit.is_ascii_lowercase())),
        ("\\u and upper-case digits", escapes(text, |digit| digit.is_ascii_uppercase())),
        ("escaped slashes", text.contains("\\/")),
        ("lines", text.trim_end().contains('\n')),
        ("blanks after colons", text.contains("\": ")),
        (
            "no blanks after colons",
            ["\":\"", "\":{", "\":[", "\":0", "\":1", "\":n"].iter().any(|sign| text.contains(sign)),
        ),
    ];
    marks.into_iter().filter(|(_, is)| *is).map(|(mark, _)| mark.to_owned()).collect()
}

/// Whether any `\uXXXX` has such a digit.
fn escapes(text: &str, is: impl Fn(char) -> bool) -> bool {
    text.match_indices("\\u")
        .any(|(at, _)| text[at + 2..].chars().take(4).any(|digit| digit.is_ascii_hexdigit() && is(digit)))
}

fn turn(exchange: &Exchange, redactor: &Redactor) -> Turn {
    let answer = &exchange.answer;
    let reply = answer.json().ok();
    // Of the text as it came, before anything is taken out of it.
    let spelling = reply.as_ref().map(|_| spelling(&String::from_utf8_lossy(&answer.body))).unwrap_or_default();
    let cut_from =
        reply.as_ref().and_then(|reply| reply["result"].as_array()).map(Vec::len).filter(|length| *length > KEPT);
    let text = match reply {
        Some(_) => None,
        None => {
            let text = String::from_utf8_lossy(&answer.body);
            Some(redactor.sentence(&text).chars().take(1000).collect())
        }
    };
    // The reply first: what it hides by its fields is then hidden in the request too.
    let reply = reply.map(|mut reply| {
        // Of the rows that are cut, too: what they show may stand in a text that is kept.
        redactor.learn(&exchange.answer);
        cut(&mut reply);
        redactor.value(&reply)
    });
    Turn {
        path: redactor.text(&exchange.sent.path),
        request: redactor.form(&exchange.sent.path, &exchange.sent.body),
        status: answer.status,
        content_type: redactor.text(&answer.content_type.to_ascii_lowercase()),
        spelling,
        reply,
        text,
        cut_from,
    }
}

/// Shortens long lists.
fn cut(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.truncate(KEPT);
            items.iter_mut().for_each(cut);
        }
        Value::Object(pairs) => pairs.values_mut().for_each(cut),
        _ => {}
    }
}

/// The key of a folder's placeholders: from the environment, from the folder, or a new one, which is put there for its
/// owner alone.
///
/// # Errors
/// Those of reading and writing.
pub fn key(given: Option<&str>, folder: &Path, make: bool) -> Result<Vec<u8>, RecordingError> {
    if let Some(given) = given.filter(|given| !given.is_empty()) {
        return Ok(given.as_bytes().to_vec());
    }
    let file = folder.join(KEY);
    if file.exists() {
        return fs::read(&file).map_err(at(&file));
    }
    let key = random_key();
    if make {
        fs::create_dir_all(folder).map_err(at(folder))?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&file).and_then(|mut out| out.write_all(key.as_bytes())).map_err(at(&file))?;
    }
    Ok(key.into_bytes())
}

/// A key that nobody can guess.
pub fn random_key() -> String {
    let random: [u8; 32] = rand::rng().random();
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read_json<T: for<'de> Deserialize<'de>>(file: &Path) -> Result<T, RecordingError> {
    let text = fs::read(file).map_err(at(file))?;
    serde_json::from_slice(&text).map_err(|error| RecordingError::Form { file: file.to_owned(), error })
}

fn write_json(file: &Path, value: &impl Serialize) -> Result<(), RecordingError> {
    let mut text =
        serde_json::to_vec_pretty(value).map_err(|error| RecordingError::Form { file: file.to_owned(), error })?;
    text.push(b'\n');
    write(file, &text)
}

/// Replaces a file as a whole: whoever reads it meanwhile sees the old one or the new one.
fn write(file: &Path, text: &[u8]) -> Result<(), RecordingError> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(at(file))?;
    temporary.write_all(text).map_err(at(file))?;
    temporary.persist(file).map_err(|error| RecordingError::File { file: file.to_owned(), error: error.error })?;
    Ok(())
}
