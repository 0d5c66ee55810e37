//! Checking and committing rule packs.

use std::collections::BTreeSet;

use chengping_proto::rules::v1 as pb;
use tonic::Code;

use crate::service::{PACK, ZZ, commit_request, fields, refusal, source, start, values};

const REQUEST: &str = "0b1f6c1e-53f5-4c51-9d2c-0c3b9d7d4b11";

#[tokio::test]
async fn a_check_tells_warnings_and_a_digest_or_all_mistakes() {
    let mut service = start().await;
    let mut request = pb::ValidateRulePackRequest { parent: ZZ.to_owned(), source: source("一") };
    let good = service.packs.validate_rule_pack(request.clone()).await.unwrap().into_inner();
    assert!(good.errors.is_empty() && !good.warnings.is_empty());
    assert!(good.digest.starts_with("sha256:"));

    request.source = request.source.replace("time_zone: Asia/Shanghai", "time_zone: Mars/Base");
    request.source = request.source.replace("history_months: 12", "history_months: many");
    let bad = service.packs.validate_rule_pack(request).await.unwrap().into_inner();
    let paths: Vec<_> = bad.errors.iter().map(|error| error.path.as_str()).collect();
    assert_eq!(paths, ["time_zone", "scoring.history_months"]);
    assert!(bad.errors.iter().all(|error| error.line > 0 && error.column > 0));
    assert_eq!(bad.digest, "");
}

#[tokio::test]
async fn a_pack_with_mistakes_is_not_committed_and_all_are_named() {
    let mut service = start().await;
    let text = source("一").replace("time_zone: Asia/Shanghai", "time_zone: Mars/Base");
    let text = text.replace("history_months: 12", "history_months: many");
    let call = service.packs.commit_rule_pack_revision(commit_request(text));
    let status = call.await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "RULE_PACK_INVALID".to_owned()));
    assert_eq!(fields(&status), ["source:time_zone", "source:scoring.history_months"]);

    let text = source("一").replace("pack: zz-2018", "pack: zz-2019");
    let call = service.packs.commit_rule_pack_revision(commit_request(text));
    let status = call.await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "RULE_PACK_INVALID".to_owned()));
    assert_eq!(fields(&status), ["source:pack"]);
}

#[tokio::test]
async fn a_revision_keeps_its_comments_and_another_text_that_says_the_same_is_no_new_one() {
    let mut service = start().await;
    let first = service.commit(source("一")).await;
    assert_eq!((first.revision, first.author.as_str()), (1, "local"));
    assert_eq!(first.state(), pb::rule_pack_revision::State::Draft);
    assert!(first.source.starts_with("# Zhengzhou 2018"));
    let digest = chengping_types::Digest::of(&first.canonical).to_string();
    assert_eq!(first.digest, digest);

    let same = service.commit(format!("# another comment\n{}", source("一"))).await;
    assert_eq!(same, first);
    let second = service.commit(source("二")).await;
    assert_eq!(second.revision, 2);

    let request = pb::GetRulePackRevisionRequest { name: first.name.clone() };
    let read = service.packs.get_rule_pack_revision(request).await.unwrap().into_inner();
    assert_eq!(read, first);
    let request =
        pb::ListRulePackRevisionsRequest { parent: PACK.to_owned(), ..Default::default() };
    let list = service.packs.list_rule_pack_revisions(request).await.unwrap().into_inner();
    let numbers: Vec<_> = list.revisions.iter().map(|revision| revision.revision).collect();
    assert_eq!(numbers, [2, 1]);
    assert!(list.revisions.iter().all(|revision| revision.source.is_empty()));
}

#[tokio::test]
async fn a_rehearsed_commit_stores_nothing() {
    let mut service = start().await;
    let request =
        pb::CommitRulePackRevisionRequest { validate_only: true, ..commit_request(source("一")) };
    let answer = service.packs.commit_rule_pack_revision(request).await.unwrap().into_inner();
    assert_eq!((answer.revision, answer.create_time), (1, None));
    let request = pb::GetRulePackRequest { name: PACK.to_owned() };
    let status = service.packs.get_rule_pack(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn an_etag_that_does_not_match_aborts_the_commit() {
    let mut service = start().await;
    service.commit(source("一")).await;
    let request = pb::GetRulePackRequest { name: PACK.to_owned() };
    let pack = service.packs.get_rule_pack(request).await.unwrap().into_inner();
    let with_etag = |title: &str| pb::CommitRulePackRevisionRequest {
        etag: pack.etag.clone(),
        ..commit_request(source(title))
    };
    service.packs.commit_rule_pack_revision(with_etag("二")).await.unwrap();
    let status = service.packs.commit_rule_pack_revision(with_etag("三")).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    assert_eq!(values(&status), [("resource".to_owned(), PACK.to_owned())]);
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_and_a_reused_id_is_refused() {
    let mut service = start().await;
    let with_id = |title: &str| pb::CommitRulePackRevisionRequest {
        request_id: REQUEST.to_owned(),
        ..commit_request(source(title))
    };
    let commit = service.packs.commit_rule_pack_revision(with_id("一")).await;
    let first = commit.unwrap().into_inner();
    service.commit(source("二")).await;
    let commit = service.packs.commit_rule_pack_revision(with_id("一")).await;
    assert_eq!(commit.unwrap().into_inner(), first);

    let status = service.packs.commit_rule_pack_revision(with_id("三")).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "REQUEST_ID_REUSED".to_owned()));
    assert_eq!(values(&status), [("requestId".to_owned(), REQUEST.to_owned())]);
}

#[tokio::test]
async fn twenty_writers_lose_nothing() {
    let service = start().await;
    let commit = |number: i32| {
        let mut packs = service.packs.clone();
        let request = commit_request(source(&number.to_string()));
        tokio::spawn(
            async move { packs.commit_rule_pack_revision(request).await.unwrap().into_inner() },
        )
    };
    let commits: Vec<_> = (0..20).map(commit).collect();
    let mut revisions = Vec::new();
    for commit in commits {
        revisions.push(commit.await.unwrap());
    }
    let numbers: BTreeSet<_> = revisions.iter().map(|revision| revision.revision).collect();
    assert_eq!(numbers, (1..=20).collect());
    let digests: BTreeSet<_> = revisions.iter().map(|revision| &revision.digest).collect();
    assert_eq!(digests.len(), 20);
}

#[tokio::test]
async fn a_rollback_is_a_new_revision_with_the_old_text() {
    let mut service = start().await;
    let first = service.commit(source("一")).await;
    service.commit(source("二")).await;
    let request = pb::RollbackRulePackRequest {
        name: PACK.to_owned(),
        revision: 1,
        reason: "the office wants it back".to_owned(),
        ..pb::RollbackRulePackRequest::default()
    };
    let third = service.packs.rollback_rule_pack(request.clone()).await.unwrap().into_inner();
    assert_eq!((third.revision, third.digest), (3, first.digest));
    assert_eq!(third.source, first.source);

    let request = pb::RollbackRulePackRequest { revision: 9, ..request };
    let status = service.packs.rollback_rule_pack(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn all_bad_fields_are_named_at_once() {
    let mut service = start().await;
    let request = pb::CommitRulePackRevisionRequest {
        parent: "rulePacks/zz-2018".to_owned(),
        request_id: "one".to_owned(),
        ..Default::default()
    };
    let status = service.packs.commit_rule_pack_revision(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
    assert_eq!(fields(&status), ["parent", "source", "request_id"]);
}
