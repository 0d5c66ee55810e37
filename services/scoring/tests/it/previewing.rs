//! What other rules would have given.

use std::collections::BTreeMap;

use chengping_proto::rules::v1 as rules;
use chengping_proto::scoring::v1 as pb;
use chengping_rules::{Adjustment, RulePack, adjust, builtin};
use chengping_types::Exact;
use futures_util::TryStreamExt as _;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::city::{APRIL, MARCH, facts};
use crate::peers::{PACK, batch};
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
    let counts =
        |answer: &pb::PreviewRulePackResponse| (answer.done_month_count, answer.total_month_count);
    assert_eq!(answers.iter().map(counts).collect::<Vec<_>>(), [(1, 2), (2, 2)]);
    for answer in answers {
        assert!(answer.sensitivities.is_empty(), "nobody asked");
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

const N1: &str = "families.area.streams[regular].items[N1].linear.weight";
const N2: &str = "families.area.streams[regular].items[N2].linear.weight";
const KEY: &str = "families.area.zones.key";

fn adjustment(path: &str, value: &str) -> rules::Adjustment {
    rules::Adjustment {
        path: path.to_owned(),
        value: value.to_owned(),
        provenance: "assumption".to_owned(),
        ..Default::default()
    }
}

fn adjusted(adjustments: Vec<rules::Adjustment>) -> pb::PreviewRulePackRequest {
    pb::PreviewRulePackRequest { adjustments, ..request(&[APRIL], "") }
}

#[tokio::test]
async fn adjustments_of_the_rules_in_force_give_what_the_adjusted_text_gives() {
    let mut service = start().await;
    let both = vec![adjustment(N1, "20"), adjustment(N2, "25")];
    let numbers = both.iter().map(|one| Adjustment {
        path: one.path.clone(),
        value: one.value.clone(),
        provenance: one.provenance.clone(),
        clause: None,
        note: None,
    });
    let numbers: Vec<_> = numbers.collect();
    let text = adjust(builtin("zz-2018").unwrap(), &numbers).unwrap();
    let of_text = preview(&mut service, request(&[MARCH, APRIL], &text)).await.unwrap();
    let months = vec![MARCH.to_owned(), APRIL.to_owned()];
    let wish = pb::PreviewRulePackRequest { months, ..adjusted(both) };
    let of_numbers = preview(&mut service, wish).await.unwrap();
    assert_eq!(of_numbers, of_text);
    assert!(!of_numbers[1].differences.is_empty());
}

#[tokio::test]
async fn a_revision_is_previewed_by_its_name() {
    let mut service = start().await;
    let of = |revision: &str| pb::PreviewRulePackRequest {
        revision: revision.to_owned(),
        ..request(&[APRIL], "")
    };
    let answers = preview(&mut service, of(PACK)).await.unwrap();
    assert_eq!((answers[0].differences.len(), answers[0].unchanged_count), (0, 8));
    let elsewhere = PACK.replace("/zz/", "/yy/");
    let status = preview(&mut service, of(&elsewhere)).await.unwrap_err();
    assert_eq!(fields(&status), ["revision"]);
    let status = preview(&mut service, of("third")).await.unwrap_err();
    assert_eq!(fields(&status), ["revision"]);
}

#[tokio::test]
async fn rules_are_told_in_exactly_one_way() {
    let mut service = start().await;
    let status = preview(&mut service, request(&[APRIL], "")).await.unwrap_err();
    assert_eq!(fields(&status), ["source"]);
    let wish = pb::PreviewRulePackRequest {
        revision: PACK.to_owned(),
        source: others(),
        ..adjusted(vec![adjustment(KEY, "0.7")])
    };
    let status = preview(&mut service, wish).await.unwrap_err();
    assert_eq!(fields(&status), ["revision", "adjustments"]);
    let told = status.get_error_details().bad_request().unwrap().clone();
    assert!(told.field_violations[0].description.contains("exactly one"));
}

#[tokio::test]
async fn every_mistake_of_adjustments_is_told_beside_its_adjustment() {
    let mut service = start().await;
    let wrong = vec![
        adjustment("", "twenty"),
        rules::Adjustment { provenance: "hearsay".to_owned(), ..adjustment(KEY, "1") },
        adjustment(KEY, "2"),
    ];
    let status = preview(&mut service, adjusted(wrong)).await.unwrap_err();
    let told = ["[0].path", "[0].value", "[1].provenance", "[2].path"];
    assert_eq!(fields(&status), told.map(|field| format!("adjustments{field}")));
    // What only the rules in force can say.
    let wrong = vec![adjustment("families.area.zones.kye", "1"), adjustment(KEY, "0.7")];
    let status = preview(&mut service, adjusted(wrong)).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "REQUEST_INVALID".to_owned()));
    assert_eq!(fields(&status), ["adjustments[0]"]);
    let details = status.get_error_details();
    let description = &details.bad_request().unwrap().field_violations[0].description;
    assert!(description.contains(APRIL), "{description}");
    let many = (0..101).map(|index| adjustment(&format!("a{index}"), "1")).collect();
    let status = preview(&mut service, adjusted(many)).await.unwrap_err();
    assert_eq!(fields(&status), ["adjustments"]);
}

#[tokio::test]
async fn what_is_remembered_answers_as_what_is_read_anew() {
    let mut service = start().await;
    let mut seen = Vec::new();
    for key in ["0.7", "0.61", "0.9", "0.7"] {
        let wish = adjusted(vec![adjustment(KEY, key)]);
        let warm = preview(&mut service, wish.clone()).await.unwrap();
        let mut fresh = service.beside().await;
        let cold = fresh.preview_rule_pack(wish).await.unwrap().into_inner();
        assert_eq!(warm, cold.try_collect::<Vec<_>>().await.unwrap(), "{key}");
        seen.push(warm);
    }
    assert_ne!(seen[0], seen[2]);
    assert_eq!(seen[0], seen[3]);
}

