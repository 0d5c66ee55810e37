//! Rows of one thing may follow each other, but never overlap (areas: decisions.md 34; categories:
//! 176).

use std::collections::BTreeMap;

use chengping_types::registry::Area;
use chengping_types::{Category, Month};

use super::{Fault, Numbered, Tables};
use crate::domain::registry::Keyed;

/// A row that holds for some months.
pub(super) trait Dated: Keyed {
    /// What it is of, for people.
    fn called(&self) -> String;

    /// The key of a row of the same that begins in `month`.
    fn key_at(&self, month: Month) -> Self::Key;

    /// The months, both inclusive.
    fn months(&self) -> (Month, Option<Month>);
}

impl Dated for Area {
    fn called(&self) -> String {
        format!("area {}", self.area_code)
    }

    fn key_at(&self, month: Month) -> Self::Key {
        (self.area_code.clone(), month)
    }

    fn months(&self) -> (Month, Option<Month>) {
        (self.valid_from, self.valid_to)
    }
}

impl Dated for Category {
    fn called(&self) -> String {
        format!("category {} of {}", self.category_code, self.category_scheme)
    }

    fn key_at(&self, month: Month) -> Self::Key {
        (self.category_scheme.clone(), self.category_code.clone(), month)
    }

    fn months(&self) -> (Month, Option<Month>) {
        (self.valid_from, self.valid_to)
    }
}

/// Takes rows in.
///
/// Rows that replace a standing one (of the same, with the same first month) go before rows that
/// are new: a row that ends and one that begins the next stretch may come in either order.
pub(super) fn take_in<T: Dated>(tables: &mut Tables<'_>, rows: Vec<Numbered<T>>) {
    let candidates = settle_contradictions(tables, rows);
    let standing = T::table(tables.standing);
    let (replacing, new): (Vec<_>, Vec<_>) =
        candidates.into_iter().partition(|row| standing.contains_key(&row.record.at()));
    for Numbered { number, record } in replacing.into_iter().chain(new) {
        match overlapping(T::table(tables.standing), &record) {
            Some(other) => {
                let fault = overlap(&record, other);
                tables.ledger.reject(number, fault);
            }
            None => tables.put(record),
        }
    }
}

/// Drops all but the first of the same key, in file order.
fn settle_contradictions<T: Dated>(
    tables: &mut Tables<'_>,
    rows: Vec<Numbered<T>>,
) -> Vec<Numbered<T>> {
    let mut first: BTreeMap<T::Key, usize> = BTreeMap::new();
    let mut candidates: Vec<Numbered<T>> = Vec::new();
    for row in rows {
        match first.get(&row.record.at()) {
            Some(&index) if candidates[index].record == row.record => {
                tables.ledger.counts.repeated += 1;
            }
            Some(&index) => {
                let fault = overlap(&row.record, &candidates[index].record);
                tables.ledger.reject(row.number, fault);
            }
            None => {
                first.insert(row.record.at(), candidates.len());
                candidates.push(row);
            }
        }
    }
    candidates
}

/// A standing row of the same, other than the one that `row` replaces, with a month of it.
fn overlapping<'a, T: Dated>(standing: &'a BTreeMap<T::Key, T>, row: &T) -> Option<&'a T> {
    let (from, to) = row.months();
    standing
        .range(row.key_at(Month::MIN)..=row.key_at(Month::MAX))
        .map(|(_, other)| other)
        .filter(|other| other.months().0 != from)
        .find(|other| {
            let (other_from, other_to) = other.months();
            other_from <= to.unwrap_or(Month::MAX) && from <= other_to.unwrap_or(Month::MAX)
        })
}

fn overlap<T: Dated>(row: &T, other: &T) -> Fault {
    let (from, to) = other.months();
    let until = to.map_or_else(|| "open".to_owned(), |month| month.to_string());
    Fault::conflict(format!(
        "{} has a row from {from} to {until} already; let the months of its rows not overlap",
        row.called()
    ))
}
