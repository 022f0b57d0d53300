//! Expressions: each gets its type here, and what cannot have one is refused before a row is read.

use std::rc::Rc;

use super::scope::Clause;
use super::{Binder, boxed, types};
use crate::sql::ast::{AggregateKind, Comparison, Expr, ExprKind, Part, Query, TypeName};
use crate::sql::convert;
use crate::sql::error::SqlError;
use crate::sql::plan::{Aggregate, Function, Node, Plan, Typed};
use crate::sql::types::{Cell, Kind, Type};

impl<'a> Binder<'a> {
    /// A predicate: something that is true, false or unknown.
    pub(super) fn condition(&mut self, expr: &'a Expr) -> Result<Typed, SqlError> {
        let typed = self.expr(expr)?;
        if typed.ty.kind != Kind::Boolean && typed.node != Node::Const(Cell::Null) {
            return Err(SqlError::dynamic("22000", -104, &["Invalid usage of boolean expression"]));
        }
        Ok(typed)
    }

    pub(super) fn expr(&mut self, expr: &'a Expr) -> Result<Typed, SqlError> {
        let boolean = |node| Ok(Typed { node, ty: Type::of(Kind::Boolean) });
        match &expr.kind {
            ExprKind::Null => Ok(Typed { node: Node::Const(Cell::Null), ty: types::null_type() }),
            ExprKind::Number(digits) => number(digits, expr),
            ExprKind::Text(text) => {
                let ty = Type::char(text.chars().count());
                Ok(Typed { node: Node::Const(Cell::text(text.as_str())), ty })
            }
            ExprKind::Bool(flag) => boolean(Node::Const(Cell::Bool(*flag))),
            ExprKind::Literal(name, text) => self.literal(*name, text),
            ExprKind::Now(name) => {
                let ty = types::named(*name);
                let cell = match ty.kind {
                    Kind::Date => Cell::Date(self.now.date()),
                    Kind::Time => Cell::Time(self.now.time()),
                    _ => Cell::Timestamp(self.now),
                };
                Ok(Typed { node: Node::Const(cell), ty })
            }
            ExprKind::Column(table, name) => self.column(table.as_ref(), name),
            ExprKind::Negate(inner) => self.negate(inner),
            ExprKind::Arithmetic(operation, left, right) => {
                let (left, right) = (self.expr(left)?, self.expr(right)?);
                let ty = types::arithmetic(*operation, or_integer(&left), or_integer(&right))?;
                Ok(Typed { node: Node::Arithmetic(*operation, boxed(left), boxed(right)), ty })
            }
            ExprKind::Concat(left, right) => {
                let (left, right) = (self.expr(left)?, self.expr(right)?);
                if [&left, &right].into_iter().all(|side| side.node == Node::Const(Cell::Null)) {
                    return Ok(Typed { node: Node::Const(Cell::Null), ty: types::null_type() });
                }
                let length = |side: &Typed| match side.node {
                    Node::Const(Cell::Null) => 0,
                    _ => types::text_length(side.ty),
                };
                let ty = types::varchar(length(&left) + length(&right));
                Ok(Typed { node: Node::Concat(boxed(left), boxed(right)), ty })
            }
            ExprKind::Compare(comparison, left, right) => {
                let (left, right) = (self.expr(left)?, self.expr(right)?);
                boolean(Node::Compare(*comparison, boxed(left), boxed(right)))
            }
            ExprKind::Quantified(comparison, all, left, query) => self.quantified(*comparison, *all, left, query),
            ExprKind::InQuery(left, query) => self.quantified(Comparison::Equal, false, left, query),
            ExprKind::And(terms) => boolean(Node::And(self.conditions(terms)?)),
            ExprKind::Or(terms) => boolean(Node::Or(self.conditions(terms)?)),
            ExprKind::Not(inner) => {
                let negated = std::mem::replace(&mut self.negated, true);
                let bound = self.condition(inner);
                self.negated = negated;
                let not = Typed { node: Node::Not(boxed(bound?)), ty: Type::of(Kind::Boolean) };
                match inner.kind {
                    // As with IN: unknown is as good as false.
                    ExprKind::InQuery(..) => boolean(Node::IsTruth(boxed(not), Some(true))),
                    _ => Ok(not),
                }
            }
            ExprKind::IsNull(inner) => boolean(Node::IsNull(boxed(self.expr(inner)?))),
            ExprKind::IsTruth(inner, truth) => boolean(Node::IsTruth(boxed(self.condition(inner)?), *truth)),
            ExprKind::Distinct(left, right) => {
                let (left, right) = (self.expr(left)?, self.expr(right)?);
                boolean(Node::Distinct(boxed(left), boxed(right)))
            }
            ExprKind::Between(value, low, high) => {
                let (value, low, high) = (self.expr(value)?, self.expr(low)?, self.expr(high)?);
                boolean(Node::Between(boxed(value), boxed(low), boxed(high)))
            }
            ExprKind::Match(kind, left, right, escape) => {
                let (left, right) = (self.expr(left)?, self.expr(right)?);
                let escape = escape.as_ref().map(|escape| self.expr(escape)).transpose()?;
                boolean(Node::Match(*kind, boxed(left), boxed(right), escape.map(boxed)))
            }
            ExprKind::InList(left, list) => {
                let left = self.expr(left)?;
                let list = self.exprs(list)?;
                boolean(Node::InList(boxed(left), list))
            }
            ExprKind::Exists(query) => boolean(Node::Exists(Box::new(self.subquery(query, None)?))),
            ExprKind::Singular(query) => boolean(Node::Singular(Box::new(self.subquery(query, None)?))),
            ExprKind::Scalar(query) => {
                let plan = self.subquery(query, Some(1))?;
                let ty = plan.columns[0].ty;
                Ok(Typed { node: Node::Scalar(Rc::new(plan)), ty })
            }
            ExprKind::Case(operand, arms, otherwise) => self.case(operand.as_deref(), arms, otherwise.as_deref()),
            ExprKind::Cast(inner, name) => {
                let inner = self.expr(inner)?;
                Ok(Typed { node: Node::Cast(boxed(inner)), ty: types::named(*name) })
            }
            ExprKind::Extract(part, inner) => self.extract(*part, inner),
            ExprKind::DateAdd(part, by, moment) => {
                let (by, moment) = (self.expr(by)?, self.expr(moment)?);
                let ty = moment.ty;
                Ok(Typed { node: Node::Call(Function::DateAdd(*part), vec![by, moment]), ty })
            }
            ExprKind::DateDiff(part, from, to) => {
                let args = vec![self.expr(from)?, self.expr(to)?];
                let ty = Type::exact(Kind::Int64, if *part == Part::Millisecond { 1 } else { 0 });
                Ok(Typed { node: Node::Call(Function::DateDiff(*part), args), ty })
            }
            ExprKind::Substring(text, from, length) => self.substring(text, from, length.as_deref()),
            ExprKind::Trim(side, what, text) => {
                let text = self.expr(text)?;
                let ty = types::varchar(types::text_length(text.ty));
                let mut args = vec![text];
                if let Some(what) = what {
                    args.push(self.expr(what)?);
                }
                Ok(Typed { node: Node::Call(Function::Trim(*side), args), ty })
            }
            ExprKind::Aggregate(kind, distinct, of) => self.aggregate(*kind, *distinct, of.as_deref()),
            ExprKind::Function(name, args) => self.function(name, args),
        }
    }

