//! Snapshots.

use chengping_proto::cases::v1 as pb;
use tonic::{Code, Status};

use crate::builders::{APRIL, FREEZE, case, event, events, time};
use crate::harness::{Harness, ZZ, fields, reason};

pub(crate) async fn create(harness: &Harness, month: &str, as_of: i64) -> pb::Snapshot {
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

pub(crate) async fn verify(harness: &Harness, name: &str) -> Result<String, Status> {
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
    let tampering = "UPDATE case_ingestion.event SET outcome = 'later' WHERE event_no = 4";
    sqlx::query(tampering).execute(&pool).await.unwrap();
    let status = verify(&harness, &snapshot.name).await.unwrap_err();
    assert_eq!(reason(&status), (Code::DataLoss, "SNAPSHOT_DIGEST_MISMATCH".to_owned()));
}

#[tokio::test]
async fn free_texts_can_be_erased_without_a_digest_that_breaks() {
    let harness = Harness::start().await;
    harness.take_cases(&[pb::Case { title: "a name".to_owned(), ..case("A") }]).await;
    let mut events = events("A");
    events[0].note = "a telephone number".to_owned();
    harness.take_events(&events).await;
    let snapshot = create(&harness, "2018-04", FREEZE).await;
    let pool = sqlx::PgPool::connect(harness.database.admin_url()).await.unwrap();
    for erasure in [
        "UPDATE case_ingestion.case_record SET title = NULL",
        "UPDATE case_ingestion.event SET note = NULL",
    ] {
        sqlx::query(erasure).execute(&pool).await.unwrap();
    }
    let packed: Vec<Vec<u8>> = sqlx::query_scalar("SELECT content FROM case_ingestion.case_file")
        .fetch_all(&pool)
        .await
        .unwrap();
    let holds = |text: &str| packed.iter().any(|file| holds(file, text));
    assert!(holds("b01") && !holds("a name") && !holds("a telephone number"));
    assert_eq!(verify(&harness, &snapshot.name).await.unwrap(), snapshot.digest);
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn what_comes_late_makes_the_next_revision_and_is_counted() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A"), case("B")]).await;
    harness.take_events(&events("A")).await;
    let first = create(&harness, "2018-04", FREEZE).await;
    assert_eq!((first.revision, first.former_snapshot.as_str()), (1, ""));
    assert_eq!((first.late_event_count, first.late_case_count), (0, 0));

    // A day after the freeze something happens: the month is what it was.
    let after = event("A", 9, pb::EventKind::Reopened, 34 * 24);
    harness.take_cases(&[case("C")]).await;
    harness.take_events(&[after]).await;
    let second = create(&harness, "2018-04", FREEZE).await;
    assert_ne!(second.name, first.name);
    assert_eq!((second.revision, &second.former_snapshot), (1, &first.name));
    assert_eq!((second.late_event_count, second.late_case_count), (0, 0));

    // Five events of one case and one of another come too late.
    harness.take_events(&events("B")).await;
    harness.take_events(&[event("A", 7, pb::EventKind::Visited, 7)].map(visit)).await;
    let third = create(&harness, "2018-04", FREEZE).await;
    assert_eq!((third.revision, &third.former_snapshot), (2, &second.name));
    assert_eq!((third.late_event_count, third.late_case_count), (6, 2));
    assert_eq!(create(&harness, "2018-04", FREEZE).await, third);
    // Another view of the month is another series, and so is another month. A view before the end
    // of the month is no freeze.
    assert_eq!(create(&harness, "2018-04", FREEZE - 1).await.revision, 1);
    assert_eq!(create(&harness, "2018-03", FREEZE).await.revision, 1);
    assert_eq!(create(&harness, "2018-05", FREEZE).await.revision, 1);
    harness.take_events(&[event("C", 1, pb::EventKind::Reported, 45 * 24)]).await;
    assert_eq!(missed(&harness, "A").await, [(7, "2018-04".to_owned())]);
    assert_eq!(missed(&harness, "B").await.len(), 5);
    assert!(missed(&harness, "C").await.is_empty());
    for snapshot in [first, second, third] {
        assert_eq!(verify(&harness, &snapshot.name).await.unwrap(), snapshot.digest);
    }
}

/// The events of a case that came too late for months, each with these.
async fn missed(harness: &Harness, case_no: &str) -> Vec<(i64, String)> {
    let parent = format!("{ZZ}/cases/{case_no}");
    let request = pb::ListEventsRequest { parent, ..pb::ListEventsRequest::default() };
    let events = harness.cases.clone().list_events(request).await.unwrap().into_inner().events;
    let late = events.into_iter().filter(|event| !event.missed_months.is_empty());
    late.map(|event| (event.event_no, event.missed_months.join(" "))).collect()
}

fn visit(event: pb::Event) -> pb::Event {
    pb::Event { outcome: "satisfied".to_owned(), ..event }
}

#[tokio::test]
async fn decisions_that_only_a_later_cut_shows_make_the_next_revision() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A")]).await;
    let exempted =
        pb::Event { outcome: "late".to_owned(), ..event("A", 9, pb::EventKind::Exempted, 40 * 24) };
    harness.take_events(&[&events("A")[..], &[exempted]].concat()).await;
    let first = create(&harness, "2018-04", FREEZE).await;
    let request = pb::CreateSnapshotRequest {
        parent: ZZ.to_owned(),
        snapshot: Some(pb::Snapshot {
            month: "2018-04".to_owned(),
            as_of: Some(time(FREEZE)),
            decided: Some(time(FREEZE + 30 * 24 * 3_600)),
            ..pb::Snapshot::default()
        }),
    };
    let corrected = harness.snapshots.clone().create_snapshot(request).await.unwrap().into_inner();
    assert_eq!((corrected.revision, corrected.former_snapshot), (2, first.name));
    assert_eq!((corrected.late_event_count, corrected.late_case_count), (1, 1));
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
