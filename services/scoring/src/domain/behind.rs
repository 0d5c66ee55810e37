//! Which counts stand behind an input of an item.

use std::collections::BTreeMap;

use chengping_casework::Base;
use chengping_rules::{Count, Counted, Expression, Operation, Quantity, RepeatMode, Rule};

/// How often a case counts through each base count, and over which cases it is one: those of the
/// item's stream unless the formula says otherwise.
pub(crate) type Weights = BTreeMap<(Option<Counted>, Base), i64>;

/// The base counts behind an input of an item, and the month they are counted in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Behind {
    /// By base count; settlement corrections beside what they correct, and against it.
    pub(crate) weights: Weights,
    /// Whether they are counted in the month before.
    pub(crate) last_month: bool,
}

/// The counts behind the input called `input` of a rule; `Err` lists the inputs that count cases.
pub(crate) fn behind(rule: &Rule, input: &str) -> Result<Behind, &'static str> {
    let this_month = |weights| Ok(Behind { weights, last_month: false });
    let each = |bases: &[Base]| this_month(bases.iter().map(|base| ((None, *base), 1)).collect());
    match (rule, input) {
        (Rule::Linear(rule), "num") => this_month(weights(&rule.rate.numerator)),
        (Rule::Linear(rule), "den") => this_month(weights(&rule.rate.denominator)),
        (Rule::PerPoint(rule), "num") => this_month(weights(&rule.rate.numerator)),
        (Rule::PerPoint(rule), "den") => this_month(weights(&rule.rate.denominator)),
        (Rule::BandRelative(rule), "count") => this_month(weights(&rule.count)),
        (Rule::MomIncrease(rule), "now") => this_month(weights(&rule.count)),
        (Rule::MomIncrease(rule), "before") => {
            Ok(Behind { weights: weights(&rule.count), last_month: true })
        }
        (Rule::PerCase(rule), "count") => this_month(weights(&rule.count)),
        (Rule::Band(rule), "count") => this_month(weights(&rule.count)),
        (Rule::FlatIf(rule), "left") => this_month(weights(&rule.condition.left)),
        (Rule::FlatIf(rule), "right") => this_month(weights(&rule.condition.right)),
        (Rule::Bonus(rule), "value") => this_month(weights(&rule.value)),
        (Rule::PerCaseRepeat(rule), "weight") if rule.mode == RepeatMode::Geometric => {
            each(&[Base::OrdersGeometric])
        }
        (Rule::PerCaseRepeat(_), "first") => each(&[Base::OrdersFirst]),
        (Rule::PerCaseRepeat(_), "repeated") => each(&[Base::OrdersRepeated]),
        (Rule::Satisfaction(_), "visits") => each(&[
            Base::VisitVerySatisfied,
            Base::VisitSatisfied,
            Base::VisitNeutral,
            Base::VisitDissatisfied,
        ]),
        (Rule::Linear(_) | Rule::PerPoint(_), _) => Err("num, den"),
        (Rule::PerCase(_) | Rule::Band(_) | Rule::BandRelative(_), _) => Err("count"),
        (Rule::FlatIf(_), _) => Err("left, right"),
        (Rule::Bonus(_), _) => Err("value"),
        (Rule::PerCaseRepeat(rule), _) if rule.mode == RepeatMode::Geometric => {
            Err("first, repeated, weight")
        }
        (Rule::MomIncrease(_), _) => Err("now, before"),
        (Rule::PerCaseRepeat(_), _) => Err("first, repeated"),
        (Rule::Satisfaction(_), _) => Err("visits"),
    }
}

/// The weights of an expression, with the corrections that formulas see through `Counts::net`.
/// In an expression that is no sum, such as a product of counts, no case has a weight of its own,
/// and each count that is named is listed once.
fn weights(expression: &Count) -> Weights {
    let each_once = || {
        let names = expression.names();
        names.iter().filter_map(count_of).map(|count| (count, 1)).collect()
    };
    let mut weights = sum(expression).map_or_else(each_once, |sum| sum.weights);
    for ((counted, base), weight) in weights.clone() {
        let correction = match base {
            Base::OnTime => Base::UndoOnTime,
            Base::ClosedOnTime => Base::UndoClosedOnTime,
            _ => continue,
        };
        *weights.entry((counted, correction)).or_default() -= weight;
    }
    weights.retain(|_, weight| *weight != 0);
    weights
}

