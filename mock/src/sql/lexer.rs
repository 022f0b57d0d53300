//! Words, numbers, texts and signs of a statement, each with the byte where it stands.

use super::error::{Position, SqlError};

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A bare word, upper case.
    Word(String),
    /// A name in double quotes, as it is.
    Quoted(String),
    /// A text in single quotes.
    Text(String),
    /// Digits, a point and an exponent, as written.
    Number(String),
    /// A sign, two-character ones in one spelling (`!=`, `^=` and `~=` become `<>`).
    Sign(&'static str),
    /// Nothing more.
    End,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// As written.
    pub text: String,
    /// The byte of the statement where it begins.
    pub start: usize,
    /// Where it begins.
    pub at: Position,
}

/// Signs as written and as understood, longest first.
const SIGNS: &[(&str, &str)] = &[
    ("||", "||"),
    ("<>", "<>"),
    ("!=", "<>"),
    ("^=", "<>"),
    ("~=", "<>"),
    ("<=", "<="),
    ("!>", "<="),
    ("^>", "<="),
    ("~>", "<="),
    (">=", ">="),
    ("!<", ">="),
    ("^<", ">="),
    ("~<", ">="),
    ("<", "<"),
    (">", ">"),
    ("=", "="),
    ("+", "+"),
    ("-", "-"),
    ("*", "*"),
    ("/", "/"),
    ("(", "("),
    (")", ")"),
    (",", ","),
    (".", "."),
    (";", ";"),
    ("?", "?"),
    (":", ":"),
    ("[", "["),
    ("]", "]"),
];

struct Cursor<'a> {
    text: &'a str,
    offset: usize,
    line: u32,
    line_start: usize,
}

impl Cursor<'_> {
    fn rest(&self) -> &str {
        &self.text[self.offset..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.offset += char.len_utf8();
        if char == '\n' {
            self.line += 1;
            self.line_start = self.offset;
        }
        Some(char)
    }

    fn skip_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.bump();
        }
    }

    fn position(&self) -> Position {
        let column = u32::try_from(self.offset - self.line_start + 1).unwrap_or(u32::MAX);
        Position { line: self.line, column }
    }
}

/// Cuts a statement into tokens; the last is always `End`.
///
/// # Errors
/// A character or a quote that Firebird knows nothing to do with.
pub fn tokens(text: &str) -> Result<Vec<Token>, SqlError> {
    let mut cursor = Cursor { text, offset: 0, line: 1, line_start: 0 };
    let mut tokens = Vec::new();
    loop {
        skip_blanks(&mut cursor)?;
        let (at, start) = (cursor.position(), cursor.offset);
        let kind = next(&mut cursor, at)?;
        let end = kind == TokenKind::End;
        tokens.push(Token { kind, text: text[start..cursor.offset].to_owned(), start, at });
        if end {
            return Ok(tokens);
        }
    }
}

fn skip_blanks(cursor: &mut Cursor<'_>) -> Result<(), SqlError> {
    loop {
        cursor.skip_while(|char| char.is_ascii_whitespace() || char == '\u{b}');
        if cursor.rest().starts_with("--") {
            cursor.skip_while(|char| char != '\n');
        } else if cursor.rest().starts_with("/*") {
            cursor.bump();
            cursor.bump();
            while !cursor.rest().starts_with("*/") {
                if cursor.bump().is_none() {
                    return Err(SqlError::end_of_command(cursor.position()));
                }
            }
            cursor.bump();
            cursor.bump();
        } else {
            return Ok(());
        }
    }
}

fn next(cursor: &mut Cursor<'_>, at: Position) -> Result<TokenKind, SqlError> {
    let start = cursor.offset;
    let Some(first) = cursor.peek() else { return Ok(TokenKind::End) };
    if first.is_ascii_alphabetic() {
        cursor.skip_while(|char| char.is_ascii_alphanumeric() || char == '_' || char == '$');
        return Ok(TokenKind::Word(cursor.text[start..cursor.offset].to_ascii_uppercase()));
    }
    let second_is_digit = cursor.rest().chars().nth(1).is_some_and(|char| char.is_ascii_digit());
    if first.is_ascii_digit() || (first == '.' && second_is_digit) {
        return Ok(TokenKind::Number(number(cursor, start)));
    }
    if first == '\'' || first == '"' {
        return quoted(cursor, first, at);
    }
    for (written, meant) in SIGNS {
        if cursor.rest().starts_with(written) {
            cursor.offset += written.len();
            return Ok(TokenKind::Sign(meant));
        }
    }
    Err(SqlError::token(&first.to_string(), at))
}

