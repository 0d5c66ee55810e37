//! Telling of publications: the log, read from some place on, and then as it grows.

use std::time::Duration;

use chengping_chassis::page_token;
use chengping_ledger::version::EntryKind;
use chengping_types::JurisdictionId;
use chengping_types::name::BulletinVersionName;
use futures_util::Stream;
use futures_util::stream;
use tokio::sync::watch::Receiver;
use tokio::time::Instant;

use super::compare::published_lines;
use super::{App, now, version};
use crate::domain::Version;
use crate::domain::difference::{self, Difference};
use crate::domain::lines::Line;
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

/// What an entry of the log tells.
#[derive(Debug)]
pub(crate) struct Publication {
    pub(crate) version: Version,
    pub(crate) kind: EntryKind,
    /// The lines of a version that was published.
    pub(crate) lines: Vec<Line>,
    /// What it changed against the version before, where there is one.
    pub(crate) differences: Vec<Difference>,
}

/// A stream that stands somewhere in a log.
struct Follower {
    app: App,
    jurisdiction: JurisdictionId,
    /// The number of entries that were told.
    position: u64,
    /// The number of entries that are known to be there.
    size: u64,
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
            keep_alive: watch.keep_alive.unwrap_or(self.keep_alive),
            wake: self.published.subscribe(),
        };
        Ok(stream::try_unfold(follower, |mut follower| async move {
            let told = follower.next().await?;
            Ok(Some((told, follower)))
        }))
    }

    /// Stores how far a consumer has come, and gives how many publications are before it.
    pub(crate) async fn acknowledge(
        &self,
        jurisdiction: &JurisdictionId,
        consumer: &str,
        resume_token: &str,
    ) -> Result<u64, Error> {
        let mut transaction = self.store.begin().await?;
        let size = log::size(&mut transaction, jurisdiction).await?;
        let position = self.opened(jurisdiction, resume_token, size)?.unwrap_or_default();
        let position =
            consumers::acknowledge(&mut transaction, jurisdiction, consumer, position, now());
        let position = position.await?;
        crate::store::commit(transaction).await?;
        Ok(size.saturating_sub(position))
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

impl Follower {
    /// The next publication, or a sign of life when there is none for a while.
    async fn next(&mut self) -> Result<Told, Error> {
        let silent_until = Instant::now() + self.keep_alive;
        loop {
            // Asked before the store is, so that nothing is published unseen in between.
            self.wake.mark_unchanged();
            if self.position >= self.size {
                self.size = self.current_size().await?;
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

    async fn current_size(&self) -> Result<u64, Error> {
        let mut connection = self.app.store.acquire().await?;
        Ok(log::size(&mut connection, &self.jurisdiction).await?)
    }

    async fn publication(&mut self) -> Result<Told, Error> {
        let mut transaction = self.app.store.begin_reading().await?;
        let at = log::at(&mut transaction, &self.jurisdiction, self.position).await?;
        let (month, number, kind) = at.expect("the log has no gap");
        let name = BulletinVersionName {
            jurisdiction: self.jurisdiction.clone(),
            month,
            version: number.into(),
        };
        let version = version(&mut transaction, &name).await?;
        let (mut lines, mut differences) = (Vec::new(), Vec::new());
        if kind == EntryKind::Published {
            lines = published_lines(&mut transaction, &version).await?;
            if number > 1 {
                let earlier = BulletinVersionName { version: u64::from(number) - 1, ..name };
                let earlier = super::version(&mut transaction, &earlier).await?;
                let earlier = published_lines(&mut transaction, &earlier).await?;
                differences = difference::between(&earlier, &lines);
            }
        }
        drop(transaction);
        self.position += 1;
        let resume_token = self.app.token(&self.jurisdiction, self.position);
        let publication = Publication { version, kind, lines, differences };
        Ok(Told { publication: Some(publication), resume_token })
    }
}
