//! From the call that publishes a version, and from its answer, to a consumer that has it whole.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use chengping_proto::publication::v1 as pb;
use chengping_proto::publication::v1::bulletin_service_client::BulletinServiceClient;
use chengping_proto::scoring::v1::evaluation_service_client::EvaluationServiceClient;
use chengping_proto::scoring::v1::{CreateEvaluationRequest, Evaluation, ListEvaluationsRequest};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tonic::transport::Channel;

use super::JURISDICTION;
use crate::stopwatch::percentiles;
use crate::suite::Suite;

const PUBLICATIONS: usize = 120;
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn measure(suite: &Suite, month: &str) -> anyhow::Result<Value> {
    let channel = Channel::from_shared(suite.address.clone())?.tcp_nodelay(true).connect().await?;
    let evaluations = two_evaluations(&channel, month).await?;
    let mut bulletins =
        BulletinServiceClient::new(channel.clone()).max_decoding_message_size(64 << 20);
    let request = pb::WatchPublicationsRequest {
        parent: format!("jurisdictions/{JURISDICTION}"),
        ..Default::default()
    };
    let mut stream = bulletins.watch_publications(request).await?.into_inner();
    let (sender, mut told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok(Some(message)) = stream.message().await {
            let Some(publication) = message.publication else { continue };
            let version = publication.bulletin_version.unwrap_or_default().version;
            if sender.send((Instant::now(), version, publication.result_lines.len())).is_err() {
                return;
            }
        }
    });
    told.recv().await.context("the first version")?;
    let (mut from_call, mut from_answer, mut bodies) = (Vec::new(), Vec::new(), 0);
    for number in 0..PUBLICATIONS {
        let request = pb::CorrectBulletinRequest {
            name: format!("jurisdictions/{JURISDICTION}/bulletins/{month}"),
            evaluation: evaluations[number % 2].clone(),
            reason: "measured".to_owned(),
            request_id: String::new(),
        };
        let version = bulletins.correct_bulletin(request).await?.into_inner();
        let (name, etag) = (version.name, version.etag);
        let called = Instant::now();
        let request = pb::PublishBulletinVersionRequest { name, etag };
        bulletins.publish_bulletin_version(request).await?;
        let answered = Instant::now();
        let next = tokio::time::timeout(PATIENCE, told.recv()).await?;
        let (at, told_version, lines) = next.context("the stream goes on")?;
        anyhow::ensure!(told_version == version.version, "each version comes once, in order");
        bodies = lines;
        from_call.push(at.saturating_duration_since(called));
        from_answer.push(at.saturating_duration_since(answered));
    }
    Ok(json!({
        "publications": PUBLICATIONS,
        "bodies": bodies,
        "from_call": percentiles(&from_call),
        "from_answer": percentiles(&from_answer),
    }))
}

/// Two evaluations of the month, to correct one by the other: that which is there, and one that sees
/// a second more.
async fn two_evaluations(channel: &Channel, month: &str) -> anyhow::Result<[String; 2]> {
    let mut client = EvaluationServiceClient::new(channel.clone());
    let parent = format!("jurisdictions/{JURISDICTION}");
    let request = ListEvaluationsRequest { parent: parent.clone(), ..Default::default() };
    let found = client.list_evaluations(request).await?.into_inner().evaluations;
    let first = found.into_iter().next().context("an evaluation")?;
    let mut as_of = first.as_of.context("its view")?;
    as_of.seconds += 1;
    let evaluation = Evaluation {
        month: month.to_owned(),
        as_of: Some(as_of),
        decided: Some(as_of),
        ..Default::default()
    };
    let request =
        CreateEvaluationRequest { parent, evaluation: Some(evaluation), ..Default::default() };
    let second = client.create_evaluation(request).await?.into_inner();
    Ok([second.name, first.name])
}
