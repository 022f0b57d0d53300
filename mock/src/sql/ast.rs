//! A statement as written, before any name is looked up.

use super::error::Position;

/// A name in a statement: upper case unless quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Where it stands.
    pub at: Position,
}

/// A whole query with what follows its last arm.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Named queries before it.
    pub with: Vec<Cte>,
    /// The first arm.
    pub first: Box<Select>,
    /// `UNION` arms; true for `UNION ALL`.
    pub unions: Vec<(bool, Select)>,
    /// `ORDER BY`.
    pub order: Vec<OrderItem>,
    /// `ROWS`, `OFFSET` and `FETCH`.
    pub bounds: Bounds,
    /// `WITH LOCK`: of the outermost query only.
    pub locks: bool,
}

/// `name (columns) AS (query)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Cte {
    /// Its name.
    pub name: Name,
    /// Names for its columns; empty for their own.
    pub columns: Vec<Name>,
    /// The query.
    pub query: Query,
}

/// How many rows are passed over, and how many are taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bounds {
    /// `FIRST n`, `FETCH FIRST n ROWS ONLY`.
    pub first: Option<Expr>,
    /// `SKIP n`, `OFFSET n ROWS`.
    pub skip: Option<Expr>,
    /// `ROWS m TO n`: with `n` missing the first m.
    pub rows: Option<(Expr, Option<Expr>)>,
}

/// One `SELECT`.
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    /// Its `FIRST` and `SKIP`.
    pub bounds: Bounds,
    /// Whether equal rows come once.
    pub distinct: bool,
    /// What is selected.
    pub items: Vec<Item>,
    /// What follows `FROM`, commas being cross joins.
    pub from: From,
    /// `WHERE`.
    pub filter: Option<Expr>,
    /// `GROUP BY`.
    pub group: Vec<Expr>,
    /// `HAVING`.
    pub having: Option<Expr>,
}

/// One selected thing.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// `*`, `t.*`.
    All(Option<Name>),
    /// An expression and its alias.
    One(Expr, Option<Name>),
}

/// The rows to choose from.
#[derive(Clone, Debug, PartialEq)]
pub enum From {
    /// A table.
    Table {
        /// Its name.
        name: Name,
        /// What the statement calls it.
        alias: Option<Name>,
    },
    /// A query in parentheses.
    Derived {
        /// The query.
        query: Box<Query>,
        /// What the statement calls it.
        alias: Option<Name>,
        /// Names for its columns.
        columns: Vec<Name>,
        /// Where it begins.
        at: Position,
    },
    /// Two of them.
    Join {
        /// Which.
        kind: JoinKind,
        /// Before the word `JOIN`.
        left: Box<From>,
        /// After it.
        right: Box<From>,
        /// `ON`; none for a cross join.
        on: Option<Expr>,
        /// `USING`.
        using: Vec<Name>,
    },
}

/// A kind of join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// Pairs that match.
    Inner,
    /// And every left row.
    Left,
    /// And every right row.
    Right,
    /// And every row of both.
    Full,
}

/// One sort key.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderItem {
    /// What to sort by; a whole number is a column's place.
    pub expr: Expr,
    /// `DESC`.
    pub descending: bool,
    /// `NULLS FIRST` or `LAST`, where said.
    pub nulls_first: Option<bool>,
}

/// An expression and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it begins.
    pub at: Position,
    /// How many expressions stand inside one another here.
    pub depth: u32,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

/// An operation of two numbers (or days).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

/// A way to match a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Match {
    /// `LIKE`
    Like,
    /// `CONTAINING`
    Containing,
    /// `STARTING WITH`
    Starting,
}

/// An aggregate function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AggregateKind {
    /// `COUNT`
    Count,
    /// `SUM`
    Sum,
    /// `AVG`
    Avg,
    /// `MIN`
    Min,
    /// `MAX`
    Max,
}

/// What `TRIM` takes off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrimSide {
    /// At both ends.
    Both,
    /// In front.
    Leading,
    /// Behind.
    Trailing,
}

/// A part of a day or moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The year.
    Year,
    /// The month.
    Month,
    /// The day of the month.
    Day,
    /// The hour.
    Hour,
    /// The minute.
    Minute,
    /// The second with its fraction.
    Second,
    /// Sunday is 0.
    Weekday,
    /// 1 January is 0.
    Yearday,
    /// The ISO week.
    Week,
    /// Thousandths of the second.
    Millisecond,
}

