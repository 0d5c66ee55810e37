//! Rows that refer to no others: each has a key, and one row holds for it.

use std::collections::BTreeMap;

use super::{Fault, Ledger, Numbered};

/// Of several rows of one import for a key the last one holds; gives those that have to be written.
pub(super) fn last_holds<K: Ord, T: Clone + PartialEq>(
    standing: &mut BTreeMap<K, T>,
    rows: impl IntoIterator<Item = Numbered<T>>,
    key: impl Fn(&T) -> K,
    ledger: &mut Ledger,
) -> Vec<T> {
    let mut last = BTreeMap::new();
    for Numbered { record, .. } in rows {
        if last.insert(key(&record), record).is_some() {
            ledger.counts.repeated += 1;
        }
    }
    let mut changed = Vec::new();
    for (key, record) in last {
        if ledger.count(standing.get(&key), &record) {
            standing.insert(key, record.clone());
            changed.push(record);
        }
    }
    changed
}

/// Of two rows of one import for a key the first one holds, and another one is a conflict; gives
/// those that have to be written.
pub(super) fn first_holds<K: Ord + Clone, T: Clone + PartialEq>(
    standing: &mut BTreeMap<K, T>,
    rows: Vec<Numbered<T>>,
    key: impl Fn(&T) -> K,
    ledger: &mut Ledger,
) -> Vec<T> {
    let mut first: BTreeMap<K, T> = BTreeMap::new();
    let mut changed = Vec::new();
    for Numbered { number, record } in rows {
        let key = key(&record);
        match first.get(&key) {
            Some(earlier) if *earlier == record => ledger.counts.repeated += 1,
            Some(_) => {
                let message = "an earlier row of this import says otherwise; keep one of the two";
                ledger.reject(number, Fault::conflict(message));
            }
            None => {
                if ledger.count(standing.get(&key), &record) {
                    standing.insert(key.clone(), record.clone());
                    changed.push(record.clone());
                }
                first.insert(key, record);
            }
        }
    }
    changed
}
