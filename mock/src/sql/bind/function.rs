//! Calls of functions by name.

use super::expr::or_integer;
use super::{Binder, boxed, declared, types};
use crate::sql::ast::{Expr, Name};
use crate::sql::convert;
use crate::sql::error::SqlError;
use crate::sql::plan::{Function, Node, Typed};
use crate::sql::types::{Cell, Kind, TEXT_LENGTH, Type};

/// What Firebird has and this tool does not.
const NOT_HERE: &[&str] = &[
    "ACOS",
    "ACOSH",
    "ASCII_CHAR",
    "ASCII_VAL",
    "ASIN",
    "ASINH",
    "ATAN",
    "ATAN2",
    "ATANH",
    "BIN_AND",
    "BIN_NOT",
    "BIN_OR",
    "BIN_SHL",
    "BIN_SHR",
    "BIN_XOR",
    "CHAR_TO_UUID",
    "COS",
    "COSH",
    "COT",
    "EXP",
    "GEN_ID",
    "GEN_UUID",
    "HASH",
    "LIST",
    "LN",
    "LOG",
    "LOG10",
    "PI",
    "POWER",
    "RAND",
    "RDB$GET_CONTEXT",
    "RDB$SET_CONTEXT",
    "SIN",
    "SINH",
    "SQRT",
    "TAN",
    "TANH",
    "UUID_TO_CHAR",
];

impl<'a> Binder<'a> {
    pub(super) fn function(&mut self, name: &Name, args: &'a [Expr]) -> Result<Typed, SqlError> {
        match name.text.as_str() {
            "COALESCE" => return self.coalesce(name, args),
            "NULLIF" => return self.nullif(name, args),
            "IIF" => return self.iif(name, args),
            "DECODE" => return self.decode(name, args),
            _ => {}
        }
        let args = self.exprs(args)?;
        let (function, fits) = match name.text.as_str() {
            "UPPER" => (Function::Upper, 1..=1),
            "LOWER" => (Function::Lower, 1..=1),
            "CHAR_LENGTH" | "CHARACTER_LENGTH" => (Function::CharLength, 1..=1),
            "OCTET_LENGTH" => (Function::OctetLength, 1..=1),
            "BIT_LENGTH" => (Function::BitLength, 1..=1),
            "OVERLAY" => (Function::Overlay, 3..=4),
            "POSITION" => (Function::Position, 2..=3),
            "REPLACE" => (Function::Replace, 3..=3),
            "LEFT" => (Function::Left, 2..=2),
            "RIGHT" => (Function::Right, 2..=2),
            "LPAD" => (Function::Lpad, 2..=3),
            "RPAD" => (Function::Rpad, 2..=3),
            "REVERSE" => (Function::Reverse, 1..=1),
            "ROUND" => (Function::Round, 1..=2),
            "TRUNC" => (Function::Trunc, 1..=2),
            "FLOOR" => (Function::Floor, 1..=1),
            "CEIL" | "CEILING" => (Function::Ceil, 1..=1),
            "ABS" => (Function::Abs, 1..=1),
            "SIGN" => (Function::Sign, 1..=1),
            "MOD" => (Function::Mod, 2..=2),
            "MINVALUE" => (Function::MinValue, 1..=255),
            "MAXVALUE" => (Function::MaxValue, 1..=255),
            known if NOT_HERE.contains(&known) => {
                return Err(SqlError::refused(&format!("the function {known} is not run here")));
            }
            unknown => return Err(SqlError::dynamic("39000", -804, &["Function unknown", unknown])),
        };
        if !fits.contains(&args.len()) {
            return Err(SqlError::new("39000", &[&format!("function {} could not be matched", name.text)]));
        }
        let ty = result(&name.text, function, &args)?;
        Ok(Typed { node: Node::Call(function, args), ty })
    }

    fn coalesce(&mut self, name: &Name, args: &'a [Expr]) -> Result<Typed, SqlError> {
        if args.len() < 2 {
            return Err(SqlError::token(")", name.at));
        }
        let list = self.exprs(args)?;
        let ty = types::common("COALESCE", &list.iter().collect::<Vec<_>>())?;
        Ok(declared(Node::Coalesce(list), ty))
    }

    fn nullif(&mut self, name: &Name, args: &'a [Expr]) -> Result<Typed, SqlError> {
        let [left, right] = args else { return Err(SqlError::token(")", name.at)) };
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        let ty = types::common("CASE", &[&left])?;
        Ok(declared(Node::NullIf(boxed(left), boxed(right)), ty))
    }

    fn iif(&mut self, name: &Name, args: &'a [Expr]) -> Result<Typed, SqlError> {
        let [condition, then, otherwise] = args else { return Err(SqlError::token(")", name.at)) };
        let condition = self.condition(condition)?;
        let (then, otherwise) = (self.expr(then)?, self.expr(otherwise)?);
        let ty = types::common("CASE", &[&then, &otherwise])?;
        Ok(declared(Node::Case(vec![(condition, then)], Some(boxed(otherwise))), ty))
    }

