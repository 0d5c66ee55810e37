//! The service as a process of its own: `chengping-scoring [CONFIG_FILE]`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    chengping_chassis::process::serve(chengping_scoring_service::run).await
}
