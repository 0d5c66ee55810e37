//! Sending what decisions write, until case-ingestion has acknowledged it.

use std::time::Duration;

use chengping_types::{Instant, JurisdictionId};

use super::{App, now};
use crate::error::Error;
use crate::peers::{WRITE_TIMEOUT, Written};
use crate::store::commit;
use crate::store::outbox::{self, Attempt, Due};

/// How often the store is asked for what others have decided or what is to be sent again.
const POLL: Duration = Duration::from_secs(5);
/// How long after the first failure an event is sent again; twice as long after each further one.
const RETRY_MIN: Duration = Duration::from_secs(1);
/// How long at most.
const RETRY_MAX: Duration = Duration::from_secs(600);
/// How long an event is held by who sends it: longer than that takes.
const HOLD: Duration = WRITE_TIMEOUT.saturating_mul(2);
/// The longest problem that is kept, in characters.
const PROBLEM_CHARS_MAX: usize = 500;

impl App {
    /// Sends events until the service stops. What is not acknowledged is sent again, by whichever
    /// process comes to it; sent again, an event is one.
    pub(crate) async fn send_events(self) {
        let mut wake = self.decided.subscribe();
        loop {
            wake.mark_unchanged();
            if let Err(error) = self.send_due().await {
                tracing::warn!(%error, "what was decided cannot be sent");
            }
            tokio::select! {
                () = self.shutdown.cancelled() => return,
                // The sender lives as long as the app.
                _ = wake.changed() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    async fn send_due(&self) -> Result<(), Error> {
        let mut connection = self.store.acquire().await?;
        let waiting = outbox::waiting(&mut connection, now()).await?;
        drop(connection);
        for jurisdiction in waiting {
            // What is wrong with one jurisdiction does not hold up the others.
            if let Err(error) = self.send_due_of(&jurisdiction).await {
                tracing::warn!(%jurisdiction, %error, "what was decided cannot be sent");
            }
        }
        Ok(())
    }

    async fn send_due_of(&self, jurisdiction: &JurisdictionId) -> Result<(), Error> {
        while !self.shutdown.is_cancelled() && self.send_next(jurisdiction).await? {}
        Ok(())
    }

    /// Sends an event of the jurisdiction; whether there was one. While it is sent, no transaction is
    /// open: it is taken for a while, so that what a process leaves behind is sent by another one.
    async fn send_next(&self, jurisdiction: &JurisdictionId) -> Result<bool, Error> {
        let mut transaction = self.store.begin().await?;
        let now = now();
        let claimed = outbox::claim(&mut transaction, jurisdiction, now, later(now, HOLD)).await?;
        let Some(due) = claimed else { return Ok(false) };
        commit(transaction).await?;
        let attempt = match self.peers.cases.write(jurisdiction, &due.event).await {
            Ok(Written::Among(watermark)) => Attempt::Written(watermark),
            Ok(Written::SetAside) => {
                failed(&due, "case-ingestion has set it aside; see its rejects".to_owned(), true)
            }
            Err(error) => failed(&due, error.to_string(), false),
        };
        if let Attempt::Failed { problem, .. } = &attempt {
            tracing::warn!(%jurisdiction, inquiry = due.inquiry, problem, "an event is not written");
        }
        let mut connection = self.store.acquire().await?;
        outbox::attempted(&mut connection, &due, &attempt).await?;
        Ok(true)
    }
}

fn failed(due: &Due, problem: String, set_aside: bool) -> Attempt {
    let problem = problem.chars().take(PROBLEM_CHARS_MAX).collect();
    let wait = RETRY_MIN.saturating_mul(1 << due.attempts.min(16)).min(RETRY_MAX);
    Attempt::Failed { problem, set_aside, next: later(now(), wait) }
}

fn later(time: Instant, wait: Duration) -> Instant {
    let wait = i64::try_from(wait.as_micros()).expect("a wait is short");
    Instant::from_micros(time.as_micros() + wait)
}
