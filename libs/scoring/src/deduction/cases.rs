//! Deductions by the case or order, on a condition, and bonuses.

use chengping_rules::{Bonus, FlatIf, PerCase, PerCaseRepeat, RepeatMode};
use chengping_types::Exact;

use crate::evaluation::Inputs;

pub(super) fn per_case(rule: &PerCase, count: &Option<Exact>) -> (Inputs, Option<Exact>) {
    let points = count.as_ref().map(|count| {
        (&rule.points.value * count.clone().max(Exact::ZERO)).min(rule.cap.value.clone())
    });
    let count = count.clone().unwrap_or_default();
    (Inputs::Count { count, grid_class: None }, points)
}

/// Orders cost whether or not their cases count otherwise.
pub(super) fn per_case_repeat(
    rule: &PerCaseRepeat,
    first: u64,
    repeated: u64,
    weight: u64,
) -> (Inputs, Option<Exact>) {
    let (weighted, weight) = match rule.mode {
        RepeatMode::Flat => (Exact::from(first) + &rule.factor.value * Exact::from(repeated), None),
        RepeatMode::Geometric => (Exact::from(weight), Some(weight)),
    };
    let points = (&rule.first.value * weighted).min(rule.cap.value.clone());
    (Inputs::Orders { first, repeated, weight }, Some(points))
}

pub(super) fn flat_if(
    rule: &FlatIf,
    left: &Option<Exact>,
    right: &Option<Exact>,
    holds: Option<bool>,
) -> (Inputs, Option<Exact>) {
    let points = holds.map(|holds| if holds { rule.points.value.clone() } else { Exact::ZERO });
    (Inputs::Condition { left: left.clone(), right: right.clone(), holds }, points)
}

/// Given back: below zero.
pub(super) fn bonus(rule: &Bonus, value: &Option<Exact>) -> (Inputs, Option<Exact>) {
    let points = value.as_ref().map(|value| {
        -(&rule.points.value * value.clone().max(Exact::ZERO)).min(rule.cap.value.clone())
    });
    (Inputs::Value { value: value.clone() }, points)
}
