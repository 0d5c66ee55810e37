//! What platforms really send: every bad row is reported with its place and reason and kept, and
//! never stops the good ones.

use std::fs;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::support::{Suite, root, unzipped};

const HEADER: &str = "case_no,event_no,at,kind,actor,unit,due_at,stage_due_at,outcome,note";

fn rejects(suite: &Suite) -> Vec<Value> {
    let listed = suite.run(&["rejects", "--jurisdiction", "rough", "--format", "json"]).json(0);
    listed.as_array().unwrap().clone()
}

fn prepare(suite: &Suite) {
    let bodies = suite.scratch().join("bodies.csv");
    let text = "body_id,kind,name,parent,valid_from,valid_to\n\
                d1,district,第一区,,2018-01,\nb1,bureau,第一局,,2018-01,\n";
    fs::write(&bodies, text).unwrap();
    let cases = suite.scratch().join("cases.csv");
    let text = "case_no,source,category_scheme,category_code,area_code,collector,title\n\
                C1,patrol,gbt-30428.2-2013-event,0110,R1,,\n";
    fs::write(&cases, text).unwrap();
    let jurisdiction = ["--jurisdiction", "rough"];
    let import = ["registry", "import", jurisdiction[0], jurisdiction[1]];
    suite.run(&[&import[..], &[bodies.to_str().unwrap()]].concat()).expect(0);
    let import = ["import", jurisdiction[0], jurisdiction[1]];
    suite.run(&[&import[..], &[cases.to_str().unwrap()]].concat()).expect(0);
}

/// One bad row each, with the code and the column that must be named.
fn bad_rows() -> Vec<(Vec<u8>, &'static str, Option<&'static str>)> {
    let row = |text: &str| text.as_bytes().to_vec();
    let mut gbk = row("C1,21,2018-03-02T09:00:00+08:00,handled,,b1,,,,");
    gbk.extend_from_slice(&[0xb5, 0xc0, 0xc2, 0xb7]); // 道路
    let mut nul = row("C1,22,2018-03-02T09:00:00+08:00,handled,,b1,,,,a");
    nul.extend_from_slice(b"\0b");
    let mut huge = row("C1,23,2018-03-02T09:00:00+08:00,handled,,b1,,,,");
    huge.extend(std::iter::repeat_n(b'x', 10 << 20));
    vec![
        (row("C1,11,2018-03-02T09:00:00+99:00,handled,,b1,,,,"), "bad_timestamp", Some("at")),
        (row("C1,12,2018-03-02T09:00:00,handled,,b1,,,,"), "timestamp_without_offset", Some("at")),
        (row("C1,13,2018-03-02T09:00:00+08:00,handled,,nobody,,,,"), "unknown_body", Some("unit")),
        (row("C1,14,2018-03-02T09:00:00+08:00,handled,,b1"), "column_count", None),
        (row("C1,15,2018-03-02T09:00:00+08:00,repaired,,b1,,,,"), "unknown_kind", Some("kind")),
        (row("NONE,1,2018-03-02T09:00:00+08:00,handled,,b1,,,,"), "unknown_case", Some("case_no")),
        (gbk, "not_utf8", None),
        (nul, "nul_byte", None),
        (huge, "field_too_long", Some("note")),
    ]
}

#[tokio::test]
async fn bad_rows_are_named_and_kept_and_good_rows_go_on() {
    let suite = Suite::start().await;
    prepare(&suite);
    let mut file = HEADER.as_bytes().to_vec();
    file.push(b'\n');
    let mut rows = Vec::new();
    for (number, (bytes, code, column)) in bad_rows().into_iter().enumerate() {
        file.extend_from_slice(&bytes);
        let good = format!("\nC1,{},2018-03-01T09:00:00+08:00,ordered,,,,,,\n", number + 100);
        file.extend_from_slice(good.as_bytes());
        rows.push((2 + 2 * number as u64, code, column));
    }
    let path = suite.scratch().join("events.csv");
    fs::write(&path, file).unwrap();
    let path = path.to_str().unwrap();
    let import = ["import", "--jurisdiction", "rough", "--format", "json", path];
    let summary = suite.run(&import).json(3);
    let summary = summary.to_string();
    assert!(summary.contains(&format!("\"accepted\":{}", rows.len())), "{summary}");

    let found = rejects(&suite);
    for (row, code, column) in &rows {
        let reject = found.iter().find(|reject| reject["row"] == *row);
        let reject = reject.unwrap_or_else(|| panic!("nothing is said of row {row}, {code}"));
        assert_eq!(reject["code"], *code, "{reject}");
        assert_eq!(reject["file"], "events.csv");
        assert_eq!(reject["line"], *row);
        assert_eq!(reject["column"].as_str(), *column, "{code}");
        assert!(!reject["message"].as_str().unwrap().is_empty());
    }
    assert_eq!(found.len(), rows.len());

    // The same file again brings nothing new, good or bad.
    suite.run(&import).json(3);
    assert_eq!(rejects(&suite).len(), rows.len());
    suite.stop().await;
}

