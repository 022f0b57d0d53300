//! What a new day brings: planned changes, charges, expiries. Each subscriber's night is one transaction: what cannot be
//! done for one is noted, and the others are served.

use jiff::civil::{Date, DateTime};

use super::accounts::{self, Charge};
use super::blocks;
use super::money::Money;
use super::services::{self, Schedule};
use super::{calendar, finance, look, react};
use crate::orm::{CallError, Instance, Tx};
use crate::store::Value;
use crate::tasks::Patch;

/// The run just after midnight: what was planned for this day, what ends, what is due.
pub fn run(tx: &mut Tx<'_>, day: Date) -> Result<(), CallError> {
    // First, so that what this night has to say goes out with the next one.
    for message in tx.all_where("MsgStack", &[("sent", Value::Int(0))])? {
        if message.datetime("send_date")?.is_none_or(|when| when <= tx.now) {
            tx.patch("MsgStack", message.pk.unwrap_or_default(), &[("sent", Patch::Set(Value::Int(1)))])?;
        }
    }
    for abonent in tx.all_where("Abonents", &[("is_folder", Value::Int(0)), ("deleted", Value::Int(0))])? {
        alone(tx, &abonent, |tx| {
            planned_tarif(tx, &abonent, day)?;
            own_block(tx, &abonent)?;
            settle_wishes(tx, &abonent)?;
            for link in services_of(tx, &abonent)? {
                end_service(tx, &link)?;
            }
            charge_services(tx, &abonent, day)?;
            autopay(tx, &abonent, day)?;
            invoice(tx, &abonent, day)
        });
    }
    // Those of subscribers in the trash, and of nobody, end too.
    for link in tx.all_where("UsersUsluga", &[("enabled", Value::Int(1))])? {
        alone(tx, &link, |tx| end_service(tx, &link));
    }
    Ok(())
}

/// What is done for one object, with what follows from it: all of it or nothing.
fn alone(tx: &mut Tx<'_>, object: &Instance, work: impl FnOnce(&mut Tx<'_>) -> Result<(), CallError>) {
    tx.attempt(object.model, object.pk.unwrap_or_default(), |tx| {
        let before = tx.changes().len();
        work(tx)?;
        let own = tx.changes().get(before..).unwrap_or_default().to_vec();
        react::react(tx, &own)
    });
}

fn planned_tarif(tx: &mut Tx<'_>, abonent: &Instance, day: Date) -> Result<(), CallError> {
    let (Some(next), Some(pk)) = (abonent.int("tarif_next_id")?, abonent.pk) else { return Ok(()) };
    if abonent.date("tarif_next_date")?.is_none_or(|date| date > day) {
        return Ok(());
    }
    let columns = [
        ("tarif_id", Patch::Set(Value::Int(next))),
        ("tarif_next_id", Patch::Set(Value::Null)),
        ("tarif_next_date", Patch::Set(Value::Null)),
    ];
    tx.patch("Abonents", pk, &columns)?;
    react::change_tarif(tx, pk, abonent.int("tarif_id")?, Some(next))
}

fn own_block(tx: &mut Tx<'_>, abonent: &Instance) -> Result<(), CallError> {
    blocks::follow_own_dates(tx, abonent)
}

/// A recalculation or a fresh cache was asked for. Our charges are never wrong and nothing is cached, so that both are
/// done as soon as the run has seen them.
fn settle_wishes(tx: &mut Tx<'_>, abonent: &Instance) -> Result<(), CallError> {
    let pk = abonent.pk.unwrap_or_default();
    if abonent.date("need_recalc")?.is_some() {
        tx.patch("Abonents", pk, &[("need_recalc", Patch::Set(Value::Null))])?;
    }
    if abonent.flag("need_refresh_cache")? {
        tx.patch("Abonents", pk, &[("need_refresh_cache", Patch::Set(Value::Int(0)))])?;
    }
    Ok(())
}

/// The services of a subscriber that are switched on.
fn services_of(tx: &Tx<'_>, abonent: &Instance) -> Result<Vec<Instance>, CallError> {
    tx.all_where("UsersUsluga", &[("abonent_id", Value::from(abonent.pk)), ("enabled", Value::Int(1))])
}

fn end_service(tx: &mut Tx<'_>, link: &Instance) -> Result<(), CallError> {
    if link.datetime("end_time")?.is_some_and(|end| end <= tx.now) {
        tx.patch("UsersUsluga", link.pk.unwrap_or_default(), &[("enabled", Patch::Set(Value::Int(0)))])?;
    }
    Ok(())
}

