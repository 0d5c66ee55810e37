//! What becomes of the records of a batch.

use chengping_chassis::CancellationToken;
use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::EventKind;
use chengping_proto::cases::v1::reject::State;
use chengping_testing::{FaultProxy, free_port};
use serde_json::Value;
use tonic::Code;

use crate::builders::{case, event, events, placed};
use crate::harness::{FakeRegistry, Harness, ZZ, fields, reason};

pub(crate) fn counts(
    accepted: i64,
    repeated: i64,
    rejected: i64,
    released: i64,
) -> Option<pb::IntakeCounts> {
    Some(pb::IntakeCounts {
        accepted_count: accepted,
        repeated_count: repeated,
        rejected_count: rejected,
        released_count: released,
    })
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[tokio::test]
async fn new_records_are_counted_and_repeats_change_nothing() {
    let harness = Harness::start().await;
    let taken = harness.take_cases(&[case("A"), case("B"), case("A")]).await;
    assert_eq!((taken.counts, taken.watermark), (counts(2, 1, 0, 0), 2));
    let taken = harness.take_events(&events("A")).await;
    assert_eq!((taken.counts, taken.watermark), (counts(5, 0, 0, 0), 7));
    let taken = harness.take_events(&events("A")).await;
    assert_eq!((taken.counts, taken.watermark), (counts(0, 5, 0, 0), 7));
    assert!(harness.rejects(State::Open).await.is_empty());
}

#[tokio::test]
async fn a_contradiction_is_set_aside_with_both_versions_and_the_first_stands() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A")]).await;
    let first = pb::Event { note: "旧".to_owned(), ..event("A", 1, EventKind::Reported, 1) };
    let other = pb::Event { note: "新".to_owned(), ..first.clone() };
    let records = vec![placed(2, first.clone()), placed(3, other.clone()), placed(4, first)];
    let taken = harness.take_event_records(records.clone()).await;
    assert_eq!((taken.counts, taken.watermark), (counts(1, 1, 1, 0), 2));

    let [reject] = &harness.rejects(State::Open).await[..] else { panic!("one reject") };
    assert_eq!((reject.code.as_str(), reject.case_no.as_str()), ("conflict", "A"));
    assert_eq!(reject.position.as_ref().unwrap().row, 3);
    assert_eq!(json(&reject.payload)["note"], "新");
    assert_eq!(json(&reject.accepted_payload)["note"], "旧");
    assert!(reject.message.contains("note"), "{}", reject.message);

    // The same file once more stores nothing twice.
    let taken = harness.take_event_records(records).await;
    assert_eq!((taken.counts, taken.watermark), (counts(0, 2, 1, 0), 2));
    assert_eq!(harness.rejects(State::Open).await.len(), 1);
}

#[tokio::test]
async fn a_case_with_another_title_is_a_contradiction() {
    let harness = Harness::start().await;
    let other = pb::Case { title: "changed".to_owned(), ..case("A") };
    harness.take_cases(&[case("A")]).await;
    assert_eq!(harness.take_cases(&[other]).await.counts, counts(0, 0, 1, 0));
    assert_eq!(harness.open_codes().await, ["conflict"]);
}

#[tokio::test]
async fn bad_records_never_stop_the_good_ones() {
    let harness = Harness::start().await;
    let good = case("A");
    let mut cases = vec![good.clone(); 6];
    cases[0].case_no.clear();
    cases[1].source = 0;
    cases[2].category_code.clear();
    cases[3].collector = "nobody".to_owned();
    cases[4].title = "a\0b".to_owned();
    let taken = harness.take_cases(&cases).await;
    assert_eq!((taken.counts, taken.watermark), (counts(1, 0, 5, 0), 1));

    let mut bad = vec![event("A", 1, EventKind::Reported, 1); 7];
    bad[0].event_no = -1;
    bad[1].event_time = None;
    bad[2].event_time.as_mut().unwrap().nanos = 1;
    bad[3].kind = 77;
    bad[4].actor = "nobody".to_owned();
    bad[5].kind = EventKind::Visited.into();
    bad[6].kind = EventKind::Dispatched.into();
    let mut undated = event("A", 8, EventKind::Dispatched, 1);
    undated.unit = "b01".to_owned();
    bad.push(undated.clone());
    undated.no_deadline = true;
    bad.push(undated);
    let taken = harness.take_events(&bad).await;
    assert_eq!((taken.counts, taken.watermark), (counts(1, 0, 8, 0), 2));
    assert_eq!(
        harness.open_codes().await,
        [
            "bad_event_no",
            "bad_outcome",
            "bad_timestamp",
            "missing_at",
            "missing_case_no",
            "missing_category",
            "missing_due_at",
            "missing_source",
            "missing_unit",
            "nul_byte",
            "unknown_body",
            "unknown_body",
            "unknown_kind",
        ]
    );
    let open = harness.rejects(State::Open).await;
    let unknown = open.iter().find(|reject| reject.column == "actor").unwrap();
    assert_eq!(json(&unknown.payload)["actor"], "nobody");
}

