//! Impossible sequences (decisions.md 8), orders and visits.

use super::{BEGIN, GOOD, LATE, begun};
use crate::script::{fact, marks, marks_under};
use crate::{Base, Lifecycle, NoDeadline, OnTimeClosing};

#[test]
fn there_is_no_settlement_before_a_first_dispatch() {
    let script = "04-20T09 filed\n 04-21T09 handled\n 04-22T09 closed";
    assert_eq!((marks(script, 4), marks(script, 5)), (String::new(), String::new()));
}

#[test]
fn closed_without_a_hand_back_is_handed_back_then() {
    assert_eq!(marks(&begun("04-22T08 closed normal"), 4), GOOD);
    assert_eq!(marks(&begun("04-29T08 closed normal"), 4), LATE);
}

#[test]
fn a_failed_check_without_a_hand_back_is_none() {
    let script = begun("04-21T08 check_failed\n 04-22T08 handled\n 04-22T09 closed");
    assert_eq!(marks(&script, 4), GOOD);
}

#[test]
fn a_dispatch_reopens_handling() {
    let script = begun("04-22T08 handled\n 04-22T09 dispatched unit=b02");
    assert_eq!(marks(&script, 4), "due overdue_open");
    assert_eq!(fact(&script, 4).unwrap().unit.unwrap().as_str(), "b02");
}

#[test]
fn of_two_hand_backs_the_last_counts() {
    assert_eq!(marks(&begun("04-22T08 handled\n 04-29T08 handled\n 04-29T09 closed"), 4), LATE);
}

#[test]
fn a_hand_back_after_closing_changes_nothing() {
    assert_eq!(marks(&begun("04-22T08 handled\n 04-22T09 closed\n 04-29T08 handled"), 4), GOOD);
}

#[test]
fn voided_is_final() {
    let script = begun("04-22T08 voided\n 04-23T08 handled\n 04-23T09 closed");
    assert_eq!(marks(&script, 4), "voided");
}

#[test]
fn the_first_filing_counts() {
    let script = format!("{BEGIN}\n 05-05T08 filed");
    assert_eq!(fact(&script, 4).unwrap().count(Base::Filed), 1);
    assert_eq!(fact(&script, 5).unwrap().count(Base::Filed), 0);
}

#[test]
fn equal_times_go_by_event_number() {
    let script = "04-20T09 filed\n 04-20T09 dispatched due=04-28T10
                  04-20T09 handled\n 04-20T09 closed";
    assert_eq!(marks(script, 4), GOOD);
}

#[test]
fn a_case_without_deadline_is_on_time_once_handled_or_out() {
    let script = "04-20T09 filed\n 04-20T10 dispatched\n 04-29T08 handled\n 04-29T09 closed";
    assert_eq!(marks(script, 4), GOOD);
    let out = Lifecycle { no_deadline: NoDeadline::OutOfDue, ..Lifecycle::default() };
    assert_eq!(marks_under(script, 4, out), "");
    assert_eq!(marks("04-20T09 filed\n 04-20T10 dispatched", 12), "");
}

#[test]
fn closing_on_time_has_three_readings() {
    let script = begun("04-27T08 handled\n 04-29T08 closed");
    let under = |on_time_closing, script: &str| {
        marks_under(script, 4, Lifecycle { on_time_closing, ..Lifecycle::default() })
    };
    assert_eq!(under(OnTimeClosing::ClosedAndOnTime, &script), GOOD);
    assert_eq!(under(OnTimeClosing::HandledOnTime, &script), GOOD);
    let by_deadline = under(OnTimeClosing::ClosedByDeadline, &script);
    assert_eq!(by_deadline, "due handled on_time closed");
    let open = begun("04-27T08 handled");
    let handled = under(OnTimeClosing::HandledOnTime, &open);
    assert_eq!(handled, "due handled on_time closed_on_time");
}

#[test]
fn orders_are_numbered_over_the_whole_case() {
    let orders = |rest: &str, month| {
        let fact = fact(&begun(rest), month);
        fact.map_or((0, 0), |fact| (fact.orders_first, fact.orders_repeated))
    };
    let three = "04-22T08 ordered\n 04-23T08 ordered\n 05-05T08 ordered";
    assert_eq!((orders(three, 4), orders(three, 5)), ((1, 1), (0, 1)));
    // The withdrawal takes back the second; the third stays the third.
    let second_withdrawn = three.replace("05-05T08", "04-24T08 order_withdrawn\n 05-05T08");
    assert_eq!((orders(&second_withdrawn, 4), orders(&second_withdrawn, 5)), ((1, 0), (0, 1)));
    // Two withdrawals take back the third and the second; the frozen month does not know it.
    let both = format!("{three}\n 05-06T08 order_withdrawn\n 05-06T09 order_withdrawn");
    assert_eq!((orders(&both, 4), orders(&both, 5)), ((1, 1), (0, 0)));
    // A withdrawal with nothing before it takes back nothing.
    assert_eq!(orders("04-21T08 order_withdrawn\n 04-22T08 ordered", 4), (1, 0));
    assert_eq!(orders("04-22T08 ordered\n 04-23T08 voided", 4), (0, 0));
}

#[test]
fn the_weight_of_orders_doubles_from_one_to_the_next() {
    let weight = |rest: &str, month| {
        fact(&begun(rest), month).map_or(0, |fact| fact.count(Base::OrdersGeometric))
    };
    let three = "04-22T08 ordered\n 04-23T08 ordered\n 05-05T08 ordered";
    assert_eq!((weight(three, 4), weight(three, 5)), (1 + 2, 4));
    let second_withdrawn = three.replace("05-05T08", "04-24T08 order_withdrawn\n 05-05T08");
    assert_eq!((weight(&second_withdrawn, 4), weight(&second_withdrawn, 5)), (1, 4));
    let many = "04-22T08 ordered\n ".repeat(40);
    assert_eq!(weight(many.trim_end(), 4), u32::MAX, "as far as it fits");
    assert_eq!(weight("04-22T08 handled", 4), 0);
}

#[test]
fn an_order_on_an_unfiled_case_is_none() {
    let fact = fact("04-20T08 reported\n 04-20T09 ordered", 4).unwrap();
    assert_eq!(fact.count(Base::OrdersFirst), 0);
}

#[test]
fn visits_count_in_their_month() {
    let script = begun(
        "04-22T08 handled\n 04-22T09 closed\n 05-02T08 visited satisfied
         05-03T08 visited unreachable\n 06-04T08 visited dissatisfied",
    );
    let may = fact(&script, 5).unwrap();
    assert_eq!(may.visits, [0, 1, 0, 0, 1]);
    assert!(may.marks.is_empty());
    assert_eq!(fact(&script, 4).unwrap().visits, [0; 5]);
    assert_eq!(fact(&script, 6).unwrap().count(Base::VisitDissatisfied), 1);
}
