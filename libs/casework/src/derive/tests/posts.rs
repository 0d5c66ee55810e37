//! What posts count (method b.1, decisions.md 26 to 30).

use super::BEGIN;
use crate::script::{at, case, events, question};
use crate::{
    AccurateDispatch, Base, Case, DeskCount, Fact, Lifecycle, MissedOver, PeriodBasis, Source,
    ValidReport, View, derive,
};

/// A case from its report to its closing, by c01, sup1, sup2 and cmd1.
const WHOLE: &str = "
    04-20T08 reported by=c01
    04-20T09 verify_sent by=sup1 limit=04-20T10
    04-20T11 verified by=c02 limit=04-20T10 confirmed
    04-20T12 accepted by=sup1 limit=04-20T12
    04-20T13 filed by=sup2 limit=04-20T14
    04-20T14 dispatched by=cmd1 unit=b01 due=04-28T10 limit=04-20T15
    04-22T08 handled unit=b01
    04-22T09 check_sent by=sup1 limit=04-22T10
    04-22T10 check_passed by=c01 limit=04-22T11
    04-22T11 closed by=sup2 normal
";

fn patrol() -> Case {
    Case { source: Source::Patrol, collector: Some("c01".parse().unwrap()), ..case() }
}

fn public() -> Case {
    Case { source: Source::Wechat, ..patrol() }
}

fn fact_of(case: &Case, script: &str, month: u8, lifecycle: Lifecycle) -> Option<Fact> {
    derive(case, &events(script), &question(month, lifecycle))
}

/// The counts of posts, as `team:base` with `×n` where it is not once; `-` for nobody.
fn desk_of(case: &Case, script: &str, month: u8, lifecycle: Lifecycle) -> Vec<String> {
    let print = |DeskCount { team, base, times }: &DeskCount| {
        let team = team.as_ref().map_or("-", |team| team.as_str());
        let times = if *times == 1 { String::new() } else { format!("×{times}") };
        format!("{team}:{base}{times}")
    };
    let fact = fact_of(case, script, month, lifecycle);
    fact.iter().flat_map(|fact| &fact.desk).map(print).collect()
}

fn desk(script: &str, month: u8) -> Vec<String> {
    desk_of(&patrol(), script, month, Lifecycle::default())
}

/// Of these counts, those in whose name a word occurs.
fn only(word: &str, counts: &[String]) -> Vec<String> {
    counts.iter().filter(|count| count.contains(word)).cloned().collect()
}

#[test]
fn a_whole_process_counts_for_everybody_who_did_something() {
    assert_eq!(
        desk(WHOLE, 4),
        [
            "c01:reports",
            "c01:valid_reports",
            "c01:missed_basis",
            "c01:checked",
            "c01:checked_limited",
            "c01:checked_on_time",
            "c02:verified",
            "c02:verified_limited",
            "cmd1:dispatched",
            "cmd1:dispatched_limited",
            "cmd1:dispatched_on_time",
            "cmd1:first_dispatches",
            "cmd1:accurate_dispatches",
            "cmd1:dispatch_due",
            "cmd1:dispatch_done",
            "sup1:received",
            "sup1:decided",
            "sup1:verify_sent",
            "sup1:verify_sent_limited",
            "sup1:verify_sent_on_time",
            "sup1:check_sent",
            "sup1:check_sent_limited",
            "sup1:check_sent_on_time",
            "sup1:accepted",
            "sup1:accepted_limited",
            "sup1:accepted_on_time",
            "sup2:filings",
            "sup2:filings_limited",
            "sup2:filings_on_time",
            "sup2:accurate_filings",
            "sup2:filings_due",
            "sup2:filings_closed_on_time",
        ]
    );
    assert_eq!(desk(WHOLE, 5), [""; 0]);
    let fact = fact_of(&patrol(), WHOLE, 4, Lifecycle::default()).unwrap();
    assert_eq!((fact.count(Base::Checked), fact.count(Base::Refused)), (1, 0));
}

