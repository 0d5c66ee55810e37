//! What the rule language refuses, and what it warns about.

use chengping_casework::Base;
use chengping_rules::{
    DifferentiationMode, DistrictReports, FewCases, Function, Measure, MidMonth, Name as _,
    Quantity, Reference, RepeatMode, RulePack, ScoreForm, SizeAttribute, Unit, WarningKind,
    builtin, indicator,
};
use chengping_types::{Exact, Family};

/// A built-in pack with pieces of text exchanged for others.
fn with(name: &str, pieces: &[(&str, &str)]) -> String {
    let mut text = builtin(name).unwrap().to_owned();
    for (piece, other) in pieces {
        assert!(text.contains(piece), "{piece:?} is not in {name} any more");
        text = text.replacen(piece, other, 1);
    }
    text
}

fn mistakes(text: &str) -> Vec<String> {
    RulePack::parse(text).unwrap_err().iter().map(ToString::to_string).collect()
}

fn warnings(text: &str) -> Vec<String> {
    RulePack::parse(text).unwrap().warnings().iter().map(ToString::to_string).collect()
}

#[track_caller]
fn refused(name: &str, piece: &str, other: &str, message: &str) {
    let found = mistakes(&with(name, &[(piece, other)]));
    assert!(found.iter().any(|found| found.contains(message)), "{other}: {found:#?}");
}

#[test]
fn the_manual_names_every_count_rule_and_setting() {
    let manual = include_str!("../../../../docs/rule-language.md");
    let counts = Base::ALL.iter().map(|base| base.as_str());
    let functions = Function::NAMES.iter().copied();
    let modes = DifferentiationMode::NAMES.iter().chain(MidMonth::NAMES).copied();
    let attributes = SizeAttribute::NAMES.iter().copied();
    let annual = FewCases::NAMES.iter().chain(ScoreForm::NAMES).copied();
    let annual = annual.chain(DistrictReports::NAMES.iter().copied());
    let references = Reference::NAMES.iter().chain(RepeatMode::NAMES).copied();
    for name in
        counts.chain(functions).chain(modes).chain(references).chain(attributes).chain(annual)
    {
        assert!(manual.contains(name), "{name} is not in docs/rule-language.md");
    }
    let no_rule = mistakes(&with("jinhua", &[("per_case:", "per_cases:")])).join("\n");
    let (_, known) = no_rule.split_once("add one of ").unwrap();
    for rule in known.lines().next().unwrap().split(", ") {
        assert!(manual.contains(&format!("`{rule}: {{")), "{rule} is not in docs/rule-language.md");
    }
}

#[test]
fn points_that_do_not_add_up_are_refused_where_the_pack_claims_that_they_do() {
    let text = with("gbt-30428.4", &[("weight: 20}", "weight: 25}"), ("cap: 100", "cap: 90")]);
    let found = mistakes(&text);
    let expected = [
        "`adds_up`: the caps of `families.area` add up to 90, the base is 100",
        "`adds_up`: the points of `families.area.streams[all]` add up to 105, its cap is 90",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{found}");
    }
    let without = text.replace("  adds_up: true\n", "");
    assert!(RulePack::parse(&without).is_ok(), "a pack need not claim it");
}

#[test]
fn what_can_never_have_a_case_or_a_body_is_refused() {
    refused(
        "zz-2018",
        "order: [public, long_term]",
        "order: [public]",
        "no case is ever `long_term`",
    );
    refused(
        "gbt-30428.4",
        "order: [public, long_term]",
        "order: []",
        "`public.filed` cannot stand",
    );
    refused(
        "jinhua",
        "  - {id: bureau, kinds: [bureau]",
        "  - {id: bureau, kinds: [window]",
        "no group has bodies for `families.department`",
    );
    refused("jinhua", "below: 90", "below: 0", "no rate is below 0 %");
    refused("jinhua", "count: rework + 5 * shirked", "count: 1 + 5 * 2", "`count` counts nothing");
    let none =
        "steps: [{share: \"0\"}]\n    clause: x\n    provenance: assumption\n  filed_class_2:";
    refused(
        "gbt-30428.4",
        "filed_class_2:",
        &format!("idle:\n    {none}"),
        "no band costs anything",
    );
}

