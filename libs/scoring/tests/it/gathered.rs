//! Other weights over what was gathered once are scored as from the input itself, byte for byte.

use chengping_rules::{RulePack, builtin, builtin_names};
use chengping_scoring::{Gathered, Input, PackRevision, Tallies, score};
use chengping_types::Exact;
use proptest::prelude::*;
use serde_json::Value;

use crate::laws::{PACK_COUNT, cells, input, packs};

/// The texts and whole numbers in a pack that are numbers.
fn numbers<'v>(value: &'v mut Value, found: &mut Vec<&'v mut Value>) {
    match value {
        Value::Object(members) => members.values_mut().for_each(|value| numbers(value, found)),
        Value::Array(list) => list.iter_mut().for_each(|value| numbers(value, found)),
        Value::String(text) if text.parse::<Exact>().is_ok() => found.push(value),
        Value::Number(_) => found.push(value),
        _ => {}
    }
}

/// A pack with some numbers multiplied; none where it would be no pack. What the caps add up to is
/// not asked.
fn changed(pack: &RulePack, changes: &[(prop::sample::Index, i64)]) -> Option<RulePack> {
    let mut tree: Value = serde_json::from_slice(&pack.canonical()).unwrap();
    tree["scoring"].as_object_mut().unwrap().remove("adds_up");
    let mut all = Vec::new();
    numbers(&mut tree, &mut all);
    for (index, tenths) in changes {
        let place = index.index(all.len());
        let number = &mut *all[place];
        *number = match &*number {
            Value::String(text) => {
                let factor = Exact::ratio(*tenths, 10).unwrap();
                Value::from((&text.parse::<Exact>().unwrap() * &factor).to_string())
            }
            number => Value::from(number.as_i64().unwrap() * tenths / 10),
        };
    }
    RulePack::parse(&tree.to_string()).ok()
}

fn by(input: &Input, pack: RulePack) -> Input {
    Input { rule_pack: PackRevision::new(7, pack), ..input.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn other_rules_score_over_what_was_gathered_as_over_the_input(
        now in cells(), before in cells(), pack in 0..PACK_COUNT,
        changes in prop::collection::vec((any::<prop::sample::Index>(), 1..40_i64), 1..6),
    ) {
        let input = input(&packs()[pack], now, before);
        let gathered = Gathered::new(&input);
        let same = gathered.score(&input.rule_pack);
        prop_assert_eq!(same, Some(score(&input)), "the rules read what they read");
        let Some(pack) = changed(&input.rule_pack.pack, &changes) else { return Ok(()) };
        let others = by(&input, pack);
        if let Some(evaluation) = gathered.score(&others.rule_pack) {
            let expected = score(&others);
            prop_assert_eq!(evaluation.results_document(), expected.results_document());
            prop_assert_eq!(evaluation, expected);
        }
    }
}

/// The texts under some keys, with which of them it is.
fn under<'v>(keys: &[&str], value: &'v mut Value, key: &str, found: &mut Vec<&'v mut Value>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                // `{value: …, clause: …}` is a number with a source of its own.
                let key = if name == "value" { key } else { name };
                under(keys, value, key, found);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| under(keys, value, key, found)),
        Value::String(text) if keys.contains(&key) && text.parse::<Exact>().is_ok() => {
            found.push(value);
        }
        _ => {}
    }
}

#[test]
fn no_weight_of_a_shipped_pack_decides_what_is_read() {
    const WEIGHTS: [&str; 9] =
        ["weight", "cap", "points", "key", "general", "share", "first", "factor", "base"];
    for pack in packs().iter().filter(|pack| builtin_names().any(|name| name == pack.pack.as_str()))
    {
        let gathered = Gathered::new(&input(pack, Tallies::default(), Tallies::default()));
        let mut tree: Value = serde_json::from_slice(&pack.canonical()).unwrap();
        tree["scoring"].as_object_mut().unwrap().remove("adds_up");
        let mut tried = 0;
        for place in 0.. {
            let mut tree = tree.clone();
            let mut all = Vec::new();
            under(&WEIGHTS, &mut tree, "", &mut all);
            let Some(number) = all.into_iter().nth(place) else { break };
            let value: Exact = number.as_str().unwrap().parse().unwrap();
            *number = Value::from((value * Exact::ratio(9, 10).unwrap()).to_string());
            let Ok(other) = RulePack::parse(&tree.to_string()) else { continue };
            assert!(gathered.suits(&other), "{}: {place}", pack.pack);
            tried += usize::from(other.digest() != pack.digest());
        }
        assert!(tried > 5, "{}: {tried}", pack.pack);
    }
}

#[test]
fn what_counts_otherwise_is_gathered_anew() {
    let pack = &packs()[builtin_names().position(|name| name == "zz-2018").unwrap()];
    let gathered = Gathered::new(&input(pack, Tallies::default(), Tallies::default()));
    for (from, to) in [
        ("period_basis: settlement", "period_basis: cohort"),
        ("closed_on_time / due", "on_time / due"),
        ("history_months: 12", "history_months: 6"),
        ("by_size: true", "by_size: false"),
    ] {
        let text = builtin("zz-2018").unwrap();
        assert!(text.contains(from), "{from}");
        let other = RulePack::parse(&text.replacen(from, to, 1)).unwrap();
        assert!(!gathered.suits(&other), "{from}");
        assert_eq!(gathered.score(&PackRevision::new(2, other)), None, "{from}");
    }
}
