//! However money is moved - by methods, by rows made, changed and deleted, by nights, by tasks that overlap - the books
//! balance after every task, the expenses add up, and who has too little is blocked.

use std::collections::VecDeque;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::testing::{self, RUBLE, World, books_balance};
use super::*;
use crate::store::Value;
use crate::tasks::{Change, Overlap};

/// Something that moves money, or might.
#[derive(Clone, Debug)]
enum Move {
    Pay(i64),
    /// An operation of a type, reversed from the first perhaps.
    Operation(i64, i64, bool),
    Charge(i64, i64),
    /// A row put into the archive by hand.
    Archive(i64, i64, bool),
    /// A method of a row: model, method, which row.
    Call(&'static str, &'static str, usize),
    /// Columns of a row, saved whole or updated.
    Set(&'static str, usize, Json, bool),
    /// An account's own columns, saved whole.
    Account(Json),
    /// The money columns of an account, which nobody sets.
    ByHand(&'static str, i64),
    Connect(i64),
    /// A subscriber goes to the trash or comes back.
    Trash,
    /// A subscriber goes for good.
    Remove,
}

/// A step: whose, what, whether it waits while others go on, and whether a night falls afterwards.
type Step = (usize, Move, bool, bool);

fn amount() -> impl Strategy<Value = i64> {
    // In kopecks; the great ones carry into digits that a float would lose.
    prop_oneof![4 => 1_i64..100_000, 1 => 90_000_000..99_999_999_i64]
}

fn row() -> impl Strategy<Value = usize> {
    0_usize..8
}

fn changed(model: &'static str) -> impl Strategy<Value = Json> {
    let sum = if model == "FinanceOperations" { "op_summa" } else { "summ" };
    let mine = prop_oneof![
        3 => amount().prop_map(move |kopecks| json!({ sum: rubles(kopecks) })),
        2 => any::<bool>().prop_map(|storno| json!({ "storno": storno })),
        // A column that moves nothing, so that a stale row is written back over one that was moved.
        2 => Just(json!({ "descr": "x" })),
    ];
    if model == "FinanceOperations" {
        prop_oneof![
            3 => mine,
            1 => proptest::sample::select(vec![1, 5, 8]).prop_map(|kind| json!({ "op_type_id": kind })),
            1 => proptest::sample::select(vec![100, 101]).prop_map(|abonent| json!({ "abonent_id": abonent })),
        ]
        .boxed()
    } else {
        prop_oneof![
            3 => mine,
            1 => (-50_i64..50).prop_map(|points| json!({ "bonus_score": points })),
            1 => Just(json!({ "change_balance_time": "2022-01-15 00:00:00" })),
        ]
        .boxed()
    }
}

fn moves() -> impl Strategy<Value = Vec<Step>> {
    let set = |model| {
        (row(), changed(model), any::<bool>()).prop_map(move |(row, json, all)| Move::Set(model, row, json, all))
    };
    let call = |model, method| row().prop_map(move |row| Move::Call(model, method, row));
    let one = prop_oneof![
        4 => amount().prop_map(Move::Pay),
        3 => (amount(), proptest::sample::select(vec![1, 5, 8]), proptest::bool::weighted(0.2))
            .prop_map(|(sum, kind, storno)| Move::Operation(sum, kind, storno)),
        4 => (amount(), -50_i64..50).prop_map(|(sum, points)| Move::Charge(sum, points)),
        1 => (amount(), -50_i64..50, any::<bool>()).prop_map(|(sum, points, storno)| Move::Archive(sum, points, storno)),
        2 => call("FinanceOperations", "storno_op"),
        2 => call("ArchAccountStack", "storno_it"),
        2 => call("FinanceOperations", "delete"),
        2 => call("ArchAccountStack", "delete"),
        3 => set("FinanceOperations"),
        3 => set("ArchAccountStack"),
        3 => amount().prop_map(|kopecks| Move::Account(json!({ "limit": format!("-{}", rubles(kopecks)) }))),
        1 => any::<bool>().prop_map(|flag| Move::Account(json!({ "unlimited": flag }))),
        1 => (proptest::sample::select(vec!["ostatok", "debit", "credit"]), amount())
            .prop_map(|(column, sum)| Move::ByHand(column, sum)),
        1 => proptest::sample::select(vec![5, 6, 11]).prop_map(Move::Connect),
        1 => any::<bool>().prop_map(|income| Move::Set("OperationTypes", 1, json!({ "is_income": income }), false)),
        1 => Just(Move::Trash),
        1 => Just(Move::Remove),
    ];
    proptest::collection::vec((0_usize..3, one, proptest::bool::weighted(0.4), proptest::bool::weighted(0.15)), 1..40)
}

fn rubles(kopecks: i64) -> String {
    money::Money::from_units(kopecks * (RUBLE / 100)).to_string()
}

/// The row at a place of a model's table.
fn nth(tx: &Tx<'_>, model: &str, place: usize) -> Result<Option<Pk>, CallError> {
    Ok(tx.all_where(model, &[])?.get(place).and_then(|row| row.pk))
}

fn make(tx: &mut Tx<'_>, abonent: Pk, what: &Move) -> Result<(), CallError> {
    match what {
        Move::Pay(sum) => {
            testing::call(tx, "Abonents", abonent, "add_payment", &json!({ "SUM_IN": rubles(*sum) })).map(|_| ())
        }
        Move::Operation(sum, kind, storno) => {
            let columns =
                json!({ "abonent_id": abonent, "op_summa": rubles(*sum), "op_type_id": kind, "storno": storno });
            testing::create(tx, "FinanceOperations", &columns).map(|_| ())
        }
        Move::Charge(sum, points) => {
            let columns = json!({ "abonent_id": abonent, "summ": rubles(*sum), "bonus_score": points, "usluga_id": 5 });
            testing::create(tx, "AccountStack", &columns).map(|_| ())
        }
        Move::Archive(sum, points, storno) => {
            let columns =
                json!({ "abonent_id": abonent, "summ": rubles(*sum), "bonus_score": points, "storno": storno });
            testing::create(tx, "ArchAccountStack", &columns).map(|_| ())
        }
        Move::Call(model, method, place) => match nth(tx, model, *place)? {
            Some(pk) => testing::call(tx, model, pk, method, &json!({})).map(|_| ()),
            None => Ok(()),
        },
        Move::Set(model, place, columns, whole) => match nth(tx, model, *place)? {
            Some(pk) if *whole => testing::save(tx, model, pk, columns),
            Some(pk) => testing::update(tx, model, pk, columns),
            None => Ok(()),
        },
        Move::Account(columns) => {
            let account = tx.get("Abonents", abonent)?.int("account_id")?.unwrap_or_default();
            testing::save(tx, "AdminAccounts", account, columns)
        }
        Move::ByHand(column, sum) => {
            let account = tx.get("Abonents", abonent)?.int("account_id")?.unwrap_or_default();
            testing::save(tx, "AdminAccounts", account, &json!({ *column: rubles(*sum) }))
        }
        Move::Connect(usluga) => {
            testing::call(tx, "Abonents", abonent, "add_service", &json!({ "usluga_id": usluga })).map(|_| ())
        }
        Move::Trash => {
            let there = !tx.get("Abonents", abonent)?.flag("deleted")?;
            let method = if there { "delete" } else { "restore" };
            testing::call(tx, "Abonents", abonent, method, &json!({})).map(|_| ())
        }
        Move::Remove => {
            let id = tx.model("Abonents")?.id;
            tx.get("Abonents", abonent)?;
            tx.delete_cascading(id, abonent)
        }
    }
}

/// What holds after every task.
fn check(world: &World) {
    books_balance(world);
    let rows = |model: &str| look::all_where(&world.store, model, &[]).unwrap();
    let sum = |rows: &[Instance]| -> i64 { rows.iter().map(|row| row.int("summ").unwrap().unwrap_or(0)).sum() };
    for abonent in rows("Abonents") {
        let of = [("abonent_id", Value::from(abonent.pk))];
        let charges = look::all_where(&world.store, "ArchAccountStack", &[of[0].clone(), ("storno", Value::Int(0))]);
        let counters = look::all_where(&world.store, "Counters", &of);
        assert_eq!(sum(&counters.unwrap()), sum(&charges.unwrap()), "expenses of {:?}", abonent.pk);
        let Some(account) = look::follow(&world.store, &abonent, "account_id", "AdminAccounts").unwrap() else {
            continue;
        };
        if abonent.flag("deleted").unwrap() {
            continue;
        }
        let left = accounts::spendable(&world.store, &abonent, world.now.date()).unwrap();
        let short = left < money::Money::ZERO && !account.flag("unlimited").unwrap();
        let blocks = blocks::of(&world.store, abonent.pk.unwrap(), blocks::Reason::NegativeBalance).unwrap();
        assert_eq!(blocks.len(), usize::from(short), "blocks of {:?}", abonent.pk);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn however_money_moves_the_books_balance(moves in moves(), serialize in any::<bool>()) {
        let overlap = if serialize { Overlap::Serialize } else { Overlap::Faithful };
        let mut world = World::small();
        let mut payers = vec![100];
        for name in ["Петров", "Сидоров"] {
            payers.push(world.create("Abonents", json!({"name": name, "parent_id": 1})).unwrap());
        }
        let mut waiting: VecDeque<Vec<Change>> = VecDeque::new();
        for (who, what, waits, night) in moves {
            let asked = world.ask(|tx| make(tx, payers[who], &what));
            if let Move::ByHand(column, _) = what {
                prop_assert!(asked.is_err(), "{column} was set by hand");
            }
            // What is refused changes nothing, at once or when its turn comes.
            waiting.extend(asked.ok().map(|((), changes)| changes));
            while !waits && let Some(changes) = waiting.pop_front() {
                let _ = world.commit_minded(overlap, &changes);
                check(&world);
            }
            if night {
                world.days(1);
                check(&world);
            }
        }
    }
}
