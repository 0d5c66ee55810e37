//! Months that nobody hopes for: every one has a file in every format.

use chengping_bulletin::{Bulletin, FileFormat, ReadError};
use proptest::prelude::*;

use crate::month::{Unit, documents, units};
use crate::pages::text;
use crate::sealed::{draft, former, published, sealed};

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
