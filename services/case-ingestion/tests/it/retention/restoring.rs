//! The way back: whole, once, and nothing else.

use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::archive_record::Record;
use tonic::Code;

use super::{Kept, MARCH, admin, event_rows, filled, keep, put_away, restore, restore_as, wish};
use crate::harness::{Harness, reason};

async fn away() -> (Harness, Kept) {
    let harness = filled(false).await;
    let kept = keep(&harness).await;
    put_away(&harness, wish(&kept)).await.unwrap();
    (harness, kept)
}

/// Changes one field of a record, whichever it is.
fn forge(record: &mut pb::ArchiveRecord) {
    match record.record.as_mut().unwrap() {
        Record::Case(case) => case.area_code.push('9'),
        Record::Event(event) => event.sequence += 100,
        Record::Deadline(deadline) => deadline.rules_digest = format!("sha256:{:064}", 7),
    }
}

#[tokio::test]
async fn what_was_changed_is_refused_and_nothing_of_it_is_seen() {
    let (harness, kept) = away().await;
    let mut damaged = Vec::new();
    for index in 0..kept.records.len() {
        let mut forged = kept.records.clone();
        forge(&mut forged[index]);
        damaged.push(forged);
        let mut fewer = kept.records.clone();
        fewer.remove(index);
        damaged.push(fewer);
        let mut twice = kept.records.clone();
        twice.insert(index, kept.records[index].clone());
        damaged.push(twice);
        let mut empty = kept.records.clone();
        empty[index].record = None;
        damaged.push(empty);
        let mut swapped = kept.records.clone();
        swapped.swap(index, (index + 1) % kept.records.len());
        damaged.push(swapped);
    }
    damaged.push(Vec::new());
    for records in damaged {
        let status = restore(&harness, &records).await.unwrap_err();
        let (code, reason) = reason(&status);
        assert!(
            (code, reason.as_str()) == (Code::Aborted, "ARCHIVE_DIGEST_MISMATCH")
                || (code, reason.as_str()) == (Code::InvalidArgument, "ARCHIVE_DAMAGED"),
            "{status:?}"
        );
        assert_eq!(event_rows(&harness, "zz").await, 0);
    }
    restore(&harness, &kept.records).await.unwrap();
    assert_eq!(keep(&harness).await.records, kept.records);
}

#[tokio::test]
async fn cases_that_were_changed_meanwhile_are_found() {
    let (harness, kept) = away().await;
    sqlx::query("UPDATE case_ingestion.case_record SET area_code = 'x' WHERE case_no = 'A'")
        .execute(&admin(&harness).await)
        .await
        .unwrap();
    let status = restore(&harness, &kept.records).await.unwrap_err();
    assert_eq!(reason(&status), (Code::Aborted, "ARCHIVE_DIGEST_MISMATCH".to_owned()));
    assert_eq!(event_rows(&harness, "zz").await, 0);
}

#[tokio::test]
async fn a_rehearsal_changes_nothing_and_a_second_time_nothing_more() {
    let (harness, kept) = away().await;
    restore_as(&harness, &kept.records, true).await.unwrap();
    assert_eq!(event_rows(&harness, "zz").await, 0);
    let first = restore(&harness, &kept.records).await.unwrap();
    let second = restore(&harness, &kept.records).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(event_rows(&harness, "zz").await, 13);
    // Of a month that nobody put away.
    let request = pb::RestoreMonthRequest {
        name: MARCH.replace("03", "01"),
        reason: "r".to_owned(),
        ..pb::RestoreMonthRequest::default()
    };
    let request = futures_util::stream::iter([request]);
    let status = harness.archives.clone().restore_month(request).await.unwrap_err();
    assert_eq!(reason(&status), (Code::NotFound, "ARCHIVE_NOT_FOUND".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_at_once_one_brings_it_back() {
    for _ in 0..3 {
        let (harness, kept) = away().await;
        let outcomes = tokio::join!(
            restore(&harness, &kept.records),
            restore(&harness, &kept.records),
            restore(&harness, &kept.records)
        );
        let outcomes = [outcomes.0, outcomes.1, outcomes.2];
        assert!(outcomes.iter().any(Result::is_ok), "{outcomes:?}");
        for status in outcomes.into_iter().filter_map(Result::err) {
            assert_eq!(reason(&status), (Code::Aborted, "READING_DISTURBED".to_owned()));
        }
        assert_eq!(keep(&harness).await.records, kept.records);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_break_at_any_message_loses_nothing() {
    let (harness, kept) = away().await;
    let first = pb::RestoreMonthRequest {
        name: MARCH.to_owned(),
        reason: "r".to_owned(),
        ..pb::RestoreMonthRequest::default()
    };
    for given in 0..=kept.records.len() {
        // The client goes before the end of its stream: the call is dropped while it waits.
        let records = kept.records[..given].iter().map(|record| pb::RestoreMonthRequest {
            records: vec![record.clone()],
            ..pb::RestoreMonthRequest::default()
        });
        let messages: Vec<_> = std::iter::once(first.clone()).chain(records).collect();
        let (sent, all_sent) = tokio::sync::oneshot::channel::<()>();
        let (messages, sent) = (std::sync::Mutex::new(messages.into_iter()), Some(sent));
        let sent = std::sync::Mutex::new(sent);
        let stream = futures_util::stream::poll_fn(move |_| {
            let next = messages.lock().unwrap().next();
            match next {
                Some(message) => std::task::Poll::Ready(Some(message)),
                None => {
                    drop(sent.lock().unwrap().take());
                    std::task::Poll::Pending
                }
            }
        });
        let mut client = harness.archives.clone();
        let call = tokio::spawn(async move { client.restore_month(stream).await });
        let _ = all_sent.await;
        call.abort();
        let _ = call.await;
        assert_eq!(event_rows(&harness, "zz").await, 0);
    }
    restore(&harness, &kept.records).await.unwrap();
    assert_eq!(keep(&harness).await.records, kept.records);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_in_between_loses_nothing() {
    let harness = filled(false).await;
    let kept = keep(&harness).await;
    let admin = admin(&harness).await;
    // Whatever it was doing, all or nothing of it stands afterwards.
    for round in 0..12 {
        let ending = async {
            for _ in 0..round {
                tokio::task::yield_now().await;
            }
            sqlx::query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND usename = 'case_ingestion'",
            )
            .execute(&admin)
            .await
            .unwrap();
        };
        let is_away = event_rows(&harness, "zz").await == 0;
        let working = async {
            if is_away {
                drop(restore(&harness, &kept.records).await);
            } else {
                drop(put_away(&harness, wish(&kept)).await);
            }
        };
        tokio::join!(working, ending);
        let rows = event_rows(&harness, "zz").await;
        let away: i64 =
            sqlx::query_scalar("SELECT count(*) FROM case_ingestion.archive WHERE state = 1")
                .fetch_one(&admin)
                .await
                .unwrap();
        assert!((rows, away) == (13, 0) || (rows, away) == (0, 1), "{rows} {away}");
    }
    if event_rows(&harness, "zz").await == 0 {
        restore(&harness, &kept.records).await.unwrap();
    }
    assert_eq!(keep(&harness).await.records, kept.records);
}
