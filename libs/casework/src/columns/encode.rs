//! Facts to columns.

use chengping_types::{BodyId, Instant};
use indexmap::IndexSet;

use super::{FactColumns, NO_INSTANT};
use crate::{DeskCount, Fact, Sum};

/// The texts of some facts, each once, in the order in which they first came.
type Dictionary<'f> = IndexSet<&'f str, foldhash::fast::FixedState>;

impl FactColumns {
    /// The columns of some facts.
    #[must_use]
    pub fn of(facts: &[Fact]) -> Self {
        let case_nos = facts.iter().map(|fact| fact.case_no.to_string()).collect();
        Self { case_nos, ..Self::unnamed(facts) }
    }

    /// The columns of some facts without their case numbers, for who only counts.
    #[must_use]
    pub fn unnamed(facts: &[Fact]) -> Self {
        let mut columns = Self::default();
        // The first is the empty one.
        let mut dictionary = Dictionary::from_iter([""]);
        for fact in facts {
            columns.push(fact, &mut dictionary);
        }
        columns.dictionary = dictionary.into_iter().map(str::to_owned).collect();
        columns
    }

    fn push<'f>(&mut self, fact: &'f Fact, dictionary: &mut Dictionary<'f>) {
        self.sources.push(fact.source.code().into());
        self.category_schemes.push(text(dictionary, &fact.category_scheme));
        self.category_codes.push(text(dictionary, &fact.category_code));
        self.area_codes.push(text(dictionary, &fact.area_code));
        self.collectors.push(body(dictionary, fact.collector.as_ref()));
        self.units.push(body(dictionary, fact.unit.as_ref()));
        self.filing_desks.push(body(dictionary, fact.filing_desk.as_ref()));
        self.report_times.push(micros(fact.reported_at));
        self.file_times.push(micros(fact.filed_at));
        self.marks.push(fact.marks.bits());
        self.orders_first.push(fact.orders_first.into());
        self.orders_repeated.push(fact.orders_repeated.into());
        self.orders_weights.push(fact.orders_weight);
        self.visits.extend(fact.visits.map(u32::from));
        self.desk_lengths.push(u32::try_from(fact.desk.len()).expect("a case fits"));
        // What a team counts lies together, and is looked up once.
        for counts in fact.desk.chunk_by(|one, next| one.team == next.team) {
            let team = body(dictionary, counts[0].team.as_ref());
            for DeskCount { base, times, .. } in counts {
                self.desk_teams.push(team);
                self.desk_bases.push(base.code().into());
                self.desk_times.push((*times).into());
            }
        }
        self.sum_lengths.push(u32::try_from(fact.sums.len()).expect("a case fits"));
        for Sum { base, number } in &fact.sums {
            self.sum_bases.push(base.code().into());
            self.sum_numbers.push(*number);
        }
    }
}

fn text<'f>(dictionary: &mut Dictionary<'f>, text: &'f str) -> u32 {
    let (place, _) = dictionary.insert_full(text);
    u32::try_from(place).expect("fewer texts than 2^32")
}

fn body<'f>(dictionary: &mut Dictionary<'f>, body: Option<&'f BodyId>) -> u32 {
    text(dictionary, body.map_or("", BodyId::as_str))
}

fn micros(instant: Option<Instant>) -> i64 {
    instant.map_or(NO_INSTANT, Instant::as_micros)
}
