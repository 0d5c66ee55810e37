//! What records behind a watermark brought.

use std::collections::HashMap;

use chengping_types::{Digest, JurisdictionId};
use sqlx::PgConnection;

use super::time::Time;
use super::{StoreError, case, corrupt, deadline, event, get};
use crate::domain::{CaseFile, CaseVersions};

/// The numbers of the cases of which something became known behind `after` and up to `watermark`, in
/// their order.
pub(crate) async fn case_nos(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    after: i64,
    watermark: i64,
) -> Result<Vec<String>, StoreError> {
    let numbers = sqlx::query_scalar(
        "SELECT case_no FROM event
         WHERE jurisdiction = (SELECT $1) AND sequence > $2 AND sequence <= $3
         UNION SELECT case_no FROM case_record
         WHERE jurisdiction = (SELECT $1) AND sequence > $2 AND sequence <= $3
         UNION SELECT case_no FROM computed_deadline
         WHERE jurisdiction = (SELECT $1) AND sequence > $2 AND sequence <= $3
         ORDER BY 1",
    )
    .bind(jurisdiction.as_str())
    .bind(after)
    .bind(watermark)
    .fetch_all(connection)
    .await?;
    Ok(numbers)
}

/// What tells the records up to `watermark` from others of the same number: which the last of them is
/// and when it was accepted. After a restore from a backup the place is taken by another.
pub(crate) async fn history(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    watermark: i64,
) -> Result<String, StoreError> {
    let last = sqlx::query(
        "SELECT case_no, event_no, create_time FROM event
         WHERE jurisdiction = (SELECT $1) AND sequence = $2
         UNION ALL SELECT case_no, 0, create_time FROM case_record
         WHERE jurisdiction = (SELECT $1) AND sequence = $2",
    )
    .bind(jurisdiction.as_str())
    .bind(watermark)
    .fetch_optional(connection)
    .await?;
    let Some(last) = last else { return Ok(String::new()) };
    let (case_no, event_no): (&str, i64) = (get(&last, "case_no")?, get(&last, "event_no")?);
    let Time(accepted) = get(&last, "create_time")?;
    let record = format!("{event_no} {} {case_no}", accepted.as_micros());
    Ok(Digest::of(record.as_bytes()).to_string())
}

/// Both versions of some cases: as the first `former` records have them, and the first `watermark`.
pub(crate) async fn versions(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    (former, watermark): (i64, i64),
    case_nos: &[&str],
) -> Result<Vec<CaseVersions>, StoreError> {
    let rows = sqlx::query(
        "SELECT found.*
         FROM unnest($2::text[]) AS wanted (case_no), LATERAL (
             SELECT case_record.case_no, source, category_scheme, category_code, area_code,
                    collector, title, filing_condition, sequence
             FROM case_record
             WHERE jurisdiction = (SELECT $1) AND case_record.case_no = wanted.case_no
             OFFSET 0) AS found
         WHERE sequence <= $3
         ORDER BY case_no",
    )
    .bind(jurisdiction.as_str())
    .bind(case_nos)
    .bind(watermark)
    .fetch_all(&mut *connection)
    .await?;
    let mut versions = Vec::with_capacity(rows.len());
    for row in &rows {
        let present = CaseFile { case: case::read(row)?, events: Vec::new() };
        let was_known = get::<i64>(row, "sequence")? <= former;
        let former = was_known.then(|| CaseFile { case: present.case.clone(), events: Vec::new() });
        versions.push(CaseVersions { former, present });
    }
    add_events(connection, jurisdiction, (former, watermark), case_nos, &mut versions).await?;
    add_deadlines(connection, jurisdiction, (former, watermark), case_nos, &mut versions).await?;
    Ok(versions)
}

/// Where each case stands among the versions.
fn places(versions: &[CaseVersions]) -> HashMap<String, usize> {
    let numbers = versions.iter().map(|versions| versions.present.case.case_no.to_string());
    numbers.zip(0..).collect()
}

fn place(places: &HashMap<String, usize>, case_no: &str) -> Result<usize, StoreError> {
    let place = places.get(case_no).copied();
    place.ok_or_else(|| corrupt("case_no", "an event or deadline has no case"))
}

async fn add_events(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    (former, watermark): (i64, i64),
    case_nos: &[&str],
    versions: &mut [CaseVersions],
) -> Result<(), StoreError> {
    let events = event::of_cases(connection, jurisdiction, case_nos, watermark).await?;
    let places = places(versions);
    for (event, sequence) in events {
        let versions = &mut versions[place(&places, event.case_no.as_str())?];
        if sequence <= former
            && let Some(file) = &mut versions.former
        {
            file.events.push(event.clone());
        }
        versions.present.events.push(event);
    }
    Ok(())
}

async fn add_deadlines(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    (former, watermark): (i64, i64),
    case_nos: &[&str],
    versions: &mut [CaseVersions],
) -> Result<(), StoreError> {
    // Of several rows of an event the last holds.
    let rows = deadline::rows_of_cases(connection, jurisdiction, case_nos, watermark).await?;
    let places = places(versions);
    for row in &rows {
        let versions = &mut versions[place(&places, get(row, "case_no")?)?];
        let Time(due_at) = get(row, "due_time")?;
        let event_no: i64 = get(row, "event_no")?;
        let set = |file: &mut CaseFile| {
            let mut events = file.events.iter_mut();
            let event = events.find(|event| event::number(event.event_no) == event_no);
            let event = event.ok_or_else(|| corrupt("event_no", "a deadline has no event"))?;
            event.due_at = Some(due_at);
            Ok::<_, StoreError>(())
        };
        set(&mut versions.present)?;
        if get::<i64>(row, "sequence")? <= former
            && let Some(file) = &mut versions.former
        {
            set(file)?;
        }
    }
    Ok(())
}
