//! A cache that can be lost: a miss costs time, and nothing else.
//!
//! Nothing here returns an error. A server that is away or slow, and a value that was damaged,
//! are misses, with a warning now and then.

mod envelope;
mod warning;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use moka::Expiry;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands as _, RedisError};

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
pub struct Cache(Store);

#[derive(Clone)]
enum Store {
    Memory(moka::future::Cache<Arc<str>, Entry>),
    Redis { connection: ConnectionManager, warning: Arc<RareWarning> },
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
        Self(Store::Memory(cache))
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
        Ok(Self(Store::Redis { connection, warning: Arc::default() }))
    }

    /// The value under `key`, if it is there, in time, and undamaged.
    pub async fn get(&self, key: &str) -> Option<Bytes> {
        match &self.0 {
            Store::Memory(cache) => cache.get(key).await.map(|entry| entry.value),
            Store::Redis { connection, warning } => {
                let mut connection = connection.clone();
                let sealed: Option<Bytes> =
                    in_time(warning, "read", connection.get(key)).await.flatten();
                let opened = envelope::open(key, sealed?);
                if opened.is_none() {
                    warning.warn("read", &"the value under a key is damaged");
                }
                opened
            }
        }
    }

    /// Keeps `value` under `key` for `ttl`, if there is room.
    pub async fn put(&self, key: &str, value: Bytes, ttl: Duration) {
        // Redis refuses to keep a value for no time at all.
        let Some(ttl_ms) = u64::try_from(ttl.as_millis()).ok().filter(|ms| *ms > 0) else {
            return;
        };
        match &self.0 {
            Store::Memory(cache) => cache.insert(key.into(), Entry { value, ttl }).await,
            Store::Redis { connection, warning } => {
                let mut connection = connection.clone();
                let sealed = envelope::seal(key, &value);
                let stored = connection.pset_ex::<_, _, ()>(key, sealed, ttl_ms);
                in_time(warning, "write", stored).await;
            }
        }
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self.0 {
            Store::Memory(_) => "Cache::Memory",
            Store::Redis { .. } => "Cache::Redis",
        })
    }
}

async fn in_time<T>(
    warning: &RareWarning,
    what: &'static str,
    work: impl Future<Output = Result<T, RedisError>>,
) -> Option<T> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(Ok(value)) => Some(value),
        Ok(Err(error)) => {
            warning.warn(what, &error);
            None
        }
        Err(_) => {
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
