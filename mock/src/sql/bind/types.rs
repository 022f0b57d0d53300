//! Types of results, and the names of columns that have none of their own.

use crate::sql::ast::{AggregateKind, Arithmetic, Expr, ExprKind, Item, TypeName};
use crate::sql::error::SqlError;
use crate::sql::numeric;
use crate::sql::plan::{Node, Plan, Typed};
use crate::sql::types::{Cell, Column, Kind, TEXT_LENGTH, Type};

/// The column's name in the result: `CONCATENATION`, `ADD`, ...; a unary minus and predicates have none.
pub(super) fn name(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Column(_, name) => name.text.clone(),
        ExprKind::Function(name, _) => match name.text.as_str() {
            "IIF" | "NULLIF" => "CASE".into(),
            "CHARACTER_LENGTH" => "CHAR_LENGTH".into(),
            _ => name.text.clone(),
        },
        ExprKind::Scalar(query) => match query.first.items.first() {
            Some(Item::One(_, Some(alias))) => alias.text.clone(),
            Some(Item::One(expr, None)) => name(expr),
            _ => String::new(),
        },
        ExprKind::Negate(inner) if matches!(inner.kind, ExprKind::Null) => "CONSTANT".into(),
        kind => match kind {
            ExprKind::Null | ExprKind::Number(_) | ExprKind::Text(_) => "CONSTANT",
            ExprKind::Bool(_) | ExprKind::Literal(..) => "CONSTANT",
            ExprKind::Now(TypeName::Date) => "CURRENT_DATE",
            ExprKind::Now(TypeName::Time) => "CURRENT_TIME",
            ExprKind::Now(_) => "CURRENT_TIMESTAMP",
            ExprKind::Arithmetic(Arithmetic::Add, ..) => "ADD",
            ExprKind::Arithmetic(Arithmetic::Subtract, ..) => "SUBTRACT",
            ExprKind::Arithmetic(Arithmetic::Multiply, ..) => "MULTIPLY",
            ExprKind::Arithmetic(Arithmetic::Divide, ..) => "DIVIDE",
            ExprKind::Concat(..) => "CONCATENATION",
            ExprKind::Case(..) => "CASE",
            ExprKind::Cast(..) => "CAST",
            ExprKind::Extract(..) => "EXTRACT",
            ExprKind::DateAdd(..) => "DATEADD",
            ExprKind::DateDiff(..) => "DATEDIFF",
            ExprKind::Substring(..) => "SUBSTRING",
            ExprKind::Trim(..) => "TRIM",
            ExprKind::Aggregate(AggregateKind::Count, ..) => "COUNT",
            ExprKind::Aggregate(AggregateKind::Sum, ..) => "SUM",
            ExprKind::Aggregate(AggregateKind::Avg, ..) => "AVG",
            ExprKind::Aggregate(AggregateKind::Min, ..) => "MIN",
            ExprKind::Aggregate(AggregateKind::Max, ..) => "MAX",
            _ => "",
        }
        .into(),
    }
}

