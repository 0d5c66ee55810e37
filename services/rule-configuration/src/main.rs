//! Starts the service.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use chengping_chassis::config::Ladder;
use chengping_chassis::error::Chain;
use chengping_chassis::{shutdown, telemetry};
use chengping_rule_configuration::{Config, DEFAULTS, run};

/// How long the last traces may take to leave.
const FLUSH: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> ExitCode {
    let file = std::env::args_os().nth(1).map(PathBuf::from);
    let config: Config = match Ladder::new("rules", DEFAULTS).file(file.as_deref()).load() {
        Ok(config) => config,
        Err(error) => return fail(&error, 2),
    };
    let telemetry = match telemetry::init("chengping-rule-configuration", &config.telemetry) {
        Ok(telemetry) => telemetry,
        Err(error) => return fail(&error, 2),
    };
    let outcome = match shutdown::on_signals() {
        Ok(shutdown) => run(config, shutdown).await,
        Err(error) => Err(error.into()),
    };
    let code = outcome.map_or_else(|error| fail(&*error, 1), |()| ExitCode::SUCCESS);
    telemetry.shutdown(FLUSH).await;
    code
}

#[expect(clippy::print_stderr, reason = "there may be no log to write to")]
fn fail(error: &dyn std::error::Error, code: u8) -> ExitCode {
    eprintln!("chengping-rule-configuration: {}", Chain(error));
    ExitCode::from(code)
}
