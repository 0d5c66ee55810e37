//! A month from its first computation to its corrected version, with a consumer that is killed twice.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::{Done, Suite, chengping, folder, program, root};

const OF: [&str; 2] = ["--jurisdiction", "shili"];
const MONTH: [&str; 2] = ["--month", "2024-05"];

/// A county whose publications pass two people and the bodies, with May evaluated.
async fn county() -> Suite {
    let strict = [
        ("CHENGPING_PUBLICATION__PUBLICATION__REQUIRE_NOTICE", "true"),
        ("CHENGPING_PUBLICATION__PUBLICATION__FOUR_EYES", "true"),
    ];
    let suite = Suite::start_with(folder(), &strict).await;
    let hours = suite.scratch().join("working_hours.csv");
    let row = "2024-01-01,08:30-12:00 14:00-18:00,sat sun,作息";
    fs::write(&hours, format!("effective_date,periods,days_off,name\n{row}\n")).unwrap();
    let files = ["bodies", "areas", "coefficients"].map(|name| file(&format!("{name}.csv")));
    let files = files.each_ref().map(String::as_str);
    say(&suite, "li", &[&["registry", "import"], &files[..], &[hours.to_str().unwrap()]].concat())
        .expect(0);
    let pack = file("pack.yaml");
    say(&suite, "li", &["rules", "apply", "--activate-from", "2024-05", &pack]).expect(0);
    say(&suite, "li", &["import", &file("cases.csv"), &file("events.csv")]).expect(0);
    say(&suite, "li", &[&["evaluate"], &MONTH[..]].concat()).expect(0);
    suite
}

fn file(name: &str) -> String {
    root().join("docs/examples/county").join(name).to_str().unwrap().to_owned()
}

/// Runs a command as somebody.
fn say(suite: &Suite, actor: &str, arguments: &[&str]) -> Done {
    suite.run(&[arguments, &OF, &["--actor", actor]].concat())
}

fn of_month(suite: &Suite, actor: &str, arguments: &[&str]) -> Done {
    say(suite, actor, &[arguments, &MONTH].concat())
}

/// Files, reviews and decides, each by somebody else.
fn uphold(suite: &Suite, what: &str, number: &str, (body, case): (&str, &str), written: &[&str]) {
    let filed = ["--body", body, "--subject", "case_fact", "--case", case, "--statement", "有误"];
    of_month(suite, "zhao", &[&[what], &filed[..]].concat()).expect(0);
    say(suite, "li", &["review", number, "--finding", "属实"]).expect(0);
    let decide = ["decide", number, "--uphold", "--answer", "更正", "--format", "json"];
    let decided = say(suite, "wang", &[&decide[..], written].concat()).json(0);
    assert_eq!(decided[0]["events"][0]["state"], "written", "{decided}");
}

/// Evaluates again, shows, approves and publishes.
fn publish(suite: &Suite, reason: &str) -> Value {
    of_month(suite, "li", &["evaluate", "--decided", "now"]).expect(0);
    let reason: &[&str] = if reason.is_empty() { &[] } else { &["--reason", reason] };
    of_month(suite, "li", &[&["submit"], reason].concat()).expect(0);
    of_month(suite, "wang", &["approve", "--waive-window", "无异议"]).expect(0);
    of_month(suite, "li", &["publish", "--format", "json"]).json(0)
}

/// A consumer: what it took in, and behind which token it goes on, written down together.
struct Consumer {
    data: PathBuf,
    seen: Vec<(i64, String)>,
    token: String,
    killed: usize,
}

