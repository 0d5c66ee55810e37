//! The records of snapshots, for whoever counts them again.

use chengping_casework::snapshot::{Sight, SnapshotFold, unpack_page};
use chengping_casework::{CaseRecords, View, next_frame};
use chengping_proto::cases::v1 as pb;
use chengping_types::Instant;
use futures_util::TryStreamExt as _;
use tonic::{Code, Status};

use crate::builders::{FREEZE, case, event, events};
use crate::harness::{Harness, ZZ, fields, reason};
use crate::snapshots::create;

async fn records(harness: &Harness, name: &str) -> Result<(pb::Snapshot, Vec<u8>), Status> {
    let request = pb::StreamRecordsRequest { name: name.to_owned() };
    let parts = harness.snapshots.clone().stream_records(request).await?.into_inner();
    let parts: Vec<_> = parts.try_collect().await?;
    assert!(parts.iter().skip(1).all(|part| part.snapshot.is_none()));
    assert!(parts.iter().all(|part| part.case_files.len() <= 1 << 20));
    let snapshot = parts[0].snapshot.clone().unwrap();
    Ok((snapshot, parts.into_iter().flat_map(|part| part.case_files).collect()))
}

/// The digest of the snapshot that the files make, and of how many records.
fn folded(snapshot: &pb::Snapshot, files: &[u8]) -> (String, i64) {
    let view = View::at(Instant::from_micros(FREEZE * 1_000_000));
    // Nothing of the files is left out here: they end where the snapshot does.
    let sight = Sight { watermark: i64::MAX, view };
    let mut fold = SnapshotFold::new(sight);
    let page = unpack_page(files, sight.watermark).unwrap();
    fold.add_page(&SnapshotFold::fold_files(sight, page));
    let mut rest = files;
    while let Some(frame) = next_frame(&mut rest).unwrap() {
        assert!(CaseRecords::unpack(frame).unwrap().last_sequence() <= snapshot.watermark);
    }
    let records = fold.records();
    (fold.finish().digest.to_string(), records)
}

#[tokio::test]
async fn the_records_of_a_snapshot_make_its_digest_whatever_came_later() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("B"), case("A"), case("silent")]).await;
    harness.take_events(&[events("B"), events("A")].concat()).await;
    let first = create(&harness, "2018-04", FREEZE).await;
    let (snapshot, files) = records(&harness, &first.name).await.unwrap();
    assert_eq!(snapshot, first);
    assert_eq!(folded(&first, &files), (first.digest.clone(), 13));

    // An event that the view does not show, one that it would, and a case before all others.
    let late = event("B", 6, pb::EventKind::Reported, 40 * 24);
    let forgotten = event("B", 7, pb::EventKind::Reported, 4);
    harness.take_cases(&[case("0")]).await;
    harness.take_events(&[late, forgotten]).await;
    let second = create(&harness, "2018-04", FREEZE).await;
    let (_, more) = records(&harness, &second.name).await.unwrap();
    assert_eq!(folded(&second, &more), (second.digest.clone(), 16));
    assert_ne!(second.digest, first.digest);
    assert_eq!(records(&harness, &first.name).await.unwrap(), (first, files));
}

#[tokio::test]
async fn records_are_asked_for_by_the_name_of_a_snapshot() {
    let harness = Harness::start().await;
    let error = records(&harness, ZZ).await.unwrap_err();
    assert_eq!(fields(&error), ["name"]);
    let name = format!("{ZZ}/snapshots/01890000-0000-7000-8000-000000000000");
    let error = records(&harness, &name).await.unwrap_err();
    assert_eq!(reason(&error), (Code::NotFound, "SNAPSHOT_NOT_FOUND".to_owned()));

    let empty = create(&harness, "2018-04", FREEZE).await;
    let (snapshot, files) = records(&harness, &empty.name).await.unwrap();
    assert_eq!((snapshot, files.len()), (empty, 0));
}
