//! What the registry knows of a body, month by month (5.2.6).

use chengping_rules::SizeAttribute;
use chengping_types::registry::{Coefficient, GridClass};
use chengping_types::{Exact, Month, Zone};

use crate::attribution::Part;

/// The rows of a body, in registry order.
#[derive(Clone, Default)]
pub(crate) struct Attributes<'a>(pub(crate) Vec<&'a Coefficient>);

impl Attributes<'_> {
    /// The value of an attribute in a part of a body; none where the registry does not say. Of the
    /// whole body it is the sum over its zones in force, and none when one of them has none
    /// (decisions.md 140).
    pub(crate) fn of(&self, attribute: SizeAttribute, part: Part, month: Month) -> Option<Exact> {
        if attribute == SizeAttribute::GridClass {
            return Some(Exact::from(self.grid_class(part, month).code()));
        }
        let values = self.rows(part, month).map(|row| of_row(attribute, row));
        values.reduce(|one, other| Some(one? + other?)).flatten()
    }

    /// The class of a body's grids in a part: class 2 where every row in force says so, else 1
    /// (decisions.md 31, 141).
    pub(crate) fn grid_class(&self, part: Part, month: Month) -> GridClass {
        let classes = self.rows(part, month).map(|row| row.grid_class.unwrap_or_default());
        classes.min().unwrap_or_default()
    }

    /// The rows in force in a part of a body: in each zone the latest row up to the month, and of
    /// the same month the last (decisions.md 37).
    fn rows(&self, part: Part, month: Month) -> impl Iterator<Item = &Coefficient> {
        let zones: &[Zone] = match part {
            Part::Key => &[Zone::Key],
            Part::General => &[Zone::General],
            Part::All => Zone::ALL,
        };
        let of_zone = move |zone: &Zone| {
            let rows = self.0.iter().copied();
            rows.filter(|row| row.zone == *zone && row.valid_from <= month)
                .max_by_key(|row| row.valid_from)
        };
        zones.iter().filter_map(of_zone)
    }
}

fn of_row(attribute: SizeAttribute, row: &Coefficient) -> Option<Exact> {
    match attribute {
        SizeAttribute::RoadSections => Some(Exact::from(row.road_sections)),
        SizeAttribute::Difficulty => Some(row.difficulty.clone()),
        SizeAttribute::Area => row.area_km2.clone(),
        SizeAttribute::Population => row.population.map(Exact::from),
        SizeAttribute::GridClass => Some(Exact::from(row.grid_class.unwrap_or_default().code())),
    }
}
