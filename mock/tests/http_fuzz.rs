//! Calls that nobody would write: whatever is asked, over the whole contract and the demo data, is answered.
#![allow(clippy::expect_used, reason = "helpers of tests fail as tests do")]

use std::sync::{Arc, OnceLock};

use carbon_mock::wire::{self, Outcome};
use carbon_mock::{CarbonMock, Mock};
use carbon_specs::{Model, Schema};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

fn mock() -> &'static Mock {
    static MOCK: OnceLock<Mock> = OnceLock::new();
    MOCK.get_or_init(|| CarbonMock::builder().abonents(20).build().expect("the embedded contract is sound"))
}

const TEXTS: &[&str] =
    &["", "1", "-1", "3", "45", "x", "Ж", "2022-01-01", "2022-02-30", "2022-01-01 10:00:00", "127.1.2.3", "50.5"];

/// Values of every type, right and wrong ones.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![Just(0_i64), Just(1), Just(3), Just(-1), Just(i64::MAX), Just(i64::MIN), any::<i64>()]
            .prop_map(Value::from),
        prop_oneof![Just(0.5), Just(1e300), Just(-1e-300)].prop_map(Value::from),
        proptest::sample::select(TEXTS).prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map("[a-z]{1,3}", inner, 0..3).prop_map(|map| json!(map)),
        ]
    })
}

/// A name from the model: field, column, property, link, or a path of two with a lookup.
fn path(schema: &Schema, model: &Model, picks: &[Index; 3]) -> String {
    let names = |model: &Model| -> Vec<String> {
        let fields = model.fields.iter().flat_map(|field| [field.name.clone(), field.column.clone()]);
        let others = model.properties.keys().cloned().chain(model.relations.iter().map(|link| link.name.clone()));
        fields.chain(others).chain(["pk".to_owned(), "nonsense".to_owned()]).collect()
    };
    let first = picks[0].get(&names(model)).clone();
    let target = match (model.field(&first), model.relation(&first)) {
        (Some(field), _) => field.to,
        (_, Some(link)) => Some(link.model),
        _ => None,
    };
    let mut path = first;
    if let Some(target) = target.filter(|_| picks[2].index(2) == 0) {
        path = format!("{path}__{}", picks[1].get(&names(schema.at(target))));
    }
    let lookups = ["", "", "__in", "__range", "__isnull", "__gt", "__icontains", "__regex", "__year", "__nonsense"];
    format!("{path}{}", picks[2].get(&lookups))
}

/// Three picks for a path, and the value.
type Arguments = Vec<([Index; 3], Value)>;

#[derive(Clone, Debug)]
struct Asked {
    model: Index,
    of_object: bool,
    key: Index,
    methods: Vec<(Index, Arguments)>,
    fields: Option<Vec<[Index; 3]>>,
}

fn asked() -> impl Strategy<Value = Asked> {
    let pair = (any::<[Index; 3]>(), value());
    let method = (any::<Index>(), proptest::collection::vec(pair, 0..3));
    (
        (any::<Index>(), any::<bool>(), any::<Index>()),
        proptest::collection::vec(method, 1..5),
        proptest::option::of(proptest::collection::vec(any::<[Index; 3]>(), 0..3)),
    )
        .prop_map(|((model, of_object, key), methods, fields)| Asked { model, of_object, key, methods, fields })
}

