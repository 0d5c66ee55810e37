//! The rule-pack service.

use chengping_chassis::error::{FieldErrors, to_status};
use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::rule_pack_service_server::RulePackService;
use chengping_types::Month;
use chengping_types::name::{JurisdictionName, RulePackName, RulePackRevisionName};
use tonic::{Request, Response, Status};

use super::convert::rule_pack::{self as packs, refuse_nul};
use super::convert::{self, require};
use super::distribution;
use super::page::Page;
use super::{actor, audit, deadlines};
use crate::app::{App, StateChange, check};
use crate::domain::review::Step;
use crate::error::Error;

const COMMIT: &str = "chengping.rules.v1.RulePackService/CommitRulePackRevision";
const SUBMIT: &str = "chengping.rules.v1.RulePackService/SubmitRulePackRevision";
const APPROVE: &str = "chengping.rules.v1.RulePackService/ApproveRulePackRevision";
const REFUSE: &str = "chengping.rules.v1.RulePackService/RefuseRulePackRevision";
const ACTIVATE: &str = "chengping.rules.v1.RulePackService/ActivateRulePackRevision";
const ROLLBACK: &str = "chengping.rules.v1.RulePackService/RollbackRulePack";

type Answer<T> = Result<Response<T>, Status>;

/// Speaks gRPC for rule packs.
#[derive(Debug, Clone)]
pub(crate) struct RulePackHandlers {
    app: App,
}

impl RulePackHandlers {
    pub(crate) const fn new(app: App) -> Self {
        Self { app }
    }
}

#[tonic::async_trait]
impl RulePackService for RulePackHandlers {
    type WatchRulePacksStream = distribution::Watch;

    async fn validate_rule_pack(
        &self,
        request: Request<pb::ValidateRulePackRequest>,
    ) -> Answer<pb::ValidateRulePackResponse> {
        let request = request.into_inner();
        let mut errors = FieldErrors::default();
        errors.parse::<JurisdictionName>("parent", &request.parent);
        require(&mut errors, "source", &request.source);
        errors.into_result().map_err(|errors| to_status(Error::Invalid(errors)))?;
        Ok(Response::new(packs::checked(check(&request.source))))
    }

    async fn commit_rule_pack_revision(
        &self,
        request: Request<pb::CommitRulePackRevisionRequest>,
    ) -> Answer<pb::RulePackRevision> {
        let actor = actor(request.metadata()).map_err(to_status)?;
        let commit = packs::commit(request.into_inner(), actor, COMMIT).map_err(to_status)?;
        let jurisdiction = commit.pack.jurisdiction.clone();
        let committed = self.app.commit_revision(commit).await.map_err(to_status)?;
        Ok(Response::new(packs::revision_with_text(&jurisdiction, committed)))
    }

    async fn get_rule_pack(
        &self,
        request: Request<pb::GetRulePackRequest>,
    ) -> Answer<pb::RulePack> {
        let name: RulePackName =
            convert::single("name", &request.get_ref().name).map_err(to_status)?;
        let pack = self.app.pack(&name).await.map_err(to_status)?;
        Ok(Response::new(packs::pack(&name.jurisdiction, pack)))
    }

    async fn list_rule_packs(
        &self,
        request: Request<pb::ListRulePacksRequest>,
    ) -> Answer<pb::ListRulePacksResponse> {
        self.packs(request.into_inner()).await.map(Response::new).map_err(to_status)
    }

    async fn get_rule_pack_revision(
        &self,
        request: Request<pb::GetRulePackRevisionRequest>,
    ) -> Answer<pb::RulePackRevision> {
        let name: RulePackRevisionName =
            convert::single("name", &request.get_ref().name).map_err(to_status)?;
        let revision = self.app.revision(&name).await.map_err(to_status)?;
        Ok(Response::new(packs::revision_with_text(&name.jurisdiction, revision)))
    }

    async fn list_rule_pack_revisions(
        &self,
        request: Request<pb::ListRulePackRevisionsRequest>,
    ) -> Answer<pb::ListRulePackRevisionsResponse> {
        self.revisions(request.into_inner()).await.map(Response::new).map_err(to_status)
    }

