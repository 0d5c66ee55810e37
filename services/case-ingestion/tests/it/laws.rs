//! What holds for every order in which records arrive.

use std::sync::atomic::{AtomicU32, Ordering};

use chengping_proto::cases::v1 as pb;
use proptest::prelude::*;
use proptest::test_runner::{Config as RunnerConfig, TestRunner};

use crate::builders::{APRIL, FREEZE, case, event, events, time};
use crate::deadlines::{conditional, rules};
use crate::harness::{Harness, ZZ};

const CASES: [&str; 4] = ["A", "B", "案-3", "D/4"];
/// Five events a case.
const RECORDS: i64 = 4 * 6;

#[derive(Debug, Clone)]
pub(crate) enum Arrival {
    Case(pb::Case),
    Event(pb::Event),
}

pub(crate) fn all() -> Vec<Arrival> {
    let cases = CASES.iter().map(|case_no| Arrival::Case(case(case_no)));
    cases.chain(CASES.iter().flat_map(|case_no| events(case_no)).map(Arrival::Event)).collect()
}

/// Everything once or twice, in any order, cut into batches anywhere.
pub(crate) fn deliveries(all: Vec<Arrival>) -> impl Strategy<Value = Vec<(Arrival, bool)>> {
    let twice: Vec<Arrival> = all.iter().chain(&all).cloned().collect();
    let all_shuffled = Just(all).prop_shuffle();
    let twice_shuffled = Just(twice).prop_shuffle();
    prop_oneof![all_shuffled, twice_shuffled].prop_flat_map(|arrivals| {
        let cuts = proptest::collection::vec(proptest::bool::weighted(0.2), arrivals.len());
        cuts.prop_map(move |cuts| arrivals.iter().cloned().zip(cuts).collect())
    })
}

/// Sends a batch of the cases and one of the events between two cuts; gives the last watermark.
pub(crate) async fn deliver(
    harness: &Harness,
    parent: &str,
    arrivals: Vec<(Arrival, bool)>,
) -> i64 {
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
    let expected = assert_order_changes_nothing(&all(), RECORDS, 0);
    assert_eq!((expected.case_count, expected.event_count), (4, 20));
}

/// Cases of which most deadlines are computed: with extensions, a pause, a re-dispatch, one that is
/// dispatched before it is filed, one of a platform that sets none, and one that is never filed.
pub(crate) fn lacking() -> Vec<Arrival> {
    use pb::EventKind::{Dispatched, Extended, Filed, Handled, Resumed, Returned, Suspended};
    let mut arrivals = Vec::new();
    for case_no in ["A", "B", "C", "D", "E"] {
        arrivals.push(Arrival::Case(conditional(case_no, "c1")));
        let unit = |event| pb::Event { unit: "b01".to_owned(), ..event };
        let hour = |event_no, kind, hours| event(case_no, event_no, kind, hours);
        let filed_at = if case_no == "B" { 40 } else { 34 };
        let mut events = vec![
            hour(1, Filed, filed_at),
            unit(hour(2, Dispatched, 35)),
            hour(3, Extended, 36),
            hour(4, Suspended, 38),
            hour(5, Resumed, 41),
            hour(6, Extended, 50),
            pb::Event { outcome: "upheld".to_owned(), ..unit(hour(7, Returned, 51)) },
            pb::Event { unit: "b02".to_owned(), ..hour(8, Dispatched, 52) },
            unit(hour(9, Handled, 60)),
        ];
        match case_no {
            "C" => events[1].no_deadline = true,
            "D" => events[1].due_time = Some(time(APRIL + 58 * 3_600)),
            "E" => drop(events.remove(0)),
            _ => {}
        }
        arrivals.extend(events.into_iter().map(Arrival::Event));
    }
    arrivals
}

#[test]
fn the_order_of_arrival_changes_no_computed_deadline() {
    // Of the case that is not filed four events wait.
    let expected = assert_order_changes_nothing(&lacking(), 5 * 10 - 1 - 4, 4);
    assert_eq!((expected.case_count, expected.event_count), (5, 40));
}

/// Whatever the order: so many records, so many rejects, and the same digest.
fn assert_order_changes_nothing(all: &[Arrival], records: i64, rejects: i64) -> pb::Snapshot {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let harness = runtime.block_on(Harness::start());
    harness.registry.set_rules(&rules("1 work_hour"), "Asia/Shanghai");
    let in_order = all.iter().map(|arrival| (arrival.clone(), false)).collect();
    let expected = runtime.block_on(async {
        assert_eq!(deliver(&harness, ZZ, in_order).await, records);
        snapshot(&harness, ZZ).await
    });
    assert_eq!(expected.open_reject_count, rejects);

    let next = AtomicU32::new(0);
    let mut runner = TestRunner::new(RunnerConfig::with_cases(24));
    runner
        .run(&deliveries(all.to_vec()), |arrivals| {
            let parent = format!("jurisdictions/law-{}", next.fetch_add(1, Ordering::SeqCst));
            let (watermark, found) = runtime.block_on(async {
                (deliver(&harness, &parent, arrivals).await, snapshot(&harness, &parent).await)
            });
            prop_assert_eq!(watermark, records);
            prop_assert_eq!(found.watermark, records);
            prop_assert_eq!(&found.digest, &expected.digest);
            prop_assert_eq!(found.open_reject_count, rejects);
            Ok(())
        })
        .unwrap();
    drop((harness, runtime));
    expected
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
