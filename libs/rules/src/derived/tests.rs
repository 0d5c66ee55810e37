//! Packs that derive from the shipped ones.

use proptest::prelude::*;

use super::*;
use crate::adjust::Adjustment;
use crate::{RulePack, adjust, builtin, builtin_names, differences};

fn parent(name: &str) -> RulePack {
    RulePack::parse(builtin(name).unwrap()).unwrap()
}

/// A district's pack with some overrides, from zz-2018.
fn district(overrides: &str) -> String {
    format!(
        "# The district's own method.\npack: jinshui\ntitle: {{zh: 金水区, en: Jinshui}}\n\
         extends: {{jurisdiction: zz, pack: zz-2018, revision: 3, digest: \"{}\"}} # the city's\n{overrides}",
        parent("zz-2018").digest()
    )
}

fn derived(text: &str) -> Derivation {
    let read = read_derived(text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    derive(&parent("zz-2018"), &read).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn told(pack: &RulePack) -> Vec<String> {
    let all = differences(&parent("zz-2018"), pack).into_iter();
    let own = all.filter(|one| !one.path.starts_with("title") && one.path != "pack");
    own.map(|one| one.to_string()).collect()
}

fn mistakes(text: &str) -> Vec<String> {
    let found = read_derived(text).and_then(|read| derive(&parent("zz-2018"), &read));
    found.unwrap_err().iter().map(ToString::to_string).collect()
}

const ZONES: &str = "overrides:
  # Seven to three, as the district council decided.
  - path: families.area.zones.key
    value: \"0.7\"
    clause: \"3\"
    provenance: regulation
    note: \"\"
  - {path: families.area.zones.general, value: \"0.3\", provenance: regulation}
";

#[test]
fn a_district_weighs_its_zones_seven_to_three() {
    let derivation = derived(&district(ZONES));
    assert_eq!(derivation.idle, []);
    assert_eq!(derivation.pack.pack.as_str(), "jinshui");
    assert_eq!(derivation.pack.title.zh, "金水区");
    let found = told(&derivation.pack);
    for line in [
        "families.area.zones.key: 0.6 → 0.7",
        "families.area.zones.key.clause: (nothing) → 3",
        "families.area.zones.general: 0.4 → 0.3",
        "families.area.zones.general.clause: (nothing) → 5.2.5",
    ] {
        assert!(found.contains(&line.to_owned()), "{line} is not in {found:#?}");
    }
    assert!(!found.iter().any(|one| one.starts_with("families.area.zones.key.note")), "{found:#?}");
    let canonical = String::from_utf8(derivation.pack.canonical()).unwrap();
    assert_eq!(RulePack::parse(&canonical).unwrap(), derivation.pack);
}

#[test]
fn parts_are_set_added_and_removed() {
    let derivation = derived(&district(
        "overrides:
  - {path: scoring.redistribution, value: none}
  - {path: freeze.day, value: 5, provenance: regulation}
  - remove: families.area.streams[regular].items[N5]
  - path: families.area.streams.regular.items.N2.linear
    value: {rate: closed / due, weight: 20}
  - path: families.area.streams[regular].items[N9]
    value:
      id: N9
      name: {zh: 延期率, en: Extension rate}
      linear: {rate: extended / due, bad: true, weight: 1}
      clause: \"9\"
      provenance: regulation
  - path: families.area.zones.midmonth
    value: immediate
",
    ));
    let found = told(&derivation.pack);
    for start in [
        "scoring.redistribution: at_most_double → none",
        "freeze.day: 3 → 5",
        "freeze.provenance: assumption → regulation",
        "families.area.streams[regular].items[N5]: {",
        "families.area.streams[regular].items[N2].linear.weight: 15 → 20",
        "families.area.streams[regular].items[N9]: (nothing) → {",
        "families.area.zones.midmonth: (nothing) → immediate",
    ] {
        assert!(found.iter().any(|one| one.starts_with(start)), "{start} is not in {found:#?}");
    }
    assert_eq!(found.len(), 7, "{found:#?}");
}

#[test]
fn what_the_parent_says_anyway_is_told() {
    let text = district(
        "overrides:\n  - {path: scoring.redistribution, value: at_most_double}\n  - {path: families.area.zones.key, value: 3/5, provenance: assumption}\n",
    );
    let derivation = derived(&text);
    let idle: Vec<_> = derivation.idle.iter().map(ToString::to_string).collect();
    assert_eq!(idle.len(), 2, "{idle:?}");
    assert!(
        idle[1].starts_with("line 7, column 5: families.area.zones.key: says what the parent"),
        "{idle:?}"
    );
}

#[test]
fn every_mistake_has_its_line() {
    let found = mistakes(&district(
        "overrides:
  - {path: families.area.zone.key, value: \"0.7\", provenance: regulation}
  - {path: families.area.zones.key, value: \"0.7\"}
  - {path: families.area.streams.regular, value: {id: other}}
  - {path: families.area.zones.general, value: \"0.3\", provenance: regulation}
  - {path: families.area.zones, value: {key: 1}}
  - {path: pack, value: x}
  - {remove: families.area.streams.special}
  - {path: scoring.redistribution, value: none, provenance: regulation}
",
    ));
    let expected = [
        (6, "`families.area` of the parent has no `zone`; there are `"),
        (7, "a number needs its `provenance`"),
        (8, "the value is called otherwise than `regular`"),
        (10, "overlaps with `families.area.zones.general`"),
        (11, "its own at the top"),
        (12, "has no `special`; there are `regular`, `long_term`"),
        (13, "only a number has its source beside it"),
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, (line, expected)) in found.iter().zip(expected) {
        assert!(found.starts_with(&format!("line {line}, ")), "{found}");
        assert!(found.contains(expected), "{found} lacks {expected}");
    }
    let text = district(
        "overrides:\n  - path: families.area.streams[regular].items[N2].linear\n    value:\n      rate: closed / duo\n      weight: 0\n",
    );
    let found = mistakes(&text);
    assert!(
        found[0].starts_with(
            "line 8, column 13: families.area.streams[regular].items[N2].linear.rate: "
        ),
        "{found:#?}"
    );
    assert!(found[1].starts_with("line 9, column 15: "), "{found:#?}");
    let found = mistakes(&district("overrides:\n  - value: 1\n  - {path: a, value: 0.5}\n"));
    assert!(
        found[0].contains("write either `path` and `value`")
            && found[1].contains("binary fraction")
    );
    let other = district("")
        .replace(&parent("zz-2018").digest().to_string(), &parent("jinhua").digest().to_string());
    let found = mistakes(&other);
    assert!(
        found[0].starts_with("line 4, column") && found[0].contains("the parent is another one"),
        "{found:?}"
    );
    assert!(mistakes("pack: x\nextends: {}\n").len() >= 5);
    let whole = RulePack::parse(&district("")).unwrap_err().to_string();
    assert!(whole.contains("derives from another pack"), "{whole}");
}

fn adjustment(path: &str, value: &str, provenance: &str) -> Adjustment {
    let (path, value, provenance) = (path.to_owned(), value.to_owned(), provenance.to_owned());
    Adjustment { path, value, provenance, clause: None, note: None }
}

#[test]
fn a_number_is_adjusted_in_the_override_that_has_it_or_in_a_new_one() {
    let text = district(&format!(
        "{ZONES}  - path: families.area.streams[regular].items[N2].linear\n    value: {{rate: closed / due, weight: 20}} # more\n# the end\n"
    ));
    let adjusted = adjust_derived(
        &parent("zz-2018"),
        &text,
        &[
            adjustment("families.area.zones.key", "0.75", "assumption"),
            adjustment(
                "families.area.streams[regular].items[N2].linear.weight",
                "19",
                "assumption",
            ),
            adjustment("families.area.streams[regular].items[N1].linear.weight", "31", "city:许昌"),
        ],
    )
    .unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let expected = text
        .replace("value: \"0.7\"\n    clause: \"3\"\n    provenance: regulation", "value: \"0.75\"\n    clause: \"3\"\n    provenance: assumption")
        .replace("weight: 20}} # more", "weight: 19}} # more").replace("weight: 20} # more\n", "weight: 19} # more\n  - path: \"families.area.streams[regular].items[N1].linear.weight\"\n    value: 31\n    provenance: \"city:许昌\"\n");
    assert_eq!(adjusted, expected);
    let bare = district("");
    for text in [
        bare.clone(),
        format!("{bare}overrides: []\n"),
        format!("{bare}overrides: [{{path: freeze.day, value: 4, provenance: assumption}}]\n"),
    ] {
        let one = adjust_derived(
            &parent("zz-2018"),
            &text,
            &[adjustment("families.area.zones.key", "0.7", "regulation")],
        );
        let one = one.unwrap_or_else(|mistakes| panic!("{text}: {mistakes}"));
        assert!(
            told(&derived(&one).pack).contains(&"families.area.zones.key: 0.6 → 0.7".to_owned()),
            "{one}"
        );
    }
}

#[test]
fn a_rebase_changes_the_parent_alone_and_tells_what_is_contested() {
    let text = district(ZONES);
    let city = adjust(
        builtin("zz-2018").unwrap(),
        &[
            adjustment("families.area.zones.key", "0.65", "regulation"),
            adjustment(
                "families.area.streams[regular].items[N1].linear.weight",
                "29",
                "regulation",
            ),
        ],
    )
    .unwrap();
    let newer = RulePack::parse(&city).unwrap();
    let read = read_derived(&text).unwrap();
    let extends = Extends { revision: 4, digest: newer.digest(), ..read.extends.clone() };
    let after = rebased(&text, &extends).unwrap();
    assert_eq!(
        after,
        text.replace("revision: 3", "revision: 4")
            .replace(&read.extends.digest.to_string(), &newer.digest().to_string())
    );
    let result = derive(&newer, &read_derived(&after).unwrap()).unwrap().pack;
    assert_eq!(
        result
            .weights()
            .iter()
            .find(|one| one.path == "families.area.zones.key")
            .unwrap()
            .value
            .to_string(),
        "7/10"
    );
    let parents = differences(&parent("zz-2018"), &newer);
    assert_eq!(
        contested(&read, &parents),
        [
            "families.area.zones.key",
            "families.area.zones.key.clause",
            "families.area.zones.key.note",
            "families.area.zones.key.provenance"
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn overrides_of_numbers_are_adjustments_of_the_parent(
        name in prop::sample::select(builtin_names().collect::<Vec<_>>()),
        wanted in prop::collection::vec((any::<prop::sample::Index>(), 1..40_u32), 1..5),
    ) {
        let parent = parent(name);
        let weights = parent.weights();
        let picked: std::collections::BTreeMap<_, _> = wanted.iter().map(|(index, value)| (index.get(&weights).path.clone(), value.to_string())).collect();
        let adjustments: Vec<_> = picked.iter().map(|(path, value)| adjustment(path, value, "regulation")).collect();
        let overrides: String = picked.iter().map(|(path, value)| format!("  - {{path: \"{path}\", value: {value}, provenance: regulation}}\n")).collect();
        let text = format!("pack: {name}\ntitle: {}\nextends: {{jurisdiction: x, pack: {name}, revision: 1, digest: \"{}\"}}\noverrides:\n{overrides}",
            serde_json::to_string(&parent.title).unwrap(), parent.digest());
        let by_override = derive(&parent, &read_derived(&text).unwrap());
        match adjust(builtin(name).unwrap(), &adjustments) {
            Ok(adjusted) => prop_assert_eq!(by_override.unwrap().pack.digest(), RulePack::parse(&adjusted).unwrap().digest()),
            Err(_) => prop_assert!(by_override.is_err()),
        }
    }
}