    pub(super) fn exprs(&mut self, list: &'a [Expr]) -> Result<Vec<Typed>, SqlError> {
        list.iter().map(|item| self.expr(item)).collect()
    }

    fn conditions(&mut self, terms: &'a [Expr]) -> Result<Vec<Typed>, SqlError> {
        terms.iter().map(|term| self.condition(term)).collect()
    }

    fn literal(&mut self, name: TypeName, text: &str) -> Result<Typed, SqlError> {
        let ty = types::named(name);
        let cell = convert::cast(&Cell::text(text), ty, self.now).map_err(|mut error| {
            error.lines.insert(0, "Dynamic SQL Error".to_owned());
            error
        })?;
        Ok(Typed { node: Node::Const(cell), ty })
    }

    fn negate(&mut self, inner: &'a Expr) -> Result<Typed, SqlError> {
        let inner = self.expr(inner)?;
        let ty = or_integer(&inner);
        if !ty.is_number() {
            let line = if ty.is_text() {
                "Strings cannot be negated (applied the minus operator) in dialect 3"
            } else {
                "Invalid data type for negation (minus operator)"
            };
            return Err(SqlError::new("42000", &["Dynamic SQL Error", "expression evaluation not supported", line]));
        }
        Ok(Typed { node: Node::Negate(boxed(inner)), ty })
    }

