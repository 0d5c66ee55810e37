//! Ranks inside groups, from the stored scores.

use std::collections::BTreeMap;

use chengping_types::Exact;

use crate::evaluation::{Scorecard, State};

/// Ranks the scored bodies of each group. Equal stored scores share a rank and the next is
/// skipped (decisions.md 33); the order of the scorecards stays that of the registry.
pub(super) fn rank(scorecards: &mut [Scorecard]) {
    let mut groups: BTreeMap<String, Vec<Exact>> = BTreeMap::new();
    for card in scorecards.iter() {
        if let Some(stored) = ranked(card) {
            groups.entry(card.group.clone()).or_default().push(stored.clone());
        }
    }
    for scores in groups.values_mut() {
        scores.sort_by(|one, other| other.cmp(one));
    }
    for card in scorecards.iter_mut() {
        let Some(stored) = ranked(card).cloned() else { continue };
        let scores = &groups[&card.group];
        let better = scores.partition_point(|score| *score > stored);
        let not_worse = scores.partition_point(|score| *score >= stored);
        card.rank = u32::try_from(better + 1).ok();
        card.tied = not_worse - better > 1;
    }
}

fn ranked(card: &Scorecard) -> Option<&Exact> {
    card.score.as_ref().filter(|_| card.state == State::Scored).map(|score| &score.stored)
}
