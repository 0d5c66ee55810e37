//! Rows that refer to no others: each has a key, and one row holds for it.

use std::collections::BTreeMap;

use super::{Fault, Numbered, Tables};
use crate::domain::registry::Keyed;

/// Of several rows of one import for a key the last one holds.
pub(super) fn last_holds<T: Keyed>(tables: &mut Tables<'_>, rows: Vec<Numbered<T>>) {
    let mut last = BTreeMap::new();
    for Numbered { record, .. } in rows {
        if last.insert(record.at(), record).is_some() {
            tables.ledger.counts.repeated += 1;
        }
    }
    for record in last.into_values() {
        tables.put(record);
    }
}

/// Of two rows of one import for a key the first one holds, and another one is a conflict.
pub(super) fn first_holds<T: Keyed>(tables: &mut Tables<'_>, rows: Vec<Numbered<T>>) {
    let mut first: BTreeMap<T::Key, T> = BTreeMap::new();
    for Numbered { number, record } in rows {
        match first.get(&record.at()) {
            Some(earlier) if *earlier == record => tables.ledger.counts.repeated += 1,
            Some(_) => {
                let message = "an earlier row of this import says otherwise; keep one of the two";
                tables.ledger.reject(number, Fault::conflict(message));
            }
            None => {
                first.insert(record.at(), record.clone());
                tables.put(record);
            }
        }
    }
}
