//! Packed case files follow the records, and say what these say.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chengping_proto::cases::v1 as pb;
use futures_util::{StreamExt as _, TryStreamExt as _};
use proptest::prelude::*;
use proptest::test_runner::{Config as RunnerConfig, TestRunner};
use tonic::{Code, Status};

use crate::builders::{APRIL, FREEZE, case, events, time};
use crate::deadlines::rules;
use crate::harness::{Harness, ZZ, reason};
use crate::laws::{Arrival, deliver, deliveries, lacking};
use crate::snapshots::{create, verify};

const DAY: i64 = 24 * 3_600;

async fn snapshot(harness: &Harness, parent: &str, as_of: i64) -> pb::Snapshot {
    let view = Some(time(as_of));
    let snapshot = pb::Snapshot {
        month: "2018-04".to_owned(),
        as_of: view,
        decided: view,
        ..pb::Snapshot::default()
    };
    let request = pb::CreateSnapshotRequest { parent: parent.to_owned(), snapshot: Some(snapshot) };
    harness.snapshots.clone().create_snapshot(request).await.unwrap().into_inner()
}

/// The facts of April at its freeze and of the second of May.
async fn facts(
    harness: &Harness,
    parent: &str,
    watermark: i64,
) -> Result<Vec<pb::StreamFactsResponse>, Status> {
    let view = Some(time(FREEZE));
    let may = Some(time(APRIL + 32 * DAY));
    let request = pb::StreamFactsRequest {
        parent: parent.to_owned(),
        month: "2018-04".to_owned(),
        time_zone: "Asia/Shanghai".to_owned(),
        as_of: view,
        decided: view,
        watermark,
        freeze_day: 3,
        lifecycle: None,
        since: None,
        without_case_nos: false,
        with_desk_lists: false,
        further_months: vec![pb::MonthView {
            month: "2018-05".to_owned(),
            as_of: may,
            decided: may,
        }],
    };
    harness.snapshots.clone().stream_facts(request).await?.into_inner().try_collect().await
}

async fn rebuild(harness: &Harness) -> i64 {
    let request = pb::RebuildCaseFilesRequest { parent: ZZ.to_owned() };
    let answer = harness.snapshots.clone().rebuild_case_files(request).await.unwrap();
    answer.into_inner().watermark
}

/// Delivers part after part; after each the facts are read, and snapshots of two views taken, for
/// which the records so far are packed.
async fn deliver_and_read(
    harness: &Harness,
    parent: &str,
    arrivals: Vec<(Arrival, bool)>,
) -> Vec<(i64, Vec<pb::StreamFactsResponse>, [pb::Snapshot; 2])> {
    let mut read = Vec::new();
    let mut part = Vec::new();
    let last = arrivals.len() - 1;
    for (place, (arrival, cut)) in arrivals.into_iter().enumerate() {
        part.push((arrival, false));
        if !cut && place != last {
            continue;
        }
        let watermark = deliver(harness, parent, std::mem::take(&mut part)).await;
        let facts = facts(harness, parent, watermark).await.unwrap();
        let early = snapshot(harness, parent, APRIL + 2 * DAY).await;
        read.push((watermark, facts, [early, snapshot(harness, parent, FREEZE).await]));
    }
    read
}

#[test]
fn facts_and_digests_are_those_of_the_records_however_these_came_and_were_packed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let harness = runtime.block_on(Harness::start());
    harness.registry.set_rules(&rules("1 work_hour"), "Asia/Shanghai");
    let next = AtomicU32::new(0);
    let mut expected = None;
    let mut runner = TestRunner::new(RunnerConfig::with_cases(10));
    let all = deliveries(lacking());
    let of_run = std::cell::RefCell::new(&mut expected);
    runner
        .run(&all, |arrivals| {
            let parent = format!("jurisdictions/packed-{}", next.fetch_add(1, Ordering::SeqCst));
            runtime.block_on(async {
                let read = deliver_and_read(&harness, &parent, arrivals).await;
                for (watermark, then, snapshots) in &read {
                    // Packed files that go further say the same of the first records.
                    let now = facts(&harness, &parent, *watermark).await.unwrap();
                    prop_assert_eq!(&now, then);
                    for snapshot in snapshots {
                        // Reads the records, and compares them with the packed files.
                        let digest = verify(&harness, &snapshot.name).await.unwrap();
                        prop_assert_eq!(&digest, &snapshot.digest);
                    }
                }
                let (_, facts, [_, frozen]) = read.into_iter().next_back().unwrap();
                let found = (facts, frozen.digest);
                let mut expected = of_run.borrow_mut();
                prop_assert_eq!(&found, expected.get_or_insert_with(|| found.clone()));
                Ok(())
            })
        })
        .unwrap();
    drop((harness, runtime));
}

async fn damage(harness: &Harness, statement: &'static str) {
    let pool = sqlx::PgPool::connect(harness.database.admin_url()).await.unwrap();
    assert!(sqlx::query(statement).execute(&pool).await.unwrap().rows_affected() > 0);
}

