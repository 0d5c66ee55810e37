//! Inquiries as messages.

use chengping_chassis::error::FieldErrors;
use chengping_proto::cases::v1 as cases;
use chengping_proto::publication::v1 as pb;
use chengping_types::name::{
    EventName, InquiryEvidenceName, InquiryName, JurisdictionName, RegistryRevisionName,
    RulePackRevisionName,
};
use chengping_types::{BodyId, Instant, JurisdictionId};
use prost_types::Timestamp;
use uuid::Uuid;

use super::{CHECKED, files, int64, text, timestamp};
use crate::app::{Attached, Decision, Whole};
use crate::domain::decision::{DecidedEvent, DecidedKind, Mended, WishedEvent};
use crate::domain::inquiry::{
    EVIDENCE_BYTES_MAX, Evidence, FileInquiry, InquiryFilter, InquiryMove, InquiryState, Kind,
    Subject, TEXT_CHARS_MAX,
};
use crate::error::Error;
use crate::store::outbox::Sent;

/// How many events are looked at; the domain says how many a decision may write.
const EVENTS_READ: usize = 100;

pub(in crate::grpc) fn name(field: &str, text: &str) -> Result<InquiryName, Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse(field, text);
    errors.into_result()?;
    Ok(name.expect(CHECKED))
}

pub(in crate::grpc) fn evidence_name(text: &str) -> Result<InquiryEvidenceName, Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse("name", text);
    errors.into_result()?;
    Ok(name.expect(CHECKED))
}

/// The inquiry of a piece of evidence.
pub(in crate::grpc) fn of(name: &InquiryEvidenceName) -> InquiryName {
    InquiryName { jurisdiction: name.jurisdiction.clone(), inquiry: name.inquiry }
}

/// The code of an enum, none of whose values has 0.
fn code(number: i32) -> u8 {
    u8::try_from(number).unwrap_or_default()
}

/// A text that somebody has to say.
fn said(errors: &mut FieldErrors, field: &str, said: &str) -> String {
    let said = text(errors, field, said, TEXT_CHARS_MAX);
    if said.is_empty() {
        errors.push(field, "must not be empty");
    }
    said
}

pub(in crate::grpc) fn file(
    request: pb::CreateInquiryRequest,
    actor: String,
) -> Result<FileInquiry, Error> {
    let mut errors = FieldErrors::default();
    let parent = errors.parse::<JurisdictionName>("parent", &request.parent);
    let inquiry = request.inquiry.unwrap_or_default();
    let kind = Kind::from_code(code(inquiry.kind));
    if kind.is_none() {
        errors.push("inquiry.kind", "must be KIND_OBJECTION or KIND_INQUIRY");
    }
    let subject = Subject::from_code(code(inquiry.subject));
    match subject {
        None => errors.push("inquiry.subject", "must say what it is about"),
        Some(subject) if subject.is_of_case() && inquiry.case_no.is_empty() => {
            errors.push("inquiry.case_no", "must name the case");
        }
        Some(subject) if !subject.is_of_case() && !inquiry.case_no.is_empty() => {
            errors.push("inquiry.case_no", "must be empty: it is about no case");
        }
        Some(_) => {}
    }
    let month = errors.parse("inquiry.month", &inquiry.month);
    let body = errors.parse("inquiry.body_id", &inquiry.body_id);
    let case_no = errors.parse_optional("inquiry.case_no", &inquiry.case_no);
    let statement = said(&mut errors, "inquiry.statement", &inquiry.statement);
    let request_id = errors.parse_optional::<Uuid>("request_id", &request.request_id);
    errors.into_result()?;
    Ok(FileInquiry {
        jurisdiction: parent.expect(CHECKED).jurisdiction,
        kind: kind.expect(CHECKED),
        month: month.expect(CHECKED),
        body: body.expect(CHECKED),
        subject: subject.expect(CHECKED),
        case_no: case_no.expect(CHECKED),
        statement,
        actor,
        request_id: request_id.expect(CHECKED),
    })
}

pub(in crate::grpc) fn filter(
    request: &pb::ListInquiriesRequest,
) -> Result<(JurisdictionId, InquiryFilter), Error> {
    let mut errors = FieldErrors::default();
    let parent = errors.parse::<JurisdictionName>("parent", &request.parent);
    let month = errors.parse_optional("month", &request.month);
    let body = errors.parse_optional("body_id", &request.body_id);
    let kind = Kind::from_code(code(request.kind));
    if kind.is_none() && request.kind != 0 {
        errors.push("kind", "is not known");
    }
    let state = InquiryState::from_code(code(request.state));
    if state.is_none() && request.state != 0 {
        errors.push("state", "is not known");
    }
    errors.into_result()?;
    let (month, body) = (month.expect(CHECKED), body.expect(CHECKED));
    let overdue = request.overdue;
    let filter = InquiryFilter { month, body, kind, state, overdue };
    Ok((parent.expect(CHECKED).jurisdiction, filter))
}

