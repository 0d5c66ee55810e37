//! A running service of a test's own, and the calls that tests make of it.

use std::net::{Ipv4Addr, SocketAddr};

use chengping_chassis::CancellationToken;
use chengping_chassis::client::{self, TracedChannel};
use chengping_chassis::config::{CacheConfig, ListenConfig, PeerConfig};
use chengping_chassis::config::{DatabaseConfig, TelemetryConfig};
use chengping_chassis::serve::{Server, bind};
use chengping_proto::scoring::v1 as pb;
use chengping_proto::scoring::v1::download_evaluation_request::Document;
use chengping_proto::scoring::v1::evaluation_service_client::EvaluationServiceClient;
use chengping_scoring_service::{Config, LiveConfig, MIGRATOR, SCHEMA, build};
use chengping_testing::{FaultProxy, TestDatabase};
use sqlx::PgPool;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::city::APRIL;
use crate::peers::Peers;

/// The jurisdiction of the tests.
pub(crate) const ZZ: &str = "jurisdictions/zz";

pub(crate) type Client = EvaluationServiceClient<TracedChannel>;

/// A running service; its database goes with it.
pub(crate) struct Service {
    pub(crate) client: Client,
    pub(crate) peers: Peers,
    /// The way to the peers.
    pub(crate) network: FaultProxy,
    /// Connections with the rights of the service.
    pub(crate) pool: PgPool,
    pub(crate) database: TestDatabase,
    shutdown: CancellationToken,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub(crate) async fn start() -> Service {
    start_with(CacheConfig::default()).await
}

pub(crate) async fn start_with(cache: CacheConfig) -> Service {
    let database = TestDatabase::new().await.unwrap();
    let pool = database.migrated(SCHEMA, SCHEMA, &MIGRATOR).await.unwrap();
    let peers = Peers::new();
    let network = FaultProxy::start(peers.start().await).await.unwrap();
    let shutdown = CancellationToken::new();
    let client = serve(&database, network.address(), cache, &shutdown).await;
    Service { client, peers, network, pool, database, shutdown }
}

async fn serve(
    database: &TestDatabase,
    peers: SocketAddr,
    cache: CacheConfig,
    shutdown: &CancellationToken,
) -> Client {
    let config = Config {
        identity: chengping_chassis::identity::IdentityConfig::off(),
        listen: ListenConfig {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            ..ListenConfig::default()
        },
        database: DatabaseConfig::at(database.url_for(SCHEMA)),
        cache,
        telemetry: TelemetryConfig::default(),
        cases: PeerConfig::at(peers.to_string()),
        rules: PeerConfig::at(peers.to_string()),
        live: LiveConfig::default(),
    };
    let listener = bind(&config.listen).await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut server = Server::new(config.listen.clone());
    build(&config, &mut server, shutdown.clone()).await.unwrap();
    tokio::spawn(server.serve(listener, shutdown.clone()));
    let channel = client::connect(&PeerConfig::at(address.to_string())).unwrap();
    EvaluationServiceClient::new(channel)
}

/// Asks for an evaluation of April.
pub(crate) fn wish() -> pb::CreateEvaluationRequest {
    pb::CreateEvaluationRequest {
        parent: ZZ.to_owned(),
        evaluation: Some(pb::Evaluation { month: APRIL.to_owned(), ..Default::default() }),
        ..Default::default()
    }
}

impl Service {
    /// One more process on the same database, with the same peers, that remembers nothing.
    pub(crate) async fn beside(&self) -> Client {
        self.beside_with(CacheConfig::default()).await
    }

    pub(crate) async fn beside_with(&self, cache: CacheConfig) -> Client {
        serve(&self.database, self.network.address(), cache, &self.shutdown).await
    }

    pub(crate) async fn evaluate(&mut self) -> pb::Evaluation {
        self.client.create_evaluation(wish()).await.unwrap().into_inner()
    }

    pub(crate) async fn refused(&mut self, wish: pb::CreateEvaluationRequest) -> Status {
        self.client.create_evaluation(wish).await.unwrap_err()
    }

    pub(crate) async fn evaluations(&self) -> i64 {
        let count = sqlx::query_scalar("select count(*) from evaluation");
        count.fetch_one(&self.pool).await.unwrap()
    }
}

/// A document, put together.
pub(crate) async fn download(client: &mut Client, name: &str, document: Document) -> Vec<u8> {
    let name = name.to_owned();
    let request = pb::DownloadEvaluationRequest { name, document: document.into() };
    let mut parts = client.download_evaluation(request).await.unwrap().into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = parts.message().await.unwrap() {
        assert!(part.data.len() <= 1 << 20);
        bytes.extend(part.data);
    }
    bytes
}

pub(crate) async fn scorecard(client: &mut Client, evaluation: &str, body: &str) -> pb::Scorecard {
    let name = format!("{evaluation}/scorecards/{body}");
    client.get_scorecard(pb::GetScorecardRequest { name }).await.unwrap().into_inner()
}

/// The code and reason of a refusal.
pub(crate) fn refusal(status: &Status) -> (Code, String) {
    let details = status.get_error_details();
    (status.code(), details.error_info().unwrap().reason.clone())
}

/// The fields that a refusal names.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details.bad_request().unwrap().field_violations.iter();
    violations.map(|violation| violation.field.clone()).collect()
}