    async fn submit_rule_pack_revision(
        &self,
        request: Request<pb::SubmitRulePackRevisionRequest>,
    ) -> Answer<pb::RulePackRevision> {
        let actor = actor(request.metadata()).map_err(to_status)?;
        let pb::SubmitRulePackRevisionRequest { name, etag, .. } = request.into_inner();
        let how = (Step::Submit, SUBMIT);
        self.step(name, how, etag, String::new(), actor).await
    }

    async fn approve_rule_pack_revision(
        &self,
        request: Request<pb::ApproveRulePackRevisionRequest>,
    ) -> Answer<pb::RulePackRevision> {
        let actor = actor(request.metadata()).map_err(to_status)?;
        let pb::ApproveRulePackRevisionRequest { name, etag, .. } = request.into_inner();
        let how = (Step::Approve, APPROVE);
        self.step(name, how, etag, String::new(), actor).await
    }

    async fn refuse_rule_pack_revision(
        &self,
        request: Request<pb::RefuseRulePackRevisionRequest>,
    ) -> Answer<pb::RulePackRevision> {
        let actor = actor(request.metadata()).map_err(to_status)?;
        let pb::RefuseRulePackRevisionRequest { name, etag, reason, .. } = request.into_inner();
        let how = (Step::Refuse, REFUSE);
        self.step(name, how, etag, reason, actor).await
    }

    async fn activate_rule_pack_revision(
        &self,
        request: Request<pb::ActivateRulePackRevisionRequest>,
    ) -> Answer<pb::RulePackRevision> {
        let actor = actor(request.metadata()).map_err(to_status)?;
        let activated = self.activate(request.into_inner(), actor).await;
        activated.map(Response::new).map_err(to_status)
    }

    async fn rollback_rule_pack(
        &self,
        request: Request<pb::RollbackRulePackRequest>,
    ) -> Answer<pb::RulePackRevision> {
        let actor = actor(request.metadata()).map_err(to_status)?;
        let rollback = packs::rollback(request.into_inner(), actor, ROLLBACK).map_err(to_status)?;
        let jurisdiction = rollback.pack.jurisdiction.clone();
        let committed = self.app.roll_back(rollback).await.map_err(to_status)?;
        Ok(Response::new(packs::revision_with_text(&jurisdiction, committed)))
    }

    async fn get_effective_rule_pack(
        &self,
        request: Request<pb::GetEffectiveRulePackRequest>,
    ) -> Answer<pb::RulePackRevision> {
        distribution::effective(&self.app, request).await.map(Response::new).map_err(to_status)
    }

    async fn watch_rule_packs(
        &self,
        request: Request<pb::WatchRulePacksRequest>,
    ) -> Answer<Self::WatchRulePacksStream> {
        let watch = distribution::watch(&self.app, request.into_inner());
        watch.map(Response::new).map_err(to_status)
    }

    async fn adjust_rule_pack(
        &self,
        _: Request<pb::AdjustRulePackRequest>,
    ) -> Answer<pb::RulePackRevision> {
        Err(to_status(Error::NotBuilt { method: "AdjustRulePack" }))
    }

    async fn compare_rule_pack_revisions(
        &self,
        _: Request<pb::CompareRulePackRevisionsRequest>,
    ) -> Answer<pb::CompareRulePackRevisionsResponse> {
        Err(to_status(Error::NotBuilt { method: "CompareRulePackRevisions" }))
    }

    async fn rebase_rule_pack(
        &self,
        _: Request<pb::RebaseRulePackRequest>,
    ) -> Answer<pb::RebaseRulePackResponse> {
        Err(to_status(Error::NotBuilt { method: "RebaseRulePack" }))
    }

    async fn list_rule_pack_holders(
        &self,
        request: Request<pb::ListRulePackHoldersRequest>,
    ) -> Answer<pb::ListRulePackHoldersResponse> {
        let holders = distribution::holders(&self.app, request.into_inner());
        holders.await.map(Response::new).map_err(to_status)
    }

    async fn explain_deadline(
        &self,
        request: Request<pb::ExplainDeadlineRequest>,
    ) -> Answer<pb::ExplainDeadlineResponse> {
        let request = request.into_inner();
        deadlines::explain(&self.app, request).await.map(Response::new).map_err(to_status)
    }

