//! Every number of a pack, with its place and its source.

use chengping_types::{Exact, Family};

use super::RulePack;
use crate::count::Count;
use crate::family::{FamilyRules, Item, StreamRules};
use crate::number::Number;
use crate::source::{Provenance, Source};

/// A number of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackNumber<'a> {
    /// Path of the part in which it stands, such as `families.area.streams.regular.N1`.
    pub path: String,
    /// What it is there: the key under which it is written, or `formula`.
    pub role: &'static str,
    /// The value.
    pub value: Exact,
    /// Its own source, or that of the part.
    pub source: &'a Source,
}

impl PackNumber<'_> {
    /// Whether nobody published it, so that the office has to confirm or replace it.
    pub fn is_assumed(&self) -> bool {
        self.source.provenance == Provenance::Assumption
    }

    /// The shortest decimal, or the fraction as which it was written.
    pub fn decimal(&self) -> String {
        decimal(&self.value)
    }
}

/// The shortest decimal of a number with at most six places, or the fraction.
pub(crate) fn decimal(number: &Exact) -> String {
    (0..=6)
        .map(|places| number.to_decimal(places))
        .find(|text| text.parse().as_ref() == Ok(number))
        .unwrap_or_else(|| number.to_string())
}

impl RulePack {
    /// Every number of the pack in the order of its parts, but for identifiers, dates and decimals.
    /// Of a formula those that are neither 0 nor 1, which are form rather than a choice.
    pub fn numbers(&self) -> Vec<PackNumber<'_>> {
        let mut all = Numbers(Vec::new());
        let freeze = Exact::from(self.freeze.day);
        all.value("freeze".to_owned(), "day", freeze, &self.freeze.source);
        let scoring = &self.scoring;
        let within = &scoring.source;
        for (role, number) in [
            ("base", &scoring.base),
            ("floor", &scoring.floor),
            ("cases_min", &scoring.cases_min),
            ("reference_min", &scoring.reference_min),
        ] {
            all.number("scoring".to_owned(), role, number, within);
        }
        let months = Exact::from(scoring.history_months);
        all.value("scoring".to_owned(), "history_months", months, within);
        all.number("scoring".to_owned(), "warning_share", &scoring.warning_share, within);
        if let Some(annual) = &self.annual {
            all.number("annual".to_owned(), "share_min", &annual.share_min, &annual.source);
        }
        for grade in &self.grades.steps {
            all.number("grades".to_owned(), "from", &grade.from, &self.grades.source);
        }
        for (name, table) in &self.bands {
            let path = format!("bands.{name}");
            for band in &table.steps {
                if let Some(bound) = &band.up_to {
                    all.number(path.clone(), "up_to", bound, &table.source);
                }
                all.number(path.clone(), "share", &band.share, &table.source);
            }
        }
        for (family, rules) in &self.families {
            all.family(*family, rules);
        }
        for figure in &self.figures {
            let path = format!("figures.{}", figure.id);
            all.formula(&path, &figure.rate.to_expression(), &figure.source);
        }
        all.0
    }
}

struct Numbers<'a>(Vec<PackNumber<'a>>);

impl<'a> Numbers<'a> {
    fn value(&mut self, path: String, role: &'static str, value: Exact, source: &'a Source) {
        self.0.push(PackNumber { path, role, value, source });
    }

    fn number(&mut self, path: String, role: &'static str, number: &'a Number, within: &'a Source) {
        self.value(path, role, number.value.clone(), number.source_within(within));
    }

    fn formula(&mut self, path: &str, formula: &Count, source: &'a Source) {
        let chosen = |number: &Exact| !number.is_zero() && *number != Exact::ONE;
        for number in formula.numbers().into_iter().filter(chosen) {
            self.value(path.to_owned(), "formula", number, source);
        }
    }

    fn family(&mut self, family: Family, rules: &'a FamilyRules) {
        let path = format!("families.{family}");
        if let Some(zones) = &rules.zones {
            let at = format!("{path}.zones");
            self.number(at.clone(), "key", &zones.key, &zones.source);
            self.number(at.clone(), "general", &zones.general, &zones.source);
            for change in &zones.changes {
                let at = format!("{at}.changes.{}", change.from);
                self.number(at.clone(), "key", &change.key, &change.source);
                self.number(at, "general", &change.general, &change.source);
            }
        }
        if let Some(how) = &rules.differentiation {
            let at = format!("{path}.differentiation");
            self.number(at.clone(), "at_least", &how.at_least, &how.source);
            self.number(at, "at_most", &how.at_most, &how.source);
        }
        for stream in &rules.streams {
            self.stream(&stream.path(family), stream);
        }
    }

    fn stream(&mut self, path: &str, stream: &'a StreamRules) {
        self.number(path.to_owned(), "cap", &stream.cap, &stream.source);
        for item in &stream.items {
            self.item(format!("{path}.{}", item.id), item);
        }
    }

    fn item(&mut self, path: String, item: &'a Item) {
        for (role, number) in item.rule.named_numbers() {
            self.number(path.clone(), role, number, &item.source);
        }
        for formula in item.rule.formulas().into_iter().chain(item.limit.clone()) {
            self.formula(&path, &formula, &item.source);
        }
    }
}
