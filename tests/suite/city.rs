//! A synthetic city in the interchange format, with what an independent program makes of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Suite, folder, root, unzipped};

pub(crate) fn city() -> PathBuf {
    root().join("tests/data/city-6k")
}

fn expected_rejects() -> BTreeSet<(String, u64, String)> {
    let text = fs::read(city().join("expected_rejects.json")).unwrap();
    let document: Value = serde_json::from_slice(&text).unwrap();
    let rejects = document["rejects"].as_array().unwrap().iter();
    rejects
        .map(|reject| {
            let text = |member: &str| reject[member].as_str().unwrap().to_owned();
            (text("file"), reject["row"].as_u64().unwrap(), text("code"))
        })
        .collect()
}

pub(crate) fn path(folder: &Path, file: &str) -> String {
    folder.join(file).to_str().unwrap().to_owned()
}

fn import_registry(suite: &Suite, jurisdiction: &str, pack: &str, code: i32) {
    let files = ["bodies.csv", "areas.csv", "coefficients.csv"].map(|file| path(&city(), file));
    let [bodies, areas, coefficients] = files.each_ref().map(String::as_str);
    let import = ["registry", "import", "--jurisdiction", jurisdiction];
    suite.run(&[&import[..], &[bodies, areas, coefficients]].concat()).expect(code);
    let apply = ["rules", "apply", "--jurisdiction", jurisdiction, "--activate-from", "2018-03"];
    suite.run(&[&apply[..], &[pack]].concat()).expect(0);
}

fn results(suite: &Suite, jurisdiction: &str, month: &str) -> Vec<u8> {
    let of = ["--jurisdiction", jurisdiction, "--month", month];
    let evaluated = suite.run(&[&["evaluate"], &of[..]].concat());
    assert!(evaluated.stderr.contains("set aside and open"), "{}", evaluated.stderr);
    evaluated.expect(0);
    suite.run(&[&["results", "--format", "json"], &of[..]].concat()).expect(0)
}

#[tokio::test]
async fn exactly_the_malformed_rows_are_set_aside_and_the_others_count() {
    let suite = Suite::start().await;
    import_registry(&suite, "city", "zz-2018", 3);
    let (cases, events) = (path(&city(), "cases.csv.gz"), path(&city(), "events.csv.gz"));
    suite.run(&["import", "--jurisdiction", "city", &cases, &events]).expect(3);

    let listed = suite.run(&["rejects", "--jurisdiction", "city", "--format", "json"]).json(0);
    let found: BTreeSet<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|reject| {
            let text = |member: &str| reject[member].as_str().unwrap().to_owned();
            let file = text("file").split('.').next().unwrap().to_owned();
            (file, reject["row"].as_u64().unwrap(), text("code"))
        })
        .collect();
    let expected = expected_rejects();
    let missing: Vec<_> = expected.difference(&found).collect();
    let surplus: Vec<_> = found.difference(&expected).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "missing {missing:?}, surplus {surplus:?}");

    assert_equals_reference(&suite, "city", "zz-2018");

    // Another city has the same cases and judges them by the samples of the standard.
    import_registry(&suite, "samples", "gbt-30428.4", 3);
    suite.run(&["import", "--jurisdiction", "samples", &cases, &events]).expect(3);
    assert_equals_reference(&suite, "samples", "gbt-30428.4");
    suite.stop().await;
}

fn assert_equals_reference(suite: &Suite, jurisdiction: &str, pack: &str) {
    for month in ["2018-04", "2018-05"] {
        let found: Value = serde_json::from_slice(&results(suite, jurisdiction, month)).unwrap();
        let file = city().join(format!("results-{pack}-{month}.json.gz"));
        let expected: Value = serde_json::from_slice(&unzipped(&file)).unwrap();
        assert_eq!(found["rule_pack"]["name"], pack);
        assert_equal_for_every_body(&found, &expected);
    }
}

/// Areas, departments and posts must be equal, deduction by deduction, and no body too many.
fn assert_equal_for_every_body(found: &Value, expected: &Value) {
    let bodies = |of: &Value| of["bodies"].as_object().unwrap().len();
    assert_eq!(bodies(found), bodies(expected));
    let mut compared = 0;
    for (body, expected) in expected["bodies"].as_object().unwrap() {
        let found = &found["bodies"][body];
        for member in ["group", "state", "score", "exact_score", "rank", "tied", "grade", "due"] {
            assert_eq!(found[member], expected[member], "{body}: {member}");
        }
        assert_eq!(found["streams"], expected["streams"], "{body}");
        for (item, expected) in expected["items"].as_object().unwrap() {
            let found = &found["items"][item];
            for member in ["stream", "deduction", "exact", "zones"] {
                assert_eq!(found[member], expected[member], "{body}: {item}: {member}");
            }
        }
        compared += 1;
    }
    assert!(compared > 200, "only {compared} bodies were compared");
}

