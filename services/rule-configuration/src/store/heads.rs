//! The row of a jurisdiction that every change locks first.

use chengping_types::JurisdictionId;

use super::{Connection, StoreError, unsigned};

/// The counters of a jurisdiction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub registry_revision: u64,
    pub activation_sequence: i64,
    pub audit_sequence: u64,
    pub audit_digest: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    registry_revision: i64,
    activation_sequence: i64,
    audit_sequence: i64,
    audit_digest: String,
}

impl TryFrom<Row> for Head {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            registry_revision: unsigned("registry revision", row.registry_revision)?,
            activation_sequence: row.activation_sequence,
            audit_sequence: unsigned("audit sequence", row.audit_sequence)?,
            audit_digest: row.audit_digest,
        })
    }
}

/// The counters as they stand, without a lock; all 0 for a jurisdiction that has nothing yet.
pub(crate) async fn get(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
) -> Result<Head, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "select registry_revision, activation_sequence, audit_sequence, audit_digest
         from jurisdiction_head where jurisdiction = $1",
    )
    .bind(jurisdiction.as_str())
    .fetch_optional(connection)
    .await?;
    row.map_or_else(|| Ok(Head::default()), Head::try_from)
}

/// Locks the jurisdiction until the transaction ends and gives its counters.
pub(crate) async fn lock(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
) -> Result<Head, StoreError> {
    sqlx::query("insert into jurisdiction_head (jurisdiction) values ($1) on conflict do nothing")
        .bind(jurisdiction.as_str())
        .execute(&mut *connection)
        .await?;
    let row: Row = sqlx::query_as(
        "select registry_revision, activation_sequence, audit_sequence, audit_digest
         from jurisdiction_head where jurisdiction = $1 for update",
    )
    .bind(jurisdiction.as_str())
    .fetch_one(connection)
    .await?;
    row.try_into()
}

/// Moves the number of the newest registry revision on by one.
pub(crate) async fn advance_registry(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
) -> Result<u64, StoreError> {
    let revision: i64 = sqlx::query_scalar(
        "update jurisdiction_head set registry_revision = registry_revision + 1
         where jurisdiction = $1 returning registry_revision",
    )
    .bind(jurisdiction.as_str())
    .fetch_one(connection)
    .await?;
    unsigned("registry revision", revision)
}

/// Moves the number of the newest activation on by one.
pub(crate) async fn advance_activations(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "update jurisdiction_head set activation_sequence = activation_sequence + 1
         where jurisdiction = $1 returning activation_sequence",
    )
    .bind(jurisdiction.as_str())
    .fetch_one(connection)
    .await?)
}
