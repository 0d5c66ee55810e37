//! Whether what is stored of publications is what was published.
//!
//! Everything follows from the sealed documents and the keys: what else is stored of a publication
//! is computed again and compared, so that whatever was changed in the tables is found and named.

use std::collections::BTreeMap;

use chengping_ledger::checkpoint::Checkpoint;
use chengping_ledger::merkle;
use chengping_ledger::note::{SignedNote, VerifierKey};
use chengping_ledger::version::{Document, EntryKind};
use chengping_ledger::withdrawal::Withdrawal;
use chengping_types::{Digest, Instant, JurisdictionId, Month};

use super::lines;
use super::log_key::Rotation;
use super::state::State;

/// The most findings that are told one by one.
pub(crate) const FINDINGS_MAX: usize = 1000;

/// Something that is not as it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) table: &'static str,
    /// The key of the row without the jurisdiction.
    pub(crate) row: String,
    pub(crate) message: String,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    pub(crate) told: Vec<Finding>,
    pub(crate) count: u64,
}

impl Findings {
    pub(crate) fn push(
        &mut self,
        table: &'static str,
        row: impl ToString,
        message: impl Into<String>,
    ) {
        self.count += 1;
        if self.told.len() < FINDINGS_MAX {
            self.told.push(Finding { table, row: row.to_string(), message: message.into() });
        }
    }

    /// Notes that a column holds something else than it must.
    fn expect(
        &mut self,
        place: (&'static str, &str),
        column: &str,
        expected: impl ToString,
        found: impl ToString,
    ) {
        let (expected, found) = (expected.to_string(), found.to_string());
        if expected != found {
            let found: String = found.chars().take(100).collect();
            self.push(place.0, place.1, format!("{column} is {found:?}, not {expected:?}"));
        }
    }
}

/// An entry of the log as it is stored, nothing of it checked.
#[derive(Debug, Clone)]
pub(crate) struct StoredEntry {
    pub(crate) log_index: i64,
    pub(crate) month: String,
    pub(crate) version: i32,
    pub(crate) kind: String,
    pub(crate) document: Vec<u8>,
    pub(crate) document_digest: String,
    pub(crate) lines_root: String,
    pub(crate) publish_time: Instant,
    /// The lines that consumers are told, and their format.
    pub(crate) lines: Option<(i32, Vec<u8>)>,
}

/// A version that is published, as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct StoredVersion {
    pub(crate) month: String,
    pub(crate) version: i32,
    pub(crate) reason: String,
    pub(crate) state: String,
    /// Why and when it was withdrawn; empty and none where it stands, or stood.
    pub(crate) withdrawn: (String, Option<Instant>),
    /// The documents of its evaluation: the results, the digest that is kept of them, the input.
    pub(crate) documents: Option<(Vec<u8>, String, Vec<u8>)>,
    /// How many moves it made, how many are kept, and where the last one led.
    pub(crate) revision: i64,
    pub(crate) move_count: i64,
    pub(crate) last_move: Option<(i64, String)>,
    /// Whether all its moves and the version are from the same evaluation in the end.
    pub(crate) is_of_last_move: bool,
}

/// A checkpoint as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct StoredCheckpoint {
    pub(crate) tree_size: i64,
    pub(crate) root: String,
    pub(crate) note: String,
    pub(crate) verifier_key: String,
}

/// What a document says that other tables say, too.
struct Said {
    reason: String,
    results: Digest,
    input: Digest,
}

/// The reading of a whole log, entry by entry.
pub(crate) struct Reading {
    jurisdiction: JurisdictionId,
    pub(crate) findings: Findings,
    leaves: Vec<Digest>,
    /// The newest version of each month, and its digest.
    latest: BTreeMap<Month, (u32, Digest)>,
    /// Why and when versions were withdrawn.
    withdrawn: BTreeMap<(Month, u32), (String, Option<Instant>)>,
    said: BTreeMap<(String, i32), Said>,
}

