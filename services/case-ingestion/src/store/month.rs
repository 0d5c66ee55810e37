//! All records of the cases kept under a month, in the order of an archive, and their way back.

use chengping_casework::Event;
use chengping_casework::archive::{Kept, KeptDeadline, Record};
use chengping_types::{JurisdictionId, Month};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

use super::copy::copy_in;
use super::time::{FirstDay, Time};
use super::{StoreError, case, corrupt, deadline, event, get, parse};

/// Some records, and the last case of them; no case at the end.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) records: Vec<Record>,
    pub(crate) last: Option<String>,
}

/// The records of the next `limit` cases behind `after` (empty for the first), as the first
/// `watermark` records have them.
pub(crate) async fn page(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    month: Month,
    watermark: i64,
    (after, limit): (&str, u32),
) -> Result<Page, StoreError> {
    let cases = sqlx::query(
        // One after the other in the order of the first, so that the limit ends it.
        "SELECT found.*
         FROM (SELECT case_no FROM case_month
               WHERE jurisdiction = (SELECT $1) AND month = $2 AND case_no > $3
               ORDER BY case_no OFFSET 0) AS kept, LATERAL (
             SELECT case_record.case_no, source, category_scheme, category_code, area_code,
                    collector, title, filing_condition, sequence, create_time
             FROM case_record
             WHERE jurisdiction = (SELECT $1) AND case_record.case_no = kept.case_no OFFSET 0)
              AS found
         WHERE sequence <= $4
         ORDER BY kept.case_no LIMIT $5",
    )
    .bind(jurisdiction.as_str())
    .bind(FirstDay(month))
    .bind(after)
    .bind(watermark)
    .bind(i64::from(limit))
    .fetch_all(&mut *connection)
    .await?;
    let Some(last) = cases.last() else { return Ok(Page::default()) };
    let last: String = get(last, "case_no")?;
    let range = (after, last.as_str());
    let events = events(connection, jurisdiction, month, watermark, range).await?;
    let numbers = cases.iter().map(|row| get(row, "case_no")).collect::<Result<Vec<&str>, _>>()?;
    let deadlines = deadline::rows_of_cases(connection, jurisdiction, &numbers, watermark).await?;

    let mut records = Vec::with_capacity(cases.len() + events.len() + deadlines.len());
    let (mut events, mut deadlines) = (events.iter().peekable(), deadlines.iter().peekable());
    for row in &cases {
        let case = case::read(row)?;
        let case_no = case.case_no.clone();
        let is_of =
            |row: &&PgRow| get::<&str>(row, "case_no").is_ok_and(|no| no == case_no.as_str());
        records.push(Record::Case(kept(row, case)?));
        while let Some(row) = events.next_if(is_of) {
            records.push(Record::Event(kept(row, event::read(row, case_no.clone())?)?));
        }
        while let Some(row) = deadlines.next_if(is_of) {
            let stored = deadline::read(row)?;
            let record = KeptDeadline {
                case_no: case_no.clone(),
                computed: stored.computed,
                rules: stored.rules,
            };
            records.push(Record::Deadline(kept(row, record)?));
        }
    }
    match events.next().or(deadlines.next()) {
        Some(row) => {
            let case_no: String = parse(row, "case_no")?;
            Err(corrupt("case_no", format_args!("an event of case {case_no} has no case")))
        }
        None => Ok(Page { records, last: Some(last) }),
    }
}

fn kept<T>(row: &PgRow, record: T) -> Result<Kept<T>, StoreError> {
    let Time(create_time) = get(row, "create_time")?;
    Ok(Kept { record, sequence: get(row, "sequence")?, create_time })
}

async fn events(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    month: Month,
    watermark: i64,
    (after, last): (&str, &str),
) -> Result<Vec<PgRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT case_no, event_no, event_time, kind, actor, unit, due_time, stage_due_time,
                outcome, note, sequence, create_time
         FROM (SELECT * FROM event
               WHERE jurisdiction = (SELECT $1) AND month = $2 AND case_no > $3 AND case_no <= $4
               OFFSET 0) AS of_cases
         WHERE sequence <= $5
         ORDER BY case_no, event_no",
    )
    .bind(jurisdiction.as_str())
    .bind(FirstDay(month))
    .bind(after)
    .bind(last)
    .bind(watermark)
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

const COPY: &str = "COPY event (jurisdiction, case_no, event_no, month, sequence, event_time, kind, \
                    actor, unit, due_time, stage_due_time, outcome, note, create_time) \
                    FROM STDIN (FORMAT binary)";
const COPIED_COLUMNS: i16 = 14;

/// Adds events that were accepted before, as they were.
pub(crate) async fn bring_back(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    month: Month,
    events: &[Kept<Event>],
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    copy_in(connection, COPY, COPIED_COLUMNS, events.iter(), |kept, row| {
        let Kept { record, sequence, create_time } = kept;
        event::write(jurisdiction, record, month, *sequence, row);
        row.time(Time(*create_time));
    })
    .await
}
