//! What cannot be evaluated, and what a client learns of it.

use chengping_casework::Base;
use chengping_proto::cases::v1::FactBatch;
use chengping_proto::scoring::v1 as pb;
use chengping_testing::eventually;
use prost_types::Timestamp;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::city::{self, APRIL};
use crate::peers::{PACK, batch};
use crate::service::{ZZ, fields, refusal, start, wish};

fn expected(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}

#[tokio::test]
async fn without_rules_or_bodies_nothing_is_scored() {
    let mut service = start().await;
    let registry = service.peers.know().registry.take();
    let status = service.refused(wish()).await;
    assert_eq!(refusal(&status), expected(Code::FailedPrecondition, "NO_REGISTRY"));

    service.peers.know().registry = registry;
    service.peers.know().pack = None;
    let status = service.refused(wish()).await;
    assert_eq!(refusal(&status), expected(Code::FailedPrecondition, "NO_RULE_PACK_IN_FORCE"));
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().metadata["month"], APRIL);

    let mut named = wish();
    named.evaluation.as_mut().unwrap().rule_pack_revision = PACK.to_owned();
    let status = service.refused(named).await;
    assert_eq!(refusal(&status), expected(Code::FailedPrecondition, "PEER_REFUSED"));
    assert!(status.message().contains("nothing is in force"), "{}", status.message());
    assert_eq!(service.evaluations().await, 0);
}

#[tokio::test]
async fn nothing_is_seen_before_a_month_or_in_the_future() {
    let mut service = start().await;
    let mut unfrozen = wish();
    unfrozen.evaluation.as_mut().unwrap().month = "9998-01".to_owned();
    let status = service.refused(unfrozen).await;
    assert_eq!(refusal(&status), expected(Code::FailedPrecondition, "MONTH_NOT_FROZEN"));

    let far = Some(Timestamp { seconds: 250_000_000_000, nanos: 0 });
    let mut future = wish();
    let evaluation = future.evaluation.as_mut().unwrap();
    (evaluation.as_of, evaluation.decided) = (far, far);
    let status = service.refused(future).await;
    assert_eq!(fields(&status), ["evaluation.as_of", "evaluation.decided"]);

    let mut early = wish();
    early.evaluation.as_mut().unwrap().as_of = Some(Timestamp { seconds: 0, nanos: 0 });
    let status = service.refused(early).await;
    assert_eq!(fields(&status), ["evaluation.as_of"]);
    assert_eq!(service.evaluations().await, 0);
}

#[tokio::test]
async fn another_revision_than_the_named_one_is_not_used() {
    let mut service = start().await;
    let mut named = wish();
    named.evaluation.as_mut().unwrap().rule_pack_revision = PACK.replace("/3", "/4");
    let status = service.refused(named).await;
    assert_eq!(refusal(&status), expected(Code::Internal, "INTERNAL"));
}

#[tokio::test]
async fn a_peer_that_is_away_makes_the_service_unavailable() {
    let mut service = start().await;
    service.network.cut();
    let status = service.refused(wish()).await;
    assert_eq!(refusal(&status), expected(Code::Unavailable, "PEER_FAILED"));
    assert!(!status.message().contains("127.0.0.1"), "{}", status.message());
    assert!(status.get_error_details().retry_info().is_some());
    service.network.restore();
    service.evaluate().await;
}

#[tokio::test]
async fn a_peer_that_goes_away_under_a_stream_makes_the_service_unavailable() {
    let service = start().await;
    service.peers.know().hold = true;
    let mut client = service.client.clone();
    let task = tokio::spawn(async move { client.create_evaluation(wish()).await });
    eventually(async || (!service.peers.know().asked.is_empty()).then_some(())).await.unwrap();
    service.network.cut();
    let status = task.await.unwrap().unwrap_err();
    assert_eq!(refusal(&status), expected(Code::Unavailable, "PEER_FAILED"));
    assert_eq!(service.evaluations().await, 0);
}

#[tokio::test]
async fn what_is_wrong_inside_a_peer_stays_there() {
    let mut service = start().await;
    service.peers.know().failure = Some(Code::Internal);
    let status = service.refused(wish()).await;
    assert_eq!(refusal(&status), expected(Code::Internal, "PEER_FAILED"));
    assert_eq!(status.message(), "internal error");
}

#[tokio::test]
async fn a_pack_that_is_not_its_digest_is_lost() {
    let mut service = start().await;
    service.peers.know().pack.as_mut().unwrap().canonical.push(b' ');
    let status = service.refused(wish()).await;
    assert_eq!(refusal(&status), expected(Code::DataLoss, "RULE_PACK_DIGEST_MISMATCH"));
    assert_eq!(status.message(), "internal error");
}

