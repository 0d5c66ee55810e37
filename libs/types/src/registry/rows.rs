//! The rows of a registry, column by column.

use super::{Area, Body, Coefficient, LongTermEntry};
use crate::row::{Row, decimal, maybe};

impl Row for Body {
    const TABLE: &'static str = "bodies";
    const COLUMNS: &'static [&'static str] =
        &["body_id", "kind", "name", "parent", "valid_from", "valid_to", "assessment_code"];
    const KEY: &'static [&'static str] = &["body_id", "valid_from"];

    fn texts(&self) -> Vec<String> {
        vec![
            self.body_id.to_string(),
            self.kind.to_string(),
            self.name.clone(),
            maybe(self.parent.as_ref()),
            self.valid_from.to_string(),
            maybe(self.valid_to.as_ref()),
            maybe(self.assessment_code.as_ref()),
        ]
    }
}

impl Row for Area {
    const TABLE: &'static str = "areas";
    const COLUMNS: &'static [&'static str] = &[
        "area_code",
        "kind",
        "name",
        "district",
        "subdistrict",
        "window",
        "zone",
        "valid_from",
        "valid_to",
    ];
    const KEY: &'static [&'static str] = &["area_code", "valid_from"];

    fn texts(&self) -> Vec<String> {
        vec![
            self.area_code.clone(),
            self.kind.to_string(),
            self.name.clone(),
            maybe(self.district.as_ref()),
            maybe(self.subdistrict.as_ref()),
            maybe(self.window.as_ref()),
            self.zone.to_string(),
            self.valid_from.to_string(),
            maybe(self.valid_to.as_ref()),
        ]
    }
}

impl Row for Coefficient {
    const TABLE: &'static str = "coefficients";
    const COLUMNS: &'static [&'static str] = &[
        "body_id",
        "zone",
        "road_sections",
        "difficulty",
        "valid_from",
        "approved_by",
        "reason",
        "area_km2",
        "population",
        "grid_class",
    ];
    const KEY: &'static [&'static str] = &["body_id", "zone", "valid_from"];

    fn texts(&self) -> Vec<String> {
        vec![
            self.body_id.to_string(),
            self.zone.to_string(),
            self.road_sections.to_string(),
            decimal(&self.difficulty),
            self.valid_from.to_string(),
            self.approved_by.clone(),
            self.reason.clone(),
            self.area_km2.as_ref().map(decimal).unwrap_or_default(),
            maybe(self.population.as_ref()),
            maybe(self.grid_class.as_ref()),
        ]
    }
}

impl Row for LongTermEntry {
    const TABLE: &'static str = "long_term";
    const COLUMNS: &'static [&'static str] =
        &["category_scheme", "category_code", "valid_from", "valid_to", "area_code"];
    const KEY: &'static [&'static str] =
        &["category_scheme", "category_code", "area_code", "valid_from"];

    fn texts(&self) -> Vec<String> {
        vec![
            self.category_scheme.clone(),
            self.category_code.clone(),
            self.valid_from.to_string(),
            maybe(self.valid_to.as_ref()),
            maybe(self.area_code.as_ref()),
        ]
    }
}
