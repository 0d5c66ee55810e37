//! What was refused.

use std::collections::BTreeMap;

use chengping_types::{JurisdictionId, Month};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection};

use super::time::{FirstDay, Time};
use super::{StoreError, get, variant};
use crate::domain::{
    NewReject, Position, Reject, RejectListing, RejectPlace, RejectState, WaitingEvent,
    parse_event_payload,
};

/// The columns of a reject, its bytes cut after so many.
macro_rules! columns {
    ($bytes_max:literal) => {
        concat!(
            "reject_id, file, row_no, line_no, column_name, code, message, case_no, state, ",
            "dismiss_reason, create_time, update_time, ",
            "octet_length(payload)::bigint AS payload_size, ",
            concat!("substring(payload FROM 1 FOR ", $bytes_max, ") AS payload, "),
            concat!("substring(accepted_payload FROM 1 FOR ", $bytes_max, ") AS accepted_payload")
        )
    };
}
const COLUMNS: &str = columns!(16_777_216);
/// What a list shows of a payload: 64 KiB.
const COLUMNS_OF_LIST: &str = columns!(65_536);
/// A page ends early when its payloads come to so many bytes, since clients refuse large messages.
const PAGE_BYTES_MAX: i64 = 2 << 20;

/// Stores rejects that are not stored yet, and tells how many were new.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    rejects: &[NewReject],
) -> Result<u64, StoreError> {
    if rejects.is_empty() {
        return Ok(0);
    }
    // Sorted, so that two transactions with the same rejects never wait for one another.
    let mut by_id = BTreeMap::new();
    for reject in rejects {
        by_id.entry(reject.id()).or_insert(reject);
    }
    let text = |field: fn(&NewReject) -> &str| by_id.values().map(|r| field(r)).collect::<Vec<_>>();
    let number =
        |field: fn(&NewReject) -> Option<i64>| by_id.values().map(|r| field(r)).collect::<Vec<_>>();
    let result = sqlx::query(
        "INSERT INTO reject (jurisdiction, reject_id, file, row_no, line_no, column_name, code,
                             message, payload, accepted_payload, case_no, waiting_no)
         SELECT $1, new.*
         FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
                     $8::text[], $9::bytea[], $10::bytea[], $11::text[], $12::bigint[]) AS new
         ON CONFLICT DO NOTHING",
    )
    .bind(jurisdiction.as_str())
    .bind(by_id.keys().map(String::as_str).collect::<Vec<_>>())
    .bind(text(|reject| &reject.position.file))
    .bind(number(|reject| Some(reject.position.row)))
    .bind(number(|reject| Some(reject.position.line)))
    .bind(text(|reject| &reject.column))
    .bind(text(|reject| &reject.code))
    .bind(text(|reject| &reject.message))
    .bind(by_id.values().map(|reject| reject.payload.as_slice()).collect::<Vec<_>>())
    .bind(by_id.values().map(|reject| reject.accepted_payload.as_deref()).collect::<Vec<_>>())
    .bind(
        by_id
            .values()
            .map(|reject| reject.case_no.as_ref().map(|case_no| case_no.as_str()))
            .collect::<Vec<_>>(),
    )
    .bind(number(|reject| reject.waiting_no))
    .execute(connection)
    .await?;
    Ok(result.rows_affected())
}

/// Whether anything waits for one of these cases.
pub(crate) async fn is_waiting(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    case_nos: &[&str],
) -> Result<bool, StoreError> {
    if case_nos.is_empty() {
        return Ok(false);
    }
    let is_waiting = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM unnest($2::text[]) AS wanted (case_no), LATERAL (
                            SELECT FROM reject
                            WHERE jurisdiction = (SELECT $1) AND reject.case_no = wanted.case_no
                              AND state = 1 AND waiting_no IS NOT NULL OFFSET 0) AS found)",
    )
    .bind(jurisdiction.as_str())
    .bind(case_nos)
    .fetch_one(connection)
    .await?;
    Ok(is_waiting)
}

/// The events of these cases that wait and were set aside with `code`, in the order in which they
/// were. They stay locked until the transaction ends.
pub(crate) async fn waiting(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    code: &str,
    case_nos: &[&str],
) -> Result<Vec<WaitingEvent>, StoreError> {
    let rows = sqlx::query(
        "SELECT found.*
         FROM unnest($2::text[]) AS wanted (case_no), LATERAL (
             SELECT reject_id, file, row_no, line_no, payload, message, waiting_no FROM reject
             WHERE jurisdiction = (SELECT $1) AND reject.case_no = wanted.case_no AND state = 1
               AND waiting_no IS NOT NULL AND code = $3 OFFSET 0 FOR UPDATE) AS found
         ORDER BY waiting_no",
    )
    .bind(jurisdiction.as_str())
    .bind(case_nos)
    .bind(code)
    .fetch_all(connection)
    .await?;
    let mut waiting = Vec::with_capacity(rows.len());
    for row in &rows {
        let sent = parse_event_payload(get(row, "payload")?)
            .ok_or_else(|| super::corrupt("payload", "not an event"))?;
        let reject_id = get(row, "reject_id")?;
        let (position, message) = (read_position(row)?, get(row, "message")?);
        waiting.push(WaitingEvent { reject_id, position, sent, message });
    }
    Ok(waiting)
}

