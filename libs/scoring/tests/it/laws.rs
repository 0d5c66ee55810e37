//! What holds for every input, whatever the counts.

use std::sync::OnceLock;

use chengping_casework::{Base, DeskCount, Fact, Marks, Source, Sum};
use chengping_rules::{Counted, RulePack, builtin, builtin_names};
use chengping_scoring::{
    Attributor, Cell, Counts, ENGINE, Input, PackRevision, Part, Snapshot, Tallies, counted_cases,
    pooled_cases, score, tally,
};
use chengping_types::registry::{Area, AreaKind, Body, Coefficient, Registry};
use chengping_types::{BodyKind, Digest, Exact, Family, Month, Stream, Zone};
use proptest::prelude::*;

use crate::lab::Lab;

const BODIES: [(&str, BodyKind); 8] = [
    ("d1", BodyKind::District),
    ("d2", BodyKind::District),
    ("d3", BodyKind::District),
    ("s1", BodyKind::Subdistrict),
    ("b1", BodyKind::Bureau),
    ("b2", BodyKind::Bureau),
    ("team", BodyKind::Collector),
    ("desk", BodyKind::SupervisionDesk),
];

pub(crate) fn april() -> Month {
    "2018-04".parse().unwrap()
}

pub(crate) fn pack() -> &'static RulePack {
    static PACK: OnceLock<RulePack> = OnceLock::new();
    PACK.get_or_init(|| RulePack::parse(builtin("zz-2018").unwrap()).unwrap())
}

pub(crate) fn registry() -> Registry {
    let first: Month = "2018-01".parse().unwrap();
    let body = |(id, kind): (&str, BodyKind)| Body {
        body_id: id.parse().unwrap(),
        kind,
        name: id.to_owned(),
        parent: None,
        valid_from: first,
        valid_to: None,
        assessment_code: None,
    };
    let area = |(index, zone): (usize, Zone)| Area {
        area_code: format!("a{index}"),
        kind: AreaKind::RoadSection,
        name: String::new(),
        district: Some(format!("d{}", index % 3 + 1).parse().unwrap()),
        subdistrict: (index % 3 == 0).then(|| "s1".parse().unwrap()),
        window: None,
        zone,
        valid_from: first,
        valid_to: None,
    };
    let coefficient = |(id, zone): (&str, Zone)| Coefficient {
        body_id: id.parse().unwrap(),
        zone,
        road_sections: 10,
        difficulty: Exact::ONE,
        valid_from: first,
        approved_by: String::new(),
        reason: String::new(),
        area_km2: None,
        population: None,
        grid_class: None,
    };
    let zones = [Zone::Key, Zone::General];
    let sized = ["d1", "d2", "d3", "s1"];
    Registry {
        bodies: BODIES.map(body).to_vec(),
        areas: (0..6).map(|index| area((index, zones[index / 3]))).collect(),
        coefficients: sized
            .into_iter()
            .flat_map(|id| zones.map(|zone| coefficient((id, zone))))
            .collect(),
        long_term: Vec::new(),
    }
}

pub(crate) fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let fact =
        (0..8_usize, 0..4_usize, any::<bool>(), any::<u32>(), 0..3_u16, 0..3_u16, "010[1-9]");
    let fact = fact.prop_map(|(area, unit, filed, marks, first, answered, category_code)| Fact {
        case_no: "c".parse().unwrap(),
        source: if marks & 1 == 0 { Source::Patrol } else { Source::Wechat },
        category_scheme: "gbt-30428.2-2013-event".to_owned(),
        category_code,
        area_code: format!("a{area}"),
        collector: None,
        reported_at: Some(april().start(&pack().time_zone)),
        filed_at: filed.then(|| april().start(&pack().time_zone)),
        filing_desk: None,
        unit: (unit > 0).then(|| format!("b{unit}").parse().unwrap()),
        marks: single_marks()
            .filter(|base| marks.rotate_right(base.code().into()) & 1 == 1)
            .collect::<Marks>(),
        orders_first: first,
        orders_repeated: first / 2,
        orders_weight: u32::from(first) + 2 * u32::from(first / 2),
        visits: [answered, 0, 1, answered, 2],
        desk: desk_counts(marks),
        sums: vec![Sum { base: Base::HandlingSeconds, number: marks }; usize::from(filed)],
    });
    prop::collection::vec(fact, 0..12)
}

