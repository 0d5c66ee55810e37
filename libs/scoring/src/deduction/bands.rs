//! Deductions by a number of cases: its band, or its increase.

use chengping_rules::{Band, BandRelative, DifferentiationMode, MomIncrease};
use chengping_types::Exact;

use super::{HUNDRED, Sight};
use crate::evaluation::Inputs;

pub(super) fn band(rule: &Band, sight: &Sight<'_>) -> (Inputs, Option<Exact>) {
    let count = sight.value(&rule.count);
    let class = sight.comparison.grid_class_now(sight.seen.place);
    let table = rule.bands_of(class);
    let share = |count| sight.comparison.bands(table).share_of(count);
    let points = count.as_ref().map(|count| &rule.weight.value * share(count));
    let grid_class = (table != rule.bands).then_some(class);
    (Inputs::Count { count: count.unwrap_or_default(), grid_class }, points)
}

/// With a reference of zero, a body without a case loses nothing and any other is not compared
/// (decisions.md 21).
pub(super) fn band_relative(rule: &BandRelative, sight: &Sight<'_>) -> (Inputs, Option<Exact>) {
    let (comparison, place) = (sight.comparison, sight.seen.place);
    let own = comparison.own_now(rule, place);
    let reference = comparison.reference(sight.item, rule, place);
    let bands = comparison.bands(&rule.bands);
    let points = match (&own, &reference) {
        (Some(own), Some(reference)) if reference.is_zero() => own.is_zero().then_some(Exact::ZERO),
        (Some(own), Some(reference)) => own
            .checked_div(reference)
            .map(|quotient| &rule.weight.value * bands.share_of(&quotient)),
        _ => None,
    };
    let divides =
        rule.by_size && place.rules.differentiation_mode() == DifferentiationMode::DivideDeduction;
    let ratio = if divides { comparison.size_ratio(place) } else { None };
    let points = match (points, &ratio) {
        (Some(points), Some(ratio)) => {
            points.checked_div(ratio).map(|points| points.min(rule.weight.value.clone()))
        }
        // As under density, a body without a size is not judged by it (decisions.md 37).
        (_, None) if divides => None,
        (points, None) => points,
        (None, Some(_)) => None,
    };
    let size = if rule.by_size { comparison.size_now(place) } else { None };
    let count = sight.value(&rule.count).unwrap_or_default();
    (Inputs::Band { count, own, reference, size, ratio }, points)
}

/// From nothing to something there is no percentage: the item does not apply, the density item
/// still bites.
pub(super) fn mom_increase(rule: &MomIncrease, sight: &Sight<'_>) -> (Inputs, Option<Exact>) {
    let counts = (sight.value(&rule.count), rule.count.evaluate(&|name| sight.before.of(name)));
    let both_known = counts.0.is_some() && counts.1.is_some();
    let (now, before) = (counts.0.unwrap_or_default(), counts.1.unwrap_or_default());
    let days = rule.per_day.then(|| sight.comparison.days());
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
