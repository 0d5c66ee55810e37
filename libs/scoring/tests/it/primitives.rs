//! A golden value, and the words for it, of every primitive and of each of its alternatives.

use chengping_scoring::explain::Language::{En, Zh};
use chengping_types::registry::{Coefficient, GridClass};
use chengping_types::{Stream, Zone};

use crate::lab::Lab;
use chengping_scoring::Part;

fn x(rule: &str, names: &str) -> String {
    Lab::item(rule).regular(names).x()
}

#[test]
fn linear_deducts_what_a_good_rate_lacks_and_what_a_bad_one_has() {
    let good = "linear: {rate: closed / due, weight: 30}";
    assert_eq!(x(good, "due=20 closed=19"), "3/2");
    assert_eq!(x(good, "due=20"), "30");
    assert_eq!(x(good, "filed=1"), "n/a");
    let bad = "linear: {rate: rework / due, bad: true, weight: 30}";
    assert_eq!(x(bad, "due=100 rework=2"), "3/5");
    assert_eq!(x(bad, "due=1 rework=2"), "30", "never more than the weight");
    let lab = Lab::item(bad).regular("due=100 rework=2");
    assert_eq!(lab.words(En), ["30 × reworked ÷ closure due", "30 × 2 ÷ 100 = 0.6"]);
}

#[test]
fn per_point_deducts_beyond_its_threshold_on_either_side() {
    let above = "per_point: {rate: rework / due, above: 1, points: 2, cap: 5}";
    assert_eq!(x(above, "due=100 rework=1"), "0");
    assert_eq!(x(above, "due=200 rework=3"), "1");
    assert_eq!(x(above, "due=100 rework=9"), "5");
    let below = "per_point: {rate: closed / due, below: 90, points: 1, cap: 20}";
    assert_eq!(x(below, "due=100 closed=95"), "0");
    assert_eq!(x(below, "due=1000 closed=895"), "1/2");
    assert_eq!(x(below, "due=100 closed=10"), "20");
    let lab = Lab::item(below).regular("due=1000 closed=895");
    let words = lab.words(Zh);
    assert_eq!(words[0], "min(20, 1 × max(0, 90 − 100 × 结案数 ÷ 应结案数))");
    assert_eq!(words[1], "min(20, 1 × max(0, 90 − 100 × 895 ÷ 1000)) = 0.5");
}

#[test]
fn per_case_deducts_by_the_case_up_to_its_cap() {
    let rule = "per_case: {count: rework + 5 * shirked, points: \"0.2\", cap: 5}";
    assert_eq!(x(rule, "due=9 rework=3 shirked=1"), "8/5");
    assert_eq!(x(rule, "due=9 rework=90"), "5");
    assert_eq!(x(rule, "due=9"), "0", "no case is a number of cases");
    assert_eq!(x(rule, "filed=1 shirked=2"), "2");
    let lab = Lab::item(rule).regular("due=9 rework=3 shirked=1");
    assert_eq!(lab.words(En), ["min(5, 0.2 × (reworked + 5 × shirked))", "min(5, 0.2 × 8) = 1.6"]);
    let by_zero = "per_case: {count: rework * due / closed, points: 1, cap: 5}";
    let lab = Lab::item(by_zero).regular("due=9 rework=3");
    assert_eq!(lab.words(Zh)[1], "不适用：公式无值（除以 0）");
}

#[test]
fn a_repeated_order_costs_twice_or_twice_the_one_before() {
    let names = "filed=1 orders_first=3 orders_repeated=3 orders_geometric=17";
    let flat = "per_case_repeat: {first: \"0.5\", factor: 2, cap: 10}";
    assert_eq!(x(flat, names), "9/2");
    let written_out = "per_case_repeat: {first: \"0.5\", factor: 2, mode: flat, cap: 10}";
    assert_eq!(Lab::item(flat).pack().digest(), Lab::item(written_out).pack().digest());
    let geometric = "per_case_repeat: {first: \"0.5\", factor: 2, mode: geometric, cap: 10}";
    // Three orders on one case, two on another, one on a third: 1 + 2 + 4, 1 + 2, and 1 more.
    assert_eq!(x(geometric, names), "17/2");
    let lab = Lab::item(geometric).regular(names);
    assert_eq!(lab.words(Zh), ["min(10, 0.5 × 督办加权数)", "min(10, 0.5 × 17) = 8.5"]);
    let tripled = "per_case_repeat: {first: 1, factor: 3, mode: geometric, cap: 10}";
    assert!(Lab::item(tripled).mistakes().contains("write `factor: 2`"));
}

