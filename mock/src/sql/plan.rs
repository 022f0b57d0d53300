//! A statement whose names and types are known: what [`super::bind`] makes and [`super::exec`] runs.

use std::rc::Rc;

use carbon_specs::ModelId;

use super::ast::{AggregateKind, Arithmetic, Comparison, JoinKind, Match, Part, TrimSide};
use super::types::{Cell, Column, Type};

/// A query.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Distinguishes the queries of a statement, so that one that never changes runs once.
    pub id: usize,
    /// Whether it looks at rows of a query around it.
    pub correlated: bool,
    /// Its columns.
    pub columns: Vec<Column>,
    /// The first arm.
    pub first: Arm,
    /// `UNION` arms; true for `UNION ALL`.
    pub unions: Vec<(bool, Arm)>,
    /// Sort keys of a union: places of columns.
    pub order: Vec<Sort<usize>>,
    /// Rows passed over and taken, of the whole.
    pub bounds: Bounds,
}

impl Plan {
    fn arms(&self) -> impl Iterator<Item = &Arm> {
        std::iter::once(&self.first).chain(self.unions.iter().map(|(_, arm)| arm))
    }

    /// The expressions of its arms; those of its derived tables excepted.
    pub fn exprs(&self) -> Vec<&Typed> {
        let mut all = Vec::new();
        for arm in self.arms() {
            all.extend(arm.items.iter().chain(&arm.filter));
            all.extend(arm.order.iter().map(|sort| sort.key.of(&arm.items)));
            arm.tree.conditions(&mut all);
            if let Some(grouping) = &arm.grouping {
                all.extend(grouping.keys.iter().map(|key| key.of(&arm.items)));
                all.extend(grouping.aggregates.iter().filter_map(|aggregate| aggregate.of.as_ref()));
                all.extend(&grouping.having);
            }
        }
        all
    }

    /// Its derived tables.
    pub fn derived(&self) -> impl Iterator<Item = &Plan> {
        self.arms().flat_map(|arm| &arm.streams).filter_map(|source| match source {
            Source::Derived(plan) => Some(plan.as_ref()),
            _ => None,
        })
    }
}

impl Tree {
    fn conditions<'t>(&'t self, all: &mut Vec<&'t Typed>) {
        if let Self::Join { left, right, on, .. } = self {
            all.extend(on);
            left.conditions(all);
            right.conditions(all);
        }
    }
}

/// A sort key.
#[derive(Clone, Debug, PartialEq)]
pub struct Sort<K> {
    /// What to sort by.
    pub key: K,
    /// Greatest first.
    pub descending: bool,
    /// Whether NULLs come first.
    pub nulls_first: bool,
}

/// How many rows are passed over, and how many are taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bounds {
    /// At most so many.
    pub first: Option<Typed>,
    /// Not the first so many.
    pub skip: Option<Typed>,
    /// `ROWS m TO n`.
    pub rows: Option<(Typed, Option<Typed>)>,
}

/// One `SELECT`.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// Its `FIRST` and `SKIP`.
    pub bounds: Bounds,
    /// Whether equal rows come once.
    pub distinct: bool,
    /// What is selected.
    pub items: Vec<Typed>,
    /// The tables and derived tables, in the order of their mention.
    pub streams: Vec<Source>,
    /// How they are joined.
    pub tree: Tree,
    /// An equality by which the rows of the stream walked first are looked up: if any.
    pub start: Option<Lookup>,
    /// `WHERE`.
    pub filter: Option<Typed>,
    /// Grouping, if there is any.
    pub grouping: Option<Grouping>,
    /// Sort keys.
    pub order: Vec<Sort<Key>>,
}

/// What rows are grouped or sorted by. A selected expression is pointed at, not copied: copies of copies, in subqueries
/// one inside another, would grow without bound.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// A selected expression.
    Item(usize),
    /// One of its own.
    Expr(Typed),
}

impl Key {
    /// The expression.
    pub fn of<'k>(&'k self, items: &'k [Typed]) -> &'k Typed {
        match self {
            Self::Item(place) => &items[*place],
            Self::Expr(expr) => expr,
        }
    }
}

