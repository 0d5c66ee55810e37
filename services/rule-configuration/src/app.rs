//! The use cases. Each owns its transaction; none knows how it was called.

mod adjust;
mod audit;
mod check;
mod commit;
mod effective;
mod import;
mod reading;
mod requests;
mod review;
mod watch;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use chengping_chassis::CancellationToken;
use chengping_chassis::cache::Cache;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::Error;
use crate::store::Store;

pub(crate) use self::adjust::{Adjust, Rebase};
pub(crate) use self::check::Checked;
pub(crate) use self::commit::{Commit, Rollback};
pub(crate) use self::import::{Import, Imported};
pub(crate) use self::reading::ROWS_MAX_PER_MESSAGE;
pub(crate) use self::review::{Activation, StateChange};
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
}

/// The use cases of the service. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct App {
    store: Store,
    cache: Cache,
    settings: Arc<Settings>,
    /// Wakes the watches of this process up at once; those of others look for themselves.
    changed: tokio::sync::watch::Sender<u64>,
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
        let changed = tokio::sync::watch::Sender::new(0);
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let work = Arc::new(Semaphore::new(cores));
        Self { store, cache, settings: Arc::new(settings), changed, shutdown, work }
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
