//! Evaluations and scorecards, one by one and page by page.

use chengping_proto::scoring::v1 as pb;
use tonic::Code;

use crate::city::{APRIL, MARCH};
use crate::service::{ZZ, refusal, scorecard, start, wish};

#[tokio::test]
async fn evaluations_come_newest_first_and_page_by_page() {
    let mut service = start().await;
    let mut names = Vec::new();
    for month in [MARCH, APRIL, APRIL] {
        let mut wish = wish();
        wish.evaluation.as_mut().unwrap().month = month.to_owned();
        let evaluation = service.client.create_evaluation(wish).await.unwrap().into_inner();
        names.insert(0, evaluation.name);
    }
    let first =
        pb::ListEvaluationsRequest { parent: ZZ.to_owned(), page_size: 2, ..Default::default() };
    let page = service.client.list_evaluations(first.clone()).await.unwrap().into_inner();
    let of = |page: &pb::ListEvaluationsResponse| -> Vec<_> {
        page.evaluations.iter().map(|evaluation| evaluation.name.clone()).collect()
    };
    assert_eq!(of(&page), names[..2]);
    let second = pb::ListEvaluationsRequest { page_token: page.next_page_token, ..first.clone() };
    let page = service.client.list_evaluations(second.clone()).await.unwrap().into_inner();
    assert_eq!((of(&page), page.next_page_token.as_str()), (names[2..].to_vec(), ""));

    let other = pb::ListEvaluationsRequest { month: APRIL.to_owned(), ..second.clone() };
    let status = service.client.list_evaluations(other).await.unwrap_err();
    let mismatch = (Code::InvalidArgument, "PAGE_TOKEN_MISMATCH".to_owned());
    assert_eq!(refusal(&status), mismatch);
    let other = pb::ListEvaluationsRequest { parent: "jurisdictions/yy".to_owned(), ..second };
    let status = service.client.list_evaluations(other).await.unwrap_err();
    assert_eq!(refusal(&status), mismatch);

    let april = pb::ListEvaluationsRequest { month: APRIL.to_owned(), ..first.clone() };
    let page = service.client.list_evaluations(april).await.unwrap().into_inner();
    assert_eq!((of(&page), page.next_page_token.as_str()), (names[..2].to_vec(), ""));
    for (token, size, reason) in [("?", 2, "PAGE_TOKEN_INVALID"), ("", -1, "PAGE_SIZE_NEGATIVE")] {
        let page_token = token.to_owned();
        let odd = pb::ListEvaluationsRequest { page_token, page_size: size, ..first.clone() };
        let status = service.client.list_evaluations(odd).await.unwrap_err();
        assert_eq!(refusal(&status), (Code::InvalidArgument, reason.to_owned()));
    }
}

