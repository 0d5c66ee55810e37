//! The content of a registry in its one fixed order.

mod keyed;

use std::collections::{BTreeMap, BTreeSet};

use chengping_types::calendar::{CalendarDay, WorkingHours};
use chengping_types::registry::{Area, Body, Coefficient, LongTermEntry};
use chengping_types::{
    BodyId, Category, Date, DeadlineRules, Digest, FilingCondition, Month, canonical,
};
use serde::{Deserialize, Serialize};

pub(crate) use self::keyed::Keyed;

/// A body with all its periods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RegisteredBody {
    /// Its newest period.
    pub current: Body,
    /// Those before, oldest first.
    pub former: Vec<Body>,
}

impl RegisteredBody {
    /// The body of these periods, oldest first; none without a period.
    pub(crate) fn new(mut periods: Vec<Body>) -> Option<Self> {
        let current = periods.pop()?;
        Some(Self { current, former: periods })
    }

    /// Changes with every change of the body; quoted, as RFC 7232 wants it.
    pub(crate) fn etag(&self) -> String {
        let digest = match &self.former[..] {
            [] => canonical::digest(&self.current),
            _ => canonical::digest(self),
        };
        let digest = digest.expect("a body holds text only").to_string();
        let hex: String = digest.chars().skip("sha256:".len()).take(16).collect();
        format!("\"{hex}\"")
    }
}

/// A period of a body: its ID and first month.
pub(crate) type BodyKey = (BodyId, Month);
/// An area row: its code and first month.
pub(crate) type AreaKey = (String, Month);
/// A coefficient: its body, the name of its zone and its first month.
pub(crate) type CoefficientKey = (BodyId, &'static str, Month);
/// A long-term entry: its scheme, its code, its area or nothing, and its first month.
pub(crate) type LongTermKey = (String, String, String, Month);
/// A filing condition: its ID, its scheme, its code and its first month.
pub(crate) type ConditionKey = (String, String, String, Month);
/// A category: its scheme, its code and its first month.
pub(crate) type CategoryKey = (String, String, Month);

/// The registry by key. The order of the keys is the order of the canonical content, so that the
/// way on which rows came does not show in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub bodies: BTreeMap<BodyKey, Body>,
    pub areas: BTreeMap<AreaKey, Area>,
    pub coefficients: BTreeMap<CoefficientKey, Coefficient>,
    pub long_term: BTreeMap<LongTermKey, LongTermEntry>,
    /// With the two below what deadlines are computed from, which is in no revision.
    pub working_hours: BTreeMap<Date, WorkingHours>,
    pub calendar: BTreeMap<Date, CalendarDay>,
    pub conditions: BTreeMap<ConditionKey, FilingCondition>,
    /// What codes mean; in no revision, either.
    pub categories: BTreeMap<CategoryKey, Category>,
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

    /// The digest of all categories.
    pub(crate) fn categories_digest(&self) -> Digest {
        let categories: Vec<_> = self.categories.values().collect();
        canonical::digest(&categories).expect("texts and flags only")
    }

    /// The periods of a body, oldest first.
    pub(crate) fn periods(&self, body_id: &BodyId) -> impl Iterator<Item = &Body> {
        let range = (body_id.clone(), Month::MIN)..=(body_id.clone(), Month::MAX);
        self.bodies.range(range).map(|(_, body)| body)
    }

    /// A body with all its periods.
    pub(crate) fn body(&self, body_id: &BodyId) -> Option<RegisteredBody> {
        RegisteredBody::new(self.periods(body_id).cloned().collect())
    }

    /// The bodies that have a period.
    pub(crate) fn body_ids(&self) -> BTreeSet<BodyId> {
        self.bodies.keys().map(|(body_id, _)| body_id.clone()).collect()
    }

    /// Puts a row in the place of the one with its key.
    pub(crate) fn put<T: Keyed>(&mut self, row: T) {
        T::table_mut(self).insert(row.at(), row);
    }
}

/// The content of a revision, in the form of `chengping_types::registry::Registry`, with the same
/// canonical bytes.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Content {
    pub bodies: Vec<Body>,
    pub areas: Vec<Area>,
    pub coefficients: Vec<Coefficient>,
    pub long_term: Vec<LongTermEntry>,
}

impl From<&Standing> for Content {
    fn from(standing: &Standing) -> Self {
        Self {
            bodies: standing.bodies.values().cloned().collect(),
            areas: standing.areas.values().cloned().collect(),
            coefficients: standing.coefficients.values().cloned().collect(),
            long_term: standing.long_term.values().cloned().collect(),
        }
    }
}

impl From<Content> for Standing {
    fn from(content: Content) -> Self {
        let Content { bodies, areas, coefficients, long_term } = content;
        Self {
            bodies: bodies.into_iter().map(|row| (row.at(), row)).collect(),
            areas: areas.into_iter().map(|row| (row.at(), row)).collect(),
            coefficients: coefficients.into_iter().map(|row| (row.at(), row)).collect(),
            long_term: long_term.into_iter().map(|row| (row.at(), row)).collect(),
            ..Self::default()
        }
    }
}

impl Content {
    /// The canonical JSON, which is what is hashed.
    pub(crate) fn canonical(&self) -> Vec<u8> {
        canonical::to_vec(self).expect("a registry holds text and small numbers only")
    }

    /// How many there are of each kind: bodies, not their periods, and rows of the others.
    pub(crate) fn sizes(&self) -> Sizes {
        let count = |length: usize| i64::try_from(length).expect("a length fits");
        let bodies: BTreeSet<_> = self.bodies.iter().map(|body| &body.body_id).collect();
        Sizes {
            bodies: count(bodies.len()),
            areas: count(self.areas.len()),
            coefficients: count(self.coefficients.len()),
            long_term: count(self.long_term.len()),
        }
    }
}

/// How many bodies and other rows a registry has.
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