    async fn verify_audit_entries(
        &self,
        request: Request<pb::VerifyAuditEntriesRequest>,
    ) -> Answer<pb::VerifyAuditEntriesResponse> {
        let request = request.into_inner();
        audit::verify(&self.app, request).await.map(Response::new).map_err(to_status)
    }

    async fn compute_deadline(
        &self,
        request: Request<pb::ComputeDeadlineRequest>,
    ) -> Answer<pb::ComputeDeadlineResponse> {
        let request = request.into_inner();
        deadlines::compute(&self.app, request).await.map(Response::new).map_err(to_status)
    }

    async fn list_audit_entries(
        &self,
        request: Request<pb::ListAuditEntriesRequest>,
    ) -> Answer<pb::ListAuditEntriesResponse> {
        audit::list(&self.app, request.into_inner()).await.map(Response::new).map_err(to_status)
    }
}

impl RulePackHandlers {
    async fn step(
        &self,
        name: String,
        (step, action): (Step, &'static str),
        etag: String,
        reason: String,
        actor: String,
    ) -> Answer<pb::RulePackRevision> {
        let mut errors = FieldErrors::default();
        let revision = errors.parse::<RulePackRevisionName>("name", &name);
        if step == Step::Refuse {
            require(&mut errors, "reason", &reason);
        }
        refuse_nul(&mut errors, "reason", &reason);
        errors.into_result().map_err(|errors| to_status(Error::Invalid(errors)))?;
        let revision = revision.expect("no error means a value");
        let jurisdiction = revision.jurisdiction.clone();
        let change = StateChange { revision, step, etag, reason, actor, action };
        let changed = self.app.change_state(change).await.map_err(to_status)?;
        Ok(Response::new(packs::revision_with_text(&jurisdiction, changed)))
    }

    async fn activate(
        &self,
        request: pb::ActivateRulePackRevisionRequest,
        actor: String,
    ) -> Result<pb::RulePackRevision, Error> {
        let mut errors = FieldErrors::default();
        let revision = errors.parse::<RulePackRevisionName>("name", &request.name);
        let active_from = errors.parse::<Month>("active_from", &request.active_from);
        errors.into_result()?;
        let revision = revision.expect("no error means a value");
        let jurisdiction = revision.jurisdiction.clone();
        let change = StateChange {
            revision,
            step: Step::Activate,
            etag: request.etag,
            reason: String::new(),
            actor,
            action: ACTIVATE,
        };
        let active_from = active_from.expect("no error means a value");
        let activated = self.app.activate(change, active_from).await?;
        Ok(packs::revision_with_text(&jurisdiction, activated))
    }

    async fn packs(
        &self,
        request: pb::ListRulePacksRequest,
    ) -> Result<pb::ListRulePacksResponse, Error> {
        let jurisdiction = convert::jurisdiction(&request.parent)?;
        let arguments = ["ListRulePacks", request.parent.as_str()];
        let page: Page<String> = Page::read(request.page_size, &request.page_token, &arguments)?;
        let after = page.after.clone().unwrap_or_default();
        let found = self.app.list_packs(&jurisdiction, &after, page.limit()).await?;
        let (items, next_page_token) = page.cut(found, |item| item.pack.to_string());
        let rule_packs = items.into_iter().map(|item| packs::pack(&jurisdiction, item)).collect();
        Ok(pb::ListRulePacksResponse { rule_packs, next_page_token })
    }

    async fn revisions(
        &self,
        request: pb::ListRulePackRevisionsRequest,
    ) -> Result<pb::ListRulePackRevisionsResponse, Error> {
        let name: RulePackName = convert::single("parent", &request.parent)?;
        let arguments = ["ListRulePackRevisions", request.parent.as_str()];
        let page = Page::read(request.page_size, &request.page_token, &arguments)?;
        let found = self.app.list_revisions(&name, page.after, page.limit()).await?;
        let (items, next_page_token) = page.cut(found, |item| item.revision);
        let convert = |item| packs::revision(&name.jurisdiction, item);
        let revisions = items.into_iter().map(convert).collect();
        Ok(pb::ListRulePackRevisionsResponse { revisions, next_page_token })
    }
}
