//! A running service with a database of its own and a registry in the test.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use chengping_case_ingestion::{Config, IntakeConfig, MIGRATOR, RetentionConfig, SCHEMA, build};
use chengping_chassis::CancellationToken;
use chengping_chassis::config::{DatabaseConfig, ListenConfig, PeerConfig, TelemetryConfig};
use chengping_chassis::identity::IdentityConfig;
use chengping_chassis::serve::{self, Server};
use chengping_proto::cases::v1 as pb;
use chengping_proto::cases::v1::archive_service_client::ArchiveServiceClient;
use chengping_proto::cases::v1::case_service_client::CaseServiceClient;
use chengping_proto::cases::v1::reject_service_client::RejectServiceClient;
use chengping_proto::cases::v1::snapshot_service_client::SnapshotServiceClient;
use chengping_proto::rules::v1 as rules;
use chengping_proto::rules::v1::registry_service_server::{RegistryService, RegistryServiceServer};
use chengping_testing::TestDatabase;
use chengping_types::DeadlineRules;
use futures_util::Stream;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt as _;

/// The jurisdiction of most tests.
pub(crate) const ZZ: &str = "jurisdictions/zz";
/// The bodies that the registry has from the start.
const BODIES: [&str; 6] = ["c01", "c02", "sup1", "cmd1", "b01", "b02"];
/// Messages of tests may be as large as the service allows.
const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// A running service.
pub(crate) struct Harness {
    pub(crate) cases: CaseServiceClient<Channel>,
    pub(crate) rejects: RejectServiceClient<Channel>,
    pub(crate) snapshots: SnapshotServiceClient<Channel>,
    pub(crate) archives: ArchiveServiceClient<Channel>,
    pub(crate) registry: FakeRegistry,
    pub(crate) database: TestDatabase,
    registry_address: SocketAddr,
    /// Asks the service to stop.
    pub(crate) shutdown: CancellationToken,
    registry_shutdown: CancellationToken,
}

impl Harness {
    pub(crate) async fn start() -> Self {
        let registry = FakeRegistry::default();
        let registry_shutdown = CancellationToken::new();
        let registry_address = registry.clone().serve(registry_shutdown.clone()).await;
        let mut harness = Self::start_with(registry_address).await;
        harness.registry = registry;
        harness.registry_shutdown = registry_shutdown;
        harness
    }

    /// Starts with a rule-configuration at that address, be there one or not.
    pub(crate) async fn start_with(registry: SocketAddr) -> Self {
        Self::start_limited(registry, IntakeConfig::default(), DatabaseConfig::default()).await
    }

    /// As [`start`](Self::start), with these limits.
    pub(crate) async fn limited(intake: IntakeConfig) -> Self {
        Self::configured(intake, DatabaseConfig::default()).await
    }

    /// As [`start`](Self::start), with what these say but where the database is.
    pub(crate) async fn configured(intake: IntakeConfig, config: DatabaseConfig) -> Self {
        let (registry, shutdown) = (FakeRegistry::default(), CancellationToken::new());
        let address = registry.clone().serve(shutdown.clone()).await;
        let mut harness = Self::start_limited(address, intake, config).await;
        harness.registry = registry;
        harness.registry_shutdown = shutdown;
        harness
    }

    async fn start_limited(
        registry: SocketAddr,
        intake: IntakeConfig,
        config: DatabaseConfig,
    ) -> Self {
        let database = TestDatabase::new().await.unwrap();
        database.migrated(SCHEMA, SCHEMA, &MIGRATOR).await.unwrap().close().await;
        let shutdown = CancellationToken::new();
        let url = DatabaseConfig::at(database.url_for(SCHEMA)).url;
        let config = DatabaseConfig { url, ..config };
        let channel = serve_cases(config, registry, intake, shutdown.clone()).await;
        Self {
            cases: CaseServiceClient::new(channel.clone())
                .max_decoding_message_size(MESSAGE_BYTES_MAX),
            rejects: RejectServiceClient::new(channel.clone())
                .max_decoding_message_size(MESSAGE_BYTES_MAX),
            snapshots: SnapshotServiceClient::new(channel.clone()),
            archives: ArchiveServiceClient::new(channel),
            registry: FakeRegistry::default(),
            database,
            registry_address: registry,
            shutdown,
            registry_shutdown: CancellationToken::new(),
        }
    }

