//! Rule packs as messages.

use chengping_chassis::error::FieldErrors;
use chengping_proto::rules::v1 as pb;
use chengping_types::JurisdictionId;
use chengping_types::name::{RulePackName, RulePackRevisionName};
use uuid::Uuid;

use super::{int64, require, timestamp};
use crate::app::{Checked, Commit, Rollback};
use crate::domain::pack::{Finding, Given, Pack, Revision, Text};
use crate::error::Error;

pub(in crate::grpc) fn commit(
    request: pb::CommitRulePackRevisionRequest,
    actor: String,
    action: &'static str,
) -> Result<Commit, Error> {
    let mut errors = FieldErrors::default();
    let pack = errors.parse::<RulePackName>("parent", &request.parent);
    require(&mut errors, "source", &request.source);
    if request.source.contains('\0') {
        errors.push("source", "must not hold a NUL character");
    }
    refuse_nul(&mut errors, "reason", &request.reason);
    let request_id = errors.parse_optional::<Uuid>("request_id", &request.request_id);
    errors.into_result()?;
    Ok(Commit {
        pack: pack.expect("no error means a value"),
        source: request.source,
        request_id: request_id.flatten(),
        etag: request.etag,
        validate_only: request.validate_only,
        reason: request.reason,
        actor,
        action,
    })
}

pub(in crate::grpc) fn rollback(
    request: pb::RollbackRulePackRequest,
    actor: String,
    action: &'static str,
) -> Result<Rollback, Error> {
    let mut errors = FieldErrors::default();
    let pack = errors.parse::<RulePackName>("name", &request.name);
    let revision = u64::try_from(request.revision).ok().filter(|revision| *revision > 0);
    if revision.is_none() {
        errors.push("revision", "must be the number of a revision, from 1");
    }
    require(&mut errors, "reason", &request.reason);
    refuse_nul(&mut errors, "reason", &request.reason);
    errors.into_result()?;
    Ok(Rollback {
        pack: pack.expect("no error means a value"),
        revision: revision.expect("no error means a value"),
        reason: request.reason,
        actor,
        action,
    })
}

/// PostgreSQL has no text with a NUL in it.
pub(in crate::grpc) fn refuse_nul(errors: &mut FieldErrors, field: &str, text: &str) {
    if text.contains('\0') {
        errors.push(field, "must not hold a NUL character");
    }
}

pub(in crate::grpc) fn pack(jurisdiction: &JurisdictionId, pack: Pack) -> pb::RulePack {
    let name = RulePackName { jurisdiction: jurisdiction.clone(), rule_pack: pack.pack.clone() };
    pb::RulePack {
        name: name.to_string(),
        etag: pack.etag(),
        title: pack.title,
        newest_revision: int64(pack.newest_revision),
        active_revision: pack.active_revision.map_or(0, int64),
        create_time: Some(timestamp(pack.create_time)),
        update_time: Some(timestamp(pack.update_time)),
        offered_parent_revision: String::new(),
    }
}

/// A revision with its text.
pub(in crate::grpc) fn revision_with_text(
    jurisdiction: &JurisdictionId,
    (revision, text): (Revision, Text),
) -> pb::RulePackRevision {
    let Text { source, canonical } = text;
    pb::RulePackRevision { source, canonical, ..self::revision(jurisdiction, revision) }
}

/// A revision in force with its text.
pub(in crate::grpc) fn given(jurisdiction: &JurisdictionId, given: &Given) -> pb::RulePackRevision {
    revision_with_text(jurisdiction, (given.revision.clone(), given.text.clone()))
}

/// A revision without its text.
pub(in crate::grpc) fn revision(
    jurisdiction: &JurisdictionId,
    revision: Revision,
) -> pb::RulePackRevision {
    let name = RulePackRevisionName {
        jurisdiction: jurisdiction.clone(),
        rule_pack: revision.pack.clone(),
        revision: revision.revision,
    };
    pb::RulePackRevision {
        name: name.to_string(),
        revision: int64(revision.revision),
        digest: revision.digest.to_string(),
        source: String::new(),
        canonical: Vec::new(),
        state: revision.state.code().into(),
        active_from: revision.active_from.map(|month| month.to_string()).unwrap_or_default(),
        etag: revision.etag(),
        warnings: revision.warnings.into_iter().map(finding).collect(),
        author: revision.author,
        approver: revision.approver,
        create_time: revision.create_time.map(timestamp),
        parent_revision: String::new(),
        overrides: Vec::new(),
    }
}

pub(in crate::grpc) fn checked(checked: Checked) -> pb::ValidateRulePackResponse {
    match checked {
        Ok(pack) => pb::ValidateRulePackResponse {
            errors: Vec::new(),
            warnings: pack.warnings.into_iter().map(finding).collect(),
            digest: pack.digest.to_string(),
        },
        Err(mistakes) => pb::ValidateRulePackResponse {
            errors: mistakes.into_iter().map(finding).collect(),
            warnings: Vec::new(),
            digest: String::new(),
        },
    }
}

fn finding(finding: Finding) -> pb::Finding {
    let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    pb::Finding {
        path: finding.path,
        line: number(finding.line),
        column: number(finding.column),
        message: finding.message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::review::State;

    #[test]
    fn the_states_of_the_api_are_those_of_the_domain() {
        for (number, state) in (1..).zip(State::ALL) {
            let name = pb::rule_pack_revision::State::try_from(number).unwrap().as_str_name();
            assert_eq!(name.to_lowercase(), format!("state_{state}"));
            assert_eq!(i32::from(state.code()), number);
        }
    }
}
