//! The values of the catalogue's indicators.

use chengping_rules::{Count, Formula, Indicator, Measure, Quantity};
use chengping_types::Exact;

use crate::counts::Counts;

/// What is measured: the counts of one body, zone and month, in the streams that the indicator
/// [counts](Indicator::stream).
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// The month.
    pub now: &'a Counts,
    /// The month before, as it was frozen; none when it was not looked at.
    pub before: Option<&'a Counts>,
    /// The effective size, where it is known (5.2.6).
    pub size: Option<&'a Exact>,
}

impl<'a> Measured<'a> {
    /// A month by itself.
    pub const fn of(now: &'a Counts) -> Self {
        Self { now, before: None, size: None }
    }
}

/// The value of an indicator, exactly; none where it is not applicable: something is divided by
/// zero, what it needs is not known, or the files cannot yield it. A share of 1 is one whole:
/// [`printed`] makes it a hundred percent.
pub fn value(indicator: &Indicator, measured: Measured<'_>) -> Option<Exact> {
    let of = |formula: &Count, counts: &Counts| {
        formula.evaluate(&|name| match name {
            Quantity::Count(base) => Some(counts.exact(*base)),
            Quantity::CountOf(..) | Quantity::Size(_) | Quantity::Item(_) => None,
        })
    };
    match &indicator.formula {
        Formula::Base(base) => Some(Exact::from(measured.now.get(*base))),
        Formula::Of(formula) => of(formula, measured.now),
        Formula::Change(count) => {
            let (now, before) = (of(count, measured.now)?, of(count, measured.before?)?);
            (now - &before).checked_div(&before)
        }
        Formula::Density(count) => of(count, measured.now)?.checked_div(measured.size?),
        Formula::NotDerivable(_) => None,
    }
}

/// A value for a reader: whole where it counts, else with two decimals, rounded once, half up.
pub fn printed(indicator: &Indicator, value: &Exact) -> String {
    match indicator.unit {
        Measure::Cases | Measure::Times | Measure::Seconds | Measure::Sections => {
            value.to_decimal(0)
        }
        Measure::Percent => (value * &Exact::integer(100)).to_decimal(2),
        Measure::Hours | Measure::Points | Measure::Factor | Measure::PerSection => {
            value.to_decimal(2)
        }
    }
}
