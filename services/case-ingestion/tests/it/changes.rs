//! Telling of accepted records.

use std::time::Duration;

use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::case_service_client::CaseServiceClient;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

use crate::builders::{case, events};
use crate::harness::{Harness, ZZ, fields, reason};

const PATIENCE: Duration = Duration::from_secs(30);

fn ask() -> pb::WatchCaseChangesRequest {
    pb::WatchCaseChangesRequest { parent: ZZ.to_owned(), ..Default::default() }
}

async fn watch(
    client: &CaseServiceClient<Channel>,
    request: pb::WatchCaseChangesRequest,
) -> Streaming<pb::WatchCaseChangesResponse> {
    client.clone().watch_case_changes(request).await.unwrap().into_inner()
}

async fn next(
    stream: &mut Streaming<pb::WatchCaseChangesResponse>,
) -> Result<pb::WatchCaseChangesResponse, Status> {
    let message = tokio::time::timeout(PATIENCE, stream.message()).await.expect("in time");
    message.map(|message| message.expect("the stream goes on"))
}

#[tokio::test]
async fn a_watch_begins_with_where_the_jurisdiction_stands_and_passes_over_nothing() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A"), case("B")]).await;
    let mut stream = watch(&harness.cases, ask()).await;
    let first = next(&mut stream).await.unwrap();
    assert_eq!((first.watermark, first.case_nos.len()), (2, 0));

    // Another process takes cases in; this one is not woken.
    let mut other = harness.beside().await;
    for case_no in ["C", "D"] {
        let records = vec![pb::CaseRecord { case: Some(plain(case_no)), position: None }];
        let request = pb::BatchCreateCasesRequest { parent: ZZ.to_owned(), records };
        other.batch_create_cases(request).await.unwrap();
    }
    let (mut told, mut watermark) = (Vec::new(), 2);
    while watermark < 4 {
        let message = next(&mut stream).await.unwrap();
        assert!(message.watermark > watermark);
        watermark = message.watermark;
        told.extend(message.case_nos);
    }
    assert_eq!(told, ["C", "D"]);

    harness.take_events(&[events("B"), events("A")].concat()).await;
    let message = next(&mut stream).await.unwrap();
    assert_eq!((message.watermark, &message.case_nos[..]), (14, &["A".into(), "B".into()][..]));

    // What came in between is told to whoever goes on behind a former message.
    let again = pb::WatchCaseChangesRequest { watermark: Some(2), history: first.history, ..ask() };
    let message = next(&mut watch(&other, again.clone()).await).await.unwrap();
    assert_eq!(message.watermark, 14);
    assert_eq!(message.case_nos, ["A", "B", "C", "D"]);
    let only = pb::WatchCaseChangesRequest { watermark_only: true, ..again };
    let message = next(&mut watch(&other, only).await).await.unwrap();
    assert_eq!((message.watermark, message.case_nos.len()), (14, 0));
}

/// A case that names no body, so that nobody has to be asked.
fn plain(case_no: &str) -> pb::Case {
    pb::Case { collector: String::new(), ..case(case_no) }
}

#[tokio::test]
async fn many_records_are_told_in_parts() {
    let harness = Harness::start().await;
    for part in 0..3 {
        let case_nos = (0..9_000).map(|number| format!("C{part}{number:05}"));
        harness.take_cases(&case_nos.map(|case_no| plain(&case_no)).collect::<Vec<_>>()).await;
    }
    let all = pb::WatchCaseChangesRequest { watermark: Some(0), ..ask() };
    let mut stream = watch(&harness.cases, all).await;
    let mut told = Vec::new();
    for watermark in [10_000, 20_000, 27_000] {
        let message = next(&mut stream).await.unwrap();
        assert_eq!(message.watermark, watermark);
        told.extend(message.case_nos);
    }
    assert!(told.is_sorted());
    told.dedup();
    assert_eq!(told.len(), 27_000);
}

#[tokio::test]
async fn another_history_is_noticed() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A"), case("B")]).await;
    let first = next(&mut watch(&harness.cases, ask()).await).await.unwrap();
    let from = |watermark: i64, history: &str| pb::WatchCaseChangesRequest {
        watermark: Some(watermark),
        history: history.to_owned(),
        ..ask()
    };
    let refused = async |request| {
        let mut stream = watch(&harness.cases, request).await;
        reason(&next(&mut stream).await.unwrap_err())
    };
    let mismatch = (Code::FailedPrecondition, "HISTORY_MISMATCH".to_owned());
    assert_eq!(refused(from(1, &first.history)).await, mismatch);
    assert_eq!(refused(from(2, "sha256:00")).await, mismatch);
    let ahead = (Code::OutOfRange, "WATERMARK_AHEAD".to_owned());
    assert_eq!(refused(from(3, "")).await, ahead);

    // As a restore would have it: the same number of records, and the last is another.
    let mut stream = watch(&harness.cases, from(2, &first.history)).await;
    let pool = sqlx::PgPool::connect(harness.database.admin_url()).await.unwrap();
    sqlx::query("UPDATE case_ingestion.case_record SET create_time = create_time + interval '1 s'")
        .execute(&pool)
        .await
        .unwrap();
    harness.take_cases(&[case("C")]).await;
    assert_eq!(reason(&next(&mut stream).await.unwrap_err()), mismatch);
}

#[tokio::test]
async fn a_quiet_watch_says_that_it_lives_and_a_stopping_service_that_it_stops() {
    let harness = Harness::start().await;
    let keep_alive = Some(prost_types::Duration { seconds: 1, nanos: 0 });
    let request = pb::WatchCaseChangesRequest { keep_alive, ..ask() };
    let mut stream = watch(&harness.cases, request).await;
    let first = next(&mut stream).await.unwrap();
    assert_eq!(next(&mut stream).await.unwrap(), first);
    harness.shutdown.cancel();
    let status = next(&mut stream).await.unwrap_err();
    assert_eq!(reason(&status), (Code::Unavailable, "SERVICE_STOPPING".to_owned()));
}

#[tokio::test]
async fn every_bad_field_is_named() {
    let harness = Harness::start().await;
    let request = pb::WatchCaseChangesRequest {
        parent: "zz".to_owned(),
        watermark: Some(-1),
        keep_alive: Some(prost_types::Duration { seconds: 0, nanos: 1 }),
        ..Default::default()
    };
    let status = harness.cases.clone().watch_case_changes(request).await.unwrap_err();
    assert_eq!(fields(&status), ["parent", "watermark", "keep_alive"]);
    let request = pb::WatchCaseChangesRequest { history: "sha256:0".to_owned(), ..ask() };
    let status = harness.cases.clone().watch_case_changes(request).await.unwrap_err();
    assert_eq!(fields(&status), ["history"]);
}
