//! The manual says what the reader does, and the pages that are made of it are up to date.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use chengping_casework::Lifecycle;
use chengping_types::{BodyKind, Family};

use super::{PARTS, Part, pack_schema, packs_markdown, shipped};
use crate::annual::{FewCases, ScoreForm};
use crate::decode::{Decode as _, Decoder};
use crate::family::{Counted, DifferentiationMode, MidMonth};
use crate::pack::{LongTermCount, Redistribution, RulePack, SelectionTest, TooFewCases};
use crate::post::{Aspect, Completion};
use crate::publication::DistrictReports;
use crate::rule::{Reference, RepeatMode};
use crate::{builtin, builtin_names, document};

const FULL: &str = include_str!("full.yaml");
const DISTRICT: &str = include_str!("../../../../docs/examples/district.yaml");
const SKELETON: &str = include_str!("../../manual/skeleton.yaml");

fn part(name: &str) -> &'static Part {
    PARTS.iter().find(|part| part.part == name).unwrap_or_else(|| panic!("no part `{name}`"))
}

fn root(file: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../..", file].iter().collect()
}

/// Part, key, and whether it must be there, as the reader asks for them in packs with every part.
fn asked() -> BTreeSet<(&'static str, &'static str, bool)> {
    let texts = builtin_names().filter_map(builtin).chain([FULL, SKELETON]);
    let of = |text: &str| {
        let mut decoder = Decoder::default();
        let pack = RulePack::decode(&document::read(text).unwrap(), &mut decoder);
        let asked = decoder.asked().clone();
        assert!(pack.is_some() && decoder.into_mistakes().is_empty());
        asked
    };
    let mut asked: BTreeSet<_> = texts.flat_map(of).collect();
    let mut decoder = Decoder::default();
    let derived = crate::derived::decode(&document::read(DISTRICT).unwrap(), &mut decoder);
    assert!(derived.is_some());
    asked.extend(decoder.asked());
    asked
}

#[test]
fn the_manual_has_every_key_of_the_reader_and_no_other() {
    let asked = asked();
    let source = ["clause", "provenance", "note"];
    let mut described = BTreeSet::new();
    for part in PARTS.iter().filter(|part| part.part != "lifecycle") {
        for key in &part.keys {
            let must = key.default.is_none() || part.part == "stream" && key.key == "kinds";
            described.insert((part.part.as_str(), key.key.as_str(), must));
        }
        if part.source {
            described.extend(source.map(|key| (part.part.as_str(), key, key != "note")));
        }
    }
    let asked: BTreeSet<_> = asked.into_iter().collect();
    let missing: Vec<_> = asked.difference(&described).collect();
    let stale: Vec<_> = described.difference(&asked).collect();
    assert!(missing.is_empty() && stale.is_empty(), "missing {missing:?}, stale {stale:?}");
}

#[test]
fn the_manual_has_every_switch_of_the_lifecycle() {
    let unknown = serde_json::from_str::<Lifecycle>("{\"x\": \"\"}").unwrap_err().to_string();
    let keys: Vec<_> = part("lifecycle").keys.iter().map(|key| format!("`{}`", key.key)).collect();
    assert!(unknown.contains(&format!("expected one of {}", keys.join(", "))), "{unknown}");
    for key in &part("lifecycle").keys {
        let read = |value: &str| {
            let json = serde_json::json!({ key.key.clone(): value });
            serde_json::from_value::<Lifecycle>(json).map_err(|error| error.to_string())
        };
        let names: Vec<_> = key.alternatives.iter().map(|one| one.name.as_str()).collect();
        let refused = read("?").unwrap_err();
        assert!(refused.contains(&format!("expected one of {}", names.join(", "))), "{refused}");
        assert_eq!(read(names[0]), Ok(Lifecycle::default()), "{}", key.key);
        assert_eq!(key.default.as_deref(), Some(names[0]));
    }
}

