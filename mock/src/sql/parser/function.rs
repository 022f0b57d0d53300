//! Calls: the ones with a grammar of their own, and all others.

use super::Parser;
use super::expr::deepest;
use crate::sql::ast::{AggregateKind, Expr, ExprKind, Name, Part, TrimSide, TypeName};
use crate::sql::error::{Position, SqlError};
use crate::sql::keywords::{is_no_function, is_reserved, is_reserved_function};
use crate::sql::lexer::TokenKind;

impl Parser {
    /// The call that begins at this word; nothing if the word calls nothing.
    pub(super) fn call(&mut self, at: Position) -> Result<Option<Expr>, SqlError> {
        let TokenKind::Word(word) = self.peek().kind.clone() else { return Ok(None) };
        let aggregate = match word.as_str() {
            "COUNT" => Some(AggregateKind::Count),
            "SUM" => Some(AggregateKind::Sum),
            "AVG" => Some(AggregateKind::Avg),
            "MIN" => Some(AggregateKind::Min),
            "MAX" => Some(AggregateKind::Max),
            _ => None,
        };
        let found = match word.as_str() {
            _ if aggregate.is_some() => self.aggregate(at, aggregate.unwrap_or(AggregateKind::Count))?,
            "EXISTS" | "SINGULAR" => {
                self.take();
                let query = Box::new(self.query_in_parentheses()?);
                let kind = if word == "EXISTS" { ExprKind::Exists(query) } else { ExprKind::Singular(query) };
                self.build(at, kind, self.query_depth)?
            }
            "CAST" => self.cast(at)?,
            "EXTRACT" => self.extract(at)?,
            "SUBSTRING" => self.substring(at)?,
            "TRIM" => self.trim(at)?,
            "POSITION" => self.position(at)?,
            "OVERLAY" => self.overlay(at)?,
            "DATEADD" => self.date_add(at)?,
            "DATEDIFF" => self.date_diff(at)?,
            "LIST" => return Err(SqlError::refused("the function LIST is not run here")),
            _ if is_no_function(&word) => {
                self.take();
                return Err(self.unexpected());
            }
            _ if is_reserved(&word) && !is_reserved_function(&word) => return Ok(None),
            _ => self.plain_call(at, word)?,
        };
        if self.is_word("OVER") && self.is_sign_at(1, "(") {
            return Err(SqlError::refused("window functions are not run here"));
        }
        Ok(Some(found))
    }

    /// Takes the function's name and the parenthesis behind it.
    fn open(&mut self) {
        self.take();
        self.take();
    }

    fn aggregate(&mut self, at: Position, kind: AggregateKind) -> Result<Expr, SqlError> {
        self.open();
        if kind == AggregateKind::Count && self.sign("*") {
            self.need_sign(")")?;
            return self.build(at, ExprKind::Aggregate(kind, false, None), 0);
        }
        let distinct = self.word("DISTINCT");
        if !distinct {
            self.word("ALL");
        }
        let inner = self.expr()?;
        self.need_sign(")")?;
        let inside = inner.depth;
        self.build(at, ExprKind::Aggregate(kind, distinct, Some(Box::new(inner))), inside)
    }

    fn cast(&mut self, at: Position) -> Result<Expr, SqlError> {
        self.open();
        let inner = self.expr()?;
        self.need_word("AS")?;
        let ty = self.type_name()?;
        self.need_sign(")")?;
        let inside = inner.depth;
        self.build(at, ExprKind::Cast(Box::new(inner), ty), inside)
    }