    /// Another process on the same database, as far as the service can tell.
    pub(crate) async fn beside(&self) -> CaseServiceClient<Channel> {
        let shutdown = self.shutdown.clone();
        let (registry, intake) = (self.registry_address, IntakeConfig::default());
        let database = DatabaseConfig::at(self.database.url_for(SCHEMA));
        let channel = serve_cases(database, registry, intake, shutdown).await;
        CaseServiceClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    pub(crate) async fn take_cases(&self, cases: &[pb::Case]) -> pb::BatchCreateCasesResponse {
        let records = cases.iter().cloned().map(|case| record(Some(case))).collect();
        let request = pb::BatchCreateCasesRequest { parent: ZZ.to_owned(), records };
        self.cases.clone().batch_create_cases(request).await.unwrap().into_inner()
    }

    pub(crate) async fn take_events(&self, events: &[pb::Event]) -> pb::BatchCreateEventsResponse {
        let records = events
            .iter()
            .cloned()
            .map(|event| pb::EventRecord { event: Some(event), position: None })
            .collect();
        self.take_event_records(records).await
    }

    pub(crate) async fn take_event_records(
        &self,
        records: Vec<pb::EventRecord>,
    ) -> pb::BatchCreateEventsResponse {
        let request = pb::BatchCreateEventsRequest { parent: ZZ.to_owned(), records };
        self.cases.clone().batch_create_events(request).await.unwrap().into_inner()
    }

    /// The rejects of a state.
    pub(crate) async fn rejects(&self, state: pb::reject::State) -> Vec<pb::Reject> {
        let request = pb::ListRejectsRequest {
            parent: ZZ.to_owned(),
            page_size: 1_000,
            state: state.into(),
            ..pb::ListRejectsRequest::default()
        };
        self.rejects.clone().list_rejects(request).await.unwrap().into_inner().rejects
    }

    /// The codes of the open rejects, sorted.
    pub(crate) async fn open_codes(&self) -> Vec<String> {
        let rejects = self.rejects(pb::reject::State::Open).await;
        let mut codes: Vec<_> = rejects.into_iter().map(|reject| reject.code).collect();
        codes.sort();
        codes
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        self.shutdown.cancel();
        self.registry_shutdown.cancel();
    }
}

async fn serve_cases(
    database: DatabaseConfig,
    registry: SocketAddr,
    intake: IntakeConfig,
    shutdown: CancellationToken,
) -> Channel {
    let config = Config {
        listen: free_address(),
        identity: IdentityConfig::off(),
        database,
        rules: PeerConfig::at(registry.to_string()),
        intake,
        retention: RetentionConfig::default(),
        telemetry: TelemetryConfig::default(),
    };
    let mut server = Server::new(config.listen.clone());
    build(&config, &mut server, shutdown.clone()).await.unwrap();
    connect(spawn(server, &config.listen, shutdown).await).await
}

fn record(case: Option<pb::Case>) -> pb::CaseRecord {
    pb::CaseRecord { case, position: None }
}

fn free_address() -> ListenConfig {
    ListenConfig { address: SocketAddr::from(([127, 0, 0, 1], 0)), ..ListenConfig::default() }
}

async fn spawn(server: Server, listen: &ListenConfig, shutdown: CancellationToken) -> SocketAddr {
    let listener = serve::bind(listen).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(server.serve(listener, shutdown));
    address
}

async fn connect(address: SocketAddr) -> Channel {
    let endpoint = format!("http://{address}");
    Channel::from_shared(endpoint).unwrap().connect().await.unwrap()
}

/// The code and the reason of an error, and its metadata.
pub(crate) fn reason(status: &Status) -> (Code, String) {
    let details = status.get_error_details();
    let info = details.error_info().expect("every error has its reason");
    assert_eq!(info.domain, "chengping");
    (status.code(), info.reason.clone())
}

/// A value of an error's metadata.
pub(crate) fn metadata(status: &Status, key: &str) -> String {
    status.get_error_details().error_info().unwrap().metadata[key].clone()
}

/// The fields at fault.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|bad| bad.field_violations.clone());
    violations.unwrap_or_default().into_iter().map(|violation| violation.field).collect()
}

/// A registry with bodies only.
#[derive(Clone)]
pub(crate) struct FakeRegistry {
    bodies: Arc<Mutex<Vec<String>>>,
    revision: Arc<AtomicI64>,
    exports: Arc<AtomicI64>,
    rules: Arc<Mutex<rules::DeadlineRules>>,
    rules_asked: Arc<AtomicI64>,
}

impl Default for FakeRegistry {
    fn default() -> Self {
        let bodies = BODIES.map(str::to_owned).to_vec();
        Self {
            bodies: Arc::new(Mutex::new(bodies)),
            revision: Arc::new(AtomicI64::new(1)),
            exports: Arc::default(),
            rules: Arc::default(),
            rules_asked: Arc::default(),
        }
    }
}

impl FakeRegistry {
    /// Adds a body, in a new revision.
    pub(crate) fn add(&self, body: &str) {
        self.bodies.lock().unwrap().push(body.to_owned());
        self.revision.fetch_add(1, Ordering::SeqCst);
    }

    /// Has no registry at all.
    pub(crate) fn forget(&self) {
        self.revision.store(0, Ordering::SeqCst);
    }

