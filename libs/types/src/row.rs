//! Rows of the interchange files as texts by column, the same for files, differences and answers.

use std::collections::BTreeMap;

use crate::calendar::{CalendarDay, WorkingHours};
use crate::{Category, Exact, FilingCondition};

/// A row of an interchange file.
pub trait Row {
    /// The file, without ending.
    const TABLE: &'static str;
    /// Its columns, in the order in which they are written.
    const COLUMNS: &'static [&'static str];
    /// Those that tell its rows apart.
    const KEY: &'static [&'static str];

    /// What stands in the columns, in their order; empty where nothing is said.
    fn texts(&self) -> Vec<String>;

    /// What stands in the columns of the key, in their order.
    fn key(&self) -> Vec<String> {
        let mut texts: BTreeMap<_, _> = Self::COLUMNS.iter().zip(self.texts()).collect();
        Self::KEY.iter().map(|column| texts.remove(column).unwrap_or_default()).collect()
    }
}

/// A value that may be absent, as a file has it.
pub(crate) fn maybe(value: Option<&impl ToString>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

/// Decimal places of a number in a file; with more where it needs them.
const PLACES: u32 = 2;
/// More than any file may have.
const PLACES_MAX: u32 = 9;

/// A number with two decimal places, or with as many as it needs, up to nine; one that needs more
/// is written as exactly as that allows.
#[must_use]
pub fn decimal(number: &Exact) -> String {
    (PLACES..=PLACES_MAX)
        .map(|places| number.to_decimal(places))
        .find(|text| text.parse().as_ref() == Ok(number))
        .unwrap_or_else(|| number.to_decimal(PLACES_MAX))
}

impl Row for WorkingHours {
    const TABLE: &'static str = "working_hours";
    const COLUMNS: &'static [&'static str] = &["effective_date", "periods", "days_off", "name"];
    const KEY: &'static [&'static str] = &["effective_date"];

    fn texts(&self) -> Vec<String> {
        let (date, periods) = (self.effective_date.to_string(), self.periods.to_string());
        vec![date, periods, self.days_off.to_string(), self.name.clone()]
    }
}

impl Row for CalendarDay {
    const TABLE: &'static str = "calendar";
    const COLUMNS: &'static [&'static str] = &["date", "kind", "name"];
    const KEY: &'static [&'static str] = &["date"];

    fn texts(&self) -> Vec<String> {
        vec![self.date.to_string(), self.kind.to_string(), self.name.clone()]
    }
}

impl Row for FilingCondition {
    const TABLE: &'static str = "filing_conditions";
    const COLUMNS: &'static [&'static str] = &[
        "condition_id",
        "category_scheme",
        "category_code",
        "limit",
        "unit",
        "valid_from",
        "valid_to",
        "name",
    ];
    const KEY: &'static [&'static str] =
        &["condition_id", "category_scheme", "category_code", "valid_from"];

    fn texts(&self) -> Vec<String> {
        vec![
            self.condition_id.clone(),
            self.category_scheme.clone(),
            self.category_code.clone(),
            self.limit.value.to_string(),
            self.limit.unit.to_string(),
            self.valid_from.to_string(),
            maybe(self.valid_to.as_ref()),
            self.name.clone(),
        ]
    }
}

impl Row for Category {
    const TABLE: &'static str = "categories";
    const COLUMNS: &'static [&'static str] =
        &["category_scheme", "category_code", "name", "valid_from", "valid_to", "local_extension"];
    const KEY: &'static [&'static str] = &["category_scheme", "category_code", "valid_from"];

    fn texts(&self) -> Vec<String> {
        vec![
            self.category_scheme.clone(),
            self.category_code.clone(),
            self.name.clone(),
            self.valid_from.to_string(),
            maybe(self.valid_to.as_ref()),
            if self.local_extension { "true".to_owned() } else { String::new() },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_value_and_two_places() {
        for (read, written) in [("0.9", "0.90"), ("1", "1.00"), ("0.8125", "0.8125")] {
            assert_eq!(decimal(&read.parse().unwrap()), written);
        }
        assert_eq!(decimal(&Exact::ratio(1, 3).unwrap()), "0.333333333");
    }

    #[test]
    fn a_key_has_the_texts_of_its_columns() {
        let category = Category {
            category_scheme: "s".to_owned(),
            category_code: "0101".to_owned(),
            name: "私搭乱建".to_owned(),
            valid_from: "2018-01".parse().unwrap(),
            valid_to: None,
            local_extension: true,
        };
        assert_eq!(category.key(), ["s", "0101", "2018-01"]);
        assert_eq!(category.texts().last().unwrap(), "true");
    }
}
