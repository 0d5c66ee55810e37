//! Rule packs as they are kept.

use chengping_types::name::RulePackRevisionName;
use chengping_types::{Digest, Instant, Month, PackId};
use serde::{Deserialize, Serialize};

use super::review::State;

/// What a check found, as it is kept beside a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Finding {
    /// Where in the pack.
    pub path: String,
    /// The line, from 1; 0 when unknown.
    #[serde(default)]
    pub line: u32,
    /// The column, from 1; 0 when unknown.
    #[serde(default)]
    pub column: u32,
    /// What was found, and what to do.
    pub message: String,
}

/// A value that two packs have differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Difference {
    /// Where in the pack.
    pub path: String,
    /// The value before; empty where there is none.
    pub before: String,
    /// The value after; empty where there is none.
    pub after: String,
}

/// A pack that was read without a mistake.
#[derive(Debug, Clone)]
pub(crate) struct CheckedPack {
    pub pack: PackId,
    pub title: String,
    pub time_zone: String,
    pub source: String,
    pub canonical: Vec<u8>,
    pub digest: Digest,
    pub warnings: Vec<Finding>,
    /// What it derives from, if it does.
    pub parent: Option<RulePackRevisionName>,
    /// What it makes different from its parent.
    pub overrides: Vec<Difference>,
}

/// A pack: a named series of revisions.
#[derive(Debug, Clone)]
pub(crate) struct Pack {
    pub pack: PackId,
    pub title: String,
    pub newest_revision: u64,
    /// The revision in force in the month that runs, if there is one.
    pub active_revision: Option<u64>,
    pub version: i64,
    pub create_time: Instant,
    pub update_time: Instant,
    /// What its newest revision derives from, if it does.
    pub parent: Option<RulePackRevisionName>,
    /// The newest approved revision of the parent pack, when that is a later one.
    pub offered_parent: Option<RulePackRevisionName>,
}

impl Pack {
    /// Changes with every change of the pack or its revisions.
    pub(crate) fn etag(&self) -> String {
        etag(self.version)
    }
}

/// A revision without its text.
#[derive(Debug, Clone)]
pub(crate) struct Revision {
    pub pack: PackId,
    pub revision: u64,
    pub digest: Digest,
    pub source_digest: Digest,
    pub state: State,
    pub active_from: Option<Month>,
    pub warnings: Vec<Finding>,
    pub author: String,
    pub approver: String,
    /// Absent for one that was only checked.
    pub create_time: Option<Instant>,
    pub version: i64,
    /// What it derives from, if it does.
    pub parent: Option<RulePackRevisionName>,
    /// What it makes different from its parent.
    pub overrides: Vec<Difference>,
}

impl Revision {
    /// Changes with every change of state.
    pub(crate) fn etag(&self) -> String {
        etag(self.version)
    }
}

/// The text of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    /// YAML with comments.
    pub source: String,
    /// Canonical JSON.
    pub canonical: Vec<u8>,
}

impl Text {
    /// Whether this is the text that the digests name.
    pub(crate) fn is(&self, digest: &Digest, source_digest: &Digest) -> bool {
        Digest::of(&self.canonical) == *digest
            && Digest::of(self.source.as_bytes()) == *source_digest
    }
}

/// A revision in force with its text, as it is given to whoever asks.
#[derive(Debug)]
pub(crate) struct Given {
    pub revision: Revision,
    pub text: Text,
}

impl Given {
    /// Whether it is still what the database says of a revision in force.
    pub(crate) fn is(&self, revision: &Revision) -> bool {
        let identity =
            |it: &Revision| (it.revision, it.version, it.active_from, it.digest, it.source_digest);
        self.revision.pack == revision.pack && identity(&self.revision) == identity(revision)
    }
}

/// A revision put in force.
#[derive(Debug, Clone)]
pub(crate) struct Activation {
    /// Its place in the feed.
    pub sequence: i64,
    pub revision: Revision,
}

/// A version number as an entity tag, quoted as RFC 7232 wants it.
fn etag(version: i64) -> String {
    format!("\"{version}\"")
}
