//! What a correction of a month does to later ones: everything that differs is named.

use std::collections::{BTreeMap, BTreeSet};

use chengping_casework::{Case, Event, EventKind, Question, Source, derive};
use chengping_rules::RulePack;
use chengping_scoring::{
    Attributor, Input, Tallies, Through, corrected, reach, score, tally, touched_months,
};
use chengping_types::{Instant, Month};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use crate::lab::Lab;
use crate::laws::{PACK_COUNT, april, cells, input, pack, packs, registry};

type Corrections = BTreeMap<Month, Tallies>;

/// Counts of April, of five months before it, and a few of them corrected.
fn corrections() -> impl Strategy<Value = (Vec<Tallies>, Vec<(i32, Tallies)>)> {
    let one =
        (select(vec![0, 1, 2, 5, 12]), prop_oneof![3 => cells(), 1 => Just(Tallies::default())]);
    (prop::collection::vec(cells(), 6), prop::collection::vec(one, 1..3))
}

fn april_after(pack: &RulePack, months: &[Tallies]) -> Input {
    let mut april = input(pack, months[0].clone(), months[1].clone());
    let earlier = months.iter().zip(0..).skip(2);
    april.earlier.extend(earlier.map(|(tallies, back)| (april.month.plus(-back), tallies.clone())));
    april
}

/// A small change of counts, so that much stays as it was.
fn nudged(tallies: &Tallies, other: &Tallies) -> Tallies {
    let mut nudged = tallies.clone();
    if let Some((body, streams)) = other.bodies.first_key_value() {
        for (stream, parts) in streams {
            for (part, counts) in parts {
                nudged.cell_mut(body, *stream, *part).merge(counts);
                nudged.total.entry(*stream).or_default().merge(counts);
            }
        }
    }
    nudged
}

fn document(input: &Input) -> Value {
    serde_json::from_slice(&score(input).results_document()).unwrap()
}

