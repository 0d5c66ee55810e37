//! Fixed views of the records.

use chengping_casework::snapshot::{Folded, Late, Sight};
use chengping_casework::{Event, View};
use chengping_types::{Digest, Instant, Month, RecordId};

/// A snapshot to be stored.
#[derive(Debug, Clone)]
pub(crate) struct NewSnapshot {
    pub(crate) id: RecordId,
    pub(crate) month: Month,
    pub(crate) sight: Sight,
    pub(crate) open_rejects: i64,
    pub(crate) folded: Folded,
    /// The snapshot of the same month and the same `as_of` before it.
    pub(crate) former: Option<RecordId>,
    pub(crate) revision: i64,
}

/// What was known, and as of when it is seen.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) id: RecordId,
    pub(crate) month: Month,
    pub(crate) view: View,
    pub(crate) watermark: i64,
    pub(crate) digest: Digest,
    pub(crate) case_count: i64,
    pub(crate) event_count: i64,
    pub(crate) open_rejects: i64,
    pub(crate) create_time: Instant,
    /// Which of the states that the month was found in, from 1 (decisions.md 223).
    pub(crate) revision: i64,
    /// The snapshot of the same month and the same `as_of` before it.
    pub(crate) former: Option<RecordId>,
    /// What it sees and the one before did not.
    pub(crate) late: Late,
}

impl Snapshot {
    /// What it sees.
    pub(crate) fn sight(&self) -> Sight {
        Sight { watermark: self.watermark, view: self.view }
    }
}

/// The revision of a snapshot behind `former`: late events make the next one.
pub(crate) fn next_revision(former: Option<&Snapshot>, late: Late) -> i64 {
    former.map_or(1, |former| former.revision + i64::from(late.events > 0))
}

/// The frozen months that an event came too late for: what was frozen of them would have shown it.
pub(crate) fn missed_months(event: &Event, sequence: i64, frozen: &[(Month, Sight)]) -> Vec<Month> {
    let missed = |sight: &Sight| sequence > sight.watermark && sight.view.shows(event);
    let missed = frozen.iter().filter(|(_, sight)| missed(sight)).map(|(month, _)| *month);
    let mut months: Vec<_> = missed.collect();
    months.dedup();
    months
}
