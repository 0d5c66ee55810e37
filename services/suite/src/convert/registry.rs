//! Registry rows: the records of the files, and the messages.

use anyhow::Context as _;
use chengping_proto::rules::v1::{self as pb, registry_row::Content};
use chengping_types::registry::{
    Area, AreaKind, Body, Coefficient, GridClass, LongTermEntry, Registry,
};
use chengping_types::row::decimal;
use chengping_types::{BodyId, BodyKind, Category, Month, Zone};

use super::{enum_name, enum_text};

/// A body as the API has it.
pub fn body(body: &Body) -> Content {
    let kind = enum_name(body.kind.as_str(), "BODY_KIND_");
    Content::Body(pb::Body {
        body_id: body.body_id.to_string(),
        kind: pb::BodyKind::from_str_name(&kind).unwrap_or_default().into(),
        display_name: body.name.clone(),
        parent_body: optional(body.parent.as_ref()),
        valid_from: body.valid_from.to_string(),
        valid_to: optional(body.valid_to.as_ref()),
        assessment_code: body.assessment_code.clone().unwrap_or_default(),
        ..pb::Body::default()
    })
}

/// An area as the API has it.
pub fn area(area: &Area) -> Content {
    let kind = enum_name(area.kind.as_str(), "AREA_KIND_");
    Content::Area(pb::Area {
        area_code: area.area_code.clone(),
        kind: pb::AreaKind::from_str_name(&kind).unwrap_or_default().into(),
        display_name: area.name.clone(),
        district: optional(area.district.as_ref()),
        subdistrict: optional(area.subdistrict.as_ref()),
        window: optional(area.window.as_ref()),
        zone: zone(area.zone),
        valid_from: area.valid_from.to_string(),
        valid_to: optional(area.valid_to.as_ref()),
        ..pb::Area::default()
    })
}

/// A coefficient as the API has it.
///
/// # Errors
///
/// When it counts more road sections than the API can carry.
pub fn coefficient(row: &Coefficient) -> anyhow::Result<Content> {
    Ok(Content::Coefficient(pb::Coefficient {
        body_id: row.body_id.to_string(),
        zone: zone(row.zone),
        road_sections: i32::try_from(row.road_sections).context("too many road sections")?,
        difficulty: decimal(&row.difficulty),
        valid_from: row.valid_from.to_string(),
        approved_by: row.approved_by.clone(),
        reason: row.reason.clone(),
        area_km2: row.area_km2.as_ref().map(decimal).unwrap_or_default(),
        population: row.population.map(i64::from),
        grid_class: row.grid_class.map(|class| class.code().into()).unwrap_or_default(),
    }))
}

/// An entry of the long-term list as the API has it.
pub fn long_term(entry: &LongTermEntry) -> Content {
    Content::LongTerm(pb::LongTermEntry {
        category_scheme: entry.category_scheme.clone(),
        category_code: entry.category_code.clone(),
        valid_from: entry.valid_from.to_string(),
        valid_to: optional(entry.valid_to.as_ref()),
        area_code: entry.area_code.clone().unwrap_or_default(),
    })
}

/// A category as the API has it.
pub fn category(row: &Category) -> Content {
    Content::Category(pb::Category {
        scheme: row.category_scheme.clone(),
        code: row.category_code.clone(),
        display_name: row.name.clone(),
        local_extension: row.local_extension,
        valid_from: row.valid_from.to_string(),
        valid_to: optional(row.valid_to.as_ref()),
        ..pb::Category::default()
    })
}

/// A category that the API gives.
///
/// # Errors
///
/// When it is not one that the files can hold.
pub fn read_category(row: pb::Category) -> anyhow::Result<Category> {
    Ok(Category {
        category_scheme: row.scheme,
        category_code: row.code,
        name: row.display_name,
        valid_from: row.valid_from.parse()?,
        valid_to: month(&row.valid_to)?,
        local_extension: row.local_extension,
    })
}

/// Adds a row of the API to `registry`.
///
/// # Errors
///
/// When the row is not one that the files can hold.
pub fn add(registry: &mut Registry, row: pb::RegistryRow) -> anyhow::Result<()> {
    match row.content.context("a registry row is empty")? {
        Content::Body(body) => registry.bodies.push(read_body(&body)?),
        Content::Area(area) => registry.areas.push(read_area(&area)?),
        Content::Coefficient(row) => registry.coefficients.push(read_coefficient(&row)?),
        Content::LongTerm(entry) => registry.long_term.push(LongTermEntry {
            valid_from: entry.valid_from.parse()?,
            valid_to: month(&entry.valid_to)?,
            category_scheme: entry.category_scheme,
            category_code: entry.category_code,
            area_code: Some(entry.area_code).filter(|area| !area.is_empty()),
        }),
        Content::WorkingHours(_)
        | Content::CalendarDay(_)
        | Content::FilingLimit(_)
        | Content::Category(_) => {
            anyhow::bail!("a row that is in no revision of the registry")
        }
    }
    Ok(())
}

