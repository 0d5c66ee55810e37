//! Objections and inquiries: filing, evidence, review, decision, and what a decision writes.

use chengping_proto::cases::v1 as cases;
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::decide_inquiry_request::Decision;
use chengping_proto::publication::v1::inquiry::{Kind, State, Subject};
use chengping_proto::publication::v1::inquiry_event::State as EventState;
use chengping_testing::PATIENCE;
use serde_json::json;
use tonic::{Code, Status};

use crate::scoring::{evaluation, results};
use crate::service::{Service, Settings, ZZ, acting, fields, refusal, start, start_with, value};

pub(crate) const MONTH: &str = "2018-04";
pub(crate) const CASE: &str = "郑-7";

/// An inquiry of d01 about the lateness of a case.
pub(crate) fn about(kind: Kind) -> pb::Inquiry {
    pb::Inquiry {
        kind: kind.into(),
        month: MONTH.to_owned(),
        body_id: "d01".to_owned(),
        subject: Subject::CaseFact.into(),
        case_no: CASE.to_owned(),
        statement: "按期处置，系统漏录".to_owned(),
        ..Default::default()
    }
}

pub(crate) async fn file(service: &Service, inquiry: pb::Inquiry) -> Result<pb::Inquiry, Status> {
    let request = pb::CreateInquiryRequest {
        parent: ZZ.to_owned(),
        inquiry: Some(inquiry),
        request_id: String::new(),
    };
    Ok(service.inquiries.clone().create_inquiry(acting("d01.zhao", request)).await?.into_inner())
}

pub(crate) async fn review(
    service: &Service,
    name: &str,
    actor: &str,
) -> Result<pb::Inquiry, Status> {
    let request = pb::ReviewInquiryRequest {
        name: name.to_owned(),
        finding: "属实".to_owned(),
        etag: String::new(),
    };
    Ok(service.inquiries.clone().review_inquiry(acting(actor, request)).await?.into_inner())
}

pub(crate) fn exempted() -> cases::Event {
    let kind = cases::EventKind::Exempted.into();
    cases::Event { kind, outcome: "late".to_owned(), ..Default::default() }
}

pub(crate) fn upheld(name: &str, events: Vec<cases::Event>) -> pb::DecideInquiryRequest {
    pb::DecideInquiryRequest {
        name: name.to_owned(),
        decision: Decision::Upheld.into(),
        answer: "予以更正".to_owned(),
        events,
        ..Default::default()
    }
}

pub(crate) async fn decide(
    service: &Service,
    request: pb::DecideInquiryRequest,
    actor: &str,
) -> Result<pb::Inquiry, Status> {
    Ok(service.inquiries.clone().decide_inquiry(acting(actor, request)).await?.into_inner())
}

pub(crate) async fn get(service: &Service, name: &str) -> pb::Inquiry {
    let request = pb::GetInquiryRequest { name: name.to_owned() };
    service.inquiries.clone().get_inquiry(request).await.unwrap().into_inner()
}

