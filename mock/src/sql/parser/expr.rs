//! Expressions, loosest first: OR, AND, NOT, predicates, `+ -`, `* /`, `||`, signs.

use super::Parser;
use crate::sql::ast::{Arithmetic, Comparison, Expr, ExprKind, Match, Query, TypeName};
use crate::sql::error::SqlError;
use crate::sql::keywords::is_reserved_function;
use crate::sql::lexer::TokenKind;

impl Parser {
    pub(super) fn expr(&mut self) -> Result<Expr, SqlError> {
        self.nested(Self::either)
    }

    fn either(&mut self) -> Result<Expr, SqlError> {
        let first = self.both()?;
        if !self.is_word("OR") {
            return Ok(first);
        }
        let at = first.at;
        let mut terms = vec![first];
        while self.word("OR") {
            terms.push(self.both()?);
        }
        let inside = deepest(&terms);
        self.build(at, ExprKind::Or(terms), inside)
    }

    fn both(&mut self) -> Result<Expr, SqlError> {
        let first = self.negation()?;
        if !self.is_word("AND") {
            return Ok(first);
        }
        let at = first.at;
        let mut terms = vec![first];
        while self.word("AND") {
            terms.push(self.negation()?);
        }
        let inside = deepest(&terms);
        self.build(at, ExprKind::And(terms), inside)
    }

    fn negation(&mut self) -> Result<Expr, SqlError> {
        if !self.is_word("NOT") {
            return self.predicate();
        }
        let at = self.take().at;
        self.negated_inside = false;
        let inner = self.nested(Self::negation)?;
        // Firebird reads `NOT a NOT IN (b)` as `(NOT a) NOT IN (b)`.
        if self.negated_inside {
            return Err(SqlError::dynamic("22000", -104, &["Invalid usage of boolean expression"]));
        }
        let inside = inner.depth;
        self.build(at, ExprKind::Not(Box::new(inner)), inside)
    }

    /// A predicate, and `IS` behind it: `a IN (b) IS TRUE`.
    fn predicate(&mut self) -> Result<Expr, SqlError> {
        let predicate = self.predicate_alone()?;
        self.tested(predicate)
    }

    /// What `IS` says of it, if it stands there.
    fn tested(&mut self, mut left: Expr) -> Result<Expr, SqlError> {
        while self.word("IS") {
            left = self.is(left)?;
        }
        Ok(left)
    }

    /// The right side of a comparison: `a = b IS TRUE` compares with `b IS TRUE`.
    fn compared(&mut self) -> Result<Expr, SqlError> {
        let right = self.additive()?;
        self.tested(right)
    }

    fn predicate_alone(&mut self) -> Result<Expr, SqlError> {
        let left = self.additive()?;
        let at = left.at;
        if let TokenKind::Sign(sign) = self.peek().kind
            && let Some(comparison) = comparison(sign)
        {
            self.take();
            return self.comparison(comparison, left);
        }
        if self.is_word("IS") {
            return Ok(left);
        }
        let negated = self.word("NOT");
        let inside = left.depth;
        let left = Box::new(left);
        let found = if self.word("BETWEEN") {
            let low = self.additive()?;
            self.need_word("AND")?;
            let high = self.additive()?;
            let inside = inside.max(low.depth).max(high.depth);
            self.build(at, ExprKind::Between(left, Box::new(low), Box::new(high)), inside)?
        } else if self.word("IN") {
            self.contained(*left)?
        } else if self.word("LIKE") {
            let pattern = self.compared()?;
            let escape = if self.word("ESCAPE") { Some(Box::new(self.additive()?)) } else { None };
            let inside = inside.max(pattern.depth).max(escape.as_ref().map_or(0, |escape| escape.depth));
            self.build(at, ExprKind::Match(Match::Like, left, Box::new(pattern), escape), inside)?
        } else if self.word("CONTAINING") {
            let part = self.additive()?;
            let inside = inside.max(part.depth);
            self.build(at, ExprKind::Match(Match::Containing, left, Box::new(part), None), inside)?
        } else if self.word("STARTING") {
            self.word("WITH");
            let part = self.additive()?;
            let inside = inside.max(part.depth);
            self.build(at, ExprKind::Match(Match::Starting, left, Box::new(part), None), inside)?
        } else if self.is_word("SIMILAR") {
            return Err(SqlError::refused("SIMILAR TO is not run here"));
        } else if negated {
            return Err(self.unexpected());
        } else {
            return Ok(*left);
        };
        self.negated_inside = negated;
        self.negate_if(negated, found)
    }

    fn negate_if(&mut self, negated: bool, expr: Expr) -> Result<Expr, SqlError> {
        if !negated {
            return Ok(expr);
        }
        let (at, inside) = (expr.at, expr.depth);
        self.build(at, ExprKind::Not(Box::new(expr)), inside)
    }