#[test]
fn the_manual_has_every_alternative() {
    let posts: Vec<_> = BodyKind::ALL.iter().filter(|kind| kind.family() == Family::Post).collect();
    let posts: Vec<_> = posts.into_iter().map(|kind| kind.as_str()).collect();
    for (name, key, known) in [
        ("selection", "order", SelectionTest::NAMES),
        ("scoring", "too_few_cases", TooFewCases::NAMES),
        ("scoring", "redistribution", Redistribution::NAMES),
        ("scoring", "long_term", LongTermCount::NAMES),
        ("group", "kinds", BodyKind::NAMES),
        ("zones", "midmonth", MidMonth::NAMES),
        ("differentiation", "mode", DifferentiationMode::NAMES),
        ("stream", "kinds", &posts),
        ("stream", "counts", Counted::NAMES),
        ("item", "aspect", Aspect::NAMES),
        ("item", "completion", Completion::NAMES),
        ("per_case_repeat", "mode", RepeatMode::NAMES),
        ("band_relative", "against", Reference::NAMES),
        ("annual", "of", ScoreForm::NAMES),
        ("annual", "few_cases", FewCases::NAMES),
        ("publication", "district_reports", DistrictReports::NAMES),
    ] {
        let key = part(name).keys.iter().find(|one| one.key == key).unwrap();
        let names: Vec<_> = key.alternatives.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, known, "{name}.{}", key.key);
    }
    let with_alternatives: usize =
        PARTS.iter().flat_map(|part| &part.keys).filter(|key| !key.alternatives.is_empty()).count();
    assert_eq!(with_alternatives, 16 + part("lifecycle").keys.len(), "one is not compared");
}

#[test]
fn the_skeleton_reads_and_what_it_leaves_out_has_the_defaults_of_the_manual() {
    let digest = |text: &str| RulePack::parse(text).unwrap_or_else(|all| panic!("{all}")).digest();
    let default = |name: &str, key: &str| {
        let key = part(name).keys.iter().find(|one| one.key == key).unwrap();
        format!("{}: {}", key.key, key.default.as_deref().unwrap())
    };
    let scoring =
        ["too_few_cases", "redistribution", "long_term", "decimals", "above_base", "adds_up"];
    let scoring = scoring.map(|key| default("scoring", key)).join(", ");
    let switches: Vec<_> =
        part("lifecycle").keys.iter().map(|key| default("lifecycle", &key.key)).collect();
    let full = SKELETON
        .replace("base: 100", &format!("{scoring}, base: 100"))
        .replace("selection:", &format!("lifecycle: {{{}}}\nselection:", switches.join(", ")))
        .replace("counts: all", &format!("counts: all\n        {}", default("stream", "zoned")))
        .replace("weight: 100", &format!("{}, weight: 100", default("linear", "bad")));
    assert_eq!(digest(SKELETON), digest(&full));
    let sized = |more: &str| {
        FULL.replace("midmonth: immediate", "MID")
            .replace("at_least: \"0.5\", at_most: 2", "HOW")
            .replace("MID", &format!("note: x{}", more.split('|').next().unwrap()))
            .replace("HOW", &format!("note: x{}", more.split('|').nth(1).unwrap()))
    };
    let how = [default("differentiation", "at_least"), default("differentiation", "at_most")];
    let given = format!(", {}|, {}", default("zones", "midmonth"), how.join(", "));
    assert_eq!(digest(&sized("|")), digest(&sized(&given)));
}

#[test]
fn every_primitive_has_a_formula_and_a_worked_example() {
    let item = part("item").keys.iter();
    let rules = item.filter(|key| key.default.as_deref() == Some("one rule"));
    for key in rules {
        let rule = part(&key.key);
        assert!(rule.formula.is_some() && rule.example.is_some(), "{}", key.key);
        let example = &rule.example.as_ref().unwrap().rule;
        assert!(example.starts_with(&format!("{}: {{", key.key)), "{example}");
    }
}

#[test]
fn what_the_manual_says_breaks_no_table() {
    for key in PARTS.iter().flat_map(|part| &part.keys) {
        let means = key.alternatives.iter().map(|one| &one.means);
        assert!(means.chain([&key.is]).all(|text| !text.contains(['|', '\n'])), "{}", key.key);
    }
}

#[test]
fn every_clause_of_the_regulation_is_met_by_something() {
    let regulation = fs::read_to_string(root("docs/regulation-zhengzhou-2018.md")).unwrap();
    let rows = regulation.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next());
    let numbered = rows.filter(|clause| clause.starts_with(|c: char| c.is_ascii_digit()));
    let known: Vec<_> = shipped::clauses().into_iter().map(|one| one.clause).collect();
    assert_eq!(known, numbered.collect::<Vec<_>>());
}

#[test]
fn the_pages_are_what_the_manual_and_the_packs_say() {
    let written = |file: &str| fs::read_to_string(root(file)).unwrap_or_default();
    assert!(written("docs/packs.md") == packs_markdown(), "run `make docs`");
    let schema = format!("{:#}\n", pack_schema());
    assert!(written("libs/rules/pack.schema.json") == schema, "run `make docs`");
}
