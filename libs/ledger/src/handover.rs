//! How a log passes from one key to the next: a note that both sign.
//!
//! Its text is five lines: [`HANDOVER_FORMAT`], the name of the log, the former key, the new key,
//! and the number of leaves up to which the former one signed. Whoever believes the former key may
//! believe the new one; nobody has to.

use thiserror::Error;

use crate::note::{NoteError, SignedNote, Signer, VerifierKey};

/// The format that this module writes and reads.
pub const HANDOVER_FORMAT: &str = "chengping.key-handover/1";

/// Why a handover hands nothing over.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HandoverError {
    /// The text is not that of a handover.
    #[error(
        "not a handover: expected its format, the log, two keys of it and a tree size, a line each"
    )]
    Malformed,
    /// One of the two keys did not sign, or something was altered.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// It is from another key than the one that is believed.
    #[error("the handover is from {found}, not from {expected}")]
    OtherKey {
        /// The key that is believed.
        expected: String,
        /// The key that hands over.
        found: String,
    },
}

/// What a handover says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    /// The key that signed so far.
    pub former: VerifierKey,
    /// The key that signs from now on.
    pub next: VerifierKey,
    /// The number of leaves up to which the former one signed.
    pub tree_size: u64,
}

/// The note by which `former` hands the log over to `next` at `tree_size` leaves.
///
/// # Errors
///
/// [`HandoverError::Malformed`] when the keys are of different logs.
pub fn hand_over(
    former: &Signer,
    next: &Signer,
    tree_size: u64,
) -> Result<SignedNote, HandoverError> {
    let (old, new) = (former.verifier_key(), next.verifier_key());
    if old.name() != new.name() || old == new {
        return Err(HandoverError::Malformed);
    }
    let text = format!("{HANDOVER_FORMAT}\n{}\n{old}\n{new}\n{tree_size}\n", old.name());
    Ok(SignedNote::new(text)?.signed_by(former).signed_by(next))
}

/// Reads a handover by the key that is `believed`, and checks both signatures.
///
/// # Errors
///
/// Every [`HandoverError`].
pub fn open(note: &str, believed: &VerifierKey) -> Result<Handover, HandoverError> {
    let note: SignedNote = note.parse()?;
    let read = read(note.text()).ok_or(HandoverError::Malformed)?;
    if read.former != *believed {
        let (expected, found) = (believed.to_string(), read.former.to_string());
        return Err(HandoverError::OtherKey { expected, found });
    }
    for key in [&read.former, &read.next] {
        note.open(std::slice::from_ref(key))?;
    }
    Ok(read)
}

fn read(text: &str) -> Option<Handover> {
    let mut lines = text.lines();
    let mut next = || lines.next();
    if next()? != HANDOVER_FORMAT {
        return None;
    }
    let log = next()?;
    let former: VerifierKey = next()?.parse().ok()?;
    let new: VerifierKey = next()?.parse().ok()?;
    let size = next()?;
    let tree_size: u64 = size.parse().ok().filter(|number: &u64| number.to_string() == size)?;
    let is_one_log = former.name() == log && new.name() == log && former != new;
    (is_one_log && next().is_none()).then_some(Handover { former, next: new, tree_size })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(seed: u8) -> Signer {
        Signer::new("pingjia.example/zz", [seed; 32]).unwrap()
    }

    #[test]
    fn who_believes_the_former_key_learns_the_new_one() {
        let (former, next) = (signer(1), signer(2));
        let note = hand_over(&former, &next, 7).unwrap().to_string();
        let read = open(&note, &former.verifier_key()).unwrap();
        assert_eq!((read.next, read.tree_size), (next.verifier_key(), 7));
        let error = open(&note, &signer(3).verifier_key()).unwrap_err();
        assert!(matches!(error, HandoverError::OtherKey { .. }), "{error}");
        assert_eq!(hand_over(&former, &former, 7), Err(HandoverError::Malformed));
        let other = Signer::new("pingjia.example/kf", [2; 32]).unwrap();
        assert_eq!(hand_over(&former, &other, 7), Err(HandoverError::Malformed));
    }

    #[test]
    fn neither_key_hands_over_alone_and_no_byte_can_be_changed() {
        let (former, next) = (signer(1), signer(2));
        let whole = hand_over(&former, &next, 7).unwrap();
        let text = whole.text().to_owned();
        for alone in [&former, &next] {
            let note = SignedNote::new(text.clone()).unwrap().signed_by(alone).to_string();
            assert!(open(&note, &former.verifier_key()).is_err());
        }
        let whole = whole.to_string();
        for place in 0..whole.len() {
            let mut bytes = whole.clone().into_bytes();
            bytes[place] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            assert!(open(&changed, &former.verifier_key()).is_err(), "byte {place}");
        }
    }
}
