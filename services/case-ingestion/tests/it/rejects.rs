//! What is set aside, and what becomes of it.

use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::reject::State;
use chengping_proto::cases::v1::replay_reject_request::Record;
use tonic::Code;

use crate::builders::{case, event};
use crate::harness::{Harness, ZZ, fields, metadata, reason};

fn unreadable(row: i64, payload: &[u8]) -> pb::Reject {
    pb::Reject {
        position: Some(pb::Position { file: "events.csv".to_owned(), row, line: row + 1 }),
        code: "column_count".to_owned(),
        message: "12 columns where 10 were expected\0".to_owned(),
        payload: payload.to_vec(),
        case_no: "not a case\n".to_owned(),
        ..pb::Reject::default()
    }
}

async fn store(harness: &Harness, rejects: Vec<pb::Reject>) -> (i64, i64) {
    let request = pb::BatchCreateRejectsRequest { parent: ZZ.to_owned(), rejects };
    let stored = harness.rejects.clone().batch_create_rejects(request).await.unwrap().into_inner();
    (stored.stored_count, stored.repeated_count)
}

/// The only open reject.
async fn only(harness: &Harness) -> pb::Reject {
    let mut open = harness.rejects(State::Open).await;
    assert_eq!(open.len(), 1);
    open.remove(0)
}

fn replay(name: &str, event: pb::Event) -> pb::ReplayRejectRequest {
    let record = Some(Record::Event(pb::EventRecord { event: Some(event), position: None }));
    pb::ReplayRejectRequest { name: name.to_owned(), record }
}

#[tokio::test]
async fn a_row_is_stored_once_with_every_byte_of_it() {
    let harness = Harness::start().await;
    let mut bytes = vec![0_u8, 255, 10];
    bytes.resize(16 << 20, 7);
    assert_eq!(store(&harness, vec![unreadable(2, &bytes)]).await, (1, 0));
    assert_eq!(store(&harness, vec![unreadable(2, &bytes), unreadable(3, &[0])]).await, (1, 1));

    let listed = harness.rejects(State::Open).await;
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0].payload_size, 16 << 20);
    assert_eq!(listed[0].payload, bytes[..65_536]);
    assert_eq!(listed[0].message, "12 columns where 10 were expected\u{fffd}");
    assert_eq!(listed[1].payload, [0]);

    let request = pb::GetRejectRequest { name: listed[0].name.clone() };
    let whole = harness.rejects.clone().get_reject(request).await.unwrap().into_inner();
    assert!(whole.payload == bytes);
}

