//! How many calls of `GetEffectiveRulePack` a second rule-configuration answers, beside a server
//! that knows the same bytes and does nothing else. Both are processes of this program; the client,
//! its connections and its calls at a time are the same, and the rounds take turns.

mod bare;
pub(crate) mod load;

use std::path::PathBuf;
use std::{env, fs};

use anyhow::{Context as _, bail};
use chengping_chassis::config::ListenConfig;
use chengping_chassis::process::ServiceConfig as _;
use chengping_chassis::serve::{Server, bind};
use chengping_chassis::{CancellationToken, telemetry};
use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::rule_pack_service_client::RulePackServiceClient;
use chengping_rule_configuration::{Config, MIGRATOR, SCHEMA, build};
use chengping_testing::{Process, TestDatabase};
use prost::Message as _;
use serde_json::{Value, json};
use tonic::transport::Channel;

use crate::stopwatch::median;

/// The pack that is given out, as it comes with the product.
const PACK: &str = "zz-2018";
const PARENT: &str = "jurisdictions/zz";
/// Rounds of each server.
const ROUNDS: usize = 7;
/// Said by a server before its address.
const SERVING: &str = "serving at ";

/// Runs a server until it is killed: `rules` or `publication` with the address of its database, or
/// `bare` with the file of the answer.
pub(crate) fn serve(what: &str, with: String) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match what {
            "rules" => rules(with).await,
            "publication" => crate::publication::serve(with).await,
            "bare" => bare::serve(fs::read(with)?.into()).await,
            _ => bail!("there is no server {what:?}"),
        }
    })
}

/// The service as its own process runs it.
async fn rules(database_url: String) -> anyhow::Result<()> {
    let config: Config = Config::ladder()
        .flag("database.url", Some(database_url))
        .flag("listen.address", Some("127.0.0.1:0"))
        .flag("identity.mode", Some("off"))
        .load()?;
    let _telemetry = telemetry::init(Config::PROGRAM, &config.telemetry)?;
    let listener = bind(&config.listen).await?;
    let address = listener.local_addr()?;
    let mut server = Server::new(ListenConfig { address, ..config.listen.clone() });
    let shutdown = CancellationToken::new();
    build(&config, &mut server, shutdown.clone()).await?;
    announce(address);
    Ok(server.serve(listener, shutdown).await?)
}

#[expect(clippy::print_stdout, reason = "whoever started the server waits for it")]
pub(crate) fn announce(address: std::net::SocketAddr) {
    println!("{SERVING}{address}");
}

/// Measures both.
pub(crate) fn measure() -> anyhow::Result<Value> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(compared())
}

async fn compared() -> anyhow::Result<Value> {
    let database = TestDatabase::new().await?;
    let _pool = database.migrated(SCHEMA, SCHEMA, &MIGRATOR).await?;
    let folder = tempfile::tempdir()?;
    let (_rules, rules) = start("rules", database.url_for(SCHEMA).into()).await?;
    put_in_force(rules[0].clone()).await?;
    let answer = load::ask(&mut RulePackServiceClient::new(rules[0].clone())).await?;
    let bytes = answer.encode_to_vec();
    let file = folder.path().join("answer");
    fs::write(&file, &bytes)?;
    let (_bare, bare) = start("bare", file).await?;
    anyhow::ensure!(
        load::ask(&mut RulePackServiceClient::new(bare[0].clone())).await? == answer,
        "the servers do not answer the same"
    );
    let (mut of_rules, mut of_bare) = (Vec::new(), Vec::new());
    // The first round of each warms up.
    for round in 0..=ROUNDS {
        let (ours, theirs) = (load::round(&rules).await?, load::round(&bare).await?);
        if round > 0 {
            of_rules.push(ours);
            of_bare.push(theirs);
        }
    }
    let ratios =
        of_rules.iter().zip(&of_bare).map(|(ours, theirs)| ours / theirs).collect::<Vec<_>>();
    Ok(json!({
        "answer_bytes": bytes.len(),
        "calls_at_a_time": load::CALLS_AT_A_TIME,
        "rounds": ROUNDS,
        "rules_calls_per_second": median(&of_rules),
        "bare_calls_per_second": median(&of_bare),
        "ratio": median(&ratios),
    }))
}

/// Starts a server of this program, and connects.
pub(crate) async fn start(what: &str, with: PathBuf) -> anyhow::Result<(Process, Vec<Channel>)> {
    let arguments = ["serve".into(), what.into(), with];
    let none: [(&str, &str); 0] = [];
    let mut process = Process::start(env::current_exe()?, arguments, none)?;
    let line = process.wait_for_line(SERVING, chengping_testing::PATIENCE).await?;
    let address = line.strip_prefix(SERVING).context("the server says where it serves")?;
    Ok((process, load::channels(address).await?))
}

async fn put_in_force(channel: Channel) -> anyhow::Result<()> {
    let mut packs = RulePackServiceClient::new(channel);
    let source = chengping_rules::builtin(PACK).context("it comes with the product")?;
    let parent = format!("{PARENT}/rulePacks/{PACK}");
    let request = pb::CommitRulePackRevisionRequest {
        parent,
        source: source.to_owned(),
        ..Default::default()
    };
    let name = packs.commit_rule_pack_revision(request).await?.into_inner().name;
    let request = pb::SubmitRulePackRevisionRequest { name: name.clone(), ..Default::default() };
    packs.submit_rule_pack_revision(request).await?;
    let request = pb::ApproveRulePackRevisionRequest { name: name.clone(), ..Default::default() };
    packs.approve_rule_pack_revision(request).await?;
    let active_from = load::MONTH.to_owned();
    let request = pb::ActivateRulePackRevisionRequest { name, active_from, ..Default::default() };
    packs.activate_rule_pack_revision(request).await?;
    Ok(())
}

/// The numbers for people.
pub(crate) fn lines(measured: &Value) -> String {
    let number = |key: &str| measured[key].as_f64().unwrap_or(f64::NAN);
    format!(
        "giving out rules, {:.0} bytes, {} calls at a time, {} rounds each:\n  \
         rule-configuration {:.0} calls/s, a bare server {:.0} calls/s: {:.2} of it",
        number("answer_bytes"),
        measured["calls_at_a_time"],
        measured["rounds"],
        number("rules_calls_per_second"),
        number("bare_calls_per_second"),
        number("ratio"),
    )
}
