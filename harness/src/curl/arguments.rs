//! Tells options, their arguments and URLs apart.

use super::error::CurlError;
use super::options::{self, Spec};
use crate::shell::Word;

/// One argument, understood.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// A URL.
    Url(Word),
    /// An option, with its argument where it takes one.
    Option(&'static str, Option<Word>),
}

/// Reads a command line. `--next` begins a new group with options of its own.
pub fn read(words: &[Word]) -> Result<Vec<Vec<Argument>>, CurlError> {
    if words.is_empty() {
        return Err(CurlError::NoArguments);
    }
    let mut groups = vec![Vec::new()];
    let mut options_end = false;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = word.text();
        if options_end || !text.starts_with('-') {
            push(&mut groups, Argument::Url(word.clone()));
            continue;
        }
        if text == "--" {
            options_end = true;
            continue;
        }
        for (spec, value) in options(word, &text, &mut words)? {
            match (spec.name, value) {
                ("next", _) => groups.push(Vec::new()),
                ("url", Some(value)) => push(&mut groups, Argument::Url(value)),
                ("help", _) => return Err(CurlError::Prints { what: "help" }),
                ("version", _) => return Err(CurlError::Prints { what: "version" }),
                ("manual", _) => return Err(CurlError::Prints { what: "manual" }),
                (name, value) => push(&mut groups, Argument::Option(name, value)),
            }
        }
    }
    Ok(groups)
}

fn push(groups: &mut [Vec<Argument>], argument: Argument) {
    if let Some(last) = groups.last_mut() {
        last.push(argument);
    }
}

/// The options in one word: one by its long name, or several by their letters (`-sXPOST`).
fn options<'a>(
    word: &Word,
    text: &str,
    rest: &mut impl Iterator<Item = &'a Word>,
) -> Result<Vec<(Spec, Option<Word>)>, CurlError> {
    if let Some(name) = text.strip_prefix("--") {
        let spec = options::long(name, text)?;
        return Ok(vec![(spec, argument(spec, None, rest, text)?)]);
    }
    let unknown = || CurlError::UnknownOption { option: text.to_owned() };
    let letters = text.get(1..).filter(|letters| !letters.is_empty()).ok_or_else(unknown)?;
    let mut given = Vec::new();
    for (place, letter) in letters.char_indices() {
        let spec = options::short(letter).ok_or_else(unknown)?;
        let after = 1 + place + letter.len_utf8();
        let attached = (after < text.len()).then(|| word.skip(after));
        given.push((spec, argument(spec, attached, rest, text)?));
        if spec.takes {
            break;
        }
    }
    Ok(given)
}

fn argument<'a>(
    spec: Spec,
    attached: Option<Word>,
    rest: &mut impl Iterator<Item = &'a Word>,
    written: &str,
) -> Result<Option<Word>, CurlError> {
    const NUMBERS: [&str; 6] = ["max-time", "connect-timeout", "retry", "retry-delay", "max-redirs", "speed-limit"];
    if !spec.takes {
        return Ok(None);
    }
    let value = attached
        .or_else(|| rest.next().cloned())
        .ok_or_else(|| CurlError::RequiresParameter { option: written.to_owned() })?;
    let number = value.literal().is_none_or(|text| text.parse::<f64>().is_ok());
    if NUMBERS.contains(&spec.name) && !number {
        return Err(CurlError::NotANumber { option: written.to_owned() });
    }
    Ok(Some(value))
}
