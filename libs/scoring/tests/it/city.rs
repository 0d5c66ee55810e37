//! The reference city: its registry, its facts, and inputs made of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::PathBuf;
use std::sync::OnceLock;

use chengping_casework::{Case, Deriver, Event, Fact, Question};
use chengping_rules::{RulePack, builtin};
use chengping_scoring::{
    Attributor, ENGINE, Input, PackRevision, Snapshot, Tallies, evaluated_part, tally,
};
use chengping_types::registry::{Area, Body, Coefficient, Registry};
use chengping_types::{BodyId, Digest, Family, Instant, Month};
use flate2::read::GzDecoder;
use serde_json::Value;

type Row = BTreeMap<String, String>;

pub(crate) struct City {
    pub(crate) pack: RulePack,
    pub(crate) registry: Registry,
    cases: Vec<(Case, Vec<Event>)>,
    /// The tallies of every month that has data, each as frozen.
    tallies: BTreeMap<Month, Tallies>,
}

impl City {
    /// Reads the city once for all tests.
    pub(crate) fn get() -> &'static Self {
        static CITY: OnceLock<City> = OnceLock::new();
        CITY.get_or_init(Self::read)
    }

    fn read() -> Self {
        let pack = RulePack::parse(builtin("zz-2018").unwrap()).unwrap();
        let (registry, cases) = (read_registry(), read_cases());
        let mut city = Self { pack, registry, cases, tallies: BTreeMap::new() };
        city.tallies = ["2018-03", "2018-04", "2018-05"]
            .map(|month| month.parse().unwrap())
            .map(|month| (month, tally(&city.facts(month), &city.attributor(month))))
            .into();
        city
    }

    /// The facts of a month as of its freeze.
    pub(crate) fn facts(&self, month: Month) -> Vec<Fact> {
        self.facts_by(&self.pack, month)
    }

    fn facts_by(&self, pack: &RulePack, month: Month) -> Vec<Fact> {
        let RulePack { time_zone, freeze, lifecycle, .. } = pack;
        let question = Question::at_freeze(month, time_zone.clone(), freeze.day, *lifecycle);
        let deriver = Deriver::new(&question);
        self.cases.iter().filter_map(|(case, events)| deriver.derive(case, events)).collect()
    }

    pub(crate) fn attributor(&self, month: Month) -> Attributor {
        Attributor::new(&self.pack, &self.registry, month)
    }

    pub(crate) fn family(&self, body: &BodyId) -> Family {
        let found = self.registry.bodies.iter().find(|found| found.body_id == *body);
        found.unwrap().kind.family()
    }

    pub(crate) fn tallies(&self, month: Month) -> &Tallies {
        &self.tallies[&month]
    }

    /// Everything that is known about a month; the data begin in March 2018.
    pub(crate) fn input(&self, month: Month) -> Input {
        let earlier = self.tallies.range(..month);
        let earlier = earlier.map(|(month, tallies)| (*month, tallies.clone())).collect();
        let tallies = self.tallies(month).clone();
        Input { earlier, ..self.input_of(&self.pack, month, tallies) }
    }

    /// A month by another pack, none of whose items looks back.
    pub(crate) fn input_by(&self, pack: &RulePack, month: Month) -> Input {
        let attributor = Attributor::new(pack, &self.registry, month);
        self.input_of(pack, month, tally(&self.facts_by(pack, month), &attributor))
    }

    fn input_of(&self, pack: &RulePack, month: Month, tallies: Tallies) -> Input {
        let (bodies, coefficients) = evaluated_part(pack, &self.registry, month);
        let as_of = month.freeze(pack.freeze.day, &pack.time_zone);
        Input {
            jurisdiction: "city-6k".parse().unwrap(),
            month,
            as_of,
            decided: as_of,
            engine: ENGINE.to_owned(),
            rule_pack: PackRevision::new(1, pack.clone()),
            snapshot: Snapshot { watermark: 0, digest: Digest::of(b"") },
            bodies,
            coefficients,
            tallies,
            earlier: BTreeMap::new(),
        }
    }
}

fn read_registry() -> Registry {
    let bodies = rows("bodies").map(|row| Body {
        body_id: row["body_id"].parse().unwrap(),
        kind: row["kind"].parse().unwrap(),
        name: row["name"].clone(),
        parent: optional(&row, "parent"),
        valid_from: row["valid_from"].parse().unwrap(),
        valid_to: optional(&row, "valid_to"),
    });
    let areas = rows("areas").map(|row| Area {
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
    let coefficients = rows("coefficients").map(|row| Coefficient {
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
        // The first accepted row stands.
        events.entry(row["case_no"].clone()).or_default().entry(event.event_no).or_insert(event);
    }
    let cases = rows("cases").map(|row| {
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
fn rows(file: &str) -> impl Iterator<Item = Row> {
    let refused = refused(file);
    let plain = std::fs::read(path(&format!("{file}.csv")));
    let bytes = plain.unwrap_or_else(|_| read_gz(&format!("{file}.csv.gz")));
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes.as_slice());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let accepted = reader.records().zip(2_u64..).filter(|(_, row)| !refused.contains(row));
    let named = |(record, _): (csv::Result<csv::StringRecord>, u64)| -> Row {
        header.iter().cloned().zip(record.unwrap().iter().map(str::to_owned)).collect()
    };
    accepted.map(named).collect::<Vec<_>>().into_iter()
}

fn optional<T: std::str::FromStr<Err: std::fmt::Debug>>(row: &Row, field: &str) -> Option<T> {
    Some(&row[field]).filter(|text| !text.is_empty()).map(|text| text.parse().unwrap())
}

fn refused(file: &str) -> BTreeSet<u64> {
    let json: Value =
        serde_json::from_slice(&std::fs::read(path("expected_rejects.json")).unwrap()).unwrap();
    let of_file = json["rejects"].as_array().unwrap().iter().filter(|row| row["file"] == file);
    of_file.map(|row| row["row"].as_u64().unwrap()).collect()
}

fn path(file: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../tests/data/city-6k", file].iter().collect()
}

pub(crate) fn read_gz(file: &str) -> Vec<u8> {
    let compressed = std::fs::read(path(file)).unwrap();
    let mut bytes = Vec::new();
    GzDecoder::new(compressed.as_slice()).read_to_end(&mut bytes).unwrap();
    bytes
}
