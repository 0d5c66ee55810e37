//! Who is known: the bodies of the registry, whatever their validity.

use std::collections::BTreeSet;

use chengping_types::BodyId;

use super::record::{Broken, Fault, Record, Row};

/// The bodies that a jurisdiction's registry has, in any month.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct KnownBodies(BTreeSet<BodyId>);

impl KnownBodies {
    pub(crate) fn contain(&self, body: &BodyId) -> bool {
        self.0.contains(body)
    }
}

impl FromIterator<BodyId> for KnownBodies {
    fn from_iter<I: IntoIterator<Item = BodyId>>(bodies: I) -> Self {
        Self(bodies.into_iter().collect())
    }
}

/// The bodies that the good rows of a batch name, each once.
pub(crate) fn named_bodies<T: Record>(rows: &[Row<T>]) -> BTreeSet<BodyId> {
    let mut named = BTreeSet::new();
    for (_, body) in rows.iter().filter_map(|row| row.content.as_ref().ok()).flat_map(T::bodies) {
        if !named.contains(body) {
            named.insert(body.clone());
        }
    }
    named
}

/// Sets aside the rows that name a body that is not known (decisions.md 39).
pub(crate) fn refuse_unknown_bodies<T: Record>(rows: &mut [Row<T>], known: &KnownBodies) {
    for row in rows {
        let Ok(record) = &row.content else { continue };
        let Some((column, body)) = record.bodies().find(|(_, body)| !known.contain(body)) else {
            continue;
        };
        let message = format!(
            "{column} {body} is not in the registry; add it to bodies.csv, or correct the record"
        );
        row.content = Err(Broken::of(record, Fault::new("unknown_body", column, message)));
    }
}
