//! What must hold between answers, whatever the rows: laws of QuerySets, over random small databases.
//!
//! Failing seeds are kept in `proptest-regressions/algebra.txt`; `PROPTEST_CASES` asks for more.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "naive/mod.rs"]
mod model;

use std::collections::BTreeSet;

use carbon_mock::Mock;
use model::call::{Call, Condition, End, Link, Lookup, Order, Path, Step};
use model::cell::as_text;
use model::database::{Database, databases};
use model::judge::{ask, mock};
use model::random::{
    ConditionSeed, PathSeed, condition_seeds, conditions, order_seeds, orders, path, path_seeds, start, step_seeds,
    steps,
};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::{Value as Json, json};

const FAILED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/proptest-regressions/algebra.txt");

fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    // There are many laws, and each case asks several calls.
    ProptestConfig {
        cases: usual.cases.div_ceil(2),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(FAILED))),
        ..usual
    }
}

/// A database, a model to start from, and the beginning of a chain that selects no columns.
struct Ground {
    database: Database,
    name: &'static str,
    before: Vec<Step>,
}

fn grounds() -> impl Strategy<Value = Ground> {
    (databases(), any::<u8>(), step_seeds()).prop_map(|(database, model, seeds)| {
        let name = start(model);
        let mut before = steps(&database, name, &seeds);
        before.retain(|step| !matches!(step, Step::Values(_)));
        before.truncate(2);
        Ground { database, name, before }
    })
}

/// As failures show it.
impl std::fmt::Debug for Ground {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}\n    {:?}", self.database, self.call(Vec::new(), End::Rows))
    }
}

impl Ground {
    fn mock(&self) -> Mock {
        mock(&self.database)
    }

    fn call(&self, after: Vec<Step>, end: End) -> Call {
        Call { model: self.name.to_owned(), steps: [self.before.clone(), after].concat(), end, fields: Vec::new() }
    }

    /// What the chain answers with these steps after its beginning.
    fn answer(&self, mock: &Mock, after: Vec<Step>, end: End) -> Result<Json, String> {
        ask(mock, self.name, &self.call(after, end).sent(), Some(vec!["pk".to_owned()]))
    }

    /// The keys of the rows, in order.
    fn keys(&self, mock: &Mock, after: Vec<Step>) -> Vec<i64> {
        let rows = self.answer(mock, after, End::Rows).unwrap();
        rows.as_array().unwrap().iter().map(|row| row["pk"].as_i64().unwrap()).collect()
    }

    fn conditions(&self, seeds: &[ConditionSeed]) -> Vec<Condition> {
        conditions(&self.database, self.name, seeds)
    }

    /// Without the orderings, which may repeat rows and decide which come first.
    fn unordered(mut self) -> Self {
        self.before.retain(|step| !matches!(step, Step::OrderBy(_)));
        self
    }
}

fn sorted(mut keys: Vec<i64>) -> Vec<i64> {
    keys.sort_unstable();
    keys
}

fn different(keys: &[i64]) -> BTreeSet<i64> {
    keys.iter().copied().collect()
}

/// Whether every link leads to one row at most.
fn single_valued(conditions: &[Condition]) -> bool {
    conditions.iter().all(|condition| !condition.path.links.iter().any(Link::is_many))
}

/// The same conditions with the lookup that this number stands for.
fn with_lookup(seeds: &[ConditionSeed], lookup: u8) -> Vec<ConditionSeed> {
    seeds.iter().map(|(path, _, values, spelling)| (path.clone(), lookup, *values, *spelling)).collect()
}

/// One keyword of a path.
fn condition(path: &Path, lookup: Lookup, keyword: &str, value: Json) -> Condition {
    Condition { path: path.clone(), part: None, lookup, keyword: format!("{}__{keyword}", path.text), value }
}

