//! Evaluations: what they read, what they give, and that they happen once.

use std::time::Duration;

use chengping_proto::scoring::v1 as pb;
use chengping_proto::scoring::v1::download_evaluation_request::Document;
use chengping_scoring::{Input, score};
use chengping_testing::eventually;
use chengping_types::Digest;
use futures_util::future::join_all;
use prost_types::Timestamp;
use tonic::{Code, Request};

use crate::peers::PACK;
use crate::service::{download, refusal, start, wish};

const ID: &str = "0193a1f0-0000-7000-8000-000000000001";

/// The fourth of May, midnight in Zhengzhou.
const FREEZE: Timestamp = Timestamp { seconds: 1_525_363_200, nanos: 0 };

fn wish_with(id: &str) -> pb::CreateEvaluationRequest {
    pb::CreateEvaluationRequest { request_id: id.to_owned(), ..wish() }
}

#[tokio::test]
async fn two_evaluations_of_the_same_inputs_have_the_digest_of_the_same_results() {
    let mut service = start().await;
    let first = service.evaluate().await;
    let second = service.evaluate().await;
    assert_ne!(first.name, second.name);
    assert_eq!(first.digest, second.digest);
    for evaluation in [first, second] {
        let results = download(&mut service.client, &evaluation.name, Document::Results).await;
        assert_eq!(Digest::of(&results).to_string(), evaluation.digest);
        let unnamed = download(&mut service.client, &evaluation.name, Document::Unspecified).await;
        assert_eq!(results, unnamed);
    }
}

#[tokio::test]
async fn the_input_alone_gives_the_same_results() {
    let mut service = start().await;
    let name = service.evaluate().await.name;
    let input = download(&mut service.client, &name, Document::Input).await;
    let results = download(&mut service.client, &name, Document::Results).await;
    let read: Input = serde_json::from_slice(&input).unwrap();
    assert_eq!(read.canonical(), input);
    assert_eq!(score(&read).results_document(), results);
    assert_eq!(read.earlier.len(), 1);
}

#[tokio::test]
async fn by_default_a_month_is_seen_as_its_pack_freezes_it() {
    let mut service = start().await;
    let evaluation = service.evaluate().await;
    assert_eq!((evaluation.as_of, evaluation.decided), (Some(FREEZE), Some(FREEZE)));
    assert_eq!(evaluation.rule_pack_revision, PACK);
    assert_eq!(evaluation.registry_revision, "jurisdictions/zz/registryRevisions/5");
    assert_eq!(evaluation.snapshot, "jurisdictions/zz/snapshots/s1");
    assert_eq!((evaluation.watermark, evaluation.open_reject_count), (450, 7));
    assert_eq!(evaluation.body_count, 8);
    let request = pb::GetEvaluationRequest { name: evaluation.name.clone() };
    let stored = service.client.get_evaluation(request).await.unwrap().into_inner();
    assert_eq!(stored, evaluation);

    let asked = service.peers.know().asked.clone();
    // The month, and in the same reading the twelve before it that its rules look back to.
    let [asked] = &asked[..] else { panic!("{} readings", asked.len()) };
    assert_eq!((asked.watermark, asked.freeze_day, asked.as_of), (450, 3, Some(FREEZE)));
    let further = &asked.further_months;
    assert_eq!((further.len(), further[0].month.as_str()), (12, "2018-03"));
    assert_eq!(further[11].month, "2017-04");
    let march = Timestamp { seconds: 1_522_771_200, nanos: 0 };
    assert_eq!((further[0].as_of, further[0].decided), (Some(march), Some(march)));
}

#[tokio::test]
async fn an_evaluation_never_sees_past_its_view() {
    let mut service = start().await;
    let early = Timestamp { seconds: 1_522_600_000, nanos: 5_000 };
    let mut wish = wish();
    wish.evaluation.as_mut().unwrap().as_of = Some(early);
    let evaluation = service.client.create_evaluation(wish).await.unwrap().into_inner();
    assert_eq!((evaluation.as_of, evaluation.decided), (Some(early), Some(early)));
    let further = service.peers.know().asked[0].further_months.clone();
    assert_eq!((further[0].as_of, further[0].decided), (Some(early), Some(early)));
    assert!(further[1].as_of.unwrap().seconds < early.seconds);
}

#[tokio::test]
async fn a_repeated_request_has_the_first_answer() {
    let mut service = start().await;
    let first = service.client.create_evaluation(wish_with(ID)).await.unwrap().into_inner();
    let again = wish_with(&ID.to_uppercase());
    let again = service.client.create_evaluation(again).await.unwrap().into_inner();
    assert_eq!(first, again);
    assert_eq!(service.evaluations().await, 1);
}

#[tokio::test]
async fn a_request_id_with_other_arguments_is_refused() {
    let mut service = start().await;
    service.client.create_evaluation(wish_with(ID)).await.unwrap();
    let changes: [fn(&mut pb::Evaluation); 4] = [
        |asked| asked.month = "2018-03".to_owned(),
        |asked| asked.as_of = Some(FREEZE),
        |asked| asked.decided = Some(FREEZE),
        |asked| asked.rule_pack_revision = PACK.to_owned(),
    ];
    for change in changes {
        let mut wish = wish_with(ID);
        change(wish.evaluation.as_mut().unwrap());
        let status = service.refused(wish).await;
        let expected = (Code::FailedPrecondition, "REQUEST_ID_REUSED".to_owned());
        assert_eq!(refusal(&status), expected);
    }
    assert_eq!(service.evaluations().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_calls_with_one_request_id_make_one_evaluation() {
    let service = start().await;
    let beside = service.beside().await;
    let calls = (0..8).map(|index| {
        let client = if index % 2 == 0 { &service.client } else { &beside };
        let mut client = client.clone();
        async move { client.create_evaluation(wish_with(ID)).await.unwrap().into_inner() }
    });
    let answers = join_all(calls).await;
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(service.evaluations().await, 1);
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing_behind_and_frees_its_place() {
    let mut service = start().await;
    service.peers.know().hold = true;
    for call in 1..=3 {
        let mut client = service.client.clone();
        let task = tokio::spawn(async move { client.create_evaluation(wish_with(ID)).await });
        let reached = async || (service.peers.know().asked.len() == call).then_some(());
        eventually(reached).await.unwrap();
        task.abort();
    }
    service.peers.know().hold = false;
    assert_eq!(service.evaluations().await, 0);
    service.client.create_evaluation(wish_with(ID)).await.unwrap();
    assert_eq!(service.evaluations().await, 1);
}

#[tokio::test]
async fn a_call_that_waits_for_a_place_ends_at_its_deadline() {
    let service = start().await;
    service.peers.know().hold = true;
    let tasks = [(); 2].map(|()| {
        let mut client = service.client.clone();
        tokio::spawn(async move { client.create_evaluation(wish()).await })
    });
    eventually(async || (service.peers.know().asked.len() == 2).then_some(())).await.unwrap();

    let mut request = Request::new(wish());
    request.set_timeout(Duration::from_millis(100));
    let status = service.client.clone().create_evaluation(request).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(service.peers.know().snapshots, 2);
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
}
