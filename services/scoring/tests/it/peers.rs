//! The services that scoring reads from, as a test wants them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};

use chengping_casework::columns::{FactColumns, Form};
use chengping_casework::{Fact, move_columns};
use chengping_proto::cases::v1 as cases;
use chengping_proto::cases::v1::snapshot_service_server::{SnapshotService, SnapshotServiceServer};
use chengping_proto::rules::v1 as rules;
use chengping_proto::rules::v1::registry_row::Content;
use chengping_proto::rules::v1::registry_service_server::{RegistryService, RegistryServiceServer};
use chengping_proto::rules::v1::rule_pack_service_server::{
    RulePackService, RulePackServiceServer,
};
use chengping_types::registry::Registry;
use chengping_types::{Digest, canonical};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::city;

/// The one revision of the pack that there is.
pub(crate) const PACK: &str = "jurisdictions/zz/rulePacks/zz-2018/revisions/3";

type Answer<T> = Result<Response<T>, Status>;
type Parts<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// All peers, cheap to clone.
#[derive(Clone)]
pub(crate) struct Peers(Arc<Mutex<Known>>);

/// What they know, and what they were asked.
pub(crate) struct Known {
    /// None: no pack is in force.
    pub(crate) pack: Option<rules::RulePackRevision>,
    /// None: nothing was imported.
    pub(crate) registry: Option<Registry>,
    /// By month.
    pub(crate) facts: BTreeMap<String, Vec<cases::FactBatch>>,
    /// Streams of facts stay open behind the last batch.
    pub(crate) hold: bool,
    /// The code that every call for a snapshot fails with.
    pub(crate) failure: Option<Code>,
    pub(crate) asked: Vec<cases::StreamFactsRequest>,
    pub(crate) snapshots: usize,
    /// How many records were accepted.
    pub(crate) watermark: i64,
}

impl Peers {
    /// A pack, a registry, and two months.
    pub(crate) fn new() -> Self {
        let pack = city::pack();
        let facts = [(city::MARCH, 150), (city::APRIL, 300)].map(|(month, number)| {
            let facts = city::facts(month, number);
            (month.to_owned(), facts.chunks(70).map(batch).collect())
        });
        Self(Arc::new(Mutex::new(Known {
            pack: Some(rules::RulePackRevision {
                name: PACK.to_owned(),
                revision: 3,
                digest: pack.digest().to_string(),
                canonical: pack.canonical(),
                ..Default::default()
            }),
            registry: Some(city::registry()),
            facts: facts.into(),
            hold: false,
            failure: None,
            asked: Vec::new(),
            snapshots: 0,
            watermark: 450,
        })))
    }

    pub(crate) fn know(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap()
    }

    pub(crate) async fn start(&self) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tonic::transport::Server::builder()
            .add_service(SnapshotServiceServer::new(self.clone()))
            .add_service(RegistryServiceServer::new(self.clone()))
            .add_service(RulePackServiceServer::new(self.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        address
    }
}

/// Facts as columns.
pub(crate) fn batch(facts: &[Fact]) -> cases::FactBatch {
    move_columns!(FactColumns::of(facts, Form::default()) => cases::FactBatch)
}

/// Methods that scoring does not call.
macro_rules! never_called {
    ($($method:ident: $request:ty => $answer:ty;)+) => {
        $(fn $method<'service, 'call>(
            &'service self,
            _: Request<$request>,
        ) -> Pin<Box<dyn Future<Output = Answer<$answer>> + Send + 'call>>
        where
            'service: 'call,
            Self: 'call,
        {
            Box::pin(async { Err(Status::unimplemented("a fake")) })
        })+
    };
}

#[tonic::async_trait]
impl SnapshotService for Peers {
    type StreamFactsStream = Parts<cases::StreamFactsResponse>;
    type StreamRecordsStream = Parts<cases::StreamRecordsResponse>;

    async fn create_snapshot(
        &self,
        request: Request<cases::CreateSnapshotRequest>,
    ) -> Answer<cases::Snapshot> {
        let request = request.into_inner();
        let mut known = self.know();
        known.snapshots += 1;
        if let Some(code) = known.failure {
            return Err(Status::new(code, "a secret of the peer"));
        }
        Ok(Response::new(cases::Snapshot {
            name: format!("{}/snapshots/s1", request.parent),
            watermark: known.watermark,
            digest: Digest::of(b"snapshot").to_string(),
            open_reject_count: 7,
            ..request.snapshot.unwrap()
        }))
    }

