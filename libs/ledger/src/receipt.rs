//! What a body gets of a publication: its own line, and a proof that reaches from there to the
//! signed checkpoint without showing the line of anybody else.

use chengping_types::canonical;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::bundle::EntryProof;
use crate::checkpoint::{self, Checkpoint, CheckpointError, Opened};
use crate::difference::first_differing_byte;
use crate::lines::{LineError, LineProof};
use crate::merkle::MerkleError;
use crate::note::{NoteError, SignedNote, VerifierKey};
use crate::version::EntryKind;

#[cfg(test)]
mod tests;

/// The format that this module writes and reads.
pub const RECEIPT_FORMAT: &str = "chengping.receipt/1";

/// Why a receipt proves nothing.
#[derive(Debug, Error)]
pub enum ReceiptError {
    /// The bytes are not the JSON of a receipt.
    #[error("not a receipt")]
    Json(#[from] serde_json::Error),
    /// The receipt holds what canonical JSON cannot.
    #[error("the receipt has no canonical form")]
    Canonical(#[from] canonical::CanonicalError),
    /// The bytes are not those that the content has in canonical form.
    #[error("not in canonical form from byte {offset} on; keep the bytes as they are")]
    NotCanonical {
        /// Offset of the first byte that differs.
        offset: usize,
    },
    /// The receipt is of another format.
    #[error("expected the format {RECEIPT_FORMAT}, got {0}")]
    Format(String),
    /// The line is not one of those sealed.
    #[error(transparent)]
    Line(#[from] LineError),
    /// The line is of another month or jurisdiction than the version that it is said to be in.
    #[error("the line and the version it stands in disagree on `{field}`")]
    Mismatch {
        /// `jurisdiction`, `month`, or `kind` where the entry is of a withdrawal.
        field: &'static str,
    },
    /// The log does not hold the version.
    #[error("the log does not hold the version: {0}")]
    Inclusion(#[from] MerkleError),
    /// The checkpoint is not to be believed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint is that of another jurisdiction.
    #[error("{origin} is not the log of the jurisdiction")]
    OtherLog {
        /// The log that signed.
        origin: String,
    },
}

/// A line, the version that it stands in, and the checkpoint of the log that holds the version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    format: String,
    line: LineProof,
    version: EntryProof,
    checkpoint: String,
}

impl Receipt {
    /// Puts a receipt together.
    #[must_use]
    pub fn new(line: LineProof, version: EntryProof, checkpoint: &SignedNote) -> Self {
        let format = RECEIPT_FORMAT.to_owned();
        Self { format, line, version, checkpoint: checkpoint.to_string() }
    }

    /// The bytes of the file: canonical JSON.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::Canonical`] when the line was not made by [`LineProof::of`].
    pub fn to_vec(&self) -> Result<Vec<u8>, ReceiptError> {
        Ok(canonical::to_vec(self)?)
    }

    /// Reads a receipt, and checks its form but not what it proves.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::Json`], [`ReceiptError::Canonical`], [`ReceiptError::NotCanonical`],
    /// [`ReceiptError::Format`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        let receipt: Self = serde_json::from_slice(bytes)?;
        if let Some(offset) = first_differing_byte(&receipt.to_vec()?, bytes) {
            return Err(ReceiptError::NotCanonical { offset });
        }
        if receipt.format != RECEIPT_FORMAT {
            return Err(ReceiptError::Format(receipt.format));
        }
        Ok(receipt)
    }

    /// The line. Not to be believed before [`Receipt::verify`].
    #[must_use]
    pub fn line(&self) -> &Value {
        &self.line.line
    }

    /// The version that the line stands in. Not to be believed before [`Receipt::verify`].
    #[must_use]
    pub fn version(&self) -> &EntryProof {
        &self.version
    }

    /// Checks the proof from the line to a checkpoint signed by a `trusted` key.
    ///
    /// # Errors
    ///
    /// What breaks first on the way from the checkpoint to the line.
    pub fn verify(&self, trusted: &[VerifierKey]) -> Result<Opened, ReceiptError> {
        let note: SignedNote =
            self.checkpoint.parse().map_err(|error: NoteError| CheckpointError::from(error))?;
        let opened = Checkpoint::open(&note, trusted)?;
        let entry = &self.version.entry;
        let origin = opened.checkpoint.origin();
        if !checkpoint::is_log_of(origin, &entry.jurisdiction) {
            return Err(ReceiptError::OtherLog { origin: origin.to_owned() });
        }
        if entry.kind != EntryKind::Published {
            return Err(ReceiptError::Mismatch { field: "kind" });
        }
        self.version.verify(opened.checkpoint.head())?;
        for (field, expected) in
            [("jurisdiction", entry.jurisdiction.to_string()), ("month", entry.month.to_string())]
        {
            if self.line.line.get(field).and_then(Value::as_str) != Some(&expected) {
                return Err(ReceiptError::Mismatch { field });
            }
        }
        self.line.verify(entry.lines_root)?;
        Ok(opened)
    }
}
