//! Live scores follow the stream, and are at every moment those of an evaluation at the same view.

mod town;
mod watcher;

use std::num::NonZeroU32;

use chengping_chassis::config::CacheConfig;
use chengping_scoring_service::LiveConfig;

use self::town::{Scoring, Town};
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
