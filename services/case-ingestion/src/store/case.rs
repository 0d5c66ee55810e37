//! Accepted cases.

use chengping_casework::{Case, Source};
use chengping_types::{CaseNo, JurisdictionId, Month};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

use super::time::{FirstDay, Time};
use super::{InOrder, StoreError, get, parse, parse_optional, variant};
use crate::domain::{Accepted, KnownCase};

/// Those of the cases that are accepted.
pub(crate) async fn find(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    case_nos: &[&str],
) -> Result<Vec<Case>, StoreError> {
    let rows = sqlx::query(
        "SELECT found.*
         FROM unnest($2::text[]) AS wanted (case_no), LATERAL (
             SELECT case_record.case_no, source, category_scheme, category_code, area_code,
                    collector, title, filing_condition
             FROM case_record
             WHERE jurisdiction = (SELECT $1) AND case_record.case_no = wanted.case_no OFFSET 0)
              AS found",
    )
    .bind(jurisdiction.as_str())
    .bind(case_nos)
    .fetch_all(connection)
    .await?;
    rows.iter().map(read).collect()
}

/// What is known of those of the cases that are accepted.
pub(crate) async fn find_known(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    case_nos: &[&str],
) -> Result<Vec<(CaseNo, KnownCase)>, StoreError> {
    let rows = sqlx::query(
        "SELECT found.*
         FROM unnest($2::text[]) AS wanted (case_no), LATERAL (
             SELECT case_record.case_no, filing_condition IS NOT NULL AS is_conditional,
                    (SELECT month FROM case_month
                     WHERE case_month.jurisdiction = (SELECT $1)
                       AND case_month.case_no = wanted.case_no) AS month
             FROM case_record
             WHERE jurisdiction = (SELECT $1) AND case_record.case_no = wanted.case_no OFFSET 0)
              AS found",
    )
    .bind(jurisdiction.as_str())
    .bind(case_nos)
    .fetch_all(connection)
    .await?;
    let read = |row: &PgRow| {
        let month: Option<FirstDay> = get(row, "month")?;
        let month = month.map(|FirstDay(month)| month);
        let known = KnownCase { month, is_conditional: get(row, "is_conditional")? };
        Ok((parse(row, "case_no")?, known))
    };
    rows.iter().map(read).collect()
}

/// Fixes the months under which the events of cases are kept, of those that have none; whether that
/// was all of them.
pub(crate) async fn fix_months(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    months: &[(CaseNo, Month)],
) -> Result<bool, StoreError> {
    if months.is_empty() {
        return Ok(true);
    }
    let fixed = sqlx::query(
        "INSERT INTO case_month (jurisdiction, case_no, month)
         SELECT $1, new.* FROM unnest($2::text[], $3::date[]) AS new ON CONFLICT DO NOTHING",
    )
    .bind(jurisdiction.as_str())
    .bind(months.iter().map(|(case_no, _)| case_no.as_str()).collect::<Vec<_>>())
    .bind(months.iter().map(|(_, month)| FirstDay(*month)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(fixed.rows_affected() == months.len() as u64)
}

/// Makes a place for the events of a month, unless there is one.
pub(crate) async fn begin_month(
    connection: &mut PgConnection,
    month: Month,
) -> Result<(), StoreError> {
    sqlx::query("SELECT begin_month($1)").bind(FirstDay(month)).execute(connection).await?;
    Ok(())
}

/// Adds new cases; their sequence numbers are the next after `sequence_before`, in this order.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    sequence_before: i64,
    cases: &[Case],
) -> Result<(), StoreError> {
    if cases.is_empty() {
        return Ok(());
    }
    let text = |field: fn(&Case) -> &str| cases.iter().map(field).collect::<Vec<_>>();
    let optional = |field: fn(&Case) -> Option<&str>| cases.iter().map(field).collect::<Vec<_>>();
    let sources: Vec<_> = cases.iter().map(|case| i16::from(case.source.code())).collect();
    sqlx::query(
        "INSERT INTO case_record (jurisdiction, sequence, case_no, source, category_scheme,
                                  category_code, area_code, collector, title, filing_condition)
         SELECT $1, $2 + new.ordinal, new.case_no, new.source, new.category_scheme,
                new.category_code, new.area_code, new.collector, new.title,
                new.filing_condition
         FROM unnest($3::text[], $4::smallint[], $5::text[], $6::text[], $7::text[], $8::text[],
                     $9::text[], $10::text[])
              WITH ORDINALITY AS new (case_no, source, category_scheme, category_code, area_code,
                                      collector, title, filing_condition, ordinal)",
    )
    .bind(jurisdiction.as_str())
    .bind(sequence_before)
    .bind(text(|case| case.case_no.as_str()))
    .bind(sources)
    .bind(text(|case| &case.category_scheme))
    .bind(text(|case| &case.category_code))
    .bind(text(|case| &case.area_code))
    .bind(optional(|case| case.collector.as_ref().map(|body| body.as_str())))
    .bind(optional(|case| case.title.as_deref()))
    .bind(optional(|case| case.filing_condition.as_deref()))
    .execute(connection)
    .await?;
    Ok(())
}

/// A case, if it is accepted.
pub(crate) async fn get_one(
    connection: &mut PgConnection,
    jurisdiction: &JurisdictionId,
    case_no: &CaseNo,
) -> Result<Option<Accepted<Case>>, StoreError> {
    let row = sqlx::query(
        "SELECT case_no, source, category_scheme, category_code, area_code, collector, title,
                filing_condition, sequence, create_time
         FROM case_record WHERE jurisdiction = (SELECT $1) AND case_no = $2",
    )
    .bind(jurisdiction.as_str())
    .bind(case_no.as_str())
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(read_accepted).transpose()
}

/// Cases behind `after` (empty for the first), by number.
pub(crate) async fn list(
    reading: &mut InOrder,
    jurisdiction: &JurisdictionId,
    after: &str,
    limit: u32,
) -> Result<Vec<Accepted<Case>>, StoreError> {
    let rows = sqlx::query(
        "SELECT case_no, source, category_scheme, category_code, area_code, collector, title,
                filing_condition, sequence, create_time
         FROM case_record WHERE jurisdiction = $1 AND case_no > $2 ORDER BY case_no LIMIT $3",
    )
    .bind(jurisdiction.as_str())
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(&mut **reading)
    .await?;
    rows.iter().map(read_accepted).collect()
}

pub(super) fn read(row: &PgRow) -> Result<Case, StoreError> {
    Ok(Case {
        case_no: parse(row, "case_no")?,
        source: variant(row, "source", Source::from_code)?,
        category_scheme: get(row, "category_scheme")?,
        category_code: get(row, "category_code")?,
        area_code: get(row, "area_code")?,
        collector: parse_optional(row, "collector")?,
        title: get(row, "title")?,
        filing_condition: get(row, "filing_condition")?,
    })
}

fn read_accepted(row: &PgRow) -> Result<Accepted<Case>, StoreError> {
    let Time(create_time): Time = get(row, "create_time")?;
    Ok(Accepted { record: read(row)?, sequence: get(row, "sequence")?, create_time })
}