    fn comparison(&mut self, comparison: Comparison, left: Expr) -> Result<Expr, SqlError> {
        let at = left.at;
        for (word, all) in [("ANY", false), ("SOME", false), ("ALL", true)] {
            if self.is_word(word) && self.is_sign_at(1, "(") {
                self.take();
                let query = self.query_in_parentheses()?;
                let inside = left.depth.max(self.query_depth);
                let kind = ExprKind::Quantified(comparison, all, Box::new(left), Box::new(query));
                return self.build(at, kind, inside);
            }
        }
        let right = self.compared()?;
        let inside = left.depth.max(right.depth);
        self.build(at, ExprKind::Compare(comparison, Box::new(left), Box::new(right)), inside)
    }

    fn is(&mut self, left: Expr) -> Result<Expr, SqlError> {
        let (at, inside) = (left.at, left.depth);
        let negated = self.word("NOT");
        let left = Box::new(left);
        let kind = if self.word("NULL") {
            ExprKind::IsNull(left)
        } else if self.word("TRUE") {
            ExprKind::IsTruth(left, Some(true))
        } else if self.word("FALSE") {
            ExprKind::IsTruth(left, Some(false))
        } else if self.word("UNKNOWN") {
            ExprKind::IsTruth(left, None)
        } else if self.word("DISTINCT") {
            self.need_word("FROM")?;
            let right = self.additive()?;
            let inside = inside.max(right.depth);
            let expr = self.build(at, ExprKind::Distinct(left, Box::new(right)), inside)?;
            return self.negate_if(negated, expr);
        } else {
            return Err(self.unexpected());
        };
        let expr = self.build(at, kind, inside)?;
        self.negate_if(negated, expr)
    }

    fn contained(&mut self, left: Expr) -> Result<Expr, SqlError> {
        let at = left.at;
        if !self.is_sign("(") {
            return Err(self.unexpected());
        }
        if self.is_word_at(1, "SELECT") || self.is_word_at(1, "WITH") {
            let query = self.query_in_parentheses()?;
            let inside = left.depth.max(self.query_depth);
            return self.build(at, ExprKind::InQuery(Box::new(left), Box::new(query)), inside);
        }
        self.take();
        let mut list = Vec::new();
        loop {
            list.push(self.nested(Self::additive)?);
            if !self.sign(",") {
                break;
            }
        }
        self.need_sign(")")?;
        let inside = left.depth.max(deepest(&list));
        self.build(at, ExprKind::InList(Box::new(left), list), inside)
    }

    pub(super) fn query_in_parentheses(&mut self) -> Result<Query, SqlError> {
        self.need_sign("(")?;
        let query = self.query()?;
        self.need_sign(")")?;
        Ok(query)
    }

    pub(super) fn additive(&mut self) -> Result<Expr, SqlError> {
        let mut left = self.multiplicative()?;
        loop {
            let operation = match self.peek().kind {
                TokenKind::Sign("+") => Arithmetic::Add,
                TokenKind::Sign("-") => Arithmetic::Subtract,
                _ => return Ok(left),
            };
            self.take();
            let right = self.multiplicative()?;
            left = self.arithmetic(operation, left, right)?;
        }
    }

    fn multiplicative(&mut self) -> Result<Expr, SqlError> {
        let mut left = self.signed()?;
        loop {
            let operation = match self.peek().kind {
                TokenKind::Sign("*") => Arithmetic::Multiply,
                TokenKind::Sign("/") => Arithmetic::Divide,
                _ => return Ok(left),
            };
            self.take();
            let right = self.signed()?;
            left = self.arithmetic(operation, left, right)?;
        }
    }

    fn arithmetic(&mut self, operation: Arithmetic, left: Expr, right: Expr) -> Result<Expr, SqlError> {
        let (at, inside) = (left.at, left.depth.max(right.depth));
        self.build(at, ExprKind::Arithmetic(operation, Box::new(left), Box::new(right)), inside)
    }

    /// A sign binds tighter than `*` and looser than `||`: `-3||s` negates a text.
    fn signed(&mut self) -> Result<Expr, SqlError> {
        if !self.is_sign("+") && !self.is_sign("-") {
            return self.concatenation();
        }
        let sign = self.take();
        let inner = self.nested(Self::signed)?;
        if sign.kind == TokenKind::Sign("+") {
            return Ok(inner);
        }
        if let ExprKind::Number(digits) = &inner.kind {
            let negated = digits.strip_prefix('-').map_or_else(|| format!("-{digits}"), str::to_owned);
            return self.build(sign.at, ExprKind::Number(negated), 0);
        }
        let inside = inner.depth;
        self.build(sign.at, ExprKind::Negate(Box::new(inner)), inside)
    }

    fn concatenation(&mut self) -> Result<Expr, SqlError> {
        let mut left = self.primary()?;
        if self.is_word("COLLATE") {
            return Err(SqlError::refused("COLLATE is not run here: texts compare by their bytes"));
        }
        while self.sign("||") {
            // A sign in the middle takes all that follows.
            let signed = self.is_sign("+") || self.is_sign("-");
            let right = if signed { self.nested(Self::signed)? } else { self.primary()? };
            let (at, inside) = (left.at, left.depth.max(right.depth));
            left = self.build(at, ExprKind::Concat(Box::new(left), Box::new(right)), inside)?;
        }
        Ok(left)
    }

