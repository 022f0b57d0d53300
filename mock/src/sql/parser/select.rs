//! Queries: arms, joins, sort keys and bounds.

use super::Parser;
use crate::sql::ast::{Bounds, Cte, Expr, From, Item, JoinKind, OrderItem, Query, Select};
use crate::sql::error::SqlError;
use crate::sql::lexer::TokenKind;

impl Parser {
    pub(super) fn query(&mut self) -> Result<Query, SqlError> {
        let around = std::mem::take(&mut self.deepest);
        let query = self.nested(Self::query_inside)?;
        self.query_depth = self.deepest + super::QUERY_DEPTH;
        if self.query_depth > super::MAX_DEPTH {
            return Err(SqlError::limit("subqueries have too many operations inside one another"));
        }
        self.deepest = around.max(self.query_depth);
        Ok(query)
    }

    fn query_inside(&mut self) -> Result<Query, SqlError> {
        let with = self.with()?;
        let first = Box::new(self.select()?);
        let mut unions = Vec::new();
        while self.word("UNION") {
            let all = self.word("ALL") || {
                self.word("DISTINCT");
                false
            };
            unions.push((all, self.select()?));
        }
        let mut order = Vec::new();
        if self.word("ORDER") {
            self.need_word("BY")?;
            loop {
                order.push(self.order_item()?);
                if !self.sign(",") {
                    break;
                }
            }
        }
        let bounds = self.bounds_behind()?;
        if unions.is_empty() && first.bounds != Bounds::default() && bounds != Bounds::default() {
            let line = "FIRST/SKIP cannot be used with OFFSET/FETCH or ROWS";
            return Err(SqlError::dynamic("42000", -104, &[line]));
        }
        Ok(Query { with, first, unions, order, bounds, locks: false })
    }

    fn with(&mut self) -> Result<Vec<Cte>, SqlError> {
        let mut with = Vec::new();
        if !self.word("WITH") {
            return Ok(with);
        }
        if self.is_word("RECURSIVE") {
            return Err(SqlError::refused("WITH RECURSIVE is not run here"));
        }
        loop {
            let name = self.name()?;
            let columns = self.name_list()?;
            self.need_word("AS")?;
            self.need_sign("(")?;
            let query = self.query()?;
            self.need_sign(")")?;
            with.push(Cte { name, columns, query });
            if !self.sign(",") {
                return Ok(with);
            }
        }
    }

    fn order_item(&mut self) -> Result<OrderItem, SqlError> {
        let expr = self.expr()?;
        let descending = self.word("DESC") || self.word("DESCENDING");
        if !descending && !self.word("ASC") {
            self.word("ASCENDING");
        }
        let mut nulls_first = None;
        if self.word("NULLS") {
            nulls_first = Some(self.word("FIRST"));
            if nulls_first == Some(false) {
                self.need_word("LAST")?;
            }
        }
        Ok(OrderItem { expr, descending, nulls_first })
    }

    fn bounds_behind(&mut self) -> Result<Bounds, SqlError> {
        let mut bounds = Bounds::default();
        if self.word("ROWS") {
            let from = self.additive()?;
            let to = if self.word("TO") { Some(self.additive()?) } else { None };
            bounds.rows = Some((from, to));
            return Ok(bounds);
        }
        if self.word("OFFSET") {
            bounds.skip = Some(self.bound()?);
            self.row_word()?;
        }
        if self.word("FETCH") {
            if !self.word("FIRST") {
                self.need_word("NEXT")?;
            }
            if self.is_word("ROW") || self.is_word("ROWS") {
                let at = self.peek().at;
                bounds.first = Some(self.build(at, crate::sql::ast::ExprKind::Number("1".into()), 0)?);
            } else {
                bounds.first = Some(self.bound()?);
            }
            self.row_word()?;
            self.need_word("ONLY")?;
        }
        Ok(bounds)
    }

    fn row_word(&mut self) -> Result<(), SqlError> {
        if self.word("ROW") { Ok(()) } else { self.need_word("ROWS") }
    }

    /// A number, or an expression in parentheses.
    fn bound(&mut self) -> Result<Expr, SqlError> {
        match self.peek().kind {
            TokenKind::Number(_) | TokenKind::Sign("(") => self.primary(),
            _ => Err(self.unexpected()),
        }
    }

    /// Whether this word is `FIRST` or `SKIP` as such, not a column of that name.
    fn is_bound(&self, word: &str) -> bool {
        self.is_word(word) && matches!(self.ahead(1).kind, TokenKind::Number(_) | TokenKind::Sign("("))
    }

