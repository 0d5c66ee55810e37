//! What holds for every order in which records arrive.

use std::sync::atomic::{AtomicU32, Ordering};

use chengping_proto::cases::v1 as pb;
use proptest::prelude::*;
use proptest::test_runner::{Config as RunnerConfig, TestRunner};

use crate::builders::{FREEZE, case, events, time};
use crate::harness::{Harness, ZZ};

const CASES: [&str; 4] = ["A", "B", "案-3", "D/4"];
/// Five events a case.
const RECORDS: i64 = 4 * 6;

#[derive(Debug, Clone)]
enum Arrival {
    Case(pb::Case),
    Event(pb::Event),
}

fn all() -> Vec<Arrival> {
    let cases = CASES.iter().map(|case_no| Arrival::Case(case(case_no)));
    cases.chain(CASES.iter().flat_map(|case_no| events(case_no)).map(Arrival::Event)).collect()
}

/// Everything once or twice, in any order, cut into batches anywhere.
fn deliveries() -> impl Strategy<Value = Vec<(Arrival, bool)>> {
    let twice: Vec<Arrival> = all().into_iter().chain(all()).collect();
    let all_shuffled = Just(all()).prop_shuffle();
    let twice_shuffled = Just(twice).prop_shuffle();
    prop_oneof![all_shuffled, twice_shuffled].prop_flat_map(|arrivals| {
        let cuts = proptest::collection::vec(proptest::bool::weighted(0.2), arrivals.len());
        cuts.prop_map(move |cuts| arrivals.iter().cloned().zip(cuts).collect())
    })
}

/// Sends a batch of the cases and one of the events between two cuts; gives the last watermark.
async fn deliver(harness: &Harness, parent: &str, arrivals: Vec<(Arrival, bool)>) -> i64 {
    let mut watermark = 0;
    let (mut cases, mut events) = (Vec::new(), Vec::new());
    let last = arrivals.len() - 1;
    for (index, (arrival, cut)) in arrivals.into_iter().enumerate() {
        match arrival {
            Arrival::Case(case) => cases.push(pb::CaseRecord { case: Some(case), position: None }),
            Arrival::Event(event) => {
                events.push(pb::EventRecord { event: Some(event), position: None });
            }
        }
        if !cut && index != last {
            continue;
        }
        let (parent, mut client) = (parent.to_owned(), harness.cases.clone());
        if !events.is_empty() {
            let records = std::mem::take(&mut events);
            let request = pb::BatchCreateEventsRequest { parent: parent.clone(), records };
            let answer = client.batch_create_events(request).await.unwrap().into_inner();
            watermark = answer.watermark;
        }
        if !cases.is_empty() {
            let records = std::mem::take(&mut cases);
            let request = pb::BatchCreateCasesRequest { parent, records };
            watermark = client.batch_create_cases(request).await.unwrap().into_inner().watermark;
        }
    }
    watermark
}

async fn snapshot(harness: &Harness, parent: &str) -> pb::Snapshot {
    let request = pb::CreateSnapshotRequest {
        parent: parent.to_owned(),
        snapshot: Some(pb::Snapshot {
            month: "2018-04".to_owned(),
            as_of: Some(time(FREEZE)),
            decided: Some(time(FREEZE)),
            ..pb::Snapshot::default()
        }),
    };
    harness.snapshots.clone().create_snapshot(request).await.unwrap().into_inner()
}

#[test]
fn the_order_of_arrival_changes_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let harness = runtime.block_on(Harness::start());
    let in_order = all().into_iter().map(|arrival| (arrival, false)).collect();
    let expected = runtime.block_on(async {
        assert_eq!(deliver(&harness, ZZ, in_order).await, RECORDS);
        snapshot(&harness, ZZ).await
    });
    assert_eq!((expected.case_count, expected.event_count), (4, 20));

    let next = AtomicU32::new(0);
    let mut runner = TestRunner::new(RunnerConfig::with_cases(24));
    runner
        .run(&deliveries(), |arrivals| {
            let parent = format!("jurisdictions/law-{}", next.fetch_add(1, Ordering::SeqCst));
            let (watermark, found) = runtime.block_on(async {
                (deliver(&harness, &parent, arrivals).await, snapshot(&harness, &parent).await)
            });
            prop_assert_eq!(watermark, RECORDS);
            prop_assert_eq!(found.watermark, RECORDS);
            prop_assert_eq!(&found.digest, &expected.digest);
            prop_assert_eq!(found.open_reject_count, 0);
            Ok(())
        })
        .unwrap();
    drop((harness, runtime));
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_at_the_same_time_lose_and_double_nothing() {
    let harness = Harness::start().await;
    let case_nos: Vec<_> = (0..60).map(|number| format!("C{number:03}")).collect();
    let writers = (0..6_usize).map(|writer| {
        let (harness, case_nos) = (&harness, &case_nos);
        async move {
            // Each writer sends two thirds of everything, in an order of its own.
            for turn in 0..40 {
                let case_no = &case_nos[(writer * 10 + turn) % case_nos.len()];
                let (first, rest) = if turn % 2 == 0 { (true, false) } else { (false, true) };
                for is_case in [first, rest] {
                    if is_case {
                        harness.take_cases(&[case(case_no)]).await;
                    } else {
                        harness.take_events(&events(case_no)).await;
                    }
                }
            }
        }
    });
    futures_util::future::join_all(writers).await;

    let accepted: i64 = 60 * 6;
    assert_eq!(snapshot(&harness, ZZ).await.watermark, accepted);
    let pool = sqlx::PgPool::connect(harness.database.admin_url()).await.unwrap();
    let (count, distinct, first, last): (i64, i64, i64, i64) = sqlx::query_as(
        "SELECT count(*), count(DISTINCT sequence), min(sequence), max(sequence) FROM (
             SELECT sequence FROM case_ingestion.case_record
             UNION ALL SELECT sequence FROM case_ingestion.event
         ) AS record",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!((count, distinct, first, last), (accepted, accepted, 1, accepted));
    assert!(harness.open_codes().await.is_empty());
}
