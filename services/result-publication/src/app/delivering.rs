//! Sending publications to webhooks: a task of each process, whose progress is in the store.

use std::sync::Arc;
use std::time::Duration;

use chengping_chassis::CancellationToken;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::App;
use crate::domain::webhook::address::Address;
use crate::domain::webhook::secret::Secret;
use crate::domain::webhook::{Patience, event};
use crate::error::Error;
use crate::sending::{Answer, Message, Sender};
use crate::store::webhooks::{self, Claimed, Outcome};
use crate::store::{StoreError, commit};

/// How many webhooks a process sends to at a time.
const AT_A_TIME: u32 = 16;

/// How soon something that waits for its time is noticed, at the latest.
const MOMENT: Duration = Duration::from_secs(1);

/// How webhooks are served.
#[derive(Clone)]
pub(crate) struct Delivering {
    pub(crate) sender: Sender,
    pub(crate) patience: Patience,
}

impl Delivering {
    /// How long an attempt holds its webhook: longer than it takes, so that two attempts meet only
    /// where a process stands still.
    fn hold(&self) -> Duration {
        self.sender.timeout() * 2 + Duration::from_secs(1)
    }
}

impl App {
    /// Sends to webhooks whatever waits, until `shutdown`.
    pub(crate) async fn deliver(self, shutdown: CancellationToken) {
        let delivering = self.delivering.clone();
        let places = Arc::new(Semaphore::new(AT_A_TIME as usize));
        let mut wake = self.published.subscribe();
        loop {
            // Asked before the store is, so that nothing is published unseen in between.
            wake.mark_unchanged();
            let free = u32::try_from(places.available_permits()).unwrap_or(AT_A_TIME);
            let claimed = if free > 0 { self.claim(&delivering, free).await } else { Vec::new() };
            let full = claimed.len() as u64 == u64::from(free);
            for claimed in claimed {
                let place = places.clone().acquire_owned().await.expect("it is never closed");
                let (app, delivering) = (self.clone(), delivering.clone());
                let shutdown = shutdown.clone();
                tokio::spawn(async move {
                    app.serve(&delivering, &claimed, &shutdown).await;
                    drop(place);
                });
            }
            // Those that were waiting for a place do not wait for the next turn.
            let pause = if full && free > 0 { Duration::ZERO } else { self.poll.min(MOMENT) };
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = wake.changed() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Holds webhooks that wait, jurisdiction by jurisdiction.
    async fn claim(&self, delivering: &Delivering, most: u32) -> Vec<Claimed> {
        let mut claimed = Vec::new();
        let claiming = async {
            let mut connection = self.store.acquire().await?;
            for jurisdiction in webhooks::waiting(&mut connection, most).await? {
                let left = most - u32::try_from(claimed.len()).unwrap_or(most);
                let hold = delivering.hold();
                let more = webhooks::claim(&mut connection, &jurisdiction, hold, left);
                claimed.extend(more.await?);
            }
            Ok::<_, StoreError>(())
        };
        if let Err(error) = claiming.await {
            tracing::warn!(%error, "cannot look for webhooks that wait");
        }
        claimed
    }

    /// Sends to one webhook until nothing waits, an attempt fails, or the process stops.
    async fn serve(
        &self,
        delivering: &Delivering,
        claimed: &Claimed,
        shutdown: &CancellationToken,
    ) {
        loop {
            let sent = tokio::select! {
                () = shutdown.cancelled() => Ok(false),
                sent = self.deliver_next(delivering, claimed) => sent,
            };
            match sent {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    let (webhook, error) = (claimed.name.to_string(), error.to_string());
                    tracing::warn!(webhook, error, "cannot send to the webhook");
                    break;
                }
            }
        }
        let released = async {
            let mut connection = self.store.acquire().await?;
            webhooks::release(&mut connection, claimed).await
        };
        if let Err(error) = released.await {
            tracing::debug!(%error, "the webhook is let go of when its time is over");
        }
    }

    /// Sends what is next. Whether to go on.
    async fn deliver_next(
        &self,
        delivering: &Delivering,
        claimed: &Claimed,
    ) -> Result<bool, Error> {
        let mut transaction = self.store.begin().await?;
        let next = webhooks::next(&mut transaction, claimed, delivering.hold()).await?;
        commit(transaction).await?;
        let Some((index, attempts)) = next else { return Ok(false) };
        let answer = match self.message(claimed, index).await {
            Ok((address, message)) => delivering.sender.send(&address, message).await,
            Err(error) if error.is_transient() => return Err(error),
            // What cannot be sent is given up like what nobody takes.
            Err(error) => Answer::failed(error.to_string()),
        };
        let chance = Uuid::new_v4().into_bytes()[0];
        let outcome = match delivering.patience.pause(attempts + 1, chance) {
            _ if answer.is_taken() => Outcome::Delivered,
            Some(pause) => Outcome::Again(pause),
            None => Outcome::Dead,
        };
        let mut transaction = self.store.begin().await?;
        let told = (answer.status, answer.error.as_str());
        let held = webhooks::finish(&mut transaction, claimed, index, &outcome, told).await?;
        commit(transaction).await?;
        let webhook = claimed.name.to_string();
        match &outcome {
            Outcome::Delivered => tracing::debug!(webhook, index, "told of a publication"),
            Outcome::Again(pause) => {
                tracing::info!(webhook, index, ?pause, error = answer.error, "to be sent again");
            }
            Outcome::Dead => {
                tracing::warn!(
                    webhook,
                    index,
                    error = answer.error,
                    "given up; look at its deliveries"
                );
            }
        }
        Ok(held && !matches!(outcome, Outcome::Again(_)))
    }

    /// The message for an entry of the log.
    async fn message(&self, claimed: &Claimed, index: u64) -> Result<(Address, Message), Error> {
        let jurisdiction = &claimed.name.jurisdiction;
        let publication = self.publication(jurisdiction, index).await?;
        let (id, body) = event::of(&self.keys.origin(jurisdiction), &publication);
        let address = claimed.url.parse::<Address>();
        let corrupt = |error| StoreError::Corrupt { what: "URL", source: Box::new(error) };
        let address = address.map_err(corrupt)?;
        let secret = Secret::open(&claimed.secret, self.keys.webhooks(), &claimed.name)?;
        let timestamp = super::now().as_micros().div_euclid(1_000_000);
        let signature = secret.sign(&id, timestamp, &body);
        let headers = vec![
            ("webhook-id", id),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", signature),
        ];
        Ok((address, Message { media_type: event::MEDIA_TYPE, headers, body }))
    }
}
