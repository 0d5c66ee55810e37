//! Events lie under the month of their case, and are copied into it as they come.

use std::time::Duration;

use chengping_proto::cases::v1 as pb;
use chengping_testing::PATIENCE;
use sqlx::PgPool;

use crate::builders::{case, event, events, time};
use crate::harness::{Harness, ZZ};

async fn owner(harness: &Harness) -> PgPool {
    PgPool::connect(harness.database.admin_url()).await.expect("the database is there")
}

/// The tables that hold events of a case, with how many.
async fn parts(harness: &Harness, case_no: &str) -> Vec<(String, i64)> {
    let parts = sqlx::query_as(
        "SELECT tableoid::regclass::text, count(*) FROM case_ingestion.event WHERE case_no = $1
         GROUP BY 1 ORDER BY 1",
    );
    parts.bind(case_no).fetch_all(&owner(harness).await).await.expect("a query")
}

#[tokio::test]
async fn the_events_of_a_case_lie_under_the_month_that_its_first_ones_give() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A")]).await;
    let [reported, filed] = [event("A", 1, pb::EventKind::Reported, 800), events("A")[1].clone()];
    harness.take_events(&[reported, filed]).await;
    // Later and earlier months, and years that no platform means.
    let far = |event_no: i64, seconds: i64| pb::Event {
        event_time: Some(time(seconds)),
        ..event("A", event_no, pb::EventKind::CheckSent, 0)
    };
    harness.take_events(&[far(3, -62_135_596_800), far(4, 253_402_300_799)]).await;
    harness.take_events(&[event("A", 5, pb::EventKind::CheckSent, 3_000)]).await;
    // 00:00 of 1 April in China is still March in UTC; two hours later as well.
    assert_eq!(parts(&harness, "A").await, [("case_ingestion.event_2018_03".to_owned(), 5)]);

    harness.take_cases(&[case("B")]).await;
    let early = pb::Event { case_no: "B".to_owned(), event_no: 1, ..far(1, -62_135_596_800) };
    harness.take_events(&[early]).await;
    assert_eq!(parts(&harness, "B").await, [("case_ingestion.event_2000_01".to_owned(), 1)]);
}

#[tokio::test]
async fn new_events_repeats_and_contradictions_may_share_a_batch() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A"), case("B")]).await;
    let [a, b] = ["A", "B"].map(events);
    harness.take_events(&a[..3]).await;
    let other = pb::Event { unit: "b02".to_owned(), ..a[2].clone() };
    let batch: Vec<_> = [&a[1..2], &[other], &a[3..], &b[..2], &b[1..]].concat();
    let counts = harness.take_events(&batch).await.counts.unwrap();
    let told = (counts.accepted_count, counts.repeated_count, counts.rejected_count);
    // Of the eight new ones one comes twice.
    assert_eq!(told, (7, 2, 1));
    assert_eq!(harness.open_codes().await, ["conflict"]);
    // A whole repeat, and then news again.
    let again = harness.take_events(&[a.as_slice(), &b].concat()).await;
    assert_eq!(again.counts.unwrap().repeated_count, 10);
    let more = harness.take_events(&[event("A", 6, pb::EventKind::CheckSent, 9)]).await;
    assert_eq!(more.counts.unwrap().accepted_count, 1);
    assert_eq!(more.watermark, 2 + 10 + 1);
}

