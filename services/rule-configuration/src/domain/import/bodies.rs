//! Bodies: each may have several periods, which follow each other (3.4; decisions.md 170, 171).

use std::collections::{BTreeMap, BTreeSet};

use chengping_types::registry::Body;
use chengping_types::{BodyId, BodyKind, Month};

use super::{Fault, Numbered, Tables};
use crate::domain::registry::BodyKey;

/// Takes bodies in.
pub(super) fn take_in(tables: &mut Tables<'_>, rows: Vec<Numbered<Body>>) {
    let mut accepted = settle_contradictions(tables, rows);
    drop_orphans(tables, &mut accepted);
    let mut by_body: BTreeMap<BodyId, Vec<Numbered<Body>>> = BTreeMap::new();
    for ((body_id, _), row) in accepted {
        by_body.entry(body_id).or_default().push(row);
    }
    for (body_id, rows) in by_body {
        let standing: BTreeMap<Month, Body> =
            tables.standing.periods(&body_id).map(|body| (body.valid_from, body.clone())).collect();
        let rows = drop_other_kinds(tables, &standing, rows);
        place_all(tables, &standing, rows);
    }
}

/// Of two rows for a body and a first month the first stands.
fn settle_contradictions(
    tables: &mut Tables<'_>,
    rows: Vec<Numbered<Body>>,
) -> BTreeMap<BodyKey, Numbered<Body>> {
    let mut accepted: BTreeMap<BodyKey, Numbered<Body>> = BTreeMap::new();
    for row in rows {
        let key = (row.record.body_id.clone(), row.record.valid_from);
        match accepted.get(&key) {
            Some(earlier) if earlier.record == row.record => tables.ledger.counts.repeated += 1,
            Some(earlier) => {
                let message = format!(
                    "an earlier row of this import says otherwise: {}; keep one",
                    version(&earlier.record)
                );
                tables.ledger.reject(row.number, Fault::conflict(message));
            }
            None => {
                accepted.insert(key, row);
            }
        }
    }
    accepted
}

/// A body whose parent is rejected is an orphan in turn.
fn drop_orphans(tables: &mut Tables<'_>, accepted: &mut BTreeMap<BodyKey, Numbered<Body>>) {
    let standing = tables.standing.body_ids();
    loop {
        let known: BTreeSet<_> = accepted.keys().map(|(body_id, _)| body_id).collect();
        let is_known = |body: &BodyId| standing.contains(body) || known.contains(body);
        let orphans: Vec<_> = accepted
            .iter()
            .filter_map(|(key, row)| Some((key, row.record.parent.as_ref()?)))
            .filter(|(_, parent)| !is_known(parent))
            .map(|(key, parent)| (key.clone(), parent.clone()))
            .collect();
        if orphans.is_empty() {
            return;
        }
        for (key, parent) in orphans {
            let row = accepted.remove(&key).expect("it was found there");
            tables.ledger.reject(row.number, Fault::unknown_body("parent", &parent));
        }
    }
}

/// The kind of a body never changes: a correction says the right one for all its periods.
fn drop_other_kinds(
    tables: &mut Tables<'_>,
    standing: &BTreeMap<Month, Body>,
    rows: Vec<Numbered<Body>>,
) -> Vec<Numbered<Body>> {
    let is_replaced = |month: &Month| rows.iter().any(|row| row.record.valid_from == *month);
    let stays = standing.iter().find(|(month, _)| !is_replaced(month)).map(|(_, body)| body.kind);
    let first = || rows.iter().min_by_key(|row| row.number).map(|row| row.record.kind);
    let Some(kind) = stays.or_else(first) else { return rows };
    let (good, others): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| row.record.kind == kind);
    for row in others {
        tables.ledger.reject(row.number, other_kind(&row.record, kind));
    }
    good
}

fn other_kind(body: &Body, kind: BodyKind) -> Fault {
    let message = format!(
        "body {} is a {kind}, and never becomes a {}; give the new one another ID, or correct all \
         its rows at once",
        body.body_id, body.kind
    );
    Fault { column: "kind", ..Fault::conflict(message) }
}

/// Gives all rows of a body their places; one that has none is left out, and the others are placed
/// as if it had not been there.
fn place_all(
    tables: &mut Tables<'_>,
    standing: &BTreeMap<Month, Body>,
    mut rows: Vec<Numbered<Body>>,
) {
    rows.sort_by_key(|row| row.record.valid_from);
    loop {
        let mut periods = standing.clone();
        match placed(&mut periods, &rows) {
            Ok(moved) => {
                for body in standing.values() {
                    let key = (body.body_id.clone(), body.valid_from);
                    tables.standing.bodies.remove(&key);
                }
                for row in &rows {
                    let body = &periods[&row.record.valid_from];
                    let key = (body.body_id.clone(), body.valid_from);
                    let former = moved.get(&row.number).or_else(|| tables.before.bodies.get(&key));
                    tables.ledger.count(former, body);
                }
                for body in periods.into_values() {
                    tables.standing.put(body);
                }
                return;
            }
            Err((index, fault)) => {
                let row = rows.remove(index);
                tables.ledger.reject(row.number, fault);
            }
        }
    }
}

/// Places rows by their first months; gives the periods whose start a row moved, or the row that
/// has no place, by its index.
fn placed(
    periods: &mut BTreeMap<Month, Body>,
    rows: &[Numbered<Body>],
) -> Result<BTreeMap<usize, Body>, (usize, Fault)> {
    let mut moved = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        let mut body = row.record.clone();
        // A later row of the same import ends it, as it would end a standing one.
        if let Some(next) = rows.get(index + 1) {
            end_before(&mut body, next.record.valid_from);
        }
        let from = body.valid_from;
        let others = periods.values().filter(|other| other.valid_from != from);
        let overlapping: Vec<Month> =
            others.filter(|other| overlap(other, &body)).map(|other| other.valid_from).collect();
        match overlapping[..] {
            [] => {}
            [other] if other < from && !periods.contains_key(&from) => {
                end_before(periods.get_mut(&other).expect("it was found there"), from);
            }
            [other] if !periods.contains_key(&from) => {
                moved.extend(periods.remove(&other).map(|former| (row.number, former)));
            }
            [.., other] => return Err((index, no_place(&row.record, &periods[&other]))),
        }
        periods.insert(from, body);
    }
    Ok(moved)
}

/// Ends a period with the month before `from`, if it reaches into it.
fn end_before(body: &mut Body, from: Month) {
    if body.valid_from < from && body.is_valid_in(from) {
        body.valid_to = Some(from.previous());
    }
}

fn overlap(one: &Body, other: &Body) -> bool {
    one.is_valid_in(other.valid_from) || other.is_valid_in(one.valid_from)
}

fn no_place(body: &Body, other: &Body) -> Fault {
    Fault::conflict(format!(
        "this row ({}) lies over a period that stands ({}) and another one; give its last month, or \
         replace all periods of the body",
        version(body),
        version(other)
    ))
}

/// A period on one line.
fn version(body: &Body) -> String {
    let until = body.valid_to.map_or_else(|| "open".to_owned(), |month| month.to_string());
    format!("{} {:?} from {} to {until}", body.body_id, body.name, body.valid_from)
}
