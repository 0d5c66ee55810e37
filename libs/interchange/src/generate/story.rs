//! The events of one case, in the making.

use chengping_casework::{Event, EventKind};
use chengping_types::{BodyId, CaseNo, Instant};

pub(super) const MINUTE: i64 = 60;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// What happened so far, and what time it is now, in seconds since 1970.
pub(super) struct Story {
    case_no: CaseNo,
    pub(super) now: i64,
    pub(super) events: Vec<Event>,
}

pub(super) fn instant(seconds: i64) -> Instant {
    Instant::from_micros(seconds * 1_000_000)
}

impl Story {
    pub(super) fn new(case_no: CaseNo, now: i64) -> Self {
        Self { case_no, now, events: Vec::new() }
    }

    /// Something happens now. The event is given back for what it needs beyond its kind.
    pub(super) fn happen(&mut self, kind: EventKind, actor: Option<&BodyId>) -> &mut Event {
        self.happen_at(self.now, kind, actor)
    }

    /// Something happens at a time of its own.
    pub(super) fn happen_at(
        &mut self,
        seconds: i64,
        kind: EventKind,
        actor: Option<&BodyId>,
    ) -> &mut Event {
        let event = Event {
            case_no: self.case_no.clone(),
            event_no: self.events.len() as u64 + 1,
            at: instant(seconds),
            kind,
            actor: actor.cloned(),
            unit: None,
            due_at: None,
            stage_due_at: None,
            outcome: None,
            note: None,
        };
        self.events.push(event);
        self.events.last_mut().expect("just pushed")
    }

    /// A desk does its step, `took` seconds from now, with `limit` seconds for it.
    pub(super) fn stage(
        &mut self,
        kind: EventKind,
        actor: &BodyId,
        took: i64,
        limit: i64,
    ) -> &mut Event {
        let due = self.now + limit;
        self.now += took;
        let event = self.happen(kind, Some(actor));
        event.stage_due_at = Some(instant(due));
        event
    }
}
