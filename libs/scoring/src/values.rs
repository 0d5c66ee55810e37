//! The values of the names in a formula, in one part of a body, and what items deducted.

use chengping_rules::Quantity;
use chengping_types::{Exact, Month};

use crate::attribution::Part;
use crate::cells::Cells;
use crate::comparison::{Comparison, Place};

/// What items have deducted so far, before redistribution. Only those that a formula names.
#[derive(Default)]
pub(crate) struct Deducted<'a>(Vec<(&'a str, Part, Option<Exact>)>);

impl<'a> Deducted<'a> {
    /// Notes what an item deducts in a part; nothing when it does not apply there.
    pub(crate) fn note(&mut self, item: &'a str, part: Part, points: Option<&Exact>) {
        self.0.push((item, part, points.cloned()));
    }

    /// What was noted; none when the item does not apply.
    pub(crate) fn of(&self, item: &str, part: Part) -> Option<Exact> {
        let noted = self.0.iter().find(|(id, of, _)| *id == item && *of == part);
        noted.and_then(|(_, _, points)| points.clone())
    }
}

/// Where a formula is evaluated.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) comparison: &'a Comparison<'a>,
    pub(crate) place: Place<'a>,
    pub(crate) month: Month,
    /// The cells of the body in the month, or those of all teams of posts (decisions.md 28).
    pub(crate) cells: &'a Cells<'a>,
    /// The part of them.
    pub(crate) part: Part,
}

impl Values<'_> {
    /// The value of a name; none when the registry does not say. What items deduct is computed from
    /// values, and is none of them.
    pub(crate) fn of(&self, name: &Quantity) -> Option<Exact> {
        let count = |counts, base| Some(self.cells.select(counts, self.part).exact(base));
        match name {
            Quantity::Count(base) => count(self.place.counts, *base),
            Quantity::CountOf(counts, base) => count(*counts, *base),
            Quantity::Size(attribute) => {
                self.comparison.attribute(*attribute, self.place, self.month)
            }
            Quantity::Item(_) => None,
        }
    }
}
