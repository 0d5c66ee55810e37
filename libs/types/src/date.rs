//! Civil days, which calendars are made of.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use jiff::civil::{self, DateTime};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::instant::EPOCH;
use crate::{Instant, TimeZone, named_enum};

/// A day of the calendar wherever it is lived, in the years 1 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

/// A text that is not a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a day: expected YYYY-MM-DD, such as 2018-04-28")]
pub struct DateError(String);

named_enum! {
    /// A day of the week.
    pub enum Weekday: "day of the week" {
        /// 星期一.
        Monday = 1 => "mon",
        /// 星期二.
        Tuesday = 2 => "tue",
        /// 星期三.
        Wednesday = 3 => "wed",
        /// 星期四.
        Thursday = 4 => "thu",
        /// 星期五.
        Friday = 5 => "fri",
        /// 星期六.
        Saturday = 6 => "sat",
        /// 星期日.
        Sunday = 7 => "sun",
    }
}

impl Date {
    /// The first day there is, 0001-01-01.
    pub const MIN: Self = Self(-719_162);
    /// The last day there is, 9999-12-31.
    pub const MAX: Self = Self(2_932_896);

    /// A day by its numbers; none when the month does not have it, or outside of the years 1 to
    /// 9999.
    #[must_use]
    pub fn new(year: i32, month: i32, day: i32) -> Option<Self> {
        let year = i16::try_from(year).ok().filter(|year| *year >= 1)?;
        let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
        civil::Date::new(year, month, day).ok().map(Self::of_civil)
    }

    /// The day that `instant` falls on in the local time of `zone`.
    #[must_use]
    pub fn of(instant: Instant, zone: &TimeZone) -> Self {
        Self::of_civil(zone.civil(instant).date())
    }

    /// The day so many days later; one outside of the years 1 to 9999 is moved to [`Date::MIN`] or
    /// [`Date::MAX`].
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days).clamp(Self::MIN.0, Self::MAX.0))
    }

    /// How many days `other` is earlier.
    #[must_use]
    pub const fn since(self, other: Self) -> i32 {
        self.0 - other.0
    }

    /// The day of the week.
    #[must_use]
    pub fn weekday(self) -> Weekday {
        // 1970-01-01 was a Thursday.
        let code = (self.0 + 3).rem_euclid(7) + 1;
        u8::try_from(code).ok().and_then(Weekday::from_code).expect("1 to 7")
    }

    /// The first instant of the day in `zone`.
    #[must_use]
    pub fn start(self, zone: &TimeZone) -> Instant {
        self.at(0, zone)
    }

    /// The first instant at which local clocks show so many minutes after midnight, or more where
    /// they were set forward over it; 1440 is the midnight that ends the day.
    #[must_use]
    pub fn at(self, minute: u16, zone: &TimeZone) -> Instant {
        let time = self.to_civil().saturating_add(SignedDuration::from_mins(minute.into()));
        zone.first_instant(time)
    }

    /// Midnight, as clocks would show it.
    fn to_civil(self) -> DateTime {
        EPOCH.saturating_add(SignedDuration::from_hours(24 * i64::from(self.0)))
    }

    fn of_civil(date: civil::Date) -> Self {
        let days = date.duration_since(EPOCH.date()).as_hours() / 24;
        let days = i32::try_from(days).expect("years have few days");
        Self(days.clamp(Self::MIN.0, Self::MAX.0))
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let parse = || {
            let mut parts = text.split('-');
            let mut digits = |length| {
                let part = parts.next()?;
                (part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit()))
                    .then(|| part.parse::<i32>().ok())?
            };
            let date = Self::new(digits(4)?, digits(2)?, digits(2)?)?;
            parts.next().is_none().then_some(date)
        };
        parse().ok_or_else(|| DateError(text.chars().take(80).collect()))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.to_civil().date())
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn zone(name: &str) -> TimeZone {
        name.parse().unwrap()
    }

    #[test]
    fn days_of_the_week_are_those_of_the_wall_calendar() {
        assert_eq!(date("2018-04-28").weekday(), Weekday::Saturday);
        assert_eq!(date("2018-02-11").weekday(), Weekday::Sunday);
        assert_eq!(date("1970-01-01").weekday(), Weekday::Thursday);
        assert_eq!(Date::MIN.weekday(), Weekday::Monday);
    }

    #[test]
    fn the_ends_of_time_are_days() {
        assert_eq!((Date::MIN, Date::MAX), (date("0001-01-01"), date("9999-12-31")));
        assert_eq!((Date::MIN.plus(-1), Date::MAX.plus(i32::MAX)), (Date::MIN, Date::MAX));
        for name in ["Asia/Shanghai", "America/New_York"] {
            let zone = zone(name);
            assert!(Date::of(Instant::MIN, &zone) <= date("0001-01-01"));
            assert!(Date::of(Instant::MAX, &zone) >= date("9999-12-31"));
            assert!(Date::MAX.at(1440, &zone) <= Instant::MAX);
            assert!(Date::MIN.start(&zone) >= Instant::MIN);
        }
    }

    #[test]
    fn other_forms_are_no_days() {
        for text in ["", "2018-4-28", "2018-02-29", "2018-04-28-", "2018/04/28", "0000-01-01"] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_that_clocks_skip_is_the_instant_at_which_they_jump() {
        let boston = zone("America/New_York");
        let at = |day: &str, minute| date(day).at(minute, &boston).to_string();
        for minute in [120, 150, 179, 180] {
            assert_eq!(at("2011-03-13", minute), "2011-03-13T07:00:00Z");
        }
        // It came twice: the first.
        assert_eq!(at("2011-11-06", 90), "2011-11-06T05:30:00Z");
    }

    #[test]
    fn a_day_may_begin_after_midnight() {
        let cairo = zone("Africa/Cairo");
        assert_eq!(date("2023-04-28").start(&cairo).to_string(), "2023-04-27T22:00:00Z");
        assert_eq!(Date::of(date("2023-04-28").start(&cairo), &cairo), date("2023-04-28"));
    }

    proptest! {
        #[test]
        fn a_day_survives_its_text(days in Date::MIN.0..=Date::MAX.0) {
            let date = Date(days);
            prop_assert_eq!(date.to_string().parse::<Date>().unwrap(), date);
        }

        #[test]
        fn an_instant_lies_in_its_day(micros in 0..4_000_000_000_000_000_i64) {
            let instant = Instant::from_micros(micros);
            for name in ["Asia/Shanghai", "America/New_York", "Africa/Cairo"] {
                let zone = zone(name);
                let date = Date::of(instant, &zone);
                prop_assert!(date.start(&zone) <= instant && instant < date.plus(1).start(&zone));
            }
        }

        #[test]
        fn later_minutes_are_never_earlier_instants(
            days in 0..30_000_i32, minute in 0..1440_u16,
        ) {
            for name in ["Asia/Shanghai", "America/New_York", "Africa/Cairo"] {
                let zone = zone(name);
                let (one, next) = (Date(days).at(minute, &zone), Date(days).at(minute + 1, &zone));
                prop_assert!(one <= next);
            }
        }
    }
}
