//! Records to bytes.

use std::collections::BTreeMap;

use chengping_types::Instant;

use super::words::{
    ACTOR, COLLECTOR, CONDITION, DUE, KNOWN, OUTCOME, SECOND, SHARED_BYTES_MAX, STAGE_DUE, UNIT,
};
use super::{CaseRecords, PACKED_VERSION};
use crate::Event;

pub(super) fn encode(records: &CaseRecords) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.case(records);
    writer.events(records);
    writer.deadlines(records);

    let mut head = vec![PACKED_VERSION];
    text(&mut head, records.case.case_no.as_str());
    varint(&mut head, writer.texts.len() as u64);
    writer.texts.iter().for_each(|word| text(&mut head, word));
    let mut frame = Vec::with_capacity(head.len() + writer.bytes.len() + 3);
    varint(&mut frame, (head.len() + writer.bytes.len()) as u64);
    frame.extend_from_slice(&head);
    frame.extend_from_slice(&writer.bytes);
    frame
}

/// The content behind the dictionary, and the dictionary that it needs.
#[derive(Default)]
struct Writer<'r> {
    bytes: Vec<u8>,
    texts: Vec<&'r str>,
    indexes: BTreeMap<&'r str, u64>,
}

impl<'r> Writer<'r> {
    fn case(&mut self, records: &'r CaseRecords) {
        let case = &records.case;
        signed(&mut self.bytes, records.sequence);
        self.bytes.push(case.source.code());
        self.word(&case.category_scheme);
        self.word(&case.category_code);
        self.word(&case.area_code);
        let collector = case.collector.as_ref().map(|collector| collector.as_str());
        let flags =
            [(COLLECTOR, collector.is_some()), (CONDITION, case.filing_condition.is_some())];
        self.flags(&flags);
        collector.into_iter().chain(case.filing_condition.as_deref()).for_each(|it| self.word(it));
    }

    fn events(&mut self, records: &'r CaseRecords) {
        varint(&mut self.bytes, records.events.len() as u64);
        let (mut number, mut sequence, mut at) = (0, records.sequence, 0);
        for (event, event_sequence) in records.events.iter().zip(&records.sequences) {
            varint(&mut self.bytes, event.event_no.wrapping_sub(number));
            signed(&mut self.bytes, event_sequence.wrapping_sub(sequence));
            self.event(event, at);
            (number, sequence, at) = (event.event_no, *event_sequence, event.at.as_micros());
        }
    }

    fn event(&mut self, event: &'r Event, before: i64) {
        self.bytes.push(event.kind.code());
        self.flags(&[
            (ACTOR, event.actor.is_some()),
            (UNIT, event.unit.is_some()),
            (DUE, event.due_at.is_some()),
            (STAGE_DUE, event.stage_due_at.is_some()),
            (OUTCOME, event.outcome.is_some()),
        ]);
        let at = event.at.as_micros();
        time(&mut self.bytes, before, event.at);
        let bodies = [&event.actor, &event.unit];
        bodies.into_iter().flatten().for_each(|body| self.word(body.as_str()));
        let due = [event.due_at, event.stage_due_at];
        due.into_iter().flatten().for_each(|due| time(&mut self.bytes, at, due));
        event.outcome.iter().for_each(|outcome| self.word(outcome));
    }

    fn deadlines(&mut self, records: &CaseRecords) {
        varint(&mut self.bytes, records.deadlines.len() as u64);
        let mut before = 0;
        for deadline in &records.deadlines {
            let place = deadline.place;
            varint(&mut self.bytes, (place - before) as u64);
            let sequence = deadline.sequence.wrapping_sub(records.sequences[place]);
            signed(&mut self.bytes, sequence);
            time(&mut self.bytes, records.events[place].at.as_micros(), deadline.due_at);
            before = place;
        }
    }

    fn flags(&mut self, flags: &[(u8, bool)]) {
        let set = flags.iter().filter(|(_, is_set)| *is_set).fold(0, |all, (flag, _)| all | flag);
        self.bytes.push(set);
    }

    fn word(&mut self, word: &'r str) {
        let known = KNOWN.iter().position(|known| *known == word).map(|place| place as u64);
        let shared = known.or_else(|| self.indexes.get(word).copied());
        let index = shared.unwrap_or_else(|| {
            let next = (KNOWN.len() + self.texts.len()) as u64;
            self.texts.push(word);
            if word.len() <= SHARED_BYTES_MAX {
                self.indexes.insert(word, next);
            }
            next
        });
        varint(&mut self.bytes, index);
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn signed(out: &mut Vec<u8>, number: i64) {
    varint(out, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

/// The distance of two instants is far from what a word holds.
fn time(out: &mut Vec<u8>, before: i64, at: Instant) {
    let distance = at.as_micros() - before;
    let scaled = if distance % SECOND == 0 { distance / SECOND * 2 } else { distance * 2 + 1 };
    signed(out, scaled);
}
