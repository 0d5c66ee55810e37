//! Recording what was done, in the transaction that does it.

use chengping_types::{Instant, JurisdictionId};

use super::App;
use crate::domain::audit::{Change, Entry};
use crate::error::Error;
use crate::store::heads::Head;
use crate::store::{Connection, StoreError, audit};

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
    /// At most `limit` audit entries before `before`, newest first.
    pub(crate) async fn list_audit_entries(
        &self,
        jurisdiction: &JurisdictionId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>, Error> {
        let mut connection = self.store.acquire().await?;
        Ok(audit::list(&mut connection, jurisdiction, before, limit).await?)
    }
}
