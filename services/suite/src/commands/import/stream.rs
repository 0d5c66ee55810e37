//! Streams of batches: a bounded number is on its way, and a lost connection loses none.

pub mod lane;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use chengping_proto::cases::v1::IntakeCounts;
use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use self::lane::Lane;
use super::progress::Progress;
use crate::failure::transport_lost;
use crate::output::say;

/// Batches that are sent before one has to be acknowledged.
const WINDOW: usize = 8;
const PAUSE_FIRST: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Records that are sent and acknowledged together.
#[derive(Debug, Clone)]
pub struct Batch<R> {
    /// The records.
    pub records: Vec<R>,
    /// How far the source was read, in bytes, when the batch was full.
    pub bytes_read: u64,
    /// The last row of the source of which every record is in this batch or before it.
    pub rows: u64,
}

/// Sends all `batches` and returns what became of them, once all are acknowledged; tells of each
/// last row up to which everything is.
///
/// A connection that is lost is opened again, and what was not acknowledged is sent again; what of
/// that was taken in after all counts as repeated.
///
/// # Errors
///
/// What the server refuses, and `UNAVAILABLE` when nothing was acknowledged for `patience`.
pub async fn deliver<L: Lane>(
    lane: &L,
    batches: mpsc::Receiver<Batch<L::Record>>,
    progress: &Progress,
    patience: Duration,
    acknowledged: &(dyn Fn(u64) + Sync),
) -> Result<IntakeCounts, Status> {
    let mut delivery = Delivery {
        lane,
        batches,
        progress,
        acknowledged,
        unacknowledged: VecDeque::new(),
        counts: IntakeCounts::default(),
        last_success: Instant::now(),
    };
    let mut pause = PAUSE_FIRST;
    while delivery.has_more().await {
        let before = delivery.last_success;
        let Err(status) = delivery.session().await.map_err(transport_lost) else { break };
        // A limit that passes says when; one of the message itself does not.
        let passes =
            status.code() == Code::Unavailable || status.get_error_details().retry_info().is_some();
        if !passes || delivery.last_success.elapsed() >= patience {
            return Err(status);
        }
        if delivery.last_success > before {
            pause = PAUSE_FIRST;
        }
        say(format_args!("the server does not take more now ({}); trying again", status.message()));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
    Ok(delivery.counts)
}

struct Delivery<'a, L: Lane> {
    lane: &'a L,
    batches: mpsc::Receiver<Batch<L::Record>>,
    progress: &'a Progress,
    acknowledged: &'a (dyn Fn(u64) + Sync),
    unacknowledged: VecDeque<Batch<L::Record>>,
    counts: IntakeCounts,
    last_success: Instant,
}

impl<L: Lane> Delivery<'_, L> {
    /// Whether there is anything to send; then it is at hand.
    async fn has_more(&mut self) -> bool {
        if self.unacknowledged.is_empty() {
            self.unacknowledged.extend(self.batches.recv().await);
            self.last_success = Instant::now();
        }
        !self.unacknowledged.is_empty()
    }

    /// Sends over one stream until everything is acknowledged or the stream breaks.
    async fn session(&mut self) -> Result<(), Status> {
        let before = self.counts;
        let (sender, receiver) = mpsc::channel(WINDOW);
        let mut sender = Some(sender);
        let mut sent = 0;
        // At most a window full: none of these has to wait for the stream to open.
        for batch in &self.unacknowledged {
            send(sender.as_ref(), &mut sent, batch).await;
        }
        let mut answers = self.lane.open(ReceiverStream::new(receiver)).await?;
        let mut acknowledged = 0;
        loop {
            let room = sender.is_some() && self.unacknowledged.len() < WINDOW;
            tokio::select! {
                batch = self.batches.recv(), if room => match batch {
                    Some(batch) => {
                        send(sender.as_ref(), &mut sent, &batch).await;
                        self.unacknowledged.push_back(batch);
                    }
                    // The end of the requests: the server answers what is left and ends.
                    None => sender = None,
                },
                answer = answers.next() => match answer.transpose()? {
                    Some(answer) => {
                        self.counts = sum(&before, &answer.counts);
                        self.forget(answer.batch - acknowledged);
                        acknowledged = acknowledged.max(answer.batch);
                    }
                    None if sender.is_none() && self.unacknowledged.is_empty() => return Ok(()),
                    None => return Err(Status::unavailable("the stream ended early")),
                },
            }
        }
    }

    fn forget(&mut self, count: i64) {
        for _ in 0..count {
            if let Some(batch) = self.unacknowledged.pop_front() {
                self.progress.delivered(batch.records.len(), batch.bytes_read);
                (self.acknowledged)(batch.rows);
                self.last_success = Instant::now();
            }
        }
    }
}

async fn send<R: Clone>(
    sender: Option<&mpsc::Sender<(i64, Vec<R>)>>,
    sent: &mut i64,
    batch: &Batch<R>,
) {
    *sent += 1;
    if let Some(sender) = sender {
        // A stream that takes no more has failed, and its answer says why.
        let _ = sender.send((*sent, batch.records.clone())).await;
    }
}

fn sum(one: &IntakeCounts, other: &IntakeCounts) -> IntakeCounts {
    IntakeCounts {
        accepted_count: one.accepted_count + other.accepted_count,
        repeated_count: one.repeated_count + other.repeated_count,
        rejected_count: one.rejected_count + other.rejected_count,
        released_count: one.released_count + other.released_count,
    }
}
