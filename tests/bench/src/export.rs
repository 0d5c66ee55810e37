//! How long it takes to give a month of six hundred bodies as a file, through the API of a suite with
//! a PostgreSQL of its own in another process; and how long openpyxl and reportlab take to write the
//! same lines and items.
//!
//! Three months are published, so that a file compares and has a trend. Calls come one after the
//! other, each format in turns, and nothing is remembered between them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use chengping_proto::publication::v1::ExportBulletinVersionRequest;
use chengping_proto::publication::v1::bulletin_service_client::BulletinServiceClient;
use chengping_proto::publication::v1::export_bulletin_version_request::Format;
use serde_json::{Value, json};
use tonic::transport::Channel;

use crate::city::{Size, month};
use crate::preview::files::{self, Amount};
use crate::stopwatch::percentiles;
use crate::suite::Suite;

const JURISDICTION: &str = "bench";
const RUNS: usize = 20;
const FORMATS: [Format; 5] = [Format::Xlsx, Format::Pdf, Format::Csv, Format::Json, Format::Txt];
/// Six hundred bodies, some fifteen cases each, and two months before.
const AMOUNT: Amount =
    Amount { size: Size::SIX_HUNDRED, cases: 9_000, cases_before: 6_000, months_before: 2 };
/// Where the program lies that asks the others.
const COMPARE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/export.py");

pub(crate) fn measure(chengping: &Path, python: Option<&Path>) -> anyhow::Result<Value> {
    let runtime = tokio::runtime::Runtime::new()?;
    let name = format!("chengping-bench-export-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let measured = runtime.block_on(measure_in(chengping, python, &folder));
    fs::remove_dir_all(&folder).ok();
    measured
}

async fn measure_in(
    chengping: &Path,
    python: Option<&Path>,
    folder: &Path,
) -> anyhow::Result<Value> {
    files::write(&folder.join("files"), &AMOUNT)?;
    let suite = Suite::start(chengping, &folder.join("data"), None)?;
    suite.bring_in(JURISDICTION, &folder.join("files"))?;
    for back in (0..=AMOUNT.months_before).rev() {
        let month = month().plus(-back).to_string();
        suite.run(JURISDICTION, &["evaluate", "--month", &month])?;
        suite.run(JURISDICTION, &["publish", "--month", &month])?;
    }
    let mut client = BulletinServiceClient::connect(suite.address.clone()).await?;
    let mut times: [Vec<Duration>; FORMATS.len()] = Default::default();
    let mut files: [Vec<u8>; FORMATS.len()] = Default::default();
    for run in 0..RUNS {
        for (format, (times, file)) in FORMATS.iter().zip(times.iter_mut().zip(&mut files)) {
            let start = Instant::now();
            let bytes = export(&mut client, *format).await?;
            times.push(start.elapsed());
            ensure!(run == 0 || bytes == *file, "the same version is the same file");
            *file = bytes;
        }
    }
    let mut measured = json!({ "runs": RUNS });
    for ((format, times), file) in FORMATS.iter().zip(&times).zip(&files) {
        let mut of_format = percentiles(times);
        of_format["bytes"] = file.len().into();
        measured["formats"][format.as_str_name()] = of_format;
    }
    let public: Value = serde_json::from_slice(&files[3]).context("the public document")?;
    let groups = public["groups"].as_array().map(Vec::as_slice).unwrap_or_default();
    let bodies = groups.iter().filter_map(|group| group["bodies"].as_array()).map(Vec::len);
    measured["bodies"] = bodies.sum::<usize>().into();
    if let Some(python) = python {
        let document = folder.join("public.json");
        fs::write(&document, &files[3])?;
        measured["others"] = others(python, &document)?;
    }
    Ok(measured)
}

async fn export(
    client: &mut BulletinServiceClient<Channel>,
    format: Format,
) -> anyhow::Result<Vec<u8>> {
    let name = format!("jurisdictions/{JURISDICTION}/bulletins/{}/versions/1", month());
    let request = ExportBulletinVersionRequest { name, format: format.into() };
    let mut parts = client.export_bulletin_version(request).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = parts.message().await? {
        bytes.extend_from_slice(&part.data);
    }
    Ok(bytes)
}

/// The same lines and items, written by the libraries that a script would take.
fn others(python: &Path, document: &Path) -> anyhow::Result<Value> {
    let output = Command::new(python).arg(COMPARE).arg(document).output();
    let output = output.with_context(|| format!("cannot run {}", python.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{COMPARE} ended with {}: {said}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The numbers for reading.
pub(crate) fn lines(measured: &Value) -> String {
    let mut text =
        format!("files of {} bodies, {} runs each", measured["bodies"], measured["runs"]);
    let line = |name: &str, times: &Value| {
        let ms = |key: &str| 1000.0 * times[key].as_f64().unwrap_or(f64::NAN);
        let (median, most) = (ms("p50"), ms("max"));
        format!(
            "\n  {name:<24} median {median:>7.0} ms, max {most:>7.0} ms, {:>9} bytes",
            times["bytes"]
        )
    };
    for part in ["formats", "others"] {
        for (name, times) in measured[part].as_object().into_iter().flatten() {
            text += &line(name.trim_start_matches("FORMAT_"), times);
        }
    }
    text
}
