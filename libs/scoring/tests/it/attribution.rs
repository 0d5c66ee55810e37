//! Whom a case counts for.

use std::num::NonZeroUsize;

use chengping_casework::{Base, Fact, Source};
use chengping_rules::{RulePack, builtin};
use chengping_scoring::{Attributor, FactTable, tally};
use chengping_types::registry::{Area, AreaKind, Body, LongTermEntry, Registry};
use chengping_types::{BodyKind, Instant, Month, Stream, Zone};

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn body(id: &str, kind: BodyKind, valid_to: Option<&str>) -> Body {
    Body {
        body_id: id.parse().unwrap(),
        kind,
        name: id.to_owned(),
        parent: None,
        valid_from: month("2016-01"),
        valid_to: valid_to.map(month),
        assessment_code: None,
    }
}

fn area(zone: Zone, from: &str, to: Option<&str>) -> Area {
    Area {
        area_code: "R1".to_owned(),
        kind: AreaKind::RoadSection,
        name: String::new(),
        district: Some("d1".parse().unwrap()),
        subdistrict: Some("s1".parse().unwrap()),
        window: None,
        zone,
        valid_from: month(from),
        valid_to: to.map(month),
    }
}

fn registry() -> Registry {
    Registry {
        bodies: vec![
            body("d1", BodyKind::District, None),
            body("s1", BodyKind::Subdistrict, Some("2018-04")),
            body("b1", BodyKind::Bureau, None),
            body("team", BodyKind::Collector, None),
            body("desk", BodyKind::SupervisionDesk, None),
        ],
        areas: vec![
            area(Zone::General, "2016-01", Some("2018-03")),
            area(Zone::Key, "2018-04", None),
            area(Zone::General, "2018-04", None),
        ],
        coefficients: Vec::new(),
        long_term: vec![LongTermEntry {
            category_scheme: "local-2018".to_owned(),
            category_code: "07".to_owned(),
            valid_from: month("2018-04"),
            valid_to: None,
            area_code: None,
        }],
    }
}

fn fact(filed_at: &str) -> Fact {
    Fact {
        case_no: "c1".parse().unwrap(),
        source: Source::Patrol,
        category_scheme: "gbt-30428.2-2013-event".to_owned(),
        category_code: "0102".to_owned(),
        area_code: "R1".to_owned(),
        collector: Some("team".parse().unwrap()),
        reported_at: None,
        filed_at: Some(Instant::parse(filed_at).unwrap()),
        filing_desk: None,
        unit: Some("b1".parse().unwrap()),
        marks: [Base::Filed].into_iter().collect(),
        orders_first: 0,
        orders_repeated: 0,
        orders_weight: 0,
        visits: [0; 5],
        desk: Vec::new(),
        sums: Vec::new(),
    }
}

fn attributor(evaluated: &str) -> Attributor {
    let pack = RulePack::parse(builtin("zz-2018").unwrap()).unwrap();
    Attributor::new(&pack, &registry(), month(evaluated))
}

/// The bodies of a fact with their parts, as text.
fn bodies(evaluated: &str, fact: &Fact) -> Vec<String> {
    let attribution = attributor(evaluated).attribute(fact);
    attribution.bodies.iter().map(|(body, part)| format!("{body} {part}")).collect()
}

fn stream(fact: &Fact) -> Stream {
    attributor("2018-04").attribute(fact).stream
}

#[test]
fn the_zone_is_that_of_the_local_month_of_filing() {
    // The last second of March in Zhengzhou, and the first of April.
    let march = fact("2018-03-31T15:59:59Z");
    let april = fact("2018-03-31T16:00:00Z");
    assert_eq!(bodies("2018-04", &march), ["d1 general", "s1 general", "b1 all"]);
    assert_eq!(bodies("2018-04", &april), ["d1 key", "s1 key", "b1 all"]);
}

