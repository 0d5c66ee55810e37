//! Months at hand: what their rules read, and what they gave.

use std::sync::{Arc, Mutex, MutexGuard};

use chengping_rules::RulePack;
use chengping_scoring::{Evaluation, Gathered};
use chengping_types::{Digest, Instant, JurisdictionId, Month};

/// Bodies of all months at hand together, some kilobytes each.
const BODIES_KEPT: usize = 24_000;
/// Months at hand: as many as one call may ask for.
const MONTHS_KEPT: usize = 36;

/// Everything that a gathered month depends on, beside the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) jurisdiction: JurisdictionId,
    pub(super) month: Month,
    pub(super) as_of: Instant,
    /// The records, with their digest: after a restore, others reach the same number.
    pub(super) watermark: u64,
    pub(super) snapshot: Digest,
    pub(super) registry: Digest,
    pub(super) rules: Digest,
}

/// A month under the rules in force.
#[derive(Debug)]
pub(super) struct GatheredMonth {
    key: Key,
    /// Whether it is seen as it was frozen.
    is_frozen: bool,
    gathered: Arc<Gathered>,
    /// Without streams.
    pub(super) evaluation: Evaluation,
    /// The same month, gathered for the other rules that were asked for last.
    others: Mutex<Option<Arc<Gathered>>>,
}

impl GatheredMonth {
    pub(super) fn new(
        key: Key,
        is_frozen: bool,
        gathered: Gathered,
        evaluation: Evaluation,
    ) -> Self {
        let gathered = Arc::new(gathered);
        Self { key, is_frozen, gathered, evaluation, others: Mutex::default() }
    }

    /// What rules read of the month, where that is at hand.
    pub(super) fn suiting(&self, pack: &RulePack) -> Option<Arc<Gathered>> {
        let others = self.others.lock().expect("nothing panics with the lock").clone();
        let known = [Some(Arc::clone(&self.gathered)), others];
        known.into_iter().flatten().find(|gathered| gathered.suits(pack))
    }

    pub(super) fn remember(&self, gathered: Arc<Gathered>) {
        *self.others.lock().expect("nothing panics with the lock") = Some(gathered);
    }
}

/// The months that were asked for last.
#[derive(Debug, Default)]
pub(in crate::app) struct Memo(Mutex<Vec<Arc<GatheredMonth>>>);

impl Memo {
    fn entries(&self) -> MutexGuard<'_, Vec<Arc<GatheredMonth>>> {
        self.0.lock().expect("nothing panics with the lock")
    }

    pub(super) fn find(&self, key: &Key) -> Option<Arc<GatheredMonth>> {
        let mut entries = self.entries();
        let place = entries.iter().position(|known| known.key == *key)?;
        let entry = entries.remove(place);
        entries.insert(0, Arc::clone(&entry));
        Some(entry)
    }

    /// The view of a month that was asked for as it was frozen.
    pub(super) fn frozen_view(
        &self,
        jurisdiction: &JurisdictionId,
        month: Month,
    ) -> Option<Instant> {
        let entries = self.entries();
        let is_meant = |known: &&Arc<GatheredMonth>| {
            known.key.jurisdiction == *jurisdiction && known.key.month == month
        };
        let known = entries.iter().find(is_meant)?;
        known.is_frozen.then_some(known.key.as_of)
    }

    /// Keeps a month instead of what was known of it before, and of others as many as there is room
    /// for.
    pub(super) fn remember(&self, month: Arc<GatheredMonth>) {
        let is_other = |known: &Arc<GatheredMonth>| {
            (&known.key.jurisdiction, known.key.month) != (&month.key.jurisdiction, month.key.month)
        };
        let mut entries = self.entries();
        entries.retain(is_other);
        entries.insert(0, month);
        let sizes = entries.iter().map(|known| known.evaluation.scorecards.len());
        let sums = sizes.scan(0, |sum, size| {
            *sum += size;
            Some(*sum)
        });
        let fitting = sums.take(MONTHS_KEPT).take_while(|sum| *sum <= BODIES_KEPT);
        let kept = fitting.count().max(1);
        let left = entries.split_off(kept);
        // Taking large months apart needs no lock.
        drop(entries);
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chengping_rules::builtin;
    use chengping_scoring::{ENGINE, Input, PackRevision, Snapshot, Tallies, score};
    use chengping_types::BodyKind;
    use chengping_types::registry::Body;

    use super::*;

    fn month(month: Month, bodies: usize) -> Arc<GatheredMonth> {
        let pack = RulePack::parse(builtin("zz-2018").unwrap()).unwrap();
        let as_of = month.freeze(3, &pack.time_zone);
        let body = |index| Body {
            body_id: format!("b{index}").parse().unwrap(),
            kind: BodyKind::Bureau,
            name: String::new(),
            parent: None,
            valid_from: month,
            valid_to: None,
            assessment_code: None,
        };
        let input = Input {
            jurisdiction: "zz".parse().unwrap(),
            month,
            as_of,
            decided: as_of,
            engine: ENGINE.to_owned(),
            rule_pack: PackRevision::new(1, pack),
            snapshot: Snapshot { watermark: 3, digest: Digest::of(b"") },
            bodies: (0..bodies).map(body).collect(),
            former_periods: Vec::new(),
            coefficients: Vec::new(),
            tallies: Tallies::default(),
            earlier: BTreeMap::new(),
        };
        let key = Key {
            jurisdiction: input.jurisdiction.clone(),
            month,
            as_of,
            watermark: 3,
            snapshot: input.snapshot.digest,
            registry: Digest::of(b"registry"),
            rules: input.rule_pack.digest,
        };
        Arc::new(GatheredMonth::new(key, true, Gathered::new(&input), score(&input)))
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for_and_the_last_one_always() {
        let memo = Memo::default();
        let first: Month = "2018-01".parse().unwrap();
        let months: Vec<_> = (0..4).map(|after| month(first.plus(after), 9_000)).collect();
        for one in &months {
            memo.remember(Arc::clone(one));
            assert!(memo.find(&one.key).is_some());
        }
        let known = |one: &&Arc<GatheredMonth>| memo.find(&one.key).is_some();
        assert_eq!(months.iter().filter(known).count(), 2);
        let large = month(first.plus(9), BODIES_KEPT + 1);
        memo.remember(Arc::clone(&large));
        assert!(memo.find(&large.key).is_some());
        assert_eq!(months.iter().filter(known).count(), 0);
        for after in 0..40 {
            memo.remember(month(first.plus(after), 1));
        }
        assert_eq!(memo.entries().len(), MONTHS_KEPT);
    }

    #[test]
    fn other_records_are_another_month_and_take_its_place() {
        let memo = Memo::default();
        let one = month("2018-04".parse().unwrap(), 1);
        memo.remember(Arc::clone(&one));
        let jurisdiction = &one.key.jurisdiction;
        assert_eq!(memo.frozen_view(jurisdiction, one.key.month), Some(one.key.as_of));
        for other in [
            Key { watermark: 4, ..one.key.clone() },
            Key { snapshot: Digest::of(b"restored"), ..one.key.clone() },
            Key { registry: Digest::of(b"amended"), ..one.key.clone() },
            Key { rules: Digest::of(b"activated"), ..one.key.clone() },
            Key { as_of: Instant::from_micros(1), ..one.key.clone() },
            Key { jurisdiction: "other".parse().unwrap(), ..one.key.clone() },
        ] {
            assert!(memo.find(&other).is_none(), "{other:?}");
        }
        let again = month(one.key.month, 2);
        memo.remember(again);
        assert_eq!(memo.entries().len(), 1);
    }
}