/// The inputs of every item and zone of a document.
fn inputs(document: &Value) -> BTreeMap<[String; 4], Value> {
    let object = |value: &Value| value.as_object().unwrap().clone().into_iter();
    let mut found = BTreeMap::new();
    for (body, card) in object(&document["bodies"]) {
        for (item, result) in object(&card["items"]) {
            for (zone, part) in object(&result["zones"]) {
                for (input, value) in object(&part["inputs"]) {
                    found.insert([body.clone(), item.clone(), zone.clone(), input], value);
                }
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_report_is_empty_exactly_when_the_results_keep_every_byte(
        (months, corrections) in corrections(), pack in 0..PACK_COUNT, small in any::<bool>(),
    ) {
        let published = april_after(&packs()[pack], &months);
        let corrections: Corrections = corrections.into_iter().map(|(back, other)| {
            let month = april().plus(-back);
            let was = months.get(usize::try_from(back).unwrap()).cloned().unwrap_or_default();
            (month, if small { nudged(&was, &other) } else { other })
        }).collect();
        // Every month replaced, whether or not the pack looks there.
        let mut again = published.clone();
        for (month, tallies) in corrections.clone() {
            if month == again.month { again.tallies = tallies } else { again.earlier.insert(month, tallies); }
        }
        let (was, now) = (document(&published), document(&again));
        let report = reach(&published, &corrections);
        prop_assert_eq!(report.is_empty(), was == now);
        prop_assert_eq!(document(&corrected(&published, &corrections)), now.clone());

        // Every body that differs is named, and exactly the inputs that differ are touched.
        let named: BTreeSet<_> = report.touches.iter().map(|touch| touch.body.as_str())
            .chain(report.changes.iter().filter_map(|change| Some(change.body.as_ref()?.as_str())))
            .collect();
        for (body, card) in was["bodies"].as_object().unwrap() {
            prop_assert_eq!(named.contains(body.as_str()), *card != now["bodies"][body]);
        }
        let (before, after) = (inputs(&was), inputs(&now));
        let names = before.keys().chain(after.keys()).collect::<BTreeSet<_>>();
        let differ = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
        let touched: BTreeSet<_> = report.touches.iter().map(|touch| {
            [touch.body.to_string(), touch.item.clone(), touch.part.to_string(), touch.input.clone()]
        }).collect();
        prop_assert_eq!(differ.cloned().collect::<BTreeSet<_>>(), touched);
        for touch in &report.touches {
            prop_assert!(!touch.through.is_empty(), "{touch:?}");
            if !corrections.contains_key(&april()) {
                prop_assert!(!touch.from.is_empty() || touch.through == [Through::Item], "{touch:?}");
            }
            for month in &touch.from {
                prop_assert!(corrections.contains_key(month) && *month < april());
            }
        }
    }

    #[test]
    fn a_month_further_back_than_the_pack_looks_touches_nothing(
        months in prop::collection::vec(cells(), 6), other in cells(), pack in 0..PACK_COUNT,
        beyond in 1..9_i32,
    ) {
        let pack = &packs()[pack];
        let published = april_after(pack, &months);
        let back = i32::try_from(pack.looks_back()).unwrap() + beyond;
        let mut again = published.clone();
        again.earlier.insert(april().plus(-back), other.clone());
        prop_assert_eq!(document(&published), document(&again));
        prop_assert!(reach(&published, &[(april().plus(-back), other)].into()).is_empty());
    }
}

#[test]
fn the_month_before_touches_its_increase_and_nothing_else() {
    let rules = [
        ("X", "mom_increase: {count: filed, points: \"0.1\", cap: 5}"),
        ("Y", "linear: {rate: closed / due, weight: 95}"),
    ];
    let lab = |before: &str| {
        let lab = Lab::new().stream("s", "counts: all, cap: 100", &rules);
        lab.regular("filed=12 due=12 closed=6").ago(1, before)
    };
    let before: Month = "2018-03".parse().unwrap();
    let changed = |names: &str| lab(names).input().earlier;
    let published = lab("filed=10").input();
    let report = reach(&published, &changed("filed=8"));
    let touches: Vec<_> = report
        .touches
        .iter()
        .map(|touch| {
            (touch.item.as_str(), touch.input.as_str(), touch.was.clone(), touch.now.clone())
        })
        .collect();
    assert_eq!(touches, [("X", "before", 10.into(), 8.into())]);
    assert_eq!(report.touches[0].through, [Through::MonthBefore]);
    assert_eq!(report.touches[0].from, [before]);
    let members: BTreeSet<_> = report.changes.iter().map(|change| change.member.as_str()).collect();
    assert!(members.contains("score") && members.contains("items.X.exact"), "{members:?}");
    assert!(!members.iter().any(|member| member.contains(".Y.")), "{members:?}");
    assert!(reach(&published, &changed("filed=10")).is_empty());
    assert!(reach(&published, &changed("filed=10 closed=3")).is_empty(), "nothing reads it");
    assert_eq!(published.rule_pack.pack.looks_back(), 1);
}

#[test]
fn an_earlier_month_touches_the_medians_that_it_moves() {
    let rule = "band_relative: {count: filed, against: own_history, bands: relative, weight: 8}";
    let lab = |third: &str| {
        let lab = Lab::item(rule).regular("filed=12").ago(1, "filed=10").ago(2, "filed=4");
        lab.ago(3, third)
    };
    let published = lab("filed=12").input();
    let of = |third: &str| reach(&published, &lab(third).input().earlier);
    assert!(of("filed=30").is_empty(), "the median stays 10");
    let moved = of("filed=6");
    assert_eq!(
        (moved.touches[0].was.clone(), moved.touches[0].now.clone()),
        ("10".into(), "6".into())
    );
    assert_eq!(moved.touches[0].through, [Through::History]);
    assert_eq!(moved.touches[0].from, ["2018-01".parse().unwrap()]);
    // The history begins with the first month that has a case.
    let begun = of("closed=1");
    assert_eq!(begun.touches[0].now, Value::from("7"));
    assert_eq!(published.rule_pack.pack.looks_back(), 12);
}

fn event(case: &str, event_no: u64, at: &str, kind: EventKind) -> Event {
    let is = |wanted| kind == wanted;
    Event {
        case_no: case.parse().unwrap(),
        event_no,
        at: Instant::parse(&format!("2018-{at}T12:00:00+08:00")).unwrap(),
        kind,
        actor: None,
        unit: is(EventKind::Dispatched).then(|| "b1".parse().unwrap()),
        due_at: is(EventKind::Dispatched)
            .then(|| Instant::parse(&format!("2018-{}-20T12:00:00+08:00", &at[..2])).unwrap()),
        stage_due_at: None,
        outcome: is(EventKind::Closed).then(|| "normal".to_owned()),
        note: None,
    }
}

/// The tallies of a month of district d1 at its freeze.
fn tallies(month: Month, cases: &[Vec<Event>]) -> Tallies {
    let pack = pack();
    let question =
        Question::at_freeze(month, pack.time_zone.clone(), pack.freeze.day, pack.lifecycle);
    let fact = |events: &Vec<Event>| {
        let case = Case {
            case_no: events[0].case_no.clone(),
            source: Source::Patrol,
            category_scheme: "gbt-30428.2-2013-event".to_owned(),
            category_code: "0112".to_owned(),
            area_code: "a0".to_owned(),
            collector: None,
            title: None,
            filing_condition: None,
        };
        derive(&case, events, &question)
    };
    let facts: Vec<_> = cases.iter().filter_map(fact).collect();
    tally(&facts, &Attributor::new(pack, &registry(), month))
}

/// A reopening of March that is learned of late: the case was not handed back in time after all, so
/// it was open at the freeze, and what April took off was never counted.
#[test]
fn facts_learned_late_touch_the_stock_and_the_settlement_corrections_of_the_next_month() {
    use EventKind::{Closed, Dispatched, Filed, Handled, Reopened};
    let late = [
        ("03-01", Filed),
        ("03-02", Dispatched),
        ("03-10", Handled),
        ("03-12", Closed),
        ("04-10", Reopened),
        ("04-25", Handled),
    ];
    let good = [("04-02", Filed), ("04-03", Dispatched), ("04-05", Handled), ("04-06", Closed)];
    let life = |case: &str, events: &[(&str, EventKind)]| -> Vec<Event> {
        let numbered = events.iter().zip(1..);
        numbered.map(|((at, kind), number)| event(case, number, at, *kind)).collect()
    };
    let known = [life("A", &late), life("B", &good), life("C", &good)];
    let mut learned = known.clone();
    learned[0].push(event("A", 9, "03-15", Reopened));
    let (march, april) = (april().previous(), april());
    let months = |cases: &[Vec<Event>]| [tallies(march, cases), tallies(april, cases)];
    let [before, published] = months(&known);
    let published = input(pack(), published, before);
    let [corrected_march, corrected_april] = months(&learned);
    let corrections = [(march, corrected_march), (april, corrected_april)].into();
    let [report] = &touched_months(march, [&published], &corrections)[..] else { panic!() };
    assert_eq!(report.month, april);
    let through = |item: &str, input: &str| {
        let mut of_item = report.touches.iter().filter(|touch| {
            touch.body.as_str() == "d1" && touch.item == item && touch.input == input
        });
        of_item.next().map(|touch| (touch.was.clone(), touch.now.clone(), touch.through.clone()))
    };
    let corrected = vec![Through::SettlementCorrection];
    assert_eq!(through("N1", "num"), Some((1.into(), 2.into(), corrected)));
    let stock = vec![Through::CarriedOver];
    assert_eq!(through("N4", "den"), Some((2.into(), 3.into(), stock)));
    assert_eq!(through("N5", "count"), None, "as many were filed");
    assert!(touched_months(april, [&published], &corrections).is_empty(), "no later month");
}

#[test]
fn a_report_is_canonical_json() {
    let lab = |names: &str| {
        let rule = "mom_increase: {count: filed, points: \"0.1\", cap: 5}";
        Lab::item(rule).regular("filed=12").ago(1, names)
    };
    let report = reach(&lab("filed=10").input(), &lab("filed=8").input().earlier);
    let json = chengping_types::canonical::to_vec(&report).unwrap();
    let text = String::from_utf8(json).unwrap();
    let touch = r#"{"body":"d","from":["2018-03"],"input":"before","item":"X","now":8,"part":"all","through":["month_before"],"was":10}"#;
    assert!(text.contains(touch), "{text}");
}
