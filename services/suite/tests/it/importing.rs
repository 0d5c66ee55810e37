//! Imports that break off, and a folder of nightly drops.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chengping_testing::Process;
use nix::sys::signal::Signal;
use serde_json::Value;
use tokio::time::Instant;

use crate::lifecycle::up;
use crate::support::{Done, PROGRAM, chengping, folder};

const PATIENCE: Duration = Duration::from_secs(120);
const HEADER: &str = "case_no,source,category_scheme,category_code,area_code\n";
const ROWS: u64 = 60_000;

fn cases(count: u64, prefix: &str) -> String {
    let rows = (1..=count).map(|number| format!("{prefix}{number},patrol,s,0110,R1\n"));
    HEADER.to_owned() + &rows.collect::<String>()
}

async fn until(what: &str, process: &mut Process, holds: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what}: not in time:\n{}", process.log());
        if process.wait(Duration::from_millis(5)).await.is_ok() {
            assert!(holds(), "{what}: the process ended:\n{}", process.log());
        }
    }
}

fn total(done: &Done) -> [u64; 4] {
    let json: Value = serde_json::from_str(&done.stdout).unwrap();
    ["accepted", "repeated", "rejected", "resumed"]
        .map(|name| json["total"][name].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_killed_goes_on_where_it_was_acknowledged() {
    let folder = folder();
    let data = folder.path().join("data");
    let mut suite = up(&data);
    let file = folder.path().join("cases.csv");
    fs::write(&file, cases(ROWS, "C")).unwrap();
    let state = folder.path().join(".cases.csv.import-state");
    let arguments = ["import", "--data", data.to_str().unwrap(), "--format", "json"];
    let import = |more: &[&str]| {
        let all = [&arguments[..], more, &[file.to_str().unwrap()]].concat();
        let done = chengping(folder.path(), &all);
        assert_eq!(done.code, 0, "{}", done.stderr);
        done
    };

    let first = [&arguments[..], &[file.to_str().unwrap()]].concat();
    let variables = ["DATABASE_URL", "REDIS_URL", "CHENGPING_SERVER", "CHENGPING_JURISDICTION"];
    let mut first = Process::start(PROGRAM, first, variables.map(|name| (name, ""))).unwrap();
    until("the first acknowledgement", &mut first, || state.exists()).await;
    first.kill().await.unwrap();
    let kept = fs::read_to_string(&state).unwrap();
    let mut tampered: Value = serde_json::from_str(&kept).unwrap();
    let mark = tampered["cases"].as_u64().unwrap();
    assert!(mark > 0 && mark < ROWS - 20_000, "killed too late to be a test: {mark}");

    // A note of another past, such as that of a database restored since, leaves nothing out.
    tampered["cases"] = (ROWS - 1).into();
    fs::write(&state, tampered.to_string()).unwrap();
    let done = import(&["--resume"]);
    assert!(done.stderr.contains("from the beginning"), "{}", done.stderr);
    let [accepted, repeated, rejected, resumed] = total(&done);
    assert_eq!((accepted + repeated, rejected, resumed), (ROWS, 0, 0));
    assert!(accepted > 0, "the first run was killed before its end");
    assert!(!state.exists(), "it is done");

    fs::write(&state, &kept).unwrap();
    let done = import(&["--resume"]);
    assert_eq!(total(&done), [0, ROWS - mark, 0, mark]);
    assert_eq!(total(&import(&[])), [0, ROWS, 0, 0], "everything is there, once");

    suite.signal(Signal::SIGTERM).unwrap();
    assert!(suite.wait(PATIENCE).await.unwrap().success());
}

fn report(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn drops_are_taken_in_once_and_moved_with_their_reports() {
    let folder = folder();
    let data = folder.path().join("data");
    let mut suite = up(&data);
    let drops = folder.path().join("drops");
    let done = folder.path().join("taken");
    fs::create_dir(&drops).unwrap();
    let drop = |name: &str, bytes: &[u8]| {
        // As a careful sender does it: nothing is taken before the marker is there.
        fs::write(drops.join(name), bytes).unwrap();
        fs::write(drops.join(format!("{name}.done")), "").unwrap();
    };
    let watch = || {
        let paths: [&PathBuf; 3] = [&data, &drops, &done];
        let [data, drops, done] = paths.map(|path| path.to_str().unwrap());
        let arguments =
            ["import", "--data", data, "--watch", drops, "--done", done, "--every", "1"];
        let variables = ["DATABASE_URL", "REDIS_URL", "CHENGPING_SERVER", "CHENGPING_JURISDICTION"];
        Process::start(PROGRAM, arguments, variables.map(|name| (name, ""))).unwrap()
    };
    drop("2018-04-01-cases.csv", cases(3, "D").as_bytes());
    drop("2018-04-02-cases.csv", b"case_no,source\n");
    fs::write(drops.join("cases.csv.part"), "unfinished").unwrap();
    // Without a marker it has to stay as it is for two looks.
    fs::write(drops.join("events.csv"), "case_no,event_no,at,kind\nD1,1,today,filed\n").unwrap();

    let mut watching = watch();
    let place = |name: &str| done.join(format!("{name}.report.json"));
    until("events", &mut watching, || !drops.join("events.csv").exists()).await;
    until("a bad header", &mut watching, || !drops.join("2018-04-02-cases.csv").exists()).await;
    let first = report(&place("2018-04-01-cases.csv"));
    assert_eq!(
        (&first["outcome"], &first["import"]["total"]["accepted"]),
        (&"done".into(), &3.into())
    );
    let events = report(&place("events.csv"));
    assert_eq!(events["outcome"], "done", "a row that was set aside is no failure");
    assert_eq!(events["import"]["total"]["rejected"], 1);
    let failed = drops.join("failed");
    assert_eq!(report(&failed.join("2018-04-02-cases.csv.report.json"))["outcome"], "failed");
    assert!(failed.join("2018-04-02-cases.csv").exists());

    watching.signal(Signal::SIGTERM).unwrap();
    assert!(watching.wait(PATIENCE).await.unwrap().success(), "{}", watching.log());

    // After a restart, under another name.
    drop("again.csv", cases(3, "D").as_bytes());
    let mut watching = watch();
    until("the same content", &mut watching, || !drops.join("again.csv").exists()).await;
    let again = report(&place("again.csv"));
    assert_eq!(
        (&again["outcome"], &again["repeats"]),
        (&"repeated".into(), &"2018-04-01-cases.csv".into())
    );
    assert!(drops.join("cases.csv.part").exists());
    watching.signal(Signal::SIGTERM).unwrap();
    assert!(watching.wait(PATIENCE).await.unwrap().success(), "{}", watching.log());

    suite.signal(Signal::SIGTERM).unwrap();
    assert!(suite.wait(PATIENCE).await.unwrap().success());
}
