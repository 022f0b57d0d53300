//! Cuts an input as isql does: `SET` commands of isql itself, and statements up to their `;`.

use super::Layout;
use super::error::SqlError;
use super::lexer::TokenKind;

/// One piece of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'t> {
    /// A statement for the database, without leading blanks and without its `;`.
    Statement(&'t str),
    /// A statement that the input leaves unfinished: an open quote or comment.
    Unfinished,
}

/// The pieces of an input whose last `;` may be missing, as `sqlexec` adds one.
pub fn pieces(input: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = input;
    loop {
        match end_of_statement(rest) {
            Some(end) => {
                push(&mut pieces, &rest[..end]);
                match rest.get(end + 1..) {
                    Some(behind) if !behind.is_empty() => rest = behind,
                    _ => return pieces,
                }
            }
            None => {
                pieces.push(Piece::Unfinished);
                return pieces;
            }
        }
    }
}

fn push<'t>(pieces: &mut Vec<Piece<'t>>, statement: &'t str) {
    let statement = statement.trim_start();
    if !only_comments(statement) {
        pieces.push(Piece::Statement(statement));
    }
}

/// The byte of the `;` that ends this statement, or the end of the text; nothing if a quote or comment is left open.
fn end_of_statement(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text.as_bytes()[at..];
        if rest[0] == b';' {
            return Some(at);
        }
        at += if rest[0] == b'\'' || rest[0] == b'"' {
            rest[1..].iter().position(|byte| *byte == rest[0])? + 2
        } else if rest.starts_with(b"--") {
            match rest.iter().position(|byte| *byte == b'\n') {
                Some(end) => end,
                // The `;` that `sqlexec` adds is part of the comment; that matters if a statement waits for it.
                None if only_comments(text) => rest.len(),
                None => return None,
            }
        } else if rest.starts_with(b"/*") {
            rest[2..].windows(2).position(|pair| pair == b"*/")? + 4
        } else {
            1
        };
    }
    Some(bytes.len())
}

fn only_comments(statement: &str) -> bool {
    super::lexer::tokens(statement).is_ok_and(|tokens| tokens.len() == 1)
}

/// Obeys a `SET` of isql; nothing if the statement is none.
pub fn set(statement: &str, layout: &mut Layout) -> Option<Result<(), SqlError>> {
    let words: Vec<String> = statement.split_whitespace().map(str::to_ascii_uppercase).collect();
    let [first, rest @ ..] = words.as_slice() else { return None };
    if first != "SET" {
        return None;
    }
    let refused = || Some(Err(SqlError::refused("of isql's SET commands only LIST and HEADING are known here")));
    let (Some(option), argument) = (rest.first(), rest.get(1)) else { return refused() };
    let wanted = match (rest.len(), argument.map(String::as_str)) {
        (1, None) => None,
        (2, Some("ON")) => Some(true),
        (2, Some("OFF")) => Some(false),
        _ => return refused(),
    };
    match option.as_str() {
        "LIST" => layout.list = wanted.unwrap_or(!layout.list),
        "HEADING" => layout.heading_off = !wanted.unwrap_or(layout.heading_off),
        _ => return refused(),
    }
    Some(Ok(()))
}

/// Whether isql reads no further: `EXIT` and `QUIT`, whatever stands behind the word.
pub fn ends(statement: &str) -> bool {
    super::lexer::tokens(statement)
        .is_ok_and(|tokens| matches!(&tokens[0].kind, TokenKind::Word(word) if word == "EXIT" || word == "QUIT"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statements(input: &str) -> Vec<&str> {
        pieces(input)
            .into_iter()
            .map(|piece| match piece {
                Piece::Statement(statement) => statement,
                Piece::Unfinished => "?",
            })
            .collect()
    }

    #[test]
    fn a_semicolon_ends_a_statement_but_not_inside_quotes_and_comments() {
        assert_eq!(statements("set list on; select 1"), ["set list on", "select 1"]);
        assert_eq!(statements("a ';' b; c -- ; '\n d; /* ; */ e;;"), ["a ';' b", "c -- ; '\n d", "/* ; */ e"]);
        assert_eq!(statements(" ;; -- nothing"), Vec::<&str>::new());
        assert_eq!(statements("a; b 'open"), ["a", "?"]);
        assert_eq!(statements("a 'it''s'; b"), ["a 'it''s'", "b"]);
        assert_eq!(statements("a; b -- c"), ["a", "?"]);
        assert_eq!(statements("a; -- c"), ["a"]);
    }

    #[test]
    fn set_list_alone_toggles() {
        let mut layout = Layout::default();
        assert!(set("SET  List", &mut layout).unwrap().is_ok() && layout.list);
        assert!(set("set list", &mut layout).unwrap().is_ok() && !layout.list);
        assert!(set("set heading OFF", &mut layout).unwrap().is_ok() && layout.heading_off);
        assert!(set("set heading on", &mut layout).unwrap().is_ok() && !layout.heading_off);
        assert!(set("set term ^", &mut layout).unwrap().is_err());
        assert!(set("select 1", &mut layout).is_none());
    }

    #[test]
    fn exit_and_quit_end_the_script() {
        assert!(ends("exit") && ends("QUIT ") && ends("/* c */ Exit foo"));
        assert!(!ends("exi") && !ends("select 'exit'") && !ends(""));
    }
}
