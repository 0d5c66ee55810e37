//! What a process remembers of accepted cases, so that it need not ask for each of them again.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chengping_types::{CaseNo, JurisdictionId, Month};

use crate::domain::{KnownCase, KnownCases};

/// Cases in either half: a few less than a table of 2^17 places takes before it grows, so that the two
/// halves take 9 MB together.
const HALF: usize = 112_000;

/// Accepted cases whose month is fixed. What is remembered never changes in the database, so that
/// none of it is ever stale; it is forgotten when the number of records falls, for then another
/// database lies behind.
#[derive(Debug, Default, Clone)]
pub(in crate::app) struct Memory(Arc<Mutex<Remembered>>);

#[derive(Debug, Default)]
struct Remembered {
    hashers: [RandomState; 2],
    /// How many times everything was forgotten.
    generation: u64,
    /// What was used last, and what was before it took up its half.
    young: HashMap<u128, KnownCase>,
    old: HashMap<u128, KnownCase>,
    /// The months that events can be kept under.
    months: HashSet<Month>,
    watermarks: HashMap<JurisdictionId, i64>,
    /// Whose last batch held repeats.
    repeating: HashSet<JurisdictionId>,
}

impl Remembered {
    /// 128 bits with random keys: no two cases meet, whoever chooses their numbers.
    fn key(&self, jurisdiction: &JurisdictionId, case_no: &CaseNo) -> u128 {
        let half = |hasher: &RandomState| u128::from(hasher.hash_one((jurisdiction, case_no)));
        let [one, other] = &self.hashers;
        half(one) << 64 | half(other)
    }

    fn find(&mut self, key: u128) -> Option<KnownCase> {
        if let Some(known) = self.young.get(&key) {
            return Some(*known);
        }
        let known = self.old.remove(&key)?;
        self.keep(key, known);
        Some(known)
    }

    fn recall<'c>(
        &mut self,
        jurisdiction: &JurisdictionId,
        cases: &[&'c CaseNo],
    ) -> (KnownCases, Vec<&'c str>) {
        let mut others = Vec::new();
        let recall = |case_no: &&'c CaseNo| {
            let known = self.find(self.key(jurisdiction, case_no));
            if known.is_none() {
                others.push(case_no.as_str());
            }
            Some(((*case_no).clone(), known?))
        };
        let known = cases.iter().filter_map(recall).collect();
        (known, others)
    }

    fn keep(&mut self, key: u128, known: KnownCase) {
        if self.young.len() >= HALF {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, known);
    }

    fn see(&mut self, jurisdiction: &JurisdictionId, watermark: i64) {
        let seen = self.watermarks.entry(jurisdiction.clone()).or_default();
        if watermark < *seen {
            *self = Self { generation: self.generation + 1, ..Self::default() };
            self.watermarks.insert(jurisdiction.clone(), watermark);
        } else {
            *seen = watermark;
        }
    }
}

impl Memory {
    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of the cases that are remembered, and the others, which may be accepted nevertheless.
    /// `watermark` is the number of records under the lock of the jurisdiction.
    pub(super) fn recall<'c>(
        &self,
        jurisdiction: &JurisdictionId,
        watermark: i64,
        cases: &[&'c CaseNo],
    ) -> (KnownCases, Vec<&'c str>) {
        let mut remembered = self.remembered();
        remembered.see(jurisdiction, watermark);
        remembered.recall(jurisdiction, cases)
    }

    /// As [`recall`](Self::recall), without the lock: what is recalled holds as long as the
    /// generation, which comes with it, is that of [`renew`](Self::renew).
    pub(super) fn recall_ahead<'c>(
        &self,
        jurisdiction: &JurisdictionId,
        cases: &[&'c CaseNo],
    ) -> (KnownCases, Vec<&'c str>, u64) {
        let mut remembered = self.remembered();
        let (known, others) = remembered.recall(jurisdiction, cases);
        (known, others, remembered.generation)
    }

