//! Case files in the order of their numbers, page by page.
//!
//! Records are only ever added and a watermark never moves back, so "up to this watermark" names
//! the same records for ever, and a reading of any length needs no transaction that is held open.

use chengping_casework::Event;
use chengping_types::JurisdictionId;
use sqlx::PgConnection;
use sqlx::Row as _;

use super::time::Time;
use super::{InOrder, StoreError, case, corrupt, event, get};
use crate::domain::CaseFile;

/// The next `limit` cases behind `after` (empty for the first), with their events, as the first
/// `watermark` records have them.
pub(crate) async fn page(
    reading: &mut InOrder,
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
    .fetch_all(&mut **reading)
    .await?;
    let mut files = Vec::with_capacity(rows.len());
    for row in &rows {
        files.push(CaseFile { case: case::read(row)?, events: Vec::new() });
    }
    add_events(reading, jurisdiction, watermark, after, &mut files).await?;
    add_deadlines(reading, jurisdiction, watermark, after, &mut files).await?;
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

/// Gives events the deadlines that were computed for them, as the first `watermark` records have
/// them.
async fn add_deadlines(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    watermark: i64,
    after: &str,
    files: &mut [CaseFile],
) -> Result<(), StoreError> {
    let Some(last) = files.last() else { return Ok(()) };
    let rows = sqlx::query(
        "SELECT DISTINCT ON (case_no, event_no) case_no, event_no, due_time
         FROM computed_deadline
         WHERE jurisdiction = $1 AND case_no > $2 AND case_no <= $3 AND sequence <= $4
         ORDER BY case_no, event_no, sequence DESC",
    )
    .bind(jurisdiction.as_str())
    .bind(after)
    .bind(last.case.case_no.as_str())
    .bind(watermark)
    .fetch_all(connection)
    .await?;
    for row in &rows {
        let (case_no, event_no): (&str, i64) = (get(row, "case_no")?, get(row, "event_no")?);
        let file = files.binary_search_by(|file| file.case.case_no.as_str().cmp(case_no));
        let file = &mut files[file.map_err(|_| corrupt("case_no", "a deadline has no case"))?];
        let of_event = |event: &&mut Event| event::number(event.event_no) == event_no;
        let event = file.events.iter_mut().find(of_event);
        let Time(due_at) = get(row, "due_time")?;
        event.ok_or_else(|| corrupt("event_no", "a deadline has no event"))?.due_at = Some(due_at);
    }
    Ok(())
}
