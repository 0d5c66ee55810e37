//! What may be answered: a register for each first month, written by activations that follow each
//! other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chengping_proto::rules::v1 as pb;

/// The first months from which revisions are put in force. In a month, that of the greatest first
/// month up to it counts.
pub(crate) const FIRST_MONTHS: [&str; 2] = ["2018-04", "2018-06"];

/// The place in [`FIRST_MONTHS`] that counts in `month`.
pub(crate) fn series_of(month: &str) -> usize {
    FIRST_MONTHS.iter().rposition(|first| *first <= month).unwrap()
}

/// Of one first month, the numbers of its activations from 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// How many have begun.
    begun: u64,
    /// How many were answered.
    answered: u64,
}

/// All that happened so far, as those saw it who made it happen.
#[derive(Debug, Default)]
struct History {
    progress: [Progress; 2],
    /// By number of the revision: its series, its place there, and what it is.
    revisions: BTreeMap<i64, (usize, u64, Arc<pb::RulePackRevision>)>,
}

#[derive(Debug, Default)]
pub(crate) struct Model(Mutex<History>);

/// How far things were when a call began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beginning([Progress; 2]);

impl Model {
    /// An activation is about to begin.
    pub(crate) fn begin(&self, series: usize, revision: pb::RulePackRevision) {
        let mut history = self.0.lock().unwrap();
        history.progress[series].begun += 1;
        let place = history.progress[series].begun;
        history.revisions.insert(revision.revision, (series, place, Arc::new(revision)));
    }

    /// It was answered.
    pub(crate) fn answered(&self, series: usize) {
        let mut history = self.0.lock().unwrap();
        history.progress[series].answered = history.progress[series].begun;
    }

    /// A call is about to begin.
    pub(crate) fn call(&self) -> Beginning {
        Beginning(self.0.lock().unwrap().progress)
    }

    /// Whether the call was answered rightly with revision `number` where `series` counts: no older
    /// one than the newest that was answered before the call began, and none that had not begun
    /// when the answer came.
    #[track_caller]
    pub(crate) fn check(&self, call: Beginning, series: usize, number: i64) {
        let history = self.0.lock().unwrap();
        let (of, place, _) = &history.revisions[&number];
        let least = call.0[series].answered;
        let most = history.progress[series].begun;
        assert_eq!(*of, series, "revision {number} is of another month");
        assert!((least..=most).contains(place), "{number} is {place} of {least} to {most}");
    }

    /// A revision as it was committed.
    pub(crate) fn revision(&self, number: i64) -> Arc<pb::RulePackRevision> {
        Arc::clone(&self.0.lock().unwrap().revisions[&number].2)
    }

    /// Of some revision, chosen by `dice`.
    pub(crate) fn some(&self, dice: u64) -> Arc<pb::RulePackRevision> {
        let history = self.0.lock().unwrap();
        let place = usize::try_from(dice).unwrap() % history.revisions.len();
        Arc::clone(&history.revisions.values().nth(place).unwrap().2)
    }
}
