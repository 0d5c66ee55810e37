//! Three processes: rule-configuration, scoring, and case-ingestion with a network on either side
//! that can be broken.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

use chengping_testing::{FaultProxy, PATIENCE, Process, TestDatabase, free_port};
use nix::sys::signal::Signal;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

use super::month::{Batch, CITY, Key, MONTH};
use super::platform::keys;
use crate::support::{chengping, folder, program};

/// Settings by which nobody waits long for what is gone, though longer than a busy machine takes for
/// what is there.
pub(crate) const IMPATIENT: [(&str, &str); 5] = [
    ("INTAKE__COMMIT_TIMEOUT_MS", "5000"),
    ("DATABASE__ACQUIRE_TIMEOUT_MS", "3000"),
    ("DATABASE__IDLE_IN_TRANSACTION_TIMEOUT_MS", "4000"),
    ("LISTEN__KEEP_ALIVE_INTERVAL_MS", "500"),
    ("LISTEN__KEEP_ALIVE_TIMEOUT_MS", "3000"),
];

type Variables = Vec<(String, String)>;

pub(crate) struct World {
    /// From clients to case-ingestion.
    pub(crate) clients: FaultProxy,
    /// From case-ingestion to PostgreSQL.
    pub(crate) database: FaultProxy,
    cases: Process,
    variables: Variables,
    others: Vec<Process>,
    servers: String,
    admin_url: String,
    folder: TempDir,
}

fn variables(service: &str, port: u16, url: String, more: &[(&str, String)]) -> Variables {
    let own = [
        ("LISTEN__ADDRESS", format!("127.0.0.1:{port}")),
        ("DATABASE__URL", url),
        // Who calls is no matter here.
        ("IDENTITY__MODE", "off".to_owned()),
    ];
    let own = own.iter().chain(more);
    let mut variables: Variables =
        own.map(|(key, value)| (format!("CHENGPING_{service}__{key}"), value.clone())).collect();
    for key in ["REDIS_URL", "OTEL_EXPORTER_OTLP_ENDPOINT"] {
        variables.push((key.to_owned(), String::new()));
    }
    variables
}

fn start(service: &str, variables: &Variables) -> Process {
    let none: [&str; 0] = [];
    Process::start(program(&format!("chengping-{service}")), none, variables.clone()).unwrap()
}

impl World {
    /// The processes with the registry of a city and its rules; `settings` are those of
    /// case-ingestion.
    pub(crate) async fn start(
        database: &TestDatabase,
        socket: PathBuf,
        cases_count: u64,
        settings: &[(&str, &str)],
    ) -> Self {
        let folder = folder();
        chengping(folder.path(), &["migrate", "--database-url", database.admin_url()]).expect(0);
        let [rules, cases, scoring] = [(); 3].map(|()| free_port().unwrap());
        let at = |port: u16| format!("http://127.0.0.1:{port}");
        let clients = FaultProxy::start(SocketAddr::from(([127, 0, 0, 1], cases))).await;
        let network = FaultProxy::start(socket).await.unwrap();
        let url = |role| database.url_for(role);
        let peers = [("CASES__ADDRESS", at(cases)), ("RULES__ADDRESS", at(rules))];
        let others = vec![
            start("rule-configuration", &variables("RULES", rules, url("rule_configuration"), &[])),
            start("scoring", &variables("SCORING", scoring, url("scoring"), &peers)),
        ];
        let mut more: Vec<_> =
            settings.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        more.push(("RULES__ADDRESS", at(rules)));
        let through = database.url_through("case_ingestion", network.address());
        let variables = variables("CASES", cases, through, &more);
        let world = Self {
            clients: clients.unwrap(),
            database: network,
            cases: start("case-ingestion", &variables),
            variables,
            others,
            servers: format!(
                "rules=127.0.0.1:{rules},cases=127.0.0.1:{cases},scoring=127.0.0.1:{scoring},\
                 publication=127.0.0.1:{scoring}"
            ),
            admin_url: database.admin_url().to_owned(),
            folder,
        };
        world.prepare(cases_count);
        world
    }

    fn prepare(&self, cases: u64) {
        let month = self.folder.path().join("month");
        let month = month.to_str().unwrap();
        let (seed, cases) = (CITY.to_string(), cases.to_string());
        self.run(&["generate", "--out", month, "--cases", &cases, "--seed", &seed]);
        let files = ["bodies", "areas", "coefficients"].map(|name| format!("{month}/{name}.csv"));
        let files = files.each_ref().map(String::as_str);
        self.run(&[&["registry", "import"], &files[..]].concat());
        self.run(&["rules", "apply", "--activate-from", "2018-03", "zz-2018"]);
    }

