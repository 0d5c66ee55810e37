//! How long a preview of one changed weight takes, from the call to its answer: the suite with a
//! PostgreSQL of its own in another process, a thousand bodies, a month with the twelve before it.
//!
//! Every call has another value of the weight, so that none can be answered from memory of the same
//! question. "Bare" is a call of the same transport with the same answer and nothing in between.

mod bare;
pub(crate) mod files;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use chengping_proto::rules::v1::Adjustment;
use chengping_proto::scoring::v1::evaluation_service_client::EvaluationServiceClient;
use chengping_proto::scoring::v1::{PreviewRulePackRequest, PreviewRulePackResponse};
use chengping_rules::builtin;
use serde_json::{Value, json};
use tonic::transport::Channel;

use crate::city::{Size, month};
use crate::stopwatch::percentiles;
use crate::suite::Suite;

const CALLS: usize = 400;
const WARMING: usize = 20;

/// Whose evaluation is measured.
const JURISDICTION: &str = "bench";

type Client = EvaluationServiceClient<Channel>;

/// How the changed weight is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The whole text of the rules.
    Source,
    /// One adjustment of the rules in force.
    Adjustment,
}

/// A thousand bodies, a month and the twelve before it.
const AMOUNT: files::Amount =
    files::Amount { size: Size::THOUSAND, cases: 30_000, cases_before: 3_000, months_before: 12 };

pub(crate) fn measure(chengping: &Path) -> anyhow::Result<Value> {
    let runtime = tokio::runtime::Runtime::new()?;
    let folder = std::env::temp_dir().join(format!("chengping-bench-{}", std::process::id()));
    let measured = runtime.block_on(measure_in(chengping, &folder));
    std::fs::remove_dir_all(&folder).ok();
    measured
}

async fn measure_in(chengping: &Path, folder: &Path) -> anyhow::Result<Value> {
    let cases = files::write(&folder.join("files"), &AMOUNT)?;
    let suite = Suite::start(chengping, &folder.join("data"), None)?;
    suite.bring_in(JURISDICTION, &folder.join("files"))?;
    let mut client = EvaluationServiceClient::connect(suite.address.clone()).await?;
    let start = Instant::now();
    let first = preview(&mut client, request(Way::Source, 0, false)).await?;
    let cold = start.elapsed();
    let mut measured = json!({
        "cases": cases,
        "cold_seconds": cold.as_secs_f64(),
        "different": first.differences.len(),
        "unchanged": first.unchanged_count,
    });
    for (name, way) in [("source", Way::Source), ("adjustment", Way::Adjustment)] {
        let mut times = Vec::new();
        for index in 0..WARMING + CALLS {
            let request = request(way, index + 1, false);
            let start = Instant::now();
            let answer = preview(&mut client, request).await?;
            times.push(start.elapsed());
            ensure!(!answer.differences.is_empty(), "a changed weight changes something");
        }
        measured[name] = percentiles(&times[WARMING..]);
    }
    let answer = preview(&mut client, request(Way::Source, CALLS, false)).await?;
    measured["bare"] = percentiles(&bare::times(answer, WARMING + CALLS).await?[WARMING..]);
    let mut times = Vec::new();
    for index in 0..5 {
        let start = Instant::now();
        let answer = preview(&mut client, request(Way::Source, index + 1, true)).await?;
        times.push(start.elapsed());
        measured["sensitivities"] = answer.sensitivities.len().into();
    }
    measured["sensitivity"] = percentiles(&times);
    Ok(measured)
}

async fn preview(
    client: &mut Client,
    request: PreviewRulePackRequest,
) -> anyhow::Result<PreviewRulePackResponse> {
    let mut answers = client.preview_rule_pack(request).await?.into_inner();
    let answer = answers.message().await?.context("an answer for the month")?;
    ensure!(answers.message().await?.is_none(), "one month, one answer");
    Ok(answer)
}

/// The first item of districts weighs something else than in the rules in force, each time.
fn request(way: Way, index: usize, sensitivity: bool) -> PreviewRulePackRequest {
    let value = format!("20.{:04}", 1 + index);
    let mut request = PreviewRulePackRequest {
        parent: format!("jurisdictions/{JURISDICTION}"),
        months: vec![month().to_string()],
        sensitivity,
        ..Default::default()
    };
    match way {
        Way::Source => {
            let text = builtin("zz-2018").unwrap_or_default();
            let text = text.replacen("adds_up: true", "adds_up: false", 1);
            request.source =
                text.replacen("due, weight: 30", &format!("due, weight: \"{value}\""), 1);
        }
        Way::Adjustment => request.adjustments.push(Adjustment {
            path: "families.area.zones.key".to_owned(),
            value: format!("0.{:04}", 6001 + index),
            provenance: "assumption".to_owned(),
            ..Default::default()
        }),
    }
    request
}

/// The numbers for reading.
pub(crate) fn lines(measured: &Value) -> String {
    let seconds = |key: &str, which: &str| measured[key][which].as_f64().unwrap_or(f64::NAN);
    let mut text = format!(
        "one changed weight previewed, {} bodies differ and {} do not, {} calls each, {} cases\n  \
         {:<36} {:>12} {:>12} {:>12}\n",
        measured["different"],
        measured["unchanged"],
        measured["source"]["calls"],
        measured["cases"],
        "",
        "min",
        "p50",
        "p99",
    );
    for (name, key) in [
        ("told by the text of the rules", "source"),
        ("told by an adjustment", "adjustment"),
        ("with the sensitivity of all weights", "sensitivity"),
        ("the same answer, bare", "bare"),
    ] {
        let [min, p50, p99] = ["min", "p50", "p99"].map(|which| 1000.0 * seconds(key, which));
        writeln!(text, "  {name:<36} {min:>9.2} ms {p50:>9.2} ms {p99:>9.2} ms").ok();
    }
    let ratio = |which| seconds("adjustment", which) / seconds("bare", which);
    let cold = measured["cold_seconds"].as_f64().unwrap_or(f64::NAN);
    write!(
        text,
        "  adjustment over bare: {:.1} (p50), {:.1} (p99); the first preview, which counts: {cold:.1} s",
        ratio("p50"),
        ratio("p99"),
    )
    .ok();
    text
}
