//! Recording what was done, in the transaction that does it.

use chengping_types::{Instant, JurisdictionId};

use super::App;
use crate::domain::audit::filter::Filter;
use crate::domain::audit::{Chain, Change, Entry, Verified};
use crate::error::Error;
use crate::store::heads::{self, Head};
use crate::store::{Connection, StoreError, audit};

/// Entries that a check reads at a time.
const PIECE: u32 = 1_000;

/// Appends `change` to the log of the jurisdiction, whose locked counters are `head`.
pub(super) async fn record(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    head: &Head,
    now: Instant,
    change: Change,
) -> Result<(), StoreError> {
    let entry = Entry {
        jurisdiction: jurisdiction.to_string(),
        sequence: head.audit_sequence + 1,
        actor: change.actor,
        action: change.action.to_owned(),
        resource: change.resource,
        reason: change.reason,
        digest_before: change.digest_before,
        digest_after: change.digest_after,
        previous_digest: head.audit_digest.clone(),
        create_time: now,
    };
    audit::append(connection, &entry).await
}

impl App {
    /// At most `limit` audit entries before `before` that `filter` means, newest first.
    pub(crate) async fn list_audit_entries(
        &self,
        jurisdiction: &JurisdictionId,
        before: Option<u64>,
        filter: Option<&Filter>,
        limit: u32,
    ) -> Result<Vec<Entry>, Error> {
        let mut connection = self.store.acquire().await?;
        Ok(audit::list(&mut connection, jurisdiction, before, filter, limit).await?)
    }

    /// Follows the log from its beginning to the head of the jurisdiction, as both stood at one
    /// moment.
    pub(crate) async fn verify_audit_entries(
        &self,
        jurisdiction: &JurisdictionId,
    ) -> Result<Verified, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let head = heads::get(&mut transaction, jurisdiction).await?;
        let mut chain = Chain::default();
        let mut after = 0;
        loop {
            let piece = audit::list_after(&mut transaction, jurisdiction, after, PIECE).await?;
            let Some(last) = piece.last() else { break };
            after = last.entry.sequence;
            // A piece takes some milliseconds to hash.
            chain = tokio::task::spawn_blocking(move || {
                piece.iter().for_each(|found| chain.follow(found));
                chain
            })
            .await?;
        }
        Ok(chain.finish(head.audit_sequence, &head.audit_digest))
    }
}