#[test]
fn a_band_has_the_share_of_its_count_and_always_applies() {
    let rising = "band: {count: filed, bands: rising, weight: 20}";
    for (names, expected) in
        [("due=1", "0"), ("filed=1", "10"), ("filed=10", "10"), ("filed=11", "20")]
    {
        assert_eq!(x(rising, names), expected, "{names}");
    }
    let falling = "band: {count: filed, bands: falling, weight: 20}";
    assert_eq!(x(falling, "filed=100"), "20");
    assert_eq!(x(falling, "filed=101"), "5");
    assert_eq!(x(falling, "filed=501"), "0");
    let lab = Lab::item(rising).regular("filed=7");
    assert_eq!(lab.words(Zh), ["20 × 分档比例(立案数)", "20 × 分档比例(7) = 10"]);
    assert_eq!(lab.words(En)[0], "20 × share of the band(filed)");
}

#[test]
fn a_relative_band_compares_with_a_group_with_itself_or_with_a_number() {
    let rule = |reference: &str| {
        format!("band_relative: {{count: filed, {reference}, bands: relative, weight: 8}}")
    };
    let group = Lab::item(&rule("against: group_median"))
        .regular("filed=12")
        .counts("e", Stream::Regular, Part::All, "filed=10")
        .counts("f", Stream::Regular, Part::All, "filed=4");
    assert_eq!(group.x(), "2", "12 of 10 is within 1.2");
    let own = Lab::item(&rule("against: own_history"))
        .regular("filed=12")
        .ago(1, "filed=5")
        .ago(2, "filed=15");
    assert_eq!(own.x(), "2", "12 of the median of 5 and 15");
    let small_group =
        Lab::item(&rule("against: group_median")).regular("filed=12").ago(1, "filed=4");
    assert_eq!(small_group.x(), "8", "alone in its group, it is compared with itself");
    let fixed = Lab::item(&rule("against: fixed, reference: 30")).regular("filed=12");
    assert_eq!(fixed.x(), "0");
    assert_eq!(fixed.words(Zh), ["8 × 分档比例(立案数 ÷ 30)", "8 × 分档比例(12 ÷ 30) = 0"]);
    let lonely = Lab::item(&rule("against: own_history")).regular("filed=12");
    assert_eq!(lonely.words(En)[1], "not applicable: there is nothing to compare with");
    let without = Lab::item(&rule("against: fixed")).mistakes();
    assert!(without.contains("add `reference`"), "{without}");
    let with = Lab::item(&rule("against: own_history, reference: 30")).mistakes();
    assert!(with.contains("goes with `against: fixed`"), "{with}");
    let falling = rule("against: own_history").replace("bands: relative", "bands: falling");
    assert!(Lab::item(&falling).mistakes().contains("the shares of this table fall"));
}

#[test]
fn an_increase_is_that_of_the_counts_or_of_the_counts_a_day() {
    let rule =
        |option: &str| format!("mom_increase: {{count: filed, {option}points: \"0.1\", cap: 5}}");
    let plain = |names: &str, before: &str| {
        Lab::item(&rule("")).month("2018-03").regular(names).ago(1, before)
    };
    assert_eq!(plain("filed=120", "filed=100").x(), "2");
    assert_eq!(plain("filed=80", "filed=100").x(), "0");
    assert_eq!(plain("filed=900", "filed=100").x(), "5");
    assert_eq!(plain("filed=1", "closed=1").x(), "n/a", "from nothing to something");
    assert_eq!(plain("due=1", "closed=1").x(), "0");
    // 31 cases in the 31 days of March after 20 in the 28 of February: 1 a day after 5/7.
    let a_day =
        Lab::item(&rule("per_day: true, ")).month("2018-03").regular("filed=31").ago(1, "filed=20");
    assert_eq!(a_day.x(), "4");
    assert_eq!(plain("filed=31", "filed=20").x(), "5", "55 % by plain counts");
    assert_eq!(
        a_day.words(Zh),
        [
            "min(5, 0.1 × 100 × max(0, 本月日均 − 上月日均) ÷ 上月日均)",
            "min(5, 0.1 × 100 × max(0, (31 ÷ 31) − (20 ÷ 28)) ÷ (20 ÷ 28)) = 4",
        ]
    );
}

