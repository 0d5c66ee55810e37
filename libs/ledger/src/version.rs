//! The sealed version of a month's result: one canonical JSON document that is never changed.
//!
//! - `format`: `chengping.version/1`.
//! - `jurisdiction`, `month`: whose result, of which month.
//! - `version`, `previous`: 1 and `null` for the first publication; a correction is the next
//!   version and names the digest of the one that it replaces.
//! - `reason`: why there is a correction, `null` in version 1.
//! - `publish_time`: RFC 3339 with offset.
//! - `chain`: the place in the jurisdiction's log and the leaf before it, see [`Link`].
//! - `results`, `results_digest`: what `chengping results` exports, and the digest of its
//!   canonical bytes.
//! - `input`, `input_digest`: everything that the evaluation read, so that anybody can compute it
//!   again, and its digest.
//! - `reported`: what districts reported and the office accepted (6.4), where the pack publishes it;
//!   left out where there is none.
//! - `lines_root`: the root of the tree over the lines of the bodies, see [`crate::lines`].
//!
//! The digest of the document is the SHA-256 of its bytes, as `sha256sum` prints it. In the log it
//! stands as an [`Entry`], which says of what month and version the document is.

use chengping_types::{Digest, Instant, JurisdictionId, Month, canonical};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::difference::first_differing_byte;
use crate::lines::{self, LineError};
use crate::merkle;
use crate::reported::{self, Reported};

#[cfg(test)]
mod tests;

/// The format that this module writes and reads.
pub const VERSION_FORMAT: &str = "chengping.version/1";

/// Why a document cannot be sealed, or is not a sealed one.
#[derive(Debug, Error)]
pub enum VersionError {
    /// The bytes are not the JSON of a sealed version.
    #[error("not a sealed version")]
    Json(#[from] serde_json::Error),
    /// The document holds what canonical JSON cannot.
    #[error("the document has no canonical form")]
    Canonical(#[from] canonical::CanonicalError),
    /// The bytes are not those that the content has in canonical form.
    #[error("not in canonical form from byte {offset} on; seal and keep the bytes as they are")]
    NotCanonical {
        /// Offset of the first byte that differs.
        offset: usize,
    },
    /// A field contradicts the format or another field.
    #[error("`{field}` is wrong: {why}")]
    Field {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The results have no lines.
    #[error("the results cannot be split into lines")]
    Lines(#[from] LineError),
    /// A part does not have the digest that was sealed with it.
    #[error("`{field}` says {sealed}, but what it covers has {computed}")]
    Digest {
        /// `results_digest`, `input_digest` or `lines_root`.
        field: &'static str,
        /// What the document says.
        sealed: Digest,
        /// What its content has.
        computed: Digest,
    },
}

/// A place in the log of a jurisdiction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Number of leaves before this one.
    pub index: u64,
    /// The leaf before this one ([`Entry::leaf`]); nothing before leaf 0.
    pub previous: Option<Digest>,
}

impl Link {
    /// The place behind the `leaves` of a log.
    #[must_use]
    pub fn after(leaves: &[Digest]) -> Self {
        Self { index: leaves.len() as u64, previous: leaves.last().copied() }
    }
}

/// What an entry of a log says of its version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// It is published; the entry does not say so, so that the leaves of logs from before there was
    /// anything else stay what they are.
    #[default]
    Published,
    /// It is withdrawn, see [`crate::withdrawal`].
    Withdrawn,
}

impl EntryKind {
    fn is_published(&self) -> bool {
        *self == Self::Published
    }

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What a log says of a document: enough to see which months were published in which versions
/// without reading the documents, and that no version was published twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The digest of the document.
    pub document: Digest,
    /// Whose result.
    pub jurisdiction: JurisdictionId,
    /// What it says of the version.
    #[serde(default, skip_serializing_if = "EntryKind::is_published")]
    pub kind: EntryKind,
    /// The root over the lines of the bodies, as in the document.
    pub lines_root: Digest,
    /// Of which month.
    pub month: Month,
    /// Which version of it, from 1.
    pub version: u32,
}

impl Entry {
    /// The leaf of the log: the Merkle leaf hash of the entry's canonical bytes.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        let bytes = canonical::to_vec(self).expect("texts and a small number are canonical");
        merkle::leaf_hash(&bytes)
    }
}

/// The version that a correction replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Superseded {
    /// Its number.
    pub version: u32,
    /// The digest of its document.
    pub digest: Digest,
}

