//! Packed case files, and the records that are not packed yet.

use std::collections::BTreeMap;

use chengping_casework::{Case, Event, PACKED_VERSION};
use chengping_types::{CaseNo, Instant, JurisdictionId};
use futures_util::{Stream, TryStreamExt as _};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

use super::copy::copy_in;
use super::time::Time;
use super::{InOrder, StoreError, case, corrupt, event, get, parse};
use crate::domain::{News, PackedFile};

/// What a page of files may take together, but for its last.
const PAGE_BYTES: i64 = 4 << 20;

/// How far the files of a jurisdiction are packed, under the lock of who packs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub(crate) watermark: i64,
    /// Whether there are files that cannot be continued.
    pub(crate) is_stale: bool,
}

/// How many of the first records are packed; none where files have to be made anew.
pub(crate) async fn watermark(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
) -> Result<Option<i64>, StoreError> {
    let watermark = sqlx::query_scalar(
        "SELECT watermark FROM case_file_state WHERE jurisdiction = $1 AND version = $2",
    )
    .bind(jurisdiction.as_str())
    .bind(i16::from(PACKED_VERSION))
    .fetch_optional(connection)
    .await?;
    Ok(watermark)
}

/// The jurisdictions with records that are not packed, with the number of their records.
pub(crate) async fn behind(
    connection: &mut PgConnection,
) -> Result<BTreeMap<JurisdictionId, i64>, StoreError> {
    let rows = sqlx::query(
        "SELECT jurisdiction, ledger.watermark
         FROM jurisdiction AS ledger LEFT JOIN case_file_state AS state USING (jurisdiction)
         WHERE ledger.watermark > coalesce(state.watermark, 0)",
    )
    .fetch_all(connection)
    .await?;
    let read = |row: &PgRow| Ok((parse(row, "jurisdiction")?, get(row, "watermark")?));
    rows.iter().map(read).collect()
}

/// Waits until nobody else packs, and keeps others waiting until the transaction ends. With
/// `skip_locked` none where somebody packs.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    skip_locked: bool,
) -> Result<Option<Standing>, StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO case_file_state (jurisdiction, watermark, version) VALUES ($1, 0, $2)
         ON CONFLICT DO NOTHING",
    )
    .bind(jurisdiction.as_str())
    .bind(i16::from(PACKED_VERSION))
    .execute(&mut *connection)
    .await?;
    let query = match skip_locked {
        true => {
            "SELECT watermark, version,
                    EXISTS (SELECT FROM case_file AS file WHERE file.jurisdiction = $1) AS has_files
             FROM case_file_state WHERE jurisdiction = $1 FOR UPDATE OF case_file_state SKIP LOCKED"
        }
        false => {
            "SELECT watermark, version,
                    EXISTS (SELECT FROM case_file AS file WHERE file.jurisdiction = $1) AS has_files
             FROM case_file_state WHERE jurisdiction = $1 FOR UPDATE OF case_file_state"
        }
    };
    let row = sqlx::query(query).bind(jurisdiction.as_str()).fetch_optional(connection).await?;
    let Some(row) = row else { return Ok(None) };
    let version: i16 = get(&row, "version")?;
    let is_new = inserted.rows_affected() > 0;
    let is_stale =
        version != i16::from(PACKED_VERSION) || is_new && get::<bool>(&row, "has_files")?;
    Ok(Some(Standing { watermark: get(&row, "watermark")?, is_stale }))
}

