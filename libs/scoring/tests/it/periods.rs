//! Bodies that change their name or parent in the middle of a year (3.4).

use chengping_scoring::{Attributor, EvaluatedPart, Evaluation, Input, score, tally};
use chengping_types::Month;
use chengping_types::registry::{Body, Registry};
use proptest::prelude::*;

use crate::city::City;
use crate::lab::Lab;

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

/// The periods of a body, cut so that another one begins with `from`; the earlier one is called
/// otherwise.
fn cut(body: &Body, from: Month) -> Vec<Body> {
    if body.valid_from >= from || !body.is_valid_in(from) {
        return vec![body.clone()];
    }
    let valid_to = Some(from.previous());
    let former = Body { name: format!("原{}", body.name), valid_to, ..body.clone() };
    vec![former, Body { valid_from: from, ..body.clone() }]
}

fn renamed(registry: &Registry, from: Month) -> Registry {
    let bodies = registry.bodies.iter().flat_map(|body| cut(body, from)).collect();
    Registry { bodies, ..registry.clone() }
}

fn evaluated(registry: &Registry, month: Month) -> Evaluation {
    let city = City::get();
    let counted = |month| tally(&city.facts(month), &Attributor::new(&city.pack, registry, month));
    let EvaluatedPart { bodies, former_periods, coefficients } =
        EvaluatedPart::new(&city.pack, registry, month);
    let mut input = city.input(month);
    let earlier: Vec<Month> = input.earlier.keys().copied().collect();
    input.earlier = earlier.into_iter().map(|month| (month, counted(month))).collect();
    score(&Input { bodies, former_periods, coefficients, tallies: counted(month), ..input })
}

#[test]
fn results_print_the_name_of_the_month_and_are_otherwise_as_if_nobody_had_been_renamed() {
    let city = City::get();
    let registry = renamed(&city.registry, month("2018-05"));
    for (evaluated_month, prefix) in [("2018-04", "原"), ("2018-05", "")] {
        let mut expected = score(&city.input(month(evaluated_month)));
        let with_periods = evaluated(&registry, month(evaluated_month));
        assert!(expected.scorecards.len() > 20);
        for card in &mut expected.scorecards {
            let whole = city.registry.bodies.iter().find(|body| body.body_id == card.body_id);
            // Who begins with May or has left before had one name only.
            if cut(whole.unwrap(), month("2018-05")).len() > 1 {
                card.name = format!("{prefix}{}", card.name);
            }
        }
        assert_eq!(with_periods.scorecards, expected.scorecards, "{evaluated_month}");
    }
}

proptest! {
    /// A history goes on through a change of name; what was kept of a month says so.
    #[test]
    fn a_history_uses_all_periods(months_ago in 0..14_i32, ended in 1..14_i32, counts in prop::collection::vec(0..30_u8, 6)) {
        let rule = "band_relative: {count: filed, against: own_history, bands: relative, weight: 8}";
        let mut lab = Lab::item(rule).regular("filed=12");
        for (ago, count) in (1..).zip(&counts) {
            lab = lab.ago(ago, &format!("filed={count}"));
        }
        let whole = lab.input();
        let from = whole.month.plus(-months_ago);
        let registry = Registry { bodies: whole.bodies.clone(), ..Registry::default() };
        let part = EvaluatedPart::new(&whole.rule_pack.pack, &renamed(&registry, from), whole.month);
        prop_assert_eq!((part.bodies.len(), part.former_periods.len()), (1, 1));
        let EvaluatedPart { bodies, former_periods, .. } = part;
        let divided = Input { bodies, former_periods, ..whole.clone() };
        prop_assert_eq!(score(&divided).scorecards, score(&whole).scorecards);
        let kept = Input::from_json(&divided.canonical()).unwrap();
        prop_assert_eq!(&kept, &divided);
        prop_assert!(!String::from_utf8(whole.canonical()).unwrap().contains("former_periods"));

        // A month in which it was not evaluated is no part of its history (decisions 22, 35).
        let mut left = divided;
        left.former_periods[0].valid_to = Some(left.former_periods[0].valid_from);
        left.bodies[0].valid_from = whole.month.plus(-ended + 1);
        let mut short = left.clone();
        short.former_periods.clear();
        prop_assert_eq!(score(&left).scorecards, score(&short).scorecards);
    }
}
