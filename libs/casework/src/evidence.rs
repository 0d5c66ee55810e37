//! The digest of everything that was accepted about a case.

use chengping_types::{BodyId, CaseNo, Digest, Instant, canonical};
use serde::Serialize;

use crate::{Case, Event, EventKind};

#[derive(Serialize)]
struct Evidence<'a> {
    case: &'a Case,
    events: Vec<EventEvidence<'a>>,
}

/// An event with its number as text: it may be beyond what every JSON reader holds exactly.
#[derive(Serialize)]
struct EventEvidence<'a> {
    case_no: &'a CaseNo,
    event_no: String,
    at: Instant,
    kind: EventKind,
    actor: &'a Option<BodyId>,
    unit: &'a Option<BodyId>,
    due_at: Option<Instant>,
    stage_due_at: Option<Instant>,
    outcome: &'a Option<String>,
    note: &'a Option<String>,
}

/// The digest of a case and its events, in canonical JSON; the order of `events` does not matter.
///
/// Title and notes are in it: everything accepted is evidence, even what is never published.
#[must_use]
pub fn case_digest(case: &Case, events: &[Event]) -> Digest {
    let mut events: Vec<&Event> = events.iter().collect();
    events.sort_by_key(|event| event.event_no);
    let events = events
        .into_iter()
        .map(|event| EventEvidence {
            case_no: &event.case_no,
            event_no: event.event_no.to_string(),
            at: event.at,
            kind: event.kind,
            actor: &event.actor,
            unit: &event.unit,
            due_at: event.due_at,
            stage_due_at: event.stage_due_at,
            outcome: &event.outcome,
            note: &event.note,
        })
        .collect();
    canonical::digest(&Evidence { case, events }).expect("texts only")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{case, events};

    #[test]
    fn everything_accepted_is_in_the_digest() {
        let before = case_digest(&case(), &events("04-20T09 filed"));
        let mut noted = events("04-20T09 filed");
        noted[0].note = Some("x".to_owned());
        let titled = Case { title: Some("x".to_owned()), ..case() };
        assert_ne!(case_digest(&case(), &noted), before);
        assert_ne!(case_digest(&titled, &events("04-20T09 filed")), before);
        assert_ne!(case_digest(&case(), &events("04-20T10 filed")), before);
    }

    #[test]
    fn the_largest_event_number_has_a_digest() {
        let mut events = events("04-20T09 filed");
        events[0].event_no = u64::MAX;
        let digest = case_digest(&case(), &events);
        events[0].event_no = u64::MAX - 1;
        assert_ne!(case_digest(&case(), &events), digest);
    }
}
