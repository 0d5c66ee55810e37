//! A running service of a test's own.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU64;

use chengping_chassis::CancellationToken;
use chengping_chassis::client::{self, TracedChannel};
use chengping_chassis::config::{
    CacheConfig, DatabaseConfig, ListenConfig, PeerConfig, TelemetryConfig,
};
use chengping_chassis::identity::IdentityConfig;
use chengping_chassis::serve::{Server, bind};
use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::registry_service_client::RegistryServiceClient;
use chengping_proto::rules::v1::rule_pack_service_client::RulePackServiceClient;
use chengping_rule_configuration::{Config, MIGRATOR, PacksConfig, SCHEMA, build};
use chengping_testing::TestDatabase;
use sqlx::{Connection as _, PgConnection, PgPool};
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt as _;

/// The jurisdiction of the tests.
pub(crate) const ZZ: &str = "jurisdictions/zz";
/// The pack of the tests.
pub(crate) const PACK: &str = "jurisdictions/zz/rulePacks/zz-2018";

/// What a test may want otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub four_eyes: bool,
    pub keep_alive_ms: u64,
    /// Long enough that a watch that passes lives on wake-ups, unless a test wants polling.
    pub poll_ms: u64,
    /// How long pointers are believed.
    pub pointer_ttl_ms: u64,
    pub holders_flush_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            four_eyes: false,
            keep_alive_ms: 15_000,
            poll_ms: 600_000,
            pointer_ttl_ms: 1_000,
            holders_flush_ms: 600_000,
        }
    }
}

/// A running service; its database goes with it.
pub(crate) struct Service {
    pub registry: RegistryServiceClient<TracedChannel>,
    pub packs: RulePackServiceClient<TracedChannel>,
    /// Connections with the rights of the service.
    pub pool: PgPool,
    pub shutdown: CancellationToken,
    pub database: TestDatabase,
    pub address: SocketAddr,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub(crate) async fn start() -> Service {
    start_with(Settings::default()).await
}

pub(crate) async fn start_with(settings: Settings) -> Service {
    let database = TestDatabase::new().await.unwrap();
    let pool = database.migrated(SCHEMA, SCHEMA, &MIGRATOR).await.unwrap();
    start_on(database, pool, settings).await
}

/// One more process on the same database.
pub(crate) async fn start_beside(
    service: &Service,
    settings: Settings,
) -> (RulePackServiceClient<TracedChannel>, CancellationToken) {
    let shutdown = CancellationToken::new();
    let address = serve(service.database.url_for(SCHEMA), settings, &shutdown).await;
    let channel = client::connect(&PeerConfig::at(address.to_string())).unwrap();
    (RulePackServiceClient::new(channel), shutdown)
}

async fn start_on(database: TestDatabase, pool: PgPool, settings: Settings) -> Service {
    let shutdown = CancellationToken::new();
    let address = serve(database.url_for(SCHEMA), settings, &shutdown).await;
    let channel = client::connect(&PeerConfig::at(address.to_string())).unwrap();
    Service {
        registry: RegistryServiceClient::new(channel.clone()),
        packs: RulePackServiceClient::new(channel),
        pool,
        shutdown,
        database,
        address,
    }
}

async fn serve(url: String, settings: Settings, shutdown: &CancellationToken) -> SocketAddr {
    serve_with(url, settings, IdentityConfig::off(), shutdown).await
}

/// As [`serve`], asking callers who they are as `identity` says.
pub(crate) async fn serve_with(
    url: String,
    settings: Settings,
    identity: IdentityConfig,
    shutdown: &CancellationToken,
) -> SocketAddr {
    let non_zero = |number| NonZeroU64::new(number).unwrap();
    let config = Config {
        four_eyes: settings.four_eyes,
        listen: ListenConfig {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            grace_ms: non_zero(1_000),
            ..ListenConfig::default()
        },
        identity,
        database: DatabaseConfig::at(url),
        cache: CacheConfig::default(),
        packs: PacksConfig {
            watch_poll_ms: non_zero(settings.poll_ms),
            watch_keep_alive_ms: non_zero(settings.keep_alive_ms),
            pointer_ttl_ms: settings.pointer_ttl_ms,
            holders_flush_ms: non_zero(settings.holders_flush_ms),
            ..PacksConfig::default()
        },
        telemetry: TelemetryConfig::default(),
    };
    let listener = bind(&config.listen).await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut server = Server::new(config.listen.clone());
    build(&config, &mut server, shutdown.clone()).await.unwrap();
    tokio::spawn(server.serve(listener, shutdown.clone()));
    address
}

impl Service {
    /// A connection that may do what the service may not.
    pub(crate) async fn admin(&self) -> PgConnection {
        PgConnection::connect(self.database.admin_url()).await.unwrap()
    }

