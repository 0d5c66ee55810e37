//! One test for each row of method e.5 and each decision that concerns these counts.

mod bases;
mod described;
mod edges;
mod posts;

use chengping_types::{Instant, TimeZone};

use crate::script::{at, case, events, fact, marks, marks_under, question};
use crate::{Base, Lifecycle, Question, View, derive};

const GOOD: &str = "due handled on_time closed closed_on_time";
const LATE: &str = "due handled closed";

/// Filed and dispatched on 20 April, due on the 28th.
const BEGIN: &str = "
    04-20T08 reported
    04-20T09 filed
    04-20T10 dispatched unit=b01 due=04-28T10
";

fn begun(rest: &str) -> String {
    format!("{BEGIN}\n{rest}")
}

#[test]
fn handled_and_closed_in_time() {
    let script = begun("04-22T08 handled unit=b01\n 04-22T09 closed normal");
    assert_eq!(marks(&script, 4), GOOD);
    assert_eq!(marks(&script, 5), "");
    let fact = fact(&script, 4).unwrap();
    assert_eq!(fact.count(Base::Filed) + fact.count(Base::Assigned), 2);
    assert_eq!(fact.unit.unwrap().as_str(), "b01");
}

#[test]
fn a_hand_back_at_the_deadline_is_in_time() {
    assert_eq!(marks(&begun("04-28T10 handled\n 04-28T11 closed"), 4), GOOD);
    assert_eq!(marks(&begun("04-28T11 handled\n 04-28T12 closed"), 4), LATE);
}

#[test]
fn not_due_yet_is_in_no_denominator() {
    let script = BEGIN.replace("04-28T10", "05-20T10");
    assert_eq!(marks(&script, 4), "");
    assert_eq!(marks(&script, 5), "due overdue_open");
}

#[test]
fn a_deadline_between_the_month_and_its_freeze_belongs_to_the_next() {
    let script = BEGIN.replace("04-28T10", "05-02T10");
    assert_eq!(marks(&script, 4), "");
    assert_eq!(marks(&script, 5), "due overdue_open");
    assert_eq!(marks(&script, 6), "carried_start carried_open");
}

#[test]
fn overdue_and_open_is_due_once_and_then_carried() {
    assert_eq!(marks(BEGIN, 4), "due overdue_open");
    assert_eq!(marks(BEGIN, 5), "carried_start carried_open");
    assert_eq!(marks(BEGIN, 12), "carried_start carried_open");
    // Also after ages, without a look at every month in between.
    let zone: TimeZone = "Asia/Shanghai".parse().unwrap();
    let far = Question::at_freeze("9000-01".parse().unwrap(), zone, 3, Lifecycle::default());
    let fact = derive(&case(), &events(BEGIN), &far).unwrap();
    assert!(fact.marks.has(Base::CarriedStart) && fact.marks.has(Base::CarriedOpen));
    let script = begun("05-10T08 handled\n 05-10T09 closed");
    assert_eq!(marks(&script, 4), "due overdue_open");
    assert_eq!(marks(&script, 5), "carried_start carried_closed");
    assert_eq!(marks(&script, 6), "");
}

#[test]
fn handled_late_by_the_freeze_is_handled_in_the_month_of_its_deadline() {
    assert_eq!(marks(&begun("05-02T08 handled\n 05-02T09 closed"), 4), LATE);
}

#[test]
fn rework_by_the_freeze_is_judged_by_the_last_hand_back() {
    let script =
        begun("04-26T08 handled\n 05-02T08 check_failed\n 05-03T08 handled\n 05-03T09 closed");
    assert_eq!(marks(&script, 4), "due handled closed rework");
    assert_eq!(marks(&script, 5), "");
}

#[test]
fn rework_after_the_freeze_is_of_its_month_and_lateness_a_correction() {
    let script = begun(
        "04-26T08 handled\n 04-26T09 closed\n 05-09T08 reopened
         05-09T09 handled\n 05-10T08 check_failed\n 05-11T08 handled\n 05-11T09 closed",
    );
    assert_eq!(marks(&script, 4), GOOD);
    assert_eq!(marks(&script, 5), "rework undo_on_time undo_closed_on_time");
    assert_eq!(marks(&script, 6), "");
}

#[test]
fn a_correction_takes_back_only_what_was_counted() {
    // Handled in time but not closed by the freeze: nothing was counted as closed on time.
    let script = begun("04-26T08 handled\n 05-10T08 check_failed\n 05-11T08 handled");
    assert_eq!(marks(&script, 4), "due handled on_time");
    assert_eq!(marks(&script, 5), "rework undo_on_time");
}

#[test]
fn a_correction_is_made_once_by_the_month_that_discovers_it() {
    let script = begun("04-26T08 handled\n 05-10T08 check_failed\n 06-20T08 handled");
    assert_eq!(marks(&script, 5), "rework undo_on_time");
    assert_eq!(marks(&script, 6), "carried_start");
    assert_eq!(marks(&script, 7), "");
}