fn number(cursor: &mut Cursor<'_>, start: usize) -> String {
    let digit = |char: char| char.is_ascii_digit();
    if let Some(behind) = cursor.rest().strip_prefix("0x").or_else(|| cursor.rest().strip_prefix("0X")) {
        let count = behind.bytes().take_while(u8::is_ascii_hexdigit).count();
        // More digits than 64 bits have are no number but a name behind a 0.
        if (1..=16).contains(&count) {
            cursor.offset += 2 + count;
            return cursor.text[start..cursor.offset].to_ascii_lowercase();
        }
    }
    cursor.skip_while(digit);
    if cursor.peek() == Some('.') {
        cursor.bump();
        cursor.skip_while(digit);
    }
    let mut ahead = cursor.rest().chars();
    if matches!(ahead.next(), Some('e' | 'E')) {
        let next = ahead.next();
        let signed = matches!(next, Some('+' | '-'));
        let digits = if signed { ahead.next() } else { next };
        if digits.is_some_and(digit) {
            cursor.bump();
            if signed {
                cursor.bump();
            }
            cursor.skip_while(digit);
        }
    }
    cursor.text[start..cursor.offset].to_owned()
}

fn quoted(cursor: &mut Cursor<'_>, quote: char, at: Position) -> Result<TokenKind, SqlError> {
    let start = cursor.offset;
    cursor.bump();
    let mut content = String::new();
    loop {
        match cursor.bump() {
            Some(char) if char == quote => {
                if cursor.peek() != Some(quote) {
                    break;
                }
                cursor.bump();
                content.push(quote);
            }
            Some(char) => content.push(char),
            None => return Err(SqlError::token(&cursor.text[start..], at)),
        }
    }
    if quote == '\'' {
        return Ok(TokenKind::Text(content));
    }
    if content.is_empty() {
        return Err(SqlError::dynamic("42000", -104, &["Zero length identifiers are not allowed"]));
    }
    Ok(TokenKind::Quoted(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_bytes() {
        let tokens = tokens("select 'тих',\n  xx").unwrap();
        let places: Vec<(u32, u32)> = tokens.iter().map(|token| (token.at.line, token.at.column)).collect();
        assert_eq!(places, [(1, 1), (1, 8), (1, 16), (2, 3), (2, 5)]);
    }

    #[test]
    fn signs_have_one_spelling() {
        let kinds: Vec<TokenKind> = tokens("a!=b^=c").unwrap().into_iter().map(|token| token.kind).collect();
        let word = |text: &str| TokenKind::Word(text.into());
        let sign = TokenKind::Sign("<>");
        assert_eq!(kinds, [word("A"), sign.clone(), word("B"), sign, word("C"), TokenKind::End]);
    }

    #[test]
    fn comments_and_doubled_quotes_are_understood() {
        let kinds: Vec<TokenKind> =
            tokens("/* ; */ 'it''s' -- no\n1.5e-3 0X1F 0xg").unwrap().into_iter().map(|token| token.kind).collect();
        let number = |text: &str| TokenKind::Number(text.into());
        let hexadecimal = [number("0x1f"), number("0"), TokenKind::Word("XG".into())];
        assert_eq!(kinds[..2], [TokenKind::Text("it's".into()), number("1.5e-3")]);
        assert_eq!(kinds[2..5], hexadecimal);
    }

    #[test]
    fn a_quote_left_open_is_an_error() {
        assert!(tokens("select 'abc").is_err());
        assert!(tokens("select \"\"").is_err());
        assert!(tokens("/* never").is_err());
    }
}
