//! Counts in the cache, so that another process goes on from them.
//!
//! The counts of a month lie under their own digest; a small entry says which digests belong to which
//! moment, and what they were counted by. What is not just that is no counts: it costs a recount.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use chengping_casework::View;
use chengping_scoring::Tallies;
use chengping_types::{BodyId, Digest, Instant, JurisdictionId, Month};
use serde::{Deserialize, Serialize};

use super::basis::Basis;
use super::counts::Counts;
use crate::domain::Begun;
use crate::peers::Peers;

/// Bounds how long it takes space.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// Which counts belong to a moment.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// As [`Basis::counted_by`].
    counted_by: String,
    watermark: u64,
    history: String,
    as_of: Instant,
    months: Vec<MonthEntry>,
    warnings: Vec<WarningEntry>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MonthEntry {
    month: Month,
    view: View,
    digest: Digest,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WarningEntry {
    body: BodyId,
    stream: String,
    item: String,
    since: Instant,
}

/// What was remembered of a moment.
#[derive(Debug)]
pub(super) struct Remembered {
    pub(super) counts: Counts,
    pub(super) history: String,
    pub(super) begun: Begun,
}

/// What this process has written.
#[derive(Debug, Default)]
pub(super) struct Memo {
    /// The counts of each month that lie in the cache.
    written: BTreeMap<Month, Digest>,
}

/// Counts on their way into the cache.
#[derive(Debug)]
pub(super) struct Packed {
    entry: Bytes,
    months: Vec<(Month, Digest, Bytes)>,
}

fn key(jurisdiction: &JurisdictionId, counted_by: &str) -> String {
    let digest = Digest::of(counted_by.as_bytes());
    format!("chengping:{{{jurisdiction}}}:live:1:{digest}")
}

fn key_of_month(jurisdiction: &JurisdictionId, digest: Digest) -> String {
    format!("chengping:{{{jurisdiction}}}:live-tallies:1:{digest}")
}

/// Makes bytes of counts; takes a while.
pub(super) fn pack(basis: &Basis, counts: &Counts, history: &str, begun: &Begun) -> Packed {
    let json = |tallies: &Tallies| serde_json::to_vec(tallies).expect("tallies are JSON");
    let none = Tallies::default();
    let mut months = Vec::new();
    let mut entries = Vec::new();
    for question in basis.questions(counts.as_of) {
        let bytes = Bytes::from(json(counts.tallies.get(&question.month).unwrap_or(&none)));
        let digest = Digest::of(&bytes);
        entries.push(MonthEntry { month: question.month, view: question.view, digest });
        months.push((question.month, digest, bytes));
    }
    let warnings = begun.iter().map(|((body, stream, item), since)| WarningEntry {
        body: body.clone(),
        stream: stream.clone(),
        item: item.clone(),
        since: *since,
    });
    let entry = Entry {
        counted_by: basis.counted_by(),
        watermark: counts.watermark,
        history: history.to_owned(),
        as_of: counts.as_of,
        months: entries,
        warnings: warnings.collect(),
    };
    let entry = serde_json::to_vec(&entry).expect("an entry is JSON");
    Packed { entry: entry.into(), months }
}

impl Memo {
    /// Remembers counts. Months that are as they were are not written again.
    pub(super) async fn write(&mut self, peers: &Peers, basis: &Basis, packed: Packed) {
        let jurisdiction = &basis.registry.jurisdiction;
        for (month, digest, bytes) in packed.months {
            if self.written.insert(month, digest) != Some(digest) {
                peers.cache.put(&key_of_month(jurisdiction, digest), bytes, REMEMBERED).await;
            }
        }
        let key = key(jurisdiction, &basis.counted_by());
        peers.cache.put(&key, packed.entry, REMEMBERED).await;
    }

    /// Writes every month again at the next opportunity: the cache may have lost some.
    pub(super) fn forget(&mut self) {
        self.written.clear();
    }
}

/// What is remembered for this basis, at most as far as `as_of`.
pub(super) async fn read(peers: &Peers, basis: &Basis, as_of: Instant) -> Option<Remembered> {
    let jurisdiction = &basis.registry.jurisdiction;
    let counted_by = basis.counted_by();
    let entry = peers.cache.get(&key(jurisdiction, &counted_by)).await?;
    let entry: Entry = serde_json::from_slice(&entry).ok()?;
    let is_of = entry.counted_by == counted_by && entry.as_of <= as_of;
    let questions = if is_of { basis.questions(entry.as_of) } else { return None };
    let views = entry.months.iter().map(|entry| (entry.month, entry.view));
    if !views.eq(questions.iter().map(|question| (question.month, question.view))) {
        return None;
    }
    let mut tallies = BTreeMap::new();
    for MonthEntry { month, digest, .. } in entry.months {
        let bytes = peers.cache.get(&key_of_month(jurisdiction, digest)).await?;
        if Digest::of(&bytes) != digest {
            return None;
        }
        tallies.insert(month, serde_json::from_slice(&bytes).ok()?);
    }
    let begun = entry.warnings.into_iter();
    let begun = begun.map(|entry| ((entry.body, entry.stream, entry.item), entry.since));
    Some(Remembered {
        counts: Counts { watermark: entry.watermark, as_of: entry.as_of, tallies },
        history: entry.history,
        begun: begun.collect(),
    })
}
