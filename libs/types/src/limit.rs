//! Time limits, and the filing conditions that set them (method 2.1, 2.4).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Month, named_enum};

const HOUR: i64 = 3_600_000_000;
/// 9,999.99 in hundredths.
const VALUE_MAX: u32 = 999_999;

named_enum! {
    /// What a limit is counted in (method 2.4).
    pub enum LimitUnit: "unit of a limit" {
        /// 紧急工作时: an hour, at night and on holidays as well.
        UrgentHour = 1 => "urgent_hour",
        /// 紧急工作日: 24 hours, at night and on holidays as well.
        UrgentDay = 2 => "urgent_day",
        /// 工作时: an hour of working time.
        WorkHour = 3 => "work_hour",
        /// 工作日: eight hours of working time.
        WorkDay = 4 => "work_day",
    }
}

impl LimitUnit {
    /// How long one of it is, in microseconds of the time in which it runs.
    #[must_use]
    pub const fn micros(self) -> i64 {
        match self {
            Self::UrgentHour | Self::WorkHour => HOUR,
            Self::UrgentDay => 24 * HOUR,
            Self::WorkDay => 8 * HOUR,
        }
    }

    /// Whether it runs in working time only.
    #[must_use]
    pub const fn is_working(self) -> bool {
        matches!(self, Self::WorkHour | Self::WorkDay)
    }
}

/// How many units a limit has: 0.01 to 9999.99, in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitValue(u32);

/// A text that is not the value of a limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a limit: expected 0.01 to 9999.99 with up to two decimals, such as 4 or 1.5")]
pub struct LimitValueError(String);

impl LimitValue {
    /// The value of so many hundredths; none for 0 and for more than 9999.99.
    #[must_use]
    pub const fn from_hundredths(hundredths: u32) -> Option<Self> {
        if 1 <= hundredths && hundredths <= VALUE_MAX { Some(Self(hundredths)) } else { None }
    }

    /// The value in hundredths.
    #[must_use]
    pub const fn hundredths(self) -> u32 {
        self.0
    }
}

impl FromStr for LimitValue {
    type Err = LimitValueError;

    fn from_str(text: &str) -> Result<Self, LimitValueError> {
        let digits = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
            (lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| part.parse::<u32>().ok())?
        };
        let parse = || {
            let (whole, decimals) = text.split_once('.').unwrap_or((text, "00"));
            let tens = if decimals.len() == 1 { 10 } else { 1 };
            Self::from_hundredths(digits(whole, 1..=4)? * 100 + digits(decimals, 1..=2)? * tens)
        };
        parse().ok_or_else(|| LimitValueError(text.chars().take(80).collect()))
    }
}

impl fmt::Display for LimitValue {
    /// Without needless decimals.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, decimals) = (self.0 / 100, self.0 % 100);
        match (decimals, decimals % 10) {
            (0, _) => write!(formatter, "{whole}"),
            (_, 0) => write!(formatter, "{whole}.{}", decimals / 10),
            _ => write!(formatter, "{whole}.{decimals:02}"),
        }
    }
}

impl Serialize for LimitValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LimitValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// How long handling may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// How many.
    pub value: LimitValue,
    /// Of what.
    pub unit: LimitUnit,
}

impl Limit {
    /// Its length in microseconds of the time in which its unit runs; always above 0.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.unit.micros() / 100 * self.value.0 as i64
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.value, self.unit)
    }
}

/// 立案条件 with its handling limit (`filing_conditions.csv`; method 2.1): one category has several,
/// and the limit is that of the condition.
///
/// The same condition may come several times with different months.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilingCondition {
    /// Unique in the jurisdiction, as cases name it.
    pub condition_id: String,
    /// Scheme with version, such as `gbt-30428.2-2013-event`.
    pub category_scheme: String,
    /// Code prefix of the categories that it is for.
    pub category_code: String,
    /// The handling limit.
    pub limit: Limit,
    /// First month.
    pub valid_from: Month,
    /// Last month, inclusive; none while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Month>,
    /// Its wording.
    pub name: String,
}

impl FilingCondition {
    /// Whether the condition is one of this category.
    #[must_use]
    pub fn covers(&self, scheme: &str, code: &str) -> bool {
        self.category_scheme == scheme && code.starts_with(&self.category_code)
    }

    /// Whether the row holds in `month`.
    #[must_use]
    pub fn is_valid_in(&self, month: Month) -> bool {
        month.is_within(self.valid_from, self.valid_to)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limit(value: &str, unit: LimitUnit) -> Limit {
        Limit { value: value.parse().unwrap(), unit }
    }

    #[test]
    fn a_limit_has_its_length() {
        assert_eq!(limit("1.5", LimitUnit::WorkHour).micros(), 90 * 60_000_000);
        assert_eq!(limit("2", LimitUnit::UrgentDay).micros(), 48 * HOUR);
        assert_eq!(limit("5", LimitUnit::WorkDay).micros(), 40 * HOUR);
        assert_eq!(limit("0.01", LimitUnit::UrgentHour).micros(), 36_000_000);
        assert_eq!(limit("1.50", LimitUnit::WorkHour).to_string(), "1.5 work_hour");
    }

    #[test]
    fn other_forms_are_no_limits() {
        for text in ["", "0", "0.00", "-1", "+1", "1.", ".5", "1.005", "10000", "1e3", " 1", "１"]
        {
            assert!(text.parse::<LimitValue>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_condition_covers_the_categories_under_its_code() {
        let text = r#"{"condition_id":"c1","category_scheme":"s","category_code":"0110",
            "limit":{"value":"4","unit":"work_hour"},"valid_from":"2018-01","name":"暴露垃圾"}"#;
        let condition: FilingCondition = serde_json::from_str(text).unwrap();
        assert!(condition.covers("s", "0110") && condition.covers("s", "011003"));
        assert!(!condition.covers("s", "0111") && !condition.covers("t", "0110"));
        assert!(!condition.is_valid_in("2017-12".parse().unwrap()));
        let again = serde_json::to_string(&condition).unwrap();
        assert_eq!(serde_json::from_str::<FilingCondition>(&again).unwrap(), condition);
    }

    proptest! {
        #[test]
        fn a_value_survives_its_text(hundredths in 1..=VALUE_MAX) {
            let value = LimitValue::from_hundredths(hundredths).unwrap();
            prop_assert_eq!(value.to_string().parse::<LimitValue>().unwrap(), value);
        }
    }
}
