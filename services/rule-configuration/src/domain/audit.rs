//! The audit log: a chain, in which each entry holds the digest of the one before.

mod chain;
pub(crate) mod filter;

use chengping_types::{Digest, Instant, canonical};
use serde::Serialize;

pub(crate) use self::chain::{Chain, Fault, Found, Verified};

/// What an entry says; its digest is that of the canonical JSON of these fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Entry {
    pub jurisdiction: String,
    /// Its place in the chain, from 1.
    pub sequence: u64,
    pub actor: String,
    /// What was done, as `package.Service/Method`.
    pub action: String,
    pub resource: String,
    pub reason: String,
    pub digest_before: String,
    pub digest_after: String,
    /// The digest of the entry before; empty for the first.
    pub previous_digest: String,
    pub create_time: Instant,
}

impl Entry {
    /// The form of what the digest is computed from; another one may have more members.
    pub(crate) const DIGEST_FORM: i32 = 1;

    /// The digest that the next entry holds.
    pub(crate) fn digest(&self) -> Digest {
        canonical::digest(self).expect("an entry holds text and a small number")
    }
}

/// What is to be recorded of a change.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub actor: String,
    pub action: &'static str,
    pub resource: String,
    pub reason: String,
    pub digest_before: String,
    pub digest_after: String,
}
