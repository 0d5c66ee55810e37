//! What other rules would have given.

use std::collections::BTreeMap;

use chengping_proto::rules::v1 as rules;
use chengping_proto::scoring::v1 as pb;
use chengping_rules::{RulePack, builtin};
use chengping_types::Exact;
use futures_util::TryStreamExt as _;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::city::{APRIL, MARCH};
use crate::peers::PACK;
use crate::service::{Service, ZZ, fields, refusal, start, wish};

/// The rules in force, with the weights of the first two items of districts exchanged in favour of
/// the closing rate.
fn others() -> String {
    let text = builtin("zz-2018").unwrap();
    let text = text.replacen(
        "rate: closed_on_time / due, weight: 30",
        "rate: closed_on_time / due, weight: 20",
        1,
    );
    text.replacen("rate: closed / due, weight: 15", "rate: closed / due, weight: 25", 1)
}

fn request(months: &[&str], source: &str) -> pb::PreviewRulePackRequest {
    let months = months.iter().map(|month| (*month).to_owned()).collect();
    pb::PreviewRulePackRequest {
        parent: ZZ.to_owned(),
        months,
        source: source.to_owned(),
        ..Default::default()
    }
}

async fn preview(
    service: &mut Service,
    request: pb::PreviewRulePackRequest,
) -> Result<Vec<pb::PreviewRulePackResponse>, Status> {
    service.client.preview_rule_pack(request).await?.into_inner().try_collect().await
}

async fn scorecards(service: &mut Service) -> BTreeMap<String, pb::Scorecard> {
    let parent = service.client.create_evaluation(wish()).await.unwrap().into_inner().name;
    let request = pb::ListScorecardsRequest { parent, page_size: 1000, ..Default::default() };
    let answer = service.client.list_scorecards(request).await.unwrap().into_inner();
    answer.scorecards.into_iter().map(|card| (card.body_id.clone(), card)).collect()
}

#[tokio::test]
async fn the_rules_in_force_change_nothing() {
    let mut service = start().await;
    let same = builtin("zz-2018").unwrap();
    let answers = preview(&mut service, request(&[MARCH, APRIL], same)).await.unwrap();
    let months: Vec<_> = answers.iter().map(|answer| answer.month.as_str()).collect();
    assert_eq!(months, [MARCH, APRIL]);
    for answer in answers {
        assert_eq!((answer.differences.len(), answer.unchanged_count), (0, 8));
        assert_eq!(answer.rule_pack_revision, PACK);
        assert_eq!(answer.digest, RulePack::parse(same).unwrap().digest().to_string());
    }
}

#[tokio::test]
async fn a_preview_says_what_evaluations_by_both_rules_would_say() {
    let mut service = start().await;
    let before = scorecards(&mut service).await;
    let answers = preview(&mut service, request(&[APRIL], &others())).await.unwrap();
    let [answer] = &answers[..] else { panic!("{} months", answers.len()) };

    let pack = RulePack::parse(&others()).unwrap();
    service.peers.know().pack = Some(rules::RulePackRevision {
        name: PACK.to_owned(),
        revision: 3,
        digest: pack.digest().to_string(),
        canonical: pack.canonical(),
        ..Default::default()
    });
    let after = scorecards(&mut service).await;

    let mut sizes = Vec::new();
    for one in &answer.differences {
        let (old, new) = (&before[&one.body_id], &after[&one.body_id]);
        assert_eq!((&one.score_before, &one.score_after), (&old.score, &new.score));
        assert_eq!((one.rank_before, one.rank_after), (old.rank, new.rank));
        assert_eq!((&one.grade_before, &one.grade_after), (&old.grade, &new.grade));
        assert_eq!((&one.display_name, &one.group), (&new.display_name, &new.group));
        let more: Exact = one.difference.trim_start_matches('+').parse().unwrap();
        let [old, new] = [&old.score, &new.score].map(|score| score.parse::<Exact>().unwrap());
        assert_eq!(&new - &old, more, "{one:?}");
        sizes.push(more.abs());
    }
    assert!(sizes.is_sorted_by(|one, next| one >= next), "{sizes:?}");
    let changed = before.iter().filter(|(body, card)| card.score != after[*body].score).count();
    assert!(changed >= 2, "the example changes {changed} scores");
    assert!(answer.differences.len() >= changed);
    assert_eq!(answer.differences.len() + usize::try_from(answer.unchanged_count).unwrap(), 8);
}

#[tokio::test]
async fn a_changed_weight_counts_nothing_anew_and_stores_nothing() {
    let mut service = start().await;
    service.evaluate().await;
    let readings = service.peers.know().asked.len();
    preview(&mut service, request(&[APRIL], &others())).await.unwrap();
    assert_eq!(service.peers.know().asked.len(), readings, "the counts are remembered");
    let otherwise = others().replacen("period_basis: settlement", "period_basis: cohort", 1);
    preview(&mut service, request(&[APRIL], &otherwise)).await.unwrap();
    assert_eq!(service.peers.know().asked.len(), readings + 1, "other counts are read once");
    assert_eq!(service.evaluations().await, 1);
}

#[tokio::test]
async fn every_mistake_of_a_preview_is_told_at_once() {
    let mut service = start().await;
    let broken =
        others().replacen("weight: 20", "weight: twenty", 1).replacen("cap: 60", "cap: 61", 1);
    let wrong = pb::PreviewRulePackRequest {
        parent: "zz".to_owned(),
        ..request(&[APRIL, "April", APRIL], &broken)
    };
    let status = preview(&mut service, wrong).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
    assert_eq!(fields(&status)[..3], ["parent", "months[1]", "months[2]"]);
    assert!(fields(&status)[3..].iter().all(|field| field == "source"));
    let details = status.get_error_details();
    let told = &details.bad_request().unwrap().field_violations[3].description;
    assert!(told.contains("twenty") || told.contains("number"), "{told}");

    let status = preview(&mut service, request(&[], &others())).await.unwrap_err();
    assert_eq!(fields(&status), ["months"]);
    let status = preview(&mut service, request(&["9998-01"], &others())).await.unwrap_err();
    assert_eq!(fields(&status), ["months"]);
    service.peers.know().pack = None;
    let status = preview(&mut service, request(&[APRIL], &others())).await.unwrap_err();
    assert_eq!(refusal(&status).1, "NO_RULE_PACK_IN_FORCE");
}
