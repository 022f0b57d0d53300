//! Services: what they cost, which of them a block stops, connecting one, promised payments among them.

use jiff::Span;
use jiff::civil::{Date, DateTime, Time};

use super::money::Money;
use super::{Given, calendar, look};
use crate::orm::{CallError, Instance, Tx};
use crate::store::{Pk, Store, Value};

/// The page's system type of promised payments (line 655), which the billing treats in a way of their own.
const PROMISED: i64 = 11;

/// How long a promised payment holds where its service does not say.
const PROMISED_DAYS: i64 = 5;

/// A service's system type, 0 to 13; one without is a standard service.
pub fn system_type(usluga: &Instance) -> Result<i64, CallError> {
    Ok(usluga.int("system_type_id")?.unwrap_or(0))
}

/// Whether a service is a promised payment.
pub fn is_promised(usluga: &Instance) -> Result<bool, CallError> {
    Ok(system_type(usluga)? == PROMISED)
}

/// The rows of a subscriber's services, each with what it is: those that are off or have ended among them.
pub fn links(store: &Store, abonent: Pk) -> Result<Vec<(Instance, Instance)>, CallError> {
    let mut found = Vec::new();
    let conditions = [("abonent_id", Value::Int(abonent)), ("deleted", Value::Int(0))];
    for link in look::all_where(store, "UsersUsluga", &conditions)? {
        if let Some(usluga) = look::follow(store, &link, "usluga_id", "Usluga")? {
            found.push((link, usluga));
        }
    }
    Ok(found)
}

/// The services connected to a subscriber at a moment, each with what it is.
pub fn connected(store: &Store, abonent: Pk, now: DateTime) -> Result<Vec<(Instance, Instance)>, CallError> {
    let mut found = Vec::new();
    for (link, usluga) in links(store, abonent)? {
        if is_on(&link, now)? {
            found.push((link, usluga));
        }
    }
    Ok(found)
}

/// Whether a service works at a moment: it is neither off nor over, and its row is not deleted.
pub fn is_on(link: &Instance, now: DateTime) -> Result<bool, CallError> {
    Ok(link.flag("enabled")? && !link.flag("deleted")? && !is_over(link, now)?)
}

/// Whether a service has ended by a moment.
pub fn is_over(link: &Instance, now: DateTime) -> Result<bool, CallError> {
    Ok(link.datetime("end_time")?.is_some_and(|end| end <= now))
}

