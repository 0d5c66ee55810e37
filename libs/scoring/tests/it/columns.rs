//! Columns are the facts that they were made of, and count what these count; others are refused.

use std::num::NonZeroUsize;

use chengping_casework::{Base, DeskCount, Fact, Sum};
use chengping_scoring::{Attributor, FactColumns, FactTable, tally};
use chengping_types::{BodyId, Instant};
use proptest::prelude::*;

use crate::laws::{april, pack, registry};
use crate::table::facts_of_months;

/// Columns with what they hold.
#[derive(Debug, Clone, Default)]
struct Owned {
    dictionary: Vec<String>,
    case_nos: Vec<String>,
    sources: Vec<i32>,
    category_schemes: Vec<u32>,
    category_codes: Vec<u32>,
    area_codes: Vec<u32>,
    collectors: Vec<u32>,
    units: Vec<u32>,
    filing_desks: Vec<u32>,
    report_times: Vec<i64>,
    file_times: Vec<i64>,
    marks: Vec<u64>,
    orders_first: Vec<u32>,
    orders_repeated: Vec<u32>,
    orders_weights: Vec<u32>,
    visits: Vec<u32>,
    desk_lengths: Vec<u32>,
    desk_teams: Vec<u32>,
    desk_bases: Vec<u32>,
    desk_times: Vec<u32>,
    sum_lengths: Vec<u32>,
    sum_bases: Vec<u32>,
    sum_numbers: Vec<u32>,
}

impl Owned {
    fn of<'f>(facts: impl IntoIterator<Item = &'f Fact>) -> Self {
        let mut columns = Self::default();
        facts.into_iter().for_each(|fact| columns.push(fact));
        columns
    }

    fn word(&mut self, text: &str) -> u32 {
        let found = self.dictionary.iter().position(|word| word == text);
        let place = found.unwrap_or_else(|| {
            self.dictionary.push(text.to_owned());
            self.dictionary.len() - 1
        });
        u32::try_from(place).unwrap()
    }

    fn body(&mut self, body: Option<&BodyId>) -> u32 {
        self.word(body.map_or("", BodyId::as_str))
    }

    fn push(&mut self, fact: &Fact) {
        let texts = [&fact.category_scheme, &fact.category_code, &fact.area_code];
        let [scheme, code, area] = texts.map(|text| self.word(text));
        let bodies = [&fact.collector, &fact.unit, &fact.filing_desk];
        let [collector, unit, filing_desk] = bodies.map(|body| self.body(body.as_ref()));
        let micros = |at: Option<Instant>| at.map_or(i64::MIN, Instant::as_micros);
        self.case_nos.push(fact.case_no.to_string());
        self.sources.push(fact.source.code().into());
        self.category_schemes.push(scheme);
        self.category_codes.push(code);
        self.area_codes.push(area);
        self.collectors.push(collector);
        self.units.push(unit);
        self.filing_desks.push(filing_desk);
        self.report_times.push(micros(fact.reported_at));
        self.file_times.push(micros(fact.filed_at));
        self.marks.push(fact.marks.bits());
        self.orders_first.push(fact.orders_first.into());
        self.orders_repeated.push(fact.orders_repeated.into());
        self.orders_weights.push(fact.orders_weight);
        self.visits.extend(fact.visits.map(u32::from));
        self.desk_lengths.push(u32::try_from(fact.desk.len()).unwrap());
        for DeskCount { team, base, times } in &fact.desk {
            let team = self.body(team.as_ref());
            self.desk_teams.push(team);
            self.desk_bases.push(base.code().into());
            self.desk_times.push((*times).into());
        }
        self.sum_lengths.push(u32::try_from(fact.sums.len()).unwrap());
        for Sum { base, number } in &fact.sums {
            self.sum_bases.push(base.code().into());
            self.sum_numbers.push(*number);
        }
    }

    fn view(&self) -> FactColumns<'_> {
        FactColumns {
            dictionary: &self.dictionary,
            case_nos: &self.case_nos,
            sources: &self.sources,
            category_schemes: &self.category_schemes,
            category_codes: &self.category_codes,
            area_codes: &self.area_codes,
            collectors: &self.collectors,
            units: &self.units,
            filing_desks: &self.filing_desks,
            report_times: &self.report_times,
            file_times: &self.file_times,
            marks: &self.marks,
            orders_first: &self.orders_first,
            orders_repeated: &self.orders_repeated,
            orders_weights: &self.orders_weights,
            visits: &self.visits,
            desk_lengths: &self.desk_lengths,
            desk_teams: &self.desk_teams,
            desk_bases: &self.desk_bases,
            desk_times: &self.desk_times,
            sum_lengths: &self.sum_lengths,
            sum_bases: &self.sum_bases,
            sum_numbers: &self.sum_numbers,
        }
    }
}