#[test]
fn a_stage_belongs_to_the_month_of_its_end_or_its_limit() {
    // Done in April, whatever the limit.
    let early = "04-30T23 verified by=c01 limit=05-01T00";
    assert_eq!(desk(early, 4).len(), 3);
    assert_eq!(desk(early, 5), [""; 0]);
    // Limit in April, done in May but by the freeze of April: late in April.
    let late = "05-03T23 verified by=c01 limit=04-30T23";
    assert_eq!(desk(late, 4), ["c01:verified", "c01:verified_limited"]);
    assert_eq!(desk(late, 5), [""; 0]);
    // Done after that freeze: late in May, when April is out.
    let later = "05-04T00 verified by=c01 limit=04-30T23";
    assert_eq!(desk(later, 4), [""; 0]);
    assert_eq!(desk(later, 5), ["c01:verified", "c01:verified_limited"]);
    assert_eq!(desk(later, 6), [""; 0]);
    // A year late: of the month in which it was done.
    let long_ago = "12-04T00 verified by=c01 limit=02-10T00";
    assert_eq!(desk(long_ago, 12).len(), 2);
    assert!((2..=11).all(|month| desk(long_ago, month).is_empty()));
}

#[test]
fn without_a_limit_a_stage_is_done_but_in_no_ratio_of_time() {
    assert_eq!(desk("04-20T11 verified by=c01", 4), ["c01:verified"]);
    assert_eq!(desk("05-02T11 verified by=c01", 4), [""; 0]);
    assert_eq!(desk("05-02T11 verified by=c01", 5), ["c01:verified"]);
    assert_eq!(desk("04-20T11 declined by=sup1 limit=04-20T10", 4), ["sup1:declined"]);
    assert_eq!(desk("04-20T11 refused by=sup1", 4), ["sup1:refused"]);
}

#[test]
fn what_nobody_is_named_for_and_what_was_not_answered_counts_for_no_team() {
    assert_eq!(desk("04-20T11 verified limit=04-20T12", 4), [""; 0]);
    assert_eq!(
        desk("04-20T11 verify_sent by=sup1 limit=04-20T12", 4),
        ["sup1:verify_sent", "sup1:verify_sent_limited", "sup1:verify_sent_on_time"]
    );
}

#[test]
fn stages_count_each_time_but_of_filings_the_first() {
    let script = "
        04-20T09 filed by=sup1 limit=04-20T10
        04-21T09 filed by=sup2 limit=04-21T08
        04-21T10 dispatched by=cmd1 unit=b01 due=04-28T10 limit=04-21T09
        04-22T10 dispatched by=cmd1 unit=b02 limit=04-22T11
        04-22T11 handled
        04-22T12 check_failed by=c01 limit=04-22T13
        04-23T11 handled
        04-23T12 check_passed by=c01 limit=04-23T11
    ";
    let counts = desk(script, 4);
    assert_eq!(
        only("filings", &counts),
        [
            "sup1:filings",
            "sup1:filings_limited",
            "sup1:filings_on_time",
            "sup1:accurate_filings",
            "sup1:filings_due",
        ]
    );
    assert_eq!(
        only("checked", &counts),
        ["c01:checked×2", "c01:checked_limited×2", "c01:checked_on_time"]
    );
    assert_eq!(
        only("dispatched", &counts),
        ["cmd1:dispatched×2", "cmd1:dispatched_limited×2", "cmd1:dispatched_on_time"]
    );
}

#[test]
fn a_report_on_patrol_is_valid_when_filed_and_not_voided_at_the_view() {
    let reported = "04-20T08 reported by=c01";
    let filed = format!("{reported}\n 04-20T09 filed by=sup1");
    let voided = format!("{filed}\n 05-02T09 voided by=sup1");
    let reports = |case: &Case, script: &str, lifecycle| {
        only("c01:", &desk_of(case, script, 4, lifecycle)).len()
    };
    let default = Lifecycle::default();
    let or_voided = Lifecycle { valid_report: ValidReport::FiledOrVoided, ..default };
    let none = Case { collector: None, ..patrol() };
    assert_eq!(reports(&none, reported, default), 1);
    assert_eq!(reports(&none, &filed, default), 2);
    assert_eq!((reports(&none, &voided, default), reports(&none, &voided, or_voided)), (1, 2));
    // Voided after the freeze: the month stands. Reported by the public: no report of a team.
    let later = voided.replace("05-02T09", "05-04T00");
    assert_eq!(reports(&none, &later, default), 2);
    let by_phone = Case { source: Source::Hotline12319, ..none };
    assert_eq!(reports(&by_phone, &filed, default), 0);
}

