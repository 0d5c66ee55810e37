//! The items of a body, part by part, in an order in which each finds what it names.

use std::collections::BTreeSet;
use std::sync::Arc;

use chengping_rules::{
    FamilyRules, Item, ItemPlace, MonthWeights, Quantity, Redistribution, StreamRules,
};
use chengping_types::{Exact, Month, Zone};

use crate::attribution::Part;
use crate::comparison::{Comparison, Place, parts};
use crate::deduction::{Deduction, Seen, deduct};
use crate::evaluation::{ItemText, StreamText};
use crate::member::Member;
use crate::values::Deducted;

/// What is the same for all bodies of a family.
pub(super) struct Plan<'a> {
    pub(super) rules: &'a FamilyRules,
    /// By stream.
    pub(super) streams: Vec<StreamPlan<'a>>,
    /// The items, each after those that it names, and whether others name it.
    order: Vec<(ItemPlace, bool)>,
    /// The weights of the zones in the month.
    weights: Option<MonthWeights>,
}

/// What is the same in a stream.
pub(super) struct StreamPlan<'a> {
    pub(super) rules: &'a StreamRules,
    pub(super) text: Arc<StreamText>,
    /// By item.
    pub(super) items: Vec<Arc<ItemText>>,
    looks_back: bool,
    /// What its items name.
    names: Vec<Quantity>,
    /// The points that its items can deduct.
    points: Exact,
}

impl<'a> Plan<'a> {
    pub(super) fn new(rules: &'a FamilyRules, month: Month) -> Self {
        let named: BTreeSet<_> = rules.items().flat_map(|(_, item)| item.named_items()).collect();
        let is_named =
            |(stream, item): ItemPlace| named.contains(&rules.streams[stream].items[item].id);
        Self {
            rules,
            streams: rules.streams.iter().map(StreamPlan::new).collect(),
            order: rules.order().into_iter().map(|place| (place, is_named(place))).collect(),
            weights: rules.zones.as_ref().map(|zones| zones.in_month(month)),
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

impl<'a> StreamPlan<'a> {
    fn new(rules: &'a StreamRules) -> Self {
        let names: BTreeSet<_> = rules.items.iter().flat_map(|item| item.rule.names()).collect();
        let text = |item: &Item| {
            Arc::new(ItemText {
                id: item.id.clone(),
                name: item.name.clone(),
                aspect: item.aspect,
                clause: item.source.clause.clone(),
                provenance: item.source.provenance.clone(),
            })
        };
        Self {
            rules,
            text: Arc::new(StreamText { id: rules.id.clone(), cap: rules.cap.value.clone() }),
            items: rules.items.iter().map(text).collect(),
            looks_back: rules.looks_back(),
            names: names.into_iter().collect(),
            points: rules.points(),
        }
    }
}

/// One part of a stream: its items as computed, and how much it weighs in the body.
pub(super) struct StreamPart<'a> {
    pub(super) seen: Seen<'a>,
    /// Share in the stream; the shares of all parts with data add up to one.
    pub(super) share: Exact,
    /// By how much applicable items count more.
    pub(super) factor: Exact,
    /// By item; all are there once the body is computed.
    pub(super) items: Vec<Option<Deduction>>,
}

/// The parts of each stream of a body, in the order of the pack; none of a stream that is not for
/// its kind.
pub(super) fn compute<'a>(
    redistribution: Redistribution,
    plan: &'a Plan<'_>,
    member: &'a Member<'_>,
    comparison: &Comparison<'_>,
) -> Vec<Vec<StreamPart<'a>>> {
    let see = |stream: &'a StreamPlan<'_>| -> Vec<_> {
        let rules = stream.rules;
        let part = |part: &Part| {
            let place = Place { member, rules: plan.rules, counts: rules.counts, part: *part };
            let seen = comparison.see(place, stream.looks_back, &stream.names);
            let items = std::iter::repeat_with(|| None).take(rules.items.len()).collect();
            StreamPart { seen, share: Exact::ZERO, factor: Exact::ONE, items }
        };
        let parts = if rules.is_for(member.body.kind) { parts(plan.rules, rules) } else { &[] };
        parts.iter().map(part).collect()
    };
    let mut streams: Vec<Vec<_>> = plan.streams.iter().map(see).collect();
    deduct_all(plan, &mut streams, comparison);
    for (parts, stream) in streams.iter_mut().zip(&plan.streams) {
        weigh(redistribution, plan, stream, parts);
    }
    streams
}

/// Every item in every part of its stream, each after those that it names.
fn deduct_all(plan: &Plan<'_>, streams: &mut [Vec<StreamPart<'_>>], comparison: &Comparison<'_>) {
    let mut deducted = Deducted::default();
    for ((stream, item), is_named) in &plan.order {
        let rules = &plan.streams[*stream].rules.items[*item];
        for part in &mut streams[*stream] {
            let deduction = deduct(rules, &part.seen, comparison, &deducted);
            if *is_named {
                deducted.note(&rules.id, part.seen.place.part, deduction.points.as_ref());
            }
            part.items[*item] = Some(deduction);
        }
    }
}

fn weigh(
    redistribution: Redistribution,
    plan: &Plan<'_>,
    stream: &StreamPlan<'_>,
    parts: &mut [StreamPart<'_>],
) {
    for part in parts.iter_mut().filter(|part| part.seen.has_data) {
        part.share = plan.weight(part.seen.place.part);
    }
    let all_weights: Exact = parts.iter().map(|part| &part.share).sum();
    for part in parts {
        part.share = part.share.checked_div(&all_weights).unwrap_or_default();
        part.factor = factor(redistribution, stream, &part.items);
    }
}

/// By how much the items that apply count more, because the points of the others go to them
/// (decisions.md 19).
fn factor(
    redistribution: Redistribution,
    stream: &StreamPlan<'_>,
    items: &[Option<Deduction>],
) -> Exact {
    let applies = |found: &Option<Deduction>| found.as_ref().is_some_and(|it| it.points.is_some());
    let deducting = stream.rules.items.iter().zip(items).filter(|(item, _)| !item.rule.is_bonus());
    let applicable = deducting.filter(|(_, found)| applies(found));
    let applicable: Exact = applicable.map(|(item, _)| &item.rule.points().value).sum();
    let pro_rata = stream.points.checked_div(&applicable).unwrap_or(Exact::ONE);
    match redistribution {
        Redistribution::AtMostDouble => pro_rata.min(Exact::integer(2)),
        Redistribution::ProRata => pro_rata,
        Redistribution::None => Exact::ONE,
    }
}
