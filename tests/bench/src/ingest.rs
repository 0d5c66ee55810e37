//! How fast events are taken in through gRPC, acknowledged after their commit, beside psql's `COPY` of
//! the same rows into the same tables of the same PostgreSQL, and beside a service that inserts row
//! by row. The rounds take turns; cases are there before the clock runs, and nothing of a round before
//! is left to be packed.
//!
//! Then the same with two years of history in the tables, which PostgreSQL has vacuumed long ago, and
//! a long stream during which the memory of the suite is watched.

mod client;
mod database;
mod inserting;
mod story;

use std::fs;
use std::path::Path;
use std::time::Duration;

use chengping_chassis::postgres::private::{Options, PrivatePostgres};
use chengping_types::Month;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use self::client::{Client, Taken};
use self::database::Database;
use self::story::{BATCH, Story};
use crate::stopwatch::{median, percentiles};
use crate::suite::Suite;

/// Rounds of each.
const ROUNDS: usize = 3;
/// Events that are inserted row by row: more of them take too long.
const ROW_BY_ROW: usize = 50_000;
/// Months of history, each with one event for so many of a round.
const HISTORY_MONTHS: i32 = 24;
const HISTORY_SHARE: usize = 4;
/// Rounds that the long stream is as long as.
const LONG: usize = 10;

pub(crate) fn measure(chengping: &Path, events: usize) -> anyhow::Result<Value> {
    let runtime = Runtime::new()?;
    let folder = tempfile::tempdir()?;
    // The account of the database has to get at the files.
    runtime.block_on(async {
        let private = PrivatePostgres::start(&Options::new(folder.path().join("postgres"))).await?;
        let measured = measure_on(&private, chengping, folder.path(), events).await;
        private.stop().await;
        measured
    })
}

/// Everything that a round needs.
struct Bench {
    suite: Suite,
    database: Database,
    month: Month,
    events: usize,
    rounds: usize,
}

async fn measure_on(
    private: &PrivatePostgres,
    chengping: &Path,
    folder: &Path,
    events: usize,
) -> anyhow::Result<Value> {
    let admin_url = private.create_database("chengping").await?;
    let suite = Suite::start(chengping, &folder.join("data"), Some(&admin_url))?;
    let files = folder.join("files");
    fs::create_dir_all(&files)?;
    let database = Database::new(admin_url, files)?;
    let month = crate::city::month();
    let mut bench = Bench { suite, database, month, events, rounds: 0 };

    let (mut empty, mut row_by_row) = (Rounds::default(), Vec::new());
    bench.round(&mut Rounds::default()).await?;
    for _ in 0..ROUNDS {
        bench.round(&mut empty).await?;
        row_by_row.push(bench.row_by_row().await?);
    }
    bench.history()?;
    let mut full = Rounds::default();
    bench.round(&mut Rounds::default()).await?;
    for _ in 0..ROUNDS {
        bench.round(&mut full).await?;
    }
    let (long, memory) = bench.long().await?;
    Ok(json!({
        "events": events,
        "batch": BATCH,
        "rounds": ROUNDS,
        "empty": empty.to_json(),
        "row_by_row_per_second": median(&row_by_row),
        "over_row_by_row": median(&empty.taken) / median(&row_by_row),
        "history_events": HISTORY_MONTHS * i32::try_from(events / HISTORY_SHARE)?,
        "history": full.to_json(),
        "history_over_empty": median(&full.taken) / median(&empty.taken),
        "long_events": LONG * events,
        "long_per_second": long.per_second(),
        "memory_bytes": memory,
        "latency": percentiles(&empty.latencies),
    }))
}

/// What rounds gave, in events a second.
#[derive(Default)]
struct Rounds {
    copied: Vec<f64>,
    taken: Vec<f64>,
    latencies: Vec<Duration>,
}

impl Rounds {
    fn to_json(&self) -> Value {
        let ratios = self.taken.iter().zip(&self.copied).map(|(taken, copied)| taken / copied);
        json!({
            "copied_per_second": median(&self.copied),
            "taken_per_second": median(&self.taken),
            "ratio": median(&ratios.collect::<Vec<_>>()),
        })
    }
}

impl Bench {
    /// A jurisdiction of its own for every round, with the bodies that the events name.
    fn jurisdiction(&mut self, what: &str) -> anyhow::Result<String> {
        self.rounds += 1;
        let jurisdiction = format!("{what}-{}", self.rounds);
        let bodies = self.database.file("bodies.csv");
        fs::write(&bodies, story::bodies(self.month))?;
        self.suite.run(&jurisdiction, &["registry", "import", &bodies.display().to_string()])?;
        Ok(jurisdiction)
    }