#[tokio::test]
async fn a_corrected_row_is_replayed_and_leaves_the_list() {
    let suite = Suite::start().await;
    prepare(&suite);
    let path = suite.scratch().join("events.csv");
    let bad = "C1,1,2018-03-02T09:00:00,reported,,,,,,";
    fs::write(&path, format!("{HEADER}\n{bad}\n")).unwrap();
    suite.run(&["import", "--jurisdiction", "rough", path.to_str().unwrap()]).expect(3);
    let listed = rejects(&suite);
    let id = listed[0]["reject"].as_str().unwrap();
    let payload = listed[0]["payload"].as_str().unwrap();
    let corrected = payload.replace("09:00:00", "09:00:00+08:00");
    let file = suite.scratch().join("corrected");
    fs::write(&file, corrected).unwrap();
    let replay = ["rejects", "replay", "--jurisdiction", "rough", id, "--payload-file"];
    suite.run(&[&replay[..], &[file.to_str().unwrap()]].concat()).expect(0);
    assert!(rejects(&suite).is_empty());
    suite.stop().await;
}

#[tokio::test]
async fn an_exported_file_is_corrected_and_given_back_as_a_whole() {
    let suite = Suite::start().await;
    prepare(&suite);
    let path = suite.scratch().join("events.csv");
    let rows = [
        "C1,1,2018-03-02T09:00:00,reported,,,,,,",
        "C1,2,2018-03-02T10:00:00+08:00,handled,,nobody,,,,",
        "C1,3,2018-03-02T11:00:00+08:00,repaired,,b1,,,,",
        "C1,4,2018-03-02T12:00:00,ordered,,,,,,\"两\n行\"",
    ];
    fs::write(&path, format!("{HEADER}\n{}\n", rows.join("\n"))).unwrap();
    suite.run(&["import", "--jurisdiction", "rough", path.to_str().unwrap()]).expect(3);
    let file = suite.scratch().join("rejects.ndjson");
    let file = file.to_str().unwrap();
    let run = |arguments: &[&str]| {
        suite.run(&[&["rejects"], arguments, &["--jurisdiction", "rough"]].concat())
    };
    run(&["export", file]).expect(0);
    assert!(run(&["export", file]).stderr.contains("cannot write"), "nothing is written over");
    let text = fs::read_to_string(file).unwrap();
    assert_eq!(text.lines().count(), rows.len());

    // Two are put right, one is made no better, one was right all along but for the registry.
    let corrected = text
        .replace("T09:00:00,reported", "T09:00:00+08:00,reported")
        .replace("T12:00:00,ordered", "T12:00:00+08:00,ordered")
        .replace("repaired", "mended");
    fs::write(file, &corrected).unwrap();
    let replayed = run(&["replay", "--from", file, "--format", "json"]).json(3);
    let outcomes = |replayed: &Value| -> Vec<String> {
        let lines = replayed.as_array().unwrap().iter();
        lines.map(|line| line["outcome"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(outcomes(&replayed), ["replayed", "refused", "refused", "replayed"], "{replayed}");
    assert!(replayed[2]["message"].as_str().unwrap().contains("unknown_kind"), "{replayed}");
    let open: Vec<_> = rejects(&suite).iter().map(|reject| reject["row"].clone()).collect();
    assert_eq!(open, [3, 4]);

    // The same file again, with a body that was registered since.
    let bodies = suite.scratch().join("bodies.csv");
    let row = "body_id,kind,name,parent,valid_from,valid_to\nnobody,bureau,第二局,,2018-01,\n";
    fs::write(&bodies, row).unwrap();
    let bodies = bodies.to_str().unwrap();
    suite.run(&["registry", "import", "--jurisdiction", "rough", bodies]).expect(0);
    fs::write(file, corrected.replace("mended", "handled")).unwrap();
    let replayed = run(&["replay", "--from", file, "--format", "json"]).json(0);
    let expected = ["done before", "replayed", "replayed", "done before"];
    assert_eq!(outcomes(&replayed), expected, "{replayed}");
    assert!(rejects(&suite).is_empty());
    let note = run(&["--state", "replayed", "--format", "json"]).json(0);
    assert_eq!(note.as_array().unwrap().len(), rows.len());
    suite.stop().await;
}

#[tokio::test]
async fn a_bad_file_is_named_and_does_not_stop_the_others() {
    let suite = Suite::start().await;
    prepare(&suite);
    let scratch = suite.scratch();
    let doubled = scratch.join("events-doubled.csv");
    fs::write(&doubled, "case_no,case_no,event_no\nC1,C1,1\n").unwrap();

    let mut zipped = GzEncoder::new(Vec::new(), Compression::default());
    writeln!(zipped, "{HEADER}").unwrap();
    for number in 1..2000 {
        writeln!(zipped, "C1,{number},2018-03-01T09:00:00+08:00,ordered,,,,,,n{number}").unwrap();
    }
    let whole = zipped.finish().unwrap();
    let cut = scratch.join("events-cut.csv.gz");
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 4;
    let damaged = scratch.join("events-damaged.csv.gz");
    fs::write(&damaged, flipped).unwrap();

    let import = ["import", "--jurisdiction", "rough"];
    let files = [&doubled, &cut, &damaged].map(|path| path.to_str().unwrap());
    let done = suite.run(&[&import[..], &files].concat());
    assert_eq!(done.code, 3, "{}", done.stderr);
    assert!(done.stderr.contains("events-doubled.csv"), "{}", done.stderr);

    let found = rejects(&suite);
    let of_code = |code: &str| {
        let reject = found.iter().find(|reject| reject["code"] == code);
        reject.unwrap_or_else(|| panic!("nothing is said of {code}: {found:?}"))
    };
    let twice = of_code("duplicate_column");
    assert_eq!(
        (&twice["file"], &twice["column"]),
        (&"events-doubled.csv".into(), &"case_no".into())
    );
    assert_eq!((&twice["row"], &twice["line"]), (&1.into(), &1.into()));
    assert_eq!(twice["payload"], "case_no,case_no,event_no");
    assert_eq!(of_code("corrupt_file")["file"], "events-damaged.csv.gz");
    let truncated = of_code("truncated_file");
    assert_eq!(truncated["file"], "events-cut.csv.gz");
    let good = truncated["row"].as_u64().unwrap();
    assert!(good > 100, "the good rows before the cut are kept, {good} of them");
    suite.stop().await;
}

#[tokio::test]
async fn a_corrected_row_of_a_mapped_file_is_replayed_with_its_events() {
    let suite = Suite::start().await;
    let of = ["--jurisdiction", "rough"];
    let run = |arguments: &[&str]| suite.run(&[arguments, &of].concat());
    let registry = "deploy/registries/boston-2011";
    let files = ["bodies", "areas"].map(|file| format!("{registry}/{file}.csv"));
    run(&["registry", "import", &files[0], &files[1]]).expect(0);

    let whole = String::from_utf8(unzipped(&root().join("tests/data/boston311_2011H2.csv.gz")));
    let rows: Vec<String> = whole.unwrap().lines().take(3).map(str::to_owned).collect();
    let bad = rows.join("\n").replacen("2011-07-01 01:32:33", "2011-07-41 01:32:33", 1);
    let path = suite.scratch().join("boston.csv");
    fs::write(&path, bad).unwrap();
    let mapping = "deploy/mappings/boston-311.yaml";
    run(&["import", "--mapping", mapping, path.to_str().unwrap()]).expect(3);
    let listed = rejects(&suite);
    assert_eq!(listed.len(), 1, "{listed:?}");
    let payload = listed[0]["payload"].as_str().unwrap().replace("07-41", "07-01");
    let corrected = suite.scratch().join("corrected");
    fs::write(&corrected, payload).unwrap();
    let id = listed[0]["reject"].as_str().unwrap();
    let file = corrected.to_str().unwrap();
    run(&["rejects", "replay", id, "--mapping", mapping, "--payload-file", file]).expect(0);
    assert!(rejects(&suite).is_empty());

    // The whole row is in: the same row again, now correct in the file, brings nothing new.
    fs::write(&path, rows.join("\n")).unwrap();
    let import = ["import", "--mapping", mapping, "--format", "json", path.to_str().unwrap()];
    let summary = run(&import).json(0).to_string();
    assert!(summary.contains("\"accepted\":0"), "{summary}");
    suite.stop().await;
}
