//! The primitives: from counts to the points that an item deducts before redistribution.

mod bands;
mod cases;
mod rates;

use chengping_rules::{Count, Item, Rate, Rule};
use chengping_types::Exact;

use crate::comparison::{Comparison, Place};
use crate::evaluation::Inputs;
use crate::values::{Deducted, Values};

const HUNDRED: Exact = Exact::integer(100);

/// An item in one part: what it was computed from, and what it deducts if it applies.
pub(crate) struct Deduction {
    pub(crate) inputs: Inputs,
    /// Below zero for a bonus.
    pub(crate) points: Option<Exact>,
    /// The value of the item's limit, where it has one.
    pub(crate) limit: Option<Exact>,
}

/// What the items of a stream are computed for: one part of a body.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) place: Place<'a>,
    /// Whether there is anything to judge (decisions.md 20).
    pub(crate) has_data: bool,
}

/// Everything that an item is computed from.
struct Sight<'a> {
    item: &'a Item,
    seen: &'a Seen<'a>,
    comparison: &'a Comparison<'a>,
    values: Values<'a>,
    before: Values<'a>,
}

/// Computes one item. What it names has been noted in `deducted`.
pub(crate) fn deduct(
    item: &Item,
    seen: &Seen<'_>,
    comparison: &Comparison<'_>,
    deducted: &Deducted<'_>,
) -> Deduction {
    let values = comparison.values_now(item, seen.place, deducted);
    let before = comparison.values_before(seen.place, deducted);
    let sight = Sight { item, seen, comparison, values, before };
    let (inputs, points) = match &item.rule {
        Rule::Linear(rule) => rates::linear(rule, &sight),
        Rule::PerPoint(rule) => rates::per_point(rule, &sight),
        Rule::PerCase(rule) => cases::per_case(rule, &sight),
        Rule::PerCaseRepeat(rule) => cases::per_case_repeat(rule, &sight),
        Rule::Band(rule) => bands::band(rule, &sight),
        Rule::BandRelative(rule) => bands::band_relative(rule, &sight),
        Rule::MomIncrease(rule) => bands::mom_increase(rule, &sight),
        Rule::FlatIf(rule) => cases::flat_if(rule, &sight),
        Rule::Satisfaction(rule) => rates::satisfaction(rule, &sight),
        Rule::Bonus(rule) => cases::bonus(rule, &sight),
    };
    let points = points.filter(|_| seen.has_data || is_never_idle(&item.rule));
    let limit = item.limit.as_ref().and_then(|limit| sight.value(limit));
    let points = points.map(|points| limited(points, limit.as_ref()));
    Deduction { inputs, points, limit }
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

impl Sight<'_> {
    fn value(&self, formula: &Count) -> Option<Exact> {
        formula.evaluate(&|name| self.values.of(name))
    }

    fn sides(&self, rate: &Rate) -> (Exact, Exact) {
        sides(self.value(&rate.numerator), self.value(&rate.denominator))
    }
}

/// The two sides of a rate. A side without a value makes the rate not applicable, as a denominator
/// of zero does.
pub(crate) fn sides(numerator: Option<Exact>, denominator: Option<Exact>) -> (Exact, Exact) {
    numerator.zip(denominator).unwrap_or((Exact::ZERO, Exact::ZERO))
}
