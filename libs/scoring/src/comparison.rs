//! What the count of a body is compared with: its group in the same month, or its own past.

use std::collections::BTreeMap;

use chengping_casework::Base;
use chengping_rules::{
    BandRelative, BandTable, Counted, FamilyRules, Group, Item, Reference, Rule, RulePack,
    SizeAttribute, StreamRules,
};
use chengping_types::registry::{Body, Coefficient};
use chengping_types::{BodyId, Exact, Month, Zone};

use crate::attribution::Part;
use crate::counts::Counts;
use crate::deduction::Seen;
use crate::input::Input;
use crate::tally::{Cell, Tallies};

/// A cell of the month that is being compared.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) body: &'a Body,
    pub(crate) rules: &'a FamilyRules,
    pub(crate) counts: Counted,
    pub(crate) part: Part,
}

/// Looks up counts, sizes and references of an input.
pub(crate) struct Comparison<'a> {
    input: &'a Input,
    /// The coefficients of each body, in registry order.
    coefficients: BTreeMap<&'a BodyId, Vec<&'a Coefficient>>,
    /// The months of own history, oldest first.
    history: Vec<Month>,
    /// The medians of groups that are large enough, by group, item and part.
    medians: BTreeMap<(&'a str, &'a str, Part), Exact>,
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(input: &'a Input) -> Self {
        let mut coefficients: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for row in &input.coefficients {
            coefficients.entry(&row.body_id).or_default().push(row);
        }
        let history = history(input);
        let mut comparison = Self { input, coefficients, history, medians: BTreeMap::new() };
        comparison.medians = comparison.group_medians();
        comparison
    }

    fn group_medians(&self) -> BTreeMap<(&'a str, &'a str, Part), Exact> {
        let pack = self.pack();
        let mut medians = BTreeMap::new();
        for group in &pack.groups {
            let members = self.members_with_a_case(group);
            let family = group.kinds.first().map(|kind| kind.family());
            let Some(rules) = family.and_then(|family| pack.families.get(&family)) else {
                continue;
            };
            for (stream, item) in rules.items() {
                let Rule::BandRelative(rule) = &item.rule else { continue };
                if rule.against != Reference::GroupMedian {
                    continue;
                }
                for part in parts(rules, stream) {
                    let value = |body: &&'a Body| {
                        self.own_now(
                            rule,
                            Place { body, rules, counts: stream.counts, part: *part },
                        )
                    };
                    let values: Vec<_> = members.iter().filter_map(value).collect();
                    let count = Exact::from(values.len() as u64);
                    let enough = count >= pack.scoring.reference_min.value;
                    if let Some(median) = median(values).filter(|_| enough) {
                        medians.insert((group.id.as_str(), item.id.as_str(), *part), median);
                    }
                }
            }
        }
        medians
    }

    /// The bodies of a group with any case in the month, which its medians are over (settled
    /// question 21).
    fn members_with_a_case(&self, group: &Group) -> Vec<&'a Body> {
        let has_case = |body: &&Body| {
            let all = Cell { body: &body.body_id, counts: Counted::All, part: Part::All };
            group.kinds.contains(&body.kind) && self.input.tallies.sum(all).has_data()
        };
        self.input.bodies.iter().filter(has_case).collect()
    }

    /// The counts that the items of a stream see in one part of a body.
    pub(crate) fn see<'p>(&self, place: Place<'p>, looks_back: bool) -> Seen<'p> {
        let now = self.input.tallies.sum(cell(place));
        let last = self.input.earlier.get(&self.input.month.previous());
        let before = last.map(|tallies| tallies.sum(cell(place))).unwrap_or_default();
        let has_data = now.has_data() || looks_back && before.has_data();
        Seen { place, now, before, has_data }
    }

    /// The band table of a rule.
    pub(crate) fn bands(&self, rule: &BandRelative) -> &'a BandTable {
        self.pack().bands.get(&rule.bands).expect("a pack names only tables that it has")
    }

    /// The effective size of a body in a zone of the evaluated month.
    pub(crate) fn size_now(&self, place: Place<'_>) -> Option<Exact> {
        self.size(place, self.input.month)
    }

    /// What a rule compares in the evaluated month.
    pub(crate) fn own_now(&self, rule: &BandRelative, place: Place<'_>) -> Option<Exact> {
        self.own(rule, place, self.input.month, Some(&self.input.tallies))
    }

    /// What a rule compares: the count, over the size where size plays a part. Absent when the
    /// size is unknown or zero.
    fn own(
        &self,
        rule: &BandRelative,
        place: Place<'_>,
        month: Month,
        tallies: Option<&Tallies>,
    ) -> Option<Exact> {
        let size = match rule.by_size {
            true => self.size(place, month)?,
            false => Exact::ONE,
        };
        let counts = tallies.map(|tallies| tallies.sum(cell(place))).unwrap_or_default();
        count(rule, &counts)?.checked_div(&size)
    }

    /// The reference of an item: the group's median where enough of the group has data, or else
    /// the median of the body's own history.
    pub(crate) fn reference(
        &self,
        item: &Item,
        rule: &BandRelative,
        place: Place<'_>,
    ) -> Option<Exact> {
        let group = self.pack().group_of(place.body.kind)?;
        let of_group = self.medians.get(&(group.id.as_str(), item.id.as_str(), place.part));
        of_group.cloned().or_else(|| self.own_median(rule, place))
    }

    /// Over the months in which the body was evaluated, each with that month's size (settled
    /// question 22).
    fn own_median(&self, rule: &BandRelative, place: Place<'_>) -> Option<Exact> {
        let of_month = |month: &Month| self.own(rule, place, *month, self.input.earlier.get(month));
        let valid = self.history.iter().filter(|month| place.body.is_valid_in(**month));
        median(valid.filter_map(of_month).collect())
    }

    /// The effective size of a body in a zone: none without a coefficient row, or of zero.
    fn size(&self, place: Place<'_>, month: Month) -> Option<Exact> {
        let formula = &place.rules.size.as_ref()?.formula;
        let row = self.coefficient(&place.body.body_id, place.part, month)?;
        let size = formula.evaluate(&|attribute| match attribute {
            SizeAttribute::RoadSections => Exact::from(row.road_sections),
            SizeAttribute::Difficulty => row.difficulty.clone(),
        })?;
        (!size.is_zero()).then_some(size)
    }

    /// The latest row up to a month; of the same month the last (decisions.md 37).
    fn coefficient(&self, body: &BodyId, part: Part, month: Month) -> Option<&'a Coefficient> {
        let zone = match part {
            Part::Key => Zone::Key,
            Part::General => Zone::General,
            Part::All => return None,
        };
        let rows = self.coefficients.get(body)?.iter().copied();
        rows.filter(|row| row.zone == zone && row.valid_from <= month)
            .max_by_key(|row| row.valid_from)
    }

    fn pack(&self) -> &'a RulePack {
        &self.input.rule_pack.pack
    }
}

