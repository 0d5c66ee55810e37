//! Deadlines that the platform does not give.

use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::EventKind::{Dispatched, Extended, Filed};
use chengping_proto::cases::v1::reject::State;
use chengping_testing::free_port;
use chengping_types::DeadlineRules;
use prost_types::Timestamp;
use tonic::Code;

use crate::builders::{APRIL, FREEZE, case, event, events, placed, time};
use crate::harness::{Harness, ZZ, reason};
use crate::intake::counts;

/// The condition `c1` with this limit, and the swapped days of Labour Day 2018.
pub(crate) fn rules(limit: &str) -> DeadlineRules {
    let (value, unit) = limit.split_once(' ').unwrap();
    let rules = serde_json::json!({
        "working_hours": [],
        "calendar": [
            {"date": "2018-04-28", "kind": "workday", "name": "劳动节调休"},
            {"date": "2018-04-29", "kind": "holiday", "name": "劳动节"},
            {"date": "2018-04-30", "kind": "holiday", "name": "劳动节"},
            {"date": "2018-05-01", "kind": "holiday", "name": "劳动节"},
        ],
        "filing_conditions": [{
            "condition_id": "c1", "category_scheme": "gbt-30428.2-2013-event",
            "category_code": "01", "limit": {"value": value, "unit": unit},
            "valid_from": "2018-01", "name": "",
        }],
    });
    serde_json::from_value(rules).unwrap()
}

/// A case that was filed under a condition.
pub(crate) fn conditional(case_no: &str, condition: &str) -> pb::Case {
    pb::Case { filing_condition: condition.to_owned(), ..case(case_no) }
}

/// A day of April at an hour, in hours from the first.
const fn on(day: i64, hour: i64) -> i64 {
    (day - 1) * 24 + hour
}

fn due(day: i64, hour: i64) -> Option<Timestamp> {
    Some(time(APRIL + on(day, hour) * 3_600))
}

fn dispatched(case_no: &str, event_no: i64, hours: i64) -> pb::Event {
    pb::Event { unit: "b01".to_owned(), ..event(case_no, event_no, Dispatched, hours) }
}

async fn start(limit: &str) -> Harness {
    let harness = Harness::start().await;
    harness.registry.set_rules(&rules(limit), "Asia/Shanghai");
    harness
}

pub(crate) async fn listed(harness: &Harness, case_no: &str) -> Vec<pb::Event> {
    let parent = format!("{ZZ}/cases/{case_no}");
    let request = pb::ListEventsRequest { parent, ..pb::ListEventsRequest::default() };
    harness.cases.clone().list_events(request).await.unwrap().into_inner().events
}

pub(crate) async fn snapshot(harness: &Harness) -> pb::Snapshot {
    let snapshot = pb::Snapshot {
        month: "2018-04".to_owned(),
        as_of: Some(time(FREEZE)),
        decided: Some(time(FREEZE)),
        ..pb::Snapshot::default()
    };
    let request = pb::CreateSnapshotRequest { parent: ZZ.to_owned(), snapshot: Some(snapshot) };
    harness.snapshots.clone().create_snapshot(request).await.unwrap().into_inner()
}

async fn verify(harness: &Harness, snapshot: &pb::Snapshot) {
    let name = snapshot.name.clone();
    harness.snapshots.clone().verify_snapshot(pb::VerifySnapshotRequest { name }).await.unwrap();
}

#[tokio::test]
async fn a_deadline_is_computed_shown_with_its_reason_and_part_of_what_is_known() {
    let harness = start("1 work_day").await;
    harness.take_cases(&[conditional("A", "c1")]).await;
    let rows = [event("A", 1, Filed, on(27, 9)), dispatched("A", 2, on(27, 10))];
    let taken = harness.take_events(&rows).await;
    assert_eq!(taken.counts, counts(2, 0, 0, 0));

    let events = listed(&harness, "A").await;
    assert_eq!((events[0].due_time, events[0].computed_deadline.is_some()), (None, false));
    // The Saturday is worked.
    assert_eq!(events[1].due_time, due(28, 10));
    assert!(!events[1].no_deadline);
    let computed = events[1].computed_deadline.clone().unwrap();
    assert_eq!(computed.start_time, due(27, 10));
    assert_eq!((computed.condition_id.as_str(), computed.limit.as_str()), ("c1", "1"));
    assert_eq!(computed.unit, "work_day");
    assert!(computed.calendar_digest.starts_with("sha256:"));
    let request = pb::GetTimelineRequest { name: format!("{ZZ}/cases/A"), ..Default::default() };
    let timeline = harness.cases.clone().get_timeline(request).await.unwrap().into_inner();
    assert_eq!((timeline.due_time, timeline.events[1].due_time), (due(28, 10), due(28, 10)));

    // The same as one of a platform that says so itself.
    let found = snapshot(&harness).await;
    let given = Harness::start().await;
    given.take_cases(&[conditional("A", "c1")]).await;
    let [filed, dispatched] = rows.clone();
    given.take_events(&[filed, pb::Event { due_time: due(28, 10), ..dispatched }]).await;
    assert_eq!(snapshot(&given).await.digest, found.digest);
    assert_eq!(given.registry.rules_asked(), 0);

    // A repeat of what the platform said is one.
    assert_eq!(harness.take_events(&rows).await.counts, counts(0, 2, 0, 0));
}

