//! From a generated month to a sealed version that is checked without a server.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Done, Suite, chengping, folder};

const OF: [&str; 4] = ["--jurisdiction", "zz-demo", "--month", "2018-04"];

pub(crate) fn run(suite: &Suite, arguments: &[&str]) -> Done {
    suite.run(&[arguments, &OF].concat())
}

/// A generated month, imported and evaluated.
async fn evaluated() -> Suite {
    evaluated_by(Suite::start().await)
}

/// The same, by a suite that was started before.
pub(crate) fn evaluated_by(suite: Suite) -> Suite {
    let month = suite.scratch().join("month");
    let month = month.to_str().unwrap();
    run(&suite, &["generate", "--out", month, "--cases", "600", "--seed", "11"]).expect(0);
    let file = |name: &str| format!("{month}/{name}.csv");
    let files = ["bodies", "areas", "coefficients"].map(file);
    let files = files.each_ref().map(String::as_str);
    run(&suite, &[&["registry", "import"], &files[..]].concat()).expect(0);
    run(&suite, &["rules", "apply", "--activate-from", "2018-03", "zz-2018"]).expect(0);
    let files = ["cases", "events"].map(file);
    let files = files.each_ref().map(String::as_str);
    run(&suite, &[&["import"], &files[..]].concat()).expect(0);
    run(&suite, &["evaluate"]).expect(0);
    suite
}

/// The free texts of a generated month, which are for the whole process only (7.1).
fn free_texts(folder: &Path) -> BTreeSet<String> {
    let column = |file: &str, place: usize| -> Vec<String> {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        let fields = text.lines().skip(1).filter_map(|line| line.split(',').nth(place));
        fields.filter(|field| field.chars().count() >= 4).map(str::to_owned).collect()
    };
    column("cases.csv", 6).into_iter().chain(column("events.csv", 9)).collect()
}

#[tokio::test]
async fn a_published_version_is_sealed_and_checked_without_a_server() {
    let suite = evaluated().await;
    let published = run(&suite, &["publish", "--format", "json"]).json(0);
    assert_eq!(published["version"], 1, "{published}");
    let again = run(&suite, &["publish", "--format", "json"]).json(0);
    assert_eq!(again["digest"], published["digest"], "publishing twice changes nothing");

    let bundle = suite.scratch().join("bundle.json");
    let file = bundle.to_str().unwrap().to_owned();
    run(&suite, &["verify", "--out", &file]).expect(0);
    let data = suite.stop().await;

    // No server any more, and a folder that knows of none.
    let elsewhere = folder();
    chengping(elsewhere.path(), &["verify", &file]).expect(0);

    let text = fs::read_to_string(&bundle).unwrap();
    let free_texts = free_texts(&data.path().join("month"));
    assert!(!free_texts.is_empty());
    let published: Vec<_> = free_texts.iter().filter(|free| text.contains(*free)).collect();
    assert!(published.is_empty(), "published although they never are: {published:?}");
    assert_flips_are_found(elsewhere.path(), &bundle);
}

/// Flips one bit at places spread over the bundle; each must be found.
fn assert_flips_are_found(data: &Path, bundle: &Path) {
    let whole = fs::read(bundle).unwrap();
    for part in 1..8 {
        let mut bytes = whole.clone();
        let place = bytes.len() * part / 8;
        bytes[place] ^= 1;
        let file = data.join("flipped.json");
        fs::write(&file, bytes).unwrap();
        let done = chengping(data, &["verify", file.to_str().unwrap()]);
        assert_eq!(done.code, 1, "byte {place} of {}: {}", whole.len(), done.stderr);
    }
}

#[tokio::test]
async fn what_a_suite_kept_survives_a_kill_and_a_restart() {
    let suite = evaluated().await;
    let before = run(&suite, &["results", "--format", "json"]).expect(0);
    let folder = suite.kill().await;
    let suite = Suite::start_in(folder).await;
    let after = run(&suite, &["results", "--format", "json"]).expect(0);
    assert_eq!(before, after);
    run(&suite, &["evaluate"]).expect(0);
    let computed_again = run(&suite, &["results", "--format", "json"]).expect(0);
    assert!(before == computed_again, "the same inputs gave other bytes after a restart");

    let folder = suite.stop().await;
    let suite = Suite::start_in(folder).await;
    assert_eq!(run(&suite, &["results", "--format", "json"]).expect(0), before);
    suite.stop().await;
}

#[tokio::test]
async fn every_number_is_explained_down_to_as_many_cases_as_it_says() {
    let suite = evaluated().await;
    let results = run(&suite, &["results", "--format", "json"]).json(0);
    let bodies = results["bodies"].as_object().unwrap();
    let mut checked = 0;
    for (body, card) in bodies.iter().filter(|(_, card)| card["group"] == "district").take(2) {
        let explain = ["explain", "--format", "json", "--cases", "--body", body];
        let explained = run(&suite, &explain).json(0);
        let text = explained.to_string();
        for (item, result) in card["items"].as_object().unwrap() {
            assert!(text.contains(&format!("\"{item}\"")), "{body}: nothing on {item}");
            checked += usize::from(result["zones"].is_object());
        }
        assert_counted_cases(&explained);
    }
    assert!(checked >= 10, "only {checked} items were explained");
    suite.stop().await;
}

/// Wherever an input lists its cases, their counts add up to the input.
fn assert_counted_cases(explained: &Value) {
    let mut pending = vec![explained];
    while let Some(value) = pending.pop() {
        match value {
            Value::Array(values) => pending.extend(values),
            Value::Object(members) => {
                if let (Some(cases), Some(total)) =
                    (members.get("counted_cases"), members.get("total_count"))
                {
                    let cases = cases.as_array().unwrap().iter();
                    let sum: i64 = cases.map(|case| case["count"].as_i64().unwrap()).sum();
                    assert_eq!(sum, total.as_i64().unwrap(), "{members:?}");
                }
                pending.extend(members.values());
            }
            _ => {}
        }
    }
}
