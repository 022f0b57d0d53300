//! URLs as curl reads them: lists and ranges in braces and brackets, a scheme it guesses, a path it tidies.

use std::fmt::Write;

use super::error::UrlError;
use crate::shell::Word;

/// More addresses than this are not listed.
const MOST: usize = 1000;

/// An address curl can send to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// `http` or `https`.
    pub scheme: String,
    /// Host and port, as written.
    pub authority: String,
    /// The path, as it is sent.
    pub path: String,
    /// What follows `?`, as it is sent.
    pub query: Option<String>,
}

impl Url {
    /// Path and query: what the request line names.
    pub fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// Appends what `-G` moves from the body to the query.
    pub(super) fn append(&mut self, data: &str) {
        self.query = Some(match self.query.take().filter(|query| !query.is_empty()) {
            Some(query) => format!("{query}&{data}"),
            None => data.to_owned(),
        });
    }
}

/// The URLs that an argument stands for: one, unless it holds `{a,b}` or `[1-3]` and globbing is on.
pub fn expand(word: &Word, globbing: bool) -> Vec<Result<String, UrlError>> {
    let text = word.text();
    if !globbing || !text.contains(['{', '}', '[', ']']) {
        return vec![Ok(text)];
    }
    match glob(&text) {
        Ok(urls) => urls.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    }
}

fn glob(text: &str) -> Result<Vec<String>, UrlError> {
    let mut heads = vec![String::new()];
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let wrong = |problem, offset: usize| UrlError::Glob { problem, position: at + offset };
        let rest = &text[at + c.len_utf8()..];
        let (tails, used) = match c {
            '\\' if rest.starts_with(['{', '}', '[', ']']) => (vec![rest[..1].to_owned()], 2),
            '{' => {
                let end = rest.find(['}', '{']).ok_or_else(|| wrong("unmatched brace", 1))?;
                if rest[end..].starts_with('{') {
                    return Err(wrong("nested brace", end + 2));
                }
                if end == 0 {
                    return Err(wrong("empty string within braces", 2));
                }
                (rest[..end].split(',').map(str::to_owned).collect(), end + 2)
            }
            // An empty pair is no range but two characters.
            '[' if rest.starts_with(']') => (vec!["[]".to_owned()], 2),
            '[' => {
                let inside = rest.split_once(']').and_then(|(inside, _)| Some((inside, range(inside)?)));
                let (inside, tails) = inside.ok_or_else(|| wrong("bad range specification", 2))?;
                (tails, inside.len() + 2)
            }
            '}' | ']' => return Err(wrong("unmatched close brace/bracket", 1)),
            other => (vec![other.to_string()], other.len_utf8()),
        };
        at += used;
        heads =
            heads.iter().flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}"))).take(MOST).collect();
    }
    Ok(heads)
}

/// `1-3`, `001-100`, `a-z`, each with `:step`.
fn range(text: &str) -> Option<Vec<String>> {
    let (bounds, step) = match text.split_once(':') {
        Some((bounds, step)) => (bounds, step.parse::<usize>().ok().filter(|step| *step > 0)?),
        None => (text, 1),
    };
    let (first, last) = bounds.split_once('-')?;
    if let (Ok(from), Ok(to)) = (first.parse::<u64>(), last.parse::<u64>()) {
        let width = if first.starts_with('0') { first.len() } else { 0 };
        return (from <= to).then(|| (from..=to).step_by(step).take(MOST).map(|n| format!("{n:0width$}")).collect());
    }
    let letter = |text: &str| text.chars().next().filter(|c| c.is_ascii_alphabetic() && text.len() == 1);
    let (from, to) = (letter(first)?, letter(last)?);
    (from <= to && from.is_ascii_lowercase() == to.is_ascii_lowercase())
        .then(|| (from..=to).step_by(step).map(String::from).collect())
}

/// Reads one URL. A `$` in the host stands for a variable, if there is one, and is let through.
pub fn parse(text: &str, as_is: bool, variables: bool) -> Result<Url, UrlError> {
    if text.chars().any(|c| c <= ' ' || c == '\u{7f}') {
        return Err(UrlError::Malformed);
    }
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
        _ => ("http".to_owned(), text),
    };
    let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    check_host(host, variables)?;
    if scheme != "http" && scheme != "https" {
        return Err(UrlError::Protocol { scheme });
    }
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (rest, None),
    };
    let path = if as_is { path.to_owned() } else { tidy(path) };
    let path = if path.is_empty() { "/".to_owned() } else { escape(&path) };
    Ok(Url { scheme, authority: host.to_owned(), path, query: query.map(str::to_owned) })
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

fn check_host(host: &str, variables: bool) -> Result<(), UrlError> {
    // What curl refuses in a host name, and with it every placeholder of the documentation; the last three are what
    // word processors make of `-` and `"`, and no letters of any international name.
    const REFUSED: &str = "?!@{}[]\\'\"^`*<>=;,+&()\u{2013}\u{201c}\u{201d}";
    if variables && host.contains('$') {
        return Ok(());
    }
    let (name, port) = match host.strip_prefix('[') {
        Some(address) => {
            let (address, after) = address.split_once(']').ok_or(UrlError::Malformed)?;
            (address, after.strip_prefix(':'))
        }
        None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
    };
    let bad_name = name.is_empty() || name.contains(|c| REFUSED.contains(c) || c == '$');
    let bad_port = port.is_some_and(|port| !port.is_empty() && port.parse::<u16>().is_err());
    if bad_name || bad_port { Err(UrlError::Malformed) } else { Ok(()) }
}

/// Removes `.` and `..` from a path.
fn tidy(path: &str) -> String {
    if !path.contains("/.") {
        return path.to_owned();
    }
    let mut kept: Vec<&str> = Vec::new();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let last = parts.len().saturating_sub(1);
    for (place, part) in parts.into_iter().enumerate() {
        match part {
            "." | ".." => {
                if part == ".." {
                    kept.pop();
                }
                if place == last {
                    kept.push("");
                }
            }
            other => kept.push(other),
        }
    }
    format!("/{}", kept.join("/"))
}

/// Letters outside ASCII become `%xx`, in small letters; everything else stays. Of a path only: a query is sent as is.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{byte:02x}");
            }
        }
    }
    out
}
