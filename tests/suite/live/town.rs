//! Three services with a clock that a test sets, and a part of a synthetic city whose events come in as
//! they would.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use chengping_chassis::CancellationToken;
use chengping_chassis::client;
use chengping_chassis::clock::WallClock;
use chengping_chassis::config::{
    CacheConfig, DatabaseConfig, ListenConfig, PeerConfig, TelemetryConfig,
};
use chengping_chassis::identity::IdentityConfig;
use chengping_chassis::serve::{Server, bind};
use chengping_proto::cases::v1 as cases;
use chengping_proto::cases::v1::case_service_client::CaseServiceClient;
use chengping_proto::scoring::v1 as pb;
use chengping_proto::scoring::v1::evaluation_service_client::EvaluationServiceClient;
use chengping_scoring_service::LiveConfig;
use chengping_testing::TestDatabase;
use chengping_types::Instant;
use tempfile::TempDir;

use crate::city::{city, good_rows, path, shuffled, write};
use crate::support::{Done, chengping, folder};

pub(crate) const TOWN: &str = "jurisdictions/town";

/// Less than the first message has.
const NARROW_BYTES: NonZeroU32 = NonZeroU32::new(4_096).unwrap();

/// Of so many cases of the city one is in the town.
const ONE_OF: usize = 12;

pub(crate) type Client = EvaluationServiceClient<client::TracedChannel>;

pub(crate) struct Town {
    pub(crate) clock: WallClock,
    database: TestDatabase,
    cases: SocketAddr,
    rules: SocketAddr,
    folder: TempDir,
    header: String,
    /// With the instant of each, in the order of time.
    events: Vec<(Instant, String)>,
    sent: usize,
    parts: usize,
    shutdown: CancellationToken,
}

/// A scoring process.
pub(crate) struct Scoring {
    pub(crate) client: Client,
    address: SocketAddr,
    shutdown: CancellationToken,
}

impl Scoring {
    /// A client with a connection of its own.
    pub(crate) fn client(&self) -> Client {
        self.client_as(PeerConfig::at(self.address.to_string()))
    }

    /// The same of one that takes hardly anything in before it reads.
    pub(crate) fn narrow_client(&self) -> Client {
        let peer = PeerConfig::at(self.address.to_string());
        self.client_as(PeerConfig { http2_stream_window_bytes: NARROW_BYTES, ..peer })
    }

    fn client_as(&self, peer: PeerConfig) -> Client {
        let channel = client::connect(&peer).unwrap();
        EvaluationServiceClient::new(channel).max_decoding_message_size(64 << 20)
    }

    /// As if the process ended.
    pub(crate) fn stop(self) {
        self.shutdown.cancel();
    }
}

impl Drop for Scoring {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub(crate) fn at(text: &str) -> Instant {
    Instant::parse(&format!("2018-{text}+08:00")).unwrap()
}

async fn serve(server: Server, listen: ListenConfig, shutdown: &CancellationToken) -> SocketAddr {
    let listener = bind(&listen).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(server.serve(listener, shutdown.clone()));
    address
}

fn anywhere() -> ListenConfig {
    ListenConfig { address: SocketAddr::from(([127, 0, 0, 1], 0)), ..ListenConfig::default() }
}

impl Town {
    /// With rules, registry and all cases, and no event.
    pub(crate) async fn start(now: &str) -> Self {
        let mut town = Self::empty(now).await;
        let files = ["bodies.csv", "areas.csv", "coefficients.csv"];
        let files = files.map(|file| path(&city(), file));
        let files = files.each_ref().map(String::as_str);
        town.run(&[&["registry", "import"], &files[..]].concat()).expect(3);
        town.run(&["rules", "apply", "--activate-from", "2018-03", "zz-2018"]).expect(0);

        let (header, rows) = good_rows("cases.csv.gz");
        let rows: Vec<_> = rows.into_iter().step_by(ONE_OF).collect();
        let number = |row: &str| row.split(',').next().unwrap().to_owned();
        let chosen: std::collections::BTreeSet<_> = rows.iter().map(|row| number(row)).collect();
        town.import("cases", &header, &rows);
        let (header, rows) = good_rows("events.csv.gz");
        let rows = rows.into_iter().filter(|row| chosen.contains(&number(row)));
        let timed = rows.map(|row| {
            let at = row.split(',').nth(2).unwrap();
            (Instant::parse(at).unwrap(), row)
        });
        town.events = timed.collect();
        town.events.sort();
        town.header = header;
        town
    }

