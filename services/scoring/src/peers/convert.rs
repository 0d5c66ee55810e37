//! What peers say, in our terms; the texts of the errors go to the log, not to clients.

use std::cell::OnceCell;
use std::fmt::Display;

use chengping_access::registry::{read, read_optional};
use chengping_casework::{Base, DeskCount, Fact, Lifecycle, Marks, Question, Source, Sum};
use chengping_proto::cases::v1 as cases;
use chengping_types::name::JurisdictionName;
use chengping_types::{BodyId, Instant, JurisdictionId, Month};
use prost_types::Timestamp;

const MICROS: i64 = 1_000_000;

pub(super) fn parent(jurisdiction: &JurisdictionId) -> String {
    JurisdictionName { jurisdiction: jurisdiction.clone() }.to_string()
}

pub(super) fn registry_revision_name(
    jurisdiction: &JurisdictionId,
    revision: impl Display,
) -> String {
    format!("jurisdictions/{jurisdiction}/registryRevisions/{revision}")
}

pub(super) fn timestamp(instant: Instant) -> Timestamp {
    let micros = instant.as_micros();
    let nanos = i32::try_from(micros.rem_euclid(MICROS) * 1000).expect("below one second");
    Timestamp { seconds: micros.div_euclid(MICROS), nanos }
}

/// Asks for the facts of one month and of others, which differ from it in nothing but their views.
pub(super) fn facts_request(
    jurisdiction: &JurisdictionId,
    question: &Question,
    further: &[Question],
    watermark: u64,
) -> cases::StreamFactsRequest {
    cases::StreamFactsRequest {
        parent: parent(jurisdiction),
        month: question.month.to_string(),
        time_zone: question.time_zone.to_string(),
        as_of: Some(timestamp(question.view.as_of)),
        decided: Some(timestamp(question.view.decided)),
        watermark: i64::try_from(watermark).unwrap_or(i64::MAX),
        freeze_day: i32::from(question.freeze_day),
        lifecycle: Some(lifecycle(&question.lifecycle)),
        further_months: further.iter().map(month_view).collect(),
        since: None,
    }
}

/// A former reading of the months that are asked for now.
pub(super) fn former_reading(
    former: &[Question],
    watermark: u64,
    now: &[Question],
) -> cases::FormerReading {
    let moved = former.iter().zip(now).skip(1).filter(|(former, now)| former.view != now.view);
    let first = former.first().map(|question| question.view);
    cases::FormerReading {
        watermark: i64::try_from(watermark).unwrap_or(i64::MAX),
        as_of: first.map(|view| timestamp(view.as_of)),
        decided: first.map(|view| timestamp(view.decided)),
        further_months: moved.map(|(former, _)| month_view(former)).collect(),
    }
}

fn month_view(question: &Question) -> cases::MonthView {
    cases::MonthView {
        month: question.month.to_string(),
        as_of: Some(timestamp(question.view.as_of)),
        decided: Some(timestamp(question.view.decided)),
    }
}

/// The month of the facts of an answer, if it is one of those asked for.
pub(super) fn month_of(
    answer: &cases::StreamFactsResponse,
    asked: &[Month],
) -> Result<Month, String> {
    let month: Month = read("month", &answer.month)?;
    let was_asked = asked.contains(&month);
    was_asked.then_some(month).ok_or_else(|| format!("facts of {month}, which nobody asked for"))
}

fn lifecycle(lifecycle: &Lifecycle) -> cases::Lifecycle {
    cases::Lifecycle {
        period_basis: lifecycle.period_basis.to_string(),
        late_correction: lifecycle.late_correction.to_string(),
        redispatch_deadline: lifecycle.redispatch_deadline.to_string(),
        suspension_when_overdue: lifecycle.suspension_when_overdue.to_string(),
        extension_when_overdue: lifecycle.extension_when_overdue.to_string(),
        on_time_closing: lifecycle.on_time_closing.to_string(),
        rework: lifecycle.rework.to_string(),
        exempt_late: lifecycle.exempt_late.to_string(),
        no_deadline: lifecycle.no_deadline.to_string(),
        valid_report: lifecycle.valid_report.to_string(),
        missed_over: lifecycle.missed_over.to_string(),
        accurate_dispatch: lifecycle.accurate_dispatch.to_string(),
        suspended: lifecycle.suspended.to_string(),
    }
}

