//! Random calls over a database: small numbers that choose, so that a failing call shrinks to a short one.

use carbon_specs::{Field, FieldType};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::call::{Call, Condition, End, Link, Lookup, Order, Part, Path, Shown, Step};
use super::cell::Cell;
use super::database::{CONTRACT, Database, LIVELY, databases, lively, model, target, values};
use super::lookup::PATTERNS;

/// The models that calls start from, those with most links first.
const STARTS: &[&str] = &[
    "Abonents",
    "Users",
    "UsersUsluga",
    "Tarif",
    "AttributeValues",
    "FinanceOperations",
    "AbonentsBlock",
    "Usluga",
    "Homes",
    "AdminAccounts",
    "FinanceOperationsDetail",
];

/// A path: links, a column, how it is written.
pub type PathSeed = (Vec<u8>, u8, u8);

/// A condition: a path, a comparison, values, how they are written.
pub type ConditionSeed = (PathSeed, u8, [u8; 3], u8);

/// A step.
#[derive(Clone, Debug)]
pub enum StepSeed {
    /// `all()`, or rarely `none()`.
    All(u8),
    /// `filter()`.
    Filter(Vec<ConditionSeed>),
    /// `exclude()`.
    Exclude(Vec<ConditionSeed>),
    /// `order_by()`.
    OrderBy(Vec<(PathSeed, bool)>),
    /// `reverse()`.
    Reverse,
    /// `distinct()`.
    Distinct,
    /// `values()`.
    Values(Vec<PathSeed>),
}

/// A call.
#[derive(Clone, Debug)]
pub struct CallSeed {
    model: u8,
    steps: Vec<StepSeed>,
    end: u8,
    conditions: Vec<ConditionSeed>,
    orders: Vec<(PathSeed, bool)>,
    fields: Vec<PathSeed>,
}

/// Paths.
pub fn path_seeds() -> impl Strategy<Value = PathSeed> {
    (proptest::collection::vec(any::<u8>(), 0..=3), any::<u8>(), any::<u8>())
}

/// Conditions of one `filter` or `exclude`.
pub fn condition_seeds() -> impl Strategy<Value = Vec<ConditionSeed>> {
    let several = |count| proptest::collection::vec((path_seeds(), any::<u8>(), any::<[u8; 3]>(), any::<u8>()), count);
    prop_oneof![5 => several(1), 2 => several(2), 1 => several(3)]
}

/// The paths of an ordering.
pub fn order_seeds() -> impl Strategy<Value = Vec<(PathSeed, bool)>> {
    proptest::collection::vec((path_seeds(), any::<bool>()), 0..=2)
}

fn step_seed() -> impl Strategy<Value = StepSeed> {
    prop_oneof![
        1 => any::<u8>().prop_map(StepSeed::All),
        8 => condition_seeds().prop_map(StepSeed::Filter),
        8 => condition_seeds().prop_map(StepSeed::Exclude),
        4 => order_seeds().prop_map(StepSeed::OrderBy),
        2 => Just(StepSeed::Reverse),
        2 => Just(StepSeed::Distinct),
        1 => proptest::collection::vec(path_seeds(), 1..=2).prop_map(StepSeed::Values),
    ]
}

/// Steps of a chain.
pub fn step_seeds() -> impl Strategy<Value = Vec<StepSeed>> {
    proptest::collection::vec(step_seed(), 0..=4)
}

fn call_seed() -> impl Strategy<Value = CallSeed> {
    let fields = proptest::collection::vec(path_seeds(), 0..=3);
    (any::<u8>(), step_seeds(), any::<u8>(), condition_seeds(), order_seeds(), fields).prop_map(
        |(model, steps, end, conditions, orders, fields)| CallSeed { model, steps, end, conditions, orders, fields },
    )
}

/// A database and calls over it.
pub fn cases() -> impl Strategy<Value = (Database, Vec<Call>)> {
    (databases(), proptest::collection::vec(call_seed(), 1..=6)).prop_map(|(database, seeds)| {
        let calls = seeds.iter().map(|seed| call(&database, seed)).collect();
        (database, calls)
    })
}

fn pick<T: Clone>(items: &[T], seed: u8) -> T {
    items[usize::from(seed) % items.len()].clone()
}

/// The model that a number stands for.
pub fn start(seed: u8) -> &'static str {
    pick(STARTS, seed)
}

