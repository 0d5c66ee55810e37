//! The service as a process of its own: `chengping-case-ingestion [CONFIG_FILE]`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    chengping_chassis::process::serve(chengping_case_ingestion::run).await
}
