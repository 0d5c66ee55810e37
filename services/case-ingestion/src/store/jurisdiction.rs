//! The counters of a jurisdiction, whose row is the lock of its writers.

use chengping_types::JurisdictionId;
use sqlx::{PgConnection, Row as _};

use super::StoreError;
use crate::domain::Ledger;

/// Waits until no other transaction writes into the jurisdiction, and keeps others waiting until
/// this transaction ends.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
) -> Result<Ledger, StoreError> {
    if let Some(ledger) = try_lock(connection, jurisdiction).await? {
        return Ok(ledger);
    }
    sqlx::query("INSERT INTO jurisdiction (jurisdiction) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(jurisdiction.as_str())
        .execute(&mut *connection)
        .await?;
    let ledger = try_lock(connection, jurisdiction).await?;
    ledger.ok_or_else(|| super::corrupt("jurisdiction", "the row is gone"))
}

async fn try_lock(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
) -> Result<Option<Ledger>, StoreError> {
    let row = sqlx::query(
        "SELECT watermark, set_aside FROM jurisdiction WHERE jurisdiction = $1 FOR UPDATE",
    )
    .bind(jurisdiction.as_str())
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Ledger { watermark: row.try_get("watermark")?, set_aside: row.try_get("set_aside")? }))
}

/// Writes the counters back, under the lock.
pub(crate) async fn update(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    ledger: Ledger,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE jurisdiction SET watermark = $2, set_aside = $3 WHERE jurisdiction = $1")
        .bind(jurisdiction.as_str())
        .bind(ledger.watermark)
        .bind(ledger.set_aside)
        .execute(connection)
        .await?;
    Ok(())
}

/// The number of accepted records; every one of them is visible to later statements.
pub(crate) async fn watermark(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
) -> Result<i64, StoreError> {
    let watermark =
        sqlx::query_scalar("SELECT watermark FROM jurisdiction WHERE jurisdiction = $1")
            .bind(jurisdiction.as_str())
            .fetch_optional(connection)
            .await?;
    Ok(watermark.unwrap_or_default())
}

/// The number of accepted records and of open rejects at one moment.
pub(crate) async fn standing(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
) -> Result<(i64, i64), StoreError> {
    let counts = sqlx::query_as(
        "SELECT coalesce((SELECT watermark FROM jurisdiction WHERE jurisdiction = $1), 0),
                (SELECT count(*) FROM reject WHERE jurisdiction = $1 AND state = 1)",
    )
    .bind(jurisdiction.as_str())
    .fetch_one(connection)
    .await?;
    Ok(counts)
}
