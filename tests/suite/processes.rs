//! Four services as four processes, each with a role of its own, with Redis and a trace collector.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use chengping_chassis::identity::{Grant, Issuer, Role};
use chengping_suite::credentials;
use chengping_testing::{
    OtlpReceiver, PointRecord, Process, RedisServer, SpanRecord, TestDatabase, free_port,
};
use nix::sys::signal::Signal;

use crate::support::{Done, chengping, chengping_as, folder, program, token};

const PATIENCE: Duration = Duration::from_secs(60);

/// A service: its program, the name in its variables, its role, and what it calls.
struct Service {
    program: &'static str,
    variables: &'static str,
    role: &'static str,
    peers: &'static [(&'static str, &'static str)],
}

const SERVICES: [Service; 4] = [
    Service {
        program: "chengping-rule-configuration",
        variables: "RULES",
        role: "rule_configuration",
        peers: &[],
    },
    Service {
        program: "chengping-case-ingestion",
        variables: "CASES",
        role: "case_ingestion",
        peers: &[("RULES", "RULES")],
    },
    Service {
        program: "chengping-scoring",
        variables: "SCORING",
        role: "scoring",
        peers: &[("CASES", "CASES"), ("RULES", "RULES")],
    },
    Service {
        program: "chengping-result-publication",
        variables: "PUBLICATION",
        role: "result_publication",
        peers: &[("SCORING", "SCORING")],
    },
];