    fn select(&mut self) -> Result<Select, SqlError> {
        self.need_word("SELECT")?;
        let mut bounds = Bounds::default();
        if self.is_bound("FIRST") {
            self.take();
            bounds.first = Some(self.bound()?);
        }
        if self.is_bound("SKIP") {
            self.take();
            bounds.skip = Some(self.bound()?);
        }
        let distinct = self.word("DISTINCT");
        if !distinct {
            self.word("ALL");
        }
        let mut items = Vec::new();
        if self.sign("*") {
            items.push(Item::All(None));
        } else {
            loop {
                items.push(self.item()?);
                if !self.sign(",") {
                    break;
                }
            }
        }
        self.need_word("FROM")?;
        let (mut from, _) = self.joined()?;
        while self.sign(",") {
            let (right, _) = self.joined()?;
            from = cross(from, right);
        }
        let filter = if self.word("WHERE") { Some(self.expr()?) } else { None };
        let mut group = Vec::new();
        if self.word("GROUP") {
            self.need_word("BY")?;
            loop {
                group.push(self.additive()?);
                if !self.sign(",") {
                    break;
                }
            }
        }
        let having = if self.word("HAVING") { Some(self.expr()?) } else { None };
        if self.is_word("PLAN") {
            return Err(SqlError::refused("a PLAN is not followed here"));
        }
        Ok(Select { bounds, distinct, items, from, filter, group, having })
    }

    fn item(&mut self) -> Result<Item, SqlError> {
        if self.is_name_at(0) && self.is_sign_at(1, ".") && self.is_sign_at(2, "*") {
            let name = self.name()?;
            self.take();
            self.take();
            return Ok(Item::All(Some(name)));
        }
        let expr = self.expr()?;
        let alias = if self.word("AS") || self.is_name_at(0) { Some(self.name()?) } else { None };
        Ok(Item::One(expr, alias))
    }

    /// A source, what is joined to it, and how often something is.
    fn joined(&mut self) -> Result<(From, u32), SqlError> {
        let mut left = self.source()?;
        // Every join adds a level to the tree that is walked later.
        let mut joins = 0;
        loop {
            let kind = match self.join_kind()? {
                Some(kind) => kind,
                None => return Ok((left, joins)),
            };
            joins += 1;
            if joins > super::MAX_NESTING {
                return Err(SqlError::limit("the statement joins too many tables"));
            }
            let right = self.source()?;
            let Some(kind) = kind else {
                left = cross(left, right);
                continue;
            };
            let (mut on, mut using) = (None, Vec::new());
            if self.word("USING") {
                if !self.is_sign("(") {
                    return Err(self.unexpected());
                }
                using = self.name_list()?;
            } else {
                self.need_word("ON")?;
                on = Some(self.expr()?);
            }
            left = From::Join { kind, left: Box::new(left), right: Box::new(right), on, using };
        }
    }

    /// The join that comes next, if one does: inside, nothing for `CROSS`.
    fn join_kind(&mut self) -> Result<Option<Option<JoinKind>>, SqlError> {
        let kind = if self.word("JOIN") {
            return Ok(Some(Some(JoinKind::Inner)));
        } else if self.word("INNER") {
            Some(JoinKind::Inner)
        } else if self.word("CROSS") {
            None
        } else if self.word("LEFT") {
            Some(JoinKind::Left)
        } else if self.word("RIGHT") {
            Some(JoinKind::Right)
        } else if self.word("FULL") {
            Some(JoinKind::Full)
        } else if self.is_word("NATURAL") {
            return Err(SqlError::refused("NATURAL JOIN is not run here"));
        } else {
            return Ok(None);
        };
        if matches!(kind, Some(JoinKind::Left | JoinKind::Right | JoinKind::Full)) {
            self.word("OUTER");
        }
        self.need_word("JOIN")?;
        Ok(Some(kind))
    }

    fn source(&mut self) -> Result<From, SqlError> {
        if self.is_sign("(") {
            return self.nested(|parser| {
                let at = parser.take().at;
                if !parser.is_word("SELECT") && !parser.is_word("WITH") {
                    let (inner, joins) = parser.joined()?;
                    // In parentheses something must be joined.
                    if joins == 0 {
                        return Err(parser.unexpected());
                    }
                    parser.need_sign(")")?;
                    return Ok(inner);
                }
                let query = Box::new(parser.query()?);
                parser.need_sign(")")?;
                let alias = parser.alias()?;
                let columns = if alias.is_some() { parser.name_list()? } else { Vec::new() };
                Ok(From::Derived { query, alias, columns, at })
            });
        }
        let name = self.name()?;
        let alias = self.alias()?;
        Ok(From::Table { name, alias })
    }

    fn alias(&mut self) -> Result<Option<crate::sql::ast::Name>, SqlError> {
        if self.word("AS") || self.is_name_at(0) { self.name().map(Some) } else { Ok(None) }
    }
}

fn cross(left: From, right: From) -> From {
    From::Join { kind: JoinKind::Inner, left: Box::new(left), right: Box::new(right), on: None, using: Vec::new() }
}