/// Waits until the first event of an inquiry has come so far.
pub(crate) async fn until(service: &Service, name: &str, state: EventState) -> pb::InquiryEvent {
    let found = async {
        loop {
            let event = get(service, name).await.events.remove(0);
            if event.state() == state {
                return event;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("in time")
}

async fn list(service: &Service, request: pb::ListInquiriesRequest) -> Vec<String> {
    let request = pb::ListInquiriesRequest { parent: ZZ.to_owned(), ..request };
    let found = service.inquiries.clone().list_inquiries(request).await.unwrap().into_inner();
    found.inquiries.into_iter().map(|inquiry| inquiry.name).collect()
}

async fn attach(
    service: &Service,
    parent: &str,
    content: &[u8],
) -> Result<pb::InquiryEvidence, Status> {
    let request = pb::CreateInquiryEvidenceRequest {
        parent: parent.to_owned(),
        evidence: Some(pb::InquiryEvidence {
            file_name: "照片.jpg".to_owned(),
            media_type: "image/jpeg".to_owned(),
            content: content.to_vec(),
            ..Default::default()
        }),
    };
    let mut inquiries = service.inquiries.clone();
    Ok(inquiries.create_inquiry_evidence(acting("d01.zhao", request)).await?.into_inner())
}

/// An upheld inquiry with evidence, filed by a call that may be repeated.
pub(crate) async fn with_a_decision(service: &Service) {
    service.fakes.0.lock().unwrap().cases.insert(CASE.to_owned());
    let request = pb::CreateInquiryRequest {
        parent: ZZ.to_owned(),
        inquiry: Some(about(Kind::Inquiry)),
        request_id: uuid::Uuid::new_v4().to_string(),
    };
    let filed = service.inquiries.clone().create_inquiry(request).await.unwrap().into_inner();
    attach(service, &filed.name, b"photo").await.unwrap();
    review(service, &filed.name, "li").await.unwrap();
    decide(service, upheld(&filed.name, vec![exempted()]), "wang").await.unwrap();
    until(service, &filed.name, EventState::Written).await;
}

/// A version of the month that is open to objections.
pub(crate) async fn shown(service: &Service) -> String {
    let evaluation = service.scoring.add("e1", MONTH, "94.26");
    let name = service.create(MONTH, &evaluation, "").await.unwrap().name;
    service.step("submit", &name, "li", "").await.unwrap();
    name
}

/// An evaluation whose view reaches up to now, and sees so many records.
pub(crate) fn seeing(service: &Service, id: &str, watermark: u64) -> String {
    let mut document = results(MONTH, "95.00");
    document["decided"] = json!("2100-01-01T00:00:00+08:00");
    document["snapshot"] = json!({"watermark": watermark, "digest": "sha256:"});
    let bytes = chengping_types::canonical::to_vec(&document).unwrap();
    let mut made = evaluation(id, MONTH, "95.00");
    made.message.digest = chengping_types::Digest::of(&bytes).to_string();
    made.results = bytes;
    service.scoring.put(id, made)
}

#[tokio::test]
async fn an_upheld_objection_becomes_an_event_and_the_version_waits_for_it() {
    let service = start().await;
    service.fakes.0.lock().unwrap().cases.insert(CASE.to_owned());
    let version = shown(&service).await;
    let filed = file(&service, about(Kind::Objection)).await.unwrap();
    assert_eq!(
        (filed.name.as_str(), filed.state()),
        ("jurisdictions/zz/inquiries/1", State::Filed)
    );
    assert_eq!((filed.bulletin_version.as_str(), filed.author.as_str()), (&*version, "d01.zhao"));
    let due = service.version(&version).await.decision_due_time;
    assert_eq!(filed.due_time, due, "it is decided when all are");

    let status = service.step("approve", &version, "wang", "in a hurry").await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "OBJECTIONS_UNDECIDED".to_owned()));
    assert_eq!(value(&status, "first"), filed.name);
    let early = decide(&service, upheld(&filed.name, vec![exempted()]), "wang").await.unwrap_err();
    assert_eq!(refusal(&early).1, "ILLEGAL_STATE_CHANGE");
    review(&service, &filed.name, "li").await.unwrap();
    let decided = decide(&service, upheld(&filed.name, vec![exempted()]), "wang").await.unwrap();
    assert_eq!((decided.state(), decided.decider.as_str()), (State::Upheld, "wang"));
    let event = until(&service, &filed.name, EventState::Written).await;
    let written = event.event.unwrap();
    assert_eq!((written.case_no.as_str(), written.event_no), (CASE, 4_000_000_000_000_101));
    assert_eq!(written.event_time, decided.decide_time);
    assert_eq!((written.kind(), written.outcome.as_str()), (cases::EventKind::Exempted, "late"));

    // No score was touched: the version must be made from an evaluation that saw the event.
    let status = service.step("approve", &version, "wang", "in a hurry").await.unwrap_err();
    assert_eq!(refusal(&status).1, "OBJECTIONS_NOT_APPLIED");
    let watermark = u64::try_from(event.watermark).unwrap();
    let blind = seeing(&service, "e2", watermark - 1);
    assert!(service.create(MONTH, &blind, "").await.unwrap().inquiries.is_empty());
    let sighted = seeing(&service, "e3", watermark);
    let made = service.create(MONTH, &sighted, "").await.unwrap();
    assert_eq!((made.name.as_str(), &made.inquiries[..]), (&*version, &[filed.name.clone()][..]));
    assert_eq!(get(&service, &filed.name).await.correcting_version, version);
    service.step("submit", &version, "li", "").await.unwrap();
    service.step("approve", &version, "wang", "shown before").await.unwrap();
    service.step("publish", &version, "li", "").await.unwrap();

    // A correction never loses what was decided before.
    let status = service.create(MONTH, &blind, "another reason").await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "DECISIONS_LOST".to_owned()));
    assert_eq!(value(&status, "first"), filed.name);

    let moves = get(&service, &filed.name).await.moves;
    let actors: Vec<_> = moves.iter().map(|step| step.actor.as_str()).collect();
    assert_eq!(actors, ["d01.zhao", "li", "wang"]);
    assert!(moves.windows(2).all(|pair| pair[0].digest_after == pair[1].digest_before));
}

