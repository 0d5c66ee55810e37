//! Receipts: one line of the results, believed without seeing the others.

use serde_json::{Value, json};

use super::{Receipt, ReceiptError};
use crate::bundle::EntryProof;
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::lines::{LineError, LineProof};
use crate::merkle::TreeHead;
use crate::note::Signer;
use crate::version::{Draft, Entry, Link, SealedVersion, seal};

fn signer() -> Signer {
    Signer::new("pingjia.example/zz", [1; 32]).unwrap()
}

fn version(month: &str, chain: Link) -> SealedVersion {
    let bodies = json!({"d01": {"rank": 1}, "d02": {"rank": 2}, "d03": {"rank": 3}});
    seal(Draft {
        jurisdiction: "zz".parse().unwrap(),
        month: month.parse().unwrap(),
        supersedes: None,
        reason: None,
        publish_time: "2018-06-10T09:00:00+08:00".to_owned(),
        chain,
        results: json!({"bodies": bodies, "jurisdiction": "zz", "month": month}),
        input: json!({}),
        reported: Vec::new(),
    })
    .unwrap()
}

/// The receipt of `d02` for April, the second of two months.
fn receipt() -> Receipt {
    let march = version("2018-03", Link::after(&[]));
    let april = version("2018-04", Link::after(&[march.entry().leaf()]));
    let entries = [march.entry(), april.entry()];
    let leaves: Vec<_> = entries.iter().map(Entry::leaf).collect();
    let checkpoint = Checkpoint::new(signer().verifier_key().name(), TreeHead::of(&leaves));
    let line = LineProof::of(&april.document().results, &"d02".parse().unwrap()).unwrap();
    let proof = EntryProof::of(&entries, 1).unwrap();
    Receipt::new(line, proof, &checkpoint.unwrap().signed_by(&signer()))
}

fn altered(change: impl FnOnce(&mut Value)) -> Result<(), ReceiptError> {
    let mut value = serde_json::to_value(receipt()).unwrap();
    change(&mut value);
    let receipt: Receipt = serde_json::from_value(value).unwrap();
    receipt.verify(&[signer().verifier_key()]).map(|_| ())
}

#[test]
fn a_receipt_is_read_back_and_verifies() {
    let receipt = receipt();
    let read = Receipt::parse(&receipt.to_vec().unwrap()).unwrap();
    assert_eq!(read, receipt);
    let opened = read.verify(&[signer().verifier_key()]).unwrap();
    assert_eq!(opened.signers, ["pingjia.example/zz"]);
    assert_eq!(read.line()["result"]["rank"], 2);
    assert_eq!(read.version().entry.version, 1);
}

#[test]
fn a_receipt_shows_no_line_but_its_own() {
    let text = String::from_utf8(receipt().to_vec().unwrap()).unwrap();
    assert!(text.contains("d02") && !text.contains("d01") && !text.contains("d03"), "{text}");
}

#[test]
fn every_link_of_the_proof_holds() {
    altered(|_| ()).unwrap();
    let rank = altered(|value| value["line"]["line"]["result"]["rank"] = json!(1));
    assert!(matches!(rank, Err(ReceiptError::Line(LineError::Proof(_)))), "{rank:?}");
    let month = altered(|value| value["line"]["line"]["month"] = json!("2018-05"));
    assert!(matches!(month, Err(ReceiptError::Mismatch { field: "month" })), "{month:?}");
    let version = altered(|value| value["version"]["entry"]["version"] = json!(2));
    assert!(matches!(version, Err(ReceiptError::Inclusion(_))), "{version:?}");
    let other = altered(|value| value["version"]["entry"]["jurisdiction"] = json!("kf"));
    assert!(matches!(other, Err(ReceiptError::OtherLog { .. })), "{other:?}");
    let size = altered(|value| {
        let checkpoint = value["checkpoint"].as_str().unwrap().replace("\n2\n", "\n3\n");
        value["checkpoint"] = json!(checkpoint);
    });
    let signature = matches!(size, Err(ReceiptError::Checkpoint(CheckpointError::Note(_))));
    assert!(signature, "{size:?}");
}

#[test]
fn other_bytes_of_a_receipt_are_refused() {
    let mut bytes = receipt().to_vec().unwrap();
    bytes.push(b'\n');
    let offset = bytes.len() - 1;
    match Receipt::parse(&bytes) {
        Err(ReceiptError::NotCanonical { offset: found }) => assert_eq!(found, offset),
        other => panic!("{other:?}"),
    }
}
