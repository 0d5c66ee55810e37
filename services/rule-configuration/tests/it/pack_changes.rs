//! What every change of rule packs has in common: repeats, rehearsals, reasons, expectations.

use chengping_proto::rules::v1 as pb;
use pb::rule_pack_revision::State;
use tonic::Code;

use crate::audit::entries;
use crate::service::{PACK, Service, by, fields, refusal, source, start, values};

const KEY: &str = "families.area.zones.key";

fn id(number: u32) -> String {
    format!("0b1f6c1e-53f5-4c51-9d2c-0c3b9d7d4b{number:02}")
}

pub(crate) fn adjustment(path: &str, value: &str) -> pb::Adjustment {
    pb::Adjustment {
        path: path.to_owned(),
        value: value.to_owned(),
        provenance: "regulation".to_owned(),
        ..Default::default()
    }
}

pub(crate) fn adjust_request(name: &str, path: &str, value: &str) -> pb::AdjustRulePackRequest {
    pb::AdjustRulePackRequest {
        name: name.to_owned(),
        adjustments: vec![adjustment(path, value)],
        reason: "decided".to_owned(),
        ..Default::default()
    }
}

async fn read(service: &mut Service, name: &str) -> pb::RulePackRevision {
    let request = pb::GetRulePackRevisionRequest { name: name.to_owned() };
    service.packs.get_rule_pack_revision(request).await.unwrap().into_inner()
}

