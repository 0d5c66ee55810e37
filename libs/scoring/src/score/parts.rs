//! The items of a body, part by part, in an order in which each finds what it names.

use chengping_rules::Redistribution;
use chengping_types::Exact;

use crate::deduction::{Deduction, deduct};
use crate::plan::{Plan, StreamPlan};
use crate::reading::{BodyReading, PartReading};
use crate::values::Deducted;

/// One part of a stream: its items as computed, and how much it weighs in the body.
pub(super) struct StreamPart<'a> {
    pub(super) read: &'a PartReading,
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
    plan: &Plan<'_>,
    body: &'a BodyReading,
) -> Vec<Vec<StreamPart<'a>>> {
    let part = |read: &'a PartReading| {
        let items = std::iter::repeat_with(|| None).take(read.items.len()).collect();
        StreamPart { read, share: Exact::ZERO, factor: Exact::ONE, items }
    };
    let parts = |parts: &'a Vec<PartReading>| parts.iter().map(part).collect();
    let mut streams: Vec<Vec<_>> = body.streams.iter().map(parts).collect();
    deduct_all(plan, &mut streams);
    for (parts, stream) in streams.iter_mut().zip(&plan.streams) {
        weigh(redistribution, stream, parts);
    }
    streams
}

/// Every item in every part of its stream, each after those that it names.
fn deduct_all(plan: &Plan<'_>, streams: &mut [Vec<StreamPart<'_>>]) {
    let mut deducted = Deducted::default();
    for ((stream, item), is_named) in &plan.order {
        let rules = &plan.streams[*stream].items[*item];
        for part in &mut streams[*stream] {
            let read = part.read;
            let deduction = deduct(plan, rules, read, &read.items[*item], &deducted);
            if *is_named {
                deducted.note(&rules.rules.id, read.part, deduction.points.as_ref());
            }
            part.items[*item] = Some(deduction);
        }
    }
}

fn weigh(redistribution: Redistribution, stream: &StreamPlan<'_>, parts: &mut [StreamPart<'_>]) {
    if parts.is_empty() {
        return;
    }
    let shares = stream.shares(parts.iter().map(|part| part.read.has_data));
    for (part, share) in parts.iter_mut().zip(shares) {
        part.share = share;
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
    let deducting = || {
        let items = stream.items.iter().zip(items);
        items.filter(|(item, _)| !item.rules.rule.is_bonus())
    };
    if deducting().all(|(_, found)| applies(found)) {
        return Exact::ONE;
    }
    let applicable = deducting().filter(|(_, found)| applies(found));
    let applicable: Exact = applicable.map(|(item, _)| &item.rules.rule.points().value).sum();
    let pro_rata = stream.points.checked_div(&applicable).unwrap_or(Exact::ONE);
    match redistribution {
        Redistribution::AtMostDouble => pro_rata.min(Exact::integer(2)),
        Redistribution::ProRata => pro_rata,
        Redistribution::None => Exact::ONE,
    }
}
