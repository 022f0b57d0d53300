//! The page, held against the contract: whether everything that is cited stands where it is cited.
//!
//! The page's text is its owner's and not in this repository. Whoever has it, or a later version of it, gives it to
//! [`Page::new`]: [`Page::misplaced`] tells which citations no longer hold, [`Page::uncited`] what nothing cites.

use std::collections::BTreeSet;
use std::fmt;

use crate::contract::Contract;
use crate::schema::Model;
use crate::source::Source;

/// The page's text. Blanks around a line, and how many stand between words, do not count: they are the browser's.
#[derive(Clone, Debug)]
pub struct Page {
    lines: Vec<String>,
}

/// Something of the contract that cites the page.
struct Citation {
    what: String,
    line: u32,
    words: Words,
}

/// What is cited.
enum Words {
    /// A part of the line.
    Quote(String),
    /// Lines below one another, the cited one among them.
    Command(String),
    /// One of these names: see [`mentions`].
    Name(Vec<String>),
}

/// A citation of a line that does not hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misplaced {
    /// What cites it.
    pub what: String,
    /// The line.
    pub line: u32,
    /// What should stand there.
    pub words: String,
    /// The lines where it stands.
    pub found: Vec<u32>,
}

impl fmt::Display for Misplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: line {} does not hold `{}`; ", self.what, self.line, self.words)?;
        match &self.found[..] {
            [] => f.write_str("no line does"),
            [line] => write!(f, "line {line} does"),
            [first, rest @ ..] => write!(f, "line {first} and {} more do", rest.len()),
        }
    }
}

impl Page {
    /// The page from its text.
    pub fn new(text: &str) -> Self {
        Self { lines: text.lines().map(plain).collect() }
    }

    /// The citations that do not hold, in the order of the lines they name.
    pub fn misplaced(&self, contract: &Contract) -> Vec<Misplaced> {
        let wrong = |Citation { what, line, words }: Citation| {
            let places = self.places(&words);
            let holds = places.iter().any(|&(first, last)| (first..=last).contains(&line));
            let found = places.into_iter().map(|(first, _)| first).collect();
            (!holds).then(|| Misplaced { what, line, words: words.shown(), found })
        };
        let mut found: Vec<_> = citations(contract).filter_map(wrong).collect();
        found.sort_by_key(|one| one.line);
        found
    }

    /// The lines that no rule, erratum or call cites, with their numbers; empty ones are left out.
    pub fn uncited(&self, contract: &Contract) -> Vec<(u32, &str)> {
        let mut cited = BTreeSet::new();
        for Citation { line, words, .. } in citations(contract) {
            match &words {
                Words::Name(_) => {}
                Words::Quote(_) => cited.extend([line]),
                Words::Command(_) => {
                    let places =
                        self.places(&words).into_iter().filter(|(first, last)| (*first..=*last).contains(&line));
                    cited.extend(places.flat_map(|(first, last)| first..=last));
                }
            }
        }
        let lines = (1..).zip(self.lines.iter().map(String::as_str));
        lines.filter(|(number, line)| !line.is_empty() && !cited.contains(number)).collect()
    }

    /// Where words stand: the first and the last line of each place.
    fn places(&self, words: &Words) -> Vec<(u32, u32)> {
        let one = |holds: &dyn Fn(&str) -> bool| -> Vec<(u32, u32)> {
            let lines = (1..).zip(&self.lines);
            lines.filter(|(_, line)| holds(line.as_str())).map(|(number, _)| (number, number)).collect()
        };
        match words {
            Words::Quote(text) => {
                let text = plain(text);
                one(&|line| line.contains(&text))
            }
            Words::Name(names) => one(&|line| names.iter().any(|name| mentions(line, name))),
            Words::Command(text) => {
                let wanted: Vec<String> = text.trim().lines().map(plain).collect();
                let blocks = (1..).zip(self.lines.windows(wanted.len().max(1)));
                let here = blocks.filter(|(_, block)| is_block(block, &wanted));
                here.map(|(first, block)| (first, first + block.len() as u32 - 1)).collect()
            }
        }
    }
}

