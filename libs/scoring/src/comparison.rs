//! What the count of a body is compared with: its group in the same month, or its own past.

use std::collections::BTreeMap;

use chengping_casework::Base;
use chengping_rules::{
    BandRelative, BandTable, Counted, DifferentiationMode, FamilyRules, Group, Item, Quantity,
    Reference, Rule, RulePack, SizeAttribute, StreamRules,
};
use chengping_types::registry::{Body, GridClass};
use chengping_types::{Exact, Family, Month};

use crate::attributes::Attributes;
use crate::attribution::Part;
use crate::counts::Counts;
use crate::deduction::Seen;
use crate::input::Input;
use crate::tally::{Cell, Tallies};
use crate::values::{Deducted, Values, Whose};

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
    attributes: Attributes<'a>,
    /// The months of own history, oldest first.
    history: Vec<Month>,
    /// The medians of groups that are large enough, by group, item and part.
    medians: BTreeMap<(&'a str, &'a str, Part), Exact>,
    /// The mean sizes of the bodies of a group that have one, by group and part.
    mean_sizes: BTreeMap<(&'a str, Part), Exact>,
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(input: &'a Input) -> Self {
        let attributes = Attributes::new(&input.coefficients);
        let (medians, mean_sizes) = (BTreeMap::new(), BTreeMap::new());
        let history = history(input);
        let mut comparison = Self { input, attributes, history, medians, mean_sizes };
        for group in &input.rule_pack.pack.groups {
            comparison.take_group(group);
        }
        comparison
    }

    fn take_group(&mut self, group: &'a Group) {
        let family = group.kinds.first().map(|kind| kind.family());
        let Some(rules) = family.and_then(|family| self.pack().families.get(&family)) else {
            return;
        };
        let members = self.members_with_a_case(group);
        for (stream, item) in rules.items() {
            let Rule::BandRelative(rule) = &item.rule else { continue };
            if rule.against != Reference::GroupMedian {
                continue;
            }
            for part in parts(rules, stream) {
                let own = |body: &&'a Body| {
                    let place = Place { body, rules, counts: stream.counts, part: *part };
                    self.own_now(rule, place)
                };
                let judged = members.iter().filter(|body| stream.is_for(body.kind));
                let values: Vec<_> = judged.filter_map(own).collect();
                let count = Exact::from(values.len() as u64);
                let enough = count >= self.pack().scoring.reference_min.value;
                if let Some(median) = median(values).filter(|_| enough) {
                    self.medians.insert((group.id.as_str(), item.id.as_str(), *part), median);
                }
            }
        }
        if rules.differentiation_mode() != DifferentiationMode::Density {
            self.take_mean_sizes(group, rules);
        }
    }

    fn take_mean_sizes(&mut self, group: &'a Group, rules: &'a FamilyRules) {
        for part in Part::ALL {
            let of_group = self.input.bodies.iter().filter(|body| group.kinds.contains(&body.kind));
            let size =
                |body| self.size_now(Place { body, rules, counts: Counted::All, part: *part });
            let sizes: Vec<_> = of_group.filter_map(size).collect();
            let sum: Exact = sizes.iter().sum();
            if let Some(mean) = sum.checked_div(&Exact::from(sizes.len() as u64)) {
                self.mean_sizes.insert((group.id.as_str(), *part), mean);
            }
        }
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

    /// The counts that the items of a stream see in one part of a body. There is also something
    /// to judge where one of the counts that they `name` is not zero, and for posts only there: a
    /// desk does many things, of which a stream judges some, and work in common alone is no data.
    pub(crate) fn see<'p>(
        &self,
        place: Place<'p>,
        looks_back: bool,
        named: &[Quantity],
    ) -> Seen<'p> {
        let tallies = &self.input.tallies;
        let now = tallies.sum(cell(place));
        let before = self.last_month().map(|tallies| tallies.sum(cell(place))).unwrap_or_default();
        let is_post = place.body.kind.family() == Family::Post;
        let of_others = |counts| tallies.sum(cell(Place { counts, ..place }));
        let names_one = named.iter().any(|name| match name {
            Quantity::Count(base) => !base.is_description() && now.get(*base) > 0,
            Quantity::CountOf(counted, base) => is_post && of_others(*counted).get(*base) > 0,
            Quantity::Size(_) | Quantity::Item(_) => false,
        });
        let any_will_do = !is_post && (now.has_data() || looks_back && before.has_data());
        let pool = if is_post { tallies.sum_of_pool(place.counts) } else { Counts::default() };
        Seen { place, now, before, pool, has_data: names_one || any_will_do }
    }

    /// Where the formulas of the evaluated month are computed.
    pub(crate) fn values_now<'v>(
        &'v self,
        item: &Item,
        seen: &'v Seen<'v>,
        deducted: &'v Deducted<'v>,
    ) -> Values<'v> {
        let (month, tallies) = (self.input.month, Some(&self.input.tallies));
        let whose = if item.is_pooled() { Whose::OfAllTeams } else { Whose::Own };
        let counts = if item.is_pooled() { &seen.pool } else { &seen.now };
        Values { comparison: self, place: seen.place, month, whose, counts, tallies, deducted }
    }

    /// Where the formulas of the month before are computed.
    pub(crate) fn values_before<'v>(
        &'v self,
        seen: &'v Seen<'v>,
        deducted: &'v Deducted<'v>,
    ) -> Values<'v> {
        let (month, tallies) = (self.input.month.previous(), self.last_month());
        let (whose, counts) = (Whose::Own, &seen.before);
        Values { comparison: self, place: seen.place, month, whose, counts, tallies, deducted }
    }

    fn last_month(&self) -> Option<&'a Tallies> {
        self.input.earlier.get(&self.input.month.previous())
    }

    /// The lengths of the evaluated month and of the one before, in days.
    pub(crate) fn days(&self) -> [u8; 2] {
        [self.input.month.days(), self.input.month.previous().days()]
    }

    /// The band table of a name.
    pub(crate) fn bands(&self, name: &str) -> &'a BandTable {
        self.pack().bands.get(name).expect("a pack names only tables that it has")
    }

    /// The effective size of a body of the evaluated month: in a zone, or of all zones together.
    pub(crate) fn size_now(&self, place: Place<'_>) -> Option<Exact> {
        self.size(place, self.input.month)
    }

    /// The size of a body over the mean size of its group, within the bounds of the pack.
    pub(crate) fn size_ratio(&self, place: Place<'_>) -> Option<Exact> {
        let how = place.rules.differentiation.as_ref()?;
        let group = self.pack().group_of(place.body.kind)?;
        let mean = self.mean_sizes.get(&(group.id.as_str(), place.part))?;
        Some(how.bounded(self.size_now(place)?.checked_div(mean)?))
    }

    /// What a rule compares in the evaluated month.
    pub(crate) fn own_now(&self, rule: &BandRelative, place: Place<'_>) -> Option<Exact> {
        self.own(rule, place, self.input.month, Some(&self.input.tallies))
    }

    /// What a rule compares: the count, over the size where size plays that part. Absent when the
    /// size is unknown or zero.
    fn own(
        &self,
        rule: &BandRelative,
        place: Place<'_>,
        month: Month,
        tallies: Option<&Tallies>,
    ) -> Option<Exact> {
        let density = place.rules.differentiation_mode() == DifferentiationMode::Density;
        let size = match rule.by_size && density {
            true => self.size(place, month)?,
            false => Exact::ONE,
        };
        let counts = tallies.map(|tallies| tallies.sum(cell(place))).unwrap_or_default();
        let deducted = Deducted::default();
        let (whose, counts, deducted) = (Whose::Own, &counts, &deducted);
        let values = Values { comparison: self, place, month, whose, counts, tallies, deducted };
        rule.count.evaluate(&|name| values.of(name))?.checked_div(&size)
    }

    /// The reference of an item: the number of the pack; the group's median where enough of the
    /// group has data; or else the median of the body's own history.
    pub(crate) fn reference(
        &self,
        item: &Item,
        rule: &BandRelative,
        place: Place<'_>,
    ) -> Option<Exact> {
        if let Some(fixed) = &rule.reference {
            return Some(fixed.value.clone());
        }
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

    /// The effective size of a body in a zone: none without a coefficient row, or of zero. The
    /// size of all zones is the sum of those that there are.
    fn size(&self, place: Place<'_>, month: Month) -> Option<Exact> {
        let formula = &place.rules.size.as_ref()?.formula;
        if place.part == Part::All {
            let zones = [Part::Key, Part::General];
            let of_zone = |part| self.size(Place { part, ..place }, month);
            return zones.into_iter().filter_map(of_zone).reduce(|one, other| one + other);
        }
        let size = formula.evaluate(&|attribute| self.attribute(*attribute, place, month))?;
        (!size.is_zero()).then_some(size)
    }

    /// The class of a body's grids in the evaluated month.
    pub(crate) fn grid_class_now(&self, place: Place<'_>) -> GridClass {
        self.attributes.grid_class(&place.body.body_id, place.part, self.input.month)
    }

    /// What the registry knows of a body in a part.
    pub(crate) fn attribute(
        &self,
        attribute: SizeAttribute,
        place: Place<'_>,
        month: Month,
    ) -> Option<Exact> {
        self.attributes.of(attribute, &place.body.body_id, place.part, month)
    }

    fn pack(&self) -> &'a RulePack {
        &self.input.rule_pack.pack
    }
}

/// The parts in which a stream is computed.
pub(crate) const fn parts(rules: &FamilyRules, stream: &StreamRules) -> &'static [Part] {
    if rules.is_zoned(stream) { &[Part::Key, Part::General] } else { &[Part::All] }
}

fn cell(place: Place<'_>) -> Cell<'_> {
    Cell { body: &place.body.body_id, counts: place.counts, part: place.part }
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