#[test]
fn a_condition_costs_all_or_nothing() {
    let rule = "flat_if: {condition: overdue_open / due > 0.1, points: 3}";
    assert_eq!(x(rule, "due=100 overdue_open=11"), "3");
    assert_eq!(x(rule, "due=100 overdue_open=10"), "0");
    assert_eq!(x(rule, "filed=1"), "n/a");
    let lab = Lab::item(rule).regular("due=100 overdue_open=11");
    assert_eq!(
        lab.words(Zh),
        ["if(超期未结案数 ÷ 应结案数 > 0.1, 3, 0)", "if(0.11 > 0.1, 3, 0) = 3"]
    );
    assert!(
        Lab::item("flat_if: {condition: 1 > 0, points: 3}").mistakes().contains("always the same")
    );
}

#[test]
fn satisfaction_deducts_what_the_mean_answer_lacks() {
    let rule = "satisfaction: {very_satisfied: 100, satisfied: 80, neutral: 50, dissatisfied: 0, \
                visits_min: 5, weight: 6}";
    let enough = "visit_very_satisfied=2 visit_satisfied=1 visit_neutral=1 visit_dissatisfied=1";
    assert_eq!(x(rule, enough), "51/25", "a mean of 66");
    assert_eq!(x(rule, "visit_satisfied=4 visit_unreachable=9"), "n/a");
}

#[test]
fn a_bonus_gives_back_at_most_its_cap_and_never_lifts_a_score_above_the_base() {
    let rules = [
        ("X", "bonus: {value: 100 * closed_on_time / due - 95, points: \"0.5\", cap: 2}"),
        ("L", "linear: {rate: closed / due, weight: 50}"),
    ];
    let lab = |names: &str| Lab::new().stream("s", "counts: all, cap: 100", &rules).regular(names);
    let good = lab("due=100 closed=98 closed_on_time=98");
    assert_eq!((good.x(), good.deduction("L")), ("-3/2".to_owned(), "1".to_owned()));
    assert_eq!(good.score(), "100", "100 − 1 + 1.5 is too much");
    assert_eq!(good.total(), "min(100, 100 − 1 + 1.5) = 100.00");
    assert_eq!(lab("due=100 closed=90 closed_on_time=90").x(), "0");
    assert_eq!(lab("due=100 closed=100 closed_on_time=100").x(), "-2");
    assert_eq!(lab("filed=1").x(), "n/a");
    let above = good.clone().scoring("above_base: true,");
    assert_eq!(above.score(), "201/2");
    assert_eq!(above.total(), "100 − 1 + 1.5 = 100.50");
    assert_eq!(
        good.words(En),
        [
            "−min(2, 0.5 × max(0, 100 × closed on time ÷ closure due − 95))",
            "−min(2, 0.5 × max(0, 3)) = −1.5",
        ]
    );
    // The cap of the stream holds for what is lost; a bonus is on top.
    let capped = Lab::new()
        .stream("s", "counts: all, cap: 10", &rules)
        .regular("due=100 closed=50 closed_on_time=98");
    assert_eq!(capped.score(), "183/2");
    assert_eq!(capped.total(), "100 − min(10, 25) + 1.5 = 91.50");
}

#[test]
fn the_points_of_a_bonus_neither_go_to_others_nor_grow_by_theirs() {
    let lab = Lab::new()
        .stream(
            "s",
            "counts: all, cap: 100",
            &[
                ("X", "bonus: {value: handled, points: 1, cap: 2}"),
                ("L", "linear: {rate: closed / due, weight: 10}"),
                ("M", "linear: {rate: closed / filed, weight: 10}"),
            ],
        )
        .regular("due=10 closed=9 handled=1");
    let factor = |id: &str| lab.result(id).parts[0].applied.clone().map(|applied| applied.factor);
    assert_eq!(factor("X").unwrap().to_string(), "1");
    assert_eq!(factor("L").unwrap().to_string(), "2");
    assert_eq!(factor("M"), None);
}

