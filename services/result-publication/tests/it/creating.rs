//! Making versions from evaluations.

use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::bulletin_version::State;
use chengping_proto::scoring::v1::evaluation::State as EvaluationState;
use chengping_types::{Digest, canonical};
use serde_json::json;
use tonic::Code;

use crate::scoring::{self, evaluation};
use crate::service::{bulletin_name, create_request, fields, refusal, start, value};

const MONTH: &str = "2018-04";

#[tokio::test]
async fn a_version_holds_what_the_evaluation_gave() {
    let service = start().await;
    let name = service.scoring.add("e1", MONTH, "94.26");
    let version = service.create(MONTH, &name, "").await.unwrap();

    assert_eq!(version.name, "jurisdictions/zz/bulletins/2018-04/versions/1");
    assert_eq!((version.version, version.state()), (1, State::Computed));
    assert_eq!(version.evaluation, name);
    let results = canonical::digest(&scoring::results(MONTH, "94.26")).unwrap();
    assert_eq!(version.results_digest, results.to_string());
    assert_eq!((version.digest.as_str(), version.log_index), ("", None));
    assert_eq!(version.publish_time, None);
    assert_eq!(service.version(&version.name).await, version);
    let again = service.create(MONTH, &name, "").await.unwrap();
    assert_eq!(again, version, "the same evaluation again is the same version");
}

#[tokio::test]
async fn what_is_not_published_gives_way_to_another_evaluation() {
    let service = start().await;
    let (first, second) =
        (service.scoring.add("e1", MONTH, "94.26"), service.scoring.add("e2", MONTH, "94.27"));
    let old = service.create(MONTH, &first, "").await.unwrap();
    let submit =
        pb::SubmitBulletinVersionRequest { name: old.name.clone(), etag: old.etag.clone() };
    let old = service.bulletins.clone().submit_bulletin_version(submit).await.unwrap();
    let new = service.create(MONTH, &second, "").await.unwrap();

    assert_eq!((new.version, new.state()), (1, State::Computed));
    assert_eq!(new.evaluation, second);
    let stale =
        pb::PublishBulletinVersionRequest { name: new.name.clone(), etag: old.into_inner().etag };
    let status = service.bulletins.clone().publish_bulletin_version(stale).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    assert_eq!(value(&status, "current"), new.etag);
}

#[tokio::test]
async fn a_request_id_makes_a_call_safe_to_repeat() {
    let service = start().await;
    let mut bulletins = service.bulletins.clone();
    let first = service.scoring.add("e1", MONTH, "94.26");
    let second = service.scoring.add("e2", MONTH, "94.27");
    let request_id = uuid::Uuid::new_v4().to_string();
    let wish = |evaluation: &str| pb::CreateBulletinVersionRequest {
        request_id: request_id.clone(),
        ..create_request(MONTH, evaluation, "")
    };
    let made = bulletins.create_bulletin_version(wish(&first)).await.unwrap().into_inner();
    let again = bulletins.create_bulletin_version(wish(&first)).await.unwrap().into_inner();
    assert_eq!(made, again);

    let status = bulletins.create_bulletin_version(wish(&second)).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "REQUEST_ID_REUSED".to_owned()));
    assert_eq!(value(&status, "requestId"), request_id);

    service.create(MONTH, &second, "").await.unwrap();
    let status = bulletins.create_bulletin_version(wish(&first)).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "VERSION_REPLACED".to_owned()));
}

