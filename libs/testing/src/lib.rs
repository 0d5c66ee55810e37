//! Servers, processes and faults for tests: PostgreSQL, Redis, OpenTelemetry, a breakable network.
//!
//! Run tests through `chengping-test-servers -- cargo nextest run`, and all of them share one
//! PostgreSQL and one Redis; without it, each process starts its own.

mod access;
mod database;
mod dice;
mod folder;
mod otlp;
mod port;
mod process;
mod proxy;
mod redis;

pub use self::access::{assert_covers, methods};
pub use self::database::{Cluster, POSTGRES_VARIABLE, TestDatabase};
pub use self::dice::Dice;
pub use self::folder::reachable_folder;
pub use self::otlp::{OtlpReceiver, PointRecord, SpanRecord};
pub use self::port::free_port;
pub use self::process::{Process, ProcessError};
pub use self::proxy::{End, FaultProxy, Target};
pub use self::redis::{REDIS_REQUIRED_VARIABLE, REDIS_VARIABLE, RedisServer, RedisUnavailable};

use std::time::Duration;

/// How long tests wait for what should happen soon. Long, since only failures wait that long.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How often waiting looks again.
const POLL: Duration = Duration::from_millis(10);

/// Waits until `look` finds something, and gives it; `None` after [`PATIENCE`].
pub async fn eventually<T>(mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return Some(found);
        }
        if tokio::time::Instant::now() >= end {
            return None;
        }
        tokio::time::sleep(POLL).await;
    }
}