async fn pack(service: &mut Service) -> pb::RulePack {
    let request = pb::GetRulePackRequest { name: PACK.to_owned() };
    service.packs.get_rule_pack(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn an_adjustment_is_a_revision_that_differs_in_just_that_number_and_keeps_the_comments() {
    let mut service = start().await;
    let first = service.commit(source("一")).await;
    let mut request = adjust_request(&first.name, KEY, "0.7");
    request.adjustments[0].note = "第三条".to_owned();
    let second = service.packs.adjust_rule_pack(by("li", request)).await.unwrap().into_inner();
    assert_eq!((second.revision, second.author.as_str()), (2, "li"));
    assert_eq!(second.source.matches('#').count(), first.source.matches('#').count());
    assert!(second.source.contains(
        "key: {value: \"0.7\", clause: \"5.2.5\", provenance: regulation, note: \"第三条\"}"
    ));
    let request = pb::CompareRulePackRevisionsRequest {
        before: first.name.clone(),
        after: second.name.clone(),
    };
    let compared = service.packs.compare_rule_pack_revisions(request).await.unwrap().into_inner();
    let told: Vec<_> = compared
        .differences
        .iter()
        .map(|one| (one.path.as_str(), one.before.as_str(), one.after.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (KEY, "0.6", "0.7"),
            ("families.area.zones.key.clause", "", "5.2.5"),
            ("families.area.zones.key.note", "", "第三条"),
            ("families.area.zones.key.provenance", "", "regulation"),
        ]
    );
    let [newest, ..] = &entries(&mut service).await[..] else { panic!("two entries") };
    assert!(newest.action.ends_with("/AdjustRulePack") && newest.reason == "decided");
    assert_eq!((&newest.digest_before, &newest.digest_after), (&first.digest, &second.digest));
    assert_eq!((newest.actor.as_str(), &newest.resource), ("li", &second.name));
}

#[tokio::test]
async fn only_the_newest_revision_is_adjusted_and_every_mistake_is_told() {
    let mut service = start().await;
    let first = service.commit(source("一")).await;
    let second = service.commit(source("二")).await;
    let request = adjust_request(&first.name, KEY, "0.7");
    let status = service.packs.adjust_rule_pack(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::Aborted, "REVISION_NOT_NEWEST".to_owned()));
    let expected = [("newest", "2"), ("resource", PACK), ("revision", "1")];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(values(&status), expected);

    let mut request = adjust_request(&second.name, "families.area.zone.key", "0.7");
    request.adjustments.push(adjustment(KEY, "much"));
    let status = service.packs.adjust_rule_pack(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "RULE_PACK_INVALID".to_owned()));
    assert_eq!(fields(&status), ["adjustments[0]", "adjustments[1]"]);
    let request = pb::AdjustRulePackRequest {
        name: PACK.to_owned(),
        adjustments: vec![pb::Adjustment::default()],
        request_id: "one".to_owned(),
        ..Default::default()
    };
    let status = service.packs.adjust_rule_pack(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
    let of_one = ["path", "value", "provenance"].map(|field| format!("adjustments[0].{field}"));
    let expected = ["name", "reason"].map(str::to_owned).into_iter().chain(of_one);
    let expected: Vec<_> = expected.chain(["request_id".to_owned()]).collect();
    assert_eq!(fields(&status), expected);
    let mut many = adjust_request(&second.name, KEY, "0.7");
    many.adjustments = vec![adjustment(KEY, "0.7"); 101];
    let status = service.packs.adjust_rule_pack(many).await.unwrap_err();
    assert_eq!(fields(&status), ["adjustments"]);
    let missing = adjust_request(&format!("{PACK}/revisions/9"), KEY, "0.7");
    let status = service.packs.adjust_rule_pack(missing).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn a_rehearsal_checks_all_and_changes_nothing() {
    let mut service = start().await;
    let name = service.commit(source("一")).await.name;
    service.commit(source("二")).await;
    let (before, log) = (pack(&mut service).await, entries(&mut service).await.len());
    let newest = format!("{PACK}/revisions/2");

    let mut adjust = adjust_request(&newest, KEY, "0.7");
    adjust.validate_only = true;
    let answer = service.packs.adjust_rule_pack(adjust).await.unwrap().into_inner();
    assert_eq!((answer.revision, answer.create_time), (3, None));
    let rollback = pb::RollbackRulePackRequest {
        name: PACK.to_owned(),
        revision: 1,
        reason: "back".to_owned(),
        validate_only: true,
        ..Default::default()
    };
    let answer = service.packs.rollback_rule_pack(rollback).await.unwrap().into_inner();
    assert_eq!(answer.revision, 3);
    let submit = pb::SubmitRulePackRevisionRequest {
        name: name.clone(),
        validate_only: true,
        request_id: id(1),
        ..Default::default()
    };
    let answer = service.packs.submit_rule_pack_revision(submit).await.unwrap().into_inner();
    assert_eq!(answer.state(), State::Submitted);
    let approve = pb::ApproveRulePackRevisionRequest {
        name: name.clone(),
        validate_only: true,
        ..Default::default()
    };
    let status = service.packs.approve_rule_pack_revision(approve).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "ILLEGAL_STATE_CHANGE".to_owned()));
    assert_eq!(read(&mut service, &name).await.state(), State::Draft);
    assert_eq!(pack(&mut service).await, before);
    assert_eq!(entries(&mut service).await.len(), log);

    let name = service.approved(source("三")).await.name;
    let activate = pb::ActivateRulePackRevisionRequest {
        name: name.clone(),
        active_from: "2018-03".to_owned(),
        validate_only: true,
        ..Default::default()
    };
    let answer = service.packs.activate_rule_pack_revision(activate).await.unwrap().into_inner();
    assert_eq!((answer.state(), answer.active_from.as_str()), (State::Active, "2018-03"));
    assert_eq!(read(&mut service, &name).await.state(), State::Approved);
}