/// Whether a subscriber has a service that a block would stop: one that works and can be blocked.
pub fn any_blockable(store: &Store, abonent: &Instance, now: DateTime) -> Result<bool, CallError> {
    for (_, usluga) in connected(store, abonent.pk.unwrap_or_default(), now)? {
        if usluga.flag("can_block")? && !is_promised(&usluga)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The promised payments that a subscriber has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promised {
    /// What they add to what may be spent.
    pub sum: Money,
    /// The days from which on they no longer do, each with what goes then; one without an end stays.
    pub ends: Vec<(Date, Money)>,
}

impl Promised {
    /// The day on which the last of them ends.
    pub fn last_end(&self) -> Option<Date> {
        self.ends.iter().map(|(end, _)| *end).max()
    }
}

/// The rows of the promised payments that hold on a day. They end by night, when the balance is looked at again.
fn promises(store: &Store, abonent: Pk, day: Date) -> Result<Vec<(Instance, Instance)>, CallError> {
    let mut found = Vec::new();
    for (link, usluga) in connected(store, abonent, day.to_datetime(Time::midnight()))? {
        if is_promised(&usluga)? {
            found.push((link, usluga));
        }
    }
    Ok(found)
}

/// The promised payments that hold on a day; none, where there is none (one may be of nothing, and is one all the same).
pub fn promised(store: &Store, abonent: Pk, day: Date) -> Result<Option<Promised>, CallError> {
    let mut found: Option<Promised> = None;
    for (link, usluga) in promises(store, abonent, day)? {
        let promised = found.get_or_insert(Promised { sum: Money::ZERO, ends: Vec::new() });
        let sum = Money::of(usluga.value("summa")?);
        promised.sum = promised.sum.plus(sum)?;
        promised.ends.extend(link.datetime("end_time")?.and_then(first_night).map(|night| (night, sum)));
    }
    Ok(found)
}

/// The day whose first moment is no earlier than this one.
fn first_night(moment: DateTime) -> Option<Date> {
    if moment.time() == Time::midnight() { Some(moment.date()) } else { moment.date().tomorrow().ok() }
}

/// How many days a promised payment holds.
pub fn promised_days(usluga: &Instance) -> Result<i64, CallError> {
    Ok(usluga.int("period_days")?.filter(|days| (1..=36_500).contains(days)).unwrap_or(PROMISED_DAYS))
}

/// A subscriber has one promised payment at a time: this one is refused where another holds. Of two tasks that take
/// one, the later one fails.
pub fn check_single_promise(tx: &Tx<'_>, link: &Instance) -> Result<(), CallError> {
    let Some(usluga) = look::follow(&tx.store, link, "usluga_id", "Usluga")? else { return Ok(()) };
    let abonent = link.int("abonent_id")?.unwrap_or_default();
    if !is_promised(&usluga)? {
        return Ok(());
    }
    if promises(&tx.store, abonent, tx.now.date())?.iter().all(|(other, _)| other.pk == link.pk) {
        return Ok(());
    }
    Err(CallError::Refused(if tx.committing {
        format!("subscriber {abonent} took another promised payment meanwhile")
    } else {
        format!("subscriber {abonent} has a promised payment already")
    }))
}

/// What a connected service costs each time.
pub fn price(usluga: &Instance) -> Result<Money, CallError> {
    if is_promised(usluga)? { Ok(Money::ZERO) } else { Ok(Money::of(usluga.value("summa")?)) }
}

/// When a service is charged: every so many days, or every month on a day of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Every so many days.
    Days(i64),
    /// Every month, on this day or the last one of a shorter month.
    Monthly(i8),
}

impl Schedule {
    /// The schedule of a service that is charged on a day.
    pub fn on(usluga: &Instance, day: Date) -> Result<Self, CallError> {
        Ok(match usluga.int("period_days")?.filter(|days| (1..=36_500).contains(days)) {
            Some(days) => Self::Days(days),
            None => Self::Monthly(day.day()),
        })
    }

    /// The schedule of a connected service that is due on a day: the archive tells on which day it was charged before.
    pub fn of(store: &Store, link: &Instance, usluga: &Instance, due: Date) -> Result<Self, CallError> {
        let schedule = Self::on(usluga, due)?;
        if schedule == Self::Monthly(due.day()) && due.day() == due.days_in_month() {
            let before = last_charge(store, link, due)?;
            return Ok(Self::Monthly(calendar::day_of_month(due, before)));
        }
        Ok(schedule)
    }

    /// The day of the charge after one.
    pub fn after(self, day: Date) -> Option<Date> {
        match self {
            Self::Days(days) => day.checked_add(Span::new().days(days)).ok(),
            Self::Monthly(on) => calendar::a_month_after(day, on),
        }
    }
}

/// The day of the last charge for a connected service before a day.
fn last_charge(store: &Store, link: &Instance, day: Date) -> Result<Option<Date>, CallError> {
    let of = ["abonent_id", "usluga_id"];
    let conditions = [(of[0], link.value(of[0])?.clone()), (of[1], link.value(of[1])?.clone())];
    let mut last = None;
    for entry in look::all_where(store, "ArchAccountStack", &conditions)? {
        let charged = entry.datetime("change_balance_time")?.map(DateTime::date);
        last = last.max(charged.filter(|charged| *charged < day));
    }
    Ok(last)
}

/// Connects a service to a subscriber.
pub fn connect(
    tx: &mut Tx<'_>,
    abonent: &Instance,
    usluga: Pk,
    manager: Option<Pk>,
    comment: &str,
) -> Result<Instance, CallError> {
    let mut link = tx.blank("UsersUsluga")?;
    link.put("abonent_id", abonent.pk)?;
    link.put("usluga_id", usluga)?;
    link.put("manager_id", manager)?;
    link.put("comment", comment)?;
    before_create(tx, &mut link)?;
    tx.save(&mut link)?;
    Ok(link)
}

/// Before a service is connected: whether it may be, and when its dates begin.
pub fn before_create(tx: &mut Tx<'_>, link: &mut Instance) -> Result<(), CallError> {
    let refused = |text: String| Err(CallError::Refused(text));
    let usluga = look::need(&tx.store, link, "usluga_id", "Usluga")?;
    let abonent = look::need(&tx.store, link, "abonent_id", "Abonents")?;
    let pk = abonent.pk.unwrap_or_default();
    if abonent.flag("is_folder")? || abonent.flag("deleted")? {
        return refused(format!("{pk} is a folder or in the trash: no service can be connected to it"));
    }
    if is_promised(&usluga)? {
        check_single_promise(tx, link)?;
        if link.value("end_time")?.is_null() {
            let days = Span::new().days(promised_days(&usluga)?);
            // It ends by night, when the balance is looked at again.
            let end = tx.now.date().checked_add(days).ok();
            link.put("end_time", end.map(|day| day.to_datetime(Time::midnight())))?;
        }
    } else if link.value("next_date")?.is_null() {
        // The first charge comes with the next daily run.
        link.put("next_date", tx.now.date().tomorrow().ok().map(|day| day.to_datetime(Time::midnight())))?;
    }
    for column in ["create_date", "enable_date"] {
        if link.value(column)?.is_null() {
            link.put(column, tx.now)?;
        }
    }
    link.put("enabled", 1)
}

/// Before a connected service is saved: somebody answers for the change, unless the call says that nobody need.
pub fn check_manager(link: &Instance, given: &Given<'_>) -> Result<(), CallError> {
    let allowed = given.flag("allow_set_none_manager")?.unwrap_or(false);
    if link.value("manager_id")?.is_null() && !allowed {
        return Err(CallError::Refused("manager_id is empty: save with allow_set_none_manager to leave it so".into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::billing::testing::{World, refusal};
    use crate::billing::{Args, before_save};

    #[test]
    fn a_promised_payment_lifts_the_block_is_taken_once_and_expires() {
        let mut world = World::small();
        world.create("AccountStack", json!({"summ": 200, "abonent_id": 100})).unwrap();
        assert_eq!(world.property("Abonents", 100, "allow_internet"), 0);
        let take = json!({"abonent_id": 100, "usluga_id": 11, "manager_id": 33});
        world.create("UsersUsluga", take.clone()).unwrap();
        assert_eq!(world.property("Abonents", 100, "allow_internet"), 1);
        assert_eq!(world.property("Abonents", 100, "promise_pay"), "300");
        assert_eq!(world.property("Abonents", 100, "promise_date_end"), "2022-02-04");
        assert_eq!(world.property("Abonents", 100, "balance"), "-200");
        assert_eq!(refusal(world.create("UsersUsluga", take)), "subscriber 100 has a promised payment already");
        world.days(2);
        assert_eq!(world.property("Abonents", 100, "allow_internet"), 1);
        world.days(1);
        assert_eq!(world.property("Abonents", 100, "promise_pay"), "0");
        assert_eq!(world.property("Abonents", 100, "allow_internet"), 0);
    }

    #[test]
    fn of_two_promises_that_overlap_the_second_task_fails() {
        let mut world = World::small();
        let take = |world: &mut World| {
            let (_, changes) = world
                .ask(|tx| {
                    let abonent = tx.get("Abonents", 100)?;
                    super::connect(tx, &abonent, 11, None, "")
                })
                .unwrap();
            changes
        };
        let (first, second) = (take(&mut world), take(&mut world));
        world.commit(&first).unwrap();
        assert_eq!(refusal(world.commit(&second)), "subscriber 100 took another promised payment meanwhile");
        assert_eq!(world.property("Abonents", 100, "promise_pay"), "300");
    }

    #[test]
    fn without_the_promise_the_block_is_back() {
        let mut world = World::small();
        let link = world.create("UsersUsluga", json!({"abonent_id": 100, "usluga_id": 11})).unwrap();
        world.create("AccountStack", json!({"summ": 200, "abonent_id": 100})).unwrap();
        assert_eq!(world.property("Abonents", 100, "allow_internet"), 1);
        world.call("UsersUsluga", link, "delete", json!({})).unwrap();
        assert_eq!(world.property("Abonents", 100, "allow_internet"), 0);
    }

    #[test]
    fn a_subscriber_who_is_still_a_task_gets_no_service() {
        let mut world = World::small();
        let early = world.create("UsersUsluga", json!({"abonent_id": 101, "usluga_id": 5})).unwrap_err();
        assert_eq!(early.to_string(), "Abonents matching query does not exist.");
        assert_eq!(refusal(world.create("UsersUsluga", json!({"usluga_id": 5}))), "abonent_id is required");
    }

    #[test]
    fn somebody_answers_for_a_change_of_a_connected_service() {
        let mut world = World::small();
        let link = world.create("UsersUsluga", json!({"abonent_id": 100, "usluga_id": 5})).unwrap();
        let save = |world: &mut World, args: serde_json::Value| {
            world.run(|tx| {
                let mut object = tx.get("UsersUsluga", link)?;
                object.put("comment", "x")?;
                let args: Args = args.as_object().unwrap().clone();
                before_save(tx, &mut object, &args)?;
                tx.save(&mut object)
            })
        };
        assert!(refusal(save(&mut world, json!({}))).starts_with("manager_id is empty"));
        save(&mut world, json!({"allow_set_none_manager": true})).unwrap();
        assert_eq!(world.column("UsersUsluga", link, "comment"), "x");
    }

    #[test]
    fn a_tariff_brings_a_service_that_is_over_again_and_leaves_one_that_is_off() {
        for (column, rows) in [(json!({"end_time": "2022-01-15 00:00:00"}), 2), (json!({"enabled": 0}), 1)] {
            let mut world = World::small();
            let link =
                world.create("UsersUsluga", json!({"abonent_id": 100, "usluga_id": 6, "manager_id": 33})).unwrap();
            world.save("UsersUsluga", link, column).unwrap();
            world.save("Abonents", 100, json!({"tarif_id": 2})).unwrap();
            assert_eq!(world.count("UsersUsluga", &[("abonent_id", 100), ("usluga_id", 6)]), rows);
        }
    }

    #[test]
    fn a_promise_does_not_come_out_of_the_trash_beside_another() {
        let mut world = World::small();
        let take = json!({"abonent_id": 100, "usluga_id": 11, "manager_id": 33});
        let first = world.create("UsersUsluga", take.clone()).unwrap();
        world.save("UsersUsluga", first, json!({"deleted": 1})).unwrap();
        assert_eq!(world.property("Abonents", 100, "promise_pay"), "0");
        world.create("UsersUsluga", take).unwrap();
        let back = world.save("UsersUsluga", first, json!({"deleted": 0}));
        assert_eq!(refusal(back), "subscriber 100 has a promised payment already");
    }

    #[test]
    fn a_new_price_is_a_new_version() {
        let mut world = World::small();
        world.save("Usluga", 5, json!({"name": "Интернет+"})).unwrap();
        assert_eq!(world.count("UslugaHistory", &[]), 0);
        world.save("Usluga", 5, json!({"summa": 550})).unwrap();
        assert_eq!(world.count("UslugaHistory", &[("usluga_id", 5)]), 1);
        assert_eq!(world.column("UslugaHistory", 1, "date_from"), "2022-02-01");
    }
}
