//! Records of archives as the API has them.

use anyhow::{Context as _, anyhow};
use chengping_casework::archive::{Kept, KeptDeadline, Record};
use chengping_casework::{Case, ComputedDeadline, Event, EventKind, Source};
use chengping_proto::cases::v1 as pb;
use chengping_types::{Instant, Limit};
use pb::archive_record::Record as Content;
use prost_types::Timestamp;

use super::record::{case_record, event_record};
use super::{instant, timestamp};

fn text(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// The numbers of the API are the codes of the domain.
fn known<T>(number: i32, from_code: impl Fn(u8) -> Option<T>) -> anyhow::Result<T> {
    let known = u8::try_from(number).ok().and_then(from_code);
    known.ok_or_else(|| anyhow!("{number} is not known to this version; update it"))
}

fn time(given: Option<&Timestamp>) -> anyhow::Result<Instant> {
    given.map(instant).context("a record lacks a time")
}

/// A record of the API.
///
/// # Errors
///
/// When the server says what this version does not know.
pub fn from_pb(record: pb::ArchiveRecord) -> anyhow::Result<Record> {
    Ok(match record.record.context("a record without content")? {
        Content::Case(message) => {
            let (sequence, create_time) = (message.sequence, time(message.create_time.as_ref())?);
            Record::Case(Kept { record: case(message)?, sequence, create_time })
        }
        Content::Event(message) => {
            let (sequence, create_time) = (message.sequence, time(message.create_time.as_ref())?);
            Record::Event(Kept { record: event(message)?, sequence, create_time })
        }
        Content::Deadline(message) => {
            let (sequence, create_time) = (message.sequence, time(message.create_time.as_ref())?);
            Record::Deadline(Kept { record: deadline(message)?, sequence, create_time })
        }
    })
}

fn case(message: pb::Case) -> anyhow::Result<Case> {
    Ok(Case {
        case_no: message.case_no.parse()?,
        source: known(message.source, Source::from_code)?,
        category_scheme: message.category_scheme,
        category_code: message.category_code,
        area_code: message.area_code,
        collector: text(message.collector).map(|body| body.parse()).transpose()?,
        title: text(message.title),
        filing_condition: text(message.filing_condition),
    })
}

fn event(message: pb::Event) -> anyhow::Result<Event> {
    Ok(Event {
        case_no: message.case_no.parse()?,
        event_no: message.event_no.try_into()?,
        at: time(message.event_time.as_ref())?,
        kind: known(message.kind, EventKind::from_code)?,
        actor: text(message.actor).map(|body| body.parse()).transpose()?,
        unit: text(message.unit).map(|body| body.parse()).transpose()?,
        due_at: message.due_time.as_ref().map(instant),
        stage_due_at: message.stage_due_time.as_ref().map(instant),
        outcome: text(message.outcome),
        note: text(message.note),
    })
}

fn deadline(message: pb::ArchivedDeadline) -> anyhow::Result<KeptDeadline> {
    let computed = message.computed_deadline.context("a deadline without what it is out of")?;
    let calendar = text(computed.calendar_digest);
    Ok(KeptDeadline {
        case_no: message.case_no.parse()?,
        computed: ComputedDeadline {
            event_no: message.event_no.try_into()?,
            due_at: time(message.due_time.as_ref())?,
            start: time(computed.start_time.as_ref())?,
            condition_id: computed.condition_id,
            limit: Limit { value: computed.limit.parse()?, unit: computed.unit.parse()? },
            calendar: calendar.map(|digest| digest.parse()).transpose()?,
        },
        rules: message.rules_digest.parse()?,
    })
}

/// The same record as the API has it.
///
/// # Errors
///
/// When a number is larger than the API can carry.
pub fn to_pb(record: &Record) -> anyhow::Result<pb::ArchiveRecord> {
    let content = match record {
        Record::Case(kept) => {
            let message = case_record(&kept.record, pb::Position::default()).case;
            Content::Case(pb::Case {
                sequence: kept.sequence,
                create_time: Some(timestamp(kept.create_time)),
                ..message.unwrap_or_default()
            })
        }
        Record::Event(kept) => {
            let message = event_record(&kept.record, pb::Position::default(), true)?.event;
            Content::Event(pb::Event {
                sequence: kept.sequence,
                create_time: Some(timestamp(kept.create_time)),
                ..message.unwrap_or_default()
            })
        }
        Record::Deadline(kept) => {
            let KeptDeadline { case_no, computed, rules } = &kept.record;
            let out_of = pb::ComputedDeadline {
                start_time: Some(timestamp(computed.start)),
                condition_id: computed.condition_id.clone(),
                limit: computed.limit.value.to_string(),
                unit: computed.limit.unit.to_string(),
                calendar_digest: computed.calendar.map(|one| one.to_string()).unwrap_or_default(),
            };
            Content::Deadline(pb::ArchivedDeadline {
                case_no: case_no.to_string(),
                event_no: i64::try_from(computed.event_no)
                    .context("an event number is too large")?,
                due_time: Some(timestamp(computed.due_at)),
                computed_deadline: Some(out_of),
                rules_digest: rules.to_string(),
                sequence: kept.sequence,
                create_time: Some(timestamp(kept.create_time)),
            })
        }
    };
    Ok(pb::ArchiveRecord { record: Some(content) })
}
