//! What is different from a former reading of facts.
//!
//! Records change the facts of their own cases; time alone changes those of cases that have an
//! instant between the two views. All others are as they were.

use std::collections::HashSet;
use std::sync::Arc;

use chengping_casework::{Deriver, Fact, Question, View};
use chengping_types::JurisdictionId;
use futures_util::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};

use super::App;
use super::facts::MonthFacts;
use super::files::{self, Reading, compute_on};
use crate::domain::{CaseFile, CaseVersions, unpack_page};
use crate::error::Error;
use crate::store::{self, PgPool};

/// Records behind the former reading: their cases are kept in memory. Beyond, counting anew costs less.
const RECORDS_MAX: i64 = 1_000_000;

/// Changed cases that are read at a time.
const CHANGED_AT_ONCE: usize = 2_000;

/// A former reading.
#[derive(Debug)]
pub(crate) struct Since {
    pub(crate) watermark: i64,
    /// How far it saw each of the months.
    pub(crate) views: Vec<View>,
}

/// A month as it was seen, and as it is seen now.
#[derive(Debug)]
struct Pair {
    former: Question,
    present: Question,
}

impl Pair {
    fn is_moved(&self) -> bool {
        self.former.view != self.present.view
    }
}

type Pairs = Arc<[Pair]>;

impl App {
    /// What is different from the reading `since`, for each question, put into a form by `form`
    /// where it is computed.
    pub(crate) async fn facts_since<T: Send + 'static>(
        &self,
        jurisdiction: JurisdictionId,
        watermark: i64,
        questions: Vec<Question>,
        since: Since,
        form: impl Fn(&[MonthFacts]) -> T + Clone + Send + Sync + 'static,
    ) -> Result<BoxStream<'static, Result<T, Error>>, Error> {
        let mut connection = store::acquire(&self.pool).await?;
        let accepted = store::jurisdiction::watermark(&mut connection, &jurisdiction).await?;
        if watermark > accepted {
            return Err(Error::WatermarkAhead { asked: watermark, watermark: accepted });
        }
        if watermark - since.watermark > RECORDS_MAX {
            return Err(Error::ReadingTooOld { records_max: RECORDS_MAX });
        }
        let changed = if watermark > since.watermark {
            let after = since.watermark;
            store::change::case_nos(&mut connection, &jurisdiction, after, watermark).await?
        } else {
            Vec::new()
        };
        drop(connection);
        let pair = |(present, view): (Question, View)| Pair {
            former: Question { view, ..present.clone() },
            present,
        };
        let pairs: Pairs = questions.into_iter().zip(since.views).map(pair).collect();
        let (changed, watermarks) = (Arc::from(changed), (since.watermark, watermark));
        let by_time = if pairs.iter().any(Pair::is_moved) {
            self.pack(&jurisdiction, watermark).await?;
            self.changed_by_time(&jurisdiction, watermark, &pairs, &changed)
        } else {
            stream::empty().boxed()
        };
        let pool = self.pool.clone();
        let by_records = changed_by_records(pool, jurisdiction, watermarks, pairs, changed);
        let different = by_records.chain(by_time);
        let formed = different.try_filter_map(move |facts| {
            let formed = (!facts.is_empty()).then(|| form(&facts));
            async move { Ok(formed) }
        });
        Ok(formed.boxed())
    }

    /// What time alone made of cases without new records.
    fn changed_by_time(
        &self,
        jurisdiction: &JurisdictionId,
        watermark: i64,
        pairs: &Pairs,
        changed: &Arc<[String]>,
    ) -> BoxStream<'static, Result<Vec<MonthFacts>, Error>> {
        let reading = Reading::Files(watermark);
        let pages = files::packed_pages(self.pool.clone(), jurisdiction.clone(), reading);
        let (pairs, changed) = (Arc::clone(pairs), Arc::clone(changed));
        let of_page = move |page: &[u8]| {
            let page = unpack_page(page, watermark)?;
            Ok(of_time(&pairs, &changed, &page.files))
        };
        // Live scores go on meanwhile.
        compute_on(1, pages, of_page, jurisdiction)
    }
}

