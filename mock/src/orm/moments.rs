//! Days, moments and times of day as Django's fields read them from texts (`django.utils.dateparse`): first ISO 8601 as Python's
//! `fromisoformat` has it, then one or two digits wherever there may be.

use std::sync::LazyLock;

use jiff::civil::{Date, DateTime, ISOWeekDate, Time, Weekday};
use regex::{Captures, Regex};
use serde_json::Value as Json;

use super::convert::validation;
use super::error::CallError;

const DAY: &str = "YYYY-MM-DD";
const MOMENT: &str = "YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ]";
const TIME: &str = "HH:MM[:ss[.uuuuuu]]";

/// What a text of a date's form comes to.
enum Read<T> {
    /// It has the form, and there is such a day or time.
    Is(T),
    /// It has the form, and there is none.
    Impossible,
    /// It has another form.
    Other,
}

impl<T> Read<T> {
    fn of(found: Option<T>) -> Self {
        found.map_or(Self::Impossible, Self::Is)
    }
}

/// The forms, or `None` for a pattern that is none; a test proves that each is one.
struct Forms {
    iso_dates: Vec<Regex>,
    iso_times: Vec<Regex>,
    iso_moment: Regex,
    date: Regex,
    time: Regex,
    moment: Regex,
}

static FORMS: LazyLock<Option<Forms>> = LazyLock::new(|| forms().ok());

const ISO_WEEK: &str = "[0-9]{4}-W[0-9]{2}(?:-[0-9])?|[0-9]{4}W[0-9]{2}[0-9]?";

fn forms() -> Result<Forms, regex::Error> {
    let several = |texts: [&str; 2]| texts.into_iter().map(Regex::new).collect::<Result<Vec<_>, _>>();
    Ok(Forms {
        iso_dates: several([
            r"^(?<year>[0-9]{4})-(?<month>[0-9]{2})-(?<day>[0-9]{2})$",
            r"^(?<year>[0-9]{4})(?<month>[0-9]{2})(?<day>[0-9]{2})$",
        ])?,
        iso_times: several([
            r"^T?(?<hour>[0-9]{2})(?::(?<minute>[0-9]{2})(?::(?<second>[0-9]{2})(?:[.,](?<part>[0-9]+))?)?)?(?<zone>Z|[+-][0-9:]{2,8})?$",
            r"^T?(?<hour>[0-9]{2})(?:(?<minute>[0-9]{2})(?:(?<second>[0-9]{2})(?:[.,](?<part>[0-9]+))?)?)?(?<zone>Z|[+-][0-9:]{2,8})?$",
        ])?,
        iso_moment: Regex::new(&format!(
            r"^(?s)(?<date>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|[0-9]{{8}}|{ISO_WEEK}).(?<time>[0-9].*)$"
        ))?,
        date: Regex::new(r"^(?<year>[0-9]{4})-(?<month>[0-9]{1,2})-(?<day>[0-9]{1,2})\n?$")?,
        time: Regex::new(
            r"^(?<hour>[0-9]{1,2}):(?<minute>[0-9]{1,2})(?::(?<second>[0-9]{1,2})(?:[.,](?<part>[0-9]{1,6})[0-9]{0,6})?)?\n?$",
        )?,
        moment: Regex::new(
            r"^(?<year>[0-9]{4})-(?<month>[0-9]{1,2})-(?<day>[0-9]{1,2})[T ](?<hour>[0-9]{1,2}):(?<minute>[0-9]{1,2})(?::(?<second>[0-9]{1,2})(?:[.,](?<part>[0-9]{1,6})[0-9]{0,6})?)?\s*(?<zone>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?\n?$",
        )?,
    })
}

/// Django's `DateField.to_python`.
///
/// # Errors
/// Its texts: another form, a day that the calendar does not have, no text at all.
pub fn day(json: &Json) -> Result<Date, CallError> {
    let text = text(json)?;
    match read_day(text) {
        Read::Is(date) => Ok(date),
        Read::Impossible => Err(impossible(text, DAY, "date")),
        Read::Other => {
            Err(validation(&format!("“{text}” value has an invalid date format. It must be in {DAY} format.")))
        }
    }
}

/// Django's `DateTimeField.to_python`. A zone is read over: the billing keeps local time.
///
/// # Errors
/// As [`day`].
pub fn moment(json: &Json) -> Result<DateTime, CallError> {
    let text = text(json)?;
    match read_moment(text) {
        Read::Is(moment) => return Ok(moment),
        Read::Impossible => return Err(impossible(text, MOMENT, "date/time")),
        Read::Other => {}
    }
    match read_day(text) {
        Read::Is(date) => Ok(date.to_datetime(Time::midnight())),
        Read::Impossible => Err(impossible(text, DAY, "date")),
        Read::Other => Err(other_form(text, MOMENT)),
    }
}

/// Django's `TimeField.to_python`.
///
/// # Errors
/// As [`day`].
pub fn time(json: &Json) -> Result<Time, CallError> {
    let text = text(json)?;
    match read_time(text) {
        Read::Is(time) => Ok(time),
        Read::Impossible => Err(impossible(text, TIME, "time")),
        Read::Other => Err(other_form(text, TIME)),
    }
}

fn text(json: &Json) -> Result<&str, CallError> {
    json.as_str().ok_or_else(|| CallError::Value("fromisoformat: argument must be str".to_owned()))
}

fn impossible(text: &str, form: &str, what: &str) -> CallError {
    validation(&format!("“{text}” value has the correct format ({form}) but it is an invalid {what}."))
}

