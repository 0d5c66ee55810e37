//! Whether a log of entries is what it was.

use super::Entry;

/// Faults that are told of; a log that has more is not looked at more closely.
const FAULTS_MAX: usize = 100;

/// What is wrong with an entry, as the API calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultCode {
    /// It does not say what it said when its digest was stored.
    DigestMismatch,
    /// It is not the one that its successor was chained to.
    ChainBroken,
    /// It is gone.
    Missing,
    /// It is not the one that the jurisdiction has as its newest.
    HeadMismatch,
}

impl FaultCode {
    /// The stable reason.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::DigestMismatch => "digest_mismatch",
            Self::ChainBroken => "chain_broken",
            Self::Missing => "missing",
            Self::HeadMismatch => "head_mismatch",
        }
    }
}

/// An entry that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Its place in the chain.
    pub sequence: u64,
    pub code: FaultCode,
    pub message: String,
}

/// An entry as it was found, with the digest that is stored beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub entry: Entry,
    pub stored_digest: String,
}

/// What a check comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Verified {
    /// How many entries were there.
    pub count: u64,
    /// The digest of the newest one, derived from what it says; empty when there is none.
    pub digest: String,
    /// By entry; at most the first hundred.
    pub faults: Vec<Fault>,
}

/// Follows a log from its beginning, entry by entry, in whatever memory one entry takes.
///
/// Every entry that is not what it was is named once. Whoever rewrites the whole log and the head
/// is found by nobody here: for that the digest of the newest entry must be kept elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    verified: Verified,
    last: Option<Last>,
}

#[derive(Debug)]
struct Last {
    sequence: u64,
    /// Derived.
    digest: String,
    /// Whether it was named as one that is not what it was.
    is_named: bool,
}

impl Chain {
    /// Takes the next entry that there is.
    pub(crate) fn follow(&mut self, found: &Found) {
        let Found { entry, stored_digest } = found;
        let sequence = entry.sequence;
        let expected = self.last.as_ref().map_or(1, |last| last.sequence + 1);
        self.miss(expected, sequence);
        let digest = entry.digest().to_string();
        let is_whole = digest == *stored_digest;
        // An entry that does not say what it said bears no witness to the one before it.
        if is_whole {
            self.chain(found, expected == sequence);
        } else {
            let message = format!("what it says has the digest {digest}, not {stored_digest}");
            self.name(sequence, FaultCode::DigestMismatch, message);
        }
        self.verified.count += 1;
        self.verified.digest.clone_from(&digest);
        self.last = Some(Last { sequence, digest, is_named: !is_whole });
    }

    /// Compares the entry with the one before it, which it holds the digest of.
    fn chain(&mut self, found: &Found, is_next: bool) {
        let Entry { sequence, previous_digest, .. } = &found.entry;
        match &self.last {
            None if *sequence == 1 && !previous_digest.is_empty() => {
                let message =
                    format!("it is the first, but follows one of digest {previous_digest}");
                self.name(*sequence, FaultCode::ChainBroken, message);
            }
            Some(last) if is_next && !last.is_named && last.digest != *previous_digest => {
                let (before, digest) = (last.sequence, last.digest.clone());
                let message =
                    format!("its digest is {digest}; entry {sequence} follows {previous_digest}");
                self.name(before, FaultCode::ChainBroken, message);
            }
            _ => {}
        }
    }

    /// Notes that the entries from `from` to before `to` are gone.
    fn miss(&mut self, from: u64, to: u64) {
        for sequence in (from..to).take(FAULTS_MAX) {
            self.name(sequence, FaultCode::Missing, "there is no such entry any more".to_owned());
        }
    }

    fn name(&mut self, sequence: u64, code: FaultCode, message: String) {
        if self.verified.faults.len() < FAULTS_MAX {
            self.verified.faults.push(Fault { sequence, code, message });
        }
    }

    /// Compares the end of the log with what the jurisdiction has as its newest entry.
    pub(crate) fn finish(mut self, head_sequence: u64, head_digest: &str) -> Verified {
        let (sequence, digest, is_named) = match &self.last {
            Some(last) => (last.sequence, last.digest.clone(), last.is_named),
            None => (0, String::new(), false),
        };
        if sequence < head_sequence {
            self.miss(sequence + 1, head_sequence + 1);
        } else if sequence > head_sequence {
            let message = format!("the newest entry is {head_sequence}, of digest {head_digest}");
            for beyond in (head_sequence + 1..=sequence).take(FAULTS_MAX) {
                self.name(beyond, FaultCode::HeadMismatch, message.clone());
            }
        } else if digest != head_digest && !is_named {
            let message = format!("its digest is {digest}; the newest entry has {head_digest}");
            self.name(sequence, FaultCode::HeadMismatch, message);
        }
        self.verified
    }
}

#[cfg(test)]
mod tests {
    use chengping_types::Instant;
    use proptest::prelude::*;

    use super::*;

    fn log(length: u64) -> Vec<Found> {
        let mut previous = String::new();
        let entry = |sequence| {
            let entry = Entry {
                jurisdiction: "zz".to_owned(),
                sequence,
                actor: "wang".to_owned(),
                action: "a.B/C".to_owned(),
                resource: format!("r{sequence}"),
                reason: String::new(),
                digest_before: String::new(),
                digest_after: format!("sha256:{sequence}"),
                previous_digest: std::mem::take(&mut previous),
                create_time: Instant::from_micros(i64::try_from(sequence).unwrap()),
            };
            previous = entry.digest().to_string();
            Found { stored_digest: previous.clone(), entry }
        };
        (1..=length).map(entry).collect()
    }

