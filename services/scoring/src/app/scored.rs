//! Evaluations at hand with all their numbers.

use std::sync::{Arc, Mutex, MutexGuard};

use chengping_rules::RulePack;
use chengping_scoring::Evaluation;
use chengping_types::name::EvaluationName;

/// How many evaluations are kept at hand, each some megabytes.
const KEPT: usize = 8;

/// An evaluation with every number of it, and the rules it followed.
#[derive(Debug)]
pub(crate) struct Scored {
    pub(crate) pack: RulePack,
    pub(crate) evaluation: Evaluation,
}

/// The evaluations that were asked for last.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<Vec<(EvaluationName, Arc<Scored>)>>);

impl Recent {
    fn entries(&self) -> MutexGuard<'_, Vec<(EvaluationName, Arc<Scored>)>> {
        self.0.lock().expect("nothing panics with the lock")
    }

    pub(super) fn find(&self, name: &EvaluationName) -> Option<Arc<Scored>> {
        let mut entries = self.entries();
        let place = entries.iter().position(|(known, _)| known == name)?;
        let entry = entries.remove(place);
        let scored = Arc::clone(&entry.1);
        entries.insert(0, entry);
        Some(scored)
    }

    pub(super) fn remember(&self, name: EvaluationName, scored: Arc<Scored>) {
        let mut entries = self.entries();
        entries.retain(|(known, _)| *known != name);
        entries.insert(0, (name, scored));
        entries.truncate(KEPT);
    }
}