#[tokio::test]
async fn a_repeat_of_any_step_gets_the_first_answer_wherever_the_revision_stands_by_now() {
    let mut service = start().await;
    let first = service.commit(source("一")).await;
    let adjust =
        pb::AdjustRulePackRequest { request_id: id(1), ..adjust_request(&first.name, KEY, "0.7") };
    let adjusted = service.packs.adjust_rule_pack(adjust.clone()).await.unwrap().into_inner();
    let name = adjusted.name.clone();
    let submit = pb::SubmitRulePackRevisionRequest {
        name: name.clone(),
        etag: adjusted.etag.clone(),
        reason: "ready".to_owned(),
        request_id: id(2),
        ..Default::default()
    };
    let submitted = service.packs.submit_rule_pack_revision(submit.clone()).await.unwrap();
    let approve = pb::ApproveRulePackRevisionRequest {
        name: name.clone(),
        reason: "good".to_owned(),
        request_id: id(3),
        ..Default::default()
    };
    let approved = service.packs.approve_rule_pack_revision(by("wang", approve.clone())).await;
    let approved = approved.unwrap();
    let activate = pb::ActivateRulePackRevisionRequest {
        name: name.clone(),
        active_from: "2018-03".to_owned(),
        reason: "from March".to_owned(),
        request_id: id(4),
        ..Default::default()
    };
    let active = service.packs.activate_rule_pack_revision(activate.clone()).await.unwrap();
    let rollback = pb::RollbackRulePackRequest {
        name: PACK.to_owned(),
        revision: 1,
        reason: "back".to_owned(),
        request_id: id(5),
        ..Default::default()
    };
    let rolled = service.packs.rollback_rule_pack(rollback.clone()).await.unwrap();
    service.active(source("二"), "2018-03").await;
    let log = entries(&mut service).await.len();

    let again = service.packs.adjust_rule_pack(adjust.clone()).await.unwrap();
    assert_eq!(again.into_inner(), adjusted);
    let again = service.packs.submit_rule_pack_revision(submit.clone()).await.unwrap();
    assert_eq!(again.into_inner(), submitted.into_inner());
    let again = service.packs.approve_rule_pack_revision(by("wang", approve)).await.unwrap();
    assert_eq!(again.into_inner(), approved.into_inner());
    let again = service.packs.activate_rule_pack_revision(activate).await.unwrap();
    assert_eq!(again.into_inner(), active.into_inner());
    let again = service.packs.rollback_rule_pack(rollback).await.unwrap();
    assert_eq!(again.into_inner(), rolled.into_inner());
    assert_eq!(entries(&mut service).await.len(), log);

    let other = pb::SubmitRulePackRevisionRequest { reason: "other".to_owned(), ..submit };
    let status = service.packs.submit_rule_pack_revision(other).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "REQUEST_ID_REUSED".to_owned()));
    // The same texts asked of another method are another request.
    let refuse = pb::RefuseRulePackRevisionRequest {
        name,
        reason: "ready".to_owned(),
        request_id: id(2),
        ..Default::default()
    };
    let status = service.packs.refuse_rule_pack_revision(refuse).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "REQUEST_ID_REUSED".to_owned()));

    let reasons: Vec<_> = entries(&mut service).await.into_iter().map(|one| one.reason).collect();
    for reason in ["decided", "ready", "good", "from March", "back"] {
        assert!(reasons.iter().any(|one| one == reason), "{reason} is not in {reasons:?}");
    }
}

#[tokio::test]
async fn what_is_expected_must_still_stand() {
    let mut service = start().await;
    let first = service.active(source("一"), "2018-03").await;
    let second = service.approved(source("二")).await;
    let third = service.approved(source("三")).await;
    let stale = pb::RollbackRulePackRequest {
        name: PACK.to_owned(),
        revision: 1,
        reason: "back".to_owned(),
        etag: "\"1\"".to_owned(),
        ..Default::default()
    };
    let status = service.packs.rollback_rule_pack(stale).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    let instead_of_first = |name: &str| pb::ActivateRulePackRevisionRequest {
        name: name.to_owned(),
        active_from: "2018-04".to_owned(),
        replaced_revision: first.name.clone(),
        ..Default::default()
    };
    let answer = service.packs.activate_rule_pack_revision(instead_of_first(&second.name)).await;
    answer.unwrap();
    let answer = service.packs.activate_rule_pack_revision(instead_of_first(&third.name)).await;
    let status = answer.unwrap_err();
    assert_eq!(refusal(&status), (Code::Aborted, "REPLACED_REVISION_MISMATCH".to_owned()));
    let expected = [
        ("expected".to_owned(), first.name.clone()),
        ("month".to_owned(), "2018-04".to_owned()),
        ("standing".to_owned(), second.name.clone()),
    ];
    assert_eq!(values(&status), expected);
    let early = pb::ActivateRulePackRevisionRequest {
        active_from: "2018-01".to_owned(),
        ..instead_of_first(&third.name)
    };
    let status = service.packs.activate_rule_pack_revision(early).await.unwrap_err();
    assert!(status.message().contains("but nothing"), "{}", status.message());
}
