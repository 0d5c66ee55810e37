//! What two processes found of their batches before their turns, and what became of it until then.

use std::num::NonZeroU64;

use chengping_case_ingestion::IntakeConfig;
use chengping_chassis::config::DatabaseConfig;
use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::case_service_client::CaseServiceClient;
use chengping_testing::eventually;
use sqlx::{Connection as _, PgConnection, PgPool};
use tonic::transport::Channel;

use crate::builders::{case, events};
use crate::harness::{Harness, ZZ};

const LOCK: &str = "SELECT FROM case_ingestion.jurisdiction WHERE jurisdiction = 'zz' FOR UPDATE";

async fn send(cases: CaseServiceClient<Channel>, events: Vec<pb::Event>) -> pb::IntakeCounts {
    let record = |event| pb::EventRecord { event: Some(event), position: None };
    let records = events.into_iter().map(record).collect();
    let request = pb::BatchCreateEventsRequest { parent: ZZ.to_owned(), records };
    let answer = { cases }.batch_create_events(request).await.unwrap().into_inner();
    answer.counts.unwrap()
}

/// Sends two batches through two processes, of which neither has its turn before both want it.
async fn send_both(harness: &Harness, batches: [Vec<pb::Event>; 2]) -> [pb::IntakeCounts; 2] {
    let beside = harness.beside().await;
    let admin = PgPool::connect(harness.database.admin_url()).await.unwrap();
    let mut lock = admin.begin().await.unwrap();
    sqlx::query(LOCK).execute(&mut *lock).await.unwrap();
    let [one, other] = batches;
    let one = tokio::spawn(send(harness.cases.clone(), one));
    let other = tokio::spawn(send(beside, other));
    let both_wait = eventually(async || {
        let waiting: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        .fetch_one(&admin)
        .await
        .unwrap();
        (waiting == 2).then_some(())
    });
    both_wait.await.expect("both want their turn");
    lock.rollback().await.unwrap();
    [one.await.unwrap(), other.await.unwrap()]
}

async fn stored(harness: &Harness) -> Vec<(i64, i64, String)> {
    let admin = PgPool::connect(harness.database.admin_url()).await.unwrap();
    let query =
        "SELECT event_no, sequence, month::text FROM case_ingestion.event ORDER BY event_no";
    sqlx::query_as(query).fetch_all(&admin).await.unwrap()
}

#[tokio::test]
async fn the_first_events_of_a_case_by_two_ways_at_once_are_kept_under_one_month() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A")]).await;
    let mut first = events("A");
    let mut second = first.split_off(2);
    // By itself it would be kept under the month of its own.
    for event in &mut second {
        event.event_time.as_mut().unwrap().seconds += 60 * 86_400;
    }
    let [one, other] = send_both(&harness, [first, second]).await;
    assert_eq!((one.accepted_count, other.accepted_count), (2, 3));
    let stored = stored(&harness).await;
    let months: Vec<_> = stored.iter().map(|(_, _, month)| month).collect();
    assert_eq!(months.len(), 5);
    assert!(months.iter().all(|month| *month == months[0]), "{stored:?}");
    let mut sequences: Vec<_> = stored.iter().map(|(_, sequence, _)| *sequence).collect();
    sequences.sort_unstable();
    assert_eq!(sequences, [2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn the_same_batch_by_two_ways_at_once_is_accepted_once() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A")]).await;
    let counts = send_both(&harness, [events("A"), events("A")]).await;
    let mut counts = counts.map(|it| (it.accepted_count, it.repeated_count, it.rejected_count));
    counts.sort_unstable();
    assert_eq!(counts, [(0, 5, 0), (5, 0, 0)]);
    assert_eq!(stored(&harness).await.len(), 5);
}

#[tokio::test]
async fn a_copy_that_lost_its_process_keeps_nobody_waiting_for_good() {
    let database = DatabaseConfig {
        idle_in_transaction_timeout_ms: NonZeroU64::new(1_000).unwrap(),
        ..DatabaseConfig::default()
    };
    let harness = Harness::configured(IntakeConfig::default(), database).await;
    harness.take_cases(&[case("A")]).await;
    // What a process leaves behind that is cut off from the network in the midst of a copy.
    let mut lost =
        PgConnection::connect(&harness.database.url_for("case_ingestion")).await.unwrap();
    sqlx::raw_sql("BEGIN").execute(&mut lost).await.unwrap();
    sqlx::query(LOCK).execute(&mut lost).await.unwrap();
    let copy = lost.copy_in_raw("COPY case_ingestion.event FROM STDIN (FORMAT binary)").await;
    let counts = send(harness.cases.clone(), events("A")).await;
    assert_eq!(counts.accepted_count, 5);
    assert!(copy.unwrap().finish().await.is_err(), "the database ended it");
}
