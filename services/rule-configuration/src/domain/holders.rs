//! Who was given which revision last, until it is written down.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chengping_types::{Digest, Instant, JurisdictionId, Month, PackId};

use super::pack::Given;

/// Holders of a jurisdiction that are remembered, in the table too; the oldest go.
pub(crate) const HOLDERS_MAX: usize = 10_000;
/// How many more there may be before the oldest are looked for.
const SLACK: usize = 1_000;

/// Who asked, and for which month.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HolderKey {
    pub service: String,
    pub instance: String,
    pub month: Month,
}

/// The revision that somebody was given last for a month.
#[derive(Debug, Clone)]
pub(crate) struct Holder {
    pub key: HolderKey,
    pub pack: PackId,
    pub revision: u64,
    pub digest: Digest,
    pub last_time: Instant,
}

/// What somebody was given, and when.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub given: Arc<Given>,
    pub last_time: Instant,
}

/// What is to be written down, by jurisdiction.
pub(crate) type Batch = BTreeMap<JurisdictionId, BTreeMap<HolderKey, Held>>;

/// What was given since it was written down last.
#[derive(Debug, Default)]
pub(crate) struct Pending(Mutex<Batch>);

impl Pending {
    /// Notes that somebody was given something.
    pub(crate) fn note(&self, jurisdiction: &JurisdictionId, key: HolderKey, held: Held) {
        let mut batch = self.batch();
        match batch.get_mut(jurisdiction) {
            Some(holders) => {
                holders.insert(key, held);
                bound(holders, HOLDERS_MAX + SLACK);
            }
            None => {
                batch.insert(jurisdiction.clone(), BTreeMap::from([(key, held)]));
            }
        }
    }

    /// All of it, to be written down.
    pub(crate) fn take(&self) -> Batch {
        let mut taken = std::mem::take(&mut *self.batch());
        taken.values_mut().for_each(|holders| bound(holders, HOLDERS_MAX));
        taken
    }

    /// Gives back what could not be written down; what was noted meanwhile is newer.
    pub(crate) fn put_back(
        &self,
        jurisdiction: JurisdictionId,
        holders: BTreeMap<HolderKey, Held>,
    ) {
        let mut batch = self.batch();
        let known = batch.entry(jurisdiction).or_default();
        for (key, held) in holders {
            known.entry(key).or_insert(held);
        }
        bound(known, HOLDERS_MAX + SLACK);
    }

    /// At most `limit` holders of a jurisdiction behind `after`, in order.
    pub(crate) fn list(
        &self,
        jurisdiction: &JurisdictionId,
        after: Option<&HolderKey>,
        limit: usize,
    ) -> Vec<Holder> {
        let batch = self.batch();
        let holders = batch.get(jurisdiction).into_iter().flatten();
        let behind = holders.filter(|(key, _)| after.is_none_or(|after| *key > after));
        behind.take(limit).map(|(key, held)| held.holder(key.clone())).collect()
    }

    fn batch(&self) -> MutexGuard<'_, Batch> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn holder(&self, key: HolderKey) -> Holder {
        let revision = &self.given.revision;
        Holder {
            key,
            pack: revision.pack.clone(),
            revision: revision.revision,
            digest: revision.digest,
            last_time: self.last_time,
        }
    }
}

/// Lets the oldest go down to [`HOLDERS_MAX`], once there are more than `most`.
fn bound(holders: &mut BTreeMap<HolderKey, Held>, most: usize) {
    if holders.len() <= most {
        return;
    }
    let mut times: Vec<_> = holders.values().map(|held| held.last_time).collect();
    let newest = times.len() - HOLDERS_MAX;
    let (_, limit, _) = times.select_nth_unstable(newest);
    let limit = *limit;
    let mut excess = holders.len() - HOLDERS_MAX;
    holders.retain(|_, held| {
        let goes = held.last_time < limit;
        excess -= usize::from(goes);
        !goes
    });
    // Of those of one instant, any may go.
    holders.retain(|_, held| {
        let goes = excess > 0 && held.last_time == limit;
        excess -= usize::from(goes);
        !goes
    });
}

/// The holders of two ordered lists in one, of equal keys the one that was given later; at most
/// `limit`.
pub(crate) fn merged(first: Vec<Holder>, second: Vec<Holder>, limit: usize) -> Vec<Holder> {
    let mut all: BTreeMap<HolderKey, Holder> = BTreeMap::new();
    for holder in first.into_iter().chain(second) {
        let is_newer = all.get(&holder.key).is_none_or(|known| known.last_time < holder.last_time);
        if is_newer {
            all.insert(holder.key.clone(), holder);
        }
    }
    all.into_values().take(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::super::pack::{Revision, Text};
    use super::super::review::State;
    use super::*;

    fn given() -> Arc<Given> {
        let text = Text { source: String::new(), canonical: Vec::new() };
        let digest = Digest::of(b"");
        let revision = Revision {
            pack: "zz-2018".parse().unwrap(),
            revision: 1,
            digest,
            source_digest: digest,
            state: State::Active,
            active_from: None,
            warnings: Vec::new(),
            author: String::new(),
            approver: String::new(),
            create_time: None,
            version: 1,
            parent: None,
            overrides: Vec::new(),
        };
        Arc::new(Given { revision, text })
    }

    fn key(instance: usize) -> HolderKey {
        let month = "2018-04".parse().unwrap();
        HolderKey { service: "scoring".to_owned(), instance: format!("{instance:06}"), month }
    }

    #[test]
    fn of_too_many_holders_the_oldest_go() {
        let (pending, zz, given) = (Pending::default(), "zz".parse().unwrap(), given());
        for instance in 0..2 * HOLDERS_MAX {
            // Pairs of one instant.
            let last_time = Instant::from_micros(i64::try_from(instance / 2).unwrap());
            let held = Held { given: Arc::clone(&given), last_time };
            pending.note(&zz, key(instance), held);
        }
        let listed = pending.list(&zz, None, usize::MAX).len();
        assert!((HOLDERS_MAX..=HOLDERS_MAX + SLACK).contains(&listed), "{listed}");
        let taken = pending.take().remove(&zz).unwrap();
        assert_eq!(taken.len(), HOLDERS_MAX);
        assert!(taken.contains_key(&key(2 * HOLDERS_MAX - 1)) && !taken.contains_key(&key(0)));
        assert!(pending.take().is_empty());
    }

    #[test]
    fn what_is_put_back_does_not_replace_what_came_later() {
        let (pending, zz, given) = (Pending::default(), "zz".parse().unwrap(), given());
        let held =
            |micros| Held { given: Arc::clone(&given), last_time: Instant::from_micros(micros) };
        pending.note(&zz, key(1), held(1));
        pending.note(&zz, key(2), held(1));
        let mut taken = pending.take();
        pending.note(&zz, key(1), held(2));
        pending.put_back(zz.clone(), taken.remove(&zz).unwrap());
        let times: Vec<_> =
            pending.list(&zz, None, 9).into_iter().map(|holder| holder.last_time).collect();
        assert_eq!(times, [2, 1].map(Instant::from_micros));
        assert_eq!(pending.list(&zz, Some(&key(1)), 9).len(), 1);
    }
}
