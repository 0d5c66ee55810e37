//! What the deadlines of a jurisdiction are computed from.

use serde::{Deserialize, Serialize};

use crate::calendar::{CalendarDay, WorkingHours};
use crate::{Digest, FilingCondition, canonical};

/// The rows that deadlines are computed from, each kind in the order of its keys.
///
/// They are no part of the registry that evaluations read: a deadline once computed is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadlineRules {
    /// `working_hours.csv`, by first day.
    pub working_hours: Vec<WorkingHours>,
    /// `calendar.csv`, by day.
    pub calendar: Vec<CalendarDay>,
    /// `filing_conditions.csv`, by condition, category and first month.
    pub filing_conditions: Vec<FilingCondition>,
}

impl DeadlineRules {
    /// The digest of all rows.
    #[must_use]
    pub fn digest(&self) -> Digest {
        canonical::digest(self).expect("texts only")
    }

    /// Whether there is no row at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
