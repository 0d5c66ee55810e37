//! How long it takes to close a month: freeze, evaluate, draft the bulletin, through the API of a
//! suite with a PostgreSQL of its own in another process.
//!
//! Two months of a generated city are imported. Then the suite is started anew for each run, so
//! that nothing is remembered of the one before, and each run takes a view of its own. Peaks of
//! memory are those of the processes of the run.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant as Clock;

use anyhow::{Context as _, ensure};
use chengping_proto::cases::v1::snapshot_service_client::SnapshotServiceClient;
use chengping_proto::cases::v1::{CreateSnapshotRequest, Snapshot};
use chengping_proto::publication::v1::bulletin_service_client::BulletinServiceClient;
use chengping_proto::publication::v1::{BulletinVersion, CreateBulletinVersionRequest};
use chengping_proto::scoring::v1::evaluation_service_client::EvaluationServiceClient;
use chengping_proto::scoring::v1::{CreateEvaluationRequest, Evaluation};
use chengping_types::TimeZone;
use prost_types::Timestamp;
use serde_json::{Value, json};

use crate::city::month;
use crate::stopwatch::status;
use crate::suite::Suite;

/// Whose month is closed.
const JURISDICTION: &str = "bench";
const RUNS: i64 = 3;

/// Closes a month of each size.
pub(crate) fn measure(chengping: &Path, sizes: &[u64]) -> anyhow::Result<Value> {
    let runtime = tokio::runtime::Runtime::new()?;
    let mut measured = Vec::new();
    for cases in sizes {
        let name = format!("chengping-bench-close-{}-{cases}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let one = runtime.block_on(measure_in(chengping, &folder, *cases));
        fs::remove_dir_all(&folder).ok();
        measured.push(one?);
    }
    Ok(measured.into())
}

async fn measure_in(chengping: &Path, folder: &Path, cases: u64) -> anyhow::Result<Value> {
    let (files, data) = (folder.join("files"), folder.join("data"));
    // The month before gets nine tenths of what is asked for.
    let asked = (cases * 10).div_ceil(19).to_string();
    let status = Command::new(chengping)
        .args(["generate", "--month", &month().to_string(), "--cases", &asked, "--out"])
        .arg(&files)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    ensure!(status.success(), "`chengping generate` ended with {status}");
    let start = Clock::now();
    let suite = Suite::start(chengping, &data, None)?;
    suite.bring_in(JURISDICTION, &files)?;
    let import = start.elapsed().as_secs_f64();
    fs::remove_dir_all(&files)?;
    // Whoever reads needs packed files; what was not packed meanwhile is packed now.
    let start = Clock::now();
    let before = snapshot(&suite, -100 * 24 * 3_600).await?;
    let behind = start.elapsed().as_secs_f64();
    ensure!(before.event_count == 0, "nothing happened before");
    drop(suite);

    let mut runs = Vec::new();
    for run in 0..RUNS {
        let suite = Suite::start(chengping, &data, None)?;
        runs.push(close(&suite, run).await?);
    }
    Ok(json!({
        "cases": before.case_count,
        "records": before.watermark,
        "import_seconds": import,
        "packed_after_seconds": behind,
        "runs": runs,
    }))
}

fn parent() -> String {
    format!("jurisdictions/{JURISDICTION}")
}

/// Freezes as of so many seconds after the freeze of the month.
async fn snapshot(suite: &Suite, later: i64) -> anyhow::Result<Snapshot> {
    let as_of = Some(as_of(later)?);
    let mut client = SnapshotServiceClient::connect(suite.address.clone()).await?;
    let snapshot =
        Snapshot { month: month().to_string(), as_of, decided: as_of, ..Snapshot::default() };
    let request = CreateSnapshotRequest { parent: parent(), snapshot: Some(snapshot) };
    Ok(client.create_snapshot(request).await?.into_inner())
}

fn as_of(later: i64) -> anyhow::Result<Timestamp> {
    let zone: TimeZone = "Asia/Shanghai".parse()?;
    let freeze = month().freeze(3, &zone).as_micros() / 1_000_000;
    Ok(Timestamp { seconds: freeze + later, nanos: 0 })
}

async fn close(suite: &Suite, run: i64) -> anyhow::Result<Value> {
    let start = Clock::now();
    let frozen = snapshot(suite, run).await?;
    let freeze = start.elapsed().as_secs_f64();

    let mut client = EvaluationServiceClient::connect(suite.address.clone()).await?;
    let as_of = Some(as_of(run)?);
    let evaluation =
        Evaluation { month: month().to_string(), as_of, decided: as_of, ..Evaluation::default() };
    let request = CreateEvaluationRequest {
        parent: parent(),
        evaluation: Some(evaluation),
        ..CreateEvaluationRequest::default()
    };
    let evaluation = client.create_evaluation(request).await?.into_inner();
    ensure!(evaluation.snapshot == frozen.name, "the evaluation is of the frozen records");
    let evaluated = start.elapsed().as_secs_f64();

    let mut client = BulletinServiceClient::connect(suite.address.clone()).await?;
    let version =
        BulletinVersion { evaluation: evaluation.name.clone(), ..BulletinVersion::default() };
    let request = CreateBulletinVersionRequest {
        parent: format!("{}/bulletins/{}", parent(), month()),
        bulletin_version: Some(version),
        ..CreateBulletinVersionRequest::default()
    };
    let version = client.create_bulletin_version(request).await?.into_inner();
    ensure!(version.evaluation == evaluation.name, "the draft is of the evaluation");
    let total = start.elapsed().as_secs_f64();
    let (service, database) = peaks(suite.process_id())?;
    Ok(json!({
        "events": frozen.event_count,
        "bodies": evaluation.body_count,
        "freeze_seconds": freeze,
        "evaluate_seconds": evaluated - freeze,
        "draft_seconds": total - evaluated,
        "seconds": total,
        "service_peak_mib": service,
        "database_peak_mib": database,
    }))
}

/// The peak of the suite's memory, and the largest of a process of its database (with the shared
/// buffers that it has touched), in MiB.
fn peaks(suite: u32) -> anyhow::Result<(u64, u64)> {
    let mut database = 0;
    for entry in fs::read_dir("/proc")?.flatten() {
        let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        let Some(process) = entry.file_name().to_str().and_then(|text| text.parse().ok()) else {
            continue;
        };
        if name.trim_end() == "postgres" && is_below(process, suite) {
            database = database.max(peak(process).unwrap_or_default());
        }
    }
    Ok((peak(suite).context("the suite has a status")?, database))
}

fn is_below(process: u32, ancestor: u32) -> bool {
    let parent = status(process, "PPid:");
    parent.is_some_and(|parent| parent == u64::from(ancestor))
        || parent.is_some_and(|parent| {
            parent > 1 && u32::try_from(parent).is_ok_and(|parent| is_below(parent, ancestor))
        })
}

fn peak(process: u32) -> Option<u64> {
    Some(status(process, "VmHWM:")? / 1024)
}

/// The numbers for reading.
pub(crate) fn lines(measured: &Value) -> String {
    let mut text = String::from("a month closed: freeze, evaluate, draft\n");
    let sizes = measured.as_array().map(Vec::as_slice).unwrap_or_default();
    for size in sizes {
        writeln!(
            text,
            "  {} cases, {} records; imported in {:.1} s, packed {:.1} s later",
            size["cases"],
            size["records"],
            size["import_seconds"].as_f64().unwrap_or(f64::NAN),
            size["packed_after_seconds"].as_f64().unwrap_or(f64::NAN),
        )
        .ok();
        for run in size["runs"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let seconds = |key: &str| run[key].as_f64().unwrap_or(f64::NAN);
            writeln!(
                text,
                "    {:>6.2} s = {:.2} + {:.2} + {:.2}; peak {} MiB, a process of the database {} MiB",
                seconds("seconds"),
                seconds("freeze_seconds"),
                seconds("evaluate_seconds"),
                seconds("draft_seconds"),
                run["service_peak_mib"],
                run["database_peak_mib"],
            )
            .ok();
        }
    }
    if let [one, .., other] = sizes {
        let cases = |size: &Value| size["cases"].as_f64().unwrap_or(f64::NAN);
        let (growth, larger) = (least(other) / least(one), cases(other) / cases(one));
        write!(text, "  {larger:.1} times the cases take {growth:.1} times the time").ok();
    }
    text
}

fn least(size: &Value) -> f64 {
    let runs = size["runs"].as_array().map(Vec::as_slice).unwrap_or_default();
    let seconds = runs.iter().filter_map(|run| run["seconds"].as_f64());
    seconds.min_by(f64::total_cmp).unwrap_or(f64::NAN)
}
