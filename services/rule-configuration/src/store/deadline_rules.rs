//! What deadlines are computed from: read as a whole, and changed row by row.

use chengping_types::calendar::{CalendarDay, WorkingHours};
use chengping_types::{FilingCondition, JurisdictionId, Limit};

use super::{
    Connection, StoreError, optional_texts, parse, parse_optional, registry_removal, texts,
};
use crate::domain::difference::Changes;
use crate::domain::registry::Standing;

#[derive(sqlx::FromRow)]
struct HoursRow {
    effective_date: String,
    periods: String,
    days_off: String,
    name: String,
}

impl TryFrom<HoursRow> for WorkingHours {
    type Error = StoreError;

    fn try_from(row: HoursRow) -> Result<Self, StoreError> {
        Ok(Self {
            effective_date: parse("date", &row.effective_date)?,
            periods: parse("working time", &row.periods)?,
            days_off: parse("days off", &row.days_off)?,
            name: row.name,
        })
    }
}

#[derive(sqlx::FromRow)]
struct DayRow {
    day: String,
    kind: String,
    name: String,
}

impl TryFrom<DayRow> for CalendarDay {
    type Error = StoreError;

    fn try_from(row: DayRow) -> Result<Self, StoreError> {
        let (date, kind) = (parse("date", &row.day)?, parse("kind of day", &row.kind)?);
        Ok(Self { date, kind, name: row.name })
    }
}

#[derive(sqlx::FromRow)]
struct ConditionRow {
    condition_id: String,
    category_scheme: String,
    category_code: String,
    valid_from: String,
    valid_to: Option<String>,
    limit_value: String,
    limit_unit: String,
    name: String,
}

impl TryFrom<ConditionRow> for FilingCondition {
    type Error = StoreError;

    fn try_from(row: ConditionRow) -> Result<Self, StoreError> {
        let value = parse("limit", &row.limit_value)?;
        let unit = parse("unit of a limit", &row.limit_unit)?;
        Ok(Self {
            condition_id: row.condition_id,
            category_scheme: row.category_scheme,
            category_code: row.category_code,
            limit: Limit { value, unit },
            valid_from: parse("month", &row.valid_from)?,
            valid_to: parse_optional("month", row.valid_to.as_deref())?,
            name: row.name,
        })
    }
}

/// Adds everything that stands to `standing`.
pub(crate) async fn load(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    standing: &mut Standing,
) -> Result<(), StoreError> {
    let hours: Vec<HoursRow> =
        sqlx::query_as("select * from working_hours where jurisdiction = $1")
            .bind(jurisdiction.as_str())
            .fetch_all(&mut *connection)
            .await?;
    for row in hours {
        standing.put(WorkingHours::try_from(row)?);
    }
    let days: Vec<DayRow> = sqlx::query_as("select * from calendar_day where jurisdiction = $1")
        .bind(jurisdiction.as_str())
        .fetch_all(&mut *connection)
        .await?;
    for row in days {
        standing.put(CalendarDay::try_from(row)?);
    }
    let conditions: Vec<ConditionRow> =
        sqlx::query_as("select * from filing_condition where jurisdiction = $1")
            .bind(jurisdiction.as_str())
            .fetch_all(connection)
            .await?;
    for row in conditions {
        standing.put(FilingCondition::try_from(row)?);
    }
    Ok(())
}

/// Takes out what is gone, of categories too, and writes the changed rows. The jurisdiction must be
/// locked.
pub(crate) async fn write(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    changes: &Changes,
) -> Result<(), StoreError> {
    registry_removal::others(connection, jurisdiction, changes).await?;
    if !changes.working_hours.put.is_empty() {
        write_hours(connection, jurisdiction, &changes.working_hours.put).await?;
    }
    if !changes.calendar.put.is_empty() {
        write_days(connection, jurisdiction, &changes.calendar.put).await?;
    }
    if !changes.conditions.put.is_empty() {
        write_conditions(connection, jurisdiction, &changes.conditions.put).await?;
    }
    Ok(())
}

async fn write_hours(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    rows: &[WorkingHours],
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into working_hours (jurisdiction, effective_date, periods, days_off, name)
         select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::text[])
         on conflict (jurisdiction, effective_date) do update set
             periods = excluded.periods, days_off = excluded.days_off, name = excluded.name",
    )
    .bind(jurisdiction.as_str())
    .bind(texts(rows.iter().map(|row| row.effective_date)))
    .bind(texts(rows.iter().map(|row| &row.periods)))
    .bind(texts(rows.iter().map(|row| row.days_off)))
    .bind(texts(rows.iter().map(|row| &row.name)))
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_days(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    rows: &[CalendarDay],
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into calendar_day (jurisdiction, day, kind, name)
         select $1, * from unnest($2::text[], $3::text[], $4::text[])
         on conflict (jurisdiction, day) do update set
             kind = excluded.kind, name = excluded.name",
    )
    .bind(jurisdiction.as_str())
    .bind(texts(rows.iter().map(|row| row.date)))
    .bind(texts(rows.iter().map(|row| row.kind)))
    .bind(texts(rows.iter().map(|row| &row.name)))
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_conditions(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    rows: &[FilingCondition],
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into filing_condition (jurisdiction, condition_id, category_scheme, category_code,
             valid_from, valid_to, limit_value, limit_unit, name)
         select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
             $7::text[], $8::text[], $9::text[])
         on conflict (jurisdiction, condition_id, category_scheme, category_code, valid_from)
         do update set
             valid_to = excluded.valid_to, limit_value = excluded.limit_value,
             limit_unit = excluded.limit_unit, name = excluded.name",
    )
    .bind(jurisdiction.as_str())
    .bind(texts(rows.iter().map(|row| &row.condition_id)))
    .bind(texts(rows.iter().map(|row| &row.category_scheme)))
    .bind(texts(rows.iter().map(|row| &row.category_code)))
    .bind(texts(rows.iter().map(|row| row.valid_from)))
    .bind(optional_texts(rows.iter().map(|row| &row.valid_to)))
    .bind(texts(rows.iter().map(|row| row.limit.value)))
    .bind(texts(rows.iter().map(|row| row.limit.unit)))
    .bind(texts(rows.iter().map(|row| &row.name)))
    .execute(connection)
    .await?;
    Ok(())
}
