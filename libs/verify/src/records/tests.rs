use std::collections::BTreeMap;

use chengping_casework::records::Writer;
use chengping_casework::{Case, CaseRecords, Event, EventKind, Source};
use chengping_rules::{RulePack, builtin};
use chengping_scoring::{ENGINE, PackRevision, Snapshot};
use chengping_types::registry::Registry;
use chengping_types::{Digest, Instant, Month};
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

const MONTH: &str = "2018-04";
const FREEZE: &str = "2018-05-03T16:00:00Z";

fn registry() -> Registry {
    serde_json::from_value(json!({
        "bodies": [{"body_id": "d01", "kind": "district", "name": "一区", "valid_from": "2018-01"}],
        "areas": [{"area_code": "R1", "kind": "road_section", "name": "一路", "district": "d01",
                   "zone": "key", "valid_from": "2018-01"}],
        "coefficients": [],
    }))
    .unwrap()
}

/// Cases that are filed in March and April by turns, and handled.
fn cases(number: u64) -> Vec<CaseRecords> {
    let event = |case: &Case, event_no: u64, kind, at: &str| Event {
        case_no: case.case_no.clone(),
        event_no,
        at: at.parse().unwrap(),
        kind,
        actor: None,
        unit: None,
        due_at: (kind == EventKind::Dispatched).then(|| FREEZE.parse().unwrap()),
        stage_due_at: None,
        outcome: None,
        note: None,
    };
    let case = |number: u64| {
        let case = Case {
            case_no: format!("A{number:04}").parse().unwrap(),
            source: Source::Patrol,
            category_scheme: "gbt-30428.2-2013-event".to_owned(),
            category_code: "0110".to_owned(),
            area_code: "R1".to_owned(),
            collector: None,
            title: None,
            filing_condition: None,
        };
        let day = if number.is_multiple_of(2) { "2018-03-05" } else { "2018-04-05" };
        let kinds = [EventKind::Filed, EventKind::Dispatched, EventKind::Handled];
        let events = (1..).zip(kinds).map(|(place, kind)| {
            let at = format!("{day}T0{place}:00:00Z");
            (event(&case, place, kind, &at), i64::try_from(number * 4 + place + 1).unwrap())
        });
        let mut records = CaseRecords::new(case.clone(), i64::try_from(number * 4 + 1).unwrap());
        records.add(events.collect::<Vec<_>>(), []).unwrap();
        records
    };
    (0..number).map(case).collect()
}

fn file(input: &Input, frames: &[u8]) -> Vec<u8> {
    let snapshot = SnapshotHead {
        month: input.month,
        as_of: input.as_of,
        decided: input.decided,
        watermark: input.snapshot.watermark,
        digest: input.snapshot.digest,
    };
    let head = Head::new(input.jurisdiction.clone(), snapshot, registry());
    let mut writer = Writer::new(Vec::new(), &head).unwrap();
    writer.write(frames).unwrap();
    writer.finish().unwrap()
}

fn frames(cases: &[CaseRecords]) -> Vec<u8> {
    cases.iter().flat_map(CaseRecords::pack).collect()
}

/// An input of these cases, as they are counted.
fn sealed(cases: &[CaseRecords]) -> Input {
    let pack = RulePack::parse(builtin("zz-2018").unwrap()).unwrap();
    let month: Month = MONTH.parse().unwrap();
    let at: Instant = FREEZE.parse().unwrap();
    let EvaluatedPart { bodies, former_periods, coefficients } =
        EvaluatedPart::new(&pack, &registry(), month);
    let snapshot = Snapshot { watermark: cases.len() as u64 * 4, digest: Digest::of(b"") };
    let mut input = Input {
        jurisdiction: "zz".parse().unwrap(),
        month,
        as_of: at,
        decided: at,
        engine: ENGINE.to_owned(),
        rule_pack: PackRevision::new(1, pack),
        snapshot,
        bodies,
        former_periods,
        coefficients,
        tallies: Tallies::default(),
        earlier: BTreeMap::new(),
    };
    let file = file(&input, &frames(cases));
    let counted = recount(&input, &mut Reader::new(&file[..]).unwrap()).unwrap();
    assert_eq!(counted.records, i64::try_from(input.snapshot.watermark).unwrap());
    input.snapshot.digest = counted.digest;
    input.earlier = counted.tallies;
    input.tallies = input.earlier.remove(&month).unwrap_or_default();
    input.earlier.retain(|_, tallies| *tallies != Tallies::default());
    input
}

fn failures(found: Found) -> Vec<String> {
    let checks = found.checks().filter_map(|checked| match checked.outcome {
        Outcome::Passed => None,
        Outcome::NotRun => Some(vec![format!("{} did not run", checked.check.as_str())]),
        Outcome::Failed { failures } => Some(
            failures
                .iter()
                .map(|failure| format!("{}: {}", failure.place, failure.message))
                .collect(),
        ),
    });
    checks.flatten().collect()
}

#[test]
fn the_counts_of_the_month_and_of_the_one_before_follow_from_the_records() {
    let cases = cases(40);
    let input = sealed(&cases);
    let counted = |tallies: &Tallies| serde_json::to_value(tallies).unwrap();
    let own = counted(&input.tallies);
    assert_eq!(own["bodies"]["d01"]["regular"]["key"]["filed"], 20, "{own}");
    let march = &input.earlier[&input.month.previous()];
    assert_eq!(counted(march)["bodies"]["d01"]["regular"]["key"]["filed"], 20);
    let found = check_records(&input, &file(&input, &frames(&cases))[..]);
    assert_eq!(failures(found), [""; 0]);

    let mut other = input.clone();
    let cell = other.tallies.cell_mut(
        &"d01".parse().unwrap(),
        chengping_types::Stream::Regular,
        chengping_scoring::Part::Key,
    );
    cell.add(chengping_casework::Base::Filed, 1);
    let found = check_records(&other, &file(&other, &frames(&cases))[..]);
    let place = "/document/input/tallies/bodies/d01/regular/key/filed";
    assert_eq!(failures(found), [format!("{place}: the records give 20, the input says 21")]);
}

#[test]
fn cases_in_another_order_are_another_snapshot() {
    let mut cases = cases(9);
    let input = sealed(&cases);
    cases.swap(0, 8);
    let found = failures(check_records(&input, &file(&input, &frames(&cases))[..]));
    assert!(!found.is_empty());
}

proptest! {
    #[test]
    fn hostile_frames_are_counted_or_refused(
        damage in prop::collection::vec((any::<Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<Index>()),
    ) {
        let cases = cases(9);
        let input = sealed(&cases);
        let (whole, mut changed) = (frames(&cases), frames(&cases));
        for (place, byte) in damage {
            let place = place.index(changed.len());
            changed[place] = byte;
        }
        if let Some(cut) = cut {
            changed.truncate(cut.index(changed.len()));
        }
        let found = failures(check_records(&input, &file(&input, &changed)[..]));
        prop_assert!(changed != whole || found.is_empty());
    }
}
