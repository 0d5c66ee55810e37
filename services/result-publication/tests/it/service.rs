//! A running service of a test's own.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU64;
use std::sync::Arc;

use chengping_chassis::CancellationToken;
use chengping_chassis::client::{self, TracedChannel};
use chengping_chassis::config::{DatabaseConfig, ListenConfig, PeerConfig, TelemetryConfig};
use chengping_chassis::identity::IdentityConfig;
use chengping_chassis::serve::{Server, bind};
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::annual_service_client::AnnualServiceClient;
use chengping_proto::publication::v1::bulletin_service_client::BulletinServiceClient;
use chengping_proto::publication::v1::district_report_service_client::DistrictReportServiceClient;
use chengping_proto::publication::v1::inquiry_service_client::InquiryServiceClient;
use chengping_proto::publication::v1::ledger_service_client::LedgerServiceClient;
use chengping_proto::publication::v1::webhook_service_client::WebhookServiceClient;
use chengping_result_publication::{
    Config, KeysConfig, MIGRATOR, PublicationConfig, SCHEMA, WatchConfig, WebhooksConfig, build,
};
use chengping_testing::TestDatabase;
use sqlx::PgPool;
use tempfile::TempDir;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::peers::Fakes;
use crate::scoring::Scoring;

/// The jurisdiction of the tests.
pub(crate) const ZZ: &str = "jurisdictions/zz";

/// What a test may want otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) require_notice: bool,
    pub(crate) four_eyes: bool,
    /// Days of notice before objections are taken.
    pub(crate) notice_days: &'static str,
    /// Long enough that a watch that passes lives on wake-ups, unless a test wants polling.
    pub(crate) poll_ms: u64,
    /// How often a webhook is tried.
    pub(crate) attempts_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            require_notice: false,
            four_eyes: false,
            notice_days: "0",
            poll_ms: 600_000,
            attempts_max: 3,
        }
    }
}

/// A running service; its database and keys go with it.
pub(crate) struct Service {
    pub(crate) bulletins: BulletinServiceClient<TracedChannel>,
    pub(crate) ledger: LedgerServiceClient<TracedChannel>,
    pub(crate) inquiries: InquiryServiceClient<TracedChannel>,
    /// The calendar and the cases.
    pub(crate) fakes: Fakes,
    pub(crate) channel: TracedChannel,
    pub(crate) scoring: Scoring,
    /// Connections with the rights of the service.
    pub(crate) pool: PgPool,
    pub(crate) database: Arc<TestDatabase>,
    pub(crate) shutdown: CancellationToken,
    scoring_address: SocketAddr,
    fakes_address: SocketAddr,
    keys: TempDir,
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
    let scoring = Scoring::default();
    let scoring_address = scoring.start().await;
    let fakes = Fakes::default();
    let fakes_address = fakes.start().await;
    let peers = (scoring, scoring_address, fakes, fakes_address);
    start_on(Arc::new(database), pool, peers, settings).await
}

async fn start_on(
    database: Arc<TestDatabase>,
    pool: PgPool,
    (scoring, scoring_address, fakes, fakes_address): (Scoring, SocketAddr, Fakes, SocketAddr),
    settings: Settings,
) -> Service {
    let keys = tempfile::tempdir().unwrap();
    let shutdown = CancellationToken::new();
    let addresses = (scoring_address, fakes_address);
    let channel = serve(&config(&database, addresses, &keys, settings), &shutdown).await;
    Service {
        bulletins: BulletinServiceClient::new(channel.clone()),
        ledger: LedgerServiceClient::new(channel.clone()),
        inquiries: InquiryServiceClient::new(channel.clone()),
        fakes,
        fakes_address,
        channel,
        scoring,
        pool,
        database,
        shutdown,
        scoring_address,
        keys,
    }
}

