//! Checkpoints of a log (`c2sp.org/tlog-checkpoint`): how large the log is and what its root is,
//! as three lines of text that the log signs.
//!
//! Whoever keeps a checkpoint can hold the office to it: a later checkpoint must be shown to be
//! consistent with it ([`verify_growth`]), so nothing that it covers can be changed or dropped.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chengping_types::{Digest, JurisdictionId};
use thiserror::Error;

use crate::merkle::{self, MerkleError, TreeHead};
use crate::note::{NoteError, SignedNote, Signer, VerifierKey};

/// Why a checkpoint cannot be written, read or believed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// A line is not what it should be.
    #[error("line {line} of the checkpoint is not {expected}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What belongs there.
        expected: &'static str,
    },
    /// The note around the checkpoint is malformed or not signed by a known key.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Known keys signed, but not that of the log itself.
    #[error("the log {origin} did not sign its checkpoint; only {signers} did")]
    NotSignedByLog {
        /// The log, which is also the name of its key.
        origin: String,
        /// Known keys that signed.
        signers: String,
    },
    /// The checkpoints are of different logs.
    #[error("the checkpoints are of different logs, {old} and {new}")]
    OtherLog {
        /// Origin of the older one.
        old: String,
        /// Origin of the newer one.
        new: String,
    },
    /// The newer tree does not continue the older one.
    #[error("the newer checkpoint does not continue the older one: {0}")]
    Inconsistent(#[source] MerkleError),
}

/// The name of a jurisdiction's log and of the key that signs it: `HOST/JURISDICTION`.
#[must_use]
pub fn origin(host: &str, jurisdiction: &JurisdictionId) -> String {
    format!("{host}/{jurisdiction}")
}

/// Whether `name` is the name of the log of `jurisdiction`, on whatever host.
#[must_use]
pub fn is_log_of(name: &str, jurisdiction: &JurisdictionId) -> bool {
    name.rsplit_once('/').is_some_and(|(host, _)| name == origin(host, jurisdiction))
}

/// The state of a log: which log, how many leaves, which root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    head: TreeHead,
    extensions: Vec<String>,
}

impl Checkpoint {
    /// The checkpoint of the log `origin` (see [`origin`]) whose tree has this `head`.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Line`] when the origin is empty or not one line.
    pub fn new(origin: &str, head: TreeHead) -> Result<Self, CheckpointError> {
        Self { origin: origin.to_owned(), head, extensions: Vec::new() }.checked()
    }

    /// The same with further lines, which no monitor of logs can check: better none.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Line`] when one is empty or not one line.
    pub fn with_extensions(self, extensions: Vec<String>) -> Result<Self, CheckpointError> {
        Self { extensions, ..self }.checked()
    }

    fn checked(self) -> Result<Self, CheckpointError> {
        let one_line = |text: &str| !text.is_empty() && !text.contains(|c: char| c < ' ');
        if !one_line(&self.origin) {
            return Err(CheckpointError::Line { line: 1, expected: "the origin of a log" });
        }
        match self.extensions.iter().position(|extension| !one_line(extension)) {
            Some(at) => Err(CheckpointError::Line { line: at + 4, expected: "an extension" }),
            None => Ok(self),
        }
    }

    /// Which log this is.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The size and root of its tree.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        self.head
    }

    /// Further lines, with a meaning of their own.
    #[must_use]
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    /// The checkpoint as a note signed by `signer`, whose name should be the origin.
    ///
    /// More signatures are added with [`SignedNote::signed_by`].
    #[must_use]
    pub fn signed_by(&self, signer: &Signer) -> SignedNote {
        SignedNote::new(self.to_string())
            .expect("the lines were checked when the checkpoint was made")
            .signed_by(signer)
    }

    /// Reads a signed checkpoint that one of the `known` keys signed in the name of the log.
    ///
    /// Signatures of unknown keys are ignored; the others, of witnesses say, must be right, but
    /// do not replace that of the log.
    ///
    /// # Errors
    ///
    /// Every [`CheckpointError`] but those of two checkpoints.
    pub fn open(note: &SignedNote, known: &[VerifierKey]) -> Result<Opened, CheckpointError> {
        let checkpoint: Self = note.text().parse()?;
        let signers = note.open(known)?;
        if !signers.contains(&checkpoint.origin) {
            let signers = signers.join(", ");
            return Err(CheckpointError::NotSignedByLog { origin: checkpoint.origin, signers });
        }
        Ok(Opened { checkpoint, signers })
    }
}

/// A checkpoint to be believed, and on whose word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// Names of the known keys that signed, in the order of their signatures.
    pub signers: Vec<String>,
}