proptest! {
    #![proptest_config(config())]

    /// `filter` and `exclude` with one condition part the rows in two, NULLs included.
    #[test]
    fn filter_and_exclude_part_the_rows(ground in grounds(), seeds in condition_seeds()) {
        let ground = ground.unordered();
        let mock = ground.mock();
        let asked = ground.conditions(&seeds)[..1].to_vec();
        let all = ground.keys(&mock, Vec::new());
        let those = ground.keys(&mock, vec![Step::Filter(asked.clone())]);
        let others = ground.keys(&mock, vec![Step::Exclude(asked.clone())]);
        prop_assert!(different(&those).is_disjoint(&different(&others)));
        prop_assert_eq!(&different(&those) | &different(&others), different(&all));
        if single_valued(&asked) {
            prop_assert_eq!(sorted([those, others].concat()), sorted(all), "and repeat none");
        }
    }

    /// With several conditions too, where links lead to one row: what `filter` keeps, `exclude` leaves out.
    #[test]
    fn several_conditions_part_the_rows(ground in grounds(), seeds in condition_seeds()) {
        let ground = ground.unordered();
        let mock = ground.mock();
        let mut asked = ground.conditions(&seeds);
        asked.retain(|condition| single_valued(std::slice::from_ref(condition)));
        prop_assume!(!asked.is_empty());
        let all = ground.keys(&mock, Vec::new());
        let those = ground.keys(&mock, vec![Step::Filter(asked.clone())]);
        let others = ground.keys(&mock, vec![Step::Exclude(asked)]);
        prop_assert_eq!(sorted([those, others].concat()), sorted(all));
    }

    /// `range` is `gte` and `lte`, in one filter.
    #[test]
    fn a_range_is_two_bounds(ground in grounds(), seeds in condition_seeds()) {
        let mock = ground.mock();
        // 7 stands for `range` on numbers and texts, 15 on days.
        let seeds = [7, 15].map(|lookup| with_lookup(&seeds, lookup)).concat();
        let ranges = ground.conditions(&seeds).into_iter().filter(|condition| condition.lookup == Lookup::Range);
        for range in ranges {
            let bound = |lookup, keyword, place: usize| condition(&range.path, lookup, keyword, range.value[place].clone());
            let bounds = vec![bound(Lookup::Gte, "gte", 0), bound(Lookup::Lte, "lte", 1)];
            let inside = ground.keys(&mock, vec![Step::Filter(vec![range])]);
            prop_assert_eq!(inside, ground.keys(&mock, vec![Step::Filter(bounds)]));
        }
    }

    /// `in` is the union of its values; of none it is empty.
    #[test]
    fn in_is_any_of_them(ground in grounds(), seeds in condition_seeds()) {
        let ground = ground.unordered();
        let mock = ground.mock();
        let listed = ground.conditions(&with_lookup(&seeds, 2)).into_iter();
        for listed in listed.filter(|condition| condition.lookup == Lookup::In && condition.part.is_none()) {
            let mut union = BTreeSet::new();
            for value in listed.value.as_array().unwrap().iter().filter(|value| !value.is_null()) {
                let one = condition(&listed.path, Lookup::Exact, "exact", value.clone());
                union.extend(ground.keys(&mock, vec![Step::Filter(vec![one])]));
            }
            prop_assert_eq!(different(&ground.keys(&mock, vec![Step::Filter(vec![listed])])), union);
        }
    }

    /// Where links lead to one row, chained filters are one filter. Where they lead to many, chained ones keep at
    /// least the rows that the one filter keeps: each condition may be met by another linked row.
    #[test]
    fn chained_filters_and_one(ground in grounds(), seeds in condition_seeds(), more in condition_seeds()) {
        let ground = ground.unordered();
        let mock = ground.mock();
        let asked = ground.conditions(&[seeds, more].concat());
        let chained = asked.iter().map(|condition| Step::Filter(vec![condition.clone()])).collect();
        let one = ground.keys(&mock, vec![Step::Filter(asked.clone())]);
        let chained = ground.keys(&mock, chained);
        if single_valued(&asked) {
            prop_assert_eq!(one, chained);
        } else {
            prop_assert!(different(&one).is_subset(&different(&chained)));
        }
    }

    /// The order of filters does not matter to which rows there are, nor does that of excludes.
    #[test]
    fn filters_commute(ground in grounds(), one in condition_seeds(), other in condition_seeds(), negated in any::<bool>()) {
        let ground = ground.unordered();
        let mock = ground.mock();
        let one = Step::Filter(ground.conditions(&one));
        let other = ground.conditions(&other);
        let other = if negated { Step::Exclude(other) } else { Step::Filter(other) };
        let forth = ground.keys(&mock, vec![one.clone(), other.clone()]);
        let back = ground.keys(&mock, vec![other, one]);
        prop_assert_eq!(sorted(forth), sorted(back));
    }

    /// `count` is the length of the list, `exists` whether it is more than nothing, where no ordering repeats rows.
    #[test]
    fn count_is_the_length(ground in grounds()) {
        let mock = ground.mock();
        let count = ground.answer(&mock, Vec::new(), End::Count).unwrap();
        let rows = ground.keys(&mock, vec![Step::OrderBy(Vec::new())]);
        prop_assert_eq!(count.as_u64(), u64::try_from(rows.len()).ok());
        prop_assert_eq!(ground.answer(&mock, Vec::new(), End::Exists), Ok(Json::Bool(!rows.is_empty())));
        prop_assert_eq!(rows.is_empty(), ground.keys(&mock, Vec::new()).is_empty());
    }

    /// `distinct` drops repeats and nothing else; a second one changes nothing.
    #[test]
    fn distinct_is_idempotent(ground in grounds()) {
        let ground = ground.unordered();
        let mock = ground.mock();
        let once = ground.keys(&mock, vec![Step::Distinct]);
        prop_assert_eq!(&once, &ground.keys(&mock, vec![Step::Distinct, Step::Distinct]));
        prop_assert_eq!(different(&once).len(), once.len());
        prop_assert_eq!(different(&once), different(&ground.keys(&mock, Vec::new())));
    }

    /// An ordering narrows nothing; over links to one row it repeats nothing either. `reverse` twice is nothing.
    #[test]
    fn orderings_only_order(ground in grounds(), seeds in order_seeds()) {
        let ground = ground.unordered();
        let mock = ground.mock();
        let order = orders(ground.name, &seeds);
        let many = order.iter().any(|order| order.path.links.iter().any(Link::is_many));
        let plain = ground.keys(&mock, Vec::new());
        let ordered = ground.keys(&mock, vec![Step::OrderBy(order.clone())]);
        if !many {
            prop_assert_eq!(sorted(plain.clone()), sorted(ordered.clone()));
        }
        prop_assert_eq!(different(&plain), different(&ordered));
        let twice = vec![Step::OrderBy(order), Step::Reverse, Step::Reverse];
        prop_assert_eq!(ground.keys(&mock, twice), ordered);
    }

    /// Ordered by something and then by key, the reverse is the list from its end, and `first` and `last` are its ends.
    #[test]
    fn reverse_turns_the_list_around(ground in grounds(), seed in path_seeds(), descending in any::<bool>()) {
        let ground = ground.unordered();
        let mock = ground.mock();
        let path = path(ground.name, &seed);
        let key = path_to_key(ground.name);
        let order = Step::OrderBy(vec![Order { path, descending }, Order { path: key, descending }]);
        let forth = ground.keys(&mock, vec![order.clone()]);
        let mut back = ground.keys(&mock, vec![order.clone(), Step::Reverse]);
        back.reverse();
        prop_assert_eq!(&forth, &back);
        for (end, row) in [(End::First, forth.first()), (End::Last, forth.last())] {
            let found = ground.answer(&mock, vec![order.clone()], end).unwrap();
            prop_assert_eq!(found.get("pk").and_then(Json::as_i64), row.copied());
        }
    }

    /// `get` is the one row in `filter`, and refuses to choose.
    #[test]
    fn get_is_the_only_one(ground in grounds(), seeds in condition_seeds()) {
        let mock = ground.mock();
        let asked = ground.conditions(&seeds);
        let rows = ground.keys(&mock, vec![Step::Filter(asked.clone()), Step::OrderBy(Vec::new())]);
        match (rows.as_slice(), ground.answer(&mock, Vec::new(), End::Get(asked))) {
            ([only], Ok(found)) => prop_assert_eq!(found["pk"].as_i64(), Some(*only)),
            ([], Err(text)) => prop_assert!(text.ends_with("matching query does not exist."), "{}", text),
            ([_, _, ..], Err(text)) => prop_assert!(text.starts_with("get() returned more than one"), "{}", text),
            (rows, answer) => prop_assert!(false, "{:?} but {:?}", rows, answer),
        }
    }

    /// `pk`, the key's own name and `in` of one find the same row.
    #[test]
    fn keys_by_any_name(ground in grounds(), key in 0_i64..10) {
        let mock = ground.mock();
        let own = &model::database::model(ground.name).pk_field().name;
        let find = |keyword: &str, value: Json| {
            let steps = [("filter", json!({ keyword: value }))];
            ask(&mock, ground.name, &steps, Some(vec!["pk".to_owned()])).unwrap()
        };
        let found = find("pk", json!(key));
        prop_assert_eq!(found.as_array().unwrap().len(), usize::from(ground.database.row(ground.name, key).is_some()));
        for (keyword, value) in [
            (own.clone(), json!(key)),
            (own.clone(), json!(key.to_string())),
            ("pk__in".to_owned(), json!([key])),
            (format!("{own}__exact"), json!(key)),
            ("pk__range".to_owned(), json!([key, key])),
        ] {
            prop_assert_eq!(&find(&keyword, value), &found, "{}", keyword);
        }
    }

    /// What a narrower `fields` shows a wider one shows too, with the same values, whatever the order of its paths.
    #[test]
    fn narrower_fields_change_no_value(
        ground in grounds(),
        seeds in proptest::collection::vec(path_seeds(), 1..4),
        chosen in any::<u8>(),
    ) {
        let mock = ground.mock();
        let shown: Vec<String> = seeds.iter().map(|seed| model::random::shown(ground.name, seed).text()).collect();
        let one = vec![shown[usize::from(chosen) % shown.len()].clone()];
        let turned: Vec<String> = shown.iter().rev().cloned().collect();
        let ask = |fields: Vec<String>| ask(&mock, ground.name, &[("all", json!({}))], Some(fields)).unwrap();
        let (wide, narrow) = (ask(shown), ask(one));
        prop_assert_eq!(&wide, &ask(turned));
        prop_assert!(agree(&narrow, &wide), "{} in {}", narrow, wide);
        for (narrow, wide) in narrow.as_array().unwrap().iter().zip(wide.as_array().unwrap()) {
            let names = narrow["fields"].as_object().unwrap().keys();
            let missing: Vec<&String> = names.filter(|name| wide["fields"].get(name.as_str()).is_none()).collect();
            prop_assert!(missing.is_empty(), "{:?} is not in {}", missing, wide);
        }
    }

    /// `values` shows what `fields` shows, column by column.
    #[test]
    fn values_are_the_columns(ground in grounds(), seed in path_seeds()) {
        let ground = ground.unordered();
        let mock = ground.mock();
        let path = path(ground.name, &(Vec::new(), seed.1, 0));
        let column = path.field.column.clone();
        let rows = ask(&mock, ground.name, &ground.call(Vec::new(), End::Rows).sent(), Some(vec![column.clone()])).unwrap();
        let values = ground.answer(&mock, vec![Step::Values(vec![path.clone()])], End::Rows).unwrap();
        let texts = |items: Vec<&Json>| -> Vec<String> {
            let mut texts: Vec<String> = items.into_iter().map(as_text).collect();
            // Of rows that are equal but for blanks DISTINCT keeps whichever it likes; see the naive evaluator.
            if ground.before.iter().any(|step| matches!(step, Step::Distinct)) {
                texts = texts.iter().map(|text| text.trim_end().to_owned()).collect();
                texts.dedup();
            }
            texts.sort();
            texts.dedup();
            texts
        };
        let shown = rows.as_array().unwrap().iter().map(|row| &row["fields"][&column]).collect();
        let values = values.as_array().unwrap().iter().map(|row| &row[&path.text]).collect();
        prop_assert_eq!(texts(shown), texts(values));
    }
}

/// The path to the model's key.
fn path_to_key(name: &str) -> Path {
    let columns = model::database::lively(name).len();
    let seed: PathSeed = (Vec::new(), u8::try_from(columns).unwrap(), 0);
    path(name, &seed)
}

/// Whether two replies say the same wherever both say something.
fn agree(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| agree(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            one.iter().all(|(name, value)| other.get(name).is_none_or(|other| agree(value, other)))
        }
        (one, other) => one == other,
    }
}
