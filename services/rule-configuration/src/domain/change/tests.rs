use chengping_types::registry::{Area, AreaKind, Body, Coefficient, LongTermEntry};
use chengping_types::{BodyId, BodyKind, Category, Exact, Month, Zone};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::domain::difference::{Change, Changes, differences};
use crate::domain::import::{Place, Record, Row, import};
use crate::domain::registry::{Content, Keyed};

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn id(text: &str) -> BodyId {
    text.parse().unwrap()
}

fn rows(records: impl IntoIterator<Item = Record>) -> Vec<Row> {
    let place = |row| Place { file: "f".to_owned(), row };
    (2..).zip(records).map(|(row, record)| (place(row), Ok(record))).collect()
}

/// All rows that stand, as an import has them.
fn exported(standing: &Standing) -> Vec<Record> {
    let bodies = standing.bodies.values().cloned().map(Record::Body);
    let areas = standing.areas.values().cloned().map(Record::Area);
    let coefficients = standing.coefficients.values().cloned().map(Record::Coefficient);
    let entries = standing.long_term.values().cloned().map(Record::LongTerm);
    let categories = standing.categories.values().cloned().map(Record::Category);
    bodies.chain(areas).chain(coefficients).chain(entries).chain(categories).collect()
}

fn body(name: &str, parent: Option<&str>, from: &str, to: Option<&str>) -> Body {
    let (body_id, name) = name.split_once(' ').unwrap_or((name, name));
    Body {
        body_id: id(body_id),
        kind: if body_id.starts_with('s') { BodyKind::Subdistrict } else { BodyKind::District },
        name: name.to_owned(),
        parent: parent.map(id),
        valid_from: month(from),
        valid_to: to.map(month),
        assessment_code: None,
    }
}

fn area(code: &str, district: &str, subdistrict: Option<&str>, from: &str) -> Area {
    Area {
        area_code: code.to_owned(),
        kind: AreaKind::RoadSection,
        name: String::new(),
        district: Some(id(district)),
        subdistrict: subdistrict.map(id),
        window: None,
        zone: Zone::Key,
        valid_from: month(from),
        valid_to: None,
    }
}

fn coefficient(body: &str, from: &str) -> Coefficient {
    Coefficient {
        body_id: id(body),
        zone: Zone::Key,
        road_sections: 3,
        difficulty: Exact::ONE,
        valid_from: month(from),
        approved_by: "办公室".to_owned(),
        reason: "核定".to_owned(),
        area_km2: None,
        population: None,
        grid_class: None,
    }
}

/// Two districts, of which the first has a sub-district and a road.
fn town() -> Standing {
    let mut standing = Standing::default();
    for row in [
        body("d1", None, "2016-01", None),
        body("d2", None, "2016-01", None),
        body("s1", Some("d1"), "2016-01", None),
    ] {
        standing.put(row);
    }
    standing.put(area("R1", "d1", Some("s1"), "2016-01"));
    standing.put(coefficient("d1", "2018-01"));
    standing
}

fn nothing(body: &str) -> BodyUpdate {
    BodyUpdate {
        body_id: id(body),
        kind: None,
        name: None,
        parent: None,
        valid_from: None,
        valid_to: None,
        assessment_code: None,
        effective_from: None,
    }
}

fn fields(errors: &FieldErrors) -> Vec<&str> {
    errors.iter().map(|(field, _)| field).collect()
}

fn periods(standing: &Standing, body: &str) -> Vec<String> {
    let text = |body: &Body| {
        let to = body.valid_to.map(|to| to.to_string()).unwrap_or_default();
        let parent = body.parent.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{} {parent} {} {to}", body.name, body.valid_from)
    };
    standing.periods(&id(body)).map(text).collect()
}

#[test]
fn a_body_is_renamed_from_a_month_on_or_corrected_where_it_stands() {
    let mut standing = town();
    let name = Some("东区".to_owned());
    let from = Some(month("2018-05"));
    let rename = BodyUpdate { name: name.clone(), effective_from: from, ..nothing("d1") };
    rename.apply(&mut standing).unwrap();
    assert_eq!(periods(&standing, "d1"), ["d1  2016-01 2018-04", "东区  2018-05 "]);
    let once_more = standing.clone();
    rename.apply(&mut standing).unwrap();
    assert_eq!(standing, once_more);

    BodyUpdate { name: Some("东城区".to_owned()), ..nothing("d1") }.apply(&mut standing).unwrap();
    assert_eq!(periods(&standing, "d1"), ["d1  2016-01 2018-04", "东城区  2018-05 "]);
    let early = BodyUpdate { effective_from: Some(month("2017-01")), ..rename };
    assert_eq!(fields(&early.apply(&mut standing).unwrap_err())[0], "effective_from");
    let into_former = BodyUpdate { valid_from: Some(month("2018-04")), ..nothing("d1") };
    assert_eq!(fields(&into_former.apply(&mut standing).unwrap_err()), ["body.valid_from"]);
}

