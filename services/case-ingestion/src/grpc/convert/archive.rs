//! Archives and what was done to months.

use chengping_casework::ComputedDeadline;
use chengping_casework::archive::{Adder, Kept, KeptDeadline, Record};
use chengping_chassis::error::FieldErrors;
use chengping_proto::cases::v1 as pb;
use chengping_types::name::{ArchiveName, JurisdictionName, RetentionEntryName};
use chengping_types::{Digest, Instant, JurisdictionId, Limit};
use pb::archive_record::Record as Content;
use prost_types::Timestamp;

use super::event::computed_to_pb;
use super::{case, case_to_pb, checked, event, event_to_pb, instant, timestamp};
use crate::app::{Erasing, PuttingAway, Restored, ShownEvent};
use crate::domain::{Accepted, Archive, RetentionEntry, Why};
use crate::error::Error;

/// The longest reason, in characters.
const REASON_CHARS_MAX: usize = 1_000;
/// The most records of a message on the way out.
const RECORDS_OUT: usize = 2_000;
/// The most records of a message on the way in.
const RECORDS_IN_MAX: usize = 10_000;
/// What the texts of a message on the way out may take together: clients take 4 MiB unless told.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// Records on their way out, which are added up.
pub(in crate::grpc) struct ArchiveMessages {
    jurisdiction: JurisdictionId,
    with_texts: bool,
    adder: Adder,
}

impl ArchiveMessages {
    pub(in crate::grpc) fn new(jurisdiction: JurisdictionId, with_texts: bool) -> Self {
        Self { jurisdiction, with_texts, adder: Adder::default() }
    }

    /// The messages of some records.
    pub(in crate::grpc) fn next(
        &mut self,
        records: Vec<Record>,
    ) -> Result<Vec<pb::StreamArchiveResponse>, Error> {
        let mut messages = Vec::new();
        let (mut some, mut bytes) = (Vec::new(), 0);
        for mut record in records {
            if !self.with_texts {
                record.forget_text();
            }
            self.adder.add(&record).map_err(|error| Error::ArchiveDamaged(error.to_string()))?;
            bytes += record.text().map_or(0, str::len);
            some.push(record_to_pb(&self.jurisdiction, record));
            if some.len() >= RECORDS_OUT || bytes >= TEXT_BYTES_MAX {
                let records = std::mem::take(&mut some);
                messages.push(pb::StreamArchiveResponse { records, sum: None });
                bytes = 0;
            }
        }
        if !some.is_empty() {
            messages.push(pb::StreamArchiveResponse { records: some, sum: None });
        }
        Ok(messages)
    }

    /// The message that ends the stream.
    pub(in crate::grpc) fn last(self) -> pb::StreamArchiveResponse {
        let sum = self.adder.finish();
        let sum = pb::ArchiveSum {
            digest: sum.digest.to_string(),
            text_digest: sum.text_digest.to_string(),
            case_count: sum.counts.cases,
            event_count: sum.counts.events,
            deadline_count: sum.counts.deadlines,
            title_count: sum.counts.titles,
            note_count: sum.counts.notes,
        };
        pb::StreamArchiveResponse { records: Vec::new(), sum: Some(sum) }
    }
}

fn accepted<T>(kept: Kept<T>) -> Accepted<T> {
    let Kept { record, sequence, create_time } = kept;
    Accepted { record, sequence, create_time }
}

fn record_to_pb(jurisdiction: &JurisdictionId, record: Record) -> pb::ArchiveRecord {
    let content = match record {
        Record::Case(case) => Content::Case(case_to_pb(jurisdiction, accepted(case))),
        Record::Event(event) => {
            let shown =
                ShownEvent { accepted: accepted(event), computed: None, missed_months: Vec::new() };
            Content::Event(event_to_pb(jurisdiction, shown))
        }
        Record::Deadline(deadline) => Content::Deadline(deadline_to_pb(deadline)),
    };
    pb::ArchiveRecord { record: Some(content) }
}

