//! Streams of batches.
//!
//! A stream of batches is read by one task and committed by another, so that the next batch is
//! converted while one is committed. The queue between them is short, in batches and in bytes: when
//! it is full, the reader stops, then the window of the connection fills, and the client waits.

use chengping_chassis::CancellationToken;
use chengping_chassis::error::{FieldErrors, to_status};
use chengping_chassis::rpc::continued;
use chengping_proto::cases::v1 as pb;
use chengping_types::JurisdictionId;
use chengping_types::name::JurisdictionName;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use tracing::Instrument as _;

use super::convert::{Incoming, rows};
use super::limits::{Bytes, Held, Limits, Slot};
use crate::app::{App, Ready};
use crate::domain::Receipt;
use crate::error::Error;

/// Acknowledgements that wait for the client, per stream.
const ANSWERS_BUFFERED: usize = 16;

/// A message that carries records.
pub(super) trait Message: prost::Message + 'static {
    type Record: Incoming;

    fn parent(&self) -> &str;
    /// The number of the batch, where the message has one.
    fn batch(&self) -> i64;
    fn records(&self) -> usize;
    fn into_records(self) -> Vec<Self::Record>;
}

macro_rules! message {
    ($request:ty, $record:ty, $batch:expr) => {
        impl Message for $request {
            type Record = $record;

            fn parent(&self) -> &str {
                &self.parent
            }

            fn batch(&self) -> i64 {
                let batch: fn(&Self) -> i64 = $batch;
                batch(self)
            }

            fn records(&self) -> usize {
                self.records.len()
            }

            fn into_records(self) -> Vec<$record> {
                self.records
            }
        }
    };
}

message!(pb::BatchCreateCasesRequest, pb::CaseRecord, |_| 0);
message!(pb::BatchCreateEventsRequest, pb::EventRecord, |_| 0);
message!(pb::UploadCasesRequest, pb::CaseRecord, |_| 0);
message!(pb::UploadEventsRequest, pb::EventRecord, |_| 0);
message!(pb::StreamCasesRequest, pb::CaseRecord, |request| request.batch);
message!(pb::StreamEventsRequest, pb::EventRecord, |request| request.batch);

/// Whose records a stream brings: what its first message says, and none may contradict.
#[derive(Default)]
struct Parent(String);

impl Parent {
    fn check(&mut self, given: &str) -> Result<&str, Error> {
        if self.0.is_empty() {
            given.clone_into(&mut self.0);
        } else if !given.is_empty() && given != self.0 {
            let mut errors = FieldErrors::default();
            errors.push("parent", "differs from the first message; open a stream for each");
            return Err(Error::Invalid(errors));
        }
        Ok(&self.0)
    }
}

/// Takes in one batch.
pub(super) async fn take_in<M: Message>(
    app: &App,
    limits: &Limits,
    message: M,
) -> Result<Receipt, Error> {
    limits.check_records(message.records())?;
    let _held = limits.hold_alone(message.encoded_len()).await;
    let parent = message.parent().to_owned();
    let (jurisdiction, rows) = rows(&parent, message.into_records())?;
    limits.pay_now(&jurisdiction, rows.len())?;
    app.take_in(app.ready(jurisdiction, rows).await?).await
}

/// Takes in all batches of an upload, each in a transaction.
pub(super) async fn upload<M: Message>(
    app: &App,
    limits: &Limits,
    mut messages: Streaming<M>,
) -> Result<Receipt, Status> {
    let mut parent = Parent::default();
    let mut total = Receipt::default();
    let (bytes, mut slot) = (limits.stream_bytes(), None);
    while let Some(message) = messages.message().await? {
        limits.check_records(message.records()).map_err(to_status)?;
        let parent = parent.check(message.parent()).map_err(to_status)?;
        let name: JurisdictionName = super::convert::parent(parent).map_err(to_status)?;
        if slot.is_none() {
            slot = Some(limits.open(&name.jurisdiction).map_err(to_status)?);
        }
        let _held = limits.hold(&bytes, message.encoded_len()).await;
        let records = message.into_records();
        if records.is_empty() {
            total.watermark = app.watermark(&name.jurisdiction).await.map_err(to_status)?;
            continue;
        }
        let (jurisdiction, rows) = rows(parent, records).map_err(to_status)?;
        wait_for_turn(limits, &jurisdiction, rows.len()).await;
        let batch = app.ready(jurisdiction, rows).await.map_err(to_status)?;
        let receipt = app.take_in(batch).await.map_err(to_status)?;
        total.counts += receipt.counts;
        total.watermark = receipt.watermark;
    }
    // A stream without a message names nobody.
    super::convert::parent::<JurisdictionName>(&parent.0).map_err(to_status)?;
    Ok(total)
}