    /// Adds to cases that were found before the lock was taken the months that were fixed since, and
    /// remembers them; false if what was remembered then no longer holds.
    pub(super) fn renew(
        &self,
        jurisdiction: &JurisdictionId,
        watermark: i64,
        generation: u64,
        known: &mut KnownCases,
    ) -> bool {
        let mut remembered = self.remembered();
        remembered.see(jurisdiction, watermark);
        if remembered.generation != generation {
            return false;
        }
        for (case_no, case) in known.iter_mut() {
            let key = remembered.key(jurisdiction, case_no);
            match remembered.find(key) {
                Some(found) => *case = found,
                None if case.month.is_some() => remembered.keep(key, *case),
                None => {}
            }
        }
        true
    }

    /// Remembers cases; those without a month are still to get it, from whichever process.
    pub(super) fn remember<'k>(
        &self,
        jurisdiction: &JurisdictionId,
        cases: impl IntoIterator<Item = (&'k CaseNo, KnownCase)>,
    ) {
        let mut remembered = self.remembered();
        for (case_no, known) in cases.into_iter().filter(|(_, known)| known.month.is_some()) {
            let key = remembered.key(jurisdiction, case_no);
            remembered.keep(key, known);
        }
    }

    /// Whether the last batch of events held some that had been accepted before.
    pub(super) fn expects_repeats(&self, jurisdiction: &JurisdictionId) -> bool {
        self.remembered().repeating.contains(jurisdiction)
    }

    pub(super) fn expect_repeats(&self, jurisdiction: &JurisdictionId, expects: bool) {
        let mut remembered = self.remembered();
        if expects {
            remembered.repeating.insert(jurisdiction.clone());
        } else {
            remembered.repeating.remove(jurisdiction);
        }
    }

    /// Whether events can be kept under the month, as far as this process knows.
    pub(super) fn has_month(&self, month: Month) -> bool {
        self.remembered().months.contains(&month)
    }

    /// Remembers that events can be kept under these months.
    pub(super) fn remember_months(&self, months: impl IntoIterator<Item = Month>) {
        self.remembered().months.extend(months);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(number: usize) -> CaseNo {
        number.to_string().parse().unwrap()
    }

    fn known() -> KnownCase {
        KnownCase { month: Some("2018-04".parse().unwrap()), is_conditional: false }
    }

    fn recalls(memory: &Memory, jurisdiction: &str, watermark: i64, case: &CaseNo) -> bool {
        let jurisdiction = jurisdiction.parse().unwrap();
        memory.recall(&jurisdiction, watermark, &[case]).1.is_empty()
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_last_used_stays() {
        let (memory, zz) = (Memory::default(), "zz".parse().unwrap());
        memory.remember(&zz, [(&case(0), known())]);
        for number in 1..2 * HALF + 10 {
            memory.remember(&zz, [(&case(number), known())]);
            if number % 1_000 == 0 {
                assert!(recalls(&memory, "zz", 1, &case(0)));
            }
        }
        assert!(!recalls(&memory, "zz", 1, &case(1)));
        let remembered = memory.remembered();
        assert!(remembered.young.len() + remembered.old.len() <= 2 * HALF);
    }

    #[test]
    fn another_jurisdiction_and_a_case_without_a_month_are_not_known() {
        let (memory, zz) = (Memory::default(), "zz".parse().unwrap());
        let new = KnownCase { month: None, is_conditional: true };
        memory.remember(&zz, [(&case(1), known()), (&case(2), new)]);
        assert!(recalls(&memory, "zz", 5, &case(1)));
        assert!(!recalls(&memory, "zz", 5, &case(2)));
        assert!(!recalls(&memory, "other", 5, &case(1)));
    }

    #[test]
    fn a_database_with_fewer_records_is_another_one() {
        let (memory, zz) = (Memory::default(), "zz".parse().unwrap());
        memory.remember(&zz, [(&case(1), known())]);
        memory.remember_months(["2018-04".parse().unwrap()]);
        assert!(recalls(&memory, "zz", 7, &case(1)));
        assert!(recalls(&memory, "zz", 7, &case(1)));
        assert!(!recalls(&memory, "zz", 6, &case(1)));
        assert!(!memory.has_month("2018-04".parse().unwrap()));
    }
}