#[test]
fn rework_counts_once_a_case() {
    let script = begun(
        "04-22T08 handled\n 04-22T09 check_failed\n 04-23T08 handled
         05-10T08 check_failed\n 05-10T09 handled",
    );
    assert_eq!(marks(&script, 4), "due handled on_time rework");
    assert_eq!(marks(&script, 5), "undo_on_time");
}

#[test]
fn a_failed_check_that_goes_to_another_unit_is_no_rework() {
    let script = begun(
        "04-22T08 handled\n 04-22T09 check_failed
         04-22T10 dispatched unit=b02 due=04-22T11\n 04-23T08 handled\n 04-23T09 closed",
    );
    assert_eq!(marks(&script, 4), GOOD);
    let any = Lifecycle { rework: crate::ReworkRule::AnyFailedCheck, ..Lifecycle::default() };
    assert_eq!(marks_under(&script, 4, any), format!("{GOOD} rework"));
    let same = script.replace("b02", "b01");
    assert_eq!(marks(&same, 4), format!("{GOOD} rework"));
}

#[test]
fn closed_after_the_freeze_is_carried_over_closed() {
    let script = begun("04-26T08 handled\n 05-03T23 closed");
    assert_eq!(marks(&script, 4), GOOD);
    let script = begun("04-26T08 handled\n 05-04T00 closed");
    assert_eq!(marks(&script, 4), "due handled on_time");
    assert_eq!(marks(&script, 5), "carried_closed");
}

#[test]
fn suspended_is_out_until_it_resumes_with_the_deadline_moved_by_the_pause() {
    let script =
        begun("04-21T10 suspended\n 05-20T10 resumed\n 05-27T09 handled\n 05-27T10 closed");
    assert_eq!(marks(&script, 4), "suspended_now suspended_ever");
    // Seven days were left on 21 April, so it is due on 27 May, 10:00.
    assert_eq!(marks(&script, 5), GOOD);
    let late =
        script.replace("05-27T09 handled", "05-27T11 handled").replace("T10 closed", "T12 closed");
    assert_eq!(marks(&late, 5), LATE);
}

#[test]
fn a_deadline_given_at_resuming_stands() {
    let script = begun("04-21T10 suspended\n 05-20T10 resumed due=06-02T10");
    assert_eq!(marks(&script, 5), "");
    assert_eq!(marks(&script, 6), "due overdue_open");
}

#[test]
fn a_hand_back_while_suspended_resumes() {
    let script = begun("04-21T10 suspended\n 05-20T10 handled");
    assert_eq!(marks(&script, 5), "due handled on_time");
}

#[test]
fn a_suspension_after_the_deadline_is_no_escape() {
    let script = begun("04-28T11 suspended\n 05-20T10 resumed due=06-20T10");
    assert_eq!(marks(&script, 4), "due overdue_open");
    assert_eq!(marks(&script, 5), "carried_start carried_open");
    let applied = Lifecycle {
        suspension_when_overdue: crate::SuspensionWhenOverdue::Applied,
        ..Lifecycle::default()
    };
    assert_eq!(marks_under(&script, 4, applied), "suspended_now suspended_ever");
    assert_eq!(marks_under(&script, 6, applied), "due overdue_open");
}

#[test]
fn an_extension_moves_the_deadline_unless_it_comes_late() {
    let script = begun("04-28T10 extended due=04-30T10\n 04-29T08 handled\n 04-29T09 closed");
    assert_eq!(marks(&script, 4), format!("{GOOD} extended"));
    let late = script.replace("04-28T10 extended", "04-28T11 extended");
    assert_eq!(marks(&late, 4), LATE);
    let applied = Lifecycle {
        extension_when_overdue: crate::ExtensionWhenOverdue::Applied,
        ..Lifecycle::default()
    };
    assert_eq!(marks_under(&late, 4, applied), format!("{GOOD} extended"));
}

#[test]
fn a_wrongly_addressed_unit_is_out_and_the_deadline_stays() {
    let returned = begun("04-21T08 returned unit=b01 upheld");
    let nobody = fact(&returned, 4).unwrap();
    assert_eq!((nobody.unit.clone(), nobody.count(Base::Due)), (None, 1));
    let script = format!(
        "{returned}\n 04-22T08 dispatched unit=b02 due=05-22T08
         04-29T08 handled\n 04-29T09 closed"
    );
    assert_eq!(fact(&script, 4).unwrap().unit.unwrap().as_str(), "b02");
    assert_eq!(marks(&script, 4), "due handled closed returned");
    for redispatch_deadline in
        [crate::RedispatchDeadline::RestartIfUpheld, crate::RedispatchDeadline::Literal]
    {
        let lifecycle = Lifecycle { redispatch_deadline, ..Lifecycle::default() };
        assert_eq!(marks_under(&script, 4, lifecycle), format!("{GOOD} returned"));
    }
}

#[test]
fn a_refused_return_is_shirking() {
    let script = begun("04-21T08 returned unit=b01 refused\n 04-22T08 handled\n 04-22T09 closed");
    assert_eq!(marks(&script, 4), format!("{GOOD} shirked"));
    assert_eq!(fact(&script, 4).unwrap().unit.unwrap().as_str(), "b01");
}

