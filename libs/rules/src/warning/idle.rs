//! Items that will often, or always, have nothing to judge.

use chengping_casework::{Base, LateCorrection, Lifecycle, PeriodBasis};

use crate::count::{Count, Rate};
use crate::family::{Counted, Item, StreamRules};
use crate::quantity::Quantity;
use crate::rule::Rule;

/// What an item divides by and may well be zero for a body that has cases, in words.
pub(super) fn often_empty(stream: &StreamRules, item: &Item) -> Option<String> {
    let denominator = |rate: &Rate| {
        let names = rate.denominator.names();
        let often_zero = |name: &Quantity| match name {
            Quantity::Count(base) => is_rare(*base),
            Quantity::CountOf(counted, base) => {
                let narrower = *counted != stream.counts && *counted != Counted::All;
                narrower || is_rare(*base)
            }
            Quantity::Size(_) | Quantity::Item(_) => false,
        };
        let empty = !names.is_empty() && names.iter().all(often_zero);
        empty.then(|| rate.denominator.to_string())
    };
    match &item.rule {
        Rule::Linear(rule) => denominator(&rule.rate),
        Rule::PerPoint(rule) => denominator(&rule.rate),
        Rule::MomIncrease(rule) => {
            let all_rare = is_of(&rule.count, is_rare);
            all_rare.then(|| format!("{} of the month before", rule.count))
        }
        Rule::Satisfaction(_) => Some("the number of answered visits".to_owned()),
        _ => None,
    }
}

/// The counts of an item that are always zero under the switches of the pack, and the switch.
pub(super) fn never_counted(item: &Item, lifecycle: &Lifecycle) -> Vec<(Base, &'static str)> {
    let never = |base: Base| match base {
        Base::CarriedStart
        | Base::CarriedOpen
        | Base::CarriedClosed
        | Base::LeftBacklog
        | Base::UndoOnTime
        | Base::UndoClosedOnTime
            if lifecycle.period_basis == PeriodBasis::Cohort =>
        {
            Some((base, "period_basis: cohort"))
        }
        Base::UndoOnTime | Base::UndoClosedOnTime
            if lifecycle.late_correction == LateCorrection::None =>
        {
            Some((base, "late_correction: none"))
        }
        _ => None,
    };
    item.bases().into_iter().filter_map(never).collect()
}

fn is_of(count: &Count, of: fn(Base) -> bool) -> bool {
    let names = count.names();
    !names.is_empty() && names.iter().all(|name| name.base().is_some_and(of))
}

/// Whether a body that has cases may well have none in this count: what goes wrong, what a platform
/// need not ask for, and single sources.
const fn is_rare(base: Base) -> bool {
    !matches!(
        base,
        Base::Filed
            | Base::Assigned
            | Base::Due
            | Base::Handled
            | Base::OnTime
            | Base::Closed
            | Base::ClosedOnTime
            | Base::Reported
            | Base::ReportedOnPatrol
            | Base::ValidOnPatrol
            | Base::AcceptedCase
            | Base::OpenInTime
            | Base::UnclosedInTime
            | Base::FiledPatrol
            | Base::HandlingSeconds
            | Base::ChecksPassed
    ) && !base.is_of_posts()
}
