//! Requests for changes of rule packs.

use chengping_chassis::error::FieldErrors;
use chengping_proto::rules::v1 as pb;
use chengping_rules::Adjustment;
use chengping_types::Month;
use chengping_types::name::{RulePackName, RulePackRevisionName};
use uuid::Uuid;

use super::{refuse_nul, require};
use crate::app::{Activation, Adjust, Commit, Rebase, Rollback, StateChange};
use crate::domain::request::Asked;
use crate::domain::review::Step;
use crate::error::Error;

/// Most numbers that one request may change.
const ADJUSTMENTS_MAX: usize = 100;

/// A method with its name in the audit log.
macro_rules! action {
    ($method:literal) => {
        concat!("chengping.rules.v1.RulePackService/", $method)
    };
}

/// What every request for a change has, whatever its message is.
struct Conditions {
    actor: String,
    action: &'static str,
    reason: String,
    request_id: String,
    etag: String,
    validate_only: bool,
}

impl Conditions {
    fn read(self, errors: &mut FieldErrors) -> Asked {
        refuse_nul(errors, "reason", &self.reason);
        let request_id = errors.parse_optional::<Uuid>("request_id", &self.request_id).flatten();
        let Self { actor, action, reason, etag, validate_only, .. } = self;
        Asked { actor, action, reason, request_id, etag, validate_only }
    }
}

/// The conditions of a message.
macro_rules! conditions {
    ($request:ident, $actor:ident, $method:literal) => {
        Conditions {
            actor: $actor,
            action: action!($method),
            reason: $request.reason,
            request_id: $request.request_id,
            etag: $request.etag,
            validate_only: $request.validate_only,
        }
    };
}

pub(in crate::grpc) fn commit(
    request: pb::CommitRulePackRevisionRequest,
    actor: String,
) -> Result<Commit, Error> {
    let mut errors = FieldErrors::default();
    let pack = errors.parse::<RulePackName>("parent", &request.parent);
    require(&mut errors, "source", &request.source);
    refuse_nul(&mut errors, "source", &request.source);
    let source = request.source;
    let asked = conditions!(request, actor, "CommitRulePackRevision").read(&mut errors);
    errors.into_result()?;
    Ok(Commit { pack: pack.expect("no error means a value"), source, asked })
}

pub(in crate::grpc) fn rollback(
    request: pb::RollbackRulePackRequest,
    actor: String,
) -> Result<Rollback, Error> {
    let mut errors = FieldErrors::default();
    let pack = errors.parse::<RulePackName>("name", &request.name);
    let revision = u64::try_from(request.revision).ok().filter(|revision| *revision > 0);
    if revision.is_none() {
        errors.push("revision", "must be the number of a revision, from 1");
    }
    require(&mut errors, "reason", &request.reason);
    let asked = conditions!(request, actor, "RollbackRulePack").read(&mut errors);
    errors.into_result()?;
    Ok(Rollback {
        pack: pack.expect("no error means a value"),
        revision: revision.expect("no error means a value"),
        asked,
    })
}

/// A step of the review, which needs a reason only when it refuses.
fn step(
    name: &str,
    step: Step,
    conditions: Conditions,
    mut errors: FieldErrors,
) -> Result<StateChange, Error> {
    let revision = errors.parse::<RulePackRevisionName>("name", name);
    if step == Step::Refuse {
        require(&mut errors, "reason", &conditions.reason);
    }
    let asked = conditions.read(&mut errors);
    errors.into_result()?;
    Ok(StateChange { revision: revision.expect("no error means a value"), step, asked })
}

pub(in crate::grpc) fn submit(
    request: pb::SubmitRulePackRevisionRequest,
    actor: String,
) -> Result<StateChange, Error> {
    let name = request.name;
    let conditions = conditions!(request, actor, "SubmitRulePackRevision");
    step(&name, Step::Submit, conditions, FieldErrors::default())
}

