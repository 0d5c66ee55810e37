//! The reference city: its malformed rows are refused with the row and code that a separate
//! program expects, and no other row is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chengping_interchange::{FileKind, Reader, code, replay};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    rejects: Vec<ExpectedReject>,
}

#[derive(Deserialize)]
struct ExpectedReject {
    file: String,
    row: u64,
    code: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/city-6k")
}

const FILES: [&str; 5] =
    ["bodies.csv", "areas.csv", "coefficients.csv", "cases.csv.gz", "events.csv.gz"];

#[test]
fn every_malformed_row_is_refused_as_expected_and_no_other() {
    let text = std::fs::read_to_string(folder().join("expected_rejects.json")).unwrap();
    let expected: Expected = serde_json::from_str(&text).unwrap();
    let stateful = [code::CONFLICT, code::UNKNOWN_BODY, code::UNKNOWN_CASE];
    let expected: BTreeSet<_> = expected
        .rejects
        .into_iter()
        .filter(|reject| !stateful.contains(&reject.code.as_str()))
        .map(|reject| (reject.file, reject.row, reject.code))
        .collect();
    assert!(expected.len() > 30);

    let mut found = BTreeSet::new();
    let mut accepted = 0;
    for file in FILES {
        let reader = Reader::open(&folder().join(file)).unwrap();
        let kind = reader.kind().to_string();
        for entry in reader {
            match entry {
                Ok(_) => accepted += 1,
                Err(reject) => {
                    found.insert((kind.clone(), reject.row, reject.code.to_owned()));
                }
            }
        }
    }
    assert_eq!(found, expected);
    assert!(accepted > 57_000, "{accepted}");
}

#[test]
fn a_reject_can_be_corrected_and_replayed() {
    let reader = Reader::open(&folder().join("events.csv.gz")).unwrap();
    let rejects = reader.filter_map(Result::err);
    let mut replayed = 0;
    for reject in rejects {
        assert_eq!(reject.case_no.is_none(), reject.code == code::MISSING_CASE_NO);
        let mut same = replay(&reject.file, FileKind::Events, reject.payload.clone()).unwrap();
        assert_eq!(same.next().unwrap().unwrap_err().code, reject.code);
        if reject.code == code::UNKNOWN_KIND {
            let corrected =
                String::from_utf8(reject.payload).unwrap().replace("handeld", "handled");
            let mut rows = replay("x", FileKind::Events, corrected.into_bytes()).unwrap();
            assert!(rows.next().unwrap().is_ok());
            assert!(rows.next().is_none());
            replayed += 1;
        }
    }
    assert_eq!(replayed, 2);
}

#[test]
fn progress_ends_at_the_size_of_the_file() {
    let mut reader = Reader::open(&folder().join("events.csv.gz")).unwrap();
    let progress = reader.progress();
    let size = std::fs::metadata(folder().join("events.csv.gz")).unwrap().len();
    assert_eq!(progress.total(), size);
    reader.by_ref().for_each(drop);
    assert_eq!(progress.read(), size);
}
