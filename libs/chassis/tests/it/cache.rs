use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use chengping_chassis::cache::Cache;
use chengping_chassis::config::{CacheConfig, Secret};
use chengping_testing::{FaultProxy, RedisServer, eventually, free_port};

const LONG: Duration = Duration::from_secs(3600);

fn value() -> Bytes {
    Bytes::from_static(b"value\0\xff")
}

/// What every cache does.
async fn behaves_as_a_cache(cache: &Cache) {
    assert_eq!(cache.get("suite/missing").await, None);

    cache.put("suite/key", value(), LONG).await;
    assert_eq!(cache.get("suite/key").await, Some(value()));
    assert_eq!(cache.clone().get("suite/key").await, Some(value()));

    cache.put("suite/key", Bytes::from_static(b"newer"), LONG).await;
    assert_eq!(cache.get("suite/key").await, Some(Bytes::from_static(b"newer")));

    cache.put("suite/empty", Bytes::new(), LONG).await;
    assert_eq!(cache.get("suite/empty").await, Some(Bytes::new()));

    let large = Bytes::from(vec![7; 1 << 20]);
    cache.put("suite/large", large.clone(), LONG).await;
    assert_eq!(cache.get("suite/large").await, Some(large));

    cache.put("suite/never", value(), Duration::ZERO).await;
    assert_eq!(cache.get("suite/never").await, None);

    cache.put("suite/short", value(), Duration::from_millis(30)).await;
    let gone = eventually(async || cache.get("suite/short").await.is_none().then_some(())).await;
    assert!(gone.is_some());
}

async fn redis() -> Option<(RedisServer, Cache)> {
    let server = RedisServer::find().await?;
    let cache = Cache::redis(&Secret::new(server.url().to_owned())).unwrap();
    Some((server, cache))
}

#[tokio::test]
async fn memory_behaves_as_a_cache() {
    behaves_as_a_cache(&Cache::memory(16 << 20)).await;
}

#[tokio::test]
async fn redis_behaves_as_a_cache() {
    if let Some((_server, cache)) = redis().await {
        behaves_as_a_cache(&cache).await;
    }
}

#[tokio::test]
async fn the_configuration_chooses() {
    let mut config = CacheConfig::default();
    assert_eq!(format!("{:?}", Cache::new(&config).unwrap()), "Cache::Memory");
    config.redis_url = Some(Secret::new("redis://127.0.0.1:1".to_owned()));
    assert_eq!(format!("{:?}", Cache::new(&config).unwrap()), "Cache::Redis");
    config.redis_url = Some(Secret::new("http://127.0.0.1:1".to_owned()));
    assert!(Cache::new(&config).is_err());
}

#[tokio::test]
async fn memory_holds_no_more_than_its_capacity() {
    let cache = Cache::memory(1000);
    cache.put("fits", Bytes::from(vec![0; 100]), LONG).await;
    cache.put("too large", Bytes::from(vec![0; 2000]), LONG).await;
    let gone = eventually(async || cache.get("too large").await.is_none().then_some(())).await;
    assert!(gone.is_some());
}

#[tokio::test]
async fn a_damaged_value_is_a_miss() {
    let Some((server, cache)) = redis().await else { return };
    let client = redis::Client::open(server.url()).unwrap();
    let mut raw = client.get_multiplexed_async_connection().await.unwrap();
    for damaged in ["damage/appended", "damage/replaced", "damage/short"] {
        cache.put(damaged, value(), LONG).await;
    }
    cache.put("damage/other", value(), LONG).await;
    let run = async |raw: &mut redis::aio::MultiplexedConnection, command: &mut redis::Cmd| {
        let _: redis::Value = command.query_async(raw).await.unwrap();
    };
    run(&mut raw, redis::cmd("APPEND").arg("damage/appended").arg("x")).await;
    run(&mut raw, redis::cmd("SET").arg("damage/short").arg("x")).await;
    run(&mut raw, redis::cmd("COPY").arg("damage/other").arg("damage/replaced").arg("REPLACE"))
        .await;
    for damaged in ["damage/appended", "damage/replaced", "damage/short"] {
        assert_eq!(cache.get(damaged).await, None, "{damaged}");
    }
    assert_eq!(cache.get("damage/other").await, Some(value()));
}

#[tokio::test]
async fn a_server_that_was_never_there_is_a_miss() {
    let url = format!("redis://127.0.0.1:{}", free_port().unwrap());
    let cache = Cache::redis(&Secret::new(url)).unwrap();
    cache.put("key", value(), LONG).await;
    assert_eq!(cache.get("key").await, None);
}

#[tokio::test]
async fn a_broken_or_silent_network_is_a_miss_until_it_works_again() {
    let Some((server, _)) = redis().await else { return };
    let target: SocketAddr = server.url().trim_start_matches("redis://").parse().unwrap();
    let proxy = FaultProxy::start(target).await.unwrap();
    let cache = Cache::redis(&Secret::new(format!("redis://{}", proxy.address()))).unwrap();
    cache.put("net/key", value(), LONG).await;
    assert_eq!(cache.get("net/key").await, Some(value()));

    for break_it in [FaultProxy::stall, FaultProxy::cut] {
        break_it(&proxy);
        assert_eq!(cache.get("net/key").await, None);
        cache.put("net/key", value(), LONG).await;
        proxy.restore();
        let back = eventually(async || cache.get("net/key").await).await;
        assert_eq!(back, Some(value()));
    }
}
