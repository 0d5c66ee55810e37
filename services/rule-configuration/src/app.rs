//! The use cases. Each owns its transaction; none knows how it was called.

mod adjust;
mod audit;
mod calendar;
mod change;
mod check;
mod commit;
mod deadline;
mod effective;
mod holders;
mod import;
mod pointers;
mod reading;
mod requests;
mod review;
mod revise;
mod upkeep;
mod watch;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use chengping_chassis::CancellationToken;
use chengping_chassis::cache::Cache;
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

use crate::domain::holders::Pending;
use crate::domain::pack::Given;
use crate::domain::pointers::Pointers;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::store::Store;

pub(crate) use self::adjust::{Adjust, Rebase};
pub(crate) use self::calendar::CalendarChange;
pub(crate) use self::change::{Requested, UpdateBody};
pub(crate) use self::check::Checked;
pub(crate) use self::commit::{Commit, Rollback};
pub(crate) use self::deadline::{Answer, LimitAsked, Question};
pub(crate) use self::import::Import;
pub(crate) use self::reading::ROWS_MAX_PER_MESSAGE;
pub(crate) use self::review::{Activation, StateChange};
pub(crate) use self::revise::{Order, Revised};
pub(crate) use self::watch::WatchEvent;

/// What the service is configured to do.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Whether a revision must be approved by somebody else than its author.
    pub four_eyes: bool,
    /// How often a watch looks for changes that another process made.
    pub watch_poll: Duration,
    /// After how long a quiet watch says that all is well.
    pub watch_keep_alive: Duration,
    /// How long a text stays in the cache.
    pub cache_ttl: Duration,
    /// For how long it may be believed which revision is in force; at most
    /// [`TTL_MAX`](crate::domain::pointers::TTL_MAX).
    pub pointer_ttl: Duration,
    /// How often it is written down who was given which revision.
    pub holders_flush: Duration,
}

/// The use cases of the service. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct App {
    store: Store,
    cache: Cache,
    settings: Arc<Settings>,
    /// Wakes the watches of this process up at once; those of others look for themselves.
    changed: tokio::sync::watch::Sender<u64>,
    /// Which revisions are in force, for as long as that may be believed.
    pointers: Arc<Pointers<Arc<Given>>>,
    /// Under which name this one is announced as believing them.
    holder: Uuid,
    /// Who was given what since it was written down last.
    pending: Arc<Pending>,
    metrics: Metrics,
    shutdown: CancellationToken,
    /// One place a core for the reading and changing of texts, so that of many who change one pack
    /// few work in vain.
    work: Arc<Semaphore>,
}

impl App {
    pub(crate) fn new(
        store: Store,
        cache: Cache,
        settings: Settings,
        shutdown: CancellationToken,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            store,
            cache,
            changed: tokio::sync::watch::Sender::new(0),
            pointers: Arc::new(Pointers::new(settings.pointer_ttl)),
            settings: Arc::new(settings),
            holder: Uuid::now_v7(),
            pending: Arc::default(),
            metrics: Metrics::new(),
            shutdown,
            work: Arc::new(Semaphore::new(cores)),
        }
    }

    /// A place for work on texts. Whoever has one looks again whether the work is still wanted.
    async fn place(&self) -> SemaphorePermit<'_> {
        self.work.acquire().await.expect("the places are never closed")
    }
}

/// Does what takes a core's time where nobody waits for it.
async fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    Ok(tokio::task::spawn_blocking(work).await?)
}
