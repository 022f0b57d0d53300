//! One clock for everything: the system's, or one that only moves when it is told to.

use jiff::civil::DateTime;
use jiff::{SignedDuration, Span, ZonedDateTime};

/// Where the time comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The machine's local time, to the second, shifted by what has been advanced.
    System {
        /// How far ahead of the machine's time.
        ahead: SignedDuration,
    },
    /// Stands still until it is advanced or set.
    Virtual {
        /// The moment.
        now: DateTime,
    },
}

/// The most days a clock moves at once, ten years: each day between has its daily run, and nobody is served meanwhile.
pub const MAX_DAYS: i64 = 3_700;

/// Why a clock is not moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// The calendar ends before.
    #[error("the moment is beyond what the calendar can hold")]
    Calendar,
    /// Too many days at once.
    #[error("the clock moves by ten years at most at once; move it several times")]
    TooFar,
}

impl Clock {
    /// The machine's time.
    pub fn system() -> Self {
        Self::System { ahead: SignedDuration::ZERO }
    }

    /// The moment now, without a time zone.
    pub fn now(&self) -> DateTime {
        match self {
            Self::System { ahead } => {
                let now = ZonedDateTime::now().datetime();
                now.checked_add(*ahead).unwrap_or(now)
            }
            Self::Virtual { now } => *now,
        }
    }

    /// The moment a span from now.
    ///
    /// # Errors
    /// Where the calendar ends, or the moment is too far ahead.
    pub fn after(&self, span: Span) -> Result<DateTime, ClockError> {
        let moment = self.now().checked_add(span).map_err(|_| ClockError::Calendar)?;
        self.reach(moment)
    }

    /// A moment, if the clock may be moved there at once.
    ///
    /// # Errors
    /// Where it is too far ahead.
    pub fn reach(&self, moment: DateTime) -> Result<DateTime, ClockError> {
        let ahead = moment.duration_since(self.now());
        if ahead > SignedDuration::from_hours(24 * MAX_DAYS) { Err(ClockError::TooFar) } else { Ok(moment) }
    }

    /// Moves the clock to a moment, forwards or back.
    pub fn set(&mut self, moment: DateTime) {
        match self {
            Self::Virtual { now } => *now = moment,
            Self::System { ahead } => *ahead = moment.duration_since(ZonedDateTime::now().datetime()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_clock_of_its_own_stands_until_it_is_moved_and_goes_ten_years_at_most() {
        let mut clock = Clock::Virtual { now: date(2022, 2, 1).at(10, 0, 0, 0) };
        let month = clock.after("1 month".parse().unwrap()).unwrap();
        assert_eq!(month, date(2022, 3, 1).at(10, 0, 0, 0));
        assert_eq!(clock.now(), date(2022, 2, 1).at(10, 0, 0, 0));
        clock.set(month);
        assert_eq!(clock.now(), month);
        assert_eq!(clock.after("30y".parse().unwrap()), Err(ClockError::TooFar));
        assert_eq!(clock.after("9000y".parse().unwrap()), Err(ClockError::Calendar));
        assert_eq!(clock.reach(date(2001, 1, 1).at(0, 0, 0, 0)), Ok(date(2001, 1, 1).at(0, 0, 0, 0)));
    }
}
