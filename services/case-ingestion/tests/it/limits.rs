//! What is too much is refused with its limit, or waits; what was acknowledged stands.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use chengping_case_ingestion::IntakeConfig;
use chengping_proto::cases::v1 as pb;
use chengping_testing::eventually;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt as _;

use crate::builders::case;
use crate::harness::{Harness, ZZ, metadata, reason};

fn limits(change: impl FnOnce(&mut IntakeConfig)) -> IntakeConfig {
    let mut config = IntakeConfig::default();
    change(&mut config);
    config
}

fn some(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("above 0")
}

fn records(first: usize, count: usize) -> Vec<pb::CaseRecord> {
    let record =
        |number| pb::CaseRecord { case: Some(case(&format!("C{number}"))), position: None };
    (first..first + count).map(record).collect()
}

fn batch(parent: &str, batch: i64, records: Vec<pb::CaseRecord>) -> pb::StreamCasesRequest {
    pb::StreamCasesRequest { parent: parent.to_owned(), batch, records }
}

async fn open(
    harness: &Harness,
) -> (mpsc::Sender<pb::StreamCasesRequest>, Streaming<pb::StreamCasesResponse>) {
    let (sender, requests) = mpsc::channel(8);
    let answers = harness.cases.clone().stream_cases(ReceiverStream::new(requests)).await;
    (sender, answers.expect("a stream").into_inner())
}

async fn call(
    harness: &Harness,
    records: Vec<pb::CaseRecord>,
) -> Result<pb::BatchCreateCasesResponse, Status> {
    let request = pb::BatchCreateCasesRequest { parent: ZZ.to_owned(), records };
    harness.cases.clone().batch_create_cases(request).await.map(tonic::Response::into_inner)
}

fn exhausted(status: &Status, expected: &str) {
    assert_eq!(reason(status), (Code::ResourceExhausted, expected.to_owned()), "{status}");
}

fn retry_delay(status: &Status) -> Option<Duration> {
    status.get_error_details().retry_info().and_then(|info| info.retry_delay)
}

#[tokio::test]
async fn a_batch_with_too_many_records_is_refused_and_the_one_before_stands() {
    let harness = Harness::limited(limits(|it| it.batch_records_max = some(3))).await;
    let status = call(&harness, records(0, 4)).await.unwrap_err();
    exhausted(&status, "BATCH_TOO_LARGE");
    assert_eq!((metadata(&status, "found"), metadata(&status, "limit")), ("4".into(), "3".into()));
    assert_eq!(retry_delay(&status), None, "it would be as large again");

    let (sender, mut answers) = open(&harness).await;
    sender.send(batch(ZZ, 1, records(0, 3))).await.unwrap();
    sender.send(batch("", 2, records(3, 4))).await.unwrap();
    assert_eq!(answers.message().await.unwrap().unwrap().watermark, 3);
    exhausted(&answers.message().await.unwrap_err(), "BATCH_TOO_LARGE");
}

#[tokio::test]
async fn a_message_that_is_too_large_or_would_become_so_is_refused_with_the_limit() {
    let harness = Harness::limited(limits(|it| it.message_bytes_max = some(4096))).await;
    let status = call(&harness, records(0, 1000)).await.unwrap_err();
    exhausted(&status, "MESSAGE_TOO_LARGE");
    assert_eq!(metadata(&status, "limit"), "4096 bytes");
    assert_eq!(call(&harness, records(0, 10)).await.unwrap().watermark, 10);

    // Two bytes each on the wire, some hundred in memory.
    let harness = Harness::start().await;
    let nothing = pb::CaseRecord { case: None, position: None };
    let status = call(&harness, vec![nothing; 1_000_000]).await.unwrap_err();
    exhausted(&status, "MESSAGE_TOO_LARGE");
    assert_eq!(metadata(&status, "limit"), "20000 elements");
}

#[tokio::test]
async fn a_jurisdiction_has_so_many_streams_and_another_its_own() {
    let harness = Harness::limited(limits(|it| it.streams_max = some(1))).await;
    let (first, mut first_answers) = open(&harness).await;
    first.send(batch(ZZ, 1, records(0, 1))).await.unwrap();
    assert_eq!(first_answers.message().await.unwrap().unwrap().watermark, 1);

    let (second, mut answers) = open(&harness).await;
    second.send(batch(ZZ, 1, records(1, 1))).await.unwrap();
    let status = answers.message().await.unwrap_err();
    exhausted(&status, "TOO_MANY_STREAMS");
    assert_eq!(metadata(&status, "limit"), "1");
    assert!(retry_delay(&status).is_some_and(|delay| !delay.is_zero()));

    let (other, mut answers) = open(&harness).await;
    other.send(batch("jurisdictions/yy", 1, records(0, 1))).await.unwrap();
    assert_eq!(answers.message().await.unwrap().unwrap().watermark, 1);

    drop(first);
    assert!(first_answers.message().await.unwrap().is_none());
    let accepted = eventually(async || {
        let (again, mut answers) = open(&harness).await;
        again.send(batch(ZZ, 1, records(1, 1))).await.unwrap();
        answers.message().await.ok().flatten()
    });
    assert_eq!(accepted.await.unwrap().watermark, 2);
}