pub(in crate::grpc) fn review(
    request: &pb::ReviewInquiryRequest,
) -> Result<(InquiryName, String), Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse("name", &request.name);
    let finding = said(&mut errors, "finding", &request.finding);
    errors.into_result()?;
    Ok((name.expect(CHECKED), finding))
}

pub(in crate::grpc) fn decide(
    request: pb::DecideInquiryRequest,
    actor: String,
) -> Result<Decision, Error> {
    use pb::decide_inquiry_request::Decision::{Refused, Unspecified, Upheld};
    let mut errors = FieldErrors::default();
    let name = errors.parse::<InquiryName>("name", &request.name);
    let decision = request.decision();
    if decision == Unspecified {
        errors.push("decision", "must be DECISION_UPHELD or DECISION_REFUSED");
    }
    let answer = said(&mut errors, "answer", &request.answer);
    let mended_by = mended(&mut errors, name.as_ref(), &request.mended_by);
    if request.events.len() > EVENTS_READ {
        errors.push("events", "are too many");
    }
    let events = request.events.iter().take(EVENTS_READ).enumerate();
    let events = events.map(|(place, event)| wished(&mut errors, place, event)).collect();
    errors.into_result()?;
    debug_assert!(matches!(decision, Upheld | Refused), "checked above");
    Ok(Decision {
        name: name.expect(CHECKED),
        etag: request.etag,
        upheld: decision == Upheld,
        answer,
        events,
        mended_by,
        mended_text: request.mended_by,
        actor,
    })
}

fn mended(errors: &mut FieldErrors, of: Option<&InquiryName>, text: &str) -> Option<Mended> {
    if text.is_empty() {
        return None;
    }
    let mended = Mended::parse(text);
    let jurisdiction = mended.as_ref().map(|mended| match mended {
        Mended::Registry(RegistryRevisionName { jurisdiction, .. })
        | Mended::Rules(RulePackRevisionName { jurisdiction, .. }) => jurisdiction,
    });
    if jurisdiction.is_none() || of.is_some_and(|of| jurisdiction != Some(&of.jurisdiction)) {
        let what = "must name a registry revision or a revision of a rule pack of the jurisdiction";
        errors.push("mended_by", what);
    }
    mended
}

fn wished(errors: &mut FieldErrors, place: usize, event: &cases::Event) -> WishedEvent {
    let field = |name: &str| format!("events[{place}].{name}");
    let at = instant(errors, field("event_time"), event.event_time.as_ref());
    let due = instant(errors, field("due_time"), event.due_time.as_ref());
    let unit = errors.parse_optional::<BodyId>(field("unit"), &event.unit);
    WishedEvent {
        case_no: event.case_no.clone(),
        has_number: event.event_no != 0,
        kind: DecidedKind::from_code(code(event.kind)),
        at,
        unit: unit.flatten(),
        due,
        outcome: event.outcome.clone(),
        no_deadline: event.no_deadline,
        has_more: !event.actor.is_empty()
            || !event.note.is_empty()
            || event.stage_due_time.is_some(),
    }
}

fn instant(errors: &mut FieldErrors, field: String, time: Option<&Timestamp>) -> Option<Instant> {
    let time = time?;
    let nanos = i64::from(time.nanos);
    let micros = time.seconds.checked_mul(1_000_000).map(|micros| micros + nanos / 1000);
    let is_whole = (0..1_000_000_000).contains(&nanos) && nanos % 1000 == 0;
    let known = Instant::MIN.as_micros()..=Instant::MAX.as_micros();
    match micros.filter(|micros| is_whole && known.contains(micros)) {
        Some(micros) => Some(Instant::from_micros(micros)),
        None => {
            errors.push(field, "must be an instant of the years 1 to 9999, to the microsecond");
            None
        }
    }
}

pub(in crate::grpc) fn attach(
    request: pb::CreateInquiryEvidenceRequest,
    actor: String,
) -> Result<Attached, Error> {
    let mut errors = FieldErrors::default();
    let parent = errors.parse("parent", &request.parent);
    let evidence = request.evidence.unwrap_or_default();
    let field = |part: &str| format!("evidence.{part}");
    let (file_name, media_type) =
        files::described(&mut errors, field, &evidence.file_name, evidence.media_type);
    if evidence.content.is_empty() || evidence.content.len() > EVIDENCE_BYTES_MAX {
        let what = format!("must be 1 to {EVIDENCE_BYTES_MAX} bytes");
        errors.push("evidence.content", what);
    }
    errors.into_result()?;
    Ok(Attached {
        inquiry: parent.expect(CHECKED),
        file_name,
        media_type,
        content: evidence.content,
        actor,
    })
}

