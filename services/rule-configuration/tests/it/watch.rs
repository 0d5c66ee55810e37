//! Watching what is in force.

use chengping_chassis::client::TracedChannel;
use chengping_proto::rules::v1 as pb;
use chengping_proto::rules::v1::rule_pack_service_client::RulePackServiceClient;
use tonic::{Code, Streaming};

use crate::service::{Settings, ZZ, activate, refusal, source, start, start_beside, start_with};

type Stream = Streaming<pb::WatchRulePacksResponse>;

async fn watch(packs: &mut RulePackServiceClient<TracedChannel>, token: &str) -> Stream {
    let request =
        pb::WatchRulePacksRequest { parent: ZZ.to_owned(), resume_token: token.to_owned() };
    packs.watch_rule_packs(request).await.unwrap().into_inner()
}

/// The next message that is no keep-alive: the number of its revision and its token.
async fn next(stream: &mut Stream) -> (i64, String) {
    loop {
        let message = stream.message().await.unwrap().unwrap();
        if let Some(revision) = message.revision {
            assert!(revision.source.is_empty() && !revision.canonical.is_empty());
            return (revision.revision, message.resume_token);
        }
    }
}

#[tokio::test]
async fn a_watch_tells_what_is_in_force_and_then_each_change_at_once() {
    let mut service = start().await;
    service.active(source("一"), "2018-03").await;
    service.active(source("二"), "2018-03").await;
    let mut stream = watch(&mut service.packs, "").await;
    // The first was replaced for its only month.
    assert_eq!(next(&mut stream).await.0, 2);
    // A single message must not wait for others; the poll would come after minutes.
    service.active(source("三"), "2018-04").await;
    assert_eq!(next(&mut stream).await.0, 3);
}

#[tokio::test]
async fn a_watch_goes_on_where_it_broke_off_and_misses_nothing() {
    let mut service = start().await;
    service.active(source("一"), "2018-03").await;
    let mut stream = watch(&mut service.packs, "").await;
    let (_, token) = next(&mut stream).await;
    drop(stream);
    for title in ["二", "三", "四"] {
        service.active(source(title), "2018-05").await;
    }
    let mut stream = watch(&mut service.packs, &token).await;
    let mut token = String::new();
    for expected in 2..=3 {
        let (revision, next_token) = next(&mut stream).await;
        assert_eq!(revision, expected);
        token = next_token;
    }
    drop(stream);
    let mut stream = watch(&mut service.packs, &token).await;
    assert_eq!(next(&mut stream).await.0, 4);
}

#[tokio::test]
async fn a_watch_goes_on_over_more_activations_than_are_read_at_a_time() {
    const MANY: usize = 230;
    let mut service = start().await;
    let first = service.active(source("一"), "2018-03").await.name;
    let (_, token) = next(&mut watch(&mut service.packs, "").await).await;
    let second = service.approved(source("二")).await.name;
    // What was replaced may come back.
    for name in [&second, &first].into_iter().cycle().take(MANY) {
        activate(&mut service.packs, name, "2018-03").await.unwrap();
    }
    let mut stream = watch(&mut service.packs, &token).await;
    for expected in [2, 1].into_iter().cycle().take(MANY) {
        assert_eq!(next(&mut stream).await.0, expected);
    }
    // And each change comes alone from there on.
    activate(&mut service.packs, &second, "2018-03").await.unwrap();
    assert_eq!(next(&mut stream).await.0, 2);
}

#[tokio::test]
async fn a_change_through_another_process_is_found_by_looking() {
    let mut service = start().await;
    let quick = Settings { poll_ms: 20, ..Settings::default() };
    let (mut beside, shutdown) = start_beside(&service, quick).await;
    let mut stream = watch(&mut beside, "").await;
    service.active(source("一"), "2018-03").await;
    assert_eq!(next(&mut stream).await.0, 1);
    shutdown.cancel();
}

#[tokio::test]
async fn a_quiet_watch_says_that_all_is_well() {
    let settings = Settings { keep_alive_ms: 20, ..Settings::default() };
    let mut service = start_with(settings).await;
    let mut stream = watch(&mut service.packs, "").await;
    let message = stream.message().await.unwrap().unwrap();
    assert_eq!(message.revision, None);
    service.active(source("一"), "2018-03").await;
    let mut stream = watch(&mut service.packs, &message.resume_token).await;
    assert_eq!(next(&mut stream).await.0, 1);
}

#[tokio::test]
async fn a_watch_ends_with_the_service_and_says_why() {
    let mut service = start().await;
    let mut stream = watch(&mut service.packs, "").await;
    service.shutdown.cancel();
    let status = stream.message().await.unwrap_err();
    assert_eq!(refusal(&status), (Code::Unavailable, "SERVICE_STOPPING".to_owned()));
}

#[tokio::test]
async fn a_token_of_somebody_else_is_refused() {
    let mut service = start().await;
    service.active(source("一"), "2018-03").await;
    let (_, foreign) = next(&mut watch(&mut service.packs, "").await).await;
    let parent = "jurisdictions/kf".to_owned();
    let request = pb::WatchRulePacksRequest { parent, resume_token: foreign };
    let status = service.packs.watch_rule_packs(request).await.unwrap_err();
    assert_eq!(refusal(&status), (Code::InvalidArgument, "RESUME_TOKEN_INVALID".to_owned()));
    for token in ["nonsense", "AQ"] {
        let request =
            pb::WatchRulePacksRequest { parent: ZZ.to_owned(), resume_token: token.to_owned() };
        let status = service.packs.watch_rule_packs(request).await.unwrap_err();
        assert_eq!(refusal(&status), (Code::InvalidArgument, "RESUME_TOKEN_INVALID".to_owned()));
    }
}