    pub(super) fn primary(&mut self) -> Result<Expr, SqlError> {
        let token = self.peek().clone();
        let at = token.at;
        match token.kind {
            TokenKind::Number(digits) => {
                self.take();
                self.build(at, ExprKind::Number(digits), 0)
            }
            TokenKind::Text(text) => {
                self.take();
                self.build(at, ExprKind::Text(text), 0)
            }
            TokenKind::Sign("(") => {
                if self.is_word_at(1, "SELECT") || self.is_word_at(1, "WITH") {
                    let query = self.query_in_parentheses()?;
                    return self.build(at, ExprKind::Scalar(Box::new(query)), self.query_depth);
                }
                self.take();
                let inner = self.expr()?;
                self.negated_inside = false;
                self.need_sign(")")?;
                Ok(inner)
            }
            TokenKind::Word(word) => self.worded(&word),
            TokenKind::Quoted(_) => self.column(),
            TokenKind::Sign(":") if self.is_name_at(1) => {
                self.take();
                let name = self.name()?;
                Err(SqlError::column_unknown(&name.text, at))
            }
            TokenKind::Sign("?") => Err(SqlError::refused("parameters have no value here")),
            TokenKind::Sign(_) | TokenKind::End => Err(self.unexpected()),
        }
    }

    fn worded(&mut self, word: &str) -> Result<Expr, SqlError> {
        let at = self.peek().at;
        let simple = match word {
            "NULL" => Some(ExprKind::Null),
            "TRUE" => Some(ExprKind::Bool(true)),
            "FALSE" => Some(ExprKind::Bool(false)),
            "CURRENT_DATE" => Some(ExprKind::Now(TypeName::Date)),
            "CURRENT_TIME" => Some(ExprKind::Now(TypeName::Time)),
            "CURRENT_TIMESTAMP" => Some(ExprKind::Now(TypeName::Timestamp)),
            _ => None,
        };
        if let Some(kind) = simple {
            self.take();
            return self.build(at, kind, 0);
        }
        if let "CURRENT_USER" | "USER" | "CURRENT_ROLE" | "CURRENT_CONNECTION" | "CURRENT_TRANSACTION" = word {
            return Err(SqlError::refused(&format!("{word} has no value here: nobody is connected")));
        }
        if word == "VALUE" {
            return Err(SqlError::dynamic("42000", -901, &["Illegal use of keyword VALUE"]));
        }
        if is_reserved_function(word) && !self.is_sign_at(1, "(") {
            self.take();
            return Err(self.unexpected());
        }
        if word == "X" && matches!(self.ahead(1).kind, TokenKind::Text(_)) {
            return Err(SqlError::refused("texts in hexadecimal digits are not known here"));
        }
        if word == "CASE" {
            return self.nested(Self::case);
        }
        if let "DATE" | "TIME" | "TIMESTAMP" = word {
            self.take();
            let ty = match word {
                "DATE" => TypeName::Date,
                "TIME" => TypeName::Time,
                _ => TypeName::Timestamp,
            };
            let TokenKind::Text(text) = self.peek().kind.clone() else { return Err(self.unexpected()) };
            self.take();
            return self.build(at, ExprKind::Literal(ty, text), 0);
        }
        if self.is_sign_at(1, "(")
            && let Some(found) = self.nested(|parser| parser.call(at))?
        {
            return Ok(found);
        }
        self.column()
    }

    fn column(&mut self) -> Result<Expr, SqlError> {
        let first = self.name()?;
        let at = first.at;
        if !self.is_sign(".") {
            return self.build(at, ExprKind::Column(None, first), 0);
        }
        self.take();
        let second = self.name()?;
        self.build(at, ExprKind::Column(Some(first), second), 0)
    }

    fn case(&mut self) -> Result<Expr, SqlError> {
        let at = self.take().at;
        let operand = if self.is_word("WHEN") { None } else { Some(Box::new(self.additive()?)) };
        let mut inside = operand.as_ref().map_or(0, |operand| operand.depth);
        let mut arms = Vec::new();
        while self.word("WHEN") {
            let when = if operand.is_some() { self.additive()? } else { self.expr()? };
            self.need_word("THEN")?;
            let then = self.expr()?;
            inside = inside.max(when.depth).max(then.depth);
            arms.push((when, then));
        }
        if arms.is_empty() {
            return Err(self.unexpected());
        }
        let otherwise = if self.word("ELSE") { Some(Box::new(self.expr()?)) } else { None };
        inside = inside.max(otherwise.as_ref().map_or(0, |otherwise| otherwise.depth));
        self.need_word("END")?;
        self.build(at, ExprKind::Case(operand, arms, otherwise), inside)
    }
}

/// The deepest of these.
pub(super) fn deepest(exprs: &[Expr]) -> u32 {
    exprs.iter().map(|expr| expr.depth).max().unwrap_or(0)
}

fn comparison(sign: &str) -> Option<Comparison> {
    Some(match sign {
        "=" => Comparison::Equal,
        "<>" => Comparison::NotEqual,
        "<" => Comparison::Less,
        "<=" => Comparison::LessEqual,
        ">" => Comparison::Greater,
        ">=" => Comparison::GreaterEqual,
        _ => return None,
    })
}
