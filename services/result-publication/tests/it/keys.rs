//! Keys that take each other's place, and receipts of single bodies.

use chengping_ledger::bundle::verify;
use chengping_ledger::handover;
use chengping_ledger::note::VerifierKey;
use chengping_ledger::receipt::Receipt;
use chengping_proto::publication::v1 as pb;
use sqlx::{Connection as _, PgConnection};
use tonic::{Code, Status};

use crate::scoring::recompute;
use crate::service::{Service, Settings, ZZ, fields, refusal, start, value};

async fn rotate(service: &Service, expected: &str) -> Result<pb::LogKey, Status> {
    let request = pb::RotateLogKeyRequest {
        parent: ZZ.to_owned(),
        reason: "a new year".to_owned(),
        expected_verifier_key: expected.to_owned(),
        validate_only: false,
    };
    Ok(service.ledger.clone().rotate_log_key(request).await?.into_inner())
}

fn key(text: &str) -> VerifierKey {
    text.parse().unwrap()
}

fn verified(bundle: &[u8], trusted: &str) -> bool {
    verify(bundle, &[key(trusted)], recompute).verified()
}

#[tokio::test]
async fn after_a_rotation_old_and_new_files_are_verified_each_by_its_key() {
    let service = start().await;
    let first = service.published("e1", "2018-03", "").await;
    let before = service.bundle(&first.name).await;
    let old = service.log_keys().await[0].clone();
    assert_eq!((old.generation, old.first_tree_size, old.last_tree_size), (Some(0), 1, None));

    let new = rotate(&service, &old.verifier_key).await.unwrap();
    assert_eq!((new.generation, new.first_tree_size, new.last_tree_size), (Some(1), 1, None));
    assert_eq!(new.reason, "a new year");
    let opened = handover::open(&new.handover, &key(&old.verifier_key)).unwrap();
    assert_eq!((opened.next, opened.tree_size), (key(&new.verifier_key), 1));

    // The same log, signed by both until it grows.
    let between = service.bundle(&first.name).await;
    assert!(verified(&between, &old.verifier_key) && verified(&between, &new.verifier_key));
    let second = service.published("e2", "2018-04", "").await;
    let after = service.bundle(&second.name).await;
    assert!(verified(&after, &new.verifier_key));
    assert!(!verified(&after, &old.verifier_key), "it signs no more");
    assert!(verified(&before, &old.verifier_key), "what it signed stays signed");
    let again = service.bundle(&first.name).await;
    assert!(verified(&again, &new.verifier_key), "also what was published before");

    let listed = service.log_keys().await;
    assert_eq!(listed[0], new);
    assert_eq!((listed[1].generation, listed[1].last_tree_size), (Some(0), Some(1)));
    assert_eq!(service.verified().await.findings, []);
}

#[tokio::test]
async fn a_document_that_was_altered_is_given_to_nobody() {
    let service = start().await;
    let version = service.published("e1", "2018-04", "").await;
    let mut owner = PgConnection::connect(service.database.admin_url()).await.unwrap();
    sqlx::query("set session_replication_role = replica").execute(&mut owner).await.unwrap();
    let altered = "update result_publication.log_entry
         set document = convert_to(replace(convert_from(document, 'UTF8'), '94.26', '94.27'), 'UTF8')";
    sqlx::query(altered).execute(&mut owner).await.unwrap();
    let request = pb::GetResultReceiptRequest {
        bulletin_version: version.name.clone(),
        body_id: "d01".to_owned(),
    };
    let receipt = service.ledger.clone().get_result_receipt(request).await.unwrap_err();
    let request = pb::DownloadBulletinVersionRequest { name: version.name };
    let bundle = service.bulletins.clone().download_bulletin_version(request).await.unwrap_err();
    for status in [receipt, bundle] {
        assert_eq!(refusal(&status), (Code::DataLoss, "DOCUMENT_CORRUPT".to_owned()));
    }
}