#[tokio::test]
async fn objections_are_taken_in_the_window_once_and_of_bodies_that_are_evaluated() {
    let service = start().await;
    let closed = |status: Status| assert_eq!(refusal(&status).1, "NO_OBJECTION_WINDOW");
    closed(file(&service, about(Kind::Objection)).await.unwrap_err());
    shown(&service).await;
    let filed = file(&service, about(Kind::Objection)).await.unwrap();
    let again = file(&service, about(Kind::Objection)).await.unwrap_err();
    assert_eq!(refusal(&again), (Code::AlreadyExists, "ALREADY_OBJECTED".to_owned()));
    assert_eq!(value(&again, "name"), filed.name);
    let formula = pb::Inquiry {
        subject: Subject::Formula.into(),
        case_no: String::new(),
        ..about(Kind::Objection)
    };
    file(&service, formula).await.unwrap();
    let stranger = pb::Inquiry { body_id: "d99".to_owned(), ..about(Kind::Objection) };
    assert_eq!(fields(&file(&service, stranger).await.unwrap_err()), ["inquiry.body_id"]);
    service.close_window().await;
    let late = pb::Inquiry { body_id: "d02".to_owned(), ..about(Kind::Objection) };
    closed(file(&service, late.clone()).await.unwrap_err());
    // An inquiry has no closing date (6.8), and may be repeated.
    let inquiry = pb::Inquiry { kind: Kind::Inquiry.into(), ..late };
    file(&service, inquiry.clone()).await.unwrap();
    file(&service, inquiry).await.unwrap();
}

#[tokio::test]
async fn what_was_decided_is_written_once_however_often_it_is_sent() {
    let service = start().await;
    {
        let mut known = service.fakes.0.lock().unwrap();
        known.cases.insert(CASE.to_owned());
        known.answers_lost = 2;
    }
    let filed = file(&service, about(Kind::Inquiry)).await.unwrap();
    review(&service, &filed.name, "li").await.unwrap();
    let request = upheld(&filed.name, vec![exempted()]);
    let decided = decide(&service, request.clone(), "wang").await.unwrap();
    let again = decide(&service, request, "wang").await.unwrap();
    assert_eq!(again.decide_time, decided.decide_time, "the same decision again changes nothing");
    until(&service, &filed.name, EventState::Written).await;
    let known = service.fakes.0.lock().unwrap();
    assert_eq!((known.events.len(), known.sent), (1, 3));
}

