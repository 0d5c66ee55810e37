//! The review of a revision.

use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::rule_pack_revision::State;
use tonic::Code;

use crate::service::{
    PACK, Settings, activate, approve, by, commit_request, refusal, refuse, source, start,
    start_with, submit, values,
};

#[tokio::test]
async fn a_revision_goes_from_draft_to_force() {
    let mut service = start().await;
    let name = service.commit(source("一")).await.name;
    let submitted = submit(&mut service.packs, &name, "li").await.unwrap().into_inner();
    assert_eq!(submitted.state(), State::Submitted);
    let refused = refuse(&mut service.packs, &name, "wang").await.unwrap().into_inner();
    assert_eq!(refused.state(), State::Refused);
    submit(&mut service.packs, &name, "li").await.unwrap();
    let approved = approve(&mut service.packs, &name, "wang").await.unwrap().into_inner();
    assert_eq!((approved.state(), approved.approver.as_str()), (State::Approved, "wang"));
    let active = activate(&mut service.packs, &name, "2018-03").await.unwrap().into_inner();
    assert_eq!((active.state(), active.active_from.as_str()), (State::Active, "2018-03"));
    assert_eq!(active.approver, "wang");
}

#[tokio::test]
async fn an_illegal_move_names_both_states_and_changes_nothing() {
    let mut service = start().await;
    let draft = service.commit(source("一")).await;
    let status = approve(&mut service.packs, &draft.name, "wang").await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "ILLEGAL_STATE_CHANGE".to_owned()));
    let expected = [
        ("from".to_owned(), "draft".to_owned()),
        ("resource".to_owned(), draft.name.clone()),
        ("to".to_owned(), "approved".to_owned()),
    ];
    assert_eq!(values(&status), expected);
    let request = pb::GetRulePackRevisionRequest { name: draft.name.clone() };
    let read = service.packs.get_rule_pack_revision(request).await.unwrap().into_inner();
    assert_eq!(read, draft);
}

#[tokio::test]
async fn with_four_eyes_nobody_approves_their_own() {
    let mut service = start_with(Settings { four_eyes: true, ..Settings::default() }).await;
    let request = by("li", commit_request(source("一")));
    let name = service.packs.commit_rule_pack_revision(request).await.unwrap().into_inner().name;
    submit(&mut service.packs, &name, "li").await.unwrap();
    let status = approve(&mut service.packs, &name, "li").await.unwrap_err();
    assert_eq!(refusal(&status), (Code::FailedPrecondition, "FOUR_EYES_REQUIRED".to_owned()));
    approve(&mut service.packs, &name, "wang").await.unwrap();
}

#[tokio::test]
async fn an_etag_that_does_not_match_aborts_the_move() {
    let mut service = start().await;
    let draft = service.commit(source("一")).await;
    submit(&mut service.packs, &draft.name, "local").await.unwrap();
    let request = pb::ApproveRulePackRevisionRequest {
        name: draft.name,
        etag: draft.etag,
        ..Default::default()
    };
    let status = service.packs.approve_rule_pack_revision(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
}

#[tokio::test]
async fn of_many_approvals_at_once_one_wins_and_the_others_are_told() {
    let mut service = start().await;
    let name = service.commit(source("一")).await.name;
    submit(&mut service.packs, &name, "local").await.unwrap();
    let approvals: Vec<_> = (0..8)
        .map(|number| {
            let (mut packs, name) = (service.packs.clone(), name.clone());
            tokio::spawn(async move { approve(&mut packs, &name, &format!("a{number}")).await })
        })
        .collect();
    let mut refusals = Vec::new();
    for approval in approvals {
        refusals.extend(approval.await.unwrap().err().map(|status| refusal(&status)));
    }
    let told = (Code::FailedPrecondition, "ILLEGAL_STATE_CHANGE".to_owned());
    assert_eq!(refusals, vec![told; 7]);
}

#[tokio::test]
async fn of_many_activations_for_a_month_the_last_that_succeeded_is_in_force() {
    let mut service = start().await;
    let mut names = Vec::new();
    for number in 0..6 {
        names.push(service.approved(source(&number.to_string())).await.name);
    }
    let activations: Vec<_> = names
        .into_iter()
        .map(|name| {
            let mut packs = service.packs.clone();
            tokio::spawn(async move { activate(&mut packs, &name, "2018-03").await })
        })
        .collect();
    let mut succeeded = Vec::new();
    for activation in activations {
        match activation.await.unwrap() {
            Ok(answer) => succeeded.push(answer.into_inner().name),
            Err(status) => {
                assert_eq!(refusal(&status), (Code::Aborted, "ACTIVATION_RACED".to_owned()));
            }
        }
    }
    let request =
        pb::ListRulePackRevisionsRequest { parent: PACK.to_owned(), ..Default::default() };
    let list = service.packs.list_rule_pack_revisions(request).await.unwrap().into_inner();
    let in_state = |state: State| {
        list.revisions
            .iter()
            .filter(move |revision| revision.state() == state)
            .map(|revision| revision.name.clone())
            .collect::<Vec<_>>()
    };
    let active = in_state(State::Active);
    assert_eq!(active.len(), 1);
    assert!(succeeded.contains(&active[0]));
    assert_eq!(in_state(State::Superseded).len(), succeeded.len() - 1);
    assert_eq!(in_state(State::Approved).len(), 6 - succeeded.len());
}

#[tokio::test]
async fn an_actor_whose_name_cannot_be_written_is_refused() {
    let mut service = start().await;
    let name = service.commit(source("一")).await.name;
    let status = submit(&mut service.packs, &name, "  ").await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
}