#[test]
fn a_report_declined_as_invalid_is_a_wrong_one_of_the_team() {
    let wrong =
        |script: &str| only("wrong", &desk(&format!("04-20T08 reported by=c01\n {script}"), 4));
    assert_eq!(wrong("05-02T08 declined by=sup1 invalid"), ["c01:wrong_reports"]);
    assert_eq!(wrong("05-04T08 declined by=sup1 invalid"), [""; 0]);
    assert_eq!(wrong("04-20T09 declined by=sup1 duplicate"), [""; 0]);
    assert_eq!(wrong("04-20T09 declined by=sup1 invalid\n 04-20T10 filed"), [""; 0]);
}

#[test]
fn a_public_report_in_the_grid_of_a_team_is_one_that_it_missed() {
    let script = "04-20T08 reported\n 04-20T09 filed by=sup1";
    let missed =
        |case: &Case, script: &str, lifecycle| only("missed", &desk_of(case, script, 4, lifecycle));
    let default = Lifecycle::default();
    assert_eq!(missed(&public(), script, default), ["c01:missed_reports", "c01:missed_basis"]);
    assert_eq!(missed(&patrol(), script, default), ["c01:missed_basis"]);
    assert_eq!(missed(&public(), "04-20T08 reported", default), [""; 0]);
    assert_eq!(missed(&public(), &format!("{script}\n 04-21T08 voided"), default), [""; 0]);

    let both = Lifecycle { missed_over: MissedOver::PublicAndPatrol, ..default };
    assert_eq!(missed(&public(), script, both), ["c01:missed_reports", "c01:missed_basis"]);
    assert_eq!(missed(&patrol(), script, both), [""; 0], "found by nobody of a team");
    let own = "04-20T08 reported by=c02";
    assert_eq!(missed(&patrol(), own, both), ["c02:missed_basis"]);
}

#[test]
fn untouched_work_belongs_to_nobody_until_a_desk_takes_it_up() {
    let untouched = "04-20T08 reported";
    assert_eq!(desk_of(&public(), untouched, 4, Lifecycle::default()), ["-:received"]);
    let being_verified = format!("{untouched}\n 04-20T09 verify_sent by=sup1");
    assert_eq!(only("received", &desk(&being_verified, 4)), ["sup1:received"]);
    assert_eq!(only("decided", &desk(&being_verified, 4)), [""; 0]);
    for decision in ["accepted", "declined invalid", "refused", "filed"] {
        let script = format!("{being_verified}\n 05-03T23 {} by=sup2", decision);
        assert_eq!(only("received", &desk(&script, 4)), ["sup2:received"], "{decision}");
        assert_eq!(only("decided", &desk(&script, 4)), ["sup2:decided"], "{decision}");
        assert_eq!(only("decided", &desk(&script.replace("05-03T23", "05-04T00"), 4)), [""; 0]);
    }
}

#[test]
fn a_case_to_dispatch_belongs_to_whoever_first_dispatches_it() {
    let filed = "04-20T09 filed by=sup1";
    assert_eq!(only("dispatch", &desk(filed, 4)), ["-:dispatch_due"]);
    let script = format!("{filed}\n 05-03T23 dispatched by=cmd1 unit=b01 due=06-01T00");
    assert_eq!(only("dispatch_", &desk(&script, 4)), ["cmd1:dispatch_due", "cmd1:dispatch_done"]);
    assert_eq!(only("dispatch_", &desk(&script, 5)), [""; 0]);
    assert_eq!(only("dispatch_", &desk(&format!("{script}\n 05-03T23 voided"), 4)), [""; 0]);
}

