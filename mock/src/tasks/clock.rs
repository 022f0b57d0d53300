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

/// The moment is beyond the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the moment is beyond what the calendar can hold")]
pub struct ClockError;

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
    /// Where the calendar ends.
    pub fn after(&self, span: Span) -> Result<DateTime, ClockError> {
        self.now().checked_add(span).map_err(|_| ClockError)
    }

    /// Moves the clock to a moment, forwards or back.
    pub fn set(&mut self, moment: DateTime) {
        match self {
            Self::Virtual { now } => *now = moment,
            Self::System { ahead } => *ahead = moment.duration_since(ZonedDateTime::now().datetime()),
        }
    }
}
