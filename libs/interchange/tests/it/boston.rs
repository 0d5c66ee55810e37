//! The Boston table through its mapping: every row is taken, and the mapped events say the same
//! about lateness as the city's own flag.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chengping_casework::{EventKind, Source};
use chengping_interchange::mapping::{Mapped, Mapping};
use chengping_interchange::{Reader, Record};
use chengping_types::Instant;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn table() -> PathBuf {
    root().join("tests/data/boston311_2011H2.csv.gz")
}

fn mapping() -> Mapping {
    let path = root().join("deploy/mappings/boston-311.yaml");
    Mapping::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The city's flag by case number, as the table has it.
fn flags() -> BTreeMap<String, String> {
    let file = std::fs::File::open(table()).unwrap();
    let mut rows = csv::Reader::from_reader(flate2::read::MultiGzDecoder::new(file));
    let flag = rows.headers().unwrap().iter().position(|column| column == "ontime").unwrap();
    rows.records()
        .map(|row| row.unwrap())
        .map(|row| (row[0].to_owned(), row[flag].to_owned()))
        .collect()
}

fn at(mapped: &Mapped, kind: EventKind) -> Option<Instant> {
    mapped.events.iter().find(|event| event.kind == kind).map(|event| event.at)
}

#[test]
fn every_row_is_mapped_and_lateness_is_what_the_city_says() {
    let rows: Vec<_> = mapping().open(&table(), None).unwrap().map(|row| row.unwrap()).collect();
    assert_eq!(rows.len(), 58_251);

    // The extract is later than its last closing, and earlier than any due date after it.
    let extract = rows.iter().filter_map(|row| at(row, EventKind::Closed)).max().unwrap();
    let flags = flags();
    let (mut flagged, mut open, mut undue) = (0, 0, 0);
    for row in &rows {
        let dispatched = &row.events[2];
        assert_eq!(dispatched.kind, EventKind::Dispatched);
        let closed = at(row, EventKind::Closed);
        assert_eq!(closed, at(row, EventKind::Handled));
        open += usize::from(closed.is_none());
        undue += usize::from(dispatched.due_at.is_none());
        let late = dispatched.due_at.is_some_and(|due| due < closed.unwrap_or(extract));
        match flags[row.case.case_no.as_str()].as_str() {
            "" => {}
            flag => {
                assert_eq!(flag, if late { "OVERDUE" } else { "ONTIME" }, "{:?}", row.case.case_no);
                flagged += 1;
            }
        }
    }
    assert_eq!((flagged, open, undue), (58_093, 3_681, 10_981));
}

#[test]
fn every_neighbourhood_and_department_is_registered() {
    let registry = root().join("deploy/registries/boston-2011");
    let mut bodies = BTreeSet::new();
    let mut areas = BTreeSet::new();
    for file in ["bodies.csv", "areas.csv"] {
        for entry in Reader::open(&registry.join(file)).unwrap() {
            match entry.unwrap().record {
                Record::Body(body) => drop(bodies.insert(body.body_id)),
                Record::Area(area) => {
                    assert!(bodies.contains(area.district.as_ref().unwrap()));
                    areas.insert(area.area_code);
                }
                other => panic!("{other:?}"),
            }
        }
    }
    let (mut nowhere, mut patrol) = (0, 0);
    for row in mapping().open(&table(), None).unwrap() {
        let row = row.unwrap();
        assert!(bodies.contains(row.events[2].unit.as_ref().unwrap()));
        nowhere += usize::from(row.case.area_code.is_empty());
        patrol += usize::from(row.case.source == Source::Patrol);
        assert!(row.case.area_code.is_empty() || areas.contains(&row.case.area_code));
    }
    assert_eq!((nowhere, patrol), (2_870, 17_925));
}

#[test]
fn a_month_takes_the_rows_reported_in_it() {
    let months = ["2011-07", "2011-08", "2011-09", "2011-10", "2011-11", "2011-12"];
    let counts = months.map(|month| {
        let mut rows = mapping().open(&table(), Some(month.parse().unwrap())).unwrap();
        let taken = rows.by_ref().count() as u64;
        assert_eq!(taken + rows.skipped(), 58_251);
        taken
    });
    assert_eq!(counts.iter().sum::<u64>(), 58_251);
}
