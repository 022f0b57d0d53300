//! Days and times as texts: everything that Firebird takes for one.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};

use super::error::SqlError;

/// What is looked for in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A day; a time behind it is too much.
    Date,
    /// A time of day; a day before it is too much.
    Time,
    /// A day, with a time or without.
    Timestamp,
}

const MONTHS: [&str; 12] = [
    "JANUARY",
    "FEBRUARY",
    "MARCH",
    "APRIL",
    "MAY",
    "JUNE",
    "JULY",
    "AUGUST",
    "SEPTEMBER",
    "OCTOBER",
    "NOVEMBER",
    "DECEMBER",
];

/// Where the time begins among the seven parts: three of the day in whatever order, hour, minute, second, fraction.
const HOUR: usize = 3;
const PARTS: usize = 7;

/// One part of a text.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    value: i16,
    /// How many digits it has; none for a month's name, or where it is missing.
    digits: usize,
    /// Whether it is a month's name, or as much of one as is unmistakable.
    named: bool,
}

/// The day and time that a text means. Between the parts may stand `-`, `/`, `,`, `:`, a point or blanks; a point between
/// the first ones means that the day comes first, a name of a month that it is where it stands.
///
/// # Errors
/// It means none, or none that there is.
pub fn read(text: &str, wanted: Wanted, now: DateTime) -> Result<DateTime, SqlError> {
    let wrong = || SqlError::conversion(text);
    let mut scanned = match scan(text, wanted, now).ok_or_else(wrong)? {
        Scanned::Word(moment) => return Ok(moment),
        Scanned::Parts(scanned) => scanned,
    };
    let time = scanned.time().ok_or_else(wrong)?;
    if wanted == Wanted::Time {
        return Ok(now.date().to_datetime(time));
    }
    let (year, month, day) = scanned.day(now).ok_or_else(wrong)?;
    if year == 0 {
        return Err(SqlError::temporal_range(if wanted == Wanted::Date { "dates" } else { "timestamps" }));
    }
    let day = Date::new(year, month, day).map_err(|_| wrong())?;
    Ok(day.to_datetime(time))
}

enum Scanned {
    /// `NOW`, `TODAY` and their like.
    Word(DateTime),
    Parts(Parts),
}

#[derive(Debug, Default)]
struct Parts {
    parts: [Part; PARTS],
    /// Whether there is anything of a time.
    timed: bool,
    /// Whether a point stands behind the first part or the second.
    pointed: bool,
}

fn is_blank(char: char) -> bool {
    char == ' ' || char == '\t'
}

fn scan(text: &str, wanted: Wanted, now: DateTime) -> Option<Scanned> {
    let first = if wanted == Wanted::Time { HOUR } else { 0 };
    let mut scanned = Parts::default();
    let mut rest = text.trim_start_matches(is_blank);
    let mut place = first;
    while place < PARTS && !rest.is_empty() {
        let letters = rest.find(|char: char| !char.is_ascii_alphabetic()).unwrap_or(rest.len());
        let digits = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
        if digits > 0 {
            // What is longer has no meaning anywhere.
            let value = rest[..digits].parse().ok()?;
            scanned.parts[place] = Part { value, digits, named: false };
            rest = &rest[digits..];
        } else {
            let word = rest[..letters].to_ascii_uppercase();
            if word.len() < 3 || scanned.parts.iter().any(|part| part.named) {
                return None;
            }
            rest = &rest[letters..];
            match MONTHS.iter().position(|month| place < 2 && month.starts_with(&word)) {
                Some(month) => {
                    scanned.parts[place] = Part { value: i16::try_from(month + 1).ok()?, digits: 0, named: true };
                }
                None if rest.trim_start_matches(is_blank).is_empty() => {
                    return word_of_today(&word, wanted, now).map(Scanned::Word);
                }
                None => return None,
            }
        }
        rest = rest.trim_start_matches(is_blank);
        if rest.is_empty() {
            break;
        }
        if let Some(behind) = rest.strip_prefix(['/', '-', ',', ':', '.']) {
            scanned.pointed |= rest.starts_with('.') && place < 2;
            rest = behind.trim_start_matches(is_blank);
        }
        place += 1;
    }
    scanned.timed = place >= HOUR;
    let enough = place > first && rest.is_empty() && !(wanted == Wanted::Date && scanned.timed);
    enough.then_some(Scanned::Parts(scanned))
}