    /// Has these rows to compute deadlines from.
    pub(crate) fn set_rules(&self, rows: &DeadlineRules, time_zone: &str) {
        let DeadlineRules { working_hours, calendar, filing_conditions } = rows;
        assert!(working_hours.is_empty(), "not needed here");
        let days = calendar.iter().map(|day| rules::CalendarDay {
            date: day.date.to_string(),
            kind: day.kind.code().into(),
            display_name: day.name.clone(),
        });
        let limits = filing_conditions.iter().map(|row| rules::FilingLimit {
            condition_id: row.condition_id.clone(),
            category_scheme: row.category_scheme.clone(),
            category_code: row.category_code.clone(),
            limit: row.limit.value.to_string(),
            unit: row.limit.unit.to_string(),
            valid_from: row.valid_from.to_string(),
            ..rules::FilingLimit::default()
        });
        *self.rules.lock().unwrap() = rules::DeadlineRules {
            digest: rows.digest().to_string(),
            time_zone: time_zone.to_owned(),
            working_hours: Vec::new(),
            calendar_days: days.collect(),
            filing_limits: limits.collect(),
        };
    }

    /// How often the deadline rules were read.
    pub(crate) fn rules_asked(&self) -> i64 {
        self.rules_asked.load(Ordering::SeqCst)
    }

    /// How often the registry was read.
    pub(crate) fn exports(&self) -> i64 {
        self.exports.load(Ordering::SeqCst)
    }

    /// Serves until `shutdown`, and tells where.
    pub(crate) async fn serve(self, shutdown: CancellationToken) -> SocketAddr {
        let listen = free_address();
        let mut server = Server::new(listen.clone());
        server.add_service(RegistryServiceServer::new(self));
        spawn(server, &listen, shutdown).await
    }

    fn current(&self) -> rules::RegistryRevision {
        let revision = self.revision.load(Ordering::SeqCst);
        rules::RegistryRevision {
            name: format!("{ZZ}/registryRevisions/{revision}"),
            revision,
            ..rules::RegistryRevision::default()
        }
    }
}

type Rows = Pin<Box<dyn Stream<Item = Result<rules::ExportRegistryResponse, Status>> + Send>>;

macro_rules! not_needed {
    ($($method:ident: $request:ty => $response:ty;)+) => {
        #[tonic::async_trait]
        impl RegistryService for FakeRegistry {
            type ExportRegistryStream = Rows;

            async fn get_registry_revision(
                &self,
                request: Request<rules::GetRegistryRevisionRequest>,
            ) -> Result<Response<rules::RegistryRevision>, Status> {
                assert!(request.into_inner().name.ends_with("/registryRevisions/current"));
                if self.current().revision == 0 {
                    return Err(Status::not_found("no registry"));
                }
                Ok(Response::new(self.current()))
            }

            async fn export_registry(
                &self,
                request: Request<rules::ExportRegistryRequest>,
            ) -> Result<Response<Rows>, Status> {
                assert_eq!(request.into_inner().name, self.current().name);
                self.exports.fetch_add(1, Ordering::SeqCst);
                let bodies = self.bodies.lock().unwrap().clone();
                let rows = bodies.into_iter().map(|body_id| rules::RegistryRow {
                    content: Some(rules::registry_row::Content::Body(rules::Body {
                        body_id,
                        ..rules::Body::default()
                    })),
                    ..rules::RegistryRow::default()
                });
                let part = rules::ExportRegistryResponse {
                    registry_revision: Some(self.current()),
                    rows: rows.collect(),
                };
                Ok(Response::new(Box::pin(tokio_stream::iter([Ok(part)]))))
            }

            async fn get_deadline_rules(
                &self,
                request: Request<rules::GetDeadlineRulesRequest>,
            ) -> Result<Response<rules::DeadlineRules>, Status> {
                assert!(request.into_inner().parent.starts_with("jurisdictions/"));
                self.rules_asked.fetch_add(1, Ordering::SeqCst);
                Ok(Response::new(self.rules.lock().unwrap().clone()))
            }

            $(async fn $method(
                &self,
                _: Request<$request>,
            ) -> Result<Response<$response>, Status> {
                Err(Status::unimplemented("not needed here"))
            })+
        }
    };
}

not_needed! {
    import_registry: tonic::Streaming<rules::ImportRegistryRequest> =>
        rules::ImportRegistryResponse;
    list_registry_revisions: rules::ListRegistryRevisionsRequest =>
        rules::ListRegistryRevisionsResponse;
    get_body: rules::GetBodyRequest => rules::Body;
    list_bodies: rules::ListBodiesRequest => rules::ListBodiesResponse;
    update_body: rules::UpdateBodyRequest => rules::Body;
    list_areas: rules::ListAreasRequest => rules::ListAreasResponse;
    list_coefficients: rules::ListCoefficientsRequest => rules::ListCoefficientsResponse;
    list_categories: rules::ListCategoriesRequest => rules::ListCategoriesResponse;
    get_work_calendar: rules::GetWorkCalendarRequest => rules::WorkCalendar;
    update_work_calendar: rules::UpdateWorkCalendarRequest => rules::WorkCalendar;
    remove_registry_rows: rules::RemoveRegistryRowsRequest => rules::RegistryChange;
    merge_bodies: rules::MergeBodiesRequest => rules::RegistryChange;
    compare_registry_revisions: rules::CompareRegistryRevisionsRequest =>
        rules::CompareRegistryRevisionsResponse;
}