#[test]
fn voided_is_out_of_every_count_but_its_own() {
    let script = begun("04-22T08 handled\n 04-23T08 ordered\n 05-02T08 voided");
    let fact = fact(&script, 4).unwrap();
    let judged = fact.marks.iter().filter(|base| !base.is_description());
    assert_eq!(judged.collect::<Vec<_>>(), [Base::Voided]);
    assert_eq!(fact.count(Base::OrdersFirst), 0);
    // Voided after the freeze: the month stands.
    let script = script.replace("05-02T08 voided", "05-04T08 voided");
    assert_eq!(marks(&script, 4), "due handled on_time");
    assert_eq!(marks(&script, 5), "");
}

#[test]
fn before_filing_and_self_handled_count_for_posts_only() {
    for script in [
        "04-20T08 reported",
        "04-20T08 reported\n 04-20T09 self_handled",
        "04-20T08 reported\n 04-20T09 declined invalid",
        "04-20T08 reported\n 04-20T09 accepted\n 04-20T10 refused",
    ] {
        let fact = fact(script, 4);
        let marks = fact.iter().flat_map(|fact| fact.marks.iter());
        let judged = marks.filter(|base| !base.is_description());
        assert_eq!(judged.collect::<Vec<_>>(), [], "{script}");
        assert!(fact.is_none_or(|fact| !fact.desk.is_empty()), "{script}");
    }
}

#[test]
fn reopened_keeps_its_deadline_and_is_no_rework() {
    let script = begun(
        "04-22T08 handled\n 04-22T09 closed\n 04-23T08 reopened
         04-24T08 handled\n 04-24T09 closed",
    );
    assert_eq!(marks(&script, 4), GOOD);
    let late = begun("04-22T08 handled\n 04-22T09 closed\n 06-10T08 reopened\n 06-11T08 handled");
    assert_eq!(marks(&late, 4), GOOD);
    assert_eq!(marks(&late, 6), "undo_on_time undo_closed_on_time");
}

#[test]
fn forced_closing_is_due_and_never_on_time() {
    assert_eq!(marks(&begun("04-22T08 closed forced"), 4), "due closed");
    let handed_back = begun("04-21T08 handled\n 04-22T08 closed forced");
    assert_eq!(marks(&handed_back, 4), "due handled closed");
    let late = begun("05-10T08 closed forced");
    assert_eq!(marks(&late, 4), "due overdue_open");
    assert_eq!(marks(&late, 5), "carried_start carried_closed");
}

#[test]
fn exempted_counts_as_on_time_and_leaves_the_stock() {
    let script = begun("05-02T08 exempted late");
    assert_eq!(marks(&script, 4), "due on_time");
    assert_eq!(marks(&script, 5), "");
    let later = begun("05-12T08 exempted late");
    assert_eq!(marks(&later, 4), "due overdue_open");
    assert_eq!(marks(&later, 5), "");
    let out = Lifecycle { exempt_late: crate::ExemptLate::OutOfDue, ..Lifecycle::default() };
    assert_eq!(marks_under(&script, 4, out), "");
}

#[test]
fn exempted_rework_is_not_counted() {
    let rest = "04-22T08 handled\n 04-22T09 check_failed\n 04-23T08 handled\n 04-23T09 closed";
    for (outcome, expected) in [("rework", GOOD), ("all", GOOD), ("late", "rework")] {
        let script = begun(&format!("{rest}\n 05-01T08 exempted {outcome}"));
        assert!(marks(&script, 4).ends_with(expected), "{outcome}");
    }
}

#[test]
fn decisions_have_a_cut_of_their_own() {
    let script = begun("04-22T08 ordered\n 05-20T08 exempted late\n 05-20T09 order_withdrawn");
    let mut question = question(4, Lifecycle::default());
    let count = |question: &crate::Question, base| {
        derive(&case(), &events(&script), question).unwrap().count(base)
    };
    assert_eq!((count(&question, Base::OnTime), count(&question, Base::OrdersFirst)), (0, 1));
    question.view.decided = at("06-01T00");
    assert_eq!((count(&question, Base::OnTime), count(&question, Base::OrdersFirst)), (1, 0));
}

#[test]
fn late_knowledge_falls_into_the_month_that_discovers_it() {
    let script = begun("04-21T08 suspended\n 05-06T08 resumed due=04-30T08");
    assert_eq!(marks(&script, 4), "suspended_now suspended_ever");
    assert_eq!(marks(&script, 5), "due overdue_open");
}

#[test]
fn an_evaluation_never_sees_past_its_view() {
    let mut question = question(5, Lifecycle::default());
    question.view = View::at(at("05-02T00"));
    let seen = |script: &str| derive(&case(), &events(script), &question);
    let before = begun("05-01T08 check_sent");
    let after = begun("05-01T08 check_sent\n 05-02T00 handled\n 05-03T00 voided");
    assert_eq!(seen(&before), seen(&after));
    assert!(seen(&after).unwrap().marks.has(Base::CarriedOpen));
    assert!(View::at(Instant::MAX).shows(&events(BEGIN)[0]));
}
