//! The Merkle tree of RFC 6962, section 2.1 (unchanged in RFC 9162), over leaf hashes.
//!
//! A tree is the slice of its leaf hashes, in order; nothing else is kept. The trees here have
//! some hundred leaves (a log grows by a few a month), so every proof is computed afresh.
//!
//! Leaves and inner nodes are hashed with different prefixes, so that no inner node can be passed
//! off as a leaf:
//!
//! ```
//! use chengping_ledger::merkle;
//!
//! let leaves: Vec<_> = ["a", "b", "c"].map(|text| merkle::leaf_hash(text.as_bytes())).to_vec();
//! let root = merkle::root(&leaves);
//! let path = merkle::inclusion_path(&leaves, 1)?;
//! merkle::verify_inclusion(leaves[1], 1, 3, &path, root)?;
//! # Ok::<(), merkle::MerkleError>(())
//! ```

use chengping_types::Digest;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

#[cfg(test)]
mod tests;

const LEAF_PREFIX: [u8; 1] = [0x00];
const NODE_PREFIX: [u8; 1] = [0x01];

/// Why a proof could not be made, or does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MerkleError {
    /// There is no such leaf.
    #[error("a tree of {size} leaves has no leaf {index}; leaves are numbered from 0")]
    NoSuchLeaf {
        /// The leaf asked for.
        index: u64,
        /// Leaves in the tree.
        size: u64,
    },
    /// A log only grows: the older tree cannot be the larger one.
    #[error("the older tree has {old} leaves, the newer one {new}; a log only grows")]
    Shrunk {
        /// Leaves in the older tree.
        old: u64,
        /// Leaves in the newer tree.
        new: u64,
    },
    /// The path has more or fewer hashes than the shape of the tree asks for.
    #[error("the path has {found} hashes, which is too {}", if *.short { "few" } else { "many" })]
    PathLength {
        /// Hashes in the path.
        found: usize,
        /// Whether hashes are missing rather than left over.
        short: bool,
    },
    /// The path leads to another root.
    #[error("the path leads to the root {computed}, not to {expected}")]
    OtherRoot {
        /// The root that was to be proven.
        expected: Digest,
        /// The root that the path leads to.
        computed: Digest,
    },
}

/// The hash of a leaf that holds `data`: SHA-256(0x00 ‖ data).
#[must_use]
pub fn leaf_hash(data: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::new().chain_update(LEAF_PREFIX).chain_update(data).finalize().into())
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
#[must_use]
pub fn node_hash(left: Digest, right: Digest) -> Digest {
    let hasher = Sha256::new().chain_update(NODE_PREFIX);
    Digest::from_bytes(
        hasher.chain_update(left.as_bytes()).chain_update(right.as_bytes()).finalize().into(),
    )
}

/// The root of the tree over `leaves`; of no leaves, the SHA-256 of nothing.
#[must_use]
pub fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(b""),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(root(left), root(right))
        }
    }
}

/// The hashes that lead from leaf `index` to the root, the nearest first.
///
/// # Errors
///
/// [`MerkleError::NoSuchLeaf`].
pub fn inclusion_path(leaves: &[Digest], index: u64) -> Result<Vec<Digest>, MerkleError> {
    let size = leaves.len() as u64;
    let position = usize::try_from(index)
        .ok()
        .filter(|position| *position < leaves.len())
        .ok_or(MerkleError::NoSuchLeaf { index, size })?;
    let mut path = Vec::new();
    descend(leaves, position, &mut path);
    Ok(path)
}

