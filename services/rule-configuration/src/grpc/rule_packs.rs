//! The rule-pack service.

use chengping_chassis::error::{FieldErrors, to_status};
use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::rule_pack_service_server::RulePackService;
use chengping_types::name::{JurisdictionName, RulePackName, RulePackRevisionName};
use tonic::{Request, Response, Status};

use super::convert::rule_pack as packs;
use super::convert::rule_pack_change as changes;
use super::convert::{self, require};
use super::distribution;
use super::page::Page;
use super::{actor, audit, deadlines};
use crate::app::{App, StateChange};
use crate::error::Error;

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
        let checked = self.app.check(&request.source).await.map_err(to_status)?;
        Ok(Response::new(packs::checked(checked)))
    }

    async fn commit_rule_pack_revision(
        &self,
        request: Request<pb::CommitRulePackRevisionRequest>,
    ) -> Answer<pb::RulePackRevision> {
        let actor = actor(request.metadata()).map_err(to_status)?;
        let commit = changes::commit(request.into_inner(), actor).map_err(to_status)?;
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
        let change = changes::submit(request.into_inner(), actor).map_err(to_status)?;
        self.step(change).await
    }

    async fn approve_rule_pack_revision(
        &self,
        request: Request<pb::ApproveRulePackRevisionRequest>,
    ) -> Answer<pb::RulePackRevision> {
        let actor = actor(request.metadata()).map_err(to_status)?;
        let change = changes::approve(request.into_inner(), actor).map_err(to_status)?;
        self.step(change).await
    }

    async fn refuse_rule_pack_revision(
        &self,
        request: Request<pb::RefuseRulePackRevisionRequest>,
    ) -> Answer<pb::RulePackRevision> {
        let actor = actor(request.metadata()).map_err(to_status)?;
        let change = changes::refuse(request.into_inner(), actor).map_err(to_status)?;
        self.step(change).await
    }

    async fn activate_rule_pack_revision(
        &self,
        request: Request<pb::ActivateRulePackRevisionRequest>,
    ) -> Answer<pb::RulePackRevision> {
        let actor = actor(request.metadata()).map_err(to_status)?;
        let wanted = changes::activate(request.into_inner(), actor).map_err(to_status)?;
        let jurisdiction = wanted.change.revision.jurisdiction.clone();
        let activated = self.app.activate(wanted).await.map_err(to_status)?;
        Ok(Response::new(packs::revision_with_text(&jurisdiction, activated)))
    }

    async fn rollback_rule_pack(
        &self,
        request: Request<pb::RollbackRulePackRequest>,
    ) -> Answer<pb::RulePackRevision> {
        let actor = actor(request.metadata()).map_err(to_status)?;
        let rollback = changes::rollback(request.into_inner(), actor).map_err(to_status)?;
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
        request: Request<pb::AdjustRulePackRequest>,
    ) -> Answer<pb::RulePackRevision> {
        let actor = actor(request.metadata()).map_err(to_status)?;
        let adjust = changes::adjust(request.into_inner(), actor).map_err(to_status)?;
        let jurisdiction = adjust.revision.jurisdiction.clone();
        let adjusted = self.app.adjust(adjust).await.map_err(to_status)?;
        Ok(Response::new(packs::revision_with_text(&jurisdiction, adjusted)))
    }

    async fn compare_rule_pack_revisions(
        &self,
        request: Request<pb::CompareRulePackRevisionsRequest>,
    ) -> Answer<pb::CompareRulePackRevisionsResponse> {
        let [before, after] = changes::compare(request.get_ref()).map_err(to_status)?;
        let differences = self.app.compare(&before, &after).await.map_err(to_status)?;
        Ok(Response::new(packs::compared(differences)))
    }

    async fn rebase_rule_pack(
        &self,
        request: Request<pb::RebaseRulePackRequest>,
    ) -> Answer<pb::RebaseRulePackResponse> {
        let actor = actor(request.metadata()).map_err(to_status)?;
        let rebase = changes::rebase(request.into_inner(), actor).map_err(to_status)?;
        let jurisdiction = rebase.pack.jurisdiction.clone();
        let rebased = self.app.rebase(rebase).await.map_err(to_status)?;
        Ok(Response::new(packs::rebased(&jurisdiction, rebased)))
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
    async fn step(&self, change: StateChange) -> Answer<pb::RulePackRevision> {
        let jurisdiction = change.revision.jurisdiction.clone();
        let changed = self.app.change_state(change).await.map_err(to_status)?;
        Ok(Response::new(packs::revision_with_text(&jurisdiction, changed)))
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
