//! Deductions by the case or order, on a condition, and bonuses.

use chengping_casework::Base;
use chengping_rules::{Bonus, FlatIf, PerCase, PerCaseRepeat, RepeatMode};
use chengping_types::Exact;

use super::Sight;
use crate::evaluation::Inputs;

pub(super) fn per_case(rule: &PerCase, sight: &Sight<'_>) -> (Inputs, Option<Exact>) {
    let count = sight.value(&rule.count);
    let points = count.as_ref().map(|count| {
        (&rule.points.value * count.clone().max(Exact::ZERO)).min(rule.cap.value.clone())
    });
    (Inputs::Count { count: count.unwrap_or_default(), grid_class: None }, points)
}

/// Orders cost whether or not their cases count otherwise.
pub(super) fn per_case_repeat(rule: &PerCaseRepeat, sight: &Sight<'_>) -> (Inputs, Option<Exact>) {
    let counts = &sight.seen.now;
    let (first, repeated) = (counts.get(Base::OrdersFirst), counts.get(Base::OrdersRepeated));
    let (weighted, weight) = match rule.mode {
        RepeatMode::Flat => (Exact::from(first) + &rule.factor.value * Exact::from(repeated), None),
        RepeatMode::Geometric => {
            let weight = counts.get(Base::OrdersGeometric);
            (Exact::from(weight), Some(weight))
        }
    };
    let points = (&rule.first.value * weighted).min(rule.cap.value.clone());
    (Inputs::Orders { first, repeated, weight }, Some(points))
}

pub(super) fn flat_if(rule: &FlatIf, sight: &Sight<'_>) -> (Inputs, Option<Exact>) {
    let (left, right) = (sight.value(&rule.condition.left), sight.value(&rule.condition.right));
    let holds = rule.condition.holds(&|name| sight.values.of(name));
    let points = holds.map(|holds| if holds { rule.points.value.clone() } else { Exact::ZERO });
    (Inputs::Condition { left, right, holds }, points)
}

/// Given back: below zero.
pub(super) fn bonus(rule: &Bonus, sight: &Sight<'_>) -> (Inputs, Option<Exact>) {
    let value = sight.value(&rule.value);
    let points = value.as_ref().map(|value| {
        -(&rule.points.value * value.clone().max(Exact::ZERO)).min(rule.cap.value.clone())
    });
    (Inputs::Value { value }, points)
}
