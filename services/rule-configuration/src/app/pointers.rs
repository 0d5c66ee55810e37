//! Promises between processes about what is in force; [`crate::domain::pointers`] says what holds.

use std::time::Duration;

use chengping_chassis::clock::SteadyInstant;
use chengping_types::JurisdictionId;

use super::App;
use crate::domain::pointers::TTL_MAX;
use crate::error::Error;
use crate::store::pointer_holders;

impl App {
    /// To be awaited between the commit of an activation and its answer, also when the answer is
    /// that of a repeated request: returns when no process believes any more what was in force
    /// before. It takes no time where no other process serves the jurisdiction.
    pub(super) async fn settle(&self, jurisdiction: &JurisdictionId) {
        let committed = tokio::time::Instant::now();
        self.pointers.forget(jurisdiction);
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
        let longest = self.longest_belief(jurisdiction).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot ask who believes what, waiting for the longest");
            Some(TTL_MAX)
        });
        if let Some(longest) = longest {
            // A tenth for clocks that do not go alike.
            tokio::time::sleep_until(committed + longest + longest / 10).await;
        }
    }

    /// How long another process may believe what it read before now.
    async fn longest_belief(
        &self,
        jurisdiction: &JurisdictionId,
    ) -> Result<Option<Duration>, Error> {
        let mut connection = self.store.acquire().await?;
        Ok(pointer_holders::longest_ttl(&mut connection, jurisdiction, self.holder).await?)
    }

    /// Announces that this process believes what it remembers of a jurisdiction.
    pub(super) async fn announce(self, jurisdiction: JurisdictionId) {
        let began = SteadyInstant::now();
        let written = async {
            let mut connection = self.store.acquire().await?;
            let ttl = self.pointers.ttl();
            pointer_holders::put(&mut connection, &jurisdiction, self.holder, ttl).await?;
            Ok::<_, Error>(())
        };
        let written = written.await;
        if let Err(error) = &written {
            tracing::warn!(%error, "cannot announce what is remembered, so nothing is");
        }
        self.pointers.announced(&jurisdiction, began, written.is_ok());
    }

    /// Takes back all announcements, when the process stops: nobody has to wait for it any more.
    pub(super) async fn take_back_announcements(&self) -> Result<(), Error> {
        for jurisdiction in self.pointers.close() {
            let mut connection = self.store.acquire().await?;
            pointer_holders::delete(&mut connection, &jurisdiction, self.holder).await?;
        }
        Ok(())
    }
}
