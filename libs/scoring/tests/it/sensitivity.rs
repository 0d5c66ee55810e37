//! What ranks depend on is what scores by the adjusted text say.

use std::collections::BTreeMap;

use chengping_rules::{Adjustment, RulePack, adjust, builtin};
use chengping_scoring::{
    Evaluation, Gathered, Input, PackRevision, Sensitivity, Tallies, score, sensitivities,
};
use chengping_types::Exact;
use proptest::prelude::*;

use crate::laws::{cells, input};

fn text() -> String {
    builtin("zz-2018").unwrap().replacen("adds_up: true", "adds_up: false", 1)
}

fn adjusted(path: &str, value: &Exact) -> Option<RulePack> {
    let adjustment = Adjustment {
        path: path.to_owned(),
        value: value.to_string(),
        provenance: "assumption".to_owned(),
        clause: None,
        note: None,
    };
    RulePack::parse(&adjust(&text(), &[adjustment]).ok()?).ok()
}

/// Of each group the bodies with another rank, and the largest change of a stored score.
fn differences(one: &Evaluation, other: &Evaluation) -> BTreeMap<String, (u32, Exact)> {
    let mut groups: BTreeMap<String, (u32, Exact)> = BTreeMap::new();
    for (one, other) in one.scorecards.iter().zip(&other.scorecards) {
        let (ranks, points) = groups.entry(one.group.clone()).or_default();
        *ranks += u32::from(one.rank != other.rank);
        if let (Some(one), Some(other)) = (&one.score, &other.score) {
            *points = points.clone().max((&one.stored - &other.stored).abs());
        }
    }
    groups
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2))]

    #[test]
    fn a_weight_alone_does_what_the_adjusted_text_does(
        now in cells(), before in cells(), from in 0..9_usize,
    ) {
        let pack = RulePack::parse(&text()).unwrap();
        let input = input(&pack, now, before);
        let evaluation = score(&input);
        let gathered = Gathered::new(&input);
        let step = Exact::ratio(3, 10).unwrap();
        let found =
            sensitivities(&gathered, &input.rule_pack, &evaluation, &step, || true).unwrap();
        // Reading adjusted texts takes long: one weight in nine, others each time.
        for weight in pack.weights().into_iter().skip(from).step_by(9) {
            for (is_larger, factor) in [(false, Exact::ONE - &step), (true, Exact::ONE + &step)] {
                let value = &weight.value * &factor;
                let Some(other) = adjusted(&weight.path, &value) else { continue };
                let other =
                    Input { rule_pack: PackRevision::new(2, other), ..input.clone() };
                for (group, (ranks, points)) in differences(&evaluation, &score(&other)) {
                    let is_it = |one: &&Sensitivity| {
                        one.path == weight.path && one.group == group
                    };
                    let shift = found.iter().find(is_it).and_then(|one| {
                        if is_larger { one.larger.as_ref() } else { one.smaller.as_ref() }
                    });
                    let told = shift.map(|shift| {
                        (shift.changed_ranks, shift.largest_score_change.clone())
                    });
                    prop_assert_eq!(told.unwrap_or_default(), (ranks, points), "{}", weight.path);
                }
            }
        }
    }
}

#[test]
fn nothing_is_told_of_weights_that_change_nothing_or_when_nobody_waits() {
    let pack = RulePack::parse(&text()).unwrap();
    let input = input(&pack, Tallies::default(), Tallies::default());
    let (evaluation, gathered) = (score(&input), Gathered::new(&input));
    let step = Exact::ratio(1, 10).unwrap();
    let all =
        |go_on: bool| sensitivities(&gathered, &input.rule_pack, &evaluation, &step, || go_on);
    assert_eq!(all(true), Some(Vec::new()), "a month without a case");
    assert_eq!(all(false), None);
}
