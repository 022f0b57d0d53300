//! A word of a command, made of pieces that remember their quoting.

use std::sync::LazyLock;

use brush_parser::word::{Parameter, ParameterExpr, WordPiece};
use regex::Regex;

#[expect(clippy::unwrap_used, reason = "the pattern is a constant, and a test uses it")]
static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)").unwrap());

/// How a piece of a word is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoting {
    /// Not at all.
    None,
    /// By a backslash.
    Backslash,
    /// `'...'` or `$'...'`: nothing inside is replaced.
    Single,
    /// `"..."`: variables inside are replaced.
    Double,
}

/// A part of a word.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Text that stays as it is.
    Text {
        /// The text, without its quotes and escapes.
        text: String,
        /// How it was quoted.
        quoting: Quoting,
    },
    /// A variable that bash replaces by its value.
    Variable {
        /// Its name.
        name: String,
        /// `Double` or `None`; without quotes its value is split at blanks as well.
        quoting: Quoting,
    },
    /// A command whose output bash puts here.
    Command {
        /// The command's text.
        text: String,
        /// The file it is read through, for `<(...)`.
        process: bool,
    },
    /// Any other expansion, as written: `${x:-y}`, `$((x+1))`.
    Expansion(String),
}

/// A word of a command.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Word {
    /// Its parts, in order.
    pub pieces: Vec<Piece>,
}

impl From<&str> for Word {
    /// A word that is all text.
    fn from(text: &str) -> Self {
        Self { pieces: vec![Piece::Text { text: text.to_owned(), quoting: Quoting::Single }] }
    }
}

impl Piece {
    /// The piece's text: a variable as `$name`, other expansions as written.
    pub fn text(&self) -> String {
        match self {
            Self::Text { text, .. } => text.clone(),
            Self::Variable { name, .. } => format!("${name}"),
            Self::Command { text, process: true } => format!("<({text})"),
            Self::Command { text, process: false } => format!("$({text})"),
            Self::Expansion(text) => text.clone(),
        }
    }
}

impl Word {
    /// The word as the program gets it, with variables as `$name` and other expansions as written.
    pub fn text(&self) -> String {
        self.pieces.iter().map(Piece::text).collect()
    }

    /// The word as the program gets it, if nothing in it is replaced.
    pub fn literal(&self) -> Option<String> {
        self.pieces
            .iter()
            .map(|piece| if let Piece::Text { text, .. } = piece { Some(text.as_str()) } else { None })
            .collect()
    }

    /// The names of the variables that bash replaces.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable { name, .. } => Some(name.as_str()),
            _ => None,
        })
    }

    /// What looks like a variable, but stands in single quotes and so stays as it is.
    pub fn single_quoted_dollars(&self) -> Vec<&str> {
        let texts = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text { text, quoting: Quoting::Single } => Some(text.as_str()),
            _ => None,
        });
        texts
            .flat_map(|text| NAME.captures_iter(text).filter_map(|found| found.get(1)))
            .map(|name| name.as_str())
            .collect()
    }

    /// The word without its first bytes: what follows `-d` in `-d'...'`. The bytes must be text.
    pub fn skip(&self, mut bytes: usize) -> Self {
        let mut pieces = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text { text, quoting } if bytes > 0 => {
                    let cut = bytes.min(text.len());
                    bytes -= cut;
                    if let Some(rest) = text.get(cut..).filter(|rest| !rest.is_empty()) {
                        pieces.push(Piece::Text { text: rest.to_owned(), quoting: *quoting });
                    }
                }
                other => pieces.push(other.clone()),
            }
        }
        Self { pieces }
    }

    pub(super) fn push(&mut self, piece: &WordPiece, quoting: Quoting, source: &str) {
        let text = |text: &str, quoting| Piece::Text { text: text.to_owned(), quoting };
        let piece = match piece {
            WordPiece::Text(plain) => text(plain, quoting),
            WordPiece::SingleQuotedText(plain) => text(plain, Quoting::Single),
            WordPiece::AnsiCQuotedText(escaped) => text(&ansi_c(escaped), Quoting::Single),
            WordPiece::EscapeSequence(escaped) => {
                let plain = escaped.strip_prefix('\\').unwrap_or(escaped);
                // A backslash at the end of a line joins it with the next.
                text(if plain == "\n" { "" } else { plain }, Quoting::Backslash)
            }
            WordPiece::DoubleQuotedSequence(inner) | WordPiece::GettextDoubleQuotedSequence(inner) => {
                if inner.is_empty() {
                    self.pieces.push(text("", Quoting::Double));
                }
                for piece in inner {
                    let source = source.get(piece.start_index..piece.end_index).unwrap_or_default();
                    self.push(&piece.piece, Quoting::Double, source);
                }
                return;
            }
            WordPiece::ParameterExpansion(ParameterExpr::Parameter {
                parameter: Parameter::Named(name),
                indirect: false,
            }) => Piece::Variable { name: name.clone(), quoting },
            WordPiece::CommandSubstitution(command) => Piece::Command { text: command.clone(), process: false },
            WordPiece::BackquotedCommandSubstitution(command) => {
                let command = command.replace("\\`", "`").replace("\\$", "$").replace("\\\\", "\\");
                Piece::Command { text: command, process: false }
            }
            WordPiece::TildeExpansion(_) | WordPiece::ArithmeticExpression(_) | WordPiece::ParameterExpansion(_) => {
                Piece::Expansion(source.to_owned())
            }
        };
        self.pieces.push(piece);
    }
}

/// Decodes the inside of `$'...'`.
fn ansi_c(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let Some(letter) = escape.chars().next() else {
            out.push('\\');
            return out;
        };
        let after = &escape[letter.len_utf8()..];
        let (decoded, after) = match letter {
            'n' => (Some('\n'), after),
            't' => (Some('\t'), after),
            'r' => (Some('\r'), after),
            'a' => (Some('\u{7}'), after),
            'b' => (Some('\u{8}'), after),
            'e' | 'E' => (Some('\u{1b}'), after),
            'f' => (Some('\u{c}'), after),
            'v' => (Some('\u{b}'), after),
            '\\' | '\'' | '"' | '?' => (Some(letter), after),
            'x' => code(after, 2, 16),
            'u' => code(after, 4, 16),
            'U' => code(after, 8, 16),
            '0'..='7' => code(escape, 3, 8),
            _ => (None, after),
        };
        match decoded {
            Some(decoded) => out.push(decoded),
            None => {
                out.push('\\');
                out.push(letter);
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Up to so many digits of a character's code, and what follows them.
fn code(text: &str, most: usize, radix: u32) -> (Option<char>, &str) {
    let digits = text.chars().take(most).take_while(|c| c.is_digit(radix)).count();
    let (digits, after) = text.split_at(digits);
    (u32::from_str_radix(digits, radix).ok().and_then(char::from_u32), after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ansi_c_quotes_are_decoded() {
        assert_eq!(ansi_c(r"a\tb\'c\\d\x41\u0416\101\q\"), "a\tb'c\\dAЖA\\q\\");
    }

    #[test]
    fn a_word_loses_its_first_bytes() {
        let word = Word {
            pieces: vec![
                Piece::Text { text: "-d".into(), quoting: Quoting::None },
                Piece::Text { text: "ab".into(), quoting: Quoting::Single },
                Piece::Variable { name: "x".into(), quoting: Quoting::None },
            ],
        };
        assert_eq!(word.skip(2).text(), "ab$x");
        assert_eq!(word.skip(3).text(), "b$x");
    }
}
