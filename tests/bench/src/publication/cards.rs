//! `GetScorecard`, beside a bare server; client, connections and calls at a time are the same, and
//! the rounds take turns.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chengping_proto::scoring::v1 as pb;
use chengping_proto::scoring::v1::evaluation_service_client::EvaluationServiceClient;
use futures_util::future::try_join_all;
use prost::Message as _;
use serde_json::{Value, json};
use tonic::transport::Channel;

use super::JURISDICTION;
use crate::distribution::{self, load};
use crate::stopwatch::median;
use crate::suite::Suite;

/// Rounds of each server.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);

pub(super) async fn measure(suite: &Suite, folder: &Path) -> anyhow::Result<Value> {
    let address = suite.address.trim_start_matches("http://");
    let ours = load::channels(address).await?;
    let name = scorecard(&ours[0]).await?;
    let mut client = EvaluationServiceClient::new(ours[0].clone());
    let answer = ask(&mut client, &name).await?;
    let bytes = answer.encode_to_vec();
    let file = folder.join("answer");
    fs::write(&file, &bytes)?;
    let (_bare, bare) = distribution::start("bare", file).await?;
    let same = ask(&mut EvaluationServiceClient::new(bare[0].clone()), &name).await?;
    anyhow::ensure!(same == answer, "the servers do not answer the same");
    let (mut of_ours, mut of_bare) = (Vec::new(), Vec::new());
    // The first round of each warms up.
    for number in 0..=ROUNDS {
        let (one, other) = (round(&ours, &name).await?, round(&bare, &name).await?);
        if number > 0 {
            of_ours.push(one);
            of_bare.push(other);
        }
    }
    let ratios: Vec<_> = of_ours.iter().zip(&of_bare).map(|(ours, bare)| ours / bare).collect();
    Ok(json!({
        "answer_bytes": bytes.len(),
        "rounds": ROUNDS,
        "ours_calls_per_second": median(&of_ours),
        "bare_calls_per_second": median(&of_bare),
        "ratio": median(&ratios),
    }))
}

/// The scorecard of a district.
async fn scorecard(channel: &Channel) -> anyhow::Result<String> {
    let mut client = EvaluationServiceClient::new(channel.clone());
    let parent = format!("jurisdictions/{JURISDICTION}");
    let request = pb::ListEvaluationsRequest { parent, ..Default::default() };
    let found = client.list_evaluations(request).await?.into_inner().evaluations;
    let evaluation = found.first().context("an evaluation")?.name.clone();
    let request = pb::ListScorecardsRequest { parent: evaluation, ..Default::default() };
    let cards = client.list_scorecards(request).await?.into_inner().scorecards;
    Ok(cards.first().context("a scorecard")?.name.clone())
}

async fn ask(
    client: &mut EvaluationServiceClient<Channel>,
    name: &str,
) -> anyhow::Result<pb::Scorecard> {
    let request = pb::GetScorecardRequest { name: name.to_owned() };
    Ok(client.get_scorecard(request).await?.into_inner())
}

/// How many calls a second were answered while a round lasted.
async fn round(channels: &[Channel], name: &str) -> anyhow::Result<f64> {
    let begun = Instant::now();
    let clients = (0..load::CALLS_AT_A_TIME).map(|index| {
        let mut client = EvaluationServiceClient::new(channels[index % channels.len()].clone());
        let name = name.to_owned();
        tokio::spawn(async move {
            let mut answered = 0_u32;
            while begun.elapsed() < ROUND {
                ask(&mut client, &name).await?;
                answered += 1;
            }
            anyhow::Ok(answered)
        })
    });
    let answered = try_join_all(clients).await?;
    let answered: u32 = answered.into_iter().sum::<anyhow::Result<u32>>()?;
    Ok(f64::from(answered) / begun.elapsed().as_secs_f64())
}