#[test]
fn unknown_names_of_every_kind_are_refused_with_what_would_do() {
    for (piece, other, message) in [
        ("kinds: [district]", "kinds: [village]", "\"village\" is not a body kind"),
        (
            "bands: filed_class_1,",
            "bands: filed_class_3,",
            "no band table is called `filed_class_3`",
        ),
        ("public.filed / filed", "private.filed / filed", "`private.filed` is not a base count"),
        ("public.filed / filed", "public.files / filed", "`public.files` is not a base count"),
        ("public.filed / filed", "filed / road_sections", "use it where zones are told apart"),
        ("closed / due", "closed / closed_due", "`closed_due` is not a base count"),
        ("closed / due", "median(closed) / due", "`median` is not a function"),
        ("closed / due", "closed / (due + closed / due)", "only equal units can be added"),
        ("counts: all", "counts: both", "\"both\" is not a selection of cases"),
    ] {
        refused("gbt-30428.4", piece, other, message);
    }
}

#[test]
fn what_is_counted_in_different_units_is_not_added_up() {
    let line = "per_case: {count: rework + 5 * shirked, points: \"0.2\", cap: 5}";
    let counting =
        |count: &str| with("jinhua", &[(line, &line.replace("rework + 5 * shirked", count))]);
    let place = |text: &str, name: &str| {
        let line = text.lines().position(|line| line.contains(name)).unwrap();
        let column = text.lines().nth(line).unwrap().find(name).unwrap();
        format!("line {}, column {}: ", line + 1, column + 1)
    };
    for (count, name, message) in [
        ("due + handling_seconds", "handling_seconds", "this is a number of seconds"),
        ("orders_first + filed", "filed,", "before it is a number of orders"),
        ("visit_due + visit_satisfied", "visit_satisfied", "this is a number of visits"),
        ("rework + rework_rounds", "rework_rounds", "this is a number of times"),
    ] {
        let text = counting(count);
        let found = mistakes(&text).remove(0);
        assert!(found.starts_with(&place(&text, name)) && found.contains(message), "{found}");
    }
    for count in ["rework_rounds", "orders_first + 2 * orders_repeated", "visit_dissatisfied"] {
        assert!(RulePack::parse(&counting(count)).is_ok(), "{count}");
    }
    let rated = |rate: &str| with("jinhua", &[("closed / due", rate)]);
    assert!(RulePack::parse(&rated("orders_first / filed")).is_ok(), "orders a case");
    let slow = mistakes(&rated("handling_seconds / handled")).remove(0);
    assert!(slow.contains("the formula is a number of seconds / cases"), "{slow}");
}

#[test]
fn every_count_has_the_unit_of_the_catalogue() {
    for base in Base::ALL.iter().filter(|base| !base.is_of_posts()) {
        let measure = indicator(base.as_str()).unwrap().unit;
        let expected: &[Unit] = match measure {
            Measure::Cases => &[Unit::CASES],
            Measure::Seconds => &[Unit::SECONDS],
            _ => &[Unit::ORDERS, Unit::VISITS, Unit::TIMES],
        };
        assert!(expected.contains(&Quantity::Count(*base).unit()), "{base} is {measure}");
    }
}

#[test]
fn every_new_setting_is_checked() {
    let zones = "zones:\n      key: \"0.6\"";
    for (piece, other, message) in [
        ("rate: closed_on_time / due", "bad: maybe, rate: closed_on_time / due", "true or false"),
        (
            zones,
            "zones:\n      midmonth: sometimes\n      key: \"0.6\"",
            "is not a rule for changes",
        ),
        (
            "formula: road_sections * difficulty",
            "formula: road_sections * length",
            "`length` is not a size attribute",
        ),
        ("redistribution: at_most_double", "decimals: 3", "expected 0 or 2 decimals"),
        (
            "    size:\n",
            "    differentiation: {mode: density, at_least: 3, at_most: 2, clause: x, \
             provenance: assumption}\n    size:\n",
            "`at_least` is above `at_most`",
        ),
    ] {
        refused("zz-2018", piece, other, message);
    }
    let change = |from: &str| {
        format!("{{from: {from}, key: 1, general: 1, clause: x, provenance: assumption}}")
    };
    let changes = |days: [&str; 2]| {
        let days = days.map(change).join(", ");
        format!("zones:\n      changes: [{days}]\n      key: \"0.6\"")
    };
    refused("zz-2018", zones, &changes(["2018-02-30", "2018-03-01"]), "is not a day");
    refused("zz-2018", zones, &changes(["2018-03-02", "2018-03-01"]), "from the earliest day");
}