#[tokio::test]
async fn events_wait_for_their_case_and_are_taken_in_with_it_in_their_order() {
    let harness = Harness::start().await;
    let mut waiting: Vec<_> = events("A").into_iter().rev().collect();
    let mut contradiction = waiting[0].clone();
    contradiction.outcome = "forced".to_owned();
    waiting.push(contradiction);
    waiting.push(waiting[1].clone());
    let records = (2..).zip(waiting).map(|(row, event)| placed(row, event)).collect::<Vec<_>>();
    let taken = harness.take_event_records(records.clone()).await;
    assert_eq!((taken.counts, taken.watermark), (counts(0, 0, 7, 0), 0));
    // Sent again, they wait no second time.
    harness.take_event_records(records.clone()).await;
    assert_eq!(harness.open_codes().await, ["unknown_case"; 7]);

    let taken = harness.take_cases(&[case("B"), case("A")]).await;
    assert_eq!((taken.counts, taken.watermark), (counts(2, 0, 0, 5), 7));
    let replayed = harness.rejects(State::Replayed).await;
    assert_eq!(replayed.len(), 6);
    let [dismissed] = &harness.rejects(State::Dismissed).await[..] else { panic!("one") };
    assert_eq!(dismissed.position.as_ref().unwrap().row, 7);
    let [conflict] = &harness.rejects(State::Open).await[..] else { panic!("one") };
    assert_eq!((conflict.code.as_str(), conflict.case_no.as_str()), ("conflict", "A"));
    assert_eq!(json(&conflict.accepted_payload)["outcome"], "normal");

    // In the order in which they were set aside: the last event first.
    let request = pb::ListEventsRequest {
        parent: format!("{ZZ}/cases/A"),
        ..pb::ListEventsRequest::default()
    };
    let listed = harness.cases.clone().list_events(request).await.unwrap().into_inner().events;
    let sequences: Vec<_> = listed.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, [7, 6, 5, 4, 3]);

    // The same file once more finds everything in its place.
    let taken = harness.take_event_records(records).await;
    assert_eq!((taken.counts, taken.watermark), (counts(0, 6, 1, 0), 7));
    assert_eq!(harness.open_codes().await, ["conflict"]);
}

#[tokio::test]
async fn a_new_body_is_known_at_once_and_the_registry_is_read_once_a_revision() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A")]).await;
    harness.take_cases(&[case("B")]).await;
    assert_eq!(harness.registry.exports(), 1);
    let stranger = pb::Case { collector: "c99".to_owned(), ..case("C") };
    assert_eq!(
        harness.take_cases(std::slice::from_ref(&stranger)).await.counts,
        counts(0, 0, 1, 0)
    );
    assert_eq!(harness.registry.exports(), 1);
    harness.registry.add("c99");
    assert_eq!(harness.take_cases(&[stranger]).await.counts, counts(1, 0, 0, 0));
    assert_eq!(harness.registry.exports(), 2);
}

#[tokio::test]
async fn a_jurisdiction_that_has_no_registry_yet_knows_nobody() {
    let harness = Harness::start().await;
    harness.registry.forget();
    assert_eq!(harness.take_cases(&[case("A")]).await.counts, counts(0, 0, 1, 0));
    assert_eq!(harness.open_codes().await, ["unknown_body"]);
}