fn table() -> FactTable {
    FactTable::new(Attributor::new(pack(), &registry(), april()))
}

proptest! {
    #[test]
    fn columns_are_the_facts_that_they_were_made_of(facts in facts_of_months()) {
        prop_assert_eq!(Owned::of(&facts).view().facts().unwrap(), facts);
    }

    #[test]
    fn columns_count_what_their_facts_count(facts in facts_of_months(), cut in 0..12_usize) {
        let expected = tally(&facts, &Attributor::new(pack(), &registry(), april()));
        let (one, other) = facts.split_at(cut.min(facts.len()));
        let mut table = table();
        table.extend_columns(&Owned::of(one).view()).unwrap();
        // Who only counts is told no names; single facts and columns can be mixed.
        table.extend_columns(&FactColumns { case_nos: &[], ..Owned::of(other).view() }).unwrap();
        prop_assert_eq!(table.len(), facts.len());
        prop_assert_eq!(&table.tally(NonZeroUsize::MIN), &expected);
        table.clear();
        table.extend(one);
        table.extend_columns(&Owned::of(other).view()).unwrap();
        prop_assert_eq!(&table.tally(NonZeroUsize::MIN), &expected);
    }
}

/// Two cases; the second has two counts of posts.
fn two() -> Owned {
    Owned {
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
    }
}

#[test]
fn every_case_has_its_own_counts_sums_and_weight_of_orders() {
    let facts = two().view().facts().unwrap();
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
    let older = Owned {
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
    assert!(older.view().facts().unwrap().iter().all(is_empty));
    table().extend_columns(&older.view()).unwrap();
}

#[test]
fn columns_that_are_no_facts_are_refused() {
    let wrong = [
        ("a length too few", Owned { desk_lengths: vec![2], ..two() }),
        ("a count too many", Owned { desk_lengths: vec![0, 3], ..two() }),
        ("lengths beyond all", Owned { desk_lengths: vec![u32::MAX; 2], ..two() }),
        ("a number too few", Owned { desk_times: vec![1], ..two() }),
        ("no such team", Owned { desk_teams: vec![0, 2], ..two() }),
        ("no count of posts", Owned { desk_bases: vec![Base::Due.code().into(), 87], ..two() }),
        ("no base indicator", Owned { desk_bases: vec![255, 87], ..two() }),
        ("too often", Owned { desk_times: vec![1, 70_000], ..two() }),
        ("no sum", Owned { sum_bases: vec![Base::Due.code().into()], ..two() }),
        ("a sum too few", Owned { sum_numbers: Vec::new(), ..two() }),
        ("no source", Owned { sources: vec![1, 99], ..two() }),
        ("no such text", Owned { area_codes: vec![0, 7], ..two() }),
        ("no such unit", Owned { units: vec![7, 0], ..two() }),
        ("unknown marks", Owned { marks: vec![0, 1 << 63], ..two() }),
        ("a row too few", Owned { file_times: vec![0], ..two() }),
        ("a name too many", Owned { case_nos: vec!["A".to_owned(); 3], ..two() }),
        ("a visit too few", Owned { visits: vec![0; 9], ..two() }),
        ("too many visits", Owned { visits: vec![70_000; 10], ..two() }),
        ("too many orders", Owned { orders_first: vec![70_000; 2], ..two() }),
        ("a weight too few", Owned { orders_weights: vec![1], ..two() }),
    ];
    for (what, columns) in wrong {
        assert!(columns.view().facts().is_err(), "{what}");
        assert!(table().extend_columns(&columns.view()).is_err(), "{what}");
    }
    for case_nos in [Vec::new(), vec!["A".to_owned(), String::new()]] {
        let unnamed = Owned { case_nos, ..two() };
        assert!(unnamed.view().facts().is_err(), "a fact has a name");
        table().extend_columns(&unnamed.view()).unwrap();
    }
}
