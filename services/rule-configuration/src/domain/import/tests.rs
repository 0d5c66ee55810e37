use chengping_types::registry::AreaKind;
use chengping_types::{BodyKind, Exact, Month, Zone};
use proptest::prelude::*;

use super::*;

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn body(id: &str, name: &str, parent: Option<&str>) -> Record {
    Record::Body(Body {
        body_id: id.parse().unwrap(),
        kind: if parent.is_some() { BodyKind::Subdistrict } else { BodyKind::District },
        name: name.to_owned(),
        parent: parent.map(|parent| parent.parse().unwrap()),
        valid_from: month("2016-01"),
        valid_to: None,
        assessment_code: None,
    })
}

/// A district in a period.
fn period(name: &str, from: &str, to: Option<&str>) -> Record {
    let Record::Body(body) = body("d01", name, None) else { unreachable!() };
    Record::Body(Body { valid_from: month(from), valid_to: to.map(month), ..body })
}

/// Its periods as `name from to`.
fn periods(standing: &Standing) -> Vec<String> {
    let text = |body: &Body| {
        let to = body.valid_to.map(|to| to.to_string()).unwrap_or_default();
        format!("{} {} {to}", body.name, body.valid_from)
    };
    standing.periods(&"d01".parse().unwrap()).map(text).collect()
}

fn import(standing: &mut Standing, rows: Vec<Row>) -> Outcome {
    super::import(standing, rows, false)
}

fn area(code: &str, district: &str, zone: Zone, from: &str, to: Option<&str>) -> Record {
    Record::Area(Area {
        area_code: code.to_owned(),
        kind: AreaKind::RoadSection,
        name: String::new(),
        district: Some(district.parse().unwrap()),
        subdistrict: None,
        window: None,
        zone,
        valid_from: month(from),
        valid_to: to.map(month),
    })
}

fn coefficient(id: &str, road_sections: u32, from: &str) -> Record {
    Record::Coefficient(Coefficient {
        body_id: id.parse().unwrap(),
        zone: Zone::Key,
        road_sections,
        difficulty: Exact::ONE,
        valid_from: month(from),
        approved_by: "办公室".to_owned(),
        reason: "核定".to_owned(),
        area_km2: None,
        population: None,
        grid_class: None,
    })
}

fn rows(records: impl IntoIterator<Item = Record>) -> Vec<Row> {
    (2..)
        .zip(records)
        .map(|(row, record)| (Place { file: "f".to_owned(), row }, Ok(record)))
        .collect()
}

fn rejected(outcome: &Outcome) -> Vec<(i64, &str, &str)> {
    let of = |reject: &Reject| (reject.place.row, reject.fault.column);
    let codes = outcome.rejects.iter().map(|reject| reject.fault.code.as_str());
    outcome
        .rejects
        .iter()
        .map(of)
        .zip(codes)
        .map(|((row, column), code)| (row, column, code))
        .collect()
}

fn counts(outcome: &Outcome) -> (i64, i64, i64) {
    (outcome.counts.added, outcome.counts.changed, outcome.counts.repeated)
}

#[test]
fn a_reference_may_come_before_what_it_names() {
    let mut standing = Standing::default();
    let outcome = import(
        &mut standing,
        rows([
            area("R1", "d01", Zone::Key, "2016-01", None),
            coefficient("d01", 3, "2018-01"),
            body("s001", "街道", Some("d01")),
            body("d01", "第1区", None),
        ]),
    );
    assert_eq!((counts(&outcome), rejected(&outcome)), ((4, 0, 0), vec![]));
}

#[test]
fn what_names_an_unknown_body_is_rejected_down_the_line() {
    let mut standing = Standing::default();
    let outcome = import(
        &mut standing,
        rows([
            body("s001", "街道", Some("d99")),
            body("s002", "社区", Some("s001")),
            area("R1", "s002", Zone::Key, "2016-01", None),
            coefficient("s001", 3, "2018-01"),
        ]),
    );
    let expected = [
        (2, "parent", "unknown_body"),
        (3, "parent", "unknown_body"),
        (4, "district", "unknown_body"),
        (5, "body_id", "unknown_body"),
    ];
    assert_eq!(rejected(&outcome), expected);
    assert_eq!(standing, Standing::default());
}

#[test]
fn of_two_contradicting_bodies_the_first_stands_but_a_later_import_replaces_it() {
    let mut standing = Standing::default();
    let first = [body("d01", "甲", None), body("d01", "乙", None), body("d01", "甲", None)];
    let outcome = import(&mut standing, rows(first));
    assert_eq!(counts(&outcome), (1, 0, 1));
    assert_eq!(rejected(&outcome), [(3, "", "conflict")]);

    let outcome = import(&mut standing, rows([body("d01", "乙", None)]));
    assert_eq!(counts(&outcome), (0, 1, 0));
    let outcome = import(&mut standing, rows([body("d01", "乙", None)]));
    assert_eq!(counts(&outcome), (0, 0, 1));
}

