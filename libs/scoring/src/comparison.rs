//! What the count of a body is compared with: its group in the same month, or its own past.

use std::collections::BTreeMap;

use chengping_rules::{
    BandRelative, Counted, DifferentiationMode, FamilyRules, Group, Item, Quantity, Reference,
    Rule, RulePack, SizeAttribute, StreamRules,
};
use chengping_types::registry::GridClass;
use chengping_types::{Exact, Family, Month};

use crate::attribution::Part;
use crate::cells::{Cells, Selected};
use crate::input::Input;
use crate::member::Member;
use crate::values::Values;

/// A cell of the month that is being compared.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) member: &'a Member<'a>,
    pub(crate) rules: &'a FamilyRules,
    pub(crate) counts: Counted,
    pub(crate) part: Part,
}

impl<'a> Place<'a> {
    /// Its counts of the evaluated month.
    pub(crate) const fn now(&self) -> Selected<'a> {
        self.member.now.select(self.counts, self.part)
    }

    const fn before(&self) -> Selected<'a> {
        self.member.before.select(self.counts, self.part)
    }
}

/// Looks up counts, sizes and references of an input.
pub(crate) struct Comparison<'a> {
    input: &'a Input,
    /// The counts of all teams of posts together.
    pool: Cells<'a>,
    /// The medians of groups that are large enough, by group, item and part.
    medians: BTreeMap<(&'a str, &'a str, Part), Exact>,
    /// The mean sizes of the bodies of a group that have one, by group and part.
    mean_sizes: BTreeMap<(&'a str, Part), Exact>,
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(input: &'a Input, members: &[Member<'a>]) -> Self {
        let (medians, mean_sizes) = (BTreeMap::new(), BTreeMap::new());
        let pool = Cells::of_pool(&input.tallies);
        let mut comparison = Self { input, pool, medians, mean_sizes };
        for group in &input.rule_pack.pack.groups {
            comparison.take_group(group, members);
        }
        comparison
    }

    fn take_group(&mut self, group: &'a Group, members: &[Member<'a>]) {
        let family = group.kinds.first().map(|kind| kind.family());
        let Some(rules) = family.and_then(|family| self.pack().families.get(&family)) else {
            return;
        };
        let members: Vec<_> =
            members.iter().filter(|member| group.kinds.contains(&member.body.kind)).collect();
        // The medians are over the bodies with any case in the month (decisions.md 21).
        let has_case =
            |member: &&&Member<'_>| member.now.select(Counted::All, Part::All).has_data();
        let with_case: Vec<_> = members.iter().filter(has_case).copied().collect();
        for (stream, item) in rules.items() {
            let Rule::BandRelative(rule) = &item.rule else { continue };
            if rule.against != Reference::GroupMedian {
                continue;
            }
            let judged = || with_case.iter().filter(|member| stream.is_for(member.body.kind));
            for part in parts(rules, stream) {
                let place = |member| Place { member, rules, counts: stream.counts, part: *part };
                let month = self.input.month;
                let own = |place: Place<'_>| self.own(rule, place, month, &place.member.now);
                let values: Vec<_> = judged().filter_map(|member| own(place(member))).collect();
                let count = Exact::from(values.len() as u64);
                let enough = count >= self.pack().scoring.reference_min.value;
                if let Some(median) = median(values).filter(|_| enough) {
                    self.medians.insert((group.id.as_str(), item.id.as_str(), *part), median);
                }
            }
        }
        if rules.differentiation_mode() != DifferentiationMode::Density {
            self.take_mean_sizes(group, rules, &members);
        }
    }

    fn take_mean_sizes(&mut self, group: &'a Group, rules: &FamilyRules, members: &[&Member<'_>]) {
        for part in Part::ALL {
            let place = |member| Place { member, rules, counts: Counted::All, part: *part };
            let sizes = members.iter().filter_map(|member| self.size_now(place(member)));
            let sizes: Vec<_> = sizes.collect();
            let sum: Exact = sizes.iter().sum();
            if let Some(mean) = sum.checked_div(&Exact::from(sizes.len() as u64)) {
                self.mean_sizes.insert((group.id.as_str(), *part), mean);
            }
        }
    }

    /// Whether there is anything to judge in one part of a body. There is also where one of the
    /// counts that the items of the stream `name` is not zero, and for posts only there: a desk does
    /// many things, of which a stream judges some, and work in common alone is no data.
    pub(crate) fn has_data(&self, place: Place<'_>, looks_back: bool, named: &[Quantity]) -> bool {
        let is_post = place.member.body.kind.family() == Family::Post;
        let (now, before) = (place.now(), place.before());
        let any_will_do = !is_post && (now.has_data() || looks_back && before.has_data());
        let is_named = |name: &Quantity| match name {
            Quantity::Count(base) => !base.is_description() && now.get(*base) > 0,
            Quantity::CountOf(counts, base) => {
                let of_others = Place { counts: *counts, ..place }.now();
                is_post && !base.is_description() && of_others.get(*base) > 0
            }
            Quantity::Size(_) | Quantity::Item(_) => false,
        };
        any_will_do || named.iter().any(is_named)
    }

    /// Where the formulas of the evaluated month are computed.
    pub(crate) fn values_now<'v>(&'v self, item: &Item, place: Place<'v>) -> Values<'v> {
        let (cells, part) = match item.is_pooled() {
            true => (&self.pool, Part::All),
            false => (&place.member.now, place.part),
        };
        Values { comparison: self, place, month: self.input.month, cells, part }
    }

    /// Where the formulas of the month before are computed.
    pub(crate) fn values_before<'v>(&'v self, place: Place<'v>) -> Values<'v> {
        let (month, cells, part) = (self.input.month.previous(), &place.member.before, place.part);
        Values { comparison: self, place, month, cells, part }
    }

    /// The effective size of a body of the evaluated month: in a zone, or of all zones together.
    pub(crate) fn size_now(&self, place: Place<'_>) -> Option<Exact> {
        self.size(place, self.input.month)
    }

    /// The size of a body over the mean size of its group, within the bounds of the pack.
    pub(crate) fn size_ratio(&self, place: Place<'_>) -> Option<Exact> {
        let how = place.rules.differentiation.as_ref()?;
        let group = place.member.group?;
        let mean = self.mean_sizes.get(&(group.id.as_str(), place.part))?;
        Some(how.bounded(self.size_now(place)?.checked_div(mean)?))
    }

    /// What a rule compares in a month.
    fn own(
        &self,
        rule: &BandRelative,
        place: Place<'_>,
        month: Month,
        cells: &Cells<'_>,
    ) -> Option<Exact> {
        let values = Values { comparison: self, place, month, cells, part: place.part };
        let count = rule.count.evaluate(&|name| values.of(name));
        compared(rule, place, count, || self.size(place, month))
    }

    /// The reference of an item where the pack names no number: the group's median where enough of
    /// the group has data; or else the median of the body's own history.
    pub(crate) fn reference(
        &self,
        item: &Item,
        rule: &BandRelative,
        place: Place<'_>,
    ) -> Option<Exact> {
        if rule.reference.is_some() {
            return None;
        }
        let group = place.member.group?;
        let of_group = self.medians.get(&(group.id.as_str(), item.id.as_str(), place.part));
        of_group.cloned().or_else(|| self.own_median(rule, place))
    }

    /// Over the months in which the body was evaluated, each with that month's size (settled
    /// question 22).
    fn own_median(&self, rule: &BandRelative, place: Place<'_>) -> Option<Exact> {
        let member = place.member;
        // The cells of many months lie far apart in memory: only those that matter are fetched, and
        // all before the first is read, so that the machine fetches several at a time.
        let of_stream = |name: &Quantity| matches!(name, Quantity::Count(_));
        let all_of_stream = rule.count.names().iter().all(of_stream);
        let wanted = if all_of_stream { place.counts } else { Counted::All };
        let valid = member.history.iter().filter(|(month, _)| member.is_valid_in(*month));
        let cells: Vec<_> =
            valid.map(|(month, counts)| (*month, Cells::of_body(*counts, wanted))).collect();
        let own = cells.iter().filter_map(|(month, cells)| self.own(rule, place, *month, cells));
        median(own.collect())
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
        place.member.attributes.grid_class(place.part, self.input.month)
    }

    /// What the registry knows of a body in a part.
    pub(crate) fn attribute(
        &self,
        attribute: SizeAttribute,
        place: Place<'_>,
        month: Month,
    ) -> Option<Exact> {
        place.member.attributes.of(attribute, place.part, month)
    }

    fn pack(&self) -> &'a RulePack {
        &self.input.rule_pack.pack
    }
}

/// What a rule compares: the count, over the size where size plays that part. Absent when the size
/// is unknown or zero.
pub(crate) fn compared(
    rule: &BandRelative,
    place: Place<'_>,
    count: Option<Exact>,
    size: impl FnOnce() -> Option<Exact>,
) -> Option<Exact> {
    let density = place.rules.differentiation_mode() == DifferentiationMode::Density;
    match rule.by_size && density {
        true => count?.checked_div(&size()?),
        false => count,
    }
}

/// The parts in which a stream is computed.
pub(crate) const fn parts(rules: &FamilyRules, stream: &StreamRules) -> &'static [Part] {
    if rules.is_zoned(stream) { &[Part::Key, Part::General] } else { &[Part::All] }
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
