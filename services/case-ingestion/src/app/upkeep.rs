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
