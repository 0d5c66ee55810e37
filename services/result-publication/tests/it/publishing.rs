//! Sealing versions, and what a stranger can check of them.

use std::collections::BTreeSet;

use chengping_ledger::bundle::{Check, Outcome, verify};
use chengping_ledger::checkpoint::{Checkpoint, verify_growth};
use chengping_ledger::note::{SignedNote, VerifierKey};
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::bulletin_version::State;
use chengping_types::Digest;
use tonic::Code;

use crate::scoring::recompute;
use crate::service::{Service, Settings, ZZ, bulletin_name, refusal, start, start_with, value};

const MONTH: &str = "2018-04";
const PART_BYTES_MAX: usize = 1 << 20;

pub(crate) async fn download(service: &Service, name: &str) -> Vec<u8> {
    let request = pb::DownloadBulletinVersionRequest { name: name.to_owned() };
    let mut bulletins = service.bulletins.clone();
    let mut parts = bulletins.download_bulletin_version(request).await.unwrap().into_inner();
    let mut file = Vec::new();
    while let Some(part) = parts.message().await.unwrap() {
        assert!(part.data.len() <= PART_BYTES_MAX);
        file.extend(part.data);
    }
    file
}

pub(crate) async fn keys(service: &Service) -> Vec<VerifierKey> {
    let request = pb::ListVerifierKeysRequest { parent: ZZ.to_owned(), ..Default::default() };
    let keys = service.ledger.clone().list_verifier_keys(request).await.unwrap().into_inner();
    keys.verifier_keys.iter().map(|key| key.parse().unwrap()).collect()
}

async fn checkpoint(service: &Service) -> Checkpoint {
    let request = pb::GetCheckpointRequest { name: format!("{ZZ}/checkpoint") };
    let answer = service.ledger.clone().get_checkpoint(request).await.unwrap().into_inner();
    let note: SignedNote = answer.note.parse().unwrap();
    let opened = Checkpoint::open(&note, &keys(service).await).unwrap();
    let head = opened.checkpoint.head();
    assert_eq!(i64::try_from(head.size).unwrap(), answer.tree_size);
    assert_eq!(head.root.as_bytes().as_slice(), answer.root_hash);
    opened.checkpoint
}

#[tokio::test]
async fn a_stranger_verifies_a_published_version_without_the_server() {
    let service = start().await;
    let version = service.published("e1", MONTH, "").await;
    assert_eq!((version.state(), version.log_index), (State::Published, Some(0)));
    assert!(version.publish_time.is_some());

    let file = download(&service, &version.name).await;
    let trusted = keys(&service).await;
    assert_eq!(trusted[0].name(), "pingjia.example/zz");
    let report = verify(&file, &trusted, recompute);
    assert!(report.verified(), "{report}");
    assert_eq!(report.digest.unwrap().to_string(), version.digest);
    assert_eq!((report.version, report.standing.unwrap().superseded_by), (Some(1), None));

    let other_rules = verify(&file, &trusted, |_| Ok::<_, String>(b"{}".to_vec()));
    let failed = |check| {
        let found = other_rules.checks.iter().find(|checked| checked.check == check).unwrap();
        matches!(found.outcome, Outcome::Failed { .. })
    };
    assert!(failed(Check::Recomputation) && !failed(Check::Signature));
}

#[tokio::test]
async fn no_byte_of_a_bundle_can_be_changed() {
    let service = start().await;
    let version = service.published("e1", MONTH, "").await;
    let file = download(&service, &version.name).await;
    let trusted = keys(&service).await;
    for at in (0..file.len()).step_by(41) {
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert!(!verify(&changed, &trusted, recompute).verified(), "byte {at}");
    }
}

#[tokio::test]
async fn publishing_again_changes_nothing() {
    let service = start().await;
    let version = service.published("e1", MONTH, "").await;
    let stale =
        pb::PublishBulletinVersionRequest { name: version.name.clone(), etag: "\"1\"".to_owned() };
    let again = service.bulletins.clone().publish_bulletin_version(stale).await.unwrap();
    assert_eq!(again.into_inner(), version);
    assert_eq!(checkpoint(&service).await.head().size, 1);
}

#[tokio::test]
async fn a_correction_is_the_next_version_and_says_why() {
    let service = start().await;
    let mut bulletins = service.bulletins.clone();
    let evaluation = service.scoring.add("e2", MONTH, "95.00");
    let wish = |reason: &str| pb::CorrectBulletinRequest {
        name: bulletin_name(MONTH),
        evaluation: evaluation.clone(),
        reason: reason.to_owned(),
        request_id: String::new(),
    };
    let status = bulletins.correct_bulletin(wish("too early")).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "NOTHING_PUBLISHED".to_owned()));

    let first = service.published("e1", MONTH, "").await;
    let old = checkpoint(&service).await;
    let second = bulletins.correct_bulletin(wish("案件 7 判定有误")).await.unwrap().into_inner();
    assert_eq!((second.version, second.state()), (2, State::Computed));
    let second = service.publish(&second.name).await.unwrap();
    assert_eq!((second.state(), second.log_index), (State::Published, Some(1)));
    let first_now = service.version(&first.name).await;
    assert_eq!(first_now.state(), State::Corrected);
    assert_eq!(first_now.digest, first.digest, "the earlier version stands as it was");
    assert_eq!(service.publish(&first.name).await.unwrap(), first_now);

    let trusted = keys(&service).await;
    let report = verify(&download(&service, &second.name).await, &trusted, recompute);
    assert!(report.verified(), "{report}");
    let file = download(&service, &second.name).await;
    let bundle: serde_json::Value = serde_json::from_slice(&file).unwrap();
    assert_eq!(bundle["document"]["reason"], "案件 7 判定有误");
    assert_eq!(bundle["document"]["previous"], first.digest);
    let report = verify(&download(&service, &first.name).await, &trusted, recompute);
    assert!(report.verified(), "{report}");
    assert_eq!(report.standing.unwrap().superseded_by, Some(2));

    let request = pb::GetConsistencyProofRequest {
        parent: ZZ.to_owned(),
        tree_size_first: 1,
        tree_size_second: 0,
    };
    let proof = service.ledger.clone().get_consistency_proof(request).await.unwrap().into_inner();
    let path: Vec<_> =
        proof.hashes.iter().map(|hash| Digest::from_bytes(hash[..].try_into().unwrap())).collect();
    verify_growth(&old, &checkpoint(&service).await, &path).unwrap();
}

