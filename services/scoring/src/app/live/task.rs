//! The task that follows one jurisdiction.
//!
//! Counts are carried on from record to record. When the minute ends, and with it the view moves, many
//! cases have to be looked at; so that nobody waits for it, the counts of the next minute are made
//! beside those of the running one before it begins, and both are carried on until then.

mod session;

use std::sync::Arc;
use std::time::Duration;

use chengping_types::JurisdictionId;
use tokio::sync::watch;
use tokio::time::Instant as Moment;

use self::session::{End, Session};
use super::memo::Memo;
use super::{Lives, Shown};
use crate::app::App;
use crate::domain::Picture;
use crate::error::Error;
use crate::peers::Feed;

/// The pause after something that failed and may well work a moment later.
const AGAIN: Duration = Duration::from_millis(500);

/// What outlives rules, registries and months.
pub(super) struct Task {
    app: App,
    jurisdiction: JurisdictionId,
    shown: watch::Sender<Shown>,
    feed: Feed,
    memo: Memo,
    /// The latest picture.
    picture: Option<Arc<Picture>>,
    /// Since when nobody watches.
    unwatched: Option<Moment>,
    /// Why everything is counted, should that be needed.
    cause: &'static str,
    /// Whether what is remembered may be used.
    trusts_memo: bool,
}

/// Shows provisional scores until nobody has watched for a while, the service stops, or there are none.
pub(super) async fn run(app: App, jurisdiction: JurisdictionId, shown: watch::Sender<Shown>) {
    let feed = app.peers.follow(&jurisdiction);
    let (lives, shutdown) = (app.lives.clone(), app.lives.shutdown.clone());
    let sender = shown.clone();
    let _guard =
        Guard { lives: lives.clone(), jurisdiction: jurisdiction.clone(), sender: sender.clone() };
    let mut task = Task {
        app,
        jurisdiction: jurisdiction.clone(),
        shown,
        feed,
        memo: Memo::default(),
        picture: None,
        unwatched: None,
        cause: "start",
        trusts_memo: true,
    };
    loop {
        let last = tokio::select! {
            last = task.follow() => last,
            () = shutdown.cancelled() => Some(Error::Stopping),
        };
        if lives.leave(&jurisdiction, &sender, last) {
            return;
        }
    }
}

/// Tells those who watch when a task breaks down, so that they do not wait for ever.
struct Guard {
    lives: Lives,
    jurisdiction: JurisdictionId,
    sender: watch::Sender<Shown>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.lives.leave(&self.jurisdiction, &self.sender, Some(Error::Unanswered));
        }
    }
}

impl Task {
    /// Follows until there is a reason to end: none when nobody watches.
    async fn follow(&mut self) -> Option<Error> {
        loop {
            match Session::run(self).await {
                Ok(End::Anew { cause, trusts_memo }) => {
                    tracing::info!(jurisdiction = %self.jurisdiction, cause, "live scores begin anew");
                    (self.cause, self.trusts_memo) = (cause, trusts_memo);
                }
                Ok(End::Unwatched) => return None,
                Err(error) if error.may_pass() => {
                    tracing::warn!(jurisdiction = %self.jurisdiction, %error, "live scores wait");
                    if self.is_left() {
                        return None;
                    }
                    tokio::time::sleep(AGAIN).await;
                }
                Err(error) => return Some(error),
            }
        }
    }

    fn is_watched(&self) -> bool {
        self.shown.receiver_count() > 0
    }

    /// Whether nobody has watched for so long that the task may end.
    fn is_left(&mut self) -> bool {
        if self.is_watched() {
            self.unwatched = None;
            return false;
        }
        let since = *self.unwatched.get_or_insert_with(Moment::now);
        since.elapsed() >= Duration::from_secs(self.app.lives.settings.linger_s.into())
    }

    fn show(&mut self, picture: Picture) {
        let picture = Arc::new(picture);
        self.picture = Some(Arc::clone(&picture));
        self.shown.send_replace(Shown::Picture(picture));
    }
}
