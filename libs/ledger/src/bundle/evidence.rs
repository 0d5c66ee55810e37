//! What a bundle knows of the log.

use std::collections::BTreeMap;

use chengping_types::{Digest, Month};
use serde::{Deserialize, Serialize};

use super::report::{Failure, Standing};
use crate::merkle::{self, MerkleError, TreeHead};
use crate::version::{Document, Entry, EntryKind};

/// What a bundle knows of the log up to its checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Every entry. Shows besides that no version was published in two forms.
    Entries(Vec<Entry>),
    /// Proofs for what this one version needs.
    Proofs(Proofs),
}

/// Inclusion proofs for a version, the leaf before it and the version before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proofs {
    /// From the leaf of the version to the root.
    pub path: Vec<Digest>,
    /// From the leaf before it, unless it is leaf 0.
    pub previous_leaf: Option<Vec<Digest>>,
    /// The version that this one supersedes, unless this is version 1.
    pub previous_version: Option<EntryProof>,
}

/// An entry with its place in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryProof {
    /// The entry.
    pub entry: Entry,
    /// Its place, from 0.
    pub index: u64,
    /// From its leaf to the root.
    pub path: Vec<Digest>,
}

impl EntryProof {
    /// The proof for entry `index` of the log.
    ///
    /// # Errors
    ///
    /// [`MerkleError::NoSuchLeaf`].
    pub fn of(entries: &[Entry], index: u64) -> Result<Self, MerkleError> {
        let path = merkle::inclusion_path(&leaves(entries), index)?;
        let position = usize::try_from(index).expect("the log has such a leaf");
        Ok(Self { entry: entries[position].clone(), index, path })
    }

    /// Checks that the log with this `head` holds the entry where the proof says.
    ///
    /// # Errors
    ///
    /// Those of [`merkle::verify_inclusion`].
    pub fn verify(&self, head: TreeHead) -> Result<(), MerkleError> {
        let leaf = self.entry.leaf();
        merkle::verify_inclusion(leaf, self.index, head.size, &self.path, head.root)
    }
}

impl Proofs {
    /// The proofs for entry `index` of the log.
    ///
    /// # Errors
    ///
    /// [`MerkleError::NoSuchLeaf`].
    pub fn of(entries: &[Entry], index: u64) -> Result<Self, MerkleError> {
        let leaves = leaves(entries);
        let EntryProof { entry, path, .. } = EntryProof::of(entries, index)?;
        let before = index.checked_sub(1);
        let previous_leaf = before.map(|before| merkle::inclusion_path(&leaves, before));
        let superseded = |other: &Entry| {
            other.kind == EntryKind::Published
                && other.month == entry.month
                && Some(other.version) == entry.version.checked_sub(1)
        };
        let previous_version = entries.iter().position(superseded);
        let previous_version =
            previous_version.map(|position| EntryProof::of(entries, position as u64));
        Ok(Self {
            path,
            previous_leaf: previous_leaf.transpose()?,
            previous_version: previous_version.transpose()?,
        })
    }
}

/// The leaves of a log.
fn leaves(entries: &[Entry]) -> Vec<Digest> {
    entries.iter().map(Entry::leaf).collect()
}

/// What the evidence must show.
pub(super) struct Claim<'a> {
    pub(super) document: &'a Document,
    pub(super) entry: &'a Entry,
    pub(super) head: TreeHead,
}

impl Evidence {
    /// Whether the version stands; proofs say nothing of what came after it.
    pub(super) fn standing(&self, document: &Document) -> Option<Standing> {
        let Self::Entries(entries) = self else { return None };
        let of_month = || entries.iter().filter(|entry| entry.month == document.month);
        let latest = of_month().map(|entry| entry.version).max();
        let withdrawn = of_month()
            .any(|entry| entry.kind == EntryKind::Withdrawn && entry.version == document.version);
        let superseded_by = latest.filter(|version| *version > document.version);
        Some(Standing { superseded_by, withdrawn })
    }

    /// That the log holds the entry.
    pub(super) fn inclusion(&self, claim: &Claim<'_>) -> Vec<Failure> {
        let Claim { document, entry, head } = claim;
        let index = document.chain.index;
        let mut failures = Vec::new();
        match self {
            Self::Entries(entries) => {
                if entries.len() as u64 != head.size {
                    let message = format!(
                        "the checkpoint is of {} entries, these are {}",
                        head.size,
                        entries.len()
                    );
                    failures.push(Failure::at("/log/entries", message));
                }
                match at(entries, index) {
                    Some(found) => differing_fields(entry, found, index, &mut failures),
                    None => failures.push(Failure::at(
                        "/document/chain/index",
                        MerkleError::NoSuchLeaf { index, size: entries.len() as u64 },
                    )),
                }
                let computed = merkle::root(&leaves(entries));
                if computed != head.root {
                    let expected = head.root;
                    failures.push(Failure::at(
                        "/log/entries",
                        format!(
                            "the entries have the root {computed}, the checkpoint {expected}: \
                             an entry or the checkpoint was altered"
                        ),
                    ));
                }
            }
            Self::Proofs(proofs) => {
                let path = &proofs.path;
                let proof =
                    merkle::verify_inclusion(entry.leaf(), index, head.size, path, head.root);
                if let Err(error) = proof {
                    failures.push(Failure::at("/log/proofs/path", error));
                }
            }
        }
        failures
    }

