//! Keys, receipts and what a reading of the log found.

use chengping_chassis::error::FieldErrors;
use chengping_ledger::checkpoint::Checkpoint;
use chengping_ledger::note::SignedNote;
use chengping_proto::publication::v1 as pb;
use chengping_types::name::{BulletinVersionName, JurisdictionName};
use chengping_types::{BodyId, JurisdictionId};

use super::{CHECKED, int64, reason, timestamp};
use crate::app::{RotateKey, Verified};
use crate::domain::log_key::LogKey;
use crate::error::Error;

/// The longest checkpoint that is read.
const CHECKPOINT_BYTES_MAX: usize = 64 << 10;

pub(in crate::grpc) fn rotate(
    request: pb::RotateLogKeyRequest,
    actor: String,
) -> Result<RotateKey, Error> {
    let mut errors = FieldErrors::default();
    let parent = errors.parse::<JurisdictionName>("parent", &request.parent);
    let reason = reason(&mut errors, "reason", &request.reason);
    if request.expected_verifier_key.is_empty() {
        errors.push("expected_verifier_key", "must be the key that signs now, as listed");
    }
    errors.into_result()?;
    Ok(RotateKey {
        jurisdiction: parent.expect(CHECKED).jurisdiction,
        reason,
        expected: request.expected_verifier_key,
        actor,
        validate_only: request.validate_only,
    })
}

pub(in crate::grpc) fn log_key(key: LogKey) -> pb::LogKey {
    pb::LogKey {
        verifier_key: key.verifier_key,
        generation: key.generation.map(int64),
        first_tree_size: int64(key.first_tree_size),
        last_tree_size: key.last_tree_size.map(int64),
        begin_time: key.begin_time.map(timestamp),
        reason: key.reason,
        handover: key.handover,
    }
}

pub(in crate::grpc) fn receipt(
    request: &pb::GetResultReceiptRequest,
) -> Result<(BulletinVersionName, BodyId), Error> {
    let mut errors = FieldErrors::default();
    let name = errors.parse("bulletin_version", &request.bulletin_version);
    let body = errors.parse("body_id", &request.body_id);
    errors.into_result()?;
    Ok((name.expect(CHECKED), body.expect(CHECKED)))
}

pub(in crate::grpc) fn verify(
    request: &pb::VerifyLogRequest,
) -> Result<(JurisdictionId, Option<Checkpoint>), Error> {
    let mut errors = FieldErrors::default();
    let parent = errors.parse::<JurisdictionName>("parent", &request.parent);
    let known = &request.known_checkpoint;
    let kept = if known.is_empty() { None } else { checkpoint(&mut errors, known) };
    errors.into_result()?;
    Ok((parent.expect(CHECKED).jurisdiction, kept))
}

fn checkpoint(errors: &mut FieldErrors, text: &str) -> Option<Checkpoint> {
    let note = Some(text).filter(|text| text.len() <= CHECKPOINT_BYTES_MAX);
    let note = note.and_then(|text| text.parse::<SignedNote>().ok());
    let read = note.and_then(|note| note.text().parse().ok());
    if read.is_none() {
        errors.push("known_checkpoint", "must be a signed checkpoint, as GetCheckpoint gives it");
    }
    read
}

pub(in crate::grpc) fn verified(verified: Verified) -> pb::VerifyLogResponse {
    let finding = |found: crate::domain::stored::Finding| pb::LogFinding {
        table: found.table.to_owned(),
        row: found.row,
        message: found.message,
    };
    pb::VerifyLogResponse {
        entry_count: int64(verified.entry_count),
        checkpoint_count: int64(verified.checkpoint_count),
        finding_count: int64(verified.findings.count),
        findings: verified.findings.told.into_iter().map(finding).collect(),
        checkpoint: verified.checkpoint,
    }
}