    /// What a command prints that must succeed.
    pub(crate) fn run(&self, arguments: &[&str]) -> Vec<u8> {
        let of = ["--server", &self.servers, "--jurisdiction", "zz", "--month", MONTH];
        chengping(self.folder.path(), &[arguments, &of].concat()).expect(0)
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_slice(&self.run(&[arguments, &["--format", "json"]].concat())).unwrap()
    }

    /// Case-ingestion dies without a word.
    pub(crate) async fn kill(&mut self) {
        self.check_log();
        self.cases.kill().await.unwrap();
    }

    pub(crate) fn start_again(&mut self) {
        self.cases = start("case-ingestion", &self.variables);
    }

    /// What case-ingestion has said since it was started.
    pub(crate) fn log(&self) -> String {
        self.cases.log()
    }

    /// The process of case-ingestion.
    pub(crate) fn process_id(&self) -> u32 {
        self.cases.id().unwrap()
    }

    fn check_log(&self) {
        let log = self.log();
        assert!(!log.contains("panicked"), "{log}");
    }

    async fn connection(&self) -> PgConnection {
        PgConnection::connect(&self.admin_url).await.unwrap()
    }

    /// Every record of these batches is there: taken in, or set aside to wait or to be corrected.
    pub(crate) async fn check(&self, acknowledged: &[&Batch]) {
        let mut connection = self.connection().await;
        // Seen at one moment: an event that waits is taken in as soon as its case comes.
        let mut seen =
            connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await.unwrap();
        let cases: Vec<(String,)> =
            sqlx::query_as("SELECT case_no FROM case_ingestion.case_record")
                .fetch_all(&mut *seen)
                .await
                .unwrap();
        let events: Vec<(String, i64)> =
            sqlx::query_as("SELECT case_no, event_no FROM case_ingestion.event")
                .fetch_all(&mut *seen)
                .await
                .unwrap();
        let aside: Vec<(Vec<u8>,)> =
            sqlx::query_as("SELECT payload FROM case_ingestion.reject WHERE state = 1")
                .fetch_all(&mut *seen)
                .await
                .unwrap();
        let aside = aside.iter().map(|(payload,)| {
            let payload: Value = serde_json::from_slice(payload).unwrap();
            let text = |key: &str| payload[key].as_str().unwrap().to_owned();
            (text("case_no"), Some(text("event_no").parse().unwrap()))
        });
        let cases = cases.into_iter().map(|(case_no,)| (case_no, None));
        let events = events.into_iter().map(|(case_no, event_no)| (case_no, Some(event_no)));
        let there: BTreeSet<Key> = cases.chain(events).chain(aside).collect();
        let lost: Vec<_> = keys(acknowledged).difference(&there).cloned().collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}\n{}", self.log());
    }

    /// The number of accepted records, each of which has its place in the sequence and none twice.
    pub(crate) async fn check_ledger(&self) -> i64 {
        let (count, distinct, last, watermark): (i64, i64, i64, i64) = sqlx::query_as(
            "SELECT count(*), count(DISTINCT sequence), max(sequence),
                    (SELECT watermark FROM case_ingestion.jurisdiction WHERE jurisdiction = 'zz')
             FROM (SELECT sequence FROM case_ingestion.case_record
                   UNION ALL SELECT sequence FROM case_ingestion.event) AS record",
        )
        .fetch_one(&mut self.connection().await)
        .await
        .unwrap();
        assert_eq!((distinct, last, watermark), (count, count, count));
        count
    }

    /// The IDs of the open rejects, which tell place, reason and bytes.
    pub(crate) async fn open_rejects(&self) -> BTreeSet<String> {
        let ids: Vec<(String,)> =
            sqlx::query_as("SELECT reject_id FROM case_ingestion.reject WHERE state = 1")
                .fetch_all(&mut self.connection().await)
                .await
                .unwrap();
        ids.into_iter().map(|(id,)| id).collect()
    }

    /// All end in time, whatever happened to them.
    pub(crate) async fn stop(mut self) {
        self.check_log();
        for process in self.others.iter_mut().chain([&mut self.cases]) {
            process.signal(Signal::SIGTERM).unwrap();
            let status = process.wait(PATIENCE).await.unwrap();
            assert!(status.success(), "{}", process.log());
        }
    }
}
