//! Months that are put away and taken back, and texts that are erased.

mod erasing;
mod reading;
mod restoring;
mod rights;

use chengping_proto::cases::v1 as pb;
use futures_util::TryStreamExt as _;
use sqlx::PgPool;
use tonic::{Code, Status};

use crate::builders::{case, event, events};
use crate::deadlines::{conditional, rules};
use crate::harness::{Harness, ZZ, fields, metadata, reason};

/// The archive of April 2018, in which all that happens in these tests is kept: the first hours of
/// that month in China are still March in UTC.
const MARCH: &str = "jurisdictions/zz/archives/2018-03";

/// What a client keeps of a month.
#[derive(Clone)]
struct Kept {
    records: Vec<pb::ArchiveRecord>,
    sum: pb::ArchiveSum,
}

/// Three cases, one of them with computed deadlines, one with title and notes if `texts`.
async fn filled(texts: bool) -> Harness {
    use pb::EventKind::{Dispatched, Extended, Filed};
    let harness = Harness::start().await;
    harness.registry.set_rules(&rules("1 work_hour"), "Asia/Shanghai");
    let mut titled = case("A");
    let mut noted = events("A");
    if texts {
        titled.title = "王某举报".to_owned();
        noted[1].note = "电话 138".to_owned();
        noted[3].note = "已处理".to_owned();
    }
    harness.take_cases(&[titled, case("B/2"), conditional("C", "c1")]).await;
    let dispatched = pb::Event { unit: "b01".to_owned(), ..event("C", 2, Dispatched, 3) };
    let computed = vec![event("C", 1, Filed, 2), dispatched, event("C", 3, Extended, 5)];
    harness.take_events(&[noted, events("B/2"), computed].concat()).await;
    harness
}

async fn keep_of(harness: &Harness, name: &str, with_texts: bool) -> Result<Kept, Status> {
    let request = pb::StreamArchiveRequest { name: name.to_owned(), with_texts };
    let stream = harness.archives.clone().stream_archive(request).await?.into_inner();
    let messages: Vec<_> = stream.try_collect().await?;
    let sum = messages.last().unwrap().sum.clone().expect("the last message has the sum");
    let records = messages.into_iter().flat_map(|message| message.records).collect();
    Ok(Kept { records, sum })
}

async fn keep(harness: &Harness) -> Kept {
    keep_of(harness, MARCH, false).await.unwrap()
}

fn wish(kept: &Kept) -> pb::PutAwayMonthRequest {
    pb::PutAwayMonthRequest {
        name: MARCH.to_owned(),
        digest: kept.sum.digest.clone(),
        reason: "retention 2018".to_owned(),
        ..pb::PutAwayMonthRequest::default()
    }
}

async fn put_away(
    harness: &Harness,
    request: pb::PutAwayMonthRequest,
) -> Result<pb::Archive, Status> {
    Ok(harness.archives.clone().put_away_month(request).await?.into_inner())
}

async fn restore(
    harness: &Harness,
    records: &[pb::ArchiveRecord],
) -> Result<pb::RestoreMonthResponse, Status> {
    restore_as(harness, records, false).await
}

async fn restore_as(
    harness: &Harness,
    records: &[pb::ArchiveRecord],
    validate_only: bool,
) -> Result<pb::RestoreMonthResponse, Status> {
    let first = pb::RestoreMonthRequest {
        name: MARCH.to_owned(),
        reason: "an inspection".to_owned(),
        validate_only,
        ..pb::RestoreMonthRequest::default()
    };
    let rest = records.chunks(3).map(|records| pb::RestoreMonthRequest {
        records: records.to_vec(),
        ..pb::RestoreMonthRequest::default()
    });
    let messages: Vec<_> = std::iter::once(first).chain(rest).collect();
    let request = futures_util::stream::iter(messages);
    Ok(harness.archives.clone().restore_month(request).await?.into_inner())
}

