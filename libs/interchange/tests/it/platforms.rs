//! The mappings of `deploy/mappings` on tables of their platforms' forms.

use std::path::{Path, PathBuf};

use chengping_casework::{EventKind, Source};
use chengping_interchange::mapping::{Mapped, Mapping};
use chengping_interchange::{Encoding, Reject, code};
use proptest::prelude::*;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn mapping(name: &str) -> Mapping {
    let path = root().join("deploy/mappings").join(name);
    Mapping::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn data(name: &str) -> PathBuf {
    root().join("tests/data/mappings").join(name)
}

fn kinds(mapped: &Mapped) -> Vec<EventKind> {
    mapped.events.iter().map(|event| event.kind).collect()
}

fn read(mapping: &Mapping, path: &Path) -> (Vec<Mapped>, Vec<Reject>, u64) {
    let mut reader = mapping.open(path, None).unwrap();
    let (mut rows, mut rejects) = (Vec::new(), Vec::new());
    for row in reader.by_ref() {
        match row {
            Ok(row) => rows.push(row),
            Err(reject) => rejects.push(reject),
        }
    }
    (rows, rejects, reader.skipped())
}

#[test]
fn every_shipped_mapping_is_valid() {
    for entry in std::fs::read_dir(root().join("deploy/mappings")).unwrap() {
        let path = entry.unwrap().path();
        let name = mapping(path.file_name().unwrap().to_str().unwrap()).name().to_owned();
        assert_eq!(path.file_stem().unwrap(), name.as_str());
    }
}

#[test]
fn a_table_of_the_main_vendors_form_becomes_cases_with_their_steps() {
    use EventKind as K;

    let (rows, rejects, skipped) = read(&mapping("egova.yaml"), &data("egova.csv"));
    assert_eq!((rows.len(), rejects.len(), skipped), (5, 1, 1));
    let case = &rows[0].case;
    assert_eq!((case.source, case.category_code.as_str()), (Source::Patrol, "0110"));
    assert_eq!(case.collector.as_ref().unwrap().as_str(), "coll-01");
    assert_eq!(
        kinds(&rows[0]),
        [K::Reported, K::Accepted, K::Filed, K::Dispatched, K::Handled, K::CheckPassed, K::Closed]
    );
    let dispatched = &rows[0].events[3];
    assert_eq!(dispatched.at.to_string(), "2018-04-03T01:00:00Z", "Chinese time");
    assert_eq!(dispatched.due_at.unwrap().to_string(), "2018-04-03T09:00:00Z");
    assert_eq!(dispatched.unit.as_ref().unwrap().as_str(), "bureau-07");
    assert_eq!(rows[1].case.category_scheme, "gbt-30428.2-2013-part");
    assert_eq!(rows[1].case.title.as_deref(), Some("井盖破损，存在“安全”隐患"));
    assert_eq!(rows[2].events[3].due_at, None, "no limit is set");
    assert_eq!(rows[3].case.title.as_deref(), Some("㐂镕𠮷路施工噪声"), "four-byte characters");
    assert_eq!(kinds(&rows[3]).last(), Some(&K::Voided));
    assert_eq!(rows[4].events.last().unwrap().outcome.as_deref(), Some("forced"));
    let reject = &rejects[0];
    assert_eq!((reject.row, reject.code), (7, code::UNMAPPED_VALUE));
    assert!(reject.message.contains("飞鸽传书"), "{reject}");
    // What was set aside can be corrected and replayed as text.
    let payload = String::from_utf8(reject.payload.clone()).unwrap();
    let corrected = payload.replace("飞鸽传书", "监督员上报").into_bytes();
    let again = mapping("egova.yaml").replay("egova.csv", corrected).unwrap().next().unwrap();
    assert_eq!(again.unwrap().case.case_no.as_str(), "201804030006");
}

#[test]
fn another_encoding_can_be_said_than_the_mapping_does() {
    let bytes = std::fs::read(data("egova.csv")).unwrap();
    let (text, _, _) = encoding_rs::GB18030.decode(&bytes);
    let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    std::fs::write(file.path(), text.as_bytes()).unwrap();
    let utf8 = mapping("egova.yaml").with_encoding(Encoding::Utf8);
    let (rows, rejects, _) = read(&utf8, file.path());
    assert_eq!((rows.len(), rejects.len()), (5, 1));
}

#[test]
fn open311_requests_become_cases_by_their_status() {
    use EventKind as K;

    let mapping = mapping("open311-georeport.yaml");
    let (rows, rejects, _) = read(&mapping, &data("open311-page1.json"));
    assert_eq!((rows.len(), rejects.len()), (2, 0));
    assert_eq!(kinds(&rows[0]), [K::Reported, K::Filed, K::Dispatched, K::Handled, K::Closed]);
    assert_eq!(rows[0].case.area_code, "district-7", "a path into the request");
    assert_eq!(rows[0].events[2].unit.as_ref().unwrap().as_str(), "dept-of-public-works");
    assert_eq!(kinds(&rows[1]), [K::Reported, K::Filed, K::Dispatched]);
    assert_eq!(rows[1].case.case_no.as_str(), "638349", "a number is its digits");
    assert_eq!((rows[0].row, rows[0].line, rows[1].row), (1, 2, 2));
    let (rows, rejects, skipped) = read(&mapping, &data("open311-page2.json"));
    assert_eq!((rows.len(), skipped), (0, 1));
    assert_eq!(rejects[0].code, code::BAD_TIMESTAMP);
    assert!(mapping.replay("x", rejects[0].payload.clone()).unwrap().next().unwrap().is_err());
}

#[test]
fn pages_in_one_file_wrapped_pages_and_lines_say_the_same() {
    let text = |name| std::fs::read_to_string(data(name)).unwrap();
    let (first, second) = (text("open311-page1.json"), text("open311-page2.json"));
    let yaml = std::fs::read_to_string(root().join("deploy/mappings/open311-georeport.yaml"));
    let wrapped =
        Mapping::parse(&format!("{}\nrecords: answer.requests\n", yaml.unwrap())).unwrap();
    let plain = mapping("open311-georeport.yaml");
    let wrap = |page: &str| {
        format!(
            r#"{{"n": [1, {{"]": "}}"}}], "answer": {{"q": null, "requests": {page}, "m": {{}}}}, "z": [[]]}}"#
        )
    };
    let expected: Vec<_> = ["open311-page1.json", "open311-page2.json"]
        .into_iter()
        .flat_map(|page| read(&plain, &data(page)).0)
        .map(|row| (row.case, row.events))
        .collect();
    for (mapping, suffix, text) in [
        (&plain, ".ndjson", text("open311.ndjson")),
        (&plain, ".json", format!("{first}{second}")),
        (&plain, ".json", text("open311.ndjson")),
        (&wrapped, ".json", format!("{}\n{}", wrap(&first), wrap(&second))),
    ] {
        let file = tempfile::Builder::new().suffix(suffix).tempfile().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let (rows, rejects, skipped) = read(mapping, file.path());
        assert_eq!((rejects.len(), skipped), (1, 1), "{suffix}: {rejects:?}");
        let found: Vec<_> = rows.into_iter().map(|row| (row.case, row.events)).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn json_that_is_none_is_told_where_it_stops() {
    let mapping = mapping("open311-georeport.yaml");
    let first = std::fs::read_to_string(data("open311-page1.json")).unwrap();
    let cut = &first[..first.len() - 40];
    let nested = first.replace("\"006\"", "[\"006\"]");
    for (text, rows, codes) in [
        (cut, 1, vec![code::TRUNCATED_FILE]),
        (nested.as_str(), 1, vec![code::BAD_JSON]),
        ("[1, \"x\", null, {}]", 0, vec![code::BAD_JSON; 3]),
        ("[{} {}]", 0, vec![code::BAD_JSON]),
        ("\"requests\"", 0, vec![code::BAD_JSON]),
        ("{\"requests\": []}", 0, vec![]),
        ("", 0, vec![]),
        ("[]", 0, vec![]),
    ] {
        let file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let (found, rejects, _) = read(&mapping, file.path());
        let found_codes: Vec<_> = rejects.iter().map(|reject| reject.code).collect();
        assert_eq!((found.len(), found_codes), (rows, codes), "{text}");
    }
}

/// Peak memory of this process in KiB, where the system tells it.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[test]
fn a_value_without_end_is_skipped_and_not_kept() {
    use std::io::Write as _;

    const MIB: usize = 1 << 20;
    let mapping = mapping("open311-georeport.yaml");
    for (suffix, start) in
        [(".json.gz", "[{\"a\":\""), (".ndjson.gz", "{\"a\":\""), (".csv.gz", "")]
    {
        let file = tempfile::Builder::new().suffix(suffix).tempfile().unwrap();
        let mut gzip = flate2::write::GzEncoder::new(&file, flate2::Compression::fast());
        if suffix == ".csv.gz" {
            let columns = "service_request_id,service_code,extended_attributes.district,service_name,\
                requested_datetime,agency_responsible,expected_datetime,status,updated_datetime\n\"";
            gzip.write_all(columns.as_bytes()).unwrap();
        }
        gzip.write_all(start.as_bytes()).unwrap();
        for _ in 0..96 {
            gzip.write_all(&[b'x'; MIB]).unwrap();
        }
        gzip.write_all(b"\"}]\n").unwrap();
        gzip.finish().unwrap();
        let before = peak();
        let (rows, rejects, _) = read(&mapping, file.path());
        assert_eq!(rows.len(), 0);
        assert!(rejects.iter().any(|reject| reject.code == code::ROW_TOO_LONG), "{rejects:?}");
        // Other tests run beside this one, but none needs so much.
        if let (Some(before), Some(after)) = (before, peak()) {
            assert!(after - before < 72 * 1024, "{suffix}: {} KiB", after - before);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(crate::cases(256)))]

    #[test]
    fn no_json_makes_it_panic(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "[", "]", "{", "}", ",", ":", "\"", "\\", "\\u12", "1.5e9", "null", "true", " ", "\n", "é", "\0",
            "\"answer\"", "\"requests\"", "\"service_request_id\"", "\"extended_attributes\"", "\u{FEFF}",
        ]), 0..40),
        noise in prop::collection::vec(any::<u8>(), 0..20),
        wrapped in any::<bool>(),
    ) {
        let yaml = std::fs::read_to_string(root().join("deploy/mappings/open311-georeport.yaml"));
        let records = if wrapped { "\nrecords: answer.requests\n" } else { "" };
        let mapping = Mapping::parse(&format!("{}{records}", yaml.unwrap())).unwrap();
        for suffix in [".json", ".ndjson"] {
            let file = tempfile::Builder::new().suffix(suffix).tempfile().unwrap();
            std::fs::write(file.path(), [pieces.concat().as_bytes(), &noise].concat()).unwrap();
            let (rows, rejects, skipped) = read(&mapping, file.path());
            prop_assert!(rows.len() + rejects.len() <= pieces.len() + noise.len() + 1);
            prop_assert!(skipped <= pieces.len() as u64);
        }
    }

    #[test]
    fn no_mapping_makes_it_panic(
        which in prop::sample::select(vec!["egova", "open311-georeport", "boston-311"]),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), "[a-z:{}\\[\\]\"#&*!|>% -]{0,4}"), 1..6),
    ) {
        let path = root().join(format!("deploy/mappings/{which}.yaml"));
        let mut yaml: Vec<char> = std::fs::read_to_string(path).unwrap().chars().collect();
        for (at, text) in cuts {
            let at = at.index(yaml.len());
            let end = (at + 3).min(yaml.len());
            yaml.splice(at..end, text.chars());
        }
        if let Ok(mapping) = Mapping::parse(&yaml.into_iter().collect::<String>()) {
            let _ = mapping.replay("x.csv", b"task_num,create_time\n1,2\n".to_vec()).map(Iterator::count);
        }
    }
}