impl Part {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Year => "YEAR",
            Self::Month => "MONTH",
            Self::Day => "DAY",
            Self::Hour => "HOUR",
            Self::Minute => "MINUTE",
            Self::Second => "SECOND",
            Self::Weekday => "WEEKDAY",
            Self::Yearday => "YEARDAY",
            Self::Week => "WEEK",
            Self::Millisecond => "MILLISECOND",
        }
    }

    /// The part of this name, in upper case.
    pub fn named(name: &str) -> Option<Self> {
        const ALL: [Part; 10] = [
            Part::Year,
            Part::Month,
            Part::Day,
            Part::Hour,
            Part::Minute,
            Part::Second,
            Part::Weekday,
            Part::Yearday,
            Part::Week,
            Part::Millisecond,
        ];
        ALL.into_iter().find(|part| part.name() == name)
    }

    /// Whether a time of day has it.
    pub const fn is_of_day(self) -> bool {
        matches!(self, Self::Hour | Self::Minute | Self::Second | Self::Millisecond)
    }
}

/// A type as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeName {
    /// `SMALLINT`
    Small,
    /// `INTEGER`
    Integer,
    /// `BIGINT`
    Big,
    /// `NUMERIC(p, s)`
    Numeric(u32, u32),
    /// `DECIMAL(p, s)`
    Decimal(u32, u32),
    /// `FLOAT`
    Float,
    /// `DOUBLE PRECISION`
    Double,
    /// `CHAR(n)`
    Char(u32),
    /// `VARCHAR(n)`
    Varchar(u32),
    /// `DATE`
    Date,
    /// `TIME`
    Time,
    /// `TIMESTAMP`
    Timestamp,
    /// `BOOLEAN`
    Boolean,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `NULL`
    Null,
    /// A number as written.
    Number(String),
    /// A text.
    Text(String),
    /// `TRUE`, `FALSE`
    Bool(bool),
    /// `DATE '2020-01-01'`
    Literal(TypeName, String),
    /// `CURRENT_DATE`, `CURRENT_TIME`, `CURRENT_TIMESTAMP`
    Now(TypeName),
    /// A column, with its table.
    Column(Option<Name>, Name),
    /// `-x`
    Negate(Box<Expr>),
    /// `a + b`
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    /// `a || b`
    Concat(Box<Expr>, Box<Expr>),
    /// `a = b`
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// `a = ANY (select)`; true for `ALL`.
    Quantified(Comparison, bool, Box<Expr>, Box<Query>),
    /// `a AND b AND ...`
    And(Vec<Expr>),
    /// `a OR b OR ...`
    Or(Vec<Expr>),
    /// `NOT a`
    Not(Box<Expr>),
    /// `a IS NULL`
    IsNull(Box<Expr>),
    /// `a IS TRUE`, `FALSE`; none for `UNKNOWN`.
    IsTruth(Box<Expr>, Option<bool>),
    /// `a IS DISTINCT FROM b`
    Distinct(Box<Expr>, Box<Expr>),
    /// `a BETWEEN b AND c`
    Between(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `a LIKE b ESCAPE c`
    Match(Match, Box<Expr>, Box<Expr>, Option<Box<Expr>>),
    /// `a IN (b, c)`
    InList(Box<Expr>, Vec<Expr>),
    /// `a IN (select)`
    InQuery(Box<Expr>, Box<Query>),
    /// `EXISTS (select)`
    Exists(Box<Query>),
    /// `SINGULAR (select)`
    Singular(Box<Query>),
    /// `(select)`
    Scalar(Box<Query>),
    /// `CASE a WHEN b THEN c ELSE d END`
    Case(Option<Box<Expr>>, Vec<(Expr, Expr)>, Option<Box<Expr>>),
    /// `CAST(a AS t)`
    Cast(Box<Expr>, TypeName),
    /// `EXTRACT(part FROM a)`
    Extract(Part, Box<Expr>),
    /// `DATEADD(n part TO a)`
    DateAdd(Part, Box<Expr>, Box<Expr>),
    /// `DATEDIFF(part FROM a TO b)`
    DateDiff(Part, Box<Expr>, Box<Expr>),
    /// `SUBSTRING(a FROM b FOR c)`
    Substring(Box<Expr>, Box<Expr>, Option<Box<Expr>>),
    /// `TRIM(side what FROM a)`
    Trim(TrimSide, Option<Box<Expr>>, Box<Expr>),
    /// An aggregate; nothing inside for `COUNT(*)`; true for `DISTINCT`.
    Aggregate(AggregateKind, bool, Option<Box<Expr>>),
    /// Any other function.
    Function(Name, Vec<Expr>),
}
