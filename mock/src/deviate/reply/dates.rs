//! Dates and moments in another form.

use carbon_specs::FieldType;
use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::objects::Column;
use crate::deviation::{Deviation as D, Deviations};
use crate::store::value::{DATETIME_FORMAT, parse_date, parse_datetime};

/// Changes one value of a column.
pub fn change(on: Deviations, column: Column, value: &mut Json) {
    let changed = match (column.kind, value.as_str()) {
        (FieldType::Date, Some(text)) => parse_date(text).and_then(|date| of_date(on, date)),
        (FieldType::DateTime, Some(text)) => parse_datetime(text).and_then(|moment| of_moment(on, moment)),
        _ => None,
    };
    if let Some(changed) = changed {
        *value = changed;
    }
}

fn of_date(on: Deviations, date: Date) -> Option<Json> {
    let form = if on.contains(D::DatesDotted) {
        "%d.%m.%Y"
    } else if on.contains(D::DatesMonthFirst) {
        "%m/%d/%Y"
    } else if on.contains(D::DatesMidnight) {
        "%Y-%m-%d 00:00:00"
    } else if on.contains(D::DatesEpoch) {
        return epoch(date.at(0, 0, 0, 0));
    } else {
        return None;
    };
    Some(Json::from(date.strftime(form).to_string()))
}

fn of_moment(on: Deviations, moment: DateTime) -> Option<Json> {
    let moment = if on.contains(D::DatesUtc) { moment.checked_sub(3.hours()).ok()? } else { moment };
    let form = if on.contains(D::DatesDotted) {
        "%d.%m.%Y %H:%M:%S"
    } else if on.contains(D::DatesMonthFirst) {
        "%m/%d/%Y %H:%M:%S"
    } else if on.contains(D::DatesIsoT) {
        "%Y-%m-%dT%H:%M:%S"
    } else if on.contains(D::DatesTimeZone) {
        "%Y-%m-%d %H:%M:%S+03:00"
    } else if on.contains(D::DatesMicroseconds) {
        "%Y-%m-%d %H:%M:%S.000000"
    } else if on.contains(D::DatesWithoutSeconds) {
        "%Y-%m-%d %H:%M"
    } else if on.contains(D::DatesWithoutTime) {
        "%Y-%m-%d"
    } else if on.contains(D::DatesEpoch) {
        return epoch(moment);
    } else {
        DATETIME_FORMAT
    };
    Some(Json::from(moment.strftime(form).to_string()))
}

fn epoch(moment: DateTime) -> Option<Json> {
    Some(Json::from(TimeZone::UTC.to_timestamp(moment).ok()?.as_second()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_form_is_what_it_says() {
        let check = |on: D, kind, value: &str, expected: Json| {
            let mut changed = json!(value);
            change(Deviations::NONE.with(on), Column { kind, key: false }, &mut changed);
            assert_eq!(changed, expected, "{on} {value}");
        };
        let (day, moment) = ("2022-02-01", "2022-02-01 01:02:03");
        check(D::DatesIsoT, FieldType::DateTime, moment, json!("2022-02-01T01:02:03"));
        check(D::DatesIsoT, FieldType::Date, day, json!(day));
        check(D::DatesDotted, FieldType::Date, day, json!("01.02.2022"));
        check(D::DatesMonthFirst, FieldType::Date, day, json!("02/01/2022"));
        check(D::DatesEpoch, FieldType::DateTime, moment, json!(1_643_677_323));
        check(D::DatesEpoch, FieldType::Date, day, json!(1_643_673_600));
        check(D::DatesUtc, FieldType::DateTime, moment, json!("2022-01-31 22:02:03"));
        check(D::DatesMidnight, FieldType::Date, day, json!("2022-02-01 00:00:00"));
        check(D::DatesWithoutTime, FieldType::DateTime, moment, json!(day));
        check(D::DatesEpoch, FieldType::String, day, json!(day));
    }
}
