//! What is published, and what may happen to it.

pub(crate) mod documents;
pub(crate) mod lines;
pub(crate) mod log_key;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod state;
pub(crate) mod stored;
pub(crate) mod webhook;
pub(crate) mod year;

use chengping_types::name::{BulletinVersionName, EvaluationName};
use chengping_types::{Digest, Instant, JurisdictionId, Month, RecordId};

use self::state::State;

/// The published results of a month: a series of versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bulletin {
    pub(crate) jurisdiction: JurisdictionId,
    pub(crate) month: Month,
    pub(crate) newest_version: u32,
    /// The newest published version, 0 before there is one.
    pub(crate) published_version: u32,
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

    pub(crate) fn etag(&self) -> String {
        format!("\"{}\"", self.revision)
    }
}