/// Checks that the log at checkpoint `new` only adds leaves to itself at `old`.
///
/// # Errors
///
/// [`CheckpointError::OtherLog`], [`CheckpointError::Inconsistent`].
pub fn verify_growth(
    old: &Checkpoint,
    new: &Checkpoint,
    path: &[Digest],
) -> Result<(), CheckpointError> {
    if old.origin != new.origin {
        let (old, new) = (old.origin.clone(), new.origin.clone());
        return Err(CheckpointError::OtherLog { old, new });
    }
    merkle::verify_consistency(old.head, new.head, path).map_err(CheckpointError::Inconsistent)
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = BASE64.encode(self.head.root.as_bytes());
        write!(f, "{}\n{}\n{root}\n", self.origin, self.head.size)?;
        self.extensions.iter().try_for_each(|extension| writeln!(f, "{extension}"))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let refused = |line, expected| CheckpointError::Line { line, expected };
        let mut lines = text.split_inclusive('\n').map(|line| line.strip_suffix('\n'));
        let mut next = || lines.next().flatten();
        let origin = next().ok_or(refused(1, "the origin of a log"))?;
        let size = next()
            .filter(|size| *size == "0" || !size.starts_with(['0', '+']))
            .and_then(|size| size.parse().ok())
            .ok_or(refused(2, "the number of leaves"))?;
        let root = next()
            .and_then(|root| BASE64.decode(root).ok())
            .and_then(|root| root.try_into().ok())
            .map(Digest::from_bytes)
            .ok_or(refused(3, "a root hash of 32 bytes in base64"))?;
        let mut extensions = Vec::new();
        for (index, line) in lines.enumerate() {
            let extension = line.ok_or(refused(index + 4, "an extension"))?;
            extensions.push(extension.to_owned());
        }
        Self::new(origin, TreeHead { size, root })?.with_extensions(extensions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "pingjia.example/zz";

    fn signer(name: &str, seed: u8) -> Signer {
        Signer::new(name, [seed; 32]).unwrap()
    }

    fn leaves(size: u8) -> Vec<Digest> {
        (0..size).map(|index| merkle::leaf_hash(&[index])).collect()
    }

    fn checkpoint(leaves: &[Digest]) -> Checkpoint {
        Checkpoint::new(ORIGIN, TreeHead::of(leaves)).unwrap()
    }

    #[test]
    fn the_example_of_the_specification_is_read_and_written() {
        let text = "example.com/behind-the-sofa\n20852163\n\
            CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let read: Checkpoint = text.parse().unwrap();
        assert_eq!(read.origin(), "example.com/behind-the-sofa");
        assert_eq!(read.head().size, 20_852_163);
        assert_eq!(read.to_string(), text);

        let extended = read.with_extensions(vec!["月度".to_owned(), "two".to_owned()]).unwrap();
        assert_eq!(extended.to_string(), format!("{text}月度\ntwo\n"));
        assert_eq!(extended.to_string().parse(), Ok(extended));
    }

    #[test]
    fn malformed_lines_are_named() {
        let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        for (line, text) in [
            (1, String::new()),
            (1, format!("\n3\n{root}\n")),
            (2, format!("log\n03\n{root}\n")),
            (2, format!("log\n+3\n{root}\n")),
            (2, format!("log\n-3\n{root}\n")),
            (2, "log".to_owned() + "\n"),
            (3, "log\n3\nAAAA\n".to_owned()),
            (3, format!("log\n3\n{root}")),
            (4, format!("log\n3\n{root}\n\n")),
            (5, format!("log\n3\n{root}\none\ntwo")),
        ] {
            let error = text.parse::<Checkpoint>().unwrap_err();
            let found = match error {
                CheckpointError::Line { line, .. } => line,
                other => panic!("{other}"),
            };
            assert_eq!(found, line, "{text:?}");
        }
    }

    #[test]
    fn a_checkpoint_is_believed_on_the_word_of_the_log_only() {
        let log = signer(ORIGIN, 1);
        let witness = signer("witness.example", 2);
        let note = checkpoint(&leaves(3)).signed_by(&log).signed_by(&witness);
        let both = [log.verifier_key(), witness.verifier_key()];
        let opened = Checkpoint::open(&note, &both).unwrap();
        assert_eq!(opened.checkpoint, checkpoint(&leaves(3)));
        assert_eq!(opened.signers, [ORIGIN, "witness.example"]);

        let error = Checkpoint::open(&note, &both[1..]).unwrap_err();
        assert!(matches!(error, CheckpointError::NotSignedByLog { .. }), "{error}");
        let impostor = signer(ORIGIN, 3).verifier_key();
        let error = Checkpoint::open(&note, &[impostor]).unwrap_err();
        assert!(matches!(error, CheckpointError::Note(NoteError::UnknownSigners { .. })));
    }

    #[test]
    fn a_log_may_grow_but_not_change_its_past_or_its_name() {
        let grown = leaves(7);
        let old = checkpoint(&grown[..4]);
        let path = merkle::consistency_path(&grown, 4).unwrap();
        verify_growth(&old, &checkpoint(&grown), &path).unwrap();

        let mut rewritten = grown.clone();
        rewritten[2] = merkle::leaf_hash(b"rewritten");
        let path = merkle::consistency_path(&rewritten, 4).unwrap();
        let error = verify_growth(&old, &checkpoint(&rewritten), &path).unwrap_err();
        assert!(matches!(error, CheckpointError::Inconsistent(_)), "{error}");

        let other = Checkpoint::new("other.example/zz", TreeHead::of(&grown)).unwrap();
        let error = verify_growth(&old, &other, &path).unwrap_err();
        assert!(matches!(error, CheckpointError::OtherLog { .. }), "{error}");
    }
}