/// The parts in which a stream is computed.
pub(crate) const fn parts(rules: &FamilyRules, stream: &StreamRules) -> &'static [Part] {
    if rules.zones.is_some() && stream.zoned { &[Part::Key, Part::General] } else { &[Part::All] }
}

fn cell(place: Place<'_>) -> Cell<'_> {
    Cell { body: &place.body.body_id, counts: place.counts, part: place.part }
}

pub(crate) fn count(rule: &BandRelative, counts: &Counts) -> Option<Exact> {
    rule.count.evaluate(&|base| counts.exact(base))
}

/// The months before the evaluated one, from the first with a filed case on.
fn history(input: &Input) -> Vec<Month> {
    let filed = |month: &Month| {
        input.earlier.get(month).is_some_and(|month| month.jurisdiction().get(Base::Filed) > 0)
    };
    let months = i32::try_from(input.rule_pack.pack.scoring.history_months).unwrap_or(i32::MAX);
    let window = (1..=months).rev().map(|back| input.month.plus(-back));
    window.skip_while(|month| !filed(month)).collect()
}

/// The median; of an even number the mean of the middle two.
fn median(mut values: Vec<Exact>) -> Option<Exact> {
    values.sort();
    let middle = values.len() / 2;
    let upper = values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(upper.clone());
    }
    (&values[middle - 1] + upper).checked_div(&Exact::integer(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_the_mean_of_the_middle_two() {
        let of = |values: &[i64]| {
            let values = values.iter().map(|value| Exact::integer(*value)).collect();
            median(values).map(|median| median.to_string())
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[7]).as_deref(), Some("7"));
        assert_eq!(of(&[9, 1, 4]).as_deref(), Some("4"));
        assert_eq!(of(&[9, 1, 4, 5]).as_deref(), Some("9/2"));
    }
}