#[test]
fn a_body_that_ends_leaves_nobody_behind() {
    let close = BodyUpdate { valid_to: Some(Some(month("2018-04"))), ..nothing("d1") };
    let errors = close.apply(&mut town()).unwrap_err();
    let told: Vec<_> = errors.iter().map(|(_, told)| told).collect();
    assert_eq!(fields(&errors), ["body.valid_to"; 2], "{errors}");
    assert!(told[0].starts_with("body s1 (from 2016-01) has the parent d1"), "{errors}");
    assert!(told[1].starts_with("area R1 (from 2016-01) is managed by d1"), "{errors}");
    let close = BodyUpdate { valid_to: Some(Some(month("2017-04"))), ..nothing("d1") };
    let told = close.apply(&mut town()).unwrap_err().to_string();
    assert!(told.contains("a key coefficient of d1 begins in 2018-01"), "{told}");
    // Nobody names it.
    let close = BodyUpdate { valid_to: Some(Some(month("2018-04"))), ..nothing("d2") };
    close.apply(&mut town()).unwrap();
}

#[test]
fn who_left_comes_back_in_a_period_of_its_own() {
    let mut standing = town();
    BodyUpdate { valid_to: Some(Some(month("2018-04"))), ..nothing("d2") }
        .apply(&mut standing)
        .unwrap();
    BodyUpdate { effective_from: Some(month("2019-01")), ..nothing("d2") }
        .apply(&mut standing)
        .unwrap();
    assert_eq!(periods(&standing, "d2"), ["d2  2016-01 2018-04", "d2  2019-01 "]);
}

#[test]
fn all_that_is_wrong_with_an_update_is_told_at_once() {
    let update = BodyUpdate {
        kind: Some(BodyKind::Window),
        parent: Some(Some(id("d9"))),
        valid_to: Some(Some(month("2015-01"))),
        ..nothing("d1")
    };
    let errors = update.apply(&mut town()).unwrap_err();
    assert_eq!(fields(&errors), ["body.kind", "body.valid_to", "body.parent_body"]);
    let errors = nothing("d9").apply(&mut town()).unwrap_err();
    assert_eq!(fields(&errors), ["body.kind", "body.display_name", "body.valid_from"]);
    let itself = BodyUpdate { parent: Some(Some(id("d1"))), ..nothing("d1") };
    assert_eq!(fields(&itself.apply(&mut town()).unwrap_err()), ["body.parent_body"]);
}

fn merge(into: &str, merged: &[&str], from: &str) -> Merge {
    let merged = merged.iter().map(|body| id(body)).collect();
    Merge { into: id(into), merged, from: month(from), coefficients: Vec::new() }
}

#[test]
fn merged_bodies_end_and_what_they_had_goes_over() {
    let mut standing = town();
    let mut merge = merge("d2", &["d1"], "2018-05");
    merge.coefficients.push(coefficient("d2", "2018-05"));
    merge.apply(&mut standing).unwrap();
    assert_eq!(periods(&standing, "d1"), ["d1  2016-01 2018-04"]);
    assert_eq!(periods(&standing, "s1"), ["s1 d1 2016-01 2018-04", "s1 d2 2018-05 "]);
    let districts: Vec<_> = standing.areas.values().map(|area| area.district.clone()).collect();
    assert_eq!(districts, [Some(id("d1")), Some(id("d2"))]);
    assert!(standing.areas.values().all(|area| area.subdistrict == Some(id("s1"))));
    assert!(standing.uncovered().is_empty());
}

#[test]
fn all_that_is_wrong_with_a_merger_is_told_at_once() {
    let mut wrong = merge("d2", &["d2", "s1", "d9", "d1", "d1"], "2018-05");
    wrong.coefficients.push(coefficient("d1", "2018-05"));
    let errors = wrong.apply(&mut town()).unwrap_err();
    let expected = [0, 1, 2, 4].map(|index| format!("merged_bodies[{index}]"));
    assert_eq!(fields(&errors)[..4], expected.each_ref().map(String::as_str));
    assert_eq!(fields(&errors)[4..], ["coefficients[0]"]);
    let errors = merge("d2", &["d1"], "2017-12").apply(&mut town()).unwrap_err();
    assert!(errors.to_string().contains("a key coefficient of d1 begins in 2018-01"), "{errors}");
    let errors = merge("d9", &[], "2018-05").apply(&mut town()).unwrap_err();
    assert_eq!(fields(&errors), ["name", "merged_bodies"]);
}

