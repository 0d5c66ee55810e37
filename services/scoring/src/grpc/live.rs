//! The stream of provisional scores.

use chengping_chassis::error::to_status;
use chengping_proto::scoring::v1 as pb;
use futures_util::{Stream, stream};
use tonic::Status;

use super::convert;
use crate::app::LiveWatch;

/// Tells a watcher whatever is news when it takes it, until it goes or there are no scores any more.
pub(super) fn answer(
    watch: LiveWatch,
) -> impl Stream<Item = Result<pb::WatchLiveScoresResponse, Status>> {
    stream::unfold(Some(watch), |watch| async {
        let mut watch = watch?;
        match watch.next().await {
            Ok(news) => Some((Ok(convert::news(&news)), Some(watch))),
            Err(error) => Some((Err(to_status(error)), None)),
        }
    })
}
