//! Five processes: rule-configuration twice, case-ingestion, scoring, and a network between the
//! last two that can be stopped.

use std::net::SocketAddr;
use std::path::Path;

use chengping_chassis::client::{self, TracedChannel};
use chengping_chassis::config::PeerConfig;
use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::rule_pack_service_client::RulePackServiceClient;
use chengping_proto::scoring::v1::evaluation_service_client::EvaluationServiceClient;
use chengping_testing::{FaultProxy, Process, TestDatabase, free_port};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::support::{chengping, folder, program};

/// The jurisdiction.
pub(crate) const ZZ: &str = "jurisdictions/zz";
/// How long a pointer is believed.
const POINTER_TTL_MS: &str = "150";

pub(crate) type Packs = RulePackServiceClient<TracedChannel>;
pub(crate) type Evaluations = EvaluationServiceClient<TracedChannel>;

/// The processes, with a month of a small city taken in.
pub(crate) struct Fleet {
    /// Two processes of rule-configuration.
    pub(crate) packs: [Packs; 2],
    pub(crate) evaluations: Evaluations,
    /// From scoring to case-ingestion.
    pub(crate) network: FaultProxy,
    processes: Vec<Process>,
    _database: TestDatabase,
    _folder: TempDir,
}

fn channel(port: u16) -> TracedChannel {
    client::connect(&PeerConfig::at(format!("127.0.0.1:{port}"))).unwrap()
}

impl Fleet {
    pub(crate) async fn start(redis_url: &str) -> Self {
        let database = TestDatabase::new().await.unwrap();
        let folder = folder();
        let data = folder.path();
        chengping(data, &["migrate", "--database-url", database.admin_url()]).expect(0);
        let [first, second, cases, scoring] = [(); 4].map(|()| free_port().unwrap());
        let network = FaultProxy::start(SocketAddr::from(([127, 0, 0, 1], cases))).await.unwrap();
        let at = |port: u16| format!("http://127.0.0.1:{port}");
        let run = |service: &str, role: &str, port: u16, more: &[(&str, String)]| {
            let prefix = format!("CHENGPING_{}__", more[0].0);
            let mut variables = vec![
                (format!("{prefix}LISTEN__ADDRESS"), format!("127.0.0.1:{port}")),
                (format!("{prefix}DATABASE__URL"), database.url_for(role)),
                ("REDIS_URL".to_owned(), redis_url.to_owned()),
                ("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), String::new()),
                // Who calls is no matter here.
                (format!("{prefix}IDENTITY__MODE"), "off".to_owned()),
            ];
            let more = more[1..].iter();
            variables.extend(more.map(|(key, value)| (format!("{prefix}{key}"), value.clone())));
            let none: [&str; 0] = [];
            Process::start(program(service), none, variables).unwrap()
        };
        let none = String::new;
        let rules: &[_] =
            &[("RULES", none()), ("PACKS__POINTER_TTL_MS", POINTER_TTL_MS.to_owned())];
        let processes = vec![
            run("chengping-rule-configuration", "rule_configuration", first, rules),
            run("chengping-rule-configuration", "rule_configuration", second, rules),
            run(
                "chengping-case-ingestion",
                "case_ingestion",
                cases,
                &[("CASES", none()), ("RULES__ADDRESS", at(first))],
            ),
            run(
                "chengping-scoring",
                "scoring",
                scoring,
                &[
                    ("SCORING", none()),
                    ("RULES__ADDRESS", at(first)),
                    ("CASES__ADDRESS", format!("http://{}", network.address())),
                ],
            ),
        ];
        let servers = format!(
            "rules=127.0.0.1:{first},cases=127.0.0.1:{cases},scoring=127.0.0.1:{scoring},\
             publication=127.0.0.1:{scoring}"
        );
        take_in(data, &servers);
        Self {
            packs: [first, second].map(|port| Packs::new(channel(port))),
            evaluations: Evaluations::new(channel(scoring)),
            network,
            processes,
            _database: database,
            _folder: folder,
        }
    }

    /// All end in time, whatever happened to them.
    pub(crate) async fn stop(self) {
        for mut process in self.processes {
            process.signal(Signal::SIGTERM).unwrap();
            let status = process.wait(chengping_testing::PATIENCE).await.unwrap();
            assert!(status.success(), "{}", process.log());
        }
    }
}

fn take_in(data: &Path, servers: &str) {
    let of = ["--server", servers, "--jurisdiction", "zz", "--month", "2018-04"];
    let run = |arguments: &[&str]| chengping(data, &[arguments, &of].concat()).expect(0);
    let month = data.join("month");
    let month = month.to_str().unwrap();
    run(&["generate", "--out", month, "--cases", "100", "--seed", "11"]);
    let file = |name: &str| format!("{month}/{name}.csv");
    let files = ["bodies", "areas", "coefficients"].map(file);
    let files = files.each_ref().map(String::as_str);
    run(&[&["registry", "import"], &files[..]].concat());
    let files = ["cases", "events"].map(file);
    let files = files.each_ref().map(String::as_str);
    run(&[&["import"], &files[..]].concat());
}

/// The pack that comes with the product, under a title of its own.
pub(crate) fn source(title: &str) -> String {
    let text = chengping_rules::builtin("zz-2018").unwrap();
    let line = text.lines().find(|line| line.starts_with("title:")).unwrap();
    text.replacen(line, &format!("title: {{zh: 试行办法 {title}, en: trial}}"), 1)
}

/// Commits a text, and takes it through its review.
pub(crate) async fn approved(packs: &mut Packs, source: String) -> pb::RulePackRevision {
    let parent = format!("{ZZ}/rulePacks/zz-2018");
    let request = pb::CommitRulePackRevisionRequest { parent, source, ..Default::default() };
    let committed = packs.commit_rule_pack_revision(request).await.unwrap().into_inner();
    let name = committed.name.clone();
    let request = pb::SubmitRulePackRevisionRequest { name: name.clone(), ..Default::default() };
    packs.submit_rule_pack_revision(request).await.unwrap();
    let request = pb::ApproveRulePackRevisionRequest { name, ..Default::default() };
    packs.approve_rule_pack_revision(request).await.unwrap();
    committed
}

pub(crate) async fn activate(packs: &mut Packs, name: &str, from: &str) {
    let (name, active_from) = (name.to_owned(), from.to_owned());
    let request = pb::ActivateRulePackRevisionRequest { name, active_from, ..Default::default() };
    packs.activate_rule_pack_revision(request).await.unwrap();
}