    fn type_name(&mut self) -> Result<TypeName, SqlError> {
        let TokenKind::Word(word) = self.peek().kind.clone() else { return Err(self.unexpected()) };
        let name = match word.as_str() {
            "SMALLINT" => TypeName::Small,
            "INTEGER" | "INT" => TypeName::Integer,
            "BIGINT" => TypeName::Big,
            "FLOAT" | "REAL" => TypeName::Float,
            "LONG" => {
                self.take();
                return Err(self.unexpected());
            }
            "DOUBLE" => {
                self.take();
                if !self.is_word("PRECISION") {
                    return Err(self.unexpected());
                }
                TypeName::Double
            }
            "DATE" => TypeName::Date,
            "TIME" => TypeName::Time,
            "TIMESTAMP" => TypeName::Timestamp,
            "BOOLEAN" => TypeName::Boolean,
            "NUMERIC" | "DECIMAL" | "DEC" => {
                self.take();
                let (precision, scale) = self.precision()?;
                return Ok(match word.as_str() {
                    "NUMERIC" => TypeName::Numeric(precision, scale),
                    _ => TypeName::Decimal(precision, scale),
                });
            }
            "CHAR" | "CHARACTER" | "VARCHAR" => {
                self.take();
                let varying = self.word("VARYING") || word == "VARCHAR";
                let mut length = 1;
                if self.is_sign("(") {
                    self.take();
                    length = self.count()?;
                    self.need_sign(")")?;
                } else if varying {
                    return Err(self.unexpected());
                }
                self.charset()?;
                check_length(length)?;
                return Ok(if varying { TypeName::Varchar(length) } else { TypeName::Char(length) });
            }
            "BLOB" | "NCHAR" | "NATIONAL" => {
                return Err(SqlError::refused(&format!("the type {word} is not known here")));
            }
            _ if is_reserved(&word) => return Err(self.unexpected()),
            domain => {
                let line = format!("Specified domain or source column {domain} does not exist");
                return Err(SqlError::dynamic("42000", -607, &["Invalid command", &line]));
            }
        };
        self.take();
        Ok(name)
    }

    /// A character set changes nothing here: every text is Unicode.
    fn charset(&mut self) -> Result<(), SqlError> {
        if self.is_word("CHARACTER") && self.is_word_at(1, "SET") {
            self.take();
            self.take();
            self.name()?;
        }
        Ok(())
    }

    fn precision(&mut self) -> Result<(u32, u32), SqlError> {
        if !self.sign("(") {
            return Ok((9, 0));
        }
        let precision = self.count()?;
        let scale = if self.sign(",") { self.count()? } else { 0 };
        self.need_sign(")")?;
        if !(1..=18).contains(&precision) {
            return Err(SqlError::dynamic("HY104", -842, &["Precision must be from 1 to 18"]));
        }
        if scale > precision {
            return Err(SqlError::dynamic("HY104", -842, &["Scale must be between zero and precision"]));
        }
        Ok((precision, scale))
    }

    fn extract(&mut self, at: Position) -> Result<Expr, SqlError> {
        self.open();
        let part = self.part()?;
        self.need_word("FROM")?;
        let inner = self.expr()?;
        self.need_sign(")")?;
        let inside = inner.depth;
        self.build(at, ExprKind::Extract(part, Box::new(inner)), inside)
    }

    fn part(&mut self) -> Result<Part, SqlError> {
        let TokenKind::Word(word) = &self.peek().kind else { return Err(self.unexpected()) };
        let part = Part::named(word).ok_or_else(|| self.unexpected())?;
        self.take();
        Ok(part)
    }

    /// `DATEADD(n part TO moment)` or `DATEADD(part, n, moment)`.
    fn date_add(&mut self, at: Position) -> Result<Expr, SqlError> {
        self.open();
        let (part, by, moment);
        if self.is_part() {
            part = self.part()?;
            self.need_sign(",")?;
            by = self.expr()?;
            self.need_sign(",")?;
        } else {
            by = self.expr()?;
            part = self.part()?;
            self.need_word("TO")?;
        }
        moment = self.expr()?;
        self.need_sign(")")?;
        let inside = by.depth.max(moment.depth);
        self.build(at, ExprKind::DateAdd(part, Box::new(by), Box::new(moment)), inside)
    }

    /// Whether a part stands here as such: its name, which may be that of a column, and no operation behind it.
    fn is_part(&self) -> bool {
        let TokenKind::Word(word) = &self.peek().kind else { return false };
        Part::named(word).is_some() && (is_reserved(word) || self.is_sign_at(1, ","))
    }

    /// `DATEDIFF(part FROM moment TO moment)` or `DATEDIFF(part, moment, moment)`.
    fn date_diff(&mut self, at: Position) -> Result<Expr, SqlError> {
        self.open();
        let part = self.part()?;
        let in_words = self.word("FROM");
        if !in_words {
            self.need_sign(",")?;
        }
        let from = self.expr()?;
        if in_words {
            self.need_word("TO")?
        } else {
            self.need_sign(",")?
        }
        let to = self.expr()?;
        self.need_sign(")")?;
        let inside = from.depth.max(to.depth);
        self.build(at, ExprKind::DateDiff(part, Box::new(from), Box::new(to)), inside)
    }

