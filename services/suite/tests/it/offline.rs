//! What can be known without a server.

use std::fs;

use serde_json::Value;

use crate::support::{chengping, folder};

#[test]
fn a_wrong_usage_is_code_2_and_says_nothing_on_standard_output() {
    let folder = folder();
    for arguments in [
        &["evaluate"][..],
        &["publish", "--jurisdiction", "zz"],
        &["evaluate", "--month", "2018-13"],
        &["evaluate", "--month", "2018-04", "--as-of", "2018-05-04T00:00:00"],
        &["evaluate", "--month", "2018-04", "--rule-pack", "zz-2018@latest"],
        &["results", "--month", "2018-04", "--format", "json", "--group", "district"],
        &["registry", "import"],
        &["registry", "calendar", "set", "calendar.csv"],
        &["registry", "deadline", "--start", "2018-04-28T17:30:00+08:00"],
        &["registry", "deadline", "--start", "2018-04-28T17:30:00+08:00", "--limit", "2"],
        &["registry", "deadline", "--start", "2018-04-28T17:30:00+08:00", "--condition", "c1"],
        &["rules", "audit", "--verify", "--filter", "actor = a"],
        &["import"],
        &["import", "--encoding", "big5", "cases.csv"],
        &["import", "--dry-run", "--resume", "cases.csv"],
        &["import", "--done", "x", "cases.csv"],
        &["import", "--watch", "x", "cases.csv"],
        &["rejects", "--state", "lost"],
        &["explain", "--month", "2018-04"],
        &["registry", "show", "--server", "cases=127.0.0.1:1"],
        &["rules", "preview", "--month", "2018-04"],
        &["rules", "preview", "--month", "2018-04", "--set", "families.area.zones.key"],
        &["rules", "preview", "--month", "2018-04", "--step", "0.2", "zz-2018"],
        &["rules", "preview", "--month", "2018-04", "--through", "2018-03", "zz-2018"],
        &["verify"],
        &["verify", "a.json", "--facts", "r.records", "--log"],
        &["verify", "a.json", "--facts", "r.records", "--line", "d01"],
        &["export-records", "--month", "2018-04"],
        &["export-records", "--out", "r.records"],
        &["polish"],
        &[],
    ] {
        let done = chengping(folder.path(), arguments);
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{arguments:?}: {}", done.stderr);
        assert!(!done.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn an_absent_server_is_code_1_and_a_hint() {
    let folder = folder();
    let show = ["registry", "show", "--jurisdiction", "zz", "--wait", "0"];
    let done = chengping(folder.path(), &[&show[..], &["--server", "127.0.0.1:1"]].concat());
    assert_eq!(done.code, 1, "{}", done.stderr);
    assert!(done.stderr.contains("127.0.0.1:1") && done.stderr.contains("chengping up"));
    // A folder that was named means the suite in it, not one at the default port.
    let done = chengping(folder.path(), &[&show[..], &["--data", "nowhere"]].concat());
    assert_eq!(done.code, 1, "{}", done.stderr);
    assert!(done.stderr.contains("nowhere"), "{}", done.stderr);
}

#[test]
fn a_built_in_pack_is_valid_and_known_by_its_digest() {
    let folder = folder();
    for pack in ["zz-2018", "boston-2011"] {
        let done = chengping(folder.path(), &["rules", "validate", "--format", "json", pack]);
        assert_eq!(done.code, 0, "{}", done.stderr);
        let json: Value = serde_json::from_str(&done.stdout).unwrap();
        assert_eq!(json["pack"], pack);
        assert!(json["digest"].as_str().unwrap().starts_with("sha256:"));
    }
}

#[test]
fn all_mistakes_of_a_pack_are_told_at_once() {
    let folder = folder();
    let file = folder.path().join("pack.yaml");
    fs::write(&file, "pack: x\ntime_zone: Mars/Olympus\nfreeze: {day: 99}\n").unwrap();
    let done = chengping(folder.path(), &["rules", "validate", "pack.yaml"]);
    assert_eq!((done.code, done.stdout.as_str()), (1, ""));
    for part in ["time_zone", "freeze", "groups"] {
        assert!(done.stderr.contains(part), "{part} is missing in {}", done.stderr);
    }
}

#[test]
fn a_number_that_cannot_be_changed_is_told_of_before_a_server_is_looked_for() {
    let folder = folder();
    let preview = ["rules", "preview", "--month", "2018-04", "--wait", "0", "zz-2018"];
    let done =
        chengping(folder.path(), &[&preview[..], &["--set", "families.area.kye=1"]].concat());
    assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{}", done.stderr);
    assert!(done.stderr.contains("families.area.kye"), "{}", done.stderr);
}

#[test]
fn what_is_no_bundle_is_not_verified_and_a_missing_one_is_named() {
    let folder = folder();
    fs::write(folder.path().join("bundle.json"), "{}").unwrap();
    let done = chengping(folder.path(), &["verify", "bundle.json"]);
    assert_eq!(done.code, 1);
    assert!(done.stdout.contains("FAILED   form") && done.stdout.contains("NOT VERIFIED"));
    let done = chengping(folder.path(), &["verify", "absent.json"]);
    assert_eq!(done.code, 1);
    assert!(done.stderr.contains("absent.json"), "{}", done.stderr);
}

#[test]
fn files_that_cannot_be_imported_are_all_named_before_a_server_is_looked_for() {
    let folder = folder();
    fs::write(folder.path().join("cases.csv"), "case_no,case_no\n").unwrap();
    let files = ["cases.csv", "absent.csv", "notes.txt"];
    let done = chengping(folder.path(), &[&["import", "--wait", "0"], &files[..]].concat());
    assert_eq!(done.code, 1);
    for name in ["cases.csv", "absent.csv", "notes.txt"] {
        assert!(done.stderr.contains(name), "{name} is missing in {}", done.stderr);
    }
}

#[test]
fn a_dry_run_counts_and_rejects_without_a_server() {
    let folder = folder();
    let write = |name: &str, text: &[u8]| fs::write(folder.path().join(name), text).unwrap();
    let header = "case_no,source,category_scheme,category_code,area_code,title\n";
    // 郑州 in GBK.
    let rows = [header.as_bytes(), b"A1,patrol,s,01,R1,\xD6\xA3\xD6\xDD\nA2,pigeon,s,01,R1,\n"];
    write("cases.csv", &rows.concat());
    write("events.csv", b"case_no,event_no,at,kind\nA1,1,2018-04-03T09:15:00+08:00,filed\n");
    write("bodies.csv", b"body_id,kind\n");
    let import = ["import", "--dry-run", "--format", "json", "."];
    let done = chengping(folder.path(), &[&import[..], &["--encoding", "gbk"]].concat());
    assert_eq!(done.code, 3, "{}", done.stderr);
    let json: Value = serde_json::from_str(&done.stdout).unwrap();
    let total = &json["total"];
    assert_eq!(
        (&total["read"], &total["cases"], &total["events"]),
        (&3.into(), &1.into(), &1.into())
    );
    assert_eq!(json["codes"]["unknown_source"], 1);
    assert_eq!(json["codes"]["missing_column"], 2, "{json}");
    assert!(done.stderr.contains("nothing was sent"), "{}", done.stderr);

    let done = chengping(folder.path(), &["import", "--validate-only", "cases.csv"]);
    assert_eq!(done.code, 3);
    assert!(done.stderr.contains("--encoding gb18030"), "{}", done.stderr);
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 3, "nothing is written");
}

#[test]
fn shipped_mappings_read_their_tables() {
    let folder = folder();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = |name: &str| root.join(name).to_str().unwrap().to_owned();
    let data = path("tests/data/mappings");
    for (mapping, files, cases, rejected) in [
        ("egova", vec!["egova.csv"], 5, 1),
        ("open311-georeport", vec!["open311-page1.json", "open311-page2.json"], 2, 1),
    ] {
        let mapping = path(&format!("deploy/mappings/{mapping}.yaml"));
        let files: Vec<_> = files.iter().map(|file| format!("{data}/{file}")).collect();
        let mut arguments = vec!["import", "--dry-run", "--format", "json", "--mapping", &mapping];
        arguments.extend(files.iter().map(String::as_str));
        let done = chengping(folder.path(), &arguments);
        let json: Value = serde_json::from_str(&done.stdout).unwrap();
        let total = &json["total"];
        assert_eq!((&total["cases"], &total["rejected"]), (&cases.into(), &rejected.into()));
    }
}
