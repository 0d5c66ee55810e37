//! Who was given which revision.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::time::SystemTime;

use chengping_types::{Instant, JurisdictionId, Month, PackId};

use super::App;
use crate::domain::holders::{Held, Holder, HolderKey, merged};
use crate::domain::pack::Given;
use crate::error::Error;
use crate::store::{activations, holders};

impl App {
    /// Notes that somebody was given a revision; it is written down later.
    pub(crate) fn note_holder(
        &self,
        jurisdiction: &JurisdictionId,
        key: HolderKey,
        given: &Arc<Given>,
    ) {
        let held = Held { given: Arc::clone(given), last_time: now() };
        self.pending.note(jurisdiction, key, held);
    }

    /// At most `limit` holders behind `after`, each with whether it has what is in force. What
    /// other processes gave is known once they have written it down.
    pub(crate) async fn list_holders(
        &self,
        jurisdiction: &JurisdictionId,
        after: Option<&HolderKey>,
        limit: u32,
    ) -> Result<Vec<(Holder, bool)>, Error> {
        let most = usize::try_from(limit).expect("a page fits into memory");
        // First what is not written yet: what is written meanwhile is then seen twice, not never.
        let pending = self.pending.list(jurisdiction, after, most);
        let mut transaction = self.store.begin_reading().await?;
        let written = holders::list(&mut transaction, jurisdiction, after, limit).await?;
        let listed = merged(pending, written, most);
        let mut in_force: BTreeMap<Month, Option<(PackId, u64)>> = BTreeMap::new();
        for month in listed.iter().map(|holder| holder.key.month) {
            if let Entry::Vacant(unknown) = in_force.entry(month) {
                let found = activations::effective(&mut transaction, jurisdiction, month).await?;
                unknown.insert(found.map(|found| (found.pack, found.revision)));
            }
        }
        let is_current = |holder: &Holder| {
            let found = in_force.get(&holder.key.month).and_then(Option::as_ref);
            found.is_some_and(|(pack, revision)| {
                *pack == holder.pack && *revision == holder.revision
            })
        };
        let told = |holder: Holder| {
            let current = is_current(&holder);
            (holder, current)
        };
        Ok(listed.into_iter().map(told).collect())
    }

    /// Writes down who was given what. What fails is tried again the next time.
    pub(super) async fn flush_holders(&self) {
        for (jurisdiction, held) in self.pending.take() {
            let written = async {
                let mut connection = self.store.acquire().await?;
                holders::put(&mut connection, &jurisdiction, &held).await?;
                Ok::<_, Error>(())
            };
            if let Err(error) = written.await {
                tracing::warn!(%error, "cannot write down who was given which rules");
                self.pending.put_back(jurisdiction, held);
            }
        }
    }
}

/// The clock of the service.
fn now() -> Instant {
    let since_epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    Instant::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}