async fn admin(harness: &Harness) -> PgPool {
    PgPool::connect(harness.database.admin_url()).await.unwrap()
}

async fn event_rows(harness: &Harness, jurisdiction: &str) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM case_ingestion.event WHERE jurisdiction = $1")
        .bind(jurisdiction)
        .fetch_one(&admin(harness).await)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_month_is_put_away_only_while_it_is_what_was_kept() {
    let harness = filled(false).await;
    let kept = keep(&harness).await;
    assert_eq!((kept.sum.case_count, kept.sum.event_count, kept.sum.deadline_count), (3, 13, 2));
    let other =
        pb::Event { outcome: "all".to_owned(), ..event("A", 9, pb::EventKind::Exempted, 9) };
    harness.take_events(&[other]).await;
    let status = put_away(&harness, wish(&kept)).await.unwrap_err();
    assert_eq!(reason(&status), (Code::Aborted, "ARCHIVE_DIGEST_MISMATCH".to_owned()));
    assert_eq!(event_rows(&harness, "zz").await, 14);

    let kept = keep(&harness).await;
    let rehearsed = pb::PutAwayMonthRequest { validate_only: true, ..wish(&kept) };
    let rehearsed = put_away(&harness, rehearsed).await.unwrap();
    assert_eq!((rehearsed.event_count, rehearsed.put_away_time), (14, None));
    assert_eq!(event_rows(&harness, "zz").await, 14);

    let archive = put_away(&harness, wish(&kept)).await.unwrap();
    assert_eq!(archive.state(), pb::archive::State::PutAway);
    assert_eq!(event_rows(&harness, "zz").await, 0);
    // The same once more changes nothing, another digest is refused.
    assert_eq!(put_away(&harness, wish(&kept)).await.unwrap(), archive);
    let other = pb::PutAwayMonthRequest { digest: format!("sha256:{:064}", 1), ..wish(&kept) };
    let status = put_away(&harness, other).await.unwrap_err();
    assert_eq!(reason(&status), (Code::Aborted, "ARCHIVE_DIGEST_MISMATCH".to_owned()));
}

#[tokio::test]
async fn notes_are_not_lost_by_being_forgotten() {
    let harness = filled(true).await;
    let status = put_away(&harness, wish(&keep(&harness).await)).await.unwrap_err();
    assert_eq!(reason(&status), (Code::FailedPrecondition, "TEXTS_WOULD_BE_LOST".to_owned()));
    assert_eq!(metadata(&status, "notes"), "2");
    let kept = keep_of(&harness, MARCH, true).await.unwrap();
    assert_eq!((kept.sum.title_count, kept.sum.note_count), (1, 2));
    let forged = pb::PutAwayMonthRequest { text_digest: kept.sum.digest.clone(), ..wish(&kept) };
    let status = put_away(&harness, forged).await.unwrap_err();
    assert_eq!(reason(&status), (Code::Aborted, "ARCHIVE_DIGEST_MISMATCH".to_owned()));
    let text_digest = kept.sum.text_digest.clone();
    put_away(&harness, pb::PutAwayMonthRequest { text_digest, ..wish(&kept) }).await.unwrap();
    restore(&harness, &kept.records).await.unwrap();
    assert_eq!(keep_of(&harness, MARCH, true).await.unwrap().records, kept.records);
}

