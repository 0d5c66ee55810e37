//! The tally of columns says what the tally of single facts says.

use std::num::NonZeroUsize;

use chengping_casework::{Base, Fact, Marks, Sum};
use chengping_rules::RulePack;
use chengping_scoring::{Attributor, FactTable, Tallies, tally};
use chengping_types::{Family, Month};
use proptest::prelude::*;

use crate::laws::{april, facts, pack, registry};

fn threads(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap()
}

fn table<'a>(facts: impl IntoIterator<Item = &'a Fact>, pack: &RulePack) -> FactTable {
    let mut table = FactTable::new(Attributor::new(pack, &registry(), april()));
    table.extend(facts);
    table
}

/// When a case was filed and reported, in months back from April, and what it counts.
#[derive(Debug, Clone)]
struct Life {
    filed: i32,
    reported: Option<i32>,
    marks: Marks,
    orders_weight: u32,
    visits: [u16; 5],
    sums: Vec<Sum>,
}

impl Life {
    fn of(&self, fact: Fact) -> Fact {
        let start = |back: i32| {
            let month: Month = april().plus(-back);
            month.start(&pack().time_zone)
        };
        Fact {
            filed_at: fact.filed_at.map(|_| start(self.filed)),
            reported_at: self.reported.map(start),
            marks: self.marks,
            orders_weight: self.orders_weight,
            visits: self.visits,
            sums: self.sums.clone(),
            ..fact
        }
    }
}

/// Of each base that `selects`, as often as not.
fn some_of(selects: fn(&Base) -> bool) -> impl Strategy<Value = Vec<Base>> {
    let bases: Vec<_> = Base::ALL.iter().copied().filter(selects).collect();
    let number = bases.len();
    prop::sample::subsequence(bases, 0..=number)
}

/// A count of a field that holds up to `most`: often none, at times all that fits.
fn number<T: Copy + From<u8> + std::fmt::Debug + 'static>(most: T) -> impl Strategy<Value = T> {
    prop_oneof![2 => Just(T::from(0)), 2 => (1..9_u8).prop_map(T::from), 1 => Just(most)]
}

fn lives() -> impl Strategy<Value = Life> {
    let sums = some_of(|base| base.is_sum()).prop_flat_map(|bases| {
        let numbers = prop::collection::vec(1..=u32::MAX, bases.len());
        numbers.prop_map(move |numbers| {
            let sums = bases.iter().zip(numbers);
            sums.map(|(base, number)| Sum { base: *base, number }).collect()
        })
    });
    let marks = some_of(|base| !base.is_multiple()).prop_map(Marks::from_iter);
    let months = (0..5, prop::option::of(0..5));
    let counts = (number(u32::MAX), prop::array::uniform5(number(u16::MAX)));
    (months, marks, counts, sums).prop_map(
        |((filed, reported), marks, (orders_weight, visits), sums)| Life {
            filed,
            reported,
            marks,
            orders_weight,
            visits,
            sums,
        },
    )
}

