//! Civil months, the periods of evaluation (regulation 2.7).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Instant, TimeZone};

const FIRST: i32 = 12;
const LAST: i32 = 9999 * 12 + 11;

/// A calendar month of the years 1 to 9999, written `YYYY-MM`.
///
/// Its instants depend on a time zone; it is half-open: it begins at its first midnight and ends
/// before the first midnight of the next (decisions.md 2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

/// A text or pair of numbers that is not a month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a month: expected YYYY-MM, such as 2018-04")]
pub struct MonthError(String);

impl Month {
    /// The first month that can be written.
    pub const MIN: Self = Self(FIRST);
    /// The last one.
    pub const MAX: Self = Self(LAST);

    /// The month `month` (1 to 12) of `year` (1 to 9999), if there is one.
    #[must_use]
    pub const fn new(year: i32, month: i32) -> Option<Self> {
        if 1 <= year && year <= 9999 && 1 <= month && month <= 12 {
            Some(Self(year * 12 + month - 1))
        } else {
            None
        }
    }

    /// The month that `instant` lies in.
    #[must_use]
    pub fn of(instant: Instant, zone: &TimeZone) -> Self {
        let civil = zone.civil(instant);
        Self((i32::from(civil.year()) * 12 + i32::from(civil.month()) - 1).clamp(FIRST, LAST))
    }

    /// The year, 1 to 9999.
    #[must_use]
    pub const fn year(self) -> i32 {
        self.0.div_euclid(12)
    }

    /// The month of the year, 1 to 12.
    #[must_use]
    pub const fn month(self) -> i32 {
        self.0.rem_euclid(12) + 1
    }

    /// The month `months` later, or earlier when negative; stays within the years 1 to 9999.
    #[must_use]
    pub fn plus(self, months: i32) -> Self {
        Self(self.0.saturating_add(months).clamp(FIRST, LAST))
    }

    /// The month after.
    #[must_use]
    pub fn next(self) -> Self {
        self.plus(1)
    }

    /// The month before.
    #[must_use]
    pub fn previous(self) -> Self {
        self.plus(-1)
    }

    /// How many months this one lies after `other`; negative when before.
    #[must_use]
    pub const fn since(self, other: Self) -> i32 {
        self.0 - other.0
    }

    /// How many days the month has, 28 to 31.
    #[must_use]
    pub const fn days(self) -> u8 {
        let year = self.year();
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        match self.month() {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    /// Whether the month lies in `first..=last`, open at the end without a `last`.
    #[must_use]
    pub fn is_within(self, first: Self, last: Option<Self>) -> bool {
        first <= self && last.is_none_or(|last| self <= last)
    }

    /// The first instant of the month.
    #[must_use]
    pub fn start(self, zone: &TimeZone) -> Instant {
        zone.start_of_day(self.year(), self.month(), 1)
    }

    /// The first instant that is no more in the month.
    #[must_use]
    pub fn end(self, zone: &TimeZone) -> Instant {
        self.next().start(zone)
    }

    /// The instant at which the data of the month are frozen: `day`, 24:00, of the next month
    /// (method c.6, decisions.md 2). A day past the end of that month runs into the one after.
    #[must_use]
    pub fn freeze(self, day: u8, zone: &TimeZone) -> Instant {
        let next = self.next();
        zone.start_of_day(next.year(), next.month(), i32::from(day) + 1)
    }
}

impl FromStr for Month {
    type Err = MonthError;

    fn from_str(text: &str) -> Result<Self, MonthError> {
        let parse = || {
            let (year, month) = text.split_once('-')?;
            let digits = |part: &str, length| {
                (part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit()))
                    .then(|| part.parse::<i32>().ok())?
            };
            Self::new(digits(year, 4)?, digits(month, 2)?)
        };
        parse().ok_or_else(|| MonthError(text.chars().take(80).collect()))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}", self.year(), self.month())
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    #[test]
    fn april_2018_in_zhengzhou() {
        let zone: TimeZone = "Asia/Shanghai".parse().unwrap();
        let april = month("2018-04");
        assert_eq!(april.start(&zone).to_string(), "2018-03-31T16:00:00Z");
        assert_eq!(april.end(&zone), april.next().start(&zone));
        assert_eq!(april.freeze(3, &zone).to_rfc3339_in(&zone), "2018-05-04T00:00:00+08:00");
        assert_eq!(month("2017-12").freeze(3, &zone).to_string(), "2018-01-03T16:00:00Z");
    }

    #[test]
    fn a_freeze_day_past_the_end_runs_on() {
        let utc: TimeZone = "UTC".parse().unwrap();
        assert_eq!(month("2018-01").freeze(30, &utc).to_string(), "2018-03-03T00:00:00Z");
    }

    #[test]
    fn a_month_has_its_days() {
        let days = ["2018-01", "2018-02", "2020-02", "1900-02", "2000-02", "2018-04"];
        assert_eq!(days.map(|text| month(text).days()), [31, 28, 29, 28, 29, 30]);
    }

    #[test]
    fn what_is_no_month_is_refused() {
        for bad in ["", "2018", "2018-13", "2018-00", "2018-4", "0000-01", "+018-01", "2018-04 "] {
            assert!(bad.parse::<Month>().is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn months_form_a_line(year in 2_i32..9998, number in 1_i32..=12, step in -11_i32..=11) {
            let month = Month::new(year, number).unwrap();
            prop_assert_eq!(month.to_string().parse::<Month>().unwrap(), month);
            prop_assert_eq!(month.next().previous(), month);
            prop_assert_eq!(month.plus(step).since(month), step);
        }

        #[test]
        fn a_month_holds_its_instants(year in 1950_i32..2100, number in 1_i32..=12) {
            for name in ["Asia/Shanghai", "America/New_York", "America/Sao_Paulo"] {
                let zone: TimeZone = name.parse().unwrap();
                let month = Month::new(year, number).unwrap();
                let (start, end) = (month.start(&zone), month.end(&zone));
                prop_assert_eq!(Month::of(start, &zone), month);
                let last = Instant::from_micros(end.as_micros() - 1);
                prop_assert_eq!(Month::of(last, &zone), month);
                prop_assert_eq!(Month::of(end, &zone), month.next());
            }
        }
    }
}
