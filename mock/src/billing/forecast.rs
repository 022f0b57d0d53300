//! What a subscriber will be charged, and how long the money lasts.

use jiff::Span;
use jiff::civil::Date;

use super::money::Money;
use super::{accounts, services};
use crate::orm::{CallError, Instance};
use crate::store::Store;

/// How far ahead anybody looks.
const HORIZON_YEARS: i64 = 10;

/// What one service will take, and when next.
struct Due {
    day: Date,
    price: Money,
    period: Span,
}

impl Due {
    /// The day of the charge after this one.
    fn after(&self, day: Date) -> Option<Date> {
        day.checked_add(self.period).ok()
    }
}

fn upcoming(store: &Store, abonent: &Instance, today: Date) -> Result<Vec<Due>, CallError> {
    let now = today.to_datetime(jiff::civil::Time::midnight());
    let mut dues = Vec::new();
    for (link, usluga) in services::connected(store, abonent.pk.unwrap_or_default())? {
        let price = services::price(&usluga)?;
        if price.is_zero() || !services::is_on(&link, now)? {
            continue;
        }
        // What should have been charged before is charged today.
        let Some(next) = link.datetime("next_date")? else { continue };
        dues.push(Due { day: next.date().max(today), price, period: services::period(&usluga)? });
    }
    Ok(dues)
}

/// The charges from today until a day, that day included.
pub fn expenses_until(store: &Store, abonent: &Instance, today: Date, until: Date) -> Result<Money, CallError> {
    let mut sum = Money::ZERO;
    for due in upcoming(store, abonent, today)? {
        let mut day = Some(due.day);
        while let Some(here) = day.filter(|day| *day <= until) {
            sum = sum.plus(due.price)?;
            day = due.after(here);
        }
    }
    Ok(sum)
}

/// What all connected services cost a month.
pub fn monthly(store: &Store, abonent: &Instance, today: Date) -> Result<Money, CallError> {
    upcoming(store, abonent, today)?.iter().try_fold(Money::ZERO, |sum, due| sum.plus(due.price))
}

/// The day on which the money is used up: the first charge that it does not cover. `None` where nothing is charged
/// within ten years, or the money outlasts them.
pub fn enough_to(store: &Store, abonent: &Instance, today: Date) -> Result<Option<Date>, CallError> {
    let mut left = accounts::spendable(store, abonent, today)?;
    if left < Money::ZERO {
        return Ok(Some(today));
    }
    let mut dues = upcoming(store, abonent, today)?;
    let horizon = today.checked_add(jiff::Span::new().years(HORIZON_YEARS)).unwrap_or(Date::MAX);
    loop {
        let Some(next) = dues.iter_mut().min_by_key(|due| due.day) else { return Ok(None) };
        if next.day > horizon {
            return Ok(None);
        }
        left = left.minus(next.price)?;
        if left < Money::ZERO {
            return Ok(Some(next.day));
        }
        next.day = next.after(next.day).unwrap_or(Date::MAX);
    }
}