fn call(database: &Database, seed: &CallSeed) -> Call {
    let name = start(seed.model);
    let steps = steps(database, name, &seed.steps);
    let selected = steps.iter().any(|step| matches!(step, Step::Values(_)));
    let orders = orders(name, &seed.orders);
    let paths: Vec<Path> = orders.iter().map(|order| order.path.clone()).collect();
    let end = match seed.end % 16 {
        0..=4 => End::Rows,
        5 | 6 => End::Count,
        7 => End::Exists,
        _ if selected => End::Rows,
        8 | 9 => End::First,
        10 | 11 => End::Last,
        12 => End::Get(conditions(database, name, &seed.conditions)),
        _ if orders.is_empty() => End::Rows,
        13 => End::Latest(orders),
        14 => End::Earliest(orders),
        _ => End::ValuesList(paths),
    };
    let fields = seed.fields.iter().map(|seed| shown(name, seed)).collect();
    Call { model: name.to_owned(), steps, end, fields }
}

/// The steps that numbers stand for.
pub fn steps(database: &Database, name: &str, seeds: &[StepSeed]) -> Vec<Step> {
    let step = |seed: &StepSeed| match seed {
        StepSeed::All(250..) => Step::None,
        StepSeed::All(_) => Step::All,
        StepSeed::Filter(seeds) => Step::Filter(conditions(database, name, seeds)),
        StepSeed::Exclude(seeds) => Step::Exclude(conditions(database, name, seeds)),
        StepSeed::OrderBy(seeds) => Step::OrderBy(orders(name, seeds)),
        StepSeed::Reverse => Step::Reverse,
        StepSeed::Distinct => Step::Distinct,
        StepSeed::Values(seeds) => Step::Values(different(seeds.iter().map(|seed| path(name, seed)).collect())),
    };
    seeds.iter().map(step).collect()
}

fn different(mut paths: Vec<Path>) -> Vec<Path> {
    let all = paths.clone();
    let mut place = 0;
    paths.retain(|path| {
        place += 1;
        all[..place - 1].iter().all(|before| before.text != path.text)
    });
    paths
}

/// The ordering that numbers stand for.
pub fn orders(name: &str, seeds: &[(PathSeed, bool)]) -> Vec<Order> {
    let mut orders: Vec<Order> =
        seeds.iter().map(|(seed, descending)| Order { path: path(name, seed), descending: *descending }).collect();
    orders.dedup_by(|one, other| one.path.text == other.path.text);
    orders
}

/// The conditions that numbers stand for, each keyword once.
pub fn conditions(database: &Database, name: &str, seeds: &[ConditionSeed]) -> Vec<Condition> {
    let mut conditions: Vec<Condition> = Vec::new();
    for seed in seeds {
        let condition = condition(database, name, seed);
        if conditions.iter().all(|other| other.keyword != condition.keyword) {
            conditions.push(condition);
        }
    }
    conditions
}

/// The links from a model, by name.
fn links(name: &str) -> Vec<(String, Link)> {
    let forward = lively(name).into_iter().filter_map(|field| {
        let to = target(field)?.name.clone();
        Some((field.name.clone(), Link::Forward { column: field.column.clone(), to }))
    });
    let reverse = model(name).relations.iter().filter_map(|relation| {
        let from = CONTRACT.schema.at(relation.model);
        let column = from.at(relation.field);
        let (_, columns) = LIVELY.iter().find(|(model, _)| *model == from.name)?;
        let link = Link::Reverse { from: from.name.clone(), column: column.column.clone() };
        columns.contains(&column.name.as_str()).then(|| (relation.name.clone(), link))
    });
    forward.chain(reverse).collect()
}

/// Walks as many links as the seed names.
fn walk(name: &str, seeds: &[u8]) -> (Vec<(String, Link)>, String) {
    let mut here = name.to_owned();
    let mut walked = Vec::new();
    for seed in seeds {
        let links = links(&here);
        if links.is_empty() {
            break;
        }
        let (name, link) = pick(&links, *seed);
        link.target().clone_into(&mut here);
        walked.push((name, link));
    }
    (walked, here)
}

