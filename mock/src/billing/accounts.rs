//! Accounts: what moves a balance, and the books that every move is written in.
//!
//! `balance = ostatok + debit - credit`. Nothing moves one of the three without a row that says why: a payment or an
//! opening balance is a row of `FinanceOperations`, a charge is a row of `ArchAccountStack` (and of `Counters`, which
//! adds up expenses by service and day). To storno an operation marks its row and moves the money back; the balance is
//! always the sum of the rows that are not storno. Moves are additions, so two that overlap both count.

use super::money::Money;
use jiff::civil::Date;

use super::{Answer, Given, ObjectMethod, blocks, look, messages, services};
use crate::orm::{CallError, Instance, Tx};
use crate::store::{Pk, Store, Value};
use crate::tasks::Patch;

/// The methods of a charge in the archive.
pub const ARCHIVE_METHODS: &[(&str, ObjectMethod)] = &[("storno_it", storno_it)];

/// Which part of an account a move goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The opening balance.
    Opening,
    /// What came in.
    Income,
    /// What was spent.
    Expense,
}

impl Part {
    fn column(self) -> &'static str {
        match self {
            Self::Opening => "ostatok",
            Self::Income => "debit",
            Self::Expense => "credit",
        }
    }
}

/// Moves money on an account. The caller writes the row that says why.
pub fn shift(tx: &mut Tx<'_>, account: Pk, part: Part, amount: Money) -> Result<(), CallError> {
    tx.patch("AdminAccounts", account, &[(part.column(), Patch::Add(amount.units()))])
}

/// What an account holds.
pub fn balance(account: &Instance) -> Result<Money, CallError> {
    let part = |column| account.value(column).map(Money::of);
    part("ostatok")?.plus(part("debit")?)?.minus(part("credit")?)
}

/// The account of a subscriber.
pub fn of_abonent(store: &Store, abonent: &Instance) -> Result<Instance, CallError> {
    look::follow(store, abonent, "account_id", "AdminAccounts")?
        .ok_or_else(|| CallError::Refused(format!("subscriber {} has no account", abonent.pk.unwrap_or_default())))
}

/// What a subscriber may spend before the threshold: the balance and a promised payment, less the threshold.
pub fn spendable(store: &Store, abonent: &Instance, today: Date) -> Result<Money, CallError> {
    let account = of_abonent(store, abonent)?;
    let (promised, _) = services::promised(store, abonent.pk.unwrap_or_default(), today)?;
    balance(&account)?.plus(promised)?.minus(Money::of(account.value("limit")?))
}

/// A charge to be written.
#[derive(Clone, Debug)]
pub struct Charge {
    /// The subscriber who pays.
    pub abonent: Pk,
    /// The subscriber's account.
    pub account: Pk,
    /// The service it is for.
    pub usluga: Option<Pk>,
    /// How much.
    pub amount: Money,
    /// Bonus points that come (or go, if negative) with it.
    pub bonus: i64,
    /// Why.
    pub descr: String,
}

/// Writes a charge into the archive and the expenses, and takes the money (and gives the points).
pub fn charge(tx: &mut Tx<'_>, charge: &Charge) -> Result<Pk, CallError> {
    let mut entry = tx.blank("ArchAccountStack")?;
    entry.put("abonent_id", charge.abonent)?;
    entry.put("account_id", charge.account)?;
    entry.put("usluga_id", charge.usluga)?;
    entry.put("summ", charge.amount)?;
    entry.put("bonus_score", charge.bonus)?;
    entry.put("change_balance_time", tx.now)?;
    entry.put("descr", charge.descr.as_str())?;
    entry.put("storno", 0)?;
    let pk = tx.save(&mut entry)?;
    if !charge.amount.is_zero() {
        count_expense(tx, &entry, charge.amount)?;
        shift(tx, charge.account, Part::Expense, charge.amount)?;
    }
    give_points(tx, charge.account, charge.bonus)?;
    Ok(pk)
}

fn give_points(tx: &mut Tx<'_>, account: Pk, points: i64) -> Result<(), CallError> {
    if points == 0 {
        return Ok(());
    }
    tx.patch("AdminAccounts", account, &[("bonus_score", Patch::Add(points))])
}

