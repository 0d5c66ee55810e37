//! Months of synthetic counts, scored by the shipped rules: documents as evaluations keep them.

use std::collections::BTreeMap;

use chengping_casework::Base;
use chengping_rules::{RulePack, builtin};
use chengping_scoring::{ENGINE, Input, PackRevision, Part, Snapshot, Tallies, score};
use chengping_types::registry::{Body, Coefficient};
use chengping_types::{BodyKind, Digest, Exact, Instant, Month, Stream, Zone};

/// The documents of an evaluation.
pub(crate) struct Documents {
    pub(crate) results: Vec<u8>,
    pub(crate) input: Vec<u8>,
}

/// What a body of a month is called and how it did.
#[derive(Clone)]
pub(crate) struct Unit {
    pub(crate) kind: BodyKind,
    pub(crate) name: String,
    /// How many of a hundred cases were late; without any there is no data.
    pub(crate) late: Option<u64>,
}

/// Names as an official list has them.
const NAMES: [&str; 8] =
    ["中原", "二七", "管城回族", "金水", "上街", "惠济", "郑东新", "航空港经济综合实验"];

/// Bodies of all kinds but posts, each with its own number of late cases; all names differ.
pub(crate) fn units(count: u64) -> Vec<Unit> {
    use BodyKind::{Bureau, District, Specialised, Subdistrict, Window};
    let kinds = [Subdistrict, District, Bureau, Window, Specialised];
    let unit = |number: u64| {
        let kind = if number.is_multiple_of(4) {
            kinds[1 + (number / 4 % 4) as usize]
        } else {
            Subdistrict
        };
        let name = NAMES[(number % 8) as usize];
        Unit { kind, name: format!("{name}第{number}单位"), late: Some(number * 7919 % 83) }
    };
    (0..count).map(unit).collect()
}

/// The documents of a month in which the bodies did so. Body number `n` is `b000n`.
pub(crate) fn documents(month: &str, units: &[Unit]) -> Documents {
    let input = input(month, units);
    Documents { results: score(&input).results_document(), input: input.canonical() }
}

fn input(month: &str, units: &[Unit]) -> Input {
    let month: Month = month.parse().unwrap();
    let pack = RulePack::parse(builtin("zz-2018").unwrap()).unwrap();
    let view = Instant::parse(&format!("{}-04T00:00:00+08:00", month.next())).unwrap();
    let mut tallies = Tallies::default();
    let (mut bodies, mut coefficients) = (Vec::new(), Vec::new());
    for (number, unit) in units.iter().enumerate() {
        let body_id: chengping_types::BodyId = format!("b{number:04}").parse().unwrap();
        let of_body = counted(unit);
        if !of_body.is_empty() {
            tallies.bodies.insert(body_id.clone(), of_body);
        }
        for zone in [Zone::Key, Zone::General] {
            coefficients.push(Coefficient {
                body_id: body_id.clone(),
                zone,
                road_sections: 10,
                difficulty: Exact::ONE,
                valid_from: month,
                approved_by: "评价办".to_owned(),
                reason: "测试".to_owned(),
                area_km2: None,
                population: None,
                grid_class: None,
            });
        }
        bodies.push(Body {
            body_id,
            kind: unit.kind,
            name: unit.name.clone(),
            parent: None,
            valid_from: month,
            valid_to: None,
            assessment_code: Some(format!("4101{number:02}")),
        });
    }
    Input {
        jurisdiction: "zz".parse().unwrap(),
        month,
        as_of: view,
        decided: view,
        engine: ENGINE.to_owned(),
        rule_pack: PackRevision::new(3, pack),
        snapshot: Snapshot { watermark: 1, digest: Digest::of(b"snapshot") },
        bodies,
        former_periods: Vec::new(),
        coefficients,
        tallies,
        earlier: BTreeMap::new(),
    }
}

type OfBody = BTreeMap<Stream, BTreeMap<Part, chengping_scoring::Counts>>;

fn counted(unit: &Unit) -> OfBody {
    let mut of_body = OfBody::new();
    let Some(late) = unit.late else { return of_body };
    for stream in [Stream::Regular, Stream::Public, Stream::LongTerm] {
        for part in [Part::Key, Part::General] {
            let counts = of_body.entry(stream).or_default().entry(part).or_default();
            for (base, count) in [
                (Base::Filed, 100),
                (Base::Assigned, 100),
                (Base::Due, 100),
                (Base::Handled, 100 - late / 3),
                (Base::OnTime, 100 - late),
                (Base::Closed, 100 - late / 3),
                (Base::ClosedOnTime, 100 - late),
                (Base::OverdueOpen, late / 3),
                (Base::Rework, late / 7),
                (Base::CarriedStart, late / 9),
                (Base::CarriedOpen, late / 11),
                (Base::SuspendedNow, late / 20),
                (Base::OrdersFirst, late / 40),
            ] {
                counts.add(base, count);
            }
        }
    }
    of_body
}