/// The numbers of the cases kept under `month` of which events wait that were set aside with `code`.
pub(crate) async fn waiting_cases(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    code: &str,
    month: Month,
) -> Result<Vec<String>, StoreError> {
    let case_nos = sqlx::query_scalar(
        "SELECT DISTINCT case_no
         FROM reject, LATERAL (
             SELECT month FROM case_month
             WHERE jurisdiction = (SELECT $1) AND case_month.case_no = reject.case_no OFFSET 0)
              AS kept
         WHERE jurisdiction = $1 AND state = 1 AND waiting_no IS NOT NULL AND code = $2
           AND kept.month = $3
         ORDER BY case_no",
    )
    .bind(jurisdiction.as_str())
    .bind(code)
    .bind(FirstDay(month))
    .fetch_all(connection)
    .await?;
    Ok(case_nos)
}

/// Says anew why open rejects wait.
pub(crate) async fn reword(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    messages: &[(&str, &str)],
) -> Result<(), StoreError> {
    if messages.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE reject SET message = new.message, update_time = now()
         FROM unnest($2::text[], $3::text[]) AS new (reject_id, message)
         WHERE jurisdiction = (SELECT $1) AND reject.reject_id = new.reject_id AND state = 1",
    )
    .bind(jurisdiction.as_str())
    .bind(messages.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    .bind(messages.iter().map(|(_, message)| *message).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends the wait of open rejects.
pub(crate) async fn close(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    ids: &[&str],
    state: RejectState,
    dismiss_reason: Option<&str>,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE reject SET state = $3, dismiss_reason = $4, update_time = now()
         WHERE jurisdiction = (SELECT $1) AND reject_id = ANY($2) AND state = 1",
    )
    .bind(jurisdiction.as_str())
    .bind(ids)
    .bind(i16::from(state.code()))
    .bind(dismiss_reason)
    .execute(connection)
    .await?;
    Ok(())
}

/// A reject with its whole payload.
pub(crate) async fn get_one(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    id: &str,
) -> Result<Option<Reject>, StoreError> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM reject WHERE jurisdiction = (SELECT $1) AND reject_id = $2"
    )))
    .bind(jurisdiction.as_str())
    .bind(id)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(read).transpose()
}

/// The state of a reject, which stays as it is until the transaction ends.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    id: &str,
) -> Result<Option<RejectState>, StoreError> {
    let row = sqlx::query(
        "SELECT state FROM reject WHERE jurisdiction = (SELECT $1) AND reject_id = $2 FOR UPDATE",
    )
    .bind(jurisdiction.as_str())
    .bind(id)
    .fetch_optional(connection)
    .await?;
    row.map(|row| variant(&row, "state", RejectState::from_code)).transpose()
}

/// Rejects behind `after`, by file, row and ID, and whether there are more: at most `limit`, and
/// fewer when they are large.
pub(crate) async fn list(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    listing: &RejectListing,
    after: &RejectPlace,
    limit: u32,
) -> Result<(Vec<Reject>, bool), StoreError> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS_OF_LIST}, has_more FROM (
             SELECT *, coalesce(sum(least(octet_length(payload), 65536)
                                    + least(coalesce(octet_length(accepted_payload), 0), 65536))
                        OVER (ORDER BY file, row_no, reject_id
                              ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes_before,
                    lead(reject_id) OVER (ORDER BY file, row_no, reject_id) IS NOT NULL AS has_more
             FROM reject
             WHERE jurisdiction = $1 AND state = $2 AND ($3::text IS NULL OR code = $3)
               AND (file, row_no, reject_id) > ($4, $5, $6)
             ORDER BY file, row_no, reject_id LIMIT $7
         ) AS page
         WHERE bytes_before < $8 ORDER BY file, row_no, reject_id"
    )))
    .bind(jurisdiction.as_str())
    .bind(i16::from(listing.state.code()))
    .bind(listing.code.as_deref())
    .bind(&after.file)
    .bind(after.row)
    .bind(&after.id)
    .bind(i64::from(limit))
    .bind(PAGE_BYTES_MAX)
    .fetch_all(connection)
    .await?;
    let has_more = rows.last().map(|row| get(row, "has_more")).transpose()?.unwrap_or(false);
    Ok((rows.iter().map(read).collect::<Result<_, _>>()?, has_more))
}

/// How many rejects a listing has.
pub(crate) async fn count(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    listing: &RejectListing,
) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar(
        "SELECT count(*) FROM reject
         WHERE jurisdiction = $1 AND state = $2 AND ($3::text IS NULL OR code = $3)",
    )
    .bind(jurisdiction.as_str())
    .bind(i16::from(listing.state.code()))
    .bind(listing.code.as_deref())
    .fetch_one(connection)
    .await?;
    Ok(count)
}

fn read(row: &PgRow) -> Result<Reject, StoreError> {
    let Time(create_time) = get(row, "create_time")?;
    let Time(update_time) = get(row, "update_time")?;
    Ok(Reject {
        id: get(row, "reject_id")?,
        position: read_position(row)?,
        column: get(row, "column_name")?,
        code: get(row, "code")?,
        message: get(row, "message")?,
        payload: get(row, "payload")?,
        payload_size: get(row, "payload_size")?,
        accepted_payload: get(row, "accepted_payload")?,
        case_no: get(row, "case_no")?,
        state: variant(row, "state", RejectState::from_code)?,
        dismiss_reason: get(row, "dismiss_reason")?,
        create_time,
        update_time,
    })
}

fn read_position(row: &PgRow) -> Result<Position, StoreError> {
    Ok(Position { file: get(row, "file")?, row: get(row, "row_no")?, line: get(row, "line_no")? })
}