fn config(
    database: &TestDatabase,
    (scoring, fakes): (SocketAddr, SocketAddr),
    keys: &TempDir,
    settings: Settings,
) -> Config {
    let non_zero = |number| NonZeroU64::new(number).unwrap();
    Config {
        identity: IdentityConfig::off(),
        listen: ListenConfig {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            grace_ms: non_zero(1_000),
            ..ListenConfig::default()
        },
        database: DatabaseConfig::at(database.url_for(SCHEMA)),
        telemetry: TelemetryConfig::default(),
        scoring: PeerConfig::at(scoring.to_string()),
        rules: PeerConfig::at(fakes.to_string()),
        cases: PeerConfig::at(fakes.to_string()),
        keys: KeysConfig { folder: keys.path().join("keys"), host: "pingjia.example".to_owned() },
        publication: PublicationConfig {
            require_notice: settings.require_notice,
            four_eyes: settings.four_eyes,
            notice_days: settings.notice_days.parse().unwrap(),
            objection_days: "3".parse().unwrap(),
            decision_days: "2".parse().unwrap(),
            inquiry_days: "5".parse().unwrap(),
        },
        watch: WatchConfig {
            poll_ms: non_zero(settings.poll_ms),
            keep_alive_ms: non_zero(600_000),
        },
        webhooks: WebhooksConfig {
            allow: "127.0.0.1".to_owned(),
            ca_file: std::path::PathBuf::new(),
            timeout_ms: non_zero(1_000),
            attempts_max: std::num::NonZeroU32::new(settings.attempts_max).unwrap(),
            first_retry_ms: non_zero(1),
            longest_retry_ms: non_zero(1),
        },
    }
}

async fn serve(config: &Config, shutdown: &CancellationToken) -> TracedChannel {
    let listener = bind(&config.listen).await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut server = Server::new(config.listen.clone());
    build(config, &mut server, shutdown.clone()).await.unwrap();
    tokio::spawn(server.serve(listener, shutdown.clone()));
    client::connect(&PeerConfig::at(address.to_string())).unwrap()
}

impl Service {
    pub(crate) fn webhooks(&self) -> WebhookServiceClient<TracedChannel> {
        WebhookServiceClient::new(self.channel.clone())
    }

    pub(crate) fn years(&self) -> AnnualServiceClient<TracedChannel> {
        AnnualServiceClient::new(self.channel.clone())
    }

    pub(crate) fn reports(&self) -> DistrictReportServiceClient<TracedChannel> {
        DistrictReportServiceClient::new(self.channel.clone())
    }

    /// The bundle of a version.
    pub(crate) async fn bundle(&self, name: &str) -> Vec<u8> {
        let request = pb::DownloadBulletinVersionRequest { name: name.to_owned() };
        let mut bulletins = self.bulletins.clone();
        let mut parts = bulletins.download_bulletin_version(request).await.unwrap().into_inner();
        let mut bytes = Vec::new();
        while let Some(part) = parts.message().await.unwrap() {
            bytes.extend_from_slice(&part.data);
        }
        bytes
    }

    /// The keys of the log, newest first.
    pub(crate) async fn log_keys(&self) -> Vec<pb::LogKey> {
        let request = pb::ListVerifierKeysRequest { parent: ZZ.to_owned(), ..Default::default() };
        self.ledger.clone().list_verifier_keys(request).await.unwrap().into_inner().log_keys
    }

    /// What a reading of everything stored finds.
    pub(crate) async fn verified(&self) -> pb::VerifyLogResponse {
        let request = pb::VerifyLogRequest { parent: ZZ.to_owned(), ..Default::default() };
        self.ledger.clone().verify_log(request).await.unwrap().into_inner()
    }

    /// One more process on the same database, with the same key.
    pub(crate) async fn beside(
        &self,
        settings: Settings,
    ) -> (BulletinServiceClient<TracedChannel>, CancellationToken) {
        let shutdown = CancellationToken::new();
        let addresses = (self.scoring_address, self.fakes_address);
        let config = config(&self.database, addresses, &self.keys, settings);
        (BulletinServiceClient::new(serve(&config, &shutdown).await), shutdown)
    }

    /// One more process on the same database, with the same key, that asks callers who they are.
    pub(crate) async fn guarded(
        &self,
        settings: Settings,
        identity: IdentityConfig,
    ) -> TracedChannel {
        let addresses = (self.scoring_address, self.fakes_address);
        let config = config(&self.database, addresses, &self.keys, settings);
        serve(&Config { identity, ..config }, &self.shutdown).await
    }

    /// One more process on the same database, with a key of its own.
    pub(crate) async fn with_another_key(&self) -> Service {
        let (database, pool) = (self.database.clone(), self.pool.clone());
        let (scoring, fakes) = (self.scoring.clone(), self.fakes.clone());
        let peers = (scoring, self.scoring_address, fakes, self.fakes_address);
        start_on(database, pool, peers, Settings::default()).await
    }

