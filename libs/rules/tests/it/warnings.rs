//! What an office should decide knowingly (docs/decisions.md, at its end), and that a pack with many
//! mistakes is told all of them.

use chengping_rules::{RulePack, WarningKind, builtin};

/// A built-in pack with pieces of text exchanged for others, everywhere.
fn with(name: &str, pieces: &[(&str, &str)]) -> String {
    let mut text = builtin(name).unwrap().to_owned();
    for (piece, other) in pieces {
        assert!(text.contains(piece), "{piece:?} is not in {name} any more");
        text = text.replace(piece, other);
    }
    text
}

/// The parts with a warning of a kind, without those that only say what is assumed.
fn parts(text: &str, wanted: fn(&WarningKind) -> bool) -> Vec<String> {
    let pack = RulePack::parse(text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let of_kind = pack.warnings().into_iter().filter(|warning| wanted(&warning.kind));
    of_kind.map(|warning| warning.path.replace("families.", "").replace("streams.", "")).collect()
}

const fn often_empty(kind: &WarningKind) -> bool {
    matches!(kind, WarningKind::OftenEmpty { .. })
}

fn more_costs(kind: &WarningKind) -> bool {
    *kind == WarningKind::OneMoreCaseCosts
}

fn timeliness_costs(kind: &WarningKind) -> bool {
    *kind == WarningKind::TimelinessCosts
}

#[test]
fn a_denominator_that_many_bodies_lack_is_told() {
    let zhengzhou = builtin("zz-2018").unwrap();
    assert_eq!(
        parts(zhengzhou, often_empty),
        ["area.streams[public].items[P2]", "department.streams[public].items[P2]"]
    );
    let rated = |rate: &str| {
        parts(&with("boston-2011", &[("on_time / due, weight: 60", rate)]), often_empty)
    };
    let told = ["area.streams[regular].items[T1]", "department.streams[regular].items[T1]"];
    assert_eq!(rated("rework / (extended + 2 * rework), weight: 60"), told);
    assert_eq!(rated("all.due / filed_wechat, weight: 60"), told);
    assert_eq!(rated("on_time / (due + carried_start), weight: 60"), [""; 0]);
    let of_public = with("gbt-30428.4", &[("public.filed / filed", "filed / public.filed")]);
    assert_eq!(parts(&of_public, often_empty), ["area.streams[all].items[R11]"]);
}

#[test]
fn items_that_cost_more_the_more_cases_there_are_are_told() {
    assert_eq!(
        parts(builtin("zz-2018").unwrap(), more_costs),
        [
            "area.streams[regular].items[N5]",
            "area.streams[long_term].items[L1]",
            "area.streams[long_term].items[L2]",
            "department.streams[long_term].items[L1]",
            "department.streams[long_term].items[L2]"
        ]
    );
    // A public case on time is one that nobody on patrol had found.
    assert_eq!(
        parts(builtin("gbt-30428.4").unwrap(), more_costs),
        [
            "area.streams[all].items[R11]",
            "area.streams[all].items[B15]",
            "department.streams[all].items[B15]"
        ]
    );
    assert_eq!(parts(builtin("jinhua").unwrap(), more_costs), [""; 0]);
    assert_eq!(
        parts(builtin("beijing-1000").unwrap(), more_costs),
        ["area.streams[long_term].items[B7]"]
    );
    assert_eq!(parts(builtin("boston-2011").unwrap(), more_costs), [""; 0]);
}

#[test]
fn no_shipped_pack_punishes_timely_work() {
    for name in chengping_rules::builtin_names() {
        assert_eq!(parts(builtin(name).unwrap(), timeliness_costs), [""; 0], "{name}");
    }
}

/// What replaces the one rule of Boston's closing rate, whether one more case on time can cost, and
/// whether timeliness can.
const JUDGED: &[(&str, bool, bool)] = &[
    ("linear: {rate: closed / due, weight: 40}", false, false),
    ("linear: {rate: closed / due, bad: true, weight: 40}", true, true),
    ("linear: {rate: handled_late / due, weight: 40}", true, true),
    ("linear: {rate: (due - overdue_open) / due, weight: 40}", false, false),
    ("linear: {rate: rework / handled, bad: true, weight: 40}", false, false),
    ("per_point: {rate: on_time / (due + 1), below: 90, points: 1, cap: 40}", false, false),
    ("per_point: {rate: on_time / (2 * due), below: 90, points: 1, cap: 40}", true, false),
    ("per_point: {rate: overdue_open / due, above: 0, points: 1, cap: 40}", false, false),
    ("per_case: {count: due - on_time, points: 1, cap: 40}", false, false),
    ("per_case: {count: 2 * due - on_time, points: 1, cap: 40}", true, false),
    ("per_case: {count: \"max(closed, 3)\", points: 1, cap: 40}", true, true),
    ("per_case: {count: \"if(rework > 3, filed, due)\", points: 1, cap: 40}", true, false),
    ("per_case: {count: \"if(due > 3, filed, due)\", points: 1, cap: 40}", false, false),
    ("per_case: {count: handling_seconds, points: 1, cap: 40}", true, true),
    ("per_case: {count: overrun_seconds, points: 1, cap: 40}", false, false),
    ("per_case: {count: filed_wechat, points: 1, cap: 40}", true, false),
    ("flat_if: {condition: filed > 100, points: 40}", true, false),
    ("flat_if: {condition: closed < due, points: 40}", false, false),
    ("flat_if: {condition: overdue_open = 0, points: 40}", false, true),
    ("mom_increase: {count: overdue_open, points: 1, cap: 40}", false, false),
    ("bonus: {value: on_time, points: 1, cap: 40}", false, false),
    ("bonus: {value: due - on_time, points: 1, cap: 40}", false, true),
    ("bonus: {value: overdue_open, points: 1, cap: 40}", false, true),
];

#[test]
fn a_formula_that_punishes_better_work_is_told() {
    for (rule, more, timeliness) in JUDGED {
        let text = with("boston-2011", &[("linear: {rate: closed / due, weight: 40}", rule)]);
        let told = |wanted| !parts(&text, wanted).is_empty();
        assert_eq!((told(more_costs), told(timeliness_costs)), (*more, *timeliness), "{rule}");
    }
}

#[test]
fn every_table_of_an_item_is_looked_at() {
    let tables = r#"
bands:
  falling: {steps: [{up_to: 9, share: 1}, {share: 0}], clause: "1", provenance: assumption}
  rising: {steps: [{up_to: 9, share: 0}, {share: 1}], clause: "1", provenance: assumption}
groups:"#;
    let told = |rule: &str| {
        let judged = ("linear: {rate: closed / due, weight: 40}", rule);
        !parts(&with("boston-2011", &[("\ngroups:", tables), judged]), more_costs).is_empty()
    };
    assert!(!told("band: {count: filed, bands: falling, weight: 40}"));
    assert!(told("band: {count: filed, bands: rising, weight: 40}"));
    assert!(told("band: {count: filed, bands: falling, bands_of_class_2: rising, weight: 40}"));
}

#[test]
fn a_count_that_a_switch_keeps_at_zero_is_told() {
    let carried = ("on_time / due, weight: 60", "(due - carried_open) / due, weight: 60");
    let never = |kind: &WarningKind| matches!(kind, WarningKind::NeverCounts { .. });
    let text = with("boston-2011", &[carried]);
    assert_eq!(
        parts(&text, never),
        ["area.streams[regular].items[T1]", "department.streams[regular].items[T1]"]
    );
    let warnings = RulePack::parse(&text).unwrap().warnings();
    let message = "counts `carried_open`, which is always zero with `period_basis: cohort`";
    assert!(warnings.iter().any(|warning| warning.to_string().ends_with(message)));
    let settling =
        with("boston-2011", &[carried, ("period_basis: cohort", "period_basis: settlement")]);
    assert_eq!(parts(&settling, never), [""; 0]);
    let undone = ("rate: closed / due, weight: 30", "rate: (due - undo_on_time) / due, weight: 30");
    let text = with("gbt-30428.4", &[undone]);
    assert_eq!(
        parts(&text, never),
        ["area.streams[all].items[R06]", "department.streams[all].items[R06]"]
    );
}

#[test]
fn every_assumed_number_is_told_in_its_part() {
    let pack = RulePack::parse(builtin("jinhua").unwrap()).unwrap();
    let told: Vec<_> = pack
        .warnings()
        .into_iter()
        .filter_map(|warning| match warning.kind {
            WarningKind::Assumed { numbers } => Some((warning.path, numbers)),
            _ => None,
        })
        .collect();
    let mut expected = std::collections::BTreeMap::<_, Vec<_>>::new();
    for number in pack.numbers().into_iter().filter(|number| number.is_assumed()) {
        expected.entry(number.path).or_default().push(number.value);
    }
    assert_eq!(told.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(), expected);
    let paths: Vec<_> = told.iter().map(|(path, _)| path.as_str()).collect();
    assert!(paths.contains(&"grades") && paths.contains(&"freeze"), "{paths:?}");
    let halved = with("jinhua", &[("rework + 5 * shirked", "2.5 * shirked")]);
    let halved = RulePack::parse(&halved).unwrap();
    let of_formula: Vec<_> =
        halved.numbers().into_iter().filter(|number| number.role == "formula").collect();
    assert_eq!(of_formula[0].decimal(), "2.5");
    assert_eq!(of_formula[0].source.provenance.to_string(), "city:Jinhua");
}

/// One mistake a line: what stands in `zz-2018`, what replaces it, and what is said.
const BROKEN: &[(&str, &str, &str)] = &[
    ("time_zone: Asia/Shanghai", "time_zone: Asia/Zhengzhou", "time_zone: "),
    ("freeze: {day: 3,", "freeze: {day: 31,", "from 1 to 27"),
    ("rework: same_unit", "rework: sometimes", "lifecycle.rework: "),
    ("reference_min: {value: 3", "reference_min: {value: 0", "scoring.reference_min: zero"),
    ("grade: C, from: 60", "grade: C, from: 95", "from the best down"),
    ("{up_to: \"0.8\"", "{up_to: \"0.4\"", "the bounds must rise"),
    ("kinds: [window]", "kinds: [window, bureau]", "`bureau` is there twice"),
    ("{id: specialised, kinds: [specialised]", "{id: specialised, kinds: [village]", "\"village\""),
    ("general: \"0.4\"", "general: 0.4", "an unquoted decimal"),
    ("road_sections * difficulty", "road_sections * length", "`length` is not a size attribute"),
    ("cap: 60", "cap: -60", "negative"),
    ("- id: N2", "- id: N1", "the item `N1` is there twice"),
    ("closed / due, weight: 15", "closed / duo, weight: 15", "`duo` is not a base count"),
    ("above: 0, points: \"1.0\", cap: 5", "points: \"1.0\", cap: 5", "write either `above`"),
    ("by_size: true", "by_size: maybe", "expected true or false"),
    ("bands: relative, weight: 10", "bands: absolute, weight: 10", "no band table is called"),
    ("counts: public", "counts: publik", "\"publik\" is not a selection"),
    ("dissatisfied: 0, visits", "dissatisfied: 200, visits", "above 100"),
    ("factor: {value: 2, clause", "factor: {valu: 2, clause", "`value` is missing"),
    ("aspect: accuracy", "aspect: zeal", "aspect"),
    ("completion: pool", "completion: theirs", "completion"),
    ("rate: extended / due", "rate: extended", "a rate is a quotient"),
    ("provenance: \"city:Zhengzhou\"", "provenance: hearsay", "`hearsay` is no provenance"),
];

#[test]
fn a_pack_with_many_mistakes_is_told_all_of_them_at_their_places() {
    let mut text = builtin("zz-2018").unwrap().to_owned();
    for (piece, other, _) in BROKEN {
        assert!(text.contains(piece), "{piece:?} is not in the pack any more");
        text = text.replacen(piece, other, 1);
    }
    let mistakes = RulePack::parse(&text).unwrap_err();
    let found: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    for (_, _, message) in BROKEN {
        assert!(found.iter().any(|found| found.contains(message)), "{message}: {found:#?}");
    }
    assert!(mistakes.iter().all(|mistake| mistake.position.is_some()), "{found:#?}");
    // The wrong group is told at its line, whatever else is wrong with the families.
    let wrong = with("jinhua", &[("closed / due", "closed / duo"), ("  department:", "  post:")]);
    let found = RulePack::parse(&wrong).unwrap_err().to_string();
    let line = wrong.lines().position(|line| line.contains("{id: bureau")).unwrap() + 1;
    let place = format!("line {line}, column 5: groups[bureau]: the group `bureau` needs rules");
    assert!(found.contains(&place) && found.contains("`duo`"), "{found}");
}
