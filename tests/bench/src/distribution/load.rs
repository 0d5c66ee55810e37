//! The client.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::rule_pack_service_client::RulePackServiceClient;
use futures_util::future::try_join_all;
use tonic::transport::{Channel, Endpoint};

/// The month that is asked for.
pub(crate) const MONTH: &str = "2018-04";
const CONNECTIONS: usize = 4;
/// Over all connections.
pub(crate) const CALLS_AT_A_TIME: usize = 32;
const ROUND: Duration = Duration::from_secs(3);

/// Connections to a server.
pub(crate) async fn channels(address: &str) -> anyhow::Result<Vec<Channel>> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true);
    let channels = (0..CONNECTIONS).map(|_| endpoint.connect());
    try_join_all(channels).await.context("the server is not there")
}

/// One call.
pub(crate) async fn ask(
    packs: &mut RulePackServiceClient<Channel>,
) -> anyhow::Result<pb::RulePackRevision> {
    let (parent, month) = (super::PARENT.to_owned(), MONTH.to_owned());
    let request = pb::GetEffectiveRulePackRequest { parent, month };
    Ok(packs.get_effective_rule_pack(request).await?.into_inner())
}

/// Asks for as long as a round lasts; how many calls a second were answered.
pub(crate) async fn round(channels: &[Channel]) -> anyhow::Result<f64> {
    let begun = Instant::now();
    let clients = (0..CALLS_AT_A_TIME).map(|index| {
        let mut packs = RulePackServiceClient::new(channels[index % channels.len()].clone());
        tokio::spawn(async move {
            let mut answered = 0_u32;
            while begun.elapsed() < ROUND {
                ask(&mut packs).await?;
                answered += 1;
            }
            anyhow::Ok(answered)
        })
    });
    let answered = try_join_all(clients).await?;
    let answered: u32 = answered.into_iter().sum::<anyhow::Result<u32>>()?;
    Ok(f64::from(answered) / begun.elapsed().as_secs_f64())
}