#[tokio::test]
async fn publications_at_once_make_one_log_without_a_gap() {
    let service = start().await;
    let (other, _other_process) = service.beside(Settings::default()).await;
    let mut names = Vec::new();
    for number in 1..=8 {
        let month = format!("2018-{number:02}");
        let evaluation = service.scoring.add(&format!("e{number}"), &month, "94.26");
        names.push(service.create(&month, &evaluation, "").await.unwrap().name);
    }
    let publishing: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(number, name)| {
            let process = if number % 2 == 0 { &service.bulletins } else { &other };
            let mut process = process.clone();
            let request =
                pb::PublishBulletinVersionRequest { name: name.clone(), ..Default::default() };
            tokio::spawn(async move { process.publish_bulletin_version(request).await })
        })
        .collect();
    let mut places = BTreeSet::new();
    for published in publishing {
        places.insert(published.await.unwrap().unwrap().into_inner().log_index.unwrap());
    }
    assert_eq!(places, (0..8).collect());

    let trusted = keys(&service).await;
    for name in &names {
        let report = verify(&download(&service, name).await, &trusted, recompute);
        assert!(report.verified(), "{report}");
    }
    // Every checkpoint that was ever signed continues the one before it.
    let notes: Vec<String> = sqlx::query_scalar("select note from checkpoint order by tree_size")
        .fetch_all(&service.pool)
        .await
        .unwrap();
    let open = |note: &String| {
        let note: SignedNote = note.parse().unwrap();
        Checkpoint::open(&note, &trusted).unwrap().checkpoint
    };
    let checkpoints: Vec<_> = notes.iter().map(open).collect();
    assert_eq!(checkpoints.len(), 8);
    for pair in checkpoints.windows(2) {
        let request = pb::GetConsistencyProofRequest {
            parent: ZZ.to_owned(),
            tree_size_first: pair[0].head().size.try_into().unwrap(),
            tree_size_second: pair[1].head().size.try_into().unwrap(),
        };
        let proof = service.ledger.clone().get_consistency_proof(request).await.unwrap();
        let hashes = proof.into_inner().hashes;
        let path: Vec<_> =
            hashes.iter().map(|hash| Digest::from_bytes(hash[..].try_into().unwrap())).collect();
        verify_growth(&pair[0], &pair[1], &path).unwrap();
    }
}

#[tokio::test]
async fn versions_move_only_where_they_may() {
    let service = start_with(Settings { require_notice: true, ..Settings::default() }).await;
    let evaluation = service.scoring.add("e1", MONTH, "94.26");
    let name = service.create(MONTH, &evaluation, "").await.unwrap().name;

    // Each step, and where it would lead from where the version stands, if it may not.
    let steps = [
        ("publish", Some(("computed", "published"))),
        ("approve", Some(("computed", "decided"))),
        ("withdraw", Some(("computed", "withdrawn"))),
        ("submit", None),
        ("submit", Some(("objection_window", "under_notice"))),
        ("publish", Some(("objection_window", "published"))),
        ("approve", None),
        ("approve", Some(("decided", "decided"))),
        ("submit", Some(("decided", "under_notice"))),
        ("publish", None),
        ("submit", Some(("published", "under_notice"))),
        ("approve", Some(("published", "decided"))),
        ("withdraw", None),
        ("submit", Some(("withdrawn", "under_notice"))),
        ("approve", Some(("withdrawn", "decided"))),
    ];
    for (step, refused) in steps {
        let found = service.step(step, &name, "li.wei", "because").await.err().map(|status| {
            let expected = (Code::FailedPrecondition, "ILLEGAL_STATE_CHANGE".to_owned());
            assert_eq!(refusal(&status), expected);
            (value(&status, "from"), value(&status, "to"))
        });
        let refused = refused.map(|(from, to)| (from.to_owned(), to.to_owned()));
        assert_eq!(found, refused, "{step}");
    }
}

#[tokio::test]
async fn a_log_that_was_tampered_with_is_not_signed() {
    use sqlx::{Connection as _, Executor as _};

    let service = start().await;
    service.published("e1", MONTH, "").await;
    let mut owner = sqlx::PgConnection::connect(service.database.admin_url()).await.unwrap();
    // Whoever owns the machine can do this; the signature is what they cannot take back.
    owner
        .execute(
            "set session_replication_role = replica;
             update result_publication.log_entry set version = 7",
        )
        .await
        .unwrap();
    let evaluation = service.scoring.add("e2", "2018-05", "94.26");
    let name = service.create("2018-05", &evaluation, "").await.unwrap().name;
    let status = service.publish(&name).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::DataLoss, "LOG_CORRUPT".to_owned()));
    assert_eq!(service.version(&name).await.state(), State::Computed);
}
