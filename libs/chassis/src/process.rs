//! The `main` of a service that is a process of its own.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::config::{Ladder, TelemetryConfig, Validate};
use crate::error::Chain;
use crate::{shutdown, telemetry};

/// How long the last traces and metrics may take to leave.
const FLUSH: Duration = Duration::from_secs(5);

/// The name of this process, made anew at every start: `service.instance.id` of its telemetry, and
/// what it calls itself when it calls other services.
pub fn instance() -> &'static str {
    static INSTANCE: OnceLock<String> = OnceLock::new();
    INSTANCE.get_or_init(|| Uuid::now_v7().to_string())
}

/// The settings of a service, and what it is called.
pub trait ServiceConfig: DeserializeOwned + Validate {
    /// The name of the program, in logs and traces: `chengping-scoring`.
    const PROGRAM: &'static str;
    /// The name in its variables, `CHENGPING_<NAME>__…`: `scoring`.
    const NAME: &'static str;
    /// The settings with their defaults, as TOML.
    const DEFAULTS: &'static str;

    /// Where its logs and traces go.
    fn telemetry(&self) -> &TelemetryConfig;

    /// Where the settings come from.
    fn ladder() -> Ladder {
        Ladder::new(Self::NAME, Self::DEFAULTS)
    }
}

/// Runs a service until it is told to stop: `PROGRAM [CONFIG_FILE]`.
///
/// Ends with 0 after a stop, 1 when the service failed, and 2 when its settings are wrong; all
/// that is wrong with them is said at once.
pub async fn serve<C, F, E>(run: impl FnOnce(C, CancellationToken) -> F) -> ExitCode
where
    C: ServiceConfig,
    F: Future<Output = Result<(), E>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let file = std::env::args_os().nth(1).map(PathBuf::from);
    let config: C = match C::ladder().file(file.as_deref()).load() {
        Ok(config) => config,
        Err(error) => return fail::<C>(&error, 2),
    };
    let telemetry = match telemetry::init(C::PROGRAM, config.telemetry()) {
        Ok(telemetry) => telemetry,
        Err(error) => return fail::<C>(&error, 2),
    };
    let outcome = match shutdown::on_signals() {
        Ok(shutdown) => run(config, shutdown).await.map_err(Into::into),
        Err(error) => Err(error.into()),
    };
    let code = outcome.map_or_else(|error| fail::<C>(&*error, 1), |()| ExitCode::SUCCESS);
    telemetry.shutdown(FLUSH).await;
    code
}

#[expect(clippy::print_stderr, reason = "there may be no log to write to")]
fn fail<C: ServiceConfig>(error: &dyn Error, code: u8) -> ExitCode {
    eprintln!("{}: {}", C::PROGRAM, Chain(error));
    ExitCode::from(code)
}