#[tokio::test]
async fn a_rotation_is_repeated_by_nobody_and_seen_by_every_process() {
    let service = start().await;
    let old = service.log_keys().await[0].verifier_key.clone();
    let (mut beside, stop) = service.beside(Settings::default()).await;
    let new = rotate(&service, &old).await.unwrap();
    let status = rotate(&service, &old).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::Aborted, "OTHER_KEY_SIGNS".to_owned()));
    assert_eq!(value(&status, "signs"), new.verifier_key);

    // The other process signs with the new one at once.
    let evaluation = service.scoring.add("e1", "2018-04", "94.26");
    let version = service.create("2018-04", &evaluation, "").await.unwrap();
    let request = pb::PublishBulletinVersionRequest { name: version.name, etag: String::new() };
    let version = beside.publish_bulletin_version(request).await.unwrap().into_inner();
    assert!(verified(&service.bundle(&version.name).await, &new.verifier_key));
    stop.cancel();

    // A third key, of an installation that rotates often.
    let newest = rotate(&service, &new.verifier_key).await.unwrap();
    service.published("e2", "2018-05", "").await;
    let keys = service.log_keys().await;
    let told: Vec<_> = keys.iter().map(|key| (key.generation, key.last_tree_size)).collect();
    assert_eq!(told, [(Some(2), None), (Some(1), Some(1)), (Some(0), Some(0))]);
    assert_eq!(keys[0].verifier_key, newest.verifier_key);
    assert_eq!(service.verified().await.findings, []);
}

#[tokio::test]
async fn what_is_only_checked_changes_no_key() {
    let service = start().await;
    let old = service.log_keys().await;
    let request = pb::RotateLogKeyRequest {
        parent: ZZ.to_owned(),
        reason: "a try".to_owned(),
        expected_verifier_key: old[0].verifier_key.clone(),
        validate_only: true,
    };
    service.ledger.clone().rotate_log_key(request).await.unwrap();
    assert_eq!(service.log_keys().await, old);
    let request = pb::RotateLogKeyRequest { parent: "zz".to_owned(), ..Default::default() };
    let status = service.ledger.clone().rotate_log_key(request).await.unwrap_err();
    assert_eq!(fields(&status), ["parent", "reason", "expected_verifier_key"]);
}

#[tokio::test]
async fn a_body_gets_its_line_with_a_proof_and_no_byte_can_be_changed() {
    let service = start().await;
    service.published("e1", "2018-03", "").await;
    let version = service.published("e2", "2018-04", "").await;
    let keys = service.log_keys().await;
    let trusted = [key(&keys[0].verifier_key)];
    let ask = |body: &str| pb::GetResultReceiptRequest {
        bulletin_version: version.name.clone(),
        body_id: body.to_owned(),
    };
    let mut ledger = service.ledger.clone();
    let whole = ledger.get_result_receipt(ask("d02")).await.unwrap().into_inner().data;
    let receipt = Receipt::parse(&whole).unwrap();
    receipt.verify(&trusted).unwrap();
    assert_eq!(receipt.line()["result"]["score"], "94.26");
    for place in (0..whole.len()).step_by(17) {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        let sound = Receipt::parse(&bytes).is_ok_and(|receipt| receipt.verify(&trusted).is_ok());
        assert!(!sound, "byte {place}");
    }
    let status = ledger.get_result_receipt(ask("d09")).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::NotFound, "RESULT_LINE_NOT_FOUND".to_owned()));
    assert_eq!(value(&status, "bodyId"), "d09");

    // By whichever key signs now, alone.
    rotate(&service, &keys[0].verifier_key).await.unwrap();
    let new = key(&service.log_keys().await[0].verifier_key);
    let receipt = ledger.get_result_receipt(ask("d02")).await.unwrap().into_inner().data;
    Receipt::parse(&receipt).unwrap().verify(&[new]).unwrap();
}
