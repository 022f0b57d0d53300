//! What happens of itself: what follows from a change, and what a new day brings.

use std::collections::BTreeSet;

use carbon_specs::ModelId;
use jiff::Span;
use jiff::civil::{Date, DateTime};

use super::accounts::{self, Charge};
use super::blocks;
use super::money::Money;
use super::{finance, look, services};
use crate::orm::{CallError, Instance, Tx};
use crate::store::{Pk, Row, Value};
use crate::tasks::{Change, Patch};

/// What a balance block depends on.
const BALANCE: [&str; 5] = ["ostatok", "debit", "credit", "limit", "unlimited"];

/// What follows from changes: the stack is worked off, a tariff brings its services, a price its version, and the
/// balance blocks or unblocks.
pub fn react(tx: &mut Tx<'_>, changes: &[Change]) -> Result<(), CallError> {
    let before = tx.changes().len();
    for change in changes {
        let (model, pk) = change.target();
        match (tx.store.model(model).name.as_str(), change) {
            ("AccountStack", Change::Insert { .. }) => accounts::work_off(tx, pk)?,
            ("Abonents", Change::Insert { row, .. }) => follow_tarif(tx, pk, None, row)?,
            ("Abonents", Change::Write { base, row, .. }) => follow_tarif(tx, pk, Some(base), row)?,
            ("Usluga", Change::Write { base, row, .. }) => follow_price(tx, pk, base, row)?,
            _ => {}
        }
    }
    let own = tx.changes().get(before..).unwrap_or_default().to_vec();
    let mut accounts = BTreeSet::new();
    for change in changes.iter().chain(&own) {
        accounts.extend(touched_account(tx, change)?);
    }
    accounts.into_iter().try_for_each(|account| accounts::follow_balance(tx, account))
}