fn deadline_to_pb(kept: Kept<KeptDeadline>) -> pb::ArchivedDeadline {
    let Kept { record: KeptDeadline { case_no, computed, rules }, sequence, create_time } = kept;
    pb::ArchivedDeadline {
        case_no: case_no.to_string(),
        event_no: i64::try_from(computed.event_no).expect("checked on the way in"),
        due_time: Some(timestamp(computed.due_at)),
        computed_deadline: Some(computed_to_pb(computed)),
        rules_digest: rules.to_string(),
        sequence,
        create_time: Some(timestamp(create_time)),
    }
}

/// The records of a message on their way back.
pub(in crate::grpc) fn archive_records(
    records: Vec<pb::ArchiveRecord>,
) -> Result<Vec<Record>, Error> {
    if records.len() > RECORDS_IN_MAX {
        let mut errors = FieldErrors::default();
        errors.push("records", format!("has more than {RECORDS_IN_MAX} records; send fewer"));
        return checked(errors, None);
    }
    let damaged = |what: String| Error::ArchiveDamaged(what);
    records.into_iter().map(|record| record_from_pb(record).map_err(damaged)).collect()
}

fn record_from_pb(record: pb::ArchiveRecord) -> Result<Record, String> {
    match record.record {
        Some(Content::Case(message)) => {
            let case = case::case(&message).map_err(|fault| fault.message)?;
            Ok(Record::Case(kept(case, message.sequence, message.create_time.as_ref())?))
        }
        Some(Content::Event(message)) => {
            let event = event::event(&message).map_err(|fault| fault.message)?.event;
            Ok(Record::Event(kept(event, message.sequence, message.create_time.as_ref())?))
        }
        Some(Content::Deadline(message)) => {
            let (sequence, create_time) = (message.sequence, message.create_time);
            let deadline = deadline_from_pb(message)?;
            Ok(Record::Deadline(kept(deadline, sequence, create_time.as_ref())?))
        }
        None => Err("a record is neither case nor event nor deadline".to_owned()),
    }
}

fn kept<T>(record: T, sequence: i64, create_time: Option<&Timestamp>) -> Result<Kept<T>, String> {
    if sequence < 1 {
        return Err(format!("{sequence} is no sequence"));
    }
    Ok(Kept { record, sequence, create_time: time("create_time", create_time)? })
}

fn time(field: &str, given: Option<&Timestamp>) -> Result<Instant, String> {
    given.and_then(instant).ok_or_else(|| format!("{field} is missing or no time"))
}

fn deadline_from_pb(message: pb::ArchivedDeadline) -> Result<KeptDeadline, String> {
    let computed = message.computed_deadline.unwrap_or_default();
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let calendar = Some(computed.calendar_digest).filter(|digest| !digest.is_empty());
    let calendar: Option<Digest> =
        calendar.map(|digest| digest.parse()).transpose().map_err(|error| text(&error))?;
    let limit = Limit {
        value: computed.limit.parse().map_err(|error| text(&error))?,
        unit: computed.unit.parse().map_err(|error| text(&error))?,
    };
    Ok(KeptDeadline {
        case_no: message.case_no.parse().map_err(|error| text(&error))?,
        computed: ComputedDeadline {
            event_no: u64::try_from(message.event_no).map_err(|error| text(&error))?,
            due_at: time("due_time", message.due_time.as_ref())?,
            start: time("start_time", computed.start_time.as_ref())?,
            condition_id: computed.condition_id,
            limit,
            calendar,
        },
        rules: message.rules_digest.parse().map_err(|error| text(&error))?,
    })
}

/// The wish to put a month away.
pub(in crate::grpc) fn putting_away(
    request: pb::PutAwayMonthRequest,
    actor: String,
) -> Result<PuttingAway, Error> {
    let mut errors = FieldErrors::default();
    let name: Option<ArchiveName> = errors.parse("name", &request.name);
    let digest: Option<Digest> = errors.parse("digest", &request.digest);
    let text_digest = errors.parse_optional("text_digest", &request.text_digest).flatten();
    let why = why(&mut errors, &request.reason, request.early, actor);
    let validate_only = request.validate_only;
    let all = (|| {
        let (name, digest, why) = (name?, digest?, why?);
        Some(PuttingAway { name, digest, text_digest, why, validate_only })
    })();
    checked(errors, all)
}

/// The wish to take a month back.
pub(in crate::grpc) struct RestoreCommand {
    pub(in crate::grpc) name: ArchiveName,
    pub(in crate::grpc) why: Why,
    pub(in crate::grpc) validate_only: bool,
}

