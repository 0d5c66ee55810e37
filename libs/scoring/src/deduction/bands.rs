//! Deductions by a number of cases: its band, or its increase.

use chengping_rules::{Band, BandRelative, BandTable, MomIncrease};
use chengping_types::Exact;
use chengping_types::registry::GridClass;

use super::HUNDRED;
use crate::evaluation::Inputs;
use crate::plan::ItemPlan;
use crate::reading::Compared;

pub(super) fn band(
    rule: &Band,
    table: &BandTable,
    count: &Option<Exact>,
    class: GridClass,
) -> (Inputs, Option<Exact>) {
    let points = count.as_ref().map(|count| &rule.weight.value * table.share_of(count));
    let grid_class = (rule.bands_of(class) != rule.bands).then_some(class);
    (Inputs::Count { count: count.clone().unwrap_or_default(), grid_class }, points)
}

/// With a reference of zero, a body without a case loses nothing and any other is not compared
/// (decisions.md 21).
pub(super) fn band_relative(
    rule: &BandRelative,
    item: &ItemPlan<'_>,
    read: &Compared,
    divides: bool,
) -> (Inputs, Option<Exact>) {
    let Compared { count, own, reference, size, ratio } = read.clone();
    let reference = rule.reference.as_ref().map(|fixed| fixed.value.clone()).or(reference);
    let bands = item.bands_of(GridClass::default());
    let points = match (&own, &reference) {
        (Some(own), Some(reference)) if reference.is_zero() => own.is_zero().then_some(Exact::ZERO),
        (Some(own), Some(reference)) => own
            .checked_div(reference)
            .map(|quotient| &rule.weight.value * bands.share_of(&quotient)),
        _ => None,
    };
    let points = match (points, &ratio) {
        (Some(points), Some(ratio)) => {
            points.checked_div(ratio).map(|points| points.min(rule.weight.value.clone()))
        }
        // As under density, a body without a size is not judged by it (decisions.md 37).
        (_, None) if divides => None,
        (points, None) => points,
        (None, Some(_)) => None,
    };
    let count = count.unwrap_or_default();
    (Inputs::Band { count, own, reference, size, ratio }, points)
}

/// From nothing to something there is no percentage: the item does not apply, the density item
/// still bites.
pub(super) fn mom_increase(
    rule: &MomIncrease,
    now: Option<&Exact>,
    before: Option<&Exact>,
    days: [u8; 2],
) -> (Inputs, Option<Exact>) {
    let both_known = now.is_some() && before.is_some();
    let (now, before) = (now.cloned().unwrap_or_default(), before.cloned().unwrap_or_default());
    let days = rule.per_day.then_some(days);
    let points = if !both_known {
        None
    } else if before.is_zero() {
        now.is_zero().then_some(Exact::ZERO)
    } else {
        let a_day = |count: &Exact, days: Option<u8>| match days {
            Some(days) => count.checked_div(&Exact::from(days)).unwrap_or_default(),
            None => count.clone(),
        };
        let own = a_day(&now, days.map(|[now, _]| now));
        let reference = a_day(&before, days.map(|[_, before]| before));
        (own - &reference).checked_div(&reference).map(|increase| {
            let percent = (HUNDRED * increase).max(Exact::ZERO);
            (&rule.points.value * percent).min(rule.cap.value.clone())
        })
    };
    (Inputs::Increase { now, before, days }, points)
}