#[test]
fn canonical_json_with_every_new_part_reads_back() {
    let text = with(
        "zz-2018",
        &[
            (
                "zones:\n      key: \"0.6\"",
                "differentiation: {mode: scale_score, clause: x, provenance: assumption}\n    zones:\n      \
                 midmonth: split_by_day\n      changes: [{from: 2018-05-01, key: 1, general: 2, \
                 clause: x, provenance: regulation}]\n      key: \"0.6\"",
            ),
            ("redistribution: at_most_double", "decimals: 0\n  above_base: true"),
            (
                "linear: {rate: closed_on_time / due, weight: 30}",
                "bonus: {value: \"max(0, closed_on_time - 0.5 * due)\", points: 1, cap: 2}\n            \
                 limit: if(item.N2 > 1, 1, 2)",
            ),
        ],
    );
    let pack = RulePack::parse(&text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let json = String::from_utf8(pack.canonical()).unwrap();
    assert_eq!(RulePack::parse(&json).unwrap(), pack);
    for part in ["\"midmonth\":\"split_by_day\"", "\"from\":\"2018-05-01\"", "\"decimals\":0"] {
        assert!(json.contains(part), "{part} is not in {json}");
    }
    let (_, item) = pack.families[&Family::Area].items().next().unwrap();
    assert_eq!(item.named_items(), ["N2"]);
    assert!(warnings(&text).iter().any(|text| text.contains("lift a score above the base")));
}

#[test]
fn the_packs_of_other_cities_say_what_they_leave_open() {
    let of = |name: &str| warnings(builtin(name).unwrap());
    assert!(!of("gbt-30428.4").iter().any(|text| text.contains("no item names this table")));
    assert!(of("gbt-30428.4").iter().any(|text| {
        text == "families.area.streams[all].items[R07]: assumed, to be confirmed or replaced: 40"
    }));
    assert!(
        of("beijing-1000")
            .iter()
            .any(|text| text.starts_with("families.area.streams[regular].items[B1]"))
    );
    for name in ["gbt-30428.4", "jinhua", "beijing-1000"] {
        let open = of(name);
        let unjudged = |text: &&String| text.contains("no item judges");
        assert_eq!(open.iter().filter(unjudged).count(), 0, "{name}: {open:#?}");
        assert!(!open.iter().any(|text| text.contains("the caps add up")), "{name}");
    }
}

#[test]
fn cases_and_conditions_judge_handling_when_they_count_it() {
    let unjudged = |rule: &str| {
        let text = with(
            "jinhua",
            &[
                ("per_point: {rate: closed_on_time / due, below: 70, points: 1, cap: 50}", rule),
                (
                    "per_point: {rate: closed / due, below: 90, points: 1, cap: 20}",
                    "per_case: {count: filed, points: 1, cap: 20}",
                ),
                (
                    "per_case: {count: rework + 5 * shirked, points: \"0.2\", cap: 5}",
                    "per_case: {count: filed, points: 1, cap: 5}",
                ),
            ],
        );
        let kinds =
            RulePack::parse(&text).unwrap().warnings().into_iter().map(|warning| warning.kind);
        let open = kinds.filter(|kind| {
            matches!(kind, WarningKind::HandlingNotJudged | WarningKind::TimelinessNotJudged)
        });
        open.collect::<Vec<_>>()
    };
    let twice = |kind: WarningKind| vec![kind.clone(), kind];
    let filed = unjudged("per_case: {count: filed, points: 1, cap: 50}");
    assert_eq!(filed, twice(WarningKind::HandlingNotJudged));
    let reworked = unjudged("flat_if: {condition: rework > 3, points: 50}");
    assert_eq!(reworked, twice(WarningKind::TimelinessNotJudged));
    assert_eq!(unjudged("per_case: {count: overdue_open, points: 1, cap: 50}"), []);
}

const R14: &str = "linear: {rate: verified_on_time / verified_limited, weight: 20}";

#[test]
fn formulas_of_posts_name_only_what_posts_of_their_kind_have() {
    let limited = |limit: &str| format!("{R14}\n            limit: {limit}");
    let strange = "the item `R14` names `item.R21`, by which `collector` is not judged";
    refused("zz-2018", R14, &limited("item.R21"), strange);
    refused("zz-2018", R14, &limited("due / filed"), "the item `R14` counts `due`, which posts");
    let area = ("          - id: N1", "          - id: N1\n            limit: reports / received");
    refused("zz-2018", area.0, area.1, "the item `N1` counts `reports`, which only posts have");
    assert!(RulePack::parse(&with("zz-2018", &[(R14, &limited("item.R12 / 2"))])).is_ok());
}

#[test]
fn the_sums_of_posts_hold_for_each_kind_and_where_claimed_for_each_stream() {
    let text = with(
        "gbt-30428.4",
        &[
            ("verify_sent_limited, weight: 20}", "verify_sent_limited, weight: 21}"),
            ("filings_limited, weight: \"12.5\"}", "filings_limited, weight: \"11.5\"}"),
        ],
    );
    let found = mistakes(&text);
    assert_eq!(found.len(), 2, "{found:#?}");
    for (found, (stream, points)) in found.iter().zip([("acceptor", 51), ("shift_leader", 49)]) {
        let path = format!("families.post.streams[{stream}:supervision_desk]");
        let expected = format!("the points of `{path}` add up to {points}, its cap is 50");
        assert!(found.contains(&expected), "{found}");
    }
    let dispatcher = ("first_dispatches, weight: 40}", "first_dispatches, weight: 41}");
    let found = mistakes(&with("gbt-30428.4", &[dispatcher, ("adds_up: true", "adds_up: false")]));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("the points of the items of `command_desk` add up to 101"));
}