#[test]
fn rows_go_all_or_none_and_nothing_is_left_dangling() {
    let key = |body: &str| RowKey::Body((id(body), month("2016-01")));
    let errors = remove(&mut town(), &[key("d2"), key("d2"), key("d9")]).unwrap_err();
    assert_eq!(fields(&errors), ["rows[1]", "rows[2]"]);
    let errors = remove(&mut town(), &[key("d1")]).unwrap_err();
    assert_eq!(fields(&errors), ["rows"; 3], "{errors}");
    let mut standing = town();
    let all = [
        key("d1"),
        key("s1"),
        RowKey::Area(("R1".to_owned(), month("2016-01"))),
        RowKey::Coefficient((id("d1"), "key", month("2018-01"))),
    ];
    remove(&mut standing, &all).unwrap();
    assert_eq!((standing.bodies.len(), standing.areas.len()), (1, 0));
}

/// A registry in which nothing dangles; rows without contradictions.
fn registry() -> impl Strategy<Value = Standing> {
    let cut = || prop::option::of(1..30_i32);
    let bodies = prop::collection::vec((cut(), prop::option::of(30..60_i32)), 1..5);
    let areas = prop::collection::vec((any::<Index>(), cut(), select(Zone::ALL.to_vec())), 0..6);
    let entries = prop::collection::btree_set((0..3_u8, prop::option::of(0..3_u8)), 0..4);
    (bodies, areas, entries, prop::collection::btree_set(0..4_u8, 0..4)).prop_map(
        |(bodies, areas, entries, categories)| {
            let mut standing = Standing::default();
            let first = month("2016-01");
            for (number, (renamed, left)) in bodies.iter().enumerate() {
                let valid_to = left.map(|months| first.plus(months));
                let whole = Body { valid_to, ..body(&format!("d{number}"), None, "2016-01", None) };
                let from = renamed.map(|months| first.plus(months));
                if let Some(from) = from {
                    let name = format!("原{number}");
                    let valid_to = Some(from.previous());
                    standing.put(Body { name, valid_to, ..whole.clone() });
                }
                standing.put(Body { valid_from: from.unwrap_or(first), ..whole });
                standing.put(coefficient(&format!("d{number}"), "2016-01"));
            }
            for (number, (district, cut, zone)) in areas.iter().enumerate() {
                let district = format!("d{}", district.index(bodies.len()));
                let whole = area(&format!("R{number}"), &district, None, "2016-01");
                if let Some(from) = cut.map(|months| first.plus(months)) {
                    let valid_to = Some(from.previous());
                    standing.put(Area { zone: *zone, valid_to, ..whole.clone() });
                    standing.put(Area { valid_from: from, ..whole });
                } else {
                    standing.put(whole);
                }
            }
            for (code, place) in entries {
                standing.put(LongTermEntry {
                    category_scheme: "s".to_owned(),
                    category_code: format!("0{code}"),
                    valid_from: first,
                    valid_to: None,
                    area_code: place.map(|number| format!("R{number}")),
                });
            }
            for code in categories {
                standing.put(Category {
                    category_scheme: "s".to_owned(),
                    category_code: format!("0{code}"),
                    name: format!("类{code}"),
                    valid_from: first,
                    valid_to: None,
                    local_extension: code > 2,
                });
            }
            standing
        },
    )
}

/// Writes changes as the store does.
fn written(before: &Standing, changes: &Changes) -> Standing {
    fn write<T: Keyed>(standing: &mut Standing, rows: &crate::domain::difference::Rows<T>) {
        for row in &rows.removed {
            T::table_mut(standing).remove(&row.at());
        }
        for row in &rows.put {
            standing.put(row.clone());
        }
    }
    let mut standing = before.clone();
    write(&mut standing, &changes.bodies);
    write(&mut standing, &changes.areas);
    write(&mut standing, &changes.coefficients);
    write(&mut standing, &changes.long_term);
    write(&mut standing, &changes.working_hours);
    write(&mut standing, &changes.calendar);
    write(&mut standing, &changes.conditions);
    write(&mut standing, &changes.categories);
    standing
}

/// What the rows of an import would be that makes `changes`, but for rows that go.
fn put(changes: &Changes) -> Vec<Record> {
    let mut standing = Standing::default();
    changes.bodies.put.iter().cloned().for_each(|row| standing.put(row));
    changes.areas.put.iter().cloned().for_each(|row| standing.put(row));
    changes.coefficients.put.iter().cloned().for_each(|row| standing.put(row));
    changes.long_term.put.iter().cloned().for_each(|row| standing.put(row));
    changes.categories.put.iter().cloned().for_each(|row| standing.put(row));
    exported(&standing)
}

