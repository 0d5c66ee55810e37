//! The audit log.

use chengping_types::{Instant, JurisdictionId};
use time::OffsetDateTime;

use super::{Connection, StoreError, bigint, instant, offset_date_time, unsigned};
use crate::domain::audit::Entry;

#[derive(sqlx::FromRow)]
struct Row {
    jurisdiction: String,
    sequence: i64,
    actor: String,
    action: String,
    resource: String,
    reason: String,
    digest_before: String,
    digest_after: String,
    previous_digest: String,
    create_time: OffsetDateTime,
}

impl TryFrom<Row> for Entry {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            jurisdiction: row.jurisdiction,
            sequence: unsigned("audit sequence", row.sequence)?,
            actor: row.actor,
            action: row.action,
            resource: row.resource,
            reason: row.reason,
            digest_before: row.digest_before,
            digest_after: row.digest_after,
            previous_digest: row.previous_digest,
            create_time: instant(row.create_time),
        })
    }
}

/// The time of the transaction, to the microsecond.
pub(crate) async fn now(connection: &mut Connection) -> Result<Instant, StoreError> {
    let now: OffsetDateTime = sqlx::query_scalar("select now()").fetch_one(connection).await?;
    Ok(instant(now))
}

/// Appends the entry and moves the end of the chain to it. The jurisdiction must be locked.
pub(crate) async fn append(connection: &mut Connection, entry: &Entry) -> Result<(), StoreError> {
    let digest = entry.digest().to_string();
    sqlx::query(
        "insert into audit_entry (jurisdiction, sequence, actor, action, resource, reason,
             digest_before, digest_after, previous_digest, digest, create_time)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(&entry.jurisdiction)
    .bind(bigint(entry.sequence))
    .bind(&entry.actor)
    .bind(&entry.action)
    .bind(&entry.resource)
    .bind(&entry.reason)
    .bind(&entry.digest_before)
    .bind(&entry.digest_after)
    .bind(&entry.previous_digest)
    .bind(&digest)
    .bind(offset_date_time(entry.create_time))
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "update jurisdiction_head set audit_sequence = $2, audit_digest = $3
         where jurisdiction = $1",
    )
    .bind(&entry.jurisdiction)
    .bind(bigint(entry.sequence))
    .bind(&digest)
    .execute(connection)
    .await?;
    Ok(())
}

/// At most `limit` entries before `before`, newest first.
pub(crate) async fn list(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select jurisdiction, sequence, actor, action, resource, reason, digest_before,
             digest_after, previous_digest, create_time
         from audit_entry where jurisdiction = $1 and sequence < $2
         order by sequence desc limit $3",
    )
    .bind(jurisdiction.as_str())
    .bind(before.map_or(i64::MAX, bigint))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Entry::try_from).collect()
}
