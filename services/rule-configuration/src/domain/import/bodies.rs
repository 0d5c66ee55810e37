//! Bodies: the first of two contradicting rows stands, and a parent must be known.

use std::collections::BTreeMap;

use chengping_types::BodyId;

use super::{Fault, Ledger, Numbered};
use crate::domain::registry::{RegisteredBody, Standing};

/// Takes bodies in; gives those that have to be written.
pub(super) fn take_in(
    standing: &mut Standing,
    rows: Vec<Numbered<RegisteredBody>>,
    ledger: &mut Ledger,
) -> Vec<RegisteredBody> {
    let mut accepted = settle_contradictions(rows, ledger);
    drop_orphans(standing, &mut accepted, ledger);
    let mut changed = Vec::new();
    for (body_id, Numbered { record, .. }) in accepted {
        if ledger.count(standing.bodies.get(&body_id), &record) {
            standing.bodies.insert(body_id, record.clone());
            changed.push(record);
        }
    }
    changed
}

fn settle_contradictions(
    rows: Vec<Numbered<RegisteredBody>>,
    ledger: &mut Ledger,
) -> BTreeMap<BodyId, Numbered<RegisteredBody>> {
    let mut accepted: BTreeMap<BodyId, Numbered<RegisteredBody>> = BTreeMap::new();
    for row in rows {
        let body_id = row.record.body.body_id.clone();
        match accepted.get(&body_id) {
            Some(earlier) if earlier.record == row.record => ledger.counts.repeated += 1,
            Some(_) => {
                let message = format!(
                    "an earlier row of this import says otherwise of body {body_id}; keep one"
                );
                ledger.reject(row.number, Fault::conflict(message));
            }
            None => {
                accepted.insert(body_id, row);
            }
        }
    }
    accepted
}

/// A body whose parent is rejected is an orphan in turn.
fn drop_orphans(
    standing: &Standing,
    accepted: &mut BTreeMap<BodyId, Numbered<RegisteredBody>>,
    ledger: &mut Ledger,
) {
    loop {
        let orphans: Vec<_> = accepted
            .iter()
            .filter_map(|(body_id, row)| Some((body_id, row.record.body.parent.as_ref()?)))
            .filter(|(_, parent)| {
                !standing.bodies.contains_key(*parent) && !accepted.contains_key(*parent)
            })
            .map(|(body_id, parent)| (body_id.clone(), parent.clone()))
            .collect();
        if orphans.is_empty() {
            return;
        }
        for (body_id, parent) in orphans {
            let row = accepted.remove(&body_id).expect("it was found there");
            ledger.reject(row.number, Fault::unknown_body("parent", &parent));
        }
    }
}
