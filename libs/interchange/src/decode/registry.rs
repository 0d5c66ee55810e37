//! `bodies`, `areas`, `coefficients`, `long_term` and `categories`.

use chengping_types::registry::{Area, AreaKind, Body, Coefficient, LongTermEntry};
use chengping_types::{BodyId, BodyKind, Category, Exact, Zone};

use super::Row;
use crate::code;
use crate::reject::Fault;

pub(super) fn body(row: &Row<'_>) -> Result<Body, Fault> {
    let body_id = row.parse::<BodyId>(0, code::MISSING_BODY_ID, code::BAD_BODY_ID)?;
    let kind = row.parse::<BodyKind>(1, code::MISSING_KIND, code::UNKNOWN_KIND)?;
    let name = row.required(2, code::MISSING_NAME)?.to_owned();
    let parent = row.body(3)?;
    let (valid_from, valid_to) = row.validity(4, 5)?;
    let assessment_code = row.optional(6);
    Ok(Body { body_id, kind, name, parent, valid_from, valid_to, assessment_code })
}

pub(super) fn area(row: &Row<'_>) -> Result<Area, Fault> {
    let area_code = row.required(0, code::MISSING_AREA_CODE)?.to_owned();
    let kind = row.parse::<AreaKind>(1, code::MISSING_KIND, code::UNKNOWN_KIND)?;
    let name = row.text(2).to_owned();
    let (district, subdistrict, window) = (row.body(3)?, row.body(4)?, row.body(5)?);
    let zone = row.parse::<Zone>(6, code::MISSING_ZONE, code::UNKNOWN_ZONE)?;
    let (valid_from, valid_to) = row.validity(7, 8)?;
    Ok(Area { area_code, kind, name, district, subdistrict, window, zone, valid_from, valid_to })
}

pub(super) fn coefficient(row: &Row<'_>) -> Result<Coefficient, Fault> {
    let body_id = row.parse::<BodyId>(0, code::MISSING_BODY_ID, code::BAD_BODY_ID)?;
    let zone = row.parse::<Zone>(1, code::MISSING_ZONE, code::UNKNOWN_ZONE)?;
    let road_sections = row.parse(2, code::MISSING_ROAD_SECTIONS, code::BAD_NUMBER)?;
    row.required(3, code::MISSING_DIFFICULTY)?;
    let difficulty = decimal(row, 3)?.unwrap_or_default();
    let valid_from = row.parse(4, code::MISSING_VALID_FROM, code::BAD_MONTH)?;
    let (approved_by, reason) = (row.text(5).to_owned(), row.text(6).to_owned());
    Ok(Coefficient {
        body_id,
        zone,
        road_sections,
        difficulty,
        valid_from,
        approved_by,
        reason,
        area_km2: decimal(row, 7)?,
        population: row.parse_optional(8, code::BAD_NUMBER)?,
        grid_class: row.parse_optional(9, code::UNKNOWN_GRID_CLASS)?,
    })
}

/// A decimal that is not below zero; none where the column is empty.
fn decimal(row: &Row<'_>, column: usize) -> Result<Option<Exact>, Fault> {
    let number: Option<Exact> = row.parse_optional(column, code::BAD_NUMBER)?;
    if number.as_ref().is_some_and(Exact::is_negative) || row.text(column).contains('/') {
        let message = "expected a decimal from 0 on, such as 0.85";
        return Err(Fault::column(row.name(column), code::BAD_NUMBER, message));
    }
    Ok(number)
}

pub(super) fn long_term(row: &Row<'_>) -> Result<LongTermEntry, Fault> {
    let category_scheme = row.required(0, code::MISSING_CATEGORY)?.to_owned();
    let category_code = row.required(1, code::MISSING_CATEGORY)?.to_owned();
    let (valid_from, valid_to) = row.validity(2, 3)?;
    let area_code = row.optional(4);
    Ok(LongTermEntry { category_scheme, category_code, valid_from, valid_to, area_code })
}

pub(super) fn category(row: &Row<'_>) -> Result<Category, Fault> {
    let category_scheme = row.required(0, code::MISSING_CATEGORY)?.to_owned();
    let category_code = row.required(1, code::MISSING_CATEGORY)?.to_owned();
    let name = row.required(2, code::MISSING_NAME)?.to_owned();
    let (valid_from, valid_to) = row.validity(3, 4)?;
    let local_extension = row.parse_optional::<bool>(5, code::BAD_FLAG)?.unwrap_or_default();
    Ok(Category { category_scheme, category_code, name, valid_from, valid_to, local_extension })
}
