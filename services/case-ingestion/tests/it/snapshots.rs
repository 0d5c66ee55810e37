//! Snapshots.

use chengping_proto::cases::v1 as pb;
use tonic::{Code, Status};

use crate::builders::{APRIL, FREEZE, case, event, events, time};
use crate::harness::{Harness, ZZ, fields, reason};

async fn create(harness: &Harness, month: &str, as_of: i64) -> pb::Snapshot {
    let request = pb::CreateSnapshotRequest {
        parent: ZZ.to_owned(),
        snapshot: Some(pb::Snapshot {
            month: month.to_owned(),
            as_of: Some(time(as_of)),
            decided: Some(time(as_of)),
            ..pb::Snapshot::default()
        }),
    };
    harness.snapshots.clone().create_snapshot(request).await.unwrap().into_inner()
}

async fn verify(harness: &Harness, name: &str) -> Result<String, Status> {
    let request = pb::VerifySnapshotRequest { name: name.to_owned() };
    let found = harness.snapshots.clone().verify_snapshot(request).await?;
    Ok(found.into_inner().digest)
}

#[tokio::test]
async fn the_same_records_and_view_are_one_snapshot() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A"), case("B")]).await;
    harness.take_events(&events("A")).await;
    harness.take_events(&[event("X", 1, pb::EventKind::Reported, 1)]).await;
    let first = create(&harness, "2018-04", FREEZE).await;
    assert_eq!((first.watermark, first.case_count, first.event_count), (7, 2, 5));
    assert_eq!(first.open_reject_count, 1);
    assert_eq!(create(&harness, "2018-04", FREEZE).await, first);
    let fetched = pb::GetSnapshotRequest { name: first.name.clone() };
    let fetched = harness.snapshots.clone().get_snapshot(fetched).await.unwrap().into_inner();
    assert_eq!(fetched, first);

    // Rejects come without a record, and the snapshot is still the same.
    harness.take_events(&[event("X", 2, pb::EventKind::Reported, 1)]).await;
    let again = create(&harness, "2018-04", FREEZE).await;
    assert_eq!((&again.name, again.open_reject_count), (&first.name, 2));

    let other_month = create(&harness, "2018-03", FREEZE).await;
    assert_ne!(other_month.name, first.name);
    assert_eq!(other_month.digest, first.digest);

    harness.take_events(&events("B")).await;
    let later = create(&harness, "2018-04", FREEZE).await;
    assert_ne!(later.digest, first.digest);
    assert_eq!(later.watermark, 12);
}

#[tokio::test]
async fn a_view_hides_what_happened_at_its_end_or_later_and_decisions_have_their_own_end() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A")]).await;
    let exempted =
        pb::Event { outcome: "late".to_owned(), ..event("A", 9, pb::EventKind::Exempted, 3) };
    harness.take_events(&[events("A"), vec![exempted]].concat()).await;
    let hour = |hours: i64| APRIL + hours * 3_600;
    assert_eq!(create(&harness, "2018-04", hour(3)).await.event_count, 2);
    assert_eq!(create(&harness, "2018-04", hour(3) + 1).await.event_count, 4);

    let request = pb::CreateSnapshotRequest {
        parent: ZZ.to_owned(),
        snapshot: Some(pb::Snapshot {
            month: "2018-04".to_owned(),
            as_of: Some(time(hour(3))),
            decided: Some(time(hour(4))),
            ..pb::Snapshot::default()
        }),
    };
    let decided_later = harness.snapshots.clone().create_snapshot(request).await.unwrap();
    assert_eq!(decided_later.into_inner().event_count, 3);
}

#[tokio::test]
async fn a_record_that_was_tampered_with_is_found() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A")]).await;
    harness.take_events(&events("A")).await;
    let snapshot = create(&harness, "2018-04", FREEZE).await;
    // What is accepted later is not in the snapshot.
    harness.take_cases(&[case("B")]).await;
    assert_eq!(verify(&harness, &snapshot.name).await.unwrap(), snapshot.digest);

    let pool = sqlx::PgPool::connect(harness.database.admin_url()).await.unwrap();
    let tampering = "UPDATE case_ingestion.event SET note = 'later' WHERE event_no = 4";
    sqlx::query(tampering).execute(&pool).await.unwrap();
    let status = verify(&harness, &snapshot.name).await.unwrap_err();
    assert_eq!(reason(&status), (Code::DataLoss, "SNAPSHOT_DIGEST_MISMATCH".to_owned()));
}

#[tokio::test]
async fn snapshots_are_listed_newest_first_in_pages() {
    let harness = Harness::start().await;
    let mut names = Vec::new();
    for month in ["2018-01", "2018-02", "2018-03"] {
        names.push(create(&harness, month, FREEZE).await.name);
    }
    names.reverse();
    let mut found = Vec::new();
    let mut request = pb::ListSnapshotsRequest {
        parent: ZZ.to_owned(),
        page_size: 2,
        ..pb::ListSnapshotsRequest::default()
    };
    loop {
        let page = harness.snapshots.clone().list_snapshots(request.clone()).await.unwrap();
        let page = page.into_inner();
        found.extend(page.snapshots.into_iter().map(|snapshot| snapshot.name));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(found, names);
}

#[tokio::test]
async fn a_wish_without_a_view_is_refused_and_an_unknown_snapshot_not_found() {
    let harness = Harness::start().await;
    let request = pb::CreateSnapshotRequest { parent: "x".to_owned(), snapshot: None };
    let status = harness.snapshots.clone().create_snapshot(request).await.unwrap_err();
    assert_eq!(reason(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
    assert_eq!(fields(&status), ["parent", "snapshot.month", "snapshot.as_of", "snapshot.decided"]);
    let status = verify(&harness, &format!("{ZZ}/snapshots/none")).await.unwrap_err();
    assert_eq!(reason(&status), (Code::NotFound, "SNAPSHOT_NOT_FOUND".to_owned()));
}
