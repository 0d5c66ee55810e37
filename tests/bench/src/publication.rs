//! What those who take results in wait for: a scorecard, beside a server that knows the same bytes
//! and does nothing else; a publication, from the call that makes it to the consumer; and a log of
//! ten thousand versions, by somebody who comes back.

mod cards;
mod resume;
mod told;

use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::city::month;
use crate::suite::Suite;

/// Whose month it is.
const JURISDICTION: &str = "bench";
const CASES: u64 = 20_000;

/// Runs the service on a database until it is killed.
pub(crate) async fn serve(database_url: String) -> anyhow::Result<()> {
    resume::serve(database_url).await
}

/// Measures all three.
pub(crate) fn measure(chengping: &Path) -> anyhow::Result<Value> {
    let runtime = tokio::runtime::Runtime::new()?;
    let folder = std::env::temp_dir().join(format!("chengping-bench-{}", std::process::id()));
    let measured = runtime.block_on(measure_in(chengping, &folder));
    std::fs::remove_dir_all(&folder).ok();
    measured
}

async fn measure_in(chengping: &Path, folder: &Path) -> anyhow::Result<Value> {
    let files = folder.join("files");
    let status = std::process::Command::new(chengping)
        .args(["generate", "--month", &month().to_string(), "--cases", &CASES.to_string(), "--out"])
        .arg(&files)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()?;
    anyhow::ensure!(status.success(), "`chengping generate` ended with {status}");
    let suite = Suite::start(chengping, &folder.join("data"), None)?;
    suite.bring_in(JURISDICTION, &files)?;
    let of = month().to_string();
    suite.run(JURISDICTION, &["evaluate", "--month", &of])?;
    suite.run(JURISDICTION, &["publish", "--month", &of])?;
    let cards = cards::measure(&suite, folder).await.context("scorecards")?;
    let told = told::measure(&suite, &of).await.context("publications")?;
    drop(suite);
    let resumed = resume::measure().await.context("coming back")?;
    Ok(json!({"cards": cards, "told": told, "resumed": resumed}))
}

/// The numbers for people.
pub(crate) fn lines(measured: &Value) -> String {
    let number =
        |pointer: &str| measured.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let millis = |pointer: &str| 1000.0 * number(pointer);
    format!(
        "scorecards, {:.0} bytes: {:.0} calls/s, a bare server {:.0} calls/s: {:.2} of it\n\
         publications of {:.0} bodies, {:.0} of them:\n  \
         from the answer to the consumer: p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms\n  \
         from the call to the consumer: p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms\n\
         coming back to {:.0} versions of {:.0} bodies: {:.2} s, the first after {:.1} ms; to the \
         last {:.0} of them: {:.1} ms",
        number("/cards/answer_bytes"),
        number("/cards/ours_calls_per_second"),
        number("/cards/bare_calls_per_second"),
        number("/cards/ratio"),
        number("/told/bodies"),
        number("/told/publications"),
        millis("/told/from_answer/p50"),
        millis("/told/from_answer/p99"),
        millis("/told/from_answer/max"),
        millis("/told/from_call/p50"),
        millis("/told/from_call/p99"),
        millis("/told/from_call/max"),
        number("/resumed/versions"),
        number("/resumed/bodies"),
        number("/resumed/seconds"),
        millis("/resumed/first_seconds"),
        number("/resumed/last_versions"),
        millis("/resumed/last_seconds"),
    )
}