    fn subquery(&mut self, query: &'a Query, columns: Option<usize>) -> Result<Plan, SqlError> {
        let plan = self.query(query)?;
        if columns.is_some_and(|columns| columns != plan.columns.len()) {
            return Err(SqlError::dynamic(
                "07002",
                -104,
                &["Invalid command", "count of column list and variable list do not match"],
            ));
        }
        Ok(plan)
    }

    fn quantified(
        &mut self,
        comparison: Comparison,
        all: bool,
        left: &'a Expr,
        query: &'a Query,
    ) -> Result<Typed, SqlError> {
        let left = self.expr(left)?;
        let plan = self.subquery(query, Some(1))?;
        let ty = Type::of(Kind::Boolean);
        let found = Typed { node: Node::Quantified(comparison, all, boxed(left), Box::new(plan)), ty };
        // Where no NOT can tell them apart, Firebird makes false of unknown.
        if all || self.negated {
            return Ok(found);
        }
        Ok(Typed { node: Node::IsTruth(boxed(found), Some(true)), ty })
    }

    fn case(
        &mut self,
        operand: Option<&'a Expr>,
        arms: &'a [(Expr, Expr)],
        otherwise: Option<&'a Expr>,
    ) -> Result<Typed, SqlError> {
        let operand = operand.map(|operand| self.expr(operand)).transpose()?;
        let mut bound = Vec::with_capacity(arms.len());
        for (when, then) in arms {
            let when = match &operand {
                Some(_) => self.expr(when)?,
                None => self.condition(when)?,
            };
            bound.push((when, self.expr(then)?));
        }
        let otherwise = otherwise.map(|otherwise| self.expr(otherwise)).transpose()?;
        let values: Vec<&Typed> = bound.iter().map(|(_, then)| then).chain(&otherwise).collect();
        let ty = types::common("CASE", &values)?;
        let otherwise = otherwise.map(boxed);
        let node = match operand {
            Some(operand) => Node::CaseOf(boxed(operand), bound, otherwise),
            None => Node::Case(bound, otherwise),
        };
        Ok(super::declared(node, ty))
    }

    fn extract(&mut self, part: Part, inner: &'a Expr) -> Result<Typed, SqlError> {
        let inner = self.expr(inner)?;
        let fits = match part {
            Part::Hour | Part::Minute | Part::Second | Part::Millisecond => {
                matches!(inner.ty.kind, Kind::Time | Kind::Timestamp)
            }
            _ => matches!(inner.ty.kind, Kind::Date | Kind::Timestamp),
        };
        if !fits && inner.node != Node::Const(Cell::Null) {
            let line = "Specified EXTRACT part does not exist in input datatype";
            return Err(SqlError::dynamic("42000", -105, &[line]));
        }
        let ty = match part {
            Part::Second => Type::exact(Kind::Long, 4),
            Part::Millisecond => Type::exact(Kind::Long, 1),
            _ => Type::of(Kind::Short),
        };
        Ok(Typed { node: Node::Call(Function::Extract(part), vec![inner]), ty })
    }

    fn substring(&mut self, text: &'a Expr, from: &'a Expr, length: Option<&'a Expr>) -> Result<Typed, SqlError> {
        let mut args = vec![self.expr(text)?, self.expr(from)?];
        // What can be seen to be wrong is refused before any row is read.
        if let Node::Const(Cell::Exact { raw, scale: 0 }) = args[1].node
            && raw < 1
        {
            return Err(SqlError::substring_offset(raw));
        }
        let whole = types::text_length(args[0].ty);
        let mut characters = whole;
        if let Some(length) = length {
            let length = self.expr(length)?;
            if let Node::Const(Cell::Exact { raw, scale: 0 }) = length.node {
                if raw < 0 {
                    return Err(SqlError::substring_length(raw));
                }
                characters = usize::try_from(raw).map_or(whole, |wanted| wanted.min(whole));
            }
            args.push(length);
        }
        Ok(Typed { node: Node::Call(Function::Substring, args), ty: types::varchar(characters) })
    }

