//! The weights of the two kinds of zone, which may change at any time (5.2.5).

use std::fmt;
use std::str::FromStr;

use chengping_types::{Exact, Month, Zone, named_enum};
use serde::{Serialize, Serializer};

use crate::decode::{Decode, Decoder, Fields};
use crate::document::Node;
use crate::number::{Number, positive};
use crate::source::Source;

/// The weights of the two kinds of zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ZoneWeights {
    /// Weight of key management zones.
    pub key: Number,
    /// Weight of general management zones.
    pub general: Number,
    /// What a change inside a month does to that month.
    #[serde(skip_serializing_if = "MidMonth::is_next_period")]
    pub midmonth: MidMonth,
    /// Later weights, by the day from which they hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ZoneChange>,
    /// Where they come from.
    #[serde(flatten)]
    pub source: Source,
}

/// Weights from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ZoneChange {
    /// The first day.
    pub from: Day,
    /// Weight of key management zones.
    pub key: Number,
    /// Weight of general management zones.
    pub general: Number,
    /// Where they come from.
    #[serde(flatten)]
    pub source: Source,
}

named_enum! {
    /// What a change of weights inside a month does to that month.
    pub enum MidMonth: "rule for changes inside a month" {
        /// Nothing: the month keeps the weights of its first day.
        NextPeriod = 1 => "next_period",
        /// The whole month has the weights of its last day.
        Immediate = 2 => "immediate",
        /// The month has the mean of the shares that the zones have on its days. Weights are a ratio
        /// (5.2.5), so that 6 to 4 and 0.6 to 0.4 are the same.
        SplitByDay = 3 => "split_by_day",
    }
}

impl MidMonth {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    const fn is_next_period(&self) -> bool {
        matches!(self, Self::NextPeriod)
    }
}

/// A day of the calendar, written `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    month: Month,
    day: u8,
}

/// A text that is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a day: expected YYYY-MM-DD, such as 2018-04-15")]
pub struct DayError(String);

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let read = || {
            let (month, day) = text.rsplit_once('-')?;
            let month: Month = month.parse().ok()?;
            let two_digits = day.len() == 2 && day.bytes().all(|byte| byte.is_ascii_digit());
            let day =
                day.parse().ok().filter(|day| two_digits && (1..=month.days()).contains(day))?;
            Some(Self { month, day })
        };
        read().ok_or_else(|| DayError(text.chars().take(80).collect()))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:02}", self.month, self.day)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The weights that a month is computed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthWeights {
    key: Exact,
    general: Exact,
}

impl MonthWeights {
    /// The weight of a zone.
    pub const fn of(&self, zone: Zone) -> &Exact {
        match zone {
            Zone::Key => &self.key,
            Zone::General => &self.general,
        }
    }

    /// The same ratio with a sum of one. Weights are above zero.
    fn shares(&self) -> Self {
        let sum = &self.key + &self.general;
        let share = |weight: &Exact| weight.checked_div(&sum).unwrap_or_default();
        Self { key: share(&self.key), general: share(&self.general) }
    }

    fn new(key: &Number, general: &Number) -> Self {
        Self { key: key.value.clone(), general: general.value.clone() }
    }
}

impl ZoneWeights {
    /// The weights of a month.
    pub fn in_month(&self, month: Month) -> MonthWeights {
        match self.midmonth {
            MidMonth::NextPeriod => self.on(Day { month, day: 1 }),
            MidMonth::Immediate => self.on(Day { month, day: month.days() }),
            MidMonth::SplitByDay => {
                let share = |day| self.on(Day { month, day }).shares();
                let days: Vec<_> = (1..=month.days()).map(share).collect();
                let mean = |zone| {
                    let sum: Exact = days.iter().map(|weights| weights.of(zone)).sum();
                    sum.checked_div(&Exact::from(month.days())).unwrap_or_default()
                };
                MonthWeights { key: mean(Zone::Key), general: mean(Zone::General) }
            }
        }
    }

    fn on(&self, day: Day) -> MonthWeights {
        match self.changes.iter().rev().find(|change| change.from <= day) {
            Some(change) => MonthWeights::new(&change.key, &change.general),
            None => MonthWeights::new(&self.key, &self.general),
        }
    }
}

impl Decode for ZoneWeights {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("zones", node, decoder)?;
        let key = fields.required_with("key", positive);
        let general = fields.required_with("general", positive);
        let midmonth = fields.optional("midmonth");
        let changes: Option<Option<Vec<ZoneChange>>> = fields.optional("changes");
        let source = Source::from_fields(&mut fields);
        if let Some(Some(changes)) = &changes
            && !changes.is_sorted_by(|earlier, later| earlier.from < later.from)
        {
            fields.reject::<()>("the changes must go from the earliest day to the latest");
        }
        fields.close();
        Some(Self {
            key: key?,
            general: general?,
            midmonth: midmonth?.unwrap_or(MidMonth::NextPeriod),
            changes: changes?.unwrap_or_default(),
            source: source?,
        })
    }
}

