//! Instants, and the one form in which a timestamp is accepted.

use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::TimeZone;

pub(crate) const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// A point in time, in microseconds since 1970-01-01T00:00Z; always in the years 1 to 9999 (UTC).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

/// A text that is not a timestamp (decisions.md 40).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// Not of the form at all.
    #[error("{0:?} is not a timestamp: expected one such as 2018-04-03T09:15:00+08:00")]
    Malformed(String),
    /// Right, but for the missing offset. An offset is never guessed.
    #[error("timestamp {0:?} has no offset: add Z or one such as +08:00")]
    WithoutOffset(String),
}

impl Instant {
    /// The first instant there is, 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_135_596_800_000_000);
    /// The last instant there is, 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// The instant so many microseconds after 1970; one outside of the years 1 to 9999 is moved to
    /// [`Instant::MIN`] or [`Instant::MAX`].
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// Microseconds since 1970.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Reads a timestamp of RFC 3339: capital T, up to six decimals, `Z` or ±hh:mm, no second 60.
    ///
    /// # Errors
    ///
    /// [`TimestampError::WithoutOffset`] when only the offset is missing, else
    /// [`TimestampError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        let cut = || text.chars().take(80).collect();
        let (time, rest) =
            parse_civil(text, b"T").ok_or_else(|| TimestampError::Malformed(cut()))?;
        if rest.is_empty() {
            return Err(TimestampError::WithoutOffset(cut()));
        }
        let offset = parse_offset(rest).ok_or_else(|| TimestampError::Malformed(cut()))?;
        Ok(Self::from_civil(time, offset))
    }

    /// The timestamp in the local time of `zone`, such as `2018-05-04T00:00:00+08:00`. An offset
    /// with seconds (before about 1900) is cut to minutes.
    #[must_use]
    pub fn to_rfc3339_in(self, zone: &TimeZone) -> String {
        let offset = zone.offset_seconds(self) / 60 * 60;
        let sign = if offset < 0 { '-' } else { '+' };
        let minutes = offset.abs() / 60;
        format!("{}{sign}{:02}:{:02}", self.to_civil(offset), minutes / 60, minutes % 60)
    }

    /// The civil time at an offset from UTC.
    pub(crate) fn to_civil(self, offset_seconds: i32) -> DateTime {
        EPOCH
            .saturating_add(SignedDuration::from_micros(self.0))
            .saturating_add(SignedDuration::from_secs(i64::from(offset_seconds)))
    }

    /// The nearest instant that the time zone database can be asked for.
    pub(crate) fn to_timestamp(self) -> Timestamp {
        let nearest = if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Timestamp::from_microsecond(self.0).unwrap_or(nearest)
    }
}

/// Reads `YYYY-MM-DD`, one of `between`, `HH:MM:SS` and up to six decimals; gives the rest.
pub(crate) fn parse_civil<'a>(text: &'a str, between: &[u8]) -> Option<(DateTime, &'a [u8])> {
    let (head, mut rest) = text.as_bytes().split_at_checked(19)?;
    let shape = |at: usize| match at {
        4 | 7 => head[at] == b'-',
        10 => between.contains(&head[at]),
        13 | 16 => head[at] == b':',
        _ => head[at].is_ascii_digit(),
    };
    if !(0..19).all(shape) {
        return None;
    }
    let number = |from: usize, to: usize| {
        head[from..to].iter().fold(0_i16, |sum, digit| sum * 10 + i16::from(digit - b'0'))
    };
    let small = |from: usize| i8::try_from(number(from, from + 2)).ok();
    let mut nanos = 0;
    if let Some(decimals) = rest.strip_prefix(b".") {
        let length = decimals.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=6).contains(&length) {
            return None;
        }
        let digits = decimals[..length].iter().chain([b'0'; 9].iter()).take(9);
        nanos = digits.fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
        rest = &decimals[length..];
    }
    let (hour, minute, second) = (small(11)?, small(14)?, small(17)?);
    let time =
        DateTime::new(number(0, 4), small(5)?, small(8)?, hour, minute, second, nanos).ok()?;
    Some((time, rest))
}

