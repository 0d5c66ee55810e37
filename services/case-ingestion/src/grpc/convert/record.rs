//! Records of a batch: what is wrong with one of them sets aside that one.

use chengping_chassis::error::FieldErrors;
use chengping_proto::cases::v1 as pb;
use chengping_types::name::JurisdictionName;
use chengping_types::{BodyId, CaseNo, Instant, JurisdictionId};
use prost_types::Timestamp;
use serde_json::{Map, Value};

use super::{case, checked, event, instant};
use crate::app::Intake;
use crate::domain::{Broken, Counts, Fault, Position, Row, SentEvent};
use crate::error::Error;

/// The longest text of a record, in bytes.
const TEXT_BYTES_MAX: usize = 64 << 10;
/// The longest name of a file, in characters.
const FILE_CHARS_MAX: usize = 255;

/// A record of a request.
pub(in crate::grpc) trait Incoming: Send + 'static {
    type Record: Intake;

    /// The record with its place; `None` when it is not there at all, which `errors` tells.
    fn into_row(self, field: &str, errors: &mut FieldErrors) -> Option<Row<Self::Record>>;
}

impl Incoming for pb::CaseRecord {
    type Record = chengping_casework::Case;

    fn into_row(self, field: &str, errors: &mut FieldErrors) -> Option<Row<Self::Record>> {
        let position = position(self.position, field, errors);
        let Some(message) = self.case else {
            errors.push(format!("{field}.case"), "is missing; set it");
            return None;
        };
        let content = case::case(&message)
            .map_err(|fault| broken(fault, &message.case_no, &case::payload(&message)));
        Some(Row { position, content })
    }
}

impl Incoming for pb::EventRecord {
    type Record = SentEvent;

    fn into_row(self, field: &str, errors: &mut FieldErrors) -> Option<Row<Self::Record>> {
        let position = position(self.position, field, errors);
        let Some(message) = self.event else {
            errors.push(format!("{field}.event"), "is missing; set it");
            return None;
        };
        let content = event::event(&message)
            .map_err(|fault| broken(fault, &message.case_no, &event::payload(&message)));
        Some(Row { position, content })
    }
}

/// The rows that records of this kind become.
pub(in crate::grpc) type Rows<R> = Vec<Row<<R as Incoming>::Record>>;

/// The rows of a batch and whose they are. A request that is wrong as a whole is refused.
pub(in crate::grpc) fn rows<R: Incoming>(
    parent: &str,
    records: Vec<R>,
) -> Result<(JurisdictionId, Rows<R>), Error> {
    let mut errors = FieldErrors::default();
    let parent: Option<JurisdictionName> = errors.parse("parent", parent);
    if records.is_empty() {
        errors.push("records", "is empty; send at least one record");
    }
    let mut rows = Vec::with_capacity(records.len());
    for (index, record) in records.into_iter().enumerate() {
        // The path is needed for mistakes only, which are few.
        let mut mistakes = FieldErrors::default();
        rows.extend(record.into_row("", &mut mistakes));
        for (field, what) in mistakes.iter() {
            errors.push(format!("records[{index}]{field}"), what);
        }
    }
    let parent = checked(errors, parent)?;
    Ok((parent.jurisdiction, rows))
}

pub(super) fn position(
    given: Option<pb::Position>,
    field: &str,
    errors: &mut FieldErrors,
) -> Position {
    let pb::Position { file, row, line } = given.unwrap_or_default();
    if file.contains('\0') || file.chars().count() > FILE_CHARS_MAX {
        let what = format!("must have at most {FILE_CHARS_MAX} characters, none of them NUL");
        errors.push(format!("{field}.position.file"), what);
    }
    for (name, number) in [("row", row), ("line", line)] {
        if number < 0 {
            errors.push(format!("{field}.position.{name}"), "is negative; 0 means unknown");
        }
    }
    Position { file, row, line }
}

pub(in crate::grpc) fn counts_to_pb(counts: Counts) -> pb::IntakeCounts {
    pb::IntakeCounts {
        accepted_count: counts.accepted,
        repeated_count: counts.repeated,
        rejected_count: counts.rejected,
        released_count: counts.released,
    }
}

fn broken(fault: Fault, case_no: &str, payload: &Map<String, Value>) -> Box<Broken> {
    let payload = chengping_types::canonical::to_vec(payload).expect("texts and truth values");
    Box::new(Broken { fault, payload, case_no: case_no.parse().ok() })
}

/// The number of the case of a record.
pub(super) fn case_no(text: &str) -> Result<CaseNo, Fault> {
    if text.is_empty() {
        let message = "the record names no case; give its number";
        return Err(Fault::new("missing_case_no", "case_no", message));
    }
    text.parse().map_err(|error| Fault::new("bad_case_no", "case_no", format!("{error}")))
}

/// A body that a record names; a text that can be no body ID is in no registry.
pub(super) fn body(column: &'static str, text: &str) -> Result<Option<BodyId>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error| {
        Fault::new("unknown_body", column, format!("{column} is not in the registry: {error}"))
    })
}

/// A text of a record, empty when absent. PostgreSQL holds every character but NUL.
pub(super) fn text(column: &'static str, text: &str) -> Result<String, Fault> {
    if text.contains('\0') {
        let message = format!("{column} holds a NUL character; leave it out");
        return Err(Fault::new("nul_byte", column, message));
    }
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("{column} has {} bytes; cut it to {TEXT_BYTES_MAX}", text.len());
        return Err(Fault::new("field_too_long", column, message));
    }
    Ok(text.to_owned())
}

/// A timestamp of a record.
pub(super) fn time(
    column: &'static str,
    given: Option<&Timestamp>,
) -> Result<Option<Instant>, Fault> {
    let Some(given) = given else { return Ok(None) };
    instant(given).map(Some).ok_or_else(|| {
        let message = format!(
            "{column} is {}; use whole microseconds in the years 1 to 9999",
            display_time(given)
        );
        Fault::new("bad_timestamp", column, message)
    })
}

/// A timestamp as it was sent, also when it is none.
pub(super) fn display_time(given: &Timestamp) -> String {
    let Timestamp { seconds, nanos } = *given;
    if let Some(instant) = instant(given) {
        return instant.to_string();
    }
    match instant(&Timestamp { seconds, nanos: 0 }) {
        Some(second) if (0..1_000_000_000).contains(&nanos) => {
            format!("{}.{nanos:09}Z", second.to_string().trim_end_matches('Z'))
        }
        _ => format!("{seconds} seconds and {nanos} nanoseconds since 1970"),
    }
}

/// The fields that are set, under the names of interchange files.
pub(super) fn fields<const N: usize>(fields: [(&str, String); N]) -> Map<String, Value> {
    fields
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (name.to_owned(), Value::String(text)))
        .collect()
}

/// The name of an enum's value, or its number when it is unknown; empty when absent.
pub(super) fn name_of(name: Option<&str>, number: i32) -> String {
    match (name, number) {
        (Some(name), _) => name.to_owned(),
        (None, 0) => String::new(),
        (None, number) => number.to_string(),
    }
}
