//! Where a pack check does not warn, working better never costs points, and where it does, it can.

use chengping_casework::Base;
use chengping_rules::{RulePack, WarningKind};
use chengping_scoring::{Counts, Part, score};
use chengping_types::{BodyId, Stream};
use proptest::prelude::*;

use crate::lab::Lab;

const RULES: &[&str] = &[
    "linear: {rate: closed_on_time / due, weight: 40}",
    "linear: {rate: closed / due, bad: true, weight: 40}",
    "linear: {rate: handled_late / due, bad: true, weight: 40}",
    "linear: {rate: handled_late / due, weight: 40}",
    "linear: {rate: (due - overdue_open) / due, weight: 40}",
    "linear: {rate: rework / due, bad: true, weight: 40}",
    "per_point: {rate: (on_time + rework) / (2 * due), below: 90, points: 1, cap: 40}",
    "per_point: {rate: (overdue_open + handled_late) / due, above: 5, points: 1, cap: 40}",
    "per_point: {rate: on_time / (due + 1), below: 95, points: 1, cap: 40}",
    "per_case: {count: due - on_time, points: 1, cap: 40}",
    "per_case: {count: 2 * due - on_time, points: 1, cap: 40}",
    "per_case: {count: \"max(closed, 3)\", points: 1, cap: 40}",
    "per_case: {count: \"if(rework > 1, filed, overdue_open)\", points: 1, cap: 40}",
    "band: {count: filed, bands: rising, weight: 40}",
    "band: {count: filed, bands: falling, weight: 40}",
    "band: {count: overdue_open, bands: rising, weight: 40}",
    "band_relative: {count: closed, against: fixed, reference: 4, bands: relative, weight: 40}",
    "flat_if: {condition: filed > 4, points: 40}",
    "flat_if: {condition: closed < due, points: 40}",
    "flat_if: {condition: overdue_open = 0, points: 40}",
    "bonus: {value: on_time, points: 1, cap: 40}",
    "bonus: {value: due - on_time, points: 1, cap: 40}",
];

/// Cases on time, handled late, overdue and open; reworked ones.
type Cases = (u64, u64, u64, u64);

fn deduction(
    lab: &Lab,
    pack: &RulePack,
    (on_time, late, open, rework): Cases,
) -> chengping_types::Exact {
    let due = on_time + late + open;
    let counts: Counts = [
        (Base::Filed, due),
        (Base::Assigned, due),
        (Base::Due, due),
        (Base::Handled, on_time + late),
        (Base::OnTime, on_time),
        (Base::HandledLate, late),
        (Base::Closed, on_time + late),
        (Base::ClosedOnTime, on_time),
        (Base::ClosedLate, late),
        (Base::OverdueOpen, open),
        (Base::Rework, rework),
    ]
    .into_iter()
    .collect();
    let mut input = lab.input_by(pack.clone());
    let body: BodyId = "d".parse().unwrap();
    input.tallies.cell_mut(&body, Stream::Regular, Part::All).merge(&counts);
    score(&input).scorecards[0].items().next().unwrap().1.deduction.clone()
}

/// Whether the check warns that one more case on time can cost, or that timeliness can.
fn warned(pack: &RulePack) -> [bool; 2] {
    let kinds: Vec<_> = pack.warnings().into_iter().map(|warning| warning.kind).collect();
    [WarningKind::OneMoreCaseCosts, WarningKind::TimelinessCosts].map(|kind| kinds.contains(&kind))
}

/// Whether one more case on time costs, and whether a late case handled, or handled on time, does.
fn costs(lab: &Lab, pack: &RulePack, cases: Cases) -> [bool; 2] {
    let (on_time, late, open, rework) = cases;
    let before = deduction(lab, pack, cases);
    let worse = |better: Cases| deduction(lab, pack, better) > before;
    let handled = open > 0 && worse((on_time + 1, late, open.saturating_sub(1), rework));
    let sooner = late > 0 && worse((on_time + 1, late.saturating_sub(1), open, rework));
    [worse((on_time + 1, late, open, rework)), handled || sooner]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn what_is_not_warned_of_never_costs(
        rule in 0..RULES.len(), on_time in 1_u64..9, late in 0_u64..4, open in 0_u64..4, rework in 0_u64..3,
    ) {
        let lab = Lab::item(RULES[rule]);
        let pack = lab.pack();
        let found = costs(&lab, &pack, (on_time, late, open, rework));
        for (warned, costs) in warned(&pack).into_iter().zip(found) {
            prop_assert!(warned || !costs, "{}", RULES[rule]);
        }
    }
}

#[test]
fn what_is_warned_of_costs_somewhere() {
    let some = [
        (1, 0, 0, 0),
        (2, 0, 2, 2),
        (4, 0, 0, 2),
        (4, 1, 1, 0),
        (3, 0, 1, 0),
        (4, 4, 0, 0),
        (10, 0, 0, 0),
        (1, 0, 1, 2),
    ];
    for rule in RULES {
        let lab = Lab::item(rule);
        let pack = lab.pack();
        let found = some.map(|cases| costs(&lab, &pack, cases));
        let found = [0, 1].map(|which| found.iter().any(|costs| costs[which]));
        assert_eq!(warned(&pack), found, "{rule}");
    }
}