/// The path that numbers stand for.
pub fn path(name: &str, (seeds, column, spelling): &PathSeed) -> Path {
    let (walked, end) = walk(name, seeds);
    let end = model(&end);
    let (mut names, mut links): (Vec<String>, Vec<Link>) = walked.into_iter().unzip();
    for (place, link) in links.iter().enumerate() {
        // Django takes a foreign key under its column's name too.
        if let (Link::Forward { column, .. }, true) = (link, seeds[place] >= 192) {
            names[place].clone_from(column);
        }
    }
    let fields = lively(&end.name);
    let Some(field) = fields.get(usize::from(*column) % (fields.len() + 1)).copied() else {
        let field = end.pk_field();
        let relation = spelling % 3 == 1 && !links.is_empty();
        match spelling % 3 {
            _ if relation => {}
            0 => names.push("pk".to_owned()),
            _ => names.push(field.name.clone()),
        }
        return Path { links, field, relation, text: names.join("__") };
    };
    let Some(to) = target(field) else {
        names.push(field.name.clone());
        return Path { links, field, relation: false, text: names.join("__") };
    };
    names.push(if spelling % 2 == 0 { field.name.clone() } else { field.column.clone() });
    if spelling % 4 < 2 {
        return Path { links, field, relation: true, text: names.join("__") };
    }
    // The key of the row that the foreign key leads to.
    links.push(Link::Forward { column: field.column.clone(), to: to.name.clone() });
    names.push(if spelling % 8 < 4 { "pk".to_owned() } else { to.pk_field().name.clone() });
    Path { links, field: to.pk_field(), relation: false, text: names.join("__") }
}

/// The path of `fields` that numbers stand for.
pub fn shown(name: &str, (seeds, column, spelling): &PathSeed) -> Shown {
    let (links, end) = walk(name, &seeds[..seeds.len().min(2)]);
    let end = model(&end);
    if !links.is_empty() && spelling % 4 == 0 {
        return Shown { links, column: None };
    }
    let fields = lively(&end.name);
    let column = match fields.get(usize::from(*column) % (fields.len() + 1)) {
        Some(field) => (field.column.clone(), *field),
        None if spelling % 2 == 0 => ("pk".to_owned(), end.pk_field()),
        None => (end.pk_field().name.clone(), end.pk_field()),
    };
    Shown { links, column: Some(column) }
}

const OF_RELATIONS: &[Lookup] =
    &[Lookup::Exact, Lookup::IsNull, Lookup::In, Lookup::Gt, Lookup::Gte, Lookup::Lt, Lookup::Lte];
const COMPARISONS: &[Lookup] =
    &[Lookup::Exact, Lookup::IsNull, Lookup::In, Lookup::Gt, Lookup::Gte, Lookup::Lt, Lookup::Lte, Lookup::Range];
const OF_TEXTS: &[Lookup] = &[
    Lookup::IExact,
    Lookup::Contains,
    Lookup::IContains,
    Lookup::StartsWith,
    Lookup::IStartsWith,
    Lookup::EndsWith,
    Lookup::IEndsWith,
    Lookup::Regex,
    Lookup::IRegex,
];
const OF_NUMBERS: &[Lookup] = &[Lookup::Contains, Lookup::StartsWith];
const OF_DAYS: &[Part] = &[Part::Year, Part::Quarter, Part::Month, Part::Day, Part::WeekDay];
const OF_MOMENTS: &[Part] = &[
    Part::Year,
    Part::Quarter,
    Part::Month,
    Part::Day,
    Part::WeekDay,
    Part::Date,
    Part::Hour,
    Part::Minute,
    Part::Second,
];

fn condition(database: &Database, name: &str, (seed, choice, chosen, spelling): &ConditionSeed) -> Condition {
    let path = path(name, seed);
    let field = path.field;
    let parts: &[Part] = match field.kind {
        FieldType::Date => OF_DAYS,
        FieldType::DateTime => OF_MOMENTS,
        _ => &[],
    };
    let texts: &[Lookup] = match field.kind {
        kind if kind.is_text() => OF_TEXTS,
        FieldType::Int | FieldType::Flag => OF_NUMBERS,
        _ => &[],
    };
    let lookups = if path.relation { OF_RELATIONS.to_vec() } else { [COMPARISONS, texts].concat() };
    // Some of the choices are of parts of days.
    let part = (!parts.is_empty() && choice % 3 == 1).then(|| pick(parts, choice / 3));
    let lookup = if part.is_some() { pick(&COMPARISONS[2..7], *spelling) } else { pick(&lookups, *choice) };
    let (lookup, value) = right_side(database, &path, part, lookup, *chosen, *spelling);
    let mut keyword = path.text.clone();
    if let Some(part) = part {
        keyword = format!("{keyword}__{}", part_name(part));
    }
    if lookup != Lookup::Exact || spelling % 2 == 1 {
        keyword = format!("{keyword}__{}", lookup_name(lookup));
    }
    Condition { path, part, lookup, keyword, value }
}

