//! Adjusting the shipped packs, and texts that make it hard.

use proptest::prelude::*;

use super::*;
use crate::{PackNumber, builtin, builtin_names};

fn adjustment(path: &str, value: &str, provenance: &str) -> Adjustment {
    let (path, value, provenance) = (path.to_owned(), value.to_owned(), provenance.to_owned());
    Adjustment { path, value, provenance, clause: None, note: None }
}

fn zz() -> String {
    builtin("zz-2018").unwrap().to_owned()
}

fn adjusted(text: &str, adjustments: &[Adjustment]) -> String {
    adjust(text, adjustments).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn refused(text: &str, adjustments: &[Adjustment]) -> Vec<String> {
    adjust(text, adjustments).unwrap_err().iter().map(ToString::to_string).collect()
}

/// The lines that are not in both texts.
fn changed_lines(before: &str, after: &str) -> Vec<String> {
    let before: Vec<_> = before.lines().collect();
    after.lines().filter(|line| !before.contains(line)).map(str::to_owned).collect()
}

#[test]
fn a_number_gets_a_source_of_its_own_where_it_differs_from_that_of_its_part() {
    let mut with_note = adjustment("families.area.zones.key", "0.7", "regulation");
    with_note.note = Some("细则 第三条: \"七三开\"".to_owned());
    let plain =
        adjustment("families.area.streams[regular].items[N1].linear.weight", "25", "assumption");
    let text = adjusted(&zz(), &[with_note, plain]);
    assert_eq!(
        changed_lines(&zz(), &text),
        [
            "      key: {value: \"0.7\", clause: \"5.2.5\", provenance: regulation, note: \"细则 第三条: \\\"七三开\\\"\"}",
            "            linear: {rate: closed_on_time / due, weight: 25}",
        ]
    );
    assert_eq!(text.matches('#').count(), zz().matches('#').count());
}

#[test]
fn a_number_with_a_source_of_its_own_keeps_its_form() {
    let text = adjusted(
        &zz(),
        &[
            adjustment("scoring.floor", "5", "assumption"),
            adjustment("scoring.cases_min", "12", "city:Xuchang"),
            adjustment("scoring.warning_share", "1/3", "assumption"),
            adjustment("freeze.day", "5", "regulation"),
        ],
    );
    assert_eq!(changed_lines(&zz(), &text), [
        "freeze: {day: 5, clause: \"2.7\", provenance: regulation, note: so that the checks of the last days can finish}",
        "  floor: {value: 5, clause: \"5.1\", provenance: assumption}",
        "  cases_min: {value: 12, clause: \"2.1\", provenance: \"city:Xuchang\", note: \"a ranking led by a body with one case is what peers complained about\"}",
        "  warning_share: {value: 1/3, clause: \"2.7\", provenance: assumption}",
    ].map(|line| line.replace("value: 1/3", "value: \"1/3\"")));
}

#[test]
fn all_mistakes_are_told_at_once() {
    let found = refused(
        &zz(),
        &[
            adjustment("families.area.zone_weights.key", "0.7", "regulation"),
            adjustment("families.area.zones", "0.7", "regulation"),
            adjustment("families.area.zones.clause", "0.7", "regulation"),
            adjustment("families.area.zones.key", "seven", "law"),
            adjustment("families.area.zones.key", "0.7", "regulation"),
            adjustment("families.area.zones.general", "-1", "regulation"),
            adjustment("scoring.history_months", "6", "regulation"),
            adjustment("a[", "1", "regulation"),
        ],
    );
    for (found, expected) in found.iter().zip([
        "is no path of this pack; near are `families.area.zones.key`",
        "a part and no number; numbers in it: `families.area.zones.key`, `families.area.zones.general`",
        "is no number that can be adjusted",
        "\"seven\"",
        "`law` is no provenance",
        "given twice",
        "negative",
        "no path; write keys",
    ]) {
        assert!(found.contains(expected), "{found} lacks {expected}");
    }
    assert_eq!(found.len(), 8, "{found:#?}");
    let found = refused(&zz(), &[adjustment("scoring.history_months", "6", "regulation")]);
    assert!(found[0].contains("has the source of `scoring`, which other numbers have too"));
    let found = refused(&zz(), &[adjustment("freeze.day", "2.5", "assumption")]);
    assert!(found[0].contains("5/2 is no whole number"), "{found:?}");
}

#[test]
fn the_result_must_be_a_pack() {
    let found = refused(&zz(), &[adjustment("families.area.zones.key", "0", "regulation")]);
    assert!(found[0].contains("zero; write a number above zero"), "{found:?}");
    let adds_up = builtin("gbt-30428.4").unwrap();
    let path = RulePack::parse(adds_up)
        .unwrap()
        .weights()
        .into_iter()
        .find(|one| one.path.ends_with("cap"))
        .unwrap()
        .path;
    assert!(refused(adds_up, &[adjustment(&path, "77", "assumption")])[0].contains("`adds_up`"));
}

#[test]
fn paths_may_be_written_with_dots_and_indices() {
    for path in [
        "families.area.streams[regular].items[N1].linear.weight",
        "families.area.streams.regular.items.N1.linear.weight",
        "families.area.streams[0].items[0].linear.weight",
    ] {
        let text = adjusted(&zz(), &[adjustment(path, "29", "assumption")]);
        assert!(text.contains("rate: closed_on_time / due, weight: 29}"), "{path}");
    }
    let of_posts = "families.post.streams.post.items.R21.linear.weight";
    let path = "families.post.streams[post:command_desk].items[R21].linear.weight";
    let swap = |path: &str| {
        adjust(
            &zz(),
            &[
                adjustment(path, "50", "standard"),
                adjustment(&path.replace("R21", "R22"), "30", "standard"),
            ],
        )
    };
    assert_eq!(swap(of_posts).unwrap(), swap(path).unwrap());
}

#[test]
fn aliases_are_kept_apart() {
    let shared = zz().replacen("key: \"0.6\"", "key: &six \"0.6\"", 1).replacen(
        "general: \"0.4\"",
        "general: *six # the same",
        1,
    );
    let of = |path: &str| adjusted(&shared, &[adjustment(path, "0.5", "assumption")]);
    assert!(of("families.area.zones.general").contains("general: \"0.5\" # the same"));
    let other = of("families.area.zones.key");
    assert!(other.contains("key: &six \"0.5\""), "{other}");
    assert!(other.contains("general: \"0.6\" # the same"), "{other}");
    let rule = "linear: {rate: handled / due, weight: 9}";
    let shared = zz().replacen(rule, &rule.replacen("linear: ", "linear: &p ", 1), 1);
    let shared = shared.replace(rule, "linear: *p");
    for (family, expected) in [("department", ["9}", "8}"]), ("area", ["8}", "9}"])] {
        let path = format!("families.{family}.streams[public].items[P1].linear.weight");
        let text = adjusted(&shared, &[adjustment(&path, "8", "assumption")]);
        let weights = text.lines().filter_map(|line| line.split_once("handled / due, weight: "));
        assert_eq!(weights.map(|(_, weight)| weight).collect::<Vec<_>>(), expected);
    }
    let cap =
        |item: &str| format!("families.department.streams[handling].items[{item}].per_point.cap");
    let swap =
        [adjustment(&cap("J1"), "49", "assumption"), adjustment(&cap("J2"), "21", "assumption")];
    let text = adjusted(builtin("jinhua").unwrap(), &swap);
    let of_department =
        text.split_once("  department:\n    streams:\n      - id: handling\n").unwrap();
    assert!(of_department.1.contains("points: 1, cap: {value: 49, clause: \"5.2.1\""), "{text}");
}

#[test]
fn forms_of_yaml_stay_as_they_are() {
    let block = "key:\n        # decided in 2019\n        value: '0.6' # six\n        clause: \"5.2.5\"\n        provenance: assumption";
    let text = zz().replacen("key: \"0.6\"", block, 1).replace('\n', "\r\n");
    let mut change = adjustment("families.area.zones.key", "0.7", "regulation");
    change.note = Some("细则".to_owned());
    let after = adjusted(&text, &[change]);
    let expected = block
        .replace("0.6", "0.7")
        .replace("provenance: assumption", "note: \"细则\"\n        provenance: regulation")
        .replace('\n', "\r\n");
    assert!(after.contains(&expected), "{after}");
    assert_eq!(after.matches('\n').count(), after.matches("\r\n").count());
    let json = String::from_utf8(RulePack::parse(&zz()).unwrap().canonical()).unwrap();
    let after = adjusted(
        &json,
        &[
            adjustment("families.area.zones.key", "0.7", "regulation"),
            adjustment("freeze.day", "4", "assumption"),
        ],
    );
    assert!(serde_json::from_str::<serde_json::Value>(&after).is_ok(), "{after}");
    let tagged = zz().replacen("key: \"0.6\"", "key: !!str \"0.6\"", 1);
    assert!(
        !refused(&tagged, &[adjustment("families.area.zones.key", "0.7", "regulation")]).is_empty()
    );
    let left_out = zz().replacen(
        "    size:\n",
        "    differentiation: {mode: density, clause: x, provenance: assumption}\n    size:\n",
        1,
    );
    let after = adjusted(
        &left_out,
        &[adjustment("families.area.differentiation.at_most", "3", "assumption")],
    );
    assert!(after.contains("{mode: density, clause: x, at_most: 3, provenance: assumption}"));
}

#[test]
fn every_weight_can_be_adjusted_and_is_listed_once() {
    for name in builtin_names() {
        let pack = RulePack::parse(builtin(name).unwrap()).unwrap();
        let weights = pack.weights();
        let paths: BTreeSet<_> = weights.iter().map(|one| &one.path).collect();
        assert_eq!(paths.len(), weights.len(), "{name}");
        let same = |one: &crate::Weight| adjustment(&one.path, &one.value.to_string(), "standard");
        let text = adjusted(builtin(name).unwrap(), &weights.iter().map(same).collect::<Vec<_>>());
        assert_eq!(RulePack::parse(&text).unwrap().weights(), weights, "{name}");
    }
}

/// What brings a number back to what it was.
/// A pack adjusted without a text is what the text of its canonical form gives, with the same mistakes.
#[test]
fn a_pack_is_adjusted_as_its_canonical_text() {
    let told = |mistakes: Mistakes| {
        // In the order of their places in a text, which the other has none of.
        let told = mistakes.iter().map(|one| (one.path.clone(), one.message.clone()));
        told.collect::<std::collections::BTreeSet<_>>()
    };
    for name in builtin_names() {
        let pack = RulePack::parse(builtin(name).unwrap()).unwrap();
        let text = String::from_utf8(pack.canonical()).unwrap();
        for number in pack.numbers() {
            let source = |provenance: &str, clause: &str| Adjustment {
                clause: Some(clause.to_owned()),
                ..adjustment(&number.place(), "2", provenance)
            };
            let own = number.source.provenance.to_string();
            for one in [
                source("assumption", "9.9"),
                source(&own, &number.source.clause),
                Adjustment { value: "1/3".to_owned(), ..source(&own, &number.source.clause) },
                Adjustment { note: Some("why".to_owned()), ..source("standard", "1") },
                adjustment(&number.place(), "0", "assumption"),
            ] {
                let one = [one];
                let by_text = adjust(&text, &one).map(|text| RulePack::parse(&text).unwrap());
                let directly = adjust_pack(&pack, &one);
                assert_eq!(directly.map_err(told), by_text.map_err(told), "{name}: {one:?}");
            }
        }
    }
}

fn back(number: &PackNumber<'_>) -> Adjustment {
    Adjustment {
        path: number.place(),
        value: number.value.to_string(),
        provenance: number.source.provenance.to_string(),
        clause: Some(number.source.clause.clone()),
        note: Some(number.source.note.clone().unwrap_or_default()),
    }
}

fn comments(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.trim_start().starts_with('#')).collect()
}

fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        (1..60_i64).prop_map(|whole| whole.to_string()),
        (1..99_i64).prop_map(|hundredths| format!("0.{hundredths:02}")),
        (1..9_i64, 1..9_i64).prop_map(|(num, den)| format!("{num}/{den}")),
    ]
}

fn any_source() -> impl Strategy<Value = (String, Option<String>, Option<String>)> {
    let provenance =
        prop::sample::select(vec!["regulation", "standard", "assumption", "city:许昌: 'x'"]);
    (
        provenance.prop_map(str::to_owned),
        prop::option::of("[0-9]\\.[0-9]"),
        prop::option::of("\\PC{0,20}"),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn just_the_adjusted_numbers_differ_and_come_back(
        name in prop::sample::select(builtin_names().collect::<Vec<_>>()),
        wanted in prop::collection::vec((any::<prop::sample::Index>(), any_value(), any_source()), 1..6),
    ) {
        let text = builtin(name).unwrap();
        let before = RulePack::parse(text).unwrap();
        let numbers: Vec<_> = before.numbers().into_iter().filter(|one| one.number.is_some()).collect();
        let mut picked = std::collections::BTreeMap::new();
        for (index, value, (provenance, clause, note)) in wanted {
            let number = index.get(&numbers);
            picked.insert(number.place(), (number, Adjustment { path: number.place(), value, provenance, clause, note }));
        }
        let adjustments: Vec<_> = picked.values().map(|(_, one)| one.clone()).collect();
        let Ok(changed) = adjust(text, &adjustments) else { return Ok(()) };
        let after = RulePack::parse(&changed).unwrap();
        prop_assert_eq!(adjust_pack(&before, &adjustments).map_err(|_| ()), Ok(after.clone()));
        let places = |path: &str| ["", ".clause", ".provenance", ".note"].iter()
            .find_map(|end| path.strip_suffix(end).filter(|path| picked.contains_key(*path)).map(str::to_owned));
        for difference in differences(&before, &after) {
            prop_assert!(places(&difference.path).is_some(), "{}", difference);
        }
        for (path, (number, adjustment)) in &picked {
            let value: Exact = adjustment.value.parse().unwrap();
            let told = differences(&before, &after).iter().any(|one| one.path == *path);
            prop_assert_eq!(told, value != number.value, "{}", path);
        }
        let kept = comments(&changed);
        prop_assert!(comments(text).iter().all(|comment| kept.contains(comment)), "{}", changed);
        // A number whose own source says what its part says anyway cannot be told from one without.
        let plain = |number: &PackNumber<'_>| number.number.is_some_and(|one| one.source.as_deref() != Some(number.within));
        if picked.values().all(|(number, _)| plain(number)) {
            let back: Vec<_> = picked.values().map(|(number, _)| back(number)).collect();
            let again = adjust(&changed, &back).map_err(|mistakes| TestCaseError::fail(mistakes.to_string()))?;
            prop_assert_eq!(RulePack::parse(&again).unwrap().digest(), before.digest());
        }
    }
}
