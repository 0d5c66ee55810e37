//! Streams of changes.

use chengping_chassis::CancellationToken;
use chengping_chassis::error::to_status;
use chengping_proto::cases::v1 as pb;
use futures_util::stream::{BoxStream, StreamExt as _};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::convert::changes_to_pb;
use crate::app::{App, Following};
use crate::error::Error;

/// What a stream of changes gives.
pub(super) type Changes = BoxStream<'static, Result<pb::WatchCaseChangesResponse, Status>>;

/// Tells of changes until the client goes, something fails, or the service stops.
pub(super) fn answer(app: App, following: Following, shutdown: CancellationToken) -> Changes {
    // A slow client is told of more at a time.
    let (watcher, told) = mpsc::channel(1);
    tokio::spawn(async move {
        let stopping = watcher.clone();
        tokio::select! {
            () = app.follow(following, watcher) => {}
            () = shutdown.cancelled() => {
                let _ = stopping.send(Err(Error::Stopping)).await;
            }
        }
    });
    let told = ReceiverStream::new(told);
    told.map(|changes| changes.map(changes_to_pb).map_err(to_status)).boxed()
}