proptest! {
    #[test]
    fn taking_in_what_was_given_out_changes_nothing(registry in registry()) {
        let mut standing = registry.clone();
        let outcome = import(&mut standing, rows(exported(&registry)), false);
        prop_assert!(outcome.rejects.is_empty(), "{:?}", outcome.rejects);
        prop_assert_eq!((outcome.counts.added, outcome.counts.changed), (0, 0));
        prop_assert_eq!(&standing, &registry);
        let mut anew = Standing::default();
        let outcome = import(&mut anew, rows(exported(&registry)), false);
        prop_assert!(outcome.rejects.is_empty(), "{:?}", outcome.rejects);
        prop_assert_eq!(&anew, &registry);
        prop_assert_eq!(Standing::from(Content::from(&registry)).bodies, registry.bodies);
    }

    #[test]
    fn replacing_makes_the_registry_what_is_given(before in registry(), given in registry()) {
        let mut standing = before.clone();
        let outcome = import(&mut standing, rows(exported(&given)), true);
        prop_assert!(outcome.rejects.is_empty(), "{:?}", outcome.rejects);
        // A table without a row is left alone.
        let mut expected = given.clone();
        if given.areas.is_empty() { expected.areas = before.areas; }
        if given.long_term.is_empty() { expected.long_term = before.long_term; }
        if given.categories.is_empty() { expected.categories = before.categories; }
        prop_assert_eq!(standing, expected);
    }

    #[test]
    fn the_differences_make_the_one_of_the_other(before in registry(), after in registry()) {
        let changes = Changes::between(&before, &after);
        prop_assert_eq!(&written(&before, &changes), &after);
        let found = differences(&before, &after, 0..usize::MAX);
        prop_assert_eq!(found.rows.len(), found.count);
        let removed = found.rows.iter().filter(|row| row.change == Change::Removed).count();
        prop_assert_eq!(removed, found.removed);
        prop_assert_eq!(found.count == 0, before == after);
        // Told the other way round, it is the same rows with the sides exchanged.
        let back = differences(&after, &before, 0..usize::MAX);
        for (row, back) in found.rows.iter().zip(&back.rows) {
            prop_assert_eq!((&row.table, &row.key), (&back.table, &back.key));
            for (field, back) in row.fields.iter().zip(&back.fields) {
                prop_assert_eq!((&field.before, &field.after), (&back.after, &back.before));
            }
        }
        // A page of them is a part of all.
        let page = differences(&before, &after, 1..3);
        let part: Vec<_> = found.rows.iter().skip(1).take(2).cloned().collect();
        prop_assert_eq!((page.rows, page.count), (part, found.count));
    }

    #[test]
    fn taking_in_a_set_of_differences_twice_is_as_once(before in registry(), after in registry()) {
        let records = put(&Changes::between(&before, &after));
        let mut once = before;
        import(&mut once, rows(records.clone()), false);
        let mut twice = once.clone();
        import(&mut twice, rows(records), false);
        prop_assert_eq!(twice, once);
    }

    #[test]
    fn the_order_of_rows_does_not_show(
        (given, shuffled) in registry().prop_flat_map(|registry| {
            let records = exported(&registry);
            (Just(registry), Just(records).prop_shuffle())
        }),
        standing in registry(),
    ) {
        let mut expected = standing.clone();
        let by_key = import(&mut expected, rows(exported(&given)), false);
        let mut standing = standing;
        let outcome = import(&mut standing, rows(shuffled), false);
        prop_assert_eq!(outcome.counts, by_key.counts);
        prop_assert_eq!(outcome.rejects.len(), by_key.rejects.len());
        prop_assert_eq!(standing, expected);
    }

    #[test]
    fn a_merger_leaves_nobody_without_a_body(registry in registry(), months in 1..29_i32) {
        let from = month("2016-01").plus(months);
        let mut merged = registry.clone();
        let merge = Merge {
            into: id("d0"),
            merged: vec![id("d1")],
            from,
            coefficients: Vec::new(),
        };
        if merge.apply(&mut merged).is_ok() {
            let was = registry.uncovered();
            let new: Vec<_> = merged.uncovered().into_iter().filter(|row| !was.contains(row)).collect();
            prop_assert!(new.iter().all(|row| row.body == id("d0")), "{new:?}");
            prop_assert!(merged.periods(&id("d1")).all(|body| !body.is_valid_in(from)));
            prop_assert!(import(&mut merged.clone(), rows(exported(&merged)), false).rejects.is_empty());
        }
    }
}