/// What two teams of posts and nobody count, by the bits of a number.
fn desk_counts(bits: u32) -> Vec<DeskCount> {
    let of_posts = Base::ALL.iter().copied().filter(|base| base.is_of_posts());
    let teams = [None, Some("team"), Some("desk"), Some("d1")];
    let counts = of_posts.zip(0_u32..).filter(|(_, place)| bits.rotate_left(*place) & 3 == 3);
    let counts = counts.map(|(base, place)| DeskCount {
        team: teams[(bits.rotate_right(place) & 3) as usize].map(|team| team.parse().unwrap()),
        base,
        times: u16::try_from(place % 3 + 1).unwrap(),
    });
    counts.collect()
}

fn single_marks() -> impl Iterator<Item = Base> {
    Base::ALL.iter().copied().filter(|base| !base.is_multiple())
}

/// Counts as a case life can give them: what is on time was handled, what was handled was due.
fn counts() -> impl Strategy<Value = Counts> {
    let late = (0..9_u64, 0..9_u64, 0..9_u64, 0..9_u64, 0..5_u64);
    (late, 0..4_u64, 0..4_u64, prop::array::uniform4(0..4_u64)).prop_map(
        |((on_time, late, overdue, filed, closed), carried, orders, visits)| {
            let handled = on_time + late;
            let due = handled + overdue;
            [
                (Base::Filed, filed),
                (Base::Due, due),
                (Base::Handled, handled),
                (Base::OnTime, on_time),
                (Base::OverdueOpen, overdue),
                (Base::Closed, closed.min(handled)),
                (Base::ClosedOnTime, closed.min(on_time)),
                (Base::Rework, late.min(2)),
                (Base::UndoOnTime, closed / 4),
                (Base::CarriedStart, carried),
                (Base::CarriedOpen, carried / 2),
                (Base::OrdersFirst, orders),
                (Base::OrdersRepeated, orders / 2),
                (Base::OrdersGeometric, orders + 2 * (orders / 2)),
                (Base::VisitVerySatisfied, visits[0]),
                (Base::VisitSatisfied, visits[1]),
                (Base::VisitNeutral, visits[2]),
                (Base::VisitDissatisfied, visits[3]),
            ]
            .into_iter()
            .collect()
        },
    )
}

/// Counts of a post team: of each rate a part and the whole, and a volume.
fn of_posts(counts: &Counts) -> Counts {
    let (whole, part) = (counts.get(Base::Due), counts.get(Base::OnTime));
    let rates = [
        (Base::ValidReports, Base::Reports),
        (Base::MissedReports, Base::MissedBasis),
        (Base::Decided, Base::Received),
        (Base::VerifySentOnTime, Base::VerifySentLimited),
        (Base::FilingsOnTime, Base::FilingsLimited),
        (Base::AccurateFilings, Base::Filings),
        (Base::DispatchDone, Base::DispatchDue),
    ];
    let rates = rates.into_iter().flat_map(|(num, den)| [(num, part), (den, whole)]);
    rates.chain([(Base::Accepted, whole * 90), (Base::Dispatched, whole * 90)]).collect()
}