#[tokio::test]
async fn what_scoring_garbled_is_never_kept() {
    let service = start().await;
    let sound = || evaluation("e1", MONTH, "94.26");
    let with_results = |results: Vec<u8>| {
        let mut evaluation = sound();
        evaluation.message.digest = Digest::of(&results).to_string();
        evaluation.results = results;
        evaluation
    };
    let mut wrong_digest = sound();
    wrong_digest.results[20] ^= 1;
    let other_month = canonical::to_vec(&scoring::results("2018-05", "94.26")).unwrap();
    let mut other_city = scoring::results(MONTH, "94.26");
    other_city["jurisdiction"] = json!("kf");
    let mut spaced = sound().results;
    spaced.insert(1, b' ');
    let mut bad_input = sound();
    bad_input.input = b"{\"half\":0.5}".to_vec();

    let table = [
        (wrong_digest, "RESULTS_DIGEST_MISMATCH"),
        (with_results(other_month), "EVALUATION_DOCUMENTS_INVALID"),
        (with_results(canonical::to_vec(&other_city).unwrap()), "EVALUATION_DOCUMENTS_INVALID"),
        (with_results(spaced), "EVALUATION_DOCUMENTS_INVALID"),
        (bad_input, "EVALUATION_DOCUMENTS_INVALID"),
    ];
    for (garbled, reason) in table {
        let name = service.scoring.put("e1", garbled);
        let status = service.create(MONTH, &name, "").await.unwrap_err();
        assert_eq!(refusal(&status), (Code::DataLoss, reason.to_owned()));
    }
    let name = bulletin_name(MONTH);
    let status = service.bulletins.clone().get_bulletin(pb::GetBulletinRequest { name }).await;
    assert_eq!(refusal(&status.unwrap_err()), (Code::NotFound, "BULLETIN_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn an_evaluation_must_be_there_done_and_of_the_month() {
    let service = start().await;
    let status = service.create(MONTH, "jurisdictions/zz/evaluations/none", "").await.unwrap_err();
    assert_eq!(refusal(&status), (Code::NotFound, "EVALUATION_NOT_FOUND".to_owned()));
    assert_eq!(value(&status, "name"), "jurisdictions/zz/evaluations/none");

    let mut running = evaluation("e1", MONTH, "94.26");
    running.message.set_state(EvaluationState::Running);
    let name = service.scoring.put("e1", running);
    let status = service.create(MONTH, &name, "").await.unwrap_err();
    let expected = (Code::FailedPrecondition, "EVALUATION_NOT_SUCCEEDED".to_owned());
    assert_eq!(refusal(&status), expected);

    let name = service.scoring.add("e2", "2018-05", "94.26");
    let status = service.create(MONTH, &name, "").await.unwrap_err();
    let expected = (Code::FailedPrecondition, "EVALUATION_OF_OTHER_MONTH".to_owned());
    assert_eq!(refusal(&status), expected);
    assert_eq!(
        (value(&status, "found"), value(&status, "expected")),
        ("2018-05".into(), MONTH.into())
    );
}

#[tokio::test]
async fn an_evaluation_that_does_not_see_the_whole_month_is_no_version() {
    let service = start().await;
    let mut early = scoring::results(MONTH, "94.26");
    early["as_of"] = json!("2018-04-20T00:00:00+08:00");
    let results = canonical::to_vec(&early).unwrap();
    let mut provisional = evaluation("e1", MONTH, "94.26");
    provisional.message.digest = Digest::of(&results).to_string();
    provisional.results = results;
    let name = service.scoring.put("e1", provisional);
    let status = service.create(MONTH, &name, "").await.unwrap_err();
    let expected = (Code::FailedPrecondition, "EVALUATION_PROVISIONAL".to_owned());
    assert_eq!(refusal(&status), expected);
    assert_eq!(value(&status, "asOf"), "2018-04-20T00:00:00+08:00");
}

#[tokio::test]
async fn all_bad_fields_are_named_at_once() {
    let service = start().await;
    let mut bulletins = service.bulletins.clone();
    let request = pb::CreateBulletinVersionRequest {
        parent: "bulletins/2018-04".to_owned(),
        bulletin_version: None,
        request_id: "7".to_owned(),
    };
    let status = bulletins.create_bulletin_version(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
    assert_eq!(fields(&status), ["parent", "bulletin_version.evaluation", "request_id"]);

    let request = pb::CorrectBulletinRequest {
        name: bulletin_name(MONTH),
        evaluation: "jurisdictions/kf/evaluations/e1".to_owned(),
        reason: " ".to_owned(),
        request_id: String::new(),
    };
    let status = bulletins.correct_bulletin(request).await.unwrap_err();
    assert_eq!(fields(&status), ["evaluation", "reason"]);

    let evaluation = service.scoring.add("e1", MONTH, "94.26");
    let status = service.create(MONTH, &evaluation, "because").await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
    assert_eq!(fields(&status), ["bulletin_version.reason"]);
}