#[tokio::test]
async fn what_was_computed_stays_when_the_rules_change() {
    let harness = start("1 work_day").await;
    harness.take_cases(&[conditional("A", "c1")]).await;
    harness.take_events(&[event("A", 1, Filed, on(16, 9)), dispatched("A", 2, on(16, 10))]).await;
    let before = snapshot(&harness).await;
    harness.registry.set_rules(&rules("2 work_day"), "Asia/Shanghai");
    // A pause that is told late moves the extension after it, by the rules of then.
    harness.take_events(&[event("A", 5, Extended, on(17, 9))]).await;
    assert_eq!(listed(&harness, "A").await[1].due_time, due(17, 10));
    assert_eq!(listed(&harness, "A").await[2].due_time, due(19, 10));
    harness.registry.set_rules(&rules("3 work_day"), "Asia/Shanghai");
    let pause = [
        event("A", 3, pb::EventKind::Suspended, on(16, 15)),
        event("A", 4, pb::EventKind::Resumed, on(16, 16)),
    ];
    let extended = snapshot(&harness).await;
    harness.take_events(&pause).await;
    let events = listed(&harness, "A").await;
    assert_eq!((events[1].due_time, events[4].due_time), (due(17, 10), due(19, 11)));
    assert_eq!(harness.registry.rules_asked(), 2);
    // What was seen before is still there to be seen.
    for snapshot in [before, extended] {
        verify(&harness, &snapshot).await;
    }
}

#[tokio::test]
async fn the_deadlines_of_the_platform_win_and_cost_nothing() {
    let harness = start("1 work_day").await;
    harness.take_cases(&[conditional("A", "c1"), case("B")]).await;
    harness.take_events(&[events("A"), events("B")].concat()).await;
    assert_eq!(listed(&harness, "A").await[2].due_time, due(3, 0));
    // Of a case without a condition none is asked for either.
    let undated = pb::Event { no_deadline: true, ..dispatched("B", 9, on(2, 9)) };
    assert_eq!(harness.take_events(&[undated]).await.counts, counts(1, 0, 0, 0));
    let undated = listed(&harness, "B").await.pop().unwrap();
    assert!(undated.no_deadline && undated.due_time.is_none());
    assert_eq!(harness.registry.rules_asked(), 0);
}