    /// The same events copied, and taken in.
    async fn round(&mut self, rounds: &mut Rounds) -> anyhow::Result<()> {
        let block = Story::new(self.month, 0).block(self.events);
        let copied = self.jurisdiction("copy")?;
        self.database.until_packed().await?;
        rounds.copied.push(self.database.copy(&copied, self.month, &block)?);
        let taken = self.jurisdiction("take")?;
        let mut client = Client::connect(&self.suite.address, &taken).await?;
        client.cases(&block).await?;
        self.database.until_packed().await?;
        let Taken { seconds, latencies } = client.events(vec![block]).await?;
        rounds.taken.push(self.events as f64 / seconds);
        rounds.latencies.extend(latencies);
        Ok(())
    }

    /// Events a second through a service that inserts each by itself.
    async fn row_by_row(&mut self) -> anyhow::Result<f64> {
        let block = Story::new(self.month, 0).block(ROW_BY_ROW.min(self.events));
        let jurisdiction = self.jurisdiction("rows")?;
        self.database.cases(&jurisdiction, self.month, &block)?;
        let server = inserting::Server::start(self.database.url(), self.month).await?;
        let mut client = Client::connect(&server.address, &jurisdiction).await?;
        self.database.until_packed().await?;
        let events = block.events();
        let taken = client.events(vec![block]).await?;
        Ok(events as f64 / taken.seconds)
    }

    /// Two years of events.
    fn history(&mut self) -> anyhow::Result<()> {
        let jurisdiction = self.jurisdiction("history")?;
        for back in (1..=HISTORY_MONTHS).rev() {
            let month = self.month.plus(-back);
            let share = self.events / HISTORY_SHARE;
            let block = Story::new(month, usize::try_from(back)?).block(share);
            self.database.copy(&jurisdiction, month, &block)?;
        }
        self.database.vacuum()
    }

    /// A long stream, with the most memory that the suite took during it.
    async fn long(&mut self) -> anyhow::Result<(Long, usize)> {
        let jurisdiction = self.jurisdiction("long")?;
        let mut client = Client::connect(&self.suite.address, &jurisdiction).await?;
        let mut story = Story::new(self.month, 1);
        let (mut long, mut memory) = (Long::default(), 0);
        for _ in 0..LONG {
            let block = story.block(self.events);
            client.cases(&block).await?;
            let watched = client::watch_memory(self.suite.process_id());
            let events = block.events();
            let taken = client.events(vec![block]).await?;
            memory = memory.max(watched.stop().await?);
            long.add(events, taken.seconds);
        }
        Ok((long, memory))
    }
}

/// A long stream.
#[derive(Default)]
struct Long {
    events: usize,
    seconds: f64,
}

impl Long {
    fn add(&mut self, events: usize, seconds: f64) {
        self.events += events;
        self.seconds += seconds;
    }

    fn per_second(&self) -> f64 {
        self.events as f64 / self.seconds
    }
}

/// The numbers for people.
pub(crate) fn lines(measured: &Value) -> String {
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    let of = |state: &str, key: &str| number(&measured[state][key]);
    let line = |name: &str, state: &str| {
        format!(
            "  {name:<28} taken in {:>9.0} events/s, COPY {:>9.0} events/s: {:.2} of it",
            of(state, "taken_per_second"),
            of(state, "copied_per_second"),
            of(state, "ratio"),
        )
    };
    let [p50, p99] = ["p50", "p99"].map(|which| 1000.0 * of("latency", which));
    [
        format!(
            "events taken in, {} a round in batches of {}, {} rounds each",
            measured["events"], measured["batch"], measured["rounds"],
        ),
        line("into empty tables", "empty"),
        line(&format!("with {} events before", measured["history_events"]), "history"),
        format!(
            "  with history over without: {:.2}; over a service that inserts row by row \
             ({:.0} events/s): {:.1}",
            number(&measured["history_over_empty"]),
            number(&measured["row_by_row_per_second"]),
            number(&measured["over_row_by_row"]),
        ),
        format!("  a batch is acknowledged after {p50:.0} ms (p50), {p99:.0} ms (p99)"),
        format!(
            "  {} events in a row: {:.0} events/s, most memory of the suite {:.0} MB",
            measured["long_events"],
            number(&measured["long_per_second"]),
            number(&measured["memory_bytes"]) / 1e6,
        ),
    ]
    .join("\n")
}
