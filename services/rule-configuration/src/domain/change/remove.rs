//! Taking out rows that should never have been there.

use chengping_chassis::error::FieldErrors;
use chengping_types::Date;
use serde::Serialize;

use super::NAMED_MAX;
use crate::domain::registry::{
    AreaKey, BodyKey, CategoryKey, CoefficientKey, ConditionKey, LongTermKey, Standing,
};

/// Which row of which table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) enum RowKey {
    Body(BodyKey),
    Area(AreaKey),
    Coefficient(CoefficientKey),
    LongTerm(LongTermKey),
    WorkingHours(Date),
    CalendarDay(Date),
    FilingCondition(ConditionKey),
    Category(CategoryKey),
}

impl RowKey {
    /// Takes the row out; whether there was one.
    fn take_out(&self, standing: &mut Standing) -> bool {
        match self {
            Self::Body(key) => standing.bodies.remove(key).is_some(),
            Self::Area(key) => standing.areas.remove(key).is_some(),
            Self::Coefficient(key) => standing.coefficients.remove(key).is_some(),
            Self::LongTerm(key) => standing.long_term.remove(key).is_some(),
            Self::WorkingHours(key) => standing.working_hours.remove(key).is_some(),
            Self::CalendarDay(key) => standing.calendar.remove(key).is_some(),
            Self::FilingCondition(key) => standing.conditions.remove(key).is_some(),
            Self::Category(key) => standing.categories.remove(key).is_some(),
        }
    }
}

/// Takes rows out, all or none.
pub(crate) fn remove(standing: &mut Standing, keys: &[RowKey]) -> Result<(), FieldErrors> {
    let mut errors = FieldErrors::default();
    for (index, key) in keys.iter().enumerate() {
        if !key.take_out(standing) {
            errors.push(format!("rows[{index}]"), "is not registered, or named twice here");
        }
    }
    errors.into_result()?;
    refuse_dangling(standing, "rows")
}

/// Refuses a registry in which a row names a body that is not there at all.
pub(crate) fn refuse_dangling(standing: &Standing, field: &str) -> Result<(), FieldErrors> {
    let known = standing.body_ids();
    let uncovered = standing.uncovered();
    let dangling: Vec<_> = uncovered.iter().filter(|found| !known.contains(&found.body)).collect();
    let mut errors = FieldErrors::default();
    for reference in dangling.iter().take(NAMED_MAX) {
        errors.push(field, format!("{reference}, which would be gone; take the row out as well"));
    }
    if dangling.len() > NAMED_MAX {
        errors.push(field, format!("and {} more rows", dangling.len() - NAMED_MAX));
    }
    errors.into_result()
}
