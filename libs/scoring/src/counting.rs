//! What of a rule pack decides how cases are counted, apart from how counts are scored.

use std::collections::BTreeSet;

use chengping_casework::Lifecycle;
use chengping_rules::{LongTermCategory, LongTermCount, RulePack, SelectionTest};
use chengping_types::{BodyKind, Digest, Family, TimeZone, canonical};
use serde::Serialize;

#[derive(Serialize)]
struct Counting<'p> {
    time_zone: &'p TimeZone,
    freeze_day: u8,
    lifecycle: Lifecycle,
    order: &'p [SelectionTest],
    long_term: &'p [LongTermCategory],
    long_term_count: LongTermCount,
    evaluated: BTreeSet<BodyKind>,
    area_is_zoned: bool,
}

/// The digest of all that a tally takes from a pack: two packs of one digest have the same tallies
/// of the same facts, so that a changed weight counts nothing anew.
#[must_use]
pub fn counting_digest(pack: &RulePack) -> Digest {
    let area = pack.families.get(&Family::Area);
    let kinds = BodyKind::ALL.iter().copied();
    let counting = Counting {
        time_zone: &pack.time_zone,
        freeze_day: pack.freeze.day,
        lifecycle: pack.lifecycle,
        order: &pack.selection.order,
        long_term: &pack.selection.long_term,
        long_term_count: pack.scoring.long_term,
        evaluated: kinds.filter(|kind| pack.group_of(*kind).is_some()).collect(),
        area_is_zoned: area.is_some_and(|area| area.zones.is_some()),
    };
    canonical::digest(&counting).expect("texts, whole numbers and flags only")
}

#[cfg(test)]
mod tests {
    use chengping_rules::builtin;

    use super::*;

    fn digest(change: impl Fn(&str) -> String) -> Digest {
        let text = builtin("zz-2018").unwrap();
        let changed = change(text);
        counting_digest(&RulePack::parse(&changed).unwrap())
    }

    #[test]
    fn what_is_only_scored_leaves_the_digest() {
        let whole = digest(str::to_owned);
        let changed = digest(|text| {
            let text = text.replace("key: \"0.6\"", "key: \"0.7\"");
            text.replace("history_months: 12", "history_months: 6")
        });
        assert_eq!(changed, whole);
    }

    #[test]
    fn what_is_counted_otherwise_has_another_digest() {
        let whole = digest(str::to_owned);
        let changes = [
            ("Asia/Shanghai", "Asia/Tokyo"),
            ("[public, long_term]", "[long_term, public]"),
            ("period_basis: settlement", "period_basis: cohort"),
            ("\"0136\"", "\"0137\""),
            ("long_term: stream", "long_term: category"),
        ];
        for (from, to) in changes {
            assert!(builtin("zz-2018").unwrap().contains(from), "{from}");
            assert_ne!(digest(|text| text.replace(from, to)), whole, "{from}");
        }
    }
}
