//! Accepted events.

use std::iter;

use chengping_casework::{Event, EventKind};
use chengping_types::{CaseNo, JurisdictionId, Month};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

use super::copy::{self, RowBuffer};
use super::time::{FirstDay, Time};
use super::{StoreError, corrupt, get, parse, parse_optional, variant};
use crate::domain::{Accepted, EventKey};

/// Those of the events, each of a case with a month, that are accepted.
pub(crate) async fn find(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    keys: &[(EventKey, Month)],
) -> Result<Vec<Event>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let case_nos: Vec<_> = keys.iter().map(|(key, _)| key.case_no.as_str()).collect();
    let event_nos = keys.iter().map(|(key, _)| number(key.event_no)).collect::<Vec<_>>();
    let months = keys.iter().map(|(_, month)| FirstDay(*month)).collect::<Vec<_>>();
    let rows = sqlx::query(
        "SELECT found.*
         FROM unnest($2::text[], $3::bigint[], $4::date[]) AS wanted (case_no, event_no, month),
              LATERAL (
             SELECT event.case_no, event.event_no, event_time, kind, actor, unit, due_time,
                    stage_due_time, outcome, note
             FROM event
             WHERE jurisdiction = (SELECT $1) AND event.case_no = wanted.case_no
               AND event.event_no = wanted.event_no AND event.month = wanted.month OFFSET 0)
              AS found",
    )
    .bind(jurisdiction.as_str())
    .bind(case_nos)
    .bind(event_nos)
    .bind(months)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| read(row, parse(row, "case_no")?)).collect()
}

/// The columns of [`copy_in`].
const COPY: &str = "COPY event (jurisdiction, case_no, event_no, month, sequence, event_time, kind, \
                    actor, unit, due_time, stage_due_time, outcome, note) \
                    FROM STDIN (FORMAT binary)";
const COPIED_COLUMNS: i16 = 13;

/// Adds new events, each with its sequence and under the month of its case.
pub(crate) async fn copy_in<'e>(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    mut events: impl Iterator<Item = (i64, &'e Event, Month)> + Send,
) -> Result<(), StoreError> {
    let Some(first) = events.next() else { return Ok(()) };
    let rows = iter::once(first).chain(events);
    copy::copy_in(connection, COPY, COPIED_COLUMNS, rows, |(sequence, event, month), row| {
        write(jurisdiction, event, month, sequence, row);
    })
    .await
}

/// Writes the columns of an event, `jurisdiction` to `note`.
pub(super) fn write(
    jurisdiction: &JurisdictionId,
    event: &Event,
    month: Month,
    sequence: i64,
    row: &mut RowBuffer<'_>,
) {
    row.text(jurisdiction.as_str());
    row.text(event.case_no.as_str());
    row.bigint(number(event.event_no));
    row.first_day(FirstDay(month));
    row.bigint(sequence);
    row.time(Time(event.at));
    row.smallint(event.kind.code().into());
    row.optional_text(event.actor.as_ref().map(|body| body.as_str()));
    row.optional_text(event.unit.as_ref().map(|body| body.as_str()));
    row.optional_time(event.due_at.map(Time));
    row.optional_time(event.stage_due_at.map(Time));
    row.optional_text(event.outcome.as_deref());
    row.optional_text(event.note.as_deref());
}

/// The events of these cases among the first `watermark` records, each with its sequence.
pub(crate) async fn of_cases(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    case_nos: &[&str],
    watermark: i64,
) -> Result<Vec<(Event, i64)>, StoreError> {
    let rows = sqlx::query(
        "SELECT found.*
         FROM unnest($2::text[]) AS wanted (case_no), LATERAL (
             SELECT event.case_no, event_no, event_time, kind, actor, unit, due_time,
                    stage_due_time, outcome, note, sequence
             FROM event
             WHERE jurisdiction = (SELECT $1) AND event.case_no = wanted.case_no
               AND month = (SELECT month FROM case_month
                            WHERE case_month.jurisdiction = (SELECT $1)
                              AND case_month.case_no = wanted.case_no) OFFSET 0) AS found
         WHERE sequence <= $3",
    )
    .bind(jurisdiction.as_str())
    .bind(case_nos)
    .bind(watermark)
    .fetch_all(connection)
    .await?;
    rows.iter().map(read_sequenced).collect()
}

/// An event with its case and its sequence.
pub(super) fn read_sequenced(row: &PgRow) -> Result<(Event, i64), StoreError> {
    Ok((read(row, parse(row, "case_no")?)?, get(row, "sequence")?))
}

/// Events of a case behind number `after` (0 for the first), by number.
pub(crate) async fn list(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    case_no: &CaseNo,
    after: i64,
    limit: Option<u32>,
) -> Result<Vec<Accepted<Event>>, StoreError> {
    let rows = sqlx::query(
        "SELECT event_no, event_time, kind, actor, unit, due_time, stage_due_time, outcome, note,
                sequence, create_time
         FROM event
         WHERE jurisdiction = (SELECT $1) AND case_no = $2 AND event_no > $3
           AND month = (SELECT month FROM case_month
                        WHERE jurisdiction = (SELECT $1) AND case_no = $2)
         ORDER BY event_no LIMIT $4",
    )
    .bind(jurisdiction.as_str())
    .bind(case_no.as_str())
    .bind(after)
    .bind(limit.map(i64::from))
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| read_accepted(row, case_no)).collect()
}

fn read_accepted(row: &PgRow, case_no: &CaseNo) -> Result<Accepted<Event>, StoreError> {
    let Time(create_time) = get(row, "create_time")?;
    let record = read(row, case_no.clone())?;
    Ok(Accepted { record, sequence: get(row, "sequence")?, create_time })
}

pub(super) fn read(row: &PgRow, case_no: CaseNo) -> Result<Event, StoreError> {
    let event_no: i64 = get(row, "event_no")?;
    let Time(at) = get(row, "event_time")?;
    let due: Option<Time> = get(row, "due_time")?;
    let stage_due: Option<Time> = get(row, "stage_due_time")?;
    Ok(Event {
        case_no,
        event_no: u64::try_from(event_no).map_err(|error| corrupt("event_no", error))?,
        at,
        kind: variant(row, "kind", EventKind::from_code)?,
        actor: parse_optional(row, "actor")?,
        unit: parse_optional(row, "unit")?,
        due_at: due.map(|Time(due)| due),
        stage_due_at: stage_due.map(|Time(due)| due),
        outcome: get(row, "outcome")?,
        note: get(row, "note")?,
    })
}

/// Event numbers come from `int64` fields.
pub(super) fn number(event_no: u64) -> i64 {
    i64::try_from(event_no).expect("checked on the way in")
}
