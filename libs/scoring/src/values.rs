//! The values of the names in a formula, in one part of a body.

use chengping_rules::{Quantity, SizeAttribute};
use chengping_types::{Exact, Month};

use crate::attribution::Part;
use crate::comparison::{Comparison, Place};
use crate::counts::Counts;
use crate::tally::{Cell, Tallies};

/// What items have deducted so far, before redistribution. Only those that a formula names.
#[derive(Default)]
pub(crate) struct Deducted<'a>(Vec<(&'a str, Part, Option<Exact>)>);

impl<'a> Deducted<'a> {
    /// Notes what an item deducts in a part; nothing when it does not apply there.
    pub(crate) fn note(&mut self, item: &'a str, part: Part, points: Option<&Exact>) {
        self.0.push((item, part, points.cloned()));
    }

    fn of(&self, item: &str, part: Part) -> Option<Exact> {
        let noted = self.0.iter().find(|(id, of, _)| *id == item && *of == part);
        noted.and_then(|(_, _, points)| points.clone())
    }
}

/// Whose counts a formula is over (decisions.md 28).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Those of the body.
    Own,
    /// Those of all teams of posts together.
    OfAllTeams,
}

/// Where a formula is evaluated.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) comparison: &'a Comparison<'a>,
    pub(crate) place: Place<'a>,
    pub(crate) month: Month,
    pub(crate) whose: Whose,
    /// The counts of the stream in the month, in the place or of all teams.
    pub(crate) counts: &'a Counts,
    /// All counts of the month; absent when nothing was counted in it.
    pub(crate) tallies: Option<&'a Tallies>,
    pub(crate) deducted: &'a Deducted<'a>,
}

impl Values<'_> {
    /// The value of a name; none when the registry does not say or an item does not apply.
    pub(crate) fn of(&self, name: &Quantity) -> Option<Exact> {
        match name {
            Quantity::Count(base) => Some(self.counts.exact(*base)),
            Quantity::CountOf(counted, base) => {
                let Place { body, part, .. } = self.place;
                let cell = Cell { body: &body.body_id, counts: *counted, part };
                let counts = self.tallies.map(|tallies| match self.whose {
                    Whose::Own => tallies.sum(cell),
                    Whose::OfAllTeams => tallies.sum_of_pool(*counted),
                });
                Some(counts.unwrap_or_default().exact(*base))
            }
            Quantity::Size(attribute) => self.size(*attribute),
            Quantity::Item(item) => self.deducted.of(item, self.place.part),
        }
    }

    fn size(&self, attribute: SizeAttribute) -> Option<Exact> {
        self.comparison.attribute(attribute, self.place, self.month)
    }
}