/// The facts of a batch of columns.
pub(super) fn facts(batch: &cases::FactBatch) -> Result<Vec<Fact>, String> {
    let rows = batch.case_nos.len();
    let columns = [
        batch.sources.len(),
        batch.category_schemes.len(),
        batch.category_codes.len(),
        batch.area_codes.len(),
        batch.collectors.len(),
        batch.units.len(),
        batch.filing_desks.len(),
        batch.report_times.len(),
        batch.file_times.len(),
        batch.marks.len(),
        batch.orders_first.len(),
        batch.orders_repeated.len(),
        batch.visits.len() / 5,
    ];
    if columns.iter().any(|column| *column != rows) || batch.visits.len() != rows * 5 {
        return Err(format!("columns of {columns:?} entries beside {rows} cases"));
    }
    if !batch.orders_weights.is_empty() && batch.orders_weights.len() != rows {
        return Err(format!(
            "{} weights of orders beside {rows} cases",
            batch.orders_weights.len()
        ));
    }
    let words = Words::new(batch);
    let (mut desks, mut sums) = (desks(&words)?.into_iter(), sums(batch)?.into_iter());
    let fact = |row| {
        let (desk, sums) = (desks.next().unwrap_or_default(), sums.next().unwrap_or_default());
        Ok(Fact { desk, sums, ..fact(&words, row)? })
    };
    (0..rows).map(fact).collect()
}

/// Cuts columns with several entries a fact into those of each fact; none when there are none.
fn cut<T>(
    what: &str,
    rows: usize,
    lengths: &[u32],
    columns: &[usize],
    read: impl Fn(usize) -> Result<T, String>,
) -> Result<Vec<Vec<T>>, String> {
    let total: u64 = lengths.iter().map(|length| u64::from(*length)).sum();
    let is_whole = lengths.is_empty() || lengths.len() == rows;
    if !is_whole || columns.iter().any(|entries| *entries as u64 != total) {
        return Err(format!(
            "{total} {what} in {} lengths and columns of {columns:?} entries for {rows} cases",
            lengths.len()
        ));
    }
    let mut places = 0..columns[0];
    let of_fact = |length: &u32| places.by_ref().take(*length as usize).map(&read).collect();
    lengths.iter().map(of_fact).collect()
}

/// The counts of posts of each fact.
fn desks(words: &Words<'_>) -> Result<Vec<Vec<DeskCount>>, String> {
    let batch = words.batch;
    let columns = [batch.desk_teams.len(), batch.desk_bases.len(), batch.desk_times.len()];
    let (rows, lengths) = (batch.case_nos.len(), &batch.desk_lengths);
    cut("counts of posts", rows, lengths, &columns, |place| desk_count(words, place))
}

/// The sums of each fact.
fn sums(batch: &cases::FactBatch) -> Result<Vec<Vec<Sum>>, String> {
    let columns = [batch.sum_bases.len(), batch.sum_numbers.len()];
    let (rows, lengths) = (batch.case_nos.len(), &batch.sum_lengths);
    cut("sums", rows, lengths, &columns, |place| {
        let code = batch.sum_bases[place];
        let base = u8::try_from(code).ok().and_then(Base::from_code);
        let base = base.filter(|base| base.is_sum());
        let base = base.ok_or_else(|| format!("no sum has the code {code}"))?;
        Ok(Sum { base, number: batch.sum_numbers[place] })
    })
}

fn desk_count(words: &Words<'_>, place: usize) -> Result<DeskCount, String> {
    let batch = words.batch;
    let code = batch.desk_bases[place];
    let base = u8::try_from(code).ok().and_then(Base::from_code);
    let base = base.filter(|base| base.is_of_posts());
    Ok(DeskCount {
        team: words.body(batch.desk_teams[place])?,
        base: base.ok_or_else(|| format!("no count of posts has the code {code}"))?,
        times: small(batch.desk_times[place])?,
    })
}

/// What the entries of a batch name.
struct Words<'b> {
    batch: &'b cases::FactBatch,
    /// Of the texts, once that was asked: none of the empty one.
    bodies: Vec<OnceCell<Option<BodyId>>>,
}

impl<'b> Words<'b> {
    fn new(batch: &'b cases::FactBatch) -> Self {
        Self { batch, bodies: vec![OnceCell::new(); batch.dictionary.len()] }
    }

    fn text(&self, place: u32) -> Result<&'b String, String> {
        let text = self.batch.dictionary.get(place as usize);
        text.ok_or_else(|| format!("{place} is not in the dictionary"))
    }

    /// Each body is made once a batch.
    fn body(&self, place: u32) -> Result<Option<BodyId>, String> {
        let text = self.text(place)?;
        let body = &self.bodies[place as usize];
        if let Some(body) = body.get() {
            return Ok(body.clone());
        }
        let read = read_optional("body", text)?;
        Ok(body.get_or_init(|| read).clone())
    }
}

