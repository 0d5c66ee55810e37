//! A small city: three districts with both kinds of zone, bureaus, a team of each kind of post, and
//! two months of facts.

use chengping_casework::{Base, DeskCount, Fact, Marks, Source, Sum};
use chengping_rules::{RulePack, builtin};
use chengping_types::Instant;
use chengping_types::registry::Registry;
use serde_json::json;

pub(crate) const APRIL: &str = "2018-04";
pub(crate) const MARCH: &str = "2018-03";

pub(crate) fn pack() -> RulePack {
    RulePack::parse(builtin("zz-2018").unwrap()).unwrap()
}

pub(crate) fn registry() -> Registry {
    let body = |id: &str, kind: &str| json!({"body_id": id, "kind": kind, "name": format!("第{id}"), "valid_from": "2016-01"});
    let districts = ["d01", "d02", "d03"];
    let zones = ["key", "general"];
    let places = || districts.iter().flat_map(|body| zones.map(|zone| (*body, zone)));
    let areas = places().map(|(body, zone)| {
        json!({"area_code": format!("{body}-{zone}"), "kind": "road_section", "name": "路",
            "district": body, "zone": zone, "valid_from": "2016-01"})
    });
    let coefficients = places().map(|(body, zone)| {
        json!({"body_id": body, "zone": zone, "road_sections": 10, "difficulty": "6/5",
            "valid_from": "2016-01", "approved_by": "office", "reason": "first",
            "area_km2": "83.1", "population": 1000, "grid_class": "1"})
    });
    let bodies = districts.map(|id| body(id, "district")).into_iter();
    let posts = [("c01", "collector"), ("sup1", "supervision_desk"), ("cmd1", "command_desk")];
    let posts = posts.map(|(id, kind)| body(id, kind));
    let bodies = bodies.chain([body("b01", "bureau"), body("b02", "bureau")]).chain(posts);
    let registry = json!({
        "bodies": bodies.collect::<Vec<_>>(),
        "areas": areas.collect::<Vec<_>>(),
        "coefficients": coefficients.collect::<Vec<_>>(),
    });
    serde_json::from_value(registry).unwrap()
}

/// Facts of every kind, spread over areas, streams and counts without a pattern.
pub(crate) fn facts(month: &str, number: u32) -> Vec<Fact> {
    (0..number).map(|index| fact(month, index)).collect()
}

fn fact(month: &str, index: u32) -> Fact {
    let district = ["d01", "d02", "d03"][index as usize % 3];
    let zone = ["key", "general"][index as usize / 3 % 2];
    // Knuth's multiplicative hash: the same number every time, and no period that shows.
    let dice = |salt: u32, sides: u32| {
        (index + 1).wrapping_add(salt * 7919).wrapping_mul(2_654_435_761) / 65_536 % sides
    };
    let at = Instant::parse(&format!("{month}-10T08:00:00+08:00")).unwrap();
    let visits = if dice(1, 2) == 0 { [1, 2, 1, 1, 1] } else { [0; 5] };
    Fact {
        case_no: format!("{month}/{index:05}").parse().unwrap(),
        source: if dice(2, 3) == 0 { Source::Hotline12319 } else { Source::Patrol },
        category_scheme: "gbt-30428.2-2013-event".to_owned(),
        category_code: if dice(3, 3) == 0 { "0101" } else { "0110" }.to_owned(),
        area_code: format!("{district}-{zone}"),
        collector: None,
        reported_at: Some(at),
        filed_at: Some(at),
        filing_desk: None,
        unit: (dice(4, 2) == 0).then(|| "b01".parse().unwrap()),
        marks: marks(&dice),
        orders_first: u16::from(dice(5, 4) == 0),
        orders_repeated: u16::try_from(dice(6, 3)).unwrap(),
        orders_weight: u32::from(dice(5, 4) == 0) + 2 * dice(6, 3),
        visits,
        desk: desk(&dice),
        sums: vec![Sum { base: Base::HandlingSeconds, number: 1 + dice(21, 900_000) }],
    }
}

/// What teams of each kind did with a case, and what nobody has touched.
fn desk(dice: &impl Fn(u32, u32) -> u32) -> Vec<DeskCount> {
    const STEPS: [(&str, Base, Base); 5] = [
        ("c01", Base::Reports, Base::ValidReports),
        ("sup1", Base::Received, Base::Decided),
        ("sup1", Base::VerifySentLimited, Base::VerifySentOnTime),
        ("sup1", Base::FilingsDue, Base::FilingsClosedOnTime),
        ("cmd1", Base::DispatchDue, Base::DispatchDone),
    ];
    let one = |team: Option<&str>, base| DeskCount {
        team: team.map(|team| team.parse().unwrap()),
        base,
        times: 1 + u16::from(dice(20, 9) == 0),
    };
    let mut counts = Vec::new();
    for ((team, whole, part), salt) in STEPS.into_iter().zip(30..) {
        match dice(salt, 4) {
            0 => counts.push(one(Some(team), whole)),
            1 if matches!(whole, Base::Received | Base::DispatchDue) => {
                counts.push(one(None, whole));
            }
            _ => counts.extend([one(Some(team), whole), one(Some(team), part)]),
        }
    }
    counts.sort();
    counts
}

/// Some cases are found late only now: they count against what they were counted for.
fn marks(dice: &impl Fn(u32, u32) -> u32) -> Marks {
    let some = |base: Base, salt: u32, sides: u32| (base, dice(salt, sides) == 0);
    let most = |base: Base, salt: u32, sides: u32| (base, dice(salt, sides) != 0);
    let of_a_case_due = [
        (Base::Filed, true),
        (Base::Due, true),
        most(Base::Handled, 10, 6),
        most(Base::OnTime, 11, 5),
        most(Base::Closed, 12, 4),
        most(Base::ClosedOnTime, 13, 3),
        some(Base::Rework, 14, 6),
        some(Base::OverdueOpen, 15, 5),
    ];
    let of_an_older_case = [
        (Base::CarriedStart, true),
        most(Base::CarriedOpen, 16, 5),
        some(Base::UndoOnTime, 17, 2),
        some(Base::UndoClosedOnTime, 17, 2),
    ];
    let chosen = if dice(18, 6) == 0 { &of_an_older_case[..] } else { &of_a_case_due[..] };
    chosen.iter().filter(|(_, is_marked)| *is_marked).map(|(base, _)| *base).collect()
}