#[tokio::test]
async fn a_platform_that_sets_none_gets_them_where_a_limit_is_known() {
    let harness = start("1 work_day").await;
    harness.take_cases(&[conditional("A", "c1"), conditional("B", "unknown")]).await;
    for case_no in ["A", "B"] {
        let undated = pb::Event { no_deadline: true, ..dispatched(case_no, 2, on(27, 10)) };
        harness.take_events(&[event(case_no, 1, Filed, on(27, 9)), undated]).await;
    }
    assert_eq!(listed(&harness, "A").await[1].due_time, due(28, 10));
    let undated = listed(&harness, "B").await.remove(1);
    assert!(undated.no_deadline && undated.due_time.is_none());
    // Said once is said, also of two rows in a batch of which the first does not say it.
    let unsaid = dispatched("B", 3, on(27, 11));
    let said = pb::Event { no_deadline: true, ..unsaid.clone() };
    assert_eq!(harness.take_events(&[unsaid, said]).await.counts, counts(1, 1, 0, 0));
    assert!(harness.open_codes().await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_computed_is_set_aside_with_its_reason_and_taken_in_when_it_can() {
    let harness = start("1 work_day").await;
    let cases = [case("A"), conditional("B", "c9"), conditional("C", "c1")];
    harness.take_cases(&cases).await;
    let filed = [event("A", 1, Filed, on(27, 9)), event("B", 1, Filed, on(27, 9))];
    harness.take_events(&filed).await;
    let rows = (2..)
        .zip(["A", "B", "C"])
        .map(|(row, case_no)| placed(row, dispatched(case_no, 2, on(27, 10))));
    let taken = harness.take_event_records(rows.collect()).await;
    assert_eq!(taken.counts, counts(0, 0, 3, 0));
    let open = harness.rejects(State::Open).await;
    for (reject, why) in open.iter().zip(["names no filing", "is not known", "not filed yet"]) {
        assert_eq!((reject.code.as_str(), reject.column.as_str()), ("missing_due_at", "due_at"));
        assert!(reject.message.contains(why), "{}", reject.message);
    }

    // Filing takes its dispatch in.
    let taken = harness.take_events(&[event("C", 1, Filed, on(27, 9))]).await;
    assert_eq!(taken.counts, counts(1, 0, 0, 1));
    assert_eq!(listed(&harness, "C").await[1].due_time, due(28, 10));
    assert_eq!(harness.rejects(State::Replayed).await.len(), 1);

    // A condition that is registered later does with the next event, or with a replay.
    let again = pb::EventRecord { event: Some(dispatched("B", 2, on(27, 10))), position: None };
    let record = Some(pb::replay_reject_request::Record::Event(again));
    let replay = pb::ReplayRejectRequest { name: open[1].name.clone(), record };
    let status = harness.rejects.clone().replay_reject(replay.clone()).await.unwrap_err();
    assert_eq!(reason(&status), (Code::FailedPrecondition, "REPLAY_REFUSED".to_owned()));
    let mut known = rules("1 work_day");
    known.filing_conditions[0].condition_id = "c9".to_owned();
    harness.registry.set_rules(&known, "Asia/Shanghai");
    let replayed = harness.rejects.clone().replay_reject(replay).await.unwrap().into_inner();
    assert_eq!(replayed.state(), State::Replayed);
    assert_eq!(listed(&harness, "B").await[1].due_time, due(28, 10));
    assert_eq!(harness.open_codes().await, ["missing_due_at"]);
}

#[tokio::test]
async fn events_wait_for_a_time_zone_and_for_what_they_extend() {
    let harness = Harness::start().await;
    harness.registry.set_rules(&rules("1 work_day"), "");
    harness.take_cases(&[conditional("A", "c1")]).await;
    harness.take_events(&[event("A", 1, Filed, on(16, 9))]).await;
    harness.take_events(&[event("A", 3, Extended, on(16, 11))]).await;
    let [reject] = &harness.rejects(State::Open).await[..] else { panic!("one") };
    assert!(reject.message.contains("no rule pack is active"), "{}", reject.message);
    harness.registry.set_rules(&rules("1 work_day"), "Asia/Shanghai");
    // Now it is something else that is missing, and its reject says so.
    harness.take_events(&[event("A", 9, pb::EventKind::Ordered, on(16, 12))]).await;
    let [reject] = &harness.rejects(State::Open).await[..] else { panic!("one") };
    assert!(reject.message.contains("extended is not known yet"), "{}", reject.message);
    let taken = harness.take_events(&[dispatched("A", 2, on(16, 10))]).await;
    assert_eq!(taken.counts, counts(1, 0, 0, 1));
    let events = listed(&harness, "A").await;
    assert_eq!((events[1].due_time, events[2].due_time), (due(17, 10), due(18, 10)));
}

#[tokio::test]
async fn a_correction_of_an_event_that_waits_takes_its_place() {
    let harness = start("1 work_day").await;
    harness.take_cases(&[conditional("A", "c1")]).await;
    harness.take_events(&[dispatched("A", 2, on(27, 10))]).await;
    let [reject] = &harness.rejects(State::Open).await[..] else { panic!("one") };
    let corrected = pb::Event { due_time: due(29, 9), ..dispatched("A", 2, on(27, 10)) };
    let corrected = pb::EventRecord { event: Some(corrected), position: None };
    let record = Some(pb::replay_reject_request::Record::Event(corrected));
    let replay = pb::ReplayRejectRequest { name: reject.name.clone(), record };
    harness.rejects.clone().replay_reject(replay).await.unwrap();
    harness.take_events(&[event("A", 1, Filed, on(27, 9))]).await;
    assert!(harness.open_codes().await.is_empty());
    let events = listed(&harness, "A").await;
    assert_eq!((events[1].due_time, events[1].computed_deadline.is_some()), (due(29, 9), false));
}

#[tokio::test]
async fn while_the_rules_are_out_of_reach_nothing_that_needs_them_is_taken_in() {
    let nobody = ([127, 0, 0, 1], free_port().unwrap()).into();
    let harness = Harness::start_with(nobody).await;
    let anonymous = pb::Case { collector: String::new(), ..conditional("A", "c1") };
    harness.take_cases(&[anonymous]).await;
    harness.take_events(&[event("A", 1, Filed, on(16, 9))]).await;
    let record =
        pb::EventRecord { event: Some(event("A", 2, Extended, on(16, 9))), position: None };
    let request = pb::BatchCreateEventsRequest { parent: ZZ.to_owned(), records: vec![record] };
    let status = harness.cases.clone().batch_create_events(request).await.unwrap_err();
    assert_eq!(reason(&status), (Code::Unavailable, "REGISTRY_UNAVAILABLE".to_owned()));
    assert!(harness.open_codes().await.is_empty());
}
