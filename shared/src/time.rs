//! Instants as the wire writes them: RFC 3339 in UTC with milliseconds.
//!
//! A time is a label. Nothing is ordered by it; numbers in a log are.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// The text is not an RFC 3339 instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time")]
pub struct BadTime;

impl Timestamp {
    /// The last instant that is told apart from later ones: the beginning of the year 9999.
    const LAST: i64 = 253_370_764_800_000;

    /// An instant `millis` milliseconds after the epoch, clamped to the years 1970 to 9998.
    pub const fn from_millis(millis: i64) -> Self {
        if millis < 0 {
            Self(0)
        } else if millis > Self::LAST {
            Self(Self::LAST)
        } else {
            Self(millis)
        }
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The instant `millis` milliseconds later.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{instant:.3}")
    }
}

impl FromStr for Timestamp {
    type Err = BadTime;

    fn from_str(text: &str) -> Result<Self, BadTime> {
        let instant: jiff::Timestamp = text.parse().map_err(|_| BadTime)?;
        Ok(Self::from_millis(instant.as_millisecond()))
    }
}

crate::schema::text!(Timestamp, "RFC 3339 in UTC with milliseconds");

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc_with_three_decimals() {
        let time = Timestamp::from_millis(1_795_342_530_120);

        assert_eq!(time.to_string(), "2026-11-22T10:15:30.120Z");
        assert_eq!(time.to_string().parse(), Ok(time));
        assert_eq!(Timestamp::from_millis(0).to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn an_instant_beyond_the_calendar_is_clamped_and_still_prints() {
        assert!(!Timestamp::from_millis(i64::MAX).to_string().is_empty());
        assert!(!Timestamp::from_millis(i64::MIN).to_string().is_empty());
    }
}
