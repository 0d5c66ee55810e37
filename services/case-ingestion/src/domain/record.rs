//! A record on its way in: a case or an event, where it stood, or what is wrong with it.

use std::fmt::Debug;
use std::hash::Hash;

use chengping_casework::{Case, Event, EventKind};
use chengping_types::{BodyId, CaseNo, Instant};

use super::payload;

/// Where a record stood in its source; 0 and empty where that is not known.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) file: String,
    pub(crate) row: i64,
    pub(crate) line: i64,
}

/// Why a record cannot be taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The stable reason, in snake_case, as `interchange` files name it.
    pub(crate) code: &'static str,
    /// The column at fault; empty when it is the whole record.
    pub(crate) column: &'static str,
    /// What is wrong and what to do, for a person.
    pub(crate) message: String,
    /// Whether the record is taken in by itself once what it lacks has come.
    pub(crate) waits: bool,
}

impl Fault {
    pub(crate) fn new(
        code: &'static str,
        column: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { code, column, message: message.into(), waits: false }
    }
}

/// A record of a batch with its place.
#[derive(Debug, Clone)]
pub(crate) struct Row<T> {
    pub(crate) position: Position,
    pub(crate) content: Result<T, Box<Broken>>,
}

/// What is kept of a record that is no case and no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) fault: Fault,
    pub(crate) payload: Vec<u8>,
    pub(crate) case_no: Option<CaseNo>,
}

impl Broken {
    /// A record that is well formed, but cannot be taken in.
    pub(crate) fn of<T: Record>(record: &T, fault: Fault) -> Box<Self> {
        let case_no = Some(record.case_no().clone());
        Box::new(Self { fault, payload: record.payload(), case_no })
    }
}

/// A record that was taken in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Accepted<T> {
    pub(crate) record: T,
    /// Its place in the order of acceptance.
    pub(crate) sequence: i64,
    pub(crate) create_time: Instant,
}

/// The identity of an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct EventKey {
    pub(crate) case_no: CaseNo,
    pub(crate) event_no: u64,
}

/// What cases and events have in common for their intake.
pub(crate) trait Record: Clone + PartialEq + Debug {
    /// What identifies it in its jurisdiction.
    type Key: Clone + Eq + Hash;
    /// What it is called in messages.
    const WHAT: &'static str;

    fn key(&self) -> Self::Key;
    fn case_no(&self) -> &CaseNo;
    /// The number of an event in its case; none of a case.
    fn event_no(&self) -> Option<u64> {
        None
    }
    /// The bodies that it names, by column.
    fn bodies(&self) -> impl Iterator<Item = (&'static str, &BodyId)>;
    /// Its canonical JSON, with the names of interchange files.
    fn payload(&self) -> Vec<u8>;
    /// Takes over what an identical repeat says beside the record.
    fn merge(&mut self, _repeat: &Self) {}
    /// Takes its title or note out.
    fn forget_text(&mut self);
    /// The columns in which it differs from another version of itself.
    fn differences(&self, other: &Self) -> Vec<&'static str>;
}

impl Record for Case {
    type Key = CaseNo;
    const WHAT: &'static str = "case";

    fn key(&self) -> CaseNo {
        self.case_no.clone()
    }

    fn case_no(&self) -> &CaseNo {
        &self.case_no
    }

    fn bodies(&self) -> impl Iterator<Item = (&'static str, &BodyId)> {
        self.collector.iter().map(|body| ("collector", body))
    }

    fn payload(&self) -> Vec<u8> {
        payload::case_payload(self)
    }

    fn forget_text(&mut self) {
        self.title = None;
    }

    fn differences(&self, other: &Self) -> Vec<&'static str> {
        differing([
            ("source", self.source != other.source),
            ("category_scheme", self.category_scheme != other.category_scheme),
            ("category_code", self.category_code != other.category_code),
            ("area_code", self.area_code != other.area_code),
            ("collector", self.collector != other.collector),
            ("title", self.title != other.title),
            ("filing_condition", self.filing_condition != other.filing_condition),
        ])
    }
}

/// An event as a client sent it.
#[derive(Debug, Clone)]
pub(crate) struct SentEvent {
    pub(crate) event: Event,
    /// Says of a dispatch without a deadline that the platform sets none. It is no part of the
    /// event, which is the same with and without it.
    pub(crate) no_deadline: bool,
}

impl SentEvent {
    /// Whether it is taken in without a deadline where none can be computed.
    pub(crate) fn may_lack_deadline(&self) -> bool {
        self.no_deadline && self.event.kind == EventKind::Dispatched
    }
}

impl From<Event> for SentEvent {
    fn from(event: Event) -> Self {
        Self { event, no_deadline: false }
    }
}

impl PartialEq for SentEvent {
    fn eq(&self, other: &Self) -> bool {
        self.event == other.event
    }
}

impl Record for SentEvent {
    type Key = EventKey;
    const WHAT: &'static str = "event";

    fn key(&self) -> EventKey {
        EventKey { case_no: self.event.case_no.clone(), event_no: self.event.event_no }
    }

    fn case_no(&self) -> &CaseNo {
        &self.event.case_no
    }

    fn event_no(&self) -> Option<u64> {
        Some(self.event.event_no)
    }

    fn bodies(&self) -> impl Iterator<Item = (&'static str, &BodyId)> {
        let actor = self.event.actor.iter().map(|body| ("actor", body));
        actor.chain(self.event.unit.iter().map(|body| ("unit", body)))
    }

    fn payload(&self) -> Vec<u8> {
        payload::event_payload(self)
    }

    fn forget_text(&mut self) {
        self.event.note = None;
    }

    fn merge(&mut self, repeat: &Self) {
        self.no_deadline |= repeat.no_deadline;
    }

    fn differences(&self, other: &Self) -> Vec<&'static str> {
        let (Self { event: one, .. }, Self { event: other, .. }) = (self, other);
        differing([
            ("at", one.at != other.at),
            ("kind", one.kind != other.kind),
            ("actor", one.actor != other.actor),
            ("unit", one.unit != other.unit),
            ("due_at", one.due_at != other.due_at),
            ("stage_due_at", one.stage_due_at != other.stage_due_at),
            ("outcome", one.outcome != other.outcome),
            ("note", one.note != other.note),
        ])
    }
}

fn differing<const N: usize>(columns: [(&'static str, bool); N]) -> Vec<&'static str> {
    columns.into_iter().filter(|(_, differs)| *differs).map(|(column, _)| column).collect()
}