#[tokio::test]
async fn while_the_registry_is_out_of_reach_nothing_that_names_a_body_is_taken_in() {
    let nobody = ([127, 0, 0, 1], free_port().unwrap()).into();
    let harness = Harness::start_with(nobody).await;
    let records = vec![pb::CaseRecord { case: Some(case("A")), position: None }];
    let request = pb::BatchCreateCasesRequest { parent: ZZ.to_owned(), records };
    let status = harness.cases.clone().batch_create_cases(request).await.unwrap_err();
    assert_eq!(reason(&status), (Code::Unavailable, "REGISTRY_UNAVAILABLE".to_owned()));
    assert!(harness.rejects(State::Open).await.is_empty());

    let anonymous = pb::Case { collector: String::new(), ..case("A") };
    assert_eq!(harness.take_cases(&[anonymous]).await.watermark, 1);
}

#[tokio::test]
async fn an_outage_of_the_registry_stops_only_what_names_a_body_never_seen() {
    let registry = FakeRegistry::default();
    let stop = CancellationToken::new();
    let proxy = FaultProxy::start(registry.clone().serve(stop.clone()).await).await.unwrap();
    let harness = Harness::start_with(proxy.address()).await;
    harness.take_cases(&[case("A")]).await;

    registry.add("c99");
    proxy.cut();
    assert_eq!(harness.take_cases(&[case("B")]).await.counts, counts(1, 0, 0, 0));
    let newcomer = pb::Case { collector: "c99".to_owned(), ..case("C") };
    let record = pb::CaseRecord { case: Some(newcomer.clone()), position: None };
    let request = pb::BatchCreateCasesRequest { parent: ZZ.to_owned(), records: vec![record] };
    let status = harness.cases.clone().batch_create_cases(request).await.unwrap_err();
    assert_eq!(reason(&status), (Code::Unavailable, "REGISTRY_UNAVAILABLE".to_owned()));

    proxy.restore();
    assert_eq!(harness.take_cases(&[newcomer]).await.counts, counts(1, 0, 0, 0));
    assert!(harness.open_codes().await.is_empty());
    stop.cancel();
}

#[tokio::test]
async fn a_request_that_is_wrong_as_a_whole_is_refused_with_all_its_mistakes() {
    let harness = Harness::start().await;
    let bad = pb::CaseRecord {
        case: None,
        position: Some(pb::Position { file: "a\0".to_owned(), row: -1, line: 0 }),
    };
    let request = pb::BatchCreateCasesRequest { parent: "zz".to_owned(), records: vec![bad] };
    let status = harness.cases.clone().batch_create_cases(request).await.unwrap_err();
    assert_eq!(reason(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
    let mut found = fields(&status);
    found.sort();
    assert_eq!(
        found,
        ["parent", "records[0].case", "records[0].position.file", "records[0].position.row"]
    );

    let send = async |count| {
        let records = vec![pb::CaseRecord { case: Some(case("A")), position: None }; count];
        let request = pb::BatchCreateCasesRequest { parent: ZZ.to_owned(), records };
        harness.cases.clone().batch_create_cases(request).await.unwrap_err()
    };
    let status = send(0).await;
    let expected = (Code::InvalidArgument, vec!["records".into()]);
    assert_eq!((status.code(), fields(&status)), expected);
    let expected = (Code::ResourceExhausted, "BATCH_TOO_LARGE".to_owned());
    assert_eq!(reason(&send(10_001).await), expected);
}

#[tokio::test]
async fn accepted_records_can_be_neither_changed_nor_removed_by_the_service() {
    let harness = Harness::start().await;
    let pool = sqlx::PgPool::connect(&harness.database.url_for("case_ingestion")).await.unwrap();
    for statement in [
        "UPDATE case_ingestion.case_record SET title = 'x'",
        "DELETE FROM case_ingestion.case_record",
        "UPDATE case_ingestion.event SET note = 'x'",
        "DELETE FROM case_ingestion.event",
        "UPDATE case_ingestion.snapshot SET watermark = 0",
        "DELETE FROM case_ingestion.snapshot",
        "DELETE FROM case_ingestion.reject",
        "UPDATE case_ingestion.computed_deadline SET due_time = now()",
        "DELETE FROM case_ingestion.computed_deadline",
        "UPDATE case_ingestion.deadline_rules SET content = ''",
        "DELETE FROM case_ingestion.deadline_rules",
    ] {
        let error = sqlx::query(statement).execute(&pool).await.unwrap_err();
        let code = error.as_database_error().unwrap().code().unwrap().into_owned();
        assert_eq!(code, "42501", "{statement}");
    }
}
