//! Snapshots.

use chengping_casework::View;
use chengping_types::{Digest, JurisdictionId, Month, RecordId};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection};

use super::time::Time;
use super::{StoreError, corrupt, get, parse, parse_optional};
use crate::domain::{Late, NewSnapshot, Sight, Snapshot};

const COLUMNS: &str = "snapshot_id, month, as_of, decided, watermark, digest, case_count, \
                       event_count, open_reject_count, create_time, revision, former_id, \
                       late_case_count, late_event_count";

/// The snapshot of these records and this view, if there is one.
pub(crate) async fn find(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    month: Month,
    Sight { watermark, view }: Sight,
) -> Result<Option<Snapshot>, StoreError> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM snapshot
         WHERE jurisdiction = $1 AND month = $2 AND as_of = $3 AND decided = $4
           AND watermark = $5"
    )))
    .bind(jurisdiction.as_str())
    .bind(month.to_string())
    .bind(Time(view.as_of))
    .bind(Time(view.decided))
    .bind(watermark)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(read).transpose()
}

/// The snapshot of the same month and `as_of` with the greatest watermark, other than that of what
/// is seen.
pub(crate) async fn former(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    month: Month,
    Sight { watermark, view }: Sight,
) -> Result<Option<Snapshot>, StoreError> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM snapshot
         WHERE jurisdiction = $1 AND month = $2 AND as_of = $3
           AND NOT (watermark = $5 AND decided = $4)
         ORDER BY watermark DESC, snapshot_id DESC LIMIT 1"
    )))
    .bind(jurisdiction.as_str())
    .bind(month.to_string())
    .bind(Time(view.as_of))
    .bind(Time(view.decided))
    .bind(watermark)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(read).transpose()
}

/// Adds a snapshot, unless there is one of the same records and view.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    snapshot: &NewSnapshot,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO snapshot (jurisdiction, snapshot_id, month, as_of, decided, watermark,
                               digest, case_count, event_count, open_reject_count, revision,
                               former_id, late_case_count, late_event_count)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (jurisdiction, month, as_of, decided, watermark) DO NOTHING",
    )
    .bind(jurisdiction.as_str())
    .bind(snapshot.id.as_str())
    .bind(snapshot.month.to_string())
    .bind(Time(snapshot.sight.view.as_of))
    .bind(Time(snapshot.sight.view.decided))
    .bind(snapshot.sight.watermark)
    .bind(snapshot.folded.digest.as_bytes().as_slice())
    .bind(snapshot.folded.cases)
    .bind(snapshot.folded.events)
    .bind(snapshot.open_rejects)
    .bind(snapshot.revision)
    .bind(snapshot.former.as_ref().map(|former| former.as_str()))
    .bind(snapshot.folded.late.cases)
    .bind(snapshot.folded.late.events)
    .execute(connection)
    .await?;
    Ok(())
}

/// The months that were frozen, each with what the first snapshot of a view saw. A month is over at
/// the latest place on earth 12 hours after its end in UTC, and at the earliest 14 hours before it.
pub(crate) async fn frozen(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
) -> Result<Vec<(Month, Sight)>, StoreError> {
    let rows = sqlx::query(
        "SELECT month, as_of, decided, watermark FROM snapshot
         WHERE jurisdiction = $1 AND former_id IS NULL
           AND as_of >= ((month || '-01')::timestamp + interval '1 month') AT TIME ZONE 'UTC'
                        - interval '14 hours'
         ORDER BY month, as_of",
    )
    .bind(jurisdiction.as_str())
    .fetch_all(connection)
    .await?;
    let read = |row: &PgRow| {
        let (Time(as_of), Time(decided)) = (get(row, "as_of")?, get(row, "decided")?);
        let sight = Sight { watermark: get(row, "watermark")?, view: View { as_of, decided } };
        Ok((parse(row, "month")?, sight))
    };
    rows.iter().map(read).collect()
}

/// A snapshot by its ID.
pub(crate) async fn get_one(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    id: &RecordId,
) -> Result<Option<Snapshot>, StoreError> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM snapshot WHERE jurisdiction = $1 AND snapshot_id = $2"
    )))
    .bind(jurisdiction.as_str())
    .bind(id.as_str())
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(read).transpose()
}

/// Snapshots older than `before` (absent for the newest), newest first: their IDs are in the order
/// of time.
pub(crate) async fn list(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    before: Option<&str>,
    limit: u32,
) -> Result<Vec<Snapshot>, StoreError> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM snapshot
         WHERE jurisdiction = $1 AND ($2::text IS NULL OR snapshot_id < $2)
         ORDER BY snapshot_id DESC LIMIT $3"
    )))
    .bind(jurisdiction.as_str())
    .bind(before)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &PgRow) -> Result<Snapshot, StoreError> {
    let Time(as_of) = get(row, "as_of")?;
    let Time(decided) = get(row, "decided")?;
    let Time(create_time) = get(row, "create_time")?;
    let digest: &[u8] = get(row, "digest")?;
    let digest = <[u8; 32]>::try_from(digest).map_err(|error| corrupt("digest", error))?;
    Ok(Snapshot {
        id: parse(row, "snapshot_id")?,
        month: parse(row, "month")?,
        view: View { as_of, decided },
        watermark: get(row, "watermark")?,
        digest: Digest::from_bytes(digest),
        case_count: get(row, "case_count")?,
        event_count: get(row, "event_count")?,
        open_rejects: get(row, "open_reject_count")?,
        create_time,
        revision: get(row, "revision")?,
        former: parse_optional(row, "former_id")?,
        late: Late { cases: get(row, "late_case_count")?, events: get(row, "late_event_count")? },
    })
}
