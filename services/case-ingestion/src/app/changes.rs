//! Telling of accepted records as they are committed.
//!
//! The watermark of a jurisdiction counts its records without a gap in the order of their commits, so
//! whoever goes on behind one misses nothing. Wake-ups only make it faster: other processes commit, too.

use std::time::Duration;

use chengping_types::JurisdictionId;
use tokio::sync::mpsc::Sender;
use tokio::sync::watch;
use tokio::time::Instant;

use super::App;
use crate::domain::Changes;
use crate::error::Error;
use crate::store;

/// How often the watermark is looked at.
const POLL: Duration = Duration::from_millis(100);
/// The pause after a message, so that a busy jurisdiction is not asked about with every commit.
const PACE: Duration = Duration::from_millis(20);
/// Records that one message tells of, so that it names no more cases.
const RECORDS_A_MESSAGE: i64 = 10_000;

/// Wakes whoever tells of records when this process has committed some, of whatever jurisdiction.
#[derive(Debug, Clone, Default)]
pub(super) struct News(watch::Sender<()>);

impl News {
    /// Something was committed.
    pub(super) fn tell(&self) {
        self.0.send_replace(());
    }
}

/// What is to be told.
#[derive(Debug)]
pub(crate) struct Following {
    pub(crate) jurisdiction: JurisdictionId,
    /// Behind which records; none for those from now on.
    pub(crate) after: Option<i64>,
    /// What is remembered of those up to there; empty where nothing is.
    pub(crate) history: String,
    pub(crate) watermark_only: bool,
    pub(crate) keep_alive: Duration,
}

type Watcher = Sender<Result<Changes, Error>>;

/// The client has gone.
struct Gone;

impl App {
    /// Tells `watcher` of accepted records until the client goes or something fails.
    pub(crate) async fn follow(self, following: Following, watcher: Watcher) {
        let outcome = tokio::select! {
            outcome = self.tell_all(&following, &watcher) => outcome,
            () = watcher.closed() => return,
        };
        if let Err(error) = outcome {
            // A client that has gone does not miss it.
            let _ = watcher.send(Err(error)).await;
        }
    }

    async fn tell_all(&self, following: &Following, watcher: &Watcher) -> Result<(), Error> {
        let mut news = self.news.0.subscribe();
        let mut told = self.first(following).await?;
        if following.after.is_none() && send(watcher, told.clone()).await.is_err() {
            return Ok(());
        }
        let mut quiet_since = Instant::now();
        loop {
            news.mark_unchanged();
            if let Some((next, is_last)) = self.next(following, &told).await? {
                told = Changes { case_nos: Vec::new(), ..next.clone() };
                if send(watcher, next).await.is_err() {
                    return Ok(());
                }
                quiet_since = Instant::now();
                if is_last {
                    tokio::time::sleep(PACE).await;
                }
                continue;
            }
            tokio::select! {
                // The sender lives as long as `self`.
                _ = news.changed() => {}
                () = tokio::time::sleep(POLL) => {}
                () = tokio::time::sleep_until(quiet_since + following.keep_alive) => {
                    quiet_since = Instant::now();
                    if send(watcher, told.clone()).await.is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Where to begin.
    async fn first(&self, following: &Following) -> Result<Changes, Error> {
        let jurisdiction = &following.jurisdiction;
        let mut connection = store::acquire(&self.pool).await?;
        let accepted = store::jurisdiction::watermark(&mut connection, jurisdiction).await?;
        let watermark = following.after.unwrap_or(accepted);
        if watermark > accepted {
            return Err(Error::WatermarkAhead { asked: watermark, watermark: accepted });
        }
        let history = store::change::history(&mut connection, jurisdiction, watermark).await?;
        if !following.history.is_empty() && following.history != history {
            return Err(Error::HistoryMismatch { watermark });
        }
        Ok(Changes { watermark, case_nos: Vec::new(), history })
    }

    /// The next records, if there are some, and whether there are no more.
    async fn next(
        &self,
        following: &Following,
        told: &Changes,
    ) -> Result<Option<(Changes, bool)>, Error> {
        let jurisdiction = &following.jurisdiction;
        let mut connection = store::acquire(&self.pool).await?;
        let accepted = store::jurisdiction::watermark(&mut connection, jurisdiction).await?;
        if accepted == told.watermark {
            return Ok(None);
        }
        // Records are only ever added, but a restore from a backup makes another history of them.
        let history = store::change::history(&mut connection, jurisdiction, told.watermark).await?;
        if accepted < told.watermark || history != told.history {
            return Err(Error::HistoryMismatch { watermark: told.watermark });
        }
        let (watermark, case_nos) = if following.watermark_only {
            (accepted, Vec::new())
        } else {
            let watermark = accepted.min(told.watermark.saturating_add(RECORDS_A_MESSAGE));
            let after = told.watermark;
            let case_nos =
                store::change::case_nos(&mut connection, jurisdiction, after, watermark).await?;
            (watermark, case_nos)
        };
        let history = store::change::history(&mut connection, jurisdiction, watermark).await?;
        Ok(Some((Changes { watermark, case_nos, history }, watermark == accepted)))
    }
}

async fn send(watcher: &Watcher, changes: Changes) -> Result<(), Gone> {
    watcher.send(Ok(changes)).await.map_err(|_| Gone)
}