/// An issuer in the folder: what makes a service believe it, and the file with the services' token.
fn identity(data: &Path) -> ([(&'static str, String); 2], String) {
    let issuer = Issuer::open_or_create(&credentials::folder(data)).unwrap();
    let path = |name: &str| credentials::folder(data).join(name).to_str().unwrap().to_owned();
    let token = path("service.token");
    let grant = Grant::everything("chengping", Duration::from_secs(3_600));
    issuer.leave(&Grant { roles: [Role::Service].into(), ..grant }, Path::new(&token)).unwrap();
    ([("ISSUERS", Issuer::NAME.to_owned()), ("JWKS_FILE", path("jwks.json"))], token)
}

struct Fleet {
    processes: Vec<Process>,
    server: String,
}

impl Fleet {
    async fn start(
        database: &TestDatabase,
        redis: Option<&RedisServer>,
        collector: &OtlpReceiver,
        data: &Path,
    ) -> Self {
        let ports: BTreeMap<_, _> =
            SERVICES.iter().map(|service| (service.variables, free_port().unwrap())).collect();
        let (issuers, service_token) = identity(data);
        let mut processes = Vec::new();
        for service in &SERVICES {
            let prefix = format!("CHENGPING_{}__", service.variables);
            let mut variables = vec![
                (
                    format!("{prefix}LISTEN__ADDRESS"),
                    format!("127.0.0.1:{}", ports[service.variables]),
                ),
                (format!("{prefix}DATABASE__URL"), database.url_for(service.role)),
                ("OTEL_EXPORTER_OTLP_ENDPOINT".into(), collector.endpoint().into()),
                (format!("{prefix}TELEMETRY__METRICS_INTERVAL_MS"), "200".into()),
                ("REDIS_URL".into(), redis.map_or("", RedisServer::url).into()),
            ];
            variables.extend(
                issuers
                    .iter()
                    .map(|(key, value)| (format!("{prefix}IDENTITY__{key}"), value.clone())),
            );
            for (peer, of) in service.peers {
                let address = format!("http://127.0.0.1:{}", ports[of]);
                variables.push((format!("{prefix}{peer}__ADDRESS"), address));
                variables.push((format!("{prefix}{peer}__TOKEN_FILE"), service_token.clone()));
            }
            if service.variables == "PUBLICATION" {
                let keys = data.join("keys").to_str().unwrap().to_owned();
                variables.push((format!("{prefix}KEYS__FOLDER"), keys));
            }
            let none: [&str; 0] = [];
            let process = Process::start(program(service.program), none, variables).unwrap();
            processes.push(process);
        }
        let parts = ports
            .iter()
            .map(|(name, port)| format!("{}=127.0.0.1:{port}", name.to_ascii_lowercase()));
        Self { processes, server: parts.collect::<Vec<_>>().join(",") }
    }

    fn run(&self, data: &Path, arguments: &[&str]) -> Done {
        let of = ["--server", &self.server, "--jurisdiction", "zz", "--month", "2018-04"];
        let office = token(data, "office", &Role::ALL);
        chengping_as(&office, data, &[arguments, &of].concat())
    }

    async fn stop(self) {
        for mut process in self.processes {
            process.signal(Signal::SIGTERM).unwrap();
            let status = process.wait(PATIENCE).await.unwrap();
            assert!(status.success(), "{}", process.log());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_processes_do_the_main_job_and_tell_it_as_one_trace() {
    let database = TestDatabase::new().await.unwrap();
    let redis = RedisServer::find().await;
    let collector = OtlpReceiver::start().await.unwrap();
    let folder = folder();
    let data = folder.path();
    chengping(data, &["migrate", "--database-url", database.admin_url()]).expect(0);
    refuses_to_start_without_keys(&database).await;
    let fleet = Fleet::start(&database, redis.as_ref(), &collector, data).await;
    // Without a token nobody is served.
    let done =
        chengping(data, &["rules", "list", "--server", &fleet.server, "--jurisdiction", "zz"]);
    assert!(done.stderr.contains("TOKEN_MISSING"), "{}", done.stderr);

    let month = data.join("month");
    let month = month.to_str().unwrap();
    fleet.run(data, &["generate", "--out", month, "--cases", "200", "--seed", "3"]).expect(0);
    let file = |name: &str| format!("{month}/{name}.csv");
    let files = ["bodies", "areas", "coefficients"].map(file);
    let files = files.each_ref().map(String::as_str);
    fleet.run(data, &[&["registry", "import"], &files[..]].concat()).expect(0);
    fleet.run(data, &["rules", "apply", "--activate-from", "2018-03", "zz-2018"]).expect(0);
    let files = ["cases", "events"].map(file);
    let files = files.each_ref().map(String::as_str);
    fleet.run(data, &[&["import"], &files[..]].concat()).expect(0);
    fleet.run(data, &["evaluate"]).expect(0);
    let first = fleet.run(data, &["results", "--format", "json"]).expect(0);
    fleet.run(data, &["evaluate"]).expect(0);
    let second = fleet.run(data, &["results", "--format", "json"]).expect(0);
    assert!(first == second, "tallies out of the cache gave other bytes");
    fleet.run(data, &["publish"]).expect(0);

    let method = "chengping.scoring.v1.EvaluationService/CreateEvaluation";
    let services = services_of_trace(&collector, method).await;
    for service in ["chengping-scoring", "chengping-case-ingestion", "chengping-rule-configuration"]
    {
        assert!(services.contains(service), "{services:?}");
    }
    live_revisions(&collector).await;
    intake(&collector).await;
    fleet.stop().await;
}

/// Each of the services, told nothing of identity, ends and says what it lacks; told that it is off,
/// it says so at the start.
async fn refuses_to_start_without_keys(database: &TestDatabase) {
    for Service { program: name, variables, role, .. } in &SERVICES {
        let prefix = format!("CHENGPING_{variables}__");
        let keys = tempfile::tempdir().unwrap();
        let settings = [
            (format!("{prefix}LISTEN__ADDRESS"), "127.0.0.1:0".to_owned()),
            (format!("{prefix}DATABASE__URL"), database.url_for(role)),
        ];
        let mut settings = settings.to_vec();
        if *variables == "PUBLICATION" {
            let folder = keys.path().to_str().unwrap().to_owned();
            settings.push((format!("{prefix}KEYS__FOLDER"), folder));
        }
        let none: [&str; 0] = [];
        let mut process = Process::start(program(name), none, settings.clone()).unwrap();
        let status = process.wait(PATIENCE).await.unwrap();
        let log = process.log();
        assert!(!status.success() && log.contains("identity.jwks_file"), "{name}: {log}");
        settings.push((format!("{prefix}IDENTITY__MODE"), "off".to_owned()));
        let mut process = Process::start(program(name), none, settings).unwrap();
        process.wait_for_line("identity is off: anybody", PATIENCE).await.unwrap();
        process.kill().await.unwrap();
    }
}

/// Waits until both services that read rules have told which revision they see in force.
async fn live_revisions(collector: &OtlpReceiver) {
    let readers = ["chengping-rule-configuration", "chengping-scoring"];
    let of = |points: &[PointRecord]| -> BTreeMap<String, i64> {
        let live = points.iter().filter(|point| {
            let attributes = &point.attributes;
            point.metric == "chengping.rules.live_revision"
                && attributes["jurisdiction"] == "zz"
                && attributes["rule_pack"] == "zz-2018"
        });
        live.map(|point| (point.service.clone(), point.number)).collect()
    };
    let points = collector.wait_for_points(|points| of(points).len() >= readers.len()).await;
    let expected = readers.map(|service| (service.to_owned(), 1)).into();
    assert_eq!(of(&points), expected);
    let durations = points.iter().filter(|point| point.metric == "rpc.server.call.duration");
    let measured: BTreeSet<_> = durations.map(|point| &point.service).collect();
    assert_eq!(measured.len(), SERVICES.len(), "{measured:?}");
}

/// Waits until case-ingestion has told what became of what came in.
async fn intake(collector: &OtlpReceiver) {
    let metrics = [
        ("chengping.intake.records", "{record}"),
        ("chengping.intake.batches", "{batch}"),
        ("chengping.intake.commit.duration", "s"),
        ("chengping.intake.bytes_in_flight", "By"),
        ("chengping.intake.rejects_open", "{reject}"),
    ];
    let of = |points: &[PointRecord]| -> BTreeSet<(String, String)> {
        let own = points.iter().filter(|point| point.service == "chengping-case-ingestion");
        own.map(|point| (point.metric.clone(), point.unit.clone())).collect()
    };
    let told = |found: &BTreeSet<(String, String)>| {
        metrics.iter().all(|(name, unit)| found.contains(&((*name).into(), (*unit).into())))
    };
    let points = collector.wait_for_points(|points| told(&of(points))).await;
    assert!(told(&of(&points)), "{:?}", of(&points));
    let last = |metric: &str, key: &str, value: &str| {
        let is_it = |point: &&PointRecord| {
            point.metric == metric && point.attributes.get(key).is_some_and(|it| it == value)
        };
        points.iter().rev().find(is_it).map(|point| point.number)
    };
    assert!(last("chengping.intake.records", "outcome", "accepted").is_some_and(|it| it > 200));
    assert!(last("chengping.intake.batches", "outcome", "committed").is_some_and(|it| it > 0));
    assert_eq!(last("chengping.intake.rejects_open", "jurisdiction", "zz"), Some(0));
}

/// The services that took part in the call of a method; waits until there are three.
async fn services_of_trace(collector: &OtlpReceiver, method: &str) -> BTreeSet<String> {
    let services = |spans: &[SpanRecord]| -> BTreeSet<String> {
        let Some(call) = spans.iter().find(|span| span.name == method) else {
            return BTreeSet::new();
        };
        let of_trace = spans.iter().filter(|span| span.trace_id == call.trace_id);
        of_trace.map(|span| span.service.clone()).collect()
    };
    let spans = collector.wait_for(|spans| services(spans).len() >= 3).await;
    services(&spans)
}
