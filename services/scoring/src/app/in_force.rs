//! What this process sees in force.

use std::time::Duration;

use chengping_chassis::CancellationToken;
use chengping_types::Month;

use super::App;
use crate::error::Error;
use crate::metrics::Metrics;

/// How often rule-configuration is asked.
const LOOK: Duration = Duration::from_secs(15);

impl App {
    /// Shows in the metrics which rules this process would be given for the month that runs, until
    /// `shutdown`. No evaluation waits for it or is told by it.
    pub(crate) async fn show_in_force(self, metrics: Metrics, shutdown: CancellationToken) {
        loop {
            for (jurisdiction, zone) in self.peers.seen.all() {
                let month = Month::of(self.now(), &zone);
                match self.peers.in_force(&jurisdiction, month).await {
                    Ok(found) => metrics.show_in_force(&jurisdiction, Some(found.name)),
                    Err(Error::NoRulePack { .. }) => metrics.show_in_force(&jurisdiction, None),
                    // It still sees what it saw.
                    Err(error) => tracing::debug!(%error, "cannot ask what is in force"),
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = self.peers.seen.news.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}