pub(crate) fn cells() -> impl Strategy<Value = Tallies> {
    let cell = (0..BODIES.len(), 0..Stream::ALL.len(), any::<bool>(), counts());
    prop::collection::vec(cell, 0..16).prop_map(|cells| {
        let mut tallies = Tallies::default();
        for (body, stream, key, counts) in cells {
            let (id, kind) = BODIES[body];
            if kind.family() == Family::Post {
                let counts = of_posts(&counts);
                let stream = Stream::ALL[stream];
                tallies.cell_mut(&id.parse().unwrap(), stream, Part::All).merge(&counts);
                tallies.pool.entry(stream).or_default().merge(&counts);
                continue;
            }
            let part = match (kind, key) {
                (BodyKind::Bureau, _) => Part::All,
                (_, true) => Part::Key,
                (_, false) => Part::General,
            };
            tallies.cell_mut(&id.parse().unwrap(), Stream::ALL[stream], part).merge(&counts);
            tallies.total.entry(Stream::ALL[stream]).or_default().merge(&counts);
        }
        tallies
    })
}

/// Number of [`packs`].
pub(crate) const PACK_COUNT: usize = 6;

/// Every built-in pack, and one that uses every primitive.
pub(crate) fn packs() -> &'static [RulePack] {
    static PACKS: OnceLock<Vec<RulePack>> = OnceLock::new();
    PACKS.get_or_init(|| {
        let built_in = builtin_names().map(|name| RulePack::parse(builtin(name).unwrap()).unwrap());
        let packs: Vec<_> = built_in.chain([everything().pack()]).collect();
        assert_eq!(packs.len(), PACK_COUNT);
        packs
    })
}

/// Formulas that name each other, sizes that divide, conditions, bonuses: all of it at once.
fn everything() -> Lab {
    Lab::new()
        .zoned()
        .family(
            "differentiation: {mode: divide_deduction, clause: \"5.2.6\", provenance: assumption}",
        )
        .stream(
            "one",
            "counts: all, cap: 60",
            &[
                ("A", "per_case: {count: rework, points: 1, cap: 10}, limit: 20 - item.B"),
                ("B", "linear: {rate: closed_on_time / due, weight: 20}"),
                ("C", "linear: {rate: overdue_open / due, bad: true, weight: 20}"),
                ("D", "per_point: {rate: handled / due, below: 90, points: 1, cap: 10}"),
                ("E", "flat_if: {condition: item.B + item.D > 12.5, points: 3}"),
                ("F", "bonus: {value: 100 * on_time / due - 95, points: \"0.5\", cap: 2}"),
            ],
        )
        .stream(
            "two",
            "counts: regular, cap: 30",
            &[
                ("G", "band: {count: filed, bands: rising, weight: 5}"),
                (
                    "H",
                    "band_relative: {count: filed, by_size: true, against: group_median, \
                     bands: relative, weight: 5}",
                ),
                ("I", "mom_increase: {count: filed, per_day: true, points: 1, cap: 5}"),
                (
                    "J",
                    "per_case_repeat: {first: 1, factor: 2, mode: geometric, cap: 9}, \
                     limit: \"max(2, item.G)\"",
                ),
            ],
        )
}

pub(crate) fn input(pack: &RulePack, tallies: Tallies, before: Tallies) -> Input {
    let as_of = april().freeze(pack.freeze.day, &pack.time_zone);
    let Registry { bodies, coefficients, .. } = registry();
    Input {
        jurisdiction: "laws".parse().unwrap(),
        month: april(),
        as_of,
        decided: as_of,
        engine: ENGINE.to_owned(),
        rule_pack: PackRevision::new(1, pack.clone()),
        snapshot: Snapshot { watermark: 0, digest: Digest::of(b"") },
        bodies,
        former_periods: Vec::new(),
        coefficients,
        tallies,
        earlier: [(april().previous(), before)].into(),
    }
}

