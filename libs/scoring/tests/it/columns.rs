//! Columns are the facts that they were made of, and count what these count; others are refused.

use std::num::NonZeroUsize;

use chengping_casework::columns::{FactColumns, Form};
use chengping_casework::{Base, DeskCount, Fact, Sum};
use chengping_scoring::{Attributor, FactTable, tally};
use chengping_types::BodyId;
use proptest::prelude::*;

use crate::laws::{april, pack, registry};
use crate::table::facts_of_months;

fn table() -> FactTable {
    FactTable::new(Attributor::new(pack(), &registry(), april()))
}

/// All ways to tell facts.
fn forms() -> impl Strategy<Value = Form> {
    any::<(bool, bool)>()
        .prop_map(|(without_case_nos, with_desk_lists)| Form { without_case_nos, with_desk_lists })
}

proptest! {
    #[test]
    fn columns_are_the_facts_that_they_were_made_of(facts in facts_of_months(), form in forms()) {
        let columns = FactColumns::of(&facts, form);
        prop_assert_eq!(columns.case_nos.is_empty(), form.without_case_nos || facts.is_empty());
        let case_nos = facts.iter().map(|fact| fact.case_no.to_string()).collect();
        let named = FactColumns { case_nos, ..columns };
        prop_assert_eq!(&named.facts().unwrap(), &facts);
    }

    #[test]
    fn columns_count_what_their_facts_count(
        facts in facts_of_months(),
        cut in 0..12_usize,
        form in forms(),
    ) {
        let expected = tally(&facts, &Attributor::new(pack(), &registry(), april()));
        let (one, other) = facts.split_at(cut.min(facts.len()));
        let mut table = table();
        table.extend_columns(&FactColumns::of(one, Form::default())).unwrap();
        table.extend_columns(&FactColumns::of(other, form)).unwrap();
        prop_assert_eq!(table.len(), facts.len());
        prop_assert_eq!(&table.tally(NonZeroUsize::MIN), &expected);
        // Single facts and columns can be mixed.
        table.clear();
        table.extend(one);
        table.extend_columns(&FactColumns::of(other, form)).unwrap();
        prop_assert_eq!(&table.tally(NonZeroUsize::MIN), &expected);
    }
}

/// Two cases; the second has two counts of posts.
fn two() -> FactColumns {
    FactColumns {
        dictionary: vec![String::new(), "sup1".to_owned()],
        case_nos: vec!["A".to_owned(), "B".to_owned()],
        sources: vec![1; 2],
        category_schemes: vec![0; 2],
        category_codes: vec![0; 2],
        area_codes: vec![0; 2],
        collectors: vec![0; 2],
        units: vec![0; 2],
        filing_desks: vec![0; 2],
        report_times: vec![i64::MIN; 2],
        file_times: vec![i64::MIN; 2],
        marks: vec![0; 2],
        orders_first: vec![0; 2],
        orders_repeated: vec![0; 2],
        visits: vec![0; 10],
        orders_weights: vec![1, 3],
        desk_lengths: vec![0, 2],
        desk_teams: vec![0, 1],
        desk_bases: [Base::Received, Base::Filings].map(|base| base.code().into()).to_vec(),
        desk_times: vec![1, 3],
        sum_lengths: vec![1, 0],
        sum_bases: vec![Base::HandlingSeconds.code().into()],
        sum_numbers: vec![7_200],
        desk_list_lengths: Vec::new(),
        desk_lists: Vec::new(),
    }
}

/// The same, with the counts of posts as a list of nobody and one of a team.
fn listed() -> FactColumns {
    FactColumns {
        desk_lengths: vec![1, 1],
        desk_list_lengths: vec![0, 2],
        desk_lists: vec![0, 1],
        ..two()
    }
}

#[test]
fn every_case_has_its_own_counts_sums_and_weight_of_orders() {
    let facts = two().facts().unwrap();
    assert_eq!(listed().facts().unwrap(), facts);
    let sup1: BodyId = "sup1".parse().unwrap();
    assert!(facts[0].desk.is_empty());
    assert_eq!(
        facts[1].desk,
        [
            DeskCount { team: None, base: Base::Received, times: 1 },
            DeskCount { team: Some(sup1), base: Base::Filings, times: 3 },
        ]
    );
    assert_eq!(facts[0].sums, [Sum { base: Base::HandlingSeconds, number: 7_200 }]);
    assert!(facts[1].sums.is_empty());
    assert_eq!(facts[1].count(Base::OrdersGeometric), 3);
}

