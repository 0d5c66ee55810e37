//! The content of a registry in its one fixed order.

use std::collections::BTreeMap;

use chengping_types::calendar::{CalendarDay, WorkingHours};
use chengping_types::registry::{Area, Body, Coefficient, LongTermEntry};
use chengping_types::{BodyId, Date, DeadlineRules, Digest, FilingCondition, Month, canonical};
use serde::{Deserialize, Serialize};

/// A body with what only this service knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RegisteredBody {
    /// As the interchange files have it.
    #[serde(flatten)]
    pub body: Body,
    /// Its code in the comprehensive-assessment system (7.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assessment_code: Option<String>,
}

impl RegisteredBody {
    /// Changes with every change of the body; quoted, as RFC 7232 wants it.
    pub(crate) fn etag(&self) -> String {
        let digest = canonical::digest(self).expect("a body holds text only");
        let hex: String = digest.to_string().chars().skip("sha256:".len()).take(16).collect();
        format!("\"{hex}\"")
    }
}

/// An area row: its code and first month.
pub(crate) type AreaKey = (String, Month);
/// A coefficient: its body, the name of its zone and its first month.
pub(crate) type CoefficientKey = (BodyId, &'static str, Month);
/// A long-term entry: its scheme, its code and its first month.
pub(crate) type LongTermKey = (String, String, Month);

/// A filing condition: its ID, its scheme, its code and its first month.
pub(crate) type ConditionKey = (String, String, String, Month);

/// The registry by key. The order of the keys is the order of the canonical content, so that the
/// way on which rows came does not show in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub bodies: BTreeMap<BodyId, RegisteredBody>,
    pub areas: BTreeMap<AreaKey, Area>,
    pub coefficients: BTreeMap<CoefficientKey, Coefficient>,
    pub long_term: BTreeMap<LongTermKey, LongTermEntry>,
    /// With the two below what deadlines are computed from, which is in no revision.
    pub working_hours: BTreeMap<Date, WorkingHours>,
    pub calendar: BTreeMap<Date, CalendarDay>,
    pub conditions: BTreeMap<ConditionKey, FilingCondition>,
}

impl Standing {
    /// What deadlines are computed from.
    pub(crate) fn deadline_rules(&self) -> DeadlineRules {
        DeadlineRules {
            working_hours: self.working_hours.values().cloned().collect(),
            calendar: self.calendar.values().cloned().collect(),
            filing_conditions: self.conditions.values().cloned().collect(),
        }
    }
}

pub(crate) fn area_key(area: &Area) -> AreaKey {
    (area.area_code.clone(), area.valid_from)
}

pub(crate) fn coefficient_key(row: &Coefficient) -> CoefficientKey {
    (row.body_id.clone(), row.zone.as_str(), row.valid_from)
}

pub(crate) fn long_term_key(entry: &LongTermEntry) -> LongTermKey {
    (entry.category_scheme.clone(), entry.category_code.clone(), entry.valid_from)
}

pub(crate) fn condition_key(row: &FilingCondition) -> ConditionKey {
    let (id, scheme) = (row.condition_id.clone(), row.category_scheme.clone());
    (id, scheme, row.category_code.clone(), row.valid_from)
}

/// The content of a revision, in the form of `chengping_types::registry::Registry`; without
/// assessment codes the two have the same canonical bytes.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Content {
    pub bodies: Vec<RegisteredBody>,
    pub areas: Vec<Area>,
    pub coefficients: Vec<Coefficient>,
    pub long_term: Vec<LongTermEntry>,
}

impl From<Standing> for Content {
    fn from(standing: Standing) -> Self {
        Self {
            bodies: standing.bodies.into_values().collect(),
            areas: standing.areas.into_values().collect(),
            coefficients: standing.coefficients.into_values().collect(),
            long_term: standing.long_term.into_values().collect(),
        }
    }
}

impl Content {
    /// The canonical JSON, which is what is hashed.
    pub(crate) fn canonical(&self) -> Vec<u8> {
        canonical::to_vec(self).expect("a registry holds text and small numbers only")
    }

    /// How many rows of each kind there are.
    pub(crate) fn sizes(&self) -> Sizes {
        let count = |length: usize| i64::try_from(length).expect("a length fits");
        Sizes {
            bodies: count(self.bodies.len()),
            areas: count(self.areas.len()),
            coefficients: count(self.coefficients.len()),
            long_term: count(self.long_term.len()),
        }
    }
}

/// How many rows a registry has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub bodies: i64,
    pub areas: i64,
    pub coefficients: i64,
    pub long_term: i64,
}

/// A revision without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegistryRevision {
    pub revision: u64,
    pub digest: Digest,
    pub sizes: Sizes,
    pub create_time: chengping_types::Instant,
}