#[test]
fn the_second_of_two_overlapping_rows_of_an_area_is_a_conflict() {
    let mut standing = Standing::default();
    import(&mut standing, rows([body("d01", "第1区", None)]));
    let outcome = import(
        &mut standing,
        rows([
            area("R1", "d01", Zone::Key, "2016-01", Some("2018-04")),
            area("R1", "d01", Zone::General, "2018-04", None),
            area("R1", "d01", Zone::General, "2016-01", None),
            area("R1", "d01", Zone::General, "2018-05", None),
            area("R1", "d01", Zone::Key, "2016-01", Some("2018-04")),
        ]),
    );
    assert_eq!(counts(&outcome), (2, 0, 1));
    assert_eq!(rejected(&outcome), [(3, "", "conflict"), (4, "", "conflict")]);
}

#[test]
fn an_area_changes_its_zone_whichever_row_comes_first() {
    let ended = area("R1", "d01", Zone::Key, "2016-01", Some("2018-04"));
    let begun = area("R1", "d01", Zone::General, "2018-05", None);
    for change in [[ended.clone(), begun.clone()], [begun, ended]] {
        let mut standing = Standing::default();
        let open = area("R1", "d01", Zone::Key, "2016-01", None);
        import(&mut standing, rows([body("d01", "第1区", None), open]));
        let outcome = import(&mut standing, rows(change));
        assert_eq!((counts(&outcome), rejected(&outcome)), ((1, 1, 0), vec![]));
    }
}

#[test]
fn of_coefficients_for_the_same_month_the_last_holds_and_a_repeat_changes_nothing() {
    let mut standing = Standing::default();
    import(&mut standing, rows([body("d01", "第1区", None)]));
    let file = [coefficient("d01", 1, "2018-01"), coefficient("d01", 2, "2018-01")];
    let outcome = import(&mut standing, rows(file.clone()));
    assert_eq!(counts(&outcome), (1, 0, 1));
    assert_eq!(standing.coefficients.values().next().unwrap().road_sections, 2);

    let outcome = import(&mut standing, rows(file));
    assert_eq!(counts(&outcome), (0, 0, 2));
}

#[test]
fn a_later_start_ends_the_standing_period_with_the_month_before() {
    let mut standing = Standing::default();
    import(&mut standing, rows([period("甲", "2016-01", None)]));
    let outcome = import(&mut standing, rows([period("乙", "2018-05", None)]));
    assert_eq!((counts(&outcome), rejected(&outcome)), ((1, 0, 0), vec![]));
    assert_eq!(periods(&standing), ["甲 2016-01 2018-04", "乙 2018-05 "]);
    // The same start replaces, wherever it stands.
    let outcome = import(&mut standing, rows([period("丙", "2016-01", Some("2018-02"))]));
    assert_eq!((counts(&outcome), rejected(&outcome)), ((0, 1, 0), vec![]));
    assert_eq!(periods(&standing), ["丙 2016-01 2018-02", "乙 2018-05 "]);
}

#[test]
fn a_row_that_begins_before_the_only_period_that_it_overlaps_moves_its_start() {
    let mut standing = Standing::default();
    import(&mut standing, rows([period("甲", "2017-01", None)]));
    let outcome = import(&mut standing, rows([period("甲", "2016-01", None)]));
    assert_eq!(counts(&outcome), (0, 1, 0));
    assert_eq!(periods(&standing), ["甲 2016-01 "]);
}

#[test]
fn a_row_over_several_periods_is_a_conflict_that_names_both_versions() {
    let mut standing = Standing::default();
    let two = [period("甲", "2016-01", Some("2018-04")), period("乙", "2018-05", None)];
    import(&mut standing, rows(two));
    for from in ["2015-01", "2016-01", "2017-01"] {
        let before = standing.clone();
        let outcome = import(&mut standing, rows([period("丙", from, None)]));
        assert_eq!(rejected(&outcome), [(2, "", "conflict")]);
        let message = &outcome.rejects[0].fault.message;
        assert!(message.contains("丙") && message.contains("乙"), "{message}");
        assert_eq!(standing, before);
    }
}

#[test]
fn rows_of_one_import_follow_each_other_in_either_order_and_one_without_a_place_ends_none() {
    let (first, second) = (period("甲", "2016-01", None), period("乙", "2018-05", None));
    for both in [[first.clone(), second.clone()], [second, first]] {
        let mut standing = Standing::default();
        let outcome = import(&mut standing, rows(both.clone()));
        assert_eq!((counts(&outcome), rejected(&outcome)), ((2, 0, 0), vec![]));
        assert_eq!(periods(&standing), ["甲 2016-01 2018-04", "乙 2018-05 "]);
        assert_eq!(counts(&import(&mut standing, rows(both))), (0, 0, 2));
    }
    let mut standing = Standing::default();
    let later = [period("丙", "2019-01", Some("2019-06")), period("丁", "2019-07", None)];
    import(&mut standing, rows(later));
    let given = [period("甲", "2016-01", Some("2018-12")), period("乙", "2018-05", None)];
    let outcome = import(&mut standing, rows(given));
    assert_eq!(rejected(&outcome), [(3, "", "conflict")]);
    assert_eq!(periods(&standing)[0], "甲 2016-01 2018-12");
}

