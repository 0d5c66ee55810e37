//! Interchange files, read as plainly as can be.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use chengping_casework::{Case, Event};
use chengping_types::Instant;
use chengping_types::registry::{Area, Body, Coefficient, Registry};
use flate2::read::GzDecoder;
use serde_json::Value;

type Row = BTreeMap<String, String>;

/// A folder of interchange files.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A folder below that of the repository.
    pub(crate) fn new(below: &str) -> Self {
        Self(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(below))
    }

    /// The registry of the folder.
    pub(crate) fn registry(&self) -> Registry {
        let bodies = self.rows("bodies").map(|row| Body {
            body_id: row["body_id"].parse().unwrap(),
            kind: row["kind"].parse().unwrap(),
            name: row["name"].clone(),
            parent: optional(&row, "parent"),
            valid_from: row["valid_from"].parse().unwrap(),
            valid_to: optional(&row, "valid_to"),
            assessment_code: None,
        });
        let areas = self.rows("areas").map(|row| Area {
            area_code: row["area_code"].clone(),
            kind: row["kind"].parse().unwrap(),
            name: row["name"].clone(),
            district: optional(&row, "district"),
            subdistrict: optional(&row, "subdistrict"),
            window: optional(&row, "window"),
            zone: row["zone"].parse().unwrap(),
            valid_from: row["valid_from"].parse().unwrap(),
            valid_to: optional(&row, "valid_to"),
        });
        let coefficients = self.rows("coefficients").map(|row| Coefficient {
            body_id: row["body_id"].parse().unwrap(),
            zone: row["zone"].parse().unwrap(),
            road_sections: row["road_sections"].parse().unwrap(),
            difficulty: row["difficulty"].parse().unwrap(),
            valid_from: row["valid_from"].parse().unwrap(),
            approved_by: row["approved_by"].clone(),
            reason: row["reason"].clone(),
            area_km2: None,
            population: None,
            grid_class: None,
        });
        Registry {
            bodies: bodies.collect(),
            areas: areas.collect(),
            coefficients: coefficients.collect(),
            long_term: Vec::new(),
        }
    }

    /// The cases with their events, of which the first row stands.
    pub(crate) fn cases(&self) -> Vec<(Case, Vec<Event>)> {
        let mut events: BTreeMap<String, BTreeMap<u64, Event>> = BTreeMap::new();
        for row in self.rows("events") {
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
            // The first accepted row stands.
            events
                .entry(row["case_no"].clone())
                .or_default()
                .entry(event.event_no)
                .or_insert(event);
        }
        let cases = self.rows("cases").map(|row| {
            let case = Case {
                case_no: row["case_no"].parse().unwrap(),
                source: row["source"].parse().unwrap(),
                category_scheme: row["category_scheme"].clone(),
                category_code: row["category_code"].clone(),
                area_code: row["area_code"].clone(),
                collector: optional(&row, "collector"),
                title: optional(&row, "title"),
                filing_condition: None,
            };
            let events = events.remove(&row["case_no"]).unwrap_or_default();
            (case, events.into_values().collect())
        });
        cases.collect()
    }

    /// The rows of a file without those that must be refused.
    fn rows(&self, file: &str) -> impl Iterator<Item = Row> {
        let refused = self.refused(file);
        let plain = std::fs::read(self.path(&format!("{file}.csv")));
        let bytes = plain.unwrap_or_else(|_| self.read_gz(&format!("{file}.csv.gz")));
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes.as_slice());
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let accepted = reader.records().zip(2_u64..).filter(|(_, row)| !refused.contains(row));
        let named = |(record, _): (csv::Result<csv::StringRecord>, u64)| -> Row {
            header.iter().cloned().zip(record.unwrap().iter().map(str::to_owned)).collect()
        };
        accepted.map(named).collect::<Vec<_>>().into_iter()
    }

    /// The rows that the folder says are refused; none where it says nothing.
    fn refused(&self, file: &str) -> BTreeSet<u64> {
        let Ok(json) = std::fs::read(self.path("expected_rejects.json")) else {
            return BTreeSet::new();
        };
        let json: Value = serde_json::from_slice(&json).unwrap();
        let rejects = json["rejects"].as_array().unwrap().iter();
        let of_file = rejects.filter(|row| row["file"] == file);
        of_file.map(|row| row["row"].as_u64().unwrap()).collect()
    }

    pub(crate) fn read_gz(&self, file: &str) -> Vec<u8> {
        let compressed = std::fs::read(self.path(file)).unwrap();
        let mut bytes = Vec::new();
        GzDecoder::new(compressed.as_slice()).read_to_end(&mut bytes).unwrap();
        bytes
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }
}

fn optional<T: std::str::FromStr<Err: std::fmt::Debug>>(row: &Row, field: &str) -> Option<T> {
    Some(&row[field]).filter(|text| !text.is_empty()).map(|text| text.parse().unwrap())
}
