//! The results document, and who is ranked.

use chengping_scoring::{Input, State, score};
use chengping_types::{Exact, canonical};
use serde_json::Value;

use crate::city::City;

fn april() -> Input {
    City::get().input("2018-04".parse().unwrap())
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_document_is_canonical_and_has_the_members_of_the_interchange_format() {
    let bytes = score(&april()).results_document();
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(canonical::to_vec(&document).unwrap(), bytes);
    assert_eq!(
        keys(&document),
        [
            "as_of",
            "bodies",
            "decided",
            "engine",
            "figures",
            "jurisdiction",
            "month",
            "rule_pack",
            "snapshot",
        ]
    );
    assert_eq!(keys(&document["rule_pack"]), ["digest", "name", "revision"]);
    assert_eq!(keys(&document["snapshot"]), ["digest", "watermark"]);
    let body = &document["bodies"]["d01"];
    assert_eq!(
        keys(body),
        [
            "due",
            "exact_score",
            "figures",
            "grade",
            "group",
            "items",
            "rank",
            "score",
            "state",
            "streams",
            "tied",
        ]
    );
    assert_eq!(body["items"]["S1"]["clause"], "5.2.4");
    assert_eq!(body["items"]["S1"]["provenance"], "assumption");
}

#[test]
fn a_body_without_data_has_no_score_and_one_with_few_cases_has_no_rank() {
    let evaluation = score(&april());
    for card in &evaluation.scorecards {
        let (scored, ranked) = (card.score.is_some(), card.rank.is_some());
        match card.state {
            State::Scored => assert!(scored && ranked && card.due.is_none_or(|due| due >= 10)),
            State::TooFewCases => assert!(scored && !ranked && card.due.unwrap() < 10),
            State::NoData => assert!(!scored && !ranked && card.grade.is_none()),
        }
    }
}

#[test]
fn equal_scores_share_a_rank_and_the_next_is_skipped() {
    let evaluation = score(&april());
    let ranked: Vec<_> = evaluation
        .scorecards
        .iter()
        .filter(|card| card.group == "subdistrict" && card.rank.is_some())
        .collect();
    for card in &ranked {
        let stored = |card: &&chengping_scoring::Scorecard| {
            card.score.as_ref().map(|score| score.stored.clone())
        };
        let better = ranked.iter().filter(|other| stored(other) > stored(card)).count();
        let equal = ranked.iter().filter(|other| stored(other) == stored(card)).count();
        assert_eq!(card.rank, u32::try_from(better + 1).ok());
        assert_eq!(card.tied, equal > 1);
    }
    assert!(ranked.iter().any(|card| card.tied), "the reference city has a tie");
}

#[test]
fn the_rank_follows_the_rounded_score_not_the_exact_one() {
    let score = chengping_scoring::Score::new(Exact::ratio(17_161, 200).unwrap());
    assert_eq!(score.printed(), "85.81");
    assert_eq!(score.stored, "85.81".parse().unwrap());
    assert_eq!(chengping_scoring::Score::new("85.8049".parse().unwrap()).printed(), "85.80");
}

#[test]
fn a_body_is_warned_beyond_three_tenths_of_the_points_of_an_item() {
    let evaluation = score(&april());
    let card = evaluation.scorecard(&"d01".parse().unwrap()).unwrap();
    let warned: Vec<_> =
        card.items().filter(|(_, item)| item.warned).map(|(_, item)| item.id.as_str()).collect();
    // N4 loses 1.5750 of 5, N5 1.55 of 5, P2 2.34 of 6; L1 exactly 3 of 10.
    assert_eq!(warned, ["N4", "N5", "P2"]);
}

#[test]
fn items_that_hardly_ever_apply_are_named() {
    let seldom = score(&april()).seldom_applicable();
    let bureaus = seldom.iter().find(|item| item.group == "bureau" && item.item == "P2").unwrap();
    assert!(bureaus.applicable * 2 < bureaus.bodies, "{bureaus:?}");
    assert!(!seldom.iter().any(|item| item.group == "district"));
}
