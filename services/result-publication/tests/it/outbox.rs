//! Decisions on their way to case-ingestion.

use chengping_proto::publication::v1::inquiry::Kind;
use chengping_proto::publication::v1::inquiry_event::State as EventState;

use crate::deciding::{CASE, about, decide, exempted, file, review, until, upheld};
use crate::service::start;

#[tokio::test]
async fn what_is_wrong_with_one_jurisdiction_holds_up_no_other() {
    let service = start().await;
    service.fakes.0.lock().unwrap().cases.insert(CASE.to_owned());
    // An event that nobody can read, in a jurisdiction that comes first.
    for insert in [
        "insert into inquiry (jurisdiction, inquiry, kind, month, body_id, subject, case_no,
             statement, author, due_time, create_time, state)
         values ('aa', 1, 'inquiry', '2018-04', 'd01', 'case_fact', 'x', 'y', 'z', now(), now(),
             'upheld')",
        "insert into inquiry_event (jurisdiction, inquiry, event, case_no, event_no, kind,
             event_time, unit, outcome, no_deadline)
         values ('aa', 1, 1, 'x', 1, 'unheard of', now(), '', '', false)",
        "insert into inquiry_outbox (jurisdiction, inquiry, event, next_time)
         values ('aa', 1, 1, now() - interval '1 day')",
    ] {
        sqlx::query(insert).execute(&service.pool).await.unwrap();
    }
    let filed = file(&service, about(Kind::Inquiry)).await.unwrap();
    review(&service, &filed.name, "li").await.unwrap();
    decide(&service, upheld(&filed.name, vec![exempted()]), "wang").await.unwrap();
    until(&service, &filed.name, EventState::Written).await;
}

#[tokio::test]
async fn an_event_is_taken_for_a_while_and_no_transaction_waits_for_the_answer() {
    let service = start().await;
    service.fakes.0.lock().unwrap().cases.insert(CASE.to_owned());
    let filed = file(&service, about(Kind::Inquiry)).await.unwrap();
    review(&service, &filed.name, "li").await.unwrap();
    let (arrived, go_on) = service.fakes.hold();
    decide(&service, upheld(&filed.name, vec![exempted()]), "wang").await.unwrap();
    arrived.await.unwrap();
    let held: Vec<bool> = sqlx::query_scalar(
        "select next_time > now() from inquiry_outbox where watermark is null for update nowait",
    )
    .fetch_all(&service.pool)
    .await
    .unwrap();
    assert_eq!(held, [true]);
    go_on.send(()).unwrap();
    until(&service, &filed.name, EventState::Written).await;
    assert_eq!(service.fakes.0.lock().unwrap().sent, 1);
}
