//! From the acknowledgement of an event to live scores that have seen it: the suite with a PostgreSQL
//! of its own in another process, six hundred bodies, a hundred thousand open cases of the month that
//! runs, and ten thousand events a second for thirty seconds.
//!
//! Batches leave when the clock says so, whether or not those before are acknowledged, so that a
//! service that falls behind is not asked less.

mod month;
mod stream;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chengping_proto::scoring::v1::WatchLiveScoresRequest;
use chengping_proto::scoring::v1::evaluation_service_client::EvaluationServiceClient;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use self::stream::{Acknowledged, micros};
use crate::stopwatch::percentiles;
use crate::suite::Suite;

/// Whose month runs.
const JURISDICTION: &str = "bench";
const CASES: usize = 100_000;
const BATCH: usize = 500;
const BATCHES: usize = 600;
/// Between two batches: ten thousand events a second.
const PACE: Duration = Duration::from_millis(50);
/// How long the last events may take to show.
const PATIENCE: Duration = Duration::from_secs(60);

/// A message of the watch.
#[derive(Debug, Clone, Copy)]
struct Told {
    at: Instant,
    watermark: i64,
    /// Microseconds since 1970 UTC.
    as_of: i64,
}

pub(crate) fn measure(chengping: &Path) -> anyhow::Result<Value> {
    let runtime = tokio::runtime::Runtime::new()?;
    let folder = std::env::temp_dir().join(format!("chengping-bench-{}", std::process::id()));
    let measured = runtime.block_on(measure_in(chengping, &folder));
    std::fs::remove_dir_all(&folder).ok();
    measured
}

async fn measure_in(chengping: &Path, folder: &Path) -> anyhow::Result<Value> {
    month::write(&folder.join("files"), CASES)?;
    let suite = Suite::start(chengping, &folder.join("data"), None)?;
    suite.bring_in(JURISDICTION, &folder.join("files"))?;
    let mut client = EvaluationServiceClient::connect(suite.address.clone())
        .await?
        .max_decoding_message_size(64 << 20);
    let start = Instant::now();
    let request = WatchLiveScoresRequest {
        parent: format!("jurisdictions/{JURISDICTION}"),
        body_ids: Vec::new(),
    };
    let mut messages = client.watch_live_scores(request).await?.into_inner();
    let first = messages.message().await?.context("a first message")?;
    let cold = start.elapsed();
    let goal = first.watermark + i64::try_from(BATCH * BATCHES)?;
    let watching: JoinHandle<anyhow::Result<Vec<Told>>> = tokio::spawn(async move {
        let mut told = Vec::new();
        while let Some(message) = messages.message().await? {
            let (watermark, as_of) = (message.watermark, micros(message.as_of.as_ref()));
            told.push(Told { at: Instant::now(), watermark, as_of });
            if watermark >= goal {
                break;
            }
        }
        Ok(told)
    });
    let batches = (0..BATCHES).map(|batch| (batch * BATCH..(batch + 1) * BATCH, batch));
    let sent = Instant::now();
    let acknowledged = stream::send(&suite.address, batches, CASES, PACE).await?;
    let took = sent.elapsed();
    let told = tokio::time::timeout(PATIENCE, watching).await.context("all events shown")???;
    let mut report = report(&acknowledged, &told);
    report["bodies"] = first.scorecards.len().into();
    report["cases"] = CASES.into();
    report["cold_seconds"] = cold.as_secs_f64().into();
    report["seconds"] = took.as_secs_f64().into();
    report["events"] = (BATCH * BATCHES).into();
    report["rate"] = ((BATCH * BATCHES) as f64 / took.as_secs_f64()).into();
    Ok(report)
}

/// How long each batch took from its acknowledgement to the first message that has seen it.
fn report(acknowledged: &[Acknowledged], told: &[Told]) -> Value {
    let mut times = Vec::new();
    let mut unseen = 0;
    for batch in acknowledged {
        let sees = |told: &&Told| told.watermark >= batch.watermark && told.as_of > batch.last_at;
        match told.iter().find(sees) {
            Some(told) => times.push(told.at.saturating_duration_since(batch.at)),
            None => unseen += 1,
        }
    }
    let behind = acknowledged.iter().map(|batch| batch.behind.as_secs_f64());
    let mut minutes: Vec<_> = told.iter().map(|told| told.as_of).collect();
    minutes.dedup();
    json!({
        "batches": acknowledged.len(),
        "unseen": unseen,
        "latency": percentiles(&times),
        "messages": told.len(),
        "minutes": minutes.len(),
        "acknowledged_behind_max": behind.fold(0.0, f64::max),
    })
}

/// The numbers for reading.
pub(crate) fn lines(measured: &Value) -> String {
    let number = |key: &str| measured[key].as_f64().unwrap_or(f64::NAN);
    let latency = |key: &str| measured["latency"][key].as_f64().unwrap_or(f64::NAN);
    format!(
        "live scores of {} bodies with {} open cases, {} events in {:.1} s ({:.0} a second), {} \
         messages over {} minutes\n  from the acknowledgement to the scores: p50 {:.0} ms, p99 {:.0} \
         ms, max {:.0} ms; {} batches unseen\n  the first message, which counts: {:.1} s; a batch \
         was acknowledged at most {:.1} s after its time",
        measured["bodies"],
        measured["cases"],
        measured["events"],
        number("seconds"),
        number("rate"),
        measured["messages"],
        measured["minutes"],
        1000.0 * latency("p50"),
        1000.0 * latency("p99"),
        1000.0 * latency("max"),
        measured["unseen"],
        number("cold_seconds"),
        number("acknowledged_behind_max"),
    )
}