#[test]
fn a_formula_may_name_other_streams_sizes_and_other_items() {
    let share = Lab::item("linear: {rate: public.filed / all.filed, bad: true, weight: 10}")
        .regular("filed=3")
        .counts("d", Stream::Public, Part::All, "filed=2");
    assert_eq!(share.x(), "4");
    assert_eq!(share.words(Zh)[0], "10 × 公众上报立案数 ÷ 全部立案数");
    assert_eq!(share.words(En)[0], "10 × filed (public) ÷ filed (all)");
    let by_road = "flat_if: {condition: filed / (road_sections * difficulty) > 2 * 0.5, points: 4}";
    let mixed = Lab::item(by_road).mistakes();
    assert!(mixed.contains("`road_sections` cannot stand here"), "{mixed}");
    let unit = Lab::item(by_road).zoned().mistakes();
    assert!(unit.is_empty(), "a bare number fits every unit: {unit}");
    let sized = Lab::item("flat_if: {condition: filed / road_sections > 1.5, points: 4}")
        .zoned()
        .counts("d", Stream::Regular, Part::Key, "filed=4")
        .size("d", Zone::Key, 2);
    assert_eq!(sized.x(), "4");
    assert_eq!(sized.clone().size("d", Zone::Key, 3).x(), "0", "the last row stands");
    assert_eq!(sized.words(Zh)[0], "if(立案数 ÷ 路段数 > 1.5, 4, 0)");
}

#[test]
fn a_cap_may_be_tied_to_another_item() {
    let items = [
        ("X", "per_case: {count: rework, points: 1, cap: 10}, limit: 10 - item.L"),
        ("L", "linear: {rate: closed / due, weight: 10}"),
    ];
    let lab = |names: &str| Lab::new().stream("s", "counts: all, cap: 100", &items).regular(names);
    assert_eq!(lab("due=10 closed=4 rework=9").x(), "4");
    assert_eq!(lab("due=10 closed=10 rework=9").x(), "9");
    // The limit has no value where the other item does not apply, and then limits nothing; nor
    // does the points of that item's weight, which go to this one.
    let without = lab("filed=1 rework=9");
    assert_eq!(without.result("X").parts[0].limit, None);
    assert_eq!(without.x(), "18");
    assert_eq!(
        lab("due=10 closed=4 rework=9").words(Zh),
        ["min(min(10, 1 × 返工数), 10 − L 扣分)", "min(min(10, 1 × 9), 4) = 4"]
    );
}

#[test]
fn formulas_that_go_round_in_a_circle_or_lead_nowhere_are_refused() {
    let circle = Lab::new()
        .stream(
            "s",
            "counts: all, cap: 9",
            &[
                ("X", "per_case: {count: rework, points: 1, cap: 9}, limit: item.Y"),
                ("Y", "flat_if: {condition: item.Z > 1, points: 1}"),
                ("Z", "per_case: {count: filed, points: 1, cap: 9}, limit: item.X / 2"),
            ],
        )
        .mistakes();
    assert!(circle.contains("the items X → Y → Z → X go round in a circle"), "{circle}");
    let nowhere = Lab::item("flat_if: {condition: item.Q > 1, points: 1}").mistakes();
    assert!(
        nowhere.contains(
            "`item.Q` cannot stand here: no item of this family is called so; there are X"
        ),
        "{nowhere}"
    );
    let other_parts = Lab::item("flat_if: {condition: item.Y > 1, points: 1}")
        .zoned()
        .stream(
            "t",
            "counts: all, zoned: false, cap: 9",
            &[("Y", "per_case: {count: filed, points: 1, cap: 9}")],
        )
        .mistakes();
    assert!(other_parts.contains("only one is computed zone by zone"), "{other_parts}");
    let history = "band_relative: {count: \"if(item.Y > 1, filed, 0)\", against: own_history, \
                   bands: relative, weight: 1}";
    let history = Lab::new()
        .stream(
            "s",
            "counts: all, cap: 9",
            &[("X", history), ("Y", "per_case: {count: filed, points: 1, cap: 9}")],
        )
        .mistakes();
    assert!(history.contains("has no value in other months"), "{history}");
    let unit = Lab::item("per_case: {count: closed / due, points: 1, cap: 1}").mistakes();
    assert!(unit.contains("wanted is a number of cases"), "{unit}");
}

