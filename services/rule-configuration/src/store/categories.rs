//! What the codes of categories mean: read as a whole, and changed row by row.

use chengping_types::{Category, JurisdictionId};

use super::{Connection, StoreError, optional_texts, parse, parse_optional, texts};
use crate::domain::difference::Changes;
use crate::domain::registry::Standing;

#[derive(sqlx::FromRow)]
struct CategoryRow {
    category_scheme: String,
    category_code: String,
    name: String,
    valid_from: String,
    valid_to: Option<String>,
    local_extension: bool,
}

impl TryFrom<CategoryRow> for Category {
    type Error = StoreError;

    fn try_from(row: CategoryRow) -> Result<Self, StoreError> {
        Ok(Self {
            category_scheme: row.category_scheme,
            category_code: row.category_code,
            name: row.name,
            valid_from: parse("month", &row.valid_from)?,
            valid_to: parse_optional("month", row.valid_to.as_deref())?,
            local_extension: row.local_extension,
        })
    }
}

/// Adds everything that stands to `standing`.
pub(crate) async fn load(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    standing: &mut Standing,
) -> Result<(), StoreError> {
    let rows: Vec<CategoryRow> = sqlx::query_as("select * from category where jurisdiction = $1")
        .bind(jurisdiction.as_str())
        .fetch_all(connection)
        .await?;
    for row in rows {
        standing.put(Category::try_from(row)?);
    }
    Ok(())
}

/// Writes the changed rows. The jurisdiction must be locked.
pub(crate) async fn write(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    changes: &Changes,
) -> Result<(), StoreError> {
    let rows = &changes.categories.put;
    if rows.is_empty() {
        return Ok(());
    }
    let local_extension: Vec<_> = rows.iter().map(|row| row.local_extension).collect();
    sqlx::query(
        "insert into category (jurisdiction, category_scheme, category_code, name, valid_from,
             valid_to, local_extension)
         select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
             $7::boolean[])
         on conflict (jurisdiction, category_scheme, category_code, valid_from) do update set
             name = excluded.name, valid_to = excluded.valid_to,
             local_extension = excluded.local_extension",
    )
    .bind(jurisdiction.as_str())
    .bind(texts(rows.iter().map(|row| &row.category_scheme)))
    .bind(texts(rows.iter().map(|row| &row.category_code)))
    .bind(texts(rows.iter().map(|row| &row.name)))
    .bind(texts(rows.iter().map(|row| row.valid_from)))
    .bind(optional_texts(rows.iter().map(|row| &row.valid_to)))
    .bind(local_extension)
    .execute(connection)
    .await?;
    Ok(())
}
