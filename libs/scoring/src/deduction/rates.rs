//! Deductions by a rate or an index.

use chengping_casework::Base;
use chengping_rules::{Linear, PerPoint, Satisfaction, Threshold};
use chengping_types::Exact;

use super::{HUNDRED, Sight};
use crate::evaluation::Inputs;

pub(super) fn linear(rule: &Linear, sight: &Sight<'_>) -> (Inputs, Option<Exact>) {
    let (num, den) = sight.sides(&rule.rate);
    let points = num.checked_div(&den).map(|rate| {
        let lost = if rule.bad { rate } else { Exact::ONE - rate };
        (&rule.weight.value * lost.max(Exact::ZERO)).min(rule.weight.value.clone())
    });
    (Inputs::Rate { num, den }, points)
}

pub(super) fn per_point(rule: &PerPoint, sight: &Sight<'_>) -> (Inputs, Option<Exact>) {
    let (num, den) = sight.sides(&rule.rate);
    let points = num.checked_div(&den).map(|rate| {
        let percent = HUNDRED * rate;
        let beyond = match &rule.threshold {
            Threshold::Above(threshold) => percent - &threshold.value,
            Threshold::Below(threshold) => &threshold.value - percent,
        };
        (&rule.points.value * beyond.max(Exact::ZERO)).min(rule.cap.value.clone())
    });
    (Inputs::Rate { num, den }, points)
}

pub(super) fn satisfaction(rule: &Satisfaction, sight: &Sight<'_>) -> (Inputs, Option<Exact>) {
    let counts = sight.seen.place.now();
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
    (Inputs::Satisfaction { index, visits }, points)
}
