//! What a process does beside its calls.

use std::time::Duration;

use chengping_chassis::CancellationToken;
use tokio::time::MissedTickBehavior;

use super::App;
use crate::store;

impl App {
    /// Keeps the metrics up to date, every so often, until `shutdown`.
    pub(crate) async fn keep_up(self, every: Duration, shutdown: CancellationToken) {
        let mut look = tokio::time::interval(every);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = look.tick() => self.show_rejects().await,
            }
        }
    }

    /// Ends the copies whose process is lost, until `shutdown`: each holds the lock of a jurisdiction,
    /// and the database itself waits for its client as long as the network does not say that it is
    /// gone, which takes hours.
    pub(crate) async fn end_lost_copies(self, shutdown: CancellationToken) {
        let mut look = tokio::time::interval(self.lost_after / 2);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = look.tick() => {}
            }
            let ended = store::within(self.commit_timeout, async {
                let mut connection = store::acquire(&self.pool).await?;
                store::end_lost_copies(&mut connection, self.lost_after).await
            });
            match ended.await {
                Ok(0) => {}
                Ok(ended) => tracing::warn!(ended, "ended copies that had lost their process"),
                Err(error) => tracing::debug!(%error, "cannot look for lost copies"),
            }
        }
    }

    async fn show_rejects(&self) {
        for jurisdiction in self.metrics.jurisdictions() {
            let counted = store::within(self.commit_timeout, async {
                let mut connection = store::acquire(&self.pool).await?;
                store::jurisdiction::standing(&mut connection, &jurisdiction).await
            });
            match counted.await {
                Ok((_, open)) => self.metrics.show_rejects(&jurisdiction, open),
                Err(error) => tracing::debug!(%error, "cannot count the rejects"),
            }
        }
    }
}
