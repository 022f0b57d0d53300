//! Whatever a method is called with, it answers or refuses: no panic, no disagreement with the contract, no broken day.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use carbon_specs::ModelId;
use proptest::prelude::*;
use serde_json::json;

use super::testing::{World, now, unexplained};
use super::*;

/// The demo's rows, built once.
fn demo() -> World {
    static STORE: OnceLock<Store> = OnceLock::new();
    World::over(STORE.get_or_init(|| World::demo().store).clone())
}

/// A method: model, name, its arguments' names, whether it is one of an object.
type Called = (ModelId, String, Vec<String>, bool);

fn methods() -> Vec<Called> {
    let schema = testing::schema();
    let of = |model: &carbon_specs::Model, name: &String, method: &Method, object| {
        (model.id, name.clone(), method.args.keys().cloned().collect(), object)
    };
    schema
        .models
        .iter()
        .flat_map(|model| {
            let objects = model.methods.iter().map(move |(name, method)| of(model, name, method, true));
            objects.chain(model.model_methods.iter().map(move |(name, method)| of(model, name, method, false)))
        })
        .filter(|(_, name, _, _)| name != "save")
        .collect()
}

/// Values that somebody may send: mostly right ones, so that the methods get to work.
fn value() -> impl Strategy<Value = Json> {
    let keys =
        prop_oneof![Just(1), Just(5), Just(26), Just(33), Just(144), Just(240), Just(532), Just(1405), -3_i64..40];
    prop_oneof![
        4 => keys.clone().prop_map(Json::from),
        2 => keys.prop_map(|key| Json::from(key.to_string())),
        2 => (2016_i16..2030, 1_i8..=12, 1_i8..=28).prop_map(|(y, m, d)| json!(format!("{y}-{m:02}-{d:02}"))),
        2 => Just(json!("144997776676316356")),
        1 => Just(json!("01.03.2022")),
        1 => Just(json!("9999-12-31")),
        1 => any::<bool>().prop_map(Json::from),
        1 => any::<i64>().prop_map(Json::from),
        1 => any::<f64>().prop_map(Json::from),
        1 => ".{0,12}".prop_map(Json::from),
        1 => Just(json!("UsersUsluga")),
        1 => Just(json!({"system_type_id": 11})),
        1 => Just(json!([1])),
        1 => Just(Json::Null),
    ]
}

fn calls() -> impl Strategy<Value = Vec<(Called, Args, usize)>> {
    let one = proptest::sample::select(methods()).prop_flat_map(|method| {
        let args = proptest::collection::vec(proptest::option::weighted(0.9, value()), method.2.len());
        (Just(method), args, any::<proptest::sample::Index>()).prop_map(|(method, values, row)| {
            let names = method.2.iter().cloned();
            let args = names.zip(values).filter_map(|(name, value)| Some((name, value?))).collect();
            (method, args, row.index(1000))
        })
    });
    proptest::collection::vec(one, 1..12)
}

fn call(tx: &mut Tx<'_>, (model, name, _, object): &Called, args: &Args, row: usize) -> Result<(), CallError> {
    if !object {
        return model_method(tx, *model, name, args).expect("it exists").map(|_| ());
    }
    let count = tx.store.table(*model).len();
    let Some((pk, row)) = tx.store.table(*model).iter().nth(row % count.max(1)) else { return Ok(()) };
    let mut subject = Instance::of_row(tx.store.schema(), *model, pk, row);
    match name.as_str() {
        "delete" => match delete(tx, &mut subject, args) {
            Some(answer) => answer.map(|_| ()),
            None => tx.delete_cascading(*model, pk),
        },
        _ => object_method(tx, &mut subject, name, args).expect("it exists").map(|_| ()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn methods_answer_or_refuse(calls in calls()) {
        let mut world = demo();
        let before: BTreeMap<_, _> = unexplained(&world).into_iter().collect();
        for (method, args, row) in calls {
            let result = world.run(|tx| call(tx, &method, &args, row));
            prop_assert!(!matches!(result, Err(CallError::Internal(_))), "{} {args:?}: {result:?}", method.1);
        }
        // The next day comes whatever was done, and every property can be read.
        world.days(1);
        prop_assert_eq!(world.now.date(), now().date().tomorrow().unwrap());
        for (account, rest) in unexplained(&world) {
            prop_assert_eq!(rest, before.get(&account).copied().unwrap_or_default(), "account {}", account);
        }
        for model in &world.store.schema().models {
            for name in model.properties.keys() {
                for (pk, row) in world.store.table(model.id).iter() {
                    let value = property(&world.store, world.now.date(), model.id, row, name);
                    prop_assert!(value.is_ok(), "{} {pk} {name}: {value:?}", model.name);
                }
            }
        }
    }
}
