//! Taking rows out of what stands.

use chengping_types::JurisdictionId;

use super::{Connection, StoreError, texts};
use crate::domain::difference::Changes;

/// Takes out the rows of the registry that are gone. The jurisdiction must be locked.
pub(super) async fn registry(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    changes: &Changes,
) -> Result<(), StoreError> {
    let Changes { bodies, areas, coefficients, long_term, .. } = changes;
    let rows = &bodies.removed;
    let keys =
        [texts(rows.iter().map(|row| &row.body_id)), texts(rows.iter().map(|row| row.valid_from))];
    let sql = "delete from body where jurisdiction = $1 and (body_id, valid_from) in
        (select * from unnest($2::text[], $3::text[]))";
    delete(connection, jurisdiction, sql, keys).await?;
    let rows = &areas.removed;
    let keys = [
        texts(rows.iter().map(|row| &row.area_code)),
        texts(rows.iter().map(|row| row.valid_from)),
    ];
    let sql = "delete from area where jurisdiction = $1 and (area_code, valid_from) in
        (select * from unnest($2::text[], $3::text[]))";
    delete(connection, jurisdiction, sql, keys).await?;
    let rows = &coefficients.removed;
    let keys = [
        texts(rows.iter().map(|row| &row.body_id)),
        texts(rows.iter().map(|row| row.zone)),
        texts(rows.iter().map(|row| row.valid_from)),
    ];
    let sql = "delete from coefficient where jurisdiction = $1 and (body_id, zone, valid_from) in
        (select * from unnest($2::text[], $3::text[], $4::text[]))";
    delete(connection, jurisdiction, sql, keys).await?;
    let rows = &long_term.removed;
    let keys = [
        texts(rows.iter().map(|row| &row.category_scheme)),
        texts(rows.iter().map(|row| &row.category_code)),
        texts(rows.iter().map(|row| row.area_code.as_deref().unwrap_or_default())),
        texts(rows.iter().map(|row| row.valid_from)),
    ];
    let sql = "delete from long_term_entry where jurisdiction = $1
        and (category_scheme, category_code, area_code, valid_from) in
        (select * from unnest($2::text[], $3::text[], $4::text[], $5::text[]))";
    delete(connection, jurisdiction, sql, keys).await
}

/// Takes out the deadline rules and categories that are gone. The jurisdiction must be locked.
pub(super) async fn others(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    changes: &Changes,
) -> Result<(), StoreError> {
    let Changes { working_hours, calendar, conditions, categories, .. } = changes;
    let keys = [texts(working_hours.removed.iter().map(|row| row.effective_date))];
    let sql = "delete from working_hours where jurisdiction = $1 and effective_date = any($2)";
    delete(connection, jurisdiction, sql, keys).await?;
    let keys = [texts(calendar.removed.iter().map(|row| row.date))];
    let sql = "delete from calendar_day where jurisdiction = $1 and day = any($2)";
    delete(connection, jurisdiction, sql, keys).await?;
    let rows = &conditions.removed;
    let keys = [
        texts(rows.iter().map(|row| &row.condition_id)),
        texts(rows.iter().map(|row| &row.category_scheme)),
        texts(rows.iter().map(|row| &row.category_code)),
        texts(rows.iter().map(|row| row.valid_from)),
    ];
    let sql = "delete from filing_condition where jurisdiction = $1
        and (condition_id, category_scheme, category_code, valid_from) in
        (select * from unnest($2::text[], $3::text[], $4::text[], $5::text[]))";
    delete(connection, jurisdiction, sql, keys).await?;
    let rows = &categories.removed;
    let keys = [
        texts(rows.iter().map(|row| &row.category_scheme)),
        texts(rows.iter().map(|row| &row.category_code)),
        texts(rows.iter().map(|row| row.valid_from)),
    ];
    let sql = "delete from category where jurisdiction = $1
        and (category_scheme, category_code, valid_from) in
        (select * from unnest($2::text[], $3::text[], $4::text[]))";
    delete(connection, jurisdiction, sql, keys).await
}

/// Runs `sql` for the keys that the columns hold, unless there is none.
async fn delete<const COLUMNS: usize>(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    sql: &'static str,
    columns: [Vec<String>; COLUMNS],
) -> Result<(), StoreError> {
    if columns.iter().all(Vec::is_empty) {
        return Ok(());
    }
    let mut query = sqlx::query(sql).bind(jurisdiction.as_str());
    for column in columns {
        query = query.bind(column);
    }
    query.execute(connection).await?;
    Ok(())
}
