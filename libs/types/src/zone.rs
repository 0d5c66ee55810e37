//! Time zones, from the database compiled into the program.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};
use jiff::tz::{self, AmbiguousOffset, TimeZoneDatabase};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Instant;
use crate::instant::{EPOCH, parse_civil};

/// A time zone of the IANA database, such as `Asia/Shanghai`. Equal by name.
#[derive(Clone)]
pub struct TimeZone {
    zone: tz::TimeZone,
}

/// A name that the bundled database does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("time zone {0:?} is not known: use an IANA name such as Asia/Shanghai")]
pub struct UnknownTimeZone(String);

/// What to make of a local time that came twice, because clocks were set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Fold {
    /// Refuse it.
    #[default]
    Refuse,
    /// The first of the two.
    Earlier,
    /// The second of the two.
    Later,
}

/// A local time that is not one instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocalTimeError {
    /// Not a date and time of day.
    #[error("{0:?} is not a local time: expected YYYY-MM-DD HH:MM:SS")]
    Malformed(String),
    /// Clocks were set forward over it.
    #[error("{text:?} never was in {zone}: clocks were set forward over it")]
    Gap {
        /// The local time.
        text: String,
        /// The zone.
        zone: String,
    },
    /// Clocks were set back, so it came twice.
    #[error("{text:?} came twice in {zone}: say whether the earlier or the later is meant")]
    Overlap {
        /// The local time.
        text: String,
        /// The zone.
        zone: String,
    },
}

impl TimeZone {
    /// The IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The instant of a local time `YYYY-MM-DD HH:MM:SS` (a `T` between and up to six decimals
    /// will do as well); `fold` decides where the time came twice.
    ///
    /// # Errors
    ///
    /// When the text is no local time, or one that never was, or one that came twice and `fold`
    /// is [`Fold::Refuse`].
    pub fn local(&self, civil: &str, fold: Fold) -> Result<Instant, LocalTimeError> {
        let cut = || civil.chars().take(80).collect::<String>();
        let (time, rest) =
            parse_civil(civil, b" T").ok_or_else(|| LocalTimeError::Malformed(cut()))?;
        if !rest.is_empty() {
            return Err(LocalTimeError::Malformed(cut()));
        }
        let offset = match (self.zone.to_ambiguous_timestamp(time).offset(), fold) {
            (AmbiguousOffset::Unambiguous { offset }, _) => offset,
            (AmbiguousOffset::Fold { before, .. }, Fold::Earlier) => before,
            (AmbiguousOffset::Fold { after, .. }, Fold::Later) => after,
            (AmbiguousOffset::Fold { .. }, Fold::Refuse) => {
                return Err(LocalTimeError::Overlap { text: cut(), zone: self.name().to_owned() });
            }
            (AmbiguousOffset::Gap { .. }, _) => {
                return Err(LocalTimeError::Gap { text: cut(), zone: self.name().to_owned() });
            }
        };
        Ok(Instant::from_civil(time, offset.seconds()))
    }

    /// The offset from UTC at `instant`, in seconds, positive to the east.
    pub(crate) fn offset_seconds(&self, instant: Instant) -> i32 {
        self.zone.to_offset(instant.to_timestamp()).seconds()
    }

    /// The local time at `instant`.
    pub(crate) fn civil(&self, instant: Instant) -> DateTime {
        instant.to_civil(self.offset_seconds(instant))
    }

    /// The first instant of the `day`-th of a month; days past its end run on. Where midnight
    /// itself was skipped, the day begins when the clocks had been set forward.
    pub(crate) fn start_of_day(&self, year: i32, month: i32, day: i32) -> Instant {
        let first = i16::try_from(year)
            .ok()
            .zip(i8::try_from(month).ok())
            .and_then(|(year, month)| Date::new(year, month, 1).ok())
            .expect("a month has a first day");
        let midnight = first
            .saturating_add(SignedDuration::from_hours(24 * i64::from(day - 1)))
            .to_datetime(jiff::civil::Time::midnight());
        self.first_instant(midnight)
    }

    /// The first instant at which local clocks show `time`, or a later one where they were set
    /// forward over it. Later times never give earlier instants.
    pub(crate) fn first_instant(&self, time: DateTime) -> Instant {
        let offset = match self.zone.to_ambiguous_timestamp(time).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Fold { before, .. } => before,
            AmbiguousOffset::Gap { before, after } => {
                // With the offset after it, a time in a gap names an instant before the jump.
                let earlier = Instant::from_civil(time, after.seconds());
                let jump = self.zone.following(earlier.to_timestamp()).next();
                return jump.map_or_else(
                    || Instant::from_civil(time, before.seconds()),
                    |jump| Instant::from_micros(jump.timestamp().as_microsecond()),
                );
            }
        };
        Instant::from_civil(time, offset.seconds())
    }
}

impl Instant {
    pub(crate) fn from_civil(time: DateTime, offset_seconds: i32) -> Self {
        let micros =
            time.duration_since(EPOCH).as_micros() - i128::from(offset_seconds) * 1_000_000;
        Self::from_micros(i64::try_from(micros).expect("years below 10000 fit"))
    }
}

impl FromStr for TimeZone {
    type Err = UnknownTimeZone;

    fn from_str(name: &str) -> Result<Self, UnknownTimeZone> {
        let zone = TimeZoneDatabase::bundled()
            .get(name)
            .map_err(|_| UnknownTimeZone(name.chars().take(80).collect()))?;
        Ok(Self { zone })
    }
}

impl PartialEq for TimeZone {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for TimeZone {}

impl fmt::Display for TimeZone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl fmt::Debug for TimeZone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.name(), formatter)
    }
}

impl Serialize for TimeZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for TimeZone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        name.parse().unwrap()
    }

    #[test]
    fn a_local_time_has_its_offset() {
        let shanghai = zone("Asia/Shanghai");
        let instant = shanghai.local("2018-04-03 09:15:00", Fold::Refuse).unwrap();
        assert_eq!(instant.to_string(), "2018-04-03T01:15:00Z");
        assert_eq!(instant.to_rfc3339_in(&shanghai), "2018-04-03T09:15:00+08:00");
    }

    #[test]
    fn a_time_that_came_twice_is_refused_or_chosen() {
        let boston = zone("America/New_York");
        let local = |fold| boston.local("2011-11-06 01:30:00", fold);
        assert!(matches!(local(Fold::Refuse), Err(LocalTimeError::Overlap { .. })));
        assert_eq!(local(Fold::Earlier).unwrap().to_string(), "2011-11-06T05:30:00Z");
        assert_eq!(local(Fold::Later).unwrap().to_string(), "2011-11-06T06:30:00Z");
    }

    #[test]
    fn a_time_that_never_was_is_refused() {
        let boston = zone("America/New_York");
        let error = boston.local("2011-03-13 02:30:00", Fold::Earlier).unwrap_err();
        assert!(matches!(error, LocalTimeError::Gap { .. }));
        assert!(boston.local("2011-03-13 02:30:00Z", Fold::Earlier).is_err());
        assert!(boston.local("2011-02-29 02:30:00", Fold::Earlier).is_err());
    }

    #[test]
    fn names_are_those_of_the_bundled_database() {
        assert_eq!(zone("Asia/Shanghai"), zone("Asia/Shanghai"));
        assert_ne!(zone("Asia/Shanghai"), zone("Asia/Chongqing"));
        assert!("Asia/Zhengzhou".parse::<TimeZone>().is_err());
        assert_eq!(serde_json::to_string(&zone("UTC")).unwrap(), "\"UTC\"");
    }
}