/// The base count that a name stands for, if it counts cases.
const fn count_of(name: &Quantity) -> Option<(Option<Counted>, Base)> {
    match name {
        Quantity::Count(base) => Some((None, *base)),
        Quantity::CountOf(counted, base) => Some((Some(*counted), *base)),
        Quantity::Size(_) | Quantity::Item(_) => None,
    }
}

/// A constant and weighted counts.
#[derive(Default)]
struct Sum {
    constant: i64,
    weights: Weights,
}

impl Sum {
    fn plus(mut self, other: &Self, times: i64) -> Option<Self> {
        let add = |own: i64, other: i64| own.checked_add(other.checked_mul(times)?);
        self.constant = add(self.constant, other.constant)?;
        for (base, weight) in &other.weights {
            let own = self.weights.entry(*base).or_default();
            *own = add(*own, *weight)?;
        }
        Some(self)
    }
}

/// The expression as a sum, if it is one.
fn sum(expression: &Count) -> Option<Sum> {
    match expression {
        Expression::Name(name) => Some(Sum { constant: 0, weights: [(count_of(name)?, 1)].into() }),
        Expression::Integer(number) => Some(Sum { constant: i64::from(*number), ..Sum::default() }),
        Expression::Operation(operation, left, right) => {
            let (left, right) = (sum(left)?, sum(right)?);
            match operation {
                Operation::Add => left.plus(&right, 1),
                Operation::Subtract => left.plus(&right, -1),
                Operation::Multiply if left.weights.is_empty() => {
                    Sum::default().plus(&right, left.constant)
                }
                Operation::Multiply if right.weights.is_empty() => {
                    Sum::default().plus(&left, right.constant)
                }
                Operation::Multiply | Operation::Divide => None,
            }
        }
        Expression::Decimal(_) | Expression::Call(..) | Expression::If(..) => None,
    }
}

#[cfg(test)]
mod tests {
    use chengping_rules::{RulePack, builtin, builtin_names};

    use super::*;

    fn of(text: &str) -> Vec<(Base, i64)> {
        let weights = weights(&Expression::parse(text).unwrap());
        weights.into_iter().map(|((_, base), weight)| (base, weight)).collect()
    }

    #[test]
    fn a_case_weighs_what_the_formula_gives_it() {
        assert_eq!(of("filed"), [(Base::Filed, 1)]);
        assert_eq!(of("filed - voided + 1"), [(Base::Filed, 1), (Base::Voided, -1)]);
        assert_eq!(of("2 * (due - 3 * filed) + filed"), [(Base::Filed, -5), (Base::Due, 2)]);
        assert_eq!(of("due - due"), []);
    }

    #[test]
    fn corrections_count_against_what_they_correct() {
        assert_eq!(of("on_time"), [(Base::OnTime, 1), (Base::UndoOnTime, -1)]);
        assert_eq!(
            of("due - closed_on_time"),
            [(Base::Due, 1), (Base::ClosedOnTime, -1), (Base::UndoClosedOnTime, 1)]
        );
    }

    #[test]
    fn what_is_no_sum_lists_each_count_once() {
        assert_eq!(of("due * filed"), [(Base::Filed, 1), (Base::Due, 1)]);
        assert_eq!(of("due / 2"), [(Base::Due, 1)]);
        assert_eq!(of("max(due, filed) * difficulty"), [(Base::Filed, 1), (Base::Due, 1)]);
    }

    #[test]
    fn a_formula_may_count_cases_of_another_stream() {
        let weights = weights(&Expression::parse("filed - public.on_time").unwrap());
        let public = Some(Counted::Public);
        let expected = [
            ((None, Base::Filed), 1),
            ((public, Base::OnTime), -1),
            ((public, Base::UndoOnTime), 1),
        ];
        assert_eq!(weights, expected.into());
    }

    #[test]
    fn every_rule_knows_its_inputs_and_lists_them_for_others() {
        let packs = builtin_names().map(|name| RulePack::parse(builtin(name).unwrap()).unwrap());
        let families: Vec<_> = packs.flat_map(|pack| pack.families.into_values()).collect();
        for (_, item) in families.iter().flat_map(|family| family.items()) {
            let known = behind(&item.rule, "size").unwrap_err();
            for input in known.split(", ") {
                let behind = behind(&item.rule, input).unwrap();
                assert!(!behind.weights.is_empty(), "{} {input}", item.id);
                assert_eq!(behind.last_month, input == "before");
            }
        }
    }
}
