//! What happens to the cache.

use std::collections::BTreeMap;
use std::time::Duration;

use chengping_testing::{Dice, PATIENCE, RedisServer};
use nix::sys::signal::Signal;
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands as _, AsyncConnectionConfig};

/// Longer than any caller waits for a cache, by far.
const PAUSE: Duration = Duration::from_secs(5);
/// How long the cache is well between two troubles, so that there is something to spoil.
const PEACE: Duration = Duration::from_millis(150);

/// Spoils a cache in every way, again and again.
pub(crate) struct Trouble {
    server: RedisServer,
    dice: Dice,
    /// The first value that each key was seen with.
    older: BTreeMap<String, Vec<u8>>,
    /// How many values were spoilt.
    pub(crate) spoilt: usize,
}

impl Trouble {
    pub(crate) fn new(server: RedisServer, seed: u64) -> Self {
        Self { server, dice: Dice(seed), older: BTreeMap::new(), spoilt: 0 }
    }

    /// Every kind of trouble once.
    pub(crate) async fn once(&mut self) {
        for _ in 0..4 {
            self.spoil().await;
            tokio::time::sleep(PEACE).await;
        }
        self.flush().await;
        tokio::time::sleep(PEACE).await;
        self.server.kill().await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.server.restart().await.unwrap();
        tokio::time::sleep(PEACE).await;
        for _ in 0..4 {
            self.spoil().await;
            tokio::time::sleep(PEACE).await;
        }
        self.server.signal(Signal::SIGSTOP).unwrap();
        tokio::time::sleep(PAUSE).await;
        self.server.signal(Signal::SIGCONT).unwrap();
    }

    /// A little trouble.
    pub(crate) async fn more(&mut self) {
        if self.dice.any().is_multiple_of(4) {
            self.flush().await;
        } else {
            self.spoil().await;
        }
        tokio::time::sleep(PEACE).await;
    }

    async fn connection(&self) -> MultiplexedConnection {
        let client = redis::Client::open(self.server.url()).unwrap();
        // Whoever makes the trouble has all the time that it takes.
        let patient = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        client.get_multiplexed_async_connection_with_config(&patient).await.unwrap()
    }

    async fn flush(&self) {
        let mut connection = self.connection().await;
        let _: () = redis::cmd("FLUSHALL").query_async(&mut connection).await.unwrap();
    }

    /// Puts something wrong under every key of ours.
    async fn spoil(&mut self) {
        let mut connection = self.connection().await;
        let keys: Vec<String> = connection.keys("chengping:*").await.unwrap();
        for key in &keys {
            let value: Option<Vec<u8>> = connection.get(key).await.unwrap();
            let Some(value) = value else { continue };
            let older = self.older.entry(key.clone()).or_insert_with(|| value.clone()).clone();
            let wrong: Vec<u8> = match self.dice.any() % 5 {
                0 => b"garbage".to_vec(),
                1 => Vec::new(),
                2 => value[..value.len() / 2].to_vec(),
                // Of another key.
                3 => {
                    let other: Option<Vec<u8>> =
                        connection.get(self.dice.pick(&keys)).await.unwrap();
                    other.unwrap_or_default()
                }
                // Of the same key, from before.
                _ => older,
            };
            let _: () = connection.set(key, wrong).await.unwrap();
            self.spoilt += 1;
        }
    }
}