    async fn stream_facts(
        &self,
        request: Request<cases::StreamFactsRequest>,
    ) -> Answer<Self::StreamFactsStream> {
        let request = request.into_inner();
        let mut known = self.know();
        let further = request.further_months.iter().map(|view| &view.month);
        let mut batches = Vec::new();
        for month in std::iter::once(&request.month).chain(further) {
            batches.extend(known.facts.get(month).into_iter().flatten().map(|batch| {
                let batch = Some(batch.clone());
                let month = month.clone();
                Ok(cases::StreamFactsResponse { batch, month, is_former: false })
            }));
        }
        known.asked.push(request);
        let batches = stream::iter(batches);
        Ok(Response::new(if known.hold {
            batches.chain(stream::pending()).boxed()
        } else {
            batches.boxed()
        }))
    }

    never_called! {
        stream_records: cases::StreamRecordsRequest => Self::StreamRecordsStream;
        get_snapshot: cases::GetSnapshotRequest => cases::Snapshot;
        list_snapshots: cases::ListSnapshotsRequest => cases::ListSnapshotsResponse;
        verify_snapshot: cases::VerifySnapshotRequest => cases::VerifySnapshotResponse;
        rebuild_case_files: cases::RebuildCaseFilesRequest => cases::RebuildCaseFilesResponse;
    }
}

fn rows(registry: &Registry) -> Vec<rules::RegistryRow> {
    let kind = |prefix: &str, word: &str| format!("{prefix}_{}", word.to_ascii_uppercase());
    let zone = |zone: &str| rules::Zone::from_str_name(&kind("ZONE", zone)).unwrap().into();
    let bodies = registry.bodies.iter().map(|body| {
        Content::Body(rules::Body {
            body_id: body.body_id.to_string(),
            kind: rules::BodyKind::from_str_name(&kind("BODY_KIND", body.kind.as_str()))
                .unwrap()
                .into(),
            display_name: body.name.clone(),
            valid_from: body.valid_from.to_string(),
            ..Default::default()
        })
    });
    let areas = registry.areas.iter().map(|area| {
        Content::Area(rules::Area {
            area_code: area.area_code.clone(),
            kind: rules::AreaKind::RoadSection.into(),
            display_name: area.name.clone(),
            district: area.district.as_ref().map(ToString::to_string).unwrap_or_default(),
            zone: zone(area.zone.as_str()),
            valid_from: area.valid_from.to_string(),
            ..Default::default()
        })
    });
    let coefficients = registry.coefficients.iter().map(|row| {
        Content::Coefficient(rules::Coefficient {
            body_id: row.body_id.to_string(),
            zone: zone(row.zone.as_str()),
            road_sections: i32::try_from(row.road_sections).unwrap(),
            difficulty: row.difficulty.to_string(),
            valid_from: row.valid_from.to_string(),
            approved_by: row.approved_by.clone(),
            reason: row.reason.clone(),
            area_km2: row.area_km2.as_ref().map(ToString::to_string).unwrap_or_default(),
            population: row.population.map(i64::from),
            grid_class: row.grid_class.map(|class| class.code().into()).unwrap_or_default(),
        })
    });
    let contents = bodies.chain(areas).chain(coefficients);
    let row = |content| rules::RegistryRow { content: Some(content), ..Default::default() };
    contents.map(row).collect()
}

impl Peers {
    fn registry(&self) -> Result<(Registry, rules::RegistryRevision), Status> {
        let registry = self.know().registry.clone();
        let registry = registry.ok_or_else(|| Status::not_found("nothing was imported"))?;
        let revision = rules::RegistryRevision {
            name: "jurisdictions/zz/registryRevisions/5".to_owned(),
            revision: 5,
            digest: canonical::digest(&registry).unwrap().to_string(),
            ..Default::default()
        };
        Ok((registry, revision))
    }

    fn pack(&self) -> Answer<rules::RulePackRevision> {
        let pack = self.know().pack.clone();
        pack.map(Response::new).ok_or_else(|| Status::not_found("nothing is in force"))
    }
}

#[tonic::async_trait]
impl RegistryService for Peers {
    type ExportRegistryStream = Parts<rules::ExportRegistryResponse>;

