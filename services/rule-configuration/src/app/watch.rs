//! Telling of revisions that are put in force.
//!
//! The feed is the table of activations in the order of their sequence, which is the order of
//! commits; whoever goes on behind a number misses nothing. Wake-ups only make it faster.

use chengping_types::JurisdictionId;
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;

use super::App;
use crate::domain::pack::{Activation, Revision, Text};
use crate::error::Error;
use crate::store::{activations, heads};

/// Activations that are read at a time.
const BATCH: u32 = 100;

/// What a watch tells.
#[derive(Debug)]
pub(crate) enum WatchEvent {
    /// A revision is in force.
    InForce(Box<(Revision, Text)>, i64),
    /// All is well up to here.
    KeepAlive(i64),
}

type Watcher = Sender<Result<WatchEvent, Error>>;

/// The client has gone.
struct Gone;

impl App {
    /// Tells `watcher` what is in force, or what was activated behind `after`, and then every
    /// activation, until the client goes or the service stops.
    pub(crate) async fn watch(
        self,
        jurisdiction: JurisdictionId,
        after: Option<i64>,
        watcher: Watcher,
    ) {
        let outcome = tokio::select! {
            outcome = self.follow(&jurisdiction, after, &watcher) => outcome,
            () = self.shutdown.cancelled() => Err(Error::Stopping),
            () = watcher.closed() => return,
        };
        if let Err(error) = outcome {
            // A client that has gone does not miss it.
            let _ = watcher.send(Err(error)).await;
        }
    }

    async fn follow(
        &self,
        jurisdiction: &JurisdictionId,
        after: Option<i64>,
        watcher: &Watcher,
    ) -> Result<(), Error> {
        let mut changed = self.changed.subscribe();
        let (mut position, mut pending) = match after {
            Some(after) => (self.known(jurisdiction, after).await?, Vec::new()),
            None => self.initial(jurisdiction).await?,
        };
        let mut quiet_since = Instant::now();
        loop {
            if !pending.is_empty() {
                // Whoever is told here and asks here is not told less.
                self.pointers.forget(jurisdiction);
            }
            for activation in pending {
                position = activation.sequence;
                quiet_since = Instant::now();
                let Ok(()) = self.tell(jurisdiction, activation, watcher).await? else {
                    return Ok(());
                };
            }
            changed.mark_unchanged();
            pending = self.activations_behind(jurisdiction, position).await?;
            if !pending.is_empty() {
                continue;
            }
            let keep_alive = quiet_since + self.settings.watch_keep_alive;
            tokio::select! {
                // The sender lives as long as `self`.
                _ = changed.changed() => {}
                () = tokio::time::sleep(self.settings.watch_poll) => {}
                () = tokio::time::sleep_until(keep_alive) => {
                    quiet_since = Instant::now();
                    if watcher.send(Ok(WatchEvent::KeepAlive(position))).await.is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// A place in the feed. One beyond its end is of another history, as after a restore: to go on
    /// there would pass over what comes in between.
    async fn known(&self, jurisdiction: &JurisdictionId, position: i64) -> Result<i64, Error> {
        let mut connection = self.store.acquire().await?;
        let head = heads::get(&mut connection, jurisdiction).await?;
        if position > head.activation_sequence {
            return Err(Error::ResumeTokenInvalid);
        }
        Ok(position)
    }

    /// What is in force, and the place in the feed behind which news begin.
    async fn initial(
        &self,
        jurisdiction: &JurisdictionId,
    ) -> Result<(i64, Vec<Activation>), Error> {
        let mut transaction = self.store.begin_reading().await?;
        let position = heads::get(&mut transaction, jurisdiction).await?.activation_sequence;
        let in_force = activations::in_force(&mut transaction, jurisdiction).await?;
        Ok((position, in_force))
    }

    async fn activations_behind(
        &self,
        jurisdiction: &JurisdictionId,
        sequence: i64,
    ) -> Result<Vec<Activation>, Error> {
        let mut connection = self.store.acquire().await?;
        Ok(activations::list_after(&mut connection, jurisdiction, sequence, BATCH).await?)
    }

    async fn tell(
        &self,
        jurisdiction: &JurisdictionId,
        activation: Activation,
        watcher: &Watcher,
    ) -> Result<Result<(), Gone>, Error> {
        let text = self.text_of(jurisdiction, &activation.revision).await?;
        let told = Box::new((activation.revision, text));
        let event = WatchEvent::InForce(told, activation.sequence);
        Ok(watcher.send(Ok(event)).await.map_err(|_| Gone))
    }
}