    /// `DECODE(operand, key, value, ..., otherwise)`.
    fn decode(&mut self, name: &Name, args: &'a [Expr]) -> Result<Typed, SqlError> {
        if args.len() < 3 {
            return Err(SqlError::token(")", name.at));
        }
        let mut list = self.exprs(args)?.into_iter();
        let operand = list.next().ok_or_else(|| SqlError::token(")", name.at))?;
        let (mut arms, mut otherwise) = (Vec::new(), None);
        while let Some(key) = list.next() {
            match list.next() {
                Some(value) => arms.push((key, value)),
                None => otherwise = Some(key),
            }
        }
        let values: Vec<&Typed> = arms.iter().map(|(_, value)| value).chain(&otherwise).collect();
        let ty = types::common("DECODE", &values)?;
        // Unlike CASE, it leaves the value as it is.
        Ok(Typed { node: Node::CaseOf(boxed(operand), arms, otherwise.map(boxed)), ty })
    }
}

fn result(name: &str, function: Function, args: &[Typed]) -> Result<Type, SqlError> {
    let first = or_integer(&args[0]);
    let text = types::text_length(first);
    let number = |place: usize| {
        let ty = or_integer(&args[place]);
        if ty.is_number() {
            return Ok(ty);
        }
        let which = if place == 0 { "First" } else { "Second" };
        let line = format!("{which} argument for {name} must be integral type or floating point type");
        Err(SqlError::new("42000", &["expression evaluation not supported", &line]))
    };
    // A length that is computed may be any.
    let wanted = || match args.get(1).map(|length| &length.node) {
        Some(Node::Const(length @ Cell::Exact { .. })) => {
            convert::to_raw(length, 0).map_or(0, |length| usize::try_from(length).unwrap_or(0))
        }
        _ => TEXT_LENGTH,
    };
    let is_null = |place: usize| args.get(place).is_some_and(|arg| arg.node == Node::Const(Cell::Null));
    let null = is_null(0);
    Ok(match function {
        Function::Upper | Function::Lower | Function::Reverse if null => types::null_type(),
        Function::Left | Function::Right if null || is_null(1) => types::null_type(),
        Function::Replace | Function::Lpad | Function::Rpad | Function::Overlay if (0..args.len()).any(is_null) => {
            types::null_type()
        }
        // Those with a grammar of their own get their types there.
        Function::Substring | Function::Trim(_) | Function::Extract(_) => types::varchar(text),
        Function::DateAdd(_) | Function::DateDiff(_) => first,
        Function::Overlay => types::varchar(text + types::text_length(args[1].ty)),
        Function::Upper | Function::Lower if first.kind == Kind::Char => Type::char(text),
        Function::Upper | Function::Lower | Function::Reverse | Function::Left | Function::Right => {
            types::varchar(text)
        }
        Function::CharLength | Function::OctetLength | Function::BitLength | Function::Position => Type::of(Kind::Long),
        Function::Replace => {
            let (from, to) = (types::text_length(args[1].ty).max(1), types::text_length(args[2].ty));
            let nothing = args[1].ty.is_text() && args[1].ty.length == 0;
            let grown = if to > from && !nothing { text / from * to + text % from } else { text };
            types::varchar(grown)
        }
        Function::Lpad | Function::Rpad => types::varchar(wanted()),
        Function::Round | Function::Trunc => {
            let ty = number(0)?;
            if is_null(1) {
                return Ok(Type::of(Kind::Long));
            }
            if function == Function::Trunc && ty.is_floating() {
                return Ok(Type::of(Kind::Double));
            }
            if args.len() == 2 { ty } else { Type { scale: 0, ..ty } }
        }
        Function::Floor | Function::Ceil => match number(0)? {
            ty if ty.is_floating() => Type::of(Kind::Double),
            ty if null || ty.kind == Kind::Short => Type::of(Kind::Long),
            _ => Type::of(Kind::Int64),
        },
        Function::Abs => match number(0)? {
            ty if ty.is_floating() => ty,
            ty if null || ty.kind == Kind::Short => Type::exact(Kind::Long, ty.scale),
            ty => Type::exact(Kind::Int64, ty.scale),
        },
        Function::Sign => {
            number(0)?;
            Type::of(Kind::Short)
        }
        Function::Mod => {
            let ty = number(0)?;
            number(1)?;
            if ty.is_exact() { Type { scale: 0, ..ty } } else { Type::of(Kind::Int64) }
        }
        Function::MinValue | Function::MaxValue => types::common(name, &args.iter().collect::<Vec<_>>())?,
    })
}
