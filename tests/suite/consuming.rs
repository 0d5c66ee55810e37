//! From a running suite to those who take its results in: files that a small program checks, keys
//! that change, messages by HTTP, years, and reports of districts.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use chengping_ledger::note::Signer;
use chengping_testing::Dice;
use chengping_verify::{Trust, check};
use serde_json::Value;

use crate::publication::{evaluated_by, run};
use crate::support::{Suite, chengping, folder, program};

/// How long a message may take.
const PATIENCE: Duration = Duration::from_secs(60);
const SEED: &str = "CHENGPING_TAMPER_SEED";

/// The small program, which is given nothing but its files; its exit code and what it says.
fn verify(arguments: &[&str]) -> (i32, String) {
    let output = Command::new(program("chengping-verify"))
        .args(arguments)
        .env_clear()
        .current_dir("/")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), said)
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// Changes the files by chance, as many times as `CHENGPING_TAMPER_BUNDLES` says; each must be found
/// by what `chengping verify` calls, and some by the program. [`SEED`] repeats a run.
fn assert_changes_are_found(files: &[&Path], keys: &Path) {
    let trust = Trust::default().and_listed(&fs::read_to_string(keys).unwrap()).unwrap();
    let told = std::env::var("CHENGPING_TAMPER_BUNDLES").ok();
    let changes: usize = told.map_or(24, |number| number.parse().unwrap());
    let mut chance = Dice::seeded(SEED);
    let seed = chance.0;
    for number in 0..changes {
        let mut bytes = fs::read(files[number % files.len()]).unwrap();
        let place = chance.place(bytes.len());
        match chance.below(3) {
            0 => bytes[place] ^= 1 << chance.below(8),
            1 => drop(bytes.remove(place)),
            _ => bytes.insert(place, u8::try_from(chance.below(256)).unwrap()),
        }
        let verdict = check(&bytes, &trust);
        assert!(!verdict.verified(), "change {number} of {SEED}={seed} at byte {place}");
        assert!(verdict.text().contains("FAILED"), "{}", verdict.text());
        if number < 8 {
            let file = keys.with_file_name("changed.json");
            fs::write(&file, &bytes).unwrap();
            let (code, said) = verify(&["--keys", &text(keys), &text(&file)]);
            assert_eq!(code, 1, "{said}");
            assert!(said.contains("NOT VERIFIED"), "{said}");
        }
    }
}

#[tokio::test]
async fn a_small_program_checks_versions_and_lines_under_keys_that_changed() {
    let suite = evaluated_by(Suite::start().await);
    run(&suite, &["publish"]).expect(0);
    let scratch = suite.scratch().to_owned();
    let file = |name: &str| scratch.join(name);
    let (before, after, receipt) = (file("before.json"), file("after.json"), file("line.json"));
    run(&suite, &["verify", "--out", &text(&before)]).expect(0);
    let old = run(&suite, &["keys", "list", "--format", "json"]).json(0);
    run(&suite, &["keys", "rotate", "--reason", "a new year"]).expect(0);
    run(&suite, &["verify", "--out", &text(&after)]).expect(0);
    let keys = run(&suite, &["keys", "list", "--format", "json"]).json(0);
    assert_eq!(
        (keys[0]["generation"].as_i64(), keys[1]["generation"].as_i64()),
        (Some(1), Some(0))
    );
    assert_eq!(keys[1]["verifier_key"], old[0]["verifier_key"]);
    let key_file = file("keys.json");
    fs::write(&key_file, keys.to_string()).unwrap();
    let trusted = ["--keys", &text(&key_file)];
    let to = text(&receipt);
    let line = [&["verify", "--line", "d01", "--out", &to], &trusted[..]].concat();
    let shown = String::from_utf8(run(&suite, &line).expect(0)).unwrap();
    assert!(shown.contains("d01 of 2018-04 in zz-demo: score "), "{shown}");
    let log = run(&suite, &["verify", "--log", "--format", "json"]).json(0);
    assert_eq!((log["verified"].as_bool(), log["entry_count"].as_i64()), (Some(true), Some(1)));
    let checkpoint = file("checkpoint");
    fs::write(&checkpoint, log["checkpoint"].as_str().unwrap()).unwrap();
    run(&suite, &["verify", "--log", "--checkpoint", &text(&checkpoint)]).expect(0);
    let _kept = suite.stop().await;

    // No server any more.
    for verified in [&before, &after, &receipt] {
        let (code, said) = verify(&[trusted[0], trusted[1], &text(verified)]);
        assert_eq!(code, 0, "{said}");
        assert!(said.ends_with("verified\n") && !said.contains("NOT"), "{said}");
    }
    let extracted = file("extracted.json");
    let of_bundle =
        [trusted[0], trusted[1], "--line", "d01", "--receipt", &text(&extracted), &text(&after)];
    let (code, said) = verify(&of_bundle);
    assert!(code == 0 && said.ends_with("verified\n") && !said.contains("note:"), "{said}");
    assert_eq!(verify(&[trusted[0], trusted[1], &text(&extracted)]).0, 0);
    let (code, said) = verify(&[&text(&after)]);
    assert!(code == 0 && said.contains("keys in the bundle itself"), "{said}");
    // Both programs say the same of the same files.
    let elsewhere = folder();
    for file in [&after, &receipt].map(|file| text(file)) {
        let by_suite = ["verify", &file, trusted[0], trusted[1], "--format", "json"];
        let by_suite = chengping(elsewhere.path(), &by_suite).json(0);
        let (code, said) = verify(&["--json", trusted[0], trusted[1], &file]);
        assert_eq!((code, serde_json::from_str::<Value>(&said).unwrap()), (0, by_suite));
    }
    assert_eq!(verify(&[]).0, 2);
    // A sound key of the same name that the office does not have.
    let own = keys[0]["verifier_key"].as_str().unwrap();
    let foreign = Signer::new(own.split_once('+').unwrap().0, [9; 32]).unwrap().verifier_key();
    for file in [&after, &receipt] {
        let (code, said) = verify(&["--key", &foreign.to_string(), &text(file)]);
        assert_eq!(code, 1, "{said}");
        assert!(said.ends_with("NOT VERIFIED\n"), "{said}");
    }
    assert_changes_are_found(&[&before, &after, &receipt], &key_file);
}

