//! Files for people, from a month of cases in which persons are named.

use std::fs;
use std::io::{Cursor, Read as _};
use std::path::Path;

use chengping_types::Digest;

use crate::pages;
use crate::support::{Done, Suite, chengping, folder};

const OF: [&str; 4] = ["--jurisdiction", "zz-demo", "--month", "2018-04"];
const FORMATS: [&str; 5] = ["csv", "xlsx", "pdf", "json", "txt"];
/// A reporter as a platform writes them down, in the title of every case and the note of every event.
const REPORTER: &str = "张晓明 13803711234";

fn run(suite: &Suite, arguments: &[&str]) -> Done {
    suite.run(&[arguments, &OF].concat())
}

/// Gives every row of a table the same text in a column.
fn write_into(file: &Path, column: &str, text: &str) {
    let table = fs::read_to_string(file).unwrap();
    let mut lines = table.lines();
    let header = lines.next().unwrap();
    let place = header.split(',').position(|name| name == column).unwrap();
    let changed = lines.map(|line| {
        assert!(!line.contains('"'), "{line}");
        let mut fields: Vec<_> = line.split(',').collect();
        fields[place] = text;
        fields.join(",")
    });
    let changed: Vec<_> = std::iter::once(header.to_owned()).chain(changed).collect();
    fs::write(file, changed.join("\n") + "\n").unwrap();
}

/// A month with a reporter everywhere, imported, evaluated and published.
async fn published() -> Suite {
    let suite = Suite::start().await;
    let month = suite.scratch().join("month");
    let folder = month.to_str().unwrap();
    run(&suite, &["generate", "--out", folder, "--cases", "600", "--seed", "7"]).expect(0);
    write_into(&month.join("cases.csv"), "title", REPORTER);
    write_into(&month.join("events.csv"), "note", REPORTER);
    let file = |name: &str| format!("{folder}/{name}.csv");
    let files = ["bodies", "areas", "coefficients"].map(file);
    let files = files.each_ref().map(String::as_str);
    run(&suite, &[&["registry", "import"], &files[..]].concat()).expect(0);
    run(&suite, &["rules", "apply", "--activate-from", "2018-03", "zz-2018"]).expect(0);
    let files = ["cases", "events"].map(file);
    let files = files.each_ref().map(String::as_str);
    run(&suite, &[&["import"], &files[..]].concat()).expect(0);
    run(&suite, &["evaluate"]).expect(0);
    run(&suite, &["publish"]).expect(0);
    suite
}

/// Everything that a reader of a file can see.
fn seen(format: &str, bytes: Vec<u8>) -> String {
    match format {
        "pdf" => pages::text(&bytes).concat(),
        "xlsx" => {
            let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
            let mut all = String::new();
            for index in 0..archive.len() {
                archive.by_index(index).unwrap().read_to_string(&mut all).unwrap();
            }
            all
        }
        _ => String::from_utf8(bytes).unwrap(),
    }
}

#[tokio::test]
async fn files_name_no_person_and_are_made_again_without_a_server() {
    let suite = published().await;
    let path = |name: &str| suite.scratch().join(name).to_str().unwrap().to_owned();
    let bundle = path("bundle.json");
    run(&suite, &["verify", "--out", &bundle]).expect(0);
    let document: serde_json::Value = serde_json::from_slice(&fs::read(&bundle).unwrap()).unwrap();
    let digest = document["digest"].as_str().unwrap().to_owned();
    for format in FORMATS {
        let file = path(&format!("bulletin.{format}"));
        let said = run(&suite, &["export", "--format", format, "--out", &file]);
        let bytes = fs::read(&file).unwrap();
        let said = String::from_utf8(said.expect(0)).unwrap();
        assert!(said.contains(&Digest::of(&bytes).to_string()), "{said}");
        let text = seen(format, bytes);
        for part in [REPORTER, "张晓明", "13803711234"] {
            assert!(!text.contains(part), "{format} names a person");
        }
        assert!(text.contains(&digest), "{format} says of which version it is");
        assert!(text.contains("chengping verify"), "{format} says how to verify it");
        run(&suite, &["export", "--format", format, "--check", &file]).expect(0);
    }
    // What `export` refuses, it refuses before it writes.
    let absent = path("absent");
    run(&suite, &["export", "--out", &absent]).expect(2);
    run(&suite, &["export", "--format", "pdf"]).expect(2);
    run(&suite, &["results", "--format", "pdf"]).expect(2);
    run(&suite, &["export", "--format", "pdf", "--version-number", "9", "--out", &absent])
        .expect(1);
    assert!(!Path::new(&absent).exists());
    let data = suite.stop().await;

    let elsewhere = folder();
    let check = |format: &str, file: &str| {
        let words = ["export", "--from", &bundle, "--format", format, "--check", file];
        chengping(elsewhere.path(), &words)
    };
    for format in FORMATS {
        let file = data.path().join(format!("bulletin.{format}"));
        let file = file.to_str().unwrap();
        check(format, file).expect(0);
        // Whatever is changed in a file is found.
        let whole = fs::read(file).unwrap();
        for part in 0..8 {
            let mut bytes = whole.clone();
            bytes[whole.len() * part / 8] ^= 1;
            fs::write(file, bytes).unwrap();
            let done = check(format, file);
            let said = format!("differs from byte {} on", whole.len() * part / 8);
            assert_eq!((done.code, done.stderr.contains(&said)), (1, true), "{}", done.stderr);
        }
    }
    // A bundle that was changed makes no file.
    let text = fs::read_to_string(&bundle).unwrap();
    fs::write(&bundle, text.replacen("\"rank\":1", "\"rank\":2", 1)).unwrap();
    let done = check("txt", "absent");
    assert_eq!(done.code, 1);
    assert!(done.stderr.contains("is damaged"), "{}", done.stderr);
}