impl Consumer {
    fn watching(&self) -> Child {
        let token = Some(&self.token).filter(|token| !token.is_empty());
        let resume = token.map(|token| vec!["--resume", token]).unwrap_or_default();
        Command::new(program("chengping"))
            .args(["watch"].iter().chain(&OF).chain(&resume))
            .env("CHENGPING_DATA", &self.data)
            .env_remove("CHENGPING_SERVER")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Writes down the next message of a watch that goes on, and is killed.
    fn take_one_and_die(&mut self, mut watching: Child) {
        let mut line = String::new();
        BufReader::new(watching.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let kind = told["kind"].as_str().unwrap().to_owned();
        self.seen.push((told["version"].as_i64().unwrap(), kind));
        told["resume_token"].as_str().unwrap().clone_into(&mut self.token);
        watching.kill().unwrap();
        let ended = watching.wait().unwrap();
        assert_eq!(ended.signal(), Some(9), "it was killed, and did not end by itself: {ended}");
        self.killed += 1;
    }
}

fn verified(suite: &Suite, version: &str, out: &Path) {
    let out = out.to_str().unwrap();
    of_month(suite, "li", &["verify", "--version-number", version, "--out", out]).expect(0);
}

#[tokio::test]
async fn a_contested_month_is_corrected_in_the_open() {
    let suite = county().await;
    let (data, token) = (suite.data(), String::new());
    let mut consumer = Consumer { data, seen: Vec::new(), token, killed: 0 };
    of_month(&suite, "li", &["submit"]).expect(0);
    // What the bodies are shown is not replaced past their objections.
    of_month(&suite, "li", &["publish"]).expect(1);
    of_month(&suite, "li", &["correct", "--reason", "更正"]).expect(1);
    uphold(&suite, "object", "1", ("nanling", "SL-2024-05-036"), &["--exempt", "late"]);

    let watching = consumer.watching();
    let first = publish(&suite, "");
    assert_eq!(
        (&first["version"], &first["inquiries"][0]),
        (&Value::from(1), &Value::from("jurisdictions/shili/inquiries/1"),)
    );
    // While it waits for more behind the first message, and again behind the second.
    consumer.take_one_and_die(watching);

    let unrecorded = ["--event", "handled,at=2024-05-21T10:00:00+08:00,unit=cgj"];
    uphold(&suite, "inquire", "2", ("donghe", "SL-2024-05-025"), &unrecorded);
    let second = publish(&suite, "质询2成立");
    assert_eq!((&second["version"], &second["reason"]), (&Value::from(2), &"质询2成立".into()));
    let changed: Vec<_> = second["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|difference| difference["body"].as_str().unwrap())
        .collect();
    assert!(changed.contains(&"donghe") && !changed.contains(&"nanling"), "{second}");
    consumer.take_one_and_die(consumer.watching());
    assert_eq!((consumer.killed, consumer.seen.len()), (2, 2));

    of_month(&suite, "wang", &["withdraw", "--reason", "数据源有误"]).expect(0);
    consumer.take_one_and_die(consumer.watching());
    let told = [(1, "published"), (2, "published"), (2, "withdrawn")];
    assert_eq!(consumer.seen, told.map(|(version, kind)| (version, kind.to_owned())));

    let bundles = suite.scratch().join("bundles");
    fs::create_dir(&bundles).unwrap();
    verified(&suite, "1", &bundles.join("1.json"));
    verified(&suite, "2", &bundles.join("2.json"));
    let folder_of_suite = suite.stop().await;

    // No server any more, and a folder that knows of none.
    let elsewhere = folder();
    let arguments = ["verify", bundles.to_str().unwrap(), "--format", "json"];
    let reports = chengping(elsewhere.path(), &arguments).json(0);
    assert_eq!(reports[0]["report"]["superseded_by"], 2, "{reports}");
    assert_eq!(reports[1]["report"]["withdrawn"], true, "{reports}");
    // A file for people says the same of the version as its log.
    let text = |version: &str, reason: &[&str]| {
        let (from, to) = (bundles.join(version), bundles.join("text"));
        let (from, to) = (from.to_str().unwrap(), to.to_str().unwrap());
        let words = ["export", "--from", from, "--format", "txt", "--out", to];
        chengping(elsewhere.path(), &[&words[..], reason].concat())
    };
    let reason = ["--withdrawn", "数据源有误"];
    let refused = text("2.json", &[]);
    assert!(refused.code == 1 && refused.stderr.contains("withdrawn"), "{}", refused.stderr);
    text("2.json", &reason).expect(0);
    assert_eq!(text("1.json", &reason).code, 1);
    text("1.json", &[]).expect(0);
    drop(folder_of_suite);
}

/// The jurisdiction of [`two_months`].
pub(crate) const JURISDICTION: [&str; 2] = ["--jurisdiction", "zz-demo"];
const MONTHS: [&str; 2] = ["2018-04", "2018-05"];

fn path(suite: &Suite, month: &str, name: &str) -> String {
    suite.scratch().join(month).join(format!("{name}.csv")).to_str().unwrap().to_owned()
}

fn of_demo(suite: &Suite, month: &str, arguments: &[&str]) -> Done {
    suite.run(&[arguments, &JURISDICTION, &["--month", month]].concat())
}

/// Two generated months, imported, and not evaluated yet.
pub(crate) async fn two_months() -> Suite {
    let suite = Suite::start().await;
    for month in MONTHS {
        let folder = suite.scratch().join(month).to_str().unwrap().to_owned();
        let generate = ["generate", "--out", &folder, "--cases", "600", "--seed", "11"];
        of_demo(&suite, month, &generate).expect(0);
    }
    let [april, _] = MONTHS;
    let files = ["bodies", "areas", "coefficients"].map(|name| path(&suite, april, name));
    let files = files.each_ref().map(String::as_str);
    of_demo(&suite, april, &[&["registry", "import"], &files[..]].concat()).expect(0);
    of_demo(&suite, april, &["rules", "apply", "--activate-from", "2018-03", "zz-2018"]).expect(0);
    for month in MONTHS {
        let files = ["cases", "events"].map(|name| path(&suite, month, name));
        of_demo(&suite, april, &["import", &files[0], &files[1]]).expect(0);
    }
    suite
}

/// A long-term case of April is voided: the month after counted from it (环比).
pub(crate) fn voided(suite: &Suite) {
    let [april, _] = MONTHS;
    let case = long_term_case(&path(suite, april, "cases"), &path(suite, april, "events"));
    let case_of = ["--body", "d01", "--subject", "case_fact", "--statement", "不属实"];
    of_demo(suite, april, &[&["inquire", "--case", &case], &case_of[..]].concat()).expect(0);
    of_demo(suite, april, &["review", "1", "--finding", "属实"]).expect(0);
    let voided = ["--event", "voided,at=2018-05-02T10:00:00+08:00"];
    let decide = ["decide", "1", "--uphold", "--answer", "作废"];
    of_demo(suite, april, &[&decide[..], &voided].concat()).expect(0);
}

#[tokio::test]
async fn a_correction_reaches_the_later_months_that_used_what_it_changed() {
    let suite = two_months().await;
    let of = |month: &str, arguments: &[&str]| of_demo(&suite, month, arguments);
    for month in MONTHS {
        of(month, &["evaluate"]).expect(0);
        of(month, &["publish"]).expect(0);
    }
    voided(&suite);
    of("2018-04", &["evaluate", "--decided", "now"]).expect(0);
    let correct = ["correct", "--reason", "质询1成立", "--format", "json"];
    let corrected = of("2018-04", &correct).json(0);
    let may = "jurisdictions/zz-demo/bulletins/2018-05/versions/1";
    assert_eq!(corrected["touched_versions"], serde_json::json!([may]), "{corrected}");

    let results = || of("2018-05", &["results", "--format", "json"]).json(0);
    let published = results();
    // Its own correction sees the voided case, whether by its records or by the corrected counts.
    of("2018-05", &["evaluate", "--decided", "now"]).expect(0);
    let by_records = results();
    let evaluation = corrected["evaluation"].as_str().unwrap();
    of("2018-05", &["evaluate", "--decided", "now", "--correction", evaluation]).expect(0);
    let by_counts = results();
    assert_ne!(published["bodies"], by_counts["bodies"]);
    assert_eq!(by_records["bodies"], by_counts["bodies"]);
    suite.stop().await;
}

/// A case of a long-term category that was filed and handled in April.
fn long_term_case(cases: &str, events: &str) -> String {
    let (cases, events) = (fs::read_to_string(cases).unwrap(), fs::read_to_string(events).unwrap());
    let long_term = ["0101", "0136", "0201", "0501", "0505", "0506", "0510"];
    let happened = |case: &str, at: &str, kind: &str| {
        events
            .lines()
            .map(|line| line.split(',').collect::<Vec<_>>())
            .any(|event| event[0] == case && event[2].starts_with(at) && event[3] == kind)
    };
    let mut rows = cases.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    let found = rows.find(|case| {
        case[1] == "patrol"
            && case[2].ends_with("event")
            && long_term.iter().any(|code| case[3].starts_with(code))
            && happened(case[0], "2018-04", "filed")
            && happened(case[0], "2018-04-1", "handled")
    });
    found.expect("a generated month has long-term cases")[0].to_owned()
}