    /// Imports batches of rows, each in a message of its own.
    pub(crate) async fn import(
        &mut self,
        batches: Vec<Vec<pb::RegistryRow>>,
        validate_only: bool,
    ) -> pb::ImportRegistryResponse {
        let messages: Vec<_> = batches
            .into_iter()
            .map(|rows| pb::ImportRegistryRequest {
                parent: ZZ.to_owned(),
                rows,
                validate_only,
                ..Default::default()
            })
            .collect();
        let messages = tokio_stream::iter(messages);
        self.registry.import_registry(messages).await.unwrap().into_inner()
    }

    /// Commits a text under the pack of the tests.
    pub(crate) async fn commit(&mut self, source: String) -> pb::RulePackRevision {
        let request = commit_request(source);
        self.packs.commit_rule_pack_revision(request).await.unwrap().into_inner()
    }

    /// Commits a text and takes it through its review.
    pub(crate) async fn approved(&mut self, source: String) -> pb::RulePackRevision {
        let name = self.commit(source).await.name;
        submit(&mut self.packs, &name, "local").await.unwrap();
        approve(&mut self.packs, &name, "local").await.unwrap().into_inner()
    }

    /// Commits a text, and puts it in force.
    pub(crate) async fn active(&mut self, source: String, from: &str) -> pb::RulePackRevision {
        let name = self.approved(source).await.name;
        activate(&mut self.packs, &name, from).await.unwrap().into_inner()
    }
}

type Answer = Result<Response<pb::RulePackRevision>, Status>;
pub(crate) type Packs = RulePackServiceClient<TracedChannel>;

pub(crate) async fn submit(packs: &mut Packs, name: &str, actor: &str) -> Answer {
    let request = pb::SubmitRulePackRevisionRequest { name: name.to_owned(), ..Default::default() };
    packs.submit_rule_pack_revision(by(actor, request)).await
}

pub(crate) async fn approve(packs: &mut Packs, name: &str, actor: &str) -> Answer {
    let request =
        pb::ApproveRulePackRevisionRequest { name: name.to_owned(), ..Default::default() };
    packs.approve_rule_pack_revision(by(actor, request)).await
}

pub(crate) async fn refuse(packs: &mut Packs, name: &str, actor: &str) -> Answer {
    let (name, reason) = (name.to_owned(), "not yet".to_owned());
    let request = pb::RefuseRulePackRevisionRequest { name, reason, ..Default::default() };
    packs.refuse_rule_pack_revision(by(actor, request)).await
}

pub(crate) async fn activate(packs: &mut Packs, name: &str, from: &str) -> Answer {
    let (name, active_from) = (name.to_owned(), from.to_owned());
    let request = pb::ActivateRulePackRevisionRequest { name, active_from, ..Default::default() };
    packs.activate_rule_pack_revision(request).await
}

/// A request with the name of who makes it.
pub(crate) fn by<T>(actor: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("x-actor", actor.parse().unwrap());
    request
}

pub(crate) fn commit_request(source: String) -> pb::CommitRulePackRevisionRequest {
    pb::CommitRulePackRevisionRequest { parent: PACK.to_owned(), source, ..Default::default() }
}

/// The pack that comes with the product, with a title of its own.
pub(crate) fn source(title: &str) -> String {
    let text = chengping_rules::builtin("zz-2018").unwrap();
    let title = format!("title: {{zh: 试行办法 {title}, en: trial}}");
    let line = text.lines().find(|line| line.starts_with("title:")).unwrap();
    text.replacen(line, &title, 1)
}

/// The code and reason of a refusal.
pub(crate) fn refusal(status: &Status) -> (Code, String) {
    let details = status.get_error_details();
    (status.code(), details.error_info().unwrap().reason.clone())
}

/// The values that a refusal names.
pub(crate) fn values(status: &Status) -> Vec<(String, String)> {
    let details = status.get_error_details();
    let metadata = &details.error_info().unwrap().metadata;
    let mut values: Vec<_> =
        metadata.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    values.sort();
    values
}

/// The fields that a refusal names.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details.bad_request().unwrap().field_violations.iter();
    violations.map(|violation| violation.field.clone()).collect()
}