/// What is to be sealed.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Whose result.
    pub jurisdiction: JurisdictionId,
    /// Of which month.
    pub month: Month,
    /// The latest version of this month so far, if any: this one is the next.
    pub supersedes: Option<Superseded>,
    /// Why there is a correction: required with `supersedes`, refused without.
    pub reason: Option<String>,
    /// RFC 3339 with offset.
    pub publish_time: String,
    /// The next place in the log.
    pub chain: Link,
    /// The results document.
    pub results: Value,
    /// Everything that the evaluation read.
    pub input: Value,
    /// What districts reported, by district.
    pub reported: Vec<Reported>,
}

/// The content of a sealed version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Document {
    /// [`VERSION_FORMAT`].
    pub format: String,
    /// Whose result.
    pub jurisdiction: JurisdictionId,
    /// Of which month.
    pub month: Month,
    /// From 1.
    pub version: u32,
    /// The digest of the version before, `None` in version 1.
    pub previous: Option<Digest>,
    /// Why a correction was made, `None` in version 1.
    pub reason: Option<String>,
    /// RFC 3339 with offset.
    pub publish_time: String,
    /// The place in the log.
    pub chain: Link,
    /// The results document.
    pub results: Value,
    /// The digest of its canonical bytes.
    pub results_digest: Digest,
    /// Everything that the evaluation read.
    pub input: Value,
    /// The digest of its canonical bytes.
    pub input_digest: Digest,
    /// The root over the lines of the bodies.
    pub lines_root: Digest,
    /// What districts reported and the office accepted, in the byte order of the districts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reported: Vec<Reported>,
}

impl Document {
    /// Reads a document and checks its form: every field there, none unknown, the rules between
    /// header fields kept, and the bytes exactly those of the canonical form.
    ///
    /// The digests inside are left to [`Document::contents`].
    ///
    /// # Errors
    ///
    /// Every [`VersionError`] but [`VersionError::Digest`] and [`VersionError::Lines`].
    pub fn parse(bytes: &[u8]) -> Result<Self, VersionError> {
        let document: Self = serde_json::from_slice(bytes)?;
        let canonical = canonical::to_vec(&document)?;
        if let Some(offset) = first_differing_byte(&canonical, bytes) {
            return Err(VersionError::NotCanonical { offset });
        }
        document.check()?;
        Ok(document)
    }

    /// Checks every digest inside against what it covers, and returns all that are wrong.
    #[must_use]
    pub fn contents(&self) -> Vec<VersionError> {
        let mut wrong = Vec::new();
        let mut expect = |field, sealed, computed: Result<Digest, VersionError>| match computed {
            Ok(computed) if computed == sealed => {}
            Ok(computed) => wrong.push(VersionError::Digest { field, sealed, computed }),
            Err(error) => wrong.push(error),
        };
        let digest = |part: &Value| canonical::digest(part).map_err(VersionError::from);
        expect("results_digest", self.results_digest, digest(&self.results));
        expect("input_digest", self.input_digest, digest(&self.input));
        let root = lines::lines_root(&self.results).map_err(VersionError::from);
        expect("lines_root", self.lines_root, root);
        wrong
    }

    /// What the log says of this document, given the `digest` of its bytes.
    #[must_use]
    pub fn entry(&self, digest: Digest) -> Entry {
        Entry {
            document: digest,
            jurisdiction: self.jurisdiction.clone(),
            kind: EntryKind::Published,
            lines_root: self.lines_root,
            month: self.month,
            version: self.version,
        }
    }

