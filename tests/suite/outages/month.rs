//! What a platform has to send: a generated month in batches.

use std::collections::BTreeSet;

use chengping_interchange::generate::{Cases, City, Settings};
use chengping_proto::cases::v1::{self as pb, CaseRecord, EventRecord, Position};
use chengping_suite::convert::record::{case_record, event_record};

/// Another seed gives another city.
pub(crate) const CITY: u64 = 11;
/// The month.
pub(crate) const MONTH: &str = "2018-04";

/// Records of a batch; small, so that there are many commits.
const BATCH: usize = 20;
/// Of so many events one names a body that nobody knows.
const BAD_EVERY: u64 = 150;

/// Records that are sent and acknowledged together.
#[derive(Debug, Clone)]
pub(crate) enum Batch {
    Cases(Vec<CaseRecord>),
    Events(Vec<EventRecord>),
}

/// A record by what it is known by: its case, and of an event its number.
pub(crate) type Key = (String, Option<i64>);

impl Batch {
    pub(crate) fn is_cases(&self) -> bool {
        matches!(self, Self::Cases(_))
    }

    pub(crate) fn keys(&self) -> BTreeSet<Key> {
        let of_case = |it: &CaseRecord| (it.case.as_ref().unwrap().case_no.clone(), None);
        let of_event = |it: &EventRecord| {
            let event = it.event.as_ref().unwrap();
            (event.case_no.clone(), Some(event.event_no))
        };
        match self {
            Self::Cases(records) => records.iter().map(of_case).collect(),
            Self::Events(records) => records.iter().map(of_event).collect(),
        }
    }
}

/// The batches of a month with so many cases, events beside their cases.
pub(crate) fn month(cases: u64) -> Vec<Batch> {
    let settings = Settings { seed: CITY, cases, month: MONTH.parse().unwrap() };
    let city = City::new(&settings);
    let (mut cases, mut events) = (Vec::new(), Vec::new());
    let mut row = 1;
    let mut place = |file: &str| {
        row += 1;
        Position { file: file.to_owned(), row, line: row }
    };
    let mut batches = Vec::new();
    for generated in Cases::new(&settings, &city) {
        cases.push(case_record(&generated.case, place("cases.csv")));
        for event in &generated.events {
            let record = event_record(event, place("events.csv"), false).unwrap();
            events.push(spoilt(record));
        }
        if cases.len() >= BATCH {
            batches.push(Batch::Cases(std::mem::take(&mut cases)));
        }
        if events.len() >= BATCH {
            batches.push(Batch::Events(std::mem::take(&mut events)));
        }
    }
    batches.push(Batch::Cases(cases));
    batches.push(Batch::Events(events));
    batches.retain(|batch| !batch.keys().is_empty());
    batches
}

/// Some records cannot stand: they have to be set aside, once.
fn spoilt(mut record: EventRecord) -> EventRecord {
    let row = record.position.as_ref().map_or(0, |position| position.row);
    if u64::try_from(row).unwrap() % BAD_EVERY == 0
        && let Some(pb::Event { actor, .. }) = &mut record.event
    {
        "nobody".clone_into(actor);
    }
    record
}