#[test]
fn a_long_term_entry_with_a_place_applies_there_alone_also_by_columns() {
    let pack = RulePack::parse(builtin("zz-2018").unwrap()).unwrap();
    let mut registry = registry();
    registry.long_term[0].area_code = Some("R1".to_owned());
    let LongTermEntry { category_scheme, category_code, .. } = registry.long_term[0].clone();
    let attributor = Attributor::new(&pack, &registry, month("2018-04"));
    let there = Fact { category_scheme, category_code, ..fact("2018-04-02T00:00:00Z") };
    let elsewhere = Fact { area_code: "R9".to_owned(), ..there.clone() };
    assert_eq!(there.area_code, "R1");
    let streams = [&there, &elsewhere].map(|fact| attributor.attribute(fact).stream);
    assert_eq!(streams, [Stream::LongTerm, Stream::Regular]);

    let facts = [there, elsewhere];
    let mut table = FactTable::new(attributor.clone());
    table.extend(&facts);
    assert_eq!(table.tally(NonZeroUsize::MIN), tally(&facts, &attributor));
}

#[test]
fn a_body_that_has_left_counts_nothing_and_a_post_team_is_no_area() {
    assert_eq!(bodies("2018-05", &fact("2018-04-02T00:00:00Z")), ["d1 key", "b1 all"]);
}

#[test]
fn a_case_out_of_scope_counts_for_nobody_but_in_the_total() {
    let lost = Fact { area_code: "R9".to_owned(), ..fact("2018-04-02T00:00:00Z") };
    assert!(bodies("2018-04", &lost).is_empty());
    let tallies = tally([&lost], &attributor("2018-04"));
    assert_eq!(tallies.jurisdiction().get(Base::Filed), 1);
    assert!(tallies.bodies.is_empty());
}

#[test]
fn a_report_that_was_never_filed_counts_where_it_lay_then_and_for_no_department() {
    let marks = [Base::Reported].into_iter().collect();
    let unfiled = Fact { filed_at: None, marks, ..fact("2018-04-02T00:00:00Z") };
    let at =
        |time: &str| Fact { reported_at: Some(Instant::parse(time).unwrap()), ..unfiled.clone() };
    assert_eq!(bodies("2018-04", &at("2018-03-31T15:59:59Z")), ["d1 general", "s1 general"]);
    assert_eq!(bodies("2018-04", &at("2018-03-31T16:00:00Z")), ["d1 key", "s1 key"]);
    let filed =
        Fact { filed_at: fact("2018-04-02T00:00:00Z").filed_at, ..at("2018-03-31T15:59:59Z") };
    assert_eq!(bodies("2018-04", &filed), ["d1 key", "s1 key", "b1 all"], "frozen at filing");
    assert!(bodies("2018-04", &unfiled).is_empty(), "reported at an unknown time");
    let lost = Fact { area_code: "R9".to_owned(), ..at("2018-04-02T00:00:00Z") };
    let tallies = tally([&lost], &attributor("2018-04"));
    assert_eq!(tallies.jurisdiction().get(Base::Reported), 1);
}

#[test]
fn a_unit_that_is_an_area_body_is_no_department() {
    let own = Fact { unit: Some("d1".parse().unwrap()), ..fact("2018-04-02T00:00:00Z") };
    assert_eq!(bodies("2018-04", &own), ["d1 key", "s1 key"]);
    let nobody = Fact { unit: None, ..own };
    assert_eq!(bodies("2018-04", &nobody), ["d1 key", "s1 key"]);
}

#[test]
fn the_public_comes_before_the_long_term_list_and_that_before_the_rest() {
    let regular = fact("2018-04-02T00:00:00Z");
    let listed = Fact { category_code: "010199".to_owned(), ..regular.clone() };
    let public = Fact { source: Source::Transfer110, ..listed.clone() };
    let other_scheme =
        Fact { category_scheme: "gbt-30428.2-2013-part".to_owned(), ..listed.clone() };
    assert_eq!(stream(&regular), Stream::Regular);
    assert_eq!(stream(&listed), Stream::LongTerm);
    assert_eq!(stream(&public), Stream::Public);
    assert_eq!(stream(&other_scheme), Stream::Regular);
}

#[test]
fn an_entry_of_the_registry_lists_cases_filed_while_it_is_valid() {
    let local = |filed_at| Fact {
        category_scheme: "local-2018".to_owned(),
        category_code: "0712".to_owned(),
        ..fact(filed_at)
    };
    assert_eq!(stream(&local("2018-03-02T00:00:00Z")), Stream::Regular);
    assert_eq!(stream(&local("2018-04-02T00:00:00Z")), Stream::LongTerm);
}