/// Whether these lines are a command's: something may stand before its first one and behind its last.
fn is_block(lines: &[String], wanted: &[String]) -> bool {
    match (lines, wanted) {
        ([line], [text]) => line.contains(text.as_str()),
        ([first, middle @ .., last], [opens, between @ .., closes]) => {
            first.ends_with(opens.as_str()) && middle == between && last.starts_with(closes.as_str())
        }
        _ => false,
    }
}

fn plain(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a line has a name, in any case: as a word of its own, as a column (`tarif_id`), as a part of a path
/// (`abonent_id_users__ip`), or at the end of a longer name (`set_object_status`).
fn mentions(line: &str, name: &str) -> bool {
    let (line, name) = (line.to_lowercase(), name.to_lowercase());
    let part = |symbol: char| symbol.is_alphanumeric() || symbol == '_';
    line.match_indices(&name).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + name.len()..]);
        let begins = !before.ends_with(char::is_alphanumeric);
        let tail = after.strip_prefix("_id").unwrap_or(after);
        begins && (!tail.starts_with(part) || tail.starts_with("__"))
    })
}

impl Words {
    fn shown(self) -> String {
        match self {
            Self::Quote(text) => text,
            Self::Command(text) => text.trim().lines().next().unwrap_or_default().to_owned(),
            Self::Name(names) => names.join("` or `"),
        }
    }
}

fn citations(contract: &Contract) -> impl Iterator<Item = Citation> {
    let examples = contract.examples.iter().map(|example| Citation {
        what: format!("call {}", example.id),
        line: example.line,
        words: Words::Command(example.printed.command.clone()),
    });
    let rules = contract.rules.iter().filter_map(|rule| {
        let words = Words::Quote(rule.text.clone()?);
        Some(Citation { what: format!("rule {}", rule.id), line: rule.source.line()?, words })
    });
    let errata = contract.errata.iter().map(|erratum| Citation {
        what: format!("erratum {}", erratum.id),
        line: erratum.line,
        words: Words::Quote(erratum.text.clone()),
    });
    examples.chain(rules).chain(errata).chain(contract.schema.models.iter().flat_map(names))
}

/// The fields, properties, methods and arguments of a model that are named on the page. A model itself may be one that the
/// page only implies.
fn names(model: &Model) -> Vec<Citation> {
    let mut found = Vec::new();
    let mut cite = |what: String, source: Source, names: Vec<String>| {
        found.extend(source.line().map(|line| Citation { what, line, words: Words::Name(names) }));
    };
    for field in &model.fields {
        let key = (field.id == model.pk).then(|| "pk".to_owned());
        let names = [field.name.clone()].into_iter().chain(key).collect();
        cite(format!("{}.{}", model.name, field.name), field.source, names);
    }
    for (name, property) in &model.properties {
        cite(format!("{}.{name}", model.name), property.source, vec![name.clone()]);
    }
    for (name, method) in model.methods.iter().chain(&model.model_methods) {
        cite(format!("{}.{name}", model.name), method.source, vec![name.clone()]);
        for (argument, spec) in &method.args {
            cite(format!("{}.{name}, argument {argument}", model.name), spec.source, vec![argument.clone()]);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{is_block, mentions};

    #[track_caller]
    fn check(line: &str, name: &str, expected: bool) {
        assert_eq!(mentions(line, name), expected, "`{name}` in `{line}`");
    }

    #[test]
    fn a_name_is_a_word_a_column_or_a_part_of_a_path() {
        check(r#"arg1={"tarif_id":1}"#, "tarif", true);
        check(r#"arg1={"abonent_id_users__ip":"1"}"#, "ip", true);
        check("aa.LIMIT_WARNING", "limit_warning", true);
        check(r#"{"get_user_uslugas_all":1}"#, "get_user_uslugas", false);
        check(r#"{"description":1}"#, "ip", false);
        check(r#"{"ip_pull":1}"#, "ip", false);
        check("method2=set_object_status", "object_status", true);
        check(r#"{"abonent__deleted": 0}"#, "abonent", true);
    }

    #[test]
    fn a_command_may_begin_and_end_amid_a_line() {
        let lines = |text: &[&str]| text.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        let wanted = lines(&["for id", "do", "done"]);
        assert!(is_block(&lines(&["1. for id", "do", "done 2."]), &wanted));
        assert!(!is_block(&lines(&["1. for id", "then", "done 2."]), &wanted));
        assert!(is_block(&lines(&["1. curl x 2."]), &lines(&["curl x"])));
    }
}