    /// The rules between the fields of the header, as the module lists them.
    pub(crate) fn check(&self) -> Result<(), VersionError> {
        let wrong = |field, why: &str| Err(VersionError::Field { field, why: why.to_owned() });
        if self.format != VERSION_FORMAT {
            return wrong("format", &format!("expected {VERSION_FORMAT}, got {}", self.format));
        }
        let first = self.version == 1;
        if self.version == 0 {
            return wrong("version", "versions count from 1");
        }
        if first != self.previous.is_none() {
            return wrong(
                "previous",
                "version 1 replaces nothing, every other one its predecessor",
            );
        }
        let reason = self.reason.as_deref().map(str::trim);
        if first != reason.is_none() || reason == Some("") {
            return wrong("reason", "every correction needs a reason, and version 1 has none");
        }
        if (self.chain.index == 0) != self.chain.previous.is_none() {
            return wrong("chain", "leaf 0 follows nothing, every other one the leaf before it");
        }
        if let Err(error) = Instant::parse(&self.publish_time) {
            return wrong("publish_time", &error.to_string());
        }
        for (field, expected) in
            [("jurisdiction", self.jurisdiction.as_str()), ("month", &self.month.to_string())]
        {
            if self.results.get(field).and_then(Value::as_str) != Some(expected) {
                return wrong("results", &format!("they are not those of the {field} {expected}"));
            }
        }
        reported::check(&self.reported).or_else(|why| wrong("reported", &why))
    }
}

/// A sealed version: its bytes, which are stored and served as they are, and its digest.
#[derive(Debug, Clone, PartialEq)]
pub struct SealedVersion {
    bytes: Vec<u8>,
    digest: Digest,
    document: Document,
}

impl SealedVersion {
    /// Reads a sealed version, and checks its form and every digest inside.
    ///
    /// # Errors
    ///
    /// Every [`VersionError`]; of several wrong digests the first.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, VersionError> {
        let document = Document::parse(&bytes)?;
        match document.contents().into_iter().next() {
            Some(error) => Err(error),
            None => Ok(Self { digest: Digest::of(&bytes), bytes, document }),
        }
    }

    /// The canonical bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The canonical bytes, for keeping.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The digest of the bytes: what a bulletin prints.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The content.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// What goes into the log.
    #[must_use]
    pub fn entry(&self) -> Entry {
        self.document.entry(self.digest)
    }

    /// What a correction of this version supersedes.
    #[must_use]
    pub fn superseded(&self) -> Superseded {
        Superseded { version: self.document.version, digest: self.digest }
    }
}

/// Seals `draft`: the same draft gives the same bytes, always and everywhere.
///
/// # Errors
///
/// [`VersionError::Field`] when header fields contradict each other or the results,
/// [`VersionError::Canonical`] and [`VersionError::Lines`] for unfit results or input.
pub fn seal(draft: Draft) -> Result<SealedVersion, VersionError> {
    let Draft {
        jurisdiction,
        month,
        supersedes,
        reason,
        publish_time,
        chain,
        results,
        input,
        reported,
    } = draft;
    let document = Document {
        format: VERSION_FORMAT.to_owned(),
        jurisdiction,
        month,
        version: supersedes.map_or(Some(1), |old| old.version.checked_add(1)).unwrap_or_default(),
        previous: supersedes.map(|old| old.digest),
        reason,
        publish_time,
        chain,
        results_digest: canonical::digest(&results)?,
        input_digest: canonical::digest(&input)?,
        lines_root: lines::lines_root(&results)?,
        results,
        input,
        reported,
    };
    document.check()?;
    let bytes = canonical::to_vec(&document)?;
    Ok(SealedVersion { digest: Digest::of(&bytes), bytes, document })
}
