//! The working hours of a day, and the days of the week that are off.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Date, Weekday};

/// More periods than a day of work has anywhere.
const PERIODS_MAX: usize = 12;
const DAY: u16 = 24 * 60;

/// A stretch of working time of a day, in minutes after midnight of local time; half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    from: u16,
    to: u16,
}

impl Period {
    /// Its first minute, below [`Period::to`].
    #[must_use]
    pub const fn from(self) -> u16 {
        self.from
    }

    /// The minute that ends it; 1440 is midnight.
    #[must_use]
    pub const fn to(self) -> u16 {
        self.to
    }
}

/// The working time of a day: one to twelve periods in order, none of which overlap.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Periods(Vec<Period>);

/// A text that is not the working time of a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not the working time of a day: expected one to twelve periods in order, such as \
     08:00-12:00 14:00-18:00"
)]
pub struct PeriodsError(String);

impl Periods {
    /// The periods.
    #[must_use]
    pub fn as_slice(&self) -> &[Period] {
        &self.0
    }
}

impl FromStr for Periods {
    type Err = PeriodsError;

    fn from_str(text: &str) -> Result<Self, PeriodsError> {
        let wrong = || PeriodsError(text.chars().take(80).collect());
        let periods: Option<Vec<Period>> = text.split_whitespace().map(period).collect();
        let periods = periods.ok_or_else(wrong)?;
        let in_order = periods.windows(2).all(|pair| pair[0].to <= pair[1].from);
        let few = (1..=PERIODS_MAX).contains(&periods.len());
        if in_order && few { Ok(Self(periods)) } else { Err(wrong()) }
    }
}

fn period(text: &str) -> Option<Period> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (minute(from)?, minute(to)?);
    (from < to).then_some(Period { from, to })
}

/// Reads `H:MM` or `HH:MM`, up to 24:00.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u16>().ok())?
    };
    let right = (1..=2).contains(&hour.len()) && minute.len() == 2;
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    (right && minute < 60).then_some(hour * 60 + minute).filter(|minute| *minute <= DAY)
}

impl fmt::Display for Periods {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Period { from, to }) in self.0.iter().enumerate() {
            let between = if index == 0 { "" } else { " " };
            let (h1, m1, h2, m2) = (from / 60, from % 60, to / 60, to % 60);
            write!(formatter, "{between}{h1:02}:{m1:02}-{h2:02}:{m2:02}")?;
        }
        Ok(())
    }
}

/// The days of the week that are off; never all seven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DaysOff(u8);

/// A text that does not say which days of the week are off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} does not say which days of the week are off: expected some of mon, tue, wed, thu, fri, \
     sat, sun with spaces between them, such as sat sun, or none"
)]
pub struct DaysOffError(String);

impl DaysOff {
    /// Saturday and Sunday.
    pub const WEEKEND: Self = Self(1 << Weekday::Saturday.code() | 1 << Weekday::Sunday.code());

    /// Whether a day of the week is off.
    #[must_use]
    pub const fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day.code()) != 0
    }
}

impl FromStr for DaysOff {
    type Err = DaysOffError;

    fn from_str(text: &str) -> Result<Self, DaysOffError> {
        let wrong = || DaysOffError(text.chars().take(80).collect());
        if text == "none" {
            return Ok(Self(0));
        }
        let mut set = 0_u8;
        for word in text.split_whitespace() {
            set |= 1_u8 << word.parse::<Weekday>().map_err(|_| wrong())?.code();
        }
        let days = set.count_ones();
        if (1..7).contains(&days) { Ok(Self(set)) } else { Err(wrong()) }
    }
}

impl fmt::Display for DaysOff {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = Weekday::ALL.iter().filter(|day| self.contains(**day));
        let days: Vec<_> = days.map(|day| day.as_str()).collect();
        if days.is_empty() { formatter.pad("none") } else { formatter.pad(&days.join(" ")) }
    }
}

macro_rules! serde_as_text {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

serde_as_text!(Periods);
serde_as_text!(DaysOff);

/// When a jurisdiction works (`working_hours.csv`), from a day until later ones hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkingHours {
    /// The first day.
    pub effective_date: Date,
    /// The working time of a day.
    pub periods: Periods,
    /// The days of the week that are off.
    pub days_off: DaysOff,
    /// What they are called, such as 夏季作息; may be empty.
    pub name: String,
}

impl WorkingHours {
    /// 08:00 to 12:00 and 14:00 to 18:00, weekends off (method 2.4).
    #[must_use]
    pub fn standard() -> Self {
        Self {
            effective_date: Date::MIN,
            periods: Periods(vec![
                Period { from: 8 * 60, to: 12 * 60 },
                Period { from: 14 * 60, to: 18 * 60 },
            ]),
            days_off: DaysOff::WEEKEND,
            name: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn periods_are_read_in_the_ways_that_people_write_them() {
        let periods: Periods = " 8:00-12:00   14:00-24:00 ".parse().unwrap();
        assert_eq!(periods.to_string(), "08:00-12:00 14:00-24:00");
        assert_eq!(WorkingHours::standard().periods, "08:00-12:00 14:00-18:00".parse().unwrap());
        assert_eq!(DaysOff::WEEKEND, "sun sat".parse().unwrap());
    }

    #[test]
    fn other_texts_are_no_working_time() {
        for text in [
            "",
            "08:00",
            "12:00-08:00",
            "08:00-08:00",
            "08:00-24:01",
            "08:00-12:60",
            "08:00-13:00 12:00-18:00",
            "14:00-18:00 08:00-12:00",
            "08:00–12:00",
            "800-1200",
            "+8:00-12:00",
            "99999:00-12:00",
        ] {
            assert!(text.parse::<Periods>().is_err(), "{text}");
        }
        for text in ["", "sat,sun", "Sat", "saturday", "sat none"] {
            assert!(text.parse::<DaysOff>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn periods_survive_their_text(mut minutes in prop::collection::btree_set(0..=DAY, 2..20)) {
            if minutes.len() % 2 == 1 {
                minutes.pop_last();
            }
            let minutes: Vec<_> = minutes.into_iter().collect();
            let periods = minutes.chunks(2).map(|pair| Period { from: pair[0], to: pair[1] });
            let periods = Periods(periods.collect());
            prop_assert_eq!(periods.to_string().parse::<Periods>().unwrap(), periods);
        }

        #[test]
        fn days_off_survive_their_text(set in 0_u8..127) {
            let off = DaysOff(set << 1);
            prop_assert_eq!(off.to_string().parse::<DaysOff>().unwrap(), off);
        }

        #[test]
        fn no_text_makes_the_parsers_panic(text in "[0-9:\\- a-z]{0,30}") {
            let _ = (text.parse::<Periods>(), text.parse::<DaysOff>());
        }
    }
}
