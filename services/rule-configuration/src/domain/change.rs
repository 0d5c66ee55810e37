//! Changes of a registry by name: of one body, of several into one, of rows that go.
//!
//! Each gives what is wrong by the fields of its request, and leaves a registry that it refuses
//! half changed: whoever calls works on a copy.

mod merge;
mod remove;
mod update;

use chengping_chassis::error::FieldErrors;

pub(crate) use self::merge::Merge;
pub(crate) use self::remove::{RowKey, refuse_dangling, remove};
pub(crate) use self::update::BodyUpdate;
use super::references::Reference;
use super::registry::Standing;

/// References that one field error names.
const NAMED_MAX: usize = 50;

/// Notes at `field` the rows that the change leaves with a body that is not evaluated, if it is one
/// of those that `concerns` says.
fn refuse_left_behind(
    errors: &mut FieldErrors,
    field: &str,
    (before, after): (&Standing, &Standing),
    concerns: impl Fn(&Reference) -> bool,
) {
    let was = before.uncovered();
    let left: Vec<_> = after
        .uncovered()
        .into_iter()
        .filter(|found| !was.contains(found) && concerns(found))
        .collect();
    for reference in left.iter().take(NAMED_MAX) {
        errors.push(field, format!("{reference}; give the row another body or last month first"));
    }
    if left.len() > NAMED_MAX {
        errors.push(field, format!("and {} more rows", left.len() - NAMED_MAX));
    }
}

#[cfg(test)]
mod tests;
