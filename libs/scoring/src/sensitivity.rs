//! What the ranks of bodies depend on: every weight alone, a little smaller and a little larger.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chengping_rules::{BandStep, RulePack};
use chengping_types::{BodyId, Exact};

use crate::evaluation::{Evaluation, Scorecard};
use crate::gathered::Gathered;
use crate::input::PackRevision;
use crate::numbers::weights_mut;

/// How far the ranks of a group depend on one weight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sensitivity {
    /// Where the weight is, as [`RulePack::weights`] names it.
    pub path: String,
    /// The weight.
    pub value: Exact,
    /// Identifier of the group.
    pub group: String,
    /// What a smaller weight does; absent where it cannot be smaller.
    pub smaller: Option<RankShift>,
    /// What a larger weight does; absent where it cannot be larger.
    pub larger: Option<RankShift>,
}

/// What another weight does to a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankShift {
    /// The other weight.
    pub value: Exact,
    /// How many bodies have another rank.
    pub changed_ranks: u32,
    /// By how many places one moves at most.
    pub largest: u32,
    /// The body that moves most, the first in registry order; absent where none does.
    pub body: Option<BodyId>,
    /// By how much a stored score changes at most.
    pub largest_score_change: Exact,
}

impl Sensitivity {
    /// How telling it is: ranks that change, then places, then points.
    fn size(&self) -> (u32, u32, Exact) {
        let shifts = || self.smaller.iter().chain(&self.larger);
        (
            shifts().map(|shift| shift.changed_ranks).max().unwrap_or(0),
            shifts().map(|shift| shift.largest).max().unwrap_or(0),
            shifts().map(|shift| shift.largest_score_change.clone()).max().unwrap_or_default(),
        )
    }

    fn is_none(&self) -> bool {
        let (ranks, _, points) = self.size();
        ranks == 0 && points.is_zero()
    }
}

/// Scores what was gathered with every weight of `rules` alone made smaller and larger by the share
/// `step`, and compares with `evaluation`, which is by `rules` themselves: the most telling first,
/// then in the order of the pack. A weight that changes no rank and no stored score of a group is
/// left out of it. What weights must add up to is not asked (decisions.md 187).
///
/// None when the rules do not suit what was gathered, or when `go_on` says no, which is asked before
/// every weight.
#[must_use]
pub fn sensitivities(
    gathered: &Gathered,
    rules: &PackRevision,
    evaluation: &Evaluation,
    step: &Exact,
    go_on: impl Fn() -> bool,
) -> Option<Vec<Sensitivity>> {
    let mut found = Vec::new();
    for (index, weight) in rules.pack.weights().into_iter().enumerate() {
        if !go_on() {
            return None;
        }
        let shift = |factor: Exact| -> Option<Option<(Exact, Evaluation)>> {
            let value = &weight.value * &factor;
            let Some(pack) = with_weight(&rules.pack, index, &value) else { return Some(None) };
            // Nobody asks for the digest of what is tried only.
            let tried = PackRevision { pack, ..rules.clone() };
            Some(Some((value, gathered.score(&tried)?)))
        };
        let (smaller, larger) = (shift(Exact::ONE - step)?, shift(Exact::ONE + step)?);
        let of = |other: Option<&(Exact, Evaluation)>| -> BTreeMap<String, RankShift> {
            other.map(|(value, other)| compare(value, evaluation, other)).unwrap_or_default()
        };
        let (mut smaller, mut larger) = (of(smaller.as_ref()), of(larger.as_ref()));
        let groups = rules.pack.groups.iter().map(|group| &group.id);
        found.extend(groups.map(|group| Sensitivity {
            path: weight.path.clone(),
            value: weight.value.clone(),
            group: group.clone(),
            smaller: smaller.remove(group),
            larger: larger.remove(group),
        }));
    }
    found.retain(|one| !one.is_none());
    // Stable: what is equally telling stays in the order of the pack.
    found.sort_by_cached_key(|one| Reverse(one.size()));
    Some(found)
}

/// The pack with another weight; none where there can be no such weight: zero stays zero, shares
/// are at most one, and those of a table keep rising or falling.
fn with_weight(pack: &RulePack, index: usize, value: &Exact) -> Option<RulePack> {
    let mut other = pack.clone();
    let mut weights = weights_mut(&mut other);
    let weight = weights.get_mut(index)?;
    if weight.value.is_zero() {
        return None;
    }
    weight.value = value.clone();
    let can_be = |name: &String| {
        let (before, after) = (&pack.bands[name].steps, &other.bands[name].steps);
        let shares = |steps: &[BandStep]| -> Vec<Exact> {
            steps.iter().map(|step| step.share.value.clone()).collect()
        };
        let (before, after) = (shares(before), shares(after));
        let kept = (!before.is_sorted() || after.is_sorted())
            && (!before.is_sorted_by(|one, next| one >= next)
                || after.is_sorted_by(|one, next| one >= next));
        kept && after.iter().all(|share| *share <= Exact::ONE)
    };
    let can_be = pack.bands.keys().all(can_be);
    can_be.then_some(other)
}

/// What is different, by group. Both evaluations are of the same bodies in the same order.
fn compare(value: &Exact, one: &Evaluation, other: &Evaluation) -> BTreeMap<String, RankShift> {
    let mut groups: BTreeMap<String, RankShift> = BTreeMap::new();
    for (one, other) in one.scorecards.iter().zip(&other.scorecards) {
        debug_assert_eq!(one.body_id, other.body_id);
        if !groups.contains_key(&one.group) {
            groups.insert(one.group.clone(), RankShift::none(value));
        }
        let shift = groups.get_mut(&one.group).expect("it is there now");
        shift.add(one, other);
    }
    groups
}

impl RankShift {
    fn none(value: &Exact) -> Self {
        let (changed_ranks, largest, body) = (0, 0, None);
        let largest_score_change = Exact::ZERO;
        Self { value: value.clone(), changed_ranks, largest, body, largest_score_change }
    }

    fn add(&mut self, one: &Scorecard, other: &Scorecard) {
        if let (Some(one), Some(other)) = (&one.score, &other.score)
            && one.stored != other.stored
        {
            let change = (&one.stored - &other.stored).abs();
            self.largest_score_change = change.max(self.largest_score_change.clone());
        }
        if one.rank == other.rank {
            return;
        }
        self.changed_ranks += 1;
        let places = one.rank.zip(other.rank).map_or(0, |(one, other)| one.abs_diff(other));
        if places > self.largest {
            (self.largest, self.body) = (places, Some(one.body_id.clone()));
        }
    }
}
