//! Months that were put away, and texts that were erased. The steps themselves are functions of the
//! schema, since the service may neither change nor remove a record.

use std::collections::BTreeSet;

use chengping_casework::archive::Sum;
use chengping_types::{CaseNo, Digest, Instant, JurisdictionId, Month};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection};

use super::time::{FirstDay, Time};
use super::{StoreError, corrupt, get, variant};
use crate::domain::{
    Archive, ArchiveState, Erased, Retention, RetentionAction, RetentionEntry, Standing, Why,
};

/// What intake has to know.
pub(crate) async fn retention(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
) -> Result<Retention, StoreError> {
    let rows = sqlx::query(
        "SELECT month, true AS is_away FROM archive WHERE jurisdiction = $1 AND state = 1
         UNION ALL SELECT month, false FROM text_erasure WHERE jurisdiction = $1",
    )
    .bind(jurisdiction.as_str())
    .fetch_all(connection)
    .await?;
    let mut retention = Retention::default();
    for row in &rows {
        let FirstDay(month) = get(row, "month")?;
        let months =
            if get(row, "is_away")? { &mut retention.archived } else { &mut retention.erased };
        months.insert(month);
    }
    Ok(retention)
}

/// What a reading of the first `watermark` records has to know.
pub(crate) async fn standing(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    watermark: i64,
) -> Result<Standing, StoreError> {
    let (changes, archived): (i64, Vec<FirstDay>) = sqlx::query_as(
        "SELECT coalesce((SELECT max(entry_no) FROM retention_entry WHERE jurisdiction = $1), 0),
                array(SELECT month FROM archive
                      WHERE jurisdiction = $1 AND state = 1 AND first_sequence <= $2
                      ORDER BY month)",
    )
    .bind(jurisdiction.as_str())
    .bind(watermark)
    .fetch_one(connection)
    .await?;
    Ok(Standing { changes, archived: archived.into_iter().map(|FirstDay(month)| month).collect() })
}

/// The month that a case is kept under, where its events are put away.
pub(crate) async fn month_away(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    case_no: &CaseNo,
) -> Result<Option<Month>, StoreError> {
    let month: Option<FirstDay> = sqlx::query_scalar(
        "SELECT month FROM case_month JOIN archive USING (jurisdiction, month)
         WHERE jurisdiction = $1 AND case_no = $2 AND state = 1",
    )
    .bind(jurisdiction.as_str())
    .bind(case_no.as_str())
    .fetch_optional(connection)
    .await?;
    Ok(month.map(|FirstDay(month)| month))
}

/// The time of now.
pub(crate) async fn now(connection: &mut PgConnection) -> Result<Instant, StoreError> {
    let Time(now) = sqlx::query_scalar("SELECT now()").fetch_one(connection).await?;
    Ok(now)
}

/// Whether a month has events that are not among the first `watermark` records.
pub(crate) async fn has_newer(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    month: Month,
    watermark: i64,
) -> Result<bool, StoreError> {
    let has_newer = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM event
                        WHERE jurisdiction = $1 AND month = $2 AND sequence > $3)",
    )
    .bind(jurisdiction.as_str())
    .bind(FirstDay(month))
    .bind(watermark)
    .fetch_one(connection)
    .await?;
    Ok(has_newer)
}

const COLUMNS: &str = "month, state, digest, text_digest, case_count, event_count, \
                       deadline_count, put_away_time, restore_time";

/// The archive of a month.
pub(crate) async fn get_one(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    month: Month,
) -> Result<Option<Archive>, StoreError> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM archive WHERE jurisdiction = $1 AND month = $2"
    )))
    .bind(jurisdiction.as_str())
    .bind(FirstDay(month))
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(read).transpose()
}

/// Archives behind month `after` (absent for the first), by month.
pub(crate) async fn list(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    after: Option<Month>,
    limit: u32,
) -> Result<Vec<Archive>, StoreError> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM archive
         WHERE jurisdiction = $1 AND ($2::date IS NULL OR month > $2) ORDER BY month LIMIT $3"
    )))
    .bind(jurisdiction.as_str())
    .bind(after.map(FirstDay))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    rows.iter().map(read).collect()
}