#[tokio::test]
async fn records_that_come_too_fast_are_refused_in_calls_and_wait_in_streams() {
    let harness = Harness::limited(limits(|it| it.records_per_second_max = 10)).await;
    assert_eq!(call(&harness, records(0, 30)).await.unwrap().watermark, 30);
    let status = call(&harness, records(30, 1)).await.unwrap_err();
    exhausted(&status, "RECORD_RATE_EXCEEDED");
    assert_eq!(metadata(&status, "limit"), "10");
    assert!(retry_delay(&status).is_some_and(|delay| !delay.is_zero()));

    let (sender, mut answers) = open(&harness).await;
    sender.send(batch(ZZ, 1, records(30, 1))).await.unwrap();
    assert_eq!(answers.message().await.unwrap().unwrap().watermark, 31);
}

#[tokio::test]
async fn a_batch_larger_than_all_the_room_there_is_still_goes_through() {
    let little = NonZeroU64::new(1).unwrap();
    let config = limits(|it| (it.stream_bytes_max, it.bytes_max) = (little, little));
    let harness = Harness::limited(config).await;
    let (sender, mut answers) = open(&harness).await;
    for number in 1..=4_usize {
        let parent = if number == 1 { ZZ } else { "" };
        let next = batch(parent, number.try_into().unwrap(), records(number * 100, 100));
        sender.send(next).await.unwrap();
    }
    for number in 1..=4 {
        let answer = answers.message().await.unwrap().unwrap();
        assert_eq!((answer.acknowledged_batch, answer.watermark), (number, number * 100));
    }
    // Nothing is held any more, by whatever way a stream ended.
    drop((sender, answers));
    assert_eq!(call(&harness, records(0, 1)).await.unwrap().watermark, 401);
}

#[tokio::test]
async fn a_stream_goes_on_with_the_number_after_the_last_acknowledged_one() {
    let harness = Harness::start().await;
    let (sender, mut answers) = open(&harness).await;
    sender.send(batch(ZZ, 7, records(0, 1))).await.unwrap();
    assert_eq!(answers.message().await.unwrap().unwrap().acknowledged_batch, 7);
    sender.send(batch("", 8, records(1, 1))).await.unwrap();
    let answer = answers.message().await.unwrap().unwrap();
    assert_eq!((answer.acknowledged_batch, answer.watermark), (8, 2));
    assert_eq!(answer.counts.unwrap().accepted_count, 2, "those of this stream");
    sender.send(batch("", 8, records(2, 1))).await.unwrap();
    let status = answers.message().await.unwrap_err();
    assert_eq!(reason(&status).1, "BATCH_OUT_OF_ORDER");
    assert_eq!(metadata(&status, "expected"), "9");

    for wrong in [0, -1, i64::MIN] {
        let (sender, mut answers) = open(&harness).await;
        sender.send(batch(ZZ, wrong, records(3, 1))).await.unwrap();
        let status = answers.message().await.unwrap_err();
        assert_eq!(reason(&status).1, "BATCH_OUT_OF_ORDER");
        assert_eq!(metadata(&status, "expected"), "1");
    }
    // After the greatest number there is none.
    let (sender, mut answers) = open(&harness).await;
    sender.send(batch(ZZ, i64::MAX, records(3, 1))).await.unwrap();
    assert_eq!(answers.message().await.unwrap().unwrap().acknowledged_batch, i64::MAX);
}

#[tokio::test]
async fn every_kind_of_intake_has_the_limits() {
    let harness = Harness::limited(limits(|it| it.batch_records_max = some(2))).await;
    let too_many = || tokio_stream::iter([records(0, 3)]);
    let parent = || ZZ.to_owned();
    let uploads = tokio_stream::StreamExt::map(too_many(), move |records| pb::UploadCasesRequest {
        parent: parent(),
        records,
    });
    exhausted(&harness.cases.clone().upload_cases(uploads).await.unwrap_err(), "BATCH_TOO_LARGE");
    let event = pb::EventRecord::default();
    let request =
        pb::BatchCreateEventsRequest { parent: ZZ.to_owned(), records: vec![event.clone(); 3] };
    let status = harness.cases.clone().batch_create_events(request).await.unwrap_err();
    exhausted(&status, "BATCH_TOO_LARGE");
    let request = pb::UploadEventsRequest { parent: ZZ.to_owned(), records: vec![event; 3] };
    let status = harness.cases.clone().upload_events(tokio_stream::iter([request])).await;
    exhausted(&status.unwrap_err(), "BATCH_TOO_LARGE");
}
