//! What names a body in months in which it is not evaluated.
//!
//! Such a row is allowed (a case of a body that has left counts for nobody there, decisions.md 35),
//! but nothing that ends or takes out a body may leave one behind unnoticed (172, 173).

use std::collections::BTreeSet;
use std::fmt;

use chengping_types::{BodyId, Month};

use super::registry::Standing;

/// A row that names a body.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reference {
    pub body: BodyId,
    pub from: Row,
    /// The first month of the row.
    pub valid_from: Month,
}

/// Which row it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Row {
    /// A body of which it is the parent.
    Child(BodyId),
    /// An area that it manages.
    Area(String),
    /// Its own coefficients, in a zone.
    Coefficient(&'static str),
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { body, from, valid_from } = self;
        match from {
            Row::Child(child) => {
                write!(f, "body {child} (from {valid_from}) has the parent {body}")
            }
            Row::Area(code) => write!(f, "area {code} (from {valid_from}) is managed by {body}"),
            Row::Coefficient(zone) => {
                write!(f, "a {zone} coefficient of {body} begins in {valid_from}")
            }
        }
    }
}

impl Standing {
    /// The rows that name a body in a month in which it is not evaluated; of coefficients, which
    /// hold until later ones begin, that is their first month.
    pub(crate) fn uncovered(&self) -> BTreeSet<Reference> {
        let mut found = BTreeSet::new();
        let mut check = |body: &BodyId, months: (Month, Option<Month>), from: &dyn Fn() -> Row| {
            if !self.covers(body, months) {
                let (body, valid_from) = (body.clone(), months.0);
                found.insert(Reference { body, from: from(), valid_from });
            }
        };
        for body in self.bodies.values() {
            if let Some(parent) = &body.parent {
                let months = (body.valid_from, body.valid_to);
                check(parent, months, &|| Row::Child(body.body_id.clone()));
            }
        }
        for area in self.areas.values() {
            for body in [&area.district, &area.subdistrict, &area.window].into_iter().flatten() {
                let months = (area.valid_from, area.valid_to);
                check(body, months, &|| Row::Area(area.area_code.clone()));
            }
        }
        for row in self.coefficients.values() {
            let months = (row.valid_from, Some(row.valid_from));
            check(&row.body_id, months, &|| Row::Coefficient(row.zone.as_str()));
        }
        found
    }

    /// What holds but should be looked at: rows that name a body that is not evaluated then, and
    /// long-term entries for an area that is not registered.
    pub(crate) fn warnings(&self) -> BTreeSet<String> {
        let uncovered = self.uncovered();
        let of_body = uncovered
            .iter()
            .map(|found| format!("{found}, which is not evaluated in all months of the row"));
        let of_place = self.long_term.values().filter_map(|entry| {
            let area = entry.area_code.as_ref()?;
            let mut rows =
                self.areas.range((area.clone(), Month::MIN)..=(area.clone(), Month::MAX));
            let code = &entry.category_code;
            rows.next().is_none().then(|| {
                format!("long-term entry {code} is for area {area}, which is not registered")
            })
        });
        of_body.chain(of_place).collect()
    }

    /// Whether a body is evaluated in each of these months.
    fn covers(&self, body: &BodyId, (from, to): (Month, Option<Month>)) -> bool {
        let mut next = from;
        for period in self.periods(body) {
            if period.is_valid_in(next) {
                match (period.valid_to, to) {
                    (None, _) => return true,
                    (Some(last), Some(to)) if to <= last => return true,
                    (Some(last), _) => next = last.next(),
                }
            }
        }
        false
    }
}