/// The expenses of a subscriber on a service add up by the day.
fn count_expense(tx: &mut Tx<'_>, entry: &Instance, amount: Money) -> Result<(), CallError> {
    let day = entry.datetime("change_balance_time")?.map(|moment| moment.date());
    let abonent = entry.value("abonent_id")?.clone();
    let usluga = entry.value("usluga_id")?.clone();
    let conditions = [("abonent_id", abonent.clone()), ("usluga_id", usluga.clone()), ("s_date", Value::from(day))];
    match tx.all_where("Counters", &conditions)?.first().and_then(|counter| counter.pk) {
        Some(counter) => tx.patch("Counters", counter, &[("summ", Patch::Add(amount.units()))]),
        None => {
            let mut counter = tx.blank("Counters")?;
            counter.put("abonent_id", abonent)?;
            counter.put("usluga_id", usluga)?;
            counter.put("s_date", day)?;
            counter.put("summ", amount)?;
            tx.save(&mut counter).map(|_| ())
        }
    }
}

/// Marks a charge storno and gives back what it took.
pub fn storno(tx: &mut Tx<'_>, entry: &mut Instance) -> Result<(), CallError> {
    let pk = entry.pk.unwrap_or_default();
    if entry.flag("storno")? {
        return Err(CallError::Refused(format!("operation {pk} is storno already")));
    }
    let amount = Money::of(entry.value("summ")?);
    let points = entry.int("bonus_score")?.unwrap_or(0);
    if let Some(account) = entry.int("account_id")? {
        if !amount.is_zero() {
            shift(tx, account, Part::Expense, -amount)?;
        }
        give_points(tx, account, points.saturating_neg())?;
    }
    if !amount.is_zero() {
        count_expense(tx, entry, -amount)?;
    }
    let once = Patch::Turn { from: Value::Int(0), to: Value::Int(1) };
    tx.patch("ArchAccountStack", pk, &[("storno", once)])?;
    entry.put("storno", 1)
}

fn storno_it(tx: &mut Tx<'_>, entry: &mut Instance, _: &Given<'_>) -> Result<Answer, CallError> {
    storno(tx, entry)?;
    Ok(Answer::Object(entry.clone()))
}

/// Before an operation is put on the stack: the account is the subscriber's, and is filled in where it was left out.
pub fn check_stack(tx: &mut Tx<'_>, entry: &mut Instance) -> Result<(), CallError> {
    let abonent = look::need(&tx.store, entry, "abonent_id", "Abonents")?;
    let account = of_abonent(&tx.store, &abonent)?.pk;
    match entry.int("account_id")? {
        None => entry.put("account_id", account),
        given if given == account => Ok(()),
        Some(given) => Err(CallError::Refused(format!(
            "account {given} is not the account of subscriber {}",
            abonent.pk.unwrap_or_default()
        ))),
    }
}

/// Works off an operation on the stack: it takes effect and goes to the archive.
pub fn work_off(tx: &mut Tx<'_>, pk: Pk) -> Result<(), CallError> {
    let Some(entry) = tx.find("AccountStack", pk)? else { return Ok(()) };
    let (Some(abonent), Some(account)) = (entry.int("abonent_id")?, entry.int("account_id")?) else { return Ok(()) };
    let operation = Charge {
        abonent,
        account,
        usluga: entry.int("usluga_id")?,
        amount: Money::of(entry.value("summ")?),
        bonus: entry.int("bonus_score")?.unwrap_or(0),
        descr: entry.text("descr")?.to_owned(),
    };
    charge(tx, &operation)?;
    tx.delete("AccountStack", pk)
}

/// Opens the account of a new subscriber: nothing on it, the thresholds of the tariff.
pub fn open(tx: &mut Tx<'_>, tarif: Option<&Instance>) -> Result<Pk, CallError> {
    let mut account = tx.blank("AdminAccounts")?;
    for column in ["ostatok", "debit", "credit"] {
        account.put(column, Money::ZERO)?;
    }
    if let Some(tarif) = tarif {
        account.put("limit", Money::of(tarif.value("users_limit")?))?;
        account.put("limit_warning", Money::of(tarif.value("users_limit_warning")?))?;
    }
    tx.save(&mut account)
}

/// Warns the subscribers of an account whose balance has just gone below its `limit_warning`; 0 is no threshold.
pub fn warn(tx: &mut Tx<'_>, account: Pk, spent: Money) -> Result<(), CallError> {
    let Some(row) = tx.find("AdminAccounts", account)? else { return Ok(()) };
    let threshold = Money::of(row.value("limit_warning")?);
    let now = balance(&row)?;
    if threshold.is_zero() || now >= threshold || now.plus(spent)? < threshold {
        return Ok(());
    }
    for abonent in tx.all_where("Abonents", &[("account_id", Value::Int(account)), ("deleted", Value::Int(0))])? {
        let text = format!("Баланс {now} руб. ниже порога предупреждения {threshold} руб.");
        messages::send_text(tx, abonent.pk.unwrap_or_default(), messages::SMS, &text)?;
    }
    Ok(())
}