/// The lines of a file in an order that looks random and is always the same.
pub(crate) fn shuffled(lines: &[&str], seed: u64) -> Vec<String> {
    let mut lines: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
    let mut state = seed;
    for place in (1..lines.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let other = usize::try_from(state >> 33).unwrap() % (place + 1);
        lines.swap(place, other);
    }
    lines
}

/// The rows that nothing is wrong with, one a line, and the header. Which of two contradicting
/// rows stands is decided by their order, so the contradictions are left out here.
pub(crate) fn good_rows(file: &str) -> (String, Vec<String>) {
    let name = file.split('.').next().unwrap();
    let bad: BTreeSet<u64> = expected_rejects()
        .into_iter()
        .filter(|(of, ..)| of == name)
        .map(|(_, row, _)| row)
        .collect();
    let text = String::from_utf8(unzipped(&city().join(file))).unwrap();
    let (mut records, mut record) = (Vec::new(), String::new());
    for line in text.lines() {
        record += line;
        // A quoted field may span lines: a record ends where its quotes are even.
        if record.matches('"').count() % 2 == 0 {
            records.push(std::mem::take(&mut record));
        } else {
            record.push('\n');
        }
    }
    let header = records.remove(0);
    let good = records.into_iter().enumerate();
    let good = good.filter(|(index, _)| !bad.contains(&(*index as u64 + 2)));
    (header, good.map(|(_, record)| record).collect())
}

pub(crate) fn write(path: &str, header: &str, rows: &[String]) {
    fs::write(path, format!("{header}\n{}\n", rows.join("\n"))).unwrap();
}

#[tokio::test]
async fn order_halves_and_repeats_of_an_import_change_no_byte_of_the_results() {
    let suite = Suite::start().await;
    let scratch = folder();
    let (case_header, cases) = good_rows("cases.csv.gz");
    let (event_header, events) = good_rows("events.csv.gz");
    let file = |name: &str| path(scratch.path(), name);
    let (all_cases, all_events) = (file("cases.csv"), file("events.csv"));
    write(&all_cases, &case_header, &cases);
    write(&all_events, &event_header, &events);
    let mixed: Vec<_> = events.iter().map(String::as_str).collect();
    let mixed = shuffled(&mixed, 7);
    let (mixed_events, first_half, second_half) =
        (file("events-mixed.csv"), file("events-first.csv"), file("events-second.csv"));
    write(&mixed_events, &event_header, &mixed);
    let (first, second) = mixed.split_at(mixed.len() / 2);
    write(&first_half, &event_header, first);
    write(&second_half, &event_header, second);

    let import = |jurisdiction: &str, files: &[&str], code: i32| {
        let arguments = [&["import", "--jurisdiction", jurisdiction], files].concat();
        suite.run(&arguments).expect(code);
    };
    for jurisdiction in ["plain", "mixed", "halves", "twice"] {
        import_registry(&suite, jurisdiction, "zz-2018", 3);
    }
    import("plain", &[&all_cases, &all_events], 0);
    import("mixed", &[&all_cases, &mixed_events], 0);
    // Half of the events come before their cases: they wait, and are taken in by themselves.
    import("halves", &[&second_half], 3);
    import("halves", &[&all_cases], 0);
    import("halves", &[&first_half], 0);
    import("twice", &[&all_cases, &mixed_events], 0);
    import("twice", &[&all_cases, &all_events], 0);

    let of = |jurisdiction: &str| {
        let bytes = results(&suite, jurisdiction, "2018-04");
        let text = String::from_utf8(bytes).unwrap();
        let own = format!("\"jurisdiction\":\"{jurisdiction}\"");
        assert!(text.contains(&own));
        text.replace(&own, "\"jurisdiction\":\"\"")
    };
    let plain = of("plain");
    assert_eq!(plain, of("plain"), "two evaluations of the same inputs");
    for jurisdiction in ["mixed", "halves", "twice"] {
        assert_eq!(plain, of(jurisdiction), "{jurisdiction}");
    }
    suite.stop().await;
}
