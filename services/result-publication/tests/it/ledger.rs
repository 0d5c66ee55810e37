//! Checkpoints, proofs and keys.

use chengping_ledger::checkpoint::Checkpoint;
use chengping_ledger::merkle::verify_inclusion;
use chengping_ledger::note::{SignedNote, VerifierKey};
use chengping_proto::publication::v1 as pb;
use chengping_types::Digest;
use tonic::Code;

use crate::service::{ZZ, fields, refusal, start, value};

fn digest(hash: &[u8]) -> Digest {
    Digest::from_bytes(hash.try_into().unwrap())
}

#[tokio::test]
async fn every_version_is_proven_to_be_in_every_later_log() {
    let service = start().await;
    let mut versions = Vec::new();
    for number in 1..=3 {
        let (id, month) = (format!("e{number}"), format!("2018-{number:02}"));
        versions.push(service.published(&id, &month, "").await);
    }
    let request = pb::GetCheckpointRequest { name: format!("{ZZ}/checkpoint") };
    let checkpoint = service.ledger.clone().get_checkpoint(request).await.unwrap().into_inner();
    for (index, version) in versions.iter().enumerate() {
        let request =
            pb::GetInclusionProofRequest { bulletin_version: version.name.clone(), tree_size: 0 };
        let proof = service.ledger.clone().get_inclusion_proof(request).await.unwrap().into_inner();
        assert_eq!((proof.leaf_index, proof.tree_size), (i64::try_from(index).unwrap(), 3));
        let path: Vec<_> = proof.hashes.iter().map(|hash| digest(hash)).collect();
        let root = digest(&checkpoint.root_hash);
        verify_inclusion(digest(&proof.leaf_hash), index as u64, 3, &path, root).unwrap();
    }

    let request =
        pb::GetInclusionProofRequest { bulletin_version: versions[2].name.clone(), tree_size: 2 };
    let status = service.ledger.clone().get_inclusion_proof(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::OutOfRange, "TREE_SIZE_OUT_OF_RANGE".to_owned()));
    let said = ["asked", "least", "most"].map(|key| value(&status, key));
    assert_eq!(said, ["2", "3", "3"]);
}

#[tokio::test]
async fn an_empty_log_has_a_key_but_no_checkpoint() {
    let service = start().await;
    let request = pb::GetCheckpointRequest { name: format!("{ZZ}/checkpoint") };
    let status = service.ledger.clone().get_checkpoint(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::NotFound, "LOG_EMPTY".to_owned()));
    let request = pb::ListVerifierKeysRequest { parent: ZZ.to_owned(), ..Default::default() };
    let keys = service.ledger.clone().list_verifier_keys(request).await.unwrap().into_inner();
    assert_eq!(keys.verifier_keys.len(), 1);
    assert!(keys.verifier_keys[0].parse::<VerifierKey>().is_ok());
}

#[tokio::test]
async fn keys_that_signed_once_are_listed_after_the_one_that_signs_now() {
    let service = start().await;
    service.published("e1", "2018-04", "").await;
    let request = pb::ListVerifierKeysRequest { parent: ZZ.to_owned(), ..Default::default() };
    let old = service.ledger.clone().list_verifier_keys(request.clone()).await.unwrap();
    // Another installation's key takes over.
    let other = service.with_another_key().await;
    other.published("e2", "2018-05", "").await;
    let keys = other.ledger.clone().list_verifier_keys(request.clone()).await.unwrap();
    let keys = keys.into_inner().verifier_keys;
    assert_eq!((keys.len(), &keys[1]), (2, &old.get_ref().verifier_keys[0]));

    let first_page = pb::ListVerifierKeysRequest { page_size: 1, ..request };
    let page = other.ledger.clone().list_verifier_keys(first_page.clone()).await.unwrap();
    let pb::ListVerifierKeysResponse { verifier_keys, next_page_token, .. } = page.into_inner();
    assert_eq!(verifier_keys, keys[..1]);
    let rest = pb::ListVerifierKeysRequest { page_token: next_page_token, ..first_page };
    let page = other.ledger.clone().list_verifier_keys(rest).await.unwrap().into_inner();
    assert_eq!((page.verifier_keys.as_slice(), page.next_page_token.as_str()), (&keys[1..], ""));

    let request = pb::GetCheckpointRequest { name: format!("{ZZ}/checkpoint") };
    let checkpoint = other.ledger.clone().get_checkpoint(request).await.unwrap().into_inner();
    let note: SignedNote = checkpoint.note.parse().unwrap();
    assert!(Checkpoint::open(&note, &[keys[0].parse().unwrap()]).is_ok());
}

#[tokio::test]
async fn proofs_of_what_is_not_there_are_refused() {
    let service = start().await;
    let evaluation = service.scoring.add("e1", "2018-04", "94.26");
    let name = service.create("2018-04", &evaluation, "").await.unwrap().name;
    let request = pb::GetInclusionProofRequest { bulletin_version: name.clone(), tree_size: 0 };
    let status = service.ledger.clone().get_inclusion_proof(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "NOT_PUBLISHED".to_owned()));
    assert_eq!(
        (value(&status, "name"), value(&status, "state")),
        (name.clone(), "computed".into())
    );
    let request = pb::DownloadBulletinVersionRequest { name };
    let status = service.bulletins.clone().download_bulletin_version(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "NOT_PUBLISHED".to_owned()));

    let request = pb::GetConsistencyProofRequest {
        parent: "zz".to_owned(),
        tree_size_first: -1,
        tree_size_second: -1,
    };
    let status = service.ledger.clone().get_consistency_proof(request).await.unwrap_err();
    assert_eq!(fields(&status), ["parent", "tree_size_first", "tree_size_second"]);
    let request = pb::GetConsistencyProofRequest {
        parent: ZZ.to_owned(),
        tree_size_first: 1,
        tree_size_second: 0,
    };
    let status = service.ledger.clone().get_consistency_proof(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::OutOfRange, "TREE_SIZE_OUT_OF_RANGE".to_owned()));
}
