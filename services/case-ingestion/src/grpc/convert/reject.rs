//! Rejects.

use chengping_chassis::error::FieldErrors;
use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::replay_reject_request::Record;
use chengping_types::name::JurisdictionName;
use chengping_types::{JurisdictionId, RecordId};

use super::record::{Incoming, position};
use super::{checked, timestamp};
use crate::app::Correction;
use crate::domain::{NewReject, Reject, RejectListing, RejectName, RejectState};
use crate::error::Error;

/// The largest batch.
const REJECTS_MAX: usize = 1_000;
/// The largest payload, in bytes.
const PAYLOAD_BYTES_MAX: usize = 16 << 20;
/// The longest code, in bytes.
const CODE_BYTES_MAX: usize = 63;
/// The longest reason of a dismissal, in characters.
const REASON_CHARS_MAX: usize = 1_000;

/// The rejects of an importer and whose they are.
pub(in crate::grpc) fn new_rejects(
    request: pb::BatchCreateRejectsRequest,
) -> Result<(JurisdictionId, Vec<NewReject>), Error> {
    let mut errors = FieldErrors::default();
    let parent: Option<JurisdictionName> = errors.parse("parent", &request.parent);
    if !(1..=REJECTS_MAX).contains(&request.rejects.len()) {
        errors.push("rejects", format!("must be 1 to {REJECTS_MAX} rejects"));
        return checked(errors, None);
    }
    let rejects = request.rejects.into_iter().enumerate();
    let rejects = rejects.map(|(index, reject)| new_reject(reject, index, &mut errors)).collect();
    let parent = checked(errors, parent)?;
    Ok((parent.jurisdiction, rejects))
}

fn new_reject(reject: pb::Reject, index: usize, errors: &mut FieldErrors) -> NewReject {
    let field = format!("rejects[{index}]");
    if !is_code(&reject.code) {
        let what = format!("must be 1 to {CODE_BYTES_MAX} of a-z, 0-9 and _, a letter first");
        errors.push(format!("{field}.code"), what);
    }
    if reject.message.is_empty() {
        errors.push(format!("{field}.message"), "is empty; say what is wrong");
    }
    for (name, bytes) in
        [("payload", &reject.payload), ("accepted_payload", &reject.accepted_payload)]
    {
        if bytes.len() > PAYLOAD_BYTES_MAX {
            let what = format!("is longer than {PAYLOAD_BYTES_MAX} bytes; cut it");
            errors.push(format!("{field}.{name}"), what);
        }
    }
    NewReject {
        position: position(reject.position, &field, errors),
        column: without_nul(&reject.column),
        code: reject.code,
        message: without_nul(&reject.message),
        payload: reject.payload,
        accepted_payload: Some(reject.accepted_payload).filter(|bytes: &Vec<u8>| !bytes.is_empty()),
        // What is no case number is still in the payload.
        case_no: reject.case_no.parse().ok(),
        waits: false,
        waiting_no: None,
    }
}

fn is_code(code: &str) -> bool {
    code.starts_with(|first: char| first.is_ascii_lowercase())
        && code.len() <= CODE_BYTES_MAX
        && code.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// Importers quote what they read. PostgreSQL's texts hold no NUL; the payload keeps it.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Which rejects are asked for, and whose.
pub(in crate::grpc) fn listing(
    request: &pb::ListRejectsRequest,
) -> Result<(JurisdictionName, RejectListing), Error> {
    let mut errors = FieldErrors::default();
    let parent = errors.parse("parent", &request.parent);
    let state = match request.state {
        0 => Some(RejectState::Open),
        number => u8::try_from(number).ok().and_then(RejectState::from_code),
    };
    if state.is_none() {
        errors.push("state", "is not a known state; use OPEN, REPLAYED or DISMISSED");
    }
    if !request.code.is_empty() && !is_code(&request.code) {
        errors.push("code", "is not a code; use one in snake_case, such as bad_timestamp");
    }
    let code = Some(request.code.clone()).filter(|code| !code.is_empty());
    let both = parent.zip(state);
    let (parent, state) = checked(errors, both)?;
    Ok((parent, RejectListing { state, code }))
}

/// The corrected record of a reject.
pub(in crate::grpc) fn correction(
    request: pb::ReplayRejectRequest,
) -> Result<(RejectName, Correction), Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse("name", &request.name);
    let correction = match request.record {
        Some(Record::Case(record)) => record.into_row("case", &mut errors).map(Correction::Case),
        Some(Record::Event(record)) => record.into_row("event", &mut errors).map(Correction::Event),
        None => {
            errors.push("record", "is missing; set case or event");
            None
        }
    };
    checked(errors, name.zip(correction))
}

/// A reject to be dismissed, and why.
pub(in crate::grpc) fn dismissal(
    request: &pb::DismissRejectRequest,
) -> Result<(RejectName, &str), Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse("name", &request.name);
    let reason = request.reason.trim();
    if reason.is_empty() || reason.contains('\0') || reason.chars().count() > REASON_CHARS_MAX {
        let what = format!("must have 1 to {REASON_CHARS_MAX} characters, none of them NUL");
        errors.push("reason", what);
    }
    Ok((checked(errors, name)?, reason))
}

pub(in crate::grpc) fn reject_to_pb(jurisdiction: &JurisdictionId, reject: Reject) -> pb::Reject {
    let id: Result<RecordId, _> = reject.id.parse();
    let name = RejectName {
        jurisdiction: jurisdiction.clone(),
        reject: id.expect("hexadecimal digits are a record ID"),
    };
    pb::Reject {
        name: name.to_string(),
        position: Some(pb::Position {
            file: reject.position.file,
            row: reject.position.row,
            line: reject.position.line,
        }),
        column: reject.column,
        code: reject.code,
        message: reject.message,
        payload: reject.payload,
        accepted_payload: reject.accepted_payload.unwrap_or_default(),
        case_no: reject.case_no.unwrap_or_default(),
        state: reject.state.code().into(),
        dismiss_reason: reject.dismiss_reason.unwrap_or_default(),
        create_time: Some(timestamp(reject.create_time)),
        update_time: Some(timestamp(reject.update_time)),
        payload_size: reject.payload_size,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_api_are_the_codes_of_the_domain() {
        for known in RejectState::ALL {
            let api = pb::reject::State::try_from(i32::from(known.code())).unwrap();
            assert_eq!(api.as_str_name(), format!("STATE_{}", known.as_str().to_uppercase()));
        }
    }

    #[test]
    fn codes_are_snake_case() {
        assert!(is_code("bad_timestamp") && is_code("missing_category"));
        for bad in ["", "Bad", "1bad", "_bad", "bad-one", &"x".repeat(64)] {
            assert!(!is_code(bad), "{bad}");
        }
    }
}