fn right_side(
    database: &Database,
    path: &Path,
    part: Option<Part>,
    lookup: Lookup,
    chosen: [u8; 3],
    spelling: u8,
) -> (Lookup, Json) {
    let field = path.field;
    let known: Vec<Cell> = match part {
        None => {
            let there =
                database.0.iter().filter(|(name, _)| model(name).fields.iter().any(|own| std::ptr::eq(own, field)));
            let cells = there.flat_map(|(_, rows)| rows).map(|row| row.cells[&field.column].clone());
            let mut cells: Vec<Cell> = cells.collect();
            // Mostly something that is there.
            if chosen[2] >= 192 || cells.iter().all(|cell| *cell == Cell::Null) {
                cells.extend(values(field.kind));
            }
            cells
        }
        Some(Part::Date) => values(FieldType::Date),
        Some(Part::Year) => [2019, 2020, 2021, 2022].map(Cell::whole).to_vec(),
        Some(_) => [6, 1, 2, 4, 5, 7, 12, 29, 31, 0, 23, 30, 59, 45].map(Cell::whole).to_vec(),
    };
    let kind = match part {
        None => field.kind,
        Some(Part::Date) => FieldType::Date,
        Some(_) => FieldType::Int,
    };
    let there: Vec<Cell> = known.iter().filter(|cell| **cell != Cell::Null).cloned().collect();
    let one = |seed: u8| spell(field, kind, &pick(&there, seed), spelling);
    let text = |seed: u8| piece(&pick(&there, seed).shown(kind, field.places), chosen[1]);
    let value = match lookup {
        Lookup::IsNull => json!(chosen[0].is_multiple_of(2)),
        Lookup::Exact if part.is_none() => spell(field, kind, &pick(&known, chosen[0]), spelling),
        Lookup::In => {
            let items = chosen.iter().take(usize::from(spelling / 2 % 4));
            items.map(|seed| spell(field, kind, &pick(&known, *seed), spelling)).collect()
        }
        Lookup::Range => json!([one(chosen[0]), one(chosen[1])]),
        Lookup::Regex | Lookup::IRegex => json!(pick(PATTERNS, chosen[0]).0),
        Lookup::IExact if pick(&known, chosen[0]) == Cell::Null => Json::Null,
        Lookup::IExact => pick(&there, chosen[0]).shown(kind, field.places),
        _ if OF_TEXTS.contains(&lookup) => text(chosen[0]),
        _ => one(chosen[0]),
    };
    (lookup, value)
}

/// All of a text, its beginning or its end.
fn piece(text: &Json, seed: u8) -> Json {
    let text = super::cell::as_text(text);
    let mut symbols = text.chars();
    json!(match seed % 3 {
        0 => text,
        1 => symbols.next().map(String::from).unwrap_or_default(),
        _ => symbols.next_back().map(String::from).unwrap_or_default(),
    })
}

/// A value as integrators may write it.
fn spell(field: &Field, kind: FieldType, cell: &Cell, spelling: u8) -> Json {
    let plain = cell.shown(kind, field.places);
    match kind {
        FieldType::Flag if spelling / 8 % 3 == 1 => json!(cell.as_whole() == Some(1)),
        FieldType::Int | FieldType::BigInt | FieldType::Flag | FieldType::Fk if spelling / 8 % 3 == 2 => match plain {
            Json::Null => Json::Null,
            number => json!(number.to_string()),
        },
        FieldType::DateTime if spelling / 8 % 3 == 1 => match plain.as_str() {
            Some(text) => json!(text[..10]),
            None => Json::Null,
        },
        _ => plain,
    }
}

fn part_name(part: Part) -> &'static str {
    match part {
        Part::Date => "date",
        Part::Year => "year",
        Part::Quarter => "quarter",
        Part::Month => "month",
        Part::Day => "day",
        Part::WeekDay => "week_day",
        Part::Hour => "hour",
        Part::Minute => "minute",
        Part::Second => "second",
    }
}

fn lookup_name(lookup: Lookup) -> String {
    format!("{lookup:?}").to_lowercase()
}