#[tokio::test]
async fn new_records_and_new_rules_are_seen_by_the_next_preview() {
    let mut service = start().await;
    let wish = adjusted(vec![adjustment(KEY, "0.9")]);
    let first = preview(&mut service, wish.clone()).await.unwrap();
    {
        let mut known = service.peers.know();
        known.watermark += 200;
        let more = facts(APRIL, 500).chunks(70).map(batch).collect();
        known.facts.insert(APRIL.to_owned(), more);
    }
    let second = preview(&mut service, wish.clone()).await.unwrap();
    assert_ne!(first[0].differences, second[0].differences, "the new records count");
    let mut fresh = service.beside().await;
    let cold = fresh.preview_rule_pack(wish.clone()).await.unwrap().into_inner();
    assert_eq!(second, cold.try_collect::<Vec<_>>().await.unwrap());

    let text = others();
    let pack = RulePack::parse(&text).unwrap();
    service.peers.know().pack = Some(rules::RulePackRevision {
        name: PACK.replace("/3", "/4"),
        revision: 4,
        digest: pack.digest().to_string(),
        canonical: pack.canonical(),
        ..Default::default()
    });
    let third = preview(&mut service, request(&[APRIL], &text)).await.unwrap();
    assert_eq!((third[0].differences.len(), third[0].unchanged_count), (0, 8));
    assert!(third[0].rule_pack_revision.ends_with("/4"));
}

#[tokio::test]
async fn rules_that_read_something_else_are_gathered_once() {
    let mut service = start().await;
    let formula = |weight: &str| {
        let text = builtin("zz-2018").unwrap();
        let text = text.replacen("adds_up: true", "adds_up: false", 1);
        let rate = format!("rate: on_time / due, weight: {weight}");
        text.replacen("rate: closed_on_time / due, weight: 30", &rate, 1)
    };
    for weight in ["30", "29", "28"] {
        let wish = request(&[APRIL], &formula(weight));
        let warm = preview(&mut service, wish.clone()).await.unwrap();
        let mut fresh = service.beside().await;
        let cold = fresh.preview_rule_pack(wish).await.unwrap().into_inner();
        assert_eq!(warm, cold.try_collect::<Vec<_>>().await.unwrap(), "{weight}");
        assert!(!warm[0].differences.is_empty());
    }
}

#[tokio::test]
async fn the_sensitivity_of_ranks_is_what_previews_of_single_weights_say() {
    let mut service = start().await;
    let same = builtin("zz-2018").unwrap();
    let wish = pb::PreviewRulePackRequest {
        sensitivity: true,
        sensitivity_step: "0.5".to_owned(),
        ..request(&[APRIL], same)
    };
    let answers = preview(&mut service, wish).await.unwrap();
    let all = &answers[0].sensitivities;
    assert!(all.iter().any(|one| one.path == N1 && one.value == "30"), "{all:#?}");
    let shifts = |one: &pb::WeightSensitivity| {
        [&one.smaller, &one.larger].into_iter().flatten().cloned().collect::<Vec<_>>()
    };
    let telling = |one: &pb::WeightSensitivity| {
        let most = shifts(one).iter().map(|shift| shift.changed_rank_count).max();
        most.unwrap_or_default()
    };
    assert!(all.is_sorted_by_key(|one| std::cmp::Reverse(telling(one))));
    let mut compared = 0;
    for one in all.iter().filter(|one| one.path == KEY) {
        for shift in shifts(one) {
            let wish = adjusted(vec![adjustment(KEY, &shift.value)]);
            let answers = preview(&mut service, wish).await.unwrap();
            let of_group = answers[0].differences.iter().filter(|body| body.group == one.group);
            let moved: Vec<_> =
                of_group.filter(|body| body.rank_before != body.rank_after).collect();
            assert_eq!(moved.len(), usize::try_from(shift.changed_rank_count).unwrap());
            let places = moved.iter().map(|body| body.rank_before.abs_diff(body.rank_after));
            let largest = places.max().unwrap_or_default();
            assert_eq!(largest, u32::try_from(shift.largest_shift).unwrap());
            compared += 1;
        }
    }
    assert!(compared > 0, "the example looks at the weights of zones");

    for (step, sensitivity) in [("0.001", true), ("0.6", true), ("a tenth", true), ("0.1", false)] {
        let wish = pb::PreviewRulePackRequest {
            sensitivity,
            sensitivity_step: step.to_owned(),
            ..request(&[APRIL], same)
        };
        let status = preview(&mut service, wish).await.unwrap_err();
        assert_eq!(fields(&status), ["sensitivity_step"], "{step}");
    }
}

#[tokio::test]
async fn a_month_is_answered_before_the_next_is_read() {
    let mut service = start().await;
    let same = builtin("zz-2018").unwrap();
    preview(&mut service, request(&[MARCH], same)).await.unwrap();
    // April cannot be counted: its facts never end.
    service.peers.know().hold = true;
    let call = service.client.preview_rule_pack(request(&[MARCH, APRIL], same)).await;
    let mut answers = call.unwrap().into_inner();
    let first = answers.try_next().await.unwrap().unwrap();
    assert_eq!((first.month.as_str(), first.done_month_count), (MARCH, 1));
    drop(answers);
    service.peers.know().hold = false;
    let answers = preview(&mut service, request(&[APRIL], same)).await.unwrap();
    assert_eq!(answers[0].month, APRIL);
}