    fn overlay(&mut self, at: Position) -> Result<Expr, SqlError> {
        let name = self.peek().at;
        self.open();
        let mut args = vec![self.expr()?];
        self.need_word("PLACING")?;
        args.push(self.expr()?);
        self.need_word("FROM")?;
        args.push(self.expr()?);
        if self.word("FOR") {
            args.push(self.expr()?);
        }
        self.need_sign(")")?;
        let inside = deepest(&args);
        self.build(at, ExprKind::Function(Name { text: "OVERLAY".into(), at: name }, args), inside)
    }

    fn substring(&mut self, at: Position) -> Result<Expr, SqlError> {
        self.open();
        let text = self.expr()?;
        if self.is_word("SIMILAR") {
            return Err(SqlError::refused("SUBSTRING ... SIMILAR is not run here"));
        }
        self.need_word("FROM")?;
        let from = self.expr()?;
        let length = if self.word("FOR") { Some(Box::new(self.expr()?)) } else { None };
        self.need_sign(")")?;
        let inside = text.depth.max(from.depth).max(length.as_ref().map_or(0, |length| length.depth));
        self.build(at, ExprKind::Substring(Box::new(text), Box::new(from), length), inside)
    }

    fn trim(&mut self, at: Position) -> Result<Expr, SqlError> {
        self.open();
        let side = if self.word("LEADING") {
            Some(TrimSide::Leading)
        } else if self.word("TRAILING") {
            Some(TrimSide::Trailing)
        } else if self.word("BOTH") {
            Some(TrimSide::Both)
        } else {
            None
        };
        let (mut what, text);
        if side.is_some() && self.word("FROM") {
            what = None;
            text = self.expr()?;
        } else {
            let first = self.expr()?;
            if self.word("FROM") {
                what = Some(Box::new(first));
                text = self.expr()?;
            } else if side.is_none() {
                what = None;
                text = first;
            } else {
                return Err(self.unexpected());
            }
        }
        self.need_sign(")")?;
        let inside = text.depth.max(what.as_ref().map_or(0, |what| what.depth));
        let what = what.take();
        self.build(at, ExprKind::Trim(side.unwrap_or(TrimSide::Both), what, Box::new(text)), inside)
    }

    fn position(&mut self, at: Position) -> Result<Expr, SqlError> {
        let name = self.peek().clone();
        self.open();
        let mut args = vec![self.additive()?];
        if !self.word("IN") {
            self.need_sign(",")?;
        }
        args.push(self.additive()?);
        if self.sign(",") {
            args.push(self.additive()?);
        }
        self.need_sign(")")?;
        let inside = deepest(&args);
        self.build(at, ExprKind::Function(Name { text: "POSITION".into(), at: name.at }, args), inside)
    }

    fn plain_call(&mut self, at: Position, word: String) -> Result<Expr, SqlError> {
        super::check_name(&word)?;
        self.open();
        let (least, most) = arity(&word);
        let mut args = Vec::new();
        if least > 0 || !self.is_sign(")") {
            loop {
                args.push(self.expr()?);
                if args.len() < least {
                    self.need_sign(",")?;
                } else if args.len() >= most || !self.sign(",") {
                    break;
                }
            }
        }
        self.need_sign(")")?;
        let inside = deepest(&args);
        self.build(at, ExprKind::Function(Name { text: word, at }, args), inside)
    }
}

/// A text type takes so many characters of four bytes.
fn check_length(length: u32) -> Result<(), SqlError> {
    match length {
        1..=8191 => Ok(()),
        0 => Err(SqlError::dynamic("42000", -842, &["Positive value expected"])),
        8192..=32767 => {
            Err(SqlError::dynamic("HY004", -204, &["Data type unknown", "Implementation limit exceeded", "COLUMN "]))
        }
        _ => Err(SqlError::dynamic("22003", -842, &["Short integer expected"])),
    }
}

/// How many arguments the grammar itself asks for; of other functions it takes any.
fn arity(function: &str) -> (usize, usize) {
    match function {
        "UPPER" | "LOWER" | "CHAR_LENGTH" | "CHARACTER_LENGTH" | "OCTET_LENGTH" | "BIT_LENGTH" => (1, 1),
        "COALESCE" => (2, usize::MAX),
        "NULLIF" => (2, 2),
        "IIF" => (3, 3),
        "DECODE" => (3, usize::MAX),
        _ => (0, usize::MAX),
    }
}