/// The type of a sum, difference, product or quotient.
pub(super) fn arithmetic(operation: Arithmetic, left: Type, right: Type) -> Result<Type, SqlError> {
    let additive = matches!(operation, Arithmetic::Add | Arithmetic::Subtract);
    let unsupported =
        |line: &str| SqlError::new("42000", &["Dynamic SQL Error", "expression evaluation not supported", line]);
    if left.is_text() || right.is_text() {
        return Err(unsupported(match operation {
            Arithmetic::Multiply => "Strings cannot be multiplied in dialect 3",
            Arithmetic::Divide => "Strings cannot be divided in dialect 3",
            _ => "Strings cannot be added or subtracted in dialect 3",
        }));
    }
    if left.is_temporal() || right.is_temporal() {
        if !additive {
            return Err(unsupported(match operation {
                Arithmetic::Multiply => "Invalid data type for multiplication in dialect 3",
                _ => "Invalid data type for division in dialect 3",
            }));
        }
        return temporal(operation, left, right).ok_or_else(|| {
            let both = left.is_temporal() && right.is_temporal();
            unsupported(match operation {
                Arithmetic::Add if both => "Adding two DATE values or two TIME values is not allowed",
                Arithmetic::Subtract if left.is_number() => {
                    "DATE value cannot be subtracted from the provided data type"
                }
                Arithmetic::Subtract if both => {
                    "Invalid data type for subtraction involving DATE, TIME or TIMESTAMP types"
                }
                _ => "Invalid data type for addition or subtraction in dialect 3",
            })
        });
    }
    if !left.is_number() || !right.is_number() {
        return Err(unsupported(match operation {
            Arithmetic::Multiply => "Invalid data type for multiplication in dialect 3",
            Arithmetic::Divide => "Invalid data type for division in dialect 3",
            _ => "Invalid data type for addition or subtraction in dialect 3",
        }));
    }
    if left.is_floating() || right.is_floating() {
        return Ok(Type::of(Kind::Double));
    }
    Ok(Type::exact(Kind::Int64, numeric::result_scale(operation, left.scale, right.scale)))
}

fn temporal(operation: Arithmetic, left: Type, right: Type) -> Option<Type> {
    use Kind::{Date, Time, Timestamp};
    if left.is_temporal() && right.is_number() {
        return Some(left);
    }
    if left.is_number() && right.is_temporal() {
        return (operation == Arithmetic::Add).then_some(right);
    }
    Some(match (operation, left.kind, right.kind) {
        (Arithmetic::Add, Date, Time) | (Arithmetic::Add, Time, Date) => Type::of(Timestamp),
        (Arithmetic::Subtract, Date, Date) => Type::of(Kind::Long),
        (Arithmetic::Subtract, Time, Time) => Type::exact(Kind::Long, 4),
        (Arithmetic::Subtract, Date | Timestamp, Date | Timestamp) => Type::exact(Kind::Int64, 9),
        _ => return None,
    })
}

/// How many characters the text of a value of this type takes.
pub(super) fn text_length(ty: Type) -> usize {
    match ty.kind {
        Kind::Short => 6 + usize::from(ty.scale > 0),
        Kind::Long => 11 + usize::from(ty.scale > 0),
        Kind::Int64 => 20 + usize::from(ty.scale > 0),
        Kind::Float => 15,
        Kind::Double => 24,
        Kind::Char | Kind::Varchar => ty.length,
        Kind::Date => 10,
        Kind::Time => 13,
        Kind::Timestamp => 25,
        Kind::Boolean => 5,
    }
}

/// `VARCHAR` of so many characters, as far as Firebird goes.
pub(super) fn varchar(length: usize) -> Type {
    Type::varchar(length.min(TEXT_LENGTH))
}

/// The one type of several values, NULLs not counted.
pub(super) fn common(function: &str, exprs: &[&Typed]) -> Result<Type, SqlError> {
    let known: Vec<Type> =
        exprs.iter().filter(|expr| expr.node != Node::Const(Cell::Null)).map(|expr| expr.ty).collect();
    let Some(first) = known.first().copied() else { return Ok(null_type()) };
    if known.iter().any(|ty| ty.is_text()) {
        let length = known.iter().map(|ty| text_length(*ty)).max().unwrap_or(1);
        let fixed = known.iter().all(|ty| ty.kind == Kind::Char);
        return Ok(if fixed { Type::char(length) } else { varchar(length) });
    }
    if known.iter().all(|ty| ty.is_number()) {
        if known.iter().any(|ty| ty.kind == Kind::Double) {
            return Ok(Type::of(Kind::Double));
        }
        if known.iter().any(|ty| ty.kind == Kind::Float) {
            return Ok(Type::of(Kind::Float));
        }
        let scale = known.iter().map(|ty| ty.scale).max().unwrap_or(0);
        let size = |ty: &Type| match ty.kind {
            Kind::Short => 0,
            Kind::Long => 1,
            _ => 2,
        };
        let kind = known.iter().max_by_key(|ty| size(ty)).map_or(Kind::Int64, |ty| ty.kind);
        return Ok(Type::exact(kind, scale));
    }
    if known.iter().all(|ty| ty.kind == first.kind) {
        return Ok(first);
    }
    let line = format!("Datatypes are not comparable in expression {function}");
    Err(SqlError::new("HY004", &["SQL error code = -104", &line]))
}

