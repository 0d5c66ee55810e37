//! Months that nobody hopes for: every one has a file in every format.

use chengping_bulletin::{Bulletin, FileFormat, ReadError};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::month::{Unit, documents, units};
use crate::pages::text;
use crate::sealed::{draft, former, published, sealed};

const TIME: &str = "2018-05-10T09:00:00+08:00";

fn renders(bulletin: &Bulletin) {
    for format in FileFormat::ALL {
        let bytes = bulletin.render(*format).unwrap();
        assert!(!bytes.is_empty(), "{format}");
        if *format == FileFormat::Pdf {
            assert!(!text(&bytes).is_empty());
        }
    }
}

#[test]
fn nobody_one_and_all_the_same() {
    for count in [0, 1] {
        renders(&published(&units(count)));
        renders(&draft(&units(count)));
    }
    let same: Vec<_> = units(50).into_iter().map(|unit| Unit { late: Some(7), ..unit }).collect();
    renders(&published(&same));
    let nothing: Vec<_> = units(50).into_iter().map(|unit| Unit { late: None, ..unit }).collect();
    let bulletin = published(&nothing);
    renders(&bulletin);
    let text = String::from_utf8(bulletin.render(FileFormat::Txt).unwrap()).unwrap();
    assert!(text.contains("均未列名次。"), "{text}");
    // A trend of which no month has anything.
    let document = sealed(&documents("2018-04", &nothing), 1, None);
    renders(&Bulletin::of_sealed(&document, vec![former("2018-03", &nothing)]).unwrap());
}

#[test]
fn five_thousand_bodies_are_all_there() {
    let units = units(5_000);
    let bulletin = published(&units);
    for format in FileFormat::ALL.iter().filter(|format| **format != FileFormat::Pdf) {
        assert!(!bulletin.render(*format).unwrap().is_empty(), "{format}");
    }
    // A name may go on in the next line.
    let pages = text(&bulletin.render(FileFormat::Pdf).unwrap()).concat().replace('\n', "");
    for unit in units.iter().step_by(97) {
        assert!(pages.contains(&unit.name), "{}", unit.name);
    }
}

#[test]
fn long_names_and_signs_that_control_are_shown_whole() {
    let mut units = units(4);
    units[0].name = "很".repeat(200);
    units[1].name = "W".repeat(200);
    units[2].name = "二\u{0}七\r\n区\u{202e}\u{1b}[31m\u{feff}".to_owned();
    units[3].name = " ".to_owned();
    let bulletin = published(&units);
    renders(&bulletin);
    for format in FileFormat::ALL {
        let bytes = bulletin.render(*format).unwrap();
        if matches!(format, FileFormat::Csv | FileFormat::Txt | FileFormat::Json) {
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains(&units[0].name) && text.contains("二□七□□区□□[31m□"), "{format}");
        }
    }
    let pages = text(&bulletin.render(FileFormat::Pdf).unwrap()).concat();
    let (long, wide) = (pages.matches('很').count(), pages.matches('W').count());
    assert!(long >= 200 && wide >= 200, "{long} {wide}");
}

#[test]
fn one_cell_that_is_longer_than_a_page_is_no_end() {
    let mut units = units(3);
    units[0].name = "很".repeat(5_000);
    let document = sealed(&documents("2018-04", &units), 2, Some(&"因".repeat(40_000)));
    renders(&Bulletin::of_sealed(&document, Vec::new()).unwrap());
}

