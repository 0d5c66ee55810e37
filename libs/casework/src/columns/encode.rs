//! Facts to columns.

use chengping_types::{BodyId, Instant};
use indexmap::IndexSet;

use super::{FactColumns, NO_INSTANT};
use crate::{DeskCount, Fact, Sum};

/// The texts of some facts, each once, in the order in which they first came.
type Dictionary<'f> = IndexSet<&'f str, foldhash::fast::FixedState>;

/// How columns tell their facts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Form {
    /// Without the numbers of the cases, for who only counts.
    pub without_case_nos: bool,
    /// With lists of counts of posts, each told once.
    pub with_desk_lists: bool,
}

/// What was told before.
struct Told<'f> {
    texts: Dictionary<'f>,
    /// Lists of counts of posts: the team, and what it counts how often. None where they are not
    /// told as lists.
    lists: Option<IndexSet<Box<[u64]>, foldhash::fast::FixedState>>,
    /// What is looked up among them.
    list: Vec<u64>,
}

impl FactColumns {
    /// The columns of some facts.
    #[must_use]
    pub fn of(facts: &[Fact], form: Form) -> Self {
        let mut columns = Self::default();
        let mut told = Told {
            // The first is the empty one.
            texts: Dictionary::from_iter([""]),
            lists: form.with_desk_lists.then(IndexSet::default),
            list: Vec::new(),
        };
        for fact in facts {
            columns.push(fact, &mut told.texts);
            columns.push_desk(&fact.desk, &mut told);
        }
        if !form.without_case_nos {
            columns.case_nos = facts.iter().map(|fact| fact.case_no.to_string()).collect();
        }
        columns.dictionary = told.texts.into_iter().map(str::to_owned).collect();
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
        self.sum_lengths.push(place(fact.sums.len()));
        for Sum { base, number } in &fact.sums {
            self.sum_bases.push(base.code().into());
            self.sum_numbers.push(*number);
        }
    }

    fn push_desk<'f>(&mut self, desk: &'f [DeskCount], told: &mut Told<'f>) {
        // What a team counts lies together, and is looked up once.
        let mut teams = 0;
        for counts in desk.chunk_by(|one, next| one.team == next.team) {
            teams += 1;
            let team = body(&mut told.texts, counts[0].team.as_ref());
            if let Some(lists) = &mut told.lists {
                let count =
                    |count: &DeskCount| u64::from(count.base.code()) << 32 | u64::from(count.times);
                told.list.clear();
                told.list.push(team.into());
                told.list.extend(counts.iter().map(count));
                if let Some(known) = lists.get_index_of(&told.list[..]) {
                    self.desk_lists.push(place(known));
                    continue;
                }
                let (new, _) = lists.insert_full(told.list.as_slice().into());
                self.desk_lists.push(place(new));
                self.desk_lengths.push(place(counts.len()));
            }
            for DeskCount { base, times, .. } in counts {
                self.desk_teams.push(team);
                self.desk_bases.push(base.code().into());
                self.desk_times.push((*times).into());
            }
        }
        match told.lists {
            Some(_) => self.desk_list_lengths.push(teams),
            None => self.desk_lengths.push(place(desk.len())),
        }
    }
}

/// Places and lengths: a batch is far from so long.
fn place(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than 2^32")
}

fn text<'f>(dictionary: &mut Dictionary<'f>, text: &'f str) -> u32 {
    place(dictionary.insert_full(text).0)
}

fn body<'f>(dictionary: &mut Dictionary<'f>, body: Option<&'f BodyId>) -> u32 {
    text(dictionary, body.map_or("", BodyId::as_str))
}

fn micros(instant: Option<Instant>) -> i64 {
    instant.map_or(NO_INSTANT, Instant::as_micros)
}