#[test]
fn a_kind_never_changes_but_for_all_periods_at_once() {
    let bureau = |record: Record| match record {
        Record::Body(body) => Record::Body(Body { kind: BodyKind::Bureau, ..body }),
        other => other,
    };
    let two = [period("甲", "2016-01", Some("2018-04")), period("乙", "2018-05", None)];
    let mut standing = Standing::default();
    import(&mut standing, rows(two.clone()));
    let outcome = import(&mut standing, rows([bureau(period("丙", "2018-05", None))]));
    assert_eq!(rejected(&outcome), [(2, "kind", "conflict")]);
    let outcome = import(&mut standing, rows([bureau(period("丙", "2019-01", None))]));
    assert_eq!(rejected(&outcome), [(2, "kind", "conflict")]);
    let outcome = import(&mut standing, rows(two.map(bureau)));
    assert_eq!((counts(&outcome), rejected(&outcome)), ((0, 2, 0), vec![]));
}

#[test]
fn replacing_takes_out_what_is_not_there_or_does_nothing_at_all() {
    let mut standing = Standing::default();
    import(
        &mut standing,
        rows([
            body("d01", "第1区", None),
            body("d02", "第2区", None),
            area("R1", "d01", Zone::Key, "2016-01", None),
            coefficient("d01", 3, "2018-01"),
        ]),
    );
    let before = standing.clone();
    let bad = [body("d01", "第1区", None), area("R1", "d09", Zone::Key, "2016-01", None)];
    let outcome = super::import(&mut standing, rows(bad), true);
    assert_eq!((counts(&outcome), rejected(&outcome).len()), ((0, 0, 0), 1));
    assert_eq!(standing, before);

    let good = [body("d01", "第一区", None), area("R2", "d01", Zone::Key, "2016-01", None)];
    let outcome = super::import(&mut standing, rows(good), true);
    assert_eq!((counts(&outcome), rejected(&outcome)), ((1, 1, 0), vec![]));
    // Coefficients have no row in this import, and stay.
    assert_eq!((standing.bodies.len(), standing.areas.len()), (1, 1));
    assert_eq!(standing.coefficients.len(), 1);
}

/// A registry without contradictions: rows that do not depend on their order.
fn consistent() -> Vec<Record> {
    let mut records = Vec::new();
    for number in 1..=4 {
        let district = format!("d{number:02}");
        records.push(body(&district, "区", None));
        records.push(body(&format!("s{number:03}"), "街道", Some(&district)));
        let code = format!("R{number}");
        records.push(area(&code, &district, Zone::Key, "2016-01", Some("2018-04")));
        records.push(area(&code, &district, Zone::General, "2018-05", None));
        records.push(coefficient(&district, number, "2018-01"));
        records.push(coefficient(&district, number, "2018-04"));
    }
    records
}

fn digest(standing: Standing) -> chengping_types::Digest {
    let canonical = crate::domain::registry::Content::from(&standing).canonical();
    chengping_types::Digest::of(&canonical)
}

proptest! {
    #[test]
    fn the_order_of_rows_does_not_show(shuffled in Just(consistent()).prop_shuffle()) {
        let mut expected = Standing::default();
        import(&mut expected, rows(consistent()));
        let mut standing = Standing::default();
        let outcome = import(&mut standing, rows(shuffled));
        prop_assert!(outcome.rejects.is_empty());
        prop_assert_eq!(digest(standing), digest(expected));
    }

    #[test]
    fn the_split_of_rows_does_not_show(cut in 0_usize..=24) {
        let mut expected = Standing::default();
        import(&mut expected, rows(consistent()));
        let mut standing = Standing::default();
        let mut first = consistent();
        let second = first.split_off(cut);
        import(&mut standing, rows(first));
        let outcome = import(&mut standing, rows(second));
        prop_assert!(outcome.rejects.is_empty());
        prop_assert_eq!(digest(standing), digest(expected));
    }

    #[test]
    fn every_row_is_accounted_for(picks in prop::collection::vec(0_usize..24, 0..40)) {
        let pool = consistent();
        let picked: Vec<_> = picks.iter().map(|&pick| pool[pick].clone()).collect();
        let outcome = import(&mut Standing::default(), rows(picked));
        let (added, changed, repeated) = counts(&outcome);
        let rejects = i64::try_from(outcome.rejects.len()).unwrap();
        prop_assert_eq!(added + changed + repeated + rejects, i64::try_from(picks.len()).unwrap());
    }
}
