//! What reads a month that is put away, and what waits for it.

use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::reject::State;
use tonic::{Code, Status};

use super::{Kept, MARCH, filled, keep, put_away, restore, wish};
use crate::builders::{case, event, events};
use crate::deadlines::{listed, snapshot};
use crate::facts::{april, stream};
use crate::harness::{Harness, ZZ, metadata, reason};

async fn timeline(harness: &Harness, case_no: &str) -> Result<pb::Timeline, Status> {
    let name = format!("{ZZ}/cases/{case_no}");
    let request = pb::GetTimelineRequest { name, as_of: None, lifecycle: None };
    Ok(harness.cases.clone().get_timeline(request).await?.into_inner())
}

async fn verify(harness: &Harness, name: &str) -> Result<String, Status> {
    let request = pb::VerifySnapshotRequest { name: name.to_owned() };
    Ok(harness.snapshots.clone().verify_snapshot(request).await?.into_inner().digest)
}

async fn away() -> (Harness, Kept) {
    let harness = filled(false).await;
    let kept = keep(&harness).await;
    put_away(&harness, wish(&kept)).await.unwrap();
    (harness, kept)
}

#[tokio::test]
async fn what_was_taken_back_reads_as_before() {
    let harness = filled(false).await;
    let cases = ["A", "B%2F2", "C"];
    let frozen = snapshot(&harness).await;
    let mut before = Vec::new();
    for case_no in cases {
        before.push((listed(&harness, case_no).await, timeline(&harness, case_no).await.unwrap()));
    }
    let facts = stream(&harness, april(frozen.watermark)).await.unwrap();
    assert!(!facts.is_empty());

    let kept = keep(&harness).await;
    put_away(&harness, wish(&kept)).await.unwrap();
    let restored = restore(&harness, &kept.records).await.unwrap();
    assert_eq!(restored.archive.unwrap().state(), pb::archive::State::Restored);
    assert_eq!((restored.released_count, restored.watermark), (0, frozen.watermark));
    for (case_no, (events, shown)) in cases.into_iter().zip(before) {
        assert_eq!(listed(&harness, case_no).await, events);
        assert_eq!(timeline(&harness, case_no).await.unwrap(), shown);
    }
    assert_eq!(stream(&harness, april(frozen.watermark)).await.unwrap(), facts);
    assert_eq!(verify(&harness, &frozen.name).await.unwrap(), frozen.digest);
    assert_eq!(keep(&harness).await.records, kept.records);
    // And away again, as often as it is wanted.
    put_away(&harness, wish(&kept)).await.unwrap();
    restore(&harness, &kept.records).await.unwrap();
    assert_eq!(keep(&harness).await.records, kept.records);
}

#[tokio::test]
async fn whatever_needs_events_that_are_away_says_so() {
    let harness = filled(false).await;
    let frozen = snapshot(&harness).await;
    let facts = stream(&harness, april(frozen.watermark)).await.unwrap();
    put_away(&harness, wish(&keep(&harness).await)).await.unwrap();
    let rebuild = pb::RebuildCaseFilesRequest { parent: ZZ.to_owned() };
    let parent = format!("{ZZ}/cases/A");
    let request = pb::ListEventsRequest { parent, ..pb::ListEventsRequest::default() };
    let refused = [
        harness.cases.clone().list_events(request).await.unwrap_err(),
        timeline(&harness, "A").await.unwrap_err(),
        verify(&harness, &frozen.name).await.unwrap_err(),
        harness.snapshots.clone().rebuild_case_files(rebuild).await.unwrap_err(),
        super::keep_of(&harness, MARCH, false).await.err().unwrap(),
    ];
    for status in refused {
        assert_eq!(reason(&status), (Code::FailedPrecondition, "MONTH_ARCHIVED".to_owned()));
        assert_eq!(metadata(&status, "months"), "2018-03");
        assert!(status.message().contains("chengping restore-month"), "{status:?}");
    }
    // The case itself is there, and so are the packed files, which freezes and facts are read from.
    let name = format!("{ZZ}/cases/A");
    harness.cases.clone().get_case(pb::GetCaseRequest { name }).await.unwrap();
    assert_eq!(stream(&harness, april(frozen.watermark)).await.unwrap(), facts);
    harness.take_cases(&[case("D")]).await;
    let later = snapshot(&harness).await;
    assert_eq!((later.case_count, later.event_count), (frozen.case_count + 1, frozen.event_count));
}

#[tokio::test]
async fn new_events_of_a_month_that_is_away_wait_for_it() {
    let (harness, kept) = away().await;
    let repeat = events("A").remove(0);
    let new = event("A", 6, pb::EventKind::CheckSent, 7);
    let contradiction = pb::Event { actor: "sup1".to_owned(), ..events("A").remove(4) };
    let lacking =
        pb::Event { unit: "b02".to_owned(), ..event("C", 4, pb::EventKind::Dispatched, 8) };
    let sent = [repeat, new.clone(), contradiction, lacking];
    let counts = harness.take_events(&sent).await.counts.unwrap();
    assert_eq!((counts.accepted_count, counts.rejected_count), (0, 4));
    assert_eq!(harness.open_codes().await, ["month_archived"; 4]);
    // Sent once more, they wait once.
    harness.take_events(&sent).await;
    assert_eq!(harness.open_codes().await.len(), 4);

    let restored = restore(&harness, &kept.records).await.unwrap();
    assert_eq!(restored.released_count, 2);
    assert_eq!(harness.open_codes().await, ["conflict"]);
    let replayed = harness.rejects(State::Replayed).await;
    assert_eq!(replayed.len(), 3);
    assert_eq!(listed(&harness, "A").await.last().unwrap().event_no, 6);
    assert!(listed(&harness, "C").await[3].computed_deadline.is_some());
}

#[tokio::test]
async fn a_case_that_is_new_is_kept_under_a_month_that_is_here() {
    let (harness, kept) = away().await;
    harness.take_cases(&[case("D")]).await;
    let counts = harness.take_events(&events("D")).await.counts.unwrap();
    assert_eq!(counts.accepted_count, 5);
    assert_eq!(listed(&harness, "D").await.len(), 5);
    restore(&harness, &kept.records).await.unwrap();
    assert_eq!(keep(&harness).await.records, kept.records);
}