impl Decode for ZoneChange {
    fn decode(node: &Node, decoder: &mut Decoder) -> Option<Self> {
        let mut fields = Fields::open("zone_change", node, decoder)?;
        let from = fields.required_with("from", |node, inner| inner.parse(node, "a day"));
        let key = fields.required_with("key", positive);
        let general = fields.required_with("general", positive);
        let source = Source::from_fields(&mut fields);
        fields.close();
        Some(Self { from: from?, key: key?, general: general?, source: source? })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::source::Provenance;

    fn number(text: &str) -> Number {
        Number::plain(text.parse().unwrap())
    }

    fn source() -> Source {
        Source { clause: "5.2.5".to_owned(), provenance: Provenance::Assumption, note: None }
    }

    fn weights(midmonth: MidMonth) -> ZoneWeights {
        let change = |from: &str, key, general| ZoneChange {
            from: from.parse().unwrap(),
            key: number(key),
            general: number(general),
            source: source(),
        };
        ZoneWeights {
            key: number("0.6"),
            general: number("0.4"),
            midmonth,
            changes: vec![change("2018-04-16", "0.7", "0.3"), change("2018-06-01", "0.5", "0.5")],
            source: source(),
        }
    }

    fn key(midmonth: MidMonth, month: &str) -> String {
        weights(midmonth).in_month(month.parse().unwrap()).of(Zone::Key).to_string()
    }

    #[test]
    fn a_change_inside_a_month_waits_for_the_next_unless_the_pack_says_otherwise() {
        let months = ["2018-03", "2018-04", "2018-05", "2018-06", "2030-01"];
        let all = |midmonth| months.map(|month| key(midmonth, month));
        assert_eq!(all(MidMonth::NextPeriod), ["3/5", "3/5", "7/10", "1/2", "1/2"]);
        assert_eq!(all(MidMonth::Immediate), ["3/5", "7/10", "7/10", "1/2", "1/2"]);
        // Fifteen days of April at 0.6, fifteen at 0.7.
        assert_eq!(all(MidMonth::SplitByDay), ["3/5", "13/20", "7/10", "1/2", "1/2"]);
    }

    #[test]
    fn a_change_on_the_first_or_the_last_day_and_two_in_one_month() {
        let all = |from: [&str; 2]| {
            [MidMonth::NextPeriod, MidMonth::Immediate, MidMonth::SplitByDay].map(|midmonth| {
                let mut weights = weights(midmonth);
                for (change, from) in weights.changes.iter_mut().zip(from) {
                    change.from = from.parse().unwrap();
                }
                weights.in_month("2018-04".parse().unwrap()).of(Zone::Key).to_string()
            })
        };
        assert_eq!(all(["2018-04-01", "2018-05-01"]), ["7/10", "7/10", "7/10"]);
        assert_eq!(all(["2018-03-31", "2018-05-01"]), ["7/10", "7/10", "7/10"]);
        // 29 days at 0.6 and one at 0.7.
        assert_eq!(all(["2018-04-30", "2018-05-01"]), ["3/5", "7/10", "181/300"]);
        // Ten days each at 0.6, 0.7 and 0.5.
        assert_eq!(all(["2018-04-11", "2018-04-21"]), ["3/5", "1/2", "3/5"]);
    }

    #[test]
    fn a_day_is_one_of_the_calendar() {
        for text in ["2018-04-16", "2020-02-29"] {
            assert_eq!(text.parse::<Day>().unwrap().to_string(), text);
        }
        for text in ["2018-04", "2018-04-31", "2018-02-29", "2018-04-0", "2018-04-1", "18-04-01"] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
    }

    fn any_weights() -> impl Strategy<Value = ZoneWeights> {
        let number =
            || (1_i64..=20).prop_map(|tenths| Number::plain(Exact::ratio(tenths, 10).unwrap()));
        let change = (2..=5_i32, 1..=28_u8, number(), number());
        let first = (number(), number());
        (prop::sample::select(MidMonth::ALL), first, prop::collection::vec(change, 0..4)).prop_map(
            |(midmonth, (key, general), changes)| {
                let change = |(month, day, key, general)| {
                    let from = Day { month: Month::new(2018, month).unwrap(), day };
                    (from, ZoneChange { from, key, general, source: source() })
                };
                let changes = BTreeMap::from_iter(changes.into_iter().map(change));
                let changes = changes.into_values().collect();
                ZoneWeights { key, general, midmonth, changes, source: source() }
            },
        )
    }

    fn key_share(weights: &ZoneWeights, month: i32) -> Exact {
        weights.in_month(Month::new(2018, month).unwrap()).shares().key
    }

    proptest! {
        #[test]
        fn weights_are_a_ratio(weights in any_weights(), month in 1..=6_i32, tenfold in 0..4_usize) {
            let mut scaled = weights.clone();
            if let Some(change) = scaled.changes.get_mut(tenfold) {
                change.key = Number::plain(&change.key.value * &Exact::integer(10));
                change.general = Number::plain(&change.general.value * &Exact::integer(10));
            }
            prop_assert_eq!(key_share(&scaled, month), key_share(&weights, month));
        }

        #[test]
        fn only_a_month_with_a_change_inside_depends_on_the_rule_and_lies_between_its_days(
            weights in any_weights(), month in 1..=6_i32,
        ) {
            let of = |midmonth| key_share(&ZoneWeights { midmonth, ..weights.clone() }, month);
            let [first, last, mean] =
                [MidMonth::NextPeriod, MidMonth::Immediate, MidMonth::SplitByDay].map(of);
            let evaluated = Month::new(2018, month).unwrap();
            let inside = |change: &&ZoneChange| change.from.month == evaluated && change.from.day > 1;
            if weights.changes.iter().filter(inside).count() == 0 {
                prop_assert_eq!(&first, &last);
                prop_assert_eq!(&first, &mean);
            }
            let days = (1..=evaluated.days()).map(|day| weights.on(Day { month: evaluated, day }).shares().key);
            let days: Vec<_> = days.collect();
            prop_assert!(days.iter().min().unwrap() <= &mean && &mean <= days.iter().max().unwrap());
        }
    }
}