/// The form body of what is asked: mostly what the method may take, now and then what it may not.
fn body(mock: &Mock, model: &Model, asked: &Asked) -> String {
    let schema = &mock.contract().schema;
    let generic = &schema.generic;
    let keys: Vec<i64> = mock.snapshot().0.table(model.id).iter().map(|(pk, _)| pk).collect();
    let mut pairs = Vec::new();
    let mut add = |name: &str, arg: Value| {
        let number = pairs.len() / 2 + 1;
        pairs.push((format!("method{number}"), name.to_owned()));
        pairs.push((format!("arg{number}"), arg.to_string()));
    };
    let (first, later): (Vec<&String>, Vec<&String>) = if asked.of_object && !keys.is_empty() {
        // The methods of an object that is there.
        let pk = asked.key.get(&keys);
        add("objects.get", json!({ "pk": pk }));
        let methods: Vec<&String> = model.methods.keys().chain(generic.instance.keys()).collect();
        (methods.clone(), methods)
    } else {
        (generic.manager.keys().chain(model.model_methods.keys()).collect(), generic.queryset.keys().collect())
    };
    for (place, (pick, given)) in asked.methods.iter().enumerate() {
        let name = *pick.get(if place == 0 { &first } else { &later });
        add(name, argument(schema, model, name, *pick, given));
    }
    if let Some(fields) = &asked.fields {
        let paths: Vec<String> = fields.iter().map(|picks| path(schema, model, picks)).collect();
        pairs.push(("fields".to_owned(), json!(paths).to_string()));
    }
    serde_urlencoded::to_string(pairs).expect("text pairs can be encoded")
}

fn argument(schema: &Schema, model: &Model, name: &str, pick: Index, given: &[([Index; 3], Value)]) -> Value {
    let paths = || given.iter().map(|(picks, _)| path(schema, model, picks));
    let known = model.methods.get(name).or_else(|| model.model_methods.get(name));
    if let Some(method) = known {
        // Every argument it has, most of the time, with what may be meant for it.
        let args = method.args.keys().enumerate().filter_map(|(place, arg)| {
            let (picks, value) = given.get(place % given.len().max(1))?;
            let columns = model.fields.iter().find(|field| field.column == *arg);
            let meant = match arg.as_str() {
                arg if arg.contains("date") => json!("2022-03-01"),
                "suid" => json!("144997776676316356"),
                arg if arg.ends_with("_id") || columns.is_some() => json!(picks[0].index(30)),
                _ => value.clone(),
            };
            (picks[1].index(8) > 0).then(|| (arg.clone(), if picks[2].index(3) == 0 { value.clone() } else { meant }))
        });
        return Value::Object(args.collect());
    }
    match name.trim_start_matches("objects.") {
        _ if pick.index(12) == 0 => json!(paths().collect::<Vec<_>>()),
        "filter" | "exclude" | "get" | "get_or_create" | "update_or_create" => {
            Value::Object(paths().zip(given).map(|(path, (_, value))| (path, value.clone())).collect())
        }
        "set" | "create" | "update" => {
            let column = |picks: &[Index; 3]| picks[0].get(&model.fields).column.clone();
            Value::Object(given.iter().map(|(picks, value)| (column(picks), value.clone())).collect())
        }
        "order_by" | "values" | "values_list" | "latest" | "earliest" => json!(paths().collect::<Vec<_>>()),
        "in_bulk" => json!([given.iter().map(|(_, value)| value).collect::<Vec<_>>()]),
        _ => json!({}),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_call_is_answered_with_whole_json(asked in asked()) {
        let mock = mock();
        let contract = Arc::clone(mock.contract());
        let model = asked.model.get(&contract.schema.models);
        let text = body(mock, model, &asked);
        let call = wire::parse(&wire::call_path(&model.name), text.as_bytes()).expect("it is a call");
        let reply = mock.handle(call);
        if let Outcome::Error(error) = &reply.outcome {
            prop_assert!(!error.contains("internal error"), "{text}: {error}");
        }
        let bytes: Vec<u8> = wire::body(reply).flat_map(Result::unwrap).collect();
        let json: Value = serde_json::from_slice(&bytes).expect("a reply is JSON");
        prop_assert!(json.get("result").is_some() != json.get("error").is_some(), "{text}: {json}");
        // Let the tasks run now and then; the world stays one that can be read.
        if asked.methods.len() == 3 {
            mock.run_tasks();
        }
    }
}
