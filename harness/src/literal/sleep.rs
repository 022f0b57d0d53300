//! `sleep` of a script that is tried: the mock's time passes instead of ours.

use std::time::Duration;

use crate::control::{self, ControlError};
use crate::target::Client;

/// No span of time as `sleep` takes it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("sleep: invalid time interval `{0}`")]
pub struct SpanError(String);

/// What `sleep` would sleep in all: `10`, `0.5`, `1m 30s`.
///
/// # Errors
/// Names what is no span of time.
pub fn span(words: &[String]) -> Result<Duration, SpanError> {
    words.iter().try_fold(Duration::ZERO, |sum, word| {
        let wrong = || SpanError(word.clone());
        let (number, unit) = match word.strip_suffix(['s', 'm', 'h', 'd']) {
            Some(number) => (number, &word[number.len()..]),
            None => (word.as_str(), "s"),
        };
        let each: f64 = match unit {
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86400.0,
            _ => 1.0,
        };
        let seconds = number.parse::<f64>().map_err(|_| wrong())? * each;
        let span = Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?;
        sum.checked_add(span).ok_or_else(wrong)
    })
}

/// Lets the mock's time pass, in whole seconds.
///
/// # Errors
/// See [`ControlError`].
pub async fn sleep(client: &Client, span: Duration) -> Result<(), ControlError> {
    let seconds = span.as_secs() + u64::from(span.subsec_nanos() > 0);
    control::advance(client, &format!("{seconds}s")).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_those_of_sleep() {
        let span = |text: &str| span(&text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(span("10"), Ok(Duration::from_secs(10)));
        assert_eq!(span("0.5 1m 2h"), Ok(Duration::from_millis(7_260_500)));
        for word in ["", "soon", "-1", "s", "1w", "infinity", "99999999999999999999d"] {
            assert_eq!(span(word), Err(SpanError(word.to_owned())), "{word}");
        }
    }
}
