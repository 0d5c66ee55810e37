//! Boston's cases of August 2011: the three on-time rates that depend on the denominator.

use std::io::Read;

use chengping_casework::{Case, Deriver, Event, EventKind, Fact, Question, Source, View};
use chengping_rules::{RulePack, builtin};
use chengping_scoring::{
    Attributor, ENGINE, EvaluatedPart, Evaluation, Input, PackRevision, Snapshot, State, score,
    tally,
};
use chengping_types::registry::{Area, AreaKind, Body, Registry};
use chengping_types::{BodyId, BodyKind, Digest, Fold, Instant, Month, TimeZone, Zone};
use flate2::read::GzDecoder;

struct Boston {
    pack: RulePack,
    registry: Registry,
    cases: Vec<(Case, Vec<Event>)>,
}

fn instant(civil: &str, zone: &TimeZone) -> Option<Instant> {
    (!civil.is_empty()).then(|| zone.local(civil, Fold::Earlier).unwrap())
}

/// A body identifier made of a name.
fn id(prefix: &str, name: &str) -> BodyId {
    let letters = name.to_lowercase();
    let parts = letters.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    format!("{prefix}-{}", parts.collect::<Vec<_>>().join("-")).parse().unwrap()
}

fn read() -> Boston {
    let pack = RulePack::parse(builtin("boston-2011").unwrap()).unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/boston-2011-08.csv.gz");
    let mut bytes = Vec::new();
    GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    let mut boston = Boston { pack, registry: Registry::default(), cases: Vec::new() };
    for row in csv::Reader::from_reader(bytes.as_slice()).records() {
        add(&mut boston, &row.unwrap());
    }
    boston
}

fn add(boston: &mut Boston, row: &csv::StringRecord) {
    let [case_no, opened, target, closed, department, neighbourhood, source] =
        [0, 1, 2, 3, 4, 5, 6].map(|column| row[column].to_owned());
    let zone = &boston.pack.time_zone;
    let (opened, due_at) = (instant(&opened, zone).unwrap(), instant(&target, zone));
    let unit = id("d", &department);
    add_body(&mut boston.registry, &unit, BodyKind::Bureau, &department);
    if !neighbourhood.is_empty() {
        let area = id("n", &neighbourhood);
        add_body(&mut boston.registry, &area, BodyKind::District, &neighbourhood);
    }
    let mut kinds = vec![
        (EventKind::Reported, opened),
        (EventKind::Filed, opened),
        (EventKind::Dispatched, opened),
    ];
    if let Some(closed) = instant(&closed, zone) {
        kinds.extend([(EventKind::Handled, closed), (EventKind::Closed, closed)]);
    }
    let case_no: chengping_types::CaseNo = case_no.parse().unwrap();
    let event = |(event_no, (kind, at)): (u64, (EventKind, Instant))| Event {
        case_no: case_no.clone(),
        event_no,
        at,
        kind,
        actor: None,
        unit: matches!(kind, EventKind::Dispatched | EventKind::Handled).then(|| unit.clone()),
        due_at: due_at.filter(|_| kind == EventKind::Dispatched),
        stage_due_at: None,
        outcome: (kind == EventKind::Closed).then(|| "normal".to_owned()),
        note: None,
    };
    let events = (1..).zip(kinds).map(event).collect();
    let patrol = source == "Employee Generated";
    let case = Case {
        case_no: case_no.clone(),
        source: if patrol { Source::Patrol } else { Source::OtherPublic },
        category_scheme: "boston-311".to_owned(),
        category_code: "1".to_owned(),
        area_code: neighbourhood,
        collector: None,
        title: None,
        filing_condition: None,
    };
    boston.cases.push((case, events));
}

fn add_body(registry: &mut Registry, body_id: &BodyId, kind: BodyKind, name: &str) {
    if registry.bodies.iter().any(|body| body.body_id == *body_id) {
        return;
    }
    let first = "2011-01".parse().unwrap();
    registry.bodies.push(Body {
        body_id: body_id.clone(),
        kind,
        name: name.to_owned(),
        parent: None,
        valid_from: first,
        valid_to: None,
        assessment_code: None,
    });
    if kind == BodyKind::District {
        registry.areas.push(Area {
            area_code: name.to_owned(),
            kind: AreaKind::Grid,
            name: name.to_owned(),
            district: Some(body_id.clone()),
            subdistrict: None,
            window: None,
            zone: Zone::General,
            valid_from: first,
            valid_to: None,
        });
    }
}

fn evaluate(boston: &Boston, as_of: &str) -> Evaluation {
    let Boston { pack, registry, cases } = boston;
    let month: Month = "2011-08".parse().unwrap();
    let as_of = instant(&format!("{as_of} 00:00:00"), &pack.time_zone).unwrap();
    let question = Question {
        month,
        time_zone: pack.time_zone.clone(),
        view: View::at(as_of),
        freeze_day: pack.freeze.day,
        lifecycle: pack.lifecycle,
    };
    let deriver = Deriver::new(&question);
    let facts: Vec<Fact> =
        cases.iter().filter_map(|(case, events)| deriver.derive(case, events)).collect();
    let EvaluatedPart { bodies, former_periods, coefficients } =
        EvaluatedPart::new(pack, registry, month);
    score(&Input {
        jurisdiction: "boston".parse().unwrap(),
        month,
        as_of,
        decided: as_of,
        engine: ENGINE.to_owned(),
        rule_pack: PackRevision::new(1, pack.clone()),
        snapshot: Snapshot { watermark: 0, digest: Digest::of(b"") },
        bodies,
        former_periods,
        coefficients,
        tallies: tally(&facts, &Attributor::new(pack, registry, month)),
        earlier: [].into(),
    })
}

#[test]
fn the_three_denominators_give_the_three_published_rates() {
    let boston = read();
    for (as_of, expected) in [
        ("2011-09-01", ["90.85", "81.44", "64.35"]),
        ("2011-09-11", ["86.29", "79.07", "68.26"]),
        ("2011-10-01", ["85.02", "77.66", "69.91"]),
        ("2012-01-01", ["82.60", "75.48", "72.44"]),
    ] {
        let evaluation = evaluate(&boston, as_of);
        let percent = |index: usize| evaluation.figures[index].percent().unwrap();
        assert_eq!([0, 1, 2].map(percent), expected, "as of {as_of}");
    }
}

#[test]
fn neighbourhoods_and_departments_are_scored_by_two_weighted_rates() {
    let evaluation = evaluate(&read(), "2011-10-01");
    let scored =
        evaluation.scorecards.iter().filter(|card| card.state == State::Scored).collect::<Vec<_>>();
    assert!(scored.len() > 20, "{}", scored.len());
    for card in scored {
        let rates: Vec<_> = card.figures.iter().filter_map(|figure| figure.rate()).collect();
        let [_, of_due, _] = rates.as_slice() else { panic!("{} lacks a rate", card.body_id) };
        let [on_time, closing] = card.streams[0].items.as_slice() else { panic!("two items") };
        let lost =
            chengping_types::Exact::integer(60) * (chengping_types::Exact::ONE - of_due.clone());
        assert_eq!(on_time.deduction, lost, "{}", card.body_id);
        assert!(closing.deduction <= chengping_types::Exact::integer(40));
    }
}