#[tokio::test]
async fn damaged_files_are_found_and_made_anew() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A"), case("B")]).await;
    harness.take_events(&[events("A"), events("B")].concat()).await;
    let snapshot = create(&harness, "2018-04", FREEZE).await;
    let before = facts(&harness, ZZ, 12).await.unwrap();
    let lost = (Code::DataLoss, "CASE_FILES_DAMAGED".to_owned());
    for (statement, is_read) in [
        ("UPDATE case_ingestion.case_file SET digest = sha256('') WHERE case_no = 'A'", false),
        ("DELETE FROM case_ingestion.case_file WHERE case_no = 'B'", true),
        ("UPDATE case_ingestion.case_file SET content = '\\x0901' WHERE case_no = 'B'", true),
        ("UPDATE case_ingestion.case_file SET content = '' WHERE case_no = 'A'", true),
        (
            "UPDATE case_ingestion.case_file SET content = (SELECT content
             FROM case_ingestion.case_file WHERE case_no = 'A') WHERE case_no = 'B'",
            true,
        ),
        // A unit of the same length.
        (
            "UPDATE case_ingestion.case_file
             SET content = overlay(content PLACING 'b02' FROM position('b01' IN content))",
            false,
        ),
    ] {
        damage(&harness, statement).await;
        let status = verify(&harness, &snapshot.name).await.unwrap_err();
        assert_eq!(reason(&status), lost, "{statement}");
        if is_read {
            let status = facts(&harness, ZZ, 12).await.unwrap_err();
            assert_eq!(reason(&status), lost, "{statement}");
        }
        assert_eq!(rebuild(&harness).await, 12);
        assert_eq!(verify(&harness, &snapshot.name).await.unwrap(), snapshot.digest);
        assert_eq!(facts(&harness, ZZ, 12).await.unwrap(), before);
    }
    damage(&harness, "DELETE FROM case_ingestion.case_file").await;
    let request = pb::CreateSnapshotRequest {
        parent: ZZ.to_owned(),
        snapshot: Some(pb::Snapshot {
            month: "2018-05".to_owned(),
            as_of: Some(time(FREEZE)),
            decided: Some(time(FREEZE)),
            ..pb::Snapshot::default()
        }),
    };
    let status = harness.snapshots.clone().create_snapshot(request).await.unwrap_err();
    assert_eq!(reason(&status), lost);
}

#[tokio::test]
async fn files_of_another_version_and_files_without_a_state_are_made_anew_by_who_reads() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A")]).await;
    harness.take_events(&events("A")).await;
    let before = facts(&harness, ZZ, 6).await.unwrap();
    for statement in [
        "UPDATE case_ingestion.case_file_state SET version = 255",
        "DELETE FROM case_ingestion.case_file_state",
    ] {
        damage(&harness, "UPDATE case_ingestion.case_file SET content = '\\x02ff00'").await;
        damage(&harness, statement).await;
        assert_eq!(facts(&harness, ZZ, 6).await.unwrap(), before);
    }
}

#[tokio::test]
async fn records_are_packed_while_nobody_reads() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A"), case("B")]).await;
    harness.take_events(&events("A")).await;
    let pool = sqlx::PgPool::connect(harness.database.admin_url()).await.unwrap();
    let packed = || async {
        let query = "SELECT watermark FROM case_ingestion.case_file_state";
        let watermark: Option<i64> = sqlx::query_scalar(query).fetch_optional(&pool).await.unwrap();
        watermark.unwrap_or_default()
    };
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while packed().await < 7 {
        assert!(tokio::time::Instant::now() < deadline, "nothing is packed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let query = "SELECT event_count FROM case_ingestion.case_file ORDER BY case_no";
    let counts: Vec<i64> = sqlx::query_scalar(query).fetch_all(&pool).await.unwrap();
    assert_eq!(counts, [5, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_freeze_sees_exactly_the_first_records_while_others_come_in() {
    let harness = Harness::start().await;
    let case_nos: Vec<_> = (0..400).map(|number| format!("C{number:04}")).collect();
    let frozen_between = tokio::sync::Semaphore::new(0);
    let writers = (0..4_usize).map(|writer| {
        let (harness, case_nos, frozen_between) = (&harness, &case_nos, &frozen_between);
        async move {
            for case_no in case_nos.iter().skip(writer).step_by(4) {
                if case_no == "C0399" {
                    // The last case waits for a freeze that saw some of the records.
                    let _permit = frozen_between.acquire().await.unwrap();
                }
                harness.take_cases(&[case(case_no)]).await;
                harness.take_events(&events(case_no)).await;
            }
        }
    });
    let freezing = async {
        let mut snapshots = Vec::new();
        while snapshots.len() < 12 || frozen_between.available_permits() == 0 {
            let turn = i64::try_from(snapshots.len()).unwrap() % 2;
            let taken = snapshot(&harness, ZZ, FREEZE + turn).await;
            if taken.watermark > 0 && frozen_between.available_permits() == 0 {
                frozen_between.add_permits(1);
            }
            snapshots.push(taken);
        }
        snapshots
    };
    let writing = futures_util::future::join_all(writers);
    let (snapshots, _) = futures_util::future::join(freezing, writing).await;
    let all = snapshot(&harness, ZZ, FREEZE).await;
    assert_eq!((all.watermark, all.case_count, all.event_count), (2_400, 400, 2_000));
    assert!(snapshots.iter().any(|snapshot| (1..2_400).contains(&snapshot.watermark)));
    let verified = futures_util::stream::iter(snapshots.iter().chain([&all])).then(|snapshot| {
        let harness = &harness;
        // Reads the records up to the watermark.
        async move { (verify(harness, &snapshot.name).await.unwrap(), &snapshot.digest) }
    });
    let verified: Vec<_> = verified.collect().await;
    assert!(verified.iter().all(|(found, stored)| found == *stored));
    for snapshot in &snapshots {
        // All events are seen by both views.
        assert_eq!(snapshot.case_count + snapshot.event_count, snapshot.watermark);
    }
}
