//! What is due every month, by its day: the 31st is the last day of shorter months, and the 31st again afterwards.

use jiff::Span;
use jiff::civil::Date;

/// The day of the month on which something is due that is due on a date. No column keeps it: a date at the end of a
/// month may stand for a later day that this month does not have, and then it was due on that day before.
pub fn day_of_month(due: Date, before: impl IntoIterator<Item = Date>) -> i8 {
    if due.day() < due.days_in_month() {
        return due.day();
    }
    before.into_iter().map(Date::day).fold(due.day(), i8::max)
}

/// A month after a date, on this day, or on the last one of a month that is too short for it.
pub fn a_month_after(date: Date, day: i8) -> Option<Date> {
    let month = date.first_of_month().checked_add(Span::new().months(1)).ok()?;
    month.with().day(day.clamp(1, month.days_in_month())).build().ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_thirty_first_comes_back_after_a_short_month() {
        let mut due = date(2022, 1, 31);
        let mut before = None;
        let mut days = Vec::new();
        for _ in 0..12 {
            let day = day_of_month(due, before);
            (before, due) = (Some(due), a_month_after(due, day).unwrap());
            days.push(due.day());
        }
        assert_eq!(days, [28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31]);
    }

    #[test]
    fn a_day_that_every_month_has_stays() {
        for day in [1, 15, 28] {
            let due = date(2022, 2, day);
            // Something else was due later in the month before: that is no reason to move, unless the month ends here.
            let kept = day_of_month(due, (day < 28).then_some(date(2022, 1, 30)));
            assert_eq!(a_month_after(due, kept), Some(date(2022, 3, day)));
        }
        assert_eq!(a_month_after(date(9999, 12, 31), 31), None);
    }
}
