//! The result-publication service as a process of its own.

use std::process::ExitCode;
use std::time::Duration;

use chengping_chassis::config::Ladder;
use chengping_chassis::{shutdown, telemetry};
use chengping_result_publication::{CONFIG_DEFAULTS, Config, NAME, run};

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> anyhow::Result<()> {
    let config: Config = Ladder::new("publication", CONFIG_DEFAULTS).load()?;
    let telemetry = telemetry::init(NAME, &config.telemetry)?;
    let outcome = run(config, shutdown::on_signals()?).await;
    telemetry.shutdown(Duration::from_secs(5)).await;
    outcome
}
