//! Accounts: what is on one, what a charge is, who is warned and blocked.
//!
//! `balance = ostatok + debit - credit`, and `books` moves all three. A charge is a row of `ArchAccountStack` (and of
//! `Counters`, which adds up expenses by service and day).

use jiff::civil::{Date, DateTime};

use super::money::Money;
use super::{Answer, Given, ObjectMethod, blocks, books, look, messages, services};
use crate::orm::{CallError, Instance, Tx};
use crate::store::{Pk, Store, Value};

/// The methods of a charge in the archive.
pub const ARCHIVE_METHODS: &[(&str, ObjectMethod)] = &[("storno_it", storno_it)];

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
    let promised = services::promised(store, abonent.pk.unwrap_or_default(), today)?;
    let promised = promised.map_or(Money::ZERO, |promised| promised.sum);
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
    /// When it counts.
    pub time: DateTime,
    /// Why.
    pub descr: String,
}

/// Writes a charge into the archive, which takes the money (and gives the points).
pub fn charge(tx: &mut Tx<'_>, charge: &Charge) -> Result<Pk, CallError> {
    let mut entry = tx.blank("ArchAccountStack")?;
    entry.put("abonent_id", charge.abonent)?;
    entry.put("account_id", charge.account)?;
    entry.put("usluga_id", charge.usluga)?;
    entry.put("summ", charge.amount)?;
    entry.put("bonus_score", charge.bonus)?;
    entry.put("change_balance_time", charge.time)?;
    entry.put("descr", charge.descr.as_str())?;
    entry.put("storno", 0)?;
    books::enter(tx, &mut entry)
}

fn storno_it(tx: &mut Tx<'_>, entry: &mut Instance, _: &Given<'_>) -> Result<Answer, CallError> {
    books::reverse(tx, entry, Vec::new())?;
    Ok(Answer::Object(entry.clone()))
}

/// Before an operation is put on the stack, or into the archive: the subscriber's account, where it was left out. That
/// a given one is the subscriber's, `books` checks.
pub fn fill_account(tx: &mut Tx<'_>, entry: &mut Instance) -> Result<(), CallError> {
    let abonent = look::need(&tx.store, entry, "abonent_id", "Abonents")?;
    let account = of_abonent(&tx.store, &abonent)?.pk;
    if entry.value("account_id")?.is_null() { entry.put("account_id", account) } else { Ok(()) }
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
        time: entry.datetime("change_balance_time")?.unwrap_or(tx.now),
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
pub fn warn(tx: &mut Tx<'_>, account: Pk) -> Result<(), CallError> {
    let Some(row) = tx.find("AdminAccounts", account)? else { return Ok(()) };
    let before = look::find(&tx.before, "AdminAccounts", account)?;
    let was = before.map_or(Ok(Money::ZERO), |row| balance(&row))?;
    let threshold = Money::of(row.value("limit_warning")?);
    let now = balance(&row)?;
    // A threshold that is raised above what is there spends nothing.
    if threshold.is_zero() || now >= threshold || was < threshold || now >= was {
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
}
