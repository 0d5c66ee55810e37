//! Case files in the order of their numbers, page by page.
//!
//! Records are only ever added and a watermark never moves back, so "up to this watermark" names
//! the same records for ever, and a reading of any length needs no transaction that is held open.

use chengping_types::JurisdictionId;
use sqlx::PgConnection;
use sqlx::Row as _;

use super::{StoreError, case, corrupt, event};
use crate::domain::CaseFile;

/// The next `limit` cases behind `after` (empty for the first), with their events, as the first
/// `watermark` records have them.
pub(crate) async fn page(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    watermark: i64,
    after: &str,
    limit: u32,
) -> Result<Vec<CaseFile>, StoreError> {
    let rows = sqlx::query(
        "SELECT case_no, source, category_scheme, category_code, area_code, collector, title,
                filing_condition
         FROM case_record WHERE jurisdiction = $1 AND case_no > $2 AND sequence <= $3
         ORDER BY case_no LIMIT $4",
    )
    .bind(jurisdiction.as_str())
    .bind(after)
    .bind(watermark)
    .bind(i64::from(limit))
    .fetch_all(&mut *connection)
    .await?;
    let mut files = Vec::with_capacity(rows.len());
    for row in &rows {
        files.push(CaseFile { case: case::read(row)?, events: Vec::new() });
    }
    add_events(connection, jurisdiction, watermark, after, &mut files).await?;
    Ok(files)
}

async fn add_events(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    watermark: i64,
    after: &str,
    files: &mut [CaseFile],
) -> Result<(), StoreError> {
    let Some(last) = files.last() else { return Ok(()) };
    let rows = sqlx::query(
        "SELECT case_no, event_no, event_time, kind, actor, unit, due_time, stage_due_time,
                outcome, note
         FROM event WHERE jurisdiction = $1 AND case_no > $2 AND case_no <= $3 AND sequence <= $4
         ORDER BY case_no, event_no",
    )
    .bind(jurisdiction.as_str())
    .bind(after)
    .bind(last.case.case_no.as_str())
    .bind(watermark)
    .fetch_all(connection)
    .await?;
    let mut rows = rows.iter().peekable();
    for CaseFile { case, events } in files {
        while let Some(row) = rows.peek() {
            if row.try_get::<&str, _>("case_no")? != case.case_no.as_str() {
                break;
            }
            events.push(event::read(row, case.case_no.clone())?);
            rows.next();
        }
    }
    match rows.next() {
        Some(_) => Err(corrupt("case_no", "an event has no case")),
        None => Ok(()),
    }
}
