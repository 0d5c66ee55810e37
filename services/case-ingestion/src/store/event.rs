//! Accepted events.

use chengping_casework::{Event, EventKind};
use chengping_types::{CaseNo, JurisdictionId};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

use super::time::Time;
use super::{StoreError, corrupt, get, parse, parse_optional, variant};
use crate::domain::{Accepted, EventKey};

/// Those of the events that are accepted.
pub(crate) async fn find(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    keys: &[EventKey],
) -> Result<Vec<Event>, StoreError> {
    let case_nos: Vec<_> = keys.iter().map(|key| key.case_no.as_str()).collect();
    let event_nos = keys.iter().map(|key| number(key.event_no)).collect::<Vec<_>>();
    let rows = sqlx::query(
        "SELECT event.case_no, event.event_no, event_time, kind, actor, unit, due_time,
                stage_due_time, outcome, note
         FROM unnest($2::text[], $3::bigint[]) AS wanted (case_no, event_no)
         JOIN event ON event.jurisdiction = $1 AND event.case_no = wanted.case_no
                       AND event.event_no = wanted.event_no",
    )
    .bind(jurisdiction.as_str())
    .bind(case_nos)
    .bind(event_nos)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| read(row, parse(row, "case_no")?)).collect()
}

/// Adds new events; their sequence numbers are the next after `sequence_before`, in this order.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    sequence_before: i64,
    events: &[&Event],
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let optional = |field: fn(&Event) -> Option<&str>| {
        events.iter().map(|event| field(event)).collect::<Vec<_>>()
    };
    let time = |field: fn(&Event) -> Option<Time>| {
        events.iter().map(|event| field(event)).collect::<Vec<_>>()
    };
    sqlx::query(
        // In the order of the key, so that rows that lie together in its index come together.
        "INSERT INTO event (jurisdiction, sequence, case_no, event_no, event_time, kind, actor,
                            unit, due_time, stage_due_time, outcome, note)
         SELECT $1, $2 + new.ordinal, new.case_no, new.event_no, new.event_time, new.kind,
                new.actor, new.unit, new.due_time, new.stage_due_time, new.outcome, new.note
         FROM unnest($3::text[], $4::bigint[], $5::timestamptz[], $6::smallint[], $7::text[],
                     $8::text[], $9::timestamptz[], $10::timestamptz[], $11::text[], $12::text[])
              WITH ORDINALITY AS new (case_no, event_no, event_time, kind, actor, unit, due_time,
                                      stage_due_time, outcome, note, ordinal)
         ORDER BY new.case_no COLLATE \"C\", new.event_no",
    )
    .bind(jurisdiction.as_str())
    .bind(sequence_before)
    .bind(events.iter().map(|event| event.case_no.as_str()).collect::<Vec<_>>())
    .bind(events.iter().map(|event| number(event.event_no)).collect::<Vec<_>>())
    .bind(events.iter().map(|event| Time(event.at)).collect::<Vec<_>>())
    .bind(events.iter().map(|event| i16::from(event.kind.code())).collect::<Vec<_>>())
    .bind(optional(|event| event.actor.as_ref().map(|body| body.as_str())))
    .bind(optional(|event| event.unit.as_ref().map(|body| body.as_str())))
    .bind(time(|event| event.due_at.map(Time)))
    .bind(time(|event| event.stage_due_at.map(Time)))
    .bind(optional(|event| event.outcome.as_deref()))
    .bind(optional(|event| event.note.as_deref()))
    .execute(connection)
    .await?;
    Ok(())
}

/// All events of these cases.
pub(crate) async fn of_cases(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    case_nos: &[&str],
) -> Result<Vec<Event>, StoreError> {
    let rows = sqlx::query(
        "SELECT case_no, event_no, event_time, kind, actor, unit, due_time, stage_due_time,
                outcome, note
         FROM event WHERE jurisdiction = $1 AND case_no = ANY($2)",
    )
    .bind(jurisdiction.as_str())
    .bind(case_nos)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| read(row, parse(row, "case_no")?)).collect()
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
         FROM event WHERE jurisdiction = $1 AND case_no = $2 AND event_no > $3
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