/// A server that takes in whatever comes, and gives the bodies away.
fn receiver() -> (String, mpsc::Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (sender, received) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let header = line.trim().to_ascii_lowercase();
                if let Some(number) = header.strip_prefix("content-length: ") {
                    length = number.parse().unwrap();
                }
                if header.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            reader.get_mut().write_all(b"HTTP/1.1 204 Taken\r\n\r\n").unwrap();
            if sender.send(serde_json::from_slice(&body).unwrap()).is_err() {
                return;
            }
        }
    });
    (url, received)
}

#[tokio::test]
async fn whoever_takes_results_in_gets_messages_years_and_reports() {
    let allowed = [("CHENGPING_PUBLICATION__WEBHOOKS__ALLOW", "127.0.0.1")];
    let suite = evaluated_by(Suite::start_with(folder(), &allowed).await);
    let (url, received) = receiver();
    let made = run(&suite, &["webhook", "create", "assessment", "--url", &url, "--format", "json"]);
    assert!(made.json(0)["secret"].as_str().unwrap().starts_with("whsec_"));
    run(&suite, &["publish"]).expect(0);
    let event = received.recv_timeout(PATIENCE).unwrap();
    assert_eq!(event["id"], "zz-demo.2018-04.1");
    let watched = run(&suite, &["watch", "--until", "1", "--consumer", "archive"]).json(0);
    assert_eq!(event["data"]["lines"], watched["lines"], "the same lines by both ways");
    let consumers = run(&suite, &["consumers", "--format", "json"]).json(0);
    assert_eq!(consumers[0]["pending_count"], 0);
    run(&suite, &["webhook", "list"]).expect(0);
    let sent = run(&suite, &["webhook", "deliveries", "assessment", "--format", "json"]).json(0);
    assert_eq!(sent.as_array().unwrap().len(), 1);
    run(&suite, &["webhook", "delete", "assessment", "--reason", "the end"]).expect(0);

    // Of one month, the year is that month.
    let year = run(&suite, &["annual", "--year", "2018", "--format", "json"]).json(0);
    let line = &watched["lines"][0];
    let body = line["body"].as_str().unwrap();
    assert_eq!(year["bodies"][body]["score"], line["score"]);
    assert_eq!(year["months"]["2018-04"]["results"], watched["results_digest"]);
    run(&suite, &["annual", "--year", "2018"]).expect(0);
    run(&suite, &["annual", "--year", "2017"]).expect(1);

    // Who reports is a district of the registry of whom it reports to.
    let bodies = suite.scratch().join("bodies.csv");
    let row = "body_id,kind,name,parent,valid_from,valid_to\nd01,district,一区,,2018-01,\n";
    fs::write(&bodies, row).unwrap();
    let import = ["registry", "import", &text(&bodies), "--jurisdiction", "city"];
    suite.run(&import).expect(0);
    let city = |arguments: &[&str]| {
        suite.run(&[arguments, &["--jurisdiction", "city", "--month", "2018-04"]].concat())
    };
    let version = watched["name"].as_str().unwrap();
    let submit = ["district-report", "submit", "--district", "d01", "--bulletin-version", version];
    let report = city(&[&submit[..], &["--format", "json"]].concat()).json(0);
    assert_eq!(report[0]["bulletin_digest"], watched["digest"]);
    let id = report[0]["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    city(&["district-report", "show", &id]).expect(0);
    city(&["district-report", "accept", &id]).expect(0);
    city(&["district-report", "return", &id, "--reason", "a line is missing"]).expect(0);
    let lines = suite.scratch().join("lines.csv");
    fs::write(&lines, "body_id,score,rank\ns01,91.50,1\ns02,88.00,\n").unwrap();
    let elsewhere = ["district-report", "submit", "--district", "d01", "--lines", &text(&lines)];
    city(&[&elsewhere[..], &["--attach", &text(&lines)]].concat()).expect(0);
    let listed = city(&["district-report", "list", "--format", "json"]).json(0);
    let states: Vec<_> =
        listed.as_array().unwrap().iter().map(|report| report["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["submitted", "returned"]);
    suite.stop().await;
}