#[tokio::test]
async fn a_process_that_dies_between_decision_and_event_leaves_it_to_the_next() {
    let service = start().await;
    service.fakes.0.lock().unwrap().cases.insert(CASE.to_owned());
    service.fakes.0.lock().unwrap().answers_lost = usize::MAX;
    let filed = file(&service, about(Kind::Inquiry)).await.unwrap();
    review(&service, &filed.name, "li").await.unwrap();
    decide(&service, upheld(&filed.name, vec![exempted()]), "wang").await.unwrap();
    service.shutdown.cancel();
    service.fakes.0.lock().unwrap().answers_lost = 0;
    sqlx::query("update inquiry_outbox set next_time = now()")
        .execute(&service.pool)
        .await
        .unwrap();
    let (_, shutdown) = service.beside(Settings::default()).await;
    let written = async {
        let question = "select count(*) from inquiry_outbox where watermark is not null";
        while sqlx::query_scalar::<_, i64>(question).fetch_one(&service.pool).await.unwrap() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, written).await.expect("in time");
    assert_eq!(service.fakes.0.lock().unwrap().events.len(), 1);
    shutdown.cancel();
}

#[tokio::test]
async fn an_event_that_is_set_aside_is_said_and_sent_again() {
    let service = start().await;
    service.fakes.0.lock().unwrap().cases.insert(CASE.to_owned());
    service.fakes.0.lock().unwrap().sets_aside = true;
    let filed = file(&service, about(Kind::Inquiry)).await.unwrap();
    review(&service, &filed.name, "li").await.unwrap();
    decide(&service, upheld(&filed.name, vec![exempted()]), "wang").await.unwrap();
    let event = until(&service, &filed.name, EventState::SetAside).await;
    assert!(event.problem.contains("rejects") && event.watermark == 0, "{}", event.problem);
    service.fakes.0.lock().unwrap().sets_aside = false;
    sqlx::query("update inquiry_outbox set next_time = now()")
        .execute(&service.pool)
        .await
        .unwrap();
    until(&service, &filed.name, EventState::Written).await;
}

#[tokio::test]
async fn the_reviewer_does_not_decide_where_four_eyes_are_asked_for() {
    let settings = Settings { four_eyes: true, ..Settings::default() };
    let service = start_with(settings).await;
    let filed = file(&service, about(Kind::Inquiry)).await.unwrap();
    review(&service, &filed.name, "li").await.unwrap();
    let refused = pb::DecideInquiryRequest {
        name: filed.name.clone(),
        decision: Decision::Refused.into(),
        answer: "维持原评价".to_owned(),
        ..Default::default()
    };
    let status = decide(&service, refused.clone(), "li").await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "FOUR_EYES_REQUIRED".to_owned()));
    let with_event = pb::DecideInquiryRequest { events: vec![exempted()], ..refused.clone() };
    let status = decide(&service, with_event, "wang").await.unwrap_err();
    assert_eq!(fields(&status), ["events"]);
    let decided = decide(&service, refused, "wang").await.unwrap();
    assert_eq!((decided.state(), decided.events.len()), (State::Refused, 0));
}