fn read_body(body: &pb::Body) -> anyhow::Result<Body> {
    Ok(Body {
        body_id: body.body_id.parse()?,
        kind: enum_text(body.kind().as_str_name(), "BODY_KIND_").parse::<BodyKind>()?,
        name: body.display_name.clone(),
        parent: body_id(&body.parent_body)?,
        valid_from: body.valid_from.parse()?,
        valid_to: month(&body.valid_to)?,
        assessment_code: Some(body.assessment_code.clone()).filter(|code| !code.is_empty()),
    })
}

fn read_area(area: &pb::Area) -> anyhow::Result<Area> {
    Ok(Area {
        area_code: area.area_code.clone(),
        kind: enum_text(area.kind().as_str_name(), "AREA_KIND_").parse::<AreaKind>()?,
        name: area.display_name.clone(),
        district: body_id(&area.district)?,
        subdistrict: body_id(&area.subdistrict)?,
        window: body_id(&area.window)?,
        zone: enum_text(area.zone().as_str_name(), "ZONE_").parse::<Zone>()?,
        valid_from: area.valid_from.parse()?,
        valid_to: month(&area.valid_to)?,
    })
}

fn read_coefficient(row: &pb::Coefficient) -> anyhow::Result<Coefficient> {
    Ok(Coefficient {
        body_id: row.body_id.parse()?,
        zone: enum_text(row.zone().as_str_name(), "ZONE_").parse::<Zone>()?,
        road_sections: row.road_sections.try_into().context("road sections below 0")?,
        difficulty: row.difficulty.parse()?,
        valid_from: row.valid_from.parse()?,
        approved_by: row.approved_by.clone(),
        reason: row.reason.clone(),
        area_km2: (!row.area_km2.is_empty()).then(|| row.area_km2.parse()).transpose()?,
        population: row.population.map(u32::try_from).transpose().context("a population")?,
        grid_class: grid_class(row.grid_class)?,
    })
}

fn grid_class(class: i32) -> anyhow::Result<Option<GridClass>> {
    Ok(if class == 0 { None } else { Some(class.to_string().parse()?) })
}

fn zone(zone: Zone) -> i32 {
    let name = enum_name(zone.as_str(), "ZONE_");
    pb::Zone::from_str_name(&name).unwrap_or_default().into()
}

pub(super) fn optional(value: Option<&impl ToString>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

fn body_id(text: &str) -> anyhow::Result<Option<BodyId>> {
    Ok(if text.is_empty() { None } else { Some(text.parse()?) })
}

pub(super) fn month(text: &str) -> anyhow::Result<Option<Month>> {
    Ok(if text.is_empty() { None } else { Some(text.parse()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_survives_the_api() {
        let registry: Registry = serde_json::from_str(
            r#"{
            "bodies": [{"body_id":"d01","kind":"supervision_desk","name":"第1区",
                        "valid_from":"2016-01","valid_to":"2018-04","assessment_code":"4101"}],
            "areas": [{"area_code":"R1","kind":"road_section","name":"路段","district":"d01",
                       "zone":"key","valid_from":"2016-01"}],
            "coefficients": [{"body_id":"d01","zone":"general","road_sections":219,
                              "difficulty":"0.90","valid_from":"2018-01",
                              "approved_by":"办公室","reason":"定期","area_km2":"83.1",
                              "population":0,"grid_class":"2"}],
            "long_term": [{"category_scheme":"s","category_code":"01","valid_from":"2018-01",
                           "area_code":"R1"}]
        }"#,
        )
        .unwrap();
        let contents = [
            body(&registry.bodies[0]),
            area(&registry.areas[0]),
            coefficient(&registry.coefficients[0]).unwrap(),
            long_term(&registry.long_term[0]),
        ];
        let mut back = Registry::default();
        for content in contents {
            add(&mut back, pb::RegistryRow { content: Some(content), ..Default::default() })
                .unwrap();
        }
        assert_eq!(back, registry);
    }
}
