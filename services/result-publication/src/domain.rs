//! What is published, and what may happen to it.

pub(crate) mod decision;
pub(crate) mod difference;
pub(crate) mod documents;
pub(crate) mod inquiry;
pub(crate) mod lines;
pub(crate) mod log_key;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod state;
pub(crate) mod stored;
pub(crate) mod webhook;
pub(crate) mod year;

use chengping_ledger::version::EntryKind;
use chengping_types::name::{BulletinVersionName, EvaluationName};
use chengping_types::{Digest, Instant, JurisdictionId, Month, RecordId};

use self::difference::Difference;
use self::lines::Line;
use self::state::{Notice, State, Step};

/// The published results of a month: a series of versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bulletin {
    pub(crate) jurisdiction: JurisdictionId,
    pub(crate) month: Month,
    /// The newest one that the caller sees.
    pub(crate) newest_version: u32,
    /// The newest published version, 0 before there is one.
    pub(crate) published_version: u32,
    /// The corrections of earlier months that touch the published version.
    pub(crate) touched_by: Vec<BulletinVersionName>,
    pub(crate) create_time: Instant,
    pub(crate) update_time: Instant,
}

/// A version without its documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) jurisdiction: JurisdictionId,
    pub(crate) month: Month,
    /// From 1.
    pub(crate) number: u32,
    pub(crate) evaluation: RecordId,
    pub(crate) results_digest: Digest,
    /// Why there is a correction; empty in version 1.
    pub(crate) reason: String,
    pub(crate) state: State,
    /// Moves with every change.
    pub(crate) revision: u64,
    pub(crate) create_time: Instant,
    pub(crate) sealed: Option<Sealed>,
    pub(crate) notice: Option<Notice>,
    /// Why it was approved before its objection window ended; empty unless it was.
    pub(crate) waive_reason: String,
    pub(crate) withdrawn: Option<Withdrawn>,
    /// The inquiries that it takes account of.
    pub(crate) inquiries: Vec<u64>,
    /// The published versions of later months that it touches.
    pub(crate) touched: Vec<BulletinVersionName>,
}

/// What an entry of the log tells.
#[derive(Debug)]
pub(crate) struct Publication {
    pub(crate) version: Version,
    /// Its place in the log.
    pub(crate) index: u64,
    pub(crate) kind: EntryKind,
    /// The lines of a version that was published.
    pub(crate) lines: Vec<Line>,
    /// What it changed against the version before, where there is one.
    pub(crate) differences: Vec<Difference>,
}

/// That a version was withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Withdrawn {
    pub(crate) reason: String,
    pub(crate) time: Instant,
}

/// How a version came to where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Moved<'a> {
    pub(crate) step: Step,
    pub(crate) actor: &'a str,
    /// Empty for none.
    pub(crate) reason: &'a str,
    pub(crate) time: Instant,
}

/// A move of a version, as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) revision: u64,
    pub(crate) state: State,
    /// None of moves from before steps were kept.
    pub(crate) step: Option<Step>,
    pub(crate) actor: String,
    pub(crate) reason: String,
    pub(crate) time: Instant,
    pub(crate) evaluation: EvaluationName,
    /// The digest of the results before; none where the version came into being.
    pub(crate) digest_before: Option<Digest>,
    pub(crate) digest_after: Digest,
}

/// What a version has once it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) digest: Digest,
    pub(crate) log_index: u64,
    pub(crate) publish_time: Instant,
}

/// Who takes publications in, and how far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Consumer {
    pub(crate) name: String,
    /// The number of publications that it has taken in.
    pub(crate) acknowledged: u64,
    pub(crate) update_time: Instant,
    /// Who acknowledged first; empty where nobody was asked.
    pub(crate) owner: String,
}

impl Version {
    pub(crate) fn name(&self) -> BulletinVersionName {
        BulletinVersionName {
            jurisdiction: self.jurisdiction.clone(),
            month: self.month,
            version: self.number.into(),
        }
    }

    pub(crate) fn evaluation_name(&self) -> EvaluationName {
        EvaluationName {
            jurisdiction: self.jurisdiction.clone(),
            evaluation: self.evaluation.clone(),
        }
    }

    /// Where it stands now.
    pub(crate) fn state_at(&self, now: Instant) -> State {
        match (self.state, &self.notice) {
            (State::UnderNotice, Some(notice)) => notice.state_at(now),
            (state, _) => state,
        }
    }

    pub(crate) fn etag(&self) -> String {
        format!("\"{}\"", self.revision)
    }
}