#[tokio::test]
async fn a_payload_that_is_too_long_or_a_code_that_is_none_is_refused() {
    let harness = Harness::start().await;
    let long = unreadable(2, &vec![0; (16 << 20) + 1]);
    let odd = pb::Reject { code: "Bad code".to_owned(), ..unreadable(3, b"x") };
    let request = pb::BatchCreateRejectsRequest { parent: ZZ.to_owned(), rejects: vec![long, odd] };
    let status = harness.rejects.clone().batch_create_rejects(request).await.unwrap_err();
    assert_eq!(reason(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
    assert_eq!(fields(&status), ["rejects[0].payload", "rejects[1].code"]);
}

#[tokio::test]
async fn rejects_are_listed_in_pages_by_file_and_row() {
    let harness = Harness::start().await;
    let rows = [7, 3, 5, 2, 6].map(|row| unreadable(row, &[1]));
    store(&harness, rows.to_vec()).await;
    let mut request = pb::ListRejectsRequest {
        parent: ZZ.to_owned(),
        page_size: 2,
        code: "column_count".to_owned(),
        ..pb::ListRejectsRequest::default()
    };
    let mut found = Vec::new();
    loop {
        let page = harness.rejects.clone().list_rejects(request.clone()).await.unwrap();
        let page = page.into_inner();
        assert_eq!(page.total_size, 5);
        found.extend(page.rejects.into_iter().map(|reject| reject.position.unwrap().row));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(found, [2, 3, 5, 6, 7]);

    request.code = "conflict".to_owned();
    let status = harness.rejects.clone().list_rejects(request).await.unwrap_err();
    assert_eq!(reason(&status), (Code::InvalidArgument, "PAGE_TOKEN_MISMATCH".to_owned()));
}

#[tokio::test]
async fn a_page_of_large_rejects_ends_early() {
    let harness = Harness::start().await;
    let large = vec![1; 64 << 10];
    store(&harness, (2..102).map(|row| unreadable(row, &large)).collect()).await;
    let request = pb::ListRejectsRequest {
        parent: ZZ.to_owned(),
        page_size: 1_000,
        ..pb::ListRejectsRequest::default()
    };
    let page = harness.rejects.clone().list_rejects(request).await.unwrap().into_inner();
    assert_eq!((page.rejects.len(), page.total_size), (32, 100));
    assert!(!page.next_page_token.is_empty());
}

#[tokio::test]
async fn a_corrected_record_is_taken_in_and_closes_its_reject() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A")]).await;
    let mut closed = event("A", 1, pb::EventKind::Closed, 1);
    closed.outcome = "perhaps".to_owned();
    harness.take_events(std::slice::from_ref(&closed)).await;
    let reject = only(&harness).await;

    let mut client = harness.rejects.clone();
    let status = client.replay_reject(replay(&reject.name, closed.clone())).await.unwrap_err();
    assert_eq!(reason(&status), (Code::FailedPrecondition, "REPLAY_REFUSED".to_owned()));
    assert_eq!(metadata(&status, "code"), "bad_outcome");
    assert_eq!(metadata(&status, "column"), "outcome");
    assert_eq!(only(&harness).await.name, reject.name);

    closed.outcome = "normal".to_owned();
    let replayed = client.replay_reject(replay(&reject.name, closed.clone())).await.unwrap();
    assert_eq!(replayed.into_inner().state, i32::from(State::Replayed));
    let status = client.replay_reject(replay(&reject.name, closed.clone())).await.unwrap_err();
    assert_eq!(reason(&status), (Code::FailedPrecondition, "REJECT_NOT_OPEN".to_owned()));
    assert_eq!(metadata(&status, "state"), "replayed");

    // The bad row once more does not open it again.
    closed.outcome = "perhaps".to_owned();
    harness.take_events(&[closed]).await;
    assert!(harness.rejects(State::Open).await.is_empty());
}

#[tokio::test]
async fn a_refused_replay_of_an_event_without_a_case_leaves_nothing_behind() {
    let harness = Harness::start().await;
    store(&harness, vec![unreadable(2, b"x")]).await;
    let reject = only(&harness).await;
    let stranger = event("NOSUCH", 1, pb::EventKind::Reported, 1);
    let status =
        harness.rejects.clone().replay_reject(replay(&reject.name, stranger)).await.unwrap_err();
    assert_eq!(metadata(&status, "code"), "unknown_case");
    assert_eq!(harness.open_codes().await, ["column_count"]);
}

#[tokio::test]
async fn a_reject_is_dismissed_for_a_reason_and_stays_so() {
    let harness = Harness::start().await;
    store(&harness, vec![unreadable(2, b"x")]).await;
    let name = only(&harness).await.name;
    let mut client = harness.rejects.clone();
    let dismiss =
        |reason: &str| pb::DismissRejectRequest { name: name.clone(), reason: reason.to_owned() };

    let status = client.dismiss_reject(dismiss(" ")).await.unwrap_err();
    assert_eq!(fields(&status), ["reason"]);
    for _ in 0..2 {
        let dismissed = client.dismiss_reject(dismiss("a test row")).await.unwrap().into_inner();
        assert_eq!(dismissed.state, i32::from(State::Dismissed));
        assert_eq!(dismissed.dismiss_reason, "a test row");
    }
    let status = client.dismiss_reject(dismiss("another reason")).await.unwrap_err();
    assert_eq!(reason(&status), (Code::FailedPrecondition, "REJECT_NOT_OPEN".to_owned()));

    assert_eq!(store(&harness, vec![unreadable(2, b"x")]).await, (0, 1));
    assert!(harness.rejects(State::Open).await.is_empty());
}

#[tokio::test]
async fn an_unknown_reject_is_not_found() {
    let harness = Harness::start().await;
    let name = format!("{ZZ}/rejects/00000000000000000000000000000000");
    let status =
        harness.rejects.clone().get_reject(pb::GetRejectRequest { name }).await.unwrap_err();
    assert_eq!(reason(&status), (Code::NotFound, "REJECT_NOT_FOUND".to_owned()));
}
