//! The publications of a jurisdiction in the order of its log, as consumers are told them.

use chengping_ledger::version::SealedVersion;
use chengping_types::JurisdictionId;

use super::versions::Row;
use super::{Connection, StoreError, bigint};
use crate::domain::Version;
use crate::domain::lines::{self, LINES_FORMAT, Line};

/// Keeps the lines of a version that was appended to the log.
pub(crate) async fn put(
    connection: &mut Connection,
    sealed: &SealedVersion,
    lines: &[Line],
) -> Result<(), StoreError> {
    let document = sealed.document();
    sqlx::query(
        "insert into publication_lines (jurisdiction, log_index, format, lines)
         values ($1, $2, $3, $4)",
    )
    .bind(document.jurisdiction.as_str())
    .bind(bigint(document.chain.index))
    .bind(LINES_FORMAT)
    .bind(lines::encode(lines))
    .execute(connection)
    .await?;
    Ok(())
}

/// At most `limit` publications from `index` on, each with its lines where they are kept.
pub(crate) async fn read(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    index: u64,
    limit: u32,
) -> Result<Vec<(Version, Option<Vec<Line>>)>, StoreError> {
    #[derive(sqlx::FromRow)]
    struct Told {
        #[sqlx(flatten)]
        version: Row,
        lines: Option<Vec<u8>>,
    }
    let rows: Vec<Told> = sqlx::query_as(
        "select v.jurisdiction, v.month, v.version, v.evaluation, d.results_digest, v.reason,
             v.state, v.revision, v.create_time, e.document_digest, e.log_index, e.publish_time,
             l.lines
         from log_entry e
             join bulletin_version v using (jurisdiction, month, version)
             join evaluation_document d using (jurisdiction, evaluation)
             left join publication_lines l on l.jurisdiction = e.jurisdiction
                 and l.log_index = e.log_index and l.format = $4
         where e.jurisdiction = $1 and e.log_index >= $2 and e.log_index < $2 + $3
         order by e.log_index",
    )
    .bind(jurisdiction.as_str())
    .bind(bigint(index))
    .bind(i64::from(limit))
    .bind(LINES_FORMAT)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|Told { version, lines }| {
            let lines = lines.map(|lines| serde_json::from_slice(&lines)).transpose();
            let corrupt = |error| StoreError::Corrupt { what: "lines", source: Box::new(error) };
            Ok((version.try_into()?, lines.map_err(corrupt)?))
        })
        .collect()
}
