//! From case files to the digest of a snapshot.

use chengping_casework::{Case, Event, View, case_digest};
use chengping_types::Digest;
use sha2::{Digest as _, Sha256};

/// A case with its events, sorted by event number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CaseFile {
    pub(crate) case: Case,
    pub(crate) events: Vec<Event>,
}

/// What a snapshot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Folded {
    pub(crate) digest: Digest,
    pub(crate) cases: i64,
    pub(crate) events: i64,
}

/// Folds case files, given in the byte order of their numbers, into the digest of a snapshot: the
/// SHA-256 over the digests of all cases with their visible events.
#[derive(Debug)]
pub(crate) struct SnapshotFold {
    view: View,
    hash: Sha256,
    cases: i64,
    events: i64,
}

impl SnapshotFold {
    pub(crate) fn new(view: View) -> Self {
        Self { view, hash: Sha256::new(), cases: 0, events: 0 }
    }

    pub(crate) fn add(&mut self, file: CaseFile) {
        let CaseFile { case, mut events } = file;
        events.retain(|event| self.view.shows(event));
        self.hash.update(case_digest(&case, &events).as_bytes());
        self.cases += 1;
        self.events += i64::try_from(events.len()).expect("a case fits");
    }

    pub(crate) fn finish(self) -> Folded {
        let digest = Digest::from_bytes(self.hash.finalize().into());
        Folded { digest, cases: self.cases, events: self.events }
    }
}
