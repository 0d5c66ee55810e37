//! Telling of publications: the log, read from some place on, and then as it grows.

use std::collections::VecDeque;
use std::time::Duration;

use chengping_chassis::identity::denied;
use chengping_chassis::page_token;
use chengping_types::JurisdictionId;
use chengping_types::name::JurisdictionName;
use futures_util::Stream;
use futures_util::stream;
use tokio::sync::watch::Receiver;
use tokio::time::Instant;

use super::{App, now};
use crate::access::acknowledges_as;
use crate::domain::{Consumer, Publication};
use crate::error::Error;
use crate::store::{consumers, log};

/// What a consumer asks for.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    pub(crate) jurisdiction: JurisdictionId,
    /// Empty for none.
    pub(crate) resume_token: String,
    pub(crate) consumer: Option<String>,
    pub(crate) keep_alive: Option<Duration>,
}

/// What a consumer is told.
#[derive(Debug)]
pub(crate) struct Told {
    /// What was published or withdrawn; none when nothing was, for a while.
    pub(crate) publication: Option<Publication>,
    pub(crate) resume_token: String,
}

/// A stream that stands somewhere in a log.
struct Follower {
    app: App,
    jurisdiction: JurisdictionId,
    /// The number of entries that were told.
    position: u64,
    /// The number of entries that are known to be there.
    size: u64,
    /// What is read from the store and not told yet: from `position` on.
    read: VecDeque<Publication>,
    keep_alive: Duration,
    wake: Receiver<()>,
}

impl App {
    /// The publications behind the place that is asked for, and then each as it is made, until the
    /// service stops.
    pub(crate) async fn watch(
        &self,
        watch: Watch,
    ) -> Result<impl Stream<Item = Result<Told, Error>> + Send + use<>, Error> {
        let mut transaction = self.store.begin_reading().await?;
        let size = log::size(&mut transaction, &watch.jurisdiction).await?;
        let position =
            match (self.opened(&watch.jurisdiction, &watch.resume_token, size)?, &watch.consumer) {
                (Some(position), _) => position,
                (None, Some(consumer)) => {
                    consumers::acknowledged(&mut transaction, &watch.jurisdiction, consumer).await?
                }
                (None, None) => 0,
            };
        drop(transaction);
        let follower = Follower {
            app: self.clone(),
            jurisdiction: watch.jurisdiction,
            position,
            size,
            read: VecDeque::new(),
            keep_alive: watch.keep_alive.unwrap_or(self.keep_alive),
            wake: self.published.subscribe(),
        };
        Ok(stream::try_unfold(follower, |mut follower| async move {
            let told = follower.next().await?;
            Ok(Some((told, follower)))
        }))
    }

    /// Stores how far a consumer, the caller's own, has come, and gives how many publications are before it.
    pub(crate) async fn acknowledge(
        &self,
        jurisdiction: &JurisdictionId,
        consumer: &str,
        resume_token: &str,
    ) -> Result<u64, Error> {
        let mut transaction = self.store.begin().await?;
        let size = log::size(&mut transaction, jurisdiction).await?;
        let position = self.opened(jurisdiction, resume_token, size)?.unwrap_or_default();
        let (owner, anybodys) = acknowledges_as();
        let (come, by) = ((consumer, position), (owner.as_str(), anybodys));
        let moved = consumers::acknowledge(&mut transaction, jurisdiction, come, by, now()).await?;
        let Some(position) = moved else { return Err(not_yours(jurisdiction, consumer)) };
        crate::store::commit(transaction).await?;
        Ok(size.saturating_sub(position))
    }

    /// At most `limit` consumers behind `after`, by name, and the number of publications.
    pub(crate) async fn consumers(
        &self,
        jurisdiction: &JurisdictionId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<Consumer>, u64), Error> {
        let mut transaction = self.store.begin_reading().await?;
        let size = log::size(&mut transaction, jurisdiction).await?;
        Ok((consumers::list(&mut transaction, jurisdiction, after, limit).await?, size))
    }

    /// The position behind a token; none behind an empty one.
    fn opened(
        &self,
        jurisdiction: &JurisdictionId,
        token: &str,
        size: u64,
    ) -> Result<Option<u64>, Error> {
        let invalid = || Error::ResumeToken { jurisdiction: jurisdiction.to_string() };
        let origin = self.keys.origin(jurisdiction);
        let position =
            page_token::open(token, &["publications", &origin]).map_err(|_| invalid())?;
        let position: Option<u64> =
            position.map(|position| position.parse()).transpose().map_err(|_| invalid())?;
        // Beyond the end: the token is of another history of this log, as after a restore.
        if position.is_some_and(|position| position > size) { Err(invalid()) } else { Ok(position) }
    }

    fn token(&self, jurisdiction: &JurisdictionId, position: u64) -> String {
        let origin = self.keys.origin(jurisdiction);
        page_token::issue(&position.to_string(), &["publications", &origin])
    }
}

fn not_yours(jurisdiction: &JurisdictionId, consumer: &str) -> Error {
    let parent = JurisdictionName { jurisdiction: jurisdiction.clone() };
    chengping_access::Error::from(denied(format!("{parent}/consumers/{consumer}"))).into()
}

impl Follower {
    /// The next publication, or a sign of life when there is none for a while.
    async fn next(&mut self) -> Result<Told, Error> {
        let silent_until = Instant::now() + self.keep_alive;
        loop {
            // Asked before the store is, so that nothing is published unseen in between.
            self.wake.mark_unchanged();
            if self.position >= self.size {
                self.size = self.app.publication_count(&self.jurisdiction).await?;
            }
            if self.position < self.size {
                return self.publication().await;
            }
            if Instant::now() >= silent_until {
                let resume_token = self.app.token(&self.jurisdiction, self.position);
                return Ok(Told { publication: None, resume_token });
            }
            let poll = (Instant::now() + self.app.poll).min(silent_until);
            tokio::select! {
                () = self.app.shutdown.cancelled() => return Err(Error::Stopping),
                // The sender lives as long as the app.
                _ = self.wake.changed() => {}
                () = tokio::time::sleep_until(poll) => {}
            }
        }
    }

    async fn publication(&mut self) -> Result<Told, Error> {
        if self.read.is_empty() {
            let read = self.app.publications(&self.jurisdiction, self.position).await?;
            self.read = read.into();
        }
        let publication = self.read.pop_front().expect("the log has no gap");
        self.position += 1;
        let resume_token = self.app.token(&self.jurisdiction, self.position);
        Ok(Told { publication: Some(publication), resume_token })
    }
}
