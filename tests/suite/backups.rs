//! What a suite keeps goes to a folder, and comes back from it as it was.

mod damage;
mod database;
mod world;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::Duration;

use chengping_chassis::postgres::private::installed;
use chengping_testing::Process;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use self::world::{PROMISES, backup, mode, restore, rights, rows, watermark};
use crate::publication::{evaluated_by, run};
use crate::support::{Suite, folder, program};

const PATIENCE: Duration = Duration::from_secs(120);
/// Slow enough that an import is not over when a backup of it is.
const SLOW: (&str, &str) = ("CHENGPING_CASES__INTAKE__RECORDS_PER_SECOND_MAX", "400");

/// A month that is evaluated and published.
async fn published() -> Suite {
    let suite = evaluated_by(Suite::start().await);
    run(&suite, &["publish"]).expect(0);
    suite
}

/// What others were told: the results, and the digest and log of what was published.
fn told(suite: &Suite) -> [Vec<u8>; 3] {
    let bundle = suite.scratch().join("bundle.json");
    run(suite, &["verify", "--out", bundle.to_str().unwrap()]).expect(0);
    let log = run(suite, &["verify", "--log", "--format", "json"]).expect(0);
    [run(suite, &["results", "--format", "json"]).expect(0), fs::read(bundle).unwrap(), log]
}

