//! A suite from its start to its end.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use chengping_testing::Process;
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::{PROGRAM, chengping, chengping_with, folder};

const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) fn up(data: &Path) -> Process {
    let data = data.to_str().unwrap();
    let arguments = ["up", "--data", data, "--jurisdiction", "zz", "--listen", "127.0.0.1:0"];
    let variables = ["DATABASE_URL", "REDIS_URL", "CHENGPING_SERVER"].map(|name| (name, ""));
    Process::start(PROGRAM, arguments, variables).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suite_is_found_while_it_starts_and_leaves_nothing_running() {
    let folder = folder();
    let data = folder.path().join("data");
    let mut suite = up(&data);
    fs::write(
        folder.path().join("bodies.csv"),
        "body_id,kind,name,parent,valid_from,valid_to,assessment_code\nd01,district,第1区,,2018-01,,\n",
    )
    .unwrap();

    // At once, as a script does it; the jurisdiction is that of the suite.
    let data_flag = ["--data", data.to_str().unwrap()];
    let import = ["registry", "import", "bodies.csv", "--format", "json"];
    let done = chengping(folder.path(), &[&import[..], &data_flag].concat());
    assert_eq!(done.code, 0, "{}\n{}", done.stderr, suite.log());
    let json: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!((&json["added"], &json["rejected"]), (&1.into(), &0.into()));
    let done = chengping(folder.path(), &[&["registry", "export", "out"], &data_flag[..]].concat());
    assert_eq!(done.code, 0, "{}", done.stderr);
    let exported = fs::read_to_string(folder.path().join("out/bodies.csv")).unwrap();
    assert_eq!(exported, fs::read_to_string(folder.path().join("bodies.csv")).unwrap());

    // A second one on the same folder is refused and does no harm.
    let second = ["up", "--listen", "127.0.0.1:0"];
    let done = chengping(folder.path(), &[&second[..], &data_flag].concat());
    assert_eq!(done.code, 1);
    assert!(done.stderr.contains("already"), "{}", done.stderr);
    let done = chengping(folder.path(), &[&["doctor"], &data_flag[..]].concat());
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);

    assert!(!suite.log().contains("identity is off"), "asked by default");
    suite.signal(Signal::SIGTERM).unwrap();
    let status = suite.wait(PATIENCE).await.unwrap();
    assert!(status.success(), "{}", suite.log());
    assert!(!data.join("suite.json").exists());
    let left: Vec<_> = fs::read_dir(data.join("postgres")).unwrap().flatten().collect();
    assert!(left.iter().all(|entry| !entry.path().join("postmaster.pid").exists()));
}

#[test]
fn the_doctor_looks_for_the_server_that_would_be_run() {
    let folder = folder();
    let bare = [("CHENGPING_POSTGRES_BIN", "/nowhere")];
    let done = chengping_with(folder.path(), &["doctor", "--format", "json"], &bare);
    assert_eq!(done.code, 1, "{}", done.stderr);
    let found: Value = serde_json::from_str(&done.stdout).unwrap();
    let postgres = found.as_array().unwrap().iter().find(|one| one["what"] == "PostgreSQL");
    let postgres = postgres.unwrap();
    assert_eq!(postgres["ok"], false);
    assert!(postgres["found"].as_str().unwrap().contains("/nowhere"), "{postgres}");

    let elsewhere = [bare[0], ("DATABASE_URL", "")];
    let done = chengping_with(folder.path(), &["doctor", "--format", "json"], &elsewhere);
    assert!(done.stdout.contains("/nowhere"), "an empty variable names nothing: {}", done.stdout);
}

#[test]
fn a_port_that_is_taken_is_told_before_a_database_is_made() {
    let folder = folder();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let done = chengping(folder.path(), &["up", "--data", "data", "--listen", &address]);
    assert_eq!(done.code, 1);
    assert!(done.stderr.contains(&address), "{}", done.stderr);
    assert!(!folder.path().join("data/postgres").exists());
}

#[test]
fn an_address_that_others_reach_needs_a_word() {
    let folder = folder();
    let done = chengping(folder.path(), &["up", "--data", "data", "--listen", "0.0.0.0:0"]);
    assert_eq!(done.code, 1);
    assert!(done.stderr.contains("authentication"), "{}", done.stderr);
}
