//! Whom the reader believes, and for how long a log.

use chengping_ledger::checkpoint::Checkpoint;
use chengping_ledger::note::{SignedNote, VerifierKey};
use serde::Deserialize;

/// A key, and the largest log that it vouches for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TrustedKey {
    /// The key.
    pub verifier_key: VerifierKey,
    /// None while it signs. What it signs of a larger log, after another key took its place, is
    /// not believed: it may have been stolen.
    #[serde(default)]
    pub last_tree_size: Option<u64>,
}

/// Why a text names no keys.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// It begins like JSON and is not a list of keys.
    #[error("not the list of keys that `chengping keys list --format json` prints: {0}")]
    Json(#[from] serde_json::Error),
    /// A line is not a key.
    #[error(
        "line {line} is not a key, NAME+HASH+BASE64, with a tree size behind it if it is retired"
    )]
    Line {
        /// From 1.
        line: usize,
    },
    /// There is no key in it. To believe nobody is not to believe whoever the bundle names.
    #[error("no key is named there")]
    Empty,
}

/// The keys that a reader believes. Without any, a bundle is checked with its own keys: that shows
/// that it is whole, and not who signed it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    keys: Vec<TrustedKey>,
}

impl Trust {
    /// Whether the reader names no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The same and a key that still signs.
    #[must_use]
    pub fn and(mut self, verifier_key: VerifierKey) -> Self {
        self.keys.push(TrustedKey { verifier_key, last_tree_size: None });
        self
    }

    /// The same and all keys of a text: JSON as `chengping keys list` prints it, or a key a line, a
    /// retired one with a space and the size of the largest log that it signed.
    ///
    /// # Errors
    ///
    /// Every [`TrustError`].
    pub fn and_listed(mut self, text: &str) -> Result<Self, TrustError> {
        let listed = if text.trim_start().starts_with('[') {
            serde_json::from_str(text)?
        } else {
            parse_lines(text)?
        };
        if listed.is_empty() {
            return Err(TrustError::Empty);
        }
        self.keys.extend(listed);
        Ok(self)
    }

    /// The keys to check a `checkpoint` with; where the reader names none, those `stated` with it.
    pub(crate) fn at(&self, checkpoint: &str, stated: Vec<VerifierKey>) -> Vec<VerifierKey> {
        if self.keys.is_empty() {
            return stated;
        }
        let note = checkpoint.parse::<SignedNote>().ok();
        let size = note.and_then(|note| note.text().parse::<Checkpoint>().ok());
        let size = size.map_or(0, |checkpoint| checkpoint.head().size);
        let believed = |key: &&TrustedKey| key.last_tree_size.is_none_or(|last| size <= last);
        self.keys.iter().filter(believed).map(|key| key.verifier_key.clone()).collect()
    }
}

fn parse_lines(text: &str) -> Result<Vec<TrustedKey>, TrustError> {
    let lines = text.lines().map(str::trim).enumerate();
    let keys = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    keys.map(|(index, line)| parse_line(line).ok_or(TrustError::Line { line: index + 1 })).collect()
}

fn parse_line(line: &str) -> Option<TrustedKey> {
    let (key, size) = match line.split_once(char::is_whitespace) {
        Some((key, size)) => (key, Some(size.trim().parse().ok()?)),
        None => (line, None),
    };
    Some(TrustedKey { verifier_key: key.parse().ok()?, last_tree_size: size })
}

#[cfg(test)]
mod tests {
    use chengping_ledger::merkle::TreeHead;
    use chengping_ledger::note::Signer;

    use super::*;

    fn signer(seed: u8) -> Signer {
        Signer::new("pingjia.example/zz", [seed; 32]).unwrap()
    }

    #[test]
    fn keys_are_read_from_lines_and_from_json() {
        let (old, new) = (signer(1).verifier_key(), signer(2).verifier_key());
        let lines = format!("# the office\n{old} 3\n\n{new}\n");
        let json = format!(
            "[{{\"verifier_key\": \"{old}\", \"last_tree_size\": 3, \"reason\": \"lost\"}},
              {{\"verifier_key\": \"{new}\", \"last_tree_size\": null}}]"
        );
        let read = Trust::default().and_listed(&lines).unwrap();
        assert_eq!(read, Trust::default().and_listed(&json).unwrap());
        assert_eq!(read.keys[0].last_tree_size, Some(3));
        assert_eq!(read.keys[1].last_tree_size, None);
        let error = Trust::default().and_listed(&format!("{new}\nnothing")).unwrap_err();
        assert!(matches!(error, TrustError::Line { line: 2 }));
        assert!(matches!(Trust::default().and_listed("[3]"), Err(TrustError::Json(_))));
    }

    #[test]
    fn a_list_without_keys_is_not_the_same_as_none() {
        for text in ["", "\n \n", "[]", " [ ] ", "# the office\n\n# to be filled in\n"] {
            let known = Trust::default().and(signer(1).verifier_key());
            for trust in [Trust::default(), known] {
                let read = trust.and_listed(text);
                assert!(matches!(read, Err(TrustError::Empty)), "{text:?}");
            }
        }
    }

    #[test]
    fn a_retired_key_vouches_for_no_larger_log() {
        let (old, new) = (signer(1), signer(2));
        let list = format!("{} 3\n{}\n", old.verifier_key(), new.verifier_key());
        let trust = Trust::default().and_listed(&list).unwrap();
        let checkpoint = |size| {
            let leaves = vec![chengping_ledger::merkle::leaf_hash(b"x"); size];
            let checkpoint = Checkpoint::new("pingjia.example/zz", TreeHead::of(&leaves)).unwrap();
            checkpoint.signed_by(&old).to_string()
        };
        let at = |size| trust.at(&checkpoint(size), vec![old.verifier_key()]);
        assert_eq!(at(3), [old.verifier_key(), new.verifier_key()]);
        assert_eq!(at(4), [new.verifier_key()]);
        let stated = Trust::default().at(&checkpoint(4), vec![old.verifier_key()]);
        assert_eq!(stated, [old.verifier_key()], "where nobody is believed");
    }
}
