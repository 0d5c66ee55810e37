//! Deductions by a rate or an index.

use chengping_rules::{Linear, PerPoint, Satisfaction, Threshold};
use chengping_types::Exact;

use super::HUNDRED;
use crate::evaluation::Inputs;

pub(super) fn linear(rule: &Linear, num: &Exact, den: &Exact) -> (Inputs, Option<Exact>) {
    let points = num.checked_div(den).map(|rate| {
        let lost = if rule.bad { rate } else { Exact::ONE - rate };
        (&rule.weight.value * lost.max(Exact::ZERO)).min(rule.weight.value.clone())
    });
    (Inputs::Rate { num: num.clone(), den: den.clone() }, points)
}

pub(super) fn per_point(rule: &PerPoint, num: &Exact, den: &Exact) -> (Inputs, Option<Exact>) {
    let points = num.checked_div(den).map(|rate| {
        let percent = HUNDRED * rate;
        let beyond = match &rule.threshold {
            Threshold::Above(threshold) => percent - &threshold.value,
            Threshold::Below(threshold) => &threshold.value - percent,
        };
        (&rule.points.value * beyond.max(Exact::ZERO)).min(rule.cap.value.clone())
    });
    (Inputs::Rate { num: num.clone(), den: den.clone() }, points)
}

/// The answers as [`ANSWERS`](crate::reading::ANSWERS) has them.
pub(super) fn satisfaction(rule: &Satisfaction, answers: &[u64; 4]) -> (Inputs, Option<Exact>) {
    let worth = [&rule.very_satisfied, &rule.satisfied, &rule.neutral, &rule.dissatisfied];
    let visits = answers.iter().sum::<u64>();
    let values = answers.iter().zip(worth).map(|(count, value)| Exact::from(*count) * &value.value);
    let sum = values.fold(Exact::ZERO, |sum, value| sum + value);
    let index = sum.checked_div(&Exact::from(visits));
    let enough = Exact::from(visits) >= rule.visits_min.value;
    let points = index.clone().filter(|_| enough).map(|index| {
        let share = index.checked_div(&HUNDRED).unwrap_or_default();
        &rule.weight.value * (Exact::ONE - share)
    });
    (Inputs::Satisfaction { index, visits }, points)
}
