//! What was found of a file, for people and for programs.

use std::path::Path;

use chengping_ledger::bundle::Report;
use chengping_ledger::checkpoint::Opened;
use chengping_ledger::receipt::ReceiptError;
use serde_json::{Value, json};

use crate::Trust;

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
                     log {}\nnote     the receipt does not say whether the version stands\nverified\n",
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

    /// The findings for programs, beside the name of the file.
    pub fn json(&self, file: &Path) -> Value {
        let (file, verified) = (file.display().to_string(), self.verified());
        match self {
            Self::Bundle(report) => json!({"file": file, "verified": verified, "report": report}),
            Self::Receipt { opened: Ok(opened), line, log_index } => json!({
                "file": file,
                "verified": verified,
                "line": line,
                "log_index": log_index,
                "signers": opened.signers,
            }),
            Self::Receipt { opened: Err(error), .. } | Self::NoReceipt(error) => {
                json!({"file": file, "verified": verified, "error": error.to_string()})
            }
        }
    }
}

/// What is to be said of verdicts that were found without a key that the reader believes; nothing
/// where one was named.
pub fn without_key<'a>(
    trust: &Trust,
    mut verdicts: impl Iterator<Item = &'a Verdict> + Clone,
) -> Option<&'static str> {
    if !trust.is_empty() {
        return None;
    }
    let bundles = verdicts.clone().any(|verdict| matches!(verdict, Verdict::Bundle(_)));
    let receipts = verdicts.any(|verdict| !matches!(verdict, Verdict::Bundle(_)));
    match (bundles, receipts) {
        (false, false) => None,
        (false, true) => {
            Some("no key was named, and a receipt has none of its own: name the key of the office")
        }
        (true, false) => Some(
            "no key was named, so the signature was checked with the keys in the bundle itself; get \
             the key of the office by another way to know who signed",
        ),
        (true, true) => Some(
            "no key was named, so bundles were checked with the keys inside, and a receipt has none; \
             get the key of the office by another way, and name it",
        ),
    }
}