/// Facts with all that a fact can count, each filed and reported in months of its own choice.
pub(crate) fn facts_of_months() -> impl Strategy<Value = Vec<Fact>> {
    (facts(), prop::collection::vec(lives(), 12)).prop_map(|(facts, lives)| {
        facts.into_iter().zip(&lives).map(|(fact, life)| life.of(fact)).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn columns_count_what_single_facts_count(all in facts_of_months(), number in 1_usize..9) {
        let expected = tally(&all, &Attributor::new(pack(), &registry(), april()));
        prop_assert_eq!(&table(&all, pack()).tally(threads(number)), &expected);
        prop_assert_eq!(&table(all.iter().rev(), pack()).tally(threads(number)), &expected);
    }

    #[test]
    fn a_pack_without_posts_or_zones_counts_alike(all in facts_of_months(), zoned in any::<bool>()) {
        let mut pack = pack().clone();
        pack.families.remove(&Family::Post);
        pack.groups.retain(|group| group.kinds.iter().all(|kind| kind.family() != Family::Post));
        if !zoned {
            pack.families.get_mut(&Family::Area).unwrap().zones = None;
        }
        let expected = tally(&all, &Attributor::new(&pack, &registry(), april()));
        prop_assert_eq!(table(&all, &pack).tally(threads(2)), expected);
    }

    #[test]
    fn tables_of_parts_merge_to_the_table_of_all(
        all in facts_of_months(), cut in 0..12_usize, number in 1_usize..4,
    ) {
        let (one, other) = all.split_at(cut.min(all.len()));
        let mut merged = table(one, pack()).tally(threads(number));
        merged.merge(&table(other, pack()).tally(threads(number)));
        prop_assert_eq!(&merged, &table(&all, pack()).tally(threads(1)));

        let mut cleared = table(one, pack());
        let mut merged = cleared.tally(threads(number));
        cleared.clear();
        prop_assert!(cleared.is_empty());
        cleared.extend(other);
        merged.merge(&cleared.tally(threads(number)));
        prop_assert_eq!(&merged, &table(&all, pack()).tally(threads(1)));
    }
}

proptest! {
    #[test]
    fn facts_that_come_and_go_leave_what_counting_from_scratch_gives(
        all in facts_of_months(), steps in prop::collection::vec(0..12_usize, 0..40),
    ) {
        let attributor = Attributor::new(pack(), &registry(), april());
        let (mut there, mut tallies) = (vec![false; all.len()], Tallies::default());
        for index in steps.into_iter().filter(|index| *index < all.len()) {
            let fact = &all[index];
            let alone = table([fact], pack()).tally(threads(1));
            if there[index] {
                tallies.subtract(&alone).unwrap();
            } else {
                tallies.merge(&alone);
            }
            there[index] = !there[index];
            let present = || all.iter().zip(&there).filter(|(_, there)| **there);
            let scratch = tally(present().map(|(fact, _)| fact), &attributor);
            prop_assert_eq!(&tallies, &scratch);
        }
        let before = tallies.clone();
        let mut more = tallies.clone();
        all.iter().for_each(|fact| more.merge(&table([fact], pack()).tally(threads(1))));
        if more != tallies {
            prop_assert!(tallies.subtract(&more).is_err(), "more than there is");
            prop_assert_eq!(&tallies, &before);
        }
        tallies.subtract(&before).unwrap();
        prop_assert_eq!(tallies, Tallies::default());
    }
}

/// More facts of one cell than a byte counts, with every mark.
#[test]
fn a_cell_counts_as_far_as_there_are_facts() {
    let marks: Marks = Base::ALL.iter().copied().filter(|base| !base.is_multiple()).collect();
    let sums = Base::ALL.iter().copied().filter(|base| base.is_sum());
    let fact = Fact {
        case_no: "c".parse().unwrap(),
        source: chengping_casework::Source::Patrol,
        category_scheme: String::new(),
        category_code: String::new(),
        area_code: "a0".to_owned(),
        collector: None,
        reported_at: None,
        filed_at: Some(april().start(&pack().time_zone)),
        filing_desk: None,
        unit: Some("b1".parse().unwrap()),
        marks,
        orders_first: u16::MAX,
        orders_repeated: 1,
        orders_weight: u32::MAX,
        visits: [u16::MAX, 0, 0, 0, 3],
        desk: Vec::new(),
        sums: sums.map(|base| Sum { base, number: u32::MAX }).collect(),
    };
    let attributor = Attributor::new(pack(), &registry(), april());
    for number in [254, 255, 256, 257, 1000] {
        let all: Vec<_> = std::iter::repeat_n(fact.clone(), number).collect();
        let expected = tally(&all, &attributor);
        let total = expected.total.values().next().unwrap();
        for base in Base::ALL.iter().filter(|base| !base.is_of_posts()) {
            assert_eq!(total.get(*base), u64::from(fact.count(*base)) * number as u64, "{base}");
        }
        for of in [1, 2, 3] {
            assert_eq!(table(&all, pack()).tally(threads(of)), expected);
        }
    }
}

#[test]
fn no_fact_is_no_count() {
    let empty = table(&[], pack());
    assert!(empty.is_empty());
    assert_eq!(empty.tally(threads(4)), Tallies::default());
}
