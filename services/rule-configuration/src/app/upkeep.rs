//! What a process does beside its calls.

use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::App;
use crate::error::Error;
use crate::store::activations;

/// How often it is looked up which revisions are in force, for the metrics.
const LOOK: Duration = Duration::from_secs(15);

impl App {
    /// Writes down who was given what and keeps the metrics up to date, until the service stops.
    pub(crate) async fn keep_up(self) {
        let mut changed = self.changed.subscribe();
        let mut flush = tokio::time::interval(self.settings.holders_flush);
        let mut look = tokio::time::interval(LOOK);
        flush.set_missed_tick_behavior(MissedTickBehavior::Delay);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.shutdown.cancelled() => break,
                _ = flush.tick() => self.flush_holders().await,
                _ = look.tick() => self.show_in_force().await,
                // The sender lives as long as `self`.
                _ = changed.changed() => self.show_in_force().await,
            }
        }
        self.flush_holders().await;
        if let Err(error) = self.take_back_announcements().await {
            // Until they are old, activations wait for a process that is gone.
            tracing::warn!(%error, "cannot take back what was announced");
        }
    }

    /// Shows in the metrics what is in force in the month that runs.
    async fn show_in_force(&self) {
        for jurisdiction in self.pointers.jurisdictions() {
            let found = async {
                let mut connection = self.store.acquire().await?;
                Ok::<_, Error>(activations::running(&mut connection, &jurisdiction).await?)
            };
            match found.await {
                Ok(found) => self.metrics.show_in_force(&jurisdiction, found),
                Err(error) => tracing::debug!(%error, "cannot look up what is in force"),
            }
        }
    }
}
