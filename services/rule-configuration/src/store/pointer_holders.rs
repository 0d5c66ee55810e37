//! Who may be answering from memory which revision is in force.

use std::time::Duration;

use chengping_types::JurisdictionId;
use uuid::Uuid;

use super::{Connection, StoreError, unsigned};

/// Announces a holder, or says again that it is there. Those that have not done so for a day are
/// gone: each does every hour, and believes nothing after two (`domain::pointers`).
pub(crate) async fn put(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    holder: Uuid,
    ttl: Duration,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into pointer_holder (jurisdiction, holder, ttl_ms, renew_time)
         values ($1, $2, $3, now())
         on conflict (jurisdiction, holder) do update set
             ttl_ms = excluded.ttl_ms, renew_time = excluded.renew_time",
    )
    .bind(jurisdiction.as_str())
    .bind(holder)
    .bind(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX))
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "delete from pointer_holder
         where jurisdiction = $1 and holder <> $2 and renew_time < now() - interval '1 day'",
    )
    .bind(jurisdiction.as_str())
    .bind(holder)
    .execute(connection)
    .await?;
    Ok(())
}

/// How long a holder other than `holder` may believe what it read; none where there is no other.
pub(crate) async fn longest_ttl(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    holder: Uuid,
) -> Result<Option<Duration>, StoreError> {
    let ttl_ms: Option<i64> = sqlx::query_scalar(
        "select max(ttl_ms) from pointer_holder where jurisdiction = $1 and holder <> $2",
    )
    .bind(jurisdiction.as_str())
    .bind(holder)
    .fetch_one(connection)
    .await?;
    ttl_ms.map(|ttl_ms| Ok(Duration::from_millis(unsigned("time to live", ttl_ms)?))).transpose()
}

/// Takes an announcement back.
pub(crate) async fn delete(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    holder: Uuid,
) -> Result<(), StoreError> {
    sqlx::query("delete from pointer_holder where jurisdiction = $1 and holder = $2")
        .bind(jurisdiction.as_str())
        .bind(holder)
        .execute(connection)
        .await?;
    Ok(())
}
