//! What is different from a former reading of facts.
//!
//! Records change the facts of their own cases; time alone changes those of cases that have an
//! instant between the two views. All others are as they were.

use std::collections::BTreeSet;
use std::sync::Arc;

use chengping_casework::{Deriver, Fact, Question, View};
use chengping_types::JurisdictionId;

use super::App;
use super::snapshots::{CASES_A_PAGE, MonthFacts};
use crate::domain::{CaseFile, CaseVersions};
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

impl App {
    /// What is different from the reading `since`, for each question.
    pub(crate) async fn facts_since(
        &self,
        jurisdiction: JurisdictionId,
        watermark: i64,
        questions: Vec<Question>,
        since: Since,
    ) -> Result<DifferentFacts, Error> {
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
        let pair = |(present, view): (Question, View)| Pair {
            former: Question { view, ..present.clone() },
            present,
        };
        let pairs: Arc<[_]> = questions.into_iter().zip(since.views).map(pair).collect();
        let moved = pairs.iter().filter(|pair| pair.former.view != pair.present.view);
        let from = moved.map(|pair| pair.former.view).reduce(|one, other| View {
            as_of: one.as_of.min(other.as_of),
            decided: one.decided.min(other.decided),
        });
        Ok(DifferentFacts {
            pool: self.pool.clone(),
            jurisdiction,
            watermarks: (since.watermark, watermark),
            pairs,
            changed: changed.into(),
            read: 0,
            unchanged: from.map(|from| Unchanged { from, after: String::new() }),
        })
    }
}

/// Differences, page by page.
pub(crate) struct DifferentFacts {
    pool: PgPool,
    jurisdiction: JurisdictionId,
    /// Of the former reading, and of now.
    watermarks: (i64, i64),
    pairs: Arc<[Pair]>,
    /// The cases with new records, in the order of their numbers.
    changed: Arc<[String]>,
    /// How many of these were read.
    read: usize,
    /// The other cases; none where no view has moved, or where all were read.
    unchanged: Option<Unchanged>,
}

/// Cases without new records that time may have changed.
struct Unchanged {
    from: View,
    /// The last case read.
    after: String,
}

impl DifferentFacts {
    /// The next differences that there are; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<MonthFacts>>, Error> {
        loop {
            let found = if self.read < self.changed.len() {
                self.of_changed().await?
            } else if let Some(unchanged) = self.unchanged.take() {
                self.of_unchanged(unchanged).await?
            } else {
                return Ok(None);
            };
            if !found.is_empty() {
                return Ok(Some(found));
            }
        }
    }

    async fn of_changed(&mut self) -> Result<Vec<MonthFacts>, Error> {
        let end = self.changed.len().min(self.read + CHANGED_AT_ONCE);
        let case_nos = &self.changed[self.read..end];
        let mut connection = store::acquire(&self.pool).await?;
        let (jurisdiction, watermarks) = (&self.jurisdiction, self.watermarks);
        let versions =
            store::change::versions(&mut connection, jurisdiction, watermarks, case_nos).await?;
        drop(connection);
        self.read = end;
        let pairs = Arc::clone(&self.pairs);
        Ok(tokio::task::spawn_blocking(move || of_versions(&pairs, &versions)).await?)
    }

    async fn of_unchanged(&mut self, unchanged: Unchanged) -> Result<Vec<MonthFacts>, Error> {
        let Unchanged { from, after } = unchanged;
        let mut connection = store::acquire(&self.pool).await?;
        let (jurisdiction, (_, watermark)) = (&self.jurisdiction, self.watermarks);
        let limit = CASES_A_PAGE;
        let page = store::file::changeable_page(
            &mut connection,
            jurisdiction,
            watermark,
            from,
            &after,
            limit,
        )
        .await?;
        drop(connection);
        let is_full = u32::try_from(page.len()).is_ok_and(|length| length == limit);
        let last = page.last().filter(|_| is_full).map(|file| file.case.case_no.to_string());
        self.unchanged = last.map(|after| Unchanged { from, after });
        let (pairs, changed) = (Arc::clone(&self.pairs), Arc::clone(&self.changed));
        let comparing = tokio::task::spawn_blocking(move || of_time(&pairs, &changed, &page));
        Ok(comparing.await?)
    }
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
        let moved = pair.former.view != pair.present.view;
        let former = moved.then(|| Deriver::new(&pair.former));
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

/// What time alone made of cases that did not change.
fn of_time(pairs: &[Pair], changed: &[String], page: &[CaseFile]) -> Vec<MonthFacts> {
    let changed: BTreeSet<&str> = match (page.first(), page.last()) {
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
    let moved = pairs.iter().filter(|pair| pair.former.view != pair.present.view);
    moved.flat_map(of_pair).collect()
}
