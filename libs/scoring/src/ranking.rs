//! Ranks inside groups, from stored scores.

use std::collections::BTreeMap;

use chengping_types::Exact;

/// The stored scores of all that are ranked, by group.
pub(crate) struct Ranking<'a>(BTreeMap<&'a str, Vec<&'a Exact>>);

impl<'a> Ranking<'a> {
    /// Of the groups and stored scores of all that are ranked.
    pub(crate) fn new(scores: impl IntoIterator<Item = (&'a str, &'a Exact)>) -> Self {
        let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (group, stored) in scores {
            groups.entry(group).or_default().push(stored);
        }
        groups.values_mut().for_each(|scores| scores.sort_by(|one, other| other.cmp(one)));
        Self(groups)
    }

    /// The rank of a score, from 1, and whether another has the same. Equal stored scores share a
    /// rank and the next is skipped (decisions.md 33).
    pub(crate) fn place(&self, group: &str, stored: &Exact) -> (Option<u32>, bool) {
        let scores = self.0.get(group).map_or(&[][..], Vec::as_slice);
        let better = scores.partition_point(|score| *score > stored);
        let not_worse = scores.partition_point(|score| *score >= stored);
        (u32::try_from(better + 1).ok(), not_worse - better > 1)
    }
}
