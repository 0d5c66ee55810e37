//! Provisional scores of the month that runs, for whoever watches.
//!
//! One task a jurisdiction follows the records that are accepted, and shows the latest scores to all
//! watchers. A slow watcher passes over what came in between: nothing waits for it.

mod basis;
mod counts;
mod memo;
mod recount;
mod task;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use chengping_access::Sight;
use chengping_chassis::CancellationToken;
use chengping_chassis::error::FieldErrors;
use chengping_types::{BodyId, JurisdictionId};
use tokio::sync::watch;

use self::basis::Basis;
use super::App;
use crate::config::LiveConfig;
use crate::domain::{News, Picture};
use crate::error::Error;
use crate::metrics::Metrics;

/// A wish to watch.
#[derive(Debug)]
pub(crate) struct WatchLive {
    pub(crate) jurisdiction: JurisdictionId,
    /// None for all.
    pub(crate) bodies: BTreeSet<BodyId>,
}

/// What a task shows.
#[derive(Debug, Clone, Default)]
enum Shown {
    /// Nothing yet.
    #[default]
    Pending,
    /// The latest scores.
    Picture(Arc<Picture>),
    /// There are none any more, and why.
    Failed(Arc<Error>),
}

/// The tasks of this process, cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Lives {
    settings: LiveConfig,
    metrics: Metrics,
    shutdown: CancellationToken,
    running: Arc<Mutex<BTreeMap<JurisdictionId, watch::Sender<Shown>>>>,
}

impl Lives {
    /// None yet; those to come end with `shutdown`.
    pub(crate) fn new(settings: LiveConfig, metrics: Metrics, shutdown: CancellationToken) -> Self {
        Self { settings, metrics, shutdown, running: Arc::default() }
    }

    /// What the task of a jurisdiction shows; one is started where there is none.
    fn join(&self, app: &App, jurisdiction: &JurisdictionId) -> watch::Receiver<Shown> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = running.get(jurisdiction) {
            return sender.subscribe();
        }
        let (sender, receiver) = watch::channel(Shown::Pending);
        running.insert(jurisdiction.clone(), sender.clone());
        tokio::spawn(task::run(app.clone(), jurisdiction.clone(), sender));
        receiver
    }

    /// The task ends with these last words. Without any it may only end while nobody watches.
    fn leave(
        &self,
        jurisdiction: &JurisdictionId,
        sender: &watch::Sender<Shown>,
        last: Option<Error>,
    ) -> bool {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match last {
            Some(error) => drop(sender.send_replace(Shown::Failed(Arc::new(error)))),
            // Whoever joins holds the lock.
            None if sender.receiver_count() > 0 => return false,
            None => {}
        }
        running.remove(jurisdiction);
        true
    }
}

impl App {
    /// Begins to watch.
    pub(crate) async fn watch_live(&self, wish: WatchLive) -> Result<LiveWatch, Error> {
        let basis = Basis::read(&self.peers, &wish.jurisdiction, self.now()).await?;
        let WatchLive { jurisdiction, mut bodies } = wish;
        let registry = &basis.registry.registry;
        let sight = self.live_sight(&jurisdiction, registry, basis.month, &bodies).await?;
        let mut errors = FieldErrors::default();
        for body in bodies.iter().filter(|body| !basis.evaluates(body)) {
            let month = basis.month;
            errors.push("body_ids", format!("{body} is not evaluated in {month}; leave it out"));
        }
        errors.into_result()?;
        if let Sight::Only(seen) = sight
            && bodies.is_empty()
        {
            bodies = seen;
        }
        let shown = self.lives.join(self, &jurisdiction);
        Ok(LiveWatch { shown, bodies, last: None })
    }
}

/// Somebody who watches.
#[derive(Debug)]
pub(crate) struct LiveWatch {
    shown: watch::Receiver<Shown>,
    bodies: BTreeSet<BodyId>,
    /// What was told last. Most of its scorecards are those of the latest picture.
    last: Option<Arc<Picture>>,
}

impl LiveWatch {
    /// The next news: as soon as there are some, and the latest that there are by then.
    pub(crate) async fn next(&mut self) -> Result<News, Error> {
        loop {
            let shown = self.shown.borrow_and_update().clone();
            match shown {
                Shown::Failed(error) => return Err(Error::Live(error)),
                Shown::Picture(picture)
                    if self.last.as_ref().is_none_or(|last| !Arc::ptr_eq(last, &picture)) =>
                {
                    let news = picture.news(self.last.as_deref(), &self.bodies);
                    self.last = Some(picture);
                    return Ok(news);
                }
                Shown::Pending | Shown::Picture(_) => {}
            }
            if self.shown.changed().await.is_err() {
                return Err(Error::Stopping);
            }
        }
    }
}
