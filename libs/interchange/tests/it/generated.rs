//! Generated months: the same bytes for the same settings, readable, and with everything in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chengping_casework::{EventKind, Source};
use chengping_interchange::generate::{Settings, write_to};
use chengping_interchange::{FileKind, Reader, Record};
use chengping_types::{Digest, Month};

fn settings(seed: u64, cases: u64) -> Settings {
    Settings { seed, cases, month: "2018-04".parse().unwrap() }
}

fn digests(folder: &Path) -> BTreeMap<String, Digest> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, Digest::of(&std::fs::read(path).unwrap()))
        })
        .collect()
}

fn generate(settings: &Settings) -> (tempfile::TempDir, BTreeMap<String, Digest>) {
    let folder = tempfile::tempdir().unwrap();
    write_to(settings, folder.path(), |_| {}).unwrap();
    let digests = digests(folder.path());
    (folder, digests)
}

#[test]
fn the_same_settings_give_the_same_bytes_and_others_do_not() {
    let (_a, first) = generate(&settings(7, 200));
    let (_b, again) = generate(&settings(7, 200));
    let (_c, other) = generate(&settings(8, 200));
    assert_eq!(first, again);
    assert_eq!(first.len(), 6);
    for file in ["cases.csv", "events.csv", "areas.csv", "coefficients.csv", "README.md"] {
        assert_ne!(first[file], other[file], "{file}");
    }
    // The same on every machine and in every release: changing it changes everybody's example.
    let events = first["events.csv"].to_string();
    assert_eq!(events, "sha256:5251eef2ecbe300adede8bad1a04ce8075709fe8982c625f21f9d450dc489488");
}

#[test]
fn a_month_is_read_without_a_reject_and_refers_to_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut told = 0;
    let summary = write_to(&settings(1, 6_000), folder.path(), |cases| told = cases).unwrap();
    assert_eq!((summary.cases, told), (11_400, 11_400));
    let per_case = summary.events / summary.cases;
    assert!((7..=12).contains(&per_case), "{per_case}");

    let mut bodies = BTreeSet::new();
    let mut cases = BTreeSet::new();
    let mut kinds: BTreeMap<EventKind, u64> = BTreeMap::new();
    let mut sources = BTreeSet::new();
    let mut months: BTreeMap<Month, u64> = BTreeMap::new();
    let zone = "Asia/Shanghai".parse().unwrap();
    for kind in [
        FileKind::Bodies,
        FileKind::Areas,
        FileKind::Coefficients,
        FileKind::Cases,
        FileKind::Events,
    ] {
        for entry in Reader::open(&folder.path().join(format!("{kind}.csv"))).unwrap() {
            match entry.unwrap().record {
                Record::Body(body) => assert!(bodies.insert(body.body_id)),
                Record::Area(area) => {
                    let managers = [area.district, area.subdistrict, area.window];
                    assert!(managers.iter().flatten().all(|body| bodies.contains(body)));
                }
                Record::Coefficient(size) => assert!(bodies.contains(&size.body_id)),
                Record::Case(case) => {
                    assert!(bodies.contains(case.collector.as_ref().unwrap()));
                    sources.insert(case.source);
                    assert!(cases.insert(case.case_no));
                }
                Record::Event(event) => {
                    assert!(cases.contains(&event.case_no));
                    let named = event.actor.iter().chain(&event.unit);
                    assert!(named.into_iter().all(|body| bodies.contains(body)));
                    *kinds.entry(event.kind).or_default() += 1;
                    if event.kind == EventKind::Reported {
                        *months.entry(Month::of(event.at, &zone)).or_default() += 1;
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    }
    let expected: BTreeMap<Month, u64> =
        [("2018-03", 5_400), ("2018-04", 6_000)].map(|(m, n)| (m.parse().unwrap(), n)).into();
    assert_eq!(months, expected);
    let missing: Vec<_> = EventKind::ALL.iter().filter(|kind| !kinds.contains_key(kind)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(sources.len() >= Source::ALL.len() - 2, "{sources:?}");
}