#[test]
fn a_count_may_be_over_what_the_registry_knows_of_the_body() {
    let rule = "per_case: {count: filed / (population / 10000), points: 2, cap: 9}";
    let lab = |people: Option<u32>| {
        let lab = Lab::item(rule).regular("filed=9");
        lab.registered("d", Zone::Key, |row| row.population = people)
    };
    assert_eq!(lab(Some(60_000)).x(), "3");
    assert_eq!(
        lab(Some(60_000)).words(Zh),
        ["min(9, 2 × (立案数 ÷ (人口 ÷ 10000)))", "min(9, 2 × 1.5) = 3"]
    );
    let both =
        lab(Some(60_000)).registered("d", Zone::General, |row| row.population = Some(30_000));
    assert_eq!(both.x(), "2", "all of the body is the sum over its zones");
    assert_eq!(both.registered("d", Zone::General, |_| ()).x(), "n/a", "one zone is not known");
    assert_eq!(lab(None).x(), "n/a");
    assert_eq!(Lab::item(rule).regular("filed=9").x(), "n/a", "no row at all");
    assert_eq!(lab(Some(0)).x(), "n/a");
    assert_eq!(lab(None).words(Zh)[1], "不适用：公式无值（除以 0，或登记中没有所用数值）");
}

#[test]
fn an_attribute_is_that_of_the_zone_and_of_the_month() {
    let rule = "band_relative: {count: filed / area_km2, against: own_history, bands: relative, \
                weight: 8}";
    let area = |from: &str, km2: &str| {
        let (from, km2) = (from.parse().unwrap(), km2.parse().unwrap());
        move |row: &mut Coefficient| (row.valid_from, row.area_km2) = (from, Some(km2))
    };
    // 12 on 2 km² after 12 on 1 km²: half of it.
    let grown = Lab::item(rule)
        .regular("filed=12")
        .ago(1, "filed=12")
        .registered("d", Zone::Key, area("2018-01", "1.0"))
        .registered("d", Zone::Key, area("2018-04", "2.00"));
    assert_eq!(grown.x(), "0");
    let new = Lab::item(rule).regular("filed=12").ago(1, "filed=12").registered(
        "d",
        Zone::Key,
        area("2018-04", "2.00"),
    );
    assert_eq!(new.x(), "n/a", "no past that is known");
    let increase = "mom_increase: {count: filed / area_km2, points: \"0.1\", cap: 5}";
    let month = |before: &str| {
        Lab::item(increase).regular("filed=12").ago(1, "filed=8").registered(
            "d",
            Zone::Key,
            area(before, "2"),
        )
    };
    assert_eq!(month("2018-03").x(), "5");
    assert_eq!(month("2018-04").x(), "n/a", "the month before has no area");
    let zones = Lab::item("per_case: {count: filed / area_km2, points: 1, cap: 50}")
        .zoned()
        .counts("d", Stream::Regular, Part::Key, "filed=6")
        .counts("d", Stream::Regular, Part::General, "filed=6")
        .registered("d", Zone::Key, area("2018-01", "0.5"))
        .registered("d", Zone::General, area("2018-01", "2"));
    // 0.6 × 12 + 0.4 × 3
    assert_eq!(zones.x(), "42/5");
}

#[test]
fn a_body_of_class_2_is_judged_by_the_table_of_its_class() {
    let rule = "band: {count: filed, bands: rising, bands_of_class_2: falling, weight: 20}";
    let class = |lab: Lab, zone, class| lab.registered("d", zone, |row| row.grid_class = class);
    let (one, two) = (Some(GridClass::One), Some(GridClass::Two));
    let lab = || Lab::item(rule).regular("filed=7");
    assert_eq!(lab().x(), "10", "class 1 without a row");
    let key = |of| class(lab(), Zone::Key, of);
    assert_eq!(
        (key(None).x(), key(one).x(), key(two).x()),
        ("10".into(), "10".into(), "20".into())
    );
    assert_eq!(class(key(two), Zone::General, two).x(), "20");
    for other in [None, one] {
        assert_eq!(class(key(two), Zone::General, other).x(), "10", "not all of it is of class 2");
    }
    assert_eq!(key(two).words(Zh)[1], "20 × 分档比例(7，2 类网格) = 20");
    let document = |lab: Lab| String::from_utf8(lab.evaluation().results_document()).unwrap();
    assert!(document(key(two)).contains(r#""inputs":{"count":7,"grid_class":2}"#));
    assert!(document(key(one)).contains(r#""inputs":{"count":7}"#));
    let by_name = "per_case: {count: \"if(grid_class = 2, filed, 2 * filed)\", points: 1, cap: 50}";
    let named = |of| class(Lab::item(by_name).regular("filed=7"), Zone::Key, of).x();
    assert_eq!((named(None), named(two)), ("14".to_owned(), "7".to_owned()));
}