#[test]
fn the_first_dispatcher_is_charged_when_the_unit_changes() {
    let sent = "
        04-20T09 filed by=sup1
        04-20T10 dispatched by=cmd1 unit=b01 due=04-28T10";
    let returned = format!("{sent}\n 04-21T08 returned unit=b01 upheld");
    let again = format!("{returned}\n 04-21T09 dispatched by=cmd2 unit=b02");
    let judged = |script: &str| {
        let counts = desk(script, 4);
        (only("first_dispatches", &counts), only("accurate_dispatches", &counts))
    };
    let cmd1 = |base: &str| vec![format!("cmd1:{base}")];
    assert_eq!(judged(sent), (cmd1("first_dispatches"), cmd1("accurate_dispatches")));
    assert_eq!(judged(&returned), (cmd1("first_dispatches"), vec![]));
    assert_eq!(judged(&again), (cmd1("first_dispatches"), vec![]));
    let back = format!("{again}\n 04-21T10 dispatched by=cmd2 unit=b01");
    assert_eq!(judged(&back), (cmd1("first_dispatches"), cmd1("accurate_dispatches")));

    let reworked = format!("{sent}\n 04-21T08 handled\n 04-21T09 check_failed\n 04-21T10 handled");
    assert_eq!(judged(&reworked).1, cmd1("accurate_dispatches"));
    let without_rework =
        Lifecycle { accurate_dispatch: AccurateDispatch::WithoutRework, ..Lifecycle::default() };
    let counts = |script: &str| only("accurate_d", &desk_of(&patrol(), script, 4, without_rework));
    assert_eq!(counts(&reworked), [""; 0]);
    assert_eq!(counts(&again), cmd1("accurate_dispatches"));
}

#[test]
fn a_voided_case_is_an_inaccurate_filing_and_its_stages_count_still() {
    let voided = format!("{WHOLE}\n 05-02T08 voided by=sup1");
    let counts = desk(&voided, 4);
    assert_eq!(
        only("filings", &counts),
        ["sup2:filings", "sup2:filings_limited", "sup2:filings_on_time"]
    );
    assert_eq!(only("checked", &counts).len(), 3);
    assert_eq!(only("dispatch_", &counts), [""; 0]);
    let later = voided.replace("05-02T08", "05-04T08");
    assert_eq!(only("accurate_filings", &desk(&later, 4)), ["sup2:accurate_filings"]);
}

#[test]
fn self_handled_counts_for_the_team_and_nothing_else() {
    let script =
        "04-30T08 reported by=c01\n 04-30T09 verify_sent by=sup1\n 05-01T00 self_handled by=c01";
    let before_the_freeze = fact_of(&patrol(), script, 4, Lifecycle::default());
    assert_eq!(before_the_freeze, None);
    let fact = fact_of(&patrol(), script, 5, Lifecycle::default()).unwrap();
    assert_eq!(desk(script, 5), ["c01:self_handled"]);
    assert!(fact.marks.is_empty());
}

#[test]
fn the_desk_that_filed_has_the_closing_as_its_month_counted_it() {
    let script =
        format!("{BEGIN}\n 04-22T08 handled\n 04-22T09 closed").replace("filed", "filed by=sup1");
    let reopened = format!("{script}\n 06-10T08 reopened\n 06-11T08 handled");
    assert_eq!(
        only("filings_", &desk(&reopened, 4)),
        ["sup1:filings_due", "sup1:filings_closed_on_time"]
    );
    // The correction of June is for areas and departments.
    assert_eq!(desk(&reopened, 6), [""; 0]);
    let open = BEGIN.replace("filed", "filed by=sup1");
    assert_eq!(only("filings_", &desk(&open, 4)), ["sup1:filings_due"]);
    let stock = Lifecycle { period_basis: PeriodBasis::Stock, ..Lifecycle::default() };
    assert_eq!(only("filings_", &desk_of(&patrol(), &open, 5, stock)), ["sup1:filings_due"]);
}

#[test]
fn an_early_view_sees_no_stage_beyond_it() {
    let mut question = question(4, Lifecycle::default());
    question.view = View::at(at("04-20T11"));
    let fact = derive(&patrol(), &events(WHOLE), &question).unwrap();
    assert_eq!((fact.count(Base::VerifySent), fact.count(Base::Verified)), (1, 0));
    assert_eq!((fact.count(Base::Received), fact.count(Base::Decided)), (1, 0));
}