impl RestoreCommand {
    /// Reads the first message.
    pub(in crate::grpc) fn read(
        request: &pb::RestoreMonthRequest,
        actor: String,
    ) -> Result<Self, Error> {
        let mut errors = FieldErrors::default();
        let name = errors.parse("name", &request.name);
        let why = why(&mut errors, &request.reason, false, actor);
        let validate_only = request.validate_only;
        let all = name.zip(why).map(|(name, why)| Self { name, why, validate_only });
        checked(errors, all)
    }
}

/// The wish to erase titles and notes.
pub(in crate::grpc) fn erasing(
    request: &pb::EraseTextsRequest,
    actor: String,
) -> Result<Erasing, Error> {
    let mut errors = FieldErrors::default();
    let parent: Option<JurisdictionName> = errors.parse("parent", &request.parent);
    let before = errors.parse_optional("before", &request.before);
    let why = why(&mut errors, &request.reason, request.early, actor);
    let validate_only = request.validate_only;
    let all = (|| {
        let (jurisdiction, before, why) = (parent?.jurisdiction, before?, why?);
        Some(Erasing { jurisdiction, before, why, validate_only })
    })();
    checked(errors, all)
}

fn why(errors: &mut FieldErrors, reason: &str, early: bool, actor: String) -> Option<Why> {
    let reason = reason.trim();
    if reason.is_empty() || reason.contains('\0') || reason.chars().count() > REASON_CHARS_MAX {
        let what = format!("must have 1 to {REASON_CHARS_MAX} characters, none of them NUL");
        errors.push("reason", what);
        return None;
    }
    Some(Why { actor, reason: reason.to_owned(), early })
}

pub(in crate::grpc) fn archive_to_pb(
    jurisdiction: &JurisdictionId,
    archive: Archive,
) -> pb::Archive {
    let name = ArchiveName { jurisdiction: jurisdiction.clone(), archive: archive.month };
    pb::Archive {
        name: name.to_string(),
        state: archive.state.code().into(),
        digest: archive.digest.to_string(),
        text_digest: archive.text_digest.map(|digest| digest.to_string()).unwrap_or_default(),
        case_count: archive.case_count,
        event_count: archive.event_count,
        deadline_count: archive.deadline_count,
        put_away_time: archive.put_away_time.map(timestamp),
        restore_time: archive.restore_time.map(timestamp),
    }
}

pub(in crate::grpc) fn restored_to_pb(
    jurisdiction: &JurisdictionId,
    restored: Restored,
) -> pb::RestoreMonthResponse {
    pb::RestoreMonthResponse {
        archive: Some(archive_to_pb(jurisdiction, restored.archive)),
        released_count: restored.released,
        watermark: restored.watermark,
    }
}

pub(in crate::grpc) fn entry_to_pb(
    jurisdiction: &JurisdictionId,
    entry: RetentionEntry,
) -> pb::RetentionEntry {
    let name = RetentionEntryName { jurisdiction: jurisdiction.clone(), entry: entry.number };
    pb::RetentionEntry {
        name: name.to_string(),
        action: entry.action.code().into(),
        month: entry.month.to_string(),
        actor: entry.actor,
        reason: entry.reason,
        early: entry.is_early,
        digest: entry.digest.map(|digest| digest.to_string()).unwrap_or_default(),
        case_count: entry.case_count,
        event_count: entry.event_count,
        title_count: entry.erased.titles,
        note_count: entry.erased.notes,
        payload_count: entry.erased.payloads,
        create_time: Some(timestamp(entry.create_time)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ArchiveState, RetentionAction};

    #[test]
    fn numbers_of_the_api_are_the_codes_of_the_domain() {
        for known in ArchiveState::ALL {
            let api = pb::archive::State::try_from(i32::from(known.code())).unwrap();
            assert_eq!(api.as_str_name(), format!("STATE_{}", known.as_str().to_uppercase()));
        }
        for known in RetentionAction::ALL {
            let number = i32::from(known.code());
            let api = pb::retention_entry::Action::try_from(number).unwrap();
            assert_eq!(api.as_str_name(), format!("ACTION_{}", known.as_str().to_uppercase()));
        }
    }
}
