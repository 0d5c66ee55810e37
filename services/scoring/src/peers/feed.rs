//! Which records there are, as case-ingestion tells it.

use std::time::Duration;

use chengping_proto::cases::v1 as cases;
use chengping_types::JurisdictionId;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::Status;
use tonic_types::StatusExt as _;

use super::{CASES, Peers, convert, failed, odd};
use crate::error::Error;

/// The pause before a feed that broke is asked for again.
const AGAIN: Duration = Duration::from_millis(250);

/// The reason with which case-ingestion says that the records are others than before.
const HISTORY_MISMATCH: &str = "HISTORY_MISMATCH";
/// The reason with which it says that there are fewer than before, which means the same.
const WATERMARK_AHEAD: &str = "WATERMARK_AHEAD";

/// Where a jurisdiction stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Another number for another history of records, as after a restore from a backup.
    pub(crate) generation: u64,
    /// How many records were accepted; none until it is known.
    pub(crate) watermark: Option<u64>,
    /// Tells these records from others of the same number.
    pub(crate) history: String,
}

/// The accepted records of a jurisdiction, followed until it is dropped.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) standing: watch::Receiver<Standing>,
    following: JoinHandle<()>,
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.following.abort();
    }
}

impl Peers {
    /// Follows the records of a jurisdiction. A connection that breaks is made again.
    pub(crate) fn follow(&self, jurisdiction: &JurisdictionId) -> Feed {
        let (told, standing) = watch::channel(Standing::default());
        let (peers, jurisdiction) = (self.clone(), jurisdiction.clone());
        let following = tokio::spawn(async move {
            while !told.is_closed() {
                peers.follow_once(&jurisdiction, &told).await;
                tokio::time::sleep(AGAIN).await;
            }
        });
        Feed { standing, following }
    }

    async fn follow_once(&self, jurisdiction: &JurisdictionId, told: &watch::Sender<Standing>) {
        let last = told.borrow().clone();
        let request = request(jurisdiction, last.watermark, last.history);
        let answer = self.cases.clone().watch_case_changes(request).await;
        let mut answers = match answer {
            Ok(answers) => answers.into_inner(),
            Err(status) => return note(&status, told),
        };
        loop {
            match answers.message().await {
                Ok(Some(message)) => told.send_modify(|standing| {
                    standing.watermark = u64::try_from(message.watermark).ok();
                    standing.history = message.history;
                }),
                Ok(None) => return,
                Err(status) => return note(&status, told),
            }
        }
    }

    /// Whether the records up to `watermark` are those of `history`, of a jurisdiction that has more.
    pub(crate) async fn is_of_history(
        &self,
        jurisdiction: &JurisdictionId,
        watermark: u64,
        history: &str,
    ) -> Result<bool, Error> {
        let request = request(jurisdiction, Some(watermark), history.to_owned());
        let answer = self.cases.clone().watch_case_changes(request).await;
        let told = match answer {
            Ok(answers) => answers.into_inner().message().await,
            Err(status) => Err(status),
        };
        match told {
            Ok(Some(_)) => Ok(true),
            Ok(None) => Err(odd(CASES, "no word of records that there are")),
            Err(status) if is_other_history(&status) => Ok(false),
            Err(status) => Err(failed(CASES)(status)),
        }
    }
}

fn request(
    jurisdiction: &JurisdictionId,
    watermark: Option<u64>,
    history: String,
) -> cases::WatchCaseChangesRequest {
    cases::WatchCaseChangesRequest {
        parent: convert::parent(jurisdiction),
        watermark: watermark.map(|watermark| i64::try_from(watermark).unwrap_or(i64::MAX)),
        history,
        watermark_only: true,
        keep_alive: None,
    }
}

/// Notes why a feed ended: begins anew where the records are others.
fn note(status: &Status, told: &watch::Sender<Standing>) {
    if is_other_history(status) {
        tracing::warn!(message = status.message(), "the records are others than before");
        told.send_modify(|standing| {
            let generation = standing.generation + 1;
            *standing = Standing { generation, ..Standing::default() };
        });
    } else {
        tracing::debug!(code = ?status.code(), message = status.message(), "the feed broke");
    }
}

fn is_other_history(status: &Status) -> bool {
    let reason = status.get_details_error_info().map(|info| info.reason);
    reason.is_some_and(|reason| reason == HISTORY_MISMATCH || reason == WATERMARK_AHEAD)
}
