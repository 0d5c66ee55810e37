//! How far the correction of a month reaches, and the own correction of what it touches (method f.5).

use chengping_proto::scoring::v1 as pb;
use chengping_proto::scoring::v1::download_evaluation_request::Document;
use serde_json::Value;
use tonic::Code;

use crate::city::{APRIL, MARCH, facts};
use crate::peers::batch;
use crate::service::{Service, download, fields, refusal, start, wish};

fn wish_of(month: &str, corrections: &[&str]) -> pb::CreateEvaluationRequest {
    pb::CreateEvaluationRequest {
        evaluation: Some(pb::Evaluation { month: month.to_owned(), ..Default::default() }),
        corrections: corrections.iter().map(|name| (*name).to_owned()).collect(),
        ..wish()
    }
}

async fn evaluate(service: &mut Service, month: &str, corrections: &[&str]) -> String {
    let wish = wish_of(month, corrections);
    service.client.create_evaluation(wish).await.unwrap().into_inner().name
}

/// Which of `later` a correction touches.
async fn touched(service: &mut Service, name: &str, later: &[&str]) -> Vec<pb::TouchedEvaluation> {
    let request = pb::TraceCorrectionRequest {
        name: name.to_owned(),
        evaluations: later.iter().map(|name| (*name).to_owned()).collect(),
    };
    let answer = service.client.trace_correction(request).await.unwrap();
    answer.into_inner().touched_evaluations
}

async fn bodies(service: &mut Service, name: &str) -> Value {
    let results = download(&mut service.client, name, Document::Results).await;
    serde_json::from_slice::<Value>(&results).unwrap()["bodies"].take()
}

/// From now on so many cases of March are known.
fn know(service: &Service, number: u32) {
    let mut known = service.peers.know();
    known.watermark += 1;
    let cases = facts(MARCH, number);
    known.facts.insert(MARCH.to_owned(), cases.chunks(70).map(batch).collect());
}

#[tokio::test]
async fn a_correction_touches_what_used_its_counts_and_their_own_correction_it_does_not() {
    let mut service = start().await;
    let april = evaluate(&mut service, APRIL, &[]).await;
    let march = evaluate(&mut service, MARCH, &[]).await;
    assert!(touched(&mut service, &march, &[&april]).await.is_empty(), "nothing is corrected");

    know(&service, 40);
    let corrected = evaluate(&mut service, MARCH, &[]).await;
    let found = touched(&mut service, &corrected, &[&april, &march]).await;
    let [touch] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&touch.name, touch.month.as_str()), (&april, APRIL));
    assert!(!touch.body_ids.is_empty() && touch.input_count > 0, "{touch:?}");

    // As when the correction rests on decisions, which no freeze shows.
    know(&service, 150);
    let plain = evaluate(&mut service, APRIL, &[]).await;
    let own = evaluate(&mut service, APRIL, &[&corrected]).await;
    let before = bodies(&mut service, &april).await;
    assert_eq!(bodies(&mut service, &plain).await, before);
    assert_ne!(bodies(&mut service, &own).await, before);
    assert!(touched(&mut service, &corrected, &[&own]).await.is_empty());
}

#[tokio::test]
async fn only_earlier_months_correct() {
    let mut service = start().await;
    let april = evaluate(&mut service, APRIL, &[]).await;
    let march = evaluate(&mut service, MARCH, &[]).await;
    for (corrections, field) in
        [(vec![april.as_str()], "corrections[0]"), (vec![&march, &march], "corrections[1]")]
    {
        let status = service.refused(wish_of(APRIL, &corrections)).await;
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(fields(&status), [field]);
    }
    let unknown = "jurisdictions/zz/evaluations/none";
    let status = service.refused(wish_of(APRIL, &[unknown])).await;
    assert_eq!(refusal(&status), (Code::NotFound, "EVALUATION_NOT_FOUND".to_owned()));
}
