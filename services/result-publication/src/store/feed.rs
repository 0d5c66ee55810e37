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

/// What [`read`] asks for: no more than the entries it is for, whatever the planner knows of them.
const READ: &str = versions::select!(
    "join log_entry told on told.jurisdiction = v.jurisdiction and told.month = v.month
             and told.version = v.version
         left join publication_lines l on l.jurisdiction = told.jurisdiction
             and l.log_index = told.log_index and l.format = $4
         where v.jurisdiction = $1 and told.log_index >= $2 and told.log_index < $2 + $3
         order by told.log_index",
    ", told.log_index as entry_index, told.kind as entry_kind, l.lines"
);

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
    let rows: Vec<Told> = sqlx::query_as(READ)
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

#[cfg(test)]
mod tests {
    use chengping_testing::TestDatabase;
    use sqlx::{AssertSqlSafe, Executor as _};

    use super::*;
    use crate::{MIGRATOR, SCHEMA};

    /// A month that was corrected again and again, and of which there are no statistics.
    const LOG: &str = "
        insert into log_head (jurisdiction, size) values ('zz', 5000);
        insert into evaluation_document (jurisdiction, evaluation, results, results_digest, input)
            values ('zz', 'e1', '', 'sha256:' || repeat('a', 64), '');
        insert into bulletin (jurisdiction, month, newest_version, published_version, create_time,
            update_time) values ('zz', '2018-04', 5000, 5000, now(), now());
        insert into bulletin_version (jurisdiction, month, version, evaluation, reason, state,
            revision, create_time)
            select 'zz', '2018-04', number, 'e1', case when number > 1 then 'wrong' else '' end,
                'corrected', 3, now()
            from generate_series(1, 5000) as number;
        insert into log_entry (jurisdiction, log_index, month, version, document, document_digest,
            lines_root, publish_time)
            select 'zz', number - 1, '2018-04', number, '', 'sha256:' || repeat('a', 64),
                'sha256:' || repeat('a', 64), now()
            from generate_series(1, 5000) as number;
        insert into publication_lines (jurisdiction, log_index, format, lines)
            select 'zz', number - 1, 1, '[]' from generate_series(1, 5000) as number";

    /// The most rows that any step of a plan went through, those that it dropped included.
    fn most_rows(step: &serde_json::Value) -> u64 {
        let number = |name: &str| step[name].as_u64().unwrap_or_default();
        let rows = number("Actual Rows") + number("Rows Removed by Join Filter");
        let own = (rows + number("Rows Removed by Filter")) * number("Actual Loops");
        let below = step["Plans"].as_array().into_iter().flatten().map(most_rows);
        below.fold(own, u64::max)
    }

    #[tokio::test]
    async fn entries_are_read_by_their_keys_where_there_are_no_statistics() {
        let database = TestDatabase::new().await.unwrap();
        let pool = database.migrated(SCHEMA, SCHEMA, &MIGRATOR).await.unwrap();
        pool.execute(LOG).await.unwrap();
        let explain = format!("explain (analyze, format json) {READ}");
        let plan: serde_json::Value = sqlx::query_scalar(AssertSqlSafe(explain))
            .bind("zz")
            .bind(3_000_i64)
            .bind(100_i64)
            .bind(LINES_FORMAT)
            .fetch_one(&pool)
            .await
            .unwrap();
        assert!(most_rows(&plan[0]["Plan"]) <= 100, "more than is asked for is read: {plan:#}");
        let zz = "zz".parse().unwrap();
        let mut connection = pool.acquire().await.unwrap();
        let read = read(&mut connection, &zz, 3_000, 100).await.unwrap();
        let places: Vec<_> = read.iter().map(|kept| kept.index).collect();
        assert_eq!(places, (3_000..3_100).collect::<Vec<_>>());
    }
}
