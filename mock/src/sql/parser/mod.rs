//! Firebird's grammar of `SELECT`, by recursive descent. Depth is bounded: no input can exhaust the stack.

mod expr;
mod function;
mod select;

use super::ast::{Expr, ExprKind, Name, Query};
use super::error::{Position, SqlError};
use super::keywords::is_reserved;
use super::lexer::{self, Token, TokenKind};

/// How deeply parentheses and subqueries may nest.
const MAX_NESTING: u32 = 100;

/// How many operations may stand inside one another: `a || b || c` are two.
const MAX_DEPTH: u32 = 250;

/// What a subquery counts for, in operations.
const QUERY_DEPTH: u32 = 5;

/// The longest statement, in bytes: what Firebird took before version 3, and enough for any report.
const MAX_LENGTH: usize = 65_536;

/// Statements that Firebird would run and this tool refuses.
const CHANGING: &[&str] = &[
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "EXECUTE",
    "CREATE",
    "ALTER",
    "DROP",
    "RECREATE",
    "GRANT",
    "REVOKE",
    "COMMIT",
    "ROLLBACK",
    "COMMENT",
    "DECLARE",
    "SET",
    "SAVEPOINT",
    "RELEASE",
    "CONNECT",
    "INPUT",
    "OUTPUT",
    "SHELL",
    "SHOW",
    "EXIT",
    "QUIT",
    "EDIT",
    "HELP",
    "BLOBDUMP",
    "BLOBVIEW",
    "ADD",
    "COPY",
    "EXPLAIN",
    "IN",
    "OUT",
];

/// Reads one statement.
///
/// # Errors
/// The first token that cannot stand where it stands, or that the statement is no `SELECT`.
pub fn parse(statement: &str) -> Result<Query, SqlError> {
    if statement.len() > MAX_LENGTH {
        return Err(SqlError::limit("the statement is longer than 65536 bytes"));
    }
    let tokens = lexer::tokens(statement)?;
    let mut parser = Parser { tokens, next: 0, nesting: 0, deepest: 0, negated_inside: false, query_depth: 0 };
    if let TokenKind::Word(word) = &parser.peek().kind
        && CHANGING.contains(&word.as_str())
    {
        return Err(SqlError::refused(&format!("{word} is refused: only SELECT can be run here, nothing was changed")));
    }
    let mut query = parser.query()?;
    query.locks = parser.manners()?;
    match parser.peek().kind {
        TokenKind::End => Ok(query),
        _ => Err(parser.unexpected()),
    }
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    nesting: u32,
    /// The deepest expression of the query that is being read.
    deepest: u32,
    /// Whether the predicate read last was negated inside, as in `a NOT IN (b)`.
    negated_inside: bool,
    /// How deep the query read last is, those inside it included.
    query_depth: u32,
}

impl Parser {
    /// `FOR UPDATE` and `WITH LOCK`, which select nothing else; whether rows are locked.
    fn manners(&mut self) -> Result<bool, SqlError> {
        if self.word("FOR") {
            self.need_word("UPDATE")?;
            if self.word("OF") {
                loop {
                    self.name()?;
                    if !self.sign(",") {
                        break;
                    }
                }
            }
        }
        let locks = self.word("WITH");
        if locks {
            self.need_word("LOCK")?;
        }
        Ok(locks)
    }

    fn peek(&self) -> &Token {
        self.ahead(0)
    }

