//! A cache that can be lost: a miss costs time, and nothing else.
//!
//! Nothing here returns an error. A server that is away or slow, and a value that was damaged,
//! are misses, with a warning now and then.

mod envelope;
mod metrics;
mod rest;
mod warning;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use moka::Expiry;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands as _, RedisError};

use self::metrics::{Metrics, Outcome};
use self::rest::Rest;
use self::warning::RareWarning;
use crate::config::{CacheConfig, Secret};

/// The longest that a cache may keep its caller waiting; beyond it, computing anew is the better
/// bet.
const PATIENCE: Duration = Duration::from_millis(250);

/// The pause between two attempts to find a lost server again.
const RECONNECT_MAX: Duration = Duration::from_secs(5);

/// A cache, in the process or shared. Cheap to clone.
///
/// Keys must say everything the value depends on: nothing is ever updated, only left to expire.
#[derive(Clone)]
pub struct Cache {
    store: Store,
    metrics: Metrics,
}

#[derive(Clone)]
enum Store {
    Memory(moka::future::Cache<Arc<str>, Entry>),
    Redis { connection: ConnectionManager, troubles: Arc<Troubles> },
}

/// What is known of a server that does not do its work.
#[derive(Debug, Default)]
struct Troubles {
    warning: RareWarning,
    rest: Rest,
}

/// Why there is no cache.
#[derive(Debug, thiserror::Error)]
#[error("cache.redis_url is not usable; write it as redis://host:6379, or leave it empty")]
pub struct CacheError(#[source] RedisError);

impl Cache {
    /// The cache that the configuration asks for. Call it inside the async runtime.
    ///
    /// # Errors
    ///
    /// If the address is malformed. A server that does not answer is no error.
    pub fn new(config: &CacheConfig) -> Result<Self, CacheError> {
        match &config.redis_url {
            Some(url) => Self::redis(url),
            None => Ok(Self::memory(config.capacity_bytes.get())),
        }
    }

    /// A cache in this process, of `capacity_bytes` of keys and values.
    pub fn memory(capacity_bytes: u64) -> Self {
        let cache = moka::future::Cache::builder()
            .max_capacity(capacity_bytes)
            .weigher(|key: &Arc<str>, entry: &Entry| {
                u32::try_from(key.len() + entry.value.len()).unwrap_or(u32::MAX)
            })
            .expire_after(PerEntry)
            .build();
        Self::over(Store::Memory(cache))
    }

    /// A cache in a Redis or Valkey server, connected when it is first used.
    ///
    /// # Errors
    ///
    /// If the address is malformed.
    pub fn redis(url: &Secret<String>) -> Result<Self, CacheError> {
        let client = redis::Client::open(url.expose().as_str()).map_err(CacheError)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_max_delay(RECONNECT_MAX);
        let connection =
            ConnectionManager::new_lazy_with_config(client, config).map_err(CacheError)?;
        Ok(Self::over(Store::Redis { connection, troubles: Arc::default() }))
    }

    fn over(store: Store) -> Self {
        Self { store, metrics: Metrics::new() }
    }

    /// The value under `key`, if it is there, in time, and undamaged.
    pub async fn get(&self, key: &str) -> Option<Bytes> {
        let (value, outcome) = match &self.store {
            Store::Memory(cache) => match cache.get(key).await {
                Some(entry) => (Some(entry.value), Outcome::Hit),
                None => (None, Outcome::Miss),
            },
            Store::Redis { connection, troubles } => {
                let mut connection = connection.clone();
                match in_time(troubles, "read", connection.get(key)).await {
                    Some(Some(sealed)) => open(&troubles.warning, key, sealed),
                    Some(None) => (None, Outcome::Miss),
                    None => (None, Outcome::Failed),
                }
            }
        };
        self.metrics.read(outcome);
        value
    }

    /// Keeps `value` under `key` for `ttl`, if there is room.
    pub async fn put(&self, key: &str, value: Bytes, ttl: Duration) {
        // Redis refuses to keep a value for no time at all.
        let Some(ttl_ms) = u64::try_from(ttl.as_millis()).ok().filter(|ms| *ms > 0) else {
            return;
        };
        let outcome = match &self.store {
            Store::Memory(cache) => {
                cache.insert(key.into(), Entry { value, ttl }).await;
                Outcome::Stored
            }
            Store::Redis { connection, troubles } => {
                let mut connection = connection.clone();
                let sealed = envelope::seal(key, &value);
                let stored = connection.pset_ex::<_, _, ()>(key, sealed, ttl_ms);
                let stored = in_time(troubles, "write", stored).await;
                stored.map_or(Outcome::Failed, |()| Outcome::Stored)
            }
        };
        self.metrics.written(outcome);
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self.store {
            Store::Memory(_) => "Cache::Memory",
            Store::Redis { .. } => "Cache::Redis",
        })
    }
}

/// What is inside of `sealed`, if it is what was put under `key`.
fn open(warning: &RareWarning, key: &str, sealed: Bytes) -> (Option<Bytes>, Outcome) {
    match envelope::open(key, sealed) {
        Some(value) => (Some(value), Outcome::Hit),
        None => {
            warning.warn("read", &"the value under a key is damaged");
            (None, Outcome::Damaged)
        }
    }
}

/// What the server answers, if it does in time. One that does not is left alone for a while.
async fn in_time<T>(
    troubles: &Troubles,
    what: &'static str,
    work: impl Future<Output = Result<T, RedisError>>,
) -> Option<T> {
    let Troubles { warning, rest } = troubles;
    if rest.is_on(Instant::now()) {
        return None;
    }
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(Ok(value)) => Some(value),
        Ok(Err(error)) => {
            // A server that refuses one command is there.
            if error.is_io_error() || error.is_timeout() || error.is_connection_dropped() {
                rest.begin(Instant::now());
            }
            warning.warn(what, &error);
            None
        }
        Err(_) => {
            rest.begin(Instant::now());
            warning.warn(what, &"no answer in time");
            None
        }
    }
}

#[derive(Clone)]
struct Entry {
    value: Bytes,
    ttl: Duration,
}

/// Every entry lives as long as its own `ttl` says.
struct PerEntry;

impl Expiry<Arc<str>, Entry> for PerEntry {
    fn expire_after_create(&self, _: &Arc<str>, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.ttl)
    }

    fn expire_after_update(
        &self,
        _: &Arc<str>,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.ttl)
    }
}
