//! Signed notes (`c2sp.org/signed-note`) with Ed25519 keys: text that people and programs can
//! read, and below it a line for every key that signed it.
//!
//! Several keys may sign (a key that replaces another, a witness); a reader looks only at the
//! signatures of keys it knows, and rejects the note when one of those is wrong.
//!
//! ```
//! use chengping_ledger::note::{SignedNote, Signer};
//!
//! let signer = Signer::new("pingjia.example/zz", [7; 32])?;
//! let note = SignedNote::new("a line\n".to_owned())?.signed_by(&signer);
//! let read: SignedNote = note.to_string().parse()?;
//! assert_eq!(read.open(&[signer.verifier_key()])?, ["pingjia.example/zz"]);
//! # Ok::<(), chengping_ledger::note::NoteError>(())
//! ```

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use thiserror::Error;

pub use self::key::{KeyError, Signer, VerifierKey};

mod key;
#[cfg(test)]
mod tests;

/// What begins a signature line: an em dash and a space.
const SIGNATURE_PREFIX: &str = "\u{2014} ";

/// More signatures than any note needs; a bound on the work that a hostile note can cause.
const SIGNATURES_MAX: usize = 100;

/// Why a note cannot be written, read or trusted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoteError {
    /// The text cannot be the text of a note.
    #[error("the text of a note ends in a newline and holds no other control character")]
    Text,
    /// There is no blank line between text and signatures.
    #[error("the note has no blank line before its signatures")]
    NoSignatures,
    /// A line below the text is not a signature.
    #[error("signature line {line} is malformed; expected `\u{2014} NAME BASE64` and a newline")]
    SignatureLine {
        /// The line, counted from 1 after the blank line.
        line: usize,
    },
    /// The note has more signatures than a reader accepts.
    #[error("the note has more than {SIGNATURES_MAX} signatures")]
    TooManySignatures,
    /// A known key's signature does not fit the text.
    #[error("the signature of {name} does not fit the text; one of the two was altered")]
    WrongSignature {
        /// The key as `name+id`.
        name: String,
    },
    /// No known key signed the note.
    #[error("no known key signed the note; it is signed by {signers}")]
    UnknownSigners {
        /// The keys that did, as `name+id`.
        signers: String,
    },
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    name: String,
    key_id: [u8; 4],
    bytes: Vec<u8>,
}

impl Signature {
    /// Whether the line claims to be by `key`.
    #[must_use]
    pub fn claims(&self, key: &VerifierKey) -> bool {
        self.name == key.name() && self.key_id == key.id()
    }

    /// The key it claims to be by, as `name+id`.
    #[must_use]
    pub fn signer(&self) -> String {
        key::label(&self.name, self.key_id)
    }
}

/// A text and the signatures below it, which nothing has checked until [`SignedNote::open`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<Signature>,
}

impl SignedNote {
    /// A note that nobody has signed yet.
    ///
    /// # Errors
    ///
    /// [`NoteError::Text`].
    pub fn new(text: String) -> Result<Self, NoteError> {
        let control = |character: char| character < ' ' && character != '\n';
        if !text.ends_with('\n') || text.contains(control) {
            return Err(NoteError::Text);
        }
        Ok(Self { text, signatures: Vec::new() })
    }

    /// The note with the signature of `signer` below it; one that was there is replaced.
    #[must_use]
    pub fn signed_by(mut self, signer: &Signer) -> Self {
        let key = signer.verifier_key();
        self.signatures.retain(|signature| !signature.claims(&key));
        self.signatures.push(Signature {
            name: key.name().to_owned(),
            key_id: key.id(),
            bytes: signer.sign(self.text.as_bytes()).to_vec(),
        });
        self
    }

    /// The text with its last newline. Not to be believed before [`SignedNote::open`].
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Checks the signatures of the `known` keys, and returns the names of those that signed.
    ///
    /// Signatures of other keys are ignored.
    ///
    /// # Errors
    ///
    /// [`NoteError::WrongSignature`] when any of the known keys' signatures is wrong,
    /// [`NoteError::UnknownSigners`] when none of them signed.
    pub fn open(&self, known: &[VerifierKey]) -> Result<Vec<String>, NoteError> {
        let mut names = Vec::new();
        for signature in &self.signatures {
            let claimed: Vec<_> = known.iter().filter(|key| signature.claims(key)).collect();
            if claimed.is_empty() {
                continue;
            }
            // Two keys may share name and ID; then it is enough that one of them fits.
            if !claimed.iter().any(|key| key.verifies(self.text.as_bytes(), &signature.bytes)) {
                return Err(NoteError::WrongSignature { name: signature.signer() });
            }
            if !names.contains(&signature.name) {
                names.push(signature.name.clone());
            }
        }
        if names.is_empty() {
            let signers: Vec<_> = self.signatures.iter().map(Signature::signer).collect();
            return Err(NoteError::UnknownSigners { signers: signers.join(", ") });
        }
        Ok(names)
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for Signature { name, key_id, bytes } in &self.signatures {
            let signature = BASE64.encode([key_id.as_slice(), bytes].concat());
            writeln!(f, "{SIGNATURE_PREFIX}{name} {signature}")?;
        }
        Ok(())
    }
}

impl FromStr for SignedNote {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        let blank = note.rfind("\n\n").ok_or(NoteError::NoSignatures)?;
        let (text, rest) = note.split_at(blank + 1);
        let lines = &rest[1..];
        if lines.is_empty() {
            return Err(NoteError::NoSignatures);
        }
        let mut read = Self::new(text.to_owned())?;
        for (index, line) in lines.split_inclusive('\n').enumerate() {
            if index == SIGNATURES_MAX {
                return Err(NoteError::TooManySignatures);
            }
            let signature = parse_signature(line);
            read.signatures.push(signature.ok_or(NoteError::SignatureLine { line: index + 1 })?);
        }
        Ok(read)
    }
}

fn parse_signature(line: &str) -> Option<Signature> {
    let line = line.strip_prefix(SIGNATURE_PREFIX)?.strip_suffix('\n')?;
    let (name, base64) = line.split_once(' ')?;
    let decoded = BASE64.decode(base64).ok()?;
    let (key_id, bytes) = decoded.split_first_chunk::<4>()?;
    if !key::valid_name(name) || bytes.is_empty() {
        return None;
    }
    Some(Signature { name: name.to_owned(), key_id: *key_id, bytes: bytes.to_vec() })
}
