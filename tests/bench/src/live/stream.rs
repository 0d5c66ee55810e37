//! Events that leave when the clock says so.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use chengping_proto::cases::v1::case_service_client::CaseServiceClient;
use chengping_proto::cases::v1::{Event, EventKind, EventRecord, StreamEventsRequest};
use prost_types::Timestamp;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;

use super::JURISDICTION;
use super::month::{case_no, now};

/// What happens to each case, one after the other.
const STEPS: [EventKind; 3] = [EventKind::Handled, EventKind::CheckPassed, EventKind::Closed];

/// A batch that was taken in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Acknowledged {
    pub(super) at: Instant,
    pub(super) watermark: i64,
    /// When its events happened, in microseconds since 1970 UTC.
    pub(super) last_at: i64,
    /// How long after it should have left.
    pub(super) behind: Duration,
}

pub(super) fn micros(time: Option<&Timestamp>) -> i64 {
    time.map_or(0, |time| time.seconds * 1_000_000 + i64::from(time.nanos) / 1_000)
}

fn batch(events: Range<usize>, number: usize, cases: usize, at: i64) -> StreamEventsRequest {
    let nanos = i32::try_from(at.rem_euclid(1_000_000) * 1_000).unwrap_or_default();
    let event_time = Some(Timestamp { seconds: at.div_euclid(1_000_000), nanos });
    let event = |index: usize| {
        let kind = STEPS[index / cases % STEPS.len()];
        let event = Event {
            case_no: case_no(index % cases),
            event_no: 4 + i64::try_from(index / cases).unwrap_or_default(),
            event_time,
            kind: kind.into(),
            outcome: if kind == EventKind::Closed { "normal" } else { "" }.to_owned(),
            ..Event::default()
        };
        EventRecord { event: Some(event), position: None }
    };
    StreamEventsRequest {
        parent: format!("jurisdictions/{JURISDICTION}"),
        batch: i64::try_from(number).unwrap_or(i64::MAX),
        records: events.map(event).collect(),
    }
}

/// Sends batches of events about so many cases, one every `pace`.
pub(super) async fn send(
    address: &str,
    batches: impl Iterator<Item = (Range<usize>, usize)> + Send + 'static,
    cases: usize,
    pace: Duration,
) -> anyhow::Result<Vec<Acknowledged>> {
    let mut client = CaseServiceClient::connect(address.to_owned()).await?;
    let (sender, queue) = mpsc::unbounded_channel();
    // By the number of each: when it should have left, and when its events happened.
    let left: Arc<Mutex<BTreeMap<i64, (Instant, i64)>>> = Arc::default();
    let leaving = Arc::clone(&left);
    tokio::spawn(async move {
        let start = tokio::time::Instant::now();
        for (events, index) in batches {
            let due = start + pace * u32::try_from(index).unwrap_or(u32::MAX);
            tokio::time::sleep_until(due).await;
            let at = now();
            let request = batch(events, index + 1, cases, at);
            let mut leaving = leaving.lock().unwrap_or_else(PoisonError::into_inner);
            leaving.insert(request.batch, (due.into_std(), at));
            if sender.send(request).is_err() {
                return;
            }
        }
    });
    let answer = client.stream_events(UnboundedReceiverStream::new(queue)).await?;
    let mut answers = answer.into_inner();
    let (mut acknowledged, mut last) = (Vec::new(), 0);
    while let Some(answer) = answers.message().await? {
        let at = Instant::now();
        let counts = answer.counts.unwrap_or_default();
        ensure!(counts.rejected_count + counts.repeated_count == 0, "every event is new and good");
        for number in last + 1..=answer.acknowledged_batch {
            let left = left.lock().unwrap_or_else(PoisonError::into_inner);
            let (due, last_at) = *left.get(&number).context("a batch that was sent")?;
            let behind = at.saturating_duration_since(due);
            acknowledged.push(Acknowledged { at, watermark: answer.watermark, last_at, behind });
        }
        last = answer.acknowledged_batch;
    }
    Ok(acknowledged)
}
