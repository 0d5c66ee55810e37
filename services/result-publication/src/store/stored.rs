//! What is stored of publications, as it is, for whoever checks it.

use std::collections::BTreeMap;

use chengping_types::JurisdictionId;
use time::OffsetDateTime;

use super::{Connection, StoreError, instant};
use crate::domain::stored::{StoredCheckpoint, StoredEntry, StoredVersion};

#[derive(sqlx::FromRow)]
struct EntryRow {
    log_index: i64,
    month: String,
    version: i32,
    kind: String,
    document: Vec<u8>,
    document_digest: String,
    lines_root: String,
    publish_time: OffsetDateTime,
    format: Option<i32>,
    lines: Option<Vec<u8>>,
}

/// At most `limit` entries of the log behind `after`, in order.
pub(crate) async fn entries(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    after: Option<i64>,
    limit: i64,
) -> Result<Vec<StoredEntry>, StoreError> {
    let rows: Vec<EntryRow> = sqlx::query_as(
        "select log_index, month, version, kind, document, document_digest, lines_root, publish_time,
             format, lines
         from log_entry left join publication_lines using (jurisdiction, log_index)
         where jurisdiction = $1 and ($2::bigint is null or log_index > $2)
         order by log_index limit $3",
    )
    .bind(jurisdiction.as_str())
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let entry = |row: EntryRow| StoredEntry {
        log_index: row.log_index,
        month: row.month,
        version: row.version,
        kind: row.kind,
        document: row.document,
        document_digest: row.document_digest,
        lines_root: row.lines_root,
        publish_time: instant(row.publish_time),
        lines: row.format.zip(row.lines),
    };
    Ok(rows.into_iter().map(entry).collect())
}

#[derive(sqlx::FromRow)]
struct VersionRow {
    month: String,
    version: i32,
    reason: String,
    state: String,
    withdraw_reason: String,
    withdraw_time: Option<OffsetDateTime>,
    revision: i64,
    results: Option<Vec<u8>>,
    results_digest: Option<String>,
    input: Option<Vec<u8>>,
    move_count: i64,
    last_revision: Option<i64>,
    last_state: Option<String>,
    last_evaluation: bool,
}

/// The versions behind (`month`, `version`) that are in one of `states`, in order, at most `limit`.
pub(crate) async fn versions(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    (month, version): (&str, i32),
    states: &[String],
    limit: i64,
) -> Result<Vec<StoredVersion>, StoreError> {
    let rows: Vec<VersionRow> = sqlx::query_as(
        "select v.month, v.version, v.reason, v.state, v.withdraw_reason, v.withdraw_time, v.revision,
             d.results, d.results_digest, d.input,
             coalesce(m.move_count, 0) as move_count, l.revision as last_revision,
             l.state as last_state, coalesce(l.evaluation = v.evaluation, false) as last_evaluation
         from bulletin_version v
             left join evaluation_document d using (jurisdiction, evaluation)
             left join lateral (
                 select count(*) as move_count from version_move
                 where jurisdiction = v.jurisdiction and month = v.month and version = v.version
                     and revision between 1 and v.revision
             ) m on true
             left join lateral (
                 select revision, state, evaluation from version_move
                 where jurisdiction = v.jurisdiction and month = v.month and version = v.version
                 order by revision desc limit 1
             ) l on true
         where v.jurisdiction = $1 and (v.month, v.version) > ($2, $3) and v.state = any($4)
         order by v.month, v.version limit $5",
    )
    .bind(jurisdiction.as_str())
    .bind(month)
    .bind(version)
    .bind(states)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let version = |row: VersionRow| StoredVersion {
        month: row.month,
        version: row.version,
        reason: row.reason,
        state: row.state,
        withdrawn: (row.withdraw_reason, row.withdraw_time.map(instant)),
        documents: match (row.results, row.results_digest, row.input) {
            (Some(results), Some(digest), Some(input)) => Some((results, digest, input)),
            _ => None,
        },
        revision: row.revision,
        move_count: row.move_count,
        last_move: row.last_revision.zip(row.last_state),
        is_of_last_move: row.last_evaluation,
    };
    Ok(rows.into_iter().map(version).collect())
}

/// Every checkpoint, by size.
pub(crate) async fn checkpoints(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
) -> Result<Vec<StoredCheckpoint>, StoreError> {
    let rows: Vec<(i64, String, String, String)> = sqlx::query_as(
        "select tree_size, root, note, verifier_key from checkpoint
         where jurisdiction = $1 order by tree_size",
    )
    .bind(jurisdiction.as_str())
    .fetch_all(connection)
    .await?;
    let checkpoint = |(tree_size, root, note, verifier_key)| StoredCheckpoint {
        tree_size,
        root,
        note,
        verifier_key,
    };
    Ok(rows.into_iter().map(checkpoint).collect())
}

/// The size that the log is said to have; none of a jurisdiction that has none.
pub(crate) async fn head_size(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar("select size from log_head where jurisdiction = $1")
        .bind(jurisdiction.as_str())
        .fetch_optional(connection)
        .await?)
}

/// The newest published version of each month, as the bulletins have it.
pub(crate) async fn published(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
) -> Result<BTreeMap<String, i32>, StoreError> {
    let rows: Vec<(String, i32)> =
        sqlx::query_as("select month, published_version from bulletin where jurisdiction = $1")
            .bind(jurisdiction.as_str())
            .fetch_all(connection)
            .await?;
    Ok(rows.into_iter().collect())
}
