use proptest::prelude::*;

use super::*;

/// The leaves of the Certificate Transparency test suite.
const LEAVES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

/// Its roots, of trees of 0 to 8 of these leaves.
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const A: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
const B: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
const C: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
const D: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
const E: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
const F: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";

fn digest(hex: &str) -> Digest {
    format!("sha256:{hex}").parse().unwrap()
}

fn digests(hex: &[&str]) -> Vec<Digest> {
    hex.iter().map(|hex| digest(hex)).collect()
}

fn known_leaves(size: usize) -> Vec<Digest> {
    LEAVES[..size].iter().map(|data| leaf_hash(data)).collect()
}

fn leaves(size: u64) -> Vec<Digest> {
    (0..size).map(|index| leaf_hash(&index.to_be_bytes())).collect()
}

fn flipped(digest: Digest, bit: usize) -> Digest {
    let mut bytes = *digest.as_bytes();
    bytes[bit / 8 % 32] ^= 1 << (bit % 8);
    Digest::from_bytes(bytes)
}

#[test]
fn roots_are_those_of_the_certificate_transparency_suite() {
    for (size, expected) in ROOTS.iter().enumerate() {
        assert_eq!(root(&known_leaves(size)), digest(expected), "of {size} leaves");
    }
}

#[test]
fn inclusion_paths_are_those_of_the_certificate_transparency_suite() {
    let cases: [(u64, usize, &[&str]); 5] = [
        (0, 1, &[]),
        (0, 8, &[A, B, C]),
        (5, 8, &[D, E, ROOTS[4]]),
        (2, 3, &[ROOTS[2]]),
        (1, 5, &[ROOTS[1], B, D]),
    ];
    for (index, size, path) in cases {
        let leaves = known_leaves(size);
        let path = digests(path);
        assert_eq!(inclusion_path(&leaves, index), Ok(path.clone()), "leaf {index} of {size}");
        let leaf = leaf_hash(LEAVES[index as usize]);
        verify_inclusion(leaf, index, size as u64, &path, digest(ROOTS[size])).unwrap();
    }
}

#[test]
fn consistency_paths_are_those_of_the_certificate_transparency_suite() {
    let cases: [(usize, usize, &[&str]); 4] =
        [(1, 1, &[]), (1, 8, &[A, B, C]), (6, 8, &[F, E, ROOTS[4]]), (2, 5, &[B, D])];
    for (old, new, path) in cases {
        let path = digests(path);
        let made = consistency_path(&known_leaves(new), old as u64);
        assert_eq!(made, Ok(path.clone()), "from {old} to {new}");
        let old = TreeHead { size: old as u64, root: digest(ROOTS[old]) };
        let new = TreeHead { size: new as u64, root: digest(ROOTS[new]) };
        verify_consistency(old, new, &path).unwrap();
    }
}

#[test]
fn every_leaf_of_every_size_verifies_and_only_in_its_place() {
    for size in 1..=40 {
        let leaves = leaves(size);
        let root = root(&leaves);
        for index in 0..size {
            let path = inclusion_path(&leaves, index).unwrap();
            let leaf = leaves[index as usize];
            verify_inclusion(leaf, index, size, &path, root).unwrap();
            for other in (0..size).filter(|other| *other != index) {
                assert!(verify_inclusion(leaf, other, size, &path, root).is_err());
            }
        }
    }
}

#[test]
fn every_tree_is_consistent_with_all_its_prefixes() {
    for new_size in 0..=40 {
        let leaves = leaves(new_size);
        let new = TreeHead::of(&leaves);
        for old_size in 0..=new_size {
            let old = TreeHead::of(&leaves[..old_size as usize]);
            let path = consistency_path(&leaves, old_size).unwrap();
            verify_consistency(old, new, &path).unwrap();
        }
    }
}

#[test]
fn a_log_that_shrinks_or_lacks_the_leaf_is_refused() {
    let three = leaves(3);
    assert_eq!(inclusion_path(&three, 3), Err(MerkleError::NoSuchLeaf { index: 3, size: 3 }));
    assert_eq!(consistency_path(&three, 4), Err(MerkleError::Shrunk { old: 4, new: 3 }));
    let shrunk = verify_consistency(TreeHead::of(&three), TreeHead::of(&three[..2]), &[]);
    assert_eq!(shrunk, Err(MerkleError::Shrunk { old: 3, new: 2 }));
}

#[test]
fn a_path_of_another_length_is_refused_by_its_length() {
    let five = leaves(5);
    let root = root(&five);
    let mut path = inclusion_path(&five, 0).unwrap();
    path.push(root);
    let long = verify_inclusion(five[0], 0, 5, &path, root);
    assert_eq!(long, Err(MerkleError::PathLength { found: 4, short: false }));
    let short = verify_inclusion(five[0], 0, 5, &path[..2], root).unwrap_err();
    assert_eq!(short.to_string(), "the path has 2 hashes, which is too few");
}

#[test]
fn equal_trees_need_equal_roots() {
    let old = TreeHead::of(&leaves(4));
    let new = TreeHead { root: flipped(old.root, 0), ..old };
    assert!(matches!(verify_consistency(old, new, &[]), Err(MerkleError::OtherRoot { .. })));
}

proptest! {
    #[test]
    fn a_flipped_bit_breaks_an_inclusion_proof(
        (size, index) in (1..200_u64).prop_flat_map(|size| (Just(size), 0..size)),
        node in any::<prop::sample::Index>(),
        bit in 0..256_usize,
    ) {
        let leaves = leaves(size);
        let mut hashes = inclusion_path(&leaves, index).unwrap();
        hashes.push(leaves[index as usize]);
        hashes.push(root(&leaves));
        let node = node.index(hashes.len());
        hashes[node] = flipped(hashes[node], bit);
        let (tree_root, rest) = hashes.split_last().unwrap();
        let (leaf, path) = rest.split_last().unwrap();
        prop_assert!(verify_inclusion(*leaf, index, size, path, *tree_root).is_err());
    }

    #[test]
    fn a_flipped_bit_breaks_a_consistency_proof(
        (new, old) in (2..200_u64).prop_flat_map(|new| (Just(new), 1..new)),
        node in any::<prop::sample::Index>(),
        bit in 0..256_usize,
    ) {
        let leaves = leaves(new);
        let mut hashes = consistency_path(&leaves, old).unwrap();
        hashes.push(root(&leaves[..old as usize]));
        hashes.push(root(&leaves));
        let node = node.index(hashes.len());
        hashes[node] = flipped(hashes[node], bit);
        let (new_root, rest) = hashes.split_last().unwrap();
        let (old_root, path) = rest.split_last().unwrap();
        let old = TreeHead { size: old, root: *old_root };
        let new = TreeHead { size: new, root: *new_root };
        prop_assert!(verify_consistency(old, new, path).is_err());
    }

    #[test]
    fn a_rewritten_leaf_breaks_consistency(
        (new, old, rewritten) in (2..100_u64)
            .prop_flat_map(|new| (Just(new), 1..new))
            .prop_flat_map(|(new, old)| (Just(new), Just(old), 0..old)),
    ) {
        let mut leaves = leaves(new);
        let before = TreeHead::of(&leaves[..old as usize]);
        leaves[rewritten as usize] = leaf_hash(b"rewritten");
        let path = consistency_path(&leaves, old).unwrap();
        prop_assert!(verify_consistency(before, TreeHead::of(&leaves), &path).is_err());
    }
}
