//! What a subscriber will be charged, and how long the money lasts.

use jiff::Span;
use jiff::civil::{Date, Time};

use super::accounts;
use super::money::Money;
use super::services::{self, Schedule};
use crate::orm::{CallError, Instance};
use crate::store::Store;

/// How far ahead anybody looks.
const HORIZON_YEARS: i64 = 10;

/// Something that will take from what may be spent.
struct Due {
    day: Date,
    takes: Money,
    /// When it will again: a charge. A promised payment ends once.
    again: Option<Schedule>,
}

/// The charges of all services connected today, each the next time.
fn charges(store: &Store, abonent: &Instance, today: Date) -> Result<Vec<Due>, CallError> {
    let now = today.to_datetime(Time::midnight());
    let mut dues = Vec::new();
    for (link, usluga) in services::connected(store, abonent.pk.unwrap_or_default(), now)? {
        let takes = services::price(&usluga)?;
        let Some(next) = link.datetime("next_date")?.filter(|_| !takes.is_zero()) else { continue };
        // What should have been charged before is charged today, and counts from today.
        let day = next.date().max(today);
        let again =
            if day == next.date() { Schedule::of(store, &link, &usluga, day)? } else { Schedule::on(&usluga, day)? };
        dues.push(Due { day, takes, again: Some(again) });
    }
    Ok(dues)
}

/// What all connected services cost, charged once each.
pub fn monthly(store: &Store, abonent: &Instance, today: Date) -> Result<Money, CallError> {
    charges(store, abonent, today)?.iter().try_fold(Money::ZERO, |sum, due| sum.plus(due.takes))
}

/// What a subscriber may spend, as the days pass and nothing is paid.
struct Course {
    left: Money,
    dues: Vec<Due>,
}

impl Course {
    fn from(store: &Store, abonent: &Instance, today: Date) -> Result<Self, CallError> {
        let left = accounts::spendable(store, abonent, today)?;
        let promised = services::promised(store, abonent.pk.unwrap_or_default(), today)?;
        // In the night in which a promised payment ends, it ends before anything is charged.
        let ends = promised.into_iter().flat_map(|promised| promised.ends);
        let mut dues: Vec<Due> = ends.map(|(day, takes)| Due { day, takes, again: None }).collect();
        dues.extend(charges(store, abonent, today)?);
        Ok(Self { left, dues })
    }

    /// Lets happen what happens next, if it does by this day; answers its day.
    fn step(&mut self, until: Date) -> Result<Option<Date>, CallError> {
        let next = self.dues.iter().enumerate().min_by_key(|(_, due)| due.day).map(|(place, _)| place);
        let Some(place) = next.filter(|place| self.dues[*place].day <= until) else { return Ok(None) };
        let due = &mut self.dues[place];
        let day = due.day;
        self.left = self.left.minus(due.takes)?;
        match due.again.and_then(|schedule| schedule.after(day)) {
            Some(next) => due.day = next,
            None => {
                self.dues.remove(place);
            }
        }
        Ok(Some(day))
    }
}

/// What must be paid so that the money lasts until a day, that day included: the most that is ever missing by then.
pub fn credit_for(store: &Store, abonent: &Instance, today: Date, until: Date) -> Result<Money, CallError> {
    let mut course = Course::from(store, abonent, today)?;
    let mut least = course.left;
    while course.step(until)?.is_some() {
        least = least.min(course.left);
    }
    Ok((-least).or_zero())
}

/// The day on which the money is used up: the first charge that it does not cover, or the end of the promised payment
/// that it rests on. `None` where that does not come within ten years.
pub fn enough_to(store: &Store, abonent: &Instance, today: Date) -> Result<Option<Date>, CallError> {
    let mut course = Course::from(store, abonent, today)?;
    if course.left < Money::ZERO {
        return Ok(Some(today));
    }
    let horizon = today.checked_add(Span::new().years(HORIZON_YEARS)).unwrap_or(Date::MAX);
    while let Some(day) = course.step(horizon)? {
        if course.left < Money::ZERO {
            return Ok(Some(day));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::billing::testing::{World, bare};

    fn enough(world: &mut World) -> serde_json::Value {
        bare(world.call("Abonents", 100, "get_balance_until_date", json!({})))["enough_to_date"].clone()
    }

    fn pay(world: &mut World, sum: i64) {
        world.call("Abonents", 100, "add_payment", json!({ "SUM_IN": sum })).unwrap();
    }

    #[test]
    fn what_is_due_on_the_31st_is_foreseen_for_the_31st_after_a_short_month() {
        let mut world = World::small();
        let columns = json!({"abonent_id": 100, "usluga_id": 6, "next_date": "2022-03-31 00:00:00"});
        world.create("UsersUsluga", columns).unwrap();
        pay(&mut world, 150);
        assert_eq!(enough(&mut world), "2022-04-30");
        world.days(60);
        pay(&mut world, 100);
        assert_eq!(world.column("UsersUsluga", 1, "next_date"), "2022-04-30 00:00:00");
        assert_eq!(enough(&mut world), "2022-05-31");
    }

    #[test]
    fn a_discount_does_not_pay_the_charge_before_it() {
        let mut world = World::small();
        for (usluga, summa) in [(5, "100"), (6, "-40")] {
            world.save("Usluga", usluga, json!({ "summa": summa })).unwrap();
            world.call("Abonents", 100, "add_service", json!({ "usluga_id": usluga })).unwrap();
        }
        let credit = bare(world.call("Abonents", 100, "get_credit_for", json!({"end_credit_date": "2022-02-28"})));
        assert_eq!(credit, "100");
        pay(&mut world, 100);
        assert_eq!(enough(&mut world), "2022-03-02");
        world.days(1);
        assert_eq!(world.property("Abonents", 100, "balance"), "40");
    }
}