    fn aggregate(&mut self, kind: AggregateKind, distinct: bool, of: Option<&'a Expr>) -> Result<Typed, SqlError> {
        let nested = || SqlError::dynamic("42000", -104, &["Nested aggregate and window functions are not allowed"]);
        let outside = |clause: &str| {
            let line = format!(
                "Cannot use an aggregate or window function in a {clause} clause, use HAVING (for aggregate only) instead"
            );
            SqlError::dynamic("42000", -104, &[&line])
        };
        if self.levels.is_empty() {
            return Err(outside("FIRST"));
        }
        if self.level().in_aggregate {
            return Err(nested());
        }
        match self.level().clause {
            Clause::Where => return Err(outside("WHERE")),
            Clause::Group => {
                let line = "Cannot use an aggregate or window function in a GROUP BY clause";
                return Err(SqlError::dynamic("42000", -104, &[line]));
            }
            Clause::Select => {}
        }
        self.level().in_aggregate = true;
        let of = of.map(|of| self.expr(of)).transpose();
        self.level().in_aggregate = false;
        let of = of?;
        let inner = of.as_ref().map_or(Type::of(Kind::Long), or_integer);
        let ty = match kind {
            AggregateKind::Count => Type::of(Kind::Int64),
            AggregateKind::Min | AggregateKind::Max => of.as_ref().map_or(inner, |of| of.ty),
            AggregateKind::Sum | AggregateKind::Avg if inner.kind == Kind::Float => Type::of(Kind::Double),
            AggregateKind::Sum | AggregateKind::Avg if inner.kind == Kind::Double => inner,
            AggregateKind::Sum | AggregateKind::Avg if inner.is_exact() => Type::exact(Kind::Int64, inner.scale),
            AggregateKind::Sum | AggregateKind::Avg => {
                let name = if kind == AggregateKind::Sum { "SUM" } else { "AVG" };
                let line = format!("Argument for {name} in dialect 3 must be numeric");
                return Err(SqlError::new(
                    "42000",
                    &["Dynamic SQL Error", "expression evaluation not supported", &line],
                ));
            }
        };
        let aggregates = &mut self.level().aggregates;
        let aggregate = Aggregate { kind, distinct, of, ty };
        let place = aggregates.iter().position(|earlier| *earlier == aggregate).unwrap_or_else(|| {
            aggregates.push(aggregate);
            aggregates.len() - 1
        });
        Ok(Typed { node: Node::Aggregate(place), ty })
    }
}

/// NULL counts as a whole number where a number is wanted.
pub(super) fn or_integer(expr: &Typed) -> Type {
    if expr.ty == types::null_type() { Type::of(Kind::Long) } else { expr.ty }
}

/// A number as Firebird types it: 32 bits if it fits, scaled 64 bits with a point, floating with an exponent.
fn number(digits: &str, expr: &Expr) -> Result<Typed, SqlError> {
    if let Some((sign, hexadecimal)) = digits.split_once("0x") {
        let raw = convert::hexadecimal(hexadecimal).ok_or_else(|| SqlError::token(digits, expr.at))?;
        let raw = if sign == "-" { raw.checked_neg().ok_or_else(SqlError::integer_overflow)? } else { raw };
        let kind = if hexadecimal.len() <= 8 { Kind::Long } else { Kind::Int64 };
        return Ok(Typed { node: Node::Const(Cell::int(raw)), ty: Type::of(kind) });
    }
    if digits.contains(['e', 'E']) {
        let number: f64 = digits.parse().map_err(|_| SqlError::token(digits, expr.at))?;
        if number.is_infinite() {
            return Err(SqlError::out_of_range());
        }
        return Ok(Typed { node: Node::Const(Cell::Double(number)), ty: Type::literal_double() });
    }
    let plain: String = digits.chars().filter(|char| *char != '.').collect();
    let raw: i64 = plain.parse().map_err(|_| {
        if plain.trim_start_matches(['-', '0']).len() > 19 {
            return SqlError::token(digits.get(..1).unwrap_or_default(), expr.at);
        }
        SqlError::dynamic(
            "22003",
            -104,
            &["arithmetic exception, numeric overflow, or string truncation", "numeric value is out of range"],
        )
    })?;
    let places = digits.split_once('.').map(|(_, fraction)| fraction.len());
    let scale = u8::try_from(places.unwrap_or(0)).unwrap_or(u8::MAX);
    if scale > 18 {
        return Err(SqlError::token(digits.get(..1).unwrap_or_default(), expr.at));
    }
    // -2147483648 is a negated 2147483648, which needs 64 bits.
    let long = places.is_none() && i32::try_from(raw.unsigned_abs()).is_ok();
    let kind = if long { Kind::Long } else { Kind::Int64 };
    Ok(Typed { node: Node::Const(Cell::Exact { raw, scale: scale.into() }), ty: Type::exact(kind, scale) })
}
