//! Runs case-ingestion alone: `chengping-case-ingestion [CONFIG_FILE]`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use chengping_case_ingestion::{Config, run};
use chengping_chassis::config::Ladder;
use chengping_chassis::{shutdown, telemetry};

/// How long the last traces may take.
const FLUSH: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let file = std::env::args_os().nth(1).map(PathBuf::from);
    let ladder = Ladder::new(Config::NAME, Config::DEFAULTS).file(file.as_deref());
    let config: Config = ladder.load()?;
    let telemetry = telemetry::init("case-ingestion", &config.telemetry)?;
    let shutdown = shutdown::on_signals().context("cannot listen to signals")?;
    let served = run(config, shutdown).await;
    telemetry.shutdown(FLUSH).await;
    served
}
