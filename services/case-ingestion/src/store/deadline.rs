//! Deadlines that were computed, and the rules that they were computed by.

use std::collections::BTreeMap;

use chengping_casework::ComputedDeadline;
use chengping_types::{CaseNo, Digest, Instant, JurisdictionId, Limit};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

use super::time::Time;
use super::{StoreError, corrupt, event, get, parse, parse_optional};
use crate::domain::{StoredDeadline, Version, ZonedRules};

/// A computed deadline of a case, and the instant of its event.
#[derive(Debug)]
pub(crate) struct OfCase {
    pub(crate) case_no: CaseNo,
    pub(crate) at: Instant,
    pub(crate) deadline: StoredDeadline,
}

/// A deadline that becomes known with the record of this sequence.
#[derive(Debug)]
pub(crate) struct New {
    pub(crate) case_no: CaseNo,
    pub(crate) sequence: i64,
    pub(crate) deadline: StoredDeadline,
}

/// The deadlines that hold now for events of these cases.
pub(crate) async fn of_cases(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    case_nos: &[&str],
) -> Result<Vec<OfCase>, StoreError> {
    let rows = sqlx::query(
        "SELECT DISTINCT ON (case_no, event_no) case_no, event_no, event_time, computed.due_time,
                start_time, condition_id, limit_value, limit_unit, calendar_digest, rules_digest
         FROM unnest($2::text[]) AS wanted (case_no), LATERAL (
             SELECT computed_deadline.* FROM computed_deadline
             WHERE jurisdiction = (SELECT $1) AND computed_deadline.case_no = wanted.case_no
             OFFSET 0) AS computed (jurisdiction, of_case), LATERAL (
             SELECT event_time FROM event
             WHERE event.jurisdiction = (SELECT $1) AND event.case_no = wanted.case_no
               AND event.event_no = computed.event_no
               AND month = (SELECT month FROM case_month
                            WHERE case_month.jurisdiction = (SELECT $1)
                              AND case_month.case_no = wanted.case_no) OFFSET 0) AS of_event
         ORDER BY case_no, event_no, computed.sequence DESC",
    )
    .bind(jurisdiction.as_str())
    .bind(case_nos)
    .fetch_all(connection)
    .await?;
    let read = |row: &PgRow| {
        let Time(at) = get(row, "event_time")?;
        Ok(OfCase { case_no: parse(row, "case_no")?, at, deadline: read(row)? })
    };
    rows.iter().map(read).collect()
}

/// The rows of all deadlines that were ever computed for these cases among the first `watermark`
/// records, by case, event and sequence.
pub(super) async fn rows_of_cases(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    case_nos: &[&str],
    watermark: i64,
) -> Result<Vec<PgRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT case_no, event_no, due_time, start_time, condition_id, limit_value, limit_unit,
                calendar_digest, rules_digest, sequence, create_time
         FROM unnest($2::text[]) AS wanted (case_no), LATERAL (
             SELECT computed_deadline.* FROM computed_deadline
             WHERE jurisdiction = (SELECT $1) AND computed_deadline.case_no = wanted.case_no
             OFFSET 0) AS computed (jurisdiction, of_case)
         WHERE sequence <= $3
         ORDER BY case_no, event_no, sequence",
    )
    .bind(jurisdiction.as_str())
    .bind(case_nos)
    .bind(watermark)
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

/// The deadlines that hold now for events of a case, by event number.
pub(crate) async fn of_case(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    case_no: &CaseNo,
) -> Result<BTreeMap<u64, ComputedDeadline>, StoreError> {
    let found = of_cases(connection, jurisdiction, &[case_no.as_str()]).await?;
    let computed = found.into_iter().map(|found| found.deadline.computed);
    Ok(computed.map(|computed| (computed.event_no, computed)).collect())
}

pub(super) fn read(row: &PgRow) -> Result<StoredDeadline, StoreError> {
    let event_no: i64 = get(row, "event_no")?;
    let Time(due_at) = get(row, "due_time")?;
    let Time(start) = get(row, "start_time")?;
    let limit = Limit { value: parse(row, "limit_value")?, unit: parse(row, "limit_unit")? };
    let computed = ComputedDeadline {
        event_no: u64::try_from(event_no).map_err(|error| corrupt("event_no", error))?,
        due_at,
        start,
        condition_id: get(row, "condition_id")?,
        limit,
        calendar: parse_optional(row, "calendar_digest")?,
    };
    Ok(StoredDeadline { computed, rules: parse(row, "rules_digest")? })
}

/// Adds deadlines.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    deadlines: &[New],
) -> Result<(), StoreError> {
    if deadlines.is_empty() {
        return Ok(());
    }
    let computed = || deadlines.iter().map(|new| &new.deadline.computed);
    let calendar = |computed: &ComputedDeadline| computed.calendar.map(|digest| digest.to_string());
    sqlx::query(
        "INSERT INTO computed_deadline (jurisdiction, case_no, event_no, sequence, due_time,
                                        start_time, condition_id, limit_value, limit_unit,
                                        calendar_digest, rules_digest)
         SELECT $1, new.*
         FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::timestamptz[],
                     $7::text[], $8::text[], $9::text[], $10::text[], $11::text[]) AS new",
    )
    .bind(jurisdiction.as_str())
    .bind(deadlines.iter().map(|new| new.case_no.as_str()).collect::<Vec<_>>())
    .bind(computed().map(|computed| event::number(computed.event_no)).collect::<Vec<_>>())
    .bind(deadlines.iter().map(|new| new.sequence).collect::<Vec<_>>())
    .bind(computed().map(|computed| Time(computed.due_at)).collect::<Vec<_>>())
    .bind(computed().map(|computed| Time(computed.start)).collect::<Vec<_>>())
    .bind(computed().map(|computed| computed.condition_id.as_str()).collect::<Vec<_>>())
    .bind(computed().map(|computed| computed.limit.value.to_string()).collect::<Vec<_>>())
    .bind(computed().map(|computed| computed.limit.unit.to_string()).collect::<Vec<_>>())
    .bind(computed().map(calendar).collect::<Vec<_>>())
    .bind(deadlines.iter().map(|new| new.deadline.rules.to_string()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps a version of the rules, unless it is kept already.
pub(crate) async fn keep_rules(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    version: &Version,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO deadline_rules (jurisdiction, digest, content) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING",
    )
    .bind(jurisdiction.as_str())
    .bind(version.digest.to_string())
    .bind(std::str::from_utf8(&version.content).map_err(|error| corrupt("content", error))?)
    .execute(connection)
    .await?;
    Ok(())
}

/// Versions of the rules that were kept.
pub(crate) async fn rules(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    digests: &[String],
) -> Result<BTreeMap<Digest, Version>, StoreError> {
    if digests.is_empty() {
        return Ok(BTreeMap::new());
    }
    let contents: Vec<String> = sqlx::query_scalar(
        "SELECT content FROM deadline_rules WHERE jurisdiction = $1 AND digest = ANY($2)",
    )
    .bind(jurisdiction.as_str())
    .bind(digests)
    .fetch_all(connection)
    .await?;
    let read = |content: &String| {
        let zoned: ZonedRules =
            serde_json::from_str(content).map_err(|error| corrupt("content", error))?;
        let version = Version::from(zoned);
        Ok((version.digest, version))
    };
    contents.iter().map(read).collect()
}
