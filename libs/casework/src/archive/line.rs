//! One line a record: a JSON object of texts, its members in the order of their names, as RFC 8785
//! has it. Written directly, since there are millions of them.

use std::fmt::Display;

use super::{Kept, KeptDeadline, Record};
use crate::{Case, Event};

/// Writes members one after the other; those that are absent are left out.
struct Members<'b> {
    bytes: &'b mut Vec<u8>,
    before: u8,
}

impl Members<'_> {
    fn member(&mut self, name: &str, value: &str) {
        self.bytes.push(self.before);
        self.before = b',';
        self.text(name);
        self.bytes.push(b':');
        self.text(value);
    }

    fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.member(name, value);
        }
    }

    fn shown(&mut self, name: &str, value: impl Display) {
        self.member(name, &value.to_string());
    }

    fn optional_shown(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.shown(name, value);
        }
    }

    fn text(&mut self, text: &str) {
        // It escapes what RFC 8785 escapes, in the same way.
        serde_json::to_writer(&mut *self.bytes, text).expect("memory takes every text");
    }
}

fn object(bytes: &mut Vec<u8>, write: impl FnOnce(&mut Members<'_>)) {
    let mut members = Members { bytes, before: b'{' };
    write(&mut members);
    bytes.extend_from_slice(b"}\n");
}

/// The line of a record without its title or note.
pub(super) fn write(record: &Record, bytes: &mut Vec<u8>) {
    object(bytes, |members| match record {
        Record::Case(kept) => case(kept, members),
        Record::Event(kept) => event(kept, members),
        Record::Deadline(kept) => deadline(kept, members),
    });
}

/// The line of the title or note of a record.
pub(super) fn write_text(record: &Record, bytes: &mut Vec<u8>) {
    object(bytes, |members| {
        members.member("case_no", record.case_no().as_str());
        match record {
            Record::Case(case) => members.optional("title", case.record.title.as_deref()),
            Record::Event(event) => {
                members.shown("event_no", event.record.event_no);
                members.optional("note", event.record.note.as_deref());
            }
            Record::Deadline(_) => {}
        }
    });
}

fn case(kept: &Kept<Case>, members: &mut Members<'_>) {
    let Kept { record: case, sequence, create_time } = kept;
    members.member("area_code", &case.area_code);
    members.member("case_no", case.case_no.as_str());
    members.member("category_code", &case.category_code);
    members.member("category_scheme", &case.category_scheme);
    members.optional("collector", case.collector.as_ref().map(|body| body.as_str()));
    members.shown("create_time", create_time);
    members.optional("filing_condition", case.filing_condition.as_deref());
    members.member("record", "case");
    members.shown("sequence", sequence);
    members.member("source", case.source.as_str());
}

fn event(kept: &Kept<Event>, members: &mut Members<'_>) {
    let Kept { record: event, sequence, create_time } = kept;
    members.optional("actor", event.actor.as_ref().map(|body| body.as_str()));
    members.shown("at", event.at);
    members.member("case_no", event.case_no.as_str());
    members.shown("create_time", create_time);
    members.optional_shown("due_at", event.due_at);
    members.shown("event_no", event.event_no);
    members.member("kind", event.kind.as_str());
    members.optional("outcome", event.outcome.as_deref());
    members.member("record", "event");
    members.shown("sequence", sequence);
    members.optional_shown("stage_due_at", event.stage_due_at);
    members.optional("unit", event.unit.as_ref().map(|body| body.as_str()));
}

fn deadline(kept: &Kept<KeptDeadline>, members: &mut Members<'_>) {
    let Kept { record: KeptDeadline { case_no, computed, rules }, sequence, create_time } = kept;
    members.optional_shown("calendar_digest", computed.calendar);
    members.member("case_no", case_no.as_str());
    members.member("condition_id", &computed.condition_id);
    members.shown("create_time", create_time);
    members.shown("due_at", computed.due_at);
    members.shown("event_no", computed.event_no);
    members.shown("limit", computed.limit.value);
    members.member("record", "deadline");
    members.shown("rules_digest", rules);
    members.shown("sequence", sequence);
    members.shown("start", computed.start);
    members.member("unit", computed.limit.unit.as_str());
}
