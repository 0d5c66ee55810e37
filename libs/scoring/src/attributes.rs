//! What the registry knows of the bodies of an input, month by month (5.2.6).

use std::collections::BTreeMap;

use chengping_rules::SizeAttribute;
use chengping_types::registry::{Coefficient, GridClass};
use chengping_types::{BodyId, Exact, Month, Zone};

use crate::attribution::Part;

/// The rows of each body, in registry order.
pub(crate) struct Attributes<'a>(BTreeMap<&'a BodyId, Vec<&'a Coefficient>>);

impl<'a> Attributes<'a> {
    pub(crate) fn new(rows: &'a [Coefficient]) -> Self {
        let mut by_body: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for row in rows {
            by_body.entry(&row.body_id).or_default().push(row);
        }
        Self(by_body)
    }

    /// The value of an attribute in a part of a body; none where the registry does not say. Of the
    /// whole body it is the sum over its zones in force, and none when one of them has none
    /// (decisions.md 140).
    pub(crate) fn of(
        &self,
        attribute: SizeAttribute,
        body: &BodyId,
        part: Part,
        month: Month,
    ) -> Option<Exact> {
        if attribute == SizeAttribute::GridClass {
            return Some(Exact::from(self.grid_class(body, part, month).code()));
        }
        let values = self.rows(body, part, month).into_iter().map(|row| of_row(attribute, row));
        values.collect::<Option<Vec<_>>>()?.into_iter().reduce(|one, other| one + other)
    }

    /// The class of a body's grids in a part: class 2 where every row in force says so, else 1
    /// (decisions.md 31, 141).
    pub(crate) fn grid_class(&self, body: &BodyId, part: Part, month: Month) -> GridClass {
        let rows = self.rows(body, part, month);
        let classes = rows.iter().map(|row| row.grid_class.unwrap_or_default());
        classes.min().unwrap_or_default()
    }

    /// The rows in force in a part of a body: in each zone the latest row up to the month, and of
    /// the same month the last (decisions.md 37).
    fn rows(&self, body: &BodyId, part: Part, month: Month) -> Vec<&'a Coefficient> {
        let zones: &[Zone] = match part {
            Part::Key => &[Zone::Key],
            Part::General => &[Zone::General],
            Part::All => Zone::ALL,
        };
        let of_body = self.0.get(body).map_or(&[][..], Vec::as_slice);
        let of_zone = |zone: &Zone| {
            let rows = of_body.iter().copied();
            rows.filter(|row| row.zone == *zone && row.valid_from <= month)
                .max_by_key(|row| row.valid_from)
        };
        zones.iter().filter_map(of_zone).collect()
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
