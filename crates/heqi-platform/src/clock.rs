//! Time as the product sees it: an instant in microseconds, and a clock that tests can turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// An instant: microseconds since 1970-01-01 UTC. Text form `2026-11-24T10:05:00.123456Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

/// The text is not an instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an instant; expected a form like 2026-11-24T10:05:00Z")]
pub struct MalformedTimestamp(String);

impl Timestamp {
    /// Wraps microseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The instant so many seconds later (earlier, if negative).
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// The day in UTC+8, the zone of the books, as `2026-11-24`.
    #[must_use]
    pub fn book_date(self) -> String {
        let shifted = self.plus_seconds(8 * 3600);
        shifted.to_utc().format("%Y-%m-%d").to_string()
    }

    fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.to_utc().to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl From<Timestamp> for String {
    fn from(at: Timestamp) -> Self {
        at.to_string()
    }
}

impl TryFrom<String> for Timestamp {
    type Error = MalformedTimestamp;
    fn try_from(text: String) -> Result<Self, MalformedTimestamp> {
        match DateTime::parse_from_rfc3339(&text) {
            Ok(at) => Ok(Self(at.timestamp_micros())),
            Err(_) => Err(MalformedTimestamp(text)),
        }
    }
}

/// Where the time comes from.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands until it is turned: for tests.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at this instant.
    #[must_use]
    pub fn fixed(at: Timestamp) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(at.0)))
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp(Utc::now().timestamp_micros()),
            Self::Fixed(at) => Timestamp(at.load(Ordering::SeqCst)),
        }
    }

    /// Turns a fixed clock by so many seconds; the machine's clock is not ours to turn.
    pub fn advance(&self, seconds: i64) {
        if let Self::Fixed(at) = self {
            at.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_comes_back_from_its_text() {
        let at = Timestamp::from_micros(1_795_550_700_123_456);
        assert_eq!(at.to_string(), "2026-11-24T20:05:00.123456Z");
        assert_eq!(Timestamp::try_from(at.to_string()), Ok(at));
        assert_eq!(at.book_date(), "2026-11-25");
        assert!(Timestamp::try_from("yesterday".to_owned()).is_err());
    }

    #[test]
    fn a_fixed_clock_moves_only_when_turned() {
        let clock = Clock::fixed(Timestamp::from_micros(0));
        assert_eq!(clock.now(), clock.now());
        clock.advance(60);
        assert_eq!(clock.now(), Timestamp::from_micros(60_000_000));
    }
}