    /// That the document follows the leaf and the version before it.
    pub(super) fn chain(&self, claim: &Claim<'_>) -> Vec<Failure> {
        match self {
            Self::Entries(entries) => chain_of_entries(entries, claim),
            Self::Proofs(proofs) => chain_of_proofs(proofs, claim),
        }
    }
}

fn at(entries: &[Entry], index: u64) -> Option<&Entry> {
    entries.get(usize::try_from(index).ok()?)
}

fn differing_fields(expected: &Entry, found: &Entry, index: u64, failures: &mut Vec<Failure>) {
    let text = |entry: &Entry| {
        [
            ("document", entry.document.to_string()),
            ("jurisdiction", entry.jurisdiction.to_string()),
            ("kind", entry.kind.as_str().to_owned()),
            ("lines_root", entry.lines_root.to_string()),
            ("month", entry.month.to_string()),
            ("version", entry.version.to_string()),
        ]
    };
    for ((field, expected), (_, found)) in text(expected).into_iter().zip(text(found)) {
        if expected != found {
            let message = format!("the document has {expected}, the log says {found}");
            failures.push(Failure::at(format!("/log/entries/{index}/{field}"), message));
        }
    }
}

fn chain_of_entries(entries: &[Entry], claim: &Claim<'_>) -> Vec<Failure> {
    let Claim { document, entry, .. } = claim;
    let mut failures = Vec::new();
    let index = document.chain.index;
    let before = index.checked_sub(1).and_then(|before| at(entries, before));
    if before.map(Entry::leaf) != document.chain.previous {
        let message = format!("not the leaf before leaf {index} in the log");
        failures.push(Failure::at("/document/chain/previous", message));
    }

    let mut latest = BTreeMap::<Month, &Entry>::new();
    let mut withdrawn = BTreeMap::<Month, u32>::new();
    for (position, other) in entries.iter().enumerate() {
        let place = format!("/log/entries/{position}");
        if other.jurisdiction != entry.jurisdiction {
            failures.push(Failure::at(
                format!("{place}/jurisdiction"),
                format!("{} in the log of {}", other.jurisdiction, entry.jurisdiction),
            ));
        }
        if other.kind == EntryKind::Withdrawn {
            let message = withdrawal_fault(other, latest.get(&other.month).copied(), &withdrawn);
            failures.extend(message.map(|message| Failure::at(place, message)));
            withdrawn.insert(other.month, other.version);
            continue;
        }
        let version = latest.get(&other.month).map_or(0, |latest| latest.version);
        if other.version.checked_sub(1) != Some(version) {
            failures.push(Failure::at(
                format!("{place}/version"),
                format!("version {} of {} after version {version}", other.version, other.month),
            ));
        }
        if position as u64 == index {
            let superseded = latest.get(&document.month).map(|latest| latest.document);
            if superseded != document.previous {
                let message = "not the latest version of the month before this one in the log";
                failures.push(Failure::at("/document/previous", message));
            }
        }
        latest.insert(other.month, other);
    }
    failures
}

/// What is wrong with a withdrawal behind the `latest` version of its month and what was withdrawn
/// of it before.
fn withdrawal_fault(
    entry: &Entry,
    latest: Option<&Entry>,
    withdrawn: &BTreeMap<Month, u32>,
) -> Option<String> {
    let Entry { month, version, .. } = entry;
    let standing = latest.filter(|latest| latest.version == *version);
    let Some(standing) = standing else {
        return Some(format!("version {version} of {month} is withdrawn, and does not stand"));
    };
    if withdrawn.get(month) == Some(version) {
        return Some(format!("version {version} of {month} is withdrawn twice"));
    }
    let other_lines = standing.lines_root != entry.lines_root;
    other_lines.then(|| format!("the withdrawal names other lines than version {version} has"))
}

fn chain_of_proofs(proofs: &Proofs, claim: &Claim<'_>) -> Vec<Failure> {
    let Claim { document, entry, head } = claim;
    let mut failures = Vec::new();
    let index = document.chain.index;
    let place = "/log/proofs/previous_leaf";
    match (index.checked_sub(1), document.chain.previous, &proofs.previous_leaf) {
        (None, None, None) => {}
        (Some(before), Some(leaf), Some(path)) => {
            let proof = merkle::verify_inclusion(leaf, before, head.size, path, head.root);
            failures.extend(proof.err().map(|error| Failure::at(place, error)));
        }
        _ => failures.push(Failure::at(place, "needed by every leaf but leaf 0, and only there")),
    }

    let place = "/log/proofs/previous_version";
    match (document.previous, &proofs.previous_version) {
        (None, None) => {}
        (Some(digest), Some(proof)) => {
            let expected = Entry {
                document: digest,
                lines_root: proof.entry.lines_root,
                version: document.version.saturating_sub(1),
                ..(*entry).clone()
            };
            if proof.entry != expected || proof.index >= index {
                let message = "not the entry of the version before this one";
                failures.push(Failure::at(place, message));
            }
            failures.extend(proof.verify(*head).err().map(|error| Failure::at(place, error)));
        }
        _ => failures.push(Failure::at(place, "needed by every correction, and only there")),
    }
    failures
}