/// Reads `Z` or ±hh:mm, as seconds to the east.
fn parse_offset(text: &[u8]) -> Option<i32> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i32::from(byte - b'0'));
    match *text {
        [b'Z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let hours = digit(h1)? * 10 + digit(h2)?;
            let minutes = digit(m1)? * 10 + digit(m2)?;
            let seconds = (hours < 24 && minutes < 60).then_some(hours * 3600 + minutes * 60)?;
            Some(if sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

impl FromStr for Instant {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        Self::parse(text)
    }
}

impl fmt::Display for Instant {
    /// UTC with `Z`, without needless decimals.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}Z", self.to_civil(0))
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn offsets_name_the_same_instant() {
        let instant = Instant::parse("2018-04-03T09:15:00+08:00").unwrap();
        for same in
            ["2018-04-03T01:15:00Z", "2018-04-02T20:00:00.000-05:15", "2018-04-03T01:15:00+00:00"]
        {
            assert_eq!(Instant::parse(same).unwrap(), instant, "{same}");
        }
        assert_eq!(instant.to_string(), "2018-04-03T01:15:00Z");
        assert_eq!(Instant::parse("1970-01-01T00:00:00.000001Z").unwrap().as_micros(), 1);
    }

    #[test]
    fn a_missing_offset_is_its_own_mistake() {
        for text in ["2018-04-03T09:15:00", "2018-04-03T09:15:00.5"] {
            let error = Instant::parse(text).unwrap_err();
            assert!(matches!(error, TimestampError::WithoutOffset(_)), "{text}");
        }
    }

    #[test]
    fn other_forms_are_malformed() {
        for text in [
            "",
            "2018-04-03",
            "2018-04-03 09:15:00+08:00",
            "2018-04-03t09:15:00Z",
            "2018-04-03T09:15:00z",
            "2018-04-03T09:15Z",
            "2018-04-03T09:15:60Z",
            "2018-04-03T24:00:00Z",
            "2018-02-29T00:00:00Z",
            "2018-04-03T09:15:00.Z",
            "2018-04-03T09:15:00.1234567Z",
            "2018-04-03T09:15:00+0800",
            "2018-04-03T09:15:00+24:00",
            "2018-04-03T09:15:00+08:60",
            "2018-04-03T09:15:00+08:00 ",
            "２０18-04-03T09:15:00Z",
        ] {
            let error = Instant::parse(text).unwrap_err();
            assert!(matches!(error, TimestampError::Malformed(_)), "{text}");
        }
    }

    #[test]
    fn the_last_year_is_accepted() {
        for text in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59+08:00"] {
            assert!(Instant::parse(text).is_ok(), "{text}");
        }
        assert_eq!(Instant::MAX.to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(Instant::MIN.to_string(), "0001-01-01T00:00:00Z");
        assert_eq!(Instant::from_micros(i64::MAX), Instant::MAX);
        let shanghai = "Asia/Shanghai".parse().unwrap();
        for instant in [Instant::MIN, Instant::MAX] {
            assert!(!instant.to_rfc3339_in(&shanghai).is_empty());
        }
    }

    proptest! {
        #[test]
        fn an_instant_survives_its_text(micros in Instant::MIN.0..=Instant::MAX.0) {
            let instant = Instant::from_micros(micros);
            prop_assert_eq!(Instant::parse(&instant.to_string()).unwrap(), instant);
        }

        #[test]
        fn an_instant_survives_its_local_text(micros in 0..4_000_000_000_000_000_i64) {
            let instant = Instant::from_micros(micros);
            for name in ["Asia/Shanghai", "America/New_York", "Asia/Kathmandu"] {
                let text = instant.to_rfc3339_in(&name.parse().unwrap());
                prop_assert_eq!(Instant::parse(&text).unwrap(), instant);
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,40}") {
            let _ = Instant::parse(&text);
        }
    }
}
