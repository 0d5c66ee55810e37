//! Every count of every body, stream and zone equals that of an independent program.

use std::collections::{BTreeMap, BTreeSet};

use chengping_casework::{Base, Deriver, Fact, Lifecycle, Question};
use chengping_types::{BodyId, Family, Month, Stream, TimeZone};

use crate::city::{City, read_gz};

type Tallies = BTreeMap<String, BTreeMap<String, u64>>;

/// Our counts and what the reference calls them.
const COUNTS: [(Base, &str); 20] = [
    (Base::Filed, "filed"),
    (Base::Due, "due"),
    (Base::Handled, "handled"),
    (Base::OnTime, "on_time"),
    (Base::Closed, "closed"),
    (Base::ClosedOnTime, "closed_on_time"),
    (Base::OverdueOpen, "overdue_open"),
    (Base::Rework, "rework"),
    (Base::Extended, "extended"),
    (Base::CarriedStart, "carried_start"),
    (Base::CarriedOpen, "carried_open"),
    (Base::CarriedClosed, "carried_closed"),
    (Base::UndoOnTime, "undo_on_time"),
    (Base::UndoClosedOnTime, "undo_closed_on_time"),
    (Base::OrdersFirst, "orders_first"),
    (Base::OrdersRepeated, "orders_repeat"),
    (Base::VisitVerySatisfied, "v100"),
    (Base::VisitSatisfied, "v80"),
    (Base::VisitNeutral, "v50"),
    (Base::VisitDissatisfied, "v0"),
];

/// The default long-term list of `zz-2018` (decisions.md 16).
const LONG_TERM: [&str; 7] = ["0101", "0136", "0201", "0501", "0505", "0506", "0510"];

fn stream(fact: &Fact) -> Stream {
    let is_event = fact.category_scheme == "gbt-30428.2-2013-event";
    if fact.source.is_public() {
        Stream::Public
    } else if is_event && LONG_TERM.iter().any(|code| fact.category_code.starts_with(code)) {
        Stream::LongTerm
    } else {
        Stream::Regular
    }
}

/// The keys under which the fact counts: its areas at filing, and its department. Without a valid
/// area it is out of scope of both (decisions.md 34); what was never filed counts for posts only.
fn keys(city: &City, fact: &Fact, zone: &TimeZone) -> Vec<String> {
    let Some(filed_at) = fact.filed_at else { return Vec::new() };
    let filed_in = Month::of(filed_at, zone);
    let Some(area) = city.area(&fact.area_code, filed_in) else { return Vec::new() };
    let stream = stream(fact);
    let areas = area.bodies.iter().map(|body| format!("{body}|{stream}|{}", area.zone));
    let is_department = |unit: &&BodyId| city.kinds[*unit].family() == Family::Department;
    let department = fact.unit.as_ref().filter(is_department);
    areas.chain(department.map(|unit| format!("{unit}|{stream}|"))).collect()
}

fn tally(city: &City, month: Month) -> Tallies {
    let zone: TimeZone = "Asia/Shanghai".parse().unwrap();
    let question = Question::at_freeze(month, zone.clone(), 3, Lifecycle::default());
    let deriver = Deriver::new(&question);
    let mut tallies = Tallies::new();
    for (case, events) in &city.cases {
        let Some(fact) = deriver.derive(case, events) else { continue };
        for key in keys(city, &fact, &zone) {
            for (base, name) in COUNTS {
                let count = u64::from(fact.count(base));
                if count > 0 {
                    *tallies.entry(key.clone()).or_default().entry(name.to_owned()).or_default() +=
                        count;
                }
            }
        }
    }
    tallies
}

fn reference(month: Month) -> Tallies {
    let bytes = read_gz(&format!("tallies-{month}.json.gz"));
    let mut json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    serde_json::from_value(json["base"].take()).unwrap()
}

#[test]
fn every_count_of_the_reference_city_is_equal() {
    let city = City::read();
    assert_eq!(city.cases.len(), 6000);
    let mut differences = Vec::new();
    for month in ["2018-04", "2018-05"].map(|text| text.parse::<Month>().unwrap()) {
        let (ours, theirs) = (tally(&city, month), reference(month));
        let keys: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
        assert!(keys.len() > 700, "the city has bodies, streams and zones");
        for key in keys {
            for (_, name) in COUNTS {
                let count = |tallies: &Tallies| -> u64 {
                    tallies.get(key).and_then(|counts| counts.get(name)).copied().unwrap_or(0)
                };
                if count(&ours) != count(&theirs) {
                    let (ours, theirs) = (count(&ours), count(&theirs));
                    differences.push(format!("{month} {key} {name}: {ours}, not {theirs}"));
                }
            }
        }
    }
    assert!(differences.is_empty(), "{}\n{}", differences.len(), differences.join("\n"));
}