    /// Without rules, registry and cases.
    pub(crate) async fn empty(now: &str) -> Self {
        let database = TestDatabase::new().await.unwrap();
        let shutdown = CancellationToken::new();
        let of = |schema: &str| DatabaseConfig::at(database.url_for(schema));
        for (schema, migrator) in [
            (chengping_case_ingestion::SCHEMA, &chengping_case_ingestion::MIGRATOR),
            (chengping_rule_configuration::SCHEMA, &chengping_rule_configuration::MIGRATOR),
            (chengping_scoring_service::SCHEMA, &chengping_scoring_service::MIGRATOR),
        ] {
            database.migrated(schema, schema, migrator).await.unwrap().close().await;
        }
        let rules = chengping_rule_configuration::Config {
            four_eyes: false,
            listen: anywhere(),
            identity: IdentityConfig::off(),
            database: of(chengping_rule_configuration::SCHEMA),
            cache: CacheConfig::default(),
            packs: Default::default(),
            telemetry: TelemetryConfig::default(),
        };
        let mut server = Server::new(anywhere());
        chengping_rule_configuration::build(&rules, &mut server, shutdown.clone()).await.unwrap();
        let rules = serve(server, anywhere(), &shutdown).await;
        let cases = chengping_case_ingestion::Config {
            intake: chengping_case_ingestion::IntakeConfig::default(),
            retention: chengping_case_ingestion::RetentionConfig::default(),
            identity: IdentityConfig::off(),
            listen: anywhere(),
            database: of(chengping_case_ingestion::SCHEMA),
            rules: PeerConfig::at(rules.to_string()),
            telemetry: TelemetryConfig::default(),
        };
        let mut server = Server::new(anywhere());
        chengping_case_ingestion::build(&cases, &mut server, shutdown.clone()).await.unwrap();
        let cases = serve(server, anywhere(), &shutdown).await;
        Self {
            clock: WallClock::standing_at(at(now).as_micros()),
            database,
            cases,
            rules,
            folder: folder(),
            header: String::new(),
            events: Vec::new(),
            sent: 0,
            parts: 0,
            shutdown,
        }
    }

    /// One more scoring process.
    pub(crate) async fn scoring(&self, cache: CacheConfig, live: LiveConfig) -> Scoring {
        let shutdown = self.shutdown.child_token();
        let config = chengping_scoring_service::Config {
            identity: IdentityConfig::off(),
            listen: anywhere(),
            database: DatabaseConfig::at(self.database.url_for(chengping_scoring_service::SCHEMA)),
            cache,
            telemetry: TelemetryConfig::default(),
            cases: PeerConfig::at(self.cases.to_string()),
            rules: PeerConfig::at(self.rules.to_string()),
            live,
        };
        let mut server = Server::new(anywhere());
        let clock = self.clock.clone();
        chengping_scoring_service::build_with_clock(&config, &mut server, shutdown.clone(), clock)
            .await
            .unwrap();
        let address = serve(server, anywhere(), &shutdown).await;
        let channel = client::connect(&PeerConfig::at(address.to_string())).unwrap();
        let client = EvaluationServiceClient::new(channel).max_decoding_message_size(64 << 20);
        Scoring { client, address, shutdown }
    }

    /// Runs a command against it.
    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        let (cases, rules) = (self.cases, self.rules);
        let server = format!("cases={cases},rules={rules},scoring={cases},publication={cases}");
        let of = ["--jurisdiction", "town", "--server", server.as_str()];
        let arguments = [arguments, &of].concat();
        tokio::task::block_in_place(|| chengping(self.folder.path(), &arguments))
    }

    /// A file with this text.
    pub(crate) fn scratch(&self, name: &str, text: &str) -> String {
        let file = path(self.folder.path(), name);
        std::fs::write(&file, text).unwrap();
        file
    }

    fn import(&mut self, what: &str, header: &str, rows: &[String]) {
        self.parts += 1;
        let folder = self.folder.path().join(self.parts.to_string());
        std::fs::create_dir(&folder).unwrap();
        let file = path(&folder, &format!("{what}.csv"));
        write(&file, header, rows);
        self.run(&["import", &file]).expect(0);
    }

    /// The clock moves on, and the events until then come in: in as many batches as told, in an order
    /// of their own.
    pub(crate) fn advance(&mut self, now: &str, batches: usize) {
        self.clock.set(at(now).as_micros());
        let until = self.events.partition_point(|(instant, _)| *instant < at(now));
        let news: Vec<_> = self.events[self.sent..until].iter().map(|(_, row)| &**row).collect();
        let news = shuffled(&news, until as u64);
        self.sent = until;
        let header = self.header.clone();
        for batch in news.chunks(news.len().div_ceil(batches).max(1)) {
            self.import("events", &header, batch);
        }
    }

    /// How many records were accepted.
    pub(crate) async fn watermark(&self) -> i64 {
        let address = format!("http://{}", self.cases);
        let mut client = CaseServiceClient::connect(address).await.unwrap();
        let request =
            cases::WatchCaseChangesRequest { parent: TOWN.to_owned(), ..Default::default() };
        let mut stream = client.watch_case_changes(request).await.unwrap().into_inner();
        stream.message().await.unwrap().unwrap().watermark
    }
}

pub(crate) fn ask() -> pb::WatchLiveScoresRequest {
    pb::WatchLiveScoresRequest { parent: TOWN.to_owned(), body_ids: Vec::new() }
}
