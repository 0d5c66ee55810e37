//! The use cases. Each owns its transaction; none knows how it was called.

mod audit;
mod change;
mod check;
mod commit;
mod effective;
mod import;
mod reading;
mod review;
mod revise;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use chengping_chassis::CancellationToken;
use chengping_chassis::cache::Cache;

use crate::store::Store;

pub(crate) use self::change::{Requested, UpdateBody};
pub(crate) use self::check::{Checked, check};
pub(crate) use self::commit::{Commit, Rollback};
pub(crate) use self::import::Import;
pub(crate) use self::reading::ROWS_MAX_PER_MESSAGE;
pub(crate) use self::review::StateChange;
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
}

impl App {
    pub(crate) fn new(
        store: Store,
        cache: Cache,
        settings: Settings,
        shutdown: CancellationToken,
    ) -> Self {
        let changed = tokio::sync::watch::Sender::new(0);
        Self { store, cache, settings: Arc::new(settings), changed, shutdown }
    }
}
