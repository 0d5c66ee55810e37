//! What objections hold up, what their decisions may write, and which version takes account of them.

use chengping_proto::cases::v1 as cases;
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::inquiry::Kind;
use chengping_proto::publication::v1::inquiry_event::State as EventState;
use prost_types::Timestamp;
use tonic::Code;

use crate::deciding::{
    CASE, MONTH, about, decide, exempted, file, get, review, seeing, shown, until, upheld,
};
use crate::service::{Service, fields, refusal, start};

#[tokio::test]
async fn what_was_shown_once_is_not_published_past_its_objections_by_making_it_anew() {
    let service = start().await;
    let version = shown(&service).await;
    file(&service, about(Kind::Objection)).await.unwrap();
    let other = seeing(&service, "e2", 1);
    assert_eq!(service.create(MONTH, &other, "").await.unwrap().name, version);
    let status = service.step("publish", &version, "li", "").await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "ILLEGAL_STATE_CHANGE".to_owned()));
    service.step("submit", &version, "li", "").await.unwrap();
    let status = service.step("approve", &version, "wang", "in a hurry").await.unwrap_err();
    assert_eq!(refusal(&status).1, "OBJECTIONS_UNDECIDED");
}

/// A hand-back that nobody recorded, at a day of May 2018.
fn handled(day: i64) -> cases::Event {
    // 2018-05-01T00:00:00+08:00
    let seconds = 1_525_104_000 + (day - 1) * 86_400;
    cases::Event {
        kind: cases::EventKind::Handled.into(),
        event_time: Some(Timestamp { seconds, nanos: 0 }),
        ..Default::default()
    }
}

#[tokio::test]
async fn an_objection_writes_no_event_that_no_version_of_the_month_could_see() {
    let service = start().await;
    service.fakes.0.lock().unwrap().cases.insert(CASE.to_owned());
    shown(&service).await;
    let filed = file(&service, about(Kind::Objection)).await.unwrap();
    review(&service, &filed.name, "li").await.unwrap();
    // The version sees the month as of 4 May.
    let late = decide(&service, upheld(&filed.name, vec![handled(4)]), "wang").await.unwrap_err();
    assert_eq!(fields(&late), ["events[0].event_time"]);
    decide(&service, upheld(&filed.name, vec![handled(3)]), "wang").await.unwrap();

    // An inquiry holds nothing up, and may be about what comes later.
    let filed = file(&service, about(Kind::Inquiry)).await.unwrap();
    review(&service, &filed.name, "li").await.unwrap();
    decide(&service, upheld(&filed.name, vec![handled(4)]), "wang").await.unwrap();
}

#[tokio::test]
async fn a_decision_in_the_same_words_that_writes_something_else_is_no_repeat() {
    let service = start().await;
    service.fakes.0.lock().unwrap().cases.insert(CASE.to_owned());
    let filed = file(&service, about(Kind::Inquiry)).await.unwrap();
    review(&service, &filed.name, "li").await.unwrap();
    let decided = decide(&service, upheld(&filed.name, vec![exempted()]), "wang").await.unwrap();
    let again = decide(&service, upheld(&filed.name, vec![exempted()]), "wang").await.unwrap();
    assert_eq!(again.decide_time, decided.decide_time);
    let other = cases::Event { outcome: "all".to_owned(), ..exempted() };
    let status = decide(&service, upheld(&filed.name, vec![other]), "wang").await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "ILLEGAL_STATE_CHANGE".to_owned()));
}

/// An upheld inquiry whose event is written; its name, and among how many records that is.
async fn decided(service: &Service) -> (String, u64) {
    service.fakes.0.lock().unwrap().cases.insert(CASE.to_owned());
    let filed = file(service, about(Kind::Inquiry)).await.unwrap();
    review(service, &filed.name, "li").await.unwrap();
    decide(service, upheld(&filed.name, vec![exempted()]), "wang").await.unwrap();
    let event = until(service, &filed.name, EventState::Written).await;
    (filed.name, u64::try_from(event.watermark).unwrap())
}

#[tokio::test]
async fn what_a_withdrawn_version_took_account_of_is_linked_to_the_next_that_does() {
    let service = start().await;
    let (inquiry, watermark) = decided(&service).await;
    let sighted = seeing(&service, "e1", watermark);
    let first = service.create(MONTH, &sighted, "").await.unwrap();
    assert_eq!(first.inquiries, std::slice::from_ref(&inquiry));
    service.step("publish", &first.name, "li", "").await.unwrap();
    service.step("withdraw", &first.name, "wang", "a typing error").await.unwrap();

    let blind = seeing(&service, "e2", watermark - 1);
    let status = service.create(MONTH, &blind, "again").await.unwrap_err();
    assert_eq!(refusal(&status).1, "DECISIONS_LOST", "a withdrawal loses nothing either");
    let again = service.create(MONTH, &sighted, "again").await.unwrap();
    assert_eq!((again.version, &again.inquiries[..]), (2, std::slice::from_ref(&inquiry)));
    assert_eq!(get(&service, &inquiry).await.correcting_version, again.name);
    let withdrawn: pb::BulletinVersion = service.version(&first.name).await;
    assert!(withdrawn.inquiries.is_empty(), "one version takes account of it");
}
