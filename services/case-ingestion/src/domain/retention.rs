//! What was put away, taken back and erased.

use std::collections::BTreeSet;

use chengping_casework::archive::Sum;
use chengping_types::{Digest, Instant, Month};

use super::record::{Fault, SentEvent};

/// The code of an event whose case has its events put away.
pub(crate) const MONTH_ARCHIVED: &str = "month_archived";

/// Why an event waits for its month.
pub(crate) fn month_archived(sent: &SentEvent, month: Month) -> Fault {
    let message = format!(
        "the events of case {} are put away with those of {month}; the event is taken in by itself \
         when they are taken back with `chengping restore-month`",
        sent.event.case_no
    );
    Fault { waits: true, ..Fault::new(MONTH_ARCHIVED, "case_no", message) }
}

/// What intake has to know of a jurisdiction.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Retention {
    /// Months whose events are put away.
    pub(crate) archived: BTreeSet<Month>,
    /// Months whose titles and notes were erased.
    pub(crate) erased: BTreeSet<Month>,
}

impl Retention {
    /// The first month from this one on whose events are not put away.
    pub(crate) fn open_month(&self, mut month: Month) -> Month {
        while self.archived.contains(&month) {
            month = month.next();
        }
        month
    }
}

/// What a reading of records has to know: it is whole only if this is the same after it as before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// How many times anything was put away, taken back or erased.
    pub(crate) changes: i64,
    /// Months whose events are put away, as far as the reading needs them.
    pub(crate) archived: Vec<Month>,
}

chengping_types::named_enum! {
    /// Where the events of a month are that was put away.
    pub(crate) enum ArchiveState: "state of an archive" {
        /// In the archive only.
        PutAway = 1 => "put_away",
        /// Taken back.
        Restored = 2 => "restored",
    }
}

/// What was put away of a month last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Archive {
    pub(crate) month: Month,
    pub(crate) state: ArchiveState,
    pub(crate) digest: Digest,
    /// That of titles and notes; absent where the archive has none.
    pub(crate) text_digest: Option<Digest>,
    pub(crate) case_count: i64,
    pub(crate) event_count: i64,
    pub(crate) deadline_count: i64,
    /// Absent of one that is only rehearsed.
    pub(crate) put_away_time: Option<Instant>,
    pub(crate) restore_time: Option<Instant>,
}

impl Archive {
    /// The archive of a month that would be put away.
    pub(crate) fn rehearsed(month: Month, sum: &Sum, text_digest: Option<Digest>) -> Self {
        Self {
            month,
            state: ArchiveState::PutAway,
            digest: sum.digest,
            text_digest,
            case_count: sum.counts.cases,
            event_count: sum.counts.events,
            deadline_count: sum.counts.deadlines,
            put_away_time: None,
            restore_time: None,
        }
    }
}

chengping_types::named_enum! {
    /// What was done to a month.
    pub(crate) enum RetentionAction: "retention action" {
        /// Its events were put away.
        PutAway = 1 => "put_away",
        /// They were taken back.
        Restored = 2 => "restored",
        /// Titles and notes were erased.
        TextsErased = 3 => "texts_erased",
    }
}

/// Why something is done, who does it, and whether before its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Why {
    pub(crate) actor: String,
    pub(crate) reason: String,
    pub(crate) early: bool,
}

/// How much was erased.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Erased {
    pub(crate) titles: i64,
    pub(crate) notes: i64,
    /// Payloads of closed rejects.
    pub(crate) payloads: i64,
}

/// Who did what to which month, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RetentionEntry {
    pub(crate) number: u64,
    pub(crate) action: RetentionAction,
    pub(crate) month: Month,
    pub(crate) actor: String,
    pub(crate) reason: String,
    pub(crate) is_early: bool,
    pub(crate) digest: Option<Digest>,
    pub(crate) case_count: i64,
    pub(crate) event_count: i64,
    pub(crate) erased: Erased,
    pub(crate) create_time: Instant,
}
