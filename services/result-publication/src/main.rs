//! The service as a process of its own: `chengping-result-publication [CONFIG_FILE]`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    chengping_chassis::process::serve(chengping_result_publication::run).await
}