fn small(number: u32) -> Result<u16, String> {
    u16::try_from(number).map_err(|error| error.to_string())
}

/// A fact apart from what it may have several of.
fn fact(words: &Words<'_>, row: usize) -> Result<Fact, String> {
    let batch = words.batch;
    let text = |column: &[u32]| words.text(column[row]);
    let body = |column: &[u32]| words.body(column[row]);
    let time = |column: &[i64]| match column[row] {
        i64::MIN => None,
        micros => Some(Instant::from_micros(micros)),
    };
    let source = u8::try_from(batch.sources[row]).ok().and_then(Source::from_code);
    let mut visits = [0; 5];
    for (visit, number) in visits.iter_mut().zip(&batch.visits[row * 5..]) {
        *visit = small(*number)?;
    }
    let marks = batch.marks[row];
    Ok(Fact {
        case_no: read("case_no", &batch.case_nos[row])?,
        source: source.ok_or_else(|| format!("no source has the code {}", batch.sources[row]))?,
        category_scheme: text(&batch.category_schemes)?.clone(),
        category_code: text(&batch.category_codes)?.clone(),
        area_code: text(&batch.area_codes)?.clone(),
        collector: body(&batch.collectors)?,
        reported_at: time(&batch.report_times),
        filed_at: time(&batch.file_times),
        filing_desk: body(&batch.filing_desks)?,
        unit: body(&batch.units)?,
        marks: Marks::from_bits(marks).ok_or_else(|| format!("unknown marks {marks:#x}"))?,
        orders_first: small(batch.orders_first[row])?,
        orders_repeated: small(batch.orders_repeated[row])?,
        orders_weight: batch.orders_weights.get(row).copied().unwrap_or_default(),
        visits,
        desk: Vec::new(),
        sums: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two cases; the second has two counts of posts.
    fn batch() -> cases::FactBatch {
        cases::FactBatch {
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
    fn every_case_has_its_own_counts_of_posts() {
        let facts = facts(&batch()).unwrap();
        let sup1: BodyId = "sup1".parse().unwrap();
        assert!(facts[0].desk.is_empty());
        assert_eq!(
            facts[1].desk,
            [
                DeskCount { team: None, base: Base::Received, times: 1 },
                DeskCount { team: Some(sup1), base: Base::Filings, times: 3 },
            ]
        );
    }

    #[test]
    fn every_case_has_its_own_sums_and_weight_of_orders() {
        let facts = facts(&batch()).unwrap();
        assert_eq!(facts[0].sums, [Sum { base: Base::HandlingSeconds, number: 7_200 }]);
        assert!(facts[1].sums.is_empty());
        assert_eq!(facts[1].count(Base::OrdersGeometric), 3);
    }

    #[test]
    fn a_service_that_knows_no_posts_sums_and_weights_is_understood() {
        let empty = Vec::new;
        let older = cases::FactBatch {
            orders_weights: empty(),
            desk_lengths: empty(),
            desk_teams: empty(),
            desk_bases: empty(),
            desk_times: empty(),
            sum_lengths: empty(),
            sum_bases: empty(),
            sum_numbers: empty(),
            ..batch()
        };
        let is_empty =
            |fact: &Fact| fact.desk.is_empty() && fact.sums.is_empty() && fact.orders_weight == 0;
        assert!(facts(&older).unwrap().iter().all(is_empty));
    }

    #[test]
    fn counts_of_posts_that_do_not_fit_are_refused() {
        let wrong = [
            cases::FactBatch { desk_lengths: vec![2], ..batch() },
            cases::FactBatch { desk_lengths: vec![0, 3], ..batch() },
            cases::FactBatch { desk_lengths: vec![u32::MAX; 2], ..batch() },
            cases::FactBatch { desk_times: vec![1], ..batch() },
            cases::FactBatch { desk_teams: vec![0, 2], ..batch() },
            cases::FactBatch { desk_bases: vec![Base::Due.code().into(), 87], ..batch() },
            cases::FactBatch { desk_bases: vec![255, 87], ..batch() },
            cases::FactBatch { desk_times: vec![1, 70_000], ..batch() },
        ];
        for batch in wrong {
            assert!(facts(&batch).is_err(), "{batch:?}");
        }
    }
}
