//! Streams of batches: acknowledged after the commit, one by one.

use chengping_proto::cases::v1 as pb;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};

use crate::builders::{case, events};
use crate::harness::{Harness, ZZ, fields, metadata, reason};

fn case_batch(batch: i64, parent: &str, cases: &[&str]) -> pb::StreamCasesRequest {
    let records = cases
        .iter()
        .map(|case_no| pb::CaseRecord { case: Some(case(case_no)), position: None })
        .collect();
    pb::StreamCasesRequest { parent: parent.to_owned(), batch, records }
}

async fn open(
    harness: &Harness,
) -> (mpsc::Sender<pb::StreamCasesRequest>, Streaming<pb::StreamCasesResponse>) {
    let (sender, requests) = mpsc::channel(8);
    let answers = harness.cases.clone().stream_cases(ReceiverStream::new(requests)).await;
    (sender, answers.unwrap().into_inner())
}

async fn exists(harness: &Harness, case_no: &str) -> bool {
    let name = format!("{ZZ}/cases/{case_no}");
    harness.cases.clone().get_case(pb::GetCaseRequest { name }).await.is_ok()
}

#[tokio::test]
async fn each_batch_is_acknowledged_by_itself_and_after_its_commit() {
    let harness = Harness::start().await;
    let (sender, mut answers) = open(&harness).await;
    // The next batch is sent only after the answer to the one before: none is held back.
    for (batch, case_no) in (1..).zip(["A", "B", "C"]) {
        let parent = if batch == 1 { ZZ } else { "" };
        sender.send(case_batch(batch, parent, &[case_no, "A"])).await.unwrap();
        let answer = answers.message().await.unwrap().unwrap();
        assert_eq!((answer.acknowledged_batch, answer.watermark), (batch, batch));
        let counts = answer.counts.unwrap();
        assert_eq!((counts.accepted_count, counts.repeated_count), (batch, batch));
        assert!(exists(&harness, case_no).await);
    }
    drop(sender);
    assert!(answers.message().await.unwrap().is_none());
}

#[tokio::test]
async fn a_batch_out_of_order_ends_the_stream_and_what_was_acknowledged_stands() {
    let harness = Harness::start().await;
    let (sender, mut answers) = open(&harness).await;
    sender.send(case_batch(1, ZZ, &["A"])).await.unwrap();
    sender.send(case_batch(3, "", &["B"])).await.unwrap();
    sender.send(case_batch(4, "", &["C"])).await.unwrap();
    assert_eq!(answers.message().await.unwrap().unwrap().acknowledged_batch, 1);
    let status = answers.message().await.unwrap_err();
    assert_eq!(reason(&status), (Code::InvalidArgument, "BATCH_OUT_OF_ORDER".to_owned()));
    assert_eq!(
        (metadata(&status, "expected"), metadata(&status, "found")),
        ("2".into(), "3".into())
    );
    assert!(exists(&harness, "A").await);
    assert!(!exists(&harness, "B").await && !exists(&harness, "C").await);
}

#[tokio::test]
async fn a_stream_has_one_parent_that_its_first_message_names() {
    let harness = Harness::start().await;
    for (first, second) in [("", None), (ZZ, Some("jurisdictions/other"))] {
        let (sender, mut answers) = open(&harness).await;
        sender.send(case_batch(1, first, &["A"])).await.unwrap();
        if let Some(second) = second {
            assert!(answers.message().await.unwrap().is_some());
            sender.send(case_batch(2, second, &["B"])).await.unwrap();
        }
        let status = answers.message().await.unwrap_err();
        assert_eq!(reason(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
        assert_eq!(fields(&status), ["parent"]);
    }
}

#[tokio::test]
async fn a_stopping_service_ends_streams_so_that_clients_resume_elsewhere() {
    let harness = Harness::start().await;
    let (sender, mut answers) = open(&harness).await;
    sender.send(case_batch(1, ZZ, &["A"])).await.unwrap();
    assert!(answers.message().await.unwrap().is_some());
    harness.shutdown.cancel();
    let status = answers.message().await.unwrap_err();
    assert_eq!(reason(&status), (Code::Unavailable, "SERVICE_STOPPING".to_owned()));
}

#[tokio::test]
async fn a_client_that_resends_what_was_not_acknowledged_doubles_nothing() {
    let harness = Harness::start().await;
    harness.take_cases(&[case("A"), case("B")]).await;
    let batch = |batch, case_no: &str| pb::StreamEventsRequest {
        parent: ZZ.to_owned(),
        batch,
        records: events(case_no)
            .into_iter()
            .map(|event| pb::EventRecord { event: Some(event), position: None })
            .collect(),
    };
    // The first stream goes away with its answers unread.
    let requests = tokio_stream::iter([batch(1, "A"), batch(2, "B")]);
    drop(harness.cases.clone().stream_events(requests).await.unwrap());

    let requests = tokio_stream::iter([batch(1, "A"), batch(2, "B")]);
    let answers = harness.cases.clone().stream_events(requests).await.unwrap();
    let mut answers = answers.into_inner();
    let mut last = None;
    while let Some(answer) = answers.message().await.unwrap() {
        last = Some((answer.acknowledged_batch, answer.watermark));
    }
    assert_eq!(last, Some((2, 12)));
}

#[tokio::test]
async fn an_upload_is_answered_once_with_all_its_counts() {
    let harness = Harness::start().await;
    let message = |parent: &str, cases: &[&str]| pb::UploadCasesRequest {
        parent: parent.to_owned(),
        records: case_batch(0, "", cases).records,
    };
    let messages = tokio_stream::iter([
        message(ZZ, &[]),
        message("", &["A", "B"]),
        message(ZZ, &["B", "C"]),
        message("", &[]),
    ]);
    let answer = harness.cases.clone().upload_cases(messages).await.unwrap().into_inner();
    let counts = answer.counts.unwrap();
    assert_eq!((counts.accepted_count, counts.repeated_count, answer.watermark), (3, 1, 3));

    let nothing = tokio_stream::iter(Vec::<pb::UploadEventsRequest>::new());
    let status = harness.cases.clone().upload_events(nothing).await.unwrap_err();
    assert_eq!(fields(&status), ["parent"]);
}