#[test]
fn weights_of_a_pack_are_those_of_its_source() {
    let pack = RulePack::parse(builtin("jinhua").unwrap()).unwrap();
    let caps = pack.families.values().map(|family| family.caps());
    assert!(caps.into_iter().all(|caps| caps == Exact::integer(80)));
}

#[test]
fn attributes_of_the_registry_stand_where_they_have_a_value() {
    let per_head = "closed / filed * (population / 10000) / population";
    assert!(RulePack::parse(&with("gbt-30428.4", &[("closed / due", per_head)])).is_ok());
    let band = "band: {count: filed,";
    for count in ["filed / (population / 10000)", "filed / area_km2", "filed / grid_class"] {
        let text = with("gbt-30428.4", &[(band, &format!("band: {{count: {count},"))]);
        let pack = RulePack::parse(&text).unwrap_or_else(|mistakes| panic!("{count}: {mistakes}"));
        let json = String::from_utf8(pack.canonical()).unwrap();
        assert_eq!(RulePack::parse(&json).unwrap(), pack, "{count}");
    }
    for (count, message) in [
        ("filed + population", "this is a number of people"),
        ("population", "the formula is a number of people, wanted is a number of cases"),
        ("area_km2 * filed / population", "a number of cases × square kilometres / people"),
        ("filed / difficulty", "use it where zones are told apart"),
    ] {
        refused("gbt-30428.4", band, &format!("band: {{count: {count},"), message);
    }
    let team = ("valid_reports / reports", "valid_reports * population / reports / population");
    assert!(RulePack::parse(&with("zz-2018", &[team])).is_ok());
    let pooled = "dispatch_done / dispatch_due";
    let sized = "dispatch_done * area_km2 / dispatch_due / area_km2";
    refused("zz-2018", pooled, sized, "counts all teams together, which have no size");
    let text = with("zz-2018", &[]);
    let (items, figures) = text.split_once("figures:").unwrap();
    let figures = figures.replacen("closed / due", "closed * population / due / population", 1);
    let found = mistakes(&format!("{items}figures:{figures}"));
    assert!(
        found[0].contains("`population` cannot stand here: figures are over all"),
        "{found:#?}"
    );
}

#[test]
fn a_table_for_class_2_is_one_of_the_packs() {
    let two = "bands_of_class_2: filed_class_2";
    refused("gbt-30428.4", two, "bands_of_class_2: filed_class_9", "no band table is called");
    let without = with("gbt-30428.4", &[(", bands_of_class_2: filed_class_2", "")]);
    let unused = "bands.filed_class_2: no item names this table".to_owned();
    assert!(warnings(&without).contains(&unused));
    let pack = RulePack::parse(&without).unwrap();
    assert!(!String::from_utf8(pack.canonical()).unwrap().contains("class_2\":\"filed"));
}
