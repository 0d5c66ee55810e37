//! A minimal reader of the reference city; the real one is `chengping-interchange`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::ops::Index;
use std::path::PathBuf;
use std::rc::Rc;

use chengping_casework::{Case, Event};
use chengping_types::{BodyId, BodyKind, Instant, Month, Zone};
use flate2::read::GzDecoder;

/// A record with the places of its columns.
struct Row {
    columns: Rc<BTreeMap<String, usize>>,
    record: csv::StringRecord,
}

impl Index<&str> for Row {
    type Output = str;

    fn index(&self, column: &str) -> &str {
        &self.record[self.columns[column]]
    }
}

/// A row of `areas.csv`.
pub(crate) struct Area {
    pub(crate) bodies: Vec<BodyId>,
    pub(crate) zone: Zone,
    valid_from: Month,
    valid_to: Option<Month>,
}

pub(crate) struct City {
    pub(crate) kinds: BTreeMap<BodyId, BodyKind>,
    pub(crate) areas: BTreeMap<String, Vec<Area>>,
    pub(crate) cases: Vec<(Case, Vec<Event>)>,
}

impl City {
    pub(crate) fn read() -> Self {
        let kinds = rows("bodies")
            .map(|row| (row["body_id"].parse().unwrap(), row["kind"].parse().unwrap()))
            .collect();
        let mut areas: BTreeMap<String, Vec<Area>> = BTreeMap::new();
        for row in rows("areas") {
            let area = Area {
                bodies: ["district", "subdistrict", "window"]
                    .iter()
                    .filter_map(|field| optional(&row, field))
                    .collect(),
                zone: row["zone"].parse().unwrap(),
                valid_from: row["valid_from"].parse().unwrap(),
                valid_to: optional(&row, "valid_to"),
            };
            areas.entry(row["area_code"].to_owned()).or_default().push(area);
        }
        Self { kinds, areas, cases: read_cases() }
    }

    pub(crate) fn area(&self, code: &str, month: Month) -> Option<&Area> {
        let rows = self.areas.get(code)?;
        rows.iter().find(|area| month.is_within(area.valid_from, area.valid_to))
    }
}

fn read_cases() -> Vec<(Case, Vec<Event>)> {
    let mut events: BTreeMap<String, BTreeMap<u64, Event>> = BTreeMap::new();
    for row in rows("events") {
        let event = Event {
            case_no: row["case_no"].parse().unwrap(),
            event_no: row["event_no"].parse().unwrap(),
            at: Instant::parse(&row["at"]).unwrap(),
            kind: row["kind"].parse().unwrap(),
            actor: optional(&row, "actor"),
            unit: optional(&row, "unit"),
            due_at: optional(&row, "due_at"),
            stage_due_at: optional(&row, "stage_due_at"),
            outcome: optional(&row, "outcome"),
            note: optional(&row, "note"),
        };
        let case_events = events.entry(row["case_no"].to_owned()).or_default();
        case_events.entry(event.event_no).or_insert(event);
    }
    let cases = rows("cases").map(|row| {
        let case = Case {
            case_no: row["case_no"].parse().unwrap(),
            source: row["source"].parse().unwrap(),
            category_scheme: row["category_scheme"].to_owned(),
            category_code: row["category_code"].to_owned(),
            area_code: row["area_code"].to_owned(),
            collector: optional(&row, "collector"),
            title: optional(&row, "title"),
            filing_condition: None,
        };
        let events = events.remove(&row["case_no"]).unwrap_or_default();
        (case, events.into_values().collect())
    });
    cases.collect()
}

/// The rows of a file, without those that must be refused.
fn rows(file: &str) -> impl Iterator<Item = Row> {
    let refused = refused(file);
    let bytes = read(&format!("{file}.csv")).unwrap_or_else(|| read_gz(&format!("{file}.csv.gz")));
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes.as_slice());
    let header = reader.headers().unwrap().iter().map(str::to_owned);
    let columns = Rc::new(header.zip(0..).collect::<BTreeMap<_, _>>());
    let accepted = reader.records().zip(2_u64..).filter(|(_, row)| !refused.contains(row));
    let rows = accepted
        .map(|(record, _)| Row { columns: columns.clone(), record: record.unwrap() })
        .collect::<Vec<_>>();
    rows.into_iter()
}

fn optional<T: std::str::FromStr<Err: std::fmt::Debug>>(row: &Row, field: &str) -> Option<T> {
    Some(&row[field]).filter(|text| !text.is_empty()).map(|text| text.parse().unwrap())
}

fn refused(file: &str) -> BTreeSet<u64> {
    let json: serde_json::Value =
        serde_json::from_slice(&read("expected_rejects.json").unwrap()).unwrap();
    let rejects = json["rejects"].as_array().unwrap();
    let of_file = rejects.iter().filter(|reject| reject["file"] == file);
    of_file.map(|reject| reject["row"].as_u64().unwrap()).collect()
}

fn path(file: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../tests/data/city-6k", file].iter().collect()
}

fn read(file: &str) -> Option<Vec<u8>> {
    std::fs::read(path(file)).ok()
}

pub(crate) fn read_gz(file: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let compressed = read(file).unwrap_or_else(|| panic!("{file} is missing"));
    GzDecoder::new(compressed.as_slice()).read_to_end(&mut bytes).unwrap();
    bytes
}