/// Writes down how far is packed, under the lock.
pub(crate) async fn set(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    watermark: i64,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE case_file_state SET watermark = $2, version = $3 WHERE jurisdiction = $1")
        .bind(jurisdiction.as_str())
        .bind(watermark)
        .bind(i16::from(PACKED_VERSION))
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes all files of a jurisdiction, under the lock.
pub(crate) async fn clear(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM case_file WHERE jurisdiction = $1")
        .bind(jurisdiction.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// The records behind the first `after` up to the first `upto`, without free texts.
pub(crate) async fn news(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    (after, upto): (i64, i64),
) -> Result<News, StoreError> {
    let rows = sqlx::query(
        "SELECT case_no, source, category_scheme, category_code, area_code, collector,
                NULL::text AS title, filing_condition, sequence
         FROM case_record WHERE jurisdiction = (SELECT $1) AND sequence > $2 AND sequence <= $3",
    )
    .bind(jurisdiction.as_str())
    .bind(after)
    .bind(upto)
    .fetch(&mut *connection);
    let case = |row: &PgRow| -> Result<(Case, i64), StoreError> {
        Ok((case::read(row)?, get(row, "sequence")?))
    };
    let cases = read_all(rows, case).await?;
    let events = events(connection, jurisdiction, (after, upto)).await?;
    let deadlines = sqlx::query(
        "SELECT case_no, event_no, sequence, due_time FROM computed_deadline
         WHERE jurisdiction = (SELECT $1) AND sequence > $2 AND sequence <= $3",
    )
    .bind(jurisdiction.as_str())
    .bind(after)
    .bind(upto)
    .fetch_all(connection)
    .await?;
    let deadline = |row: &PgRow| -> Result<(CaseNo, (u64, i64, Instant)), StoreError> {
        let event_no: i64 = get(row, "event_no")?;
        let event_no = u64::try_from(event_no).map_err(|error| corrupt("event_no", error))?;
        let Time(due_at) = get(row, "due_time")?;
        Ok((parse(row, "case_no")?, (event_no, get(row, "sequence")?, due_at)))
    };
    let deadlines = deadlines.iter().map(deadline).collect::<Result<_, _>>()?;
    Ok(News { cases, events, deadlines })
}

async fn events(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    (after, upto): (i64, i64),
) -> Result<Vec<(Event, i64)>, StoreError> {
    let rows = sqlx::query(
        "SELECT case_no, event_no, event_time, kind, actor, unit, due_time, stage_due_time, outcome,
                NULL::text AS note, sequence
         FROM event WHERE jurisdiction = (SELECT $1) AND sequence > $2 AND sequence <= $3",
    )
    .bind(jurisdiction.as_str())
    .bind(after)
    .bind(upto)
    .fetch(connection);
    read_all(rows, event::read_sequenced).await
}

/// What is read of rows, one after the other: a row takes more memory than what is in it.
async fn read_all<T>(
    mut rows: impl Stream<Item = Result<PgRow, sqlx::Error>> + Unpin,
    read: impl Fn(&PgRow) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut all = Vec::new();
    while let Some(row) = rows.try_next().await? {
        all.push(read(&row)?);
    }
    Ok(all)
}

/// The packed files of those of the cases that have one, one frame behind the other in the order of
/// their numbers.
pub(crate) async fn of_cases(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    case_nos: &[&str],
) -> Result<Vec<u8>, StoreError> {
    let frames: Option<Vec<u8>> = sqlx::query_scalar(
        "SELECT string_agg(found.content, ''::bytea ORDER BY wanted.case_no COLLATE \"C\")
         FROM unnest($2::text[]) AS wanted (case_no), LATERAL (
             SELECT content FROM case_file
             WHERE jurisdiction = (SELECT $1) AND case_file.case_no = wanted.case_no OFFSET 0)
              AS found",
    )
    .bind(jurisdiction.as_str())
    .bind(case_nos)
    .fetch_one(connection)
    .await?;
    Ok(frames.unwrap_or_default())
}

/// Writes files, given in the order of their numbers: new ones, and those that replace another.
pub(crate) async fn write(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    files: &[PackedFile],
) -> Result<(), StoreError> {
    let added = files.iter().filter(|file| file.is_new);
    let copy = "COPY case_file (jurisdiction, case_no, first_sequence, sequence, last_time, \
                event_count, digest, content) FROM STDIN (FORMAT binary)";
    copy_in(connection, copy, 8, added, |file, row| {
        row.text(jurisdiction.as_str());
        row.text(file.case_no.as_str());
        row.bigint(file.first_sequence);
        row.bigint(file.sequence);
        row.optional_time(file.last_at.map(Time));
        row.bigint(file.event_count);
        row.bytes(file.digest.as_bytes());
        row.bytes(&file.content);
    })
    .await?;
    let changed: Vec<_> = files.iter().filter(|file| !file.is_new).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let all =
        |field: fn(&PackedFile) -> i64| changed.iter().map(|it| field(it)).collect::<Vec<_>>();
    sqlx::query(
        // So each is found by its key, whatever PostgreSQL believes of their number.
        "INSERT INTO case_file (jurisdiction, case_no, first_sequence, sequence, last_time,
                                event_count, digest, content)
         SELECT $1, new.*
         FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::bigint[],
                     $7::bytea[], $8::bytea[]) AS new
         ON CONFLICT (jurisdiction, case_no) DO UPDATE
         SET sequence = excluded.sequence, last_time = excluded.last_time,
             event_count = excluded.event_count, digest = excluded.digest,
             content = excluded.content",
    )
    .bind(jurisdiction.as_str())
    .bind(changed.iter().map(|file| file.case_no.as_str()).collect::<Vec<_>>())
    .bind(all(|file| file.first_sequence))
    .bind(all(|file| file.sequence))
    .bind(changed.iter().map(|file| file.last_at.map(Time)).collect::<Vec<_>>())
    .bind(all(|file| file.event_count))
    .bind(changed.iter().map(|file| file.digest.as_bytes().as_slice()).collect::<Vec<_>>())
    .bind(changed.iter().map(|file| file.content.as_slice()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Some files in the order of their numbers, and the number of the last.
#[derive(Debug)]
pub(crate) struct FramePage {
    pub(crate) last: String,
    pub(crate) bytes: Vec<u8>,
}

/// The files of a page come as one value: a row of its own costs more than what is in it. They come
/// as the inner query sorts them; to sort them again costs a third.
const PAGE: &str = "SELECT max(case_no) AS last, string_agg(content, ''::bytea) AS bytes
     FROM (SELECT case_no, content,
                  sum(octet_length(content))
                      OVER (ORDER BY case_no ROWS UNBOUNDED PRECEDING) - octet_length(content)
                      AS before
           FROM (SELECT case_no, content FROM case_file
                 WHERE jurisdiction = $1 AND case_no > $2 AND first_sequence <= $3
                 ORDER BY case_no LIMIT $4) AS few) AS sized
     WHERE before < $5";

/// As [`PAGE`], of what a freeze needs.
const DIGEST_PAGE: &str = "SELECT max(case_no) AS last, string_agg(part, ''::bytea) AS bytes
     FROM (SELECT case_no, part,
                  sum(octet_length(part))
                      OVER (ORDER BY case_no ROWS UNBOUNDED PRECEDING) - octet_length(part)
                      AS before
           FROM (SELECT case_no,
                        CASE WHEN sequence > $3 OR last_time >= $6 THEN '\\x01'::bytea || content
                             WHEN sequence > $7 THEN '\\x02'::bytea || digest || content
                             ELSE '\\x00'::bytea || digest || int8send(event_count)
                        END AS part
                 FROM case_file
                 WHERE jurisdiction = $1 AND case_no > $2 AND first_sequence <= $3
                 ORDER BY case_no LIMIT $4) AS few) AS sized
     WHERE before < $5";

/// The next files behind `after` (empty for the first) whose case is among the first `watermark`
/// records; none at the end. At most `limit`, and no more than are some megabytes together.
pub(crate) async fn page(
    reading: &mut InOrder,
    jurisdiction: &JurisdictionId,
    watermark: i64,
    after: &str,
    limit: u32,
) -> Result<Option<FramePage>, StoreError> {
    let row = sqlx::query(PAGE)
        .bind(jurisdiction.as_str())
        .bind(after)
        .bind(watermark)
        .bind(i64::from(limit))
        .bind(PAGE_BYTES)
        .fetch_one(&mut **reading)
        .await?;
    read_page(&row)
}

/// What a freeze has to know of the files.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FreezeCut {
    pub(crate) watermark: i64,
    /// A file of whose events all are before this instant is seen whole.
    pub(crate) whole_before: Instant,
    /// A file with records behind this one is looked into, to tell what came late.
    pub(crate) looked_into_after: i64,
}

/// As [`page`], each file behind a mark: 0 and its digest where nothing else of it is needed, 1 and
/// the frame where its digest has to be computed, 2 and both where it holds.
pub(crate) async fn digest_page(
    reading: &mut InOrder,
    jurisdiction: &JurisdictionId,
    cut: FreezeCut,
    after: &str,
    limit: u32,
) -> Result<Option<FramePage>, StoreError> {
    let row = sqlx::query(DIGEST_PAGE)
        .bind(jurisdiction.as_str())
        .bind(after)
        .bind(cut.watermark)
        .bind(i64::from(limit))
        .bind(PAGE_BYTES)
        .bind(Time(cut.whole_before))
        .bind(cut.looked_into_after)
        .fetch_one(&mut **reading)
        .await?;
    read_page(&row)
}

fn read_page(row: &PgRow) -> Result<Option<FramePage>, StoreError> {
    let last: Option<String> = get(row, "last")?;
    let bytes: Option<Vec<u8>> = get(row, "bytes")?;
    Ok(last.zip(bytes).map(|(last, bytes)| FramePage { last, bytes }))
}

#[cfg(test)]
mod tests {
    use chengping_testing::TestDatabase;
    use sqlx::{AssertSqlSafe, Executor as _};

    use super::*;
    use crate::SCHEMA;
    use crate::store::{MIGRATOR, begin_in_order};

    /// As behind an import: many files, and none of them in any statistics.
    const FILES: &str = "
        INSERT INTO case_file (jurisdiction, case_no, first_sequence, sequence, last_time,
                               event_count, digest, content)
        SELECT 'zz', lpad(number::text, 9, '0'), number, number, now(), 1,
               sha256(number::text::bytea), sha256(number::text::bytea)
        FROM generate_series(1, 30000) AS number";

    #[tokio::test]
    async fn pages_come_by_the_index_where_there_are_no_statistics() {
        let database = TestDatabase::new().await.unwrap();
        let pool = database.migrated(SCHEMA, SCHEMA, &MIGRATOR).await.unwrap();
        pool.execute(FILES).await.unwrap();
        let mut reading = begin_in_order(&pool).await.unwrap();
        for query in [PAGE, DIGEST_PAGE] {
            let explain = sqlx::query_scalar(AssertSqlSafe(format!("EXPLAIN {query}")))
                .bind("zz")
                .bind("000010000")
                .bind(30_000_i64)
                .bind(4_000_i64)
                .bind(PAGE_BYTES);
            let explain = match query {
                PAGE => explain,
                _ => explain.bind(Time(Instant::MAX)).bind(30_000_i64),
            };
            let plan: Vec<String> = explain.fetch_all(&mut *reading).await.unwrap();
            let plan = plan.join("\n");
            assert!(plan.contains("Index Scan using case_file_pkey"), "{plan}");
            assert!(!plan.contains("Sort"), "{plan}");
        }
        // And so they come in the order of their numbers, each once.
        let zz = "zz".parse().unwrap();
        let (mut after, mut bytes) = (String::new(), Vec::new());
        while let Some(some) = page(&mut reading, &zz, 30_000, &after, 4_000).await.unwrap() {
            (after, bytes) = (some.last, [bytes, some.bytes].concat());
        }
        let all: Vec<u8> = sqlx::query_scalar(
            "SELECT string_agg(content, ''::bytea ORDER BY case_no) FROM case_file",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        assert!(bytes == all, "{} bytes of {}", bytes.len(), all.len());
    }
}
