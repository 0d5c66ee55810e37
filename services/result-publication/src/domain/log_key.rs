//! The keys of a log, and from when to when each signs.

use chengping_ledger::note::VerifierKey;
use chengping_types::Instant;

/// A key that took the place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rotation {
    /// From 1.
    pub(crate) generation: u64,
    pub(crate) verifier_key: VerifierKey,
    pub(crate) former_key: VerifierKey,
    /// The size of the log then.
    pub(crate) tree_size: u64,
    pub(crate) begin_time: Instant,
    pub(crate) actor: String,
    pub(crate) reason: String,
    /// The note of both keys.
    pub(crate) handover: String,
}

/// A key with which a log is or was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogKey {
    pub(crate) verifier_key: String,
    /// None for a key that was exchanged by hand.
    pub(crate) generation: Option<u64>,
    pub(crate) first_tree_size: u64,
    /// None for the key that signs now.
    pub(crate) last_tree_size: Option<u64>,
    pub(crate) begin_time: Option<Instant>,
    pub(crate) reason: String,
    pub(crate) handover: String,
}

/// The keys of a log, newest first: the one that signs from now on (`current`), those that took
/// its place one after the other, and those that are only known by what they signed.
pub(crate) fn log_keys(
    current: &str,
    first: &str,
    rotations: &[Rotation],
    signed: &[(String, u64, u64)],
) -> Vec<LogKey> {
    let signed_by = |key: &str| signed.iter().find(|(found, ..)| found == key);
    let mut keys: Vec<LogKey> = Vec::new();
    for (place, rotation) in rotations.iter().enumerate() {
        let next = place.checked_sub(1).map(|next| &rotations[next]);
        keys.push(LogKey {
            verifier_key: rotation.verifier_key.to_string(),
            generation: Some(rotation.generation),
            first_tree_size: rotation.tree_size,
            last_tree_size: next.map(|next| next.tree_size),
            begin_time: Some(rotation.begin_time),
            reason: rotation.reason.clone(),
            handover: rotation.handover.clone(),
        });
    }
    let oldest = rotations.last();
    let known = |key: &str, last: Option<u64>| LogKey {
        verifier_key: key.to_owned(),
        generation: (key == first).then_some(0),
        first_tree_size: signed_by(key).map_or(0, |(_, least, _)| *least),
        last_tree_size: last,
        begin_time: None,
        reason: String::new(),
        handover: String::new(),
    };
    if keys.is_empty() {
        keys.push(known(current, None));
    }
    for key in signed.iter().map(|(key, ..)| key.as_str()).chain([first]) {
        if keys.iter().any(|listed| listed.verifier_key == key) {
            continue;
        }
        let handed_over = oldest.filter(|oldest| oldest.former_key.to_string() == key);
        let last = handed_over.map(|oldest| oldest.tree_size);
        let last = last.or_else(|| signed_by(key).map(|(.., most)| *most)).unwrap_or_default();
        keys.push(known(key, Some(last)));
    }
    keys
}
