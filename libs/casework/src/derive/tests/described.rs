//! Counts that only describe (method b.1, decisions.md 82 to 86).

use super::{BEGIN, begun};
use crate::script::{at, case, events, question};
use crate::{
    Base, Case, ExemptLate, Lifecycle, PeriodBasis, ReworkRule, Source, ValidReport, View, derive,
};

fn public() -> Case {
    Case { source: Source::Wechat, ..case() }
}

fn described_under(case: &Case, script: &str, month: u8, lifecycle: Lifecycle) -> String {
    let fact = derive(case, &events(script), &question(month, lifecycle));
    let marks = fact.iter().flat_map(|fact| fact.marks.iter());
    let mut words: Vec<_> = marks.filter(|base| base.is_description()).map(Base::as_str).collect();
    let sums: Vec<_> = fact.iter().flat_map(|fact| &fact.sums).collect();
    let sums: Vec<_> = sums.iter().map(|sum| format!("{}={}", sum.base, sum.number)).collect();
    words.extend(sums.iter().map(String::as_str));
    words.join(" ")
}

fn described(script: &str, month: u8) -> String {
    described_under(&case(), script, month, Lifecycle::default())
}

/// Of what is described, the words in which one of `parts` occurs.
fn only(parts: &[&str], script: &str, month: u8) -> String {
    let all = described(script, month);
    let words = all.split(' ').filter(|word| parts.iter().any(|part| word.contains(part)));
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_report_counts_in_its_month_whatever_becomes_of_it() {
    let reported = "04-30T08 reported";
    assert_eq!(described(reported, 4), "reported reported_on_patrol");
    assert_eq!(described(reported, 5), "");
    let report = |rest: &str| only(&["report", "valid"], &format!("{reported}\n{rest}"), 4);
    let filed = "reported reported_on_patrol valid_on_patrol reported_unclosed";
    assert_eq!(report("05-02T08 declined invalid"), "reported reported_on_patrol");
    assert_eq!(report("05-02T08 filed"), filed);
    assert_eq!(report("05-04T00 filed"), "reported reported_on_patrol", "not seen any more");
    assert_eq!(report("05-02T08 filed\n 05-02T09 voided"), "reported reported_on_patrol");
    assert_eq!(report("05-01T08 self_handled"), "");
    let closed = "04-30T09 filed\n 04-30T10 dispatched unit=b01 due=05-30T00\n 05-02T08 handled
        05-02T09 closed";
    assert_eq!(report(closed), "reported reported_on_patrol valid_on_patrol");
}

#[test]
fn reports_of_the_public_are_told_from_those_on_patrol() {
    let under = |case: &Case, lifecycle| {
        described_under(case, "04-20T08 reported\n 04-20T09 filed\n 04-21T08 voided", 4, lifecycle)
    };
    let default = Lifecycle::default();
    assert_eq!(under(&public(), default), "reported reported_by_public accepted_case");
    let or_voided = Lifecycle { valid_report: ValidReport::FiledOrVoided, ..default };
    assert_eq!(
        under(&case(), or_voided),
        "reported reported_on_patrol valid_on_patrol accepted_case"
    );
    let by_media = Case { source: Source::Media, ..case() };
    assert_eq!(under(&by_media, default), "reported accepted_case");
}

#[test]
fn filing_and_refusing_imply_that_a_case_was_accepted() {
    let accepted = |script: &str, month| only(&["accepted"], script, month);
    for decision in ["accepted", "filed", "refused"] {
        let script = format!("04-30T08 reported\n 05-02T08 {decision}");
        assert_eq!(accepted(&script, 4), "", "{decision}");
        assert_eq!(accepted(&script, 5), "accepted_case", "{decision}");
    }
    assert_eq!(accepted("04-20T08 reported\n 04-20T09 declined invalid", 4), "");
    let script = "04-30T08 accepted\n 05-02T08 filed";
    assert_eq!((accepted(script, 4), accepted(script, 5)), ("accepted_case".into(), "".into()));
}

#[test]
fn a_filed_case_counts_for_its_source_in_the_month_of_filing() {
    for source in Source::ALL {
        let case = Case { source: *source, ..case() };
        let word = format!("filed_{source}");
        let filed = |script: &str, month| {
            let described = described_under(&case, script, month, Lifecycle::default());
            described.split(' ').any(|found| found == word)
        };
        assert!(filed(BEGIN, 4) && !filed(BEGIN, 5), "{source}");
        assert!(!filed(&begun("04-21T08 voided"), 4), "{source}");
    }
}

#[test]
fn work_waits_for_dispatch_until_it_is_sent_and_again_when_it_comes_back() {
    let waiting = |script: &str, month| only(&["waiting"], script, month);
    let filed = "04-20T08 reported\n 04-20T09 filed";
    assert_eq!(waiting(filed, 4), "waiting_dispatch");
    assert_eq!(waiting(filed, 6), "waiting_dispatch", "in each month anew");
    assert_eq!(waiting(BEGIN, 4), "");
    let back = begun("04-21T08 returned unit=b01 upheld");
    assert_eq!(waiting(&back, 4), "waiting_dispatch");
    assert_eq!(waiting(&format!("{back}\n 05-03T08 dispatched unit=b02"), 4), "");
    assert_eq!(waiting(&begun("04-21T08 returned unit=b01 refused"), 4), "");
    assert_eq!(waiting("05-01T08 filed", 4), "", "of the next month");
    assert_eq!(waiting("05-01T08 filed", 5), "waiting_dispatch");
    assert_eq!(waiting(&format!("{filed}\n 04-21T08 voided"), 4), "");
}

#[test]
fn open_cases_are_in_time_or_overdue_or_suspended() {
    let open = |script: &str, month| only(&["open_"], script, month);
    assert_eq!(open(BEGIN, 4), "open_overdue");
    assert_eq!(open(BEGIN, 6), "open_overdue", "whenever it fell due");
    let due_at_the_view = BEGIN.replace("04-28T10", "05-04T00");
    assert_eq!(open(&due_at_the_view, 4), "open_in_time");
    let due_before = BEGIN.replace("04-28T10", "05-03T23");
    assert_eq!(open(&due_before, 4), "open_overdue");
    assert_eq!(open(&begun("04-21T08 suspended"), 4), "");
    assert_eq!(open(&begun("05-03T08 handled"), 4), "");
    assert_eq!(open(&begun("05-02T08 exempted late"), 4), "", "out of the stock");
    let without_deadline = BEGIN.replace("due=04-28T10", "");
    assert_eq!(open(&without_deadline, 12), "open_in_time");
    assert_eq!(open("04-20T09 filed", 4), "");
}

#[test]
fn unclosed_cases_are_in_time_while_nothing_was_late() {
    let unclosed = |rest: &str| only(&["unclosed_in"], &begun(rest), 4);
    assert_eq!(unclosed(""), "");
    assert_eq!(unclosed("04-22T08 handled"), "unclosed_in_time");
    assert_eq!(unclosed("04-29T08 handled"), "");
    assert_eq!(unclosed("04-22T08 suspended"), "unclosed_in_time");
    assert_eq!(unclosed("04-22T08 handled\n 05-02T08 closed"), "");
    assert_eq!(unclosed("04-29T08 handled\n 05-02T08 exempted late"), "unclosed_in_time");
    assert_eq!(only(&["unclosed_in"], "04-20T09 filed", 5), "unclosed_in_time");
}

#[test]
fn late_is_what_was_handed_back_or_closed_after_the_deadline() {
    let late = |rest: &str, month| only(&["late"], &begun(rest), month);
    assert_eq!(late("04-28T10 handled\n 04-29T08 closed", 4), "");
    assert_eq!(late("04-28T11 handled", 4), "handled_late");
    assert_eq!(late("04-28T11 handled\n 05-02T08 closed", 4), "handled_late closed_late");
    assert_eq!(late("04-28T11 handled\n 05-10T08 closed", 5), "", "carried over, no count");
    assert_eq!(late("04-28T11 handled\n 04-29T08 closed\n 05-02T08 exempted late", 4), "");
    assert_eq!(late("04-22T08 closed forced", 4), "closed_late");
    let stock = Lifecycle { period_basis: PeriodBasis::Stock, ..Lifecycle::default() };
    let handled_in_may = begun("05-10T08 handled");
    let described = described_under(&case(), &handled_in_may, 5, stock);
    assert!(described.contains("handled_late"), "{described}");
    let out = Lifecycle { exempt_late: ExemptLate::OutOfDue, ..Lifecycle::default() };
    let exempted = begun("04-28T11 handled\n 04-29T08 exempted late");
    assert!(!described_under(&case(), &exempted, 4, out).contains("late"));
}

#[test]
fn a_public_case_is_due_for_a_visit_when_it_is_closed() {
    let visits = |case: &Case, rest: &str, month| {
        let script = begun(&format!("04-30T08 handled\n 04-30T09 closed\n{rest}"));
        let described = described_under(case, &script, month, Lifecycle::default());
        let words = described.split(' ').filter(|word| word.starts_with("visit"));
        words.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(visits(&public(), "", 4), "visit_due");
    assert_eq!(visits(&case(), "", 4), "");
    assert_eq!(visits(&public(), "05-03T08 visited unreachable", 4), "visit_due visit_done");
    assert_eq!(visits(&public(), "05-04T08 visited satisfied", 4), "visit_due");
    assert_eq!(visits(&public(), "05-04T08 visited satisfied", 5), "");
    assert_eq!(visits(&public(), "04-29T08 visited satisfied", 4), "visit_due", "before it");
    let again = "05-01T08 reopened\n 05-02T08 handled\n 05-02T09 closed";
    assert_eq!(
        (visits(&public(), again, 4).as_str(), visits(&public(), again, 5).as_str()),
        ("", "visit_due")
    );
}

#[test]
fn the_backlog_begins_sixty_days_after_the_deadline() {
    let backlog = |script: &str, month| only(&["backlog"], script, month);
    // Sixty days after 28 April, 10 o'clock, is 27 June, 10 o'clock.
    assert_eq!(backlog(BEGIN, 5), "");
    assert_eq!(backlog(BEGIN, 6), "backlog");
    let at_view = |as_of: &str| {
        let mut question = question(6, Lifecycle::default());
        question.view = View::at(at(as_of));
        derive(&case(), &events(BEGIN), &question).unwrap().marks.has(Base::Backlog)
    };
    assert!(!at_view("06-27T10") && at_view("06-27T11"));
    let handled = begun("07-10T08 handled");
    assert_eq!(
        (backlog(&handled, 6), backlog(&handled, 7)),
        ("backlog".into(), "left_backlog".into())
    );
    assert_eq!(backlog(&handled, 8), "");
    for rest in ["07-10T08 exempted late", "07-10T08 voided"] {
        assert_eq!(backlog(&begun(rest), 7), "", "{rest}");
    }
    let later = begun("04-28T09 extended due=06-28T10");
    assert_eq!((backlog(&later, 7), backlog(&later, 8)), (String::new(), "backlog".into()));
    let cohort = Lifecycle { period_basis: PeriodBasis::Cohort, ..Lifecycle::default() };
    assert!(!described_under(&case(), &handled, 7, cohort).contains("backlog"));
}

#[test]
fn each_rework_counts_in_the_month_of_its_failed_check() {
    let sums = |rest: &str, month| only(&["rework", "checks"], &begun(rest), month);
    let twice = "04-22T08 handled\n 04-22T09 check_failed\n 04-23T08 handled
        05-10T08 check_failed\n 05-10T09 handled\n 05-10T10 check_passed";
    assert_eq!(sums(twice, 4), "rework_rounds=1 checks_failed=1");
    assert_eq!(sums(twice, 5), "rework_rounds=1 checks_passed=1 checks_failed=1");
    let both = twice.replace("05-10", "04-24");
    assert_eq!(sums(&both, 4), "rework_rounds=2 checks_passed=1 checks_failed=2");
    // Sent to another unit: no rework of the first. Open still: one, as far as is known.
    let elsewhere = "04-22T08 handled\n 04-22T09 check_failed\n 04-23T08 dispatched unit=b02";
    assert_eq!(sums(elsewhere, 4), "checks_failed=1");
    let same = elsewhere.replace("b02", "b01");
    assert_eq!(sums(&same, 4), "rework_rounds=1 checks_failed=1");
    let open = "04-22T08 handled\n 04-22T09 check_failed";
    assert_eq!(sums(open, 4), "rework_rounds=1 checks_failed=1");
    assert_eq!(sums(&format!("{open}\n 04-30T08 exempted rework"), 4), "checks_failed=1");
    assert_eq!(sums("04-22T09 check_failed", 4), "checks_failed=1", "without a hand-back");
    let any = Lifecycle { rework: ReworkRule::AnyFailedCheck, ..Lifecycle::default() };
    assert!(described_under(&case(), &begun(elsewhere), 4, any).contains("rework_rounds=1"));
}

#[test]
fn extensions_are_summed_up_with_the_time_they_gave() {
    let sums = |rest: &str, month| only(&["extension"], &begun(rest), month);
    let twice = "04-22T08 extended due=04-29T10\n 04-23T08 extended due=04-29T12";
    assert_eq!(sums(twice, 4), format!("extension_times=2 extension_seconds={}", 26 * 3600));
    assert_eq!(sums(twice, 5), "", "once, where the case settles");
    let beyond = "04-22T08 extended due=05-20T10";
    assert_eq!((sums(beyond, 4), sums(beyond, 5).is_empty()), (String::new(), false));
    assert_eq!(sums("04-29T08 extended due=05-29T10", 4), "", "after the deadline");
    assert_eq!(sums("04-22T08 extended due=04-27T10", 4), "extension_times=1", "gave no time");
}

#[test]
fn the_time_of_handling_leaves_pauses_out() {
    let seconds = |rest: &str| only(&["_seconds"], &begun(rest), 4);
    // Dispatched on 20 April at 10 o'clock, due on the 28th at 10 o'clock.
    assert_eq!(seconds("04-21T10 handled"), format!("handling_seconds={}", 24 * 3600));
    let again = "04-21T10 handled\n 04-21T11 check_failed\n 04-22T10 handled";
    assert_eq!(seconds(again), format!("handling_seconds={}", 48 * 3600));
    let paused = "04-21T08 suspended\n 04-21T18 resumed\n 04-22T10 handled";
    assert_eq!(seconds(paused), format!("handling_seconds={}", 38 * 3600));
    let late = "04-28T12 handled";
    let expected = format!("handling_seconds={} overrun_seconds=7200", 194 * 3600);
    assert_eq!(seconds(late), expected);
    assert_eq!(seconds("04-22T10 closed forced"), "");
    let mut half = events(&begun("04-21T10 handled"));
    half[3].at = chengping_types::Instant::from_micros(half[3].at.as_micros() - 1);
    let fact = derive(&case(), &half, &question(4, Lifecycle::default())).unwrap();
    assert_eq!(fact.count(Base::HandlingSeconds), 24 * 3600 - 1, "whole seconds");
}

#[test]
fn an_upheld_objection_counts_when_it_was_decided() {
    let script = begun("04-29T08 handled\n 05-10T08 exempted late\n 05-11T08 exempted rework");
    let upheld = |month| only(&["objections"], &script, month);
    assert_eq!((upheld(4), upheld(5)), (String::new(), "objections_upheld=2".into()));
    assert_eq!(only(&["objections"], &format!("{script}\n 05-12T08 voided"), 5), "");
}
