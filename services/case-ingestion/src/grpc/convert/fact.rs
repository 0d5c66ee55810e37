//! Facts as columns.

use chengping_casework::{DeskCount, Fact, Sum};
use chengping_proto::cases::v1 as pb;
use chengping_types::{BodyId, Instant};
use foldhash::{HashMap, HashMapExt as _};

use crate::app::MonthFacts;

/// The largest batch.
const FACTS_MAX: usize = 5_000;

/// The batches of some facts of a month, in their order, with their case numbers where they are
/// wanted.
pub(in crate::grpc) fn fact_batches(
    of: &MonthFacts,
    with_case_nos: bool,
) -> Vec<pb::StreamFactsResponse> {
    let response = |facts: &[Fact]| {
        let mut batch = batch(facts);
        if with_case_nos {
            batch.case_nos = facts.iter().map(|fact| fact.case_no.to_string()).collect();
        }
        let batch = Some(batch);
        let is_former = of.is_former;
        pb::StreamFactsResponse { batch, month: of.month.to_string(), is_former }
    };
    of.facts.chunks(FACTS_MAX).map(response).collect()
}

/// The columns of some facts, without case numbers.
fn batch(facts: &[Fact]) -> pb::FactBatch {
    let mut dictionary = Dictionary::new();
    let mut batch = room_for(facts);
    for fact in facts {
        batch.sources.push(fact.source.code().into());
        batch.category_schemes.push(dictionary.index(&fact.category_scheme));
        batch.category_codes.push(dictionary.index(&fact.category_code));
        batch.area_codes.push(dictionary.index(&fact.area_code));
        batch.collectors.push(dictionary.body(fact.collector.as_ref()));
        batch.units.push(dictionary.body(fact.unit.as_ref()));
        batch.filing_desks.push(dictionary.body(fact.filing_desk.as_ref()));
        batch.report_times.push(micros(fact.reported_at));
        batch.file_times.push(micros(fact.filed_at));
        batch.marks.push(fact.marks.bits());
        batch.orders_first.push(fact.orders_first.into());
        batch.orders_repeated.push(fact.orders_repeated.into());
        batch.orders_weights.push(fact.orders_weight);
        batch.visits.extend(fact.visits.map(u32::from));
        batch.desk_lengths.push(u32::try_from(fact.desk.len()).expect("a case fits"));
        // What a team counts lies together, and is looked up once.
        let mut last = None;
        for DeskCount { team, base, times } in &fact.desk {
            let known = last.filter(|(before, _)| *before == team).map(|(_, place)| place);
            let place = known.unwrap_or_else(|| dictionary.body(team.as_ref()));
            last = Some((team, place));
            batch.desk_teams.push(place);
            batch.desk_bases.push(base.code().into());
            batch.desk_times.push((*times).into());
        }
        batch.sum_lengths.push(u32::try_from(fact.sums.len()).expect("a case fits"));
        for Sum { base, number } in &fact.sums {
            batch.sum_bases.push(base.code().into());
            batch.sum_numbers.push(*number);
        }
    }
    batch.dictionary = dictionary.texts;
    batch
}

/// An empty batch with room for these facts.
fn room_for(facts: &[Fact]) -> pb::FactBatch {
    let rows = facts.len();
    let desks = facts.iter().map(|fact| fact.desk.len()).sum();
    let sums = facts.iter().map(|fact| fact.sums.len()).sum();
    pb::FactBatch {
        sources: Vec::with_capacity(rows),
        category_schemes: Vec::with_capacity(rows),
        category_codes: Vec::with_capacity(rows),
        area_codes: Vec::with_capacity(rows),
        collectors: Vec::with_capacity(rows),
        units: Vec::with_capacity(rows),
        filing_desks: Vec::with_capacity(rows),
        report_times: Vec::with_capacity(rows),
        file_times: Vec::with_capacity(rows),
        marks: Vec::with_capacity(rows),
        orders_first: Vec::with_capacity(rows),
        orders_repeated: Vec::with_capacity(rows),
        orders_weights: Vec::with_capacity(rows),
        visits: Vec::with_capacity(rows * 5),
        desk_lengths: Vec::with_capacity(rows),
        desk_teams: Vec::with_capacity(desks),
        desk_bases: Vec::with_capacity(desks),
        desk_times: Vec::with_capacity(desks),
        sum_lengths: Vec::with_capacity(rows),
        sum_bases: Vec::with_capacity(sums),
        sum_numbers: Vec::with_capacity(sums),
        ..pb::FactBatch::default()
    }
}

/// The smallest integer is no instant.
fn micros(instant: Option<Instant>) -> i64 {
    instant.map_or(i64::MIN, Instant::as_micros)
}

/// The texts of a batch, each once; the first is the empty one.
struct Dictionary<'f> {
    texts: Vec<String>,
    indexes: HashMap<&'f str, u32>,
}

impl<'f> Dictionary<'f> {
    fn new() -> Self {
        let mut indexes = HashMap::new();
        indexes.insert("", 0);
        Self { texts: vec![String::new()], indexes }
    }

    fn index(&mut self, text: &'f str) -> u32 {
        let Self { texts, indexes } = self;
        *indexes.entry(text).or_insert_with(|| {
            texts.push(text.to_owned());
            u32::try_from(texts.len() - 1).expect("a batch fits")
        })
    }

    fn body(&mut self, body: Option<&'f BodyId>) -> u32 {
        self.index(body.map_or("", BodyId::as_str))
    }
}
