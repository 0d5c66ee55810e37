//! How far consumers have come.

use chengping_types::{Instant, JurisdictionId};

use super::{Connection, StoreError, bigint, offset_date_time, unsigned};

/// The number of entries that a consumer has taken in; 0 for one that is new.
pub(crate) async fn acknowledged(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    consumer: &str,
) -> Result<u64, StoreError> {
    let position: Option<i64> = sqlx::query_scalar(
        "select acknowledged from consumer where jurisdiction = $1 and consumer = $2",
    )
    .bind(jurisdiction.as_str())
    .bind(consumer)
    .fetch_optional(connection)
    .await?;
    unsigned("position", position.unwrap_or_default())
}

/// Moves a consumer on to `position`, never back, and gives where it then is.
pub(crate) async fn acknowledge(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    consumer: &str,
    position: u64,
    now: Instant,
) -> Result<u64, StoreError> {
    let position: i64 = sqlx::query_scalar(
        "insert into consumer (jurisdiction, consumer, acknowledged, update_time)
         values ($1, $2, $3, $4)
         on conflict (jurisdiction, consumer)
             do update set acknowledged = greatest(consumer.acknowledged, excluded.acknowledged),
                 update_time = excluded.update_time
         returning acknowledged",
    )
    .bind(jurisdiction.as_str())
    .bind(consumer)
    .bind(bigint(position))
    .bind(offset_date_time(now))
    .fetch_one(connection)
    .await?;
    unsigned("position", position)
}
