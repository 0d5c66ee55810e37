//! What the rules of a month say of its publication: two people, and the reports of districts.

use chengping_proto::publication::v1 as pb;
use chengping_types::canonical;
use serde_json::{Value, json};
use tonic::Code;

use crate::scoring::evaluation;
use crate::service::{Service, ZZ, refusal, start};

const MONTH: &str = "2018-04";

/// A version whose evaluation was scored by a pack with these settings.
async fn made(service: &Service, id: &str, settings: &Value) -> pb::BulletinVersion {
    let mut evaluation = evaluation(id, MONTH, "94.26");
    let pack = json!({"publication": settings});
    let input = json!({"month": MONTH, "score": "94.26", "rule_pack": {"pack": pack}});
    evaluation.input = canonical::to_vec(&input).unwrap();
    let name = service.scoring.put(id, evaluation);
    let reason = if id == "e1" { "" } else { "an upheld inquiry" };
    service.create(MONTH, &name, reason).await.unwrap()
}

fn wish(district: &str) -> pb::CreateDistrictReportRequest {
    let line = pb::ReportedLine { body_id: "s01".into(), score: "91.50".into(), rank: 1 };
    let report = pb::DistrictReport {
        district: district.to_owned(),
        month: MONTH.to_owned(),
        lines: vec![line],
        ..Default::default()
    };
    pb::CreateDistrictReportRequest {
        parent: ZZ.to_owned(),
        district_report: Some(report),
        ..Default::default()
    }
}

async fn report(service: &Service, district: &str) -> Result<pb::DistrictReport, tonic::Status> {
    Ok(service.reports().create_district_report(wish(district)).await?.into_inner())
}

async fn accepted(service: &Service, district: &str) {
    let name = report(service, district).await.unwrap().name;
    let request = pb::AcceptDistrictReportRequest { name, ..Default::default() };
    service.reports().accept_district_report(request).await.unwrap();
}

async fn document(service: &Service, name: &str) -> Value {
    let bundle: Value = serde_json::from_slice(&service.bundle(name).await).unwrap();
    bundle["document"].clone()
}

#[tokio::test]
async fn two_people_are_needed_where_the_pack_says_so() {
    let service = start().await;
    let settings = json!({"four_eyes": true, "district_reports": "kept"});
    let name = made(&service, "e1", &settings).await.name;
    let refused = |answer: Result<pb::BulletinVersion, tonic::Status>| {
        let expected = (Code::FailedPrecondition, "FOUR_EYES_REQUIRED".to_owned());
        assert_eq!(refusal(&answer.unwrap_err()), expected);
    };
    service.step("submit", &name, "li", "").await.unwrap();
    refused(service.step("approve", &name, "li", "all agree").await);
    service.step("approve", &name, "wang", "all agree").await.unwrap();
    refused(service.step("publish", &name, "wang", "").await);
    service.step("publish", &name, "li", "").await.unwrap();
    refused(service.step("withdraw", &name, "li", "wrong").await);

    // The next pack asks for nothing, and its version goes as the deployment says.
    let settings = json!({"four_eyes": false, "district_reports": "kept"});
    let name = made(&service, "e2", &settings).await.name;
    service.step("publish", &name, "local", "").await.unwrap();
}

#[tokio::test]
async fn accepted_reports_are_sealed_where_the_pack_publishes_them() {
    let service = start().await;
    accepted(&service, "d02").await;
    accepted(&service, "d01").await;
    report(&service, "d03").await.unwrap();

    let kept = json!({"four_eyes": false, "district_reports": "kept"});
    let version = made(&service, "e1", &kept).await;
    let first = service.publish(&version.name).await.unwrap();
    assert!(document(&service, &first.name).await.get("reported").is_none());

    let published = json!({"four_eyes": false, "district_reports": "published"});
    let version = made(&service, "e2", &published).await;
    let second = service.publish(&version.name).await.unwrap();
    let of = |district: &str| {
        let line = json!({"body_id": "s01", "score": "91.50", "rank": 1});
        json!({"district": district, "lines": [line]})
    };
    // Only those that were accepted, whatever their order.
    assert_eq!(document(&service, &second.name).await["reported"], json!([of("d01"), of("d02")]));
}

#[tokio::test]
async fn rules_may_take_no_reports() {
    let service = start().await;
    let before = pb::CreateDistrictReportRequest {
        request_id: "5f6cb1de-6a5c-4a36-9d0e-0d8c1f0f3a11".to_owned(),
        ..wish("d02")
    };
    let create = || async { service.reports().create_district_report(before.clone()).await };
    let taken = create().await.unwrap().into_inner();

    let pack = json!({"publication": {"four_eyes": false, "district_reports": "refused"}});
    service.fakes.0.lock().unwrap().pack = canonical::to_vec(&pack).unwrap();
    let status = report(&service, "d01").await.unwrap_err();
    let expected = (Code::FailedPrecondition, "DISTRICT_REPORTS_REFUSED".to_owned());
    assert_eq!(refusal(&status), expected);
    // What was taken before stays taken, and the call that handed it in gets its answer again.
    assert_eq!(create().await.unwrap().into_inner(), taken);
}