    /// Makes a version of a month from an evaluation.
    pub(crate) async fn create(
        &self,
        month: &str,
        evaluation: &str,
        reason: &str,
    ) -> Result<pb::BulletinVersion, Status> {
        let request = create_request(month, evaluation, reason);
        let mut bulletins = self.bulletins.clone();
        Ok(bulletins.create_bulletin_version(request).await?.into_inner())
    }

    /// Publishes a version.
    pub(crate) async fn publish(&self, name: &str) -> Result<pb::BulletinVersion, Status> {
        let request =
            pb::PublishBulletinVersionRequest { name: name.to_owned(), etag: String::new() };
        Ok(self.bulletins.clone().publish_bulletin_version(request).await?.into_inner())
    }

    /// Takes a step of a version as somebody.
    pub(crate) async fn step(
        &self,
        step: &str,
        name: &str,
        actor: &str,
        reason: &str,
    ) -> Result<pb::BulletinVersion, Status> {
        let mut bulletins = self.bulletins.clone();
        let (name, etag, reason) = (name.to_owned(), String::new(), reason.to_owned());
        let answer = match step {
            "submit" => {
                let request = pb::SubmitBulletinVersionRequest { name, etag };
                bulletins.submit_bulletin_version(acting(actor, request)).await
            }
            "approve" => {
                let request =
                    pb::ApproveBulletinVersionRequest { name, etag, waive_reason: reason };
                bulletins.approve_bulletin_version(acting(actor, request)).await
            }
            "publish" => {
                let request = pb::PublishBulletinVersionRequest { name, etag };
                bulletins.publish_bulletin_version(acting(actor, request)).await
            }
            "withdraw" => {
                let request = pb::WithdrawBulletinVersionRequest { name, reason, etag };
                bulletins.withdraw_bulletin_version(acting(actor, request)).await
            }
            _ => panic!("there is no step {step}"),
        };
        Ok(answer?.into_inner())
    }

    /// The objection window of a version ended some time ago: time passes in the database.
    pub(crate) async fn close_window(&self) {
        let past = "update bulletin_version set notice_time = notice_time - interval '20 days',
             objection_start = objection_start - interval '20 days',
             objection_end = objection_end - interval '20 days'
             where state = 'under_notice'";
        sqlx::query(past).execute(&self.pool).await.unwrap();
    }

    /// Adds an evaluation, makes a version from it, and publishes that.
    pub(crate) async fn published(
        &self,
        id: &str,
        month: &str,
        reason: &str,
    ) -> pb::BulletinVersion {
        let evaluation = self.scoring.add(id, month, "94.26");
        let version = self.create(month, &evaluation, reason).await.unwrap();
        self.publish(&version.name).await.unwrap()
    }

    /// A version as it is now.
    pub(crate) async fn version(&self, name: &str) -> pb::BulletinVersion {
        let request = pb::GetBulletinVersionRequest { name: name.to_owned() };
        self.bulletins.clone().get_bulletin_version(request).await.unwrap().into_inner()
    }
}

/// The same request, made by somebody.
pub(crate) fn acting<T>(actor: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("x-actor", actor.parse().unwrap());
    request
}

pub(crate) fn bulletin_name(month: &str) -> String {
    format!("{ZZ}/bulletins/{month}")
}

pub(crate) fn create_request(
    month: &str,
    evaluation: &str,
    reason: &str,
) -> pb::CreateBulletinVersionRequest {
    pb::CreateBulletinVersionRequest {
        parent: bulletin_name(month),
        bulletin_version: Some(pb::BulletinVersion {
            evaluation: evaluation.to_owned(),
            reason: reason.to_owned(),
            ..Default::default()
        }),
        request_id: String::new(),
    }
}

/// The code and reason of a refusal.
pub(crate) fn refusal(status: &Status) -> (Code, String) {
    let details = status.get_error_details();
    (status.code(), details.error_info().unwrap().reason.clone())
}

/// A value that a refusal names.
pub(crate) fn value(status: &Status, key: &str) -> String {
    let details = status.get_error_details();
    details.error_info().unwrap().metadata.get(key).cloned().unwrap_or_default()
}

/// The fields that a refusal names.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details.bad_request().unwrap().field_violations.iter();
    violations.map(|violation| violation.field.clone()).collect()
}