pub(in crate::grpc) fn evidence(inquiry: &InquiryName, evidence: Evidence) -> pb::InquiryEvidence {
    let name = InquiryEvidenceName {
        jurisdiction: inquiry.jurisdiction.clone(),
        inquiry: inquiry.inquiry,
        evidence: evidence.number,
    };
    pb::InquiryEvidence {
        name: name.to_string(),
        file_name: evidence.file_name,
        media_type: evidence.media_type,
        digest: evidence.digest.to_string(),
        size_bytes: int64(evidence.size),
        content: evidence.content,
        author: evidence.author,
        create_time: Some(timestamp(evidence.create_time)),
    }
}

pub(in crate::grpc) fn inquiry(whole: Whole) -> pb::Inquiry {
    let Whole { inquiry, events, evidence: attached, moves } = whole;
    let name = inquiry.name();
    let version = |number: u32| inquiry.version_name(number).to_string();
    pb::Inquiry {
        name: name.to_string(),
        kind: inquiry.kind.code().into(),
        month: inquiry.month.to_string(),
        body_id: inquiry.body.to_string(),
        subject: inquiry.subject.code().into(),
        case_no: inquiry.case_no.as_ref().map(ToString::to_string).unwrap_or_default(),
        correcting_version: inquiry.correcting_version.map(version).unwrap_or_default(),
        bulletin_version: inquiry.version.map(version).unwrap_or_default(),
        state: inquiry.state.code().into(),
        due_time: Some(timestamp(inquiry.due_time)),
        create_time: Some(timestamp(inquiry.create_time)),
        etag: inquiry.etag(),
        review_time: inquiry.review_time.map(timestamp),
        decide_time: inquiry.decide_time.map(timestamp),
        events: events.into_iter().map(|sent| event(&name.jurisdiction, sent)).collect(),
        evidence: attached.into_iter().map(|piece| evidence(&name, piece)).collect(),
        moves: moves.iter().map(step).collect(),
        statement: inquiry.statement,
        answer: inquiry.answer,
        finding: inquiry.finding,
        author: inquiry.author,
        reviewer: inquiry.reviewer,
        decider: inquiry.decider,
        mended_by: inquiry.mended_by,
    }
}

fn step(step: &InquiryMove) -> pb::InquiryMove {
    pb::InquiryMove {
        state: step.state.code().into(),
        actor: step.actor.clone(),
        move_time: Some(timestamp(step.time)),
        digest_before: step.digest_before.map(|digest| digest.to_string()).unwrap_or_default(),
        digest_after: step.digest_after.to_string(),
    }
}

fn event(jurisdiction: &JurisdictionId, sent: Sent) -> pb::InquiryEvent {
    use pb::inquiry_event::State;
    let state = match (sent.watermark, sent.set_aside) {
        (Some(_), _) => State::Written,
        (None, true) => State::SetAside,
        (None, false) => State::Pending,
    };
    pb::InquiryEvent {
        event: Some(case_event(jurisdiction, &sent.event)),
        state: state.into(),
        problem: sent.problem,
        watermark: sent.watermark.map_or(0, int64),
    }
}

fn case_event(jurisdiction: &JurisdictionId, event: &DecidedEvent) -> cases::Event {
    let name = EventName {
        jurisdiction: jurisdiction.clone(),
        case_no: event.case_no.clone(),
        event: event.event_no,
    };
    cases::Event {
        name: name.to_string(),
        case_no: event.case_no.to_string(),
        event_no: int64(event.event_no),
        event_time: Some(timestamp(event.at)),
        kind: event.kind.code().into(),
        unit: event.unit.as_ref().map(ToString::to_string).unwrap_or_default(),
        due_time: event.due.map(timestamp),
        outcome: event.outcome.clone(),
        no_deadline: event.no_deadline,
        ..cases::Event::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_api() {
        let upper = |text: &str| text.to_uppercase();
        for kind in Kind::ALL {
            let name = format!("KIND_{}", upper(kind.as_str()));
            let code = pb::inquiry::Kind::from_str_name(&name).unwrap();
            assert_eq!(i32::from(kind.code()), i32::from(code), "{kind}");
        }
        for state in InquiryState::ALL {
            let name = format!("STATE_{}", upper(state.as_str()));
            let code = pb::inquiry::State::from_str_name(&name).unwrap();
            assert_eq!(i32::from(state.code()), i32::from(code), "{state}");
        }
        for subject in Subject::ALL {
            let name = format!("SUBJECT_{}", upper(subject.as_str()));
            let code = pb::inquiry::Subject::from_str_name(&name).unwrap();
            assert_eq!(i32::from(subject.code()), i32::from(code), "{subject}");
        }
        for kind in DecidedKind::ALL {
            let name = format!("EVENT_KIND_{}", upper(kind.as_str()));
            let code = cases::EventKind::from_str_name(&name).unwrap();
            assert_eq!(i32::from(kind.code()), i32::from(code), "{kind}");
        }
    }
}
