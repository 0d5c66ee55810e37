//! Made-up cases with their events, in the order in which a platform would send them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Write as _;

use bytes::Bytes;
use chengping_proto::cases::v1 as pb;
use chengping_types::{Month, TimeZone};
use prost::Message as _;
use prost_types::Timestamp;

/// Events a batch: as many as one may have.
pub(super) const BATCH: usize = 10_000;
/// Cases that are open at a time.
const OPEN: usize = 3_000;
const UNITS: u64 = 60;
const DESKS: u64 = 4;

/// What happens to a case, one event a kind.
const KINDS: [pb::EventKind; 12] = [
    pb::EventKind::Reported,
    pb::EventKind::Accepted,
    pb::EventKind::Filed,
    pb::EventKind::Dispatched,
    pb::EventKind::VerifySent,
    pb::EventKind::Verified,
    pb::EventKind::Handled,
    pb::EventKind::CheckSent,
    pb::EventKind::CheckPassed,
    pb::EventKind::Visited,
    pb::EventKind::Closed,
    pb::EventKind::Ordered,
];

/// The registry that the events name, as an interchange file.
pub(super) fn bodies(month: Month) -> String {
    let mut text = "body_id,kind,name,parent,valid_from,valid_to,assessment_code\n".to_owned();
    for unit in 0..UNITS {
        writeln!(text, "bureau-{unit:03},bureau,单位{unit},,{month},,").ok();
    }
    for desk in 0..DESKS {
        writeln!(text, "desk-{desk},supervision_desk,岗位{desk},,{month},,").ok();
    }
    text
}

/// An event that is still to come: at which second, of which case, which one.
type Next = Reverse<(i64, u64, usize)>;

/// A city in which something happens all the time.
pub(super) struct Story {
    start: i64,
    prefix: String,
    dice: u64,
    now: i64,
    cases: u64,
    open: BinaryHeap<Next>,
}

/// Some of what happened, with the cases that began in it.
pub(super) struct Block {
    cases: Vec<String>,
    events: Vec<pb::Event>,
}

impl Story {
    /// One that begins with the month, and whose cases have numbers of their own.
    pub(super) fn new(month: Month, number: usize) -> Self {
        let zone: TimeZone = "Asia/Shanghai".parse().expect("a time zone");
        let start = month.start(&zone).as_micros() / 1_000_000;
        let prefix = format!("{month}-{number}-");
        Self { start, prefix, dice: 1, now: 0, cases: 0, open: BinaryHeap::new() }
    }

    fn dice(&mut self, sides: u64) -> u64 {
        // Lehmer's generator, with Park and Miller's numbers.
        self.dice = self.dice * 48_271 % 0x7fff_ffff;
        self.dice % sides
    }

    /// What happens next.
    pub(super) fn block(&mut self, events: usize) -> Block {
        let mut block = Block { cases: Vec::new(), events: Vec::with_capacity(events) };
        while block.events.len() < events {
            if self.open.len() < OPEN || self.dice(KINDS.len() as u64) == 0 {
                block.cases.push(format!("{}{:09}", self.prefix, self.cases));
                self.open.push(Reverse((self.now, self.cases, 0)));
                self.cases += 1;
            }
            let Some(Reverse((second, case, which))) = self.open.pop() else { continue };
            self.now = self.now.max(second);
            block.events.push(self.event(second, case, which));
            if which + 1 < KINDS.len() {
                let pause = 60 + i64::try_from(self.dice(40_000)).unwrap_or_default();
                self.open.push(Reverse((second + pause, case, which + 1)));
            }
        }
        block
    }

    fn event(&self, second: i64, case: u64, which: usize) -> pb::Event {
        let at = |seconds: i64| Some(Timestamp { seconds: self.start + seconds, nanos: 0 });
        let kind = KINDS[which];
        let mut event = pb::Event {
            case_no: format!("{}{case:09}", self.prefix),
            event_no: i64::try_from(which + 1).unwrap_or_default(),
            event_time: at(second),
            kind: kind.into(),
            ..pb::Event::default()
        };
        match kind {
            pb::EventKind::Dispatched => {
                event.unit = format!("bureau-{:03}", case % UNITS);
                event.due_time = at(second + 86_400);
                event.actor = format!("desk-{}", case % DESKS);
            }
            pb::EventKind::Accepted | pb::EventKind::Filed | pb::EventKind::Closed => {
                if kind == pb::EventKind::Closed {
                    event.outcome = "normal".to_owned();
                }
                event.actor = format!("desk-{}", case % DESKS);
                event.stage_due_time = at(second + 1_800);
            }
            pb::EventKind::Handled => event.unit = format!("bureau-{:03}", case % UNITS),
            pb::EventKind::Verified => event.outcome = "confirmed".to_owned(),
            pb::EventKind::Visited => event.outcome = "satisfied".to_owned(),
            _ => {}
        }
        event
    }
}

impl Block {
    pub(super) fn events(&self) -> usize {
        self.events.len()
    }

    pub(super) fn case_nos(&self) -> &[String] {
        &self.cases
    }

    pub(super) fn each_event(&self) -> impl Iterator<Item = &pb::Event> {
        self.events.iter()
    }

    /// The records of the cases, a batch each, as they stand in a message of a stream.
    pub(super) fn case_batches(&self) -> Vec<Bytes> {
        let record = |case_no: &String| pb::CaseRecord {
            case: Some(pb::Case {
                case_no: case_no.clone(),
                source: pb::Source::Patrol.into(),
                category_scheme: "gbt-30428.2-2013-event".to_owned(),
                category_code: "0101".to_owned(),
                area_code: "410102".to_owned(),
                ..pb::Case::default()
            }),
            position: None,
        };
        let batch = |cases: &[String]| pb::StreamCasesRequest {
            records: cases.iter().map(record).collect(),
            ..Default::default()
        };
        self.cases.chunks(BATCH).map(|cases| batch(cases).encode_to_vec().into()).collect()
    }

    /// The records of the events, likewise.
    pub(super) fn event_batches(&self) -> Vec<Bytes> {
        let record =
            |event: &pb::Event| pb::EventRecord { event: Some(event.clone()), position: None };
        let batch = |events: &[pb::Event]| pb::StreamEventsRequest {
            records: events.iter().map(record).collect(),
            ..Default::default()
        };
        self.events.chunks(BATCH).map(|events| batch(events).encode_to_vec().into()).collect()
    }
}
