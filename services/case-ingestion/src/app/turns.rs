//! Whose turn it is to write into a jurisdiction.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as SlotMutex, PoisonError};

use chengping_types::JurisdictionId;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Lets the writers of one jurisdiction in this process wait without a connection.
///
/// The row of the jurisdiction is the lock that counts, among all processes. But whoever waits for
/// it holds a connection, and the waiting writers of a busy jurisdiction would hold them all.
#[derive(Debug, Default, Clone)]
pub(super) struct Turns(Arc<SlotMutex<BTreeMap<JurisdictionId, Arc<Mutex<()>>>>>);

impl Turns {
    /// Waits for the turn, which lasts until the guard is dropped. First come, first served.
    pub(super) async fn wait(&self, jurisdiction: &JurisdictionId) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(jurisdiction.clone()).or_default())
        };
        turn.lock_owned().await
    }
}
