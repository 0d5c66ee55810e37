//! Records as canonical JSON with the names of interchange files: what a reject keeps.

use chengping_casework::{Case, Event};
use chengping_types::{BodyId, CaseNo, Instant, canonical};
use serde::{Deserialize, Serialize};

use super::record::SentEvent;

#[derive(Serialize)]
struct CasePayload<'a> {
    case_no: &'a CaseNo,
    source: &'a str,
    category_scheme: &'a str,
    category_code: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    area_code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    collector: Option<&'a BodyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filing_condition: Option<&'a str>,
}

#[derive(Serialize, Deserialize)]
struct EventPayload {
    case_no: CaseNo,
    /// A text, since JSON readers hold no large integer exactly.
    event_no: String,
    at: Instant,
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor: Option<BodyId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<BodyId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_at: Option<Instant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stage_due_at: Option<Instant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// Says of `dispatched` that the platform sets no deadline.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    no_deadline: bool,
}

/// A case as canonical JSON.
pub(super) fn case_payload(case: &Case) -> Vec<u8> {
    let payload = CasePayload {
        case_no: &case.case_no,
        source: case.source.as_str(),
        category_scheme: &case.category_scheme,
        category_code: &case.category_code,
        area_code: &case.area_code,
        collector: case.collector.as_ref(),
        title: case.title.as_deref(),
        filing_condition: case.filing_condition.as_deref(),
    };
    canonical::to_vec(&payload).expect("texts only")
}

/// An event as canonical JSON.
pub(super) fn event_payload(sent: &SentEvent) -> Vec<u8> {
    let SentEvent { event, no_deadline } = sent;
    let payload = EventPayload {
        case_no: event.case_no.clone(),
        event_no: event.event_no.to_string(),
        at: event.at,
        kind: event.kind.as_str().to_owned(),
        actor: event.actor.clone(),
        unit: event.unit.clone(),
        due_at: event.due_at,
        stage_due_at: event.stage_due_at,
        outcome: event.outcome.clone(),
        note: event.note.clone(),
        no_deadline: *no_deadline,
    };
    canonical::to_vec(&payload).expect("texts only")
}

/// The event that [`event_payload`] wrote; `None` for anything else.
pub(crate) fn parse_event_payload(payload: &[u8]) -> Option<SentEvent> {
    let payload: EventPayload = serde_json::from_slice(payload).ok()?;
    let event = Event {
        case_no: payload.case_no,
        event_no: payload.event_no.parse().ok()?,
        at: payload.at,
        kind: payload.kind.parse().ok()?,
        actor: payload.actor,
        unit: payload.unit,
        due_at: payload.due_at,
        stage_due_at: payload.stage_due_at,
        outcome: payload.outcome,
        note: payload.note,
    };
    Some(SentEvent { event, no_deadline: payload.no_deadline })
}
