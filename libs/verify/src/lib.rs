//! Checks what an office published, without its servers: whole versions, and the receipts of single
//! bodies. [`chengping_ledger`] says what is checked; this crate adds the rules, by which every
//! score is computed again.

mod records;
mod trust;
mod verdict;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use chengping_ledger::bundle::{self, Bundle, Report};
use chengping_ledger::note::VerifierKey;
use chengping_ledger::receipt::{RECEIPT_FORMAT, Receipt};
use chengping_scoring::{ENGINE, Input, score};
use chengping_types::BodyId;
use serde::Deserialize;
use serde_json::Value;

pub use crate::records::check_with_records;
pub use crate::trust::{Trust, TrustError, TrustedKey};
pub use crate::verdict::{Verdict, without_key};

/// What of a file says how it is to be checked.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Head {
    format: String,
    checkpoint: String,
    keys: Vec<VerifierKey>,
}

/// Checks the bytes of a file, whatever it is, on the word of the keys that are trusted.
pub fn check(bytes: &[u8], trust: &Trust) -> Verdict {
    // What cannot be read is reported by who reads all of it.
    let head: Head = serde_json::from_slice(bytes).unwrap_or_default();
    if head.format == RECEIPT_FORMAT {
        return check_receipt(bytes, &trust.at(&head.checkpoint, Vec::new()));
    }
    Verdict::Bundle(check_bundle(bytes, head, trust))
}

fn check_bundle(bytes: &[u8], head: Head, trust: &Trust) -> Report {
    bundle::verify(bytes, &trust.at(&head.checkpoint, head.keys), recompute)
}

fn check_receipt(bytes: &[u8], trusted: &[VerifierKey]) -> Verdict {
    match Receipt::parse(bytes) {
        Ok(receipt) => Verdict::Receipt {
            line: receipt.line().clone(),
            log_index: receipt.version().index,
            opened: receipt.verify(trusted),
        },
        Err(error) => Verdict::NoReceipt(error),
    }
}

/// What was found of a bundle, and out of it the receipt of a body, if it verifies.
///
/// # Errors
///
/// If it verifies and has no line of the body.
pub fn receipt(
    bytes: &[u8],
    body: &BodyId,
    trust: &Trust,
) -> anyhow::Result<(Report, Option<Vec<u8>>)> {
    let report = check_bundle(bytes, serde_json::from_slice(bytes).unwrap_or_default(), trust);
    if !report.verified() {
        return Ok((report, None));
    }
    let receipt = Bundle::parse(bytes)?.receipt(body)?;
    Ok((report, Some(receipt.to_vec()?)))
}

/// The results document that follows from a sealed input.
///
/// # Errors
///
/// When the input is not one, or names other rules or another engine than it can be computed with.
pub fn recompute(input: &Value) -> Result<Vec<u8>, String> {
    let recompute = || {
        let input: Input = serde_json::from_value(input.clone()).context("not an input")?;
        let (stated, computed) = (input.rule_pack.digest, input.rule_pack.pack.digest());
        ensure!(stated == computed, "the rule pack is said to be {stated}, and is {computed}");
        if input.engine != ENGINE {
            bail!("it was computed by {}, and this program has {ENGINE}", input.engine);
        }
        Ok(score(&input).results_document())
    };
    recompute().map_err(|error: anyhow::Error| format!("{error:#}"))
}

/// The file itself, or all bundles and receipts (`*.json`) of a folder by name.
///
/// # Errors
///
/// If it cannot be read, or the folder holds none.
pub fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let context = || format!("cannot read {}", path.display());
    if !fs::metadata(path).with_context(context)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).with_context(context)? {
        let file = entry.with_context(context)?.path();
        if file.extension().is_some_and(|extension| extension == "json") {
            files.push(file);
        }
    }
    ensure!(!files.is_empty(), "{} holds no bundle (*.json)", path.display());
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_no_bundle_is_not_verified() {
        for bytes in [&b""[..], b"{}", b"[1]", b"{\"keys\": 3}"] {
            assert!(!check(bytes, &Trust::default()).verified());
        }
        let receipt = br#"{"format":"chengping.receipt/1"}"#;
        assert!(matches!(check(receipt, &Trust::default()), Verdict::NoReceipt(_)));
    }

    #[test]
    fn what_is_no_input_is_said() {
        assert!(recompute(&json!({})).unwrap_err().starts_with("not an input: "));
    }

    #[test]
    fn a_folder_stands_for_its_bundles() {
        let folder = tempfile::tempdir().unwrap();
        assert!(files(folder.path()).is_err());
        for name in ["b.json", "a.json", "readme.txt"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let names: Vec<_> = files(folder.path()).unwrap();
        assert_eq!(names, [folder.path().join("a.json"), folder.path().join("b.json")]);
    }
}