/// Charges what is due. A subscriber who is blocked gets no service and pays for none; it is due again afterwards.
fn charge_services(tx: &mut Tx<'_>, abonent: &Instance, day: Date) -> Result<(), CallError> {
    for link in services_of(tx, abonent)? {
        let Some(due) = link.datetime("next_date")?.map(DateTime::date).filter(|due| *due <= day) else { continue };
        let Some(usluga) = look::follow(&tx.store, &link, "usluga_id", "Usluga")? else { continue };
        let (Some(pk), Some(account)) = (abonent.pk, abonent.int("account_id")?) else { continue };
        let amount = services::price(&usluga)?;
        if amount.is_zero() || link.flag("deleted")? || blocks::any(&tx.store, pk)? {
            continue;
        }
        let descr = usluga.text("name")?.to_owned();
        // A date long past is charged once, and counts from today.
        let next = Schedule::of(&tx.store, &link, &usluga, due)?.after(due).filter(|next| *next > day);
        let next = match next {
            Some(next) => Some(next),
            None => Schedule::on(&usluga, day)?.after(day),
        };
        let charge = Charge { abonent: pk, account, usluga: usluga.pk, amount, bonus: 0, time: tx.now, descr };
        accounts::charge(tx, &charge)?;
        let next = next.map(|next| next.to_datetime(jiff::civil::Time::midnight()));
        tx.patch("UsersUsluga", link.pk.unwrap_or_default(), &[("next_date", Patch::Set(Value::from(next)))])?;
        accounts::follow_balance(tx, account)?;
    }
    Ok(())
}

/// Autopay repeats the payment it was set up with, when the money is used up.
fn autopay(tx: &mut Tx<'_>, abonent: &Instance, day: Date) -> Result<(), CallError> {
    let Some(payment) = look::follow(&tx.store, abonent, "autopay_pay_log_id", "PayLog")? else { return Ok(()) };
    let sum = Money::of(payment.value("summ")?);
    if sum > Money::ZERO
        && !abonent.value("account_id")?.is_null()
        && accounts::spendable(&tx.store, abonent, day)? < Money::ZERO
    {
        finance::pay(tx, abonent, sum, "Автоплатеж", true)?;
    }
    Ok(())
}

