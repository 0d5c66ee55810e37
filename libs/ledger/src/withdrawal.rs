//! The withdrawal of a published version: a canonical JSON document of its own in the log, which
//! leaves the version as it is and says that it does not stand.
//!
//! - `format`: `chengping.withdrawal/1`.
//! - `jurisdiction`, `month`, `version`, `digest`: the version that is withdrawn, and the digest of
//!   its document.
//! - `lines_root`: the root over its lines, as in that document.
//! - `reason`: why.
//! - `withdraw_time`: RFC 3339 with offset.
//! - `chain`: the place in the jurisdiction's log and the leaf before it.

use chengping_types::{Digest, Instant, JurisdictionId, Month, canonical};
use serde::{Deserialize, Serialize};

use crate::difference::first_differing_byte;
use crate::version::{Entry, EntryKind, Link, VersionError};

/// The format that this module writes and reads.
pub const WITHDRAWAL_FORMAT: &str = "chengping.withdrawal/1";

/// The content of a withdrawal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    /// The place in the log.
    pub chain: Link,
    /// The digest of the document of the version.
    pub digest: Digest,
    /// [`WITHDRAWAL_FORMAT`].
    pub format: String,
    /// Whose result.
    pub jurisdiction: JurisdictionId,
    /// The root over its lines.
    pub lines_root: Digest,
    /// Of which month.
    pub month: Month,
    /// Why.
    pub reason: String,
    /// Which version of it.
    pub version: u32,
    /// RFC 3339 with offset.
    pub withdraw_time: String,
}

impl Withdrawal {
    /// The withdrawal of the version that `published` names, at the place `chain`.
    ///
    /// # Errors
    ///
    /// [`VersionError::Field`] when the entry is not of a publication, the reason is empty, or the
    /// time is none.
    pub fn of(
        published: &Entry,
        reason: String,
        withdraw_time: String,
        chain: Link,
    ) -> Result<Self, VersionError> {
        if published.kind != EntryKind::Published {
            let why = "only what is published can be withdrawn".to_owned();
            return Err(VersionError::Field { field: "version", why });
        }
        let withdrawal = Self {
            chain,
            digest: published.document,
            format: WITHDRAWAL_FORMAT.to_owned(),
            jurisdiction: published.jurisdiction.clone(),
            lines_root: published.lines_root,
            month: published.month,
            reason,
            version: published.version,
            withdraw_time,
        };
        withdrawal.check()?;
        Ok(withdrawal)
    }

    /// Reads a withdrawal from its canonical bytes.
    ///
    /// # Errors
    ///
    /// Every [`VersionError`] but those of digests and lines.
    pub fn parse(bytes: &[u8]) -> Result<Self, VersionError> {
        let withdrawal: Self = serde_json::from_slice(bytes)?;
        if let Some(offset) = first_differing_byte(&canonical::to_vec(&withdrawal)?, bytes) {
            return Err(VersionError::NotCanonical { offset });
        }
        withdrawal.check()?;
        Ok(withdrawal)
    }

    /// The canonical bytes, which are stored and served as they are.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        canonical::to_vec(self).expect("texts and small numbers are canonical")
    }

    /// What goes into the log.
    #[must_use]
    pub fn entry(&self) -> Entry {
        Entry {
            document: Digest::of(&self.to_vec()),
            jurisdiction: self.jurisdiction.clone(),
            kind: EntryKind::Withdrawn,
            lines_root: self.lines_root,
            month: self.month,
            version: self.version,
        }
    }

    fn check(&self) -> Result<(), VersionError> {
        let wrong = |field, why: String| Err(VersionError::Field { field, why });
        if self.format != WITHDRAWAL_FORMAT {
            let found = &self.format;
            return wrong("format", format!("expected {WITHDRAWAL_FORMAT}, got {found}"));
        }
        if self.version == 0 {
            return wrong("version", "versions count from 1".to_owned());
        }
        if self.reason.trim().is_empty() {
            return wrong("reason", "every withdrawal needs a reason".to_owned());
        }
        if self.chain.index == 0 || self.chain.previous.is_none() {
            return wrong("chain", "a withdrawal follows what it withdraws".to_owned());
        }
        match Instant::parse(&self.withdraw_time) {
            Ok(_) => Ok(()),
            Err(error) => wrong("withdraw_time", error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published() -> Entry {
        Entry {
            document: Digest::of(b"document"),
            jurisdiction: "zz".parse().unwrap(),
            kind: EntryKind::Published,
            lines_root: Digest::of(b"lines"),
            month: "2018-04".parse().unwrap(),
            version: 2,
        }
    }

    fn withdrawal() -> Withdrawal {
        let chain = Link { index: 1, previous: Some(published().leaf()) };
        let time = "2018-06-01T09:00:00+08:00".to_owned();
        Withdrawal::of(&published(), "数据源有误".to_owned(), time, chain).unwrap()
    }

    #[test]
    fn the_entry_of_a_publication_is_what_it_always_was() {
        let text = String::from_utf8(canonical::to_vec(&published()).unwrap()).unwrap();
        assert!(!text.contains("kind"), "{text}");
        let read: Entry = serde_json::from_str(&text).unwrap();
        assert_eq!(read, published());
        let withdrawn = String::from_utf8(canonical::to_vec(&withdrawal().entry()).unwrap());
        assert!(withdrawn.unwrap().contains(r#""kind":"withdrawn""#));
    }

    #[test]
    fn a_withdrawal_is_read_as_it_is_written_and_no_other_way() {
        let bytes = withdrawal().to_vec();
        assert_eq!(Withdrawal::parse(&bytes).unwrap(), withdrawal());
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let read = Withdrawal::parse(&changed);
            assert!(read.is_err() || read.unwrap().entry() != withdrawal().entry(), "byte {at}");
        }
        assert!(Withdrawal::parse(&[&bytes[..], b" "].concat()).is_err());
    }

    #[test]
    fn what_withdraws_nothing_is_refused() {
        let Withdrawal { chain, withdraw_time, reason, .. } = withdrawal();
        let of = |entry: &Entry, reason: &str, time: &str, chain| {
            Withdrawal::of(entry, reason.to_owned(), time.to_owned(), chain).is_err()
        };
        let none = Link { index: 0, previous: None };
        assert!(of(&withdrawal().entry(), &reason, &withdraw_time, chain));
        assert!(of(&published(), " ", &withdraw_time, chain));
        assert!(of(&published(), &reason, "soon", chain));
        assert!(of(&published(), &reason, &withdraw_time, none));
    }
}