#[tokio::test]
async fn an_unknown_case_is_not_upheld() {
    let service = start().await;
    let filed = file(&service, about(Kind::Inquiry)).await.unwrap();
    review(&service, &filed.name, "li").await.unwrap();
    let status = decide(&service, upheld(&filed.name, vec![exempted()]), "wang").await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "CASE_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn what_no_event_mends_is_linked_by_the_revision_that_does() {
    let service = start().await;
    let value = pb::Inquiry {
        subject: Subject::RegistryValue.into(),
        case_no: String::new(),
        ..about(Kind::Inquiry)
    };
    let filed = file(&service, value).await.unwrap();
    review(&service, &filed.name, "li").await.unwrap();
    let mended_by = "jurisdictions/zz/registryRevisions/4";
    let without = decide(&service, upheld(&filed.name, vec![]), "wang").await.unwrap_err();
    assert_eq!(fields(&without), ["mended_by"]);
    let elsewhere = "jurisdictions/kf/registryRevisions/4".to_owned();
    let other = pb::DecideInquiryRequest { mended_by: elsewhere, ..upheld(&filed.name, vec![]) };
    assert_eq!(fields(&decide(&service, other, "wang").await.unwrap_err()), ["mended_by"]);
    let request =
        pb::DecideInquiryRequest { mended_by: mended_by.to_owned(), ..upheld(&filed.name, vec![]) };
    assert_eq!(decide(&service, request, "wang").await.unwrap().mended_by, mended_by);
    for (id, revision, linked) in [("e3", 3, false), ("e4", 4, true)] {
        let mut made = evaluation(id, MONTH, "94.26");
        made.message.registry_revision = format!("jurisdictions/zz/registryRevisions/{revision}");
        let evaluation = service.scoring.put(id, made);
        let version = service.create(MONTH, &evaluation, "").await.unwrap();
        assert_eq!(version.inquiries == [filed.name.clone()], linked, "{revision}");
    }
}

#[tokio::test]
async fn evidence_is_kept_as_it_came_and_bounded() {
    let service = start().await;
    let filed = file(&service, about(Kind::Inquiry)).await.unwrap();
    let largest = vec![7; 1 << 20];
    let added = attach(&service, &filed.name, &largest).await.unwrap();
    assert_eq!(added.name, format!("{}/evidence/1", filed.name));
    assert_eq!(added.size_bytes, 1 << 20);
    let same = attach(&service, &filed.name, &largest).await.unwrap();
    assert_eq!(same.name, added.name, "the same bytes are one piece");
    let request = pb::GetInquiryEvidenceRequest { name: added.name.clone() };
    let got = service.inquiries.clone().get_inquiry_evidence(request).await.unwrap().into_inner();
    assert!(got.content == largest && got.author == "d01.zhao");
    let shown = get(&service, &filed.name).await.evidence;
    assert!(shown.len() == 1 && shown[0].content.is_empty());

    let too_large = attach(&service, &filed.name, &vec![7; (1 << 20) + 1]).await.unwrap_err();
    assert_eq!(fields(&too_large), ["evidence.content"]);
    assert_eq!(
        fields(&attach(&service, &filed.name, b"").await.unwrap_err()),
        ["evidence.content"]
    );
    for number in 2..=8u8 {
        attach(&service, &filed.name, &[number]).await.unwrap();
    }
    let ninth = attach(&service, &filed.name, b"ninth").await.unwrap_err();
    assert_eq!(refusal(&ninth).1, "TOO_MUCH_EVIDENCE");
    let odd = pb::CreateInquiryEvidenceRequest {
        parent: filed.name.clone(),
        evidence: Some(pb::InquiryEvidence {
            file_name: "../passwd".to_owned(),
            media_type: "text".to_owned(),
            content: vec![1],
            ..Default::default()
        }),
    };
    let status = service.inquiries.clone().create_inquiry_evidence(odd).await.unwrap_err();
    assert_eq!(fields(&status), ["evidence.file_name", "evidence.media_type"]);
    let none = pb::GetInquiryEvidenceRequest { name: format!("{}/evidence/9", filed.name) };
    let status = service.inquiries.clone().get_inquiry_evidence(none).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::NotFound, "EVIDENCE_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn a_missing_calendar_lets_no_body_wait() {
    let service = start().await;
    service.fakes.0.lock().unwrap().no_calendar = true;
    let filed = file(&service, about(Kind::Inquiry)).await.unwrap();
    let wait = filed.due_time.unwrap().seconds - filed.create_time.unwrap().seconds;
    assert_eq!(wait, 5 * 86_400);
}

