//! A call: the steps of its chain, how it ends, what is to be shown of each row.

use carbon_specs::Field;
use serde_json::{Map, Value as Json, json};

/// One link of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Along a foreign key: this column holds the key of a row of that model.
    Forward {
        /// `abonent_id`.
        column: String,
        /// The model it leads to.
        to: String,
    },
    /// Back along a foreign key: to the rows of that model whose column holds the key of the row at hand.
    Reverse {
        /// The model it leads to.
        from: String,
        /// Its `abonent_id`.
        column: String,
    },
}

impl Link {
    /// The model it leads to.
    pub fn target(&self) -> &str {
        match self {
            Self::Forward { to, .. } => to,
            Self::Reverse { from, .. } => from,
        }
    }

    /// Whether it may lead to several rows.
    pub fn is_many(&self) -> bool {
        matches!(self, Self::Reverse { .. })
    }
}

/// A path to a column.
#[derive(Clone)]
pub struct Path {
    /// The links to walk.
    pub links: Vec<Link>,
    /// The column of the row they lead to.
    pub field: &'static Field,
    /// Whether it ends at a link or a foreign key, which compare keys only, rather than at a plain column.
    pub relation: bool,
    /// As the call writes it.
    pub text: String,
}

/// What is taken of a day or a moment before it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its day.
    Date,
    /// Its year.
    Year,
    /// 1 to 4.
    Quarter,
    /// 1 to 12.
    Month,
    /// 1 to 31.
    Day,
    /// 1 is Sunday.
    WeekDay,
    /// Its hour.
    Hour,
    /// Its minute.
    Minute,
    /// Its second.
    Second,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    Exact,
    In,
    Gt,
    Gte,
    Lt,
    Lte,
    Range,
    IsNull,
    IExact,
    Contains,
    IContains,
    StartsWith,
    IStartsWith,
    EndsWith,
    IEndsWith,
    Regex,
    IRegex,
}

/// One keyword argument of `filter`, `exclude` or `get`.
#[derive(Clone)]
pub struct Condition {
    /// The column.
    pub path: Path,
    /// What is taken of it.
    pub part: Option<Part>,
    /// How it is compared.
    pub lookup: Lookup,
    /// The keyword.
    pub keyword: String,
    /// With what.
    pub value: Json,
}

/// One part of an ordering.
#[derive(Clone)]
pub struct Order {
    /// By which column.
    pub path: Path,
    /// From the greatest down.
    pub descending: bool,
}

/// A step that makes a QuerySet of a QuerySet.
#[derive(Clone)]
pub enum Step {
    All,
    None,
    Filter(Vec<Condition>),
    Exclude(Vec<Condition>),
    OrderBy(Vec<Order>),
    Reverse,
    Distinct,
    Values(Vec<Path>),
}

/// How the chain ends.
#[derive(Clone)]
pub enum End {
    /// With the rows themselves.
    Rows,
    Count,
    Exists,
    First,
    Last,
    Get(Vec<Condition>),
    Latest(Vec<Order>),
    Earliest(Vec<Order>),
    ValuesList(Vec<Path>),
}

/// One path of `fields`.
#[derive(Clone)]
pub struct Shown {
    /// The links, each under its name.
    pub links: Vec<(String, Link)>,
    /// The column at their end and the name it is asked for by; without one the whole row is meant.
    pub column: Option<(String, &'static Field)>,
}

/// A whole call.
#[derive(Clone)]
pub struct Call {
    /// The model it starts from.
    pub model: String,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Its end.
    pub end: End,
    /// `fields`.
    pub fields: Vec<Shown>,
}

impl Call {
    /// The steps as they are sent: method and argument.
    pub fn sent(&self) -> Vec<(&'static str, Json)> {
        let steps = self.steps.iter().map(|step| match step {
            Step::All => ("all", json!({})),
            Step::None => ("none", json!({})),
            Step::Filter(conditions) => ("filter", kwargs(conditions)),
            Step::Exclude(conditions) => ("exclude", kwargs(conditions)),
            Step::OrderBy(orders) => ("order_by", names(orders)),
            Step::Reverse => ("reverse", json!({})),
            Step::Distinct => ("distinct", json!({})),
            Step::Values(paths) => ("values", texts(paths)),
        });
        let end = match &self.end {
            End::Rows => None,
            End::Count => Some(("count", json!({}))),
            End::Exists => Some(("exists", json!({}))),
            End::First => Some(("first", json!({}))),
            End::Last => Some(("last", json!({}))),
            End::Get(conditions) => Some(("get", kwargs(conditions))),
            End::Latest(orders) => Some(("latest", names(orders))),
            End::Earliest(orders) => Some(("earliest", names(orders))),
            End::ValuesList(paths) => Some(("values_list", texts(paths))),
        };
        let mut sent: Vec<_> = steps.chain(end).collect();
        if sent.is_empty() {
            sent.push(("all", json!({})));
        }
        sent
    }

    /// `fields` as it is sent.
    pub fn fields(&self) -> Vec<String> {
        self.fields.iter().map(Shown::text).collect()
    }
}

impl Shown {
    /// As the call writes it.
    pub fn text(&self) -> String {
        let names = self.links.iter().map(|(name, _)| name.as_str());
        names.chain(self.column.iter().map(|(name, _)| name.as_str())).collect::<Vec<_>>().join("__")
    }
}

fn kwargs(conditions: &[Condition]) -> Json {
    let pairs = conditions.iter().map(|condition| (condition.keyword.clone(), condition.value.clone()));
    Json::Object(pairs.collect::<Map<_, _>>())
}

fn names(orders: &[Order]) -> Json {
    orders.iter().map(|order| format!("{}{}", if order.descending { "-" } else { "" }, order.path.text)).collect()
}

fn texts(paths: &[Path]) -> Json {
    paths.iter().map(|path| path.text.clone()).collect()
}

/// As failures show it.
impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.objects", self.model)?;
        for (method, argument) in self.sent() {
            write!(f, ".{method}({argument})")?;
        }
        write!(f, " fields={:?}", self.fields())
    }
}
