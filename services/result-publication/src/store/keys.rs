//! Which key signs the log of a jurisdiction, from when on.

use chengping_types::JurisdictionId;
use time::OffsetDateTime;

use super::{Connection, StoreError, bigint, instant, offset_date_time, parse, unsigned};
use crate::domain::log_key::Rotation;

#[derive(sqlx::FromRow)]
struct Row {
    generation: i64,
    verifier_key: String,
    former_key: String,
    tree_size: i64,
    begin_time: OffsetDateTime,
    actor: String,
    reason: String,
    handover: String,
}

impl TryFrom<Row> for Rotation {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            generation: unsigned("key generation", row.generation)?,
            verifier_key: parse("verifier key", &row.verifier_key)?,
            former_key: parse("verifier key", &row.former_key)?,
            tree_size: unsigned("log size", row.tree_size)?,
            begin_time: instant(row.begin_time),
            actor: row.actor,
            reason: row.reason,
            handover: row.handover,
        })
    }
}

/// The generation that signs now; 0 before any rotation.
pub(crate) async fn generation(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
) -> Result<u64, StoreError> {
    let newest: Option<i64> =
        sqlx::query_scalar("select max(generation) from log_key where jurisdiction = $1")
            .bind(jurisdiction.as_str())
            .fetch_one(connection)
            .await?;
    unsigned("key generation", newest.unwrap_or_default())
}

/// Every rotation, the newest first.
pub(crate) async fn rotations(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
) -> Result<Vec<Rotation>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select generation, verifier_key, former_key, tree_size, begin_time, actor, reason, handover
         from log_key where jurisdiction = $1 order by generation desc",
    )
    .bind(jurisdiction.as_str())
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Rotation::try_from).collect()
}

/// Keeps a rotation.
pub(crate) async fn insert(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    rotation: &Rotation,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into log_key (jurisdiction, generation, verifier_key, former_key, tree_size,
             begin_time, actor, reason, handover)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(jurisdiction.as_str())
    .bind(bigint(rotation.generation))
    .bind(rotation.verifier_key.to_string())
    .bind(rotation.former_key.to_string())
    .bind(bigint(rotation.tree_size))
    .bind(offset_date_time(rotation.begin_time))
    .bind(&rotation.actor)
    .bind(&rotation.reason)
    .bind(&rotation.handover)
    .execute(connection)
    .await?;
    Ok(())
}