fn word_of_today(word: &str, wanted: Wanted, now: DateTime) -> Option<DateTime> {
    let midnight = |day: Date| day.to_datetime(Time::midnight());
    match word {
        "NOW" => Some(now),
        _ if wanted == Wanted::Time => None,
        "TODAY" => Some(midnight(now.date())),
        "TOMORROW" => now.date().checked_add(1.day()).ok().map(midnight),
        "YESTERDAY" => now.date().checked_sub(1.day()).ok().map(midnight),
        _ => None,
    }
}

impl Parts {
    /// Year, month and day, in whatever order they came.
    fn day(&self, now: DateTime) -> Option<(i16, i8, i8)> {
        let [a, b, c, ..] = self.parts;
        let (year, month, day) = if a.digits >= 3 {
            (a, b, c)
        } else if a.named || !b.named && !self.pointed {
            (c, a, b)
        } else {
            (c, b, a)
        };
        let fits = |part: Part| part.named || (1..=2).contains(&part.digits);
        if year.digits > 4 || !fits(month) || !fits(day) || day.named {
            return None;
        }
        let year = match year.digits {
            0 => now.year(),
            // Two digits mean the year that is nearest.
            1..=2 if year.value < (now.year() - 50) % 100 => year.value + 2000,
            1..=2 => year.value + 1900,
            _ => year.value,
        };
        Some((year, i8::try_from(month.value).ok()?, i8::try_from(day.value).ok()?))
    }

    fn time(&mut self) -> Option<Time> {
        if !self.timed {
            return Some(Time::midnight());
        }
        let [.., hour, minute, second, fraction] = self.parts;
        let fits = |part: Part| (1..=2).contains(&part.digits);
        if !fits(hour) || !fits(minute) || second.digits > 2 || fraction.digits > 4 {
            return None;
        }
        let small = |part: Part| i8::try_from(part.value).ok();
        let missing = u32::try_from(4 - fraction.digits).ok()?;
        let nanos = i32::from(fraction.value) * 10_i32.pow(missing) * 100_000;
        Time::new(small(hour)?, small(minute)?, small(second)?, nanos).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::text;

    fn now() -> DateTime {
        jiff::civil::date(2022, 2, 1).at(10, 0, 0, 0)
    }

    #[track_caller]
    fn check(given: &str, expected: &str) {
        let moment = read(given, Wanted::Timestamp, now()).map(text::timestamp);
        assert_eq!(moment.as_deref(), Ok(expected), "{given}");
    }

    #[test]
    fn days_are_read_in_many_ways() {
        for day in [
            "2020-01-31",
            "31.01.2020",
            "1/31/2020",
            " 2020-1-31 ",
            "2020.1.31",
            "31-JAN-2020",
            "jan 31, 2020",
            "31jan20",
        ] {
            check(day, "2020-01-31 00:00:00.0000");
        }
        check("2019-06-01 12:30:45.6789", "2019-06-01 12:30:45.6789");
        check("2019-06-01, 12.30.45,5", "2019-06-01 12:30:45.5000");
        check("yesterday", "2022-01-31 00:00:00.0000");
        check("12:30", "2022-12-30 00:00:00.0000");
    }

    #[test]
    fn two_digits_mean_the_nearest_year() {
        check("1.2.71", "2071-02-01 00:00:00.0000");
        check("1.2.72", "1972-02-01 00:00:00.0000");
        check("1.2.0", "2000-02-01 00:00:00.0000");
        check("1.2.100", "0100-02-01 00:00:00.0000");
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for wrong in
            ["", "x", "1", "2020", "2020-02-30", "2020-1-5T10:00", "2020-1-5 10", "5 j 2020", "20-1-5", "1-2-3-"]
        {
            assert_eq!(read(wrong, Wanted::Timestamp, now()).unwrap_err().sqlstate, "22018", "{wrong}");
        }
        assert_eq!(read("2020-1-5 10:00", Wanted::Date, now()).unwrap_err().sqlstate, "22018");
        assert_eq!(read("2020-1-5 10:00", Wanted::Time, now()).unwrap_err().sqlstate, "22018");
        assert_eq!(read("0000-01-01", Wanted::Date, now()).unwrap_err().sqlstate, "22008");
    }
}