/// Waits until the rate of the jurisdiction allows these records.
async fn wait_for_turn(limits: &Limits, jurisdiction: &JurisdictionId, records: usize) {
    while let Err(wait) = limits.pay(jurisdiction, records) {
        tokio::time::sleep(wait).await;
    }
}

/// A batch on its way to its commit.
struct Batch<T> {
    number: i64,
    ready: Ready<T>,
    held: Held,
}

/// Takes in batches and acknowledges each after its commit, with `acknowledge(batch, so far)`.
/// An error ends the stream after the acknowledgements of what was committed before it.
pub(super) fn answer<M: Message, A: Send + 'static>(
    app: App,
    limits: &Limits,
    messages: Streaming<M>,
    shutdown: CancellationToken,
    acknowledge: fn(i64, Receipt) -> A,
) -> ReceiverStream<Result<A, Status>> {
    let (batches, queue) = mpsc::channel(limits.stream_batches_max());
    let (answers, answered) = mpsc::channel(ANSWERS_BUFFERED);
    let span = tracing::Span::current();
    let reader = Reader {
        app: app.clone(),
        limits: limits.clone(),
        bytes: limits.stream_bytes(),
        slot: None,
        parent: Parent::default(),
        last: None,
    };
    let reading = continued(reader.read(messages, batches, shutdown));
    let reading = tokio::spawn(reading.instrument(span.clone()));
    let committing = commit(app, limits.clone(), queue, answers.clone(), acknowledge);
    let committing = tokio::spawn(continued(committing).instrument(span));
    tokio::spawn(async move {
        // A stream must not look complete because one of the two broke down.
        if let Err(error) = reading.await.and(committing.await) {
            let _ = answers.send(Err(to_status(Error::Computation(error)))).await;
        }
    });
    ReceiverStream::new(answered)
}

type Queued<M> = Result<Batch<<<M as Message>::Record as Incoming>::Record>, Status>;

/// What reads a stream.
struct Reader {
    app: App,
    limits: Limits,
    bytes: Bytes,
    /// The place among the streams of its jurisdiction, from the first message on.
    slot: Option<Slot>,
    parent: Parent,
    /// The number of the last batch.
    last: Option<i64>,
}

impl Reader {
    /// Queues the batches of a stream, and at last what ended it, if that was a mistake.
    async fn read<M: Message>(
        mut self,
        mut messages: Streaming<M>,
        batches: mpsc::Sender<Queued<M>>,
        shutdown: CancellationToken,
    ) {
        loop {
            let next = async {
                let message = messages.message().await?;
                match message {
                    None => Ok(None),
                    Some(message) => self.batch(message).await.map(Some).map_err(to_status),
                }
            };
            let batch = tokio::select! {
                () = batches.closed() => return,
                () = shutdown.cancelled() => Err(to_status(Error::Stopping)),
                batch = next => batch,
            };
            let Some(batch) = batch.transpose() else { return };
            let ends = batch.is_err();
            if batches.send(batch).await.is_err() || ends {
                return;
            }
        }
    }

    /// Checks a message, and waits until there is room for it.
    async fn batch<M: Message>(
        &mut self,
        message: M,
    ) -> Result<Batch<<M::Record as Incoming>::Record>, Error> {
        let number = message.batch();
        // The first may have any number, so that a client goes on where a stream broke off.
        let expected = self.last.map_or(number.max(1), |last| last.saturating_add(1));
        if number != expected {
            return Err(Error::BatchOutOfOrder { expected, found: number });
        }
        self.last = Some(number);
        self.limits.check_records(message.records())?;
        let parent = self.parent.check(message.parent())?;
        if self.slot.is_none() {
            let name: JurisdictionName = super::convert::parent(parent)?;
            self.slot = Some(self.limits.open(&name.jurisdiction)?);
        }
        let held = self.limits.hold(&self.bytes, message.encoded_len()).await;
        let (jurisdiction, rows) = rows(parent, message.into_records())?;
        let ready = self.app.ready(jurisdiction, rows).await?;
        Ok(Batch { number, ready, held })
    }
}

async fn commit<T: crate::app::Intake, A>(
    app: App,
    limits: Limits,
    mut queue: mpsc::Receiver<Result<Batch<T>, Status>>,
    answers: mpsc::Sender<Result<A, Status>>,
    acknowledge: fn(i64, Receipt) -> A,
) {
    let mut total = Receipt::default();
    while let Some(batch) = queue.recv().await {
        let answer = match batch {
            Ok(Batch { number, ready, held }) => {
                wait_for_turn(&limits, &ready.jurisdiction, ready.records()).await;
                let taken = app.take_in(ready).await;
                drop(held);
                taken
                    .map(|receipt| {
                        total.counts += receipt.counts;
                        total.watermark = receipt.watermark;
                        acknowledge(number, total)
                    })
                    .map_err(to_status)
            }
            Err(status) => Err(status),
        };
        let ends = answer.is_err();
        if answers.send(answer).await.is_err() || ends {
            return;
        }
    }
}
