//! Every number of a pack, with its place and its source.

use chengping_types::{Exact, Family};

use super::RulePack;
use crate::count::Count;
use crate::family::{FamilyRules, Item};
use crate::number::Number;
use crate::source::{Provenance, Source};

/// A number of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackNumber<'a> {
    /// Path of the part in which it stands, such as `families.area.streams[regular].items[N1]`.
    pub path: String,
    /// What it is there: the key under which it is written, or `formula`.
    pub role: &'static str,
    /// Its path from the part on, such as `linear.weight`; empty inside a formula.
    pub(crate) key: String,
    /// The number as the part has it, where it may have a source of its own.
    pub(crate) number: Option<&'a Number>,
    /// The source of the part.
    pub(crate) within: &'a Source,
    /// The value.
    pub value: Exact,
    /// Its own source, or that of the part.
    pub source: &'a Source,
}

impl PackNumber<'_> {
    /// Its own path, such as `families.area.streams[regular].items[N1].linear.weight`; of a number
    /// in a formula, that of the part.
    pub fn place(&self) -> String {
        let Self { path, key, .. } = self;
        if key.is_empty() { path.clone() } else { format!("{path}.{key}") }
    }

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
        all.whole("freeze", "day", Exact::from(self.freeze.day), &self.freeze.source);
        let scoring = &self.scoring;
        let within = &scoring.source;
        for (role, number) in [
            ("base", &scoring.base),
            ("floor", &scoring.floor),
            ("cases_min", &scoring.cases_min),
            ("reference_min", &scoring.reference_min),
        ] {
            all.number("scoring", role, number, within);
        }
        all.whole("scoring", "history_months", Exact::from(scoring.history_months), within);
        all.number("scoring", "warning_share", &scoring.warning_share, within);
        if let Some(annual) = &self.annual {
            all.number("annual", "share_min", &annual.share_min, &annual.source);
        }
        for (index, grade) in self.grades.steps.iter().enumerate() {
            let key = format!("steps[{index}].from");
            all.keyed("grades", key, "from", &grade.from, &self.grades.source);
        }
        for (name, table) in &self.bands {
            let path = format!("bands.{name}");
            for (index, band) in table.steps.iter().enumerate() {
                let key = |role| format!("steps[{index}].{role}");
                if let Some(bound) = &band.up_to {
                    all.keyed(&path, key("up_to"), "up_to", bound, &table.source);
                }
                all.keyed(&path, key("share"), "share", &band.share, &table.source);
            }
        }
        for (family, rules) in &self.families {
            all.family(*family, rules);
        }
        for figure in &self.figures {
            let path = format!("figures[{}]", figure.id);
            all.formula(&path, &figure.rate.to_expression(), &figure.source);
        }
        all.0
    }

    /// The numbers that weigh, each with the path by which [`adjust`](crate::adjust) changes it: the
    /// weights of the zones and of their changes (5.2.5), the caps of streams, of each item its
    /// weight or cap, the points for one (percentage point, case, order) and the factor of
    /// repeated orders, and the shares of band tables. Not among them is what says where something
    /// begins rather than how much it costs: thresholds, bounds, references, values of answers,
    /// least numbers, base and floor.
    pub fn weights(&self) -> Vec<Weight> {
        const ROLES: [&str; 8] =
            ["key", "general", "cap", "weight", "points", "first", "factor", "share"];
        let weighs = |number: &PackNumber<'_>| ROLES.contains(&number.role);
        let numbers = self.numbers().into_iter().filter(weighs);
        numbers.map(|number| Weight { path: number.place(), value: number.value }).collect()
    }
}

/// A number that weighs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weight {
    /// Where, such as `families.area.zones.key`.
    pub path: String,
    /// The value: points, or a share, as the place has it.
    pub value: Exact,
}

struct Numbers<'a>(Vec<PackNumber<'a>>);

impl<'a> Numbers<'a> {
    /// A whole number, which has the source of its part.
    fn whole(&mut self, path: &str, role: &'static str, value: Exact, within: &'a Source) {
        let (path, key) = (path.to_owned(), role.to_owned());
        self.0.push(PackNumber { path, role, key, number: None, value, source: within, within });
    }

    fn number(&mut self, path: &str, role: &'static str, number: &'a Number, within: &'a Source) {
        self.keyed(path, role.to_owned(), role, number, within);
    }

    fn keyed(
        &mut self,
        path: &str,
        key: String,
        role: &'static str,
        number: &'a Number,
        within: &'a Source,
    ) {
        let (path, value, source) =
            (path.to_owned(), number.value.clone(), number.source_within(within));
        self.0.push(PackNumber { path, role, key, number: Some(number), value, source, within });
    }

    fn formula(&mut self, path: &str, formula: &Count, source: &'a Source) {
        let chosen = |number: &Exact| !number.is_zero() && *number != Exact::ONE;
        for value in formula.numbers().into_iter().filter(chosen) {
            let (path, key) = (path.to_owned(), String::new());
            let within = source;
            self.0.push(PackNumber {
                path,
                role: "formula",
                key,
                number: None,
                value,
                source,
                within,
            });
        }
    }

    fn family(&mut self, family: Family, rules: &'a FamilyRules) {
        let path = format!("families.{family}");
        if let Some(zones) = &rules.zones {
            let at = format!("{path}.zones");
            self.number(&at, "key", &zones.key, &zones.source);
            self.number(&at, "general", &zones.general, &zones.source);
            for change in &zones.changes {
                let at = format!("{at}.changes[{}]", change.from);
                self.number(&at, "key", &change.key, &change.source);
                self.number(&at, "general", &change.general, &change.source);
            }
        }
        if let Some(how) = &rules.differentiation {
            let at = format!("{path}.differentiation");
            self.number(&at, "at_least", &how.at_least, &how.source);
            self.number(&at, "at_most", &how.at_most, &how.source);
        }
        for stream in &rules.streams {
            self.number(&stream.path(family), "cap", &stream.cap, &stream.source);
            for item in &stream.items {
                self.item(&stream.path_of(family, item), item);
            }
        }
    }

    fn item(&mut self, path: &str, item: &'a Item) {
        for (role, number) in item.rule.named_numbers() {
            let key = format!("{}.{role}", item.rule.key());
            self.keyed(path, key, role, number, &item.source);
        }
        for formula in item.rule.formulas().into_iter().chain(item.limit.clone()) {
            self.formula(path, &formula, &item.source);
        }
    }
}
