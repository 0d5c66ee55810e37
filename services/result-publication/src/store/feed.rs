//! The publications of a jurisdiction in the order of its log, as consumers are told them.

use std::collections::BTreeMap;

use chengping_ledger::version::{EntryKind, SealedVersion};
use chengping_types::{JurisdictionId, Month};

use super::log::entry_kind;
use super::versions::{self, Row};
use super::{Connection, StoreError, bigint, integer, parse, unsigned};
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

/// The lines that are kept of an entry of the log; none where they are to be read from the document.
pub(crate) async fn lines(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    index: u64,
) -> Result<Option<Vec<Line>>, StoreError> {
    let kept: Option<Vec<u8>> = sqlx::query_scalar(
        "select lines from publication_lines
         where jurisdiction = $1 and log_index = $2 and format = $3",
    )
    .bind(jurisdiction.as_str())
    .bind(bigint(index))
    .bind(LINES_FORMAT)
    .fetch_optional(connection)
    .await?;
    kept.as_deref().map(decode).transpose()
}

/// The lines that are kept of these versions, each by month and number.
pub(crate) async fn kept_lines(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    versions: &[(Month, u32)],
) -> Result<BTreeMap<(Month, u32), Vec<Line>>, StoreError> {
    let months: Vec<_> = versions.iter().map(|(month, _)| month.to_string()).collect();
    let numbers: Vec<_> = versions.iter().map(|(_, number)| integer(*number)).collect();
    let rows: Vec<(String, i32, Vec<u8>)> = sqlx::query_as(
        "select e.month, e.version, l.lines
         from unnest($2::text[], $3::integer[]) as asked (month, version)
         cross join lateral (
             select * from log_entry
             where jurisdiction = $1 and month = asked.month and version = asked.version
                 and kind = 'published'
             limit 1) e
         join publication_lines l on l.jurisdiction = e.jurisdiction and l.log_index = e.log_index
             and l.format = $4",
    )
    .bind(jurisdiction.as_str())
    .bind(months)
    .bind(numbers)
    .bind(LINES_FORMAT)
    .fetch_all(connection)
    .await?;
    let kept = |(month, number, lines): (String, i32, Vec<u8>)| {
        let version = (parse("month", &month)?, unsigned("version", number)?);
        Ok((version, decode(&lines)?))
    };
    rows.into_iter().map(kept).collect()
}

fn decode(lines: &[u8]) -> Result<Vec<Line>, StoreError> {
    let corrupt = |error| StoreError::Corrupt { what: "lines", source: Box::new(error) };
    serde_json::from_slice(lines).map_err(corrupt)
}

/// An entry of the log, with what is kept of it.
pub(crate) struct Kept {
    pub(crate) version: Version,
    pub(crate) index: u64,
    pub(crate) kind: EntryKind,
    /// None where they are to be read from the document.
    pub(crate) lines: Option<Vec<Line>>,
}

/// At most `limit` entries from `index` on.
pub(crate) async fn read(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    index: u64,
    limit: u32,
) -> Result<Vec<Kept>, StoreError> {
    #[derive(sqlx::FromRow)]
    struct Told {
        #[sqlx(flatten)]
        version: Row,
        entry_index: i64,
        entry_kind: String,
        lines: Option<Vec<u8>>,
    }
    let rows: Vec<Told> = sqlx::query_as(versions::select!(
        "join log_entry told on told.jurisdiction = v.jurisdiction and told.month = v.month
             and told.version = v.version
         left join publication_lines l on l.jurisdiction = told.jurisdiction
             and l.log_index = told.log_index and l.format = $4
         where v.jurisdiction = $1 and told.log_index >= $2 and told.log_index < $2 + $3
         order by told.log_index",
        ", told.log_index as entry_index, told.kind as entry_kind, l.lines"
    ))
    .bind(jurisdiction.as_str())
    .bind(bigint(index))
    .bind(i64::from(limit))
    .bind(LINES_FORMAT)
    .fetch_all(connection)
    .await?;
    let kept = |told: Told| {
        Ok(Kept {
            version: told.version.try_into()?,
            index: unsigned("log index", told.entry_index)?,
            kind: entry_kind(&told.entry_kind)?,
            lines: told.lines.as_deref().map(decode).transpose()?,
        })
    };
    rows.into_iter().map(kept).collect()
}