#[test]
fn what_is_no_version_is_refused() {
    let documents = documents("2018-04", &units(3));
    let good = String::from_utf8(sealed(&documents, 1, None)).unwrap();
    assert!(Bulletin::of_sealed(good.as_bytes(), Vec::new()).is_ok());
    for (from, to) in [
        (r#""version":1"#, r#""version":"1""#),
        (r#""exact":"#, r#""inexact":"#),
        (r#""group":"subdistrict""#, r#""group":"nowhere""#),
        (r#""body_id":"b0001""#, r#""body_id":"c0001""#),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good);
        assert!(Bulletin::of_sealed(bad.as_bytes(), Vec::new()).is_err(), "{to}");
    }
    for bytes in [&b""[..], b"{}", b"[1]", b"\xff"] {
        let error = Bulletin::of_sealed(bytes, Vec::new()).unwrap_err();
        assert!(matches!(error, ReadError::Json { document: "sealed version", .. }));
    }
}

/// The document with every value of a field replaced.
fn altered(value: &mut Value, field: &str, to: &str) -> usize {
    match value {
        Value::Object(members) => {
            let found = members.get_mut(field).filter(|value| value.is_string());
            let here = found.map_or(0, |value| {
                *value = to.into();
                1
            });
            here + members.values_mut().map(|value| altered(value, field, to)).sum::<usize>()
        }
        Value::Array(values) => values.iter_mut().map(|value| altered(value, field, to)).sum(),
        _ => 0,
    }
}

#[test]
fn numbers_and_times_that_are_none_are_refused() {
    let document = sealed(&documents("2018-04", &units(8)), 1, None);
    let good: Value = serde_json::from_slice(&document).unwrap();
    let read = |field: &str, to: &str| {
        let mut bad = good.clone();
        if field == "percent" {
            bad["results"]["figures"] = json!({"A": {"percent": to}});
        } else if field == "reported" {
            let line = json!({"body_id": "s01", "score": to, "rank": null});
            bad["reported"] = json!([{"district": "b0001", "lines": [line]}]);
        } else {
            assert!(altered(&mut bad["results"], field, to) > 0 || field == "publish_time");
            altered(&mut bad, "publish_time", if field == "publish_time" { to } else { TIME });
        }
        Bulletin::of_sealed(&serde_json::to_vec(&bad).unwrap(), Vec::new())
    };
    let formula = "=HYPERLINK(\"http://example.org\",\"95.00\")";
    for field in ["score", "percent", "reported"] {
        renders(&read(field, "-0.05").unwrap());
        for text in [formula, "", "9/2", "1e3", "95.", ".5", "095.00", "95.00\n", "九五", "-0.00"]
        {
            assert!(read(field, text).is_err(), "{field}: {text:?}");
        }
    }
    for field in ["as_of", "publish_time"] {
        renders(&read(field, TIME).unwrap());
        for text in [formula, "", "2018-05-04", "2018-05-04T00:00:00", "二〇一八年五月四日"]
        {
            assert!(read(field, text).is_err(), "{field}: {text:?}");
        }
    }
}

#[test]
fn texts_of_a_document_control_nothing() {
    const HOSTILE: &str = "=1\u{202e}\u{1b}[31m";
    let document = sealed(&documents("2018-04", &units(8)), 1, None);
    let mut document: Value = serde_json::from_slice(&document).unwrap();
    let results = &mut document["results"];
    results["engine"] = HOSTILE.into();
    results["figures"] = json!({HOSTILE: {"percent": "12.00"}});
    for card in results["bodies"].as_object_mut().unwrap().values_mut() {
        card["grade"] = HOSTILE.into();
    }
    let bulletin =
        Bulletin::of_sealed(&serde_json::to_vec(&document).unwrap(), Vec::new()).unwrap();
    renders(&bulletin);
    for format in [FileFormat::Csv, FileFormat::Txt, FileFormat::Json] {
        let text = String::from_utf8(bulletin.render(format).unwrap()).unwrap();
        assert!(!text.contains(['\u{202e}', '\u{1b}']) && !text.contains("\\u001b"), "{format}");
        assert!(format != FileFormat::Csv || text.contains(",'=1□□[31m,"), "{text}");
    }
    let public: Value =
        serde_json::from_slice(&bulletin.render(FileFormat::Json).unwrap()).unwrap();
    let shown = "=1□□[31m";
    let figure = json!([{"id": shown, "name": shown, "percent": "12.00"}]);
    assert_eq!((&public["engine"], &public["figures"]), (&shown.into(), &figure));
    let pages = text(&bulletin.render(FileFormat::Pdf).unwrap()).concat();
    assert!(!pages.contains('\u{202e}') && pages.contains("□[31m"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_names_and_counts_have_files(
        all in prop::collection::vec((".{0,40}", prop::option::of(0_u64..100), 0_usize..5), 0..12),
    ) {
        let kinds = units(20);
        let units: Vec<_> = all
            .into_iter()
            .map(|(name, late, kind)| Unit { kind: kinds[kind * 4].kind, name, late })
            .collect();
        let bulletin = published(&units);
        let table = bulletin.render(FileFormat::Csv).unwrap();
        let mut reader = csv::Reader::from_reader(&table[3..]);
        prop_assert_eq!(reader.records().filter(Result::is_ok).count(), units.len());
        let pdf = bulletin.render(FileFormat::Pdf).unwrap();
        prop_assert!(!text(&pdf).is_empty());
        prop_assert!(bulletin.render(FileFormat::Xlsx).unwrap().starts_with(b"PK"));
    }
}
