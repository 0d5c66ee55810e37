//! The registry as messages.

use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::registry_row::Content as PbContent;
use chengping_types::JurisdictionId;
use chengping_types::name::{AreaName, BodyName};
use chengping_types::registry::{Area, Body, Coefficient, LongTermEntry};
use chengping_types::row::decimal;

use super::change::difference;
use super::{int64, timestamp};
use crate::app::Revised;
use crate::domain::import::{Outcome, Reject};
use crate::domain::registry::{Content, RegisteredBody, RegistryRevision};

/// Rejects that one answer lists.
const REJECTS_MAX: usize = 5_000;

/// The number in the name of a registry revision; `None` for the alias `current`.
pub(in crate::grpc) struct RegistryRevisionName {
    pub jurisdiction: JurisdictionId,
    pub revision: Option<u64>,
}

impl std::str::FromStr for RegistryRevisionName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (jurisdiction, revision) =
                text.strip_prefix("jurisdictions/")?.split_once("/registryRevisions/")?;
            let jurisdiction = jurisdiction.parse().ok()?;
            if revision == "current" {
                return Some(Self { jurisdiction, revision: None });
            }
            let number: u64 = revision.parse().ok()?;
            // One spelling: no sign, no leading zero.
            (number.to_string() == revision)
                .then_some(Self { jurisdiction, revision: Some(number) })
        };
        read().ok_or_else(|| {
            "must be of the format jurisdictions/{jurisdiction}/registryRevisions/{revision}, \
             where the revision is a number or `current`"
                .to_owned()
        })
    }
}

pub(in crate::grpc) fn registry_revision(
    jurisdiction: &JurisdictionId,
    revision: &RegistryRevision,
) -> pb::RegistryRevision {
    let number = revision.revision;
    pb::RegistryRevision {
        name: format!("jurisdictions/{jurisdiction}/registryRevisions/{number}"),
        revision: int64(number),
        digest: revision.digest.to_string(),
        create_time: Some(timestamp(revision.create_time)),
        body_count: revision.sizes.bodies,
        area_count: revision.sizes.areas,
        coefficient_count: revision.sizes.coefficients,
        long_term_count: revision.sizes.long_term,
    }
}

pub(in crate::grpc) fn imported(
    jurisdiction: &JurisdictionId,
    (outcome, revised): (Outcome, Revised),
) -> pb::ImportRegistryResponse {
    let Outcome { counts, rejects } = outcome;
    let Revised { revision, differences, warnings, deadline_rules } = revised;
    let count = |length: usize| i64::try_from(length).expect("a length fits");
    pb::ImportRegistryResponse {
        registry_revision: revision.map(|revision| registry_revision(jurisdiction, &revision)),
        added_count: counts.added,
        changed_count: counts.changed,
        repeated_count: counts.repeated,
        reject_count: count(rejects.len()),
        rejects: rejects.into_iter().take(REJECTS_MAX).map(reject).collect(),
        deadline_rules_digest: deadline_rules.to_string(),
        difference_count: count(differences.count),
        removed_count: count(differences.removed),
        differences: differences.rows.into_iter().map(difference).collect(),
        warnings,
    }
}

fn reject(reject: Reject) -> pb::RegistryReject {
    let Reject { place, fault } = reject;
    pb::RegistryReject {
        file: place.file,
        row: place.row,
        column: fault.column.to_owned(),
        code: fault.code,
        message: fault.message,
    }
}

pub(in crate::grpc) fn body(jurisdiction: &JurisdictionId, row: RegisteredBody) -> pb::Body {
    let etag = row.etag();
    let RegisteredBody { current, former } = row;
    let former_periods = former.into_iter().map(|body| pb::BodyPeriod {
        display_name: body.name,
        parent_body: optional(body.parent.as_ref()),
        valid_from: body.valid_from.to_string(),
        valid_to: optional(body.valid_to.as_ref()),
        assessment_code: body.assessment_code.unwrap_or_default(),
    });
    let former_periods = former_periods.collect();
    pb::Body { etag, former_periods, ..period(jurisdiction, current) }
}