/// Whether a stream has in a cell settlement corrections or a rework, which belong to cases due
/// earlier, and nothing due itself.
pub(crate) fn has_only_late_finds(tallies: &Tallies, cell: Cell<'_>) -> bool {
    [Counted::Regular, Counted::LongTerm, Counted::Public].into_iter().any(|counts| {
        let sum = tallies.sum(Cell { counts, ..cell });
        let found = [Base::UndoOnTime, Base::UndoClosedOnTime, Base::Rework];
        found.into_iter().any(|base| sum.get(base) > 0) && sum.get(Base::Due) == 0
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn tallies_of_parts_merge_to_the_tally_of_all_in_any_order(
        all in facts(), cut in 0..12_usize,
    ) {
        let attributor = Attributor::new(pack(), &registry(), april());
        let (one, other) = all.split_at(cut.min(all.len()));
        let mut merged = tally(other, &attributor);
        merged.merge(&tally(one, &attributor));
        prop_assert_eq!(&merged, &tally(&all, &attributor));
        prop_assert_eq!(&merged, &tally(all.iter().rev(), &attributor));
        let json = serde_json::to_string(&merged).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Tallies>(&json).unwrap(), &merged);
    }

    #[test]
    fn a_count_is_always_that_of_its_cases(all in facts()) {
        let attributor = Attributor::new(pack(), &registry(), april());
        let tallies = tally(&all, &attributor);
        for (id, _) in BODIES {
            let cell = Cell { body: &id.parse().unwrap(), counts: Counted::All, part: Part::All };
            for base in Base::ALL {
                let cases = counted_cases(&all, &attributor, cell, *base);
                let times: u64 = cases.iter().map(|case| u64::from(case.times)).sum();
                prop_assert_eq!(times, tallies.sum(cell).get(*base));
            }
        }
        for (counted, base) in Counted::ALL.iter().zip(Base::ALL.iter().cycle().skip(40)) {
            let cases = pooled_cases(&all, &attributor, *counted, *base);
            let times: u64 = cases.iter().map(|case| u64::from(case.times)).sum();
            prop_assert_eq!(times, tallies.sum_of_pool(*counted).get(*base));
        }
    }

    #[test]
    fn the_pool_is_all_that_the_teams_have_and_what_nobody_has(all in facts()) {
        let attributor = Attributor::new(pack(), &registry(), april());
        let tallies = tally(&all, &attributor);
        for base in Base::ALL.iter().filter(|base| base.is_of_posts()) {
            let of_bodies = BODIES.iter().map(|(id, _)| {
                let all = (Counted::All, Part::All);
                tallies.sum(Cell { body: &id.parse().unwrap(), counts: all.0, part: all.1 }).get(*base)
            });
            let of_nobody = all.iter().flat_map(|fact| {
                attributor.attribute(fact).desk.into_iter()
            });
            let of_nobody = of_nobody.filter(|count| count.team.is_none() && count.base == *base);
            let sum = of_bodies.sum::<u64>() + of_nobody.map(|count| u64::from(count.times)).sum::<u64>();
            prop_assert_eq!(sum, tallies.sum_of_pool(Counted::All).get(*base));
        }
    }

    #[test]
    fn scores_lie_between_floor_and_base_and_no_stream_goes_beyond_its_cap(
        now in cells(), before in cells(), pack in 0..PACK_COUNT,
    ) {
        let pack = &packs()[pack];
        let evaluation = score(&input(pack, now.clone(), before.clone()));
        for card in &evaluation.scorecards {
            for stream in &card.streams {
                prop_assert!(stream.deduction <= stream.cap);
            }
            if let Some(score) = &card.score {
                prop_assert!(score.exact >= pack.scoring.floor.value);
                prop_assert!(score.exact <= pack.scoring.base.value);
            }
        }
    }

    #[test]
    fn no_part_of_an_item_deducts_less_than_nothing_or_more_than_its_doubled_points(
        now in cells(), before in cells(), pack in 0..PACK_COUNT,
    ) {
        let pack = &packs()[pack];
        let evaluation = score(&input(pack, now.clone(), before.clone()));
        for card in &evaluation.scorecards {
            let streams = pack.families[&card.kind.family()].streams_of(card.kind);
            let rules = streams.flat_map(|stream| &stream.items);
            for (rule, (_, result)) in rules.zip(card.items()) {
                let most = &rule.rule.points().value * Exact::integer(2);
                for applied in result.parts.iter().filter_map(|part| part.applied.as_ref()) {
                    let bonus = rule.rule.is_bonus();
                    prop_assert!(applied.deduction.is_negative() <= bonus, "{}", rule.id);
                    prop_assert!(applied.deduction.abs() <= most, "{}", rule.id);
                }
            }
        }
    }

    #[test]
    fn the_order_of_streams_and_items_does_not_matter(now in cells(), before in cells(), pack in 0..PACK_COUNT) {
        let pack = &packs()[pack];
        let mut turned = pack.clone();
        for family in turned.families.values_mut() {
            family.streams.reverse();
            family.streams.iter_mut().for_each(|stream| stream.items.reverse());
        }
        let scores = |pack: &RulePack| {
            let cards = score(&input(pack, now.clone(), before.clone())).scorecards;
            cards.into_iter().map(|card| (card.score, card.rank)).collect::<Vec<_>>()
        };
        prop_assert_eq!(scores(pack), scores(&turned));
    }

    #[test]
    fn the_same_input_gives_the_same_bytes(now in cells(), before in cells(), pack in 0..PACK_COUNT) {
        let pack = &packs()[pack];
        let input = input(pack, now.clone(), before.clone());
        let kept: Input = serde_json::from_slice(&input.canonical()).unwrap();
        prop_assert_eq!(score(&input).results_document(), score(&kept).results_document());
    }

    #[test]
    fn what_only_describes_moves_no_score_and_is_no_data(
        now in cells(), before in cells(), numbers in prop::collection::vec(0..99_u64, 1..9),
    ) {
        let described = Base::ALL.iter().copied().filter(|base| base.is_description());
        let counts: Counts = described.zip(numbers.into_iter().cycle()).collect();
        let describe = |tallies: &Tallies| {
            let mut tallies = tallies.clone();
            for (id, kind) in BODIES {
                let part = if kind == BodyKind::District { Part::Key } else { Part::All };
                for stream in Stream::ALL {
                    tallies.cell_mut(&id.parse().unwrap(), *stream, part).merge(&counts);
                    tallies.total.entry(*stream).or_default().merge(&counts);
                }
            }
            tallies
        };
        let described = score(&input(pack(), describe(&now), describe(&before)));
        prop_assert_eq!(described.results_document(), score(&input(pack(), now, before)).results_document());
    }

    #[test]
    fn one_more_case_on_time_never_costs_points(
        now in cells(), before in cells(), body in 0..BODIES.len(), stream in 0..Stream::ALL.len(),
        pack in 0..PACK_COUNT,
    ) {
        let (id, kind) = BODIES[body];
        let id = id.parse().unwrap();
        let part = if kind == BodyKind::Bureau { Part::All } else { Part::Key };
        let mut more = now.clone();
        let case = [Base::Due, Base::Handled, Base::OnTime, Base::Closed, Base::ClosedOnTime];
        let case = case.into_iter().map(|base| (base, 1)).collect();
        more.cell_mut(&id, Stream::ALL[stream], part).merge(&case);
        // What was found late and had nothing due to be judged by bites then (decisions.md 144).
        let counted = Cell { body: &id, counts: Counted::All, part };
        prop_assume!(!has_only_late_finds(&now, counted));
        let pack = &packs()[pack];
        let of = |tallies: &Tallies| {
            let evaluation = score(&input(pack, tallies.clone(), before.clone()));
            Some(evaluation.scorecard(&id)?.score.as_ref()?.exact.clone())
        };
        if let Some(without) = of(&now) {
            prop_assert!(of(&more).unwrap() >= without, "{}", pack.pack);
        }
    }
}