#[tokio::test]
async fn two_processes_keep_a_case_under_one_month() {
    let harness = Harness::start().await;
    let mut other = harness.beside().await;
    harness.take_cases(&[case("A")]).await;
    let story = events("A");
    harness.take_events(&story[..1]).await;
    let send = |events: &[pb::Event]| pb::BatchCreateEventsRequest {
        parent: ZZ.to_owned(),
        records: events
            .iter()
            .map(|event| pb::EventRecord { event: Some(event.clone()), position: None })
            .collect(),
    };
    // The other learns of the case, and of its month, from the database.
    let answer = other.batch_create_events(send(&story[1..3])).await.unwrap().into_inner();
    assert_eq!(answer.counts.unwrap().accepted_count, 2);
    let later = event("A", 9, pb::EventKind::CheckSent, 3_000);
    harness.take_events(std::slice::from_ref(&later)).await;
    let answer = other.batch_create_events(send(&[later, story[3].clone()])).await.unwrap();
    let counts = answer.into_inner().counts.unwrap();
    assert_eq!((counts.accepted_count, counts.repeated_count), (1, 1));
    assert_eq!(parts(&harness, "A").await, [("case_ingestion.event_2018_03".to_owned(), 5)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_that_two_jurisdictions_begin_at_once_is_there_once() {
    let harness = Harness::start().await;
    let begin = |jurisdiction: usize| {
        let mut cases = harness.cases.clone();
        async move {
            let parent = format!("jurisdictions/j{jurisdiction}");
            let case = pb::CaseRecord { case: Some(case("A")), position: None };
            let request =
                pb::BatchCreateCasesRequest { parent: parent.clone(), records: vec![case] };
            cases.batch_create_cases(request).await.unwrap();
            let records = (0..12).map(|month: i64| {
                let event = pb::Event {
                    event_time: Some(time(1_600_000_000 + month * 31 * 86_400)),
                    ..event("A", month + 1, pb::EventKind::CheckSent, 0)
                };
                pb::EventRecord { event: Some(event), position: None }
            });
            for record in records {
                let request =
                    pb::BatchCreateEventsRequest { parent: parent.clone(), records: vec![record] };
                cases.batch_create_events(request).await.unwrap();
            }
        }
    };
    futures_util::future::join_all((0..8).map(begin)).await;
    assert_eq!(parts(&harness, "A").await, [("case_ingestion.event_2020_09".to_owned(), 8 * 12)]);
}

/// What a client that stopped waiting had sent is taken in whole or not at all, and the connection
/// that was copying serves the next.
#[tokio::test(flavor = "multi_thread")]
async fn clients_that_hang_up_leave_nothing_half_done() {
    let harness = Harness::start().await;
    let case_nos: Vec<_> = (0..40).map(|number| format!("C{number}")).collect();
    harness.take_cases(&case_nos.iter().map(|case_no| case(case_no)).collect::<Vec<_>>()).await;
    for (case_no, place) in case_nos.iter().zip(0_u32..) {
        let records = events(case_no).into_iter();
        let records =
            records.map(|event| pb::EventRecord { event: Some(event), position: None }).collect();
        let request = pb::BatchCreateEventsRequest { parent: ZZ.to_owned(), records };
        let mut cases = harness.cases.clone();
        let calling = cases.batch_create_events(request);
        // Some are cut at once, some in the midst, some are answered.
        tokio::time::timeout(Duration::from_micros(u64::from(place) * 150), calling).await.ok();
    }
    let all: Vec<_> = case_nos.iter().flat_map(|case_no| events(case_no)).collect();
    let counts = harness.take_events(&all).await.counts.unwrap();
    assert_eq!(counts.accepted_count + counts.repeated_count, 40 * 5);
    assert_eq!(counts.accepted_count % 5, 0, "each batch whole or not at all");
    for case_no in &case_nos {
        assert_eq!(parts(&harness, case_no).await.iter().map(|(_, count)| count).sum::<i64>(), 5);
    }
}

#[tokio::test]
async fn the_service_reaches_a_month_through_the_whole_only() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A")]).await;
    harness.take_events(&events("A")).await;
    let service = PgPool::connect(&harness.database.url_for("case_ingestion")).await.unwrap();
    for (statement, code) in [
        ("SELECT FROM case_ingestion.event_2018_03", "42501"),
        ("DELETE FROM case_ingestion.event_2018_03", "42501"),
        ("DROP TABLE case_ingestion.event_2018_03", "42501"),
        ("UPDATE case_ingestion.case_month SET month = '2018-05-01'", "42501"),
        ("DELETE FROM case_ingestion.case_month", "42501"),
        ("SELECT case_ingestion.begin_month('2018-04-02')", "P0001"),
        ("SELECT case_ingestion.begin_month('1999-12-01')", "P0001"),
        ("SELECT case_ingestion.begin_month('2100-01-01')", "P0001"),
    ] {
        let error = sqlx::query(statement).execute(&service).await.unwrap_err();
        let found = error.as_database_error().unwrap().code().unwrap().into_owned();
        assert_eq!(found, code, "{statement}: {error}");
    }
    // A table of the caller's own, were it allowed to make one, is not mistaken for the month.
    let mut own = owner(&harness).await.acquire().await.unwrap();
    for statement in [
        "CREATE TEMP TABLE event_2018_07 (x int)",
        "CREATE TEMP TABLE event (x int)",
        "SELECT case_ingestion.begin_month('2018-07-01')",
    ] {
        sqlx::query(statement).execute(&mut *own).await.unwrap();
    }
    let begun: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_inherits
                        WHERE inhparent = 'case_ingestion.event'::regclass
                          AND inhrelid = 'case_ingestion.event_2018_07'::regclass)",
    )
    .fetch_one(&owner(&harness).await)
    .await
    .unwrap();
    assert!(begun);
}

#[tokio::test]
async fn a_month_begins_while_the_database_keeps_another_one_up() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A"), case("B")]).await;
    harness.take_events(&events("A")).await;
    // As VACUUM and ANALYZE hold a part for as long as they take.
    let mut upkeep = owner(&harness).await.begin().await.expect("a transaction");
    let lock = "LOCK TABLE case_ingestion.event_2018_03 IN SHARE UPDATE EXCLUSIVE MODE";
    sqlx::query(lock).execute(&mut *upkeep).await.expect("a lock");
    let later = pb::Event { event_no: 1, ..event("B", 1, pb::EventKind::Reported, 3_000) };
    let taken = tokio::time::timeout(PATIENCE, harness.take_events(&[later])).await;
    assert_eq!(taken.expect("nobody waits").counts.expect("counts").accepted_count, 1);
    upkeep.rollback().await.expect("it is open");
}
