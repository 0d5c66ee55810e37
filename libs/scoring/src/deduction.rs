//! The primitives: from what an item reads to the points that it deducts before redistribution.

mod bands;
mod cases;
mod rates;

use std::borrow::Cow;

use chengping_rules::{DifferentiationMode, Rule};
use chengping_types::Exact;

use crate::evaluation::Inputs;
use crate::plan::{ItemPlan, Plan};
use crate::reading::{ItemReading, PartReading, Reading, close, limit_value};
use crate::values::Deducted;

const HUNDRED: Exact = Exact::integer(100);

/// An item in one part: what it was computed from, and what it deducts if it applies.
pub(crate) struct Deduction {
    pub(crate) inputs: Inputs,
    /// Below zero for a bonus.
    pub(crate) points: Option<Exact>,
    /// The value of the item's limit, where it has one.
    pub(crate) limit: Option<Exact>,
}

/// Computes one item of a part. What it names has been noted in `deducted`.
pub(crate) fn deduct(
    plan: &Plan<'_>,
    item: &ItemPlan<'_>,
    part: &PartReading,
    reading: &ItemReading,
    deducted: &Deducted<'_>,
) -> Deduction {
    let read = match &reading.rule {
        Reading::Open { values, class } => {
            Cow::Owned(close(item, values, *class, deducted, part.part))
        }
        read => Cow::Borrowed(read),
    };
    let (inputs, points) = by_rule(plan, item, &read);
    let points = points.filter(|_| part.has_data || is_never_idle(&item.rules.rule));
    let limit = reading.limit.as_ref();
    let limit = limit.and_then(|limit| limit_value(item, limit, deducted, part.part));
    let points = points.map(|points| limited(points, limit.as_ref()));
    Deduction { inputs, points, limit }
}

fn by_rule(plan: &Plan<'_>, item: &ItemPlan<'_>, read: &Reading) -> (Inputs, Option<Exact>) {
    match (&item.rules.rule, read) {
        (Rule::Linear(rule), Reading::Rate { num, den }) => rates::linear(rule, num, den),
        (Rule::PerPoint(rule), Reading::Rate { num, den }) => rates::per_point(rule, num, den),
        (Rule::PerCase(rule), Reading::Count { count, .. }) => cases::per_case(rule, count),
        (Rule::PerCaseRepeat(rule), Reading::Orders { first, repeated, weight }) => {
            cases::per_case_repeat(rule, *first, *repeated, *weight)
        }
        (Rule::Band(rule), Reading::Count { count, class }) => {
            bands::band(rule, item.bands_of(*class), count, *class)
        }
        (Rule::BandRelative(rule), Reading::Compared(compared)) => {
            let divides = rule.by_size
                && plan.rules.differentiation_mode() == DifferentiationMode::DivideDeduction;
            bands::band_relative(rule, item, compared, divides)
        }
        (Rule::MomIncrease(rule), Reading::Increase { now, before }) => {
            bands::mom_increase(rule, now.as_ref(), before.as_ref(), plan.days)
        }
        (Rule::FlatIf(rule), Reading::Condition { left, right, holds }) => {
            cases::flat_if(rule, left, right, *holds)
        }
        (Rule::Satisfaction(rule), Reading::Answers(answers)) => rates::satisfaction(rule, answers),
        (Rule::Bonus(rule), Reading::Value(value)) => cases::bonus(rule, value),
        _ => unreachable!("a rule computes from what it reads"),
    }
}

/// Whether a rule applies without anything to judge: a number of cases or orders is a number also
/// when it is zero (decisions.md 31).
const fn is_never_idle(rule: &Rule) -> bool {
    matches!(rule, Rule::PerCase(_) | Rule::PerCaseRepeat(_) | Rule::Band(_))
}

/// At most the limit, which is never below zero. Of a bonus it is what may be given back.
fn limited(points: Exact, limit: Option<&Exact>) -> Exact {
    let Some(limit) = limit else { return points };
    let limit = limit.clone().max(Exact::ZERO);
    if points.is_negative() { points.max(-limit) } else { points.min(limit) }
}
