//! Streams of batches.
//!
//! A stream of batches is read by one task and committed by another, so that the next batch is
//! converted while one is committed. The queue between them is short: when it is full, the reader
//! stops, then the window of the connection fills, and the client waits.

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
use crate::app::App;
use crate::domain::{Receipt, Row};
use crate::error::Error;

/// Batches that wait for their commit, per stream.
const BATCHES_BUFFERED: usize = 2;
/// Acknowledgements that wait for the client, per stream.
const ANSWERS_BUFFERED: usize = 16;

/// A message that carries records.
pub(super) trait Message: Send + 'static {
    type Record: Incoming;

    fn parent(&self) -> &str;
    /// The number of the batch, where the message has one.
    fn batch(&self) -> i64;
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

            fn into_records(self) -> Vec<$record> {
                self.records
            }
        }
    };
}

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

/// Takes in all batches of an upload, each in a transaction.
pub(super) async fn upload<M: Message>(
    app: &App,
    mut messages: Streaming<M>,
) -> Result<Receipt, Status> {
    let mut parent = Parent::default();
    let mut total = Receipt::default();
    while let Some(message) = messages.message().await? {
        let parent = parent.check(message.parent()).map_err(to_status)?;
        let name: JurisdictionName = super::convert::parent(parent).map_err(to_status)?;
        let records = message.into_records();
        if records.is_empty() {
            total.watermark = app.watermark(&name.jurisdiction).await.map_err(to_status)?;
            continue;
        }
        let (jurisdiction, rows) = rows(parent, records).map_err(to_status)?;
        let receipt = app.take_in(&jurisdiction, rows).await.map_err(to_status)?;
        total.counts += receipt.counts;
        total.watermark = receipt.watermark;
    }
    // A stream without a message names nobody.
    super::convert::parent::<JurisdictionName>(&parent.0).map_err(to_status)?;
    Ok(total)
}

/// A batch on its way to its commit.
struct Batch<T> {
    number: i64,
    jurisdiction: JurisdictionId,
    rows: Vec<Row<T>>,
}

/// Takes in batches and acknowledges each after its commit, with `acknowledge(batch, so far)`.
/// An error ends the stream after the acknowledgements of what was committed before it.
pub(super) fn answer<M: Message, A: Send + 'static>(
    app: App,
    messages: Streaming<M>,
    shutdown: CancellationToken,
    acknowledge: fn(i64, Receipt) -> A,
) -> ReceiverStream<Result<A, Status>> {
    let (batches, queue) = mpsc::channel(BATCHES_BUFFERED);
    let (answers, answered) = mpsc::channel(ANSWERS_BUFFERED);
    let span = tracing::Span::current();
    let reading =
        tokio::spawn(continued(read(messages, batches, shutdown)).instrument(span.clone()));
    let committing = commit(app, queue, answers.clone(), acknowledge);
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

/// Queues the batches of a stream, and at last what ended it, if that was a mistake.
async fn read<M: Message>(
    mut messages: Streaming<M>,
    batches: mpsc::Sender<Queued<M>>,
    shutdown: CancellationToken,
) {
    let mut parent = Parent::default();
    let mut number = 0;
    loop {
        let message = tokio::select! {
            () = batches.closed() => return,
            () = shutdown.cancelled() => Err(to_status(Error::Stopping)),
            message = messages.message() => message,
        };
        number += 1;
        let batch = match message {
            Ok(None) => return,
            Ok(Some(message)) => batch(message, &mut parent, number).map_err(to_status),
            Err(status) => Err(status),
        };
        let ends = batch.is_err();
        if batches.send(batch).await.is_err() || ends {
            return;
        }
    }
}

fn batch<M: Message>(
    message: M,
    parent: &mut Parent,
    expected: i64,
) -> Result<Batch<<M::Record as Incoming>::Record>, Error> {
    let found = message.batch();
    if found != expected {
        return Err(Error::BatchOutOfOrder { expected, found });
    }
    let parent = parent.check(message.parent())?;
    let (jurisdiction, rows) = rows(parent, message.into_records())?;
    Ok(Batch { number: found, jurisdiction, rows })
}

async fn commit<T: crate::app::Intake, A>(
    app: App,
    mut queue: mpsc::Receiver<Result<Batch<T>, Status>>,
    answers: mpsc::Sender<Result<A, Status>>,
    acknowledge: fn(i64, Receipt) -> A,
) {
    let mut total = Receipt::default();
    while let Some(batch) = queue.recv().await {
        let answer = match batch {
            Ok(Batch { number, jurisdiction, rows }) => app
                .take_in(&jurisdiction, rows)
                .await
                .map(|receipt| {
                    total.counts += receipt.counts;
                    total.watermark = receipt.watermark;
                    acknowledge(number, total)
                })
                .map_err(to_status),
            Err(status) => Err(status),
        };
        let ends = answer.is_err();
        if answers.send(answer).await.is_err() || ends {
            return;
        }
    }
}