/// A body in one of its periods, as a row of an export.
fn period(jurisdiction: &JurisdictionId, body: Body) -> pb::Body {
    let name = BodyName { jurisdiction: jurisdiction.clone(), body: body.body_id.clone() };
    pb::Body {
        name: name.to_string(),
        body_id: body.body_id.to_string(),
        kind: body.kind.code().into(),
        display_name: body.name,
        parent_body: optional(body.parent.as_ref()),
        valid_from: body.valid_from.to_string(),
        valid_to: optional(body.valid_to.as_ref()),
        assessment_code: body.assessment_code.unwrap_or_default(),
        ..pb::Body::default()
    }
}

pub(in crate::grpc) fn area(jurisdiction: &JurisdictionId, area: Area) -> pb::Area {
    let name = AreaName { jurisdiction: jurisdiction.clone(), area: area.area_code.clone() };
    pb::Area {
        name: name.to_string(),
        area_code: area.area_code,
        kind: area.kind.code().into(),
        display_name: area.name,
        district: optional(area.district.as_ref()),
        subdistrict: optional(area.subdistrict.as_ref()),
        window: optional(area.window.as_ref()),
        zone: area.zone.code().into(),
        valid_from: area.valid_from.to_string(),
        valid_to: optional(area.valid_to.as_ref()),
    }
}

pub(in crate::grpc) fn coefficient(row: Coefficient) -> pb::Coefficient {
    pb::Coefficient {
        body_id: row.body_id.to_string(),
        zone: row.zone.code().into(),
        road_sections: i32::try_from(row.road_sections).unwrap_or(i32::MAX),
        difficulty: decimal(&row.difficulty),
        valid_from: row.valid_from.to_string(),
        approved_by: row.approved_by,
        reason: row.reason,
        area_km2: row.area_km2.as_ref().map(decimal).unwrap_or_default(),
        population: row.population.map(i64::from),
        grid_class: row.grid_class.map(|class| class.code().into()).unwrap_or_default(),
    }
}

pub(in crate::grpc) fn long_term(entry: LongTermEntry) -> pb::LongTermEntry {
    pb::LongTermEntry {
        category_scheme: entry.category_scheme,
        category_code: entry.category_code,
        valid_from: entry.valid_from.to_string(),
        valid_to: optional(entry.valid_to.as_ref()),
        area_code: entry.area_code.unwrap_or_default(),
    }
}

/// All rows of a registry, bodies first.
pub(in crate::grpc) fn rows(
    jurisdiction: JurisdictionId,
    content: Content,
) -> impl Iterator<Item = pb::RegistryRow> {
    let Content { bodies, areas, coefficients, long_term: entries } = content;
    let owner = jurisdiction.clone();
    let bodies = bodies.into_iter().map(move |row| PbContent::Body(period(&owner, row)));
    let areas = areas.into_iter().map(move |row| PbContent::Area(area(&jurisdiction, row)));
    let coefficients = coefficients.into_iter().map(|row| PbContent::Coefficient(coefficient(row)));
    let entries = entries.into_iter().map(|row| PbContent::LongTerm(long_term(row)));
    bodies.chain(areas).chain(coefficients).chain(entries).map(|content| pb::RegistryRow {
        file: String::new(),
        row: 0,
        content: Some(content),
    })
}

pub(super) fn optional(value: Option<&impl ToString>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_revision_is_a_number_or_current() {
        let read = |text: &str| text.parse::<RegistryRevisionName>().map(|name| name.revision);
        assert_eq!(read("jurisdictions/zz/registryRevisions/7"), Ok(Some(7)));
        assert_eq!(read("jurisdictions/zz/registryRevisions/current"), Ok(None));
        for bad in ["07", "+7", "-1", "latest", "", "7/x"] {
            assert!(read(&format!("jurisdictions/zz/registryRevisions/{bad}")).is_err(), "{bad}");
        }
    }
}
