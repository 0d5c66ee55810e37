//! Versions: what they were made from, and where they stand.

use chengping_types::{Instant, JurisdictionId, Month};
use time::OffsetDateTime;

use super::{Connection, StoreError, bigint, instant, integer, offset_date_time, parse, unsigned};
use crate::domain::{Sealed, Version};

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    jurisdiction: String,
    month: String,
    version: i32,
    evaluation: String,
    results_digest: String,
    reason: String,
    state: String,
    revision: i64,
    create_time: OffsetDateTime,
    document_digest: Option<String>,
    log_index: Option<i64>,
    publish_time: Option<OffsetDateTime>,
}

impl TryFrom<Row> for Version {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let sealed = match (row.document_digest, row.log_index, row.publish_time) {
            (Some(digest), Some(log_index), Some(publish_time)) => Some(Sealed {
                digest: parse("digest", &digest)?,
                log_index: unsigned("log index", log_index)?,
                publish_time: instant(publish_time),
            }),
            _ => None,
        };
        Ok(Self {
            jurisdiction: parse("jurisdiction ID", &row.jurisdiction)?,
            month: parse("month", &row.month)?,
            number: unsigned("version", row.version)?,
            evaluation: parse("evaluation ID", &row.evaluation)?,
            results_digest: parse("digest", &row.results_digest)?,
            reason: row.reason,
            state: parse("state", &row.state)?,
            revision: unsigned("revision", row.revision)?,
            create_time: instant(row.create_time),
            sealed,
        })
    }
}

/// A version.
pub(crate) async fn get(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    month: Month,
    number: u32,
) -> Result<Option<Version>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "select v.jurisdiction, v.month, v.version, v.evaluation, d.results_digest, v.reason,
             v.state, v.revision, v.create_time, e.document_digest, e.log_index, e.publish_time
         from bulletin_version v
             join evaluation_document d using (jurisdiction, evaluation)
             left join log_entry e using (jurisdiction, month, version)
         where v.jurisdiction = $1 and v.month = $2 and v.version = $3",
    )
    .bind(jurisdiction.as_str())
    .bind(month.to_string())
    .bind(integer(number))
    .fetch_optional(connection)
    .await?;
    row.map(Version::try_from).transpose()
}

/// At most `limit` versions of a month below `before`, newest first.
pub(crate) async fn list(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    month: Month,
    before: Option<u32>,
    limit: u32,
) -> Result<Vec<Version>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select v.jurisdiction, v.month, v.version, v.evaluation, d.results_digest, v.reason,
             v.state, v.revision, v.create_time, e.document_digest, e.log_index, e.publish_time
         from bulletin_version v
             join evaluation_document d using (jurisdiction, evaluation)
             left join log_entry e using (jurisdiction, month, version)
         where v.jurisdiction = $1 and v.month = $2 and v.version < $3
         order by v.version desc limit $4",
    )
    .bind(jurisdiction.as_str())
    .bind(month.to_string())
    .bind(before.map_or(i32::MAX, integer))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Version::try_from).collect()
}

/// The newest version of a month.
pub(crate) async fn newest(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    month: Month,
) -> Result<Option<Version>, StoreError> {
    Ok(list(connection, jurisdiction, month, None, 1).await?.pop())
}

/// Writes a version as it is now, new or changed, and that it moved. The log must be locked.
pub(crate) async fn put(
    connection: &mut Connection,
    version: &Version,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into bulletin_version
             (jurisdiction, month, version, evaluation, reason, state, revision, create_time)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (jurisdiction, month, version)
             do update set evaluation = excluded.evaluation, reason = excluded.reason,
                 state = excluded.state, revision = excluded.revision,
                 create_time = excluded.create_time",
    )
    .bind(version.jurisdiction.as_str())
    .bind(version.month.to_string())
    .bind(integer(version.number))
    .bind(version.evaluation.as_str())
    .bind(&version.reason)
    .bind(version.state.as_str())
    .bind(bigint(version.revision))
    .bind(offset_date_time(version.create_time))
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "insert into version_move
             (jurisdiction, month, version, revision, evaluation, state, move_time)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(version.jurisdiction.as_str())
    .bind(version.month.to_string())
    .bind(integer(version.number))
    .bind(bigint(version.revision))
    .bind(version.evaluation.as_str())
    .bind(version.state.as_str())
    .bind(offset_date_time(now))
    .execute(connection)
    .await?;
    Ok(())
}