/// The personal account whose standing a change may have moved.
fn touched_account(tx: &Tx<'_>, change: &Change) -> Result<Option<Pk>, CallError> {
    let (model, pk) = change.target();
    match tx.store.model(model).name.as_str() {
        "AdminAccounts" => Ok(touches(tx, model, change, &BALANCE).then_some(pk)),
        "Abonents" if touches(tx, model, change, &["account_id", "deleted"]) => match tx.find("Abonents", pk)? {
            Some(abonent) => abonent.int("account_id"),
            None => Ok(None),
        },
        // A promised payment came, ended or went. A row that is gone leaves its subscriber in no change but the base.
        "UsersUsluga" => {
            let Some(link) = tx.find("UsersUsluga", pk)? else { return Ok(None) };
            match look::follow(&tx.store, &link, "abonent_id", "Abonents")? {
                Some(abonent) if is_promise(tx, &link)? => abonent.int("account_id"),
                _ => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

fn is_promise(tx: &Tx<'_>, link: &Instance) -> Result<bool, CallError> {
    match look::follow(&tx.store, link, "usluga_id", "Usluga")? {
        Some(usluga) => services::is_promised(&usluga),
        None => Ok(false),
    }
}

/// Whether a change is to one of these columns.
fn touches(tx: &Tx<'_>, model: ModelId, change: &Change, columns: &[&str]) -> bool {
    let model = tx.store.model(model);
    let mut places = columns.iter().filter_map(|column| model.field(column)).map(|field| field.id);
    match change {
        Change::Write { base, row, .. } => places.any(|place| base[place.0] != row[place.0]),
        Change::Patch { columns, .. } => places.any(|place| columns.iter().any(|(field, _)| *field == place)),
        Change::Insert { .. } => true,
        Change::Delete { .. } => false,
    }
}

/// The services of a tariff come and go with it.
fn follow_tarif(tx: &mut Tx<'_>, pk: Pk, base: Option<&Row>, row: &Row) -> Result<(), CallError> {
    let Some(place) = tx.model("Abonents")?.field("tarif_id").map(|field| field.id.0) else { return Ok(()) };
    let from = base.and_then(|base| base[place].as_int());
    let to = row[place].as_int();
    if from == to { Ok(()) } else { change_tarif(tx, pk, from, to) }
}

fn change_tarif(tx: &mut Tx<'_>, abonent: Pk, from: Option<Pk>, to: Option<Pk>) -> Result<(), CallError> {
    let Some(abonent) = tx.find("Abonents", abonent)? else { return Ok(()) };
    if abonent.flag("is_folder")? || abonent.flag("deleted")? {
        return Ok(());
    }
    let (old, new) = (tarif_services(tx, from)?, tarif_services(tx, to)?);
    let mut there = BTreeSet::new();
    for (link, usluga) in services::connected(&tx.store, abonent.pk.unwrap_or_default())? {
        let Some(id) = usluga.pk else { continue };
        if old.contains(&id) && !new.contains(&id) {
            tx.delete_cascading(link.model, link.pk.unwrap_or_default())?;
        } else {
            there.insert(id);
        }
    }
    for usluga in new.difference(&there) {
        services::connect(tx, &abonent, *usluga, None, "")?;
    }
    Ok(())
}

fn tarif_services(tx: &Tx<'_>, tarif: Option<Pk>) -> Result<BTreeSet<Pk>, CallError> {
    let Some(tarif) = tarif else { return Ok(BTreeSet::new()) };
    let links = tx.all_where("TarifUsersUsluga", &[("tarif_id", Value::Int(tarif))])?;
    links.iter().filter_map(|link| link.int("usluga_id").transpose()).collect()
}

/// A service whose price changes gets a version.
fn follow_price(tx: &mut Tx<'_>, pk: Pk, base: &Row, row: &Row) -> Result<(), CallError> {
    let Some(place) = tx.model("Usluga")?.field("summa").map(|field| field.id.0) else { return Ok(()) };
    if base[place] == row[place] {
        return Ok(());
    }
    let mut version = tx.blank("UslugaHistory")?;
    version.put("usluga_id", pk)?;
    version.put("summa", row[place].clone())?;
    version.put("date_from", tx.now.date())?;
    tx.save(&mut version).map(|_| ())
}

/// The run just after midnight: what was planned for this day, what ends, what is due.
pub fn run(tx: &mut Tx<'_>, day: Date) -> Result<(), CallError> {
    for abonent in tx.all_where("Abonents", &[("is_folder", Value::Int(0)), ("deleted", Value::Int(0))])? {
        planned_tarif(tx, &abonent, day)?;
        own_block(tx, &abonent)?;
        settle_wishes(tx, &abonent)?;
    }
    end_services(tx)?;
    charge_services(tx, day)?;
    for abonent in tx.all_where("Abonents", &[("is_folder", Value::Int(0)), ("deleted", Value::Int(0))])? {
        autopay(tx, &abonent, day)?;
        invoice(tx, &abonent, day)?;
    }
    for message in tx.all_where("MsgStack", &[("sent", Value::Int(0))])? {
        if message.datetime("send_date")?.is_none_or(|when| when <= tx.now) {
            tx.patch("MsgStack", message.pk.unwrap_or_default(), &[("sent", Patch::Set(Value::Int(1)))])?;
        }
    }
    Ok(())
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
    change_tarif(tx, pk, abonent.int("tarif_id")?, Some(next))
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

fn end_services(tx: &mut Tx<'_>) -> Result<(), CallError> {
    for link in tx.all_where("UsersUsluga", &[("enabled", Value::Int(1))])? {
        if link.datetime("end_time")?.is_some_and(|end| end <= tx.now) {
            tx.patch("UsersUsluga", link.pk.unwrap_or_default(), &[("enabled", Patch::Set(Value::Int(0)))])?;
        }
    }
    Ok(())
}

/// Charges what is due. A subscriber who is blocked gets no service and pays for none; it is due again afterwards.
fn charge_services(tx: &mut Tx<'_>, day: Date) -> Result<(), CallError> {
    for link in tx.all_where("UsersUsluga", &[("enabled", Value::Int(1)), ("deleted", Value::Int(0))])? {
        let Some(due) = link.datetime("next_date")?.map(DateTime::date).filter(|due| *due <= day) else { continue };
        let Some(usluga) = look::follow(&tx.store, &link, "usluga_id", "Usluga")? else { continue };
        let Some(abonent) = look::follow(&tx.store, &link, "abonent_id", "Abonents")? else { continue };
        let (Some(pk), Some(account)) = (abonent.pk, abonent.int("account_id")?) else { continue };
        let amount = services::price(&usluga)?;
        if amount.is_zero() || abonent.flag("deleted")? || blocks::any(&tx.store, pk)? {
            continue;
        }
        let descr = usluga.text("name")?.to_owned();
        accounts::charge(tx, &Charge { abonent: pk, account, usluga: usluga.pk, amount, bonus: 0, descr })?;
        let period = services::period(&usluga)?;
        // A date long past is charged once, and counts from today.
        let next = due.checked_add(period).ok().filter(|next| *next > day).or_else(|| day.checked_add(period).ok());
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
    if !abonent.value("account_id")?.is_null() {
        finance::invoice(tx, abonent, day)?;
    }
    let month = Span::new().months(1);
    let next = date.checked_add(month).ok().filter(|next| *next > day).or_else(|| day.checked_add(month).ok());
    let columns = [("next_auto_acount", Patch::Set(Value::from(next)))];
    tx.patch("Abonents", abonent.pk.unwrap_or_default(), &columns)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::billing::testing::World;

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
        world.days(31);
        assert!(world.count("ArchAccountStack", &[("usluga_id", 1)]) > 50);
    }
}
