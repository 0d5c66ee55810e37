//! Checks what an office published, without its servers: whole versions, and the receipts of single
//! bodies. [`chengping_ledger`] says what is checked; this crate adds the rules, by which every
//! score is computed again.

mod records;
mod trust;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use chengping_ledger::bundle::{self, Bundle, Report};
use chengping_ledger::checkpoint::Opened;
use chengping_ledger::receipt::{RECEIPT_FORMAT, Receipt, ReceiptError};
use chengping_scoring::{ENGINE, Input, score};
use chengping_types::BodyId;
use serde_json::{Value, json};

pub use crate::records::{check_with_records, not_counted};
pub use crate::trust::{Trust, TrustError, TrustedKey};

/// What was found of one file.
#[derive(Debug)]
pub enum Verdict {
    /// The file is a bundle, or nothing that is known.
    Bundle(Report),
    /// The file is the receipt of a body.
    Receipt {
        /// The line, to be believed if `opened` is.
        line: Value,
        /// The index of the version in the log.
        log_index: u64,
        /// The checkpoint that the proof reaches, or where it breaks.
        opened: Result<Opened, ReceiptError>,
    },
    /// The file says that it is a receipt, and is none.
    NoReceipt(ReceiptError),
}

impl Verdict {
    /// Whether everything was checked and is as it should be.
    pub fn verified(&self) -> bool {
        match self {
            Self::Bundle(report) => report.verified(),
            Self::Receipt { opened, .. } => opened.is_ok(),
            Self::NoReceipt(_) => false,
        }
    }

    /// The findings as text for people, line by line.
    pub fn text(&self) -> String {
        match self {
            Self::Bundle(report) => report.to_string(),
            Self::Receipt { opened: Ok(opened), line, log_index } => {
                let text = |pointer| line.pointer(pointer).and_then(Value::as_str).unwrap_or("-");
                format!(
                    "ok       receipt        {} of {} in {}: score {}, leaf {log_index} of {} in the \
                     log {}\nverified\n",
                    text("/body_id"),
                    text("/month"),
                    text("/jurisdiction"),
                    text("/result/score"),
                    opened.checkpoint.head().size,
                    opened.checkpoint.origin(),
                )
            }
            Self::Receipt { opened: Err(error), .. } | Self::NoReceipt(error) => {
                format!("FAILED   receipt        {error}\nNOT VERIFIED\n")
            }
        }
    }

    /// The findings for programs.
    pub fn json(&self) -> Value {
        let verified = self.verified();
        match self {
            Self::Bundle(report) => json!({"verified": verified, "report": report}),
            Self::Receipt { opened: Ok(opened), line, log_index } => json!({
                "verified": verified,
                "line": line,
                "log_index": log_index,
                "signers": opened.signers,
            }),
            Self::Receipt { opened: Err(error), .. } | Self::NoReceipt(error) => {
                json!({"verified": verified, "error": error.to_string()})
            }
        }
    }
}

/// Checks the bytes of a file, whatever it is, on the word of the keys that are trusted.
pub fn check(bytes: &[u8], trust: &Trust) -> Verdict {
    let value = serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    let is_receipt = value.get("format").and_then(Value::as_str) == Some(RECEIPT_FORMAT);
    let checkpoint = value.get("checkpoint").and_then(Value::as_str).unwrap_or_default();
    if is_receipt {
        return check_receipt(bytes, &trust.at(checkpoint, &Value::Null));
    }
    let keys = value.get("keys").cloned().unwrap_or_default();
    Verdict::Bundle(bundle::verify(bytes, &trust.at(checkpoint, &keys), recompute))
}

fn check_receipt(bytes: &[u8], trusted: &[chengping_ledger::note::VerifierKey]) -> Verdict {
    match Receipt::parse(bytes) {
        Ok(receipt) => Verdict::Receipt {
            line: receipt.line().clone(),
            log_index: receipt.version().index,
            opened: receipt.verify(trusted),
        },
        Err(error) => Verdict::NoReceipt(error),
    }
}

/// The receipt of a body, out of a bundle that was checked.
///
/// # Errors
///
/// If the bundle does not verify, or has no line of the body.
pub fn receipt(bytes: &[u8], body: &BodyId, trust: &Trust) -> anyhow::Result<Vec<u8>> {
    ensure!(check(bytes, trust).verified(), "the bundle does not verify, so it gives no receipt");
    let bundle: Bundle = serde_json::from_slice(bytes).context("not a bundle")?;
    Ok(bundle.receipt(body)?.to_vec()?)
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