    fn head(log: &[Found]) -> (u64, String) {
        log.last().map_or_else(Default::default, |last| {
            (last.entry.sequence, last.entry.digest().to_string())
        })
    }

    fn verify(log: &[Found], (sequence, digest): &(u64, String)) -> Verified {
        let mut chain = Chain::default();
        for found in log {
            chain.follow(found);
        }
        chain.finish(*sequence, digest)
    }

    fn faults(log: &[Found], head: &(u64, String)) -> Vec<(u64, &'static str)> {
        let faults = verify(log, head).faults;
        faults.iter().map(|fault| (fault.sequence, fault.code.as_str())).collect()
    }

    /// Gives every entry from `from` on the digests that fit.
    fn rechain(log: &mut [Found], from: usize) {
        for index in from..log.len() {
            let before = index.checked_sub(1).map(|before| log[before].stored_digest.clone());
            log[index].entry.previous_digest = before.unwrap_or_default();
            log[index].stored_digest = log[index].entry.digest().to_string();
        }
    }

    #[test]
    fn an_empty_log_is_whole_and_a_lost_one_is_not() {
        let empty = verify(&[], &(0, String::new()));
        assert_eq!(empty, Verified::default());
        let lost = head(&log(3));
        let missing = [(1, "missing"), (2, "missing"), (3, "missing")];
        assert_eq!(faults(&[], &lost), missing);
        assert_eq!(faults(&[], &(u64::MAX - 1, String::new())).len(), FAULTS_MAX);
    }

    #[test]
    fn a_rewritten_chain_does_not_end_where_the_head_is() {
        let mut log = log(5);
        let head = head(&log);
        "li".clone_into(&mut log[1].entry.actor);
        rechain(&mut log, 1);
        assert_eq!(faults(&log, &head), [(5, "head_mismatch")]);
        // And one that goes on behind it.
        let old = (3, self::head(&log[..3]).1);
        assert_eq!(faults(&log, &old), [(4, "head_mismatch"), (5, "head_mismatch")]);
    }

    #[test]
    fn a_log_that_begins_with_another_entry_is_no_beginning() {
        let mut log = log(2);
        "sha256:x".clone_into(&mut log[0].entry.previous_digest);
        log[0].stored_digest = log[0].entry.digest().to_string();
        rechain(&mut log, 1);
        assert_eq!(faults(&log, &head(&log)), [(1, "chain_broken")]);
    }

    proptest! {
        #[test]
        fn what_nobody_touched_is_whole(length in 0..40_u64) {
            let log = log(length);
            let verified = verify(&log, &head(&log));
            prop_assert_eq!((verified.count, verified.faults), (length, vec![]));
            prop_assert_eq!(verified.digest, head(&log).1);
        }

        #[test]
        fn a_changed_text_is_named(length in 1..20_u64, at in any::<prop::sample::Index>()) {
            let mut log = log(length);
            let (head, at) = (head(&log), at.index(log.len()));
            log[at].entry.reason.push('!');
            prop_assert_eq!(faults(&log, &head), vec![(at as u64 + 1, "digest_mismatch")]);
        }

        #[test]
        fn a_removed_row_is_named(length in 1..20_u64, at in any::<prop::sample::Index>()) {
            let mut log = log(length);
            let (head, at) = (head(&log), at.index(log.len()));
            log.remove(at);
            prop_assert_eq!(faults(&log, &head), vec![(at as u64 + 1, "missing")]);
        }

        #[test]
        fn a_cut_tail_is_named(length in 1..20_u64, keep in any::<prop::sample::Index>()) {
            let log = log(length);
            let (head, keep) = (head(&log), keep.index(log.len()));
            let gone: Vec<_> = (keep as u64 + 1..=length).map(|gone| (gone, "missing")).collect();
            prop_assert_eq!(faults(&log[..keep], &head), gone);
        }

        /// Another entry in the place of one, with digests of its own that fit.
        #[test]
        fn an_exchanged_row_is_named(length in 1..20_u64, at in any::<prop::sample::Index>()) {
            let mut log = log(length);
            let (head, at) = (head(&log), at.index(log.len()));
            "li".clone_into(&mut log[at].entry.actor);
            log[at].stored_digest = log[at].entry.digest().to_string();
            let code = if at + 1 == log.len() { "head_mismatch" } else { "chain_broken" };
            prop_assert_eq!(faults(&log, &head), vec![(at as u64 + 1, code)]);
        }

        /// Two rows that took each other's place.
        #[test]
        fn swapped_rows_are_both_named(
            length in 2..20_u64, one in any::<prop::sample::Index>(), by in 1..19_usize,
        ) {
            let mut log = log(length);
            let head = head(&log);
            let one = one.index(log.len());
            let other = (one + by % (log.len() - 1).max(1)) % log.len();
            prop_assume!(one != other);
            let (first, second) = (log[one].entry.sequence, log[other].entry.sequence);
            log.swap(one, other);
            (log[one].entry.sequence, log[other].entry.sequence) = (first, second);
            let named: Vec<_> = faults(&log, &head).into_iter().map(|(named, _)| named).collect();
            prop_assert!(named.contains(&first) && named.contains(&second), "{:?}", named);
        }
    }
}
