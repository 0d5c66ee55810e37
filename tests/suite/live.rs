//! Live scores follow the stream, and are at every moment those of an evaluation at the same view.

mod memory;
mod process;
mod town;
mod watcher;

use std::num::NonZeroU32;

use chengping_chassis::config::{CacheConfig, Secret};
use chengping_proto::scoring::v1::WatchLiveScoresRequest;
use chengping_scoring_service::LiveConfig;
use chengping_testing::RedisServer;

use self::memory::Memory;
use self::town::{Scoring, Town, ask};
use self::watcher::Watcher;

/// No recount comes in the way.
fn undisturbed() -> LiveConfig {
    LiveConfig { recount_s: NonZeroU32::new(86_400).unwrap(), linger_s: 3_600 }
}

async fn scoring(town: &Town) -> Scoring {
    town.scoring(CacheConfig::default(), undisturbed()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn at_every_moment_live_scores_are_those_of_an_evaluation() {
    let mut town = Town::start("04-02T09:00:10").await;
    town.advance("04-02T09:00:10", 1);
    let mut scoring = scoring(&town).await;
    let mut watcher = Watcher::start(&scoring).await;
    // Before the freeze of March and after it, from one minute to the next, after days in which
    // deadlines passed, and into May.
    let moments = [
        ("04-02T09:00:40", 1),
        ("04-02T09:01:10", 2),
        ("04-03T23:59:30", 3),
        ("04-04T00:00:30", 1),
        ("04-12T12:00:00", 4),
        ("04-12T12:03:59", 2),
        ("04-30T23:58:30", 3),
        ("05-01T00:01:00", 1),
        ("05-09T08:00:01", 2),
    ];
    let mut warned = 0;
    for (moment, batches) in moments {
        town.advance(moment, batches);
        watcher.catch_up(&town).await;
        let expected = watcher.expected(&town, &mut scoring.client).await;
        watcher.assert_is(&expected);
        assert_eq!(watcher.last.month, format!("2018-{}", &moment[..2]));
        assert!(expected.cards.values().any(|card| !card.score.is_empty()));
        warned = warned.max(watcher.warnings.len());
    }
    assert_eq!(watcher.wholes, 2, "one of each month");
    assert!(warned > 0 && watcher.over > 0, "{warned} warnings, {} ended", watcher.over);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_does_not_read_keeps_nobody_waiting_and_is_told_the_latest() {
    let mut town = Town::start("04-02T09:00:10").await;
    town.advance("04-02T09:00:10", 1);
    let mut scoring = scoring(&town).await;
    let mut idle = Watcher::start_by(scoring.narrow_client()).await;
    let mut watcher = Watcher::start(&scoring).await;
    for day in 3..=30 {
        town.advance(&format!("04-{day:02}T12:00:10"), 1);
        watcher.catch_up(&town).await;
    }
    let expected = watcher.expected(&town, &mut scoring.client).await;
    watcher.assert_is(&expected);
    idle.catch_up(&town).await;
    idle.assert_is(&expected);
    let (told, read) = (idle.messages, watcher.messages);
    assert!(told < read, "{told} messages wait for who does not read, of {read}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn other_rules_and_another_registry_begin_anew_in_mid_watch() {
    let mut town = Town::start("04-12T12:00:10").await;
    town.advance("04-12T12:00:10", 1);
    let mut scoring = scoring(&town).await;
    let mut watcher = Watcher::start(&scoring).await;
    watcher.converge(&town, &mut scoring.client).await;

    let text = chengping_rules::builtin("zz-2018").unwrap();
    let text = text.replacen("adds_up: true", "adds_up: false", 1);
    let text = text.replacen("due, weight: 30", "due, weight: 29", 1);
    let file = town.scratch("rules.yaml", &text);
    let rules = watcher.last.rule_pack_revision.clone();
    town.run(&["rules", "apply", "--activate-from", "2018-04", &file]).expect(0);
    while watcher.last.rule_pack_revision == rules {
        watcher.next().await.unwrap();
    }
    assert!(watcher.last.is_whole);
    watcher.converge(&town, &mut scoring.client).await;

    let rows = "body_id,zone,road_sections,difficulty,valid_from,approved_by,reason\n\
                d01,general,372,1.45,2018-04,评价办公室,重新核定\n";
    let file = town.scratch("coefficients.csv", rows);
    let registry = watcher.last.registry_revision.clone();
    town.run(&["registry", "import", &file]).expect(0);
    while watcher.last.registry_revision == registry {
        watcher.next().await.unwrap();
    }
    assert!(watcher.last.is_whole);
    town.advance("04-13T09:00:00", 2);
    watcher.catch_up(&town).await;
    let expected = watcher.expected(&town, &mut scoring.client).await;
    watcher.assert_is(&expected);
    assert_eq!(watcher.wholes, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_restart_a_lost_cache_and_a_poisoned_one_leave_no_wrong_number() {
    let Some(redis) = RedisServer::own().await else { return };
    let url = Secret::from(redis.url().to_owned());
    let cache = CacheConfig { redis_url: Some(url), ..CacheConfig::default() };
    // Who has nobody to show it to writes down where it is, and ends.
    let live = LiveConfig { linger_s: 0, ..undisturbed() };
    let memory = Memory::connect(redis.url()).await;
    let mut town = Town::start("04-12T12:00:10").await;
    town.advance("04-12T12:00:10", 1);

    let mut first = town.scoring(cache.clone(), live).await;
    let mut watcher = Watcher::start(&first).await;
    memory.flush().await;
    town.advance("04-12T12:05:00", 2);
    watcher.catch_up(&town).await;
    let expected = watcher.expected(&town, &mut first.client).await;
    watcher.assert_is(&expected);
    let stood = watcher.warnings.clone();
    drop(watcher);
    memory.wait_for_entry().await;
    first.stop();

    // What was remembered is gone on from, with what came in between.
    town.advance("04-13T09:00:00", 1);
    let mut second = town.scoring(cache.clone(), live).await;
    let mut watcher = Watcher::start(&second).await;
    watcher.catch_up(&town).await;
    let expected = watcher.expected(&town, &mut second.client).await;
    watcher.assert_is(&expected);
    let stands = |place: &_| watcher.warnings.get(place).map(|warning| warning.start_time);
    let since = stood.iter().filter(|(place, one)| stands(place) == Some(one.start_time));
    assert!(since.count() > 0, "warnings stand since they were first seen");
    memory.forget_entry().await;
    drop(watcher);
    memory.wait_for_entry().await;
    second.stop();

    // Wrong numbers under good seals are believed for a moment, until they are recounted.
    memory.falsify().await;
    let mut third = town.scoring(cache.clone(), live).await;
    let mut watcher = Watcher::start(&third).await;
    let expected = watcher.expected(&town, &mut third.client).await;
    assert!(watcher.difference(&expected).is_some(), "it goes on from what is remembered");
    watcher.converge(&town, &mut third.client).await;
    memory.forget_entry().await;
    drop(watcher);
    memory.wait_for_entry().await;
    third.stop();

    memory.fill_with(b"not what it should be").await;
    let mut fourth = town.scoring(cache, live).await;
    let watcher = Watcher::start(&fourth).await;
    let expected = watcher.expected(&town, &mut fourth.client).await;
    watcher.assert_is(&expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_asks_for_a_body_is_told_of_it_alone() {
    let mut town = Town::start("04-12T12:00:10").await;
    town.advance("04-12T12:00:10", 1);
    let scoring = scoring(&town).await;
    let request = WatchLiveScoresRequest { body_ids: vec!["d01".to_owned()], ..ask() };
    let mut client = scoring.client.clone();
    let mut stream = client.watch_live_scores(request).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap();
    let bodies: Vec<_> = first.scorecards.iter().map(|card| card.body_id.as_str()).collect();
    assert_eq!(bodies, ["d01"]);
    assert!(first.warnings.iter().all(|warning| warning.body_id == "d01"));
    town.advance("04-14T12:00:10", 3);
    let mut told = first.watermark;
    while told < town.watermark().await {
        let message = stream.message().await.unwrap().unwrap();
        assert!(message.scorecards.iter().all(|card| card.body_id == "d01"));
        told = message.watermark;
    }
}