impl Reading {
    pub(crate) fn new(jurisdiction: JurisdictionId) -> Self {
        Self {
            jurisdiction,
            findings: Findings::default(),
            leaves: Vec::new(),
            latest: BTreeMap::new(),
            withdrawn: BTreeMap::new(),
            said: BTreeMap::new(),
        }
    }

    /// The number of entries that were read.
    pub(crate) fn len(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// Reads the next entry.
    pub(crate) fn entry(&mut self, stored: &StoredEntry) {
        let row = stored.log_index.to_string();
        let place = ("log_entry", row.as_str());
        let index = self.leaves.len() as u64;
        self.findings.expect(place, "log_index", index, stored.log_index);
        let digest = Digest::of(&stored.document);
        self.findings.expect(place, "document_digest", digest, &stored.document_digest);
        let document = match Document::parse(&stored.document) {
            Ok(document) => document,
            Err(error) => {
                match Withdrawal::parse(&stored.document) {
                    Ok(withdrawal) => return self.withdrawal(place, stored, &withdrawal),
                    Err(other) => {
                        let error = if stored.kind == "withdrawn" { other } else { error };
                        let message = format!("document cannot be read: {error}");
                        self.findings.push(place.0, place.1, message);
                    }
                }
                self.leaves.push(digest);
                return;
            }
        };
        self.findings.expect(place, "kind", EntryKind::Published.as_str(), &stored.kind);
        for error in document.contents() {
            self.findings.push(place.0, place.1, format!("document: {error}"));
        }
        self.columns(place, stored, &document);
        self.chain(place, &document, digest);
        self.lines(&row, stored);
        let said = Said {
            reason: document.reason.clone().unwrap_or_default(),
            results: document.results_digest,
            input: document.input_digest,
        };
        self.said.insert((stored.month.clone(), stored.version), said);
        self.leaves.push(document.entry(digest).leaf());
    }

    /// Reads an entry that withdraws a version.
    fn withdrawal(
        &mut self,
        place: (&'static str, &str),
        stored: &StoredEntry,
        withdrawal: &Withdrawal,
    ) {
        let Withdrawal { month, version, digest, .. } = withdrawal;
        let findings = &mut self.findings;
        findings.expect(place, "kind", EntryKind::Withdrawn.as_str(), &stored.kind);
        findings.expect(place, "jurisdiction", &withdrawal.jurisdiction, &self.jurisdiction);
        findings.expect(place, "month", month, &stored.month);
        findings.expect(place, "version", version, stored.version);
        findings.expect(place, "lines_root", withdrawal.lines_root, &stored.lines_root);
        let time = Instant::parse(&withdrawal.withdraw_time).ok();
        if time != Some(stored.publish_time) {
            findings.expect(place, "publish_time", &withdrawal.withdraw_time, stored.publish_time);
        }
        if stored.lines.is_some() {
            findings.push("publication_lines", place.1, "a withdrawal has no lines");
        }
        let index = self.leaves.len() as u64;
        let follows = (withdrawal.chain.index, withdrawal.chain.previous)
            == (index, self.leaves.last().copied());
        let stands = self.latest.get(month) == Some(&(*version, *digest));
        let said = (withdrawal.reason.clone(), time);
        let before = self.withdrawn.insert((*month, *version), said);
        if !follows || !stands || before.is_some() {
            findings.push(place.0, place.1, "the withdrawal does not follow what it withdraws");
        }
        self.leaves.push(withdrawal.entry().leaf());
    }

    fn columns(&mut self, place: (&'static str, &str), stored: &StoredEntry, document: &Document) {
        let findings = &mut self.findings;
        findings.expect(place, "jurisdiction", &document.jurisdiction, &self.jurisdiction);
        findings.expect(place, "month", document.month, &stored.month);
        findings.expect(place, "version", document.version, stored.version);
        findings.expect(place, "lines_root", document.lines_root, &stored.lines_root);
        let time = Instant::parse(&document.publish_time).map(Instant::as_micros);
        if time.ok() != Some(stored.publish_time.as_micros()) {
            findings.expect(place, "publish_time", &document.publish_time, stored.publish_time);
        }
    }

    fn chain(&mut self, place: (&'static str, &str), document: &Document, digest: Digest) {
        let index = self.leaves.len() as u64;
        if document.chain.index != index || document.chain.previous != self.leaves.last().copied() {
            self.findings.push(place.0, place.1, "document does not follow the entry before it");
        }
        let before = self.latest.get(&document.month);
        let expected = before.map_or(1, |(version, _)| version + 1);
        if document.version != expected || document.previous != before.map(|(_, digest)| *digest) {
            self.findings.push(place.0, place.1, "document does not follow the version before it");
        }
        self.latest.insert(document.month, (document.version, digest));
    }

    fn lines(&mut self, row: &str, stored: &StoredEntry) {
        let Some((format, kept)) = &stored.lines else { return };
        let expected = lines::read(&stored.document).ok();
        let expected = expected.map(|lines| lines::encode(&lines));
        if *format != lines::LINES_FORMAT {
            // Those of another format are read from the document.
            if *format > lines::LINES_FORMAT || *format < 1 {
                let message = format!("format is {format}, which nobody wrote");
                self.findings.push("publication_lines", row, message);
            }
        } else if expected.as_ref() != Some(kept) {
            self.findings.push("publication_lines", row, "lines are not those of the document");
        }
    }

    /// Compares a version with the entry of the log that it has.
    pub(crate) fn version(&mut self, stored: &StoredVersion) {
        let row = format!("{}/{}", stored.month, stored.version);
        let place = ("bulletin_version", row.as_str());
        let Some(said) = self.said.remove(&(stored.month.clone(), stored.version)) else {
            self.findings.push(place.0, &row, "it is published, but not in the log");
            return;
        };
        let findings = &mut self.findings;
        findings.expect(place, "reason", &said.reason, &stored.reason);
        let newest = stored.month.parse().ok().and_then(|month: Month| self.latest.get(&month));
        let is_newest =
            newest.is_some_and(|(version, _)| i64::from(*version) == i64::from(stored.version));
        let number = u32::try_from(stored.version).unwrap_or_default();
        let month: Option<Month> = stored.month.parse().ok();
        let withdrawn = month.and_then(|month| self.withdrawn.get(&(month, number))).cloned();
        let state = match (&withdrawn, is_newest) {
            (Some(_), _) => State::Withdrawn,
            (None, true) => State::Published,
            (None, false) => State::Corrected,
        };
        findings.expect(place, "state", state, &stored.state);
        if stored.withdrawn != withdrawn.unwrap_or_default() {
            let message = "withdraw_reason or withdraw_time is not that of the log";
            findings.push(place.0, &row, message);
        }
        match &stored.documents {
            None => {
                findings.push("evaluation_document", &row, "the documents of the version are gone")
            }
            Some((results, kept, input)) => {
                let place = ("evaluation_document", row.as_str());
                findings.expect(place, "results", said.results, Digest::of(results));
                findings.expect(place, "results_digest", said.results, kept);
                findings.expect(place, "input", said.input, Digest::of(input));
            }
        }
        let place = ("version_move", row.as_str());
        findings.expect(place, "number of moves", stored.revision, stored.move_count);
        let last = stored.last_move.as_ref();
        if last != Some(&(stored.revision, stored.state.clone())) || !stored.is_of_last_move {
            findings.push(place.0, &row, "the last move does not lead to where the version stands");
        }
    }

    /// What is in the log and not among the versions, the months and the sizes that are kept apart.
    pub(crate) fn heads(&mut self, head_size: Option<i64>, published: &BTreeMap<String, i32>) {
        for (month, version) in std::mem::take(&mut self.said).into_keys() {
            let row = format!("{month}/{version}");
            self.findings.push(
                "bulletin_version",
                row,
                "it is in the log, but not kept as published",
            );
        }
        let size = head_size.unwrap_or_default();
        self.findings.expect(("log_head", "size"), "size", self.leaves.len(), size);
        let mut published = published.clone();
        for (month, (version, _)) in &self.latest {
            let row = month.to_string();
            let Some(found) = published.remove(&row) else {
                self.findings.push("bulletin", row, "the month is gone");
                continue;
            };
            let stands = !self.withdrawn.contains_key(&(*month, *version));
            let expected = if stands { *version } else { 0 };
            self.findings.expect(("bulletin", &row), "published_version", expected, found);
        }
        for (month, version) in published {
            if version != 0 {
                let message = format!("published_version is {version}, but the log has none");
                self.findings.push("bulletin", month, message);
            }
        }
    }

    /// Compares the checkpoints with the log, and their signatures with the keys: `first`, and those
    /// that took its place.
    pub(crate) fn checkpoints(
        &mut self,
        origin: &str,
        first: &VerifierKey,
        rotations: &[Rotation],
        stored: &[StoredCheckpoint],
    ) {
        let mut found = stored.iter().peekable();
        for size in 1..=self.leaves.len() {
            let row = size.to_string();
            let Some(checkpoint) =
                found.next_if(|found| usize::try_from(found.tree_size) == Ok(size))
            else {
                self.findings.push("checkpoint", row, "the checkpoint is gone");
                continue;
            };
            // The oldest rotation is the last one of the list.
            let signs = rotations.iter().find(|rotation| rotation.tree_size < size as u64);
            let signs = signs.map_or(first, |rotation| &rotation.verifier_key);
            let root = merkle::root(&self.leaves[..size]);
            let place = ("checkpoint", row.as_str());
            self.findings.expect(place, "root", root, &checkpoint.root);
            self.findings.expect(place, "verifier_key", signs, &checkpoint.verifier_key);
            let expected = Checkpoint::new(origin, merkle::TreeHead { size: size as u64, root });
            let expected = expected.expect("the name of a log is one line");
            if let Err(message) = check_note(&checkpoint.note, &expected, signs) {
                self.findings.push(place.0, place.1, message);
            }
        }
        for checkpoint in found {
            let message = "a checkpoint of a log that is not there";
            self.findings.push("checkpoint", checkpoint.tree_size, message);
        }
    }

    /// Compares the handovers with the keys: `first`, and the generations after it, newest first.
    pub(crate) fn keys(&mut self, generations: &[VerifierKey], rotations: &[Rotation]) {
        for (place, rotation) in rotations.iter().rev().enumerate() {
            let row = rotation.generation.to_string();
            let at = ("log_key", row.as_str());
            self.findings.expect(at, "generation", place + 1, rotation.generation);
            let (former, next) = (generations.get(place), generations.get(place + 1));
            let text = |key: Option<&VerifierKey>| key.map(ToString::to_string).unwrap_or_default();
            self.findings.expect(at, "former_key", text(former), &rotation.former_key);
            self.findings.expect(at, "verifier_key", text(next), &rotation.verifier_key);
            match chengping_ledger::handover::open(&rotation.handover, &rotation.former_key) {
                Ok(handover) => {
                    self.findings.expect(at, "tree_size", handover.tree_size, rotation.tree_size);
                    self.findings.expect(at, "verifier_key", handover.next, &rotation.verifier_key);
                }
                Err(error) => self.findings.push(at.0, at.1, format!("handover: {error}")),
            }
        }
    }

    /// Whether the log continues that of a checkpoint that was kept elsewhere.
    pub(crate) fn continues(&mut self, kept: &Checkpoint) {
        let head = kept.head();
        let size = usize::try_from(head.size).unwrap_or(usize::MAX);
        let root = self.leaves.get(..size).map(merkle::root);
        if root != Some(head.root) {
            let message =
                format!("the log does not continue the checkpoint of {} entries", head.size);
            self.findings.push("log_entry", head.size, message);
        }
    }
}

fn check_note(text: &str, expected: &Checkpoint, key: &VerifierKey) -> Result<(), String> {
    let note: SignedNote = text.parse().map_err(|error| format!("note: {error}"))?;
    if note.text() != expected.to_string() {
        return Err("note says something else than the log".to_owned());
    }
    note.open(std::slice::from_ref(key)).map_err(|error| format!("note: {error}"))?;
    if note.signatures().len() != 1 || note.to_string() != text {
        return Err("note has more than the one signature".to_owned());
    }
    Ok(())
}
