//! The items of a body, part by part, in an order in which each finds what it names.

use std::collections::BTreeSet;

use chengping_rules::{
    FamilyRules, ItemPlace, MonthWeights, Quantity, Redistribution, StreamRules,
};
use chengping_types::registry::Body;
use chengping_types::{Exact, Month, Zone};

use crate::attribution::Part;
use crate::comparison::{Comparison, Place, parts};
use crate::deduction::{Deduction, Seen, deduct};
use crate::values::Deducted;

/// What is the same for all bodies of a family.
pub(super) struct Plan<'a> {
    pub(super) rules: &'a FamilyRules,
    order: Vec<ItemPlace>,
    /// The items that others name.
    named: BTreeSet<String>,
    /// The weights of the zones in the month.
    weights: Option<MonthWeights>,
    streams: Vec<StreamPlan>,
}

struct StreamPlan {
    looks_back: bool,
    /// What its items name.
    names: Vec<Quantity>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(rules: &'a FamilyRules, month: Month) -> Self {
        let named = rules.items().flat_map(|(_, item)| item.named_items()).collect();
        let stream = |stream: &StreamRules| {
            let names = stream.items.iter().flat_map(|item| item.rule.names());
            StreamPlan { looks_back: stream.looks_back(), names: names.collect() }
        };
        Self {
            rules,
            order: rules.order(),
            named,
            weights: rules.zones.as_ref().map(|zones| zones.in_month(month)),
            streams: rules.streams.iter().map(stream).collect(),
        }
    }

    /// The weight of a part of a stream (5.2.5).
    fn weight(&self, part: Part) -> Exact {
        match (&self.weights, part) {
            (Some(weights), Part::Key) => weights.of(Zone::Key).clone(),
            (Some(weights), Part::General) => weights.of(Zone::General).clone(),
            (None, _) | (_, Part::All) => Exact::ONE,
        }
    }
}

/// One part of a stream: its items as computed, and how much it weighs in the body.
pub(super) struct StreamPart {
    pub(super) part: Part,
    /// Share in the stream; the shares of all parts with data add up to one.
    pub(super) share: Exact,
    /// By how much applicable items count more.
    pub(super) factor: Exact,
    pub(super) items: Vec<Deduction>,
}

/// The parts of each stream of a body, in the order of the pack; none of a stream that is not for
/// its kind.
pub(super) fn compute(
    redistribution: Redistribution,
    plan: &Plan<'_>,
    body: &Body,
    comparison: &Comparison<'_>,
) -> Vec<Vec<StreamPart>> {
    let rules = plan.rules;
    let see = |(stream, plan): (&StreamRules, &StreamPlan)| -> Vec<_> {
        let place = |part| Place { body, rules, counts: stream.counts, part };
        let see = |part: &Part| comparison.see(place(*part), plan.looks_back, &plan.names);
        let parts = if stream.is_for(body.kind) { parts(rules, stream) } else { &[] };
        parts.iter().map(see).collect()
    };
    let seen: Vec<Vec<Seen<'_>>> = rules.streams.iter().zip(&plan.streams).map(see).collect();
    let items = deduct_all(plan, &seen, comparison);
    let with_items = seen.iter().zip(items).zip(&rules.streams);
    with_items
        .map(|((seen, items), stream)| weigh(redistribution, plan, stream, seen, items))
        .collect()
}

/// Every item in every part of its stream.
fn deduct_all(
    plan: &Plan<'_>,
    seen: &[Vec<Seen<'_>>],
    comparison: &Comparison<'_>,
) -> Vec<Vec<Vec<Deduction>>> {
    let none = |(stream, seen): (&StreamRules, &Vec<_>)| -> Vec<Vec<Option<Deduction>>> {
        vec![vec![None; stream.items.len()]; seen.len()]
    };
    let mut found: Vec<_> = plan.rules.streams.iter().zip(seen).map(none).collect();
    let mut deducted = Deducted::default();
    for (stream, item) in &plan.order {
        let rules = &plan.rules.streams[*stream].items[*item];
        for (seen, found) in seen[*stream].iter().zip(&mut found[*stream]) {
            let deduction = deduct(rules, seen, comparison, &deducted);
            if plan.named.contains(&rules.id) {
                deducted.note(&rules.id, seen.place.part, deduction.points.as_ref());
            }
            found[*item] = Some(deduction);
        }
    }
    let whole = |parts: Vec<Vec<Option<Deduction>>>| {
        parts.into_iter().map(|items| items.into_iter().flatten().collect()).collect()
    };
    found.into_iter().map(whole).collect()
}

fn weigh(
    redistribution: Redistribution,
    plan: &Plan<'_>,
    stream: &StreamRules,
    seen: &[Seen<'_>],
    items: Vec<Vec<Deduction>>,
) -> Vec<StreamPart> {
    let weight = |seen: &Seen<'_>| {
        if seen.has_data { plan.weight(seen.place.part) } else { Exact::ZERO }
    };
    let weights: Vec<_> = seen.iter().map(weight).collect();
    let all_weights: Exact = weights.iter().sum();
    let part = |((seen, weight), items): ((&Seen<'_>, &Exact), Vec<Deduction>)| StreamPart {
        part: seen.place.part,
        share: weight.checked_div(&all_weights).unwrap_or_default(),
        factor: factor(redistribution, stream, &items),
        items,
    };
    seen.iter().zip(&weights).zip(items).map(part).collect()
}

/// By how much the items that apply count more, because the points of the others go to them
/// (decisions.md 19).
fn factor(redistribution: Redistribution, stream: &StreamRules, items: &[Deduction]) -> Exact {
    let deducting = stream.items.iter().zip(items).filter(|(item, _)| !item.rule.is_bonus());
    let applicable = deducting.filter(|(_, result)| result.points.is_some());
    let applicable = applicable.fold(Exact::ZERO, |sum, (item, _)| sum + &item.rule.points().value);
    let pro_rata = stream.points().checked_div(&applicable).unwrap_or(Exact::ONE);
    match redistribution {
        Redistribution::AtMostDouble => pro_rata.min(Exact::integer(2)),
        Redistribution::ProRata => pro_rata,
        Redistribution::None => Exact::ONE,
    }
}
