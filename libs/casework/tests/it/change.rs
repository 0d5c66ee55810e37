//! What time alone changes.

use chengping_casework::{
    Deriver, EventKind, ExemptLate, ExtensionWhenOverdue, LateCorrection, Lifecycle, NoDeadline,
    OnTimeClosing, PeriodBasis, Question, RedispatchDeadline, ReworkRule, SuspendedCases,
    SuspensionWhenOverdue, View, derive,
};
use chengping_types::{Instant, Month};
use proptest::prelude::*;
use proptest::sample::select;

use crate::laws::{EVENT_HOURS, case, event, history, hours};

fn lifecycle() -> impl Strategy<Value = Lifecycle> {
    let of_deadlines = (
        select(RedispatchDeadline::ALL),
        select(SuspensionWhenOverdue::ALL),
        select(ExtensionWhenOverdue::ALL),
        select(NoDeadline::ALL),
        select(SuspendedCases::ALL),
    );
    let of_counts = (
        select(PeriodBasis::ALL),
        select(LateCorrection::ALL),
        select(OnTimeClosing::ALL),
        select(ReworkRule::ALL),
        select(ExemptLate::ALL),
    );
    (of_deadlines, of_counts).prop_map(
        |(
            (redispatch_deadline, when_suspended, when_extended, no_deadline, suspended),
            (period_basis, late_correction, on_time_closing, rework, exempt_late),
        )| Lifecycle {
            redispatch_deadline,
            suspension_when_overdue: when_suspended,
            extension_when_overdue: when_extended,
            no_deadline,
            suspended,
            period_basis,
            late_correction,
            on_time_closing,
            rework,
            exempt_late,
            ..Lifecycle::default()
        },
    )
}

/// A view, and a later one: at most two days later, as a rule, so that often nothing lies between.
fn views() -> impl Strategy<Value = (View, View)> {
    let last = EVENT_HOURS + 24 * 100;
    let decided = prop_oneof![3 => Just(0), 1 => -200..200_i64];
    let step = || prop_oneof![4 => 0..48_i64, 1 => 0..24 * 70_i64];
    (0..last, decided, step(), step()).prop_map(|(at, apart, step, decided_step)| {
        let one = |at: i64, decided: i64| View { as_of: hours(at), decided: hours(decided) };
        (one(at, at + apart), one(at + step, at + apart + decided_step))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_may_not_change_is_the_same_at_every_later_view(
        events in history(),
        (former, later) in views(),
        (of_as_of, of_decided) in (0..=8_i64, 0..=8_i64),
        month in 0..10_i32,
        lifecycle in lifecycle(),
    ) {
        let month = Month::new(2018, 2).unwrap().plus(month);
        let question = |view| Question {
            month,
            time_zone: "Asia/Shanghai".parse().unwrap(),
            view,
            freeze_day: 3,
            lifecycle,
        };
        let asked = question(former);
        if !Deriver::new(&asked).may_change(&events, later) {
            let part = |from: Instant, to: Instant, eighths: i64| {
                let step = (to.as_micros() - from.as_micros()) * eighths / 8;
                Instant::from_micros(from.as_micros() + step)
            };
            let between = View {
                as_of: part(former.as_of, later.as_of, of_as_of),
                decided: part(former.decided, later.decided, of_decided),
            };
            let fact = |view| derive(&case(), &events, &question(view));
            prop_assert_eq!(&fact(former), &fact(later));
            prop_assert_eq!(&fact(former), &fact(between));
        }
    }
}

/// Else the law above would hold of a predicate that says yes to everything.
#[test]
fn an_open_case_does_not_change_before_its_deadline() {
    let zone = "Asia/Shanghai".parse().unwrap();
    let month = Month::new(2018, 3).unwrap();
    let at = |hour| View::at(hours(hour));
    let ask = |view| Question { view, ..Question::at_freeze(month, zone, 3, Lifecycle::default()) };
    let question = ask(at(100));
    let deriver = Deriver::new(&question);
    let filed = event(1, hours(1), EventKind::Filed, None);
    let events = [filed, event(2, hours(2), EventKind::Dispatched, Some(hours(200)))];
    assert!(!deriver.may_change(&events, at(100)));
    assert!(!deriver.may_change(&events, at(200)), "a deadline is overdue when it lies before");
    assert!(
        deriver.may_change(&events, View::at(Instant::from_micros(hours(200).as_micros() + 1)))
    );
    assert!(deriver.may_change(&events, at(99)), "not a later view");
}