/// Where the rows of a stream come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A model's rows.
    Table(ModelId),
    /// A query's rows.
    Derived(Box<Plan>),
    /// The one row of `RDB$DATABASE`.
    One,
}

/// How streams are joined.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// One stream.
    Leaf(usize),
    /// Two sides.
    Join {
        /// Which join; `Right` is turned into `Left`.
        kind: JoinKind,
        /// The side that is walked first.
        left: Box<Tree>,
        /// The side that is looked up.
        right: Box<Tree>,
        /// The condition.
        on: Option<Typed>,
        /// Where `right` is one stream: how its rows are found.
        lookup: Option<Lookup>,
    },
}

/// A column of a stream and what it must equal.
#[derive(Clone, Debug, PartialEq)]
pub struct Lookup {
    /// The column.
    pub column: usize,
    /// Its type.
    pub ty: Type,
    /// Whether the database itself keeps an index of it: keys, own and foreign.
    pub indexed: bool,
    /// What it must equal.
    pub value: Typed,
}

/// `GROUP BY` with its aggregates.
#[derive(Clone, Debug, PartialEq)]
pub struct Grouping {
    /// The keys.
    pub keys: Vec<Key>,
    /// The aggregates that anything above the groups asks for.
    pub aggregates: Vec<Aggregate>,
    /// `HAVING`.
    pub having: Option<Typed>,
}

/// One aggregate.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// Which.
    pub kind: AggregateKind,
    /// Only over distinct values.
    pub distinct: bool,
    /// Of what; nothing for `COUNT(*)`.
    pub of: Option<Typed>,
    /// The result's type.
    pub ty: Type,
}

/// An expression and its type.
#[derive(Clone, Debug, PartialEq)]
pub struct Typed {
    /// What to do.
    pub node: Node,
    /// What comes out, unless NULL.
    pub ty: Type,
}

/// A scalar function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `UPPER`
    Upper,
    /// `LOWER`
    Lower,
    /// `CHAR_LENGTH`
    CharLength,
    /// `OCTET_LENGTH`
    OctetLength,
    /// `BIT_LENGTH`
    BitLength,
    /// `SUBSTRING`
    Substring,
    /// `TRIM`
    Trim(TrimSide),
    /// `EXTRACT`
    Extract(Part),
    /// `DATEADD`
    DateAdd(Part),
    /// `DATEDIFF`
    DateDiff(Part),
    /// `POSITION`
    Position,
    /// `OVERLAY`
    Overlay,
    /// `REPLACE`
    Replace,
    /// `LEFT`
    Left,
    /// `RIGHT`
    Right,
    /// `LPAD`
    Lpad,
    /// `RPAD`
    Rpad,
    /// `REVERSE`
    Reverse,
    /// `ROUND`
    Round,
    /// `TRUNC`
    Trunc,
    /// `FLOOR`
    Floor,
    /// `CEIL`
    Ceil,
    /// `ABS`
    Abs,
    /// `SIGN`
    Sign,
    /// `MOD`
    Mod,
    /// `MINVALUE`
    MinValue,
    /// `MAXVALUE`
    MaxValue,
}

