//! Audit entries as messages.

use chengping_proto::rules::v1 as pb;
use chengping_types::JurisdictionId;
use chengping_types::name::AuditEntryName;

use super::{int64, timestamp};
use crate::domain::audit::{Entry, Fault, Verified};

fn name(jurisdiction: &JurisdictionId, entry: u64) -> String {
    AuditEntryName { jurisdiction: jurisdiction.clone(), entry }.to_string()
}

pub(in crate::grpc) fn entry(jurisdiction: &JurisdictionId, entry: Entry) -> pb::AuditEntry {
    pb::AuditEntry {
        name: name(jurisdiction, entry.sequence),
        digest: entry.digest().to_string(),
        create_time: Some(timestamp(entry.create_time)),
        actor: entry.actor,
        action: entry.action,
        resource: entry.resource,
        reason: entry.reason,
        digest_before: entry.digest_before,
        digest_after: entry.digest_after,
        previous_digest: entry.previous_digest,
        digest_form: Entry::DIGEST_FORM,
    }
}

pub(in crate::grpc) fn verified(
    jurisdiction: &JurisdictionId,
    verified: Verified,
) -> pb::VerifyAuditEntriesResponse {
    let fault = |Fault { sequence, code, message }| pb::AuditFault {
        name: name(jurisdiction, sequence),
        code: code.as_str().to_owned(),
        message,
    };
    pb::VerifyAuditEntriesResponse {
        entry_count: int64(verified.count),
        digest: verified.digest,
        faults: verified.faults.into_iter().map(fault).collect(),
    }
}