/// After an account was touched: its subscribers are blocked or unblocked as the balance says.
pub fn follow_balance(tx: &mut Tx<'_>, account: Pk) -> Result<(), CallError> {
    for abonent in tx.all_where("Abonents", &[("account_id", Value::Int(account))])? {
        blocks::follow_balance(tx, &abonent)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::billing::testing::{RUBLE, World, books_balance, refusal};

    #[test]
    fn bonus_points_go_from_the_stack_to_the_archive_and_back() {
        let mut world = World::small();
        let add = |world: &mut World, points: i64| {
            world.create("AccountStack", json!({"bonus_score": points, "abonent_id": 100, "account_id": 1100})).unwrap()
        };
        add(&mut world, 1000);
        add(&mut world, -300);
        assert_eq!(world.count("AccountStack", &[]), 0);
        assert_eq!(world.count("ArchAccountStack", &[("abonent_id", 100)]), 2);
        assert_eq!(world.column("AdminAccounts", 1100, "bonus_score"), 700);
        world.call("ArchAccountStack", 1, "storno_it", json!({})).unwrap();
        assert_eq!(world.column("AdminAccounts", 1100, "bonus_score"), -300);
        assert_eq!(refusal(world.call("ArchAccountStack", 1, "storno_it", json!({}))), "operation 1 is storno already");
    }

    #[test]
    fn the_stack_takes_only_the_subscribers_own_account() {
        let mut world = World::demo();
        let wrong = world.create("AccountStack", json!({"bonus_score": 1, "abonent_id": 2566, "account_id": 10000045}));
        assert_eq!(refusal(wrong), "account 10000045 is not the account of subscriber 2566");
        world.create("AccountStack", json!({"bonus_score": 1, "abonent_id": 2566})).unwrap();
    }

    #[test]
    fn a_charge_is_in_the_archive_the_expenses_and_the_balance() {
        let mut world = World::small();
        for _ in 0..2 {
            world.create("AccountStack", json!({"summ": "12.5", "usluga_id": 5, "abonent_id": 100})).unwrap();
        }
        assert_eq!(world.property("AdminAccounts", 1100, "balance"), "-25");
        assert_eq!(world.count("Counters", &[("abonent_id", 100), ("usluga_id", 5), ("summ", 25 * RUBLE)]), 1);
        let args = json!({"sdate": "2022-02-01", "edate": "2022-02-28"});
        let answer = world.call("Abonents", 100, "storno_credit", args.clone()).unwrap();
        assert!(matches!(answer, Answer::Objects(_, ref pks) if *pks == [1, 2]));
        assert_eq!(world.property("AdminAccounts", 1100, "balance"), "0");
        assert_eq!(world.column("Counters", 1, "summ"), 0);
        let again = world.call("Abonents", 100, "storno_credit", args).unwrap();
        assert!(matches!(again, Answer::Objects(_, ref pks) if pks.is_empty()));
    }

    #[test]
    fn below_the_warning_threshold_a_message_goes_out_once() {
        let mut world = World::small();
        world.call("Abonents", 100, "add_payment", json!({"SUM_IN": 100})).unwrap();
        world.save("AdminAccounts", 1100, json!({"limit_warning": 50})).unwrap();
        let spend = |world: &mut World| {
            world.create("AccountStack", json!({"summ": 40, "abonent_id": 100})).unwrap();
            world.count("MsgStack", &[("abonent_id", 100)])
        };
        assert_eq!((spend(&mut world), spend(&mut world), spend(&mut world)), (0, 1, 1));
        assert_eq!(world.column("MsgStack", 1, "text"), "Баланс 20 руб. ниже порога предупреждения 50 руб.");
        world.call("Abonents", 100, "add_payment", json!({"SUM_IN": 80})).unwrap();
        assert_eq!(spend(&mut world), 2);
    }

    #[test]
    fn two_payments_that_overlap_both_count() {
        let mut world = World::small();
        let pay = |world: &mut World| {
            let (_, changes) = world
                .ask(|tx| {
                    let mut abonent = tx.get("Abonents", 100)?;
                    let args = json!({"SUM_IN": "10"});
                    let args = args.as_object().unwrap();
                    crate::billing::object_method(tx, &mut abonent, "add_payment", args).unwrap()
                })
                .unwrap();
            changes
        };
        let (first, second) = (pay(&mut world), pay(&mut world));
        world.commit(&first).unwrap();
        world.commit(&second).unwrap();
        assert_eq!(world.property("Abonents", 100, "balance"), "20");
        books_balance(&world);
    }

    #[test]
    fn of_two_stornos_that_overlap_the_second_task_fails() {
        let mut world = World::small();
        world.create("AccountStack", json!({"summ": 10, "abonent_id": 100})).unwrap();
        world.call("Abonents", 100, "add_payment", json!({"SUM_IN": "10"})).unwrap();
        for (model, method) in [("ArchAccountStack", "storno_it"), ("FinanceOperations", "storno_op")] {
            let ask = |world: &mut World| {
                let (_, changes) = world
                    .ask(|tx| {
                        let mut row = tx.get(model, 1)?;
                        crate::billing::object_method(tx, &mut row, method, &serde_json::Map::new()).unwrap()
                    })
                    .unwrap();
                changes
            };
            let (first, second) = (ask(&mut world), ask(&mut world));
            world.commit(&first).unwrap();
            let error = world.commit(&second).unwrap_err().to_string();
            assert_eq!(error, format!("{model} 1: `storno` is 1 by now, not 0"));
            books_balance(&world);
        }
        assert_eq!(world.property("Abonents", 100, "balance"), "0");
    }

    /// Something that moves money.
    #[derive(Clone, Debug)]
    enum Move {
        Pay(i64),
        Open(i64),
        Charge(i64, i64),
        StornoCharge(usize),
        StornoOperation(usize),
    }

    fn moves() -> impl Strategy<Value = Vec<(i64, Move)>> {
        // Amounts in kopecks; the great ones carry into digits that a float would lose.
        let amount = || prop_oneof![1_i64..1_000, 90_000_000..99_999_999_i64];
        let one = prop_oneof![
            amount().prop_map(Move::Pay),
            amount().prop_map(Move::Open),
            (amount(), -50_i64..50).prop_map(|(sum, points)| Move::Charge(sum, points)),
            (0_usize..12).prop_map(Move::StornoCharge),
            (0_usize..12).prop_map(Move::StornoOperation),
        ];
        proptest::collection::vec((0_i64..3, one), 1..25)
    }

    fn rubles(kopecks: i64) -> String {
        Money::from_units(kopecks * (RUBLE / 100)).to_string()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn however_money_moves_the_books_balance(moves in moves()) {
            let mut world = World::small();
            let mut payers = vec![100];
            for name in ["Петров", "Сидоров"] {
                payers.push(world.create("Abonents", json!({"name": name, "parent_id": 1})).unwrap());
            }
            for (who, what) in moves {
                let abonent = payers[usize::try_from(who).unwrap()];
                match what {
                    Move::Pay(sum) => {
                        world.call("Abonents", abonent, "add_payment", json!({"SUM_IN": rubles(sum)})).unwrap();
                    }
                    Move::Open(sum) => {
                        let columns = json!({"abonent_id": abonent, "op_summa": rubles(sum), "op_type_id": 8});
                        world.create("FinanceOperations", columns).unwrap();
                    }
                    Move::Charge(sum, points) => {
                        let columns = json!({"abonent_id": abonent, "summ": rubles(sum), "bonus_score": points,
                            "usluga_id": 5});
                        world.create("AccountStack", columns).unwrap();
                    }
                    Move::StornoCharge(place) | Move::StornoOperation(place) => {
                        let (model, method) = match what {
                            Move::StornoCharge(_) => ("ArchAccountStack", "storno_it"),
                            _ => ("FinanceOperations", "storno_op"),
                        };
                        let rows = look::all_where(&world.store, model, &[]).unwrap();
                        if let Some(row) = rows.get(place) {
                            let refused = row.flag("storno").unwrap();
                            let answer = world.call(model, row.pk.unwrap(), method, json!({}));
                            prop_assert_eq!(answer.is_err(), refused);
                        }
                    }
                }
                books_balance(&world);
                for abonent in &payers {
                    let short = world.property("Abonents", *abonent, "minimal_pay_sum") != "0";
                    let blocks = world.count("AbonentsBlock", &[("abonent_id", *abonent), ("b_negbal", 1)]);
                    prop_assert_eq!(blocks, usize::from(short));
                }
            }
        }
    }
}