/// What `NULL` alone is.
pub(super) fn null_type() -> Type {
    Type { kind: Kind::Char, scale: 0, length: 1, bytes: 1 }
}

/// The types of a union's columns. One whose type is not that of the first arm has no name any more, unless it has one
/// of its own.
pub(super) fn merge_columns(columns: &mut [Column], others: &[Column], first: &[Item]) -> Result<(), SqlError> {
    if columns.len() != others.len() {
        return Err(SqlError::dynamic(
            "07002",
            -104,
            &["Invalid command", "count of column list and variable list do not match"],
        ));
    }
    for (place, (column, other)) in columns.iter_mut().zip(others).enumerate() {
        let typed = |ty: Type| Typed { node: Node::Aggregate(0), ty };
        let (left, right) = (typed(column.ty), typed(other.ty));
        let ty = if left.ty == right.ty && !left.ty.is_floating() || right.ty == null_type() {
            left.ty
        } else if left.ty == null_type() {
            right.ty
        } else {
            common("UNION", &[&left, &right])?
        };
        if !keeps_name(first, place, column.ty, ty) {
            column.name.clear();
        }
        column.ty = ty;
    }
    Ok(())
}

fn keeps_name(first: &[Item], place: usize, own: Type, merged: Type) -> bool {
    // Behind a `*` places shift; its columns all have names.
    if first.iter().any(|item| matches!(item, Item::All(_))) {
        return true;
    }
    match first.get(place) {
        Some(Item::One(expr, alias)) => match expr.kind {
            _ if alias.is_some() => true,
            ExprKind::Column(..) => true,
            ExprKind::Aggregate(..) => own == merged,
            ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Literal(..) => own == merged,
            _ => false,
        },
        _ => true,
    }
}

/// Makes the arms of a union give the types of its columns.
pub(super) fn unify_arms(plan: &mut Plan) {
    if plan.unions.is_empty() {
        return;
    }
    let arms = std::iter::once(&mut plan.first).chain(plan.unions.iter_mut().map(|(_, arm)| arm));
    for arm in arms {
        for (item, column) in arm.items.iter_mut().zip(&plan.columns) {
            if item.ty != column.ty {
                let inner = std::mem::replace(item, Typed { node: Node::Const(Cell::Null), ty: column.ty });
                item.node = Node::Cast(Box::new(inner));
            }
        }
    }
}

/// A type as written.
pub(super) fn named(name: TypeName) -> Type {
    let numeric = |precision: u32, scale: u32, small: bool| {
        let kind = match precision {
            0..=4 if small => Kind::Short,
            0..=9 => Kind::Long,
            _ => Kind::Int64,
        };
        Type::exact(kind, u8::try_from(scale).unwrap_or(18))
    };
    let length = |length: u32| usize::try_from(length).unwrap_or(TEXT_LENGTH);
    match name {
        TypeName::Small => Type::of(Kind::Short),
        TypeName::Integer => Type::of(Kind::Long),
        TypeName::Big => Type::of(Kind::Int64),
        TypeName::Numeric(precision, scale) => numeric(precision, scale, true),
        TypeName::Decimal(precision, scale) => numeric(precision, scale, false),
        TypeName::Float => Type::of(Kind::Float),
        TypeName::Double => Type::of(Kind::Double),
        TypeName::Char(n) => Type::char(length(n)),
        TypeName::Varchar(n) => Type::varchar(length(n)),
        TypeName::Date => Type::of(Kind::Date),
        TypeName::Time => Type::of(Kind::Time),
        TypeName::Timestamp => Type::of(Kind::Timestamp),
        TypeName::Boolean => Type::of(Kind::Boolean),
    }
}
