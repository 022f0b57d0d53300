//! Why a text is no bash.

use std::fmt;

use brush_parser::{ParseError, SourcePosition, TokenizerError};
use serde::Serialize;

/// What bash stumbles over, and where (line and column from 1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShellError {
    /// A quote is opened and never closed.
    OpenQuote {
        /// The quote.
        quote: char,
        /// Where it is opened.
        line: usize,
        /// Where it is opened.
        column: usize,
    },
    /// A `$(`, `${`, here document or escape is begun and never ended.
    Unfinished {
        /// What, in words.
        what: String,
        /// Where the text ends.
        line: usize,
    },
    /// Words and operators that make no command.
    Syntax {
        /// Where.
        line: usize,
        /// Where.
        column: usize,
    },
}

impl ShellError {
    /// The line it is on.
    pub fn line(&self) -> usize {
        match self {
            Self::OpenQuote { line, .. } | Self::Unfinished { line, .. } | Self::Syntax { line, .. } => *line,
        }
    }

    /// From the parser's error; the text tells where its end is.
    pub(super) fn new(error: ParseError, text: &str) -> Self {
        let last = text.trim_end().lines().count().max(1);
        match error {
            ParseError::ParsingNear(at) => Self::Syntax { line: at.line, column: at.column },
            ParseError::ParsingAtEndOfInput => {
                Self::Syntax { line: last, column: text.lines().last().map_or(1, |line| line.chars().count() + 1) }
            }
            ParseError::Tokenizing { inner, .. } => {
                let open =
                    |quote: char, at: &SourcePosition| Self::OpenQuote { quote, line: at.line, column: at.column };
                match &inner {
                    TokenizerError::UnterminatedSingleQuote(at) | TokenizerError::UnterminatedAnsiCQuote(at) => {
                        open('\'', at)
                    }
                    TokenizerError::UnterminatedDoubleQuote(at) => open('"', at),
                    TokenizerError::UnterminatedBackquote(at) => open('`', at),
                    other => Self::Unfinished { what: other.to_string(), line: last },
                }
            }
        }
    }
}

impl fmt::Display for ShellError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // bash's own words.
            Self::OpenQuote { quote, line, column } => {
                let pair = if *quote == '\'' { "`''".to_owned() } else { format!("`{quote}'") };
                write!(f, "line {line}, column {column}: unexpected EOF while looking for matching {pair}")
            }
            Self::Unfinished { what, line } => write!(f, "line {line}: {what}"),
            Self::Syntax { line, column } => write!(f, "line {line}, column {column}: syntax error"),
        }
    }
}

impl std::error::Error for ShellError {}
