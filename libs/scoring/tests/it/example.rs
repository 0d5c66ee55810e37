//! The worked example of the method (c.8): a district with two zones, computed by hand there.

use chengping_rules::{RulePack, builtin};
use chengping_scoring::{ENGINE, Evaluation, Input, PackRevision, Part, Snapshot, Tallies, score};
use chengping_types::registry::{Body, Coefficient};
use chengping_types::{BodyId, BodyKind, Digest, Month, Stream, Zone};

use crate::lab::counts;

const DISTRICT: &str = "district";

fn body(id: &str) -> Body {
    Body {
        body_id: id.parse().unwrap(),
        kind: BodyKind::District,
        name: id.to_owned(),
        parent: None,
        valid_from: "2016-01".parse().unwrap(),
        valid_to: None,
    }
}

fn coefficient(id: &str, zone: Zone, road_sections: u32, difficulty: &str) -> Coefficient {
    Coefficient {
        body_id: id.parse().unwrap(),
        zone,
        road_sections,
        difficulty: difficulty.parse().unwrap(),
        valid_from: "2018-01".parse().unwrap(),
        approved_by: "评价办公室".to_owned(),
        reason: "定期核定".to_owned(),
        area_km2: None,
        population: None,
        grid_class: None,
    }
}

fn put(tallies: &mut Tallies, id: &str, stream: Stream, part: Part, names: &str) {
    let id: BodyId = id.parse().unwrap();
    tallies.cell_mut(&id, stream, part).merge(&counts(names));
    tallies.total.entry(stream).or_default().merge(&counts(names));
}

/// The district itself; two others whose densities make its group's medians 9.0 and 5.0 for
/// regular cases and 1.6 and 0.8 for long-term ones.
fn month() -> Tallies {
    let mut all = Tallies::default();
    let (key, general) = (Part::Key, Part::General);
    let regular = [
        (
            key,
            "filed=1500 due=1400 handled=1372 closed=1372 on_time=1330 closed_on_time=1330 \
               rework=14 overdue_open=28 carried_start=12 carried_open=4 carried_closed=8 \
               orders_first=3 orders_repeated=1",
        ),
        (
            general,
            "filed=900 due=880 handled=836 closed=836 on_time=792 closed_on_time=792 \
                   rework=11 overdue_open=44 carried_start=20 carried_open=6",
        ),
    ];
    for (part, names) in regular {
        put(&mut all, DISTRICT, Stream::Regular, part, names);
    }
    put(&mut all, DISTRICT, Stream::LongTerm, key, "filed=300");
    put(&mut all, DISTRICT, Stream::LongTerm, general, "filed=120");
    put(
        &mut all,
        DISTRICT,
        Stream::Public,
        key,
        "due=100 handled=97 visit_very_satisfied=10 \
         visit_satisfied=5 visit_neutral=3 visit_dissatisfied=2",
    );
    put(&mut all, DISTRICT, Stream::Public, general, "due=40 handled=40 visit_satisfied=3");
    for (other, [r_key, r_general, l_key, l_general]) in [
        ("median", ["filed=90", "filed=50", "filed=16", "filed=8"]),
        ("edge", ["filed=80", "filed=60", "filed=10", "filed=10"]),
    ] {
        put(&mut all, other, Stream::Regular, key, r_key);
        put(&mut all, other, Stream::Regular, general, r_general);
        put(&mut all, other, Stream::LongTerm, key, l_key);
        put(&mut all, other, Stream::LongTerm, general, l_general);
    }
    all
}

fn evaluation() -> Evaluation {
    let mut before = Tallies::default();
    put(&mut before, DISTRICT, Stream::LongTerm, Part::Key, "filed=250");
    put(&mut before, DISTRICT, Stream::LongTerm, Part::General, "filed=150");
    let pack = RulePack::parse(builtin("zz-2018").unwrap()).unwrap();
    let month: Month = "2018-04".parse().unwrap();
    let as_of = month.freeze(pack.freeze.day, &pack.time_zone);
    let others = ["median", "edge"].into_iter().flat_map(|id| {
        [coefficient(id, Zone::Key, 10, "1"), coefficient(id, Zone::General, 10, "1")]
    });
    let own = [
        coefficient(DISTRICT, Zone::Key, 120, "1.20"),
        coefficient(DISTRICT, Zone::General, 200, "1.00"),
    ];
    score(&Input {
        jurisdiction: "example".parse().unwrap(),
        month,
        as_of,
        decided: as_of,
        engine: ENGINE.to_owned(),
        rule_pack: PackRevision::new(1, pack),
        snapshot: Snapshot { watermark: 0, digest: Digest::of(b"") },
        bodies: [DISTRICT, "median", "edge"].map(body).to_vec(),
        coefficients: own.into_iter().chain(others).collect(),
        tallies: self::month(),
        earlier: [(month.previous(), before)].into(),
    })
}

#[test]
fn the_district_of_the_method_scores_85_81() {
    let evaluation = evaluation();
    let card = evaluation.scorecard(&DISTRICT.parse().unwrap()).unwrap();
    let deduction = |index: usize| card.streams[index].deduction.to_decimal(4);
    assert_eq!([0, 1, 2, 3].map(deduction), ["6.7210", "4.0000", "0.9720", "2.5000"]);
    let score = card.score.as_ref().unwrap();
    assert_eq!(score.exact.to_decimal(4), "85.8070");
    assert_eq!(score.printed(), "85.81");
    assert_eq!(card.grade.as_deref(), Some("B"));
}

#[test]
fn every_item_of_the_example_is_that_of_the_method() {
    let evaluation = evaluation();
    let card = evaluation.scorecard(&DISTRICT.parse().unwrap()).unwrap();
    let parts = |id: &str| {
        let (_, item) = card.items().find(|(_, item)| item.id == id).unwrap();
        let deduction = |part: &chengping_scoring::PartResult| {
            part.applied.as_ref().map(|applied| applied.deduction.to_decimal(4))
        };
        item.parts.iter().map(|part| deduction(part).unwrap_or_default()).collect::<Vec<_>>()
    };
    assert_eq!(parts("N1"), ["1.5000", "3.0000"]);
    assert_eq!(parts("N2"), ["0.3000", "0.7500"]);
    assert_eq!(parts("N3"), ["1.0000", "1.2500"]);
    assert_eq!(parts("N4"), ["1.1331", "2.7778"]);
    assert_eq!(parts("N5"), ["1.2500", "1.2500"]);
    assert_eq!(parts("L1"), ["4.0000", "1.0000"]);
    assert_eq!(parts("L2"), ["2.0000", "0.0000"]);
    assert_eq!(parts("P1"), ["0.2700", "0.0000"]);
    assert_eq!(parts("P2"), ["1.3500", ""], "three visits are too few in the general zone");
    assert_eq!(parts("S1"), ["2.5000"]);
}
