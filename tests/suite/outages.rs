//! Nothing that was acknowledged is lost or doubled, whatever breaks, and what could not be
//! acknowledged can be sent again: the months come out as if nothing had happened.
//!
//! `make test` breaks things twelve times, each in another way; `make chaos` two hundred times.
//! `CHENGPING_CHAOS_SEED` and `CHENGPING_CHAOS_MOMENTS` choose otherwise.

mod month;
mod platform;
mod pressure;
mod trouble;
mod world;

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::{Duration, Instant};

use chengping_testing::{Cluster, Dice, TestDatabase};

use self::month::month;
use self::platform::Platform;
use self::trouble::{DECK, Trouble};
use self::world::World;

/// The jurisdiction.
pub(crate) const ZZ: &str = "jurisdictions/zz";

const SEED: u64 = 20_261_130;
/// Connections that send at the same time, each one stream after the other.
const WORKERS: u64 = 6;
/// The longest wait before something breaks, in milliseconds.
const PAUSE_MS: u64 = 120;
/// Of the batches of a stream, fewer than so many were acknowledged before.
const AGAIN: u64 = 4;
/// How long it may take until things go on. Long, since only failures wait that long.
const RECOVERY: Duration = Duration::from_secs(120);
/// Acknowledgements between two moments, at most.
const MORE_MAX: u64 = 16;

/// What a run may be told by the environment.
fn setting<T: FromStr>(name: &str, default: T) -> T {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")),
        Err(_) => default,
    }
}

/// Test output: how a failure is repeated, and what a long run did.
#[expect(clippy::print_stderr, reason = "for whoever runs the test")]
fn say(text: &str) {
    eprintln!("{text}");
}

/// What a month came out as.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    watermark: i64,
    rejects: BTreeSet<String>,
    snapshot: String,
    results: String,
    document: Vec<u8>,
}

impl Outcome {
    async fn of(world: &World) -> Self {
        let snapshot = world.json(&["freeze"]);
        let evaluation = world.json(&["evaluate"]);
        assert_eq!(snapshot["digest"], evaluation["snapshot_digest"]);
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        Self {
            watermark: world.check_ledger().await,
            rejects: world.open_rejects().await,
            snapshot: text(&snapshot["digest"]),
            results: text(&evaluation["digest"]),
            document: world.run(&["results", "--format", "json"]),
        }
    }
}

/// What `platform` has is taken in without any trouble.
async fn undisturbed(cluster: &Cluster, cases: u64, seed: u64) -> Outcome {
    let database = TestDatabase::on(&cluster.admin_url()).await.unwrap();
    let world = World::start(&database, cluster.socket(), cases, &[]).await;
    let platform = Platform::new(month(cases), &world, seed, 1);
    let workers = platform.start(WORKERS);
    platform.release(1, 1);
    platform.finish(workers).await;
    world.check(&platform.acknowledged()).await;
    let outcome = Outcome::of(&world).await;
    world.stop().await;
    outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_comes_out_the_same_whatever_broke_while_it_was_taken_in() {
    let seed = setting("CHENGPING_CHAOS_SEED", SEED);
    let moments = setting("CHENGPING_CHAOS_MOMENTS", u64::try_from(DECK.len()).unwrap());
    say(&format!("CHENGPING_CHAOS_SEED={seed} CHENGPING_CHAOS_MOMENTS={moments}"));
    let begun = Instant::now();
    // So that there is something new at every moment.
    let cases = 60 + moments * 2;
    let mut cluster = Cluster::start_durable().await.unwrap();
    let expected = undisturbed(&cluster, cases, seed).await;

    let database = TestDatabase::on(&cluster.admin_url()).await.unwrap();
    let mut world = World::start(&database, cluster.socket(), cases, &world::IMPATIENT).await;
    let platform = Platform::new(month(cases), &world, seed, AGAIN);
    let workers = platform.start(WORKERS);
    let mut dice = Dice(seed);
    let mut deck: Vec<Trouble> = Vec::new();
    for moment in 1..=moments {
        if deck.is_empty() {
            deck = DECK.to_vec();
            dice.shuffle(&mut deck);
        }
        let trouble = deck.pop().unwrap();
        let before = platform.acknowledged().len();
        platform.release(moment, moments);
        tokio::time::sleep(Duration::from_millis(dice.below(PAUSE_MS))).await;
        trouble.happen(&mut world, &mut cluster, &mut dice).await;
        // What was acknowledged by now has to be there, whatever was cut off behind it.
        let acknowledged = platform.acknowledged();
        let told = platform.answers();
        let more = 1 + dice.below(MORE_MAX);
        let goes_on = tokio::time::timeout(RECOVERY, platform.answers_reach(told + more)).await;
        let what = format!("moment {moment}: {trouble:?}, seed {seed}");
        assert!(goes_on.is_ok(), "{what}: nothing is acknowledged any more\n{}", world.log());
        world.check(&acknowledged).await;
        say(&format!(
            "{what}: {} batches acknowledged before, {} after, {} answers in all",
            before,
            acknowledged.len(),
            platform.answers()
        ));
    }
    platform.finish(workers).await;
    world.check(&platform.acknowledged()).await;
    let found = Outcome::of(&world).await;
    assert_eq!(found.watermark, expected.watermark, "seed {seed}");
    assert_eq!(found.rejects, expected.rejects, "seed {seed}");
    assert_eq!(found.snapshot, expected.snapshot, "seed {seed}");
    assert_eq!(found.results, expected.results, "seed {seed}");
    assert!(found.document == expected.document, "another document, seed {seed}");
    let (broken, answers) = (platform.broken(), platform.answers());
    assert!(broken > 0, "nothing broke");
    world.stop().await;
    say(&format!(
        "{moments} moments in {} s: {} records, {} rejects, {answers} batches acknowledged, \
         {broken} streams broken off",
        begun.elapsed().as_secs(),
        found.watermark,
        found.rejects.len(),
    ));
}