/// RFC 6962, 2.1.1: `PATH(m, D[n])`.
fn descend(leaves: &[Digest], position: usize, path: &mut Vec<Digest>) {
    if leaves.len() < 2 {
        return;
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if position < left.len() {
        descend(left, position, path);
        path.push(root(right));
    } else {
        descend(right, position - left.len(), path);
        path.push(root(left));
    }
}

/// Checks that `leaf` is the leaf `index` of the tree of `size` leaves with this `root`.
///
/// RFC 9162, 2.1.3.2.
///
/// # Errors
///
/// Every [`MerkleError`] but [`MerkleError::Shrunk`].
pub fn verify_inclusion(
    leaf: Digest,
    index: u64,
    size: u64,
    path: &[Digest],
    root: Digest,
) -> Result<(), MerkleError> {
    if index >= size {
        return Err(MerkleError::NoSuchLeaf { index, size });
    }
    let mut node = index;
    let mut last = size - 1;
    let mut computed = leaf;
    for sibling in path {
        if last == 0 {
            return Err(MerkleError::PathLength { found: path.len(), short: false });
        }
        if node & 1 == 1 || node == last {
            computed = node_hash(*sibling, computed);
            climb_to_right_child(&mut node, &mut last);
        } else {
            computed = node_hash(computed, *sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(MerkleError::PathLength { found: path.len(), short: true });
    }
    expect_root(root, computed)
}

/// The hashes that show that the tree of the first `old_size` leaves is a prefix of this one.
///
/// Empty when the trees are equal and when the older one is.
///
/// # Errors
///
/// [`MerkleError::Shrunk`].
pub fn consistency_path(leaves: &[Digest], old_size: u64) -> Result<Vec<Digest>, MerkleError> {
    let new = leaves.len() as u64;
    let old = usize::try_from(old_size)
        .ok()
        .filter(|old| *old <= leaves.len())
        .ok_or(MerkleError::Shrunk { old: old_size, new })?;
    let mut path = Vec::new();
    if old > 0 {
        compare(leaves, old, true, &mut path);
    }
    Ok(path)
}

/// RFC 6962, 2.1.2: `SUBPROOF(m, D[n], b)`; `whole` is `b`, true while the subtree of the older
/// tree that is left to prove is one whose root the reader knows.
fn compare(leaves: &[Digest], old: usize, whole: bool, path: &mut Vec<Digest>) {
    if old == leaves.len() {
        if !whole {
            path.push(root(leaves));
        }
        return;
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if old <= left.len() {
        compare(left, old, whole, path);
        path.push(root(right));
    } else {
        compare(right, old - left.len(), false, path);
        path.push(root(left));
    }
}

/// A tree as a reader knows it without its leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// Number of leaves.
    pub size: u64,
    /// The Merkle root over them.
    pub root: Digest,
}

impl TreeHead {
    /// The head of the tree over `leaves`.
    #[must_use]
    pub fn of(leaves: &[Digest]) -> Self {
        Self { size: leaves.len() as u64, root: root(leaves) }
    }
}

/// Checks that the tree `new` only adds leaves to the tree `old`.
///
/// RFC 9162, 2.1.4.2. Every tree continues the empty one.
///
/// # Errors
///
/// Every [`MerkleError`] but [`MerkleError::NoSuchLeaf`].
pub fn verify_consistency(
    old: TreeHead,
    new: TreeHead,
    path: &[Digest],
) -> Result<(), MerkleError> {
    if old.size > new.size {
        return Err(MerkleError::Shrunk { old: old.size, new: new.size });
    }
    if old.size == 0 || old.size == new.size {
        if !path.is_empty() {
            return Err(MerkleError::PathLength { found: path.len(), short: false });
        }
        let expected = if old.size == 0 { root(&[]) } else { new.root };
        return expect_root(expected, old.root);
    }

    let mut node = old.size - 1;
    let mut last = new.size - 1;
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    // An old tree that is complete is itself the first node; the path leaves it out.
    let (first, rest) = if old.size.is_power_of_two() {
        (old.root, path)
    } else {
        let short = MerkleError::PathLength { found: path.len(), short: true };
        path.split_first().map(|(first, rest)| (*first, rest)).ok_or(short)?
    };
    let mut old_root = first;
    let mut new_root = first;
    for sibling in rest {
        if last == 0 {
            return Err(MerkleError::PathLength { found: path.len(), short: false });
        }
        if node & 1 == 1 || node == last {
            old_root = node_hash(*sibling, old_root);
            new_root = node_hash(*sibling, new_root);
            climb_to_right_child(&mut node, &mut last);
        } else {
            new_root = node_hash(new_root, *sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(MerkleError::PathLength { found: path.len(), short: true });
    }
    expect_root(old.root, old_root)?;
    expect_root(new.root, new_root)
}

/// At the right edge a node may have no sibling for some levels: goes up to where it has one.
fn climb_to_right_child(node: &mut u64, last: &mut u64) {
    while *node & 1 == 0 && *node != 0 {
        *node >>= 1;
        *last >>= 1;
    }
}

fn expect_root(expected: Digest, computed: Digest) -> Result<(), MerkleError> {
    if expected == computed { Ok(()) } else { Err(MerkleError::OtherRoot { expected, computed }) }
}

/// The largest power of two below `size`, which is at least 2: leaves of the left subtree.
fn split(size: usize) -> usize {
    1 << (size - 1).ilog2()
}
