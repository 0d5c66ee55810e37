//! How far consumers have come.

use chengping_types::{Instant, JurisdictionId};
use time::OffsetDateTime;

use super::{Connection, StoreError, bigint, instant, offset_date_time, unsigned};
use crate::domain::Consumer;

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

/// Moves a consumer on to `position`, never back, and gives where it then is; none where it is
/// somebody else's than `owner`, unless `anybodys`. One without an owner gets this one.
pub(crate) async fn acknowledge(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    (consumer, position): (&str, u64),
    (owner, anybodys): (&str, bool),
    now: Instant,
) -> Result<Option<u64>, StoreError> {
    let position: Option<i64> = sqlx::query_scalar(
        "insert into consumer (jurisdiction, consumer, acknowledged, update_time, owner)
         values ($1, $2, $3, $4, $5)
         on conflict (jurisdiction, consumer)
             do update set acknowledged = greatest(consumer.acknowledged, excluded.acknowledged),
                 update_time = excluded.update_time,
                 owner = coalesce(nullif(consumer.owner, ''), excluded.owner)
             where consumer.owner in ('', excluded.owner) or $6
         returning acknowledged",
    )
    .bind(jurisdiction.as_str())
    .bind(consumer)
    .bind(bigint(position))
    .bind(offset_date_time(now))
    .bind(owner)
    .bind(anybodys)
    .fetch_optional(connection)
    .await?;
    position.map(|position| unsigned("position", position)).transpose()
}

/// At most `limit` consumers behind `after`, by name.
pub(crate) async fn list(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Consumer>, StoreError> {
    let rows: Vec<(String, i64, OffsetDateTime, String)> = sqlx::query_as(
        "select consumer, acknowledged, update_time, owner from consumer
         where jurisdiction = $1 and ($2::text is null or consumer > $2)
         order by consumer limit $3",
    )
    .bind(jurisdiction.as_str())
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    let consumer = |(name, acknowledged, update_time, owner)| {
        let acknowledged = unsigned("position", acknowledged)?;
        Ok(Consumer { name, acknowledged, update_time: instant(update_time), owner })
    };
    rows.into_iter().map(consumer).collect()
}
