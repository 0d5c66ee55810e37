//! What `chengping verify` reads: one file with a sealed version and all the evidence for it.
//!
//! The file is canonical JSON:
//!
//! | field | meaning |
//! |---|---|
//! | `format` | `chengping.bundle/1` |
//! | `digest` | the digest of the document, as the bulletin prints it |
//! | `document` | the sealed version, see [`crate::version`] |
//! | `earlier` | versions before it, the latest first; may be empty |
//! | `log` | `{"entries": […]}` or `{"proofs": {…}}`, see [`Evidence`] |
//! | `checkpoint` | the signed checkpoint, see [`crate::checkpoint`] |
//! | `keys` | the keys of all its signatures, for information: a reader believes only its own |
//!
//! No byte of it goes unchecked: [`verify`] finds any that was changed and says where.

use chengping_types::{BodyId, Digest, canonical};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::checkpoint::CheckpointError;
use crate::lines::LineProof;
use crate::note::{NoteError, SignedNote, VerifierKey};
use crate::receipt::{Receipt, ReceiptError};
use crate::version::{Document, SealedVersion, VersionError};

pub use self::evidence::{EntryProof, Evidence, Proofs};
pub use self::report::{Check, Checked, Failure, Outcome, Place, Report, Standing};
pub use self::verify::verify;

mod evidence;
mod report;
#[cfg(test)]
mod tests;
mod verify;

/// The format that this module writes and reads.
pub const BUNDLE_FORMAT: &str = "chengping.bundle/1";

/// A sealed version with the evidence for it, none of it checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    format: String,
    digest: Digest,
    document: Value,
    earlier: Vec<Value>,
    log: Evidence,
    checkpoint: String,
    keys: Vec<VerifierKey>,
}

impl Bundle {
    /// Puts a bundle together; `keys` are those of all signatures of the `checkpoint`.
    #[must_use]
    pub fn new(
        sealed: &SealedVersion,
        log: Evidence,
        checkpoint: &SignedNote,
        keys: Vec<VerifierKey>,
    ) -> Self {
        Self {
            format: BUNDLE_FORMAT.to_owned(),
            digest: sealed.digest(),
            document: json(sealed),
            earlier: Vec::new(),
            log,
            checkpoint: checkpoint.to_string(),
            keys,
        }
    }

    /// The same with versions of the month before this one, the latest first.
    #[must_use]
    pub fn with_earlier(self, earlier: &[SealedVersion]) -> Self {
        Self { earlier: earlier.iter().map(json).collect(), ..self }
    }

    /// Reads the file; nothing of it is checked.
    ///
    /// # Errors
    ///
    /// When it is not the JSON of a bundle.
    pub fn parse(file: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(file)
    }

    /// The digest of the document, as the file says it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The sealed version inside, whose own digests hold. Whether it was published is for
    /// [`verify`] to say.
    ///
    /// # Errors
    ///
    /// Those of [`SealedVersion::parse`].
    pub fn sealed(&self) -> Result<SealedVersion, VersionError> {
        SealedVersion::parse(canonical::to_vec(&self.document)?)
    }

    /// Whether the version `sealed` inside stands, as the log inside has it; none where that is not
    /// the whole log. Whether it is the log is for [`verify`] to say.
    #[must_use]
    pub fn standing(&self, sealed: &SealedVersion) -> Option<Standing> {
        self.log.standing(sealed.document())
    }

    /// What a body gets of it: its own line, with the proof. The bundle should have been
    /// [verified](verify) before; nothing of it is checked here.
    ///
    /// # Errors
    ///
    /// If the document is not one, has no line of the body, or is not in the log.
    pub fn receipt(&self, body: &BodyId) -> Result<Receipt, ReceiptError> {
        let document: Document = serde_json::from_value(self.document.clone())?;
        let index = document.chain.index;
        let version = match &self.log {
            Evidence::Entries(entries) => EntryProof::of(entries, index)?,
            Evidence::Proofs(proofs) => {
                let (entry, path) = (document.entry(self.digest), proofs.path.clone());
                EntryProof { entry, index, path }
            }
        };
        let note: Result<SignedNote, NoteError> = self.checkpoint.parse();
        let note = note.map_err(CheckpointError::from)?;
        Ok(Receipt::new(LineProof::of(&document.results, body)?, version, &note))
    }

    /// The bytes of the file.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        canonical::to_vec(self).expect("sealed versions are canonical, and the rest is text")
    }
}

fn json(sealed: &SealedVersion) -> Value {
    serde_json::from_slice(sealed.bytes()).expect("canonical JSON is JSON")
}