#[tokio::test]
async fn scorecards_come_by_group_and_rank_and_without_items() {
    let mut service = start().await;
    let evaluation = service.evaluate().await.name;
    let whole = pb::ListScorecardsRequest { parent: evaluation.clone(), ..Default::default() };
    let all = service.client.list_scorecards(whole.clone()).await.unwrap().into_inner();
    let all = all.scorecards;
    let placed: Vec<_> = all.iter().map(|card| (card.group.as_str(), card.rank)).collect();
    // The second bureau has no case, so it has no score and comes last.
    let bureaus = [("bureau", 1), ("bureau", 0)];
    let districts = [("district", 1), ("district", 2), ("district", 3)];
    let posts = [("collector", 1), ("supervision_desk", 1), ("command_desk", 1)];
    assert_eq!(placed, [&districts[..], &bureaus, &posts].concat());
    let due = |card: &pb::Scorecard| card.due_count.is_some();
    assert_eq!(
        all.iter().map(due).collect::<Vec<_>>(),
        [[true; 5].as_slice(), &[false; 3]].concat()
    );
    assert!(all.iter().all(|card| card.items.is_empty() && !card.streams.is_empty()));
    assert_eq!(all[4].state(), pb::scorecard::State::NoData);
    assert_eq!((all[4].score.as_str(), all[4].body_id.as_str()), ("", "b02"));

    let mut paged = Vec::new();
    let mut request = pb::ListScorecardsRequest { page_size: 2, ..whole.clone() };
    loop {
        let page = service.client.list_scorecards(request.clone()).await.unwrap().into_inner();
        paged.extend(page.scorecards);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(paged, all);
    request.group = "district".to_owned();
    let status = service.client.list_scorecards(request).await.unwrap_err();
    let mismatch = (Code::InvalidArgument, "PAGE_TOKEN_MISMATCH".to_owned());
    assert_eq!(refusal(&status), mismatch);

    let request = pb::ListScorecardsRequest { group: "bureau".to_owned(), ..whole };
    let some = service.client.list_scorecards(request).await.unwrap().into_inner();
    assert_eq!(some.scorecards, all[3..5]);
}

#[tokio::test]
async fn a_scorecard_explains_its_items_in_both_languages() {
    let mut service = start().await;
    let evaluation = service.evaluate().await.name;
    let card = scorecard(&mut service.client, &evaluation, "d01").await;
    assert_eq!(card.name, format!("{evaluation}/scorecards/d01"));
    assert_eq!((card.state(), card.display_name.as_str()), (pb::scorecard::State::Scored, "第d01"));
    let items: Vec<_> = card.items.iter().map(|item| item.item.as_str()).collect();
    assert_eq!(items, ["N1", "N2", "N3", "N4", "N5", "L1", "L2", "P1", "P2", "S1"]);
    let first = &card.items[0];
    assert!(first.explanation_zh.starts_with("按期结案率"), "{}", first.explanation_zh);
    assert!(first.explanation_en.starts_with("On-time closing rate"), "{}", first.explanation_en);
    let zones: Vec<_> = first.zones.iter().map(|zone| zone.zone.as_str()).collect();
    assert_eq!(zones, ["key", "general"]);
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let mut service = start().await;
    let evaluation = service.evaluate().await.name;
    let get = |name: &str| pb::GetScorecardRequest { name: format!("{evaluation}{name}") };
    let status = service.client.get_scorecard(get("/scorecards/d99")).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::NotFound, "SCORECARD_NOT_FOUND".to_owned()));

    let absent = (Code::NotFound, "EVALUATION_NOT_FOUND".to_owned());
    let status = service.client.get_scorecard(get("0/scorecards/d01")).await.unwrap_err();
    assert_eq!(refusal(&status), absent);
    let name = evaluation.replace("zz", "yy");
    let request = pb::DownloadEvaluationRequest { name: name.clone(), ..Default::default() };
    let status = service.client.download_evaluation(request).await.unwrap_err();
    assert_eq!(refusal(&status), absent);
    let status = service.client.get_evaluation(pb::GetEvaluationRequest { name }).await;
    assert_eq!(refusal(&status.unwrap_err()), absent);
}

#[tokio::test]
async fn the_whole_indicator_catalogue_comes_page_by_page() {
    let mut service = start().await;
    let mut request = pb::ListIndicatorsRequest { page_size: 70, ..Default::default() };
    let mut found = Vec::new();
    loop {
        let page = service.client.list_indicators(request.clone()).await.unwrap().into_inner();
        assert!(page.indicators.len() <= 70);
        found.extend(page.indicators);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let codes: Vec<_> = found.iter().map(|indicator| indicator.code.as_str()).collect();
    let expected: Vec<_> = chengping_rules::catalogue().iter().map(|one| &*one.code).collect();
    assert_eq!(codes, expected);
    let rate = found.iter().find(|indicator| indicator.code == "on_time_closing_rate").unwrap();
    assert_eq!((rate.indicator_id.as_str(), rate.name_zh.as_str()), ("R07", "按期结案率"));
    assert_eq!((rate.formula.as_str(), rate.unit.as_str()), ("closed_on_time / due", "percent"));
    assert_eq!(rate.applies_to, ["area", "department"]);
    let reason = |indicator: &pb::Indicator| indicator.not_derivable_reason.clone();
    assert!(found.iter().all(|one| one.formula.is_empty() != reason(one).is_empty()));

    let odd = pb::ListIndicatorsRequest { page_size: -1, ..Default::default() };
    let status = service.client.list_indicators(odd).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "PAGE_SIZE_NEGATIVE".to_owned()));
}
