//! The primitives: from counts to the points that an item deducts before redistribution.

use chengping_casework::Base;
use chengping_rules::{
    BandRelative, Item, Linear, MomIncrease, PerCaseRepeat, PerPoint, Rate, Rule, Satisfaction,
    Threshold,
};
use chengping_types::Exact;

use crate::comparison::{Comparison, Place, count};
use crate::counts::Counts;
use crate::evaluation::Inputs;

const HUNDRED: Exact = Exact::integer(100);

/// An item in one part: what it was computed from, and what it deducts if it applies.
pub(crate) struct Deduction {
    pub(crate) inputs: Inputs,
    pub(crate) points: Option<Exact>,
}

/// The counts that the items of a stream see in one part of a body.
pub(crate) struct Seen<'a> {
    pub(crate) place: Place<'a>,
    pub(crate) now: Counts,
    pub(crate) before: Counts,
    /// Whether there is anything to judge (decisions.md 20).
    pub(crate) has_data: bool,
}

/// Computes one item.
pub(crate) fn deduct(item: &Item, seen: &Seen<'_>, comparison: &Comparison<'_>) -> Deduction {
    let deduction = match &item.rule {
        Rule::Linear(rule) => linear(rule, &seen.now),
        Rule::PerPoint(rule) => per_point(rule, &seen.now),
        Rule::BandRelative(rule) => band_relative(item, rule, seen, comparison),
        Rule::MomIncrease(rule) => mom_increase(rule, seen),
        // Orders cost whether or not their cases count otherwise.
        Rule::PerCaseRepeat(rule) => return per_case_repeat(rule, &seen.now),
        Rule::Satisfaction(rule) => satisfaction(rule, &seen.now),
    };
    Deduction { points: deduction.points.filter(|_| seen.has_data), ..deduction }
}

/// The two sides of a rate. A side that itself divides by zero makes the rate not applicable, as
/// a denominator of zero does.
pub(crate) fn sides(rate: &Rate, counts: &Counts) -> (Exact, Exact) {
    let value_of = |base| counts.exact(base);
    match (rate.numerator.evaluate(&value_of), rate.denominator.evaluate(&value_of)) {
        (Some(numerator), Some(denominator)) => (numerator, denominator),
        _ => (Exact::ZERO, Exact::ZERO),
    }
}

fn linear(rule: &Linear, counts: &Counts) -> Deduction {
    let (num, den) = sides(&rule.rate, counts);
    let points = num.checked_div(&den).map(|rate| {
        let lacking = (Exact::ONE - rate).max(Exact::ZERO);
        (&rule.weight.value * lacking).min(rule.weight.value.clone())
    });
    Deduction { inputs: Inputs::Rate { num, den }, points }
}

fn per_point(rule: &PerPoint, counts: &Counts) -> Deduction {
    let (num, den) = sides(&rule.rate, counts);
    let points = num.checked_div(&den).map(|rate| {
        let percent = HUNDRED * rate;
        let beyond = match &rule.threshold {
            Threshold::Above(threshold) => percent - &threshold.value,
            Threshold::Below(threshold) => &threshold.value - percent,
        };
        (&rule.points.value * beyond.max(Exact::ZERO)).min(rule.cap.value.clone())
    });
    Deduction { inputs: Inputs::Rate { num, den }, points }
}

/// With a reference of zero, a body without a case loses nothing and any other is not compared
/// (decisions.md 21).
fn band_relative(
    item: &Item,
    rule: &BandRelative,
    seen: &Seen<'_>,
    comparison: &Comparison<'_>,
) -> Deduction {
    let own = comparison.own_now(rule, seen.place);
    let reference = comparison.reference(item, rule, seen.place);
    let points = match (&own, &reference) {
        (Some(own), Some(reference)) if reference.is_zero() => own.is_zero().then_some(Exact::ZERO),
        (Some(own), Some(reference)) => own
            .checked_div(reference)
            .map(|quotient| &rule.weight.value * comparison.bands(rule).share_of(&quotient)),
        _ => None,
    };
    let size = if rule.by_size { comparison.size_now(seen.place) } else { None };
    let count = count(rule, &seen.now).unwrap_or_default();
    Deduction { inputs: Inputs::Band { count, own, reference, size }, points }
}

/// From nothing to something there is no percentage: the item does not apply, the density item
/// still bites.
fn mom_increase(rule: &MomIncrease, seen: &Seen<'_>) -> Deduction {
    let value = |counts: &Counts| rule.count.evaluate(&|base| counts.exact(base));
    let (now, before) = (value(&seen.now), value(&seen.before));
    let (now, before) = (now.unwrap_or_default(), before.unwrap_or_default());
    let points = if before.is_zero() {
        now.is_zero().then_some(Exact::ZERO)
    } else {
        (&now - &before).checked_div(&before).map(|increase| {
            let percent = (HUNDRED * increase).max(Exact::ZERO);
            (&rule.points.value * percent).min(rule.cap.value.clone())
        })
    };
    Deduction { inputs: Inputs::Increase { now, before }, points }
}

fn per_case_repeat(rule: &PerCaseRepeat, counts: &Counts) -> Deduction {
    let (first, repeated) = (counts.get(Base::OrdersFirst), counts.get(Base::OrdersRepeated));
    let weighted = Exact::from(first) + &rule.factor.value * Exact::from(repeated);
    let points = (&rule.first.value * weighted).min(rule.cap.value.clone());
    Deduction { inputs: Inputs::Orders { first, repeated }, points: Some(points) }
}

fn satisfaction(rule: &Satisfaction, counts: &Counts) -> Deduction {
    let answers = [
        (Base::VisitVerySatisfied, &rule.very_satisfied),
        (Base::VisitSatisfied, &rule.satisfied),
        (Base::VisitNeutral, &rule.neutral),
        (Base::VisitDissatisfied, &rule.dissatisfied),
    ];
    let visits = answers.iter().map(|(base, _)| counts.get(*base)).sum::<u64>();
    let values = answers.iter().map(|(base, value)| counts.exact(*base) * &value.value);
    let sum = values.fold(Exact::ZERO, |sum, value| sum + value);
    let index = sum.checked_div(&Exact::from(visits));
    let enough = Exact::from(visits) >= rule.visits_min.value;
    let points = index.clone().filter(|_| enough).map(|index| {
        let share = index.checked_div(&HUNDRED).unwrap_or_default();
        &rule.weight.value * (Exact::ONE - share)
    });
    Deduction { inputs: Inputs::Satisfaction { index, visits }, points }
}
