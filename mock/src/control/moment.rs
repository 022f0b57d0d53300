//! Moments and spans as people write them, and the command that moves the clock.

use jiff::Span;
use jiff::civil::DateTime;
use serde_json::Value;

use super::ControlError;
use crate::mock::Mock;

/// Not a moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no moment: write it like 2022-02-01 10:00:00 or 2022-02-01")]
pub struct MomentError(String);

/// `2022-02-01 10:00:00`, or a day for its midnight.
///
/// # Errors
/// Where it is neither, or before the year 1, where Python's calendar begins.
pub fn parse(text: &str) -> Result<DateTime, MomentError> {
    let moment: Option<DateTime> = text.trim().parse().ok();
    moment.filter(|moment| moment.year() >= 1).ok_or_else(|| MomentError(text.escape_debug().to_string()))
}

/// `{"advance": "10m"}`, `{"set": "2022-03-01 00:00:00"}`, or `{"next": "task"}` to jump to the next waiting task.
pub fn move_clock(mock: &Mock, command: &Value) -> Result<(), ControlError> {
    let form = || {
        ControlError::Invalid(
            r#"the body must be {"advance": "10m"}, {"set": "2022-03-01 00:00:00"} or {"next": "task"}, and nothing else"#
                .to_owned(),
        )
    };
    let entries = command.as_object().filter(|entries| entries.len() == 1).ok_or_else(form)?;
    if entries.get("next").is_some_and(|what| what == "task") {
        return mock.jump().map_err(|error| ControlError::Invalid(error.to_string()));
    }
    match (entries.get("advance"), entries.get("set")) {
        (Some(Value::String(text)), None) => {
            let span = span(text)?;
            mock.advance(span).map(drop).map_err(|error| ControlError::Invalid(error.to_string()))
        }
        (None, Some(Value::String(text))) => {
            let moment = parse(text).map_err(|error| ControlError::Invalid(error.to_string()))?;
            mock.set_clock(moment).map_err(|error| ControlError::Invalid(error.to_string()))
        }
        _ => Err(form()),
    }
}

fn span(text: &str) -> Result<Span, ControlError> {
    let wrong = || {
        ControlError::Invalid(format!(
            "`{}` is no span of time: write it like 90s, 10m, 2h 30m, 1d or 1 month",
            text.escape_debug()
        ))
    };
    let span: Span = text.parse().map_err(|_| wrong())?;
    if span.is_negative() {
        return Err(ControlError::Invalid(
            "the clock only advances forwards; to turn it back, set a moment: {\"set\": \"2022-03-01 00:00:00\"}"
                .to_owned(),
        ));
    }
    Ok(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_on_the_page() {
        let moment = parse("2022-02-01 10:00:00").unwrap();
        assert_eq!(moment, jiff::civil::date(2022, 2, 1).at(10, 0, 0, 0));
        assert_eq!(parse("2022-02-01").unwrap(), jiff::civil::date(2022, 2, 1).at(0, 0, 0, 0));
        for text in ["", "tomorrow", "2022-13-01", "01.02.2022", "2022-02-01 10:00:00Z", "-000500-01-01", "0000-01-01"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn spans_are_words_people_use() {
        for text in ["90s", "10m", "2h 30m", "1d", "1 month", "PT10M", "3 years"] {
            assert!(span(text).is_ok(), "{text}");
        }
        for text in ["", "10", "soon", "-10m"] {
            assert!(span(text).is_err(), "{text}");
        }
    }
}