#[tokio::test]
async fn a_month_has_its_time_and_a_reason() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A"), case("N")]).await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let seconds = |ago: u64| i64::try_from(now.as_secs() - ago).unwrap();
    // Of the month that runs, and of one that is over for less than two years.
    let at = |case_no, ago| pb::Event {
        event_time: Some(crate::builders::time(seconds(ago))),
        ..event(case_no, 1, pb::EventKind::Reported, 0)
    };
    harness.take_events(&[at("N", 0), at("A", 100 * 86_400)]).await;
    let months: Vec<String> = sqlx::query_scalar(
        "SELECT to_char(month, 'YYYY-MM') FROM case_ingestion.case_month ORDER BY case_no",
    )
    .fetch_all(&admin(&harness).await)
    .await
    .unwrap();
    for (month, early, refused) in
        [(&months[0], false, true), (&months[1], true, true), (&months[0], true, false)]
    {
        let name = format!("{ZZ}/archives/{month}");
        let kept = keep_of(&harness, &name, false).await.unwrap();
        let request = pb::PutAwayMonthRequest { name, early, ..wish(&kept) };
        match put_away(&harness, request).await {
            Ok(_) => assert!(!refused),
            Err(status) => {
                assert!(refused, "{status:?}");
                let expected = (Code::FailedPrecondition, "MONTH_TOO_YOUNG".to_owned());
                assert_eq!(reason(&status), expected);
            }
        }
    }
    let parent = ZZ.to_owned();
    let request =
        pb::ListRetentionEntriesRequest { parent, ..pb::ListRetentionEntriesRequest::default() };
    let entries = harness.archives.clone().list_retention_entries(request).await.unwrap();
    let entries = entries.into_inner().entries;
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].early, entries[0].reason.as_str()), (true, "retention 2018"));
    assert_eq!((entries[0].actor.as_str(), entries[0].month.as_str()), ("local", &*months[0]));

    let empty = pb::PutAwayMonthRequest::default();
    let status = put_away(&harness, empty).await.unwrap_err();
    assert_eq!(fields(&status), ["name", "digest", "reason"]);
    let none = Kept { records: Vec::new(), sum: keep(&harness).await.sum };
    let status = put_away(&harness, wish(&none)).await.unwrap_err();
    assert_eq!(reason(&status), (Code::NotFound, "ARCHIVE_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn the_events_of_others_stay_where_they_are() {
    let harness = filled(false).await;
    let parent = "jurisdictions/other".to_owned();
    let records = vec![pb::CaseRecord { case: Some(case("A")), position: None }];
    let request = pb::BatchCreateCasesRequest { parent: parent.clone(), records };
    harness.cases.clone().batch_create_cases(request).await.unwrap();
    let record = |event| pb::EventRecord { event: Some(event), position: None };
    let records = events("A").into_iter().map(record).collect();
    let request = pb::BatchCreateEventsRequest { parent, records };
    harness.cases.clone().batch_create_events(request).await.unwrap();
    put_away(&harness, wish(&keep(&harness).await)).await.unwrap();
    assert_eq!((event_rows(&harness, "zz").await, event_rows(&harness, "other").await), (0, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_archivers_and_a_writer_nobody_loses_anything() {
    for _ in 0..5 {
        let harness = filled(false).await;
        let kept = keep(&harness).await;
        let late = event("A", 9, pb::EventKind::CheckSent, 9);
        let (one, other, written) = tokio::join!(
            put_away(&harness, wish(&kept)),
            put_away(&harness, wish(&kept)),
            harness.take_events(std::slice::from_ref(&late)),
        );
        let counts = written.counts.unwrap();
        let rows = event_rows(&harness, "zz").await;
        for outcome in [&one, &other] {
            if let Err(status) = outcome {
                assert_eq!(status.code(), Code::Aborted, "{status:?}");
            }
        }
        match (counts.accepted_count, rows) {
            // Written before it could be put away, so that it was not.
            (1, 14) => assert!(one.is_err() && other.is_err()),
            (0, 0) => {
                assert!(one.is_ok() || other.is_ok());
                assert_eq!(harness.open_codes().await, ["month_archived"]);
                let restored = restore(&harness, &kept.records).await.unwrap();
                assert_eq!(restored.released_count, 1);
                assert_eq!(event_rows(&harness, "zz").await, 14);
            }
            found => panic!("{found:?} {one:?} {other:?}"),
        }
    }
}