fn other_form(text: &str, form: &str) -> CallError {
    validation(&format!("“{text}” value has an invalid format. It must be in {form} format."))
}

fn read_day(text: &str) -> Read<Date> {
    let Some(forms) = FORMS.as_ref() else { return Read::Other };
    if let Some(date) = iso_day(forms, text) {
        return Read::Is(date);
    }
    forms.date.captures(text).map_or(Read::Other, |parts| Read::of(date_of(&parts)))
}

fn read_time(text: &str) -> Read<Time> {
    let Some(forms) = FORMS.as_ref() else { return Read::Other };
    if let Some(time) = iso_time(forms, text) {
        return Read::Is(time);
    }
    forms.time.captures(text).map_or(Read::Other, |parts| Read::of(time_of(&parts)))
}

fn read_moment(text: &str) -> Read<DateTime> {
    let Some(forms) = FORMS.as_ref() else { return Read::Other };
    let whole = |date: Date| date.to_datetime(Time::midnight());
    let parted = || {
        let parts = forms.iso_moment.captures(text)?;
        Some(iso_day(forms, parts.name("date")?.as_str())?.to_datetime(iso_time(forms, parts.name("time")?.as_str())?))
    };
    if let Some(moment) = iso_day(forms, text).map(whole).or_else(parted) {
        return Read::Is(moment);
    }
    forms.moment.captures(text).map_or(Read::Other, |parts| {
        Read::of(date_of(&parts).zip(time_of(&parts)).map(|(date, time)| date.to_datetime(time)))
    })
}

fn iso_day(forms: &Forms, text: &str) -> Option<Date> {
    forms.iso_dates.iter().find_map(|form| date_of(&form.captures(text)?)).or_else(|| iso_week(text))
}

/// `2019-W22-6` and its shorter forms.
fn iso_week(text: &str) -> Option<Date> {
    let (year, rest) = text.split_once('W')?;
    let (year, dashed) = year.strip_suffix('-').map_or((year, false), |year| (year, true));
    let digits = |part: &str, length: usize| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    let week = rest.get(..2).filter(|week| digits(week, 2))?;
    let day = match rest.get(2..)? {
        "" => "1",
        day if dashed => day.strip_prefix('-')?,
        day => day,
    };
    let year = digits(year, 4).then(|| year.parse().ok())??;
    let weekday = Weekday::from_monday_one_offset(digits(day, 1).then(|| day.parse().ok())??).ok()?;
    Some(ISOWeekDate::new(year, week.parse().ok()?, weekday).ok()?.date()).filter(|date| date.year() >= 1)
}

fn iso_time(forms: &Forms, text: &str) -> Option<Time> {
    forms.iso_times.iter().find_map(|form| time_of(&form.captures(text)?))
}

fn date_of(parts: &Captures<'_>) -> Option<Date> {
    let number = |name: &str| parts.name(name)?.as_str().parse::<i16>().ok();
    let year = number("year").filter(|year| *year >= 1)?;
    Date::new(year, i8::try_from(number("month")?).ok()?, i8::try_from(number("day")?).ok()?).ok()
}

fn time_of(parts: &Captures<'_>) -> Option<Time> {
    let number = |name: &str| parts.name(name).map_or(Some(0), |part| part.as_str().parse::<i8>().ok());
    // Microseconds; further digits are cut off.
    let fraction = parts.name("part").map_or("", |part| part.as_str());
    let micros: i32 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let second = number("second").filter(|second| *second < 60)?;
    Time::new(number("hour")?, number("minute")?, second, micros * 1000).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_is_one() {
        forms().unwrap();
    }

    /// Recorded from Django 5.2.19 under Python 3.11; texts of which are no such dates are in specs/django.
    #[test]
    fn days_are_read_as_django_reads_them() {
        let day = |text: &str| day(&json!(text)).ok().map(|day| day.to_string());
        let first = Some("2019-06-01".to_owned());
        for text in ["2019-06-01", "2019-6-1", "20190601", "2019-W22-6", "2019W226", "2019-06-01\n"] {
            assert_eq!(day(text), first, "{text}");
        }
        assert_eq!(day("2019-W22").as_deref(), Some("2019-05-27"));
        for text in
            ["2019-06-31", " 2019-06-01", "0000-01-01", "2019-W226", "2019-0601", "2019-06-01 00:00", "2019-W54"]
        {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn moments_are_read_as_django_reads_them() {
        let moment = |text: &str| moment(&json!(text)).ok().map(|moment| moment.to_string());
        for (text, read) in [
            ("2019-06-01", "2019-06-01T00:00:00"),
            ("2019-06-01 12", "2019-06-01T12:00:00"),
            ("20190601T123045", "2019-06-01T12:30:45"),
            ("2019-6-1 1:2", "2019-06-01T01:02:00"),
            ("2019-06-01_12:30", "2019-06-01T12:30:00"),
            ("2019-06-01 12:30:45.5", "2019-06-01T12:30:45.5"),
            ("2019-06-01 12:30:45,1234567", "2019-06-01T12:30:45.123456"),
            ("2019-W22-6T12:30", "2019-06-01T12:30:00"),
        ] {
            assert_eq!(moment(text).as_deref(), Some(read), "{text}");
        }
        for text in ["2019-06-01 25:00", "2019-06-01 12:60", "2019-06-01 12:30:60", "2019-06-01 ", "now", ""] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