/// What new records made of their cases, some cases at a time.
fn changed_by_records(
    pool: PgPool,
    jurisdiction: JurisdictionId,
    watermarks: (i64, i64),
    pairs: Pairs,
    changed: Arc<[String]>,
) -> BoxStream<'static, Result<Vec<MonthFacts>, Error>> {
    let pages = (0..changed.len()).step_by(CHANGED_AT_ONCE);
    let of_page = move |start: usize| {
        let (pool, jurisdiction) = (pool.clone(), jurisdiction.clone());
        let (pairs, changed) = (Arc::clone(&pairs), Arc::clone(&changed));
        async move {
            let case_nos = &changed[start..changed.len().min(start + CHANGED_AT_ONCE)];
            let case_nos: Vec<_> = case_nos.iter().map(String::as_str).collect();
            let mut connection = store::acquire(&pool).await?;
            let versions =
                store::change::versions(&mut connection, &jurisdiction, watermarks, &case_nos);
            let versions = versions.await?;
            drop(connection);
            Ok(tokio::task::spawn_blocking(move || of_versions(&pairs, &versions)).await?)
        }
    };
    stream::iter(pages).then(of_page).boxed()
}

/// What is different for each month: former facts before present ones.
struct Differences<'p> {
    pair: &'p Pair,
    former: Vec<Fact>,
    present: Vec<Fact>,
}

impl<'p> Differences<'p> {
    const fn new(pair: &'p Pair) -> Self {
        Self { pair, former: Vec::new(), present: Vec::new() }
    }

    fn add(&mut self, former: Option<Fact>, present: Option<Fact>) {
        if former != present {
            self.former.extend(former);
            self.present.extend(present);
        }
    }

    fn into_facts(self) -> impl Iterator<Item = MonthFacts> {
        let month = self.pair.present.month;
        let both = [(true, self.former), (false, self.present)];
        let both = both.into_iter().filter(|(_, facts)| !facts.is_empty());
        both.map(move |(is_former, facts)| MonthFacts { month, is_former, facts })
    }
}

fn of_versions(pairs: &[Pair], versions: &[CaseVersions]) -> Vec<MonthFacts> {
    let of_pair = |pair: &Pair| {
        let mut differences = Differences::new(pair);
        let present = Deriver::new(&pair.present);
        let former = pair.is_moved().then(|| Deriver::new(&pair.former));
        let former = former.as_ref().unwrap_or(&present);
        for versions in versions {
            let fact =
                |deriver: &Deriver<'_>, file: &CaseFile| deriver.derive(&file.case, &file.events);
            let before = versions.former.as_ref().and_then(|file| fact(former, file));
            differences.add(before, fact(&present, &versions.present));
        }
        differences.into_facts().collect::<Vec<_>>()
    };
    pairs.iter().flat_map(of_pair).collect()
}

/// What time alone made of the files of a page, in the order of their numbers, but those of
/// `changed`, in the same order.
fn of_time(pairs: &[Pair], changed: &[String], page: &[CaseFile]) -> Vec<MonthFacts> {
    let changed: HashSet<&str> = match (page.first(), page.last()) {
        (Some(first), Some(last)) => {
            let (first, last) = (first.case.case_no.as_str(), last.case.case_no.as_str());
            let start = changed.partition_point(|number| number.as_str() < first);
            let numbers = changed[start..].iter().map(String::as_str);
            numbers.take_while(|number| *number <= last).collect()
        }
        _ => return Vec::new(),
    };
    let of_pair = |pair: &Pair| {
        let mut differences = Differences::new(pair);
        let (former, present) = (Deriver::new(&pair.former), Deriver::new(&pair.present));
        for CaseFile { case, events } in page {
            let is_changed = changed.contains(case.case_no.as_str());
            if !is_changed && former.may_change(events, pair.present.view) {
                differences.add(former.derive(case, events), present.derive(case, events));
            }
        }
        differences.into_facts().collect::<Vec<_>>()
    };
    pairs.iter().filter(|pair| pair.is_moved()).flat_map(of_pair).collect()
}
