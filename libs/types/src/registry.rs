//! The registry: bodies, areas, coefficients and the long-term list, as the interchange files
//! have them, in file order.

mod rows;

use serde::{Deserialize, Serialize};

use crate::{BodyId, BodyKind, Exact, Month, Zone, named_enum};

/// An evaluated body in one of its periods (`bodies.csv`).
///
/// The same body may come several times with different months, each time with the name and the
/// parent that it has then (regulation 3.4); its kind stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Stable identifier.
    pub body_id: BodyId,
    /// What kind of body it is.
    pub kind: BodyKind,
    /// The name as a bulletin prints it.
    pub name: String,
    /// The district of a sub-district.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<BodyId>,
    /// First month of evaluation.
    pub valid_from: Month,
    /// Last month of evaluation, inclusive; none while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Month>,
    /// Its code in the comprehensive-assessment system (7.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assessment_code: Option<String>,
}

named_enum! {
    /// What kind of place an area is.
    pub enum AreaKind: "area kind" {
        /// 路段.
        RoadSection = 1 => "road_section",
        /// 责任网格.
        Grid = 2 => "grid",
    }
}

/// Where a case can lie, and who manages it there (`areas.csv`; regulation 1.3, 5.2.5).
///
/// The same area may come several times with different months.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// The code that cases use.
    pub area_code: String,
    /// Road section or grid.
    pub kind: AreaKind,
    /// The name for reading.
    pub name: String,
    /// The district that manages it; a window area has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub district: Option<BodyId>,
    /// The sub-district that manages it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subdistrict: Option<BodyId>,
    /// The window unit that manages it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<BodyId>,
    /// Key or general management zone.
    pub zone: Zone,
    /// First month.
    pub valid_from: Month,
    /// Last month, inclusive; none while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Month>,
}

/// What is registered of a body in one zone (`coefficients.csv`; regulation 5.2.6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coefficient {
    /// The body.
    pub body_id: BodyId,
    /// The zone.
    pub zone: Zone,
    /// Number of road sections.
    pub road_sections: u32,
    /// Management difficulty coefficient.
    pub difficulty: Exact,
    /// First month; in force until a later row begins.
    pub valid_from: Month,
    /// Who approved it.
    pub approved_by: String,
    /// Why.
    pub reason: String,
    /// Square kilometres of the zone; none where they are not registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_km2: Option<Exact>,
    /// People of the zone; none where they are not registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<u32>,
    /// Class of the zone's grids; none where the registry does not say, which is
    /// [class 1](GridClass::default).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid_class: Option<GridClass>,
}

named_enum! {
    /// The class of a unit grid, on which the standard's band of filed cases depends
    /// (decisions.md 31).
    #[derive(Default)]
    pub enum GridClass: "grid class" {
        /// The strict one, where the registry says nothing else.
        #[default]
        One = 1 => "1",
        /// The other one.
        Two = 2 => "2",
    }
}

/// A category on the long-term-governance list (`long_term.csv`; regulation 4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongTermEntry {
    /// Scheme with version, such as `gbt-30428.2-2013-event`.
    pub category_scheme: String,
    /// Code prefix.
    pub category_code: String,
    /// First month.
    pub valid_from: Month,
    /// Last month, inclusive; none while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Month>,
    /// The area to which it is limited; none where it holds everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_code: Option<String>,
}

/// One revision of everything registered in a jurisdiction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// The bodies.
    pub bodies: Vec<Body>,
    /// The areas.
    pub areas: Vec<Area>,
    /// The sizes.
    pub coefficients: Vec<Coefficient>,
    /// The long-term list; empty where the rule pack's own list holds.
    #[serde(default)]
    pub long_term: Vec<LongTermEntry>,
}

impl Body {
    /// Whether the body is evaluated in `month` (decisions.md 35).
    #[must_use]
    pub fn is_valid_in(&self, month: Month) -> bool {
        month.is_within(self.valid_from, self.valid_to)
    }
}

impl Area {
    /// Whether the row holds in `month`.
    #[must_use]
    pub fn is_valid_in(&self, month: Month) -> bool {
        month.is_within(self.valid_from, self.valid_to)
    }
}

impl LongTermEntry {
    /// Whether a case of this category in this area, filed in `month`, is on the list by this
    /// entry.
    #[must_use]
    pub fn matches(&self, scheme: &str, code: &str, area_code: &str, month: Month) -> bool {
        self.category_scheme == scheme
            && code.starts_with(&self.category_code)
            && self.area_code.as_ref().is_none_or(|place| place == area_code)
            && month.is_within(self.valid_from, self.valid_to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRY: &str = r#"{
        "bodies": [{"body_id":"d01","kind":"district","name":"第1区","valid_from":"2016-01"}],
        "areas": [{"area_code":"R1","kind":"road_section","name":"路段","district":"d01",
                   "zone":"key","valid_from":"2016-01","valid_to":"2018-04"}],
        "coefficients": [{"body_id":"d01","zone":"key","road_sections":219,"difficulty":"0.90",
                          "valid_from":"2018-01","approved_by":"办公室","reason":"定期"}],
        "long_term": [{"category_scheme":"s","category_code":"01","valid_from":"2018-01"}]
    }"#;

    #[test]
    fn a_registry_survives_serialisation() {
        let registry: Registry = serde_json::from_str(REGISTRY).unwrap();
        assert_eq!(registry.coefficients[0].difficulty, Exact::ratio(9, 10).unwrap());
        let text = serde_json::to_string(&registry).unwrap();
        assert_eq!(serde_json::from_str::<Registry>(&text).unwrap(), registry);
        assert!(crate::canonical::digest(&registry).is_ok());
    }

    #[test]
    fn what_a_row_does_not_say_leaves_no_trace() {
        let registry: Registry = serde_json::from_str(REGISTRY).unwrap();
        let mut row = registry.coefficients[0].clone();
        assert_eq!((&row.area_km2, row.population, row.grid_class), (&None, None, None));
        assert!(!serde_json::to_string(&row).unwrap().contains("population"));
        row.area_km2 = Exact::ratio(831, 10);
        row.population = Some(1_013_600);
        row.grid_class = Some(GridClass::Two);
        let text = serde_json::to_string(&row).unwrap();
        assert!(text.contains(r#""area_km2":"831/10","population":1013600,"grid_class":"2""#));
        assert_eq!(serde_json::from_str::<Coefficient>(&text).unwrap(), row);
    }

    #[test]
    fn validity_is_inclusive_at_both_ends() {
        let registry: Registry = serde_json::from_str(REGISTRY).unwrap();
        let area = &registry.areas[0];
        let valid = |month: &str| area.is_valid_in(month.parse().unwrap());
        assert!(valid("2016-01") && valid("2018-04"));
        assert!(!valid("2015-12") && !valid("2018-05"));
    }

    #[test]
    fn a_long_term_entry_is_a_prefix_in_its_scheme() {
        let registry: Registry = serde_json::from_str(REGISTRY).unwrap();
        let entry = &registry.long_term[0];
        let month = "2018-03".parse().unwrap();
        assert!(entry.matches("s", "0136", "R1", month));
        assert!(!entry.matches("t", "0136", "R1", month));
        assert!(!entry.matches("s", "0236", "R1", month));
        let placed = LongTermEntry { area_code: Some("R2".to_owned()), ..entry.clone() };
        assert!(placed.matches("s", "0136", "R2", month));
        assert!(!placed.matches("s", "0136", "R1", month));
    }
}