#[tokio::test]
async fn inquiries_are_listed_by_what_they_are_and_whether_they_are_overdue() {
    let service = start().await;
    let of = async |body: &str, month: &str| {
        let inquiry = pb::Inquiry {
            body_id: body.to_owned(),
            month: month.to_owned(),
            ..about(Kind::Inquiry)
        };
        file(&service, inquiry).await.unwrap().name
    };
    let names = [of("d01", MONTH).await, of("d02", MONTH).await, of("d01", "2018-03").await];
    review(&service, &names[1], "li").await.unwrap();
    let any = pb::ListInquiriesRequest::default;
    let [first, second, third] = names;
    let newest_first = [third.clone(), second.clone(), first.clone()];
    assert_eq!(list(&service, any()).await, newest_first);
    let month = pb::ListInquiriesRequest { month: MONTH.to_owned(), ..any() };
    assert_eq!(list(&service, month).await, [second.clone(), first.clone()]);
    let body = pb::ListInquiriesRequest { body_id: "d01".to_owned(), ..any() };
    assert_eq!(list(&service, body).await, [third.clone(), first.clone()]);
    let state = pb::ListInquiriesRequest { state: State::Reviewed.into(), ..any() };
    assert_eq!(list(&service, state).await, [second]);
    let kind = pb::ListInquiriesRequest { kind: Kind::Objection.into(), ..any() };
    assert!(list(&service, kind).await.is_empty());
    let overdue = pb::ListInquiriesRequest { overdue: true, ..any() };
    assert!(list(&service, overdue).await.is_empty());
    let page = pb::ListInquiriesRequest { page_size: 2, parent: ZZ.to_owned(), ..any() };
    let answer = service.inquiries.clone().list_inquiries(page).await.unwrap().into_inner();
    let rest = pb::ListInquiriesRequest { page_token: answer.next_page_token, ..any() };
    assert_eq!(list(&service, rest).await, [first]);
}

#[tokio::test]
async fn a_repeated_call_files_once_and_malformed_ones_learn_all_that_is_wrong() {
    let service = start().await;
    let request = pb::CreateInquiryRequest {
        parent: ZZ.to_owned(),
        inquiry: Some(about(Kind::Inquiry)),
        request_id: uuid::Uuid::new_v4().to_string(),
    };
    let mut inquiries = service.inquiries.clone();
    let first = inquiries.create_inquiry(request.clone()).await.unwrap().into_inner();
    let again = inquiries.create_inquiry(request.clone()).await.unwrap().into_inner();
    assert_eq!(first, again);
    let other = pb::CreateInquiryRequest {
        inquiry: Some(pb::Inquiry { statement: "别的".to_owned(), ..about(Kind::Inquiry) }),
        ..request
    };
    let status = inquiries.create_inquiry(other).await.unwrap_err();
    assert_eq!(refusal(&status).1, "REQUEST_ID_REUSED");
    let odd = pb::CreateInquiryRequest {
        parent: ZZ.to_owned(),
        inquiry: Some(pb::Inquiry {
            statement: "号".repeat(4001),
            month: "2018-13".to_owned(),
            body_id: "D 01".to_owned(),
            ..Default::default()
        }),
        request_id: "7".to_owned(),
    };
    let mut wrong = fields(&inquiries.create_inquiry(odd).await.unwrap_err());
    wrong.sort();
    let expected = ["body_id", "kind", "month", "statement", "subject"];
    let mut expected: Vec<_> = expected.iter().map(|field| format!("inquiry.{field}")).collect();
    expected.push("request_id".to_owned());
    assert_eq!(wrong, expected);
    let future = pb::Inquiry { month: "2999-01".to_owned(), ..about(Kind::Inquiry) };
    assert_eq!(fields(&file(&service, future).await.unwrap_err()), ["inquiry.month"]);
    let none = pb::GetInquiryRequest { name: format!("{ZZ}/inquiries/99") };
    let status = inquiries.get_inquiry(none).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::NotFound, "INQUIRY_NOT_FOUND".to_owned()));
}