    async fn export_registry(
        &self,
        _: Request<rules::ExportRegistryRequest>,
    ) -> Answer<Self::ExportRegistryStream> {
        let (registry, revision) = self.registry()?;
        let head = rules::ExportRegistryResponse {
            registry_revision: Some(revision),
            ..Default::default()
        };
        let rows = rules::ExportRegistryResponse { rows: rows(&registry), ..Default::default() };
        Ok(Response::new(stream::iter([Ok(head), Ok(rows)]).boxed()))
    }

    async fn get_registry_revision(
        &self,
        _: Request<rules::GetRegistryRevisionRequest>,
    ) -> Answer<rules::RegistryRevision> {
        self.registry().map(|(_, revision)| Response::new(revision))
    }

    never_called! {
        import_registry: Streaming<rules::ImportRegistryRequest> => rules::ImportRegistryResponse;
        list_registry_revisions:
            rules::ListRegistryRevisionsRequest => rules::ListRegistryRevisionsResponse;
        get_body: rules::GetBodyRequest => rules::Body;
        list_bodies: rules::ListBodiesRequest => rules::ListBodiesResponse;
        update_body: rules::UpdateBodyRequest => rules::Body;
        list_areas: rules::ListAreasRequest => rules::ListAreasResponse;
        list_coefficients: rules::ListCoefficientsRequest => rules::ListCoefficientsResponse;
        list_categories: rules::ListCategoriesRequest => rules::ListCategoriesResponse;
        get_deadline_rules: rules::GetDeadlineRulesRequest => rules::DeadlineRules;
        get_work_calendar: rules::GetWorkCalendarRequest => rules::WorkCalendar;
        update_work_calendar: rules::UpdateWorkCalendarRequest => rules::WorkCalendar;
        remove_registry_rows: rules::RemoveRegistryRowsRequest => rules::RegistryChange;
        merge_bodies: rules::MergeBodiesRequest => rules::RegistryChange;
        compare_registry_revisions: rules::CompareRegistryRevisionsRequest =>
            rules::CompareRegistryRevisionsResponse;
    }
}

#[tonic::async_trait]
impl RulePackService for Peers {
    type WatchRulePacksStream = Parts<rules::WatchRulePacksResponse>;

    async fn get_effective_rule_pack(
        &self,
        _: Request<rules::GetEffectiveRulePackRequest>,
    ) -> Answer<rules::RulePackRevision> {
        self.pack()
    }

    async fn get_rule_pack_revision(
        &self,
        _: Request<rules::GetRulePackRevisionRequest>,
    ) -> Answer<rules::RulePackRevision> {
        self.pack()
    }

    never_called! {
        validate_rule_pack: rules::ValidateRulePackRequest => rules::ValidateRulePackResponse;
        commit_rule_pack_revision: rules::CommitRulePackRevisionRequest => rules::RulePackRevision;
        get_rule_pack: rules::GetRulePackRequest => rules::RulePack;
        list_rule_packs: rules::ListRulePacksRequest => rules::ListRulePacksResponse;
        list_rule_pack_revisions:
            rules::ListRulePackRevisionsRequest => rules::ListRulePackRevisionsResponse;
        submit_rule_pack_revision: rules::SubmitRulePackRevisionRequest => rules::RulePackRevision;
        approve_rule_pack_revision:
            rules::ApproveRulePackRevisionRequest => rules::RulePackRevision;
        refuse_rule_pack_revision: rules::RefuseRulePackRevisionRequest => rules::RulePackRevision;
        activate_rule_pack_revision:
            rules::ActivateRulePackRevisionRequest => rules::RulePackRevision;
        rollback_rule_pack: rules::RollbackRulePackRequest => rules::RulePackRevision;
        watch_rule_packs: rules::WatchRulePacksRequest => Self::WatchRulePacksStream;
        adjust_rule_pack: rules::AdjustRulePackRequest => rules::RulePackRevision;
        compare_rule_pack_revisions: rules::CompareRulePackRevisionsRequest =>
            rules::CompareRulePackRevisionsResponse;
        rebase_rule_pack: rules::RebaseRulePackRequest => rules::RebaseRulePackResponse;
        list_rule_pack_holders:
            rules::ListRulePackHoldersRequest => rules::ListRulePackHoldersResponse;
        compute_deadline: rules::ComputeDeadlineRequest => rules::ComputeDeadlineResponse;
        explain_deadline: rules::ExplainDeadlineRequest => rules::ExplainDeadlineResponse;
        verify_audit_entries: rules::VerifyAuditEntriesRequest => rules::VerifyAuditEntriesResponse;
        list_audit_entries: rules::ListAuditEntriesRequest => rules::ListAuditEntriesResponse;
    }
}
