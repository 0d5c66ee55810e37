//! Titles and notes that are erased.

use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::reject::State;
use tonic::{Code, Status};

use super::{MARCH, filled, keep_of, put_away, restore, wish};
use crate::builders::{case, event, events};
use crate::deadlines::{listed, snapshot};
use crate::harness::{Harness, ZZ, reason};

async fn erase(
    harness: &Harness,
    request: pb::EraseTextsRequest,
) -> Result<Vec<pb::RetentionEntry>, Status> {
    Ok(harness.archives.clone().erase_texts(request).await?.into_inner().entries)
}

fn before(month: &str) -> pb::EraseTextsRequest {
    pb::EraseTextsRequest {
        parent: ZZ.to_owned(),
        before: month.to_owned(),
        reason: "PIPL 47".to_owned(),
        ..pb::EraseTextsRequest::default()
    }
}

async fn title(harness: &Harness, case_no: &str) -> String {
    let name = format!("{ZZ}/cases/{case_no}");
    let case = harness.cases.clone().get_case(pb::GetCaseRequest { name }).await.unwrap();
    case.into_inner().title
}

/// The records of [`filled`] with texts, as a platform sends them again.
fn again() -> (pb::Case, Vec<pb::Event>) {
    let mut noted = events("A");
    noted[1].note = "电话 138".to_owned();
    noted[3].note = "已处理".to_owned();
    (pb::Case { title: "王某举报".to_owned(), ..case("A") }, noted)
}

#[tokio::test]
async fn texts_are_gone_and_a_repeat_is_still_one() {
    let harness = filled(true).await;
    // A closed reject with personal words, and an open one, which is still needed.
    let talkative =
        pb::Event { note: "李某".to_owned(), ..event("X", 1, pb::EventKind::Filed, 1) };
    harness.take_events(&[talkative]).await;
    let conflicting = pb::Event { note: "赵某".to_owned(), ..events("A").remove(0) };
    harness.take_events(&[conflicting]).await;
    let open = harness.rejects(State::Open).await;
    let conflict = open.iter().find(|reject| reject.code == "conflict").unwrap();
    let (name, reason) = (conflict.name.clone(), "seen".to_owned());
    let dismissal = pb::DismissRejectRequest { name, reason };
    harness.rejects.clone().dismiss_reject(dismissal).await.unwrap();

    let rehearsal = pb::EraseTextsRequest { validate_only: true, ..before("2018-04") };
    let rehearsed = erase(&harness, rehearsal).await.unwrap();
    assert_eq!(title(&harness, "A").await, "王某举报");
    let entries = erase(&harness, before("2018-04")).await.unwrap();
    assert_eq!(entries.len(), 1);
    let counted = |entry: &pb::RetentionEntry| {
        (entry.month.clone(), entry.title_count, entry.note_count, entry.payload_count)
    };
    assert_eq!(counted(&entries[0]), ("2018-03".to_owned(), 1, 2, 1));
    assert_eq!(counted(&rehearsed[0]), counted(&entries[0]));
    assert_eq!((entries[0].reason.as_str(), entries[0].actor.as_str()), ("PIPL 47", "local"));
    assert_eq!(erase(&harness, before("2018-04")).await.unwrap(), []);

    assert_eq!(title(&harness, "A").await, "");
    assert!(listed(&harness, "A").await.iter().all(|event| event.note.is_empty()));
    let dismissed = harness.rejects(State::Dismissed).await;
    assert_eq!((dismissed[0].payload_size, &dismissed[0].accepted_payload[..]), (0, &b""[..]));
    let open = harness.rejects(State::Open).await;
    assert!(String::from_utf8(open[0].payload.clone()).unwrap().contains("李某"));

    let (sent, noted) = again();
    let counts = harness.take_cases(std::slice::from_ref(&sent)).await.counts.unwrap();
    assert_eq!((counts.repeated_count, counts.rejected_count), (1, 0));
    let counts = harness.take_events(&noted).await.counts.unwrap();
    assert_eq!((counts.repeated_count, counts.rejected_count), (5, 0));
    // What is new of the month comes without its note; another contradiction is still one.
    let new = pb::Event { note: "孙某".to_owned(), ..event("A", 8, pb::EventKind::CheckSent, 9) };
    let other = pb::Event { actor: "cmd1".to_owned(), ..noted[1].clone() };
    let counts = harness.take_events(&[new, other]).await.counts.unwrap();
    assert_eq!((counts.accepted_count, counts.rejected_count), (1, 1));
    assert!(listed(&harness, "A").await.iter().all(|event| event.note.is_empty()));
}

#[tokio::test]
async fn texts_that_were_erased_do_not_come_back_with_an_archive() {
    let harness = filled(true).await;
    let kept = keep_of(&harness, MARCH, true).await.unwrap();
    let text_digest = kept.sum.text_digest.clone();
    put_away(&harness, pb::PutAwayMonthRequest { text_digest, ..wish(&kept) }).await.unwrap();
    assert_eq!(erase(&harness, before("2018-04")).await.unwrap()[0].title_count, 1);
    restore(&harness, &kept.records).await.unwrap();
    let now = keep_of(&harness, MARCH, true).await.unwrap();
    assert_eq!((now.sum.title_count, now.sum.note_count), (0, 0));
    assert_eq!(now.sum.digest, kept.sum.digest);
    // Now it can be put away without them.
    put_away(&harness, wish(&now)).await.unwrap();
}

#[tokio::test]
async fn texts_have_their_time() {
    let harness = filled(true).await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let recent = i64::try_from(now.as_secs()).unwrap() - 90 * 86_400;
    let zone = "UTC".parse().unwrap();
    let month = chengping_types::Month::of(
        chengping_types::Instant::from_micros(recent * 1_000_000),
        &zone,
    );
    let young = before(&month.to_string());
    let status = erase(&harness, young.clone()).await.unwrap_err();
    assert_eq!(reason(&status), (Code::FailedPrecondition, "MONTH_TOO_YOUNG".to_owned()));
    let entries = erase(&harness, pb::EraseTextsRequest { early: true, ..young }).await.unwrap();
    assert!(entries.iter().all(|entry| entry.early));
    let never = pb::EraseTextsRequest { early: true, ..before("2099-01") };
    let status = erase(&harness, never).await.unwrap_err();
    assert_eq!(reason(&status), (Code::FailedPrecondition, "MONTH_TOO_YOUNG".to_owned()));
    // Without a month: all that are old enough.
    let harness = filled(true).await;
    assert_eq!(erase(&harness, before("")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn erasing_texts_breaks_no_snapshot() {
    let harness = filled(true).await;
    let frozen = snapshot(&harness).await;
    erase(&harness, before("2018-04")).await.unwrap();
    let request = pb::VerifySnapshotRequest { name: frozen.name };
    let found = harness.snapshots.clone().verify_snapshot(request).await.unwrap();
    assert_eq!(found.into_inner().digest, frozen.digest);
}