/// What an expression does.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Nothing: it is known.
    Const(Cell),
    /// A column: of this query at depth 0, of the one around it at 1, and so on.
    Column {
        /// How many queries further out.
        depth: usize,
        /// The stream.
        stream: usize,
        /// Its column.
        column: usize,
    },
    /// An aggregate of this query.
    Aggregate(usize),
    /// `-x`
    Negate(Box<Typed>),
    /// `a + b`
    Arithmetic(Arithmetic, Box<Typed>, Box<Typed>),
    /// `a || b`
    Concat(Box<Typed>, Box<Typed>),
    /// `a = b`
    Compare(Comparison, Box<Typed>, Box<Typed>),
    /// All of them.
    And(Vec<Typed>),
    /// Any of them.
    Or(Vec<Typed>),
    /// Not it.
    Not(Box<Typed>),
    /// `a IS NULL`
    IsNull(Box<Typed>),
    /// `a IS TRUE`, and so on.
    IsTruth(Box<Typed>, Option<bool>),
    /// `a IS DISTINCT FROM b`
    Distinct(Box<Typed>, Box<Typed>),
    /// `a LIKE b ESCAPE c` and its kin.
    Match(Match, Box<Typed>, Box<Typed>, Option<Box<Typed>>),
    /// `a IN (b, c)`
    InList(Box<Typed>, Vec<Typed>),
    /// `a = ANY (query)`, of which `IN` is one; true for `ALL`.
    Quantified(Comparison, bool, Box<Typed>, Box<Plan>),
    /// `EXISTS (query)`
    Exists(Box<Plan>),
    /// `SINGULAR (query)`
    Singular(Box<Plan>),
    /// `(query)`; shared, as a lookup repeats what its filter says.
    Scalar(Rc<Plan>),
    /// `a BETWEEN b AND c`
    Between(Box<Typed>, Box<Typed>, Box<Typed>),
    /// The first value whose condition is true.
    Case(Vec<(Typed, Typed)>, Option<Box<Typed>>),
    /// The first value whose key equals the operand.
    CaseOf(Box<Typed>, Vec<(Typed, Typed)>, Option<Box<Typed>>),
    /// NULL if both are equal, else the first.
    NullIf(Box<Typed>, Box<Typed>),
    /// The first that is not NULL.
    Coalesce(Vec<Typed>),
    /// Made into its type.
    Cast(Box<Typed>),
    /// A function of values.
    Call(Function, Vec<Typed>),
}

impl Typed {
    /// The expressions right inside this one, those of subqueries excepted.
    pub fn children(&self) -> Vec<&Typed> {
        match &self.node {
            Node::Const(_) | Node::Column { .. } | Node::Aggregate(_) => Vec::new(),
            Node::Exists(_) | Node::Singular(_) | Node::Scalar(_) => Vec::new(),
            Node::Negate(a) | Node::Not(a) | Node::IsNull(a) | Node::IsTruth(a, _) | Node::Cast(a) => vec![a],
            Node::Quantified(_, _, a, _) => vec![a],
            Node::Arithmetic(_, a, b) | Node::Concat(a, b) | Node::Compare(_, a, b) => vec![a, b],
            Node::Distinct(a, b) | Node::NullIf(a, b) => vec![a, b],
            Node::Between(a, b, c) => vec![a, b, c],
            Node::Match(_, a, b, c) => [Some(a), Some(b), c.as_ref()].into_iter().flatten().map(Box::as_ref).collect(),
            Node::And(list) | Node::Or(list) | Node::Coalesce(list) | Node::Call(_, list) => list.iter().collect(),
            Node::InList(a, list) => std::iter::once(a.as_ref()).chain(list).collect(),
            Node::Case(arms, otherwise) => {
                arms.iter().flat_map(|(when, then)| [when, then]).chain(otherwise.as_deref()).collect()
            }
            Node::CaseOf(operand, arms, otherwise) => std::iter::once(operand.as_ref())
                .chain(arms.iter().flat_map(|(when, then)| [when, then]))
                .chain(otherwise.as_deref())
                .collect(),
        }
    }

    /// The subquery that it asks.
    pub fn subquery(&self) -> Option<&Plan> {
        match &self.node {
            Node::Exists(plan) | Node::Singular(plan) | Node::Quantified(_, _, _, plan) => Some(plan),
            Node::Scalar(plan) => Some(plan),
            _ => None,
        }
    }

    /// The streams of this query that it looks at; nothing if it holds a subquery, which may look at any.
    pub fn streams(&self) -> Option<Vec<usize>> {
        match &self.node {
            Node::Column { depth: 0, stream, .. } => return Some(vec![*stream]),
            Node::Scalar(plan) if !plan.correlated => {}
            Node::Exists(_) | Node::Singular(_) | Node::Scalar(_) | Node::Quantified(..) => return None,
            _ => {}
        }
        let mut all = Vec::new();
        for child in self.children() {
            all.extend(child.streams()?);
        }
        Some(all)
    }
}
