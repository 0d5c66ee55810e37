//! What is kept, for how long, and whom it is safe from.

use std::num::NonZeroU64;
use std::time::Duration;

use chengping_chassis::cache::Cache;
use chengping_chassis::config::{CacheConfig, Secret};
use chengping_proto::scoring::v1 as pb;
use chengping_testing::RedisServer;
use redis::AsyncCommands as _;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tonic::Code;

use crate::service::{refusal, scorecard, start, start_with, wish};

#[tokio::test]
async fn another_process_explains_a_stored_evaluation_without_peers() {
    let mut service = start().await;
    let evaluation = service.evaluate().await;
    let before = scorecard(&mut service.client, &evaluation.name, "d01").await;
    service.network.cut();
    let mut beside = service.beside().await;
    assert_eq!(scorecard(&mut beside, &evaluation.name, "d01").await, before);
}

#[tokio::test]
async fn nobody_changes_an_evaluation() {
    let mut service = start().await;
    service.evaluate().await;
    let mut admin = PgConnection::connect(service.database.admin_url()).await.unwrap();
    admin.execute("set search_path = scoring").await.unwrap();
    let mut own = service.pool.acquire().await.unwrap();
    for change in [
        "update evaluation set digest = 'x'",
        "delete from evaluation",
        "update evaluation_document set data = ''",
        "delete from evaluation_document",
        "truncate evaluation_document",
        "truncate evaluation, evaluation_document",
    ] {
        let error = admin.execute(change).await.unwrap_err();
        assert!(error.to_string().contains("never changed"), "{change}: {error}");
        own.execute(change).await.unwrap_err();
    }
    assert_eq!(service.evaluations().await, 1);
}

#[tokio::test]
async fn an_evaluation_that_was_changed_by_force_is_not_explained() {
    let mut service = start().await;
    let evaluation = service.evaluate().await;
    let mut admin = PgConnection::connect(service.database.admin_url()).await.unwrap();
    admin.execute("set session_replication_role = replica").await.unwrap();
    let change = r#"update scoring.evaluation_document set data =
        convert_to(replace(convert_from(data, 'UTF8'), '"due":', '"due":1'), 'UTF8')"#;
    admin.execute(change).await.unwrap();

    let mut beside = service.beside().await;
    let name = format!("{}/scorecards/d01", evaluation.name);
    let status = beside.get_scorecard(pb::GetScorecardRequest { name }).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::DataLoss, "EVALUATION_DIGEST_MISMATCH".to_owned()));
}

#[tokio::test]
async fn a_poisoned_cache_changes_nothing() {
    let Some(redis) = RedisServer::find().await else { return };
    let url = Secret::new(redis.url().to_owned());
    let config = CacheConfig {
        redis_url: Some(url.clone()),
        capacity_bytes: NonZeroU64::new(1 << 20).unwrap(),
    };
    let mut service = start_with(config.clone()).await;
    let evaluation = service.evaluate().await;
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let keys: Vec<String> = connection.keys("chengping:{zz}:tallies:*").await.unwrap();
    assert!(keys.len() >= 13, "{keys:?}");

    let cache = Cache::redis(&url).unwrap();
    let sealed: Vec<u8> = connection.get(&keys[0]).await.unwrap();
    let mut flipped = sealed.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let damages = [Some(Vec::new()), Some(b"junk".to_vec()), Some(flipped), None];
    for damage in damages {
        for key in &keys {
            match &damage {
                // Bytes that the cache itself can tell from what it was given.
                Some(bytes) => connection.set::<_, _, ()>(key, bytes).await.unwrap(),
                // Well kept, but no counts.
                None => {
                    let counts = br#"{"bodies":{},"total":{"regular":{"due":0}}}"#;
                    cache.put(key, counts[..].into(), Duration::from_secs(60)).await;
                }
            }
        }
        service.peers.know().asked.clear();
        let mut beside = service.beside_with(config.clone()).await;
        let again = beside.create_evaluation(wish()).await.unwrap().into_inner();
        assert_eq!(again.digest, evaluation.digest);
        let further = service.peers.know().asked[0].further_months.len();
        assert_eq!(further, 12, "all is counted anew");
    }
    service.peers.know().asked.clear();
    service.evaluate().await;
    assert!(service.peers.know().asked.is_empty(), "what was counted anew is remembered");
}
