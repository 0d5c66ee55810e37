//! The three period bases (method e.4).

use super::{BEGIN, GOOD, begun};
use crate::script::{marks, marks_under};
use crate::{LateCorrection, Lifecycle, PeriodBasis};

fn under(period_basis: PeriodBasis, script: &str, month: u8) -> String {
    marks_under(script, month, Lifecycle { period_basis, ..Lifecycle::default() })
}

#[test]
fn a_cohort_counts_in_the_month_of_filing_as_seen_at_the_view() {
    let script = begun("05-02T08 handled\n 05-02T09 closed").replace("04-28T10", "05-20T10");
    assert_eq!(under(PeriodBasis::Cohort, &script, 4), GOOD);
    assert_eq!(under(PeriodBasis::Cohort, &script, 5), "");
    assert_eq!(marks(&script, 4), "");
    assert_eq!(marks(&script, 5), GOOD);
}

#[test]
fn a_cohort_knows_neither_carry_over_nor_corrections() {
    assert_eq!(under(PeriodBasis::Cohort, BEGIN, 4), "due overdue_open");
    assert_eq!(under(PeriodBasis::Cohort, BEGIN, 5), "");
    let script = begun("04-26T08 handled\n 05-10T08 check_failed\n 05-11T08 handled");
    assert_eq!(under(PeriodBasis::Cohort, &script, 5), "");
}

#[test]
fn the_stock_counts_what_was_carried_over_again() {
    assert_eq!(under(PeriodBasis::Stock, BEGIN, 4), "due overdue_open");
    let open = "due overdue_open carried_start carried_open";
    assert_eq!(under(PeriodBasis::Stock, BEGIN, 5), open);
    let script = begun("05-10T08 handled\n 05-10T09 closed");
    let closed = "due handled closed carried_start carried_closed";
    assert_eq!(under(PeriodBasis::Stock, &script, 5), closed);
    assert_eq!(under(PeriodBasis::Stock, &script, 6), "");
}

#[test]
fn corrections_can_be_switched_off() {
    let script = begun("04-26T08 handled\n 05-10T08 check_failed\n 05-11T08 handled");
    let lifecycle = Lifecycle { late_correction: LateCorrection::None, ..Lifecycle::default() };
    assert_eq!(marks_under(&script, 5, lifecycle), "rework");
}
