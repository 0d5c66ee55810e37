//! The cache of live scores, as somebody finds it who may write to it.

use chengping_testing::eventually;
use chengping_types::Digest;
use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;
use serde_json::Value;

const ENTRY: &str = "chengping:{town}:live:1:*";
const ALL: &str = "chengping:{town}:live*";
const SEAL: usize = 32;

pub(crate) struct Memory(MultiplexedConnection);

/// A value as the cache has it: behind the digest of its key and itself.
fn sealed(key: &str, value: &[u8]) -> Vec<u8> {
    let length = u64::try_from(key.len()).unwrap().to_be_bytes();
    let digest = Digest::of(&[&length[..], key.as_bytes(), value].concat());
    [&digest.as_bytes()[..], value].concat()
}

impl Memory {
    pub(crate) async fn connect(url: &str) -> Self {
        let client = redis::Client::open(url).unwrap();
        Self(client.get_multiplexed_async_connection().await.unwrap())
    }

    async fn keys(&self, pattern: &str) -> Vec<String> {
        self.0.clone().keys(pattern).await.unwrap()
    }

    async fn json(&self, key: &str) -> Value {
        let value: Vec<u8> = self.0.clone().get(key).await.unwrap();
        serde_json::from_slice(&value[SEAL..]).unwrap()
    }

    async fn put(&self, key: &str, value: &[u8]) {
        let () = self.0.clone().set(key, sealed(key, value)).await.unwrap();
    }

    pub(crate) async fn flush(&self) {
        let () = redis::cmd("FLUSHALL").query_async(&mut self.0.clone()).await.unwrap();
    }

    /// Waits until it is written down which counts belong to which moment.
    pub(crate) async fn wait_for_entry(&self) {
        let found = eventually(async || {
            let keys = self.keys(ENTRY).await;
            (!keys.is_empty()).then_some(())
        });
        found.await.expect("an entry is written");
    }

    pub(crate) async fn forget_entry(&self) {
        for key in self.keys(ENTRY).await {
            let () = self.0.clone().del(key).await.unwrap();
        }
    }

    /// Every value becomes this one.
    pub(crate) async fn fill_with(&self, value: &[u8]) {
        for key in self.keys(ALL).await {
            self.put(&key, value).await;
        }
    }

    /// Counts of the month that runs become others, sealed as good ones are.
    pub(crate) async fn falsify(&self) {
        for key in self.keys(ENTRY).await {
            let mut entry = self.json(&key).await;
            let month = &mut entry["months"][0]["digest"];
            let of_month = |digest: &str| format!("chengping:{{town}}:live-tallies:1:{digest}");
            let mut tallies = self.json(&of_month(month.as_str().unwrap())).await;
            for streams in tallies["bodies"].as_object_mut().unwrap().values_mut() {
                for parts in streams.as_object_mut().unwrap().values_mut() {
                    for cell in parts.as_object_mut().unwrap().values_mut() {
                        let due = cell["due"].as_u64().unwrap_or_default();
                        cell["due"] = (due + 7).into();
                    }
                }
            }
            let bytes = serde_json::to_vec(&tallies).unwrap();
            let digest = Digest::of(&bytes).to_string();
            self.put(&of_month(&digest), &bytes).await;
            *month = digest.into();
            self.put(&key, &serde_json::to_vec(&entry).unwrap()).await;
        }
    }
}