/// On its date a subscriber gets an invoice with a line for each service, and the next date is a month later.
fn invoice(tx: &mut Tx<'_>, abonent: &Instance, day: Date) -> Result<(), CallError> {
    let Some(date) = abonent.date("next_auto_acount")?.filter(|date| *date <= day) else { return Ok(()) };
    let pk = abonent.pk.unwrap_or_default();
    let on = calendar::day_of_month(date, finance::last_invoice(tx, pk)?);
    if !abonent.value("account_id")?.is_null() {
        finance::invoice(tx, abonent, date)?;
    }
    let next = calendar::a_month_after(date, on).filter(|next| *next > day);
    let next = next.or_else(|| calendar::a_month_after(day, day.day()));
    tx.patch("Abonents", pk, &[("next_auto_acount", Patch::Set(Value::from(next)))])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::billing::testing::{World, unexplained};

    #[test]
    fn a_planned_tariff_comes_on_its_day_with_its_services() {
        let mut world = World::small();
        world.save("Abonents", 100, json!({"tarif_next_id": 2, "tarif_next_date": "2022-02-03"})).unwrap();
        world.days(1);
        assert_eq!(world.column("Abonents", 100, "tarif_id"), 1);
        world.days(1);
        assert_eq!(world.column("Abonents", 100, "tarif_id"), 2);
        assert!(world.column("Abonents", 100, "tarif_next_id").is_null());
        assert!(world.column("Abonents", 100, "tarif_next_date").is_null());
        assert_eq!(world.count("UsersUsluga", &[("abonent_id", 100), ("usluga_id", 6)]), 1);
        // And they go with it.
        world.save("Abonents", 100, json!({"tarif_id": 1})).unwrap();
        assert_eq!(world.count("UsersUsluga", &[("abonent_id", 100)]), 0);
    }

    #[test]
    fn services_are_charged_every_month() {
        let mut world = World::small();
        world.call("Abonents", 100, "add_service", json!({"usluga_id": 6})).unwrap();
        world.call("Abonents", 100, "add_payment", json!({"SUM_IN": 1000})).unwrap();
        world.days(1);
        assert_eq!(world.property("Abonents", 100, "balance"), "900");
        assert_eq!(world.column("UsersUsluga", 1, "next_date"), "2022-03-02 00:00:00");
        world.days(27);
        assert_eq!(world.property("Abonents", 100, "balance"), "900");
        world.days(1);
        assert_eq!(world.property("Abonents", 100, "balance"), "800");
        assert_eq!(world.count("ArchAccountStack", &[("abonent_id", 100), ("usluga_id", 6)]), 2);
    }

    #[test]
    fn a_charge_that_empties_the_account_blocks_and_the_next_one_waits() {
        let mut world = World::small();
        for usluga in [5, 6] {
            world.call("Abonents", 100, "add_service", json!({"usluga_id": usluga})).unwrap();
        }
        world.call("Abonents", 100, "add_payment", json!({"SUM_IN": 100})).unwrap();
        world.days(1);
        assert_eq!(world.property("Abonents", 100, "balance"), "-400");
        assert_eq!(world.property("Abonents", 100, "allow_internet"), 0);
        world.days(5);
        assert_eq!(world.property("Abonents", 100, "balance"), "-400");
        world.call("Abonents", 100, "add_payment", json!({"SUM_IN": 500})).unwrap();
        world.days(1);
        assert_eq!(world.property("Abonents", 100, "balance"), "0");
    }

    #[test]
    fn a_date_long_past_is_charged_once() {
        let mut world = World::small();
        let columns = json!({"abonent_id": 100, "usluga_id": 6, "next_date": "2020-09-13 00:00:00"});
        world.create("UsersUsluga", columns).unwrap();
        world.call("Abonents", 100, "add_payment", json!({"SUM_IN": 1000})).unwrap();
        world.days(2);
        assert_eq!(world.property("Abonents", 100, "balance"), "900");
        assert_eq!(world.column("UsersUsluga", 1, "next_date"), "2022-03-02 00:00:00");
    }

    #[test]
    fn autopay_repeats_its_payment_when_the_money_is_used_up() {
        let mut world = World::small();
        world.call("Abonents", 100, "add_payment", json!({"SUM_IN": 50})).unwrap();
        world.save("Abonents", 100, json!({"autopay_pay_log_id": 1})).unwrap();
        world.days(1);
        assert_eq!(world.count("PayLog", &[]), 1);
        world.create("AccountStack", json!({"summ": 60, "abonent_id": 100})).unwrap();
        world.days(1);
        assert_eq!(world.property("Abonents", 100, "balance"), "40");
        assert_eq!(world.count("PayLog", &[("autopay", 1)]), 1);
        world.save("Abonents", 100, json!({"autopay_pay_log_id": null})).unwrap();
        world.create("AccountStack", json!({"summ": 60, "abonent_id": 100})).unwrap();
        world.days(2);
        assert_eq!(world.property("Abonents", 100, "balance"), "-20");
    }

    #[test]
    fn an_invoice_has_a_line_for_each_service_and_moves_no_money() {
        let mut world = World::small();
        for usluga in [5, 6] {
            world.call("Abonents", 100, "add_service", json!({"usluga_id": usluga})).unwrap();
        }
        world.save("Abonents", 100, json!({"next_auto_acount": "2022-02-02"})).unwrap();
        world.save("AdminAccounts", 1100, json!({"unlimited": 1})).unwrap();
        world.days(2);
        assert_eq!(world.count("FinanceOperations", &[("abonent_id", 100), ("op_type_id", 5)]), 1);
        assert_eq!(world.count("FinanceOperationsDetail", &[("finance_operation_id", 1)]), 2);
        assert_eq!(world.column("Abonents", 100, "next_auto_acount"), "2022-03-02");
        assert_eq!(world.property("Abonents", 100, "balance"), "-600");
    }

    #[test]
    fn messages_go_out_when_their_time_has_come() {
        let mut world = World::small();
        let args = json!({"tmpl_id": 6, "send_date": "2022-02-02 12:00:00"});
        world.call("Abonents", 100, "send_message", args).unwrap();
        assert_eq!(world.column("MsgStack", 1, "text"), "Ведутся работы");
        assert_eq!(world.column("MsgStack", 1, "addressee"), "+79991112233");
        world.days(1);
        assert_eq!(world.column("MsgStack", 1, "sent"), 0);
        world.days(1);
        assert_eq!(world.column("MsgStack", 1, "sent"), 1);
    }

    #[test]
    fn a_month_of_the_demo_passes_without_trouble() {
        let mut world = World::demo();
        let before = unexplained(&world);
        world.days(31);
        assert_eq!(unexplained(&world), before);
        assert!(world.count("ArchAccountStack", &[("usluga_id", 1)]) > 50);
    }
}