#[test]
fn a_service_that_knows_no_posts_sums_and_weights_is_understood() {
    let older = FactColumns {
        orders_weights: Vec::new(),
        desk_lengths: Vec::new(),
        desk_teams: Vec::new(),
        desk_bases: Vec::new(),
        desk_times: Vec::new(),
        sum_lengths: Vec::new(),
        sum_bases: Vec::new(),
        sum_numbers: Vec::new(),
        ..two()
    };
    let is_empty =
        |fact: &Fact| fact.desk.is_empty() && fact.sums.is_empty() && fact.orders_weight == 0;
    assert!(older.facts().unwrap().iter().all(is_empty));
    table().extend_columns(&older).unwrap();
}

#[test]
fn columns_that_are_no_facts_are_refused() {
    let wrong = [
        ("a length too few", FactColumns { desk_lengths: vec![2], ..two() }),
        ("a count too many", FactColumns { desk_lengths: vec![0, 3], ..two() }),
        ("lengths beyond all", FactColumns { desk_lengths: vec![u32::MAX; 2], ..two() }),
        ("a number too few", FactColumns { desk_times: vec![1], ..two() }),
        ("no such team", FactColumns { desk_teams: vec![0, 2], ..two() }),
        (
            "no count of posts",
            FactColumns { desk_bases: vec![Base::Due.code().into(), 87], ..two() },
        ),
        ("no base indicator", FactColumns { desk_bases: vec![255, 87], ..two() }),
        ("too often", FactColumns { desk_times: vec![1, 70_000], ..two() }),
        ("no sum", FactColumns { sum_bases: vec![Base::Due.code().into()], ..two() }),
        ("a sum too few", FactColumns { sum_numbers: Vec::new(), ..two() }),
        ("no source", FactColumns { sources: vec![1, 99], ..two() }),
        ("no such text", FactColumns { area_codes: vec![0, 7], ..two() }),
        ("no such unit", FactColumns { units: vec![7, 0], ..two() }),
        ("unknown marks", FactColumns { marks: vec![0, 1 << 63], ..two() }),
        ("a row too few", FactColumns { file_times: vec![0], ..two() }),
        ("a name too many", FactColumns { case_nos: vec!["A".to_owned(); 3], ..two() }),
        ("a visit too few", FactColumns { visits: vec![0; 9], ..two() }),
        ("too many visits", FactColumns { visits: vec![70_000; 10], ..two() }),
        ("too many orders", FactColumns { orders_first: vec![70_000; 2], ..two() }),
        ("a weight too few", FactColumns { orders_weights: vec![1], ..two() }),
        ("a list too few", FactColumns { desk_lists: vec![0], ..listed() }),
        ("no such list", FactColumns { desk_lists: vec![0, 2], ..listed() }),
        ("lists of too few", FactColumns { desk_list_lengths: vec![2], ..listed() }),
        ("lists beyond all", FactColumns { desk_list_lengths: vec![u32::MAX; 2], ..listed() }),
        ("lists without lengths", FactColumns { desk_lengths: Vec::new(), ..listed() }),
        ("a list of nothing", FactColumns { desk_lengths: vec![0, 2], ..listed() }),
        (
            "a list of two teams",
            FactColumns { desk_lengths: vec![2], desk_lists: vec![0, 0], ..listed() },
        ),
        (
            "a list that says a thing twice",
            FactColumns {
                desk_lengths: vec![2],
                desk_lists: vec![0, 0],
                desk_teams: vec![1; 2],
                desk_bases: vec![Base::Filings.code().into(); 2],
                ..listed()
            },
        ),
    ];
    for (what, columns) in wrong {
        assert!(columns.facts().is_err(), "{what}");
        assert!(table().extend_columns(&columns).is_err(), "{what}");
    }
    for case_nos in [Vec::new(), vec!["A".to_owned(), String::new()]] {
        let unnamed = FactColumns { case_nos, ..two() };
        assert!(unnamed.facts().is_err(), "a fact has a name");
        table().extend_columns(&unnamed).unwrap();
    }
}
