//! What other rules change.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chengping_scoring::{Evaluation, Scorecard};
use chengping_types::{BodyId, Exact};

/// What other rules change for a body; at least one of the two evaluations has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Difference<'e> {
    pub(crate) before: Option<&'e Scorecard>,
    pub(crate) after: Option<&'e Scorecard>,
}

impl<'e> Difference<'e> {
    /// The scorecard by the other rules, where they evaluate the body; else that by those in force.
    pub(crate) fn newer(&self) -> &'e Scorecard {
        self.after.or(self.before).expect("one of the two has the body")
    }

    /// What the other rules give more; none where one of the two scores is missing.
    pub(crate) fn more(&self) -> Option<Exact> {
        let stored = |card: Option<&Scorecard>| Some(card?.score.as_ref()?.stored.clone());
        Some(&stored(self.after)? - &stored(self.before)?)
    }

    fn is_none(&self) -> bool {
        fn shown(card: &Scorecard) -> impl PartialEq {
            let score = card.score.as_ref().map(|score| score.stored.clone());
            (score, card.rank, card.grade.clone(), card.state, card.group.clone())
        }
        self.before.map(shown) == self.after.map(shown)
    }

    /// By how much it moves: in the score, where a score that comes or goes moves most, then in the
    /// rank.
    fn size(&self) -> (bool, Exact, u32) {
        let more = self.more();
        let scored = |card: Option<&Scorecard>| card.is_some_and(|card| card.score.is_some());
        let comes_or_goes = scored(self.before) != scored(self.after);
        let ranks = [self.before, self.after].map(|card| card.and_then(|card| card.rank));
        let moved = match ranks {
            [Some(before), Some(after)] => before.abs_diff(after),
            _ => 0,
        };
        (comes_or_goes, more.unwrap_or_default().abs(), moved)
    }
}

/// What is different, the biggest movers first, and the number of bodies without a difference.
pub(crate) fn differences<'e>(
    before: &'e Evaluation,
    after: &'e Evaluation,
) -> (Vec<Difference<'e>>, usize) {
    fn by_body(evaluation: &Evaluation) -> BTreeMap<&BodyId, &Scorecard> {
        evaluation.scorecards.iter().map(|card| (&card.body_id, card)).collect()
    }
    let (before, after) = (by_body(before), by_body(after));
    let bodies: BTreeSet<_> = before.keys().chain(after.keys()).copied().collect();
    let all = bodies.len();
    let one =
        |body| Difference { before: before.get(body).copied(), after: after.get(body).copied() };
    let mut different: Vec<_> =
        bodies.into_iter().map(one).filter(|difference| !difference.is_none()).collect();
    // Stable: bodies that move alike stay in the order of their IDs.
    different.sort_by_cached_key(|difference| Reverse(difference.size()));
    let unchanged = all - different.len();
    (different, unchanged)
}
