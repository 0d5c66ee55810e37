//! The states that a registry ever had.

use chengping_types::JurisdictionId;
use time::OffsetDateTime;

use super::{Connection, StoreError, bigint, instant, offset_date_time, parse, unsigned};
use crate::domain::registry::{RegistryRevision, Sizes};

#[derive(sqlx::FromRow)]
struct Row {
    revision: i64,
    digest: String,
    body_count: i64,
    area_count: i64,
    coefficient_count: i64,
    long_term_count: i64,
    create_time: OffsetDateTime,
}

impl TryFrom<Row> for RegistryRevision {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            revision: unsigned("registry revision", row.revision)?,
            digest: parse("digest", &row.digest)?,
            sizes: Sizes {
                bodies: row.body_count,
                areas: row.area_count,
                coefficients: row.coefficient_count,
                long_term: row.long_term_count,
            },
            create_time: instant(row.create_time),
        })
    }
}

/// Stores a revision with its compressed content.
pub(crate) async fn insert(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    revision: &RegistryRevision,
    content: &[u8],
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into registry_revision (jurisdiction, revision, digest, content, body_count,
             area_count, coefficient_count, long_term_count, create_time)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(jurisdiction.as_str())
    .bind(bigint(revision.revision))
    .bind(revision.digest.to_string())
    .bind(content)
    .bind(revision.sizes.bodies)
    .bind(revision.sizes.areas)
    .bind(revision.sizes.coefficients)
    .bind(revision.sizes.long_term)
    .bind(offset_date_time(revision.create_time))
    .execute(connection)
    .await?;
    Ok(())
}

/// A revision; the newest one without a number.
pub(crate) async fn get(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    revision: Option<u64>,
) -> Result<Option<RegistryRevision>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "select revision, digest, body_count, area_count, coefficient_count, long_term_count,
             create_time
         from registry_revision where jurisdiction = $1 and ($2::bigint is null or revision = $2)
         order by revision desc limit 1",
    )
    .bind(jurisdiction.as_str())
    .bind(revision.map(bigint))
    .fetch_optional(connection)
    .await?;
    row.map(RegistryRevision::try_from).transpose()
}

/// The compressed content of a revision.
pub(crate) async fn content(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    revision: u64,
) -> Result<Vec<u8>, StoreError> {
    Ok(sqlx::query_scalar(
        "select content from registry_revision where jurisdiction = $1 and revision = $2",
    )
    .bind(jurisdiction.as_str())
    .bind(bigint(revision))
    .fetch_one(connection)
    .await?)
}

/// At most `limit` revisions before `before`, newest first.
pub(crate) async fn list(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<RegistryRevision>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select revision, digest, body_count, area_count, coefficient_count, long_term_count,
             create_time
         from registry_revision where jurisdiction = $1 and revision < $2
         order by revision desc limit $3",
    )
    .bind(jurisdiction.as_str())
    .bind(before.map_or(i64::MAX, bigint))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(RegistryRevision::try_from).collect()
}
