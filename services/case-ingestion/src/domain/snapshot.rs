//! Fixed views of the records.

use chengping_casework::View;
use chengping_types::{Digest, Instant, Month, RecordId};

use super::fold::Folded;

/// A snapshot to be stored.
#[derive(Debug, Clone)]
pub(crate) struct NewSnapshot {
    pub(crate) id: RecordId,
    pub(crate) month: Month,
    pub(crate) view: View,
    pub(crate) watermark: i64,
    pub(crate) open_rejects: i64,
    pub(crate) folded: Folded,
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
}
