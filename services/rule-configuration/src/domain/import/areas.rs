//! Areas: rows of one area may follow each other, but never overlap (decisions.md 34).

use std::collections::{BTreeMap, BTreeSet};

use chengping_types::registry::Area;
use chengping_types::{BodyId, Month};

use super::{Fault, Ledger, Numbered};
use crate::domain::registry::{AreaKey, Standing, area_key};

/// Takes areas in; gives those that have to be written.
///
/// Rows that replace a standing one (same area, same first month) go before rows that are new: a
/// row that ends an area and a row that begins its next stretch may come in either order.
pub(super) fn take_in(
    standing: &mut Standing,
    rows: Vec<Numbered<Area>>,
    known: &BTreeSet<BodyId>,
    ledger: &mut Ledger,
) -> Vec<Area> {
    let candidates = settle_contradictions(rows, known, ledger);
    let (replacing, new): (Vec<_>, Vec<_>) =
        candidates.into_iter().partition(|row| standing.areas.contains_key(&area_key(&row.record)));
    let mut changed = Vec::new();
    for Numbered { number, record } in replacing.into_iter().chain(new) {
        if let Some(other) = overlapping(&standing.areas, &record) {
            ledger.reject(number, overlap(&record, other));
            continue;
        }
        let key = area_key(&record);
        if ledger.count(standing.areas.get(&key), &record) {
            standing.areas.insert(key, record.clone());
            changed.push(record);
        }
    }
    changed
}

/// Drops rows of unknown bodies and all but the first of the same area and month, in file order.
fn settle_contradictions(
    rows: Vec<Numbered<Area>>,
    known: &BTreeSet<BodyId>,
    ledger: &mut Ledger,
) -> Vec<Numbered<Area>> {
    let mut first: BTreeMap<AreaKey, usize> = BTreeMap::new();
    let mut candidates: Vec<Numbered<Area>> = Vec::new();
    for row in rows {
        if let Some((column, body)) = unknown_body(&row.record, known) {
            ledger.reject(row.number, Fault::unknown_body(column, body));
            continue;
        }
        match first.get(&area_key(&row.record)) {
            Some(&index) if candidates[index].record == row.record => ledger.counts.repeated += 1,
            Some(&index) => {
                let fault = overlap(&row.record, &candidates[index].record);
                ledger.reject(row.number, fault);
            }
            None => {
                first.insert(area_key(&row.record), candidates.len());
                candidates.push(row);
            }
        }
    }
    candidates
}

fn unknown_body<'a>(
    area: &'a Area,
    known: &BTreeSet<BodyId>,
) -> Option<(&'static str, &'a BodyId)> {
    [("district", &area.district), ("subdistrict", &area.subdistrict), ("window", &area.window)]
        .into_iter()
        .find_map(|(column, body)| {
            body.as_ref().filter(|body| !known.contains(*body)).map(|body| (column, body))
        })
}

/// A standing row of the same area, other than the one that `area` replaces, with a month of it.
fn overlapping<'a>(areas: &'a BTreeMap<AreaKey, Area>, area: &Area) -> Option<&'a Area> {
    let first = Month::new(1, 1).expect("the first month there is");
    let last = Month::new(9999, 12).expect("the last month there is");
    let code = &area.area_code;
    areas
        .range((code.clone(), first)..=(code.clone(), last))
        .map(|(_, other)| other)
        .filter(|other| other.valid_from != area.valid_from)
        .find(|other| {
            other.valid_from <= area.valid_to.unwrap_or(last)
                && area.valid_from <= other.valid_to.unwrap_or(last)
        })
}

fn overlap(area: &Area, other: &Area) -> Fault {
    let until = other.valid_to.map_or_else(|| "open".to_owned(), |month| month.to_string());
    Fault::conflict(format!(
        "area {} has a row from {} to {until} already; let the months of its rows not overlap",
        area.area_code, other.valid_from
    ))
}
