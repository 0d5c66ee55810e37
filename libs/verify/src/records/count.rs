//! Case records to digest and counts, page by page on all cores.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::num::NonZeroUsize;
use std::thread::{self, available_parallelism};

use chengping_casework::records::{Page, Reader, RecordsError};
use chengping_casework::snapshot::{FoldedPage, Sight, SnapshotFold, unpack_page};
use chengping_casework::{Deriver, PackedError, Question, next_frame};
use chengping_scoring::{Attributor, FactTable, Input, Tallies, all_questions, question};
use chengping_types::{Digest, Month};

use super::view;

/// Facts that are in memory at a time, of all months and threads together.
const FACTS_AT_ONCE: usize = 1 << 20;

/// Counts by month.
pub(super) type Months = BTreeMap<Month, Tallies>;

/// What the records are, and what is counted from them.
pub(super) struct Recount {
    /// How many there are.
    pub(super) records: i64,
    /// The digest of the snapshot that they make.
    pub(super) digest: Digest,
    pub(super) tallies: Months,
}

/// Reads all records, and counts for every month of the input.
pub(super) fn recount(
    input: &Input,
    reader: &mut Reader<impl BufRead>,
) -> Result<Recount, RecordsError> {
    let pack = &input.rule_pack.pack;
    let questions = all_questions(&question(pack, input.month, view(input)), pack);
    let registry = reader.head().registry.clone();
    let months: Vec<_> = questions
        .iter()
        .map(|question| (question, Attributor::new(pack, &registry, question.month)))
        .collect();
    let threads = available_parallelism().map_or(1, NonZeroUsize::get);
    let room = FACTS_AT_ONCE / threads / months.len();
    // More records than can be counted are none of this snapshot.
    let watermark = i64::try_from(input.snapshot.watermark).unwrap_or(i64::MAX);
    let sight = Sight { watermark, view: view(input) };
    let mut counters: Vec<_> = (0..threads).map(|_| Counter::new(&months, sight, room)).collect();
    let mut fold = SnapshotFold::new(sight);
    while let Some(page) = reader.next_page()? {
        let folded = count_page(&mut counters, &page).map_err(|error| page.wrong(error))?;
        folded.iter().for_each(|part| fold.add_page(part));
    }
    let mut tallies = Months::new();
    for (month, counted) in counters.into_iter().flat_map(Counter::finish) {
        tallies.entry(month).or_default().merge(&counted);
    }
    let records = fold.records();
    Ok(Recount { records, digest: fold.finish().digest, tallies })
}

/// Counts a page, each counter some of its cases, which lie together.
fn count_page(counters: &mut [Counter<'_>], page: &Page) -> Result<Vec<FoldedPage>, PackedError> {
    let parts = split(&page.frames, counters.len())?;
    thread::scope(|scope| {
        let counting = counters.iter_mut().zip(parts);
        let counting: Vec<_> =
            counting.map(|(counter, part)| scope.spawn(|| counter.count(part))).collect();
        counting.into_iter().map(|counted| counted.join().expect("counting is total")).collect()
    })
}

/// Splits frames into so many parts of about equal length; some may be empty.
fn split(frames: &[u8], parts: usize) -> Result<Vec<&[u8]>, PackedError> {
    let (mut rest, mut start, mut all) = (frames, 0, Vec::new());
    while next_frame(&mut rest)?.is_some() {
        let end = frames.len() - rest.len();
        if end - start >= frames.len().div_ceil(parts) {
            all.push(&frames[start..end]);
            start = end;
        }
    }
    all.push(&frames[start..]);
    Ok(all)
}

/// Counts some of the cases.
struct Counter<'q> {
    sight: Sight,
    /// Facts of a month that may wait to be counted.
    room: usize,
    months: Vec<CountedMonth<'q>>,
}

struct CountedMonth<'q> {
    month: Month,
    deriver: Deriver<'q>,
    waiting: FactTable,
    counted: Tallies,
}

impl<'q> Counter<'q> {
    fn new(months: &[(&'q Question, Attributor)], sight: Sight, room: usize) -> Self {
        let month = |(question, attributor): &(&'q Question, Attributor)| CountedMonth {
            month: question.month,
            deriver: Deriver::new(question),
            waiting: FactTable::new(attributor.clone()),
            counted: Tallies::default(),
        };
        Self { sight, room, months: months.iter().map(month).collect() }
    }

    fn count(&mut self, frames: &[u8]) -> Result<FoldedPage, PackedError> {
        let page = unpack_page(frames, self.sight.watermark)?;
        for month in &mut self.months {
            let facts = page.files.iter();
            let facts = facts.filter_map(|file| month.deriver.derive(&file.case, &file.events));
            for fact in facts {
                month.waiting.push(&fact);
            }
            if month.waiting.len() >= self.room {
                month.count();
            }
        }
        Ok(SnapshotFold::fold_files(self.sight, page))
    }

    fn finish(self) -> impl Iterator<Item = (Month, Tallies)> {
        self.months.into_iter().map(|mut month| {
            month.count();
            (month.month, month.counted)
        })
    }
}

impl CountedMonth<'_> {
    fn count(&mut self) {
        self.counted.merge(&self.waiting.tally(NonZeroUsize::MIN));
        self.waiting.clear();
    }
}