pub(in crate::grpc) fn approve(
    request: pb::ApproveRulePackRevisionRequest,
    actor: String,
) -> Result<StateChange, Error> {
    let name = request.name;
    let conditions = conditions!(request, actor, "ApproveRulePackRevision");
    step(&name, Step::Approve, conditions, FieldErrors::default())
}

pub(in crate::grpc) fn refuse(
    request: pb::RefuseRulePackRevisionRequest,
    actor: String,
) -> Result<StateChange, Error> {
    let name = request.name;
    let conditions = conditions!(request, actor, "RefuseRulePackRevision");
    step(&name, Step::Refuse, conditions, FieldErrors::default())
}

pub(in crate::grpc) fn activate(
    request: pb::ActivateRulePackRevisionRequest,
    actor: String,
) -> Result<Activation, Error> {
    let mut errors = FieldErrors::default();
    let active_from = errors.parse::<Month>("active_from", &request.active_from);
    let replaced = errors
        .parse_optional::<RulePackRevisionName>("replaced_revision", &request.replaced_revision)
        .flatten();
    let name = request.name;
    let conditions = conditions!(request, actor, "ActivateRulePackRevision");
    let change = step(&name, Step::Activate, conditions, errors)?;
    Ok(Activation { change, active_from: active_from.expect("no error means a value"), replaced })
}

pub(in crate::grpc) fn adjust(
    request: pb::AdjustRulePackRequest,
    actor: String,
) -> Result<Adjust, Error> {
    let mut errors = FieldErrors::default();
    let revision = errors.parse::<RulePackRevisionName>("name", &request.name);
    require(&mut errors, "reason", &request.reason);
    if !(1..=ADJUSTMENTS_MAX).contains(&request.adjustments.len()) {
        errors.push("adjustments", format!("must have 1 to {ADJUSTMENTS_MAX} entries"));
    }
    let given = request.adjustments;
    for (index, one) in given.iter().take(ADJUSTMENTS_MAX).enumerate() {
        let mut field = |name: &str, text: &str, required: bool| {
            let field = format!("adjustments[{index}].{name}");
            if required {
                require(&mut errors, &field, text);
            }
            refuse_nul(&mut errors, &field, text);
        };
        field("path", &one.path, true);
        field("value", &one.value, true);
        field("provenance", &one.provenance, true);
        field("clause", &one.clause, false);
        field("note", &one.note, false);
    }
    let asked = conditions!(request, actor, "AdjustRulePack").read(&mut errors);
    errors.into_result()?;
    let kept = |text: String| Some(text).filter(|text| !text.trim().is_empty());
    let adjustments = given.into_iter().map(|one| Adjustment {
        path: one.path,
        value: one.value,
        provenance: one.provenance,
        clause: kept(one.clause),
        note: kept(one.note),
    });
    let adjustments = adjustments.collect();
    Ok(Adjust { revision: revision.expect("no error means a value"), adjustments, asked })
}

pub(in crate::grpc) fn rebase(
    request: pb::RebaseRulePackRequest,
    actor: String,
) -> Result<Rebase, Error> {
    let mut errors = FieldErrors::default();
    let pack = errors.parse::<RulePackName>("name", &request.name);
    let parent = errors.parse::<RulePackRevisionName>("parent_revision", &request.parent_revision);
    require(&mut errors, "reason", &request.reason);
    let asked = conditions!(request, actor, "RebaseRulePack").read(&mut errors);
    errors.into_result()?;
    Ok(Rebase {
        pack: pack.expect("no error means a value"),
        parent: parent.expect("no error means a value"),
        asked,
    })
}

pub(in crate::grpc) fn compare(
    request: &pb::CompareRulePackRevisionsRequest,
) -> Result<[RulePackRevisionName; 2], Error> {
    let mut errors = FieldErrors::default();
    let before = errors.parse::<RulePackRevisionName>("before", &request.before);
    let after = errors.parse::<RulePackRevisionName>("after", &request.after);
    errors.into_result()?;
    Ok([before, after].map(|name| name.expect("no error means a value")))
}
