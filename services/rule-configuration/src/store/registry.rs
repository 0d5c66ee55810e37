//! The registry as it stands: read as a whole, and changed row by row.

use chengping_types::JurisdictionId;
use chengping_types::registry::{Area, Body, Coefficient, LongTermEntry};

use super::{
    Connection, StoreError, optional_texts, parse, parse_optional, registry_removal, texts,
};
use crate::domain::difference::Changes;
use crate::domain::registry::Standing;

/// Rows that go to the database at a time.
const BATCH_ROWS: usize = 5_000;

#[derive(sqlx::FromRow)]
pub(super) struct BodyRow {
    body_id: String,
    kind: String,
    name: String,
    parent: Option<String>,
    valid_from: String,
    valid_to: Option<String>,
    assessment_code: Option<String>,
}

impl TryFrom<BodyRow> for Body {
    type Error = StoreError;

    fn try_from(row: BodyRow) -> Result<Self, StoreError> {
        Ok(Self {
            body_id: parse("body ID", &row.body_id)?,
            kind: parse("body kind", &row.kind)?,
            name: row.name,
            parent: parse_optional("body ID", row.parent.as_deref())?,
            valid_from: parse("month", &row.valid_from)?,
            valid_to: parse_optional("month", row.valid_to.as_deref())?,
            assessment_code: row.assessment_code,
        })
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct AreaRow {
    area_code: String,
    kind: String,
    name: String,
    district: Option<String>,
    subdistrict: Option<String>,
    window_unit: Option<String>,
    zone: String,
    valid_from: String,
    valid_to: Option<String>,
}

impl TryFrom<AreaRow> for Area {
    type Error = StoreError;

    fn try_from(row: AreaRow) -> Result<Self, StoreError> {
        Ok(Self {
            area_code: row.area_code,
            kind: parse("area kind", &row.kind)?,
            name: row.name,
            district: parse_optional("body ID", row.district.as_deref())?,
            subdistrict: parse_optional("body ID", row.subdistrict.as_deref())?,
            window: parse_optional("body ID", row.window_unit.as_deref())?,
            zone: parse("zone", &row.zone)?,
            valid_from: parse("month", &row.valid_from)?,
            valid_to: parse_optional("month", row.valid_to.as_deref())?,
        })
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct CoefficientRow {
    body_id: String,
    zone: String,
    road_sections: i64,
    difficulty: String,
    valid_from: String,
    approved_by: String,
    reason: String,
    area_km2: Option<String>,
    population: Option<i64>,
    grid_class: Option<String>,
}

impl TryFrom<CoefficientRow> for Coefficient {
    type Error = StoreError;

    fn try_from(row: CoefficientRow) -> Result<Self, StoreError> {
        let road_sections = u32::try_from(row.road_sections)
            .map_err(|error| StoreError::corrupt("number of road sections", error))?;
        let population = row.population.map(u32::try_from);
        Ok(Self {
            body_id: parse("body ID", &row.body_id)?,
            zone: parse("zone", &row.zone)?,
            road_sections,
            difficulty: parse("difficulty", &row.difficulty)?,
            valid_from: parse("month", &row.valid_from)?,
            approved_by: row.approved_by,
            reason: row.reason,
            area_km2: parse_optional("area", row.area_km2.as_deref())?,
            population: population
                .transpose()
                .map_err(|error| StoreError::corrupt("population", error))?,
            grid_class: parse_optional("grid class", row.grid_class.as_deref())?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct LongTermRow {
    category_scheme: String,
    category_code: String,
    area_code: String,
    valid_from: String,
    valid_to: Option<String>,
}

impl TryFrom<LongTermRow> for LongTermEntry {
    type Error = StoreError;

    fn try_from(row: LongTermRow) -> Result<Self, StoreError> {
        Ok(Self {
            category_scheme: row.category_scheme,
            category_code: row.category_code,
            valid_from: parse("month", &row.valid_from)?,
            valid_to: parse_optional("month", row.valid_to.as_deref())?,
            area_code: Some(row.area_code).filter(|area| !area.is_empty()),
        })
    }
}

/// Everything that stands.
pub(crate) async fn load(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
) -> Result<Standing, StoreError> {
    let mut standing = Standing::default();
    let bodies: Vec<BodyRow> = sqlx::query_as("select * from body where jurisdiction = $1")
        .bind(jurisdiction.as_str())
        .fetch_all(&mut *connection)
        .await?;
    for row in bodies {
        standing.put(Body::try_from(row)?);
    }
    let areas: Vec<AreaRow> = sqlx::query_as("select * from area where jurisdiction = $1")
        .bind(jurisdiction.as_str())
        .fetch_all(&mut *connection)
        .await?;
    for row in areas {
        standing.put(Area::try_from(row)?);
    }
    let coefficients: Vec<CoefficientRow> =
        sqlx::query_as("select * from coefficient where jurisdiction = $1")
            .bind(jurisdiction.as_str())
            .fetch_all(&mut *connection)
            .await?;
    for row in coefficients {
        standing.put(Coefficient::try_from(row)?);
    }
    let entries: Vec<LongTermRow> =
        sqlx::query_as("select * from long_term_entry where jurisdiction = $1")
            .bind(jurisdiction.as_str())
            .fetch_all(connection)
            .await?;
    for row in entries {
        standing.put(LongTermEntry::try_from(row)?);
    }
    Ok(standing)
}

/// Writes the changed rows. The jurisdiction must be locked.
pub(crate) async fn write(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    changes: &Changes,
) -> Result<(), StoreError> {
    registry_removal::registry(connection, jurisdiction, changes).await?;
    for rows in changes.bodies.put.chunks(BATCH_ROWS) {
        write_bodies(connection, jurisdiction, rows).await?;
    }
    for rows in changes.areas.put.chunks(BATCH_ROWS) {
        write_areas(connection, jurisdiction, rows).await?;
    }
    for rows in changes.coefficients.put.chunks(BATCH_ROWS) {
        write_coefficients(connection, jurisdiction, rows).await?;
    }
    for rows in changes.long_term.put.chunks(BATCH_ROWS) {
        write_long_term(connection, jurisdiction, rows).await?;
    }
    Ok(())
}

async fn write_bodies(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    rows: &[Body],
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into body (jurisdiction, body_id, kind, name, parent, valid_from, valid_to,
             assessment_code)
         select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
             $7::text[], $8::text[])
         on conflict (jurisdiction, body_id, valid_from) do update set
             kind = excluded.kind, name = excluded.name, parent = excluded.parent,
             valid_to = excluded.valid_to,
             assessment_code = excluded.assessment_code",
    )
    .bind(jurisdiction.as_str())
    .bind(texts(rows.iter().map(|row| &row.body_id)))
    .bind(texts(rows.iter().map(|row| row.kind)))
    .bind(texts(rows.iter().map(|row| &row.name)))
    .bind(optional_texts(rows.iter().map(|row| &row.parent)))
    .bind(texts(rows.iter().map(|row| row.valid_from)))
    .bind(optional_texts(rows.iter().map(|row| &row.valid_to)))
    .bind(optional_texts(rows.iter().map(|row| &row.assessment_code)))
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_areas(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    rows: &[Area],
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into area (jurisdiction, area_code, kind, name, district, subdistrict,
             window_unit, zone, valid_from, valid_to)
         select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
             $7::text[], $8::text[], $9::text[], $10::text[])
         on conflict (jurisdiction, area_code, valid_from) do update set
             kind = excluded.kind, name = excluded.name, district = excluded.district,
             subdistrict = excluded.subdistrict, window_unit = excluded.window_unit,
             zone = excluded.zone, valid_to = excluded.valid_to",
    )
    .bind(jurisdiction.as_str())
    .bind(texts(rows.iter().map(|row| &row.area_code)))
    .bind(texts(rows.iter().map(|row| row.kind)))
    .bind(texts(rows.iter().map(|row| &row.name)))
    .bind(optional_texts(rows.iter().map(|row| &row.district)))
    .bind(optional_texts(rows.iter().map(|row| &row.subdistrict)))
    .bind(optional_texts(rows.iter().map(|row| &row.window)))
    .bind(texts(rows.iter().map(|row| row.zone)))
    .bind(texts(rows.iter().map(|row| row.valid_from)))
    .bind(optional_texts(rows.iter().map(|row| &row.valid_to)))
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_coefficients(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    rows: &[Coefficient],
) -> Result<(), StoreError> {
    let road_sections: Vec<i64> = rows.iter().map(|row| i64::from(row.road_sections)).collect();
    let population: Vec<_> = rows.iter().map(|row| row.population.map(i64::from)).collect();
    sqlx::query(
        "insert into coefficient (jurisdiction, body_id, zone, road_sections, difficulty,
             valid_from, approved_by, reason, area_km2, population, grid_class)
         select $1, * from unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[],
             $7::text[], $8::text[], $9::text[], $10::bigint[], $11::text[])
         on conflict (jurisdiction, body_id, zone, valid_from) do update set
             road_sections = excluded.road_sections, difficulty = excluded.difficulty,
             approved_by = excluded.approved_by, reason = excluded.reason,
             area_km2 = excluded.area_km2, population = excluded.population,
             grid_class = excluded.grid_class",
    )
    .bind(jurisdiction.as_str())
    .bind(texts(rows.iter().map(|row| &row.body_id)))
    .bind(texts(rows.iter().map(|row| row.zone)))
    .bind(road_sections)
    .bind(texts(rows.iter().map(|row| &row.difficulty)))
    .bind(texts(rows.iter().map(|row| row.valid_from)))
    .bind(texts(rows.iter().map(|row| &row.approved_by)))
    .bind(texts(rows.iter().map(|row| &row.reason)))
    .bind(optional_texts(rows.iter().map(|row| &row.area_km2)))
    .bind(population)
    .bind(optional_texts(rows.iter().map(|row| &row.grid_class)))
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_long_term(
    connection: &mut Connection,
    jurisdiction: &JurisdictionId,
    rows: &[LongTermEntry],
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into long_term_entry (jurisdiction, category_scheme, category_code, area_code,
             valid_from, valid_to)
         select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
         on conflict (jurisdiction, category_scheme, category_code, area_code, valid_from)
         do update set valid_to = excluded.valid_to",
    )
    .bind(jurisdiction.as_str())
    .bind(texts(rows.iter().map(|row| &row.category_scheme)))
    .bind(texts(rows.iter().map(|row| &row.category_code)))
    .bind(texts(rows.iter().map(|row| row.area_code.as_deref().unwrap_or_default())))
    .bind(texts(rows.iter().map(|row| row.valid_from)))
    .bind(optional_texts(rows.iter().map(|row| &row.valid_to)))
    .execute(connection)
    .await?;
    Ok(())
}
