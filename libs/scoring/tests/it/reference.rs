//! Equality with the independent reference: every count, deduction, state, score and rank of
//! every area, department and post.

use std::collections::BTreeMap;

use chengping_casework::Base;
use chengping_rules::{Counted, RulePack, builtin};
use chengping_scoring::{Cell, Input, InputError, Part, Tallies, counted_cases, score};
use chengping_types::{BodyId, Family, Month};
use serde_json::Value;

use crate::city::{City, read_gz};

const MONTHS: [&str; 2] = ["2018-04", "2018-05"];

fn reference(kind: &str, month: &str) -> Value {
    serde_json::from_slice(&read_gz(&format!("{kind}-{month}.json.gz"))).unwrap()
}

/// The reference's name of a count, for those that it has.
fn reference_name(base: Base) -> Option<&'static str> {
    match base {
        Base::VisitVerySatisfied => Some("v100"),
        Base::VisitSatisfied => Some("v80"),
        Base::VisitNeutral => Some("v50"),
        Base::VisitDissatisfied => Some("v0"),
        Base::OrdersRepeated => Some("orders_repeat"),
        Base::Assigned
        | Base::Returned
        | Base::Shirked
        | Base::SuspendedNow
        | Base::SuspendedEver
        | Base::Voided
        | Base::VisitUnreachable
        | Base::OrdersGeometric => None,
        other if other.is_of_posts() || other.is_description() => None,
        known => Some(known.as_str()),
    }
}

/// Tallies in the reference's form: `body|stream|zone` to counts by name.
fn in_reference_form(tallies: &Tallies) -> BTreeMap<String, BTreeMap<String, u64>> {
    let mut form = BTreeMap::new();
    for (body, streams) in &tallies.bodies {
        for (stream, parts) in streams {
            for (part, counts) in parts {
                let named = Base::ALL.iter().filter_map(|base| {
                    let number = counts.get(*base);
                    Some((reference_name(*base)?.to_owned(), number)).filter(|_| number > 0)
                });
                let named: BTreeMap<_, _> = named.collect();
                let zone = if *part == Part::All { "" } else { part.as_str() };
                if !named.is_empty() {
                    form.insert(format!("{body}|{stream}|{zone}"), named);
                }
            }
        }
    }
    form
}

#[test]
fn every_count_equals_the_reference() {
    for month in MONTHS {
        let expected: BTreeMap<String, BTreeMap<String, u64>> =
            serde_json::from_value(reference("tallies", month)["base"].clone()).unwrap();
        let (city, evaluated): (_, Month) = (City::get(), month.parse().unwrap());
        // The reference also counts for bodies that have left, and then does not evaluate them;
        // it counts for posts elsewhere.
        let is_post = |body: &BodyId| city.family(body) == Family::Post;
        let left = city.registry.bodies.iter().filter(|body| !body.is_valid_in(evaluated));
        let left: Vec<_> = left.map(|body| format!("{}|", body.body_id)).collect();
        let mut tallies = city.tallies(evaluated).clone();
        tallies.bodies.retain(|body, _| !is_post(body));
        let counted = in_reference_form(&tallies);
        let mut compared = 0;
        for (cell, counts) in &expected {
            if !left.iter().any(|body| cell.starts_with(body.as_str())) {
                assert_eq!(counted.get(cell), Some(counts), "{month} {cell}");
                compared += 1;
            }
        }
        assert_eq!(compared, counted.len(), "{month}");
    }
}

#[test]
fn every_deduction_state_score_and_rank_equals_the_reference() {
    for month in MONTHS {
        let input = City::get().input(month.parse().unwrap());
        assert_equals_reference("zz-2018", month, &input);
    }
}

#[test]
fn the_standards_samples_equal_the_reference_too() {
    let pack = RulePack::parse(builtin("gbt-30428.4").unwrap()).unwrap();
    for month in MONTHS {
        let input = City::get().input_by(&pack, month.parse().unwrap());
        assert_equals_reference("gbt-30428.4", month, &input);
    }
}

fn assert_equals_reference(pack: &str, month: &str, input: &Input) {
    let evaluation = score(input);
    let document: Value = serde_json::from_slice(&evaluation.results_document()).unwrap();
    let expected = reference(&format!("results-{pack}"), month);
    assert_eq!(document["as_of"], expected["as_of"]);
    let mut compared = 0;
    for (body, expected) in expected["bodies"].as_object().unwrap() {
        assert_equal(&format!("{month} {body}"), &document["bodies"][body], expected);
        compared += 1;
    }
    assert_eq!(compared, evaluation.scorecards.len());
}

/// Every member of the expected value is there and equal; the product may say more, such as the
/// clause of an item, but nothing more about the zones of one.
fn assert_equal(path: &str, found: &Value, expected: &Value) {
    match expected {
        Value::Object(_) if path.ends_with(".zones") => assert_eq!(found, expected, "{path}"),
        Value::Object(members) => {
            for (name, expected) in members {
                assert_equal(&format!("{path}.{name}"), &found[name], expected);
            }
        }
        _ => assert_eq!(found, expected, "{path}"),
    }
}

#[test]
fn the_cases_behind_a_count_are_as_many_as_the_count() {
    let month: Month = "2018-04".parse().unwrap();
    let city = City::get();
    let facts = city.facts(month);
    let attributor = city.attributor(month);
    let tallies = city.tallies(month);
    for body in ["d01", "s009", "b01", "w1", "nobody"] {
        let body: BodyId = body.parse().unwrap();
        for counts in Counted::ALL {
            for part in Part::ALL {
                let cell = Cell { body: &body, counts: *counts, part: *part };
                for base in Base::ALL.iter().filter(|base| !base.is_of_posts()) {
                    let cases = counted_cases(&facts, &attributor, cell, *base);
                    let times: u64 = cases.iter().map(|case| u64::from(case.times)).sum();
                    assert_eq!(times, tallies.sum(cell).get(*base), "{cell:?} {base}");
                }
            }
        }
    }
}

#[test]
fn the_same_input_gives_the_same_bytes_also_when_it_was_kept() {
    let input = City::get().input("2018-05".parse().unwrap());
    let kept = Input::from_json(&input.canonical()).unwrap();
    assert_eq!(input, kept);
    assert_eq!(score(&input).results_document(), score(&kept).results_document());
}

#[test]
fn a_kept_input_with_another_pack_is_refused() {
    let input = City::get().input("2018-05".parse().unwrap());
    let text = String::from_utf8(input.canonical()).unwrap();
    assert!(text.contains("\"weight\":\"30\""));
    let tampered = text.replace("\"weight\":\"30\"", "\"weight\":\"29\"");
    let error = Input::from_json(tampered.as_bytes()).unwrap_err();
    assert!(matches!(error, InputError::PackDigest { .. }), "{error}");
}