/// Adds an entry to the log, which must be signed by the key of the one before.
fn goes_on(suite: &Suite, key: &Value) {
    run(suite, &["withdraw", "--reason", "again"]).expect(0);
    let keys = run(suite, &["keys", "list", "--format", "json"]).json(0);
    assert_eq!(keys.as_array().unwrap().len(), 1, "{keys}");
    assert_eq!(&keys[0]["verifier_key"], key);
    let log = run(suite, &["verify", "--log", "--format", "json"]).json(0);
    assert_eq!(log["checkpoint_count"], 2, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suite_that_stands_still_comes_back_with_its_rights_and_its_key() {
    let suite = published().await;
    let told_before = told(&suite);
    let of_running = suite.scratch().join("running");
    let manifest = backup(&suite.data(), &of_running, &[]).json(0);
    let rights_before = rights(&world::of_server(&suite.data()).unwrap()).await;
    assert_eq!(manifest["jurisdictions"][0]["log_size"], 1);
    let key = &manifest["jurisdictions"][0]["verifier_key"];
    assert!(told_before[2].windows(10).any(|part| part == b"\"verified\""));

    // The same without the suite, whose server is started for the time and stopped.
    let kept = suite.stop().await;
    let (data, of_stopped) = (kept.path().join("data"), kept.path().join("stopped"));
    let stopped = backup(&data, &of_stopped, &[]).json(0);
    assert_eq!(stopped["jurisdictions"], manifest["jurisdictions"]);
    assert_eq!(world::of_server(&data), None);
    for folder in [&of_running, &of_stopped] {
        assert_eq!(mode(folder), 0o700);
        for file in ["keys/log.seed", "keys/webhook.seed", "database.dump", "backup.json"] {
            assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
        }
    }

    for from in [of_running, of_stopped] {
        let target = folder();
        let data = target.path().join("data");
        let restored = restore(&from, &data, &[]).json(0);
        assert_eq!(restored["jurisdictions"], manifest["jurisdictions"]);
        let names: Vec<_> = fs::read_dir(&data).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        let suite = Suite::start_in(target).await;
        assert!(told(&suite) == told_before, "what was told is not what is told");
        let rights = rights(&world::of_server(&suite.data()).unwrap()).await;
        let gone: Vec<_> = rights_before.difference(&rights).collect();
        let come: Vec<_> = rights.difference(&rights_before).collect();
        assert!(gone.is_empty() && come.is_empty(), "gone: {gone:#?}\ncome: {come:#?}");
        for (role, statement, code) in PROMISES {
            let refused = world::refused(&suite.data(), role, statement).await;
            assert_eq!(refused.as_deref(), Some(code), "{role}: {statement}");
        }
        goes_on(&suite, key);
        suite.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_goes_on_while_it_is_backed_up_and_goes_on_from_the_backup() {
    let suite = Suite::start_with(folder(), &[SLOW]).await;
    let month = suite.scratch().join("month");
    let month = month.to_str().unwrap();
    run(&suite, &["generate", "--out", month, "--cases", "1500", "--seed", "5"]).expect(0);
    let file = |name: &str| format!("{month}/{name}.csv");
    let registry = ["bodies", "areas", "coefficients"].map(file);
    let [bodies, areas, coefficients] = registry.each_ref().map(String::as_str);
    run(&suite, &["registry", "import", bodies, areas, coefficients]).expect(0);
    run(&suite, &["rules", "apply", "--activate-from", "2018-03", "zz-2018"]).expect(0);
    let files = ["cases", "events"].map(file);
    let data = suite.data();
    let import = ["import", "--jurisdiction", "zz-demo", "--data", data.to_str().unwrap()];
    let import = [&import[..], &files.each_ref().map(String::as_str)].concat();
    let mut importing =
        Process::start(program("chengping"), import, [("CHENGPING_SERVER", "")]).unwrap();
    while watermark(&data).await == 0 {
        assert!(importing.wait(Duration::from_millis(20)).await.is_err(), "{}", importing.log());
    }
    let from = suite.scratch().join("backup");
    let manifest = backup(&data, &from, &[]).json(0);
    assert!(importing.wait(Duration::ZERO).await.is_err(), "it was over: {}", importing.log());
    let told = manifest["jurisdictions"][0]["watermark"].as_i64().unwrap();
    assert!(told > 0);
    assert!(watermark(&data).await >= told, "the suite goes on");
    importing.kill().await.unwrap();
    let _kept = suite.stop().await;

    let target = folder();
    let data = target.path().join("data");
    restore(&from, &data, &[]).expect(0);
    let restored = Suite::start_in(target).await;
    assert_eq!(watermark(&data).await, told);
    assert_eq!(rows(&data).await, told, "a record without its place, or a place without a record");
    // What was acknowledged is a repeat, and the rest is taken in.
    let whole = run(&restored, &["import", &files[0], &files[1], "--format", "json"]).json(0);
    assert_eq!(whole["total"]["repeated"], json!(told), "{whole}");
    let clean = Suite::start().await;
    run(&clean, &["registry", "import", bodies, areas, coefficients]).expect(0);
    run(&clean, &["rules", "apply", "--activate-from", "2018-03", "zz-2018"]).expect(0);
    run(&clean, &["import", &files[0], &files[1]]).expect(0);
    let bodies_of = |suite: &Suite| {
        run(suite, &["evaluate"]).expect(0);
        run(suite, &["results", "--format", "json"]).json(0)["bodies"].clone()
    };
    assert_eq!(bodies_of(&restored), bodies_of(&clean));
    for suite in [restored, clean] {
        suite.stop().await;
    }
}

/// A folder of programs of the installed PostgreSQL, whose `pg_dump` writes without an end and
/// whose `pg_restore` reads without one; both say in a file that they began, and end when nobody is
/// there any more.
fn endless(folder: &Path) -> String {
    let (version, installed) = installed().unwrap();
    let bin = folder.join("bin");
    fs::create_dir(&bin).unwrap();
    for program in ["postgres", "initdb"] {
        symlink(installed.join(program), bin.join(program)).unwrap();
    }
    let begun = folder.join("begun");
    for (program, work) in [
        ("pg_dump", "while echo PGDMP; do sleep 0.1; done"),
        ("pg_restore", "cat > /dev/null; while kill -0 $PPID; do sleep 0.1; done"),
    ] {
        let script = format!(
            "#!/bin/sh
[ \"$1\" = --version ] && {{ echo '{program} (PostgreSQL) {version}'; exit; }}
: > '{}'
{work}",
            begun.display()
        );
        fs::write(bin.join(program), script).unwrap();
        fs::set_permissions(bin.join(program), fs::Permissions::from_mode(0o755)).unwrap();
    }
    bin.to_str().unwrap().to_owned()
}

/// Starts a command that does not come to its end, in the midst of its work.
async fn endless_command(scratch: &Path, bin: &str, arguments: [&str; 5]) -> Process {
    let begun = scratch.join("begun");
    let _ = fs::remove_file(&begun);
    let variables = [("CHENGPING_POSTGRES_BIN", bin), ("DATABASE_URL", "")];
    let mut process = Process::start(program("chengping"), arguments, variables).unwrap();
    while !begun.exists() {
        assert!(process.wait(Duration::from_millis(20)).await.is_err(), "{}", process.log());
    }
    process
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_killed_leaves_nothing_under_its_name_and_harms_nobody() {
    let suite = published().await;
    let told_before = told(&suite);
    let place = suite.scratch().join("backup");
    let bin = endless(suite.scratch());
    let (data, to) = (suite.data(), place.to_str().unwrap());
    let arguments = ["backup", "--data", data.to_str().unwrap(), "--to", to];
    let mut killed = endless_command(suite.scratch(), &bin, arguments).await;
    let meanwhile = backup(&data, &place, &[]);
    assert!(meanwhile.stderr.contains("another backup"), "{}", meanwhile.stderr);
    meanwhile.expect(1);
    killed.kill().await.unwrap();
    assert!(!place.exists());
    restore(&place, &suite.scratch().join("new"), &[]).expect(1);
    assert!(!suite.scratch().join("new").exists());
    assert!(told(&suite) == told_before);

    // Asked to stop, it takes its draft away.
    let mut asked = endless_command(suite.scratch(), &bin, arguments).await;
    asked.signal(Signal::SIGTERM).unwrap();
    assert_eq!(asked.wait(PATIENCE).await.unwrap().code(), Some(1), "{}", asked.log());
    assert!(!place.exists() && !suite.scratch().join("backup.part").exists());

    // The name is free for the next one.
    backup(&data, &place, &[]).expect(0);
    let kept = suite.stop().await;
    a_restore_that_is_ended_is_begun_again(kept.path(), &bin, to).await;
}

/// Neither a signal nor a death leaves data; what a death leaves goes with the next restore.
async fn a_restore_that_is_ended_is_begun_again(scratch: &Path, bin: &str, from: &str) {
    let new = scratch.join("new");
    let arguments = ["restore", "--from", from, "--data", new.to_str().unwrap()];
    let mut asked = endless_command(scratch, bin, arguments).await;
    let meanwhile = restore(Path::new(from), &new, &[]);
    assert!(meanwhile.stderr.contains("another restore"), "{}", meanwhile.stderr);
    meanwhile.expect(1);
    asked.signal(Signal::SIGTERM).unwrap();
    assert_eq!(asked.wait(PATIENCE).await.unwrap().code(), Some(1), "{}", asked.log());
    assert!(!new.exists());

    let mut killed = endless_command(scratch, bin, arguments).await;
    killed.kill().await.unwrap();
    let names: Vec<_> =
        fs::read_dir(&new).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["restore.part"]);
    restore(Path::new(from), &new, &[]).expect(0);
    assert!(!new.join("restore.part").exists());
}