#[tokio::test]
async fn malformed_facts_are_refused_without_a_word_of_them() {
    let mut service = start().await;
    let damages: [fn(&mut FactBatch); 13] = [
        |batch| batch.units.truncate(2),
        |batch| batch.visits.truncate(14),
        |batch| batch.case_nos.push("more".to_owned()),
        |batch| batch.area_codes[1] = 4711,
        |batch| batch.marks[1] = 1 << 63,
        |batch| batch.sources[1] = 0,
        |batch| batch.sources[1] = 4711,
        |batch| batch.orders_first[1] = 65_536,
        |batch| batch.desk_bases[0] = Base::HandlingSeconds.code().into(),
        |batch| batch.sum_bases[0] = Base::Reports.code().into(),
        |batch| batch.sum_numbers.truncate(1),
        |batch| batch.sum_lengths.truncate(2),
        |batch| batch.dictionary.iter_mut().for_each(|text| *text = "No Body".to_owned()),
    ];
    let sound = batch(&city::facts(APRIL, 3));
    for (index, damage) in damages.into_iter().enumerate() {
        let mut batch = sound.clone();
        damage(&mut batch);
        service.peers.know().facts.insert(APRIL.to_owned(), vec![sound.clone(), batch]);
        let status = service.refused(wish()).await;
        assert_eq!(refusal(&status), expected(Code::Internal, "INTERNAL"), "damage {index}");
        assert_eq!(status.message(), "internal error");
    }
    assert_eq!(service.evaluations().await, 0);
    service.peers.know().facts.insert(APRIL.to_owned(), vec![sound, FactBatch::default()]);
    service.evaluate().await;
}

#[tokio::test]
async fn all_wrong_fields_are_named_at_once() {
    let mut service = start().await;
    let evaluation = pb::Evaluation {
        month: "2018-13".to_owned(),
        as_of: Some(Timestamp { seconds: 0, nanos: 1 }),
        decided: Some(Timestamp { seconds: 300_000_000_000, nanos: 0 }),
        rule_pack_revision: format!("{}latest", &PACK[..PACK.len() - 1]),
        ..Default::default()
    };
    let request = pb::CreateEvaluationRequest {
        parent: "zz".to_owned(),
        evaluation: Some(evaluation),
        request_id: "7".to_owned(),
        corrections: Vec::new(),
    };
    let status = service.refused(request).await;
    assert_eq!(refusal(&status), expected(Code::InvalidArgument, "REQUEST_INVALID"));
    let named = [
        "parent",
        "evaluation.month",
        "evaluation.as_of",
        "evaluation.decided",
        "evaluation.rule_pack_revision",
        "request_id",
    ];
    assert_eq!(fields(&status), named);

    let mut foreign = wish();
    foreign.evaluation.as_mut().unwrap().rule_pack_revision = PACK.replace("zz/", "yy/");
    assert_eq!(fields(&service.refused(foreign).await), ["evaluation.rule_pack_revision"]);

    let request = pb::DownloadEvaluationRequest { name: "evaluations/1".to_owned(), document: 9 };
    let status = service.client.download_evaluation(request).await.unwrap_err();
    assert_eq!(fields(&status), ["name", "document"]);

    let request = pb::ListCountedCasesRequest::default();
    let status = service.client.list_counted_cases(request).await.unwrap_err();
    assert_eq!(fields(&status), ["parent", "zone", "item", "input"]);
}

#[tokio::test]
async fn live_scores_need_rules_and_a_registry_as_an_evaluation_does() {
    let mut service = start().await;
    let of = |body_ids: &[&str]| pb::WatchLiveScoresRequest {
        parent: ZZ.to_owned(),
        body_ids: body_ids.iter().map(|body| (*body).to_owned()).collect(),
    };
    let odd = pb::WatchLiveScoresRequest { parent: "zz".to_owned(), ..of(&["d01", "D 1"]) };
    let status = service.client.watch_live_scores(odd).await.unwrap_err();
    assert_eq!(fields(&status), ["parent", "body_ids[1]"]);
    let status = service.client.watch_live_scores(of(&["d01", "d99", "x"])).await.unwrap_err();
    assert_eq!(refusal(&status), expected(Code::InvalidArgument, "REQUEST_INVALID"));
    assert_eq!(fields(&status), ["body_ids", "body_ids"]);

    service.peers.know().pack = None;
    let status = service.client.watch_live_scores(of(&[])).await.unwrap_err();
    let no_pack = expected(Code::FailedPrecondition, "NO_RULE_PACK_IN_FORCE");
    assert_eq!(refusal(&status), no_pack);
    service.peers.know().registry = None;
    let status = service.client.watch_live_scores(of(&[])).await.unwrap_err();
    let no_registry = expected(Code::FailedPrecondition, "NO_REGISTRY");
    assert_eq!(refusal(&status), no_registry);
}
