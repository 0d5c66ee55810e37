//! A platform that sends what it has ready, and waits for acknowledgements.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bytes::{BufMut as _, Bytes, BytesMut};
use chengping_proto::cases::v1 as pb;
use http::uri::PathAndQuery;
use prost::Message as _;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};

use super::story::Block;
use crate::raw::Raw;
use crate::stopwatch::resident;

/// Batches that are sent before an acknowledgement must come.
const IN_FLIGHT: usize = 4;

/// A client of one jurisdiction.
pub(super) struct Client {
    channel: Channel,
    parent: String,
}

/// Events that were acknowledged.
pub(super) struct Taken {
    pub(super) seconds: f64,
    /// From the moment a batch may be sent to its acknowledgement.
    pub(super) latencies: Vec<Duration>,
}

impl Client {
    pub(super) async fn connect(address: &str, jurisdiction: &str) -> anyhow::Result<Self> {
        let channel = Endpoint::new(address.to_owned())?.connect().await?;
        Ok(Self { channel, parent: format!("jurisdictions/{jurisdiction}") })
    }

    /// Sends the cases of a block.
    pub(super) async fn cases(&mut self, block: &Block) -> anyhow::Result<()> {
        let expected = block.case_nos().len();
        let path = "/chengping.cases.v1.CaseService/StreamCases";
        let (answer, _) = self.stream(path, block.case_batches()).await?;
        let counts = pb::StreamCasesResponse::decode(answer)?.counts.unwrap_or_default();
        ensure!(counts.accepted_count == i64::try_from(expected)?, "{counts:?}");
        Ok(())
    }

    /// Sends the events of blocks in one stream; they are ready before the clock runs.
    pub(super) async fn events(&mut self, blocks: Vec<Block>) -> anyhow::Result<Taken> {
        let expected: usize = blocks.iter().map(Block::events).sum();
        let batches = blocks.iter().flat_map(Block::event_batches).collect();
        drop(blocks);
        let start = Instant::now();
        let path = "/chengping.cases.v1.CaseService/StreamEvents";
        let (answer, latencies) = self.stream(path, batches).await?;
        let seconds = start.elapsed().as_secs_f64();
        let counts = pb::StreamEventsResponse::decode(answer)?.counts.unwrap_or_default();
        ensure!(counts.accepted_count == i64::try_from(expected)?, "{counts:?}");
        Ok(Taken { seconds, latencies })
    }

    /// Sends batches; gives the last acknowledgement.
    async fn stream(
        &mut self,
        path: &'static str,
        batches: Vec<Bytes>,
    ) -> anyhow::Result<(Bytes, Vec<Duration>)> {
        let count = batches.len();
        let (sender, messages) = mpsc::channel(1);
        let window = Arc::new(Semaphore::new(IN_FLIGHT));
        let (sent, mut sending) = mpsc::unbounded_channel();
        let (parent, places) = (self.parent.clone(), Arc::clone(&window));
        tokio::spawn(async move {
            for (records, number) in batches.into_iter().zip(1..) {
                let Ok(place) = places.acquire().await else { return };
                place.forget();
                sent.send(Instant::now()).ok();
                let parent = if number == 1 { parent.as_str() } else { "" };
                if sender.send(message(parent, number, &records)).await.is_err() {
                    return;
                }
            }
        });
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await?;
        let request = tonic::Request::new(ReceiverStream::new(messages));
        let path = PathAndQuery::from_static(path);
        let mut answers = grpc.streaming(request, path, Raw).await?.into_inner();
        let (mut waiting, mut latencies) = (VecDeque::new(), Vec::with_capacity(count));
        let mut last = Bytes::new();
        while let Some(answer) = answers.message().await? {
            while let Ok(instant) = sending.try_recv() {
                waiting.push_back(instant);
            }
            // Number 1 of both messages is the batch.
            let acknowledged = pb::StreamEventsResponse::decode(answer.clone())?.acknowledged_batch;
            while latencies.len() < usize::try_from(acknowledged)? {
                let sent: Instant = waiting.pop_front().context("sent before it is answered")?;
                latencies.push(sent.elapsed());
                window.add_permits(1);
            }
            last = answer;
        }
        ensure!(latencies.len() == count, "{} of {count} batches acknowledged", latencies.len());
        Ok((last, latencies))
    }
}

/// A message of a stream: parts of a message can be put one after another.
fn message(parent: &str, batch: i64, records: &Bytes) -> Bytes {
    let head = pb::StreamEventsRequest { parent: parent.to_owned(), batch, records: Vec::new() };
    let mut message = BytesMut::with_capacity(head.encoded_len() + records.len());
    message.put(head.encode_to_vec().as_slice());
    message.put(records.as_ref());
    message.freeze()
}

/// Watches how much memory a process takes.
pub(super) struct Watched {
    stop: oneshot::Sender<()>,
    most: tokio::task::JoinHandle<usize>,
}

/// Begins to watch.
pub(super) fn watch_memory(process: u32) -> Watched {
    let (stop, mut stopped) = oneshot::channel();
    let most = tokio::spawn(async move {
        let mut most = 0;
        loop {
            most = most.max(resident(process));
            let pause = tokio::time::sleep(Duration::from_millis(50));
            tokio::select! {
                _ = &mut stopped => return most,
                () = pause => {}
            }
        }
    });
    Watched { stop, most }
}

impl Watched {
    /// The most there was, in bytes.
    pub(super) async fn stop(self) -> anyhow::Result<usize> {
        self.stop.send(()).ok();
        Ok(self.most.await?)
    }
}