    /// The token this many places further on; the end repeats for ever.
    fn ahead(&self, places: usize) -> &Token {
        // `tokens` always ends in `End`, so it is never empty.
        &self.tokens[(self.next + places).min(self.tokens.len() - 1)]
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    /// The error that the next token is: at the end, Firebird names the last one's place.
    fn unexpected(&self) -> SqlError {
        let token = self.peek();
        if token.kind != TokenKind::End {
            return SqlError::token(&token.text, token.at);
        }
        let last = self.next.checked_sub(1).map_or(Position { line: 1, column: 1 }, |index| self.tokens[index].at);
        SqlError::end_of_command(last)
    }

    fn is_word_at(&self, places: usize, word: &str) -> bool {
        matches!(&self.ahead(places).kind, TokenKind::Word(found) if found == word)
    }

    fn is_word(&self, word: &str) -> bool {
        self.is_word_at(0, word)
    }

    fn is_sign_at(&self, places: usize, sign: &str) -> bool {
        matches!(&self.ahead(places).kind, TokenKind::Sign(found) if *found == sign)
    }

    fn is_sign(&self, sign: &str) -> bool {
        self.is_sign_at(0, sign)
    }

    /// Takes this word if it comes next.
    fn word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.take();
        }
        found
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        if found {
            self.take();
        }
        found
    }

    fn need_word(&mut self, word: &str) -> Result<(), SqlError> {
        if self.word(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn need_sign(&mut self, sign: &str) -> Result<(), SqlError> {
        if self.sign(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Whether a name comes next: quoted, or a word that is not reserved.
    fn is_name_at(&self, places: usize) -> bool {
        match &self.ahead(places).kind {
            TokenKind::Word(word) => !is_reserved(word),
            TokenKind::Quoted(_) => true,
            _ => false,
        }
    }

    fn name(&mut self) -> Result<Name, SqlError> {
        if !self.is_name_at(0) {
            return Err(self.unexpected());
        }
        let token = self.take();
        match token.kind {
            TokenKind::Word(text) | TokenKind::Quoted(text) => {
                check_name(&text)?;
                Ok(Name { text, at: token.at })
            }
            _ => Err(SqlError::token(&token.text, token.at)),
        }
    }

    /// Names in parentheses, if a parenthesis comes next.
    fn name_list(&mut self) -> Result<Vec<Name>, SqlError> {
        let mut names = Vec::new();
        if self.sign("(") {
            loop {
                names.push(self.name()?);
                if !self.sign(",") {
                    break;
                }
            }
            self.need_sign(")")?;
        }
        Ok(names)
    }

    /// A whole number that stands there as such.
    fn count(&mut self) -> Result<u32, SqlError> {
        match &self.peek().kind {
            TokenKind::Number(digits) => {
                let count = digits.parse().map_err(|_| self.unexpected())?;
                self.take();
                Ok(count)
            }
            _ => Err(self.unexpected()),
        }
    }

    /// Runs a part of the grammar that may contain itself.
    fn nested<T>(&mut self, part: impl FnOnce(&mut Self) -> Result<T, SqlError>) -> Result<T, SqlError> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(SqlError::limit("the statement nests too deeply"));
        }
        let result = part(self);
        self.nesting -= 1;
        result
    }

    /// A finished expression around others.
    fn build(&mut self, at: Position, kind: ExprKind, inside: u32) -> Result<Expr, SqlError> {
        if inside >= MAX_DEPTH {
            return Err(SqlError::limit("an expression has too many operations inside one another"));
        }
        self.deepest = self.deepest.max(inside + 1);
        Ok(Expr { kind, at, depth: inside + 1 })
    }
}

/// The longest name, in bytes.
const NAME_LENGTH: usize = 31;

fn check_name(name: &str) -> Result<(), SqlError> {
    if name.len() > NAME_LENGTH {
        return Err(SqlError::dynamic("42000", -104, &["Name longer than database column size"]));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_error(statement: &str, expected: &[&str]) {
        let error = parse(statement).unwrap_err();
        assert_eq!(error.lines[2..], *expected, "{statement}");
    }

    #[test]
    fn errors_name_token_and_place() {
        check_error("select * from t limit 2", &["Token unknown - line 1, column 23", "2"]);
        check_error("select id frmo t", &["Token unknown - line 1, column 16", "t"]);
        check_error("select from t", &["Token unknown - line 1, column 8", "from"]);
        check_error("select date from t", &["Token unknown - line 1, column 13", "from"]);
        check_error("select id from t where (id=1", &["Unexpected end of command - line 1, column 28"]);
        check_error("select id from t left join t b", &["Unexpected end of command - line 1, column 30"]);
    }

    #[test]
    fn changes_are_refused_by_name() {
        let error = parse("delete from abonents").unwrap_err();
        assert!(error.lines[1].starts_with("DELETE is refused"), "{error}");
    }

    #[test]
    fn deep_statements_are_refused_not_overflowing() {
        for (open, close) in [("(", ")"), ("not ", ""), ("- ", ""), ("case when 1=1 then ", " end"), ("upper(", ")")] {
            let text = format!("select {}1{} from t", open.repeat(3000), close.repeat(3000));
            assert_eq!(parse(&text).unwrap_err().sqlstate, "54000", "{open}");
        }
        let text = format!("select 1{} from t", "+1".repeat(5000));
        assert_eq!(parse(&text).unwrap_err().sqlstate, "54000");
        // Long lists of conditions are flat.
        let text = format!("select 1 from t where 1=1{}", " or a=1".repeat(5000));
        assert!(parse(&text).is_ok());
    }
}