/// Takes the events of a month out, and records what they come to. Under the lock of the
/// jurisdiction.
pub(crate) async fn put_away(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    month: Month,
    (sum, text_digest, first_sequence): (&Sum, Option<Digest>, i64),
    why: &Why,
) -> Result<(), StoreError> {
    sqlx::query("SELECT put_away_month($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
        .bind(jurisdiction.as_str())
        .bind(FirstDay(month))
        .bind(sum.digest.as_bytes().as_slice())
        .bind(text_digest.as_ref().map(|digest| digest.as_bytes().as_slice()))
        .bind(sum.counts.cases)
        .bind(sum.counts.events)
        .bind(sum.counts.deadlines)
        .bind(first_sequence)
        .bind(&why.actor)
        .bind(&why.reason)
        .bind(why.early)
        .execute(connection)
        .await?;
    Ok(())
}

/// Records that the events of a month are back, which this transaction has added. Under the lock of
/// the jurisdiction.
pub(crate) async fn take_back(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    month: Month,
    why: &Why,
) -> Result<(), StoreError> {
    sqlx::query("SELECT take_back_month($1, $2, $3, $4)")
        .bind(jurisdiction.as_str())
        .bind(FirstDay(month))
        .bind(&why.actor)
        .bind(&why.reason)
        .execute(connection)
        .await?;
    Ok(())
}

/// The months before `before` of which there is a title, a note or a payload to erase.
pub(crate) async fn months_with_texts(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    before: Month,
) -> Result<BTreeSet<Month>, StoreError> {
    let months: Vec<FirstDay> = sqlx::query_scalar(
        "SELECT month FROM case_record JOIN case_month USING (jurisdiction, case_no)
         WHERE jurisdiction = $1 AND title IS NOT NULL AND month < $2
         UNION
         SELECT month FROM event WHERE jurisdiction = $1 AND note IS NOT NULL AND month < $2
         UNION
         SELECT * FROM (
             SELECT coalesce(month, date_trunc('month', create_time AT TIME ZONE 'UTC')::date)
             FROM reject LEFT JOIN case_month USING (jurisdiction, case_no)
             WHERE jurisdiction = $1 AND state <> 1
               AND (payload <> '' OR accepted_payload IS NOT NULL)
         ) AS of_reject (month) WHERE month < $2",
    )
    .bind(jurisdiction.as_str())
    .bind(FirstDay(before))
    .fetch_all(connection)
    .await?;
    Ok(months.into_iter().map(|FirstDay(month)| month).collect())
}

/// Erases the texts of a month. Under the lock of the jurisdiction.
pub(crate) async fn erase_texts(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    month: Month,
    why: &Why,
) -> Result<Erased, StoreError> {
    let row = sqlx::query("SELECT titles, notes, payloads FROM erase_texts($1, $2, $3, $4, $5)")
        .bind(jurisdiction.as_str())
        .bind(FirstDay(month))
        .bind(&why.actor)
        .bind(&why.reason)
        .bind(why.early)
        .fetch_one(connection)
        .await?;
    let payloads = get(&row, "payloads")?;
    Ok(Erased { titles: get(&row, "titles")?, notes: get(&row, "notes")?, payloads })
}

/// Entries older than `before` (absent for the newest), newest first.
pub(crate) async fn entries(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<RetentionEntry>, StoreError> {
    let rows = sqlx::query(
        "SELECT entry_no, action, month, actor, reason, is_early, digest, case_count, event_count,
                title_count, note_count, payload_count, create_time
         FROM retention_entry WHERE jurisdiction = $1 AND ($2::bigint IS NULL OR entry_no < $2)
         ORDER BY entry_no DESC LIMIT $3",
    )
    .bind(jurisdiction.as_str())
    .bind(before)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    rows.iter().map(read_entry).collect()
}

fn read(row: &PgRow) -> Result<Archive, StoreError> {
    let FirstDay(month) = get(row, "month")?;
    let Time(put_away_time) = get(row, "put_away_time")?;
    let restore_time: Option<Time> = get(row, "restore_time")?;
    let digest = digest(row, "digest")?.ok_or_else(|| corrupt("digest", "is missing"))?;
    Ok(Archive {
        month,
        state: variant(row, "state", ArchiveState::from_code)?,
        digest,
        text_digest: self::digest(row, "text_digest")?,
        case_count: get(row, "case_count")?,
        event_count: get(row, "event_count")?,
        deadline_count: get(row, "deadline_count")?,
        put_away_time: Some(put_away_time),
        restore_time: restore_time.map(|Time(time)| time),
    })
}

fn read_entry(row: &PgRow) -> Result<RetentionEntry, StoreError> {
    let number: i64 = get(row, "entry_no")?;
    let FirstDay(month) = get(row, "month")?;
    let Time(create_time) = get(row, "create_time")?;
    Ok(RetentionEntry {
        number: u64::try_from(number).map_err(|error| corrupt("entry_no", error))?,
        action: variant(row, "action", RetentionAction::from_code)?,
        month,
        actor: get(row, "actor")?,
        reason: get(row, "reason")?,
        is_early: get(row, "is_early")?,
        digest: digest(row, "digest")?,
        case_count: get(row, "case_count")?,
        event_count: get(row, "event_count")?,
        erased: Erased {
            titles: get(row, "title_count")?,
            notes: get(row, "note_count")?,
            payloads: get(row, "payload_count")?,
        },
        create_time,
    })
}

fn digest(row: &PgRow, column: &'static str) -> Result<Option<Digest>, StoreError> {
    let bytes: Option<&[u8]> = get(row, column)?;
    let digest = bytes.map(<[u8; 32]>::try_from).transpose();
    Ok(digest.map_err(|error| corrupt(column, error))?.map(Digest::from_bytes))
}
